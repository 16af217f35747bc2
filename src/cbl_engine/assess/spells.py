"""Connections joined up into spells: those that follow one another are one, for as long as they last.

A move within the area, or a change of work, ends one connection and begins another; what the
household has behind it goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.ages import days_left_over, whole_months

if TYPE_CHECKING:
    from datetime import date

TARGET = "_target"
"""Column with the number of the area, or areas, that a connection is looked at for."""


def begun(current: pl.DataFrame, ended: pl.DataFrame) -> pl.DataFrame:
    """Current connections with the day on which the spell they belong to began.

    Those of one holder and kind are one spell where one begins on the day another ends, or before
    it. Of family only on that very day: two that overlap are of two relatives. Loops once for each
    connection that a spell has beside the current one.

    Args:
        current: of :func:`cbl_engine.assess.connections.relevant_rows`, those held now.
        ended: of :func:`cbl_engine.assess.connections.relevant_rows`, those that have ended.

    Returns:
        ``current`` with begin (null without ``since``), and doubt: whether the spell may have begun
        earlier, since one of its connections has no ``since``.
    """
    held = current.with_row_index("_held").with_columns(
        pl.col("since").alias("begin"), pl.col("since").is_null().alias("doubt")
    )
    holder = ["_ordinal", TARGET, "person", "kind"]
    before = ended.select(*holder, pl.col("since").alias("came"), pl.col("until").alias("went"))
    began, went = pl.col("begin"), pl.col("went")
    joined_on = pl.when(pl.col("kind") == "family").then(went == began).otherwise(went >= began)
    step = held.select("_held", *holder, "begin").drop_nulls("begin")
    steps = [held.select("_held", "begin").clear()]
    while step.height and before.height:
        step = (
            step.join(before, on=holder, how="inner", nulls_equal=True)
            .filter(joined_on, pl.col("came").is_null() | (pl.col("came") < began))
            .select("_held", *holder, pl.col("came").alias("begin"))
            .unique()
        )
        steps.append(step.select("_held", "begin"))
        step = step.drop_nulls("begin")
    found = pl.concat(steps).group_by("_held").agg(
        pl.col("begin").min().alias("came"), pl.col("begin").is_null().any().alias("open")
    )
    return held.join(found, on="_held", how="left").with_columns(
        pl.min_horizontal("begin", "came").alias("begin"),
        pl.col("doubt") | pl.col("open").fill_null(value=False),
    )


def spells_of(rows: pl.DataFrame, on: date, window: int | None) -> pl.DataFrame:
    """Spells of each holder, joined up where they overlap or touch and cut to the window.

    Args:
        rows: of :func:`cbl_engine.assess.connections.relevant_rows`.
        on: the as-at date, at which they end at the latest.
        window: the last so many months [months], or None for all.

    Returns:
        Frame of _ordinal, _target, person, spell, start, end, months [months].
    """
    end = pl.min_horizontal(pl.col("until").fill_null(on), pl.lit(on))
    start = pl.col("since")
    if window is not None:
        start = pl.max_horizontal(start, pl.lit(on).dt.offset_by(f"-{window}mo"))
    holder = ["_ordinal", TARGET, "person"]
    cut = (
        rows.with_columns(start.alias("start"), end.alias("end"))
        .filter(pl.col("since").is_not_null(), pl.col("start") < pl.col("end"))
        .sort(*holder, "start", "end")
    )
    changed = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift(1)) for c in holder)
    number = cut.select(changed.fill_null(value=True).cum_sum()).to_series().to_numpy()
    # Ends of an earlier holder are below every day of a later one, so that the running latest end
    # begins anew with each holder.
    above = number.astype(np.int64) << 32
    begins = above + cut["start"].to_physical().to_numpy()
    latest = np.maximum.accumulate(above + cut["end"].to_physical().to_numpy())
    first = np.ones(cut.height, bool)
    first[1:] = begins[1:] > latest[:-1]
    at = np.flatnonzero(first)
    last = np.append(at[1:], cut.height)[: len(at)] - 1
    return (
        cut[at]
        .select(*holder, "start")
        .with_columns(
            pl.Series("spell", np.arange(len(at))),
            pl.Series("end", (latest[last] - above[last]).astype(np.int32)).cast(pl.Date),
        )
        .with_columns(whole_months(pl.col("start"), pl.col("end")).alias("months"))
    )


def months_resident(
    rows: pl.DataFrame, on: date, window: int | None, consecutive: bool
) -> pl.DataFrame:
    """Months [months] by household and target: of the best holder, spells joined up."""
    group = ["_ordinal", TARGET]
    doubtful = rows.filter(pl.col("since").is_null()).select(group).unique()
    holder = [*group, "person"]
    spells = spells_of(rows, on, window)
    if consecutive:
        held = spells.with_columns(
            pl.when(pl.col("end") == on).then(pl.col("months")).otherwise(0).alias("answer")
        )
        best = held.group_by(group).agg(pl.col("answer").max())
    else:
        left = spells.with_columns(
            days_left_over(pl.col("start"), pl.col("months"), pl.col("end")).alias("days"))
        # Days beyond whole months make up months only between spells: one spell is counted exactly.
        left_over = pl.when(pl.len() > 1).then(pl.col("days").sum() // 30).otherwise(0)
        best = (
            left.group_by(holder)
            .agg((pl.col("months").sum() + left_over).alias("answer"))
            .group_by(group)
            .agg(pl.col("answer").max())
        )
    settled = best.join(doubtful, on=group, how="anti")
    known = settled.select(*group, pl.col("answer").cast(pl.Int64))
    unsure = doubtful.with_columns(pl.lit(None, pl.Int64).alias("answer"))
    return pl.concat([known, unsure])
