"""What people did, as recorded, followed where facts put right lead elsewhere; and what is assumed.

1. An outcome of the record applies wherever what it answers is there again: the same offer (advert,
   application and how many times) at the same step, or the same proposal. It comes as many days
   after it as it did in fact. Outcomes about an advert alone come on their day.
2. Where the record has none, because that was never asked in fact, an offer goes on: it is approved
   by nobody, as in unattended mode (in which the cycle itself does that); the landlord takes the
   household, it comes to view, accepts and signs. Each comes as many days after as it first did on
   that advert, or on the same day.
3. What had no answer in fact when the record ended, or when it came to an end by itself (a proposal
   that lapsed or was approved by nobody, an offer at a step that nobody answered), waits for longer
   than it did before 2. applies.
4. Adverse acts are never assumed, but for passing over by a check, as in unattended mode; nor are
   decisions between equals.

Without a fact put right, what comes of it is therefore the record.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from cbl_engine.offers import events as e
from cbl_engine.offers.answers import apply_outcome
from cbl_engine.offers.book import Book
from cbl_engine.offers.clashes import Clash
from cbl_engine.offers.decisions import By, approve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.entries import Offer, Proposal

Row = dict[str, Any]
Asked = tuple[Any, ...]
"""What an outcome answers: an offer and its step, or a proposal."""

Assume = Literal["accepts", "refuses"]
ASSUMED = "assumed"
"""The outcome of what was assumed begins with this."""

_GOES_ON = {"nominated": "landlord_accepted", "invited": "viewed", "offered": "accepted",
            "accepted": "signed"}
_OF_ADVERTS = ("advert_withdrawn", "advert_corrected")


@dataclass
class Recorded:
    """The outcomes of a record, by what they answered.

    Attributes:
        asked: outcome -> what it answered, and how many days after that was asked.
        first: advert and step (``offer`` for the decision) -> days of its first outcome.
        waiting: what waited without an answer when the record ended, or until it ended by itself ->
            days it had waited.
    """

    asked: dict[str, tuple[Asked, timedelta]] = field(default_factory=dict)
    first: dict[tuple[str | None, str], timedelta] = field(default_factory=dict)
    waiting: dict[Asked, timedelta] = field(default_factory=dict)

    @classmethod
    def of(
        cls, events: Iterable[tuple[int, e.Event, pl.DataFrame | None]], until: date,
        no_contact: Mapping[tuple[Any, Any, date], str],
    ) -> Recorded:
        """What the events of a record say of its outcomes.

        Args:
            events: number, event and the rows of lists, complete.
            until: the day at whose end the record stands.
            no_contact: advert, application and day -> outcome, of those that say so: no event
                names them.
        """
        found, book, asks = cls(), Book(), Asks()
        for n, event, rows in events:
            outcome = getattr(event, "outcome", None)
            if isinstance(event, e.Proposed):
                asks.proposed(event)
                if event.what == "no_contact" and event.offer is not None:
                    outcome = no_contact.get((event.advert, event.application, event.on))
            if outcome is not None and str(outcome) not in found.asked:
                found._note(book, asks, event, str(outcome))
            found._unanswered(book, asks, event)
            book.apply(event, rows, n)
        for proposal in book.open_proposals():
            found.waiting[asks.of(proposal)] = until - proposal.on
        for offer in book.open_offers():
            found.waiting[offer.id, offer.step] = until - at_step_since(book, offer)
        return found

    def _note(self, book: Book, asks: Asks, event: Any, outcome: str) -> None:
        if isinstance(event, e.Decided):
            proposal = book.proposals[event.proposal]
            days = event.on - proposal.on
            self.asked[outcome] = asks.of(proposal), days
            if proposal.act == "offer":
                self.first.setdefault((proposal.advert, "offer"), days)
        elif getattr(event, "offer", None) is not None:
            offer = book.offers[event.offer]
            days = event.on - at_step_since(book, offer)
            self.asked[outcome] = (offer.id, offer.step), days
            self.first.setdefault((offer.advert, offer.step), days)

    def _unanswered(self, book: Book, asks: Asks, event: e.Event) -> None:
        """What ends by itself has waited until then."""
        if isinstance(event, e.Decided) and event.outcome is None:
            proposal = book.proposals[event.proposal]
            self.waiting[asks.of(proposal)] = event.on - proposal.on
        elif isinstance(event, e.OfferEnded):
            offer = book.offers[event.offer]
            self.waiting[offer.id, offer.step] = event.on - at_step_since(book, offer)


class Asks:
    """Names proposals so that the same one is known again: what it is about, and which of those."""

    def __init__(self) -> None:
        self._named: dict[str, Asked] = {}
        self._times: dict[Asked, int] = defaultdict(int)

    def proposed(self, event: e.Proposed) -> None:
        """A proposal is made."""
        about: Asked = (event.act, event.advert, event.application, event.offer, event.what)
        self._times[about] += 1
        self._named[event.proposal] = (*about, self._times[about])

    def of(self, proposal: Proposal) -> Asked:
        """The name of a proposal."""
        return self._named[proposal.id]


def at_step_since(book: Book, offer: Offer) -> date:
    """The day on which an offer came to the step it is at."""
    if offer.step == "let":
        return book.lettings[offer.id].signed_on
    days = (offer.proposed_on, offer.nominated_on, offer.landlord_result_on, offer.invited_on,
            offer.viewed_on, offer.offered_on, offer.answered_on)
    return max(d for d in days if d is not None)


class Following:
    """Answers at the desk, for :func:`~cbl_engine.offers.cycle.run_cycle`; see the module.

    Args:
        recorded: what the outcomes answered.
        outcomes: rows of ``outcomes`` still to come, in order of id.
        before: events that counted before the first cycle that is run again.
        assume: what a household does that is offered a home it was never offered in fact.

    Attributes:
        left: outcomes of the record that found nothing to apply to, so far.
        assumed: day, advert, application and what, of each answer that was assumed.
    """

    def __init__(
        self, recorded: Recorded, outcomes: Iterable[Row], before: Iterable[e.Event],
        assume: Assume = "accepts",
    ) -> None:
        self.recorded, self.assume = recorded, assume
        self.left: dict[str, Row] = {str(row["id"]): row for row in outcomes}
        self.assumed: list[Row] = []
        self._asks, self._seen = Asks(), 0
        self._at: list[e.Event] | None = None
        self._unattended = False
        self._read(before)
        self._to_come: set[Asked] = {
            recorded.asked[o][0] for o in self.left if o in recorded.asked
        }

    def _read(self, events: Iterable[e.Event]) -> None:
        for event in events:
            if isinstance(event, e.Proposed):
                self._asks.proposed(event)

    def __call__(self, desk: Desk) -> None:
        """Do what is due that day."""
        if desk.events is not self._at:  # another cycle: the last day of the one before may have gone on
            self._read((self._at or [])[self._seen:])
            self._at, self._seen = desk.events, 0
            self._unattended = any(isinstance(x, e.CycleBegun) and x.unattended for x in desk.events)
        for outcome in list(self.left):
            row = self.left[outcome]
            if self._due(desk, outcome, row) and _applied(desk, {**row, "on": desk.on}):
                del self.left[outcome]
        for proposal in desk.book.open_proposals():
            if proposal.status == "open" and not self._unattended:
                self._decide(desk, proposal)
        for offer in desk.book.open_offers():
            if offer.open:
                self._go_on(desk, offer)

    def _read_new(self, desk: Desk) -> None:
        self._read(desk.events[self._seen:])
        self._seen = len(desk.events)

    def _since(self, desk: Desk, asked: Asked) -> date | None:
        """Since when something is asked; None: it is not."""
        self._read_new(desk)
        if len(asked) == 2:
            offer = desk.book.offers.get(asked[0])
            return at_step_since(desk.book, offer) if (
                offer is not None and offer.step == asked[1]) else None
        return next(
            (p.on for p in desk.book.about[asked[1], asked[2]]
             if p.status == "open" and self._asks.of(p) == asked), None,
        )

    def _due(self, desk: Desk, outcome: str, row: Row) -> bool:
        if row["what"] in _OF_ADVERTS or outcome not in self.recorded.asked:
            return row["on"] == desk.on
        asked, days = self.recorded.asked[outcome]
        since = self._since(desk, asked)
        return since is not None and desk.on >= since + days

    def _may_assume(self, desk: Desk, asked: Asked, about: tuple[str | None, str]) -> bool:
        """Whether the record has no answer, and the time has come."""
        if asked in self._to_come:
            return False
        since = self._since(desk, asked)
        waited = self.recorded.waiting.get(asked)
        if waited is not None:
            return since is not None and desk.on > since + waited
        days = self.recorded.first.get(about, timedelta())
        return since is not None and desk.on >= since + days

    def _decide(self, desk: Desk, proposal: Proposal) -> None:
        by_check = proposal.act == "bypass" and proposal.what in desk.version.checks
        if proposal.act not in ("offer", "rung") and not by_check:
            return
        self._read_new(desk)
        about = proposal.advert, proposal.act
        if not self._may_assume(desk, self._asks.of(proposal), about):
            return
        try:
            approve(desk, proposal, By(outcome=ASSUMED))
        except Clash:
            return
        self._tell(desk, proposal.advert, proposal.application, f"approved {proposal.act}")

    def _go_on(self, desk: Desk, offer: Offer) -> None:
        what = _GOES_ON.get(offer.step)
        if what is None or not self._may_assume(
            desk, (offer.id, offer.step), (offer.advert, offer.step)
        ):
            return
        if what == "accepted" and self.assume == "refuses":
            what = "refused"
        row = {"id": ASSUMED, "on": desk.on, "what": what, "advert": offer.advert,
               "application": offer.application, "home": offer.home}
        if _applied(desk, row):
            self._tell(desk, offer.advert, offer.application, what)

    def _tell(self, desk: Desk, advert: str | None, application: str | None, what: str) -> None:
        self.assumed.append(
            {"on": desk.on, "advert": advert, "application": application, "what": what}
        )


def _applied(desk: Desk, row: Row) -> bool:
    try:
        apply_outcome(desk, row)
    except Clash:
        return False
    return True
