"""What keeps a register from being assessed: the scheme, tables, columns, types, ids."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Literal

import polars as pl

from cbl_engine.assess.plan import plan_of
from cbl_engine.errors import BadInput, Problem, TableError
from cbl_engine.scheme.load import not_loaded
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
    with_register_types,
)
from cbl_engine.tables.needs import fits, numbers_as_text, reference_problems, with_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.assess.plan import Plan
    from cbl_engine.scheme.load import Scheme

_WHYS = ("need", "policy")


def refuse_arguments(scheme: object, register: object, as_at: object, why: object) -> None:
    """Raise what is no scheme, no register, no date or no reason, all at once.

    Raises:
        TableError: any of them is none.
    """
    wrong = [*not_loaded(scheme), *as_at_problems(as_at)]
    if why not in _WHYS:
        wrong.append(Problem("unknown_why", "there is no such reason why a band began", where="why",
                             given=repr(why)[:60], allowed=" or ".join(_WHYS)))
    wrong += mapping_problems(register, "register", "the register")
    if isinstance(register, Mapping):
        wrong += frame_problems({n: register[n] for n in REGISTER_TABLES if n in register})
    if wrong:
        raise TableError(wrong)


def assessment_problems(
    scheme: Scheme, register: Mapping[str, pl.DataFrame], as_at: date | Literal["close"]
) -> list[Problem]:
    """Everything that keeps a register from being assessed by a scheme on a date.

    The scheme is not in force or says nothing about assessment; a table or column that is read is
    missing, or one that the data dictionary or the scheme has is of another type; ids are null or
    given twice. With ``close`` for the as-at date, under any version that has an assessment.
    """
    try:
        plans = plans_of(scheme, as_at)
    except BadInput as error:
        return list(error.problems)
    return list(dict.fromkeys(p for plan in plans for p in register_problems(plan, register)))


def assessment_tables(scheme: Scheme, as_at: date | Literal["close"]) -> tuple[str, ...]:
    """The tables that the assessment of a scheme reads and cannot do without, in order.

    Raises:
        SchemeError: it is not in force on the date, or says nothing about assessment.
        TableError: the date is none.
    """
    read = {table for plan in plans_of(scheme, as_at) for table in plan.tables()}
    return tuple(table for table in TABLES if table in read)


def plans_of(scheme: Scheme, as_at: date | Literal["close"]) -> list[Plan]:
    """The plan of the version in force on a date, or with ``close`` of every one that assesses.

    Raises:
        SchemeError: it is not in force on the date, or says nothing about assessment.
        TableError: the date is none.
    """
    if as_at != "close":
        return [plan_of(scheme.in_force(as_at))]
    versions = [v for v in scheme.versions if v.assessment is not None]
    return [plan_of(version) for version in versions or scheme.versions]


def register_problems(plan: Plan, tables: Mapping[str, pl.DataFrame]) -> Iterator[Problem]:
    """What keeps a register from being assessed by a plan."""
    yield from shape_problems(plan, tables)
    applications = tables.get("applications")
    if applications is None or "id" not in applications.columns:
        return
    if applications["id"].null_count():
        yield Problem("null_id", "an application has no id", where="applications.id",
                      count=applications["id"].null_count())
    elif applications.schema["id"] == pl.Null or fits(applications.schema["id"], "id"):
        yield from repeated_ids(applications, Ordinals(applications["id"]))


def shape_problems(plan: Plan, tables: Mapping[str, pl.DataFrame]) -> Iterator[Problem]:
    """Tables and columns that are missing, and those that are there in another type."""
    needed = plan.tables()
    for table in needed:
        if table not in tables:
            yield Problem(
                "missing_table",
                f"the scheme's assessment reads the table {table}, and it is not there",
                where=table,
                remedy=f"Add {table}.csv or {table}.parquet (it may have no rows)",
            )
    for table in REGISTER_TABLES:
        if table not in tables:
            continue
        types = _types(plan, table)
        wanted = set(needed.get(table, ()))
        if table in _IF_THERE:
            wanted |= {c.name for c in TABLES[table] if c.required}
        wanted |= types.keys() & set(tables[table].columns)
        yield from column_problems(tables[table], table, {c: types[c] for c in sorted(wanted)})
    yield from id_type_problems(tables, REGISTER_TABLES)
    yield from reference_problems(tables)


_IF_THERE = ("band_history", "status_history", "overrides")
"""Tables that every assessment reads where they are."""


def _types(plan: Plan, table: str) -> dict[str, str]:
    declared = {n: c.type for n, c in plan.version.declared(table).items()}
    ids = {c.name: "id" for c in TABLES[table] if c.type == "id"}
    return {**declared, **column_types(table), **ids}


def ready(plan: Plan, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """A register that has no problems, its columns in the types that the assessment computes with.

    As :func:`~cbl_engine.tables.with_register_types` has them, and text of applications as text:
    here nothing of adverts is beside it.
    """
    out = with_register_types(tables, {name: plan.version.declared(name) for name in tables})
    texts = [n for n, kind in _types(plan, "applications").items() if kind == "text"]
    out["applications"] = numbers_as_text(out["applications"], texts)
    if "people" in out:
        out["people"] = with_types(out["people"], {"id": pl.String()})
    return out
