"""Offers that were accepted with a review of suitability asked for, and by when it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess.periods import period_end
from cbl_engine.scheme.law import clocks_of_law

if TYPE_CHECKING:
    from collections.abc import Mapping

REVIEW = "homelessness_review"
"""Subject of the row of ``officer_decisions`` that answers it; the law's clock has the same name."""


def under_review(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Acceptances that wait for their review, signed or not.

    One is answered by a decision of an officer (``officer_decisions``, subject
    ``homelessness_review``) of the same application, made on the day of the acceptance or later.

    Args:
        tables: of a record.

    Returns:
        Frame of offer, advert, application, since (day it was accepted) and due_on (last day: as the
        row of officer_decisions still open has it, else that of the law for a final offer; null:
        none is set); in the order of the offers.
    """
    offers = tables["offers"].filter("under_review", pl.col("step").is_in(["accepted", "let"])).select(
        pl.col("id").alias("offer"), "advert", "application", "final",
        pl.col("answered_on").alias("since"))
    decisions = tables.get("officer_decisions")
    if decisions is not None and offers.height:
        rows = _reviews(decisions)
        made = offers.join(rows, on="application").filter(pl.col("decided_on") >= pl.col("since"))
        offers = offers.join(made.select("offer").unique(), on="offer", how="anti",
                             maintain_order="left")
        asked = rows.filter(pl.col("decided_on").is_null()).group_by("application").agg(
            pl.col("due_on").max())
        offers = offers.join(asked, on="application", how="left", maintain_order="left")
    else:
        offers = offers.with_columns(pl.lit(None, pl.Date).alias("due_on"))
    by_law = pl.when("final").then(pl.lit(_by_law(offers["since"]).alias("by_law")))
    return offers.with_columns(pl.coalesce("due_on", by_law).alias("due_on")).drop("final")


def _reviews(decisions: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None, pl.Date).alias(n) for n in ("decided_on", "due_on")
               if n not in decisions.columns]
    return decisions.with_columns(missing).filter(
        pl.col("subject") == REVIEW, pl.col("stage").cast(pl.String) == "decision"
    ).select(pl.col("application").cast(pl.String), "decided_on", "due_on")


def _by_law(since: pl.Series) -> pl.Series:
    """The last day that the law allows, by the clock in force on each day; null without one."""
    days = {}
    for on in since.drop_nulls().unique().to_list():
        clock = clocks_of_law().decisions_on(on).get(REVIEW)
        days[on] = None if clock is None else period_end(pl.Series([on]), clock)[0][0]
    return pl.Series([days.get(on) for on in since.to_list()], dtype=pl.Date)
