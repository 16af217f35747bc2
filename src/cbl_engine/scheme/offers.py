"""Checks, nominations, offers, refusals and direct lets as data; ``docs/offers.md`` says how.

Whatever is adverse or binding is proposed to an officer; a rule says what is proposed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cbl_engine.scheme.parts import BandName, Labelled, Name, Sourced, Text

Step = Literal["invited", "offered", "let"]
"""Steps of an offer that a check or a fact can be asked for before."""
ByWhom = Literal["household", "homes", "council", "advert"]
"""Whose order decides when a household stands first for several homes."""

UNITS = ("days", "working_days", "hours")
"""Of these a time allowed gives one."""

KINDS = (
    "suspend_months", "bar_months", "band", "down", "bottom_of_band_months", "cancel", "review",
    "lose_choice_months",
)
"""Of these a consequence gives one."""


class Within(Sourced):
    """A time allowed: exactly one of ``days``, ``working_days`` and ``hours``."""

    days: int | None = Field(None, ge=0, le=366, description="[calendar days]")
    working_days: int | None = Field(
        None, ge=0, le=366, description="[working days in England, without bank holidays]"
    )
    hours: int | None = Field(
        None, ge=1, le=2000, description="[hours]; over at the end of the day they end on"
    )
    starts: Literal["sent", "received", "viewed"] = Field(
        "sent",
        description="sent: the day of the act. received: the second working day after it. viewed: "
        "the day of the viewing, or of the act where there was none",
    )

    def given(self) -> list[str]:
        """The units in which it is given."""
        return [unit for unit in UNITS if getattr(self, unit) is not None]


class Check(Labelled):
    """Something an officer must know before a household goes a step further."""

    before: Step = Field("offered", description="the step that waits for it")
    of: Literal["application", "home", "area"] = Field(
        "application",
        description="application: holds wherever it bids. home, area: holds for that place; a "
        "result without a place holds everywhere",
    )
    when: str | None = Field(
        None, description="a criterion of household and advert: where it is asked; left out: always"
    )
    valid_months: int | None = Field(
        None, ge=1, le=120, description="[months] that a result lasts when it has no end of its own"
    )
    missing: Literal["hold", "bypass"] = Field(
        "hold", description="no result. hold: the home waits. bypass: passing over is proposed"
    )
    hold: Within | None = Field(
        None, description="how long the home waits; then passing over is proposed; left out: on"
    )
    must_pass: bool = Field(
        False, description="a hard stop: no letting without it, whatever an officer decides"
    )
    second_officer: bool = Field(
        False, description="its result counts once a second officer has confirmed it"
    )
    officer_held: bool = Field(
        False,
        description="its name and result are for officers; to everyone else the reason is neutral",
    )


class Contact(Labelled):
    """What must have been tried before a household counts as not reached."""

    attempts: int = Field(1, ge=1, le=50, description="[attempts] on record")
    channels: int = Field(1, ge=1, le=10, description="[channels] used, such as telephone, letter")
    within: Within | None = Field(None, description="how long the household has to answer")
    adjustments_checked: bool = Field(
        True, description="whether reasonable adjustments must have been checked"
    )


class Nominations(Labelled):
    """What holds for homes of landlords to which the council nominates."""

    to: tuple[str, ...] = Field(
        (),
        description="ids of landlords; empty: every landlord under `landlords`, or whoever lets "
        "the home where none is listed",
    )
    send: Within | None = Field(
        None, description="after the close, to name a household to the landlord"
    )
    answer: Within | None = Field(None, description="for the landlord's result")
    at_once: int = Field(1, ge=1, le=100, description="[households] named for one home")


class Consequence(Labelled):
    """What is proposed for a household; exactly one of the kinds."""

    suspend_months: int | None = Field(None, ge=1, le=120, description="[months] suspended")
    bar_months: int | None = Field(
        None, ge=1, le=120, description="[months] in which its bids do not count"
    )
    band: BandName | None = Field(None, description="the band it is put in")
    down: int | None = Field(None, ge=1, le=20, description="bands lower than it is in")
    bottom_of_band_months: int | None = Field(
        None,
        ge=1,
        le=120,
        description="[months] below everyone else in the band; the date is kept and counts again",
    )
    cancel: bool = Field(False, description="the application is closed")
    review: bool = Field(False, description="an officer looks at it")
    lose_choice_months: int | None = Field(
        None, ge=1, le=120, description="[months] in which only the council bids for it"
    )
    months: int | None = Field(
        None, ge=1, le=120, description="for band and down: [months] it lasts; left out: for good"
    )

    def kinds(self) -> list[str]:
        """The kinds that are given."""
        return [name for name in KINDS if getattr(self, name) not in (None, False)]

    @property
    def lasts_months(self) -> int | None:
        """For how many months it holds [months]; None: for good."""
        return next((m for m in (self.suspend_months, self.bar_months, self.bottom_of_band_months,
                                 self.lose_choice_months, self.months) if m is not None), None)


class Refusals(Labelled):
    """After how many refusals something is proposed. Of several that apply, the last written."""

    after: int = Field(ge=1, le=50, description="[refusals] that count")
    months: int | None = Field(
        None, ge=1, le=120, description="[months] looked back on; left out: since it registered"
    )
    when: str | None = Field(None, description="a criterion: whom it binds; left out: everyone")
    every: bool = Field(False, description="again after every further so many")
    then: Name = Field(description="a name under `consequences`: what is proposed")


class FinalOffers(Labelled):
    """Offers whose refusal may end a homelessness duty (Housing Act 1996 ss.193, 193A, 193C)."""

    when: str = Field(description="a criterion: to whom every offer is a final one")
    duties: tuple[Name, ...] = Field(
        min_length=1, description="kinds of `duties`: those that may end"
    )
    suitability: Name = Field(
        description="the check that records the home as suitable, dated and by a named officer"
    )
    warning: Name = Field(
        description="the check that records that the household was warned in writing of what a "
        "refusal may lead to, and told of its right to a review"
    )

    def records(self) -> tuple[Name, ...]:
        """Checks without which no final offer is made."""
        return (self.suitability, self.warning)


class Choosing(Sourced):
    """Who decides when a household stands first for several homes.

    household: its own order of homes, as far as the places of others allow (each household asks
    for its best home first, and a home keeps those best placed). homes: each home to the first on
    its list, as far as other homes' lists allow (each home is offered down its list, and a
    household holds the best for it). council: the council, by ``by``. advert: one home after the
    other, in the order they closed.
    """

    by_whom: ByWhom = Field("advert", description="whose order decides")
    by: tuple[Literal["best_position", "fewest_bids", "largest", "closes_first"], ...] = Field(
        (), description="for council: which home goes first; then advert by advert"
    )
    label: Text | None = Field(None, description="what it says, in words an applicant can read")


class Viewing(Labelled):
    """Several households view together; the highest of those who come is offered the home."""

    together: int = Field(1, ge=1, le=100, description="[households] for each home")
    within: Within | None = Field(None, description="after the invitation")


class Offers(Sourced):
    """How a home is offered, and what follows from the answer."""

    order: Literal["close", "offer"] = Field(
        "close",
        description="close: places as at the close. offer: ranked anew on the day, those to whom "
        "nothing has been offered yet",
    )
    judged_at: dict[str, Step] = Field(
        default_factory=dict,
        description="criteria asked again, by name: the last step before which each must hold",
    )
    choosing: Choosing = Field(Choosing(), description="who decides among several homes")
    one_at_a_time: bool = Field(
        True, description="a household under offer is offered nothing else meanwhile"
    )
    viewing: Viewing | None = Field(None, description="viewing before the offer")
    answer: Within | None = Field(
        None, description="for the household's answer; left out: until it comes"
    )
    silence: Literal["refused", "bypass"] = Field(
        "bypass",
        description="no answer in time. refused: it counts as a refusal. bypass: passed over",
    )
    contact: Contact | None = Field(None, description="before a household counts as not reached")
    reasons: dict[Name, Text] = Field(
        default_factory=dict, description="good reasons for a refusal: those do not count"
    )
    passing_over: dict[Name, Text] = Field(
        default_factory=dict,
        description="for what else an officer may pass over a household; left out: nothing else",
    )
    refusals: dict[Name, Refusals] = Field(
        default_factory=dict, description="what is proposed after how many refusals"
    )
    final: FinalOffers | None = Field(None, description="offers that may end a homelessness duty")
    discretion: Text | None = Field(
        None, description="the clause on exceptional circumstances; each use is listed"
    )


class DirectLet(Labelled):
    """A letting outside bidding, and what permits it."""

    permitted_by: Text = Field(description="the clause of the scheme, or the exemption in law")
    part_6: bool = Field(
        True, description="whether it is an allocation under Part 6 of the Housing Act 1996"
    )
    sensitive: bool = Field(
        False, description="its lettings are left out of everything that is published"
    )
    when: str | None = Field(None, description="a criterion: who; left out: as officers decide")
    homes: str | None = Field(
        None, description="a criterion over the home alone; left out: any home"
    )
    fit: tuple[str, ...] = Field(
        (), description="criteria of household and home; left out: those common to every advert"
    )
