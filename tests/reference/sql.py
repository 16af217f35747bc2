"""The criterion language on one row, in plain Python: the oracle's reading of an expression.

Nothing here is shared with the engine: its own tokeniser, its own precedence climbing, its own
three-valued logic (``None`` is not known). Precedence from loosest: OR, AND, NOT, IS, LIKE,
comparisons with IN and BETWEEN, plus and minus, times and divide and modulo, unary minus.

Numbers with a decimal point are exact (fractions), but floats in an expression that divides; columns of
type number are floats, and a fraction that meets a float becomes one. Whole numbers divide into a float, never into a whole
number; division by zero is not known.
"""

from __future__ import annotations

import calendar
import math
import re
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    Lookup = Callable[[str], Any]
    Node = Callable[[Lookup], Any]

_PATTERN = re.compile(
    r"\s*(?:'((?:[^']|'')*)'"
    r'|("[^"]+"|[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)'
    r"|(\d+(?:\.\d+)?)"
    r"|(<=|>=|<>|!=|[-+*/%=<>(),]))"
)
_WORDS = {
    *("AND", "OR", "NOT", "IN", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END"),
    *("IS", "NULL", "TRUE", "FALSE", "LIKE", "DATE", "INTERVAL"),
}
_BINDS = {"OR": 5, "AND": 10, "IS": 17, "LIKE": 19, "IN": 20, "BETWEEN": 20}
_BINDS |= dict.fromkeys(("=", "<>", "!=", "<", "<=", ">", ">="), 20)
_BINDS |= {"+": 30, "-": 30, "*": 40, "/": 40, "%": 40}
_NOT_BINDS = 15


class SqlError(ValueError):
    """The text is not an expression of the criterion language."""


class _Token(NamedTuple):
    kind: str  # text, number, name, word, mark
    value: str


class Interval(NamedTuple):
    """A span of whole months and days."""

    months: int
    days: int


def evaluate(text: str, lookup: Lookup) -> Any:
    """The value of an expression, None when not known.

    Args:
        text: the expression.
        lookup: value of a name as it stands in the text, such as ``advert.bedrooms``.
    """
    node, _, exact = _compiled(text)
    return node(lookup if exact else lambda name: _double(lookup(name)))


def _double(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction) else value


def names_in(text: str) -> tuple[str, ...]:
    """Every name an expression reads, in the order they first stand."""
    return _compiled(text)[1]


def add_months(day: date, months: int) -> date:
    """The same day of a month so many months on, or that month's last day."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@lru_cache(maxsize=4096)
def _compiled(text: str) -> tuple[Node, tuple[str, ...], bool]:
    tokens = _tokens(text)
    exact = not any(t.kind == "mark" and t.value in ("/", "%") for t in tokens)
    parser = _Parser(tokens, exact)
    node = parser.expression(0)
    if parser.at < len(tokens):
        raise SqlError(f"nothing may follow here: {tokens[parser.at].value}")
    seen = dict.fromkeys(t.value for t in tokens if t.kind == "name")
    functions = parser.functions
    return node, tuple(name for name in seen if name not in functions), exact


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while text[at:].strip():
        match = _PATTERN.match(text, at)
        if match is None:
            raise SqlError(f"cannot read: {text[at:]}")
        quoted, name, number, mark = match.groups()
        if quoted is not None:
            found.append(_Token("text", quoted.replace("''", "'")))
        elif name is not None and name.upper() in _WORDS:
            found.append(_Token("word", name.upper()))
        elif name is not None:
            found.append(_Token("name", name.strip('"')))
        elif number is not None:
            found.append(_Token("number", number))
        else:
            found.append(_Token("mark", mark))
        at = match.end()
    return found


class _Parser:
    """Precedence climbing; every method returns a function of the row."""

    def __init__(self, tokens: list[_Token], exact: bool) -> None:
        self.tokens = tokens
        self.exact = exact
        self.at = 0
        self.functions: set[str] = set()

    def peek(self, ahead: int = 0) -> _Token:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else _Token("end", "")

    def take(self) -> _Token:
        token = self.peek()
        if token.kind == "end":
            raise SqlError("the expression ends too soon")
        self.at += 1
        return token

    def accept(self, *values: str) -> bool:
        token = self.peek()
        if token.kind in {"word", "mark"} and token.value in values:
            self.at += 1
            return True
        return False

    def expect(self, value: str) -> None:
        if not self.accept(value):
            raise SqlError(f"{value} expected, not {self.peek().value!r}")

    def expression(self, binding: int) -> Node:
        left = self.prefix()
        while True:
            token = self.peek()
            if token.kind not in {"word", "mark"}:
                return left
            word = token.value
            negated = word == "NOT"
            if negated:
                word = self.peek(1).value
            binds = _BINDS.get(word, 0)
            if binds <= binding or (negated and word not in {"IN", "BETWEEN", "LIKE"}):
                return left
            self.at += 2 if negated else 1
            left = self.infix(left, word, binds)
            if negated:
                left = _negation(left)

    def prefix(self) -> Node:
        token = self.take()
        match token.kind, token.value:
            case "text", value:
                return _constant(value)
            case "number", value:
                exact = Fraction if self.exact else float
                return _constant(exact(value) if "." in value else int(value))
            case "word", "TRUE" | "FALSE":
                return _constant(token.value == "TRUE")
            case "word", "NULL":
                return _constant(None)
            case "word", "DATE":
                return _constant(date.fromisoformat(self.take().value))
            case "word", "INTERVAL":
                return _constant(_interval(self.take().value))
            case "word", "NOT":
                return _negation(self.expression(_NOT_BINDS))
            case "word", "CASE":
                return self.case()
            case "mark", "-":
                return _unary(self.expression(_BINDS["*"]), lambda v: -v)
            case "mark", "(":
                inside = self.expression(0)
                self.expect(")")
                return inside
            case "name", name:
                if self.peek() == _Token("mark", "("):
                    self.functions.add(name)
                    return self.call(name.upper())
                return lambda lookup: lookup(name)
        raise SqlError(f"{token.value} cannot stand here")

    def infix(self, left: Node, word: str, binds: int) -> Node:
        if word == "IS":
            negated = self.accept("NOT")
            self.expect("NULL")
            return lambda lookup: (left(lookup) is None) is not negated
        if word == "IN":
            self.expect("(")
            return _member(left, self.arguments())
        if word == "BETWEEN":
            low = self.expression(binds)
            self.expect("AND")
            return _and(_compare(">=", left, low), _compare("<=", left, self.expression(binds)))
        if word == "LIKE":
            pattern = self.take()
            if pattern.kind != "text":
                raise SqlError("LIKE takes a text")
            return _unary(left, _matcher(pattern.value))
        right = self.expression(binds)
        if word in {"AND", "OR"}:
            return _and(left, right) if word == "AND" else _or(left, right)
        if binds == _BINDS["="]:
            return _compare(word, left, right)
        return _arithmetic(word, left, right)

    def arguments(self) -> list[Node]:
        """Expressions up to and with the closing bracket."""
        found = [self.expression(0)]
        while self.accept(","):
            found.append(self.expression(0))
        self.expect(")")
        return found

    def call(self, function: str) -> Node:
        self.expect("(")
        arguments = self.arguments()
        if function not in _FUNCTIONS:
            raise SqlError(f"there is no function {function}")
        if function == "COALESCE":
            return lambda lookup: next(
                (v for v in (a(lookup) for a in arguments) if v is not None), None
            )
        if function == "NULLIF":
            return _nullif(*arguments)
        work = _FUNCTIONS[function]

        def apply(lookup: Lookup) -> Any:
            values = [argument(lookup) for argument in arguments]
            return None if None in values else work(*values)

        return apply

    def case(self) -> Node:
        subject = None if self.peek() == _Token("word", "WHEN") else self.expression(0)
        branches: list[tuple[Node, Node]] = []
        while self.accept("WHEN"):
            condition = self.expression(0)
            if subject is not None:
                condition = _compare("=", subject, condition)
            self.expect("THEN")
            branches.append((condition, self.expression(0)))
        otherwise = self.expression(0) if self.accept("ELSE") else _constant(None)
        self.expect("END")

        def choose(lookup: Lookup) -> Any:
            for condition, value in branches:
                if condition(lookup) is True:
                    return value(lookup)
            return otherwise(lookup)

        return choose


def _constant(value: Any) -> Node:
    return lambda _: value


def _unary(inside: Node, work: Callable[[Any], Any]) -> Node:
    def apply(lookup: Lookup) -> Any:
        value = inside(lookup)
        return None if value is None else work(value)

    return apply


def _negation(inside: Node) -> Node:
    return _unary(inside, lambda value: not value)


def _and(left: Node, right: Node) -> Node:
    def apply(lookup: Lookup) -> bool | None:
        one = left(lookup)
        if one is False:
            return False
        other = right(lookup)
        if other is False:
            return False
        return None if one is None or other is None else True

    return apply


def _or(left: Node, right: Node) -> Node:
    def apply(lookup: Lookup) -> bool | None:
        one = left(lookup)
        if one is True:
            return True
        other = right(lookup)
        if other is True:
            return True
        return None if one is None or other is None else False

    return apply


def _alike(one: Any, other: Any) -> tuple[Any, Any]:
    """An exact number that meets a float becomes one."""
    if isinstance(one, float) and isinstance(other, Fraction):
        return one, float(other)
    if isinstance(one, Fraction) and isinstance(other, float):
        return float(one), other
    return one, other


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _compare(sign: str, left: Node, right: Node) -> Node:
    work = _COMPARISONS[sign]

    def apply(lookup: Lookup) -> bool | None:
        one, other = left(lookup), right(lookup)
        return None if one is None or other is None else work(*_alike(one, other))

    return apply


def _member(left: Node, items: list[Node]) -> Node:
    """True when equal to one; else not known when anything is missing; else false."""
    tests = [_compare("=", left, item) for item in items]

    def apply(lookup: Lookup) -> bool | None:
        answers = [test(lookup) for test in tests]
        if True in answers:
            return True
        return None if None in answers else False

    return apply


def _nullif(first: Node, second: Node) -> Node:
    def apply(lookup: Lookup) -> Any:
        value, other = first(lookup), second(lookup)
        if value is None or other is None:
            return value
        one, two = _alike(value, other)
        return None if one == two else value

    return apply


def _arithmetic(sign: str, left: Node, right: Node) -> Node:
    def apply(lookup: Lookup) -> Any:
        one, other = left(lookup), right(lookup)
        if one is None or other is None:
            return None
        if isinstance(other, Interval):
            step = 1 if sign == "+" else -1
            return add_months(one, step * other.months) + timedelta(days=step * other.days)
        one, other = _alike(one, other)
        match sign:
            case "+":
                return one + other
            case "-":
                return one - other
            case "*":
                return one * other
        if other == 0:
            return None
        if sign == "/":
            return one / other
        return math.fmod(one, other) if isinstance(one, float) else _remainder(one, other)

    return apply


def _remainder(one: Any, other: Any) -> Any:
    """What is left of division towards zero: it has the sign of the divided number."""
    left = abs(one) % abs(other)
    return -left if one < 0 else left


def _interval(text: str) -> Interval:
    parts = text.split()
    months = days = 0
    for count, unit in zip(parts[::2], parts[1::2], strict=True):
        match unit.rstrip("s"):
            case "day":
                days += int(count)
            case "week":
                days += 7 * int(count)
            case "month":
                months += int(count)
            case "year":
                months += 12 * int(count)
            case _:
                raise SqlError(f"{unit} is not a unit of an interval")
    return Interval(months, days)


def _matcher(pattern: str) -> Callable[[str], bool]:
    marks = {"%": ".*", "_": "."}
    expression = re.compile("".join(marks.get(c, re.escape(c)) for c in pattern), re.DOTALL)
    return lambda value: expression.fullmatch(value) is not None


def _round(value: Any, places: int = 0) -> Any:
    """Halves of floats go to the even neighbour, halves of exact numbers away from zero."""
    if isinstance(value, int):
        return value
    scale = 10**places
    if isinstance(value, float):
        return round(value * scale) / scale
    away = math.floor(abs(value) * scale + Fraction(1, 2))
    return Fraction(away if value >= 0 else -away, scale)


_FUNCTIONS: dict[str, Any] = {
    "ABS": abs,
    "ARRAY_CONTAINS": lambda items, value: value in items,
    "ARRAY_LENGTH": len,
    "CEIL": math.ceil,
    "COALESCE": None,
    "ENDS_WITH": str.endswith,
    "FLOOR": math.floor,
    "LENGTH": len,
    "LOWER": str.lower,
    "NULLIF": None,
    "ROUND": _round,
    "STARTS_WITH": str.startswith,
    "UPPER": str.upper,
}
