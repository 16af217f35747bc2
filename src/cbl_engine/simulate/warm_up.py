"""What figures leave out: all that was over before the first day after the warm-up.

A row belongs to the figures when what it tells of ended on that day or later, or has not ended: a
letting by the day the tenancy began, a nomination by the day it was settled, a household by the day
it left, a void by the day it was let or taken out of letting. The tables of a simulation keep every
row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.simulate.void_measures import NO_RELET

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.simulate.scenario import Scenario

_OVER = {
    "lettings": "let_on", "nominations": "settled_on", "households": "left_on",
    "duties": "until", "band_changes": "on", "placements": "paid_until", "consequences": "since",
    "events": "on",
}
"""The day on which a row of a table is over; null: it is not."""


def without_warm_up(
    frames: Mapping[str, pl.DataFrame], scenario: Scenario
) -> Mapping[str, pl.DataFrame]:
    """The tables that figures are queries on.

    Args:
        frames: tables of a simulation, by name.
        scenario: what was simulated.

    Returns:
        The same without rows that were over; weeks count from the first of the figures, and nights
        and pounds of placements are those of the nights from then on.
    """
    if not scenario.warm_up:
        return frames
    first, out = scenario.figures_from, dict(frames)
    for name, day in _OVER.items():
        out[name] = _on_or_after(frames[name], pl.col(day), first)
    out_of_letting = pl.col("outcome").is_in(NO_RELET)
    out["voids"] = _on_or_after(frames["voids"], pl.when(out_of_letting).then(
        "ready_on").otherwise("let_on"), first)
    for name in ("adverts", "weeks"):
        week = pl.col("week") - scenario.warm_up
        out[name] = frames[name].filter(week >= 0).with_columns(week)
    out["placements"] = _nights_from(out["placements"], first)
    return out


def _on_or_after(rows: pl.DataFrame, day: pl.Expr, first: date) -> pl.DataFrame:
    return rows.filter((day >= first).fill_null(value=True))


def _nights_from(placements: pl.DataFrame, first: date) -> pl.DataFrame:
    """Placements with their nights from a day on, and what those cost."""
    before = (pl.lit(first) - pl.col("since")).dt.total_days().clip(0)
    paid = (pl.col("paid_nights") - before).clip(0)
    return placements.with_columns(
        (pl.col("nights") - before).clip(0).alias("nights"), paid.alias("paid_nights"),
        *((paid * pl.col(f"{which}_nightly_pence")).alias(f"{which}_pence")
          for which in ("gross", "net")))
