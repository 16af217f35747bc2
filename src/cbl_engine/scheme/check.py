"""What a scheme version's parts must say of one another: names, types, sources, keys.

Everything here is an error that stops the scheme from loading; what merely looks odd is for
:mod:`cbl_engine.scheme.lint`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.documents import line_of
from cbl_engine.errors import Problem
from cbl_engine.scheme.bedrooms import SHAPE
from cbl_engine.scheme.check_assessment import assessment_problems
from cbl_engine.scheme.check_expressions import expression_problems
from cbl_engine.scheme.check_facts import fact_problems
from cbl_engine.scheme.check_offers import offer_problems
from cbl_engine.scheme.check_orders import Place, eligible_problems, order_problems, suggest
from cbl_engine.scheme.check_upkeep import upkeep_problems
from cbl_engine.scheme.law import facts_of_law, names_of_law
from cbl_engine.scheme.standards import resolve_standard, shipped_standards, unknown_standard
from cbl_engine.scheme.vocabulary import (
    COMPUTED,
    Vocabulary,
    number_in_text,
    value_type,
    vocabulary,
)
from cbl_engine.tables import column_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.documents import Document
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.parts import InForce

def check_version(version: SchemeVersion, document: Document) -> list[Problem]:
    """Every contradiction and dangling name in a version, in the order of the file."""
    words = vocabulary(version)
    found = [
        *_check_dates(version, document),
        *_check_sources(version, document),
        *_check_names(version, document),
        *_check_parameters(version, document),
        *fact_problems(version, document, words),
        *_check_bedrooms(version, document),
        *_check_criteria(version, document, words),
        *eligible_problems(version, document),
        *order_problems(version, document, words),
        *assessment_problems(version, document, words),
        *upkeep_problems(version, document, words),
        *offer_problems(version, document, words),
    ]
    return sorted(found, key=lambda problem: line_of(problem.where))


def _check_dates(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    spans: list[tuple[Place, InForce]] = [(("in_force",), version.in_force)]
    dated = {
        "local_lettings_plans": version.local_lettings_plans,
        "bedroom_standards": version.bedroom_standards,
    }
    spans += [
        ((kind, name, "in_force"), part.in_force)
        for kind, parts in dated.items()
        for name, part in parts.items()
        if part.in_force
    ]
    for place, force in spans:
        if force.until is not None and force.until <= force.from_:
            yield Problem(
                "dates_reversed",
                "in_force.until must be after in_force.from",
                where=document.where((*place, "until")),
                given=str(force.until),
                allowed=f"a date after {force.from_}",
            )
        if force.source is None and not force.assumed:
            yield Problem(
                "start_without_source",
                "in_force needs a source for its start, or assumed: true",
                where=document.where(place),
            )


def _check_sources(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    for place, value in _walk(document.data, ()):
        of_date = place[-2:-1] == ("date",)  # a criterion of that name, which chooses a date
        if place[-1:] != ("source",) or of_date or not isinstance(value, str):
            continue
        for part in value.split(";"):
            name = (part.split() or [""])[0].rstrip(",:")
            if name not in version.sources:
                yield Problem(
                    "unknown_source",
                    f"there is no source {name}" if name else "no source is named",
                    where=document.where(place),
                    allowed=", ".join(version.sources) or "none is listed under sources",
                )


def _walk(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*place, index))
    else:
        yield place, value


def _check_names(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    for table, columns in version.columns.items():
        standard = column_types(table)
        for name, column in columns.items():
            place = ("columns", table, name)
            if name in standard:
                yield Problem(
                    "column_is_standard",
                    f"{table}.{name} is a standard column and needs no declaration",
                    where=document.where(place, key=True),
                )
            if name == "as_at" or name in COMPUTED.get(table, {}):
                yield _name_taken(f"the column {table}.{name}", "a name the engine gives", place,
                                  document)
            if column.type == "code" and not column.codes:
                yield Problem(
                    "codes_missing",
                    f"{table}.{name} has type code but lists no codes",
                    where=document.where(place),
                )
            if column.codes and column.type != "code":
                yield Problem(
                    "codes_unused",
                    f"{table}.{name} lists codes but has type {column.type}",
                    where=document.where((*place, "type")),
                    allowed="type: code, or no codes",
                )
            yield from _check_if_null(table, name, column, document)
    yield from _check_advert_types(version, document)
    for name in version.facts:
        place = ("facts", name)
        if name in column_types("applications") or name in version.columns.get("applications", {}):
            yield _name_taken(f"the fact {name}", "the name of a column", place, document)
        elif name == "as_at" or name in facts_of_law():
            yield _name_taken(f"the fact {name}", "a name the engine gives", place, document)
    for name in version.criteria:
        if name in names_of_law().values():
            yield _name_taken(f"the criterion {name}", "a name the engine gives", ("criteria", name), document)


def _name_taken(what: str, whose: str, place: Place, document: Document) -> Problem:
    return Problem(
        "name_taken",
        f"{what} has {whose}",
        where=document.where(place, key=True),
        remedy="Choose another name",
    )


def _check_advert_types(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    """An advert's column and its home's of the same name are read as one, so their types agree."""
    declared = {
        table: {name: column.type for name, column in version.columns.get(table, {}).items()}
        for table in ("homes", "adverts")
    }
    for table, other in (("adverts", "homes"), ("homes", "adverts")):
        theirs = {**column_types(other), **(declared[other] if table == "adverts" else {})}
        for name, given in declared[table].items():
            if name in theirs and theirs[name] != given:
                yield Problem(
                    "column_types_differ",
                    f"{table}.{name} and {other}.{name} are read as advert.{name}, "
                    "so they need one type",
                    where=document.where(("columns", table, name, "type")),
                    given=given,
                    allowed=theirs[name],
                )


def _check_if_null(table: str, name: str, column: Any, document: Document) -> Iterator[Problem]:
    if column.if_null == "unknown":
        return
    given = value_type(column.if_null)
    fits = given == column.type or (given, column.type) in (("text", "code"), ("int", "number"))
    in_codes = column.type != "code" or column.if_null in column.codes
    if not (fits and in_codes):
        values = ", ".join(column.codes) or f"a value of type {column.type}"
        allowed = "unknown, true or false" if column.type == "bool" else f"unknown, or {values}"
        no_values = column.type == "datetime" or column.type.endswith("list")
        text = isinstance(column.if_null, str) and column.type not in ("text", "code")
        shown = f'"{column.if_null}"' if text else str(column.if_null)
        yield Problem(
            "if_null_type",
            f"if_null of {table}.{name} does not fit its type",
            where=document.where(("columns", table, name, "if_null")),
            given=shown.lower() if given == "bool" else shown,
            allowed="unknown" if no_values else allowed,
        )


def _check_parameters(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    for name, parameter in version.parameters.items():
        numbers = {day: number for day, value in parameter.values.items()
                   if (number := number_in_text(value))}
        for day, number in numbers.items():
            yield Problem(
                "parameter_is_text",
                f"the value of parameter {name} is text",
                where=document.where(("parameters", name, "values", day)),
                given=str(parameter.values[day]),
                allowed="a number by itself, with what it counts under unit",
                remedy=f"Write {number}",
            )
        kinds = {value_type(value) for day, value in parameter.values.items() if day not in numbers}
        if len(kinds) > 1 and kinds != {"int", "number"}:
            yield Problem(
                "parameter_types",
                f"the values of parameter {name} are of different types",
                where=document.where(("parameters", name, "values")),
                given=", ".join(f'"{value}"' if isinstance(value, str) else str(value).lower()
                                for value in parameter.values.values()),
                allowed="values of one type",
            )


def _check_criteria(
    version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    columns = {**words.own, **{f"advert.{n}": t for n, t in words.advert.items()}}
    for name, criterion in version.criteria.items():
        place = ("criteria", name, "when")
        yield from expression_problems(
            criterion.when, place, document, columns, words.params, "condition", version.criteria
        )


def _check_bedrooms(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    """Bedroom standards: what they extend, ages that contradict, columns, their tables."""
    applications = {name: c.type for name, c in version.columns.get("applications", {}).items()}
    for name, declared in version.bedroom_standards.items():
        place: Place = ("bedroom_standards", name)
        if declared.extends is not None and declared.extends not in shipped_standards():
            yield unknown_standard(declared.extends, document.where((*place, "extends")))
            continue
        if declared.extends is None and name in shipped_standards():
            yield Problem(
                "name_taken",
                f"the bedroom standard {name} has the name of a shipped one and does not extend it",
                where=document.where(place, key=True),
                remedy=f"Choose another name, or say extends: {name}",
            )
        standard = resolve_standard(declared)
        limit = standard.same_sex_limit()
        if 0 < limit <= standard.same_sex_from:
            yield Problem(
                "ages_contradict",
                "nobody is between same_sex_from and the age at which sharing by sex ends",
                where=document.where((*place, "same_sex_from")),
                given=str(standard.same_sex_from),
                allowed=f"below {limit}",
            )
        for field, column, wanted in (
            ("extra_rooms", standard.extra_rooms, "int"),
            ("smaller_if", standard.sizes.smaller_if, "bool"),
            ("larger_if", standard.sizes.larger_if, "bool"),
        ):
            at = (*place, field) if field == "extra_rooms" else (*place, "sizes", field)
            if column is not None and applications.get(column) != wanted:
                yield Problem(
                    "unknown_name",
                    f"{column} is not a column of applications of type {wanted}",
                    where=document.where(at),
                    allowed=suggest(column, [n for n, t in applications.items() if t == wanted]),
                    remedy="Declare it under columns, applications",
                )
        for number, row in enumerate(declared.table):
            yield from expression_problems(
                row.when, (*place, "table", number, "when"), document, SHAPE, {}, "condition"
            )
