"""Adverts and bids that count: one definition for what is fitted and for what a backtest measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from cbl_engine.compare.calibrate.history import History

_NEVER_SHOWN = ("withdrawn", "draft")


def advertised(history: History) -> pl.DataFrame:
    """Adverts but drafts and those withdrawn, on which no bid could stand.

    Raises:
        CannotFitError: there are none, or no day on which they close.
    """
    adverts = history.table("adverts", "closes_at")
    if "status" not in adverts.columns:
        return adverts
    return adverts.filter(
        ~pl.col("status").cast(pl.String).is_in(_NEVER_SHOWN).fill_null(value=False))


def bids_on(history: History, adverts: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Bids on some adverts, with ``stood``: whether one was not withdrawn before its advert closed.

    Args:
        history: with the bids.
        adverts: id and closes_at.
        columns: of bids that are needed.

    Raises:
        CannotFitError: there are no bids, or not those columns.
    """
    bids = history.table("bids", *columns).join(
        adverts.select(pl.col("id").alias("advert"), "closes_at"), on="advert")
    if "withdrawn_at" not in bids.columns:
        return bids.with_columns(stood=pl.lit(value=True))
    gone = (pl.col("withdrawn_at") < pl.col("closes_at")).fill_null(pl.col("withdrawn_at").is_not_null())
    return bids.with_columns(stood=~gone)
