"""An expression read in words, where the words say exactly what it says; else not at all.

Read are comparisons of a name with a value, a parameter or another name, ``IS NULL``, ``IN``,
``BETWEEN``, ``array_contains``, true-or-false names, ``COALESCE`` of a name and a value, and any
AND, OR and NOT of these. Anything else (arithmetic, CASE, LIKE, other functions) has no reading:
whoever shows the expression then shows it as it is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from cbl_engine.scheme.bedrooms import SHAPE
from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.tokens import ExpressionError, Token
from cbl_engine.scheme.vocabulary import COMPUTED, vocabulary
from cbl_engine.scheme.words import (
    ROW_CALLED,
    amount,
    called,
    listed,
    owner_of,
    quoted,
    values_in_words,
)
from cbl_engine.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cbl_engine.scheme.model import SchemeVersion

_NUMBERS = {"=": "", "<>": "not ", "!=": "not ", ">=": "at least ", "<=": "at most ",
            ">": "more than ", "<": "less than "}
_DAYS = {"=": "", "<>": "not ", "!=": "not ", ">=": "on or after ", "<=": "on or before ",
         ">": "after ", "<": "before "}
_TEXTS = {"=": "", "<>": "not ", "!=": "not "}
_RELATIONS = {"int": _NUMBERS, "number": _NUMBERS, "date": _DAYS, "text": _TEXTS, "code": _TEXTS}
_TURNED = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}
_UNITS = {"age": "years", "months": "months"}
_TRUE = {"born": "{row} is born", "current": "{row} still holds"}
_SHAPE = {
    "couples": "the number of couples",
    "adults": "the number of other adults",
    "children": "the number of children",
    "boys": "the number of boys",
    "girls": "the number of girls",
    "youngest_child": "the age of the youngest child",
    "oldest_child": "the age of the oldest child",
    "applicant_in_couple": "the applicant is one of a couple",
    "carers": "the number of carers, one however many,",
    "cannot_share": "the number of people who cannot share",
    "rule": "the need by the rule",
}
"""What the table of a bedroom standard reads of a household."""
_SHAPE_UNITS = {"youngest_child": "years", "oldest_child": "years", "rule": "bedrooms"}


class _NoReading(Exception):
    """The expression goes beyond what is read in words."""


@dataclass(frozen=True)
class Reading:
    """A condition in words.

    Attributes:
        words: the condition, or how the parts belong together (``any of these``).
        parts: what is joined; empty for a single condition.
        joined: ``and`` or ``or`` between the parts, when they can stand in one sentence.
    """

    words: str
    parts: tuple[Reading, ...] = ()
    joined: Literal["", "and", "or"] = ""

    def inline(self) -> str:
        """The condition in one line, nested parts in brackets."""
        if not self.parts:
            return self.words
        inner = [p.inline() if not p.parts else f"({p.inline()})" for p in self.parts]
        if not self.joined:
            return f"{self.words}: {'; '.join(inner)}"
        return f", {self.joined} ".join(inner)


@dataclass(frozen=True)
class _Operand:
    """A side of a comparison.

    Attributes:
        words: how it is said.
        type: its column type; empty for a literal.
        unit: unit of a number.
        literal: the value, for a number, text or day written out.
        fixed: a literal or parameter: it does not depend on the household or the home.
    """

    words: str
    type: str = ""
    unit: str | None = None
    literal: float | str | date | bool | None = None
    fixed: bool = False


def read_expression(
    text: str, version: SchemeVersion, table: str = "applications", as_at: date | None = None
) -> Reading | None:
    """An expression in words, or None when words would not be exact.

    Args:
        text: the expression.
        version: the scheme, for its labels, parameters and units.
        table: whose rows its bare names are: applications, a table that facts look over, or
            household for the shape that the table of a bedroom standard reads.
        as_at: the date whose parameters to give; None gives all of them with their days.
    """
    try:
        tokens = parse_expression(text).tokens
        reader = _Reader(tokens, lambda name: _name(name, version, table, as_at))
        return reader.whole()
    except (ExpressionError, _NoReading):
        return None


class _Reader:
    """Recursive descent over checked tokens in SQL's precedence: OR, AND, NOT, the rest."""

    def __init__(self, tokens: tuple[Token, ...], named: Callable[[str], _Operand]) -> None:
        self._tokens = tokens
        self._named = named
        self._at = 0

    def whole(self) -> Reading:
        found = self._any()
        if self._at < len(self._tokens):
            raise _NoReading
        return found

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> Token:
        token = self._peek()
        if token is None:
            raise _NoReading
        self._at += 1
        return token

    def _take(self, *values: str) -> bool:
        """Step over these keywords or operators when they come next."""
        ahead = self._tokens[self._at : self._at + len(values)]
        found = tuple(t.value for t in ahead if t.kind in {"keyword", "operator"}) == values
        self._at += len(values) if found else 0
        return found

    def _need(self, value: str) -> None:
        if not self._take(value):
            raise _NoReading

    def _any(self) -> Reading:
        parts = [self._all()]
        while self._take("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Reading("any of these", tuple(parts), "or")

    def _all(self) -> Reading:
        parts = [self._not()]
        while self._take("AND"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else Reading("all of these", tuple(parts), "and")

    def _not(self) -> Reading:
        if not self._take("NOT"):
            return self._condition()
        inner = self._not()
        if not inner.parts:
            return Reading(f"it is not so that {inner.words}")
        none = {"or": "none of these", "and": "not all of these"}
        if inner.joined not in none:
            raise _NoReading
        return Reading(none[inner.joined], inner.parts)

    def _condition(self) -> Reading:
        if self._take("("):
            found = self._any()
            self._need(")")
            return found
        token = self._peek()
        if token is not None and token.kind == "function" and token.value == "ARRAY_CONTAINS":
            return self._contains()
        left = self._operand()
        if self._take("IS", "NULL"):
            return Reading(f"{left.words} is not recorded")
        if self._take("IS", "NOT", "NULL"):
            return Reading(f"{left.words} is recorded")
        negated = self._take("NOT")
        if self._take("IN"):
            return self._among(left, negated)
        if self._take("BETWEEN"):
            return self._between(left, negated)
        token = self._peek()
        if negated:
            raise _NoReading
        if token is not None and token.kind == "operator" and token.value in _NUMBERS:
            self._at += 1
            return _compared(left, token.value, self._operand())
        if left.type != "bool" or left.fixed:
            raise _NoReading
        return Reading(left.words)

    def _contains(self) -> Reading:
        self._at += 1
        self._need("(")
        items = self._operand()
        self._need(",")
        item = self._operand()
        self._need(")")
        if not items.type.endswith("list"):
            raise _NoReading
        # A label in quotes is one thing, whatever stands in it.
        include = "includes" if items.words.endswith("”") else "include"
        return Reading(f"{items.words} {include} {_value(item, items.unit)}")

    def _among(self, left: _Operand, negated: bool) -> Reading:
        self._need("(")
        values = [self._operand()]
        while self._take(","):
            values.append(self._operand())
        self._need(")")
        if left.fixed or left.type == "bool" or not all(v.fixed for v in values):
            raise _NoReading
        said = [_value(v, left.unit) for v in values]
        words = f"not {listed(said, 'and not')}" if negated else listed(said, "or")
        return Reading(f"{left.words} is {words}")

    def _between(self, left: _Operand, negated: bool) -> Reading:
        low = self._operand()
        self._need("AND")
        high = self._operand()
        if left.fixed or negated or left.type in {"bool", "text", "code"}:
            raise _NoReading
        first, last = _value(low, left.unit), _value(high, left.unit)
        return Reading(f"{left.words} is from {first} to {last}, both included")

    def _operand(self) -> _Operand:
        token = self._next()
        if token.kind == "name":
            return self._named(token.value)
        if token.kind == "function" and token.value == "COALESCE":
            return self._coalesce()
        if token.kind == "operator" and token.value == "-":
            inner = self._operand()
            if not isinstance(inner.literal, (int, float)) or isinstance(inner.literal, bool):
                raise _NoReading
            return _literal(-inner.literal)
        if token.kind == "number":
            return _literal(float(token.value) if "." in token.value else int(token.value))
        if token.kind == "text":
            return _literal(token.value[1:-1].replace("''", "'"))
        if token.kind == "date":
            return _literal(date.fromisoformat(token.value[1:-1]))
        if token.kind == "keyword" and token.value in {"TRUE", "FALSE"}:
            return _literal(token.value == "TRUE")
        raise _NoReading

    def _coalesce(self) -> _Operand:
        self._need("(")
        inner = self._operand()
        self._need(",")
        stand_in = self._operand()
        self._need(")")
        if inner.fixed or stand_in.literal is None:
            raise _NoReading
        taken = "so" if stand_in.literal is True else "not so" if stand_in.literal is False else (
            _value(stand_in, inner.unit)
        )
        return replace(inner, words=f"{inner.words} (taken as {taken} where it is not recorded)")


def _literal(value: float | str | date | bool) -> _Operand:
    return _Operand("", literal=value, fixed=True)


def _value(operand: _Operand, unit: str | None) -> str:
    """An operand as what something is compared with."""
    if operand.literal is None:
        return operand.words
    if isinstance(operand.literal, str):
        return quoted(operand.literal)
    return amount(operand.literal, unit)


def _compared(left: _Operand, operator: str, right: _Operand) -> Reading:
    if left.fixed:
        left, operator, right = right, _TURNED.get(operator, operator), left
    if left.fixed:
        raise _NoReading
    if left.type == "bool":
        if operator != "=" or right.literal not in (True, False):
            raise _NoReading
        return Reading(left.words if right.literal else f"it is not so that {left.words}")
    relations = _RELATIONS.get(left.type, {})
    if operator not in relations:
        raise _NoReading
    return Reading(f"{left.words} is {relations[operator]}{_value(right, left.unit)}")


def _name(name: str, version: SchemeVersion, table: str, as_at: date | None) -> _Operand:
    """What a name in an expression is called."""
    if name == "as_at":
        return _Operand("the date the shortlist is for", "date", fixed=True)
    if table == "household":
        return _Operand(_SHAPE[name], SHAPE[name], _SHAPE_UNITS.get(name))
    words = vocabulary(version)
    if name.startswith("param."):
        parameter = version.parameters[name.removeprefix("param.")]
        kind = words.params[name.removeprefix("param.")]
        said = values_in_words(parameter, as_at)
        if len(parameter.values) > 1 and as_at is None:
            said = f"the amount in force ({said})"
        return _Operand(said, kind, parameter.unit, fixed=True)
    if name.startswith("advert."):
        return _of_advert(name.removeprefix("advert."), version, words.advert)
    if table != "applications":
        return _of_row(name, version, table, words.rows[table])
    kind = words.own.get(name)
    said = version.facts.get(name) or version.declared(table).get(name)
    if kind is None:
        raise _NoReading
    if said is not None:
        return _labelled(said.label, kind, said.unit)
    return _standard(name, table, kind)


def _of_advert(name: str, version: SchemeVersion, types: Mapping[str, str]) -> _Operand:
    kind = types.get(name)
    declared = version.declared("adverts").get(name) or version.declared("homes").get(name)
    if kind is None:
        raise _NoReading
    return _labelled(declared.label, kind, declared.unit) if declared else _standard(
        name, f"{owner_of(name)}s", kind
    )


def _of_row(
    name: str, version: SchemeVersion, table: str, types: Mapping[str, str]
) -> _Operand:
    kind = types.get(name)
    declared = version.declared(table).get(name)
    if kind is None:
        raise _NoReading
    if declared is not None:
        return _labelled(declared.label, kind, declared.unit)
    row = f"the {ROW_CALLED[table]}"
    if name in _TRUE:
        return _Operand(_TRUE[name].format(row=row), "bool")
    if name in COMPUTED[table]:
        return _Operand(f"{row}'s {called(name)}", kind, _UNITS[name])
    return _standard(name, table, kind)


def _labelled(label: str, kind: str, unit: str | None) -> _Operand:
    if kind != "bool":
        return _Operand(quoted(label), kind, unit)
    return _Operand(label.removeprefix("whether "), kind)


def _standard(name: str, table: str, kind: str) -> _Operand:
    unit = next((c.unit for c in TABLES[table] if c.name == name), "") or None
    words = f"the {ROW_CALLED[table]}'s {called(name)}"
    return _Operand(f"{words} is yes" if kind == "bool" else words, kind, unit)
