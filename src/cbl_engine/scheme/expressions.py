"""Criteria are SQL: the names an expression reads, what it may use, and its polars form.

The language is the row-wise part of SQL that polars parses. An expression reads ``column`` (of the
application), ``advert.column``, ``param.name``, a fact by its name, and ``as_at``. The tokens are
checked before polars sees them (``tokens``); the parsed tree is checked after, because polars also
accepts aggregates and windows, which mix rows.

A length is a whole number like any other (polars' own would wrap round below zero). Two readings
differ from plain SQL, both because missing is not false:

- ``array_contains(list, value)`` is not known when the value is missing (polars says false);
- ``IS TRUE`` and its kin are refused; ``IS NULL`` and ``COALESCE`` are the deliberate ways to
  answer for a missing fact, and the linter lists them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cbl_engine.scheme.tokens import ExpressionError, Token, tokens_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

_NO_ONE_LENGTH = re.compile(r"\d\s*(?:y|q|mo)", re.IGNORECASE)
_LENGTHS = frozenset({"ARRAY_LENGTH", "LENGTH"})

# Nodes of polars' serialised expression tree that keep rows apart.
_NODES = frozenset({"BinaryExpr", "Column", "Literal", "Function", "Ternary", "Cast"})
_FUNCTION_NODES = frozenset(
    {
        "Abs",
        "Boolean",
        "Ceil",
        "Coalesce",
        "Floor",
        "ListExpr",
        "Negate",
        "Round",
        "Sql",
        "StringExpr",
        "TemporalExpr",
    }
)


@dataclass(frozen=True, slots=True)
class Expression:
    """One checked expression.

    Attributes:
        text: as the scheme has it.
        tokens: with names joined (``advert.bedrooms`` is one token).
        names: every name read, sorted: columns, ``advert.x``, ``param.x``, facts and ``as_at``.
    """

    text: str
    tokens: tuple[Token, ...]
    names: tuple[str, ...]

    @property
    def advert_names(self) -> tuple[str, ...]:
        """Columns of the advert, without the prefix."""
        return tuple(n.removeprefix("advert.") for n in self.names if n.startswith("advert."))

    @property
    def param_names(self) -> tuple[str, ...]:
        """Parameters, without the prefix."""
        return tuple(n.removeprefix("param.") for n in self.names if n.startswith("param."))

    @property
    def own_names(self) -> tuple[str, ...]:
        """Columns of the row itself and facts."""
        return tuple(n for n in self.names if "." not in n and n != "as_at")

    def offset_of(self, name: str) -> int:
        """Characters into the text where ``name`` first stands."""
        return next((t.offset for t in self.tokens if t.kind == "name" and t.value == name), 0)

    def sql(self, constants: Mapping[str, Any]) -> str:
        """The SQL polars is given: names quoted, ``as_at`` and parameters as literals.

        What divides is reckoned in double precision: exact decimals stop at nought, and are cut.
        """
        exact = not any(t.kind == "operator" and t.value in {"/", "%"} for t in self.tokens)
        return " ".join(_sql_tokens(list(self.tokens), constants, exact=exact))

    def polars(self, constants: Mapping[str, Any]) -> pl.Expr:
        """The polars expression.

        Args:
            constants: value of ``as_at`` (a date) and of each ``param.x`` the expression reads.

        Raises:
            ExpressionError: polars cannot parse it, or it mixes rows.
        """
        import polars as pl

        try:
            expression = pl.sql_expr(self.sql(constants))
        except Exception as error:
            raise self._not_parsed(error) from None
        try:
            _check_tree(json.loads(expression.meta.serialize(format="json")))
        except RecursionError:
            raise ExpressionError(0, "the expression is nested too deeply") from None
        return expression

    def _not_parsed(self, error: Exception) -> ExpressionError:
        """What polars' parser refused: months and years by themselves have no one length."""
        for before, token in zip((None, *self.tokens), self.tokens, strict=False):
            added = before is not None and before.value in {"+", "-"}
            if token.kind == "interval" and not added and _NO_ONE_LENGTH.search(token.value):
                return ExpressionError(
                    token.offset,
                    "a length of time cannot be compared with months or years, which differ in length",
                    f"a date with + or - INTERVAL {token.value} after it",
                    f"Write registered_on < as_at - INTERVAL {token.value} for what is longer ago",
                )
        return ExpressionError(0, f"this is not an expression: {str(error).splitlines()[0]}")


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Expression:
    """Check and tokenise one expression.

    Raises:
        ExpressionError: a character, word or function that criteria may not use, or a shape that
            is not an expression.
    """
    tokens = tokens_of(text)
    names = tuple(sorted({t.value for t in tokens if t.kind == "name"}))
    return Expression(text, tokens, names)


