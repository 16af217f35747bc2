"""How long homes stood empty, in the four measures that are published under the one name.

Means and medians of different measures cannot be compared, so each figure carries its measure:

=================  ==========================================  ====================================
measure            days                                        voids it counts
=================  ==========================================  ====================================
tenancy            from the day after the tenancy ended to     every home let before
                   the day the next begins
key_to_key         from keys in to keys out                    every home whose keys came back
standard_relet     as tenancy                                  not after major works, decants,
                                                               exchanges and successions
core               as tenancy; from the end of the works       every home; new ones from the day
                   after major works                           they were ready
=================  ==========================================  ====================================

A void that is taken out of letting, or not let again, is no relet in any of them: it is not counted.
A tenancy that ends on a Sunday with the next from that Monday is 0 days in all but key to key. A
void that is still open has lasted so long at least: it is censored, not dropped.

References:
    Standard relets without major works: benchmarking of landlords by Housemark. The void
    date and the date of completed major repairs: CORE, the Social Lettings log of MHCLG.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.simulate.setup import FIRST_LETS

if TYPE_CHECKING:
    from collections.abc import Sequence

MEASURES = ("tenancy", "key_to_key", "standard_relet", "core")
NO_RELET = ("long_term", "lost", "redesignated", "temporary_accommodation", "decant")
_BEFORE = ("tenancy_ended_on", "keys_in_on")
"""Days of the tenancy before, which a new or bought home has not had."""
_NOT_STANDARD = ("decant", "exchange", "succession")
_EVEN = 1e-12
"""Half is enough, whatever the rounding."""
_RESULT = {
    "measure": pl.String, "voids": pl.Int64, "open": pl.Int64, "mean": pl.Float64,
    "median": pl.Float64, "median_with_open": pl.Float64,
}


def without_first_lets(voids: pl.DataFrame) -> pl.DataFrame:
    """Voids of which those of new and bought homes have no end of a tenancy and no keys in, whatever
    stands there: simulated worlds write the day such a home came. ``cause`` may be missing.
    """
    there = [name for name in _BEFORE if name in voids.columns]
    if "cause" not in voids.columns:
        return voids
    first = pl.col("cause").cast(pl.String).is_in(FIRST_LETS).fill_null(value=False)
    return voids.with_columns(pl.when(~first).then(name).alias(name) for name in there)


def void_days(voids: pl.DataFrame, as_at: date) -> pl.DataFrame:
    """The days of each void in each measure that counts it, as known on a day.

    Args:
        voids: table of voids; its columns ``cause``, ``works``, ``outcome`` and any day may be missing.
        as_at: last day that is known: what comes after it has not happened. A void that began
            after it is not counted.

    Returns:
        The columns of ``voids`` with measure, days [days] (Int64, so far where open) and open
        (Bool): one row for each void and measure that counts it. A void whose next tenancy begins
        before the measure does has no days that could be meant, and is left out.
    """
    table = without_first_lets(_whole(voids))
    relet = ~pl.col("outcome").is_in(NO_RELET).fill_null(value=False)
    last = pl.lit(as_at)
    day_after = pl.col("tenancy_ended_on") + timedelta(days=1)
    major = (pl.col("works") == "major").fill_null(value=False)
    standard = ~(major | pl.col("cause").is_in(_NOT_STANDARD).fill_null(value=False))
    begins = {
        "tenancy": day_after,
        "key_to_key": pl.col("keys_in_on"),
        "standard_relet": pl.when(standard).then(day_after),
        "core": pl.when(major | day_after.is_null()).then("ready_on").otherwise(day_after),
    }
    let = pl.when(pl.col("let_on") <= last).then("let_on")
    parts = [
        table.filter(relet).select(
            *voids.columns,
            pl.lit(measure).alias("measure"),
            (pl.coalesce(let, last) - begin).dt.total_days().alias("days"),
            let.is_null().alias("open"),
        )
        for measure, begin in begins.items()
    ]
    return pl.concat(parts).filter(pl.col("days") >= 0)


def void_measures(
    voids: pl.DataFrame, as_at: date, by: Sequence[str] = ()
) -> pl.DataFrame:
    """Mean and median days of each measure.

    Args:
        voids: as for :func:`void_days`.
        as_at: last day that is known.
        by: columns of ``voids`` to tell apart, such as the world or the landlord.

    Returns:
        ``by``, measure, voids (let ones and open ones), open, mean and median (of those let, as
        published figures are; null when none is let) and median_with_open (Kaplan-Meier: open
        voids count as longer than so far; null when half have not been let for any length): one row
        for each group and measure, groups sorted.
    """
    days = void_days(voids, as_at)
    keys = [*by, "measure"]
    order = pl.col("measure").replace_strict(MEASURES, range(len(MEASURES)), return_dtype=pl.Int8)
    let = pl.col("days").filter(~pl.col("open"))
    told = days.group_by(keys).agg(
        pl.len().cast(pl.Int64).alias("voids"),
        pl.col("open").sum().cast(pl.Int64),
        let.mean().alias("mean"),
        let.median().alias("median"),
    )
    types = {name: voids.schema[name] for name in by} | _RESULT
    medians = days_with_open(days, keys, 0.5).select(*keys, pl.col("value").alias("median_with_open"))
    return (
        told.join(medians, on=keys, nulls_equal=True)
        .sort(*by, order)
        .select(pl.col(name).cast(dtype) for name, dtype in types.items())
    )


def days_with_open(rows: pl.DataFrame, by: Sequence[str], share: float) -> pl.DataFrame:
    """The first day by which a share of each group is over, those still open counting as longer
    (E. L. Kaplan and P. Meier, Nonparametric Estimation from Incomplete Observations, Journal of the
    American Statistical Association 53 (1958), 457-481).

    Args:
        rows: ``by``, days (so far where open) and open (Bool).
        by: columns that tell groups apart, one at least; an empty cell is a group too.
        share: 0 to 1.

    Returns:
        ``by``, rows (UInt32) and value (Float64 [days]; null where that share is over by no day), a row
        for each group, in the order in which they come.
    """
    lasted = rows.group_by(*by, "days").agg(
        pl.len().alias("rows"), (~pl.col("open")).sum().alias("over")).sort(*by, "days")
    there = pl.col("rows").cum_sum(reverse=True).over(by)
    left = (1 - pl.col("over") / there).cum_prod().over(by)
    found = lasted.with_columns(left.alias("left")).group_by(by).agg(
        pl.col("rows").sum(),
        pl.col("days").filter(pl.col("left") <= 1 - share + _EVEN).min().cast(pl.Float64).alias("value"))
    return rows.select(by).unique(maintain_order=True).join(
        found, on=by, how="left", nulls_equal=True, maintain_order="left")


def _whole(voids: pl.DataFrame) -> pl.DataFrame:
    """The table with every column that measures read, null where it had none."""
    texts = dict.fromkeys(("cause", "works", "outcome"), pl.String)
    dates = dict.fromkeys(("tenancy_ended_on", "keys_in_on", "ready_on", "let_on"), pl.Date)
    return voids.with_columns(
        pl.lit(None, dtype).alias(name)
        for name, dtype in (texts | dates).items()
        if name not in voids.columns
    )
