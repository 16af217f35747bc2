"""Offers on their way: from a proposal that was approved to the household's answer, and their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.offers import events as e
from cbl_engine.offers.above import first_who_came, is_awaited, is_kept, stand_above
from cbl_engine.offers.book import LIVE
from cbl_engine.offers.deadlines import landlords_last_day
from cbl_engine.offers.line import equals
from cbl_engine.offers.lines import names_that_hold
from cbl_engine.offers.standing import Place, Stop, what_stops
from cbl_engine.offers.stops import SILENCES, end_holds, no_longer_stops, stop_at

if TYPE_CHECKING:
    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.entries import Offer, Proposal
    from cbl_engine.scheme.offers import Step


def proposal_of(desk: Desk, offer: Offer) -> Proposal | None:
    """The proposal by which an offer began."""
    act = "direct_let" if offer.route == "direct" else "offer"
    return next(
        (p for p in desk.book.about[offer.advert, offer.application]
         if p.offer == offer.id and p.act == act), None,
    )


def approved(desk: Desk, offer: Offer) -> bool:
    """Whether somebody decided that an offer goes on."""
    proposal = proposal_of(desk, offer)
    return proposal is not None and proposal.status == "approved"


def move_offers(desk: Desk) -> bool:
    """Take every offer on that can go on; what stops one that cannot is proposed or waited for.

    Returns:
        Whether anything happened.
    """
    before = desk.book.events
    going = [o for o in desk.book.open_offers() if o.step in ("proposed", "accepted")]
    following = [(offer, _next(desk, offer)) for offer in going]
    for step in ("invited", "offered", "let"):
        _take_on(desk, [offer for offer, its in following if its == step], step)
    return desk.book.events > before


def offer_to_visitors(desk: Desk) -> bool:
    """Offer each home to the highest of those who came, once everyone above was asked.

    Of the others who came nothing is waited for any longer that stops them no more.

    Returns:
        Whether anything happened.
    """
    before = desk.book.events
    came = [o for o in desk.book.open_offers() if o.step == "attended"]
    order = sorted({(o.home, o.advert) for o in came}, key=lambda its: (its[0] or "", its[1] or ""))
    highest = [offer for home, advert in order for offer in _highest(desk, advert, home)]
    _take_on(desk, highest, "offered")
    others = [o for o in came if o.step == "attended" and o not in highest and _waited_for(desk, o)]
    standing = what_stops(desk, [place_of(desk, o) for o in others], "offered") if others else {}
    for offer in others:
        stop = standing.get((offer.advert or offer.id, offer.application))
        no_longer_stops(desk, offer.advert, offer.application, stop, offer.id)
    return desk.book.events > before


def _waited_for(desk: Desk, offer: Offer) -> bool:
    """Whether a home waits for an offer's household, or passing it over waits for a decision."""
    return bool(desk.book.holding(offer.advert, offer.application, offer.id)) or any(
        (p.act, p.offer, p.status) == ("bypass", offer.id, "open")
        for p in desk.book.about[offer.advert, offer.application])


def _take_on(desk: Desk, offers: list[Offer], step: Step) -> None:
    """Take offers to a step, or write down what stops them on the way."""
    places = [place_of(desk, o) for o in offers]
    standing = what_stops(desk, places, step)
    for offer, place in zip(offers, places, strict=True):
        if offer.open:
            _at_step(desk, offer, step, standing.get(place.key))


def place_of(desk: Desk, offer: Offer) -> Place:
    """Where an offer is asked about."""
    unknown = desk.book.unknown.get(offer.advert or "", {}).get(offer.application, ())
    holds = names_that_hold(desk.version) if unknown else frozenset()
    return Place(
        offer.advert or offer.id, offer.application, offer.home, offer.landlord, offer.final,
        tuple(n for n in unknown if n in holds), direct=offer.advert is None,
        allocation=_allocation(desk, offer), let_stand=_let_stand(desk, offer),
    )


def _allocation(desk: Desk, offer: Offer) -> bool:
    """Whether the letting is one under Part 6; a direct let is by its kind."""
    proposal = proposal_of(desk, offer) if offer.route == "direct" else None
    kind = desk.version.direct_lets.get(proposal.what or "") if proposal is not None else None
    return kind is None or kind.part_6


def _let_stand(desk: Desk, offer: Offer) -> frozenset[str]:
    """For what an officer declined to pass over a household that has accepted."""
    if offer.step != "accepted":
        return frozenset()
    return frozenset(
        p.what or "" for p in desk.book.about[offer.advert, offer.application]
        if p.act == "bypass" and p.offer == offer.id and p.status == "declined"
    )


def _next(desk: Desk, offer: Offer) -> Step:
    """The step that an offer comes to next, of those that something may be asked before."""
    if offer.step == "accepted":
        return "let"
    viewing = desk.offers.viewing is not None and offer.route == "bid"
    return "invited" if viewing and offer.step == "proposed" else "offered"


