"""The tokens of an expression, checked before polars sees them.

Polars folds NOW and CURRENT_DATE into literals while it parses, so words that criteria may not use
are found here, with brackets that do not close and what is too long or too deep.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

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
_OPERATORS = frozenset({"<=", ">=", "<>", "!=", "=", "<", ">", "+", "-", "*", "/", "%"})
_PREFIXES = ("advert", "param")
_MAX_LENGTH = 4_000
_MAX_DEPTH = 60
_MAX_PARTS = 300
_MOST_DIGITS = 18


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


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of one expression.

    Args:
        text: as the scheme has it.

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
    return tuple(tokens)


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
