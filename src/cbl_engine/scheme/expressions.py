"""Criteria are SQL: the names an expression reads, what it may use, and its polars form.

The language is the row-wise part of SQL that polars parses. An expression reads ``column`` (of the
application), ``advert.column``, ``param.name``, a fact by its name, and ``as_at``. The tokens are
checked before polars sees them, because polars folds NOW and CURRENT_DATE into literals while it
parses; the parsed tree is checked after, because polars also accepts aggregates and windows, which
mix rows.

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

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

FUNCTIONS = frozenset(
    {
        "ABS",
        "ARRAY_CONTAINS",
        "ARRAY_LENGTH",
        "CEIL",
        "COALESCE",
        "ENDS_WITH",
        "FLOOR",
        "LENGTH",
        "LOWER",
        "NULLIF",
        "ROUND",
        "STARTS_WITH",
        "UPPER",
    }
)
"""Row-wise functions a criterion may call."""

KEYWORDS = frozenset(
    [
        "AND", "OR", "NOT", "IN", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END", "IS", "NULL",
        "TRUE", "FALSE", "LIKE",
    ]
)

_REFUSED = frozenset(
    [
        "ALL", "ANY", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "DISTINCT", "EXISTS",
        "EXTRACT", "FILTER", "FROM", "GROUP", "HAVING", "ILIKE", "JOIN", "LOCALTIME",
        "LOCALTIMESTAMP", "NOW", "ORDER", "OVER", "PARTITION", "RLIKE", "SELECT", "SOME", "TODAY",
        "UNION", "WHERE", "WITH",
    ]
)
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<number>\d+(?:\.\d+)?(?![\w.]))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<operator><=|>=|<>|!=|==|--|\|\||::|[=<>+\-*/%(),.])""",
    re.VERBOSE,
)
_NO_ONE_LENGTH = re.compile(r"\d\s*(?:y|q|mo)", re.IGNORECASE)
_OPERATORS = frozenset({"<=", ">=", "<>", "!=", "=", "<", ">", "+", "-", "*", "/", "%"})
_LENGTHS = frozenset({"ARRAY_LENGTH", "LENGTH"})
_PREFIXES = ("advert", "param")
_MAX_LENGTH = 4_000
_MAX_DEPTH = 60
_MAX_PARTS = 300
_MOST_DIGITS = 18

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


