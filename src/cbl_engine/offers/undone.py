"""What an officer decided, and one undoes after a review: a passing over, a refusal that counts, a consequence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.offers import events as e
from cbl_engine.offers.clashes import Clash, about, offer_in_words, which_consequence, which_one
from cbl_engine.offers.decisions import by_officer
from cbl_engine.offers.give_way import make_way
from cbl_engine.offers.refusals import judged_anew

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cbl_engine.offers.desk import Desk


def undo_bypass(desk: Desk, row: dict[str, Any]) -> None:
    """A household that was passed over by a decision is back on the list, for homes not let.

    Proposals below it that nobody approved give way; what was approved goes on, and is an officer's
    to withdraw. What stopped the household then is asked again.

    Args:
        desk: on the day of the outcome.
        row: of ``outcomes``: ``undone`` with the act ``bypass``, by a named officer.

    Raises:
        Clash: nobody decided such a passing over, or no home is left; nothing is written.
    """
    by = by_officer(row)
    advert, application = str(row.get("advert")), str(row.get("application"))
    decided = [p for p in desk.book.passing_over(advert, application) if p.for_good]
    if not decided:
        raise Clash("no_such_proposal", f"no passing over that was decided stands for {about(row)}")
    state = desk.book.adverts[advert]
    if state.status not in ("closed", "unlet") or state.rung or not desk.vacant(advert):
        raise Clash("home_let", f"advert {advert} is {state.status}: no home of it is left to offer")
    for reason in dict.fromkeys(p.reason for p in decided):
        desk.emit(e.PassingOverEnded(
            on=desk.on, advert=advert, application=application, reason=reason, by=by.officer,
            outcome=by.outcome))
    make_way(desk, advert)


def lift_consequence(desk: Desk, row: dict[str, Any]) -> None:
    """A consequence that began holds no longer from the day of the outcome: nothing of it is left.

    Refusals that led to it go on counting.

    Args:
        desk: on the day of the outcome.
        row: of ``outcomes``: ``undone`` with the act ``consequence``, by a named officer, of an
            application; its reason names the consequence, where several are in force.

    Raises:
        Clash: none of that name is in force that day, or several are; nothing is written.
    """
    by = by_officer(row)
    application, reason = str(row.get("application")), row.get("reason")
    theirs = [held for held in desk.book.consequences if held.application == application]
    names = {held.consequence for held in theirs} | set(desk.version.consequences)
    if reason in names:
        theirs = [held for held in theirs if held.consequence == reason]
    in_force = [held for held in theirs if held.holds_on(desk.on)]
    if len({held.consequence for held in in_force}) != 1:
        raise which_consequence(row, theirs, in_force)
    # Of those that began on one day a single event says that they hold no longer.
    for name, since in dict.fromkeys((held.consequence, held.since) for held in in_force):
        desk.emit(e.ConsequenceLifted(
            on=desk.on, application=application, consequence=name, since=since,
            by=str(by.officer), outcome=by.outcome))


def judge_anew(desk: Desk, row: dict[str, Any]) -> None:
    """A refusal, or a silence taken as one, that was found to count counts no longer.

    Args:
        desk: on the day of the outcome.
        row: of ``outcomes``: ``undone`` with the act ``refusal_counts``, by a named officer, of one offer;
            ``reasonable`` as it was judged, if it was: not ``no``, for then it counts as it did.

    Raises:
        Clash: no such offer was made, its refusal does not count, several do, or it was judged not
            reasonable; nothing is written.
    """
    by = by_officer(row)
    advert, home = row.get("advert"), row.get("home")
    found = [
        o for o in desk.book.offers_of[str(row.get("application"))]
        if o.advert == (None if advert is None else str(advert)) and (home is None or o.home in (None, str(home)))
    ]
    if not found:
        raise Clash("no_such_offer", f"no offer of {about(row)}")
    counting = [o for o in found if o.counts]
    if len(counting) > 1:
        raise which_one(row, [(o.id, o.advert, o.home, None) for o in counting], are="refusals count",
                        named_by="advert and home")
    if not counting:
        waits = [p for p in desk.book.open_proposals() if p.act == "refusal_counts"
                 and p.offer in {o.id for o in found}]
        if waits:
            raise Clash("wrong_step", f"proposal {waits[0].id}: whether the refusal of {about(row)} counts is not "
                        "decided yet; decline it, or judge it")
        raise Clash("no_such_proposal", f"no refusal of {about(row)} counts: {offer_in_words(found[-1])}")
    if by.reasonable is False:
        raise Clash("wrong_step", f"the refusal of offer {counting[0].id} counts already, and reasonable: no is why "
                    "one counts; where the review upheld it leave the row out, else say reasonable: yes or nothing")
    judged_anew(desk, counting[0], reasonable=by.reasonable, by=by.officer, outcome=by.outcome)


UNDOING: Mapping[str, Callable[[Desk, dict[str, Any]], None]] = {
    "bypass": undo_bypass, "refusal_counts": judge_anew, "consequence": lift_consequence,
}
"""What an outcome ``undone`` undoes, by its act; without one of these it is about an offer."""
