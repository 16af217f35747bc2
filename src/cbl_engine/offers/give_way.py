"""Proposals that nobody approved yet give way to who leads by then, where a scheme ranks on the day.

So they do, whenever it ranks, to a household that was wrongly passed over, and to who was let the home
otherwise. A proposal is no offer. Of each list on which one waits, ranked anew as at that day, those lapse
whose household has no place any more, and, from the lowest up, those whose homes are too few for
who may be asked above it. Who gave way stays on the list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.offers.above import first_who_came, free_homes, stand_above
from cbl_engine.offers.advertising import homes_let
from cbl_engine.offers.line import to_let
from cbl_engine.offers.lines import out_of
from cbl_engine.offers.lists import rank_anew
from cbl_engine.offers.moves import approved, end
from cbl_engine.offers.standing import Place, due_before, what_stops

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.entries import Offer


def give_way(desk: Desk) -> None:
    """Proposals of a home that is let lapse, and those that lead no longer where the scheme ranks on the
    day.

    Those of the day itself lead as they were made; so none is made and lapses for ever.
    """
    for offer in let_to_others(desk):
        if offer.step == "proposed":
            end(desk, offer, "not_chosen")
    if desk.offers.order == "offer" and desk.at_rest != (desk.on, desk.book.events):
        _ranked(desk)
        _lapse(desk, {advert: _of_days_before(desk, its) for advert, its in _waiting(desk).items()})


def let_to_others(desk: Desk) -> list[Offer]:
    """Open offers of a home that is let to somebody else by now: by a tenancy on record, or because the
    move that was to free it fell through.
    """
    return [offer for offer in desk.book.open.values() if offer.home in desk.let
            and offer.home in set(homes_let(desk.record, desk.on, but_to=offer.application))]


def make_way(desk: Desk, advert: str) -> None:
    """Proposals of a list that lead no longer lapse, whenever the scheme ranks."""
    _lapse(desk, {advert: _not_approved(desk, advert)})


def leads(desk: Desk, offer: Offer) -> bool:
    """Whether a proposal may still be approved: it leads, or the scheme does not rank on the day.

    One that leads no longer lapses at that.
    """
    if desk.offers.order == "offer" and offer.advert is not None and desk.vacant(offer.advert):
        _ranked(desk)
        _lapse(desk, {offer.advert: _of_days_before(desk, _not_approved(desk, offer.advert))})
    return offer.open


def _ranked(desk: Desk) -> None:
    """Lists on which a proposal waits are ranked as at that day: at once, and again when anything
    that they read changes.
    """
    desk.keep("ranked for who waits", (desk.on, desk.changes, desk.came),
              lambda: rank_anew(desk, _waiting(desk)))


def _waiting(desk: Desk) -> dict[str, list[Offer]]:
    return {advert: its for advert in to_let(desk) if (its := _not_approved(desk, advert))}


def _lapse(desk: Desk, waiting: dict[str, list[Offer]]) -> None:
    above = {offer.id: _above(desk, offer) for its in waiting.values() for offer in its}
    able = _able(desk, {(o.advert or "", a) for its in waiting.values() for o in its
                        for a in above[o.id]})
    for advert, its in waiting.items():
        listed = desk.listed(advert)
        for offer in sorted(its, key=lambda o: listed.place(o.application), reverse=True):
            ahead = sum((advert, a) in able for a in above[offer.id])
            if offer.application not in listed or ahead > len(free_homes(desk, advert)):
                end(desk, offer, "outranked")


def _of_days_before(desk: Desk, offers: list[Offer]) -> list[Offer]:
    return [offer for offer in offers if offer.proposed_on < desk.on]


def _not_approved(desk: Desk, advert: str) -> list[Offer]:
    """Offers that are proposed, and no more than that."""
    return [o for o in desk.book.offers_on[advert] if o.step == "proposed" and not approved(desk, o)]


def _above(desk: Desk, offer: Offer) -> set[str]:
    """Who stands above an offer's household and is not asked yet, for a home that they may come to."""
    advert = offer.advert or ""
    listed, out = desk.listed(advert), out_of(desk, advert)
    ahead = listed.applications
    if desk.row("adverts", advert).get("local_lettings_plan") is None:
        ahead = ahead[: listed.place(offer.application)]
    above = stand_above(desk, offer, [a for a in ahead if a not in out])
    first = first_who_came(desk, advert, offer.home)
    return above if first is None else stand_above(desk, first, above)


def _able(desk: Desk, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of advert and application, those who are next, or whom the home waits for."""
    places = []
    for advert, application in sorted(pairs):
        listed = desk.listed(advert)
        home = next(iter(free_homes(desk, advert) or desk.vacant(advert)), None)
        places.append(Place(
            advert, application, home, desk.row("adverts", advert).get("landlord"),
            waits_for=listed[listed.place(application)].unknown, listed=True,
        ))
    stops = what_stops(desk, places, due_before(desk, "invited")) if places else {}
    return {p.key for p in places if p.key not in stops or stops[p.key].does != "pass_over"}
