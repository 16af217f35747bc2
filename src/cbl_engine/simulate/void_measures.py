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

import numpy as np
import polars as pl

from cbl_engine.simulate.setup import FIRST_LETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MEASURES = ("tenancy", "key_to_key", "standard_relet", "core")
NO_RELET = ("long_term", "lost", "redesignated", "temporary_accommodation", "decant")
_BEFORE = ("tenancy_ended_on", "keys_in_on")
"""Days of the tenancy before, which a new or bought home has not had."""
_NOT_STANDARD = ("decant", "exchange", "succession")
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
    medians = pl.DataFrame(
        list(_medians(days, keys)), {n: types[n] for n in (*keys, "median_with_open")}, orient="row"
    )
    return (
        told.join(medians, on=keys, nulls_equal=True)
        .sort(*by, order)
        .select(pl.col(name).cast(dtype) for name, dtype in types.items())
    )


def _medians(days: pl.DataFrame, keys: list[str]) -> Iterator[tuple[object, ...]]:
    for group, rows in days.group_by(keys):
        yield *group, median_with_open(rows["days"].to_numpy(), rows["open"].to_numpy())


def median_with_open(days: np.ndarray, still_open: np.ndarray) -> float | None:
    """The first day by which half are over; see :func:`quantile_with_open`."""
    return quantile_with_open(days, still_open, 0.5)


def quantile_with_open(
    days: np.ndarray, still_open: np.ndarray, share: float
) -> float | None:
    """The first day by which a share is over, those still open counting as longer (Kaplan-Meier).

    Args:
        days: [days], so far where open.
        still_open: whether each is open.
        share: 0 to 1.

    Returns:
        [days]; None when that share is over by no day.
    """
    from scipy.stats import CensoredData, ecdf

    if not len(days):
        return None
    with np.errstate(under="ignore"):  # ecdf means it, and a program that embeds this may have it raise
        over = ecdf(CensoredData(uncensored=days[~still_open], right=days[still_open])).cdf
    at = int(np.searchsorted(over.probabilities, share - 1e-12))
    return float(over.quantiles[at]) if at < len(over.quantiles) else None


def _whole(voids: pl.DataFrame) -> pl.DataFrame:
    """The table with every column that measures read, null where it had none."""
    texts = dict.fromkeys(("cause", "works", "outcome"), pl.String)
    dates = dict.fromkeys(("tenancy_ended_on", "keys_in_on", "ready_on", "let_on"), pl.Date)
    return voids.with_columns(
        pl.lit(None, dtype).alias(name)
        for name, dtype in (texts | dates).items()
        if name not in voids.columns
    )
