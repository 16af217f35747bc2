"""The queue by the simulator itself: its live shortlist and its rounds of offers, called every week."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.believable import worlds
from benchmarks.simulate.spec import Lettings
from cbl_engine.simulate.weeks import run_batch

if TYPE_CHECKING:
    from benchmarks.simulate.spec import Queue

_UNITS = 1000


def simulate(queue: Queue) -> Lettings:
    """Every household bids for every home; unlet homes are lost; no void or offer days.

    Households join on a day, taken as its middle; the close is the end of the week's last day.
    """
    whole = [round(rate * _UNITS) for rate in queue.arrivals]
    unit = gcd(*whole)
    kinds = [worlds.Kind(band, weight // unit)
             for band, weight in zip(worlds.BANDS, whole, strict=False)]
    setup = worlds.queue(kinds, sum(queue.arrivals), queue.homes, queue.weeks, queue.seed)
    state, _ = run_batch(setup, np.arange(queue.worlds))
    who, void = state.lettings["household"], state.lettings["void"]
    households = state.households
    return Lettings(
        households["world"][who].astype(np.int64), households["band"][who].astype(np.int64),
        (households["registered"][who] - setup.start + 0.5) / 7,
        (state.voids["closed"][void] - setup.start + 1) / 7, int(state.adverts["bids"].sum()),
    )
