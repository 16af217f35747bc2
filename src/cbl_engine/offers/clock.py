"""London's clock: windows of the week, and the cycles in which adverts close."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from cbl_engine.scheme.bidding import WEEKDAYS, Cycle
from cbl_engine.tables import LONDON
from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.scheme.bidding import Bidding, Moment, Window

_WEEKS = Cycle(starts=date(1970, 1, 5), days=7)
"""Weeks from Monday: the cycle of a scheme that names none."""


def london_days(moments: pl.Series) -> NDArray[np.int64]:
    """The day of each moment by London's clock [days since 1970]; none may be null."""
    days = moments.dt.convert_time_zone(LONDON).dt.date()
    return days.to_physical().cast(pl.Int64).to_numpy()


def london_date(column: str) -> pl.Expr:
    """The date of a column of moments by London's clock."""
    return pl.col(column).dt.convert_time_zone(LONDON).dt.date()


def cycle_numbers(bidding: Bidding | None, days: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cycle that each day [days since 1970] lies in; consecutive cycles have consecutive numbers."""
    cycle = _cycle(bidding)
    return (days - day_number(cycle.starts)) // cycle.days


def cycle_begins(bidding: Bidding | None, days: NDArray[np.int64]) -> NDArray[np.int64]:
    """First day of the cycle that each day [days since 1970] lies in."""
    cycle = _cycle(bidding)
    return days - (days - day_number(cycle.starts)) % cycle.days


def cycle_span(bidding: Bidding | None, on: date) -> tuple[date, date]:
    """The first and the last day of the cycle that a day lies in."""
    cycle = _cycle(bidding)
    first = on - timedelta(days=(on - cycle.starts).days % cycle.days)
    return first, first + timedelta(days=cycle.days - 1)


def as_dates(days: NDArray[np.int64]) -> pl.Series:
    """Dates of days [days since 1970]."""
    return pl.Series(days.astype(np.int32)).cast(pl.Date)


def midnight_after(on: date) -> int:
    """The end of a day by London's clock [microseconds since 1970]."""
    midnight = pl.Series([on + timedelta(days=1)]).cast(pl.Datetime("us"))
    return int(midnight.dt.replace_time_zone(LONDON).dt.epoch("us")[0])


def _cycle(bidding: Bidding | None) -> Cycle:
    return bidding.cycle if bidding is not None and bidding.cycle is not None else _WEEKS


def in_window(moments: pl.Series, window: Window) -> NDArray[np.bool_]:
    """Whether each moment lies in the week's window, by London's clock.

    A window is a span of time: from the first instant at which the clock shows its opening up to
    the end of the last minute in which it shows its closing. Of an hour that comes twice the
    opening is therefore the first and the closing the second; of an hour that does not exist both
    are the moment of the change. A window that closes earlier in the week than it opens runs over
    Sunday night.

    Args:
        moments: with a time zone; none is null.
        window: as the scheme has it.

    References:
        Summer Time Act 1972 s.1 as amended: 01:00 GMT on the last Sundays of March and October.
    """
    # Monday 29 December 1969 begins week 0.
    weeks = (london_days(moments) + 3) // 7
    if not len(weeks):
        return np.zeros(0, bool)
    opens, ends = _spans(np.arange(weeks.min() - 1, weeks.max() + 1), window)
    at, week = moments.dt.epoch("us").to_numpy(), weeks - weeks.min() + 1
    return ((opens[week] <= at) & (at < ends[week])) | (
        (opens[week - 1] <= at) & (at < ends[week - 1])
    )


def _spans(
    weeks: NDArray[np.int64], window: Window
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First instant of each week's window, and the first one after it [microseconds since 1970]."""
    over = _minute(window.closes) < _minute(window.opens)
    opens, _ = _instants(weeks, window.opens, "earliest")
    closes, exists = _instants(weeks + over, window.closes, "latest")
    return opens, np.where(exists, closes + 60_000_000, closes)


def _instants(
    weeks: NDArray[np.int64], moment: Moment, which: Literal["earliest", "latest"]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """When the clock shows a moment in each week, or changes past it; and whether it shows it."""
    minutes = (weeks * 7 - 3) * 1440 + _minute(moment)
    shown = pl.Series(minutes * 60_000_000).cast(pl.Datetime("us"))
    exact = shown.dt.replace_time_zone(LONDON, ambiguous=which, non_existent="null")
    # Clocks go forward at the beginning of an hour of Greenwich time, which they show until then.
    changed = shown.dt.truncate("1h").dt.replace_time_zone("UTC").dt.convert_time_zone(LONDON)
    instants = exact.fill_null(changed).dt.epoch("us").to_numpy()
    return instants, exact.is_not_null().to_numpy()


def _minute(moment: Moment) -> int:
    """Minutes from Monday midnight."""
    hours, minutes = moment.time.split(":")
    return WEEKDAYS.index(moment.day) * 1440 + int(hours) * 60 + int(minutes)
