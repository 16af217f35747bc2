"""What will happen to households: births, partners, graver needs and duties, drawn with each life."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.facts import IF_THERE
from cbl_engine.simulate.duties import duty_changes, on_record
from cbl_engine.simulate.luck import keys_of
from cbl_engine.simulate.parameters import days_until, happens
from cbl_engine.tables import TABLES
from cbl_engine.tables.days import YEAR, day_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cbl_engine.simulate.luck import Luck
    from cbl_engine.simulate.parameters import Parameters

FLAGS = tuple(c.name for c in TABLES["people"] if c.type == "bool" and c.name in IF_THERE)
"""What a bedroom standard takes to hold of nobody where people have no such column; a null in a column
that is there is not known.
"""


_AGES = int(16 * YEAR), int(45 * YEAR)
"""From and under which women bear children [days]."""


@dataclass(frozen=True, eq=False)
class Happenings:
    """What will happen: rows of people and of officers' decisions, each with its ``day``; and all rows
    of duties, as they will come to be.
    """

    people: pl.DataFrame = field(repr=False)
    decisions: pl.DataFrame = field(repr=False)
    duties: pl.DataFrame = field(repr=False)

    def moved(self, days: int) -> Happenings:
        """The same so many days later."""
        later = timedelta(days=days)
        return Happenings(*(frame.with_columns(pl.col(pl.Date) + later) if not frame.is_empty()
                             else frame for frame in (self.people, self.decisions, self.duties)))


def happenings_of(
    tables: Mapping[str, pl.DataFrame], duties: pl.DataFrame, start: date, weeks: int,
    parameters: Parameters, luck: Luck,
) -> Happenings:
    """Births, partners and graver needs of every life, within the horizon; and its duties."""
    ids = tables["applications"]["id"].sort()
    first, last = day_number(start), day_number(start) + 7 * weeks
    people = tables.get("people")
    drawn: dict[str, pl.DataFrame] = {}
    at = keys_of(ids)

    def when(stream: str, rate: float) -> NDArray[np.int32]:
        return np.int32(first + 1) + days_until(rate, luck.draws(stream, at))

    rows = []
    if people is not None and not people.is_empty():
        born = applicants_born(people, ids)
        age = (first - born) / YEAR
        girl = happens(0.5, luck.draws("sex", at))
        partner = when("partner", parameters["households.partner_per_year"])
        couples = people.filter(pl.col("relationship") == "partner")["application"].unique()
        single = ~ids.is_in(couples.implode()).to_numpy()
        joins = (partner < last) & single & (age >= 18) & (age < 65)
        theirs = born + 365
        birth = when("birth", parameters["households.birth_per_year"])
        mothers = _may_bear(people, ids, first) | (
            joins & ~girl & (partner < birth) & (theirs > first - _AGES[1]) & (theirs <= first - _AGES[0]))
        rows.append(_person(ids, birth, (birth < last) & mothers, "birth", "child", girl, birth))
        rows.append(_person(ids, partner, joins, "partner", "partner", ~girl, theirs))
    drawn["people"] = pl.concat(rows) if rows else pl.DataFrame()
    rises = when("need", parameters["households.need_rises_per_year"])
    graver = rises < last
    kind = happens(0.5, luck.draws("need/kind", at))
    decided = pl.Series(rises[graver]).cast(pl.Date)
    drawn["decisions"] = pl.DataFrame({
        "id": ("!need-" + ids.filter(pl.Series(graver))),
        "application": ids.filter(pl.Series(graver)),
        "subject": np.where(kind[graver], "medical", "need"),
        "stage": ["decision"] * int(graver.sum()),
        "value": np.where(kind[graver], "urgent", _second_band(tables)),
        "decided_on": decided, "since": decided, "day": decided,
    }) if "officer_decisions" in tables else pl.DataFrame()
    return Happenings(drawn["people"], drawn["decisions"], duties)


def _second_band(tables: Mapping[str, pl.DataFrame]) -> str:
    """The value of a graver need: the highest that officers' decisions on need have named."""
    decisions = tables["officer_decisions"].filter(pl.col("subject") == "need")
    values = decisions["value"].drop_nulls().unique().sort()
    return str(values[0]) if len(values) else "high"


