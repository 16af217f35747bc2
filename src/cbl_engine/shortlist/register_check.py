"""What keeps a register from being used under a scheme: columns, types, ids, bands, versions."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

import polars as pl

from cbl_engine.assess import columns_read
from cbl_engine.errors import Problem, SchemeError
from cbl_engine.shortlist.compiled import Compiled, compile_version
from cbl_engine.tables import DTYPES, Ordinals, column_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbl_engine.scheme.load import Scheme

AsAt = date | Literal["close"]


def register_problems(
    scheme: Scheme, register: Mapping[str, pl.DataFrame], as_at: AsAt
) -> list[Problem]:
    """Everything that keeps a register from being used under a scheme.

    Tables and columns that the scheme reads and that are missing or of another type, ids that are
    null or given twice, bands the scheme has not.
    """
    try:
        problems = list(_structure(scheme, register, as_at))
    except SchemeError as error:
        return list(error.problems)
    if problems:
        return problems
    applications = register["applications"]
    return [*_repeated(applications, Ordinals(applications["id"])),
            *_unknown_bands(scheme, applications)]


def _unknown_bands(scheme: Scheme, applications: pl.DataFrame) -> Iterable[Problem]:
    bands = {band for version in scheme.versions for band in version.bands}
    read = any("band" in compile_version(v).own_columns() for v in scheme.versions)
    if not read or applications["band"].null_count() == applications.height:
        return
    held = set(applications["band"].unique().cast(pl.String).to_list())
    lost = sorted(held - bands - {None})
    if lost:
        held = applications["band"].cast(pl.String)
        theirs = applications["id"].filter(held.is_in(lost))
        yield Problem(
            "unknown_band",
            "an application is in a band that the scheme has not",
            where="applications.band",
            allowed=", ".join(bands_in_order(scheme)),
            given=", ".join(repr(b)[:40] for b in lost[:3]),
            count=len(theirs),
            rows=tuple(map(str, theirs.head(5))),
            remedy="Correct the band, or add it to the scheme",
        )


def bands_in_order(scheme: Scheme) -> list[str]:
    """Every band of every version, in the order they are listed."""
    return list(dict.fromkeys(b for v in scheme.versions for b in v.bands))


def _structure(
    scheme: Scheme, register: Mapping[str, pl.DataFrame], as_at: AsAt
) -> Iterable[Problem]:
    """What is wrong with the register's shape, for the versions that may be used."""
    if "applications" not in register:
        yield Problem("missing_table", "the register has no applications table")
        return
    wanted: dict[str, dict[str, str]] = {"applications": {"id": "id"}}
    versions = scheme.versions if as_at == "close" else (scheme.in_force(as_at),)
    for version in versions:
        compiled = compile_version(version)
        for column in compiled.own_columns():
            wanted["applications"][column] = compiled.words.own[column]
        for table, columns in tables_read(compiled).items():
            wanted.setdefault(table, {}).update(columns)
    for table, columns in wanted.items():
        if table not in register:
            yield Problem(
                "missing_table",
                f"the scheme reads the table {table}, and it is not there",
                where=table,
                remedy=f"Add {table}.csv or {table}.parquet (it may have no rows)",
            )
            continue
        yield from column_problems(register[table], table, columns)
    ids = register["applications"]
    if "id" in ids.columns and ids["id"].null_count():
        yield Problem(
            "null_id", "an application has no id", where="applications.id",
            count=ids["id"].null_count(),
        )


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


def tables_read(compiled: Compiled) -> dict[str, dict[str, str]]:
    """Tables beside applications that the facts read, with the columns they need."""
    out: dict[str, dict[str, str]] = {}
    for fact in compiled.facts_read().values():
        for table, columns in columns_read(fact).items():
            types = {**column_types(table), **{
                n: c.type for n, c in compiled.version.declared(table).items()
            }}
            have = out.setdefault(table, {})
            for column in columns:
                have[column] = "id" if column in _IDS.get(table, ()) else types[column]
    return out


_IDS = {
    "people": ("id", "application", "partner_of"),
    "connections": ("application", "person", "area"),
    "areas": ("id", "parent"),
}


def _repeated(applications: pl.DataFrame, ordinals: Ordinals) -> Iterable[Problem]:
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


def has_versions(applications: pl.DataFrame) -> bool:
    """Whether rows are versions with dates, not applications as they stand."""
    return "valid_from" in applications.columns or "valid_to" in applications.columns


def spans_of(applications: pl.DataFrame) -> pl.DataFrame:
    """id, from, to of each version, open ends filled in; without valid_to, until the next one."""
    have = applications.columns
    start = pl.col("valid_from") if "valid_from" in have else pl.lit(None, pl.Date)
    spans = applications.select("id", start.fill_null(date.min).alias("from"))
    if "valid_to" in have:
        return spans.with_columns(applications["valid_to"].fill_null(date.max).alias("to"))
    following = pl.col("from").sort().shift(-1, fill_value=date.max).over("id")
    order = pl.col("from").rank("ordinal").over("id") - 1
    return spans.with_columns(following.gather(order).over("id").alias("to"))
