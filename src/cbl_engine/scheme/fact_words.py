"""Facts in words: how each is worked out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cbl_engine.scheme.assessment_words import TESTS
from cbl_engine.scheme.facts import Count, kind_of_fact
from cbl_engine.scheme.standards import resolve_standard
from cbl_engine.scheme.words import (
    ROW_CALLED,
    amount,
    area_in_words,
    capital,
    column_called,
    listed,
    quoted,
    say,
    standard_called,
)

if TYPE_CHECKING:
    from cbl_engine.scheme.facts import Fact
    from cbl_engine.scheme.model import SchemeVersion

Reads = Callable[[str, str], str]
"""Says an expression over the rows of a table in words, or quotes it."""


def _held_by(rule: Any) -> str:
    return "the applicant" if rule.held_by == "applicant" else "anyone in the household"


def _kinds(rule: Any, read: Reads) -> str:
    where = f" for which {read(rule.where, 'connections')}" if rule.where is not None else ""
    return f"of kind {listed(rule.kinds, 'or')}{where}"


def _lasting(rule: Any) -> str:
    months = amount(rule.min_months, "months")
    return f", held for at least {months} without a break" if rule.min_months else ""


def _resident(fact: Any, read: Reads, _: SchemeVersion) -> str:
    rule = fact.months_resident_in
    span = f"in the last {amount(rule.window_months, 'months')}" if rule.window_months else "in all"
    if rule.consecutive:
        window = f", looking back {amount(rule.window_months, 'months')}"
        span = "without a break until now" + (window if rule.window_months else "")
    return (f"Whole months in {area_in_words(rule.area, rule.level)}, {span}, by connections "
            f"{_kinds(rule, read)}; the most that {_held_by(rule)} has")


def _connected_months(fact: Any, read: Reads, _: SchemeVersion) -> str:
    rule = fact.months_connected
    return ("Whole months that the longest connection still held with "
            f"{area_in_words(rule.area, rule.level)} has lasted without a break, "
            f"{_kinds(rule, read)}, held by {_held_by(rule)}")


def _connected(fact: Any, read: Reads, _: SchemeVersion) -> str:
    rule = fact.connected_to
    return (f"Yes when {_held_by(rule)} now has a connection with "
            f"{area_in_words(rule.area, rule.level)}, {_kinds(rule, read)}{_lasting(rule)}")


def _strength(fact: Any, read: Reads, _: SchemeVersion) -> str:
    rule = fact.connection_strength
    levels = [f"{n} for the same {level}" for n, level in enumerate(rule.levels, 1)]
    return (f"How near the home {_held_by(rule)} has a connection {_kinds(rule, read)}"
            f"{_lasting(rule)}: {listed([*levels, f'{len(levels) + 1} for none of these'])}")


def _if_none(fact: Any, table: str) -> str:
    answer = "not known" if fact.if_none == "unknown" else say(fact.if_none)
    rows = table if table in ("people", "connections") else ROW_CALLED[table]
    return f". For a household with no {rows} on record: {answer}"


def _reducer(says: str) -> Callable[[Any, Reads, SchemeVersion], str]:
    def words(fact: Any, read: Reads, _: SchemeVersion) -> str:
        kind = kind_of_fact(fact)
        table = fact.count if isinstance(fact, Count) else fact.of
        of = "" if isinstance(fact, Count) else read(getattr(fact, kind), table)
        person = table == "people"
        which = "for whom" if person else "for which"
        where = f", counting each {which} {read(fact.where, table)}" if fact.where else ""
        row = f"{ROW_CALLED[table]} {'in' if person else 'of'} the household"
        return says.format(row=row, of=of) + where + _if_none(fact, table)

    return words


def _since(unit: str, fact: Any, version: SchemeVersion) -> str:
    since = quoted(column_called(getattr(fact, kind_of_fact(fact)), version))
    return f"Whole {unit} since {since}; 0 before that day, and not known without one"


def _need(fact: Any, _read: Reads, version: SchemeVersion) -> str:
    unit = resolve_standard(version.bedroom_standards.get(fact.bedrooms, fact.bedrooms)).unit
    return (f"{capital(unit.replace('_', ' '))} that the household needs by the standard "
            f"{standard_called(fact.bedrooms, version)}")


_OVERCROWDED_BY = {
    "room_standard": "the room standard",
    "space_standard": "the space standard",
    "either": "the room standard or the space standard",
}
FACT_WORDS: dict[str, Callable[[Any, Reads, SchemeVersion], str]] = {
    "any_member": _reducer("Yes when, for any {row}: {of}"),
    "all_members": _reducer("Yes when, for every {row}: {of}"),
    "count": _reducer("How many there are: each {row}"),
    "min": _reducer("The least over every {row}: {of}"),
    "max": _reducer("The greatest over every {row}: {of}"),
    "months_resident_in": _resident,
    "months_connected": _connected_months,
    "connected_to": _connected,
    "connection_strength": _strength,
    "whole_years_since": lambda fact, _, version: _since("years", fact, version),
    "whole_months_since": lambda fact, _, version: _since("months", fact, version),
    "bedrooms": _need,
    "bedrooms_now": lambda fact, _, version: "Bedrooms of the present home, those too small by the "
    f"standard {standard_called(fact.bedrooms_now, version)} left out",
    "statutory_overcrowding": lambda fact, _read, _version: "Yes when the present home is "
    f"overcrowded in law by {_OVERCROWDED_BY[fact.statutory_overcrowding]} (Housing Act 1985 Part X)",
    "exempt_by_law": lambda fact, _read, _version: "Yes when the household is of a group that the law "
    f"exempts from every test {TESTS[fact.exempt_by_law]}",
}
"""Kind of fact -> how it is worked out; the second argument reads an expression over a table."""


def fact_in_words(fact: Fact, read: Reads, version: SchemeVersion) -> str:
    """How a fact is worked out, in a sentence without a full stop.

    Args:
        fact: the fact.
        read: (expression, table of its rows) -> words, or the expression itself in quotes.
        version: the scheme, for its labels.
    """
    return FACT_WORDS[kind_of_fact(fact)](fact, read, version)
