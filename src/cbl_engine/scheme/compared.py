"""What an expression compares: values of one kind with each other, or of two that do not go together.

polars compares a date or a length of time with a number by how it keeps them, in days or microseconds, and
a yes-or-no with text or a number by turning it into ``true`` or 1, and says nothing: ``as_at -
registered_on >= 365`` is met after one day, and ``banned <> 'yes'`` by everybody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARISONS = frozenset({"Eq", "EqValidity", "NotEq", "NotEqValidity", "Lt", "LtEq", "Gt", "GtEq"})
_NUMBER, _DATE, _TIME = "a number", "a date", "a length of time"
_TEXT, _YES_NO, _LIST = "text", "a yes-or-no", "a list"
_COMPARED, _TOGETHER = "is compared with", "stands in COALESCE with"
_OF_ONE_KIND = "values of one kind, such as COALESCE(homeless, FALSE)"


@dataclass(frozen=True, slots=True)
class Mixed:
    """A comparison of what cannot be compared.

    Attributes:
        message, allowed, remedy: as in :class:`cbl_engine.errors.Problem`.
        column: a column that stands on one side by itself; empty where none does.
    """

    message: str
    allowed: str
    remedy: str
    column: str


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a comparison.

    Attributes:
        node: of the serialised tree.
        inside: the node is a list, of which each value is compared.
    """

    node: Any
    inside: bool = False

    @property
    def column(self) -> str:
        """The column that it is; empty for anything else."""
        return self.node.get("Column", "")

    @property
    def literal(self) -> str:
        """The text or whole number that it is, as SQL has it; empty for anything else."""
        value = self.node.get("Literal", {})
        if "Dyn" in value:
            return str(value["Dyn"].get("Int", ""))
        text = value.get("Scalar", {}).get("String")
        return "" if text is None else "'" + text.replace("'", "''") + "'"

    def expression(self) -> pl.Expr:
        """What polars makes of it."""
        return pl.Expr.deserialize(StringIO(json.dumps(self.node)), format="json")


def mixed_comparison(
    expression: pl.Expr, frame: pl.DataFrame, *, literals: bool = True
) -> Mixed | None:
    """The first comparison, from the inside out, of what cannot be compared; None where there is none.

    Args:
        expression: over the frame's columns.
        frame: with every column that it reads.
        literals: the literals stand in the text, so that a remedy may repeat them.
    """
    pairs = list(_compared(json.loads(expression.meta.serialize(format="json"))))
    for (one, other, how), (kind, its) in zip(pairs, _kinds(pairs, frame), strict=True):
        if kind is not None and its is not None and kind != its:
            message = f"{kind} {how} {its}"
            sides = {kind: one, its: other}
            remedy = (_OF_ONE_KIND, "") if how == _TOGETHER else _remedy(sides, literals=literals)
            return Mixed(message, *remedy, one.column or other.column)
    return None


_Pair = tuple[_Side, _Side, str]
_Kinds = tuple[str | None, str | None]


def _compared(node: Any) -> Iterator[_Pair]:
    """Both sides of every comparison in a serialised tree, what stands inside another first."""
    if isinstance(node, dict):
        for inside in node.values():
            yield from _compared(inside)
        if node.get("op") in _COMPARISONS:
            yield _Side(node["left"]), _Side(node["right"]), _COMPARED
        if "input" in node:
            yield from _of_function(node["function"], node["input"])
    elif isinstance(node, list):
        for inside in node:
            yield from _compared(inside)


def _of_function(function: Any, inputs: list[Any]) -> Iterator[_Pair]:
    """What a function compares; polars keeps IN, and = where a decimal stands on a side, as one."""
    if function == "Coalesce":
        yield from ((_Side(inputs[0]), _Side(other), _TOGETHER) for other in inputs[1:])
    elif isinstance(function, dict):
        called = next(iter(function.values()), "")
        what = called if isinstance(called, dict) else {}
        if "IsIn" in what or "Contains" in what:
            lists = "Contains" in what
            yield _Side(inputs[0], inside=lists), _Side(inputs[1], inside=not lists), _COMPARED
        elif what.get("Binary") in _COMPARISONS:
            yield _Side(inputs[0]), _Side(inputs[1]), _COMPARED


def _kinds(pairs: list[_Pair], frame: pl.DataFrame) -> list[_Kinds]:
    """What each pair compares; None for a side that polars refuses, or tells apart itself."""
    try:
        return _read(pairs, frame)
    except pl.exceptions.PolarsError:
        out: list[_Kinds] = []
        for pair in pairs:
            try:
                out += _read([pair], frame)
            except pl.exceptions.PolarsError:
                out.append((None, None))
        return out


def _read(pairs: list[_Pair], frame: pl.DataFrame) -> list[_Kinds]:
    sides = [side for *both, _ in pairs for side in both]
    read = frame.lazy().select(s.expression().alias(str(i)) for i, s in enumerate(sides))
    dtypes = read.collect_schema().dtypes()
    kinds = [_kind(dtype.inner if side.inside and isinstance(dtype, pl.List) else dtype)
             for side, dtype in zip(sides, dtypes, strict=True)]
    return list(zip(kinds[::2], kinds[1::2], strict=True))


def _kind(dtype: Any) -> str | None:
    """What is compared, in words; None for anything that polars itself tells apart."""
    if dtype.is_numeric():
        return _NUMBER
    if dtype in (pl.Date, pl.Datetime):
        return _DATE
    if isinstance(dtype, pl.List):
        return _LIST
    return {pl.Duration: _TIME, pl.Boolean: _YES_NO, pl.String: _TEXT}.get(dtype.base_type())


def _remedy(sides: dict[str, _Side], *, literals: bool) -> tuple[str, str]:
    """What may be compared, and what to write instead, for the sides of two kinds."""
    def said(side: _Side) -> str:
        return side.column or (side.literal if literals else "")

    kinds = set(sides)
    if _LIST in kinds:
        (value,) = kinds - {_LIST}
        listed, one = said(sides[_LIST]), said(sides[value])
        return ("array_contains, which asks whether a list holds a value",
                f"Write array_contains({listed or 'list'}, {one or 'value'})")
    if _YES_NO in kinds:
        column = sides[_YES_NO].column
        return "a yes-or-no by itself", (
            f"Write {column} or NOT {column}" if column
            else "Write the condition by itself, or NOT before it")
    if kinds == {_NUMBER, _TEXT}:
        return ("numbers with numbers, and text with text",
                "Write numbers without quotes, and text in 'single quotes'")
    if kinds == {_DATE, _TEXT}:
        day = sides[_TEXT].literal.strip("'")
        return "dates with dates", f"Write DATE '{day if _is_day(day) else '2024-10-01'}'" + (
            "" if _is_day(day) else " for a day")
    return ("dates with dates, and lengths of time with INTERVAL '365 days'",
            ("Write the day: registered_on <= as_at - INTERVAL '365 days'; or use a fact such as "
             "whole_months_since"))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
