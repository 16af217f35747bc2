"""What an event says of one household, in a line of plain English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.offers import events as e
from cbl_engine.shortlist.words import say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_ACTS = {
    "offer": "an offer", "bypass": "passing over", "tie": "a choice among equals",
    "refusal_counts": "that the refusal counts", "consequence": "a consequence",
    "duty_may_end": "that a duty may end", "direct_let": "a direct let", "rung": "a further step",
}
_STEPS = {
    "nominated": "named to the landlord", "invited": "invited to view", "attended": "waits for its turn",
    "offered": "offered", "accepted": "accepted",
}
_ENDS = {
    "declined": "an officer declined it", "landlord_rejected": "the landlord said no",
    "landlord_silent": "the landlord gave no answer", "absent": "the household did not come to view",
    "not_chosen": "the home went to another household", "refused": "refused",
    "no_reply": "no reply", "no_contact": "the household could not be reached",
    "withdrew": "the household withdrew", "offer_withdrawn": "it was withdrawn", "undone": "it fell through",
    "housed_elsewhere": "the household was let another home",
    "members_unsettled": "it has to be settled who is on the application",
    "advert_withdrawn": "the advert was withdrawn", "bypassed": "passed over",
    "outranked": "nobody had approved it, and it led no longer",
}


def proposed_in(events: Iterable[e.Event]) -> dict[str, e.Proposed]:
    """Proposals by their id, so that a decision can say what it decides."""
    return {event.proposal: event for event in events if isinstance(event, e.Proposed)}


def invited_in(events: Iterable[e.Event]) -> set[str]:
    """Offers that came with an invitation to view: of these alone, attended means viewed."""
    return {event.offer for event in events if isinstance(event, e.OfferMoved) and event.step == "invited"}


def event_in_words(
    event: e.Event, proposed: Mapping[str, e.Proposed], invited: Collection[str]
) -> str:
    """A line of a chronology; empty for an event that says nothing of a household.

    Args:
        event: with what it keeps apart, as far as the reader may see it.
        proposed: from :func:`proposed_in`.
        invited: from :func:`invited_in`.
    """
    match event:
        case e.BidSetAside():
            return f"bid set aside: {_plain(event.rule)}"
        case e.BidPlaced():
            return f"bid placed for the household: {_plain(event.rule)}"
        case e.Proposed():
            return f"proposed: {_act(event)}"
        case e.Decided():
            return _decided(event, proposed.get(event.proposal))
        case e.HeldFor():
            return f"the home waits for: {_plain(event.reason)}{_until(event.until)}"
        case e.HoldEnded():
            return f"no longer waited for: {_plain(event.reason)}"
        case e.PassedOver():
            return f"passed over: {_plain(event.reason)}{_until(event.until)}{_by(event.by)}"
        case e.PassingOverEnded():
            ended = "was undone" if event.outcome else "has ended"
            return f"back on the list: {_plain(event.reason)} {ended}{_by(event.by)}"
        case e.OfferProposed():
            return "a final offer was begun" if event.final else "an offer was begun"
        case e.OfferMoved():
            review = ", with a review of suitability" if event.under_review else ""
            viewed = event.step == "attended" and event.offer in invited
            return f"{'viewed' if viewed else _STEPS[event.step]}{review}"
        case e.OfferEnded():
            return f"the offer ended: {_ENDS[event.by]}"
        case e.RefusalJudged():
            anew = "the refusal was judged anew and" if event.outcome else "the refusal"
            return f"{anew} {'counts' if event.counts else 'does not count'}{_by(event.by)}"
        case e.ConsequenceBegun():
            return f"began: {_plain(event.consequence)}{_until(event.until)}{_by(event.by)}"
        case e.ConsequenceLifted():
            return f"was lifted: {_plain(event.consequence)}{_by(event.by)}"
        case e.DutyMayEnd():
            return f"an officer found that a duty may end: {_plain(event.duty)}{_by(event.by)}"
        case e.LetTo():
            return f"the tenancy was signed, to begin on {say(event.started_on)}"
        case e.LettingUndone():
            return "the letting fell through"
        case e.MembersSettled():
            return "it is settled who is on the application"
        case e.Erased():
            return "the facts of the household were destroyed"
    return ""


def _act(event: e.Proposed) -> str:
    return _ACTS[event.act] + (f", {_plain(event.what)}" if event.what else "")


def _decided(event: e.Decided, proposal: e.Proposed | None) -> str:
    what = f": {_act(proposal)}" if proposal is not None else ""
    why = f" ({event.reason})" if event.reason else ""
    if event.status == "lapsed":
        return f"a proposal lapsed{what}{why}"
    names = " and ".join(filter(None, (event.by, event.second_by)))
    by = "automatically, by nobody" if event.automated else f"by {names or 'nobody'}"
    return f"{event.status} {by}{what}{why}"


def _until(day: object) -> str:
    return f", until {say(day)}" if day is not None else ""


def _by(name: str | None) -> str:
    return f", by {name}" if name else ""


def _plain(name: str) -> str:
    return name.replace("_", " ")
