"""Facts over the rows of a household: any, all, count, min, max, and those over connections.

Missing is not false: an answer that a missing value could change is null. ``docs/mechanics.md``
states each rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess.connections import connection_facts
from cbl_engine.assess.rows import rows_to_read
from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.model import (
    AllMembers,
    AnyMember,
    Count,
    Max,
    Min,
    expressions_of,
    kind_of,
    rows_of,
)
from cbl_engine.scheme.vocabulary import COMPUTED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.scheme.model import Fact, SchemeVersion
    from cbl_engine.tables import Ordinals

Reduced = AnyMember | AllMembers | Count | Min | Max

_COMPUTED_FROM = {
    "people": {"age": ("date_of_birth", "expected_on"), "born": ("date_of_birth", "expected_on")},
    "connections": {"months": ("since",), "current": ("since", "until")},
}
_OPTIONAL = {"expected_on", "until"}


def columns_read(fact: Fact) -> dict[str, set[str]]:
    """Tables and columns a fact needs; ``expected_on`` and ``until`` may be absent."""
    table = rows_of(fact)
    columns = {"application"}
    names = {n for t in expressions_of(fact).values() for n in parse_expression(t).own_names}
    for name in names:
        columns.update(_COMPUTED_FROM[table].get(name, (name,)))
    need = {table: columns - _OPTIONAL | (names & _OPTIONAL)}
    if isinstance(fact, (AnyMember, AllMembers, Count, Min, Max)):
        return need
    kind = kind_of(fact)
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


def household_facts(
    facts: Mapping[str, Fact],
    tables: Mapping[str, pl.DataFrame],
    applications: Ordinals,
    on: date,
    constants: Mapping[str, Any],
    version: SchemeVersion,
) -> pl.DataFrame:
    """Values of facts, one row an application by ordinal, one column a fact.

    Args:
        facts: facts that do not read the advert.
        tables: ``people``, ``connections`` and ``areas`` as far as the facts read them.
        applications: ids <-> ordinals.
        on: the as-at date.
        constants: ``as_at`` and parameters.
        version: for the declared columns' ``if_null``.

    Returns:
        Frame of one column a fact; null where not known.
    """
    columns: dict[str, pl.Series] = {}
    for table in ("people", "connections"):
        mine = {
            name: fact
            for name, fact in facts.items()
            if isinstance(fact, (AnyMember, AllMembers, Count, Min, Max)) and rows_of(fact) == table
        }
        if mine:
            rows = rows_to_read(tables[table], table, applications, on, version)
            columns.update(_reduced(mine, rows, len(applications), constants))
    by_connection = {
        name: fact
        for name, fact in facts.items()
        if not isinstance(fact, (AnyMember, AllMembers, Count, Min, Max))
    }
    if by_connection:
        columns.update(
            connection_facts(by_connection, tables, applications, on, constants, version)
        )
    return pl.DataFrame({name: columns[name] for name in facts})


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
            value = parse_expression(getattr(fact, kind_of(fact))).polars(constants)
            made.append(value.alias(f"{name} value"))
        answers.append(_answer(name, fact).alias(name))
    grouped = rows.with_columns(made).group_by("_ordinal").agg(answers)
    at = grouped["_ordinal"].to_numpy()
    out = {}
    for name, fact in facts.items():
        values = grouped[name]
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


__all__ = ["COMPUTED", "columns_read", "household_facts"]
