"""What every door hands over: rows as they stand in a source, before they become one of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables.findings import Finding, Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cbl_engine.errors import Problem
    from cbl_engine.tables.mapping import SourceMapping


def _no_rows() -> pl.Series:
    return pl.Series("source_row", [], pl.Int64)


@dataclass(frozen=True, slots=True)
class Raw:
    """Rows of one source under its own names.

    Attributes:
        frame: a column for each of theirs; text as written, or the types the source has. A column of
            a sheet with cells of several kinds is a struct: ``text``, and ``held``, whether the
            cell is a number or true or false.
        rows: Int64, the row of each in the source, as people find it there.
        findings: what is wrong with the source (structural: the frame is no use) or its rows.
        notes: what was read otherwise than it is written.
        as_typed: formulas are no danger here, ids that are numbers stay numbers.
        spreadsheet: cells carry types of their own, whatever a mapping says of dates as text.
    """

    frame: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)
    rows: pl.Series = field(default_factory=_no_rows, repr=False)
    findings: tuple[Finding, ...] = ()
    notes: tuple[Problem, ...] = ()
    as_typed: bool = False
    spreadsheet: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One thing behind a door that may be a table: a file, a sheet, a database table or a query.

    Attributes:
        source: what messages call it, and a row of it.
        read: its rows, for a table, read as a mapping says.
        path: the file it is in, if any.
    """

    source: Source
    read: Callable[[str, SourceMapping], Raw]
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """Somewhere tables may be: a folder, a workbook or a database.

    Attributes:
        named: the part that one source of a mapping names, or a finding why there is none; None
            when it names none.
        called: parts that a table's own name finds: one, or none; several are a finding.
        expected: what would have been found, for a table that is missing; empty when the place
            itself cannot be read, so that no table is missed.
        others: names of parts beside those used, for a report.
        problems: what is wrong with the place as a whole.
    """

    named: Callable[[str, SourceMapping], Part | Finding | None]
    called: Callable[[str], tuple[Part, ...]]
    expected: Callable[[str], str]
    others: Callable[[frozenset[str]], tuple[str, ...]]
    problems: tuple[Problem, ...] = ()


def closed_door(*problems: Problem) -> Door:
    """A place that cannot be read."""
    return Door(lambda _table, _mapping: None, lambda _table: (), lambda _table: "",
                lambda _used: (), problems)


def unusable(table: str, name: str, kind: str, message: str, remedy: str = "") -> Raw:
    """No rows, and why."""
    return Raw(findings=(Finding(table, "", kind, message, remedy=remedy, where=name),))


def numbered(height: int, first: int = 1) -> pl.Series:
    """Rows counted from the first."""
    return pl.int_range(first, first + height, eager=True, dtype=pl.Int64).alias("source_row")
