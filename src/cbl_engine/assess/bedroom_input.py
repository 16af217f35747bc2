"""What keeps a register's tables from being used with a bedroom standard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.assess.sharing import MOST_PEOPLE
from cbl_engine.errors import Problem, TableError
from cbl_engine.tables import (
    TABLES,
    as_at_problems,
    column_problems,
    column_types,
    frame_problems,
    given_twice,
    id_type_problems,
    with_register_types,
)
from cbl_engine.tables.needs import reference_problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from cbl_engine.scheme.bedrooms import BedroomStandard

PEOPLE = ("id", "application", "date_of_birth", "sex", "relationship")
"""Columns of people that every bedroom standard and that of overcrowding read."""


def refuse_no_tables(as_at: object, tables: Mapping[str, object]) -> None:
    """Raise what is no as-at date and what is no frame.

    Raises:
        TableError: either.
    """
    if wrong := [*as_at_problems(as_at), *frame_problems(tables)]:
        raise TableError(wrong)


def bedroom_tables(
    tables: Mapping[str, pl.DataFrame], needed: Mapping[str, Mapping[str, str]]
) -> dict[str, pl.DataFrame]:
    """Tables of the register, columns in the types that bedrooms are counted with.

    Args:
        tables: frames by table.
        needed: table -> columns that must be there -> their types; others that the data dictionary
            has are looked at where they are there.

    Raises:
        TableError: a column is missing or of another type; all at once.
    """
    problems: list[Problem] = []
    for table, columns in needed.items():
        there = {c.name: c.type for c in TABLES[table] if c.name in tables[table].columns}
        problems += column_problems(tables[table], table, dict(columns) | there)
    problems += id_type_problems(tables, tables)
    problems += reference_problems(tables)
    if problems:
        raise TableError(problems)
    return with_register_types(tables, {})


def standard_tables(
    people: pl.DataFrame, applications: pl.DataFrame, rule: BedroomStandard
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """People and applications that can be used with a standard.

    Raises:
        TableError: a column is missing or of another type, or the standard reads columns of
            applications and one is there twice; all at once.
    """
    named = {rule.extra_rooms: "int", rule.sizes.smaller_if: "bool", rule.sizes.larger_if: "bool"}
    own = {name: kind for name, kind in named.items() if name}
    twice = list(given_twice(
        applications["id"],
        "an application is there more than once, and the standard reads its columns",
        "applications.id", "Give the versions in force at the as-at date",
    )) if own and "id" in applications.columns else []
    try:
        tables = bedroom_tables(
            {"people": people, "applications": applications},
            {"people": people_needed(), "applications": {"id": "id", **own}},
        )
    except TableError as error:
        raise TableError([*error.problems, *twice]) from None
    if twice:
        raise TableError(twice)
    return tables["people"], tables["applications"]


def people_needed() -> dict[str, str]:
    """:data:`PEOPLE` with their types."""
    types = column_types("people")
    return {name: types[name] for name in PEOPLE}


def none_too_large(people: pl.DataFrame, household: NDArray[np.int32]) -> None:
    """Counts by class have a byte each.

    Args:
        people: rows of PEOPLE, household after household.
        household: number of each row's household, ascending.

    Raises:
        TableError: an application has more than 255 people.
    """
    large = np.flatnonzero(household[MOST_PEOPLE:] == household[:-MOST_PEOPLE])
    if len(large):
        named = people["application"].gather(large).unique().sort()
        raise TableError(
            [
                Problem(
                    "household_too_large",
                    f"more than {MOST_PEOPLE} people on one application",
                    where="people.application",
                    count=len(named),
                    rows=tuple(map(str, named.head(5))),
                )
            ]
        )
