"""The page of a replay of a state: what would have been offered, to whom, and what that rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.records.replay_consequences import consequences_in_words
from cbl_engine.records.replay_offers import (
    CHANGES,
    as_it_was,
    bundle,
    finding,
    fork,
    if_refused,
    offer_in_words,
    places,
)
from cbl_engine.report.page import render
from cbl_engine.report.replay import rows_put_right

if TYPE_CHECKING:
    from cbl_engine.records import StateReplay
    from cbl_engine.records.replay import Audience


def replay_state_page(
    replay: StateReplay, audience: Audience = "applicant", application: Any = None
) -> str:
    """A page to keep with a complaint file (officer) or to send (applicant).

    Args:
        replay: from :func:`cbl_engine.replay_state`.
        audience: the applicant's page has one household's own facts, places and offers only.
        application: whose page it is, as :meth:`StateReplay.frame` takes it.

    Raises:
        BadInput: as :meth:`StateReplay.frame`.
    """
    officer = audience == "officer"
    common = {
        "audience": audience, "officer": officer, "state": replay.state.manifest,
        "scheme": replay.state.scheme().versions[-1].title, "until": replay.until,
        "runs": replay.runs, "as_it_was": list(as_it_was(replay, audience)),
    }
    if not replay.corrections:
        return render("replay_state.html", title="A record run again", corrections=[], hidden=0,
                      **common)
    own = replay.addressee(audience, application)
    seen = replay.corrections_for(audience, application)
    households = [own] if own is not None else replay.households
    names = ", ".join(map(str, households))
    return render(
        "replay_state.html",
        title=f"Offers with facts put right{': ' if names else ''}{names}",
        corrections=rows_put_right(seen),
        hidden=len(replay.corrections) - len(seen),
        finding=list(finding(replay, own)),
        if_refused=list(if_refused(replay, own)),
        fork=list(fork(replay, own)),
        offers=[
            {"advert": row["advert"] or "direct let", "home": row["home"] or "",
             "application": row["application"], "corrected": row.get("corrected", True),
             "then": offer_in_words(row, "then"), "now": offer_in_words(row, "now"),
             "code": row["change"], "change": CHANGES[row["change"]]}
            for row in replay.frame(audience, application).iter_rows(named=True)
        ],
        places=places(replay, own),
        consequences=consequences_in_words(replay, own),
        displaced=replay.displaced.to_dicts() if officer else [],
        assumed=replay.assumed if officer else [],
        left=replay.left if officer else [],
        bundle=[bundle(replay, one, audience) for one in households],
        **common,
    )
