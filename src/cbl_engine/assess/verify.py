"""The numbered properties of an assessment, checked on the output of every run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.awards import NO_BAND
from cbl_engine.errors import PropertyError

if TYPE_CHECKING:
    from cbl_engine.assess.assessed import Assessed


def check_assessed(result: Assessed) -> None:
    """Check the properties of ``docs/assessment.md``.

    Raises:
        PropertyError: one does not hold.
    """
    _once(result)
    _band(result)
    _points(result)
    _overrides(result)
    _reviews(result)


def _once(result: Assessed) -> None:
    out, given = result.assessed["application"], result.tables["applications"]["id"]
    if not out.equals(given.sort().alias("application")) or out.n_unique() != len(given):
        raise PropertyError(1, "every application comes out once")


def _overridden(result: Assessed, field: str) -> np.ndarray:
    mask = np.zeros(len(result.ids), bool)
    mask[result.trace.overrides.at(field)[0]] = True
    return mask


def _band(result: Assessed) -> None:
    """The band is the scheme's, and the best band of an award that counts bounds it."""
    if "band" not in result.trace.plan.found:
        return
    held = result.assessed["band"]
    if not held.drop_nulls().unique().is_in(list(result.version.bands)).all():
        raise PropertyError(2, "a band is none of the scheme's")
    rules, awarded = result.trace.plan.rules, result.trace.awarded
    places = {band: i for i, band in enumerate(result.version.bands)}
    given = [
        np.where(awarded.awards[name].counts, places[award.band], NO_BAND)
        for name, award in rules.awards.items()
        if award.band is not None
    ]
    default = NO_BAND if rules.otherwise is None else places[rules.otherwise]
    base = np.min([np.full(len(held), NO_BAND), *given], axis=0)
    base = np.where(base == NO_BAND, default, base)
    moved = np.zeros(len(held), bool)
    for name, award in rules.awards.items():
        if award.up is not None or award.at_most is not None:
            moved |= awarded.awards[name].counts
    wrong = (awarded.band != base) & ~moved
    if wrong.any():
        raise PropertyError(2, "a band does not follow from the awards held")
    at = np.array([*places.values(), NO_BAND])
    names = pl.Series([*places, None], dtype=pl.String)
    told = names.gather(np.searchsorted(at, awarded.band))
    same = told.eq_missing(held).to_numpy() | _overridden(result, "band")
    if not same.all():
        raise PropertyError(2, "a band told is not the band found")


def _points(result: Assessed) -> None:
    plan = result.trace.plan
    if "points" not in plan.found:
        return
    listed = np.zeros(len(result.ids), np.int64)
    for name, award in plan.rules.awards.items():
        points = result.trace.awarded.awards[name].points
        if points is None:
            continue
        beyond = np.less if (award.points or 0) < 0 else np.greater
        if award.most is not None and beyond(points, award.most).any():
            raise PropertyError(3, f"the award {name} goes beyond its most")
        listed += points
    points = result.assessed["points"]
    if plan.rules.points_at_least is not None:
        promised = result.trace.frame[plan.rules.points_at_least]
        listed = np.maximum(listed, promised.fill_null(np.iinfo(np.int64).min).to_numpy())
    same = points.eq_missing(pl.Series(listed)).to_numpy() | _overridden(result, "points")
    if not same.all():
        raise PropertyError(3, "points are not the sum of those listed")


def _overrides(result: Assessed) -> None:
    current = result.trace.overrides.all_current.unique()
    told = result.assessed.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("ordinal"),
        pl.col("overridden").alias("field"),
    ).filter(pl.col("field").is_not_null()).explode("field")
    if current.join(told, on=["ordinal", "field"], how="anti").height:
        raise PropertyError(4, "an override that is current is left out")


def _reviews(result: Assessed) -> None:
    if (result.assessed["next_review_on"] <= result.as_at).any():
        raise PropertyError(5, "a next review is not after as-at")
