"""Bids: how many on each advert, by whom, when, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.sample.keyed import chance, empty, even, normal, not_known, pick, whole, words, yes
from cbl_engine.sample.shares import figure, published_share
from cbl_engine.tables.columns import DTYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.sample.homes import AdvertisedHomes
    from cbl_engine.sample.households import Households
    from cbl_engine.sample.plan import Plan

_SECOND = 1_000_000
# Picks of a household that bid already are dropped, so more are made than are wanted.
_SPARE = 1.35
_PLACERS = ("applicant", "officer", "automatic")


def mean_bids_per_let() -> float:
    """Mean bids of the lets published by size [bids per advert]."""
    lets, bids = (
        [figure(share, str(size)) for size in range(1, 5)]
        for share in ("lets_by_bedrooms", "bids_by_bedrooms")
    )
    return sum(bids) / sum(lets)


def make_bids(
    plan: Plan,
    adverts: pl.DataFrame,
    homes: AdvertisedHomes,
    households: Households,
    applicant_age: NDArray[np.float64],
) -> pl.DataFrame:
    """The bids table, in order of placed_at, advert and application.

    1. the number wanted on each advert; 2. picks of households, by appetite among those the home
    suits, a few whoever they are; 3. each household once an advert, no more than wanted; 4. times;
    5. withdrawn and repeated bids.
    """
    wanted = _wanted(plan, homes)
    advert, household = _bidders(plan, homes, households, applicant_age, wanted)
    opens = adverts["opens_at"].dt.timestamp("us").to_numpy()[advert]
    closes = adverts["closes_at"].dt.timestamp("us").to_numpy()[advert]
    seed = plan.seed
    window = (closes - opens) // _SECOND
    share_of_window = even(seed, "bid_timing", advert, household) ** figure("bid_timing", "power")
    placed = opens + np.floor(share_of_window * window).astype(np.int64) * _SECOND

    left = (closes - placed) // _SECOND
    withdrawn = yes(seed, "bid_withdrawn", advert, household) & (left >= 1)
    withdrawn_at = placed + whole(seed, "withdrawn_at", 1, left, advert, household) * _SECOND
    again = yes(seed, "bid_repeated", advert, household) & (left >= 1)
    second = placed + whole(seed, "placed_again", 1, left, advert, household) * _SECOND

    n_again = int(again.sum())
    rows = pl.DataFrame(
        {
            "advert_at": np.concatenate([advert, advert[again]]),
            "application_at": np.concatenate([household, household[again]]),
            "placed_us": np.concatenate([placed, second[again]]),
            "withdrawn_us": np.concatenate([withdrawn_at, np.zeros(n_again, np.int64)]),
            "withdrawn": np.concatenate([withdrawn, np.zeros(n_again, bool)]),
        }
    ).sort("placed_us", "advert_at", "application_at")
    keys = [rows[name].to_numpy() for name in ("advert_at", "application_at", "placed_us")]
    placed_by = pick(seed, "placed_by", *keys)
    moment = DTYPES["datetime"]
    return pl.DataFrame(
        {
            "advert": adverts["id"].gather(rows["advert_at"]),
            "application": households.ids.gather(rows["application_at"]),
            "placed_at": _moments(rows["placed_us"]),
            "withdrawn_at": empty(_moments(rows["withdrawn_us"]), ~rows["withdrawn"].to_numpy()),
            "placed_by": words(_PLACERS, placed_by, not_known(seed, "placed_by", *keys)),
        },
        schema_overrides={"placed_at": moment, "withdrawn_at": moment},
    )


def _moments(microseconds: pl.Series) -> pl.Series:
    utc = microseconds.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return utc.dt.convert_time_zone("Europe/London")


def _wanted(plan: Plan, homes: AdvertisedHomes) -> NDArray[np.int64]:
    """Bids wanted on each advert: by size as published, skewed by appeal, ``mean_bids`` on average.

    wanted = mean_bids x pull / mean(pull), pull = bids per let of the size x exp(sigma x normal),
    rounded up or down by draw.
    """
    at = np.arange(plan.adverts)
    per_let = np.array(
        [
            figure("bids_by_bedrooms", str(size)) / figure("lets_by_bedrooms", str(size))
            for size in range(1, 5)
        ]
    )
    appeal = np.exp(figure("advert_appeal", "sigma") * normal(plan.seed, "advert_appeal", at))
    pull = per_let[np.clip(homes.bedrooms, 1, 4) - 1] * appeal
    mean = plan.mean_bids * pull / pull.mean() if len(pull) else pull
    return np.floor(mean + even(plan.seed, "bids_wanted", at)).astype(np.int64)


def _bidders(
    plan: Plan,
    homes: AdvertisedHomes,
    households: Households,
    applicant_age: NDArray[np.float64],
    wanted: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Who bids for what: adverts and households, in order of advert.

    Loops over kinds of home (bedrooms, lowest age, for wheelchairs or not): some tens.
    """
    seed, n = plan.seed, plan.households
    tries = np.ceil(wanted * _SPARE).astype(np.int64) + 4 * (wanted > 0)
    advert = np.repeat(np.arange(plan.adverts), tries)
    starts = np.cumsum(tries) - tries
    attempt = np.arange(len(advert)) - np.repeat(starts, tries)
    draws = even(seed, "bidder", advert, attempt)
    stray = chance(seed, "stray_bids", published_share("stray_bids")["yes"], advert, attempt)
    household = np.where(stray, np.floor(draws * n).astype(np.int64), -1)

    kind = np.stack([homes.bedrooms, homes.minimum_age, homes.access == 2], axis=1)
    kinds, kind_of = np.unique(kind, axis=0, return_inverse=True)
    kind_of_try = kind_of.ravel()[advert]
    for k, (bedrooms, minimum_age, wheelchair) in enumerate(kinds):
        suits = households.active & (households.sizes >> np.uint32(bedrooms) & 1).astype(bool)
        suits &= applicant_age >= minimum_age
        if wheelchair:
            suits &= households.access == 2
        pool = np.flatnonzero(suits & (households.appetite > 0))
        if not len(pool):
            continue
        rows = np.flatnonzero((kind_of_try == k) & ~stray)
        edges = np.cumsum(households.appetite[pool])
        where = np.searchsorted(edges, draws[rows] * edges[-1], side="right")
        household[rows] = pool[np.minimum(where, len(pool) - 1)]
    return _first_picks(advert, household, n, wanted)


def _first_picks(
    advert: NDArray[np.int64], household: NDArray[np.int64], n: int, wanted: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each household once an advert, by its first pick, and no more than wanted."""
    found = household >= 0
    advert, household = advert[found], household[found]
    _, first = np.unique(advert * n + household, return_index=True)
    first.sort()
    advert, household = advert[first], household[first]
    begins = np.searchsorted(advert, advert)
    kept = np.arange(len(advert)) - begins < wanted[advert]
    return advert[kept], household[kept]
