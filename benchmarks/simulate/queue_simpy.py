"""The queue in SimPy: a process for each household, one for each band's arrivals, one for the week.

A household wakes once a week, when the week's homes are advertised, and bids for each of them; those
who arrive later in the week bid when they arrive. An advert is a ``PriorityStore`` of bids. Twice:
``bids="events"``: a bid is put into the store and got from it, as SimPy means it, an event each.
``bids="records"``: it is pushed on the store's list and popped from it behind SimPy's back, which is
the quickest that can be written with these processes.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import simpy

from benchmarks.simulate.spec import Lettings, Queue

if TYPE_CHECKING:
    from collections.abc import Generator

Bid = tuple[int, float, int, "Household"]


class Household:
    """One household on the register."""

    def __init__(self, borough: Borough, band: int) -> None:
        self.borough, self.band, self.arrived = borough, band, borough.env.now
        self.number = next(borough.numbers)
        self.housed = False
        borough.env.process(self.look_for_a_home())

    def look_for_a_home(self) -> Generator[simpy.Event, Any, None]:
        bid: Bid = (self.band, self.arrived, self.number, self)
        while not self.housed:
            for advert in self.borough.adverts:
                if self.borough.as_events:
                    yield advert.put(bid)
                else:
                    heappush(advert.items, bid)
            self.borough.bids += len(self.borough.adverts)
            yield self.borough.next_week


class Borough:
    """A world: its register, its week and what it let."""

    def __init__(self, queue: Queue, world: int, as_events: bool) -> None:
        self.queue, self.world, self.as_events = queue, world, as_events
        self.env = simpy.Environment()
        self.random = Random(f"{queue.seed} {world}")
        self.numbers = count()
        self.next_week = self.env.event()
        self.adverts: list[simpy.PriorityStore] = []
        self.bids = 0
        self.lettings: list[tuple[int, int, float, float]] = []
        self.env.process(self.weeks())
        for band, rate in enumerate(queue.arrivals):
            self.env.process(self.arrivals(band, rate))

    def arrivals(self, band: int, rate: float) -> Generator[simpy.Event, Any, None]:
        while True:
            yield self.env.timeout(self.random.expovariate(rate))
            Household(self, band)

    def weeks(self) -> Generator[simpy.Event, Any, None]:
        for _ in range(self.queue.weeks):
            self.adverts = [simpy.PriorityStore(self.env) for _ in range(self.homes())]
            opened, self.next_week = self.next_week, self.env.event()
            opened.succeed()
            yield self.env.timeout(1)
            for advert in self.adverts:
                yield from self.let(advert)

    def homes(self) -> int:
        """Homes of a week: as many as come up one after the other before it ends."""
        homes, at = 0, self.random.expovariate(self.queue.homes)
        while at < 1:
            homes, at = homes + 1, at + self.random.expovariate(self.queue.homes)
        return homes

    def let(self, advert: simpy.PriorityStore) -> Generator[simpy.Event, Any, None]:
        while advert.items:
            bid = (yield advert.get()) if self.as_events else heappop(advert.items)
            household = bid[-1]
            if not household.housed:
                household.housed = True
                self.lettings.append(
                    (self.world, household.band, household.arrived, self.env.now)
                )
                return


def simulate(queue: Queue, bids: Literal["events", "records"] = "events") -> Lettings:
    lettings, taken_in = [], 0
    for world in range(queue.worlds):
        borough = Borough(queue, world, bids == "events")
        borough.env.run(queue.weeks + 0.5)
        lettings += borough.lettings
        taken_in += borough.bids
    return Lettings.of(lettings, taken_in)
