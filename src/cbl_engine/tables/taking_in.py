"""Rows that come after others: which take the place of which, and which say nothing new.

Rows are of one **place** when the later ones take the place of the earlier ones: rows with the same
key; in a table without one, all rows of an application; of a list (``shortlisted``), all rows of
an advert; and in a table that has none of these, all rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables.letting_columns import RECORDED
from cbl_engine.tables.schemas import TABLES, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def place_of(table: str, present: Iterable[str]) -> tuple[str, ...]:
    """The columns on which rows of one place agree, given those a table has.

    Empty: every row of the table is of the same place.
    """
    present = list(present)
    if table == "shortlisted":
        return ("advert",)
    key = key_of(table, present) if table in TABLES else ()
    if key and set(key) <= set(present):
        return key
    return ("application",) if "application" in present else ()


def in_order(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows and columns in the one order that does not depend on how they came.

    Columns as the schema has them, then the others by name; rows by key, then by every column.
    """
    standard = [c.name for c in TABLES.get(table) or RECORDED.get(table, ())]
    names = [n for n in standard if n in rows.columns]
    names += sorted(set(rows.columns) - set(names))
    rows = rows.select(names)
    if not names:
        return rows
    first = place_of(table, names)
    by = [pl.col(n) for n in (*first, *(n for n in names if n not in first))]
    return rows.sort([_sortable(c, rows.schema[c.meta.output_name()]) for c in by],
                     nulls_last=False, maintain_order=True)


def _sortable(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.List):
        return column.cast(pl.List(pl.String)).list.join("|", ignore_nulls=True)
    return column


def taken_in(
    now: pl.DataFrame | None, rows: pl.DataFrame, table: str, *, whole: bool = False
) -> pl.DataFrame:
    """A table as it stands once rows have been taken in.

    Args:
        now: the rows that stood; None: no such table.
        rows: those that come.
        table: which it is.
        whole: they are the whole table: nothing else stands.

    Returns:
        Rows that stand, in the order of :func:`in_order`. A column that one side does not have is
        null there.
    """
    if now is None or whole:
        return in_order(table, rows)
    place = place_of(table, {*now.columns, *rows.columns})
    if place and not rows.is_empty() and set(place) <= set(now.columns):
        now = now.join(rows.select(place).unique(), on=list(place), how="anti", nulls_equal=True)
    elif rows.height:
        now = now.clear()
    return in_order(table, pl.concat([now, rows], how="diagonal_relaxed"))


def news(now: pl.DataFrame | None, rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """The rows that would change a table.

    A column that the rows do not have keeps, in a row whose key stood, the value it had. What then
    stands already, in every column, is left out: with all rows of its place, where several make
    one up.

    Args:
        now: the rows that stand; None: no such table.
        rows: those that come.
        table: which it is.
    """
    if now is None or now.is_empty():
        return in_order(table, rows)
    place = list(place_of(table, {*now.columns, *rows.columns}))
    kept = [n for n in now.columns if n not in rows.columns]
    if kept and place and place == list(key_of(table, now.columns) if table in TABLES else ()):
        rows = rows.join(now.select(*place, *kept), on=place, how="left", nulls_equal=True)
    both = in_order(table, pl.concat([now.clear(), rows], how="diagonal_relaxed"))
    stood = in_order(table, pl.concat([now, both.clear()], how="diagonal_relaxed"))
    if not place:
        return both.clear() if both.equals(stood) else both
    return both.join(_unchanged(stood, both, place), on=place, how="anti", nulls_equal=True)


def _unchanged(stood: pl.DataFrame, rows: pl.DataFrame, place: list[str]) -> pl.DataFrame:
    """The places whose rows are the same in both."""
    whole = [pl.struct(frame.columns).implode().alias(name)
             for frame, name in ((stood, "stood"), (rows, "came"))]
    one = stood.join(rows.select(place).unique(), on=place, how="semi", nulls_equal=True)
    there = one.group_by(place).agg(whole[0])
    came = rows.group_by(place).agg(whole[1])
    both = there.join(came, on=place, nulls_equal=True)
    return both.filter(pl.col("stood").eq_missing(pl.col("came"))).select(place)
