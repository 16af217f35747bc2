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


def _known(spells: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Spells whose end is known, and the remarks on the others and on those who came back.

    Raises:
        CannotFitError: too many left on a day that is not known.
    """
    known = spells.filter("known")
    lost = spells.height - known.height
    if lost > _MOST_UNKNOWN * spells.height:
        raise CannotFitError(
            f"{lost:,} of {spells.height:,} applications were {_NO_DAY}: status_history has it"
        )
    return known, (left_out(lost, _NO_DAY), came_back(known))


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
    spells = _whole_cohort(history).filter(history.within(pl.col("registered_on")))
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
    return named(found, spells.height)


def lapse_per_year(history: History) -> Fit:
    """Applications closed for each year that one waits."""
    history.table("status_history", "since")
    spells, remarks = _known(_whole_cohort(history))
    exposure = float(np.sum(days_between(spells, "registered_on", "left_on", history))) / YEAR
    closed = spells.filter(
        (pl.col("left_by") == "closed") & history.within(pl.col("left_on"))
    ).height
    enough(spells.height, "applications")
    return single(
        estimates.rate(closed, exposure), spells.height,
        f"{closed:,} closed in {exposure:,.0f} years of waiting",
        "those housed by another register are among them" if closed else "", *remarks,
    )
