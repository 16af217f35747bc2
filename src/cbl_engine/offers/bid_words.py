"""What a household is told before it bids, in plain English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.shortlist.words import SET_ASIDE, say
from cbl_engine.shortlist.words import in_words as standing_in_words

if TYPE_CHECKING:
    from datetime import datetime

    from cbl_engine.offers.may_bid import Against, CapUsed, MayBid

OURS = {
    **SET_ASIDE,
    "held_back": "the advert is not open yet: it is held back",
    "void": "the advert was put right afterwards, and bids placed before are void",
    "window": "bids are not taken at that time of the week",
}
"""Words for what stands against a bid that is no rule of a scheme."""

_ANSWERS = {
    "yes": "Yes: a bid would count.",
    "no": "No: a bid would be set aside.",
    "not eligible": "No: a bid would count, and the household is not eligible for this home.",
}


def not_open(opens_at: datetime | None, closes_at: datetime | None, at: datetime) -> str:
    """Why an advert takes no bids at a moment."""
    if opens_at is not None and at < opens_at:
        return f"bids for it open at {say(opens_at)}"
    return f"bids for it closed at {say(closes_at)}"


def in_words(found: MayBid) -> str:
    """The answer as a few short paragraphs; lines are not wrapped."""
    lines = [
        f"May application {found.application} bid on advert {found.advert}?",
        f"At {say(found.at)} under {found.scheme}. The advert closes at {say(found.closes_at)}.",
        "",
        _ANSWERS[found.answer],
        *(f"  - {_against(rule)}" for rule in found.against),
    ]
    if found.meanwhile:
        lines += ["", *(_sourced(its.label, its.source) for its in found.meanwhile)]
    if found.caps or found.bid_already is not None:
        lines.append("")
        lines += [_used(cap, found) for cap in found.caps]
        if found.bid_already is not None:
            instead = "" if found.against else "; a bid now takes the place of that one"
            lines.append(f"It bid for this home already, at {say(found.bid_already)}{instead}.")
    if found.standing is not None:
        _, *rest = standing_in_words(found.standing).splitlines()
        counted = "If it bid now" if not found.against else "If the bid counted"
        lines += ["", f"{counted}, as bids stand so far:", *rest]
    return "\n".join(lines).rstrip() + "\n"


def _against(rule: Against) -> str:
    return _sourced(rule.label, rule.source)


def _sourced(label: str, source: str | None) -> str:
    return label + (f" [{source}]" if source else "")


def _used(cap: CapUsed, found: MayBid) -> str:
    where = (
        f"on adverts that close in the cycle up to {say(found.cycle_ends)}"
        if cap.per == "cycle"
        else "on adverts that have not closed"
    )
    spent = "; one that is withdrawn stays used" if cap.withdrawn == "spent" else ""
    source = f" [{cap.source}]" if cap.source else ""
    return f"{cap.label}: {cap.used} of {cap.bids} used, {where}{spent}.{source}"
