"""Days as whole numbers, as columns hold them; and how long a year and a month are as lengths of time."""

from __future__ import annotations

from datetime import date, timedelta

YEAR = 365.25
"""A year as a length of time [days]: for means, rates and shares. How old who is goes by the calendar."""
MONTH = YEAR / 12
"""A month as a length of time [days]."""
_DAY_0 = date(1970, 1, 1)


def day_number(on: date) -> int:
    """A date as a number [days since 1970-01-01]."""
    return (on - _DAY_0).days


def date_of(number: int) -> date:
    """The date with a number [days since 1970-01-01]."""
    return _DAY_0 + timedelta(days=int(number))
