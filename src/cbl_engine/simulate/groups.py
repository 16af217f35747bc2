"""Whose life it is: what groups of people are told apart by, on the day a household joins.

Worlds do not read it: it is for tables of effects alone. It is what the register holds of a
household, and nothing is guessed: no ethnicity, religion or other characteristic is made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.ages import age_on
from cbl_engine.tables.days import date_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.lives import Lives

_ADULT = 18
COLUMNS = ("read_as", "applicant_age", "applicant_sex", "with_children", "expecting", "access_need")


def whose(lives: Lives, start: int) -> pl.DataFrame:
    """A row for each life, in order.

    Args:
        lives: of one scheme.
        start: first day of the horizon, a number; lives that join are dated as if on that day.

    Returns:
        read_as (id in the register at the start, read or made; null of one that joins later),
        applicant_age [whole years] and applicant_sex (null: not known), with_children (under 18)
        and expecting (null: nobody of the household is on record), access_need (as recorded; null:
        not known).
    """
    n = len(lives)
    age = pl.select(pl.Series("born", lives.born).cast(pl.Date)).select(
        age_on(date_of(start), "born").cast(pl.Int16)).to_series()
    people = lives.tables.get("people", pl.DataFrame())
    applications = lives.tables["applications"]
    access = (applications["access_need"].cast(pl.String) if "access_need" in applications.columns
              else pl.Series([None], dtype=pl.String).new_from_index(0, n))
    return pl.DataFrame({
        "read_as": lives.read_as.extend_constant(None, n - lives.opening),
        "applicant_age": age.set(pl.Series(lives.born == 0), None),
        "access_need": access,
    }).with_columns(_of_people(people, n, start)).select(COLUMNS)


def _of_people(people: pl.DataFrame, n: int, start: int) -> list[pl.Series]:
    if people.is_empty():
        return [pl.Series(name, [None], dtype=dtype).new_from_index(0, n) for name, dtype in (
            ("applicant_sex", pl.String), ("with_children", pl.Boolean), ("expecting", pl.Boolean))]
    there = people.filter(pl.col("day").is_null())
    born = there["date_of_birth"].cast(pl.Int32)
    life = there["life"].to_numpy()
    relationship = there["relationship"].cast(pl.String)
    young = there.select(age_on(date_of(start)) < _ADULT).to_series()
    child = ((born <= start) & young & (relationship != "applicant")).fill_null(
        value=False).to_numpy()
    due = (there["expected_on"].is_not_null() & (born.is_null() | (born > start))
           ).to_numpy() if "expected_on" in there.columns else np.zeros(len(life), bool)
    known = np.bincount(life, minlength=n) > 0
    sex = np.full(n, None, object)
    if "sex" in there.columns:
        first = (relationship == "applicant").fill_null(value=False).to_numpy()
        sex[life[first]] = there["sex"].cast(pl.String).to_numpy()[first]
    return [pl.Series("applicant_sex", sex.tolist(), dtype=pl.String),
            _known("with_children", _any(life, child, n), known),
            _known("expecting", _any(life, due, n), known)]


def _any(life: NDArray[np.int64], which: NDArray[np.bool_], n: int) -> NDArray[np.bool_]:
    return np.bincount(life[which], minlength=n) > 0


def _known(name: str, values: NDArray[np.bool_], known: NDArray[np.bool_]) -> pl.Series:
    return pl.Series(name, values).set(pl.Series(~known), None)
