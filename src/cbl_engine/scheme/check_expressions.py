"""What is wrong in one expression: syntax, names, types, and the type of its result."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import polars as pl

from cbl_engine.errors import Problem
from cbl_engine.scheme.check_orders import Place, suggest
from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.tokens import ExpressionError
from cbl_engine.scheme.vocabulary import result_type

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from cbl_engine.documents import Document

# What stands before a word that is compared, or is one of a list.
_COMPARED = re.compile(r"(=|<>|\bIN\s*\([^()]*)\s*$", re.IGNORECASE)


def expression_problems(
    text: str,
    place: Place,
    document: Document,
    columns: Mapping[str, str],
    params: Mapping[str, str],
    wanted: Literal["condition", "amount"],
    criteria: Collection[str] = (),
) -> Iterator[Problem]:
    """Problems of one expression: syntax, names, types, and the type of its result.

    Args:
        text: the expression.
        place: where it stands in the document.
        document: the file.
        columns: what it may read, with types.
        params: parameters, likewise.
        wanted: what it must come out as.
        criteria: names that it may be taken to read, and does not.
    """
    try:
        expression = parse_expression(text)
    except ExpressionError as error:
        yield _sql_problem(error, text, place, document)
        return
    unknown = [n for n in expression.names if n not in columns and n != "as_at"
               and not (n.startswith("param.") and n.removeprefix("param.") in params)]
    for name in unknown:
        visible = [*columns, *(f"param.{p}" for p in params), "as_at"]
        offset = expression.offset_of(name)
        if name in criteria:
            yield Problem(
                "unknown_name",
                f"{name} is a criterion, and an expression reads none, in: {text}",
                where=document.where(place, offset=offset),
                remedy=f"Write out here what {name} says under when, or list both criteria where "
                "both must be met",
            )
            continue
        remedy = "Declare it under columns, facts or parameters, or correct the name"
        if text[offset : offset + 1] == '"':
            remedy = "Text goes in 'single quotes'"
        elif _COMPARED.search(text[:offset]):
            remedy += f"; if it is text, put it in quotes: '{name}'"
        yield Problem(
            "unknown_name",
            f"{name} is not a column, fact or parameter that can be read here, in: {text}",
            where=document.where(place, offset=offset),
            allowed=suggest(name, visible),
            remedy=remedy,
        )
    if unknown:
        return
    try:
        dtype = result_type(expression, columns, params)
    except ExpressionError as error:
        yield _sql_problem(error, text, place, document)
        return
    if wanted == "condition" and dtype not in (pl.Boolean(), pl.Null()):
        yield Problem(
            "not_a_condition",
            f"this must be true or false, but comes out as {dtype}, in: {text}",
            where=document.where(place),
        )
    if wanted == "amount" and not (
        dtype.is_numeric() or dtype in (pl.Date, pl.Datetime)
    ):
        yield Problem(
            "not_an_amount",
            f"min and max need a number or a date, but this comes out as {dtype}, in: {text}",
            where=document.where(place),
        )


def _sql_problem(
    error: ExpressionError, text: str, place: Place, document: Document
) -> Problem:
    return Problem(
        "expression",
        f"{error.message}, in: {text}",
        where=document.where(place, offset=error.offset),
        allowed=error.allowed,
        remedy=error.remedy,
    )
