"""What looks odd in a scheme that loads: rules that never bite, orders that never end, gaps.

A :class:`Finding` is advice, not an error. ``warning`` is probably a mistake; ``note`` is a
deliberate answer worth knowing, such as a COALESCE that decides for a missing fact.
"""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from cbl_engine.scheme.expressions import Expression, parse_expression
from cbl_engine.scheme.facts import (
    WholeMonthsSince,
    WholeYearsSince,
    expressions_of,
    kind_of_fact,
    rows_of,
)
from cbl_engine.scheme.findings import Finding
from cbl_engine.scheme.lint_assessment import assessment_findings, never_held
from cbl_engine.scheme.lint_data import data_findings
from cbl_engine.scheme.lint_offers import offer_findings
from cbl_engine.scheme.lint_orders import order_findings
from cbl_engine.scheme.load import refuse_not_loaded
from cbl_engine.scheme.reach import (
    asked_of_bids,
    asked_of_households,
    asked_of_offers,
    columns_of_standard,
)
from cbl_engine.scheme.vocabulary import vocabulary
from cbl_engine.tables import DTYPES, LONDON, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbl_engine.documents import Document
    from cbl_engine.scheme.load import Scheme
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.vocabulary import Vocabulary

MOST_COMBINATIONS = 20_000
LONGEST_TEXT = 200
_OTHER = "other"
_FORGETS = frozenset({"AND", "OR", "WHEN", "THEN", "ELSE", "LIKE"})
_COMPARES = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})
_CHANGES_TEXT = frozenset({"ENDS_WITH", "LENGTH", "LOWER", "STARTS_WITH", "UPPER"})


def lint(scheme: Scheme, tables: Mapping[str, pl.DataFrame] | None = None) -> list[Finding]:
    """Everything that looks odd in every version, in the order of the files.

    Args:
        scheme: the scheme.
        tables: adverts, homes and areas it is to be used with, if any: landlords, areas and levels
            of areas that the scheme names are looked for there, and whether a scheme that nominates
            has any landlord.

    Raises:
        SchemeError: the scheme is not a loaded one.
    """
    refuse_not_loaded(scheme)
    found: list[Finding] = []
    for version, document in zip(scheme.versions, scheme.documents, strict=True):
        words = vocabulary(version)
        mine = [
            *_criteria(version, document, words),
            *order_findings(version, document),
            *_unused(version, document),
            *_codes(version, document),
            *_nulls(version, document),
            *_status(version, document),
            *_starts(version, document),
            *assessment_findings(version, document),
            *offer_findings(version, document),
            *data_findings(version, document, tables or {}),
            *_never_held(version, document, words),
        ]
        found += sorted(mine, key=lambda f: [int(n) for n in f.where.split(":")[-2:]])
    return found


def _criteria(
    version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Finding]:
    for name, criterion in version.criteria.items():
        place = ("criteria", name, "when")
        expression = parse_expression(criterion.when)
        where = document.where(place)
        results = _tried(expression, version, words)
        if _null_compared(expression) is not None:
            pass  # said apart, with what to write instead
        elif results is not None and not results.any(ignore_nulls=True):
            yield Finding("warning", "never_met", where,
                          f"{name} can never be met, whatever the values it mentions")
        elif results is not None and results.null_count() == 0 and results.all():
            yield Finding("warning", "always_met", where,
                          f"{name} is always met, whatever the values it mentions")
        words_used = {t.value for t in expression.tokens if t.kind in {"function", "keyword"}}
        for word, what in (("COALESCE", "COALESCE"), ("CASE", "CASE"), ("IS", "IS NULL")):
            if word in words_used:
                yield Finding("note", "answers_for_missing", where,
                              f"{name} answers for a missing fact itself, by {what}")
        if criterion.source is None and not criterion.illustrative:
            yield Finding("note", "no_source", document.where(("criteria", name), key=True),
                          f"{name} has no source and is not marked illustrative")


def _never_held(
    version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Finding]:
    """Awards whose criterion can never be met, or that count too few that can be held."""
    if version.assessment is None:
        return
    never_met = []
    for name in {a.when for a in version.assessment.awards.values() if a.when is not None}:
        results = _tried(parse_expression(version.criteria[name].when), version, words)
        if results is not None and not results.any(ignore_nulls=True):
            never_met.append(name)
    for name in never_held(version.assessment, never_met):
        where = document.where(("assessment", "awards", name), key=True)
        yield Finding("warning", "award_never_held", where, f"nobody can hold the award {name}")


