"""What a scheme version's parts must say of one another: names, types, sources, keys.

Everything here is an error that stops the scheme from loading; what merely looks odd is for
:mod:`cbl_engine.scheme.lint`.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from cbl_engine.errors import Problem
from cbl_engine.scheme.expressions import Expression, ExpressionError, parse_expression
from cbl_engine.scheme.model import (
    AllMembers,
    AnyMember,
    BandKey,
    BidTimeKey,
    ConnectionKey,
    Count,
    DateKey,
    DebtKey,
    LotteryKey,
    Max,
    Min,
    PointsKey,
    PreferKey,
    TieKey,
    kind_of,
)
from cbl_engine.scheme.vocabulary import (
    COMPUTED,
    Vocabulary,
    fact_type,
    is_pair_fact,
    result_type,
    value_type,
    vocabulary,
)
from cbl_engine.tables import column_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cbl_engine.documents import Document
    from cbl_engine.scheme.model import Fact, Key, SchemeVersion

Place = tuple[Any, ...]


def check_version(version: SchemeVersion, document: Document) -> list[Problem]:
    """Every contradiction and dangling name in a version, in the order of the file."""
    words = vocabulary(version)
    found = [
        *_check_dates(version, document),
        *_check_sources(version, document),
        *_check_names(version, document),
        *_check_parameters(version, document),
        *_check_facts(version, document, words),
        *_check_criteria(version, document, words),
        *_check_eligible(version, document),
        *_check_profiles(version, document, words),
        *_check_bid_times(version, document),
    ]
    return sorted(found, key=lambda problem: line_of(problem.where))


def line_of(where: str) -> tuple[int, int]:
    """Line and column of ``file:line:column``, to sort by; (0, 0) when there are none."""
    parts = where.split(":")
    return (int(parts[-2]), int(parts[-1])) if len(parts) >= 3 else (0, 0)


def _suggest(name: str, allowed: Iterable[str]) -> str:
    names = list(dict.fromkeys(allowed))
    close = get_close_matches(name, names, n=3)
    return ", ".join(close or sorted(names)[:12]) + ("" if close or len(names) <= 12 else ", ...")


def _check_dates(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    spans = [(("in_force",), version.in_force)]
    spans += [
        (("local_lettings_plans", name, "in_force"), plan.in_force)
        for name, plan in version.local_lettings_plans.items()
        if plan.in_force
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
        elif name == "as_at":
            yield _name_taken(f"the fact {name}", "a name the engine gives", place, document)


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
        no_values = column.type == "datetime" or column.type.endswith("list")
        yield Problem(
            "if_null_type",
            f"if_null of {table}.{name} does not fit its type",
            where=document.where(("columns", table, name, "if_null")),
            given=str(column.if_null),
            allowed="unknown" if no_values else f"unknown, or {values}",
        )


def _check_parameters(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    for name, parameter in version.parameters.items():
        kinds = {value_type(value) for value in parameter.values.values()}
        if len(kinds) > 1 and kinds != {"int", "number"}:
            yield Problem(
                "parameter_types",
                f"the values of parameter {name} are of different types",
                where=document.where(("parameters", name, "values")),
            )


def _expression(
    text: str,
    place: Place,
    document: Document,
    columns: Mapping[str, str],
    params: Mapping[str, str],
    wanted: Literal["condition", "amount"],
) -> Iterator[Problem]:
    """Problems of one expression: syntax, names, types, and the type of its result."""
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
        quoted = text[offset : offset + 1] == '"'
        yield Problem(
            "unknown_name",
            f"{name} is not a column, fact or parameter that can be read here, in: {text}",
            where=document.where(place, offset=offset),
            allowed=_suggest(name, visible),
            remedy="Text goes in 'single quotes'" if quoted
            else "Declare it under columns, facts or parameters, or correct the name",
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
    if wanted == "amount" and not (dtype.is_numeric() or dtype.is_temporal()):
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


def _check_criteria(
    version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    columns = {**words.own, **{f"advert.{n}": t for n, t in words.advert.items()}}
    for name, criterion in version.criteria.items():
        place = ("criteria", name, "when")
        yield from _expression(
            criterion.when, place, document, columns, words.params, "condition"
        )


def _check_facts(
    version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    for name, fact in version.facts.items():
        place = ("facts", name)
        if isinstance(fact, (AnyMember, AllMembers, Count, Min, Max)):
            yield from _check_reducer(fact, place, document, words)
        else:
            yield from _check_area(fact, place, document)


def _check_reducer(
    fact: AnyMember | AllMembers | Count | Min | Max,
    place: Place,
    document: Document,
    words: Vocabulary,
) -> Iterator[Problem]:
    kind = kind_of(fact)
    table = fact.count if isinstance(fact, Count) else fact.of
    columns = words.rows[table]
    if not isinstance(fact, Count):
        wanted: Literal["condition", "amount"] = (
            "condition" if isinstance(fact, (AnyMember, AllMembers)) else "amount"
        )
        text = getattr(fact, kind)
        yield from _expression(text, (*place, kind), document, columns, words.params, wanted)
    if fact.where is not None:
        yield from _expression(
            fact.where, (*place, "where"), document, columns, words.params, "condition"
        )
    if fact.if_none != "unknown":
        made = fact_type(fact, words)
        fits = isinstance(fact.if_none, bool) if made == "bool" else (
            made in ("int", "number") and not isinstance(fact.if_none, bool)
        )
        if not fits:
            values = {"bool": ", true or false", "int": " or a whole number",
                      "number": " or a whole number"}
            yield Problem(
                "if_none_type",
                f"if_none of {place[-1]} does not fit the fact",
                where=document.where((*place, "if_none")),
                given=str(fact.if_none).lower(),
                allowed="unknown" + values.get(made, ""),
            )


def _check_area(fact: Fact, place: Place, document: Document) -> Iterator[Problem]:
    kind = kind_of(fact)
    rule = getattr(fact, kind)
    area = rule.area
    for name in [area] if isinstance(area, str) else area:
        if name.startswith("advert.") and area != "advert.area":
            yield Problem(
                "unknown_area",
                f"{name} cannot stand here",
                where=document.where((*place, kind, "area")),
                allowed="advert.area by itself, an area's id, or a list of ids",
            )
    if not area:
        yield Problem(
            "unknown_area",
            "no area is named",
            where=document.where((*place, kind, "area")),
            allowed="advert.area by itself, an area's id, or a list of ids",
        )
    if kind == "connection_strength" and area != "advert.area":
        yield Problem(
            "strength_needs_advert",
            "connection_strength measures closeness to the advert's area",
            where=document.where((*place, kind, "area")),
            allowed="advert.area",
        )


def _check_eligible(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    lists: list[tuple[Place, tuple[str, ...]]] = [(("eligible",), version.eligible)]
    for name, profile in version.profiles.items():
        lists.append((("profiles", name, "eligible"), profile.eligible))
        lists += [
            (("profiles", name, "stages", i, "eligible"), stage.eligible)
            for i, stage in enumerate(profile.stages)
        ]
    for name, plan in version.local_lettings_plans.items():
        place = ("local_lettings_plans", name)
        lists.append(((*place, "eligible"), plan.eligible))
        lists += [
            ((*place, "targets", i, "criterion"), (target.criterion,))
            for i, target in enumerate(plan.targets)
        ]
    for place, names in lists:
        for index, name in enumerate(names):
            if name not in version.criteria:
                at = place if place[-1] == "criterion" else (*place, index)
                yield _unknown_criterion(name, at, version, document)


def _unknown_criterion(
    name: str, place: Place, version: SchemeVersion, document: Document
) -> Problem:
    return Problem(
        "unknown_criterion",
        f"there is no criterion {name}",
        where=document.where(place),
        allowed=_suggest(name, version.criteria),
    )


def _check_profiles(
    version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    if version.default_profile is not None and version.default_profile not in version.profiles:
        yield Problem(
            "unknown_profile",
            f"there is no profile {version.default_profile}",
            where=document.where(("default_profile",)),
            allowed=", ".join(version.profiles),
        )
    for name, profile in version.profiles.items():
        place = ("profiles", name)
        if bool(profile.order) == bool(profile.stages):
            yield Problem(
                "order_or_stages",
                f"profile {name} needs either an order or stages",
                where=document.where(place),
            )
        yield from _check_keys(profile.order, (*place, "order"), version, document, words)
        for i, stage in enumerate(profile.stages):
            yield from _check_keys(
                stage.order, (*place, "stages", i, "order"), version, document, words
            )
    for name, plan in version.local_lettings_plans.items():
        place = ("local_lettings_plans", name, "order")
        yield from _check_keys(plan.order, place, version, document, words)
        yield from (
            Problem(
                "plan_key",
                f"a plan's keys go ahead of the profile's, so {kind_of(key)} cannot be one",
                where=document.where((*place, i)),
            )
            for i, key in enumerate(plan.order)
            if isinstance(key, (TieKey, LotteryKey))
        )


def _check_bid_times(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    """A household has one bid time on an advert, so its keys cannot ask for two."""

    def asked(keys: tuple[Key, ...], place: Place) -> list[tuple[str, Place]]:
        return [(key.bid_time, (*place, i)) for i, key in enumerate(keys)
                if isinstance(key, BidTimeKey)]

    of_profile: dict[str, str] = {}
    for name, profile in version.profiles.items():
        place: Place = ("profiles", name)
        times = asked(profile.order, (*place, "order"))
        for i, stage in enumerate(profile.stages):
            times += asked(stage.order, (*place, "stages", i, "order"))
        if times:
            of_profile[name] = times[0][0]
        yield from _second_time(times, f"profile {name}", document)
    for name, plan in version.local_lettings_plans.items():
        times = asked(plan.order, ("local_lettings_plans", name, "order"))
        yield from _second_time(times, f"plan {name}", document)
        for profile_name, first in of_profile.items():
            if times and times[0][0] != first:
                yield Problem(
                    "two_bid_times",
                    f"plan {name} uses bid_time: {times[0][0]} and profile {profile_name}, "
                    f"whose keys follow the plan's, bid_time: {first}",
                    where=document.where((*times[0][1], "bid_time")),
                    remedy="Use one of the two throughout",
                )


def _second_time(
    times: list[tuple[str, Place]], what: str, document: Document
) -> Iterator[Problem]:
    for kind, place in times:
        if kind != times[0][0]:
            yield Problem(
                "two_bid_times",
                f"{what} uses both bid_time: first and bid_time: latest",
                where=document.where((*place, "bid_time")),
                remedy="Use one of the two throughout",
            )
            return


def _check_keys(
    keys: tuple[Key, ...],
    place: Place,
    version: SchemeVersion,
    document: Document,
    words: Vocabulary,
) -> Iterator[Problem]:
    for index, key in enumerate(keys):
        at = (*place, index)
        if isinstance(key, BandKey):
            yield from _check_bands(key, (*at, "band"), version, document)
        elif isinstance(key, DateKey):
            yield from _check_date_key(key, (*at, "date"), version, document, words)
        elif isinstance(key, PreferKey) and key.prefer not in version.criteria:
            yield _unknown_criterion(key.prefer, (*at, "prefer"), version, document)
        elif isinstance(key, PointsKey):
            yield from _typed(key.points, ("int",), (*at, "points"), document, words)
        elif isinstance(key, DebtKey):
            wanted = ("bool", "int") if key.compare == "any" else ("int",)
            yield from _typed(key.debt, wanted, (*at, "debt"), document, words)
        elif isinstance(key, ConnectionKey):
            fact = version.facts.get(key.connection)
            if fact is None or kind_of(fact) != "connection_strength":
                strengths = [n for n, f in version.facts.items()
                             if kind_of(f) == "connection_strength"]
                yield Problem(
                    "not_a_strength",
                    f"{key.connection} is not a connection_strength fact",
                    where=document.where((*at, "connection")),
                    allowed=", ".join(strengths) or "none is declared under facts",
                )
        elif isinstance(key, (TieKey, LotteryKey)) and index < len(keys) - 1:
            yield Problem(
                "key_after_end",
                f"{kind_of(key)} settles the order, so nothing may follow it",
                where=document.where((*place, index + 1)),
            )


def _check_bands(
    key: BandKey, place: Place, version: SchemeVersion, document: Document
) -> Iterator[Problem]:
    listed = [b for item in key.band for b in ([item] if isinstance(item, str) else item)]
    for band in dict.fromkeys(listed):
        if band not in version.bands:
            yield Problem(
                "unknown_band",
                f"there is no band {band}",
                where=document.where(place),
                allowed=", ".join(version.bands) or "none is listed under bands",
            )
        if listed.count(band) > 1:
            yield Problem(
                "band_twice", f"band {band} is listed twice", where=document.where(place)
            )
    missing = [band for band in version.bands if band not in listed]
    if missing:
        yield Problem(
            "band_missing",
            f"the order does not say where {', '.join(missing)} stands",
            where=document.where(place),
            allowed="every band once; bands that rank equal in a nested list",
        )


def _check_date_key(
    key: DateKey, place: Place, version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    if isinstance(key.date, str):
        yield from _typed(key.date, ("date",), place, document, words)
        return
    if list(key.date)[-1:] != ["otherwise"]:
        yield Problem(
            "date_otherwise",
            "a date chosen by band or criterion ends with otherwise",
            where=document.where(place),
            remedy="Name the column for everyone else, last",
        )
    for chooser, column in key.date.items():
        yield from _typed(column, ("date",), (*place, chooser), document, words)
        if chooser == "otherwise":
            continue
        in_both = chooser in version.bands and chooser in version.criteria
        if in_both or (chooser not in version.bands and chooser not in version.criteria):
            yield Problem(
                "date_chooser",
                f"{chooser} is " + ("both a band and a criterion" if in_both
                                    else "neither a band nor a criterion"),
                where=document.where((*place, chooser), key=True),
                allowed=_suggest(chooser, [*version.bands, *version.criteria]),
            )
        elif chooser in version.criteria:
            yield from _application_only(chooser, (*place, chooser), version, document)


def _application_only(
    name: str, place: Place, version: SchemeVersion, document: Document
) -> Iterator[Problem]:
    try:
        expression: Expression = parse_expression(version.criteria[name].when)
    except ExpressionError:
        return
    pair = [n for n in expression.own_names if n in version.facts
            and is_pair_fact(version.facts[n])]
    if expression.advert_names or pair:
        yield Problem(
            "date_chooser_reads_advert",
            f"{name} reads the advert, and a date belongs to the application",
            where=document.where(place, key=True),
        )


def _typed(
    name: str, wanted: tuple[str, ...], place: Place, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    given = words.own.get(name)
    if given in wanted:
        return
    fitting = [n for n, t in words.own.items() if t in wanted]
    yield Problem(
        "key_column",
        f"{name} is not a column or fact of the application of type {' or '.join(wanted)}",
        where=document.where(place),
        given="" if given is None else f"type {given}",
        allowed=_suggest(name, fitting),
    )
