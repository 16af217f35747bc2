"""The book: what the events of a record say, and nothing else.

:meth:`Book.apply` is the one way by which it changes. Each entry has the columns of its table
(:data:`~cbl_engine.tables.letting_columns.RECORDED`), so that tables and book are two forms of one
thing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers import events as e
from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.letting_columns import RECORDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime

SCHEMAS: Mapping[str, dict[str, pl.DataType]] = {
    table: {column.name: DTYPES[column.type] for column in columns}
    for table, columns in RECORDED.items()
}
"""Columns and types of each recorded table; ids are text."""

LIVE = ("offered", "accepted")
"""Steps at which a home is on offer to one household alone."""


@dataclass
class Offer:
    """A row of ``offers``."""

    id: str
    advert: str | None
    home: str | None
    application: str
    route: str
    final: bool
    landlord: str | None
    stage: int | None
    position: int | None
    step: str
    proposed_on: date
    nominated_on: date | None = None
    invited_on: date | None = None
    viewed_on: date | None = None
    offered_on: date | None = None
    due_on: date | None = None
    answered_on: date | None = None
    ended_on: date | None = None
    ended_by: str | None = None
    reason: str | None = None
    reasonable: bool | None = None
    counts: bool = False
    under_review: bool = False

    @property
    def open(self) -> bool:
        """Whether anything may still come of it."""
        return self.step not in ("let", "ended")


@dataclass
class Proposal:
    """A row of ``proposals``."""

    id: str
    act: str
    advert: str | None
    application: str | None
    offer: str | None
    what: str | None
    on: date
    status: str = "open"
    decided_on: date | None = None
    by: str | None = None
    automated: bool = False
    reason: str | None = None


@dataclass
class PassedOver:
    """A row of ``passed_over``."""

    advert: str
    application: str
    position: int
    on: date
    reason: str
    kind: str
    officer_held: bool
    until: date | None = None
    by: str | None = None
    evidence: str | None = None

    @property
    def for_good(self) -> bool:
        """Whether it was decided, and so stands whatever comes."""
        return self.kind in ("check", "officer") and self.until is None


@dataclass
class Hold:
    """A row of ``holds``."""

    advert: str
    application: str
    reason: str
    since: date
    until: date | None
    ended_on: date | None = None


@dataclass
class Letting:
    """A row of ``lettings``."""

    id: str
    advert: str | None
    home: str | None
    application: str
    route: str
    kind: str | None
    final: bool
    signed_on: date
    started_on: date
    band: str | None
    points: int | None
    priority_date: date | None
    registered_on: date | None
    bedroom_need: int | None
    bids: int | None
    position: int | None
    shares_tenant: list[str]
    freed_home: str | None
    undone_on: date | None = None

    @property
    def households(self) -> tuple[str, ...]:
        """The application it was let to, and those that share a tenant."""
        return (self.application, *self.shares_tenant)


@dataclass
class Held:
    """A row of ``consequences``."""

    application: str
    consequence: str
    since: date
    until: date | None
    status: str | None
    band: str | None
    place_in_band: int | None
    may_not_bid: bool
    council_bids: bool
    review: bool
    because: list[str]
    by: str | None


@dataclass
class SetAside:
    """A row of ``bids_set_aside``."""

    advert: str
    application: str
    placed_at: datetime
    rule: str


@dataclass
class AdvertState:
    """A row of ``advert_states``."""

    advert: str
    status: str
    profile: str | None = None
    quota: str | None = None
    closed_on: date | None = None
    bids: int | None = None
    eligible: int | None = None
    homes: int = 0
    let: int = 0
    unlet_because: str | None = None
    rung: int = 0


@dataclass
class Counted:
    """A row of ``ledger``."""

    quota: str
    stratum: list[str]
    period: date | None
    event: int
    advert: str
    whole: int
    part: int
    chosen: bool
    why: str


ENTRIES: Mapping[str, type] = {
    "advert_states": AdvertState, "bids_set_aside": SetAside, "proposals": Proposal,
    "offers": Offer, "passed_over": PassedOver, "holds": Hold, "lettings": Letting,
    "consequences": Held, "ledger": Counted,
}
_SHORTLISTED = SCHEMAS["shortlisted"]


@dataclass
class Book:
    """The recorded tables as they stand, by what they are about.

    Attributes:
        events: number of events so far; the first event is number 1.
        lists: what ``shortlisted`` has of each advert, in its order.
    """

    events: int = 0
    adverts: dict[str, AdvertState] = field(default_factory=dict)
    lists: dict[str, pl.DataFrame] = field(default_factory=dict)
    set_aside: list[SetAside] = field(default_factory=list)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    passed_over: list[PassedOver] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    lettings: dict[str, Letting] = field(default_factory=dict)
    consequences: list[Held] = field(default_factory=list)
    ledger: list[Counted] = field(default_factory=list)
    offers_of: dict[str, list[Offer]] = field(default_factory=lambda: defaultdict(list), repr=False)
    offers_on: dict[str, list[Offer]] = field(default_factory=lambda: defaultdict(list), repr=False)

    @classmethod
    def from_tables(cls, tables: Mapping[str, pl.DataFrame], events: int = 0) -> Book:
        """The book that says what these tables say.

        Args:
            tables: recorded tables by name; one that is left out is empty.
            events: number of events that led to them.
        """
        rows: dict[str, list[Any]] = {
            table: [entry(**row) for row in tables[table].select(names_of(entry)).to_dicts()]
            if table in tables else []
            for table, entry in ENTRIES.items()
        }
        book = cls(
            events,
            adverts={row.advert: row for row in rows["advert_states"]},
            set_aside=rows["bids_set_aside"],
            proposals={row.id: row for row in rows["proposals"]},
            offers={row.id: row for row in rows["offers"]},
            passed_over=rows["passed_over"],
            holds=rows["holds"],
            lettings={row.id: row for row in rows["lettings"]},
            consequences=rows["consequences"],
            ledger=rows["ledger"],
        )
        for offer in book.offers.values():
            book._index(offer)
        if "shortlisted" in tables:
            book._list(tables["shortlisted"])
        return book

    @classmethod
    def fold(
        cls, events: Iterable[e.Event], rows: Iterable[tuple[str, pl.DataFrame]]
    ) -> Book:
        """The book that these events lead to.

        Args:
            events: from the first on.
            rows: table and rows of each :class:`~cbl_engine.offers.events.TakenIn`, in order.
        """
        book, frames = cls(), iter(rows)
        for event in events:
            book.apply(event, next(frames)[1] if isinstance(event, e.TakenIn) else None)
        return book

    def tables(self) -> dict[str, pl.DataFrame]:
        """The recorded tables: rows in the order they came about, lists by advert and place."""
        entries: dict[str, Iterable[Any]] = {
            "advert_states": self.adverts.values(), "bids_set_aside": self.set_aside,
            "proposals": self.proposals.values(), "offers": self.offers.values(),
            "passed_over": self.passed_over, "holds": self.holds,
            "lettings": self.lettings.values(), "consequences": self.consequences,
            "ledger": self.ledger,
        }
        made = {
            table: pl.DataFrame(
                {c: [getattr(row, c) for row in of] for c in SCHEMAS[table]},
                schema=SCHEMAS[table],
            )
            for table, of in ((t, list(rows)) for t, rows in entries.items())
        }
        lists = [self.lists[advert] for advert in sorted(self.lists)]
        made["shortlisted"] = pl.concat(lists) if lists else pl.DataFrame(schema=_SHORTLISTED)
        return {table: made[table] for table in RECORDED}

    def apply(self, event: e.Event, rows: pl.DataFrame | None = None) -> None:
        """Write down what an event says.

        Args:
            event: the next one.
            rows: those that a :class:`~cbl_engine.offers.events.TakenIn` speaks of; only lists
                (``shortlisted``) are the book's, the other tables are the record's.
        """
        self.events += 1
        if isinstance(event, e.TakenIn):
            if event.table == "shortlisted" and rows is not None:
                self._list(rows)
        elif (write := _WRITERS.get(type(event))) is not None:
            write(self, event)

    def _list(self, rows: pl.DataFrame) -> None:
        rows = rows.select(list(_SHORTLISTED)).cast(_SHORTLISTED)  # type: ignore[arg-type]
        rows = rows.sort("advert", "position", "application", nulls_last=True)
        for (advert,), own in rows.partition_by("advert", as_dict=True).items():
            self.lists[str(advert)] = own

    def _index(self, offer: Offer) -> None:
        self.offers_of[offer.application].append(offer)
        if offer.advert is not None:
            self.offers_on[offer.advert].append(offer)

    # What is asked of the book.

    def open_offers(self) -> list[Offer]:
        """Offers of which something may still come, in the order they came about."""
        return [offer for offer in self.offers.values() if offer.open]

    def open_proposals(self) -> list[Proposal]:
        """Proposals that wait for a decision, in the order they were made."""
        return [p for p in self.proposals.values() if p.status == "open"]

    def holding(self, advert: str | None, application: str) -> list[Hold]:
        """What a home still waits for of a household."""
        return [
            h for h in self.holds
            if h.ended_on is None and (h.advert, h.application) == (advert, application)
        ]

    def passing_over(self, advert: str, application: str) -> list[PassedOver]:
        """Why a household is passed over on a list, as far as it still stands."""
        return [
            p for p in self.passed_over
            if p.until is None and (p.advert, p.application) == (advert, application)
        ]

    def housed(self) -> set[str]:
        """Applications that were let a home, with those that share a tenant."""
        return {
            application
            for letting in self.lettings.values() if letting.undone_on is None
            for application in letting.households
        }

    # What each event writes.

    def _held_back(self, event: e.AdvertHeldBack) -> None:
        self.adverts[str(event.advert)] = AdvertState(str(event.advert), "held_back")

    def _opened(self, event: e.AdvertOpened) -> None:
        self.adverts[str(event.advert)] = AdvertState(
            str(event.advert), "open", event.profile, event.quota, homes=event.homes
        )

    def _closed(self, event: e.AdvertClosed) -> None:
        state = self.adverts[str(event.advert)]
        state.status, state.closed_on = "closed", event.on
        state.bids, state.eligible = event.bids, event.eligible

    def _unlet(self, event: e.AdvertUnlet) -> None:
        state = self.adverts.setdefault(str(event.advert), AdvertState(str(event.advert), "open"))
        state.status = "withdrawn" if event.because == "withdrawn" else "unlet"
        state.unlet_because = event.because

    def _rung(self, event: e.RungTaken) -> None:
        self.adverts[str(event.advert)].rung = event.number

    def _counted(self, event: e.AdvertCounted) -> None:
        self.ledger.append(
            Counted(event.quota, list(event.stratum), event.period, self.events,
                    str(event.advert), event.whole, event.part, event.chosen, event.why)
        )

    def _aside(self, event: e.BidSetAside) -> None:
        self.set_aside.append(
            SetAside(str(event.advert), str(event.application), event.placed_at, event.rule)
        )

    def _proposed(self, event: e.Proposed) -> None:
        self.proposals[event.proposal] = Proposal(
            event.proposal, event.act, _text(event.advert), _text(event.application), event.offer,
            event.what, event.on,
        )

    def _decided(self, event: e.Decided) -> None:
        proposal = self.proposals[event.proposal]
        proposal.status, proposal.decided_on = event.status, event.on
        proposal.by, proposal.automated = event.by, event.automated
        proposal.reason = event.reason
        if event.home is not None and proposal.offer is not None:
            self._change_home(self.offers[proposal.offer], str(event.home))

    def _held(self, event: e.HeldFor) -> None:
        self.holds.append(
            Hold(str(event.advert), str(event.application), event.reason, event.on, event.until)
        )

    def _hold_ended(self, event: e.HoldEnded) -> None:
        for hold in self.holding(str(event.advert), str(event.application)):
            if hold.reason == event.reason:
                hold.ended_on = event.on

    def _passed_over(self, event: e.PassedOver) -> None:
        evidence = event.check if event.check is not None else event.outcome
        self.passed_over.append(
            PassedOver(str(event.advert), str(event.application), event.position, event.on,
                       event.reason, event.why, event.officer_held, event.until, event.by,
                       _text(evidence))
        )

    def _back(self, event: e.PassingOverEnded) -> None:
        for passed in self.passing_over(str(event.advert), str(event.application)):
            if passed.reason == event.reason:
                passed.until = event.on

    def _offer(self, event: e.OfferProposed) -> None:
        offer = Offer(
            event.offer, _text(event.advert), _text(event.home), str(event.application),
            event.route, event.final, _text(event.landlord), event.stage, event.position,
            "proposed", event.on,
        )
        self.offers[offer.id] = offer
        self._index(offer)
        if offer.advert is not None:
            self._still_to_let(offer.advert)

    def _moved(self, event: e.OfferMoved) -> None:
        offer = self.offers[event.offer]
        came = offer.step == "invited" and event.step == "attended"
        offer.step, offer.due_on = event.step, event.due_on
        column = "viewed_on" if came else _DAY_OF.get(event.step)
        if column is not None:
            setattr(offer, column, event.on)
        offer.under_review = event.under_review

    def _change_home(self, offer: Offer, home: str) -> None:
        for other in self.offers_on[offer.advert or ""]:
            if other.step == "proposed" and other.home == home:
                other.home = offer.home
        offer.home = home

    def _ended(self, event: e.OfferEnded) -> None:
        offer = self.offers[event.offer]
        offer.step, offer.due_on = "ended", None
        offer.ended_on, offer.ended_by = event.on, event.by
        offer.reason, offer.reasonable = event.reason, event.reasonable
        if event.by in ("refused", "withdrew"):
            offer.answered_on = event.on

    def _judged(self, event: e.RefusalJudged) -> None:
        offer = self.offers[event.offer]
        offer.counts, offer.reasonable = event.counts, event.reasonable

    def _consequence(self, event: e.ConsequenceBegun) -> None:
        self.consequences.append(
            Held(str(event.application), event.consequence, event.on, event.until, event.status,
                 event.band, event.place_in_band, event.may_not_bid, event.council_bids,
                 event.review, list(event.because), event.by)
        )

    def _let(self, event: e.LetTo) -> None:
        offer = self.offers[event.offer]
        offer.step, offer.due_on = "let", None
        state = self.adverts.get(offer.advert or "")
        if state is not None:
            state.let += 1
            if state.let >= state.homes:
                state.status, state.unlet_because = "let", None
        self.lettings[offer.id] = Letting(
            offer.id, offer.advert, offer.home, offer.application, offer.route, event.direct_kind,
            offer.final, event.on, event.started_on, event.band, event.points,
            event.priority_date, event.registered_on, event.bedroom_need,
            state.bids if state is not None else None, offer.position,
            [str(a) for a in event.shares_tenant], _text(event.freed_home),
        )

    def _undone(self, event: e.LettingUndone) -> None:
        offer = self.offers[event.offer]
        offer.step, offer.ended_on, offer.ended_by = "ended", event.on, "undone"
        offer.reason = event.reason
        self.lettings[offer.id].undone_on = event.on
        if offer.advert is not None:
            self.adverts[offer.advert].let -= 1
            self._still_to_let(offer.advert)

    def _still_to_let(self, advert: str) -> None:
        state = self.adverts[advert]
        if state.status in ("let", "unlet"):
            state.status, state.unlet_because = "closed", None


_DAY_OF = {
    "nominated": "nominated_on", "invited": "invited_on", "offered": "offered_on",
    "accepted": "answered_on",
}
_WRITERS: Mapping[type, Callable[[Book, Any], None]] = {
    e.AdvertHeldBack: Book._held_back, e.AdvertOpened: Book._opened, e.AdvertClosed: Book._closed,
    e.AdvertUnlet: Book._unlet, e.RungTaken: Book._rung, e.AdvertCounted: Book._counted,
    e.BidSetAside: Book._aside, e.Proposed: Book._proposed, e.Decided: Book._decided,
    e.HeldFor: Book._held, e.HoldEnded: Book._hold_ended, e.PassedOver: Book._passed_over,
    e.PassingOverEnded: Book._back, e.OfferProposed: Book._offer, e.OfferMoved: Book._moved,
    e.OfferEnded: Book._ended, e.RefusalJudged: Book._judged,
    e.ConsequenceBegun: Book._consequence, e.LetTo: Book._let, e.LettingUndone: Book._undone,
}


def names_of(entry: type) -> list[str]:
    """Columns of an entry."""
    return [f.name for f in fields(entry)]


def _text(value: e.Id | None) -> str | None:
    return None if value is None else str(value)
