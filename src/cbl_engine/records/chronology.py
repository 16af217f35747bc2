"""What a record says of one household: what happened, and what was known of it at each date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers import events as e
from cbl_engine.offers.checks import told_reason
from cbl_engine.records.facts_apart import (
    ERASED,
    EVENT_NUMBER,
    OURS,
    about_of,
    advert_named_by,
    adverts_of,
    named_by,
    subjects_of,
)
from cbl_engine.shortlist.words import say
from cbl_engine.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbl_engine.records.cycles_again import Past
    from cbl_engine.records.replay import Audience

_STEPS = {
    "nominated": "named to the landlord", "invited": "asked to view", "attended": "came to view",
    "offered": "offered the home", "accepted": "accepted",
}
_ENDS = {
    "declined": "an officer passed it over", "landlord_rejected": "the landlord said no",
    "landlord_silent": "the landlord gave no answer", "absent": "it did not come to view",
    "not_chosen": "the home went to another household", "refused": "refused",
    "no_reply": "no reply", "no_contact": "it could not be reached", "withdrew": "withdrew",
    "offer_withdrawn": "the offer was withdrawn", "undone": "it fell through",
    "housed_elsewhere": "it was let another home", "advert_withdrawn": "the advert was withdrawn",
    "bypassed": "passed over",
    "outranked": "the proposal lapsed: another household stood above by then",
}
_NOT_FOR_APPLICANTS = ("checks", "litigation_holds", "outcomes")


def chronology(past: Past, application: str, audience: Audience) -> list[dict[str, Any]]:
    """What happened to a household, in order, by the events that count.

    Args:
        past: the record.
        application: its id, as text.
        audience: an applicant is told no reason that officers hold back.

    Returns:
        on, event (number), advert (None: none) and what (in words) of each.
    """
    about = about_of(past.trail.events)
    adverts = adverts_of(past.trail.events)
    found = []
    for n, event in past.trail.counting():
        if named_by(event, about) != application:
            continue
        what = _in_words(event, past, audience)
        if what:
            found.append({"on": event.on, "event": n, "advert": advert_named_by(event, adverts),
                          "what": what})
    return found


def _in_words(event: Any, past: Past, audience: Audience) -> str:
    if isinstance(event, e.OfferMoved):
        return _STEPS[event.step]
    if isinstance(event, e.OfferEnded):
        return _ENDS[event.by]
    if isinstance(event, (e.PassedOver, e.HeldFor)):
        checks = past.scheme.in_force(event.on).checks
        held = [name for name, check in checks.items() if check.officer_held]
        reason = told_reason(event.reason, held, audience,
                             officer_held=getattr(event, "officer_held", False))
        passed = isinstance(event, e.PassedOver)
        return f"{'passed over' if passed else 'the home waits for it'}: {reason.replace('_', ' ')}"
    if isinstance(event, e.BidSetAside):
        return f"bid set aside: {event.rule.replace('_', ' ')}"
    simple: dict[type, str] = {
        e.OfferProposed: "next for the home: an offer proposed", e.LetTo: "let the home",
        e.LettingUndone: "the letting fell through", e.BidPlaced: "bid placed for it",
        e.ConsequenceBegun: "a consequence begins", e.Erased: "its facts were erased",
    }
    return simple.get(type(event), "")


def known(past: Past, application: str, audience: Audience) -> list[dict[str, Any]]:
    """What the record was told of a household, lot by lot: the facts known from each date on.

    Args:
        past: the record.
        application: its id, as text.
        audience: checks, and what officers wrote down, are not told to an applicant.

    Returns:
        on (day of the cycle or correction that took it in), event, table, why (``given`` or
        ``rectified``) and facts (column -> value, as far as they were not so before).
    """
    events = dict(past.trail.counting())
    found: list[dict[str, Any]] = []
    for table, frame in sorted(past.facts.rows.items()):
        hidden = audience != "officer" and table in _NOT_FOR_APPLICANTS
        if table not in TABLES or hidden:
            continue
        mine = frame.filter(subjects_of(table, frame) == application, ~pl.col(ERASED))
        found += _lots(table, mine, events)
    return sorted(found, key=lambda row: (row["event"], row["table"]))


def _lots(
    table: str, mine: pl.DataFrame, events: Mapping[int, e.Event]
) -> Iterator[dict[str, Any]]:
    before: dict[Any, dict[str, Any]] = {}
    for row in mine.iter_rows(named=True):
        event = events.get(row[EVENT_NUMBER])
        if not isinstance(event, e.TakenIn) or event.why == "made":
            continue
        facts = {n: v for n, v in row.items() if n not in OURS}
        key = facts.get("id") if table in ("applications", "people") else None
        known = before.get(key, {}) if key is not None else {}
        new = {n: say(v) for n, v in facts.items()
               if v is not None and n != "application" and known.get(n) != v}
        new |= {n: say(None) for n, v in known.items() if v is not None and facts.get(n) is None}
        before[key] = facts
        if new:
            yield {"on": event.on, "event": row[EVENT_NUMBER], "table": table, "why": event.why,
                   "facts": new}