def _tried(
    expression: Expression, version: SchemeVersion, words: Vocabulary
) -> pl.Series | None:
    """The expression over every combination of the values it mentions; None when too many."""
    names = [n for n in expression.names if not n.startswith("param.")]
    candidates = [_candidates(n, expression, version, words) for n in names]
    size = 1
    for values in candidates:
        size *= len(values)
    if size > MOST_COMBINATIONS or (not names and expression.param_names):
        return None  # of parameters alone: it may be another with each of their dated values
    rows = list(itertools.product(*candidates))
    schema = {n: DTYPES[words.type_of(n) or "text"] for n in names}
    frame = pl.DataFrame(rows, schema=schema, orient="row") if names else pl.DataFrame()
    constants: dict[str, Any] = {}  # as_at is a column here, tried over many days
    for name in expression.param_names:
        latest = max(version.parameters[name].values)
        constants[f"param.{name}"] = version.parameters[name].values[latest]
    try:
        return frame.select(expression.polars(constants).alias("met"))["met"].cast(pl.Boolean)
    except pl.exceptions.PolarsError:
        return None


def _candidates(
    name: str, expression: Expression, version: SchemeVersion, words: Vocabulary
) -> list[Any]:
    """Values worth trying for a name: around every literal of its type, and missing."""
    kind = words.type_of(name)
    numbers = {float(t.value) for t in expression.tokens if t.kind == "number"}
    numbers |= {float(v) for p in expression.param_names
                for v in version.parameters[p].values.values() if isinstance(v, (int, float))}
    around = sorted({n + d for n in numbers | {0.0} for d in (-1, 0, 1, 1000)})
    texts = [t.value[1:-1].replace("''", "'") for t in expression.tokens if t.kind == "text"]
    texts += [p for t in expression.param_names
              for p in version.parameters[t].values.values() if isinstance(p, str)]
    days = [date(2020, 1, 1) + timedelta(d) for d in (-20_000, -4_000, -400, -1, 0, 1, 400, 4_000)]
    days += [date.fromisoformat(t.value[1:-1]) + timedelta(d) for t in expression.tokens
             if t.kind == "date" for d in (-1, 0, 1)]
    if any(t.kind == "function" and t.value == "LENGTH" for t in expression.tokens):
        texts += ["x" * int(n) for n in around if 0 <= n <= LONGEST_TEXT]
    choices: dict[str, list[Any]] = {
        "bool": [True, False],
        "int": [int(n) for n in around],
        "number": around,
        "date": days,
        "datetime": [datetime(d.year, d.month, d.day, hour, tzinfo=ZoneInfo(LONDON)) for d in days
                     for hour in (0, 12)],
        "int_list": [[], *([int(n)] for n in around if n >= 0), [int(n) for n in around if n >= 0]],
        "text_list": [[], texts, *([t] for t in [*texts, _OTHER])],
    }
    default = [*dict.fromkeys([*texts, *_codes_of(name, version)]), _OTHER]
    values = choices.get(kind or "text", default)
    return values if name == "as_at" else [*values, None]


def _codes_of(
    name: str, version: SchemeVersion, own: str = "applications"
) -> tuple[str, ...]:
    """The codes a column may hold; for band, the bands; empty when anything may stand there.

    Args:
        name: as the expression has it.
        version: the scheme.
        own: table that a name without a prefix belongs to.
    """
    if name == "band" and own == "applications":
        return tuple(version.bands)
    bare = name.removeprefix("advert.")
    for table in ("adverts", "homes") if name.startswith("advert.") else (own,):
        declared = version.columns.get(table, {}).get(bare)  # type: ignore[call-overload]
        if declared is not None:
            return declared.codes
        for column in TABLES[table]:
            if column.name == bare:
                return column.codes
    return ()


