"""Two expressions side by side: what one asks beyond the other, where they differ in no more."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.tokens import ExpressionError, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


def meaning_of(text: str) -> Any:
    """An expression without its layout; its text when it cannot be read."""
    try:
        return _meaning(parse_expression(text).tokens)
    except ExpressionError:
        return text


def rule_in_words(
    old: str, new: str, read_old: Callable[[str], str], read_new: Callable[[str], str]
) -> str:
    """How an expression changed: what joined it or left it when that is all, else that it did."""
    for joiner, came, went in (
        ("AND", "now also requires", "no longer requires"),
        ("OR", "can now also be met by", "can no longer be met by"),
    ):
        before, after = _split_at(old, joiner), _split_at(new, joiner)
        if len(before) == len(after) == 1:
            continue
        added = [text for meant, text in after.items() if meant not in before]
        removed = [text for meant, text in before.items() if meant not in after]
        # Only when something stays; else the two have nothing to do with one another.
        if (added or removed) and before.keys() & after.keys():
            between = f"; {joiner.lower()} "
            said = [f"{came} {between.join(map(read_new, added))}"] if added else []
            said += [f"{went} {between.join(map(read_old, removed))}"] if removed else []
            return "; and ".join(said)
    return "the rule changed"


def _split_at(text: str, joiner: str) -> dict[Any, str]:
    """The parts of an expression that AND or OR joins at its top: meaning -> text.

    An expression that mixes the two at its top is one part for AND, which binds more tightly.
    """
    try:
        tokens = parse_expression(text).tokens
    except ExpressionError:
        return {text: text}
    start, stop = _bare(tokens, 0, len(tokens))
    parts: dict[Any, str] = {}
    for first, last in pairwise([start - 1, *_cuts(tokens, start, stop, joiner), stop]):
        low, high = _bare(tokens, first + 1, last)
        end = tokens[high].offset if high < len(tokens) else len(text)
        parts[_meaning(tokens[low:high])] = text[tokens[low].offset : end].strip()
    return parts


def _cuts(tokens: Sequence[Token], start: int, stop: int, joiner: str) -> list[int]:
    """Where AND or OR stands at the top of these tokens; nowhere for an AND beside an OR."""
    depth, between = 0, False
    cuts: list[int] = []
    for at in range(start, stop):
        token = tokens[at]
        if token.kind not in {"operator", "keyword"}:
            continue
        depth += (token.value in {"(", "CASE"}) - (token.value in {")", "END"})
        if depth:
            continue
        if token.value == "BETWEEN":
            between = True
        elif token.value == "AND" and between:
            between = False
        elif token.value == joiner:
            cuts.append(at)
        elif token.value == "OR":
            return []
    return cuts


def _bare(tokens: Sequence[Token], start: int, stop: int) -> tuple[int, int]:
    """The range without brackets that enclose the whole of it."""
    depth = 0
    for at in range(start, stop):
        if tokens[at].kind == "operator":
            depth += (tokens[at].value == "(") - (tokens[at].value == ")")
        if depth == 0:
            encloses = at > start and at == stop - 1 and tokens[start].value == "("
            return _bare(tokens, start + 1, stop - 1) if encloses else (start, stop)
    return start, stop


def _meaning(tokens: Iterable[Token]) -> tuple[tuple[str, str], ...]:
    return tuple((t.kind, t.value) for t in tokens)
