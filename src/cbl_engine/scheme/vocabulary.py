"""The names an expression may read, with their types: standard columns, declared ones, facts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.scheme.compared import mixed_comparison
from cbl_engine.scheme.facts import (
    AllMembers,
    AnyMember,
    ByLaw,
    ConnectedToFact,
    ConnectionStrengthFact,
    Max,
    Min,
    StatutoryOvercrowding,
)
from cbl_engine.tables import DATED_TABLES, DTYPES, column_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.scheme.expressions import Expression
    from cbl_engine.scheme.facts import Fact
    from cbl_engine.scheme.model import Parameter, SchemeVersion

_EXAMPLES: dict[str, Any] = {
    "text": "x",
    "code": "x",
    "bool": True,
    "int": 1,
    "number": 1.0,
    "date": date(2020, 1, 1),
    "datetime": datetime(2020, 1, 1),  # noqa: DTZ001 - the frame's dtype gives the zone
    "int_list": [1],
    "text_list": ["x"],
}

_NUMBER_IN_TEXT = re.compile(r"[£$€]?\s*(-?\d[\d,]*(?:\.\d+)?)\s*(?:%|GBP|EUR)?", re.ASCII)

COMPUTED = {
    "people": {"age": "int", "born": "bool"},
    **{
        table: {"months": "int", "current": "bool"}
        for table in ("connections", *DATED_TABLES)
    },
}
"""Columns that facts may read beside the table's own.

age [years] is whole years at as_at, -1 for a child not yet born; months [months] is whole months
since the row began, not known without that day; current says whether it holds at as_at.
"""


@dataclass(frozen=True)
class Vocabulary:
    """Names -> types.

    Attributes:
        own: columns of the application and facts.
        advert: columns of the advert and its home, without the prefix.
        params: parameters, without the prefix, with the type of their values.
        rows: for each table that facts look over, the columns they may read.
    """

    own: Mapping[str, str]
    advert: Mapping[str, str]
    params: Mapping[str, str]
    rows: Mapping[str, Mapping[str, str]]

    def type_of(self, name: str) -> str | None:
        """Type of a name as it stands in a criterion; None when there is no such name."""
        if name == "as_at":
            return "date"
        if name.startswith("advert."):
            return self.advert.get(name.removeprefix("advert."))
        if name.startswith("param."):
            return self.params.get(name.removeprefix("param."))
        return self.own.get(name)

    def names(self) -> list[str]:
        """Every name a criterion may read."""
        return [
            *self.own,
            *(f"advert.{n}" for n in self.advert),
            *(f"param.{n}" for n in self.params),
            "as_at",
        ]


def vocabulary(version: SchemeVersion) -> Vocabulary:
    """The names that criteria and facts of a scheme version may read."""
    declared: dict[str, dict[str, str]] = {
        t: {n: c.type for n, c in cols.items()} for t, cols in version.columns.items()
    }
    rows = {
        table: {
            **column_types(table),
            **{n: c.type for n, c in version.declared(table).items()},
            **COMPUTED[table],
        }
        for table in COMPUTED
    }
    params = {n: _parameter_type(p) for n, p in version.parameters.items()}
    own = {**column_types("applications"), **declared.get("applications", {})}
    partial = Vocabulary(own, {}, params, rows)
    facts = {n: fact_type(f, partial) for n, f in version.facts.items()}
    advert = {
        **column_types("homes"),
        **declared.get("homes", {}),
        **column_types("adverts"),
        **declared.get("adverts", {}),
    }
    return Vocabulary({**own, **facts}, advert, params, rows)


def _parameter_type(parameter: Parameter) -> str:
    """Type of a parameter: that of its values, a number when some are whole and some are not.

    Values of types that differ otherwise, and numbers written as text, are reported apart; they count
    as numbers where any is one.
    """
    kinds = list(dict.fromkeys("number" if number_in_text(v) else value_type(v)
                               for v in parameter.values.values()))
    numbers = "number" in kinds or ("int" in kinds and len(kinds) > 1)
    return "number" if numbers else kinds[0]


def number_in_text(value: Any) -> str:
    """The number in a text such as ``£500``, ``1,500`` or ``40%``; empty for anything else."""
    found = _NUMBER_IN_TEXT.fullmatch(value) if isinstance(value, str) else None
    number = found[1].replace(",", "") if found else ""
    return "" if number == value else number


def value_type(value: Any) -> str:
    """Column type of a parameter's value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "number"
    return "date" if isinstance(value, date) else "text"


def fact_type(fact: Fact, words: Vocabulary) -> str:
    """Column type of a fact; an expression that does not work counts as int (reported apart)."""
    if isinstance(fact, (AnyMember, AllMembers, ConnectedToFact, StatutoryOvercrowding, ByLaw)):
        return "bool"
    if isinstance(fact, (Min, Max)):
        from cbl_engine.scheme.expressions import parse_expression
        from cbl_engine.scheme.tokens import ExpressionError

        text = fact.min if isinstance(fact, Min) else fact.max
        try:
            expression = parse_expression(text)
            dtype = result_type(expression, words.rows[fact.of], words.params)
        except ExpressionError:
            return "int"
        if dtype.is_float() or dtype.is_decimal():
            return "number"
        return next((t for t, d in DTYPES.items() if d == dtype and t != "id"), "int")
    return "int"


def is_pair_fact(fact: Fact) -> bool:
    """Whether the fact depends on the advert as well as the household."""
    if isinstance(fact, ConnectionStrengthFact):
        return fact.connection_strength.area == "advert.area"
    rule = getattr(fact, "connected_to", None) or getattr(fact, "months_connected", None)
    rule = rule or getattr(fact, "months_resident_in", None)
    return rule is not None and rule.area == "advert.area"


def result_type(
    expression: Expression, columns: Mapping[str, str], params: Mapping[str, str]
) -> pl.DataType:
    """Type of an expression over these columns, found by running it on two rows without data.

    Raises:
        ExpressionError: it compares what cannot be compared, as a date with a number or a yes-or-no
            with text; or polars refuses it, with polars' reason.
    """
    from cbl_engine.scheme.tokens import ExpressionError

    constants = example_constants(expression, params)
    frame = pl.DataFrame(
        {n: [_EXAMPLES[columns[n]], None] for n in expression.names if n in columns},
        schema={n: DTYPES[columns[n]] for n in expression.names if n in columns},
    )
    if not frame.width:
        frame = pl.DataFrame({"": [0, 0]})
    compiled = expression.polars(constants)
    mixed = mixed_comparison(compiled, frame, literals=not expression.param_names)
    if mixed is not None:
        raise ExpressionError(
            expression.offset_of(mixed.column), mixed.message, mixed.allowed, mixed.remedy)
    try:
        result = frame.select(compiled.alias("result"))
    except Exception as error:
        raise ExpressionError(
            0, f"this does not fit the columns' types: {str(error).splitlines()[0]}"
        ) from None
    return result.schema["result"]


def example_constants(expression: Expression, params: Mapping[str, str]) -> dict[str, Any]:
    """A stand-in for as_at and each parameter, of the right type."""
    constants: dict[str, Any] = {"as_at": date(2020, 1, 1)}
    for name in expression.param_names:
        if name in params:
            constants[f"param.{name}"] = _EXAMPLES[params[name]]
    return constants
