"""The door to an Excel workbook: a sheet a table, refused where what is seen is not what is there.

Values come from fastexcel (extra ``excel``), everything else from :mod:`.package`. A formula's
last value is read and told; a formula without one, an error such as #N/A, a merged cell and a
hidden row each take their row out with a line of report, and so does a number shown as a date that
is none (Excel shows #####); a hidden sheet or column, or a merged heading, refuses the sheet.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.errors import MAX_EXAMPLES, Problem
from cbl_engine.tables.dtypes import MIXED, as_cells, beyond_calendar
from cbl_engine.tables.findings import Finding, Source, quoted
from cbl_engine.tables.package import (
    MOST_BYTES,
    ROW_STEP,
    Area,
    Package,
    SheetEntry,
    SheetFacts,
    UnusableWorkbookError,
    letters,
)
from cbl_engine.tables.raw import Door, Part, Raw, closed_door, unusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from cbl_engine.tables.mapping import SourceMapping

_MISSING = "pip install 'cbl-engine[excel]'"
_NUMBER, _TRUTH = 1, 2
_FIRST_MOMENT = datetime(1899, 12, 30)  # noqa: DTZ001  a sheet's moments have no zone
"""What the number 0 may stand for."""


@dataclass(frozen=True)
class Workbook:
    """One workbook, its sheets listed and none of them read.

    Attributes:
        name: the file's name.
        path: the file.
        package: its zip.
    """

    name: str
    path: Path
    package: Package

    def part(self, sheet: str, prefix: str = "") -> Part | None:
        """The sheet of that name, whatever its capitals."""
        for entry in self.package.sheets:
            if entry.name.strip().casefold() == sheet.strip().casefold():
                source = Source(f"{prefix}{entry.name}", f"{entry.name}!")
                return Part(source, partial(_read, self, entry, source.name), self.path)
        return None

    def called(self, table: str, prefix: str = "") -> tuple[Part, ...]:
        """The sheet called like a table, if there is one."""
        part = self.part(table, prefix)
        return (part,) if part else ()

    def others(self, used: frozenset[str]) -> tuple[str, ...]:
        """Names of the sheets that are not among those used."""
        return tuple(s.name for s in self.package.sheets if s.name not in used)

    @cached_property
    def reader(self) -> Any:
        """The reader of fastexcel.

        Raises:
            UnusableWorkbookError: fastexcel is not there, or cannot read the file.
        """
        try:
            import fastexcel
        except ImportError:
            message = "cannot be read: the package fastexcel is not installed"
            raise UnusableWorkbookError("missing_package", message, _MISSING) from None
        # It warns of every empty column, to whoever has no handler of their own.
        logging.getLogger("fastexcel").setLevel(logging.ERROR)
        self.package.check()
        return _guarded(partial(fastexcel.read_excel, self.package.content))


def open_workbook(path: Path) -> Workbook | Problem:
    """A workbook, or why it cannot be used."""
    try:
        if not path.exists():
            return Problem("missing_file", "there is no such file", where=path.name)
        if not path.is_file():
            return Problem("unreadable_file", "is not a file that can be read", where=path.name)
        if path.stat().st_size > MOST_BYTES:
            return Problem(
                "workbook_too_large",
                f"is larger than {MOST_BYTES:,} bytes",
                where=path.name,
                remedy="Give its tables as CSV or Parquet",
            )
        content = path.read_bytes()
        return Workbook(path.name, path, Package(content))
    except OSError as error:
        reason = error.strerror or "the system gives no reason"
        return Problem("unreadable_file", f"cannot be read: {reason}", where=path.name)
    except UnusableWorkbookError as error:
        kind, message, remedy = error.args
        return Problem(kind, message, where=path.name, remedy=remedy)


def workbook_door(path: Path) -> Door:
    """The parts of a workbook: a sheet each."""
    book = open_workbook(path)
    if isinstance(book, Problem):
        return closed_door(book)

    def named(table: str, mapping: SourceMapping) -> Part | Finding | None:
        if mapping.table or mapping.query or mapping.file not in ("", book.name):
            what = "a file" if mapping.file else "a database table or query"
            message = f"{mapping.name} names {what}, and this is the workbook {book.name}"
            return Finding(table, "", "wrong_source", message)
        if not mapping.sheet:
            return None
        message = f"{mapping.name} names the sheet {quoted(mapping.sheet)}, which is not there"
        allowed = ", ".join(quoted(sheet.name) for sheet in book.package.sheets[:20])
        return book.part(mapping.sheet) or Finding(
            table, "", "missing_sheet", message, allowed=allowed
        )

    def expected(table: str) -> str:
        return f"a sheet called {table}"

    return Door(named, book.called, expected, book.others)


def _read(book: Workbook, sheet: SheetEntry, name: str, table: str, mapping: SourceMapping) -> Raw:
    """One sheet's rows."""
    if sheet.hidden:
        remedy = "Unhide it if it is meant, or delete it"
        return unusable(table, name, "hidden_sheet", "the sheet is hidden", remedy)
    try:
        facts = book.package.facts(sheet)
        if facts.filled is None or facts.filled.bottom < mapping.header_row:
            return unusable(table, name, "empty_file", "is empty")
        return _rows(book, sheet, name, table, mapping.header_row, facts, facts.filled)
    except UnusableWorkbookError as error:
        kind, message, remedy = error.args
        # A package that is missing is missing for every sheet, and told once of the workbook.
        return unusable(table, book.name if kind == "missing_package" else name, kind, message, remedy)


