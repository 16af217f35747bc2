"""What happened to one household, day by day, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.offers import events as e
from cbl_engine.offers.checks import NEUTRAL
from cbl_engine.records.facts_apart import about_of, advert_named_by, adverts_of, named_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cbl_engine.report.subject_redaction import OfficerHeld, Row

_ACTS = {
    "offer": "an offer", "bypass": "passing over", "tie": "a choice among equals",
    "refusal_counts": "that the refusal counts", "consequence": "a consequence",
    "duty_may_end": "that a duty may end", "direct_let": "a direct let", "rung": "a further step",
}
_STEPS = {
    "nominated": "named to the landlord", "invited": "invited to view", "attended": "viewed",
    "offered": "offered", "accepted": "accepted",
}
_OF_LISTS = (e.HeldFor, e.HoldEnded, e.PassedOver, e.PassingOverEnded)


def chronology(
    events: Sequence[tuple[int, e.Event, bool]],
    application: str,
    held: OfficerHeld,
    recorded: Mapping[str, Iterable[Row]],
) -> list[Row]:
    """What happened, in order.

    Args:
        events: number, event with what it keeps apart, and whether it counts (not when a cycle was
            run again), of the whole record.
        application: whose.
        held: what officers hold: told as one line for each advert, on the first day.
        recorded: rows of the household as it may see them, with ``recorded_on``, by table.

    Returns:
        Rows of on, what (in words), advert (null: about none).
    """
    about = about_of(event for _, event, _ in events)
    adverts = adverts_of(event for _, event, _ in events)
    lines: list[tuple[Any, int, Row]] = []
    for n, event, counts in events:
        if named_by(event, about) != application or _officers_alone(event, held):
            continue
        what = _in_words(event)
        if what:
            again = "" if counts else " (the week was run again: this no longer counts)"
            advert = advert_named_by(event, adverts)
            lines.append((event.on, n, _line(event.on, what + again, advert)))
    for row in held.rows():
        lines.append((row["on"], 0, _line(row["on"], NEUTRAL, row["advert"])))
    for table, rows in recorded.items():
        days = sorted(row["recorded_on"] for row in rows if row.get("recorded_on") is not None)
        for on in dict.fromkeys(days):
            n = days.count(on)
            said = f"{n} {'row' if n == 1 else 'rows'} of {table.replace('_', ' ')} recorded"
            lines.append((on, -1, _line(on, said, None)))
    return [line for _, _, line in sorted(lines, key=lambda at: (at[0], at[1], at[2]["what"]))]


def _officers_alone(event: e.Event, held: OfficerHeld) -> bool:
    if isinstance(event, (e.Proposed, e.Decided)):
        return event.proposal in held.proposals
    if isinstance(event, e.PassedOver) and event.officer_held:
        return True
    return isinstance(event, _OF_LISTS) and event.reason in held.checks


def _line(on: Any, what: str, advert: Any) -> Row:
    return {"on": on, "what": what, "advert": None if advert is None else str(advert)}


def _in_words(event: e.Event) -> str:
    match event:
        case e.BidSetAside():
            return f"bid set aside: {_plain(event.rule)}"
        case e.BidPlaced():
            return f"bid placed for the household: {_plain(event.rule)}"
        case e.Proposed():
            return f"proposed: {_ACTS[event.act]}{_after(event.what)}"
        case e.Decided():
            by = "automatically, by nobody" if event.automated else f"by {event.by or 'nobody'}"
            why = f": {event.reason}" if event.reason else ""
            said = "a proposal lapsed" if event.status == "lapsed" else f"{event.status} {by}"
            return f"{said}{why}"
        case e.HeldFor():
            until = f", until {event.until}" if event.until else ""
            return f"the home waits for: {_plain(event.reason)}{until}"
        case e.HoldEnded():
            return f"no longer waited for: {_plain(event.reason)}"
        case e.PassedOver():
            return f"passed over: {_plain(event.reason)}"
        case e.PassingOverEnded():
            return f"back on the list: {_plain(event.reason)} has ended"
        case e.OfferProposed():
            return "a final offer was begun" if event.final else "an offer was begun"
        case e.OfferMoved():
            review = ", with a review of suitability" if event.under_review else ""
            return f"{_STEPS[event.step]}{review}"
        case e.OfferEnded():
            return f"the offer ended: {_plain(event.by)}"
        case e.RefusalJudged():
            return "the refusal counts" if event.counts else "the refusal does not count"
        case e.ConsequenceBegun():
            return f"began: {_plain(event.consequence)}"
        case e.DutyMayEnd():
            return f"an officer found that a duty may end: {_plain(event.duty)}"
        case e.LetTo():
            return f"the tenancy was signed, to begin on {event.started_on}"
        case e.LettingUndone():
            return "the letting fell through"
        case e.Erased():
            return "the facts of the household were destroyed"
    return ""


def _after(what: str | None) -> str:
    return f", {_plain(what)}" if what else ""


def _plain(name: str) -> str:
    return name.replace("_", " ")
