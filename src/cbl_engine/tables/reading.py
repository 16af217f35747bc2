"""A folder of tables read into frames, with every problem of every file in one report."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import Problem, TableError
from cbl_engine.tables.csv_text import read_csv_text
from cbl_engine.tables.findings import (
    Finding,
    Source,
    is_personal,
    problems_of,
    quoted,
    rejected_of,
    rows_found,
)
from cbl_engine.tables.mapping import MAPPING_NAME, FileMapping, read_mapping
from cbl_engine.tables.parsing import CLOCK_CHANGE, parse_column, to_london
from cbl_engine.tables.schemas import TABLES
from cbl_engine.tables.validation import check, declared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbl_engine.tables.columns import Column
    from cbl_engine.tables.validation import Extras

SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class Tables:
    """What a folder of tables held.

    Attributes:
        frames: good rows by table, the last column ``source_row`` (Int64): the line of the CSV
            file that the row starts on, the header being line 1; in Parquet the row from 1.
        problems: one per table, column and kind; empty when all is well.
        rejected: table, source_row (null: the table as a whole), column, kind, message: every
            problem of every row. A row is in ``frames`` or here.
        files: the file of each table found.
        ignored_files: .csv and .parquet files that are no table, by name.
    """

    frames: Mapping[str, pl.DataFrame]
    problems: tuple[Problem, ...]
    rejected: pl.DataFrame
    files: Mapping[str, Path]
    ignored_files: tuple[str, ...] = field(default=())


def read_tables(
    folder: str | Path,
    extra_columns: Extras | None = None,
    needs: Iterable[str] = ("applications", "adverts", "bids"),
    *,
    strict: bool = True,
) -> Tables:
    """Read and check every table of a folder.

    A table is ``<table>.csv`` or ``<table>.parquet``, or the file that ``tables.yaml`` names.
    An empty cell is null. Blank lines of a CSV file are no rows.

    Args:
        folder: the folder.
        extra_columns: columns declared beyond the standard ones, by table. Undeclared ones are
            kept: as text from CSV, as they are from Parquet.
        needs: tables that must be there.
        strict: raise when anything is wrong; False returns the good rows with the report.

    Raises:
        TableError: with every problem of every table, when strict.
    """
    folder = Path(folder)
    extras = extra_columns or {}
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
        missing = Problem(
            "missing_folder", "is not a folder that can be read", where=quoted(folder.name)
        )
        return _result({}, (missing,), [], {}, (), strict=strict)
    mappings: dict[str, FileMapping] = {}
    problems: tuple[Problem, ...] = ()
    if (folder / MAPPING_NAME).exists():
        mappings, problems = read_mapping(folder / MAPPING_NAME)
    files, findings, ignored = _find_files(folder, mappings, needs)
    frames: dict[str, pl.DataFrame] = {}
    sources: dict[str, Source] = {}
    for table, path in files.items():
        csv = path.suffix.lower() != ".parquet"
        sources[table] = Source(path.name, "line" if csv else "row")
        mapping = mappings.get(table, FileMapping())
        frame, found = _read_file(table, path, mapping, declared(table, extras))
        findings += found
        if frame is not None:
            frames[table] = frame
    good, findings = check(frames, extras, findings)
    problems += problems_of(findings, sources)
    return _result(good, problems, findings, files, ignored, strict=strict)


def _result(
    frames: Mapping[str, pl.DataFrame],
    problems: tuple[Problem, ...],
    findings: list[Finding],
    files: Mapping[str, Path],
    ignored: tuple[str, ...],
    *,
    strict: bool,
) -> Tables:
    if strict and problems:
        raise TableError(problems)
    return Tables(frames, problems, rejected_of(findings), files, ignored)


def _find_files(
    folder: Path, mappings: Mapping[str, FileMapping], needs: Iterable[str]
) -> tuple[dict[str, Path], list[Finding], tuple[str, ...]]:
    """The file of each table, tables that are missing or there twice, and files that are none."""
    present = sorted(path.name for path in folder.iterdir())
    files: dict[str, Path] = {}
    findings: list[Finding] = []
    claimed: set[str] = set()
    needed = set(needs)
    for table in dict.fromkeys((*TABLES, *sorted(needed))):
        named = mappings.get(table, FileMapping()).file
        names = [named] if named else [f"{table}{suffix}" for suffix in SUFFIXES]
        here = [name for name in names if name in present]
        claimed.update(here)
        if len(here) > 1:
            message = f"both {' and '.join(here)} are there"
            findings.append(Finding(table, "", "two_files", message, remedy="Remove one of them"))
        elif here:
            files[table] = folder / here[0]
        elif named:
            message = f"tables.yaml names {quoted(named)}, which is not there"
            findings.append(Finding(table, "", "missing_file", message))
        elif table in needed:
            allowed = " or ".join(names)
            findings.append(
                Finding(table, "", "missing_table", "the table is missing", allowed=allowed)
            )
    ignored = tuple(
        name
        for name in present
        if name.lower().endswith(SUFFIXES) and name not in claimed and not name.startswith(".")
    )
    return files, findings, ignored


def _read_file(
    table: str, path: Path, mapping: FileMapping, columns: Mapping[str, Column]
) -> tuple[pl.DataFrame | None, list[Finding]]:
    """One file as a frame with ``source_row`` last; None when it cannot be used at all."""
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is not a regular file"
            return None, [Finding(table, "", "unreadable_file", f"{what}, not a file of rows")]
        if path.suffix.lower() == ".parquet":
            return _read_parquet(table, path, mapping, columns)
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "the system gives no reason"
        return None, [Finding(table, "", "unreadable_file", f"cannot be read: {reason}")]
    text = read_csv_text(table, raw, mapping)
    findings = list(text.findings)
    if any(finding.structural for finding in findings):
        return None, findings
    cells, found = _renamed(table, text.cells, mapping)
    findings += found
    if found:
        return None, findings
    typed = []
    for series in cells:
        values, found = parse_column(table, columns.get(series.name), series, text.lines, mapping)
        typed.append(values)
        findings += found
    return pl.DataFrame([*typed, text.lines]), findings


def _read_parquet(
    table: str, path: Path, mapping: FileMapping, columns: Mapping[str, Column]
) -> tuple[pl.DataFrame | None, list[Finding]]:
    try:
        frame = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None, [Finding(table, "", "unreadable_file", "is not a Parquet file")]
    frame, findings = _renamed(table, frame, mapping)
    if findings:
        return None, findings
    rows = pl.int_range(1, frame.height + 1, eager=True, dtype=pl.Int64).alias("source_row")
    columns_read = []
    for series in frame:
        column = columns.get(series.name)
        values = series
        if column and values.dtype == pl.String:
            values, found = parse_column(table, column, values, rows, mapping)
            # Only a spreadsheet runs formulas, and it does not open Parquet.
            findings += [finding for finding in found if finding.kind != "formula_cell"]
        elif column and column.type == "datetime" and _is_naive(values.dtype):
            values = to_london(values)
            findings += rows_found(
                table,
                series.name,
                "clock_change",
                CLOCK_CHANGE,
                values.is_null() & series.is_not_null(),
                rows,
                values=None if is_personal(table, column) else series,
                remedy="Write the times with their offset",
            )
        columns_read.append(values)
    return pl.DataFrame([*columns_read, rows]), findings


def _is_naive(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Datetime) and dtype.time_zone is None


def _renamed(
    table: str, frame: pl.DataFrame, mapping: FileMapping
) -> tuple[pl.DataFrame, list[Finding]]:
    """Columns under our names, or what stands in the way."""
    findings = [
        Finding(
            table,
            "",
            "unmapped_column",
            f"tables.yaml maps the column {quoted(theirs)}, which the file does not have",
            allowed=", ".join(quoted(name) for name in frame.columns[:20]),
        )
        for theirs in mapping.columns
        if theirs not in frame.columns
    ]
    names = [mapping.columns.get(name, name) for name in frame.columns]
    findings += [
        Finding(
            table,
            "",
            "unmapped_column",
            f"tables.yaml gives codes for the column {quoted(ours)}, which the file does not have",
            allowed=", ".join(quoted(name) for name in names[:20]),
        )
        for ours in mapping.codes
        if ours not in names
    ]
    findings += [
        Finding(table, "", "duplicate_column", f"two columns would be called {quoted(name)}")
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    if "source_row" in names:
        message = "has a column called source_row, which is kept for line numbers"
        findings.append(Finding(table, "", "reserved_column", message))
    if findings:
        return frame, findings
    return frame.rename(dict(zip(frame.columns, names, strict=True))), []
