"""The priority dates of an assessment: what the derivation is given, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess.date_rules import DatePolicy
from cbl_engine.assess.overrides import scattered
from cbl_engine.assess.priority import PriorityDates, priority_dates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.assess.awards import Awarded
    from cbl_engine.assess.overrides import Overrides
    from cbl_engine.assess.plan import Plan
    from cbl_engine.scheme.load import Scheme
    from cbl_engine.tables import Ordinals


def band_since(awarded: Awarded, overrides: Overrides) -> pl.Series:
    """The day the band found today began, by its awards or by the officer who set it."""
    standing = overrides.standing.filter(pl.col("field") == "band")
    at = standing["ordinal"].to_numpy()
    return scattered(awarded.band_since, at, standing["since"]) if len(at) else awarded.band_since


def unsettled(awarded: Awarded, overrides: Overrides) -> NDArray[np.bool_]:
    """Where the band found today could be another once an award that waits is decided."""
    out = awarded.unsettled.copy()
    out[overrides.at("band")[0]] = False
    return out


def dates_of(
    scheme: Scheme,
    plan: Plan,
    tables: Mapping[str, pl.DataFrame],
    frame: pl.DataFrame,
    ids: Ordinals,
    found: Mapping[str, pl.Series],
    awarded: Awarded,
    since: pl.Series,
    overrides: Overrides,
    codes: Mapping[str, NDArray[np.int8]],
    as_at: date,
    why: str,
) -> PriorityDates | None:
    """The priority dates by every version of the scheme up to the date; None when as recorded.

    ``why`` is why a band found today began, where it is another than the last one recorded.
    """
    if plan.rules.priority_date is None:
        return None
    policies = [
        DatePolicy(v.in_force.from_, v.assessment.priority_date, tuple(v.bands))
        for v in scheme.versions
        if v.in_force.from_ <= as_at and v.assessment and v.assessment.priority_date
    ]
    named: dict[str, Any] = {}
    for policy in policies:
        first = policy.rule.first
        named.update(dict.fromkeys([first] if isinstance(first, str) else first))
        named.update(dict.fromkeys(i.date for i in policy.rule.instead if i.date))
    own = [
        frame[name]
        if name in frame.columns
        else _optional(tables["applications"], name)
        for name in named
    ]
    spells = spells_recorded(tables, ids)
    decided = np.zeros(len(ids), bool)  # by an officer, from a day of its own
    decided[overrides.at("band")[0]] = True
    today = pl.DataFrame([
        found["band"].alias("band"), since.alias("since"),
        awarded.better_until.set(pl.Series(decided), None).alias("better_until"),
    ]).with_columns(pl.lit(why).alias("why"))
    if why == "policy":  # the scheme moves it, on the day: no award did, earlier
        days = ("since", "better_until")
        today = today.with_columns(pl.lit(None, pl.Date).alias(name) for name in days)
    applications = pl.DataFrame([ids.ids.alias("id"), *own])
    outcomes = {
        i.when: codes[i.when] for i in plan.rules.priority_date.instead if i.when is not None
    }
    return priority_dates(applications, spells, policies, as_at, today, outcomes)


def spells_recorded(tables: Mapping[str, pl.DataFrame], ids: Ordinals) -> pl.DataFrame:
    """The history of bands; of an application without any, the band on its row is the one spell.

    Those spells are marked ``on_register``.
    """
    types = {"application": ids.ids.dtype, "band": pl.String, "since": pl.Date}
    history = tables.get("band_history", pl.DataFrame(schema=types))
    applications = tables["applications"]
    if "band" not in applications.columns:
        return history
    have = ids.ordinals_of(history["application"])
    without = np.ones(len(ids), bool)
    without[have[have >= 0]] = False
    dates = [
        pl.col(column).alias(name)
        for column, name in (("band_from", "since"), ("priority_date", "priority_date"))
        if column in applications.columns
    ]
    recorded = applications.select(
        pl.col("id").alias("application"), pl.col("band").cast(pl.String), *dates,
        pl.lit(value=True).alias("on_register"),
    ).filter(pl.Series(without), pl.col("band").is_not_null())
    return pl.concat([history, recorded], how="diagonal_relaxed")


def begun(applications: pl.DataFrame, dated: bool) -> list[pl.Series]:
    """The day the band on record begins, which is a spell where there is no history."""
    return [applications["band_from"]] if dated and "band_from" in applications.columns else []


def _optional(applications: pl.DataFrame, name: str) -> pl.Series:
    """A date column that an earlier version of the scheme named."""
    if name in applications.columns and applications.schema[name] == pl.Date:
        return applications[name]
    return pl.Series(name, [None], dtype=pl.Date).new_from_index(0, applications.height)


def doubts_of_dates(contradictions: pl.DataFrame, ids: Ordinals) -> pl.DataFrame:
    """Contradictions of the histories, by ordinal."""
    ordinal = ids.ordinals_of(contradictions["application"]).astype(np.int64)
    return contradictions.select(
        pl.Series("ordinal", ordinal, dtype=pl.Int64), "kind", "rows", "assumption")
