"""What each event writes into the book: a pure fold, one function for each kind."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from cbl_engine.offers import events as e
from cbl_engine.offers.entries import (
    AdvertState,
    Counted,
    Held,
    Hold,
    Letting,
    Offer,
    PassedOver,
    Proposal,
    SetAside,
)

if TYPE_CHECKING:
    from cbl_engine.offers.book import Book

_DAY_OF = {
    "nominated": "nominated_on", "invited": "invited_on", "offered": "offered_on",
    "accepted": "answered_on",
}


@singledispatch
def write(event: e.Event, book: Book) -> None:
    """Write down what an event says; the other kinds say nothing of the recorded tables."""


@write.register(e.AdvertHeldBack)
def _held_back(event: e.AdvertHeldBack, book: Book) -> None:
    book.adverts[str(event.advert)] = AdvertState(str(event.advert), "held_back")


@write.register(e.AdvertOpened)
def _opened(event: e.AdvertOpened, book: Book) -> None:
    book.adverts[str(event.advert)] = AdvertState(
        str(event.advert), "open", event.profile, event.quota, homes=event.homes
    )


@write.register(e.AdvertClosed)
def _closed(event: e.AdvertClosed, book: Book) -> None:
    state = book.adverts[str(event.advert)]
    state.status, state.closed_on = "closed", event.on
    state.bids, state.eligible = event.bids, event.eligible


@write.register(e.AdvertUnlet)
def _unlet(event: e.AdvertUnlet, book: Book) -> None:
    state = book.adverts.setdefault(str(event.advert), AdvertState(str(event.advert), "open"))
    state.status = "withdrawn" if event.because == "withdrawn" else "unlet"
    state.unlet_because = event.because


@write.register(e.RungTaken)
def _rung(event: e.RungTaken, book: Book) -> None:
    book.adverts[str(event.advert)].rung = event.number


@write.register(e.AdvertCounted)
def _counted(event: e.AdvertCounted, book: Book) -> None:
    book.ledger.append(
        Counted(event.quota, list(event.stratum), event.period, book.events,
                str(event.advert), _text(event.letting), event.whole, event.part, event.chosen, event.why)
    )


@write.register(e.BidSetAside)
def _aside(event: e.BidSetAside, book: Book) -> None:
    book.set_aside.append(
        SetAside(str(event.advert), str(event.application), event.placed_at, event.rule)
    )


@write.register(e.Proposed)
def _proposed(event: e.Proposed, book: Book) -> None:
    proposal = Proposal(
        event.proposal, event.act, _text(event.advert), _text(event.application), event.offer,
        event.what, event.rule, list(event.because), event.on,
    )
    book.proposals[proposal.id] = proposal
    book.index_proposal(proposal)


@write.register(e.Decided)
def _decided(event: e.Decided, book: Book) -> None:
    proposal = book.proposals[event.proposal]
    book.undecided.pop(proposal.id, None)
    proposal.status, proposal.decided_on = event.status, event.on
    proposal.by, proposal.automated = event.by, event.automated
    proposal.reason = event.reason
    if event.home is not None and proposal.offer is not None:
        _change_home(book, book.offers[proposal.offer], str(event.home))


@write.register(e.HeldFor)
def _held(event: e.HeldFor, book: Book) -> None:
    hold = Hold(_text(event.advert), str(event.application), event.reason, event.on, event.until,
                offer=event.offer)
    book.holds.append(hold)
    book.index_hold(hold)


@write.register(e.HoldEnded)
def _hold_ended(event: e.HoldEnded, book: Book) -> None:
    for hold in book.holding(_text(event.advert), str(event.application), event.offer):
        if hold.reason == event.reason:
            hold.ended_on = event.on
            book.waits.remove(hold)
            book.waits_for[hold.advert, hold.application].remove(hold)


@write.register(e.PassedOver)
def _passed_over(event: e.PassedOver, book: Book) -> None:
    evidence = event.check if event.check is not None else event.outcome
    passed = PassedOver(
        str(event.advert), str(event.application), event.position, event.on, event.reason,
        event.why, event.officer_held, event.until, event.by, _text(evidence),
    )
    book.passed_over.append(passed)
    if passed.until is None:
        book.stands[passed.advert].append(passed)


@write.register(e.PassingOverEnded)
def _back(event: e.PassingOverEnded, book: Book) -> None:
    for passed in book.passing_over(str(event.advert), str(event.application)):
        if passed.reason == event.reason:
            passed.until = event.on
            book.stands[passed.advert].remove(passed)
            book.index_undone(passed)


@write.register(e.OfferProposed)
def _offer(event: e.OfferProposed, book: Book) -> None:
    offer = Offer(
        event.offer, _text(event.advert), _text(event.home), str(event.application),
        event.route, event.final, _text(event.landlord), event.stage, event.position,
        "proposed", event.on,
    )
    book.offers[offer.id] = offer
    book.index(offer)
    if offer.advert is not None:
        _still_to_let(book, offer.advert)


@write.register(e.OfferMoved)
def _moved(event: e.OfferMoved, book: Book) -> None:
    offer = book.offers[event.offer]
    came = offer.step == "invited" and event.step == "attended"
    if offer.step == "nominated":
        offer.landlord_result_on = event.on
    offer.step, offer.due_on = event.step, event.due_on
    column = "viewed_on" if came else _DAY_OF.get(event.step)
    if column is not None:
        setattr(offer, column, event.on)
    offer.under_review = event.under_review


def _change_home(book: Book, offer: Offer, home: str) -> None:
    for other in book.offers_on[offer.advert or ""]:
        if other.step == "proposed" and other.home == home:
            other.home = offer.home
    offer.home = home


@write.register(e.OfferEnded)
def _ended(event: e.OfferEnded, book: Book) -> None:
    offer = book.offers[event.offer]
    book.open.pop(offer.id, None)
    offer.step, offer.due_on = "ended", None
    offer.ended_on, offer.ended_by = event.on, event.by
    offer.reason, offer.reasonable = event.reason, event.reasonable
    if event.by in ("refused", "withdrew"):
        offer.answered_on = event.on
    elif event.by == "landlord_rejected":
        offer.landlord_result_on = event.on


@write.register(e.RefusalJudged)
def _judged(event: e.RefusalJudged, book: Book) -> None:
    offer = book.offers[event.offer]
    offer.counts, offer.reasonable = event.counts, event.reasonable


@write.register(e.ConsequenceBegun)
def _consequence(event: e.ConsequenceBegun, book: Book) -> None:
    book.households += 1
    book.consequences.append(
        Held(str(event.application), event.consequence, event.on, event.until, event.status,
             event.band, event.place_in_band, event.may_not_bid, event.council_bids,
             event.review, list(event.because), event.by)
    )


@write.register(e.ConsequenceLifted)
def _lifted(event: e.ConsequenceLifted, book: Book) -> None:
    book.households += 1
    for held in book.consequences:
        if (held.application, held.consequence, held.since) == (
            str(event.application), event.consequence, event.since
        ) and held.holds_on(event.on):
            held.until = event.on


@write.register(e.LetTo)
def _let(event: e.LetTo, book: Book) -> None:
    offer = book.offers[event.offer]
    book.households += 1
    book.open.pop(offer.id, None)
    offer.step, offer.due_on = "let", None
    state = book.adverts.get(offer.advert or "")
    if state is not None:
        state.let += 1
        if state.let >= state.homes:
            state.status, state.unlet_because = "let", None
    book.lettings[offer.id] = Letting(
        offer.id, offer.advert, offer.home, offer.application, offer.route, event.direct_kind,
        offer.final, event.on, event.started_on, event.band, event.points,
        event.priority_date, event.registered_on, event.bedroom_need,
        state.bids if state is not None else None, offer.position,
        [str(a) for a in event.shares_tenant], _text(event.freed_home),
    )


@write.register(e.LettingUndone)
def _undone(event: e.LettingUndone, book: Book) -> None:
    offer = book.offers[event.offer]
    book.households += 1
    offer.step, offer.ended_on, offer.ended_by = "ended", event.on, "undone"
    offer.reason = event.reason
    book.lettings[offer.id].undone_on = event.on
    if offer.advert is not None:
        book.adverts[offer.advert].let -= 1
        _still_to_let(book, offer.advert)


@write.register(e.MembersSettled)
def _settled(event: e.MembersSettled, book: Book) -> None:
    book.households += 1
    for letting in book.lettings.values():
        if letting.undone_on is None and str(event.application) in letting.shares_tenant:
            letting.shares_tenant.remove(str(event.application))


def _still_to_let(book: Book, advert: str) -> None:
    state = book.adverts[advert]
    if state.status in ("let", "unlet"):
        state.status, state.unlet_because = "closed", None


def _text(value: e.Id | None) -> str | None:
    return None if value is None else str(value)
