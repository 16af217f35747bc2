"""A passing over that an officer decided, and one undoes: after a review, or evidence put right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.offers import events as e
from cbl_engine.offers.clashes import Clash, about
from cbl_engine.offers.decisions import by_officer
from cbl_engine.offers.give_way import make_way

if TYPE_CHECKING:
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
