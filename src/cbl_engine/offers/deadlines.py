"""The last day of a time allowed, and what must have been tried before somebody is not reached."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from cbl_engine.scheme.calendar import working_days_after

if TYPE_CHECKING:
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.offers import Contact, Within

_POSTED = 2  # [working days] until what was sent counts as received
_HOURS_A_DAY = 24


@lru_cache(maxsize=4096)
def last_day(
    within: Within | None,
    done_on: date,
    viewed_on: date | None = None,
    closed: tuple[date, ...] = (),
) -> date | None:
    """The last day on which what is asked for is still in time.

    The day that starts the time is not counted, for hours neither: they run from the midnight
    after it, and are over with the day they end on. In years without bank holidays on record only
    weekends are no working days.

    Args:
        within: the time allowed; None is no deadline.
        done_on: day of the act (a letter sent, a household named, a hold begun).
        viewed_on: day of the viewing, for a time that starts with it; None where there was none.
            A time from the viewing that is over before the act starts with the act.
        closed: days on which the offices are closed, beside weekends and bank holidays.

    Returns:
        Never before the act, or the day that starts the time; None without a deadline.

    References:
        https://www.gov.uk/bank-holidays
    """
    if within is None:
        return None
    if within.starts == "viewed" and viewed_on is not None:
        last = _last_from(viewed_on, within, closed)
        if last >= done_on:
            return last
    received = within.starts == "received"
    return _last_from(_working_day(done_on, _POSTED, closed) if received else done_on, within, closed)


def _last_from(start: date, within: Within, closed: tuple[date, ...]) -> date:
    if within.working_days is not None:
        # No working days at all is that day, though it be a Sunday.
        return max(start, _working_day(start, within.working_days, closed))
    days = within.days if within.days is not None else -(-(within.hours or 0) // _HOURS_A_DAY)
    return start + timedelta(days=days)


def days_closed(version: SchemeVersion) -> tuple[date, ...]:
    """Days on which the offices are closed, as the scheme's upkeep lists them."""
    return version.upkeep.closed if version.upkeep is not None else ()


def landlords_last_day(version: SchemeVersion, landlord: str | None, named_on: date) -> date | None:
    """The last day for a landlord's result on a household that is named to it on a day; None: no deadline.

    Working days are the landlord's where the scheme says on which days it is closed, else the council's.
    """
    own, rules = version.landlords.get(landlord or ""), version.nominations
    within = rules.answer if rules is not None else None
    if own is not None and own.answer is not None:
        within = own.answer
    closed = own.closed if own is not None else None
    return last_day(within, named_on, closed=days_closed(version) if closed is None else closed)


def _working_day(start: date, working_days: int, closed: tuple[date, ...]) -> date:
    import numpy as np

    days = np.array([start], "datetime64[D]")
    return working_days_after(days, working_days, closed).astype(object).item()


def contact_shortfall(
    contact: Contact | None,
    attempts: int | None,
    channels: int | None,
    adjustments_checked: bool | None,
) -> tuple[str, ...]:
    """What is missing before a household counts as not reached.

    Args:
        contact: what the scheme asks for; None is nothing.
        attempts: made, on record [attempts]; null is none.
        channels: used for them, on record [channels]; null is none.
        adjustments_checked: whether reasonable adjustments were checked (Equality Act 2010,
            s.20); null is not on record, which is as if they were not.

    Returns:
        A phrase for each thing that falls short, in this order; empty when nothing does.
    """
    if contact is None:
        return ()
    short = []
    for asked, had, what in (
        (contact.attempts, attempts, "attempts"), (contact.channels, channels, "channels")
    ):
        if (had or 0) < asked:
            short.append(f"{what}: {had or 0} of {asked}")
    if contact.adjustments_checked and not adjustments_checked:
        short.append("reasonable adjustments not checked")
    return tuple(short)
