"""Tables read into frames from a folder, a workbook or a database; every problem in one report."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import Problem, TableError
from cbl_engine.tables.database import database_door, is_database_url
from cbl_engine.tables.dtypes import as_cells
from cbl_engine.tables.findings import (
    SOURCE_NAME,
    SOURCE_ROW,
    Finding,
    Lineage,
    Source,
    problems_of,
    quoted,
    rejected_of,
)
from cbl_engine.tables.folder import SUFFIXES, WORKBOOK_SUFFIX, file_door, folder_door
from cbl_engine.tables.labels import nearly_sensitive
from cbl_engine.tables.mapping import MAPPING_NAMES, DataMapping, read_mapping
from cbl_engine.tables.schemas import TABLES
from cbl_engine.tables.shaping import Shaped, shape
from cbl_engine.tables.standing import checked_with_standing
from cbl_engine.tables.validation import check, declared
from cbl_engine.tables.workbook import workbook_door

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbl_engine.tables.mapping import SourceMapping
    from cbl_engine.tables.raw import Door, Part
    from cbl_engine.tables.validation import Extras


@dataclass(frozen=True, slots=True)
class Tables:
    """What a source of data held.

    Attributes:
        frames: good rows by table, the last columns ``source_name`` (String: the file, sheet,
            database table or query) and ``source_row`` (Int64: the line of a CSV file that the
            row starts on, the header being line 1; the row of a sheet; else the row from 1).
        problems: one per table, column and kind; empty when all is well.
        rejected: table, source_name, source_row (null: the table as a whole), column, kind,
            message: every problem of every row. A row is in ``frames`` or here.
        files: the file of each table found in a folder; the first, where there are several.
        ignored_files: files, sheets and database tables that are no table, by name.
        notes: what was read otherwise than it is written, such as placeholder dates; it keeps
            nothing from being used.
        sources: names of what each table was read from, in order.
    """

    frames: Mapping[str, pl.DataFrame] = field(repr=False)
    problems: tuple[Problem, ...]
    rejected: pl.DataFrame = field(repr=False)
    files: Mapping[str, Path]
    ignored_files: tuple[str, ...] = field(default=())
    notes: tuple[Problem, ...] = field(default=())
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_tables(
    source: str | Path,
    extra_columns: Extras | None = None,
    needs: Iterable[str] = ("applications", "adverts", "bids"),
    *,
    mapping: str | Path | None = None,
    strict: bool = True,
    standing: Mapping[str, pl.DataFrame] | None = None,
    only: str | None = None,
    together: Iterable[str] = (),
    windows: bool = True,
) -> Tables:
    """Read and check every table of a folder, a workbook or a database.

    In a folder a table is ``<table>.csv``, ``<table>.parquet`` or a sheet of that name in a
    workbook; in an ``.xlsx`` file a sheet; in a database a table or view. The mapping
    (``tables.yaml`` or ``mapping.yaml`` in the folder, or the one given) says where else to look
    and how to read it. An empty cell is null. Blank lines and rows are no rows.

    Args:
        source: a folder, an ``.xlsx`` file, or a database URL (``sqlite:///file.db``,
            ``postgresql://user@host/name``).
        extra_columns: columns declared beyond the standard ones, by table. Undeclared ones are
            kept: as text from CSV, as they are otherwise.
        needs: tables that must be there.
        mapping: a mapping file; None takes the folder's own, if any.
        strict: raise when anything is wrong; False returns the good rows with the report.
        standing: tables of a record that the rows come to: they may refer to rows that stand there,
            have the types that stand there, and are checked and returned as they will stand: a
            column that a table does not have is as it was in the row of the same key.
        only: read this table alone; the source may then be one ``.csv`` or ``.parquet`` file of it,
            whatever it is called.
        together: tables that must all be there when one of them is.
        windows: bids outside the time their advert is open are wrong; False lets them through.

    Raises:
        TableError: with every problem of every table, when strict.
    """
    extras = extra_columns or {}
    door, found, problems = _opened(source, mapping, only)
    if door is None:
        return _result(Tables({}, problems, rejected_of([], {}), {}), strict=strict)
    needed = {*needs} if only is None else {only}
    if any(table in found.sources or door.called(table) for table in together):
        needed |= {*together}
    parts, findings = _parts(door, found, needed, only)
    problems += door.problems
    notes: list[Problem] = []
    frames: dict[str, pl.DataFrame] = {}
    lineages: dict[str, Lineage] = {}
    for table, several in parts.items():
        frame, lineage, shaped = _read(table, several, found, extras)
        findings += [finding for one in shaped for finding in one.findings]
        notes += [note for one in shaped for note in one.notes]
        lineages[table] = lineage
        if frame is not None:
            frames[table] = frame
    good, findings = _checked(frames, extras, findings, standing or {}, windows=windows)
    used = frozenset(part.source.name for several in parts.values() for part, _ in several)
    return _result(
        Tables(
            {table: _with_lineage(frame, lineages[table]) for table, frame in good.items()},
            problems + problems_of(findings, lineages),
            rejected_of(findings, lineages),
            {table: several[0][0].path for table, several in parts.items() if several[0][0].path},
            door.others(used),
            (*notes, *nearly_sensitive(good.get("adverts"))),
            {table: tuple(p.source.name for p, _ in several) for table, several in parts.items()},
        ),
        strict=strict,
    )


def _checked(
    frames: dict[str, pl.DataFrame],
    extras: Extras,
    findings: list[Finding],
    standing: Mapping[str, pl.DataFrame],
    *,
    windows: bool,
) -> tuple[dict[str, pl.DataFrame], list[Finding]]:
    """Good rows and findings; with those that stand, where rows come to a record."""
    if not standing:
        return check(frames, extras, findings, windows=windows)
    tables = {t: f for t, f in standing.items() if t in TABLES}
    return checked_with_standing(
        frames, tables, findings, lambda whole, found: check(whole, extras, found, windows=windows))


def _result(tables: Tables, *, strict: bool) -> Tables:
    if strict and tables.problems:
        raise TableError(tables.problems)
    return tables


def _opened(
    source: str | Path, mapping: str | Path | None, only: str | None
) -> tuple[Door | None, DataMapping, tuple[Problem, ...]]:
    """The door, the mapping, and what is wrong with either."""
    if not str(source).strip():  # as a path, an empty text would be the working folder
        nothing = Problem("no_data_named", "no data are named", given=repr(source),
                          allowed=f"a folder, {_files(only)} or a database URL")
        return None, DataMapping(), (nothing,)
    if isinstance(source, str) and is_database_url(source):
        return database_door(source), *_mapping(None, mapping)
    path = Path(source)
    if only is not None and path.suffix.lower() in SUFFIXES and not path.is_dir():
        return file_door(path, only), *_mapping(None, mapping)
    if path.suffix.lower() == WORKBOOK_SUFFIX and not path.is_dir():
        return workbook_door(path), *_mapping(None, mapping)
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        missing = Problem(
            "missing_folder",
            "is not a folder that can be read" if path.exists() else "there is no such folder or file",
            where=quoted(path.name),
            allowed=f"a folder, {_files(only)} or a database URL",
        )
        return None, DataMapping(), (missing,)
    return folder_door(path), *_mapping(path, mapping)


def _files(only: str | None) -> str:
    return "an .xlsx file" if only is None else "a .csv, .parquet or .xlsx file"


def _mapping(
    folder: Path | None, named: str | Path | None
) -> tuple[DataMapping, tuple[Problem, ...]]:
    if named is not None:
        return read_mapping(Path(named))
    here = [folder / name for name in MAPPING_NAMES if (folder / name).exists()] if folder else []
    if len(here) > 1:
        message = f"both {' and '.join(path.name for path in here)} are there"
        two = Problem("two_files", message, remedy="Remove one of them, or name one with --mapping")
        return DataMapping(), (two,)
    return read_mapping(here[0]) if here else (DataMapping(), ())


_Parts = list[tuple["Part", "SourceMapping"]]


def _parts(
    door: Door, mapping: DataMapping, needed: set[str], only: str | None
) -> tuple[dict[str, _Parts], list[Finding]]:
    """The sources of each table, in the order of the mapping, and tables that have none or two."""
    findings: list[Finding] = []
    parts: dict[str, _Parts] = {}
    for table in (only,) if only is not None else dict.fromkeys((*TABLES, *sorted(needed))):
        for one in mapping.of(table):
            part = door.named(table, one)
            if isinstance(part, Finding):
                findings.append(part)
                continue
            here = door.called(table) if part is None else (part,)
            if len(here) > 1:
                message = f"both {' and '.join(p.source.name for p in here)} are there"
                remedy = "Remove one of them"
                findings.append(Finding(table, "", "two_files", message, remedy=remedy))
            elif here:
                parts.setdefault(table, []).append((here[0], one))
            elif (table in needed or table in mapping.sources) and door.expected(table):
                missing = "the table is missing"
                allowed = door.expected(table)
                findings.append(Finding(table, "", "missing_table", missing, allowed=allowed))
    return parts, findings


def _read(
    table: str, parts: _Parts, mapping: DataMapping, extras: Extras
) -> tuple[pl.DataFrame | None, Lineage, list[Shaped]]:
    """All sources of a table under each other; None when one of them cannot be used."""
    columns = declared(table, extras)
    shaped: list[Shaped] = []
    bases: list[int] = []
    base = height = 0
    for part, one in parts:
        raw = part.read(table, one)
        bases.append(base)
        findings = tuple(_placed(f, part.source, base) for f in raw.findings)
        if any(finding.structural for finding in findings):
            shaped.append(Shaped(None, findings, raw.notes))
            continue
        done = shape(table, raw, part.source, one, columns, mapping.placeholder_dates, base)
        moved = [f if f.positions is None else replace(f, positions=f.positions + height)
                 for f in done.findings]
        shaped.append(replace(done, findings=(*findings, *moved)))
        height += done.frame.height if done.frame is not None else 0
        last = pl.concat([raw.rows, *(f.rows for f in raw.findings)]).max()
        base += (last if isinstance(last, int) else 0) + 1
    lineage = Lineage(tuple(part.source for part, _ in parts), tuple(bases))
    frames = [one.frame for one in shaped if one.frame is not None]
    if len(frames) < len(parts):
        # What was said of rows has no frame to stand in.
        return None, lineage, [
            replace(one, findings=tuple(replace(f, positions=None) for f in one.findings))
            for one in shaped
        ]
    return _stacked(frames), lineage, shaped


def _placed(finding: Finding, source: Source, base: int) -> Finding:
    if finding.structural:
        return finding if finding.where else replace(finding, where=source.name)
    return replace(finding, rows=finding.rows + base)


def _stacked(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Frames under each other: columns that one has not are null, types that differ are text."""
    if len(frames) == 1:
        return frames[0]
    types: dict[str, set[pl.DataType]] = {}
    for frame in frames:
        for name, dtype in frame.schema.items():
            if dtype != pl.Null:
                types.setdefault(name, set()).add(dtype)
    as_text = {name for name, found in types.items() if len(found) > 1}
    alike = [
        pl.DataFrame([as_cells(v) if v.name in as_text else v for v in frame]) for frame in frames
    ]
    stacked = pl.concat(alike, how="diagonal_relaxed")
    names = [name for name in stacked.columns if name != SOURCE_ROW]
    return pl.DataFrame([stacked[name] for name in (*names, SOURCE_ROW)])


def _with_lineage(frame: pl.DataFrame, lineage: Lineage) -> pl.DataFrame:
    names, rows = lineage.places(frame[SOURCE_ROW])
    kept = [values for values in frame if values.name != SOURCE_ROW]
    return pl.DataFrame([*kept, names.alias(SOURCE_NAME), rows.alias(SOURCE_ROW)])
