"""Facts over many rows, one household at a time, in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from cbl_engine.scheme.facts import (
    AllMembers,
    AnyMember,
    BedroomsFact,
    BedroomsNow,
    ConnectedToFact,
    ConnectionStrengthFact,
    Count,
    ExemptByLaw,
    Min,
    MonthsConnected,
    MonthsResidentIn,
    StatutoryOvercrowding,
    WholeMonthsSince,
    WholeYearsSince,
    kind_of_fact,
)
from tests.reference.rooms import bedrooms_now, overcrowded
from tests.reference.sql import add_months, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Row = Mapping[str, Any]


@dataclass
class Household:
    """The rows of one application.

    Attributes:
        people: its people.
        connections: its connections.
        areas: every area of the register by id.
        if_null: table -> column -> the value that stands in for a missing one.
        own: its own row.
        rows: its rows of the other tables, by table.
        standard: a bedroom standard by its name.
    """

    people: list[Row] = field(default_factory=list)
    connections: list[Row] = field(default_factory=list)
    areas: Mapping[str, Row] = field(default_factory=dict)
    if_null: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    own: Row = field(default_factory=dict)
    rows: Mapping[str, list[Row]] = field(default_factory=dict)
    standard: Callable[[str], Any] | None = None


def value_of(
    fact: Any,
    household: Household,
    as_at: date,
    parameter: Callable[[str], Any],
    advert_area: str | None = None,
) -> Any:
    """The value of a fact for one household (and, for a pair fact, one advert's area).

    Args:
        fact: a fact of the scheme's model.
        household: whose it is.
        as_at: the date of the calculation.
        parameter: value of a parameter by its name.
        advert_area: the smallest area of the advert, None when not known.
    """
    if isinstance(fact, (WholeYearsSince, WholeMonthsSince)):
        return _since(fact, household, as_at)
    if isinstance(fact, BedroomsFact):
        return _bedrooms(household.standard(fact.bedrooms), household, as_at)
    if isinstance(fact, BedroomsNow):
        smallest = household.standard(fact.bedrooms_now).smallest_room_sq_ft
        said = household.own["current_bedrooms"]
        return bedrooms_now(household.rows["rooms"], said, smallest, as_at)
    if isinstance(fact, ExemptByLaw):
        from tests.reference.law import exempt

        return exempt(household.own, household.people, as_at)
    if isinstance(fact, StatutoryOvercrowding):
        return overcrowded(
            fact.statutory_overcrowding, household.rows["rooms"], household.people, as_at)
    if isinstance(fact, ConnectionStrengthFact):
        return _counted(fact, household, as_at, parameter, lambda mine: _strength(
            fact.connection_strength, mine, as_at, advert_area))
    if isinstance(fact, (ConnectedToFact, MonthsConnected, MonthsResidentIn)):
        return _counted(fact, household, as_at, parameter, lambda mine: _with_areas(
            fact, mine, as_at, advert_area))
    return _reduced(fact, household, as_at, parameter)


def _counted(
    fact: Any,
    household: Household,
    as_at: date,
    parameter: Callable[[str], Any],
    answer: Callable[[Household], Any],
) -> Any:
    """The answer from the connections that count; not known when those that may would change it."""
    where = getattr(fact, kind_of_fact(fact)).where
    if where is None:
        return answer(household)
    met = [
        evaluate(where, _reader("connections", row, household, as_at, parameter))
        for row in household.connections
    ]
    rows = list(zip(household.connections, met, strict=True))
    sure = answer(replace(household, connections=[row for row, counts in rows if counts]))
    most = answer(
        replace(household, connections=[row for row, counts in rows if counts is not False])
    )
    return sure if sure == most else None


def _with_areas(fact: Any, household: Household, as_at: date, advert_area: str | None) -> Any:
    rule = getattr(fact, kind_of_fact(fact))
    if rule.area == "advert.area":
        if advert_area is None:
            return None
        targets = {advert_area}
        if rule.level is not None:
            around = area_and_ancestors(advert_area, household.areas)
            targets = {a for a in around if household.areas.get(a, {}).get("level") == rule.level}
            if not targets:
                return None
    else:
        targets = {rule.area} if isinstance(rule.area, str) else set(rule.area)
    if isinstance(fact, ConnectedToFact):
        return _connected(rule, household, as_at, targets)
    if isinstance(fact, MonthsConnected):
        return _longest(rule, household, as_at, targets)
    return _resident(rule, household, as_at, targets)


def _since(fact: Any, household: Household, as_at: date) -> int | None:
    """Whole years or months since a date, by counting up from it; 0 before it."""
    name = getattr(fact, kind_of_fact(fact))
    start = household.own.get(name)
    start = household.if_null.get("applications", {}).get(name) if start is None else start
    if start is None:
        return None
    months = max(whole_months(start, as_at), 0) if start <= as_at else 0
    return months if isinstance(fact, WholeMonthsSince) else months // 12


def _bedrooms(standard: Any, household: Household, as_at: date) -> int | None:
    """The need where every value that missing facts may have gives the same."""
    from tests.reference.bedrooms import bounds

    found = bounds(household.people, standard, as_at) if household.people else None
    return found[0] if found is not None and found[0] == found[1] else None


def age_in_years(person: Row, as_at: date) -> int | None:
    """Whole years; -1 for someone not yet born. 29 February ages on 1 March."""
    born = person.get("date_of_birth")
    if born is None:
        return None if person.get("expected_on") is None else -1
    if born > as_at:
        return -1
    return as_at.year - born.year - ((as_at.month, as_at.day) < (born.month, born.day))


def is_born(person: Row, as_at: date) -> bool:
    """Whether a person has been born: without a date of birth, all but an expected child."""
    born = person.get("date_of_birth")
    return person.get("expected_on") is None if born is None else born <= as_at


def whole_months(start: date, end: date) -> int:
    """Whole months between two dates."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - (end.day < start.day)


def days_left_over(start: date, end: date) -> int:
    """Days beyond the whole months between two dates."""
    return (end - add_months(start, whole_months(start, end))).days


def is_current(connection: Row, as_at: date) -> bool:
    """Whether a connection holds on a date. A missing ``since`` counts as begun."""
    since, until = connection.get("since"), connection.get("until")
    return (since is None or since <= as_at) and (until is None or until > as_at)


def area_and_ancestors(area: str, areas: Mapping[str, Row]) -> list[str]:
    """The area, the area it lies in, and so on up."""
    found = []
    here: str | None = area
    while here is not None and here not in found:
        found.append(here)
        here = areas[here].get("parent") if here in areas else None
    return found


def _reduced(
    fact: Any, household: Household, as_at: date, parameter: Callable[[str], Any]
) -> Any:
    kind = kind_of_fact(fact)
    table = fact.count if isinstance(fact, Count) else fact.of
    rows = {"people": household.people, "connections": household.connections,
            **household.rows}.get(table, [])
    if not rows:
        return None if fact.if_none == "unknown" else fact.if_none
    readers = [_reader(table, row, household, as_at, parameter) for row in rows]
    counts = [True if fact.where is None else evaluate(fact.where, r) for r in readers]
    if isinstance(fact, Count):
        return None if None in counts else counts.count(True)
    # A row that may or may not count leaves the answer open only if its value could change it.
    harmless = {AnyMember: False, AllMembers: True}.get(type(fact))
    values = []
    for reader, count in zip(readers, counts, strict=True):
        if count is not False:
            value = evaluate(getattr(fact, kind), reader)
            settled = count is True or (harmless is not None and value is harmless)
            values.append(value if settled else None)
    if isinstance(fact, AnyMember):
        return True if True in values else None if None in values else False
    if isinstance(fact, AllMembers):
        return False if False in values else None if None in values else True
    if not values or None in values:
        return None
    return min(values) if isinstance(fact, Min) else max(values)


def _reader(
    table: str,
    row: Row,
    household: Household,
    as_at: date,
    parameter: Callable[[str], Any],
) -> Callable[[str], Any]:
    stand_ins = household.if_null.get(table, {})

    def read(name: str) -> Any:
        if name == "as_at":
            return as_at
        if name.startswith("param."):
            return parameter(name.removeprefix("param."))
        match table, name:
            case "people", "age":
                return age_in_years(row, as_at)
            case "people", "born":
                return is_born(row, as_at)
            case _, "months":
                since = row.get("since")
                return None if since is None else whole_months(since, as_at)
            case _, "current":
                return is_current(row, as_at)
        value = row.get(name)
        return stand_ins.get(name) if value is None else value

    return read


def _relevant(rule: Any, household: Household, targets: Iterable[str]) -> list[Row]:
    """Connections of the rule's kinds and holders with any of the target areas."""
    applicants = {p["id"] for p in household.people if p.get("relationship") == "applicant"}
    wanted = set(targets)
    found = []
    for connection in household.connections:
        holder = connection.get("person")
        holds = rule.held_by == "anyone" or holder is None or holder in applicants
        within = area_and_ancestors(connection["area"], household.areas)
        if connection["kind"] in rule.kinds and holds and wanted.intersection(within):
            found.append(connection)
    return found


def _current(rule: Any, household: Household, as_at: date, targets: Iterable[str]) -> list[Row]:
    return [c for c in _relevant(rule, household, targets) if is_current(c, as_at)]


def _connected(
    rule: Any, household: Household, as_at: date, targets: Iterable[str]
) -> bool | None:
    if rule.min_months == 0:
        return bool(_current(rule, household, as_at, targets))
    least, most = _bounds(rule, household, as_at, targets)
    sure, possible = least >= rule.min_months, most >= rule.min_months
    return sure if sure == possible else None


def _longest(rule: Any, household: Household, as_at: date, targets: Iterable[str]) -> int | None:
    least, most = _bounds(rule, household, as_at, targets)
    return least if least == most else None


def _bounds(
    rule: Any, household: Household, as_at: date, targets: Iterable[str]
) -> tuple[int, int]:
    """Months of the longest spell that holds, where those without ``since`` never were; or always."""
    rows = _relevant(rule, household, targets)
    known = [row for row in rows if row.get("since") is not None]
    always = [{**row, "since": row.get("since") or date.min} for row in rows]
    return _lasted(known, as_at), _lasted(always, as_at)


def _lasted(rows: list[Row], as_at: date) -> int:
    """Whole months of the longest spell that holds, each kind and holder by itself."""
    longest = 0
    for kind, holder in {(row["kind"], row.get("person")) for row in rows}:
        spans = [(row["since"], row.get("until") or date.max) for row in rows
                 if (row["kind"], row.get("person")) == (kind, holder)]
        if kind == "family":
            starts = [start for start, end in spans if start <= as_at < end]
            for begin in starts:  # grows: what ended on the day goes on from its own beginning
                starts += [start for start, end in spans if start < end == begin]
        else:
            spans = [(start, end) for start, end in spans if start < end]
            starts = [start for start, end in _merged(spans) if start <= as_at < end]
        longest = max([longest, *(whole_months(start, as_at) for start in starts)])
    return longest


def _resident(rule: Any, household: Household, as_at: date, targets: Iterable[str]) -> int | None:
    spells: dict[str | None, list[tuple[date, date]]] = {}
    for connection in _relevant(rule, household, targets):
        since, until = connection.get("since"), connection.get("until")
        if since is None:
            return None
        end = as_at if until is None else min(until, as_at)
        if rule.window_months is not None:
            since = max(since, add_months(as_at, -rule.window_months))
        if since < end:
            spells.setdefault(connection.get("person"), []).append((since, end))
    longest = 0
    for intervals in spells.values():
        merged = _merged(intervals)
        if rule.consecutive:
            months = sum(whole_months(a, b) for a, b in merged if b == as_at)
        else:
            months = sum(whole_months(a, b) for a, b in merged)
            if len(merged) > 1:
                months += sum(days_left_over(a, b) for a, b in merged) // 30
        longest = max(longest, months)
    return longest


def _merged(intervals: list[tuple[date, date]]) -> list[tuple[date, date]]:
    """Intervals that overlap or touch become one."""
    merged: list[tuple[date, date]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _strength(
    rule: Any, household: Household, as_at: date, advert_area: str | None
) -> int | None:
    if advert_area is None:
        return None
    around = area_and_ancestors(advert_area, household.areas)
    for place, level in enumerate(rule.levels, start=1):
        at_level = [a for a in around if household.areas.get(a, {}).get("level") == level]
        if not at_level:
            continue
        answer = _connected(rule, household, as_at, at_level[:1])
        if answer is None:
            return None
        if answer:
            return place
    return len(rule.levels) + 1
