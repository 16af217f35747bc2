"""The queue in Ciw: one node with priority classes and a slotted service, a slot for each close.

The close is simulated as it is: a slot takes as many of those waiting as there are homes, in order
of class and then of arrival, and what it does not need is lost. The numbers of homes are drawn
beforehand, for Ciw wants the sizes of slots as a list. A customer of Ciw's waits and has no bids, so
bids are left out: Ciw does less than the others, not more.
"""

from __future__ import annotations

import ciw
import numpy as np

from benchmarks.simulate.spec import Lettings, Queue


def simulate(queue: Queue) -> Lettings:
    rows = []
    for world in range(queue.worlds):
        rows += [
            (world, int(record.customer_class), record.arrival_date, record.service_start_date)
            for record in one_world(queue, world)
        ]
    return Lettings.of(rows, bids=0)


def one_world(queue: Queue, world: int) -> list:
    """Ciw's records of those housed."""
    bands = [str(band) for band in range(queue.bands)]
    homes = np.random.default_rng((queue.seed, world)).poisson(queue.homes, queue.weeks)
    network = ciw.create_network(
        arrival_distributions={
            band: [ciw.dists.Exponential(rate)]
            for band, rate in zip(bands, queue.arrivals, strict=True)
        },
        service_distributions={band: [ciw.dists.Deterministic(0.0)] for band in bands},
        number_of_servers=[
            ciw.Slotted(slots=list(range(1, queue.weeks + 1)), slot_sizes=homes.tolist())
        ],
        priority_classes={band: at for at, band in enumerate(bands)},
    )
    ciw.seed(queue.seed * 1_000_003 + world)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(queue.weeks + 0.5)
    return simulation.get_all_records(only=["service"])
