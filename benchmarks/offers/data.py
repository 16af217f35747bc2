"""Synthetic lists: 25,000 adverts and 2.5 million bids of 340,000 households at size L.

Households bid for homes of their own size in their own area, some far more often than others, and
more for what is wanted by many. Most adverts order by band and then date, some by date alone, some
put a local connection first; so who stands high on one list stands high on others. Each
household's own order is what is wanted by many, and its own taste. One advert in twelve lets several
like homes. From one seeded stream; places and orders are strict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SEED = 20_260_615
ADVERTS_IN_A_SEGMENT = 60
"""Adverts of one size in one area; a household bids among these."""
BANDS = (0.05, 0.2, 0.35, 0.4)
BY_DATE, BY_CONNECTION = 0.2, 0.1
"""Shares of adverts that do not go by band and date alone."""


@dataclass(frozen=True)
class Size:
    households: int
    adverts: int
    bids: int


SIZES = {
    "S": Size(2_700, 200, 20_000),
    "M": Size(27_000, 2_000, 200_000),
    "L": Size(340_000, 25_000, 2_500_000),
}


@dataclass(frozen=True, eq=False)
class Market:
    """What everyone is given: lists, best first, one advert's after the other's.

    Attributes:
        starts: where each advert's list starts, and at the end the number of bids.
        applications: who made each bid, from 0.
        rank: of each bid, the advert's place in that household's own order, from 1.
        capacity: homes let by each advert.
        closing: adverts in the order they closed.
        households: how many there are.
    """

    starts: NDArray[np.int64]
    applications: NDArray[np.int32]
    rank: NDArray[np.int32]
    capacity: NDArray[np.int32]
    closing: NDArray[np.int64]
    households: int

    @property
    def adverts(self) -> NDArray[np.int64]:
        """The advert of each bid."""
        return np.repeat(np.arange(len(self.capacity)), np.diff(self.starts))


def load(name: str) -> Market:
    """The market of a size."""
    size, rng = SIZES[name], np.random.default_rng(SEED)
    segments = -(-size.adverts // ADVERTS_IN_A_SEGMENT)
    wanted = rng.random(size.adverts)
    advert, who = _bids(size, segments, wanted, rng)

    band = np.searchsorted(np.cumsum(BANDS), rng.random(size.households))
    waiting = rng.permutation(size.households)  # longest first
    kind = rng.random(size.adverts)[advert]
    connected = rng.random(size.bids) < 0.25
    first = np.where(kind < BY_DATE, 0, band[who])
    first = np.where((kind > 1 - BY_CONNECTION) & ~connected, first + len(BANDS), first)
    placed = _order(advert, first * size.households + waiting[who])
    advert, who = advert[placed], who[placed]

    taste = wanted[advert] + rng.random(size.bids)  # from 0 to 2
    own = _order(who, ((2 - taste) * (1 << 30)).astype(np.int64))
    along = np.arange(size.bids)
    begins = np.diff(who[own], prepend=-1) != 0
    rank = np.empty(size.bids, dtype=np.int32)
    rank[own] = along - np.maximum.accumulate(np.where(begins, along, 0)) + 1
    several = rng.random(size.adverts) < 1 / 12
    return Market(
        starts=np.searchsorted(advert, np.arange(size.adverts + 1)),
        applications=who.astype(np.int32),
        rank=rank,
        capacity=np.where(several, rng.integers(2, 13, size.adverts), 1).astype(np.int32),
        closing=rng.permutation(size.adverts),
        households=size.households,
    )


def _bids(
    size: Size, segments: int, wanted: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Advert and household of each bid, no pair twice."""
    active = np.cumsum(rng.lognormal(sigma=1.0, size=size.households))
    segment = rng.integers(0, segments, size.households)
    inside = np.lexsort((-wanted, np.arange(size.adverts) % segments))  # by segment, wanted first
    starts = np.searchsorted((np.arange(size.adverts) % segments)[inside], np.arange(segments + 1))
    who = np.searchsorted(active, np.sort(rng.random(2 * size.bids)) * active[-1])
    mine = segment[who]
    place = rng.random(len(who)) ** 1.5 * (starts[mine + 1] - starts[mine])
    advert = inside[starts[mine] + place.astype(np.int64)]
    pairs = np.unique(advert * size.households + who)
    pairs = pairs[np.sort(rng.permutation(len(pairs))[: size.bids])]
    return pairs // size.households, pairs % size.households


def _order(first: NDArray[np.int64], then: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order by two whole numbers of at most 31 bits; the same every time, ties too."""
    return np.argsort((first << 32) | then, kind="stable")
