"""When a period is over, for a column of dates on which it starts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess.ages import months_on
from cbl_engine.scheme.calendar import bank_holidays, working_days_after

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cbl_engine.scheme.upkeep import Period


def period_start(applications: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The latest of these dates that is known; null where none is."""
    present = [pl.col(c).cast(pl.Date) for c in columns if c in applications.columns]
    if not present:
        return pl.Series([None], dtype=pl.Date).new_from_index(0, applications.height)
    return applications.select(pl.max_horizontal(present)).to_series()


def period_end(
    starts: pl.Series, period: Period, closed: Iterable[date] = ()
) -> tuple[pl.Series, pl.Series]:
    """The day on which a period is over, and what was assumed of the calendar.

    Args:
        starts: dates; null is not known.
        period: so many months, days or working days; the day it starts is not counted, unless it
            says so.
        closed: days beside bank holidays that are no working days.

    Returns:
        Dates, null where the start is; and a note where bank holidays are not yet published.
    """
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(starts))
    first = starts.cast(pl.Date)
    start = pl.lit((first - timedelta(days=1) if period.first_day_counts else first).alias("start"))
    if period.months is not None:
        return pl.select(months_on(start, period.months)).to_series(), nothing
    if period.working_days is None:
        return pl.select(start + pl.duration(days=period.days or 0)).to_series(), nothing
    ends = pl.Series(working_days_after(first.to_numpy(), period.working_days, closed))
    ends = ends.cast(pl.Date)
    published = bank_holidays().published_until
    words = f"bank holidays after {published} are not yet published"
    return ends, nothing.set((ends > published).fill_null(value=False), words)
