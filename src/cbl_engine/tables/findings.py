"""What is wrong with tables, row by row; folded into problems for people and rows for files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import MAX_EXAMPLES, Problem
from cbl_engine.tables.schemas import PERSONAL_TABLES, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cbl_engine.tables.columns import Column

MOST_GIVEN = 3
MOST_CHARACTERS = 40

REJECTED_SCHEMA = {
    "table": pl.String,
    "source_row": pl.Int64,
    "column": pl.String,
    "kind": pl.String,
    "message": pl.String,
}


def _no_rows() -> pl.Series:
    return pl.Series("source_row", [], pl.Int64)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a table came from: the file's name, empty in memory, and what its rows are called."""

    name: str = ""
    row_word: str = "row"


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
    rows: pl.Series = field(default_factory=_no_rows)
    positions: pl.Series | None = None
    allowed: str = ""
    given: str = ""
    remedy: str = ""
    where: str = ""

    @property
    def structural(self) -> bool:
        """The table as a whole is meant, not some of its rows."""
        return not len(self.rows)

    def problem(self, source: Source) -> Problem:
        """The finding as one line of a report."""
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
            count=max(1, len(self.rows)),
            rows=tuple(f"{source.row_word} {row}" for row in self.rows.head(MAX_EXAMPLES)),
        )


def quoted(value: object) -> str:
    """A value in quotation marks, capped, with nothing in it that could break a line."""
    text = str(value)
    return repr(text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 3] + "...")


def is_personal(table: str, column: Column | None) -> bool:
    """Whether values of a column stay out of messages; undeclared ones of personal tables do."""
    return column.personal if column else table in PERSONAL_TABLES


def some_of(values: pl.Series) -> str:
    """The first few distinct values, for a message."""
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


def problems_of(findings: Iterable[Finding], sources: Mapping[str, Source]) -> tuple[Problem, ...]:
    """Findings as problems: by table, the table's structure first, then by first row."""
    order = {table: at for at, table in enumerate(TABLES)}

    def place(finding: Finding) -> tuple[int, str, int, str]:
        first = -1 if finding.structural else int(finding.rows[0])
        return (order.get(finding.table, -1), finding.table, first, finding.column)

    return tuple(
        finding.problem(sources.get(finding.table, Source()))
        for finding in sorted(findings, key=place)
    )


def rejected_of(findings: Sequence[Finding]) -> pl.DataFrame:
    """Every problem of every row.

    Returns:
        Frame of table, source_row (null: the table as a whole), column (empty: the whole row),
        kind and message; by table, source row and column.
    """
    parts = []
    for finding in findings:
        rows = pl.Series("source_row", [None], pl.Int64) if finding.structural else finding.rows
        text = f"{finding.message}. {finding.remedy}" if finding.remedy else finding.message
        parts.append(
            pl.select(
                pl.lit(finding.table).alias("table"),
                rows.cast(pl.Int64).alias("source_row"),
                pl.lit(finding.column).alias("column"),
                pl.lit(finding.kind).alias("kind"),
                pl.lit(text).alias("message"),
            )
        )
    if not parts:
        return pl.DataFrame(schema=REJECTED_SCHEMA)
    return pl.concat(parts).sort("table", "source_row", "column", "kind", maintain_order=True)
