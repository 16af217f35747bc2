"""Birthdays that change a household's bedroom need or the sizes it may be let."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess.ages import age_on, months_on
from cbl_engine.assess.facts import bedrooms_by
from cbl_engine.tables import Ordinals

if TYPE_CHECKING:
    from datetime import date

    from cbl_engine.assess.assessed import Assessed
    from cbl_engine.scheme.bedrooms import BedroomStandard


def need_changes(result: Assessed, people: pl.DataFrame, until: date) -> pl.DataFrame:
    """Birthdays after as-at and up to a date on which need or sizes change by the standard.

    A loop over the days on which somebody has a birthday: the need of those households on the day
    and on the day before. Households whose need an officer set are left out.

    Args:
        result: the assessment.
        people: PEOPLE.
        until: the last day looked at.

    Returns:
        Frame of application, about (bedroom_need, or sizes alone), rows (whose birthday it is),
        due_on (the day).
    """
    standard = result.trace.plan.standard
    if standard is None or "date_of_birth" not in people.columns:
        return pl.DataFrame()
    set_by_officer = pl.col("overridden").list.contains("bedroom_need").fill_null(value=False)
    goes_by_rule = result.assessed.filter(~set_by_officer)["application"]
    on = result.as_at
    turns = months_on(pl.col("date_of_birth"), (age_on(on) + 1) * 12)
    due = people.filter(
        pl.col("date_of_birth") <= on, pl.col("application").is_in(goes_by_rule.implode())
    ).select("application", pl.col("id").cast(pl.String), turns.alias("due_on")).filter(
        pl.col("due_on") <= _last_day(standard, until)
    )
    parts = [pl.DataFrame()]
    theirs = people.filter(pl.col("application").is_in(due["application"].unique().implode()))
    for (day,), mine in due.partition_by("due_on", as_dict=True, maintain_order=True).items():
        parts.append(_on(result, standard, theirs, mine, day))
    return pl.concat(parts, how="diagonal")


def _last_day(standard: BedroomStandard, until: date) -> date:
    force = standard.in_force
    if force is None or force.until is None:
        return until
    return min(until, force.until - timedelta(1))


def _on(
    result: Assessed, standard: BedroomStandard, people: pl.DataFrame, due: pl.DataFrame, day: date
) -> pl.DataFrame:
    ids = Ordinals(due["application"])
    rows = people.filter(pl.col("application").is_in(ids.ids.implode()))
    own = result.trace.frame[result.ids.ordinals_of(ids.ids)]
    before, after = (
        bedrooms_by(standard, rows, ids, on, own) for on in (day - timedelta(1), day)
    )
    need = after["need"].ne_missing(before["need"])
    sizes = after["sizes"].ne_missing(before["sizes"])
    about = pl.when(need).then(pl.lit("bedroom_need")).when(sizes).then(pl.lit("sizes"))
    whose = due.group_by("application").agg(pl.col("id").sort().alias("rows"))
    return pl.DataFrame([ids.ids.alias("application")]).with_columns(
        about.alias("about"), pl.lit(day).alias("due_on")
    ).filter(pl.col("about").is_not_null()).join(whose, on="application")
