"""What is wrong with tables, row by row; folded into problems for people and rows for files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import MAX_EXAMPLES, Problem
from cbl_engine.tables.schemas import PERSONAL_TABLES, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cbl_engine.tables.columns import Column

WRITTEN_BY_OFFICERS = frozenset(("checks", "outcomes", "tenancies", "direct_lets"))
"""Tables whose ids, codes, dates and numbers are no secret of a household when they are written wrong."""

_BRIEF = r"^\s*(\S+|[\d.:/TZ+ -]+|\d{1,2}\w{0,2} \w{3,9},? \d{2,4})\s*$"
"""One word, a number or a date with a time, or a day written out."""

MOST_GIVEN = 3
MOST_CHARACTERS = 40

SOURCE_NAME = "source_name"
SOURCE_ROW = "source_row"
LINEAGE_COLUMNS = (SOURCE_NAME, SOURCE_ROW)
"""Kept with every row that is read: which file, sheet or query, and the row in it."""

REJECTED_SCHEMA = {
    "table": pl.String,
    "source_name": pl.String,
    "source_row": pl.Int64,
    "column": pl.String,
    "kind": pl.String,
    "message": pl.String,
}


def _no_rows() -> pl.Series:
    return pl.Series("source_row", [], pl.Int64)


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows came from: a file, a sheet, a database table or a query; and a row's name in it.

    Attributes:
        name: as messages have it; empty for a frame in memory.
        row_word: what stands before a row's number: ``line ``, ``row `` or ``Sheet!``.
    """

    name: str = ""
    row_word: str = "row "

    def some(self, rows: pl.Series) -> tuple[str, ...]:
        """The first few of its rows, as messages have them."""
        return tuple(f"{self.row_word}{row}" for row in rows.head(MAX_EXAMPLES))


@dataclass(frozen=True, slots=True)
class Lineage:
    """The sources of a table and how its rows are numbered through all of them.

    Row r of source k has the number ``bases[k] + r`` while a table is read, so that one column
    of whole numbers says where each row came from.

    Attributes:
        sources: in the order their rows follow each other.
        bases: ascending, the first 0.
    """

    sources: tuple[Source, ...] = (Source(),)
    bases: tuple[int, ...] = (0,)

    def places(self, numbers: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Name of the source (null in memory) and row in it, of each number; null for null."""
        if len(self.sources) == 1:
            name = self.sources[0].name or None
            names = pl.repeat(name, len(numbers), dtype=pl.String, eager=True)
            return names.alias(SOURCE_NAME), numbers.alias(SOURCE_ROW)
        bases = pl.Series(self.bases, dtype=pl.Int64)
        which = bases.search_sorted(numbers.fill_null(0), side="right").cast(pl.Int64) - 1
        names = pl.Series(SOURCE_NAME, [source.name for source in self.sources], pl.String)
        return names.gather(which), (numbers - bases.gather(which)).alias(SOURCE_ROW)

    def spans(self, numbers: pl.Series) -> Iterator[tuple[Source, int, list[int]]]:
        """For each source that has any of these rows: how many, and the first few."""
        for source, base, after in zip(
            self.sources, self.bases, (*self.bases[1:], 2**62), strict=True
        ):
            mine = numbers.filter((numbers >= base) & (numbers < after))
            if len(mine):
                yield source, len(mine), [row - base for row in mine.head(MAX_EXAMPLES)]


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of problem in one column of one table, with every row that has it.

    Attributes:
        table: the table; a file's name for a file that is not one.
        column: the column; empty when the whole row or table is meant.
        kind: short stable name.
        message: what is wrong.
        rows: source rows, ascending; empty when the table as a whole is meant.
        positions: the same rows as places in the frame; None for rows that never got there.
        allowed: what would have been right.
        given: what came; empty for personal columns.
        remedy: what to do.
        where: overrides the place made from the file's name and the column.
    """

    table: str
    column: str
    kind: str
    message: str
    rows: pl.Series = field(default_factory=_no_rows, repr=False)
    positions: pl.Series | None = field(default=None, repr=False)
    allowed: str = ""
    given: str = ""
    remedy: str = ""
    where: str = ""

    @property
    def structural(self) -> bool:
        """The table as a whole is meant, not some of its rows."""
        return not len(self.rows)

    def problems(self, lineage: Lineage) -> Iterator[Problem]:
        """The finding as lines of a report: one for each source it has rows of."""
        if self.structural:
            only = lineage.sources[0] if len(lineage.sources) == 1 else Source()
            yield self._problem(only, 1, ())
            return
        for source, count, rows in lineage.spans(self.rows):
            yield self._problem(source, count, tuple(f"{source.row_word}{row}" for row in rows))

    def _problem(self, source: Source, count: int, rows: tuple[str, ...]) -> Problem:
        if source.name:
            where = f"{source.name}: {self.column}" if self.column else source.name
        else:
            where = f"{self.table}.{self.column}" if self.column else self.table
        return Problem(
            kind=self.kind,
            message=self.message,
            where=self.where or where,
            allowed=self.allowed,
            given=self.given,
            remedy=self.remedy,
            count=count,
            rows=rows,
        )


def quoted(value: object) -> str:
    """A value in quotation marks, capped, with nothing in it that could break a line."""
    text = str(value)
    return repr(text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 3] + "...")