class ExpressionError(ValueError):
    """An expression that a scheme may not hold.

    Attributes:
        offset: characters into the expression.
        message, allowed, remedy: as in :class:`cbl_engine.errors.Problem`.
    """

    def __init__(self, offset: int, message: str, allowed: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message
        self.allowed = allowed
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``kind`` is text, number, name, keyword, function, date, interval or operator."""

    kind: str
    value: str
    offset: int


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
    if len(text) > _MAX_LENGTH:
        raise ExpressionError(0, "the expression is too long", f"at most {_MAX_LENGTH} characters")
    tokens = _classify(_split(text))
    if not tokens:
        raise ExpressionError(0, "the expression is empty")
    _check_shape(tokens, len(text))
    names = tuple(sorted({t.value for t in tokens if t.kind == "name"}))
    return Expression(text, tuple(tokens), names)


def _check_shape(tokens: list[Token], length: int) -> None:
    """Brackets and CASE that close, and few enough parts that nothing recurses too deeply."""
    depth = parts = 0
    for token in tokens:
        if token.kind not in {"operator", "keyword"}:
            continue
        parts += token.value in {"AND", "OR", "NOT"} or token.value in _OPERATORS
        if parts > _MAX_PARTS:
            raise ExpressionError(
                token.offset,
                "the expression has too many parts",
                f"at most {_MAX_PARTS} of AND, OR, NOT and operators",
                "Use IN, or several criteria",
            )
        depth += (token.value in {"(", "CASE"}) - (token.value in {")", "END"})
        if depth < 0:
            what = "a bracket closes that" if token.value == ")" else "END closes a CASE that"
            raise ExpressionError(token.offset, f"{what} never opened")
        if depth > _MAX_DEPTH:
            raise ExpressionError(token.offset, "the expression is nested too deeply")
    if depth > 0:
        raise ExpressionError(length - 1, "a bracket or CASE is never closed")


def _split(text: str) -> list[Token]:
    tokens: list[Token] = []
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise ExpressionError(
                offset,
                f"{text[offset]!r} cannot stand here",
                remedy="Text goes in 'single quotes'",
            )
        kind = match.lastgroup or ""
        if kind == "number" and len(match.group().partition(".")[0]) > _MOST_DIGITS:
            raise ExpressionError(offset, "the number is too large",
                                  f"at most {_MOST_DIGITS} digits before the point")
        if kind != "space":
            tokens.append(Token(kind, match.group(), offset))
        offset = match.end()
    return tokens


def _classify(raw: list[Token]) -> list[Token]:
    """Join dotted names and tell names, keywords, functions and typed literals apart."""
    out: list[Token] = []
    i = 0
    while i < len(raw):
        token = raw[i]
        following = raw[i + 1] if i + 1 < len(raw) else None
        if token.kind == "quoted":
            out.append(Token("name", token.value[1:-1].replace('""', '"'), token.offset))
        elif token.kind == "name":
            upper = token.value.upper()
            if following is not None and following.value == ".":
                i += 2
                out.append(_dotted(token, raw[i] if i < len(raw) else None))
            elif upper in {"DATE", "INTERVAL"} and following and following.kind == "text":
                if upper == "DATE":
                    _check_day(following)
                out.append(Token(upper.lower(), following.value, token.offset))
                i += 1
            elif upper in {"DATE", "INTERVAL"} and following and following.kind == "number":
                example = "DATE '2024-10-01'" if upper == "DATE" else "INTERVAL '12 months'"
                raise ExpressionError(token.offset, f"what follows {upper} stands in quotes",
                                      remedy=f"Write it so: {example}")
            elif following is not None and following.value == "(" and upper not in KEYWORDS:
                out.append(_function(token, upper))
            elif upper in _REFUSED:
                raise ExpressionError(token.offset, *_why_refused(upper))
            elif upper in KEYWORDS:
                out.append(Token("keyword", upper, token.offset))
            else:
                out.append(Token("name", token.value, token.offset))
        elif token.kind == "operator" and token.value not in _OPERATORS | {"(", ")", ","}:
            raise ExpressionError(token.offset, f"{token.value} cannot be used in a criterion",
                                  remedy="Write one =" if token.value == "==" else "")
        else:
            out.append(token)
        i += 1
    _check_is(out)
    return out


def _check_day(text: Token) -> None:
    day = text.value[1:-1]
    try:
        if date.fromisoformat(day).isoformat() == day:
            return
    except ValueError:
        pass
    raise ExpressionError(
        text.offset, f"{day} is not a day", "a date written YYYY-MM-DD, such as 2024-10-01"
    )


def _check_is(tokens: list[Token]) -> None:
    """IS is for NULL alone: IS TRUE would turn what is not known into false."""
    words = [t.value if t.kind == "keyword" else "" for t in tokens]
    for i, word in enumerate(words):
        after = words[i + 1 : i + 3]
        if word == "IS" and after[:1] != ["NULL"] and after != ["NOT", "NULL"]:
            raise ExpressionError(
                tokens[i].offset,
                "IS may only be followed by NULL or NOT NULL",
                remedy="Write the column by itself, or = 'value'",
            )


def _dotted(prefix: Token, column: Token | None) -> Token:
    if prefix.value not in _PREFIXES:
        raise ExpressionError(
            prefix.offset,
            f"{prefix.value}. is not a table a criterion can read",
            "advert.column, param.name, or a column of the application by its name alone",
        )
    if column is None or column.kind not in {"name", "quoted"}:
        raise ExpressionError(prefix.offset, f"a name must follow {prefix.value}.")
    return Token("name", f"{prefix.value}.{column.value.strip(chr(34))}", prefix.offset)


def _function(token: Token, upper: str) -> Token:
    if upper in _REFUSED:
        raise ExpressionError(token.offset, *_why_refused(upper))
    if upper not in FUNCTIONS:
        reasons = {
            "GREATEST": "it skips missing values; use CASE",
            "LEAST": "it skips missing values; use CASE",
        }
        reason = f" ({reasons[upper]})" if upper in reasons else ""
        raise ExpressionError(
            token.offset,
            f"the function {token.value} cannot be used in a criterion{reason}",
            ", ".join(sorted(FUNCTIONS)),
            "What looks over many rows belongs under facts",
        )
    return Token("function", upper, token.offset)


def _why_refused(word: str) -> tuple[str, str, str]:
    if word in {"NOW", "TODAY"} or word.startswith(("CURRENT_", "LOCAL")):
        return (
            f"{word} cannot be used: the engine never reads a clock",
            "",
            "Use as_at, the date the calculation is for",
        )
    return (
        f"{word} cannot be used in a criterion",
        "one row at a time: comparisons, IN, BETWEEN, CASE and "
        + ", ".join(sorted(FUNCTIONS)),
        "",
    )


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
