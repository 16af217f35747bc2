"""What happens, as typed events: the only way by which a record changes.

An event says what was done, on which day, to which ids; never a fact about a person. Facts and free
words are rows, recorded apart and named here by their digest (:class:`TakenIn`).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

EVENTS_VERSION = 1
"""Of the shape of events; a change that breaks a reader raises it and is in the CHANGELOG."""

Id = str | int
Act = Literal[
    "offer", "bypass", "tie", "refusal_counts", "consequence", "duty_may_end", "direct_let", "rung"
]


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    on: date


class Begun(_Event):
    """A record begins."""

    kind: Literal["begun"] = "begun"
    engine: str
    version: int = EVENTS_VERSION


class CycleBegun(_Event):
    """A cycle begins: what follows, up to the next one, was done by it.

    ``scheme_hash`` is that of the scheme's text; null: recorded before there was one.
    """

    kind: Literal["cycle_begun"] = "cycle_begun"
    cycle: int
    since: date | None
    as_at: date
    scheme: str
    unattended: bool
    seed: int = 0
    scheme_hash: str | None = None


class CycleSuperseded(_Event):
    """A cycle run again: the events from ``first`` up to ``last`` no longer count."""

    kind: Literal["cycle_superseded"] = "cycle_superseded"
    cycle: int
    first: int
    last: int


class TakenIn(_Event):
    """Rows recorded apart: new ones, or ones that take the place of those with the same key."""

    kind: Literal["taken_in"] = "taken_in"
    table: str
    rows: int
    digest: str
    why: Literal["given", "made", "rectified"] = "given"
    whole: bool = False


class Quarantined(_Event):
    """A row of outcomes that clashed and was left out."""

    kind: Literal["quarantined"] = "quarantined"
    outcome: Id
    clash: str


class BidSetAside(_Event):
    """A bid that does not count, under a rule."""

    kind: Literal["bid_set_aside"] = "bid_set_aside"
    advert: Id
    application: Id
    placed_at: datetime
    rule: str


class BidPlaced(_Event):
    """A bid that the engine placed for a household."""

    kind: Literal["bid_placed"] = "bid_placed"
    advert: Id
    application: Id
    placed_at: datetime
    rule: str


class AdvertHeldBack(_Event):
    """An advert that does not agree with the record of its home, or may not be published."""

    kind: Literal["advert_held_back"] = "advert_held_back"
    advert: Id
    findings: tuple[str, ...]


class AdvertOpened(_Event):
    """An advert is published; its profile is settled."""

    kind: Literal["advert_opened"] = "advert_opened"
    advert: Id
    homes: int
    profile: str | None
    quota: str | None = None


class AdvertCounted(_Event):
    """An advert or letting counts in a quota or a plan's target."""

    kind: Literal["advert_counted"] = "advert_counted"
    quota: str
    stratum: tuple[str, ...]
    period: date | None
    advert: Id
    letting: Id | None = None
    whole: int
    part: int
    chosen: bool
    why: str


class AdvertClosed(_Event):
    """An advert closed and its list was made; the list itself is taken in as ``shortlisted``."""

    kind: Literal["advert_closed"] = "advert_closed"
    advert: Id
    bids: int
    eligible: int


class AdvertCorrected(_Event):
    """An advert was put right after bids had come: those are void, and their bidders told."""

    kind: Literal["advert_corrected"] = "advert_corrected"
    advert: Id
    bids: int


class AdvertUnlet(_Event):
    """A home was not let by this advert."""

    kind: Literal["advert_unlet"] = "advert_unlet"
    advert: Id
    because: Literal["no_bids", "no_eligible", "exhausted", "withdrawn"]


class RungTaken(_Event):
    """The next step for a home that was not let was decided on."""

    kind: Literal["rung_taken"] = "rung_taken"
    advert: Id
    step: str
    number: int


class Proposed(_Event):
    """An adverse or binding act is proposed; nothing is done yet.

    ``rule`` names the rule of refusals, or the duty to bid, by which a consequence is proposed, and
    ``because`` the offers that were refused; none where bids are missing.
    """

    kind: Literal["proposed"] = "proposed"
    proposal: str
    act: Act
    advert: Id | None = None
    application: Id | None = None
    offer: str | None = None
    what: str | None = None
    rule: str | None = None
    because: tuple[str, ...] = ()


class Decided(_Event):
    """A proposal is decided, by a named officer or without anyone.

    ``home`` is given where an offer was approved of another home of the group; an offer of that
    home still proposed has the one left instead.
    """

    kind: Literal["decided"] = "decided"
    proposal: str
    status: Literal["approved", "declined", "lapsed"]
    by: str | None = None
    second_by: str | None = None
    automated: bool = False
    reason: str | None = None
    home: Id | None = None
    outcome: Id | None = None


class HeldFor(_Event):
    """A home waits: a check or a fact is missing. Of a direct let, ``offer`` says which."""

    kind: Literal["held_for"] = "held_for"
    advert: Id | None
    application: Id
    reason: str
    until: date | None
    offer: str | None = None


class HoldEnded(_Event):
    """What was waited for came, or the time is over."""

    kind: Literal["hold_ended"] = "hold_ended"
    advert: Id | None
    application: Id
    reason: str
    offer: str | None = None


class PassedOver(_Event):
    """A household is passed over on one list, with the reason."""

    kind: Literal["passed_over"] = "passed_over"
    advert: Id
    application: Id
    position: int
    reason: str
    why: Literal["check", "criterion", "rule", "officer"]
    officer_held: bool = False
    until: date | None = None
    by: str | None = None
    outcome: Id | None = None
    check: Id | None = None


