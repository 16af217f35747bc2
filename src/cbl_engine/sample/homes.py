"""Homes: those advertised, and those that tenants on the register hold now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.sample.keyed import (
    at_share,
    empty,
    even,
    not_known,
    numbered,
    pick,
    words,
    yes,
)
from cbl_engine.sample.places import home_areas, landlord_ids
from cbl_engine.sample.shares import figure, published_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.sample.plan import Plan

_TYPES = ("house", "flat", "bungalow")
_HOUSE, _FLAT, _BUNGALOW = range(3)
_LARGEST = 4


@dataclass(frozen=True, slots=True)
class AdvertisedHomes:
    """What bidders and labels read of the homes advertised, one array element each.

    Attributes:
        ids: home ids.
        bedrooms: bedrooms [bedrooms].
        minimum_age: lowest age let to [years], 0 for none.
        access: 0 general, 1 accessible (A1), 2 for wheelchairs (A2).
        first_let: never let before.
        rent_weekly: rent [GBP per week].
    """

    ids: pl.Series = field(repr=False)
    bedrooms: NDArray[np.int64]
    minimum_age: NDArray[np.int64]
    access: NDArray[np.int64]
    first_let: NDArray[np.bool_]
    rent_weekly: NDArray[np.float64]


def advert_sizes() -> dict[str, float]:
    """Share of adverts of each number of bedrooms."""
    return published_share("adverts_by_bedrooms")


def stock_sizes() -> dict[str, float]:
    """Share of the stock of each number of bedrooms; the published 3 or more split, 4 = 4+."""
    shares = published_share("stock_by_bedrooms")
    large = shares.pop("3+")
    return shares | {k: large * v for k, v in published_share("large_stock").items()}


def make_homes(plan: Plan, tenants: NDArray[np.int64]) -> tuple[AdvertisedHomes, pl.DataFrame]:
    """The homes table: ids H... are advertised, T... held by the tenant household of that number.

    Args:
        plan: the borough.
        tenants: ordinals of the households that hold a social home.
    """
    adverts = np.arange(plan.adverts)
    made, advertised = _homes(
        plan, adverts, "advertised", numbered("H", adverts, 6), advert_sizes()
    )
    _, held = _homes(plan, tenants, "held", numbered("T", tenants, 7), stock_sizes())
    return made, pl.concat([advertised, held])


def make_stock(plan: Plan, homes: int) -> pl.DataFrame:
    """A stock of homes, let and not: the homes table, with the published sizes of the stock.

    Args:
        plan: the borough.
        homes: how many [homes]; ids H00000000 on.
    """
    at = np.arange(homes)
    return _homes(plan, at, "stock", numbered("H", at, 8), stock_sizes())[1]


_NUMBER_OF = {"advertised": 0, "held": 1, "stock": 2}
"""Homes of each set are numbered alike: this keeps their draws apart."""


def _homes(
    plan: Plan, at: NDArray[np.int64], which: str, ids: pl.Series, sizes: dict[str, float]
) -> tuple[AdvertisedHomes, pl.DataFrame]:
    """Homes by ordinal: sizes and types, then who may live there, access, rent, the rest."""
    seed = plan.seed
    advertised = which == "advertised"
    key = (at, _NUMBER_OF[which])
    bedrooms = np.array([int(size) for size in sizes])[
        at_share(sizes, even(seed, "home_bedrooms", *key))
    ]
    kind = _types(seed, bedrooms, key)
    flat = kind == _FLAT
    floors = np.array([int(floor) for floor in published_share("floor")])
    floor = np.where(flat, floors[pick(seed, "floor", *key)], 0)
    low_lift = even(seed, "lift", *key) * 100 < figure("lift", "yes")
    lift = flat & ((floor >= figure("lift", "from_floor")) | (low_lift & (floor > 0)))
    small = (bedrooms <= 2) & (kind != _HOUSE)
    sheltered = small & yes(seed, "sheltered", *key) & (which != "held")
    ages = np.array([int(age) for age in published_share("sheltered_minimum_age")])
    minimum_age = np.where(sheltered, ages[pick(seed, "sheltered_minimum_age", *key)], 0)
    reached = (floor == 0) | lift
    access = np.where(reached & yes(seed, "visitable_homes", *key), 1, 0)
    access = np.where(reached & yes(seed, "wheelchair_home", *key), 2, access)
    provider = pick(seed, "landlord", *key) == 1
    n_providers = int(figure("providers", "count"))
    which_provider = 1 + np.floor(even(seed, "provider", *key) * n_providers).astype(np.int64)
    rent_kind = pick(seed, "rent_type", *key)
    rent = _rent(seed, bedrooms, rent_kind, key)
    service_most = np.array([figure("service_charge", name) for name in _TYPES])[kind]
    first_let = (pick(seed, "first_let", *key) == 1) & advertised
    frame = pl.DataFrame(
        {
            "id": ids,
            "landlord": words(landlord_ids(), np.where(provider, which_provider, 0)),
            "area": home_areas(plan, at, f"home_area/{which}"),
            "property_type": words(_TYPES, kind),
            "bedrooms": pl.Series(bedrooms, dtype=pl.Int64),
            "floor": pl.Series(floor, dtype=pl.Int64),
            "lift": empty(pl.Series(lift), not_known(seed, "lift", *key)),
            "access_category": words(("general", "A1", "A2"), access),
            "needs_group": words(("general", "sheltered"), sheltered.astype(np.int64)),
            "rent_type": words(list(published_share("rent_type")), rent_kind),
            "rent_weekly": empty(pl.Series(rent), not_known(seed, "rent_weekly", *key)),
            "service_charge_weekly": pl.Series(
                np.round(service_most * even(seed, "service_charge", *key), 2)
            ),
            "minimum_age": empty(pl.Series(minimum_age, dtype=pl.Int64), ~sheltered),
            "pets_allowed": pl.Series(yes(seed, "pets_allowed", *key)),
            "garden": pl.Series(~flat),
            "parking": pl.Series(yes(seed, "parking", *key)),
            "heating": words(list(published_share("heating")), pick(seed, "heating", *key)),
            "new_build": pl.Series(first_let),
        }
    )
    return AdvertisedHomes(ids, bedrooms, minimum_age, access, first_let, rent), frame


def _types(seed: int, bedrooms: NDArray[np.int64], key: tuple) -> NDArray[np.int64]:
    """House, flat or bungalow, by bedrooms; loops over five sizes."""
    draws = even(seed, "property_type", *key)
    sizes = range(_LARGEST + 1)
    by_size = [at_share(published_share(f"property_type_{size}"), draws) for size in sizes]
    return np.choose(np.minimum(bedrooms, _LARGEST), by_size)


def _rent(
    seed: int, bedrooms: NDArray[np.int64], rent_kind: NDArray[np.int64], key: tuple
) -> NDArray[np.float64]:
    """Weekly rent [GBP per week]: low + (high - low) x draw, with draw between two points."""
    size = np.clip(bedrooms, 1, _LARGEST) - 1
    lows = np.array([figure("rent_low", str(k)) for k in range(1, _LARGEST + 1)])
    highs = np.array([figure("rent_high", str(k)) for k in range(1, _LARGEST + 1)])
    first, last = figure("rent_spread", "low") / 100, figure("rent_spread", "high") / 100
    point = first + (last - first) * even(seed, "rent_weekly", *key)
    rent = lows[size] + (highs - lows)[size] * point
    rent = np.where(bedrooms == 0, rent * figure("studio_rent", "of_one_bedroom") / 100, rent)
    dearer = figure("affordable_rent", "of_social") / 100
    rent = np.where(rent_kind > 0, rent * dearer, rent)
    return np.round(rent, 2).astype(np.float64)
