"""The upkeep of a register in plain English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.words import day, listed, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.upkeep import DecisionDue, Due, Follows, Period, Upkeep

_LISTS = {
    "changes": "What was sent in, or is found otherwise than recorded",
    "duplicates": "One person on two applications",
    "birthdays": "A birthday that changes the bedrooms needed",
    "awards": "An award that is about to end",
    "overrides": "An officer's value that is about to end, or is in conflict",
}
_STARTS = {"requested_on": "the request", "received_on": "its receipt",
           "decided_on": "the decision", "notified_on": "the household was told of the decision"}


def upkeep_section(version: SchemeVersion) -> Section | None:
    """What keeps the register right, or None when the scheme says nothing of it."""
    if version.upkeep is None:
        return None
    return Section(
        "Keeping the register right",
        (Line("What is due when, and what should follow. An officer decides."),),
        tuple(_lines(version.upkeep)),
    )


def _lines(rules: Upkeep) -> Iterator[Line]:
    if rules.review is not None:
        yield _line(f"Review, {_length(rules.review)} after {_dates(rules.review)}", rules.review)
    for name, item in rules.evidence.items():
        yield _line(f"{_said(name)} shown again {_length(item)} after {_dates(item)}", item)
    if rules.non_bidding is not None:
        rule = rules.non_bidding
        what = f"No bid for {_length(rule)}, counted from {_dates(rule)} where there never was one"
        if rule.adverts_at_least:
            what += f", if {rule.adverts_at_least:,} adverts of a size it may be let closed then"
        yield _line(what, rule)
    for name, rule in rules.duties.items():
        kind = rule.kind.replace("_", " ")
        yield _line(f"{_said(name)}, {_length(rule)} after a duty began ({kind})", rule)
    for subject, rule in rules.decisions.items():
        yield _line(f"Decision about {_said(subject).lower()}, {_due(rule)}", rule)
    if rules.closed:
        yield Line(sentence(f"No working days: {listed(day(on) for on in sorted(rules.closed))}"))
    for name, words in _LISTS.items():
        rule = getattr(rules, name)
        if rule is not None:
            yield _line(words, rule)


def _line(what: str, rule: Follows) -> Line:
    proposed = (Line(f"Proposed status: {rule.status.replace('_', ' ')}."),) if rule.status else ()
    return Line(sentence(f"{what}: {rule.label}"), source=rule.source, ours=rule.illustrative,
                under=proposed)


def _said(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _dates(rule: Due) -> str:
    names = [name.replace("_", " ") for name in rule.dates()]
    return names[0] if len(names) == 1 else f"the latest of {', '.join(names)}"


def _due(rule: DecisionDue) -> str:
    recorded = "" if rule.after else " where no due date is recorded"
    return f"{_length(rule)} after {_STARTS[rule.starts]}{recorded}"


def _length(period: Period) -> str:
    for unit in ("months", "days", "working_days"):
        n = getattr(period, unit)
        if n is not None:
            words = unit.replace("_", " ")
            told = f"{n:,} {words if n != 1 else words.removesuffix('s')}"
            return f"{told}, the first day counted," if period.first_day_counts else told
    return "a time"