def _rows(
    book: Workbook,
    sheet: SheetEntry,
    name: str,
    table: str,
    header_row: int,
    facts: SheetFacts,
    box: Area,
) -> Raw:
    header = _load(book, sheet, header_row - 1, 1, "string")
    body = (
        _load(book, sheet, header_row, None)
        if box.bottom > header_row
        else pl.DataFrame(schema=dict.fromkeys(header.columns, pl.String))
    )
    titles = [(title or "").strip() for title in header.row(0)] if header.height else []
    findings = list(_structure(table, name, titles, body, header_row, facts, box))
    if findings:
        return Raw(findings=tuple(findings))
    named = [at for at, title in enumerate(titles) if title]
    # A series of each, since two columns may not have one name, nor a name be a pattern.
    columns = [body.to_series(at).alias(titles[at]) for at in named if at < body.width]
    kinds = [_held(facts, box.left + at, header_row, body.height) for at in named]
    no_dates = [
        (header_row + 1 + place, box.left + at)
        for column, at, held in zip(columns, named, kinds, strict=False)
        for place in _no_dates(column, held == _NUMBER).arg_true().to_list()
    ]
    frame = pl.DataFrame(list(map(_with_kinds, columns, kinds)))
    first = header_row + 1
    rows = pl.int_range(first, first + frame.height, eager=True, dtype=pl.Int64)
    empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    found, aside = _rows_found(table, header_row, facts, box, sorted(no_dates))
    keep = ~empty & ~rows.is_in(sorted(aside))
    note = _formula_note(name, facts)
    return Raw(
        frame.filter(keep),
        rows.filter(keep).alias("source_row"),
        tuple(found),
        (note,) if note else (),
        as_typed=True,
        spreadsheet=True,
    )


def _held(facts: SheetFacts, column: int, header_row: int, height: int) -> pl.Series:
    """Which cells of a column the sheet holds as a number, which as true or false; 0 as neither."""
    held = np.zeros(height, np.int8)
    for kind, places in ((_NUMBER, facts.numbers), (_TRUTH, facts.truths)):
        there = np.frombuffer(places, np.int64) if places else np.empty(0, np.int64)
        rows = there[there % ROW_STEP == column] // ROW_STEP - header_row - 1
        held[rows[(rows >= 0) & (rows < height)]] = kind
    return pl.Series("held", held)


def _no_dates(values: pl.Series, number: pl.Series) -> pl.Series:
    """Numbers read as no value, or as a date that Excel cannot show: before 1900, after 9999."""
    values = values.alias("cells")  # polars takes a name for a pattern, and a heading may be one
    wrong = values.is_null()
    if isinstance(values.dtype, pl.Datetime):
        beyond = beyond_calendar(values)
        wrong |= values < _FIRST_MOMENT
        wrong = wrong if beyond is None else wrong | beyond
    elif values.dtype == pl.Date:
        wrong |= ~values.is_between(_FIRST_MOMENT.date(), date(9999, 12, 31))
    elif values.dtype == pl.String:
        moment = values.str.contains(r"^[+-]?\d{4,}-\d\d-\d\d")
        signed = values.str.contains(r"^[+-]")
        wrong |= moment & (signed | (values < str(_FIRST_MOMENT.date())))
    return (number & wrong).fill_null(value=False)


def _with_kinds(values: pl.Series, held: pl.Series) -> pl.Series:
    """A column of which some cells are text, or true or false, and others numbers, as such."""
    truths = held == _TRUTH
    if values.dtype != pl.String and (values.dtype == pl.Boolean or not truths.any()):
        return values
    if values.dtype == pl.String and not (held != 0).any():
        return values
    text = as_cells(values.alias("cells"))
    if values.dtype != pl.String:
        # fastexcel has made 1 and 0 of them.
        said = text.replace({"1": "true", "0": "false"})
        text = pl.select(pl.when(truths).then(said).otherwise(text)).to_series()
    names = [field.name for field in MIXED.fields]
    cells = pl.DataFrame({"text": text, "held": held != 0}).select(
        pl.when(pl.col("text").is_not_null()).then(
            pl.struct(pl.col("text").alias(names[0]), pl.col("held").alias(names[1]))
        ).alias("cells")
    )
    return cells.to_series().alias(values.name)


def _load(
    book: Workbook, sheet: SheetEntry, skip: int, n_rows: int | None, dtypes: str | None = None
) -> pl.DataFrame:
    words: dict[str, Any] = {
        "header_row": None, "skip_rows": skip, "schema_sample_rows": None, "n_rows": n_rows,
        "dtypes": dtypes,
    }
    return _guarded(lambda: book.reader.load_sheet(sheet.name, **words).to_polars())


