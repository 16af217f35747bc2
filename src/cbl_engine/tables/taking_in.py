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
    return in_order(table, pl.concat([beside(now, rows, table), rows], how="diagonal_relaxed"))


def beside(now: pl.DataFrame, rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """The rows that go on standing when others come: all whose place is not taken.

    A column of the key that the table had not until now is null in what stood: an application
    without versions is the version that begins with no date.
    """
    if rows.is_empty():
        return now
    place = list(place_of(table, {*now.columns, *rows.columns}))
    if not place:
        return now.clear()
    now = _with_columns_of(place, now, rows)
    return now.join(rows.select(place).unique(), on=place, how="anti", nulls_equal=True)


def _with_columns_of(place: list[str], now: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    return now.with_columns(pl.lit(None, rows.schema[n]).alias(n)
                            for n in place if n not in now.columns)


def place_not_given(now: pl.DataFrame, rows: pl.DataFrame, table: str) -> list[str]:
    """Columns that a table has and the rows that come have not, which say whose place they take."""
    place = place_of(table, {*now.columns, *rows.columns})
    return [n for n in place if n not in rows.columns] if rows.height else []


def completed(now: pl.DataFrame, rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """Rows as they will stand: a column that they do not have is as it was in the row of their key.

    Args:
        now: the rows that stand.
        rows: those that come, with every column of the key.
        table: which it is. In one without a key nothing says which row was which: there its rows
            are returned as they came.
    """
    key = list(key_of(table, {*now.columns, *rows.columns})) if table in TABLES else []
    kept = [n for n in now.columns if n not in rows.columns]
    if not kept or not key or not set(key) <= set(rows.columns):
        return rows
    now = _with_columns_of(key, now, rows)
    return rows.join(now.select(*key, *kept), on=key, how="left", nulls_equal=True,
                     maintain_order="left")


def news(now: pl.DataFrame | None, rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """The rows that would change a table.

    They are :func:`completed` first. What then stands already, in every column, is left out: with
    all rows of its place, where several make one up.

    Args:
        now: the rows that stand; None: no such table.
        rows: those that come.
        table: which it is.
    """
    if now is None or now.is_empty():
        return in_order(table, rows)
    place = list(place_of(table, {*now.columns, *rows.columns}))
    rows = completed(now, rows, table)
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
