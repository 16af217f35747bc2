"""Deadlines and months, counted by hand: in the weeks of these tests there are no bank holidays."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Any


def working_days_after(day: date, n: int) -> date:
    """The n-th working day after a day."""
    while n:
        day += timedelta(1)
        n -= day.weekday() < 5
    return day


def last_day(within: dict[str, Any] | None, on: date, viewed_on: date | None = None) -> date | None:
    """The last day in time; None without a deadline."""
    if within is None:
        return None
    start = {
        "sent": on, "received": working_days_after(on, 2), "viewed": viewed_on or on,
    }[within.get("starts", "sent")]
    last = _after(start, within)
    return last if last >= on else _after(on, within)


def _after(start: date, within: dict[str, Any]) -> date:
    if "working_days" in within:
        return working_days_after(start, within["working_days"])
    return start + timedelta(within.get("days", within.get("hours", 0) // 24))


def months_after(day: date, months: int) -> date:
    """The day on which so many months are whole: of a number that the month has not, the next 1st."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    last = calendar.monthrange(year, month)[1]
    return date(year, month, min(day.day, last)) + timedelta(day.day > last)
