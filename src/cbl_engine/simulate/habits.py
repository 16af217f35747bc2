"""How often those who are on the register at the start bid: the longer they wait, the more seldom.

Who bids often is housed soon, so of those who have waited for years few do. Where each kind of bidder
joins at one rate and leaves at another, its share of those who join over its share of those who wait is
its rate of leaving over that of all; and of those who joined so many years ago as many are left as that
rate leaves. Every kind keeps its share of the whole register.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate.setup import KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.parameters import Parameters

_STEPS = 1000
_CLOSE = 1e-9
_MOST = 50.0
"""Beyond so many e-foldings nobody of a kind would be left: the share stays above nought."""


def kinds_by_years(parameters: Parameters, years: NDArray[np.float64]) -> NDArray[np.float64]:
    """The chance that each household that waits is of each kind of bidder.

    Args:
        parameters: ``bidding.kinds``, ``bidding.kinds_joining``, ``arrivals.per_year``.
        years: that each has been on the register.

    Returns:
        A row a household, a column for each of ``KINDS``; columns have the mean ``bidding.kinds``.
    """
    waits, joins = (shares(parameters, f"bidding.{name}") for name in ("kinds", "kinds_joining"))
    if not len(years):
        return np.zeros((0, len(KINDS)))
    there = waits > 0
    leaves = np.divide(parameters["arrivals.per_year"] * joins, waits, out=np.zeros_like(joins),
                       where=there)
    leaves -= leaves[there].min()
    left = np.exp(-np.minimum(np.outer(np.maximum(years, 0.0), leaves), _MOST))
    factor = waits.copy()
    for _ in range(_STEPS):
        chance = left * factor
        chance /= chance.sum(axis=1, keepdims=True)
        short = np.divide(waits, chance.mean(axis=0), out=np.ones_like(waits), where=there)
        if np.abs(short - 1).max() < _CLOSE:
            break
        factor *= short
    return chance


def shares(parameters: Parameters, name: str) -> NDArray[np.float64]:
    """A parameter's shares of each of ``KINDS``, as draws have them: what is left out is of the last."""
    given = np.array([parameters[name][kind] for kind in KINDS])
    return np.append(given[:-1], 1 - given[:-1].sum())
