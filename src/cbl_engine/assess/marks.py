"""At which ages, months or days an expression can change by itself: read from its text.

An expression that compares a counted name with whole numbers, and nothing more, changes only at
those numbers. Whatever is said in another way counts as changing at every number: early, never
late.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbl_engine.scheme.expressions import Expression
    from cbl_engine.scheme.tokens import Token

_COMPARE = frozenset({"<", "<=", ">", ">=", "=", "<>", "!="})
_EDGES = frozenset({"AND", "OR", "NOT", "CASE", "WHEN", "THEN", "ELSE", "END"})


def numbers_at(
    expression: Expression, name: str, constants: Mapping[str, Any]
) -> frozenset[int] | None:
    """The numbers at which an expression can change as ``name`` counts up; None for every number.

    >>> from cbl_engine.scheme.expressions import parse_expression
    >>> sorted(numbers_at(parse_expression("age >= 18 AND carer"), "age", {}))
    [18, 19]
    """
    tokens = expression.tokens
    found: set[int] = set()
    for i, token in enumerate(tokens):
        if token.kind != "name" or token.value != name:
            continue
        mine = _compared(tokens, i, constants)
        if mine is None:
            return None
        for number in mine:
            found |= {number, number + 1}
    return frozenset(found)


def _compared(
    tokens: Sequence[Token], i: int, constants: Mapping[str, Any]
) -> list[int] | None:
    """The numbers that the name at a place is compared with; None when it is used otherwise."""
    before, after = _value(tokens, i - 1), _value(tokens, i + 1)
    if after in _COMPARE and _edge(tokens, i - 1) and _edge(tokens, i + 3):
        return _numbers([_number(tokens, i + 2, constants)])
    if before in _COMPARE and _edge(tokens, i - 3) and _edge(tokens, i + 1):
        return _numbers([_number(tokens, i - 2, constants)])
    if not _edge(tokens, i - 1):
        return None
    if after == "IS":
        return []
    start = i + 2 if after == "NOT" else i + 1
    word = _value(tokens, start)
    if word == "BETWEEN" and _value(tokens, start + 2) == "AND" and _edge(tokens, start + 4):
        ends = [_number(tokens, start + k, constants) for k in (1, 3)]
        return _numbers(ends)
    if word == "IN" and _value(tokens, start + 1) == "(":
        listed = []
        at = start + 2
        while at < len(tokens) and _value(tokens, at) != ")":
            if _value(tokens, at) != ",":
                listed.append(_number(tokens, at, constants))
            at += 1
        return _numbers(listed)
    return None


def _numbers(found: Sequence[int | None]) -> list[int] | None:
    return None if None in found else [n for n in found if n is not None]


def days_at(expression: Expression) -> list[tuple[str | date, str]] | None:
    """What ``as_at`` is compared with: (column or date, interval that is taken off as_at).

    ``registered_on < as_at - INTERVAL '2 years'`` gives ``("registered_on", "2 years")``. None
    when as_at is used in another way, so that the answer may change on any day.
    """
    tokens = expression.tokens
    found: list[tuple[str | date, str]] = []
    for i, token in enumerate(tokens):
        if token.kind != "name" or token.value != "as_at":
            continue
        last, interval = i, ""
        if _value(tokens, i + 1) == "-" and _kind(tokens, i + 2) == "interval":
            last, interval = i + 2, tokens[i + 2].value[1:-1]
        if _value(tokens, i - 1) in _COMPARE and _edge(tokens, last + 1) and _edge(tokens, i - 3):
            other = i - 2
        elif (
            _value(tokens, last + 1) in _COMPARE and _edge(tokens, i - 1)
            and _edge(tokens, last + 3)
        ):
            other = last + 2
        else:
            return None
        if _kind(tokens, other) == "date":
            found.append((date.fromisoformat(tokens[other].value[1:-1]), interval))
        elif _kind(tokens, other) == "name" and "." not in tokens[other].value:
            found.append((tokens[other].value, interval))
        else:
            return None
    return found


def _kind(tokens: Sequence[Token], i: int) -> str:
    return tokens[i].kind if 0 <= i < len(tokens) else ""


def _value(tokens: Sequence[Token], i: int) -> str:
    """An operator's or keyword's text; empty for anything else, and outside the expression."""
    return tokens[i].value if _kind(tokens, i) in {"operator", "keyword"} else ""


def _edge(tokens: Sequence[Token], i: int) -> bool:
    """Whether nothing beside the comparison reaches over this place."""
    if not 0 <= i < len(tokens):
        return True
    return _value(tokens, i) in _EDGES | {"(", ")"}


def _number(tokens: Sequence[Token], i: int, constants: Mapping[str, Any]) -> int | None:
    """A number's whole part; a parameter's by its value."""
    if _kind(tokens, i) == "number":
        return int(float(tokens[i].value))
    value = constants.get(tokens[i].value) if _kind(tokens, i) == "name" else None
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value // 1) if fits and value is not None else None
