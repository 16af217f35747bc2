"""Whether frames have what a calculation reads of them: columns, types, ids once each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from numbers import Integral
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import Problem, TableError
from cbl_engine.tables.columns import DTYPES, type_name
from cbl_engine.tables.relations import RELATIONS
from cbl_engine.tables.schemas import TABLES
from cbl_engine.tables.versions import has_versions, spans_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbl_engine.tables.ordinals import Ordinals


def as_at_problems(as_at: object) -> Iterable[Problem]:
    """An as-at date that is none: a text, or a moment, whose day depends on where one stands."""
    yield from day_problems(as_at, "as_at", "the as-at date")


def day_problems(day: object, where: str, words: str) -> Iterable[Problem]:
    """The same of any day that is asked for.

    Args:
        day: what came.
        where: the argument.
        words: what it is, at the beginning of the message.
    """
    if isinstance(day, datetime) or not isinstance(day, date):
        yield Problem(
            where, f"{words} is not a date", where=where, given=repr(day), allowed="a datetime.date",
        )


def span_problems(**days: object) -> Iterable[Problem]:
    """The same of days that a span is from or to, by argument; None is none."""
    for name, day in days.items():
        if day is not None:
            yield from day_problems(day, name, f"the day of {name}")


def whole_number_problems(
    given: object, where: str, words: str, allowed: str = "an int"
) -> Iterable[Problem]:
    """What is no whole number: neither is a text of digits, nor yes or no.

    Args:
        given: what came.
        where: the argument or option.
        words: what it is, at the beginning of the message.
        allowed: what may be given.
    """
    if isinstance(given, bool) or not isinstance(given, Integral):
        yield Problem("not_whole", f"{words} is not a whole number", where=where,
                      given=repr(given)[:40], allowed=allowed)


def mapping_problems(given: object, where: str, words: str) -> Iterable[Problem]:
    """What is no dict by table: a list of frames does not say which is which.

    Args:
        given: what came.
        where: the argument.
        words: what it is, at the beginning of the message.
    """
    if not isinstance(given, Mapping):
        yield Problem("not_by_table", f"{words} is not given by table", where=where,
                      given=f"a {type(given).__name__}", allowed="a dict whose keys name tables")


def frame_problems(frames: Mapping[str, object]) -> Iterable[Problem]:
    """Tables, by name, that are no frames; a lazy one has no rows until it is collected."""
    for table, frame in frames.items():
        if not isinstance(frame, pl.DataFrame):
            lazy = isinstance(frame, pl.LazyFrame)
            yield Problem(
                "not_a_frame", f"{table} is not a frame", where=table,
                given=f"a {type(frame).__name__}", allowed="a polars.DataFrame",
                remedy="Collect it first" if lazy else "",
            )


def list_problems(ids: object, where: str, words: str) -> Iterable[Problem]:
    """What is no list of ids or names: a single text is not one of its letters.

    Args:
        ids: what came.
        where: the argument or table.
        words: what they are, at the beginning of the message.
    """
    if isinstance(ids, str | bytes | pl.DataFrame) or not isinstance(ids, Iterable):
        yield Problem(
            "not_a_list", f"{words} are not a list", where=where,
            given="a text" if isinstance(ids, str) else f"a {type(ids).__name__}",
            allowed="a list, be it of one",
        )


def ids_asked(ids: Iterable[Any], known: pl.DataType, where: str, words: str) -> pl.Series:
    """The ids that somebody asks for, in the type of those that there are.

    Args:
        ids: what came.
        known: type of the ids that there are.
        where: the argument.
        words: what they are, at the beginning of the message.

    Raises:
        TableError: they are no list, or text where the ids that there are are numbers, or so.
    """
    if wrong := list(list_problems(ids, where, words)):
        raise TableError(wrong)
    try:
        given = ids if isinstance(ids, pl.Series) else pl.Series(list(ids))
    except TypeError:  # some are text, some not
        given = None
    if given is not None and isinstance(given.dtype, pl.Enum | pl.Categorical):
        given = given.cast(pl.String)
    if given is None or (given.dtype != pl.Null and (
        not fits(given.dtype, "id") or ids_differ(given.dtype, known)
    )):
        raise TableError([Problem(
            "id_type", f"{words} are of another type than the ids that there are", where=where,
            allowed="text" if known in (pl.String, pl.Null) else "whole numbers",
            given="a mixture" if given is None else type_name(given.dtype),
        )])
    return given.cast(known, strict=False)


def id_type_problems(register: Mapping[str, pl.DataFrame], tables: Iterable[str]) -> Iterable[Problem]:
    """Tables whose ids of applications are text where those of applications are numbers, or so."""
    applications = register.get("applications")
    if applications is None or "id" not in applications.columns:
        return
    own = applications.schema["id"]
    for table in tables:
        for column in ("application", "from_application"):
            theirs = register[table].schema.get(column) if table in register else None
            if theirs is not None and ids_differ(own, theirs):
                yield Problem(
                    "id_type", f"{table} has ids of applications of another type than applications",
                    where=f"{table}.{column}", allowed=type_name(own), given=type_name(theirs),
                    remedy=_BOTH_ALIKE,
                )


_BOTH_ALIKE = "Give both as text, or both as whole numbers"


def ids_differ(one: pl.DataType, other: pl.DataType) -> bool:
    """Whether ids of one type are text and of the other whole numbers; no type goes with both."""
    return pl.Null not in (one, other) and (one == pl.String) != (other == pl.String)


def id_kind_problems(
    given: pl.DataType, known: pl.DataType, where: str, words: str, named: str
) -> Iterable[Problem]:
    """Ids that name rows of a table and are of another kind than that table has.

    Args:
        given: type of the ids that name.
        known: type of the ids that are named.
        where: table and column that name.
        words: what the naming ids are.
        named: what has the ids that are named.
    """
    if ids_differ(given, known):
        kinds = {True: "text", False: "whole numbers"}
        yield Problem(
            "id_type_differs",
            f"{words} are {kinds[given == pl.String]} where {named} have {kinds[known == pl.String]}",
            where=where,
            remedy=_BOTH_ALIKE,
        )


def reference_problems(register: Mapping[str, pl.DataFrame]) -> Iterable[Problem]:
    """Ids that name a person or an area of the register and are of another kind than those have."""
    for relation in RELATIONS:
        child, target = register.get(relation.table), register.get(relation.target)
        if child is None or target is None or relation.target == "applications" or (
            relation.column not in child.columns or "id" not in target.columns
        ):
            continue
        given, known = child.schema[relation.column], target.schema["id"]
        if fits(given, "id") and fits(known, "id"):
            yield from id_kind_problems(
                given, known, f"{relation.table}.{relation.column}",
                f"the ids that {relation.table} have of {relation.target}", relation.target)


def with_register_types(
    register: Mapping[str, pl.DataFrame], declared: Mapping[str, Mapping[str, Any]]
) -> dict[str, pl.DataFrame]:
    """Tables of the register that have no problems, columns in the types that facts compute with.

    A column that has no type, for nothing is in it, gets its own; ids get that of the ids they are
    looked up among, and those of applications none. Codes given as whole numbers become text; text
    too, but for applications', which may be compared with adverts'.

    Args:
        register: frames by table.
        declared: table -> columns that a scheme declares, with the ``type`` of each.
    """
    out = {}
    for table, frame in register.items():
        types = {n: c.type for n, c in declared.get(table, {}).items()} | {
            c.name: c.type for c in TABLES.get(table, ())}
        if pl.Null in frame.dtypes:
            frame = with_types(frame, {n: DTYPES[t] for n, t in types.items() if t != "id"})
        texts = ("code",) if table == "applications" else ("code", "text")
        out[table] = numbers_as_text(frame, [n for n, t in types.items() if t in texts])
    for target in ("people", "areas"):
        places = [(target, "id"), *((r.table, r.column) for r in RELATIONS if r.target == target)]
        there = [(t, c) for t, c in places if t in out and c in out[t].columns]
        known = next((d for t, c in there if (d := out[t].schema[c]) != pl.Null), None)
        if known is not None:
            for table, column in there:
                out[table] = with_types(out[table], {column: known})
    return out


def numbers_as_text(frame: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """The frame, those of the columns that are there and are whole numbers as text."""
    schema = frame.schema
    numbers = [n for n in columns if n in schema and schema[n].is_integer()]
    return frame.with_columns(frame[n].cast(pl.String) for n in numbers) if numbers else frame


def with_types(frame: pl.DataFrame, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The frame, its columns that have no type (nothing is in them) being given these."""
    schema = frame.schema
    untyped = [n for n in types if schema.get(n) == pl.Null]
    return frame.with_columns(frame[n].cast(types[n]) for n in untyped) if untyped else frame