def _guarded(call: Any) -> Any:
    """What a call of fastexcel gives; its errors and its panics as ours."""
    try:
        return call()
    except UnusableWorkbookError:
        raise
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            # Its message may quote cells, and cells may be personal.
            remedy = "Open it in Excel and save it again"
            raise UnusableWorkbookError("unreadable_workbook", "cannot be read", remedy) from None
        raise


def _structure(
    table: str,
    name: str,
    titles: list[str],
    body: pl.DataFrame,
    header_row: int,
    facts: SheetFacts,
    box: Area,
) -> Iterator[Finding]:
    """What is wrong with the sheet as a whole."""
    hidden = [
        (max(first, box.left), min(last, box.right))
        for first, last in facts.hidden_columns
        if first <= box.right and last >= box.left
    ]
    if hidden:
        said = ", ".join(
            letters(first) if first == last else f"{letters(first)}:{letters(last)}"
            for first, last in hidden[:MAX_EXAMPLES]
        )
        yield Finding(
            table, "", "hidden_columns", f"has hidden columns: {said}", where=name,
            remedy="Unhide them if they are meant, or delete them",
        )
    across = [area for area in facts.merged if area.top <= header_row <= area.bottom]
    if across:
        said = ", ".join(map(str, across[:MAX_EXAMPLES]))
        yield Finding(
            table, "", "merged_cells", f"has merged cells in the row of headings: {said}",
            where=name, remedy="Unmerge them and give every column its own heading",
        )
    for at, title in enumerate(titles):
        if not title and at < body.width and body.to_series(at).null_count() < body.height:
            yield Finding(
                table, "", "unnamed_column",
                f"has no heading for column {letters(box.left + at)} in row {header_row}",
                where=name,
                remedy="Give it one, or say header_row in the mapping",
            )
            break
    twice = sorted({title for title in titles if title and titles.count(title) > 1})
    if twice:
        said = ", ".join(quoted(title) for title in twice[:MAX_EXAMPLES])
        yield Finding(
            table, "", "duplicate_column", f"names a column twice: {said}", where=name
        )
    if not any(titles):
        yield Finding(
            table, "", "unnamed_column", f"has no headings in row {header_row}", where=name,
            remedy="Say in which row they are with header_row in the mapping",
        )


def _rows_found(
    table: str, header_row: int, facts: SheetFacts, box: Area, no_dates: list[tuple[int, int]]
) -> tuple[list[Finding], set[int]]:
    """Rows that are not what they seem, and their numbers."""
    merged = [
        area for area in facts.merged
        if area.bottom > header_row and area.top <= box.bottom and area.left <= box.right
        and area.right >= box.left
    ]
    kinds = (
        (
            "merged_cells", "merged cells", list(map(str, merged)),
            {row for area in merged
             for row in range(max(area.top, header_row + 1), min(area.bottom, box.bottom) + 1)},
            "Unmerge them and fill every cell",
        ),
        (
            "hidden_rows", "hidden rows", [],
            {row for row in facts.hidden_rows if header_row < row <= box.bottom},
            "Unhide them (a filter may hide them), or delete them",
        ),
        (
            "formula_without_value", "formulas that were never worked out",
            _cells(facts.uncalculated, header_row),
            {row for row, _ in facts.uncalculated if row > header_row},
            "Open it in Excel and save it again, or paste the values",
        ),
        (
            "error_cell", "cells that hold an error such as #N/A",
            _cells(facts.errors, header_row),
            {row for row, _ in facts.errors if row > header_row},
            "Put the formula right, or empty the cell",
        ),
        (
            "not_a_date", "numbers shown as dates that are none (Excel shows #####)",
            _cells(no_dates, header_row), {row for row, _ in no_dates},
            "Enter the date, or empty the cell",
        ),
    )
    findings, aside = [], set()
    for kind, message, cells, rows, remedy in kinds:
        if rows:
            aside |= rows
            said = ", ".join(cells[:MAX_EXAMPLES]) + (", ..." if len(cells) > MAX_EXAMPLES else "")
            numbers = pl.Series("source_row", sorted(rows), pl.Int64)
            findings.append(
                Finding(table, "", kind, message, numbers, given=said, remedy=remedy)
            )
    return findings, aside


def _cells(places: Iterable[tuple[int, int]], header_row: int) -> list[str]:
    return [f"{letters(column)}{row}" for row, column in places if row > header_row]


def _formula_note(name: str, facts: SheetFacts) -> Problem | None:
    values = facts.n_formulas - len(facts.uncalculated)
    if not values:
        return None
    return Problem(
        "formula_values",
        "formulas, read as the values Excel last worked out",
        where=name,
        count=values,
        rows=tuple(_cells(facts.formulas, 0)),
        remedy="Look that the workbook was saved after its last change",
    )
