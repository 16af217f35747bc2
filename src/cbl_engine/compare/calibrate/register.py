"""Arrivals, their season, and lapses, from the register and its history of statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.compare.calibrate import estimates
from cbl_engine.compare.calibrate.fit import Fit, came_back, enough, left_out, named, single
from cbl_engine.compare.calibrate.history import FEWEST, CannotFitError, days_between
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from cbl_engine.compare.calibrate.history import History

_MOST_UNKNOWN = 0.02
_NO_DAY = "housed or closed on a day that is not known"
NOT_JOINED = "registered on a day that is not known"


def _whole_cohort(history: History) -> pl.DataFrame:
    """Spells on the register, where nobody is known to be missing from it.

    Raises:
        CannotFitError: only some kinds of application are in the history.
    """
    history.unbiased(
        only_housed="only the housed and closed in history",
        none_housed="only those still waiting in history; who came and left is missing",
        one_day="most applications have one and the same day of registration",
    )
    return history.spells


def _joined(spells: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Spells whose beginning is known, and the remark on the others.

    Raises:
        CannotFitError: too many joined on a day that is not known.
    """
    there = pl.col("registered_on").is_not_null()
    return _few_lost(spells, there, NOT_JOINED, "fill applications.registered_on")


def _known(spells: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Spells whose beginning and end are known; remarks on the others and on those who came back.

    Raises:
        CannotFitError: too many joined or left on a day that is not known.
    """
    joined, no_beginning = _joined(spells)
    known, no_end = _few_lost(joined, pl.col("known"), _NO_DAY, "status_history has it")
    return known, (no_beginning, no_end, came_back(known))


def _few_lost(
    spells: pl.DataFrame, there: pl.Expr, why: str, remedy: str
) -> tuple[pl.DataFrame, str]:
    kept = spells.filter(there)
    lost = spells.height - kept.height
    if lost > _MOST_UNKNOWN * spells.height:
        raise CannotFitError(
            f"{lost:,} of {spells.height:,} applications were {why}: {remedy}; up to "
            f"{100 * _MOST_UNKNOWN:.0f} in 100 are left out"
        )
    return kept, left_out(lost, why)


def arrivals_per_year(history: History) -> Fit:
    """Registrations in the window for each application open on its first day and year."""
    spells, remarks = _known(_whole_cohort(history))
    stood = pl.col("left_on").is_null() | (pl.col("left_on") >= pl.lit(history.since))
    opening = spells.filter((pl.col("registered_on") < pl.lit(history.since)) & stood).height
    came = spells.filter(history.within(pl.col("registered_on"))).height
    if not opening:
        raise CannotFitError("no application was open when the window begins")
    enough(came, "registrations")
    return single(
        estimates.rate(came, opening * history.years), came,
        f"opening register {opening:,}", *remarks,
    )


def arrivals_by_month(history: History) -> Fit:
    """Registrations a day in each month, next to those of a mean month."""
    spells, remark = _joined(_whole_cohort(history))
    spells = spells.filter(history.within(pl.col("registered_on")))
    days = pl.date_range(history.since, history.until, closed="left", eager=True).dt.month()
    exposed = np.bincount(days.to_numpy(), minlength=13)[1:]
    if np.min(exposed) < 28:
        raise CannotFitError("the window has not every month of a year")
    came = np.bincount(spells["registered_on"].dt.month().to_numpy(), minlength=13)[1:]
    if np.min(came) < FEWEST:
        raise CannotFitError(
            f"fewer than {FEWEST} rows: a month with {int(np.min(came))} registrations"
        )
    mean = float(np.mean(came / exposed))
    found = {
        str(month): estimates.rate(int(events), float(day) * mean)
        for month, (events, day) in enumerate(zip(came, exposed, strict=True), 1)
    }
    return named(found, spells.height, remark)


def lapse_per_year(history: History) -> Fit:
    """Applications closed for each year that one waits."""
    history.table("status_history", "since")
    spells, remarks = _known(_whole_cohort(history))
    exposure = float(np.sum(days_between(spells, "registered_on", "left_on", history))) / YEAR
    closed = spells.filter(
        (pl.col("left_by") == "closed") & history.within(pl.col("left_on"))
    ).height
    if not (spells["left_by"] == "closed").any():
        raise CannotFitError("biased: no application closed in history: status_history is to have those "
                             "that lapsed or were cancelled")
    enough(closed, f"applications closed in {exposure:,.0f} years of waiting; a longer window has more")
    return single(
        estimates.rate(closed, exposure), closed,
        f"{closed:,} closed in {exposure:,.0f} years of waiting",
        "those housed by another register are among them", *remarks,
    )
