"""Decisions that rested on what was put right since: passing over by a result of a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping


def rested_on(
    before: Mapping[str, pl.DataFrame], right: Mapping[str, pl.DataFrame],
    now: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    """Passing over that stands and was decided by a result that was put right.

    Args:
        before: tables of the record before anything was put right.
        right: the same after that.
        now: tables of the record after the cycle.

    Returns:
        Frame of advert, application, on (day it was decided), check (id of the result), let (whether
        no home of the advert is left); in the order they were decided.
    """
    passed = now["passed_over"].filter(pl.col("kind") == "check", pl.col("until").is_null())
    let = now["advert_states"].select("advert", (pl.col("status") == "let").alias("let"))
    return passed.filter(pl.col("evidence").is_in(_changed(before, right).implode())).join(
        let, on="advert", how="left", maintain_order="left"
    ).select("advert", "application", "on", pl.col("evidence").alias("check"),
             pl.col("let").fill_null(value=False))


def _changed(before: Mapping[str, pl.DataFrame], right: Mapping[str, pl.DataFrame]) -> pl.Series:
    """Ids of the checks that say something else."""
    old, new = before.get("checks"), right.get("checks")
    if old is None or new is None or old is new:
        return pl.Series([], dtype=pl.String)
    both = [c for c in new.columns if c in old.columns]
    return new.join(old, on=both, how="anti", nulls_equal=True)["id"].cast(pl.String)
