"""Ends of tenancies: how many a year, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.compare.calibrate import estimates
from cbl_engine.compare.calibrate.fit import Fit, enough, left_out, named, single
from cbl_engine.compare.calibrate.history import FEWEST, CannotFitError, days_between
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.compare.calibrate.history import History

CAUSES = ("left", "died", "care", "evicted", "abandoned", "mutual_agreement")
OTHER_REASONS = ("succession", "moved", "exchange", "decant", "right_to_buy", "demolition")
_MOST_UNKNOWN = 0.1


def _ended(history: History) -> tuple[pl.DataFrame, str]:
    """Tenancies that ended in the window for a reason that is known, and the remark on others.

    Raises:
        CannotFitError: too many reasons are not known, or there are too few.
    """
    tenancies = history.table("tenancies", "end", "reason")
    ended = tenancies.filter(history.within(pl.col("end")))
    known = ended.filter(pl.col("reason").is_in((*CAUSES, *OTHER_REASONS)))
    lost = ended.height - known.height
    if lost > _MOST_UNKNOWN * ended.height:
        raise CannotFitError(
            f"the reason of {lost:,} of {ended.height:,} endings is not one of "
            f"{', '.join((*CAUSES, *OTHER_REASONS))}: a mapping's codes may say which it is"
        )
    enough(known.height, "tenancies that ended")
    return known, left_out(lost, "ended for a reason not known")


def _let_years(history: History) -> pl.DataFrame:
    """Years that tenancies of each home ran in the window: home and years.

    Raises:
        CannotFitError: tenancies from before the window are missing.
    """
    tenancies = history.table("tenancies", "start", "home")
    before = pl.col("start").is_null() | (pl.col("start") < pl.lit(history.since))
    if not tenancies.filter(before).height:
        raise CannotFitError("biased: no tenancy from before the window in history")
    after = tenancies.with_columns((pl.col("end") + timedelta(days=1)).alias("after"))
    ran = pl.Series("years", days_between(after, "start", "after", history) / YEAR)
    return after.select("home", ran)


def _rate_of(history: History, reasons: tuple[str, ...]) -> Fit:
    ended, remark = _ended(history)
    years = float(_let_years(history)["years"].sum())
    found = ended.filter(pl.col("reason").is_in(reasons)).height
    enough(found, f"endings ({', '.join(reasons)})")
    return single(
        estimates.rate(found, years), found, f"{found:,} in {years:,.0f} years of homes let", remark
    )


def end_per_year(history: History) -> Fit:
    """Endings for other reasons than a move within the register, for each home let and year."""
    return _rate_of(history, (*CAUSES, "succession"))


_SIZES = 5
"""Bedrooms 0, 1, 2, 3, and 4 or more."""


def ends_by_bedrooms(history: History) -> Fit:
    """Endings for each year let in homes of each size, beside those of all homes.

    Neighbouring sizes are taken together until each group has enough endings; within a group they
    stand to each other as the shipped values do.
    """
    ended, remark = _ended(history)
    ended = ended.filter(pl.col("reason").is_in((*CAUSES, "succession")))
    sizes = history.table("homes", "bedrooms").select(
        pl.col("id").alias("home"), pl.col("bedrooms").clip(0, _SIZES - 1))
    years = _let_years(history).join(sizes, on="home").drop_nulls("bedrooms")
    found = ended.select("home").join(sizes, on="home").drop_nulls("bedrooms")
    enough(found.height, "endings in homes of known bedrooms")
    counts = np.bincount(found["bedrooms"].to_numpy(), minlength=_SIZES)
    exposed = np.bincount(years["bedrooms"].to_numpy(), years["years"].to_numpy(), _SIZES)
    mean = counts.sum() / exposed.sum()
    shipped = shipped_parameters()["tenancies.ends_by_bedrooms"]
    usual = np.array([shipped[str(size)] for size in range(_SIZES)])
    of, together = {}, []
    for group in _groups(counts):
        ends, over = int(counts[group].sum()), float((exposed * usual)[group].sum())
        of |= {str(size): estimates.rate(ends, over / usual[size] * mean) for size in group}
        if len(group) > 1:
            together.append("taken together for want of endings, as the shipped values stand to each "
                            "other: bedrooms " + ", ".join(map(str, group)))
    lost = ended.height - found.height
    return named(of, found.height, *together, remark,
                 left_out(lost, "in homes whose bedrooms are not known"))


def _groups(counts: NDArray[np.int64]) -> list[list[int]]:
    """Neighbouring sizes, together until each group has enough."""
    groups: list[list[int]] = [[]]
    for size in range(len(counts)):
        if groups[-1] and counts[groups[-1]].sum() >= FEWEST:
            groups.append([])
        groups[-1].append(size)
    if len(groups) > 1 and counts[groups[-1]].sum() < FEWEST:
        last = groups.pop()
        groups[-1] += last
    return groups


def exchanges_per_year(history: History) -> Fit:
    """Mutual exchanges for each home let and year."""
    return _rate_of(history, ("exchange",))


def right_to_buy_per_year(history: History) -> Fit:
    """Homes bought by their tenants for each home let and year."""
    return _rate_of(history, ("right_to_buy",))


def demolished_per_year(history: History) -> Fit:
    """Homes whose tenancy ended because they were to be pulled down, for each home let and year."""
    return _rate_of(history, ("demolition",))


def causes(history: History) -> Fit:
    """Why tenancies end, deaths with a successor among the deaths.

    Where tenancies give no reasons, the causes of voids do.
    """
    try:
        ended, remark = _ended(history)
        reasons = ended["reason"].replace("succession", "died")
        where = ""
    except CannotFitError:
        voids = history.table("voids", "cause", "tenancy_ended_on")
        begun = voids.filter(history.within(pl.col("tenancy_ended_on")))
        known = begun["cause"].drop_nulls()
        reasons, remark = known, left_out(begun.height - len(known), "no cause")
        where = "from voids: deaths with a successor are missing"
    counts = {cause: int((reasons == cause).sum()) for cause in CAUSES}
    rows = sum(counts.values())
    enough(rows, "endings with a cause")
    return named(estimates.shares(counts), rows, where, remark)


def succession(history: History) -> Fit:
    """Of deaths, those after which somebody succeeds."""
    ended, remark = _ended(history)
    succeeded = int((ended["reason"] == "succession").sum())
    deaths = succeeded + int((ended["reason"] == "died").sum())
    enough(deaths, "deaths of tenants")
    if not succeeded:
        raise CannotFitError("biased: no succession in history; it may not be told from other ends")
    return single(estimates.share(succeeded, deaths), deaths, remark)
