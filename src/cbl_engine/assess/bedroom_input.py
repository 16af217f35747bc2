"""What keeps a register's tables from being used with a bedroom standard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.sharing import MOST_PEOPLE
from cbl_engine.errors import Problem, TableError
from cbl_engine.tables import given_twice
from cbl_engine.tables.columns import type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cbl_engine.scheme.bedrooms import BedroomStandard

_NEEDED = {
    "id": None, "application": None, "date_of_birth": pl.Date, "sex": pl.String,
    "relationship": pl.String,
}
_IF_THERE = {
    "expected_on": pl.Date, "carer": pl.Boolean, "cannot_share": pl.Boolean,
    "temporarily_away": pl.Boolean, "part_time": pl.Boolean, "foster_child": pl.Boolean,
}


def table_problems(
    people: pl.DataFrame, rule: BedroomStandard, applications: pl.DataFrame
) -> Iterator[Problem]:
    """What keeps the tables from being used with the standard."""
    wanted = [("people", people, name, dtype, True) for name, dtype in _NEEDED.items()]
    wanted += [("people", people, name, dtype, False) for name, dtype in _IF_THERE.items()]
    named = {rule.extra_rooms: pl.Int64, rule.sizes.smaller_if: pl.Boolean,
             rule.sizes.larger_if: pl.Boolean}
    wanted.append(("applications", applications, "id", None, True))
    wanted += [("applications", applications, name, dtype, True)
               for name, dtype in named.items() if name]
    for table, frame, name, dtype, needed in wanted:
        where = f"{table}.{name}"
        if name not in frame.columns:
            if needed:
                yield Problem("missing_column", "the bedroom standard reads a column that is not "
                              "there", where=where, given=", ".join(frame.columns))
        elif dtype is not None and frame.schema[name] not in (dtype, pl.Null) and not (
            dtype == pl.Int64 and frame.schema[name].is_integer()
        ) and not (dtype == pl.String and frame.schema[name] in (pl.Categorical, pl.Enum)):
            yield Problem("column_type", "a column is of another type", where=where,
                          given=type_name(frame.schema[name]), allowed=str(dtype()))
    if any(named) and "id" in applications.columns:
        yield from given_twice(
            applications["id"],
            "an application is there more than once, and the standard reads its columns",
            "applications.id", "Give the versions in force at the as-at date")


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
