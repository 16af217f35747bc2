"""What a record says of one household: what happened, and what was known of it at each date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers import events as e
from cbl_engine.offers.checks import NEUTRAL
from cbl_engine.records.event_words import event_in_words, invited_in, proposed_in
from cbl_engine.records.facts_apart import (
    ERASED,
    EVENT_NUMBER,
    OURS,
    about_of,
    advert_named_by,
    adverts_of,
    complete,
    named_by,
    subjects_of,
)
from cbl_engine.shortlist.words import say
from cbl_engine.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from cbl_engine.records.cycles_again import Past
    from cbl_engine.records.replay import Audience

_OF_LISTS = (e.HeldFor, e.HoldEnded, e.PassedOver, e.PassingOverEnded)
_NOT_FOR_APPLICANTS = ("checks", "litigation_holds", "outcomes")
_LEFT_OUT = ("outcomes", "checks")
"""Tables of rows that may clash and be left out, by their ids."""


def chronology(past: Past, application: str, audience: Audience) -> list[dict[str, Any]]:
    """What happened to a household, in order; of a week that was run again, what was on record before too.

    Args:
        past: the record.
        application: its id, as text.
        audience: an applicant is told nothing that officers hold back but that there was a reason, and
            no free words of a decision.

    Returns:
        on, event (number), counts (false: its week was run again), advert (None: none) and what (in
        words) of each.
    """
    about, adverts = about_of(past.trail.events), adverts_of(past.trail.events)
    counting = {n for n, _ in past.trail.counting()}
    proposed: dict[str, e.Proposed] = {}
    invited: set[str] = set()
    held = {name for v in past.scheme.versions for name, check in v.checks.items() if check.officer_held}
    found = []
    for n, event, _ in complete(enumerate(past.trail.events, 1), past.facts):
        proposed |= proposed_in([event])  # a week that is run again gives its numbers once more
        invited |= invited_in([event])
        if named_by(event, about) != application:
            continue
        if audience != "officer":
            event = _for_applicants(event, proposed, held)
        what = "" if event is None else event_in_words(event, proposed, invited)
        if event is not None and what:
            found.append({"on": event.on, "event": n, "counts": n in counting,
                          "advert": advert_named_by(event, adverts), "what": what})
    return found


def _for_applicants(
    event: e.Event, proposed: Mapping[str, e.Proposed], held: Collection[str]
) -> e.Event | None:
    """An event as its household may know it; None: not at all."""
    if isinstance(event, (e.Proposed, e.Decided)):
        proposal = proposed[event.proposal]
        if proposal.act == "bypass" and proposal.what in held:
            return None
        return event.model_copy(update={"reason": None}) if isinstance(event, e.Decided) else event
    if isinstance(event, _OF_LISTS) and (getattr(event, "officer_held", False) or event.reason in held):
        ended = isinstance(event, (e.HoldEnded, e.PassingOverEnded))
        return None if ended else event.model_copy(update={"reason": NEUTRAL, "until": None, "by": None})
    return event


def known(past: Past, application: str, audience: Audience) -> list[dict[str, Any]]:
    """What the record was told of a household, lot by lot: the facts known from each date on.

    Args:
        past: the record.
        application: its id, as text.
        audience: checks, and what officers wrote down, are not told to an applicant.

    Returns:
        on (day of the cycle or correction that took it in), event, table, why (``given``,
        ``rectified``; ``left_out``: an outcome or check that clashed; ``superseded``: in a week that was
        run again) and facts (column -> value, as far as they were not so before).
    """
    events = past.trail.events
    counting = {n for n, _ in past.trail.counting()}
    left_out = {str(event.outcome) for n, event in enumerate(events, 1)
                if n in counting and isinstance(event, e.Quarantined)}
    found: list[dict[str, Any]] = []
    for table, frame in sorted(past.facts.rows.items()):
        hidden = audience != "officer" and table in _NOT_FOR_APPLICANTS
        if table not in TABLES or hidden:
            continue
        mine = frame.filter(subjects_of(table, frame) == application, ~pl.col(ERASED))
        for lot in _lots(table, mine, events, counting):
            if table in _LEFT_OUT and lot["facts"].get("id") in left_out:
                lot["why"] = "left_out"
            found.append(lot)
    return sorted(found, key=lambda row: (row["event"], row["table"]))


def _lots(
    table: str, mine: pl.DataFrame, events: Sequence[e.Event], counting: Collection[int]
) -> Iterator[dict[str, Any]]:
    before: dict[Any, dict[str, Any]] = {}
    for row in mine.iter_rows(named=True):
        event = events[row[EVENT_NUMBER] - 1]
        if not isinstance(event, e.TakenIn) or event.why == "made":
            continue
        facts = {n: v for n, v in row.items() if n not in OURS}
        if row[EVENT_NUMBER] not in counting:
            yield {"on": event.on, "event": row[EVENT_NUMBER], "table": table, "why": "superseded",
                   "facts": {n: say(v) for n, v in facts.items() if v is not None and n != "application"}}
            continue
        key = facts.get("id") if table in ("applications", "people") else None
        known = before.get(key, {}) if key is not None else {}
        new = {n: say(v) for n, v in facts.items()
               if v is not None and n != "application" and known.get(n) != v}
        new |= {n: say(None) for n, v in known.items() if v is not None and facts.get(n) is None}
        before[key] = facts
        if new:
            yield {"on": event.on, "event": row[EVENT_NUMBER], "table": table, "why": event.why,
                   "facts": new}
