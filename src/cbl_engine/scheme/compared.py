"""What an expression compares: a date with a date, a number with a number, or one with the other.

polars compares a date or a length of time with a number by how it keeps them, in days or microseconds,
and says nothing: ``as_at - registered_on >= 365`` is met after one day.
"""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARISONS = frozenset({"Eq", "EqValidity", "NotEq", "NotEqValidity", "Lt", "LtEq", "Gt", "GtEq"})
_NUMBER = "a number"


def mixed_comparison(expression: pl.Expr, frame: pl.DataFrame) -> tuple[str, str] | None:
    """The two kinds of the first comparison of what cannot be compared; None where there is none.

    Args:
        expression: that the frame's columns fit.
        frame: with every column that it reads.
    """
    pairs = list(_compared(json.loads(expression.meta.serialize(format="json"))))
    if not pairs:
        return None
    sides = [pl.Expr.deserialize(StringIO(json.dumps(side)), format="json").alias(str(number))
             for number, side in enumerate(side for pair in pairs for side in pair)]
    kinds = [_kind(dtype) for dtype in frame.select(sides).dtypes]
    for one, other in zip(kinds[::2], kinds[1::2], strict=True):
        if one and other and one != other:
            return one, other
    return None


def _compared(node: Any) -> Iterator[tuple[Any, Any]]:
    """Both sides of every comparison in a serialised tree."""
    if isinstance(node, dict):
        if node.get("op") in _COMPARISONS:
            yield node["left"], node["right"]
        for inside in node.values():
            yield from _compared(inside)
    elif isinstance(node, list):
        for inside in node:
            yield from _compared(inside)


def _kind(dtype: pl.DataType) -> str | None:
    """What is compared, in words; None for anything that polars itself tells apart."""
    if dtype.is_numeric():
        return _NUMBER
    if dtype in (pl.Date, pl.Datetime):
        return "a date"
    return "a length of time" if dtype == pl.Duration else None
