"""Facts of a household: over its rows, over connections, since a date, by a bedroom standard.

Missing is not false: an answer that a missing value could change is null. ``docs/mechanics.md``
states each rule.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess.ages import whole_months
from cbl_engine.assess.connections import connection_facts
from cbl_engine.assess.rooms import AREA, bedrooms_now
from cbl_engine.assess.rows import rows_to_read, with_if_null
from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.facts import (
    AllMembers,
    AnyMember,
    BedroomsFact,
    BedroomsNow,
    ByLaw,
    Count,
    EligibleInLaw,
    Max,
    Min,
    StatutoryOvercrowding,
    WholeMonthsSince,
    WholeYearsSince,
    expressions_of,
    kind_of_fact,
    rows_of,
)
from cbl_engine.scheme.law import allocation_law
from cbl_engine.scheme.standards import resolve_standard
from cbl_engine.scheme.vocabulary import COMPUTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from cbl_engine.scheme.bedrooms import BedroomStandard
    from cbl_engine.scheme.facts import Fact
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.tables import Ordinals

Reduced = AnyMember | AllMembers | Count | Min | Max
Since = WholeYearsSince | WholeMonthsSince

_AGES = ("date_of_birth", "expected_on")
_COMPUTED_FROM = {
    "people": {"age": _AGES, "born": _AGES},
    **{
        table: {"months": ("since",), "current": ("since", "until")}
        for table in COMPUTED
        if table != "people"
    },
}
_OPTIONAL = {"expected_on", "until"}
_SPELL = ("room", "since", "until")


def columns_read(fact: Fact, version: SchemeVersion) -> dict[str, set[str]]:
    """Tables and columns that a fact needs; those of :func:`columns_welcome` may be absent."""
    if isinstance(fact, (WholeYearsSince, WholeMonthsSince)):
        return {"applications": {"id", getattr(fact, kind_of_fact(fact))}}
    if isinstance(fact, BedroomsFact):
        return bedroom_columns(standard_of(fact.bedrooms, version))
    if isinstance(fact, BedroomsNow):
        return {"applications": {"id", "current_bedrooms"}, "rooms": {"application", "use", AREA}}
    if isinstance(fact, ByLaw):
        return {}
    if isinstance(fact, StatutoryOvercrowding):
        people = {"id", "application", "date_of_birth", "sex", "relationship"}
        return {"people": people, "rooms": {"application", "use", AREA}}
    need = {rows_of(fact): _columns_of_rows(fact)}
    if isinstance(fact, (AnyMember, AllMembers, Count, Min, Max)):
        return need
    kind = kind_of_fact(fact)
    rule = getattr(fact, kind)
    need["connections"] |= {"area", "kind", "since"}
    need["areas"] = {"id", "parent"}
    if kind == "connection_strength" or rule.level is not None:
        need["areas"].add("level")
    if kind == "months_resident_in" or rule.held_by == "applicant":
        need["connections"].add("person")
    if rule.held_by == "applicant":
        need["people"] = {"id", "application", "relationship"}
    return need


def _columns_of_rows(fact: Fact) -> set[str]:
    """What the expressions of a fact need of the table whose rows it looks over."""
    table, columns = rows_of(fact), {"application"}
    names = {n for t in expressions_of(fact).values() for n in parse_expression(t).own_names}
    for name in names:
        columns.update(_COMPUTED_FROM[table].get(name, (name,)))
    return columns - _OPTIONAL | (names & _OPTIONAL)


def columns_welcome(fact: Fact) -> dict[str, tuple[str, ...]]:
    """Tables and columns that a fact reads where the register has them."""
    if isinstance(fact, BedroomsFact):
        return {"people": IF_THERE}
    if isinstance(fact, BedroomsNow):
        return {"rooms": _SPELL}
    if isinstance(fact, ByLaw):
        return _read_by_law(fact)
    if isinstance(fact, StatutoryOvercrowding):
        return {"people": ("expected_on", "partner_of"), "rooms": _SPELL}
    table = rows_of(fact)
    return {table: ("expected_on",) if table == "people" else ("until", "person")}


def _read_by_law(fact: ByLaw) -> dict[str, tuple[str, ...]]:
    """Tables and columns by which the law answers a fact."""
    return _read_by_tests(fact.test if isinstance(fact, EligibleInLaw) else None)


@lru_cache(maxsize=8)
def _read_by_tests(test: str | None) -> dict[str, tuple[str, ...]]:
    """What a test of eligibility reads, or with None whom the law exempts from a test."""
    law = allocation_law()
    texts = [g.when for g in law.exempt.values()] if test is None else [law.eligible[test].met_when]
    names = {n for text in texts for n in parse_expression(text).own_names}
    found: dict[str, set[str]] = {"applications": names - set(law.facts)}
    for fact in (law.facts[name] for name in names & set(law.facts)):
        found.setdefault(rows_of(fact), set()).update(
            _columns_of_rows(fact), *columns_welcome(fact).values())
    return {table: tuple(sorted(columns)) for table, columns in found.items()}


def own_columns_read(facts: Iterable[Fact], version: SchemeVersion) -> set[str]:
    """Columns of the application itself that facts read, without its id."""
    found = (columns_read(fact, version).get("applications", set()) for fact in facts)
    return set().union(*found) - {"id"}


def standard_of(name: str, version: SchemeVersion) -> BedroomStandard:
    """A bedroom standard of the version, or a shipped one, with what it extends filled in."""
    return resolve_standard(version.bedroom_standards.get(name, name))


def bedroom_columns(standard: BedroomStandard) -> dict[str, set[str]]:
    """Tables and columns that a bedroom standard needs."""
    named = {standard.extra_rooms, standard.sizes.smaller_if, standard.sizes.larger_if}
    return {
        "people": {"id", "application", "date_of_birth", "sex", "relationship"},
        "applications": {"id", *(name for name in named if name is not None)},
    }


IF_THERE = (
    "expected_on", "partner_of", "carer", "cannot_share", "temporarily_away", "part_time",
    "foster_child",
)
"""Columns of people that bedroom standards read where the register has them."""


def household_facts(
    facts: Mapping[str, Fact],
    tables: Mapping[str, pl.DataFrame],
    applications: Ordinals,
    on: date,
    constants: Mapping[str, Any],
    version: SchemeVersion,
    own: pl.DataFrame,
) -> pl.DataFrame:
    """Values of facts, one row an application by ordinal, one column a fact.

    Args:
        facts: facts that do not read the advert.
        tables: ``people``, ``connections``, ``areas`` and dated rows as far as the facts read
            them.
        applications: ids <-> ordinals.
        on: the as-at date.
        constants: ``as_at`` and parameters.
        version: for the declared columns' ``if_null`` and the bedroom standards.
        own: columns of the application that facts read, one row an application by ordinal.

    Returns:
        Frame of one column a fact; null where not known.
    """
    columns: dict[str, pl.Series] = {}
    by_table: dict[str, dict[str, Reduced]] = {}
    over_connections: dict[str, Fact] = {}
    by_law: dict[str, ByLaw] = {}
    for name, fact in facts.items():
        if isinstance(fact, (AnyMember, AllMembers, Count, Min, Max)):
            by_table.setdefault(rows_of(fact), {})[name] = fact
        elif isinstance(fact, (WholeYearsSince, WholeMonthsSince)):
            columns[name] = _counted_since(fact, own, on).alias(name)
        elif isinstance(fact, BedroomsFact):
            standard = standard_of(fact.bedrooms, version)
            need = bedrooms_by(standard, tables["people"], applications, on, own)
            columns[name] = need["need"].cast(pl.Int64).alias(name)
        elif isinstance(fact, BedroomsNow):
            now = present_bedrooms(fact, tables, applications, on, version, own)
            columns[name] = now["bedrooms"].alias(name)
        elif isinstance(fact, StatutoryOvercrowding):
            found = present_overcrowding(tables, applications, on)
            columns[name] = found[answer_of(fact)].alias(name)
        elif isinstance(fact, ByLaw):
            by_law[name] = fact
        else:
            over_connections[name] = fact
    for table, mine in by_table.items():
        rows = rows_to_read(tables[table], table, applications, on, version)
        columns.update(_reduced(mine, rows, len(applications), constants))
    if over_connections:
        columns.update(
            connection_facts(over_connections, tables, applications, on, constants, version)
        )
    if by_law:
        from cbl_engine.assess.legal import answers_of_law

        columns.update(answers_of_law(by_law, tables, own, applications, on, version))
    return pl.DataFrame({name: columns[name] for name in facts})


def bedrooms_by(
    standard: BedroomStandard,
    people: pl.DataFrame,
    applications: Ordinals,
    on: date,
    own: pl.DataFrame,
) -> pl.DataFrame:
    """:func:`~cbl_engine.assess.bedrooms.bedroom_need`, a row an application by ordinal."""
    from cbl_engine.assess.bedrooms import bedroom_need

    named = [c for c in bedroom_columns(standard)["applications"] if c != "id"]
    frame = pl.DataFrame([applications.ids.alias("id"), *(own[c] for c in named)])
    return bedroom_need(people, standard, on, frame)


def present_bedrooms(
    fact: BedroomsNow,
    tables: Mapping[str, pl.DataFrame],
    applications: Ordinals,
    on: date,
    version: SchemeVersion,
    own: pl.DataFrame,
) -> pl.DataFrame:
    """:func:`~cbl_engine.assess.rooms.bedrooms_now`, a row an application by ordinal."""
    frame = pl.DataFrame([applications.ids.alias("id"), own["current_bedrooms"]])
    return bedrooms_now(tables["rooms"], standard_of(fact.bedrooms_now, version), on, frame)


def present_overcrowding(
    tables: Mapping[str, pl.DataFrame], applications: Ordinals, on: date
) -> pl.DataFrame:
    """:func:`~cbl_engine.assess.overcrowding.statutory_overcrowding`, by ordinal."""
    from cbl_engine.assess.overcrowding import statutory_overcrowding

    frame = applications.ids.alias("id").to_frame()
    return statutory_overcrowding(tables["people"], tables["rooms"], on, frame)


def answer_of(fact: StatutoryOvercrowding) -> str:
    """The column of :func:`present_overcrowding` that the fact is."""
    rule = fact.statutory_overcrowding
    return "overcrowded" if rule == "either" else f"{rule}_broken"


def _counted_since(fact: Since, own: pl.DataFrame, on: date) -> pl.Series:
    """Whole months or years since a date; 0 before it, null without one."""
    start = pl.col(getattr(fact, kind_of_fact(fact)))
    months = whole_months(start, pl.lit(on))
    # A year counts as an age does: one begun on 29 February is whole on 1 March.
    count = months if isinstance(fact, WholeMonthsSince) else months // 12
    counted = pl.when(start.is_null()).then(None).otherwise(pl.max_horizontal(count, 0))
    return own.select(counted.cast(pl.Int64)).to_series()


def _reduced(
    facts: Mapping[str, Reduced], rows: pl.DataFrame, n: int, constants: Mapping[str, Any]
) -> dict[str, pl.Series]:
    made: list[pl.Expr] = []
    answers: list[pl.Expr] = []
    for name, fact in facts.items():
        where = (
            parse_expression(fact.where).polars(constants) if fact.where else pl.lit(True)
        )
        made.append(where.alias(f"{name} where"))
        if not isinstance(fact, Count):
            value = parse_expression(getattr(fact, kind_of_fact(fact))).polars(constants)
            made.append(value.alias(f"{name} value"))
        answers.append(_answer(name, fact).alias(name))
    grouped = rows.with_columns(made).group_by("_ordinal").agg(answers)
    at = grouped["_ordinal"].to_numpy()
    out = {}
    for name, fact in facts.items():
        values = grouped[name]
        if values.dtype.is_decimal():
            values = values.cast(pl.Float64)
        place = np.full(n, len(values), np.int64)
        place[at] = np.arange(len(values))
        none = None if fact.if_none == "unknown" else fact.if_none
        padded = pl.concat([values, pl.Series([none], dtype=values.dtype, strict=False)])
        out[name] = padded.gather(place).alias(name)
    return out


def _answer(name: str, fact: Reduced) -> pl.Expr:
    """The answer for one household from its rows' ``where`` and ``value``."""
    where, value = pl.col(f"{name} where"), pl.col(f"{name} value")
    if isinstance(fact, AnyMember):
        met = where & value
        return pl.when(met.any(ignore_nulls=True)).then(True).when(
            met.is_null().any()).then(None).otherwise(False)
    if isinstance(fact, AllMembers):
        met = ~where | value
        return pl.when((~met).any(ignore_nulls=True)).then(False).when(
            met.is_null().any()).then(None).otherwise(True)
    if isinstance(fact, Count):
        return pl.when(where.is_null().any()).then(None).otherwise(where.sum().cast(pl.Int64))
    counted = value.filter(where)
    doubt = where.is_null().any() | counted.is_null().any()
    best = counted.min() if isinstance(fact, Min) else counted.max()
    return pl.when(doubt).then(None).otherwise(best)


__all__ = [
    "COMPUTED",
    "IF_THERE",
    "bedroom_columns",
    "bedrooms_by",
    "columns_read",
    "columns_welcome",
    "household_facts",
    "own_columns_read",
    "standard_of",
    "with_if_null",
]