class PassingOverEnded(_Event):
    """What a household was passed over for has ended, or an officer undid it: it is back on that list.

    ``by`` and ``outcome`` are given where a passing over was decided, and undone.
    """

    kind: Literal["passing_over_ended"] = "passing_over_ended"
    advert: Id
    application: Id
    reason: str
    by: str | None = None
    outcome: Id | None = None


class OfferProposed(_Event):
    """A home is meant for a household: an offer begins.

    ``reserved`` names the targets that were behind: whoever meets none of them waited.
    """

    kind: Literal["offer_proposed"] = "offer_proposed"
    offer: str
    advert: Id | None
    home: Id | None
    application: Id
    route: Literal["bid", "direct"]
    final: bool
    landlord: Id | None = None
    stage: int | None = None
    position: int | None = None
    reserved: tuple[str, ...] = ()


class OfferMoved(_Event):
    """An offer goes on to its next step."""

    kind: Literal["offer_moved"] = "offer_moved"
    offer: str
    step: Literal["nominated", "invited", "attended", "offered", "accepted"]
    due_on: date | None = None
    under_review: bool = False
    outcome: Id | None = None


class OfferEnded(_Event):
    """An offer comes to an end without a letting."""

    kind: Literal["offer_ended"] = "offer_ended"
    offer: str
    by: Literal[
        "declined", "landlord_rejected", "landlord_silent", "absent", "not_chosen", "refused",
        "no_reply", "no_contact", "withdrew", "offer_withdrawn", "undone", "housed_elsewhere",
        "members_unsettled", "advert_withdrawn", "bypassed", "outranked",
    ]
    reason: str | None = None
    reasonable: bool | None = None
    outcome: Id | None = None


class RefusalJudged(_Event):
    """Whether a refusal counts was decided.

    ``by`` and ``outcome`` are given where one that counted was judged anew.
    """

    kind: Literal["refusal_judged"] = "refusal_judged"
    offer: str
    counts: bool
    reasonable: bool | None = None
    by: str | None = None
    outcome: Id | None = None


class ConsequenceBegun(_Event):
    """What a household's refusals or missing bids lead to begins."""

    kind: Literal["consequence_begun"] = "consequence_begun"
    application: Id
    consequence: str
    until: date | None
    status: str | None = None
    band: str | None = None
    place_in_band: int | None = None
    may_not_bid: bool = False
    council_bids: bool = False
    review: bool = False
    because: tuple[str, ...] = ()
    by: str | None = None


class ConsequenceLifted(_Event):
    """An officer ended a consequence, after a review say: it holds no longer from that day.

    ``since`` is the day it began.
    """

    kind: Literal["consequence_lifted"] = "consequence_lifted"
    application: Id
    consequence: str
    since: date
    by: str
    outcome: Id | None = None


class DutyMayEnd(_Event):
    """An officer found that a refusal may end a homelessness duty; the duty itself is theirs."""

    kind: Literal["duty_may_end"] = "duty_may_end"
    application: Id
    offer: str
    duty: str
    by: str | None = None


class LetTo(_Event):
    """A tenancy is signed: one event closes all that hangs on it."""

    kind: Literal["let_to"] = "let_to"
    offer: str
    started_on: date
    band: str | None = None
    points: int | None = None
    priority_date: date | None = None
    registered_on: date | None = None
    bedroom_need: int | None = None
    direct_kind: str | None = None
    shares_tenant: tuple[Id, ...] = ()
    freed_home: Id | None = None
    outcome: Id | None = None


class LettingUndone(_Event):
    """A letting fell through: the home goes on down its list."""

    kind: Literal["letting_undone"] = "letting_undone"
    offer: str
    reason: str | None = None
    outcome: Id | None = None


class MembersSettled(_Event):
    """An application shares a tenant with no letting any longer, and may be considered again."""

    kind: Literal["members_settled"] = "members_settled"
    application: Id


class Erased(_Event):
    """The facts of a household were destroyed; the events and digests stay."""

    kind: Literal["erased"] = "erased"
    application: Id
    rows: int
    because: str


KINDS = (
    Begun, CycleBegun, CycleSuperseded, TakenIn, Quarantined, BidSetAside, BidPlaced,
    AdvertHeldBack, AdvertOpened, AdvertCounted, AdvertClosed, AdvertCorrected, AdvertUnlet,
    RungTaken, Proposed, Decided, HeldFor, HoldEnded, PassedOver, PassingOverEnded, OfferProposed,
    OfferMoved, OfferEnded, RefusalJudged, ConsequenceBegun, ConsequenceLifted, DutyMayEnd, LetTo,
    LettingUndone, MembersSettled, Erased,
)

Event = Annotated[
    Begun | CycleBegun | CycleSuperseded | TakenIn | Quarantined | BidSetAside | BidPlaced
    | AdvertHeldBack | AdvertOpened | AdvertCounted | AdvertClosed | AdvertCorrected | AdvertUnlet
    | RungTaken | Proposed | Decided | HeldFor | HoldEnded | PassedOver | PassingOverEnded | OfferProposed
    | OfferMoved | OfferEnded | RefusalJudged | ConsequenceBegun | ConsequenceLifted | DutyMayEnd
    | LetTo | LettingUndone | MembersSettled | Erased,
    Field(discriminator="kind"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
"""Reads and writes an event."""
