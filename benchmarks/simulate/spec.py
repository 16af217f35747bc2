"""The queue that simulators are timed on, and what each of them gives back.

1. Households of each band apply as a Poisson process, evenly through the week. Homes come up as
   another; those of a week are advertised in it and close together as it ends.
2. Every household waiting at the close has bid for every home of the week.
3. At the close the homes go one after the other, each to the best band and in it to the earliest
   date among those who have none yet. A home without a taker is withdrawn. Whoever is housed leaves.

Simulators draw for themselves, so that their answers agree within intervals and not to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.believable.interval import Interval, interval

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Queue:
    """A queue to simulate, in several worlds that owe each other nothing.

    Attributes:
        worlds: worlds.
        weeks: weeks simulated in each, from an empty register.
        arrivals: households a week, by band, the best first.
        homes: homes a week.
        seed: of all draws.
    """

    worlds: int = 100
    weeks: int = 260
    arrivals: tuple[float, ...] = (1.0, 1.5, 2.0)
    homes: float = 5.0
    seed: int = 1

    @property
    def bands(self) -> int:
        """How many bands there are."""
        return len(self.arrivals)


@dataclass(frozen=True, eq=False)
class Lettings:
    """Every letting, and how many bids were taken in.

    Attributes:
        world: of each letting.
        band: of the household housed, from 0.
        arrived: when it applied [weeks].
        let_at: the close at which it was housed [weeks].
        bids: bids taken in by all worlds together; 0 for a simulator that has none.
    """

    world: NDArray[np.int64]
    band: NDArray[np.int64]
    arrived: NDArray[np.float64]
    let_at: NDArray[np.float64]
    bids: int

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, float, float]], bids: int) -> Lettings:
        """From rows of world, band, arrived and let at."""
        table = np.array(list(rows), float).reshape(-1, 4)
        world, band = table[:, :2].astype(np.int64).T
        return cls(world, band, table[:, 2], table[:, 3], bids)

    def __len__(self) -> int:
        return len(self.world)

    def waits(self, queue: Queue, skip: float = 0) -> NDArray[np.float64]:
        """Mean wait by world and band [weeks].

        Of those who applied between the first and the last ``skip`` weeks: the register is empty at
        first, and of those who apply late only the quick are housed by the end. A world without
        such a letting in a band is not known there.
        """
        counted = (self.arrived >= skip) & (self.arrived < queue.weeks - skip)
        cell = (self.world * queue.bands + self.band)[counted]
        cells = queue.worlds * queue.bands
        waited = np.bincount(cell, (self.let_at - self.arrived)[counted], cells)
        count = np.bincount(cell, minlength=cells)
        mean = np.divide(waited, count, out=np.full(cells, np.nan), where=count > 0)
        return mean.reshape(queue.worlds, queue.bands)

    def mean_waits(
        self, queue: Queue, skip: float = 0, confidence: float = 0.95
    ) -> list[Interval]:
        """Mean wait by band over worlds [weeks], with its interval."""
        return [interval(waits, confidence) for waits in self.waits(queue, skip).T]
