"""What keeps a register from being used under a scheme: columns, types, ids, bands, versions."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

import polars as pl

from cbl_engine.assess import columns_read, columns_welcome
from cbl_engine.errors import Problem, SchemeError, TableError
from cbl_engine.scheme.facts import ByLaw
from cbl_engine.scheme.load import not_loaded
from cbl_engine.shortlist.compiled import Compiled, compile_version
from cbl_engine.tables import (
    REGISTER_TABLES,
    TABLES,
    Ordinals,
    as_at_problems,
    column_problems,
    column_types,
    frame_problems,
    id_type_problems,
    mapping_problems,
    repeated_ids,
)
from cbl_engine.tables.needs import reference_problems

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
        return _found(scheme, register, as_at)
    except SchemeError as error:
        return list(error.problems)


def refuse_unusable(scheme: Scheme, register: Mapping[str, pl.DataFrame], as_at: AsAt) -> None:
    """Raise what keeps a register from being used under a scheme, if anything does.

    Raises:
        TableError: all of :func:`register_problems`.
        SchemeError: the scheme is not in force on the date.
    """
    if problems := _found(scheme, register, as_at):
        raise TableError(problems)


def _found(
    scheme: Scheme, register: Mapping[str, pl.DataFrame], as_at: AsAt
) -> list[Problem]:
    wrong = [*not_loaded(scheme), *mapping_problems(register, "register", "the register")]
    if wrong:
        return wrong
    wrong = [] if as_at == "close" else list(as_at_problems(as_at))
    wrong += frame_problems({name: register[name] for name in REGISTER_TABLES if name in register})
    if wrong:
        return wrong
    problems = list(_structure(scheme, register, as_at))
    if problems:
        return problems
    applications = register["applications"]
    return [*repeated_ids(applications, Ordinals(applications["id"])),
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
        for table, columns in _read_by_law(compiled, register).items():
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
        yield from column_problems(register[table], table, columns | _there(register, table))
    yield from id_type_problems(register, wanted)
    yield from reference_problems({table: register[table] for table in wanted if table in register})
    ids = register["applications"]
    if "id" in ids.columns and ids["id"].null_count():
        yield Problem(
            "null_id", "an application has no id", where="applications.id",
            count=ids["id"].null_count(),
        )


def _there(register: Mapping[str, pl.DataFrame], table: str) -> dict[str, str]:
    """Columns that facts read of a table where they are there, with their types."""
    there = register[table].columns
    welcome = (
        column for column in TABLES[table]
        if column.name in there and (table != "applications" or column.name in _SPAN)
    )
    return {c.name: c.type for c in welcome}


_SPAN = ("valid_from", "valid_to")


def _read_by_law(
    compiled: Compiled, register: Mapping[str, pl.DataFrame]
) -> dict[str, dict[str, str]]:
    """What the law reads of the tables and columns that are there."""
    found: dict[str, dict[str, str]] = {}
    for fact in compiled.facts_read().values():
        if not isinstance(fact, ByLaw):
            continue
        for table, columns in columns_welcome(fact).items():
            types = column_types(table)
            found.setdefault(table, {}).update(
                (c, types[c]) for c in columns
                if table in register and c in register[table].columns and types[c] != "id"
            )
    return {table: columns for table, columns in found.items() if table in register}


def tables_read(compiled: Compiled) -> dict[str, dict[str, str]]:
    """Tables beside applications that the facts read, with the columns they need."""
    out: dict[str, dict[str, str]] = {}
    for fact in compiled.facts_read().values():
        for table, columns in columns_read(fact, compiled.version).items():
            types = {**column_types(table), **{
                n: c.type for n, c in compiled.version.declared(table).items()
            }}
            ids = {c.name for c in TABLES[table] if c.type == "id"}
            have = out.setdefault(table, {})
            for column in columns:
                have[column] = "id" if column in ids else types[column]
    return out
