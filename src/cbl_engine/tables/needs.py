"""Whether frames have what a calculation reads of them: columns, types, ids once each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import Problem
from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.versions import has_versions, spans_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbl_engine.tables.ordinals import Ordinals


def column_problems(
    frame: pl.DataFrame, table: str, columns: Mapping[str, str]
) -> Iterable[Problem]:
    """Columns that are missing from a frame, or of a type that cannot be read as the one named."""
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
        if dtype == pl.Null or fits(dtype, kind):
            continue
        yield Problem(
            "wrong_type",
            f"the column {column} of {table} has the wrong type",
            where=f"{table}.{column}",
            allowed=f"{kind} ({DTYPES[kind]})",
            given=str(dtype),
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


def repeated_ids(applications: pl.DataFrame, ordinals: Ordinals) -> Iterable[Problem]:
    """Ids given twice: of applications, or of versions in force at once."""
    if not has_versions(applications):
        if len(ordinals) < applications.height:
            twice = applications["id"].filter(applications["id"].is_duplicated()).unique().sort()
            yield Problem(
                "duplicate_id",
                "an application is given more than once",
                where="applications.id",
                count=len(twice),
                rows=tuple(map(str, twice.head(5))),
                remedy="Keep one row each, or give valid_from and valid_to",
            )
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