def column_problems(
    frame: pl.DataFrame, table: str, columns: Mapping[str, str]
) -> Iterable[Problem]:
    """Columns that are missing from a frame, or that cannot be read as the type named.

    They are of another type, or of numbers and hold what is none: NaN compares as more than all.
    """
    schema = frame.schema
    for column, kind in columns.items():
        if column not in schema:
            ours = next((c for c in TABLES.get(table, ()) if c.name == column), None)
            never_empty = ours is not None and ours.required
            yield Problem(
                "missing_column",
                f"the column {column} is missing from {table}",
                where=f"{table}.{column}",
                allowed=f"a column of type {kind if ours is None else ours.type}",
                remedy="Add it, with a value in every row" if never_empty
                else "The scheme reads it; add it, with empty cells where it is not known",
            )
            continue
        dtype = schema[column]
        if dtype == pl.Null:
            continue
        if fits(dtype, kind):
            if kind == "number" and dtype.is_float():
                yield from _not_finite(frame, table, column)
            continue
        yield Problem(
            "wrong_type",
            f"the column {column} of {table} has the wrong type",
            where=f"{table}.{column}",
            allowed=f"{kind} ({DTYPES[kind]})" if kind != "id" else "id (String, or an integer of 64 bits)",
            given=type_name(dtype),
            remedy="Cast it to one of these" if kind == "id" else "",
        )


