"""What facts must say: expressions over their rows, dates, areas, the answer without rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from cbl_engine.errors import Problem
from cbl_engine.scheme.check_assessment import standard_problems
from cbl_engine.scheme.check_expressions import expression_problems
from cbl_engine.scheme.check_orders import Place, suggest
from cbl_engine.scheme.facts import (
    AllMembers,
    AnyMember,
    BedroomsFact,
    BedroomsNow,
    Count,
    ExemptByLaw,
    Max,
    Min,
    StatutoryOvercrowding,
    WholeMonthsSince,
    WholeYearsSince,
    expressions_of,
    kind_of_fact,
)
from cbl_engine.scheme.vocabulary import Vocabulary, fact_type
from cbl_engine.tables import column_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.documents import Document
    from cbl_engine.scheme.facts import Fact
    from cbl_engine.scheme.model import SchemeVersion


def fact_problems(
    version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    """What is wrong in the facts of a version, fact by fact."""
    for name, fact in version.facts.items():
        place = ("facts", name)
        if isinstance(fact, (AnyMember, AllMembers, Count, Min, Max)):
            yield from _check_reducer(fact, place, document, words)
        elif isinstance(fact, (WholeYearsSince, WholeMonthsSince)):
            yield from _check_since(fact, place, version, document)
        elif isinstance(fact, (BedroomsFact, BedroomsNow)):
            kind = kind_of_fact(fact)
            yield from standard_problems(getattr(fact, kind), (*place, kind), version, document)
        elif not isinstance(fact, (StatutoryOvercrowding, ExemptByLaw)):
            yield from _check_area(fact, place, document)
            for inside, text in expressions_of(fact).items():
                yield from expression_problems(
                    text, (*place, *inside), document, words.rows["connections"], words.params,
                    "condition",
                )


def _check_since(
    fact: WholeYearsSince | WholeMonthsSince,
    place: Place,
    version: SchemeVersion,
    document: Document,
) -> Iterator[Problem]:
    """The column is a date of the application itself: a fact may not stand on another."""
    kind = kind_of_fact(fact)
    name = getattr(fact, kind)
    types = {
        **column_types("applications"),
        **{n: c.type for n, c in version.declared("applications").items()},
    }
    if types.get(name) != "date":
        yield Problem(
            "not_a_date",
            f"{name} is not a date column of applications",
            where=document.where((*place, kind)),
            given=f"type {types[name]}" if name in types else "",
            allowed=suggest(name, [n for n, t in types.items() if t == "date"]),
        )


def _check_reducer(
    fact: AnyMember | AllMembers | Count | Min | Max,
    place: Place,
    document: Document,
    words: Vocabulary,
) -> Iterator[Problem]:
    kind = kind_of_fact(fact)
    table = fact.count if isinstance(fact, Count) else fact.of
    columns = words.rows[table]
    if not isinstance(fact, Count):
        wanted: Literal["condition", "amount"] = (
            "condition" if isinstance(fact, (AnyMember, AllMembers)) else "amount"
        )
        text = getattr(fact, kind)
        yield from expression_problems(text, (*place, kind), document, columns, words.params, wanted)
    if fact.where is not None:
        yield from expression_problems(
            fact.where, (*place, "where"), document, columns, words.params, "condition"
        )
    if fact.if_none != "unknown":
        made = fact_type(fact, words)
        fits = isinstance(fact.if_none, bool) if made == "bool" else (
            made in ("int", "number") and not isinstance(fact.if_none, bool)
        )
        if not fits:
            values = {"bool": ", true or false", "int": " or a whole number",
                      "number": " or a whole number"}
            yield Problem(
                "if_none_type",
                f"if_none of {place[-1]} does not fit the fact",
                where=document.where((*place, "if_none")),
                given=str(fact.if_none).lower(),
                allowed="unknown" + values.get(made, ""),
            )


def _check_area(fact: Fact, place: Place, document: Document) -> Iterator[Problem]:
    kind = kind_of_fact(fact)
    rule = getattr(fact, kind)
    area = rule.area
    for name in [area] if isinstance(area, str) else area:
        if name.startswith("advert.") and area != "advert.area":
            yield Problem(
                "unknown_area",
                f"{name} cannot stand here",
                where=document.where((*place, kind, "area")),
                allowed="advert.area by itself, an area's id, or a list of ids",
            )
    if not area:
        yield Problem(
            "unknown_area",
            "no area is named",
            where=document.where((*place, kind, "area")),
            allowed="advert.area by itself, an area's id, or a list of ids",
        )
    if getattr(rule, "level", None) is not None and area != "advert.area":
        yield Problem(
            "level_needs_advert",
            "level means the area around the advert's",
            where=document.where((*place, kind, "level")),
            allowed="level together with area: advert.area",
        )
    if kind == "connection_strength" and area != "advert.area":
        yield Problem(
            "strength_needs_advert",
            "connection_strength measures closeness to the advert's area",
            where=document.where((*place, kind, "area")),
            allowed="advert.area",
        )
