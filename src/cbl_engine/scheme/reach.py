"""Which parts of a scheme are read, and by what: by a shortlist, or by the assessment alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.facts import (
    BedroomsFact,
    BedroomsNow,
    WholeMonthsSince,
    WholeYearsSince,
    expressions_of,
    kind_of_fact,
    rows_of,
)
from cbl_engine.scheme.keys import BandKey, DateKey, PreferKey, key_name
from cbl_engine.scheme.named import criteria_named
from cbl_engine.scheme.standards import resolve_standard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cbl_engine.scheme.assessment import Assessment
    from cbl_engine.scheme.bedrooms import BedroomStandard
    from cbl_engine.scheme.model import SchemeVersion

Place = tuple[str, ...]


def asked_of_bids(version: SchemeVersion) -> tuple[set[str], set[str]]:
    """Criteria that lists, orders and plans use, and the names that keys of orders read."""
    criteria, read = set(version.eligible), set[str]()
    keys = []
    for profile in version.profiles.values():
        criteria.update(profile.eligible, *(s.eligible for s in profile.all_stages()))
        keys += [k for s in profile.all_stages() for k in s.order]
    for addition in version.additions().values():
        criteria.update(addition.eligible)
    for plan in version.local_lettings_plans.values():
        keys += plan.order
    for key in keys:
        value = getattr(key, key_name(key).split(":")[0])
        if isinstance(key, BandKey):
            read.add("band")
        elif isinstance(key, PreferKey):
            criteria.add(key.prefer)
        elif isinstance(key, DateKey) and isinstance(key.date, dict):
            criteria.update(key.date)
            read.update(key.date.values())
        elif isinstance(value, str):
            read.add(value)
    return criteria, read


def asked_of_households(rules: Assessment) -> tuple[set[str], set[str]]:
    """Criteria that an assessment uses, and columns and facts that it names beside them."""
    criteria = {*rules.qualifies, *(s.when for s in rules.status)}
    criteria |= {a.when for a in rules.awards.values() if a.when is not None}
    read = {n for a in rules.awards.values() for n in (a.since, a.each) if n is not None}
    if rules.points_at_least is not None:
        read.add(rules.points_at_least)
    date = rules.priority_date
    if date is not None:
        criteria |= {i.when for i in date.instead if i.when is not None}
        read |= {date.first} if isinstance(date.first, str) else set(date.first)
        read |= {i.date for i in date.instead if i.date is not None}
    return criteria, read


def asked_of_offers(version: SchemeVersion) -> tuple[set[str], set[str]]:
    """Criteria that bidding, adverts, plans' targets and offers use, and columns that quotas go by."""
    quotas = version.advertising.quotas.values() if version.advertising is not None else ()
    criteria = {named.criterion for named in criteria_named(version)}
    return criteria, {f"advert.{column}" for quota in quotas for column in quota.by}


def columns_of_standard(standard: BedroomStandard) -> set[str]:
    """Columns of applications that a bedroom standard reads."""
    let = standard.sizes
    return {n for n in (standard.extra_rooms, let.smaller_if, let.larger_if) if n is not None}


def read_by_shortlists(version: SchemeVersion) -> set[Place]:
    """Places in the file of what a shortlist reads: criteria, facts, columns and so on."""
    return _reached(version, *asked_of_bids(version), ())


def read_by_assessment(version: SchemeVersion) -> set[Place]:
    """The same of what the assessment reads; empty without one."""
    rules = version.assessment
    if rules is None:
        return set()
    size = () if rules.size is None else (rules.size,)
    return _reached(version, *asked_of_households(rules), size)


def read_by_offers(version: SchemeVersion) -> set[Place]:
    """The same of what the rules of bidding, adverts and offers read."""
    return _reached(version, *asked_of_offers(version), ())


def _reached(
    version: SchemeVersion, criteria: set[str], names: set[str], standards: Iterable[str]
) -> set[Place]:
    """What these criteria, names and standards lead to."""
    found: set[Place] = set()
    for name in criteria & version.criteria.keys():
        found.add(("criteria", name))
        names = names | set(parse_expression(version.criteria[name].when).names)
    found.update(_named(names, "applications", version))
    used = list(standards)
    for place in [place for place in found if place[0] == "facts"]:
        fact = version.facts[place[1]]
        for text in expressions_of(fact).values():
            found.update(_named(parse_expression(text).names, rows_of(fact), version))
        if isinstance(fact, (WholeYearsSince, WholeMonthsSince)):
            found.update(_named([getattr(fact, kind_of_fact(fact))], "applications", version))
        if isinstance(fact, (BedroomsFact, BedroomsNow)):
            used.append(getattr(fact, kind_of_fact(fact)))
    for name in used:
        if name in version.bedroom_standards:
            found.add(("bedroom_standards", name))
            columns = columns_of_standard(resolve_standard(version.bedroom_standards[name]))
            found.update(_named(columns, "applications", version))
    return found


def _named(names: Iterable[str], table: str, version: SchemeVersion) -> Iterator[Place]:
    """Where the names that an expression over a table reads are declared."""
    for name in names:
        owner, _, bare = name.rpartition(".")
        if owner == "param":
            yield ("parameters", bare)
        elif owner == "advert":
            yield from (("columns", of, bare) for of in ("homes", "adverts")
                        if bare in version.declared(of))
        elif table == "applications" and name in version.facts:
            yield ("facts", name)
        elif name in version.declared(table):
            yield ("columns", table, name)
