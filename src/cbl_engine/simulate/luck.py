"""Draws of simulated worlds, by stream: functions of who and what, never of the order of calls.

Whose draw it is comes in as an id that holds the world, the week it came about and its number in
that week, so the same household meets the same luck under two policies and in any batch.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.draws import draw, stable_hash

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import ArrayLike, NDArray

WORLD_BITS, WEEK_BITS = 36, 24
"""An id is world, week and number: world << 36 | week << 24 | number."""

JOINS = "\U0010ffff"
"""What ids of lives that may join begin with: no id that anybody writes comes after it."""


@cache
def _stream(name: str) -> int:
    return int(stable_hash([f"simulate/{name}"])[0])


class Luck:
    """Draws under one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def draws(self, stream: str, *keys: ArrayLike) -> NDArray[np.uint64]:
        """Even draws of 64 bits, one for each of the keys."""
        return draw(self.seed, _stream(stream), *keys)


def keys_of(ids: pl.Series) -> NDArray[np.uint64]:
    """What draws of lives go by: a hash of their ids, with ``~`` for :data:`JOINS`."""
    return stable_hash(ids.str.replace(f"^{JOINS}", "~"))


def new_ids(
    world: NDArray[np.integer], week: int, number: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Ids of what came about in a week (0: there from the beginning)."""
    return (
        (world.astype(np.int64) << WORLD_BITS) | (np.int64(week) << WEEK_BITS)
        | number.astype(np.int64)
    )


def world_of(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The world of each id."""
    return ids >> WORLD_BITS


def number_of(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of each id in its world and week."""
    return ids & ((1 << WEEK_BITS) - 1)


def named(letter: str, ids: NDArray[np.int64]) -> pl.Series:
    """Ids in words within a world: letter, week, number."""
    import polars as pl

    rest = ids & ((1 << WORLD_BITS) - 1)
    week, number = (pl.Series(part).cast(pl.String).str.zfill(width) for part, width in (
        (rest >> WEEK_BITS, 4), (number_of(rest), 6)))
    return letter + week + "-" + number


def poisson_counts(mean: float, draws: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Counts of a Poisson distribution, one for each draw."""
    if mean <= 0:
        return np.zeros(len(draws), np.int64)
    from scipy.special import pdtr

    spread = 10 * np.sqrt(mean) + 10
    low = max(0, int(mean - spread))
    at = np.arange(low, int(mean + spread) + 1)
    even = ((draws >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return low + np.searchsorted(pdtr(at, mean), even)
