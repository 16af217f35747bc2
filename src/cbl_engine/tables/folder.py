"""The door to a folder: CSV and Parquet files, and the sheets of workbooks among them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables.csv_text import read_csv_text
from cbl_engine.tables.findings import Finding, Source, quoted
from cbl_engine.tables.raw import Door, Part, Raw, numbered, unusable
from cbl_engine.tables.workbook import Workbook, open_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.errors import Problem
    from cbl_engine.tables.mapping import SourceMapping

SUFFIXES = (".csv", ".parquet")
WORKBOOK_SUFFIX = ".xlsx"


def folder_door(folder: Path) -> Door:
    """The parts of a folder: a file each, and each sheet of a workbook."""
    present = sorted(path.name for path in folder.iterdir())
    workbooks: dict[str, Workbook] = {}
    problems: list[Problem] = []
    for name in present:
        # Excel leaves a file that begins with ~$ beside a workbook that is open.
        if name.lower().endswith(WORKBOOK_SUFFIX) and not name.startswith((".", "~$")):
            found = open_workbook(folder / name)
            if isinstance(found, Workbook):
                workbooks[name] = found
            else:
                problems.append(found)

    def named(table: str, mapping: SourceMapping) -> Part | Finding | None:
        if mapping.table or mapping.query:
            message = f"{mapping.name} names a database table or query, and this is a folder"
            return Finding(table, "", "wrong_source", message)
        if mapping.sheet:
            books = [b for n, b in workbooks.items() if mapping.file in ("", n)]
            parts = [part for book in books if (part := book.part(mapping.sheet, f"{book.name}!"))]
            if len(parts) == 1:
                return parts[0]
            message = f"{mapping.name} names the sheet {quoted(mapping.sheet)}, which is " + (
                "in several workbooks" if parts else "not there"
            )
            return Finding(table, "", "missing_sheet", message)
        if not mapping.file:
            return None
        if mapping.file in workbooks:
            sheets = workbooks[mapping.file].called(table, f"{mapping.file}!")
            if sheets:
                return sheets[0]
            message = f"{mapping.name} names {quoted(mapping.file)} without saying which sheet"
            return Finding(table, "", "missing_sheet", message)
        if mapping.file in present:
            return _file_part(folder / mapping.file)
        message = f"{mapping.name} names {quoted(mapping.file)}, which is not there"
        return Finding(table, "", "missing_file", message)

    def called(table: str) -> tuple[Part, ...]:
        wanted = {f"{table}{suffix}" for suffix in SUFFIXES}
        files = [name for name in present if name.casefold() in wanted]
        sheets = [part for name, book in workbooks.items() for part in book.called(table, f"{name}!")]
        return (*(_file_part(folder / name) for name in files), *sheets)

    def expected(table: str) -> str:
        return " or ".join(f"{table}{suffix}" for suffix in SUFFIXES)

    def others(used: frozenset[str]) -> tuple[str, ...]:
        files = tuple(
            name
            for name in present
            if name.lower().endswith(SUFFIXES) and name not in used and not name.startswith(".")
        )
        sheets = (f"{name}!{s}" for name, book in workbooks.items() for s in book.others(
            frozenset(u.removeprefix(f"{name}!") for u in used if u.startswith(f"{name}!"))))
        return (*files, *sheets)

    return Door(named, called, expected, others, tuple(problems))


def file_door(path: Path, table: str) -> Door:
    """The one part of a file, which holds a table whatever the file is called."""
    parts = (_file_part(path),)
    return Door(lambda _table, _mapping: None,
                lambda name: parts if name == table else (),
                lambda _table: path.name, lambda _used: ())


def _file_part(path: Path) -> Part:
    parquet = path.suffix.lower() == ".parquet"
    return Part(Source(path.name, "row " if parquet else "line "), partial(_read, path), path)


def _read(path: Path, table: str, mapping: SourceMapping) -> Raw:
    """One file's rows; all findings and no rows when it cannot be used at all."""
    try:
        if not path.is_file():
            if not path.exists():
                return unusable(table, path.name, "missing_file", "there is no such file")
            what = "is a folder" if path.is_dir() else "is not a regular file"
            return unusable(table, path.name, "unreadable_file", f"{what}, not a file of rows")
        if path.suffix.lower() == ".parquet":
            return _read_parquet(table, path)
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "the system gives no reason"
        return unusable(table, path.name, "unreadable_file", f"cannot be read: {reason}")
    text = read_csv_text(table, content, mapping)
    return Raw(text.cells, text.lines, text.findings)


def _read_parquet(table: str, path: Path) -> Raw:
    try:
        frame = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return unusable(table, path.name, "unreadable_file", "is not a Parquet file")
    return Raw(frame, numbered(frame.height), as_typed=True)
