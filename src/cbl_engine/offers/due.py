"""Deadlines: what is proposed once the last day of a time allowed has gone by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.offers.clock import cycle_span, london_date
from cbl_engine.offers.duties import missed_duties
from cbl_engine.offers.lists import counting
from cbl_engine.offers.refusals import months_after
from cbl_engine.offers.stops import end_hold

if TYPE_CHECKING:
    from cbl_engine.offers.desk import Desk

MAY_HAVE_BID = "duties_before_bids_were_kept"
"""Told of who is proposed for a duty to bid that looks back further than bids are on record."""

_SILENT = {"nominated": "landlord_silent", "invited": "absent", "offered": "no_reply"}


def past_deadlines(desk: Desk) -> None:
    """Answers, landlords' results, viewings and holds whose last day was before this day."""
    for offer in desk.book.open_offers():
        silence = _SILENT.get(offer.step)
        if silence is None or offer.due_on is None or offer.due_on >= desk.on:
            continue
        again = any(
            p.act == "bypass" and p.offer == offer.id and p.what == silence and p.on > offer.due_on
            for p in desk.book.about[offer.advert, offer.application]
        )
        if not again:
            desk.propose("bypass", advert=offer.advert, application=offer.application,
                         offer=offer.id, what=silence)
    for hold in list(desk.book.waits):
        if hold.until is None or hold.until >= desk.on:
            continue
        offer = next((o for o in desk.book.offers_of[hold.application]
                      if o.open and o.advert == hold.advert and hold.offer in (None, o.id)), None)
        end_hold(desk, hold)
        desk.propose("bypass", advert=hold.advert, application=hold.application,
                     offer=offer.id if offer is not None else None, what=hold.reason)


def duties_of_the_cycle(desk: Desk) -> None:
    """On the last day of a cycle: who placed too few bids, and what is proposed for it."""
    bidding = desk.version.bidding
    if bidding is None or not bidding.duties or cycle_span(bidding, desk.on)[1] != desk.on:
        return
    closed = [a.advert for a in desk.book.adverts.values() if a.closed_on is not None]
    missed = missed_duties(desk.judge, counting(desk, closed), desk.record, desk.on)
    since = desk.table("bids").select(london_date("placed_at").min()).item()
    for application, duty, consequence in missed.iter_rows():
        desk.propose("consequence", application=application, what=consequence, rule=duty)
        if since is None or months_after(since, bidding.duties[duty].months) > desk.on:  # type: ignore[operator]
            desk.tell(MAY_HAVE_BID, application=application, consequence=consequence, duty=duty, since=since)