def is_personal(table: str, column: Column | None) -> bool:
    """Whether values of a column stay out of messages; undeclared ones of personal tables do."""
    return column.personal if column else table in PERSONAL_TABLES


def shown(table: str, column: Column | None, values: pl.Series) -> pl.Series | None:
    """Values of a column as a message may have them; None where it may have none.

    What officers write of bids and offers is shown where it should be an id, a code, a date or a
    number, so that a slip can be seen; what reads like a sentence there is only measured.

    Args:
        table: the table.
        column: its declaration; None where it has none.
        values: what came.
    """
    if not is_personal(table, column):
        return values
    if table not in WRITTEN_BY_OFFICERS or column is None or column.type in ("text", "text_list"):
        return None
    text = values.cast(pl.String, strict=False)
    brief = text.str.contains(_BRIEF)
    measured = pl.format("(text of {} characters)", text.str.len_chars())
    return pl.select(pl.when(brief).then(text).otherwise(measured)).to_series()


def some_of(values: pl.Series) -> str:
    """The first few distinct values, for a message; dates must be within the years 1 to 9999."""
    first = values.drop_nulls().unique(maintain_order=True).head(MOST_GIVEN + 1).to_list()
    more = ", ..." if len(first) > MOST_GIVEN else ""
    return ", ".join(quoted(value) for value in first[:MOST_GIVEN]) + more


def rows_found(
    table: str,
    column: str,
    kind: str,
    message: str,
    bad: pl.Series,
    source_row: pl.Series,
    *,
    values: pl.Series | None = None,
    allowed: str = "",
    remedy: str = "",
) -> list[Finding]:
    """A finding for the rows marked, or none.

    Args:
        table: the table.
        column: the column blamed.
        kind: short stable name.
        message: what is wrong.
        bad: boolean mask over the frame; null counts as not bad.
        source_row: the frame's source rows.
        values: what came; None for personal columns.
        allowed: what would have been right.
        remedy: what to do.
    """
    positions = bad.fill_null(value=False).arg_true()
    if not len(positions):
        return []
    given = "" if values is None else some_of(values.gather(positions))
    rows = source_row.gather(positions)
    return [Finding(table, column, kind, message, rows, positions, allowed, given, remedy)]


def problems_of(
    findings: Iterable[Finding], lineages: Mapping[str, Lineage]
) -> tuple[Problem, ...]:
    """Findings as problems: by table, the table's structure first, then by first row.

    What is the same for several tables, as of the one place they are in, is told once.
    """
    order = {table: at for at, table in enumerate(TABLES)}

    def place(finding: Finding) -> tuple[int, str, int, str]:
        first = -1 if finding.structural else int(finding.rows[0])
        return (order.get(finding.table, -1), finding.table, first, finding.column)

    return tuple(dict.fromkeys(
        problem
        for finding in sorted(findings, key=place)
        for problem in finding.problems(lineages.get(finding.table, Lineage()))
    ))


def rejected_of(findings: Sequence[Finding], lineages: Mapping[str, Lineage]) -> pl.DataFrame:
    """Every problem of every row.

    Returns:
        Frame of table, source_name (null in memory), source_row (null: the table as a whole),
        column (empty: the whole row), kind and message; by table, place of the row and column.
    """
    parts = []
    for finding in findings:
        rows = pl.Series(SOURCE_ROW, [None], pl.Int64) if finding.structural else finding.rows
        names, places = lineages.get(finding.table, Lineage()).places(rows)
        text = f"{finding.message}. {finding.remedy}" if finding.remedy else finding.message
        parts.append(
            pl.select(
                pl.lit(finding.table).alias("table"),
                names,
                places.cast(pl.Int64),
                pl.lit(finding.column).alias("column"),
                pl.lit(finding.kind).alias("kind"),
                pl.lit(text).alias("message"),
                rows.cast(pl.Int64).alias("number"),
            )
        )
    if not parts:
        return pl.DataFrame(schema=REJECTED_SCHEMA)
    found = pl.concat(parts).sort("table", "number", "column", "kind", maintain_order=True)
    return found.drop("number")
