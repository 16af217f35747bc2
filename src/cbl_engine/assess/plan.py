"""A scheme version's assessment made ready: the criteria it uses, and all that it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbl_engine.assess.facts import (
    bedroom_columns,
    columns_read,
    own_columns_read,
    standard_of,
)
from cbl_engine.errors import Problem, SchemeError
from cbl_engine.scheme.expressions import Expression, parse_expression
from cbl_engine.scheme.vocabulary import Vocabulary, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.scheme.assessment import Assessment
    from cbl_engine.scheme.bedrooms import BedroomStandard
    from cbl_engine.scheme.facts import Fact
    from cbl_engine.scheme.model import SchemeVersion

FOUND = ("bedroom_need", "sizes", "band", "points", "place_in_band", "priority_date")
"""Columns of applications that an assessment may find."""


@dataclass(frozen=True)
class Plan:
    """What an assessment by one scheme version reads and finds.

    Attributes:
        version: the scheme version.
        rules: its assessment.
        words: names that its expressions may read.
        early: criteria used before bands and points are found: qualification and awards.
        late: criteria used after: status and dates.
        facts: those read, by name.
        found: columns of applications that it finds, of :data:`FOUND`.
        own: columns of applications that it reads and does not find, without the id.
        standard: the bedroom standard of ``size``; None when need and sizes are as recorded.
    """

    version: SchemeVersion
    rules: Assessment
    words: Vocabulary
    early: dict[str, Expression]
    late: dict[str, Expression]
    facts: dict[str, Fact]
    found: frozenset[str]
    own: tuple[str, ...]
    standard: BedroomStandard | None

    @property
    def parameters(self) -> set[str]:
        """Parameters that criteria or facts read."""
        texts = [e.text for e in (*self.early.values(), *self.late.values())]
        texts += [t for fact in self.facts.values() for t in _texts(fact)]
        return {p for t in texts for p in parse_expression(t).param_names}

    def tables(self) -> dict[str, set[str]]:
        """Tables and columns that must be there."""
        need: dict[str, set[str]] = {"applications": {"id", "status", *self.own}}
        for fact in self.facts.values():
            for table, columns in columns_read(fact, self.version).items():
                need.setdefault(table, set()).update(columns)
        if self.standard is not None:
            for table, columns in bedroom_columns(self.standard).items():
                need.setdefault(table, set()).update(columns)
        return need


def plan_of(version: SchemeVersion) -> Plan:
    """The plan of a scheme version that has been checked.

    Raises:
        SchemeError: it says nothing about assessment.
    """
    rules = version.assessment
    if rules is None:
        raise SchemeError(
            [
                Problem(
                    "no_assessment",
                    f"the scheme {version.scheme} does not say how households are assessed",
                    where="assessment",
                    remedy="Add an assessment: section to the scheme",
                )
            ]
        )
    early = _parsed(version, [*rules.qualifies, *(a.when for a in rules.awards.values())])
    instead = rules.priority_date.instead if rules.priority_date else ()
    late = _parsed(version, [*(s.when for s in rules.status), *(i.when for i in instead)])
    names = {n for e in (*early.values(), *late.values()) for n in e.own_names}
    names |= set(_columns_named(rules))
    facts = {n: f for n, f in version.facts.items() if n in names}
    standard = standard_of(rules.size, version) if rules.size else None
    found = frozenset(_found(rules))
    own = (names | own_columns_read(facts.values(), version)) - set(facts) - found - {"id"}
    if standard is not None:
        own |= bedroom_columns(standard)["applications"] - {"id"}
    return Plan(
        version, rules, vocabulary(version), early, late, facts, found, tuple(sorted(own)), standard
    )


def _parsed(version: SchemeVersion, names: list[str | None]) -> dict[str, Expression]:
    return {
        name: parse_expression(version.criteria[name].when)
        for name in dict.fromkeys(names)
        if name is not None
    }


def _columns_named(rules: Assessment) -> Iterator[str]:
    """Columns and facts that the rules name outside criteria."""
    for award in rules.awards.values():
        yield from filter(None, (award.since, award.each))
    if rules.points_at_least is not None:
        yield rules.points_at_least
    if rules.priority_date is not None:
        first = rules.priority_date.first
        yield from (first,) if isinstance(first, str) else first
        yield from (i.date for i in rules.priority_date.instead if i.date is not None)


def _found(rules: Assessment) -> Iterator[str]:
    awards = rules.awards.values()
    if rules.size is not None:
        yield from ("bedroom_need", "sizes")
    if rules.otherwise is not None or any(a.band is not None for a in awards):
        yield "band"
    if rules.points_at_least is not None or any(a.points is not None for a in awards):
        yield "points"
    if any(a.place is not None for a in awards):
        yield "place_in_band"
    if rules.priority_date is not None:
        yield "priority_date"


def _texts(fact: Fact) -> list[str]:
    fields = ("where", "any_member", "all_members", "min", "max")
    texts = (getattr(fact, field, None) for field in fields)
    return [text for text in texts if isinstance(text, str)]
