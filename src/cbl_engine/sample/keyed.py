"""Draws for made-up things, by name: each a function of the seed, its name and whose it is.

The name of a draw (``"band"``, ``"sex"``) is its stream, so facts are independent of each other
and of how many households, adverts or bids there are.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.draws import stable_hash, uniform
from cbl_engine.sample.shares import figure, published_share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray


@cache
def stream(name: str) -> int:
    """The key of a named stream."""
    return int(stable_hash([f"sample/{name}"])[0])


def even(seed: int, name: str, *keys: ArrayLike) -> NDArray[np.float64]:
    """Even draws in [0, 1)."""
    return uniform(seed, np.uint64(stream(name)), *keys)


def whole(seed: int, name: str, least: ArrayLike, most: ArrayLike, *keys: ArrayLike) -> NDArray:
    """Whole numbers from ``least`` to ``most``, both included, all as likely; int64."""
    low = np.asarray(least, np.int64)
    return low + np.floor(even(seed, name, *keys) * (np.asarray(most) - low + 1)).astype(np.int64)


def normal(seed: int, name: str, *keys: ArrayLike) -> NDArray[np.float64]:
    """Standard normal draws, by the transform of Box and Muller (1958)."""
    radius = np.sqrt(-2 * np.log1p(-even(seed, f"{name}/radius", *keys)))
    return radius * np.cos(2 * np.pi * even(seed, f"{name}/angle", *keys))


def chance(seed: int, name: str, probability: float, *keys: ArrayLike) -> NDArray[np.bool_]:
    """True with a probability."""
    return even(seed, name, *keys) < probability


def yes(seed: int, share: str, *keys: ArrayLike, place: str | None = None) -> NDArray[np.bool_]:
    """True with the share of ``yes`` in a split of the share tables."""
    return chance(seed, share, published_share(share, place)["yes"], *keys)


def not_known(seed: int, column: str, *keys: ArrayLike) -> NDArray[np.bool_]:
    """Cells to leave empty."""
    return chance(seed, f"not_known/{column}", figure("not_known", column) / 100, *keys)


def at_share(shares: Mapping[str, float], draws: NDArray[np.float64]) -> NDArray[np.int64]:
    """The index of the category in whose part of [0, 1) a draw lies."""
    inner = np.cumsum(list(shares.values()))[:-1]
    return np.searchsorted(inner, draws, side="right")


def pick(seed: int, share: str, *keys: ArrayLike, place: str | None = None) -> NDArray[np.int64]:
    """Index of a category of a split of the share tables, by its shares."""
    return at_share(published_share(share, place), even(seed, share, *keys))


def words(
    categories: Sequence[str] | NDArray[np.str_], index: NDArray[np.integer], null: NDArray | None = None
) -> pl.Series:
    """Categories at indices, as text; null where asked."""
    return empty(pl.Series(list(categories), dtype=pl.String).gather(pl.Series(index)), null)


def empty(values: pl.Series, null: NDArray[np.bool_] | None) -> pl.Series:
    """A series with cells left empty."""
    if null is None or not null.any():
        return values
    return pl.select(pl.when(~pl.Series(null)).then(values)).to_series()


def numbered(prefix: str, ordinals: ArrayLike, digits: int) -> pl.Series:
    """Ids: a prefix and a number from 1 with leading zeros, ascending with the ordinal."""
    numbers = pl.Series(np.asarray(ordinals, np.int64) + 1).cast(pl.String).str.zfill(digits)
    return pl.select(pl.lit(prefix) + numbers).to_series()


def dates(days: NDArray[np.integer], null: NDArray[np.bool_] | None = None) -> pl.Series:
    """Days since 1970-01-01 as dates."""
    return empty(pl.Series(np.asarray(days, np.int32)).cast(pl.Date), null)