def applicants_born(people: pl.DataFrame, ids: pl.Series) -> NDArray[np.int64]:
    """Birthday of each applicant [days since 1970-01-01]; 0 where not known."""
    born = people.filter(pl.col("relationship") == "applicant").group_by("application").agg(
        pl.col("date_of_birth").min().cast(pl.Int32).alias("born"))
    joined = pl.DataFrame({"application": ids}).join(born, on="application", how="left",
                                                     maintain_order="left")
    return joined["born"].fill_null(0).to_numpy().astype(np.int64)


def _may_bear(people: pl.DataFrame, ids: pl.Series, on: int) -> NDArray[np.bool_]:
    """Whether an applicant or partner is of the ages that fertility rates are of, and not known to be
    a man.
    """
    man = (pl.col("sex") == "male").fill_null(value=False) if "sex" in people.columns else (
        pl.lit(value=False))
    days = on - pl.col("date_of_birth").cast(pl.Int32)
    mothers = people.filter(
        pl.col("relationship").is_in(["applicant", "partner"]), ~man,
        days.is_between(*_AGES, closed="left"))
    return ids.is_in(mothers["application"].implode()).to_numpy()


def _person(
    ids: pl.Series, day: NDArray, which: NDArray[np.bool_], prefix: str, relationship: str,
    female: NDArray[np.bool_], born: NDArray,
) -> pl.DataFrame:
    mine = pl.Series(which)
    whose = ids.filter(mine)
    return pl.DataFrame({
        "id": (f"!{prefix}-" + whose),
        "application": whose,
        "date_of_birth": pl.Series(born[which].astype(np.int32)).cast(pl.Date),
        "sex": np.where(female[which], "female", "male"),
        "relationship": pl.Series([relationship] * len(whose), dtype=pl.String),
        "day": pl.Series(day[which].astype(np.int32)).cast(pl.Date),
        **{flag: pl.Series([False] * len(whose), dtype=pl.Boolean) for flag in FLAGS},
    })


def with_happenings(
    tables: Mapping[str, pl.DataFrame], happenings: Happenings, after: date, on: date
) -> tuple[dict[str, pl.DataFrame], pl.Series]:
    """The register with the rows that came after a day, up to another; and whose they are."""
    out = dict(tables)
    touched = [pl.Series([], dtype=pl.String)]
    for name, rows in (("people", happenings.people), ("officer_decisions", happenings.decisions)):
        if rows.is_empty():
            continue
        new = rows.filter(pl.col("day") > after, pl.col("day") <= on)
        if new.is_empty():
            continue
        touched.append(new["application"])
        have = out[name]
        new = new.drop("day").select(
            pl.col(c).cast(have.schema[c]) for c in new.drop("day").columns if c in have.columns)
        out[name] = pl.concat([have, new], how="diagonal")
    return out, pl.concat(touched).unique()


def with_duties(
    tables: Mapping[str, pl.DataFrame], duties: pl.DataFrame, after: date, on: date
) -> tuple[dict[str, pl.DataFrame], pl.Series]:
    """The register with duties as on a day; and whose have begun or ended since another."""
    if duties.is_empty():
        return dict(tables), pl.Series([], dtype=pl.String)
    return ({**tables, "duties": on_record(duties, on)},
            duty_changes(duties, after, on)["application"].unique())


def with_days(frame: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """All rows, with ``day`` on which each comes; null: there from the beginning."""
    if later.is_empty():
        return frame.with_columns(pl.lit(None, pl.Date).alias("day"))
    have = frame.filter(~pl.col("id").is_in(later["id"].implode()))
    new = later.select(
        *(pl.col(c).cast(frame.schema[c]) for c in later.columns if c in frame.columns), "day")
    return pl.concat([have, new], how="diagonal")