def _unused(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    read: set[str] = set()
    for criterion in version.criteria.values():
        read.update(parse_expression(criterion.when).names)
    for fact in version.facts.values():
        for text in expressions_of(fact).values():
            read.update(parse_expression(text).names)
    used, ranked = asked_of_bids(version)
    offered, counted = asked_of_offers(version)
    used |= offered
    read |= ranked | counted
    if version.assessment is not None:
        assessed, named = asked_of_households(version.assessment)
        used |= assessed
        read |= named
    if version.upkeep is not None:
        read |= version.upkeep.columns_read()
    for standard in version.bedroom_standards.values():
        read |= columns_of_standard(standard)
    for fact in version.facts.values():
        if isinstance(fact, (WholeMonthsSince, WholeYearsSince)):
            read.add(getattr(fact, kind_of_fact(fact)))
    for name in version.criteria:
        if name not in used:
            yield Finding("warning", "unused", document.where(("criteria", name), key=True),
                          f"no list of eligible criteria, order, plan, assessment or rule of offers "
                          f"uses {name}")
    for name in version.facts:
        if name not in read:
            yield Finding("warning", "unused", document.where(("facts", name), key=True),
                          f"nothing reads the fact {name}")
    for name in version.parameters:
        if f"param.{name}" not in read:
            yield Finding("warning", "unused", document.where(("parameters", name), key=True),
                          f"nothing reads the parameter {name}")
    for table, columns in version.columns.items():
        for name in columns:
            seen = f"advert.{name}" if table in ("homes", "adverts") else name
            where = document.where(("columns", table, name), key=True)
            if seen not in read:
                yield Finding("warning", "unused", where,
                              f"nothing reads the column {table}.{name}")
    for name in version.bands:
        if "band" not in read:
            yield Finding("warning", "band_unreachable", document.where(("bands", name), key=True),
                          f"no order and no criterion reads bands, so band {name} has no effect")


def _expressions(version: SchemeVersion) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Every expression of criteria and facts: its text, where it stands, whose rows it reads."""
    for name, criterion in version.criteria.items():
        yield criterion.when, ("criteria", name, "when"), "applications"
    for name, fact in version.facts.items():
        for place, text in expressions_of(fact).items():
            yield text, ("facts", name, *place), rows_of(fact)


def _nulls(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """Comparisons with NULL, which come out as not known whatever stands there."""
    for text, place, _ in _expressions(version):
        at = _null_compared(parse_expression(text))
        if at is not None:
            yield Finding("warning", "compared_with_null", document.where(place, offset=at),
                          f"{place[1]} compares with NULL, which is never known to be met; write "
                          "IS NULL or IS NOT NULL")


def _null_compared(expression: Expression) -> int | None:
    """Characters into the text where the first comparison with NULL stands; None without one."""
    for one, other in itertools.pairwise(expression.tokens):
        kinds = {one.kind, other.kind}
        if kinds == {"operator", "keyword"} and {one.value, other.value} & _COMPARES and (
            "NULL" in (one.value, other.value)
        ):
            return one.offset
    return None


def _codes(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """Literals compared with a code column that are none of its codes."""
    for text, place, table in _expressions(version):
        yield from _wrong_codes(text, place, table, version, document)


def _wrong_codes(
    text: str, place: tuple[str, ...], table: str, version: SchemeVersion, document: Document
) -> Iterator[Finding]:
    column: str | None = None
    inside: list[str] = []
    function = ""
    for token in parse_expression(text).tokens:
        if token.kind == "name":
            # What changes a text, or looks at a part of it, is not compared with whole codes.
            column = None if _CHANGES_TEXT.intersection(inside) else token.value
        elif token.kind == "keyword" and token.value in _FORGETS:
            column = None
        elif token.kind == "operator" and token.value == "(":
            inside.append(function)
        elif token.kind == "operator" and token.value == ")":
            inside.pop()
        elif token.kind == "text" and column is not None:
            codes = _codes_of(column, version, table)
            literal = token.value[1:-1].replace("''", "'")
            if codes and literal not in codes:
                yield Finding(
                    "warning", "unknown_code", document.where(place, offset=token.offset),
                    f"{column} is never '{literal}'; it may be {', '.join(codes)}",
                )
        function = token.value if token.kind == "function" else ""


def _status(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    reads = {n for c in version.criteria.values() for n in parse_expression(c.when).names}
    if "status" not in reads:
        yield Finding("warning", "status_not_read", document.where(("scheme",)),
                      "no criterion reads the application's status, so suspended and housed "
                      "applications are ranked like any other")


def _starts(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """A start that is assumed, and parameters without a value when the version begins."""
    if version.in_force.assumed:
        yield Finding("note", "start_assumed", document.where(("in_force",)),
                      f"the start {version.in_force.from_} is assumed; no source gives it")
    for name, parameter in version.parameters.items():
        if min(parameter.values) > version.in_force.from_:
            yield Finding(
                "warning", "parameter_begins_late", document.where(("parameters", name, "values")),
                f"the parameter {name} has no value before {min(parameter.values)}, and the version begins "
                f"{version.in_force.from_}: what reads it is refused until then")
