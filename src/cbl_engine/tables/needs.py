"""Whether frames have what a calculation reads of them: columns, types, ids once each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import Problem
from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.versions import has_versions, spans_of

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def id_type_problems(register: Mapping[str, pl.DataFrame], tables: Iterable[str]) -> Iterable[Problem]:
    """Tables whose ids of applications are text where those of applications are numbers, or so."""
    applications = register.get("applications")
    if applications is None or "id" not in applications.columns:
        return
    own = applications.schema["id"]
    for table in tables:
        column = "id" if table == "applications" else "application"
        if table not in register or column not in register[table].columns:
            continue
        theirs = register[table].schema[column]
        if pl.Null not in (own, theirs) and (own == pl.String) != (theirs == pl.String):
            yield Problem(
                "id_type", f"{table} has ids of applications of another type than applications",
                where=f"{table}.{column}", allowed=str(own), given=str(theirs),
                remedy="Give both as text, or both as whole numbers",
            )


def column_problems(
    frame: pl.DataFrame, table: str, columns: Mapping[str, str]
) -> Iterable[Problem]:
    """Columns that are missing from a frame, or that cannot be read as the type named.

    They are of another type, or of numbers and hold what is none: NaN compares as more than all.
    """
    schema = frame.schema
    for column, kind in columns.items():
        if column not in schema:
            yield Problem(
                "missing_column",
                f"the column {column} is missing from {table}",
                where=f"{table}.{column}",
                allowed=f"a column of type {kind}",
                remedy="The scheme reads it; add it, with empty cells where it is not known",
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
            allowed=f"{kind} ({DTYPES[kind]})",
            given=str(dtype),
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
        return dtype == pl.String or dtype.is_integer()
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
