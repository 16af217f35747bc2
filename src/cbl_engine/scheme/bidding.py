"""Who may bid, how often and when, and for whom the council bids; ``docs/offers.md`` says how.

Every rule has a name: a bid that does not count is set aside under it.
"""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cbl_engine.scheme.parts import CLOCK_TIME, Labelled, Name, Part, Sourced

Weekday = Literal[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)


def _of_the_clock(value: str) -> str:
    if time.fromisoformat(value).tzinfo is not None:
        raise ValueError("a time of the clock in London, without an offset")
    return value


ClockTime = Annotated[str, Field(pattern=CLOCK_TIME), AfterValidator(_of_the_clock)]


class Moment(Part):
    """A moment of the week, by the clock in London."""

    day: Weekday = Field(description="day of the week")
    time: ClockTime = Field(description="HH:MM by the clock in London, summer time included")


class Window(Labelled):
    """When bids are taken in each week: from one moment up to another, both by London's clock."""

    opens: Moment = Field(description="the first moment")
    closes: Moment = Field(description="the last minute in which a bid is taken")


class Cycle(Sourced):
    """The rhythm of advertising: cycles follow each other without a gap from ``starts``."""

    starts: date = Field(description="first day of any one cycle; cycles before it count as well")
    days: int = Field(7, ge=1, le=366, description="[days] in a cycle")


class Cap(Labelled):
    """The most bids that one household may have standing."""

    bids: int = Field(ge=1, le=1000, description="[bids]")
    per: Literal["cycle", "live"] = Field(
        description="cycle: on adverts that close in the same cycle. live: at any one moment, on "
        "adverts that have not closed"
    )
    when: str | None = Field(None, description="a criterion: whom it binds; left out: everyone")
    withdrawn: Literal["free", "spent"] = Field(
        "free",
        description="a bid that was withdrawn. free: it may be placed elsewhere. spent: it counts",
    )


class Choice(Labelled):
    """How a group bids. Of several, the first whose criterion is met is the household's."""

    when: str | None = Field(None, description="a criterion; left out: everyone")
    bids: Literal["own", "none", "council", "automatic"] = Field(
        description="own: the household bids. none: it may not. council: only the council bids "
        "for it. automatic: it bids, and in a cycle without a bid of its own the engine does"
    )
    only: str | None = Field(
        None, description="restricted bidding: a criterion of household and advert that a bid meets"
    )


class AutomaticBids(Labelled):
    """Bids that the engine places for households whose choice is ``automatic``."""

    most: int = Field(1, ge=1, le=1000, description="[bids] for a household in a cycle")
    suits: str | None = Field(
        None, description="a criterion of household and advert; left out: its wishes alone"
    )


class Frozen(Labelled):
    """Who is under consideration for a home, and what they may not do meanwhile."""

    while_: Literal["first", "invited", "offered", "accepted"] = Field(
        alias="while",
        description="first: stood first when a list closed, until it is settled. invited, offered "
        "or accepted: from that step of an offer on",
    )
    may_not: Literal["bid", "be_listed"] = Field(
        description="bid: new bids do not count. be_listed: no other home is offered either"
    )


class Duty(Labelled):
    """Bids that a household must place, and what is proposed when it does not."""

    bids: int = Field(1, ge=1, le=1000, description="[bids]")
    months: int = Field(ge=1, le=120, description="[months] looked back on")
    when: str | None = Field(None, description="a criterion: whom it binds; left out: everyone")
    then: Name = Field(description="a name under `consequences`: what is proposed")


class Bidding(Part):
    """The rules of bidding; whatever is left out does not bind."""

    cycle: Cycle | None = Field(
        None, description="the rhythm of advertising; left out: weeks from Monday"
    )
    window: Window | None = Field(
        None, description="when bids are taken; left out: while the advert is open"
    )
    caps: dict[Name, Cap] = Field(default_factory=dict, description="the most bids that may stand")
    choice: dict[Name, Choice] = Field(
        default_factory=dict, description="how a household bids; the first that applies is its own"
    )
    automatic: AutomaticBids | None = Field(
        None, description="how the engine bids for those whose choice is automatic"
    )
    frozen: dict[Name, Frozen] = Field(
        default_factory=dict, description="what those under consideration may not do"
    )
    duties: dict[Name, Duty] = Field(
        default_factory=dict, description="bids that must be placed"
    )
