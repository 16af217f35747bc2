"""The upkeep of a register as data: when something is due, and what the scheme says follows.

Nothing is done by it: what follows is words for an officer and, where it is a status, a proposal.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from cbl_engine.scheme.assessment import Status
from cbl_engine.scheme.parts import Labelled, Name, Part

_DAYS = 10_000


class Follows(Labelled):
    """What should follow when an application comes up."""

    status: Status | None = Field(
        None, description="the status proposed to an officer; left out: none"
    )


class Period(Follows):
    """A time allowed, and what should follow when it is over.

    One of ``months``, ``days`` and ``working_days`` is given. The day it starts is not counted,
    unless ``first_day_counts``.
    """

    months: int | None = Field(None, ge=1, le=1200, description="[months]")
    days: int | None = Field(None, ge=1, le=_DAYS, description="[calendar days]")
    working_days: int | None = Field(
        None, ge=1, le=_DAYS, description="[working days in England, without bank holidays]"
    )
    first_day_counts: bool = Field(
        False,
        description="the period begins with the day it starts, as the law often has it; not with "
        "working_days",
    )


class Due(Period):
    """A period that starts on a date of the application."""

    starts: str | tuple[str, ...] = Field(
        description="date columns of the application; of several, the latest that is known"
    )

    def dates(self) -> tuple[str, ...]:
        """The columns of ``starts``."""
        return (self.starts,) if isinstance(self.starts, str) else self.starts


class NonBidding(Due):
    """How long an application that may bid can go without a bid."""

    starts: str | tuple[str, ...] = Field(
        ("registered_on",),
        description="date columns: where there is no bid, the period starts with the latest known",
    )
    adverts_at_least: int = Field(
        0,
        ge=0,
        description="only where so many adverts of a size it may be let closed in the period",
    )


class DecisionDue(Period):
    """When a decision about a subject is due, where no due date is on record."""

    starts: Literal["requested_on", "received_on", "decided_on", "notified_on"] = Field(
        "requested_on",
        description="what starts the period: the request, its receipt, or the decision made or told "
        "to the household (a time to ask for a review, which is told until it is over)",
    )

    @property
    def after(self) -> bool:
        """Whether it runs once the decision is made, rather than until it is."""
        return self.starts in ("decided_on", "notified_on")


class DutyDue(Period):
    """How long a homelessness duty that is owed may run before an officer looks at it."""

    kind: Literal["prevention", "relief", "main", "intentionally_homeless", "refused_final",
                  "other"] = Field(description="the kind of duty, as in the table of duties")


class Upkeep(Part):
    """What keeps a register right, and what should follow from each list."""

    review: Due | None = Field(None, description="the regular review of each application")
    evidence: dict[Name, Due] = Field(
        default_factory=dict, description="what must be shown again, each with its own date"
    )
    non_bidding: NonBidding | None = Field(
        None, description="how long an application that may bid can go without a bid"
    )
    duties: dict[Name, DutyDue] = Field(
        default_factory=dict, description="clocks of homelessness duties beside those of the law"
    )
    decisions: dict[Name, DecisionDue] = Field(
        default_factory=dict, description="by the subject of officer_decisions"
    )
    changes: Follows | None = Field(None, description="changes that are not yet assessed")
    duplicates: Follows | None = Field(None, description="one person on two applications")
    closed: tuple[date, ...] = Field(
        (), description="days on which the offices are closed, no working days beside bank holidays"
    )
    birthdays: Follows | None = Field(None, description="a birthday that changes the need")
    awards: Follows | None = Field(None, description="an award that is about to end")
    overrides: Follows | None = Field(
        None, description="an officer's value that is about to end, or is in conflict"
    )

    def columns_read(self) -> set[str]:
        """Date columns of applications that start a period."""
        periods = [p for p in (self.review, self.non_bidding, *self.evidence.values()) if p]
        return {name for p in periods for name in p.dates()}
