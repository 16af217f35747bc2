"""What an assessment reads beside people: homelessness duties, and what officers decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.sample.keyed import dates, pick, whole, words
from cbl_engine.sample.shares import figure, published_share

if TYPE_CHECKING:
    from cbl_engine.sample.households import Households
    from cbl_engine.sample.plan import Plan

_DUTY_OF = {"owed_homelessness_duty": "main", "homeless": "relief"}


def make_duties(
    plan: Plan, households: Households, applications: pl.DataFrame
) -> pl.DataFrame:
    """A duty for each household whose reason for preference is homelessness.

    A main duty is owed since the household registered. A relief duty usually ends after 56 days, so
    it began in the last few weeks, or since the household registered.
    """
    reason = pl.col("preference_reason")
    ago = whole(plan.seed, "relief_days", 1, int(figure("relief_duty", "most")), households.ordinal)
    recent = dates(plan.last_day - ago)
    began = pl.max_horizontal("registered_on", pl.lit(recent))
    owed = applications.with_columns(
        pl.when(reason == "homeless").then(began).otherwise("registered_on").alias("since"))
    return owed.filter(reason.is_in(list(_DUTY_OF))).select(
        pl.col("id").alias("application"),
        reason.replace_strict(_DUTY_OF).alias("kind"),
        "since",
        pl.lit(None, pl.Date).alias("until"),
    )


def make_decisions(
    plan: Plan, households: Households, applications: pl.DataFrame
) -> pl.DataFrame:
    """Officers' decisions: the band of the need, and how grave a medical need is.

    A household with a band has a decision with the subject ``need`` and the band as its value;
    one whose reason is a medical or welfare need, one with the subject ``medical``.
    """
    grades = list(published_share("medical_need"))
    grade = words(grades, pick(plan.seed, "medical_need", households.ordinal))
    medical = pl.col("preference_reason") == "medical_or_welfare"
    parts = [
        applications.filter(pl.col("band").is_not_null()).select(
            "id", pl.lit("need").alias("subject"), pl.col("band").alias("value"),
            pl.col("band_from").alias("since"),
        ),
        applications.with_columns(grade.alias("value")).filter(medical).select(
            "id", pl.lit("medical").alias("subject"), "value",
            pl.col("registered_on").alias("since"),
        ),
    ]
    return pl.concat(parts).sort("id", "subject").select(
        (pl.col("id") + "-" + pl.col("subject")).alias("id"),
        pl.col("id").alias("application"),
        "subject",
        pl.lit("decision").alias("stage"),
        "value",
        pl.col("since").alias("decided_on"),
        "since",
        pl.lit(None, pl.Date).alias("until"),
    )