def _sql_tokens(
    tokens: list[Token], constants: Mapping[str, Any], *, exact: bool
) -> list[str]:
    """Tokens of the SQL; ``exact``: numbers with a point are decimals, in double precision if not."""
    out: list[str] = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.kind == "function" and token.value == "ARRAY_CONTAINS":
            end, arguments = _arguments(tokens, i + 1)
            parts = [" ".join(_sql_tokens(a, constants, exact=exact)) for a in arguments]
            if len(parts) != 2:
                raise ExpressionError(
                    token.offset, "array_contains takes a list and a value", "two arguments"
                )
            out.append(
                f"CASE WHEN ({parts[1]}) IS NULL THEN NULL "
                f"ELSE ARRAY_CONTAINS({parts[0]}, {parts[1]}) END"
            )
            i = end
        elif token.kind == "function" and token.value in _LENGTHS:
            end, arguments = _arguments(tokens, i + 1)
            inside = ", ".join(
                " ".join(_sql_tokens(a, constants, exact=exact)) for a in arguments)
            out.append(f"CAST({token.value}({inside}) AS BIGINT)")
            i = end
        elif token.kind == "name":
            out.append(_literal(constants[token.value], exact=exact) if token.value in constants else
                       '"' + token.value.replace('"', '""') + '"')
        elif token.kind in {"date", "interval"}:
            out.append(f"{token.kind.upper()} {token.value}")
        elif token.kind == "number" and "." in token.value:
            out.append(token.value if exact else f"CAST({token.value} AS DOUBLE)")
        else:
            out.append(token.value)
        i += 1
    return out


def _arguments(tokens: list[Token], start: int) -> tuple[int, list[list[Token]]]:
    """Arguments between the bracket at ``start`` and its close; the close's index first."""
    arguments: list[list[Token]] = [[]]
    depth = 0
    for i in range(start, len(tokens)):
        value = tokens[i].value if tokens[i].kind == "operator" else ""
        depth += (value == "(") - (value == ")")
        if depth == 0:
            return i, arguments
        if value == "," and depth == 1:
            arguments.append([])
        elif i > start:
            arguments[-1].append(tokens[i])
    raise ExpressionError(tokens[start].offset, "a bracket is never closed")


def _literal(value: Any, *, exact: bool) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, float) and not exact:
        return f"CAST({value!r} AS DOUBLE)"
    if isinstance(value, (int, float)):
        return f"({value!r})"
    return "'" + str(value).replace("'", "''") + "'"


def _check_tree(node: Any) -> None:
    if isinstance(node, dict) and len(node) == 1:
        (kind, inside), = node.items()
        if kind == "Function" and isinstance(inside, dict):
            function = inside.get("function")
            name = function if isinstance(function, str) else next(iter(function or {}), "")
            if name not in _FUNCTION_NODES:
                raise ExpressionError(0, f"{name} cannot be used in a criterion")
            for child in inside.get("input", []):
                _check_tree(child)
            return
        if kind == "Alias":
            raise ExpressionError(0, "two names in a row: an operator is missing between them")
        if kind not in _NODES:
            raise ExpressionError(0, f"{kind} cannot be used in a criterion: it mixes rows")
        if kind == "BinaryExpr":
            _check_tree(inside["left"])
            _check_tree(inside["right"])
        elif kind == "Ternary":
            for part in ("predicate", "truthy", "falsy"):
                _check_tree(inside[part])
        elif kind == "Cast":
            _check_tree(inside["expr"])
        return
    raise ExpressionError(0, "this expression cannot be used in a criterion")
