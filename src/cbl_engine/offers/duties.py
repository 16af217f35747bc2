"""Bids that households must place, and did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess.ages import months_on
from cbl_engine.offers.clock import cycle_span, london_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.offers.criteria import Judge
    from cbl_engine.scheme.bidding import Duty


def missed_duties(
    judge: Judge,
    counted: pl.DataFrame,
    record: Mapping[str, pl.DataFrame],
    on: date,
) -> pl.DataFrame:
    """Households that placed fewer bids than they must, on the last day of a cycle.

    Asked of applications that are active and were registered at least as long ago as the duty looks
    back [months]. Bids of its own that counted are those it or an officer placed; several on one
    advert are one. Nothing is missed again while a consequence of it waits for a decision, or
    within the months of one proposed before.

    Args:
        judge: for the scheme, the applications and the criteria of duties.
        counted: bids that counted: ``advert``, ``application``, ``placed_at`` and ``placed_by``.
        record: ``proposals`` say what was proposed before.
        on: the day; nothing is missed on a day that is not the last of its cycle.

    Returns:
        ``application``, ``duty`` and ``consequence`` (what the scheme says is proposed), by
        application and duty.
    """
    bidding = judge.version(on).bidding
    register = judge.applications(on)
    schema = {"application": register.schema["id"], "duty": pl.String, "consequence": pl.String}
    if bidding is None or not bidding.duties or cycle_span(bidding, on)[1] != on:
        return pl.DataFrame(schema=schema)
    if "placed_by" in counted.columns:
        by = pl.col("placed_by").cast(pl.String).fill_null("applicant")
        counted = counted.filter(by != "automatic")
    found = [
        _missed(judge, duty, register, counted, on)
        .join(_proposed(record, name, duty, on, register.schema["id"]), on="application", how="anti")
        .with_columns(duty=pl.lit(name), consequence=pl.lit(duty.then))
        for name, duty in bidding.duties.items()
    ]
    return pl.concat([pl.DataFrame(schema=schema), *found]).sort("application", "duty")


def _missed(
    judge: Judge, duty: Duty, register: pl.DataFrame, counted: pl.DataFrame, on: date
) -> pl.DataFrame:
    """Applications bound by the duty with too few bids of their own among those that counted."""
    whole = months_on(pl.col("registered_on"), duty.months) <= on
    bound = register.filter(whole, pl.col("status").cast(pl.String) == "active")["id"]
    if duty.when is not None:
        met = judge.counts(duty.when, on, application=bound)
        bound = bound.filter(met.fill_null(False))
    day = london_date("placed_at")
    theirs = counted.filter(day <= on, months_on(day, duty.months) > on)
    number = theirs.group_by(pl.col("application").cast(bound.dtype)).agg(
        pl.col("advert").n_unique().alias("bids")
    )
    placed = bound.alias("application").to_frame().join(number, on="application", how="left")
    return placed.filter(pl.col("bids").fill_null(0) < duty.bids).select("application")


def _proposed(
    record: Mapping[str, pl.DataFrame], name: str, duty: Duty, on: date, ids: pl.DataType
) -> pl.DataFrame:
    """Applications for which the same was proposed, and is open or not so long ago."""
    proposals = record.get("proposals")
    if proposals is None or not proposals.height:
        return pl.DataFrame(schema={"application": ids})
    lately = (pl.col("status") == "open") | (months_on(pl.col("on"), duty.months) > on)
    return proposals.filter(
        pl.col("act") == "consequence",
        pl.col("offer").is_null(),
        pl.col("what").is_in([name, duty.then]),
        lately,
    ).select(pl.col("application").cast(ids)).unique()