def _highest(desk: Desk, advert: str | None, home: str | None) -> list[Offer]:
    """Of those who came to see a home, the one to whom it is offered now."""
    first = first_who_came(desk, advert, home)
    if first is None:
        return []
    at_home = desk.at_home(advert, home)
    awaited = [o for o in at_home if is_awaited(desk, o)]
    if any(o.step in LIVE for o in at_home) or any(o.step != "nominated" for o in awaited):
        return []
    if stand_above(desk, first, [o.application for o in awaited]) or is_kept(desk, first):
        return []
    groups = desk.book.tie_groups(first.advert)
    same = [o for o in at_home if o.step == "attended" and o.advert == advert
            and groups.get(o.application, o.id) == groups.get(first.application)
            and not stand_above(desk, o, [first.application])]
    if len(same) <= 1:
        return [first]
    named = equals(o.application for o in same)
    if not any(p.act == "tie" and p.advert == first.advert and p.what == named
               for p in desk.book.open_proposals()):
        desk.propose("tie", advert=first.advert, what=named)
    return []


def _at_step(desk: Desk, offer: Offer, step: Step, stop: Stop | None) -> None:
    no_longer_stops(desk, offer.advert, offer.application, stop, offer.id)
    if stop is None:
        able = offer.step == "attended" or approved(desk, offer)
        if step != "let" and able and not on_offer_elsewhere(desk, offer):
            go_on(desk, offer)
    elif stop.does == "pass_over" and step != "let":
        passed_over(desk, offer, stop.reason, stop.kind)
        no_offer_yet = offer.route == "bid" and offer.step == "proposed" and not approved(desk, offer)
        end(desk, offer, "outranked" if no_offer_yet else "bypassed")
    elif offer.step != "proposed" or approved(desk, offer):
        stop_at(desk, stop if stop.does == "hold" else _to_decide(stop), offer.advert,
                offer.application, offer.id)


def _to_decide(stop: Stop) -> Stop:
    return Stop("bypass", stop.kind, stop.reason, None, stop.check, stop.must_pass,
                stop.officer_held)


def go_on(desk: Desk, offer: Offer, **more: Any) -> None:
    """An offer goes on to its next step, by the landlord, the viewing, to the offer itself."""
    bid, rules = offer.route == "bid", desk.offers
    if offer.step == "proposed" and bid and desk.nominated(offer.landlord):
        due = landlords_last_day(desk.version, offer.landlord, desk.on)
        move(desk, offer, "nominated", due_on=due, **more)
    elif offer.step in ("proposed", "nominated") and bid and rules.viewing is not None:
        move(desk, offer, "invited", due_on=desk.last_day(rules.viewing.within), **more)
    elif on_offer_elsewhere(desk, offer) or _comes_after(desk, offer):
        move(desk, offer, "attended", **more)
    else:
        due = desk.last_day(rules.answer, viewed_on=offer.viewed_on)
        move(desk, offer, "offered", due_on=due, **more)


def _comes_after(desk: Desk, offer: Offer) -> bool:
    """Whether the home is on offer to another, or somebody above is on the way or waits for it."""
    others = [o for o in desk.at_home(offer.advert, offer.home) if o.id != offer.id]
    if any(o.step in LIVE for o in others) or is_kept(desk, offer):
        return True
    ahead = [o.application for o in others if o.step in ("proposed", "attended")]
    return offer.step != "attended" and bool(stand_above(desk, offer, ahead))


def on_offer_elsewhere(desk: Desk, offer: Offer) -> bool:
    """Whether the household has another home on offer, and one at a time is the rule."""
    return desk.offers.one_at_a_time and any(
        o.step in LIVE and o.id != offer.id for o in desk.book.offers_of[offer.application]
    )


def move(desk: Desk, offer: Offer, step: Any, **more: Any) -> None:
    """An offer comes to a step; that nobody answered before is proposed no longer."""
    desk.emit(e.OfferMoved(on=desk.on, offer=offer.id, step=step, **more))
    for proposal in desk.book.open_proposals():
        if proposal.offer == offer.id and proposal.what in SILENCES:
            desk.decide(proposal, "lapsed")


def end(desk: Desk, offer: Offer, by: Any, **more: Any) -> None:
    """An offer ends; what was proposed or waited for on its way lapses with it."""
    desk.emit(e.OfferEnded(on=desk.on, offer=offer.id, by=by, **more))
    for proposal in desk.book.open_proposals():
        if proposal.offer == offer.id and proposal.act in ("offer", "direct_let", "bypass"):
            desk.decide(proposal, "lapsed")
    end_holds(desk, offer.advert, offer.application, offer.id)


def passed_over(desk: Desk, offer: Offer, reason: str, why: Any, **more: Any) -> None:
    """A household is passed over on the list that its offer came from; a direct let has none."""
    if offer.advert is not None:
        desk.emit(e.PassedOver(
            on=desk.on, advert=offer.advert, application=offer.application,
            position=offer.position or 0, reason=reason, why=why, **more,
        ))
