"""What happened to one household, day by day, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.offers import events as e
from cbl_engine.offers.checks import NEUTRAL
from cbl_engine.records.event_words import event_in_words, invited_in, proposed_in
from cbl_engine.records.facts_apart import about_of, advert_named_by, adverts_of, named_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cbl_engine.report.subject_redaction import OfficerHeld, Row

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
    proposed = proposed_in(event for _, event, _ in events)
    invited = invited_in(event for _, event, _ in events)
    lines: list[tuple[Any, int, Row]] = []
    for n, event, counts in events:
        if named_by(event, about) != application or _officers_alone(event, held):
            continue
        what = event_in_words(event, proposed, invited)
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
