"""A shortlist in short: what each advert came to, and who leads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.shortlist.kernel import ELIGIBLE, HELD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.shortlist.result import Shortlist


def summary_of(result: Shortlist, places: NDArray[np.int64]) -> pl.DataFrame:
    """As :meth:`Shortlist.summary`, of the adverts at these places."""
    starts, ranking = result.bids.starts, result.ranking
    profiles = {
        work.offset + i: work.batch.adverts.programmes[p].profile
        for work in ranking.works
        for i, p in enumerate(work.batch.adverts.programme_of)
    }
    at, place = ranking.in_order(starts, places)
    with_position = {
        code: np.bincount(place[ranking.eligible[at] == code], minlength=len(starts))[places]
        for code in (ELIGIBLE, HELD)
    }
    bids = starts[places + 1] - starts[places]
    found = pl.DataFrame(
        {
            "advert": result.adverts.ordinals.take(result.ordinal_at[places]),
            "profile": pl.Series([profiles[p] for p in places.tolist()], dtype=pl.String),
            "bids": bids,
            "eligible": with_position[ELIGIBLE],
            "held": with_position[HELD],
            "not_eligible": bids - with_position[ELIGIBLE] - with_position[HELD],
        }
    )
    first = leaders_of(result, places, 1).select(
        "advert", pl.col("applications").cast(pl.List(pl.String)).alias("first"))
    return found.join(first, on="advert", how="left", maintain_order="left").with_columns(
        pl.col("first").fill_null([]))


def leaders_of(result: Shortlist, places: NDArray[np.int64], groups: int) -> pl.DataFrame:
    """As :meth:`Shortlist.leaders`, of the adverts at these places."""
    at, place = result.ranking.in_order(result.bids.starts, places)
    begins = np.append(True, place[1:] != place[:-1])[: len(place)]
    number = np.cumsum(~result.ranking.tied[at])
    group = number - np.maximum.accumulate(np.where(begins, number, 0))
    top = np.flatnonzero(group < groups)
    return pl.DataFrame(
        {
            "advert": result.adverts.ordinals.take(result.ordinal_at[place[top]]),
            "group": group[top],
            "applications": result.prepared.ordinals.take(result.bids.applications(at[top])),
            "held": result.ranking.eligible[at[top]] == HELD,
        }
    ).group_by("advert", "group", maintain_order=True).agg(
        pl.col("applications"), pl.col("held").first())
