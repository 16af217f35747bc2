"""How much of each row may be told, so that no row points at fewer than five households."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.disclosure import LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence


def told(frame: pl.DataFrame, columns: Sequence[str], limit: int = LIMIT) -> pl.DataFrame:
    """Values that may be told of each row; null where they are withheld.

    1. All rows are one class.
    2. Column by column, each class is parted by value; a value that fewer than ``limit`` rows of
       the class have is withheld there.
    3. Where the rows of a class whose value is withheld are fewer than ``limit``, a further value
       is withheld with them: the first in order, whatever its count.

    So rows that tell the same in all columns are at least ``limit``, and so is any difference
    between two lots of rows that can be told apart.

    Args:
        frame: rows to tell of, each of another household; fewer than ``limit``: all is withheld.
        columns: the values, the most wanted first; null is withheld already.
        limit: the fewest rows that may be alike [rows].

    Returns:
        The columns, in the order of the rows.
    """
    work = frame.select(columns).with_columns(pl.lit(0, pl.UInt32).alias("_class"))
    if work.height < limit:
        return work.select(columns).clear(work.height)
    for name in columns:
        value = pl.col(name)
        counts = work.group_by("_class", name).agg(pl.len().alias("_n")).sort("_class", name)
        able = value.is_not_null() & (pl.col("_n") >= limit)
        rest = pl.when(able).then(0).otherwise(pl.col("_n")).sum().over("_class")
        first = able & (able.cum_sum().over("_class") == 1)
        shown = counts.filter(able & ~(first & (rest > 0) & (rest < limit)))
        every = counts.group_by(name).agg(pl.col("_n").sum().alias("_every"))
        shown = shown.join(every, on=name, how="left", maintain_order="left")
        untold = pl.col("_every") - pl.col("_n").sum().over(name)
        one_more = (pl.int_range(pl.len()).over(name) == 0) & (untold > 0) & (untold < limit)
        shown = shown.filter(~one_more)
        work = work.join(
            shown.select("_class", name, pl.lit(value=True).alias("_shown")), on=["_class", name],
            how="left", maintain_order="left",
        ).with_columns(pl.when("_shown").then(value).alias(name)).drop("_shown")
        work = work.with_columns(
            pl.struct("_class", name).rank("dense").cast(pl.UInt32).alias("_class")
        )
    return work.select(columns)