def _not_finite(frame: pl.DataFrame, table: str, column: str) -> Iterable[Problem]:
    finite = frame[column].is_finite()
    if finite.all():
        return
    ids = next((frame[name] for name in ("id", "application") if name in frame.columns), None)
    rows = ids.filter(~finite).head(5) if ids is not None else ()
    yield Problem(
        "not_finite",
        f"the column {column} of {table} holds what is no number",
        where=f"{table}.{column}",
        given="NaN or an infinity",
        allowed="finite numbers, null where one is not known",
        count=len(finite) - int(finite.sum()) - finite.null_count(),
        rows=tuple(map(str, rows)),
    )


def fits(dtype: pl.DataType, kind: str) -> bool:
    """Whether a frame's type can be read as a column type."""
    if kind == "id":
        return dtype == pl.String or (dtype.is_integer() and dtype not in (pl.Int128, pl.UInt128))
    if kind == "int":
        return dtype.is_integer()
    if kind == "number":
        return dtype.is_numeric()
    if kind in {"text", "code"}:
        return dtype == pl.String or isinstance(dtype, (pl.Enum, pl.Categorical)) or (
            dtype.is_integer()
        )
    if kind == "datetime":
        return isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
    if kind == "int_list":
        return isinstance(dtype, pl.List) and dtype.inner.is_integer()
    return dtype == DTYPES[kind]


def null_problems(
    frame: pl.DataFrame, table: str, what: str, columns: Sequence[str]
) -> Iterable[Problem]:
    """Empty cells where none may be, with the ids in the first of the columns.

    Args:
        frame: a table.
        table: its name.
        what: what a row is, with its article.
        columns: those that may not be empty; one that is missing is told elsewhere.
    """
    for column in columns:
        if column in frame.columns and frame[column].null_count():
            rows = frame.filter(pl.col(column).is_null())[columns[0]].drop_nulls().head(5)
            yield Problem("null_value", f"{what} has no {column}", where=f"{table}.{column}",
                          count=frame[column].null_count(), rows=tuple(map(str, rows)))


def given_twice(ids: pl.Series, message: str, where: str, remedy: str = "") -> Iterable[Problem]:
    """A problem that names the ids given more than once, where there are any.

    Args:
        ids: of the rows of a table.
        message: in words.
        where: table and column.
        remedy: what to do.
    """
    if not ids.is_duplicated().any():
        return
    twice = ids.filter(ids.is_duplicated()).unique().sort()
    yield Problem("duplicate_id", message, where=where, count=len(twice),
                  rows=tuple(map(str, twice.head(5))), remedy=remedy)


def repeated_ids(applications: pl.DataFrame, ordinals: Ordinals) -> Iterable[Problem]:
    """Ids given twice: of applications, or of versions in force at once."""
    if not has_versions(applications):
        if len(ordinals) < applications.height:
            yield from given_twice(
                applications["id"], "an application is given more than once", "applications.id",
                "Keep one row each, or give valid_from and valid_to")
        return
    spans = spans_of(applications).sort("id", "from")
    clash = spans.filter(
        (pl.col("id") == pl.col("id").shift(-1)) & (pl.col("to") > pl.col("from").shift(-1))
    )["id"].unique().sort()
    if len(clash):
        yield Problem(
            "versions_overlap",
            "two versions of an application are in force at once",
            where="applications.valid_to",
            count=len(clash),
            rows=tuple(map(str, clash.head(5))),
        )
