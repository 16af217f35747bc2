"""The notebook's lettings by the simulator itself, in as many worlds at once as wanted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from benchmarks.believable.worlds import (
    NOTHING_ENDS,
    SCHEME,
    START,
    STRICT,
    changed,
    enough,
    homes_of,
)
from benchmarks.simulate.notebook import (
    BANDS,
    CYCLES,
    HOMES,
    HOUSEHOLDS,
    MAY_HAVE,
    REFUSED,
    SIZE_SHARES,
    population,
)
from cbl_engine.scheme import load_scheme
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.make_lives import make_lives
from cbl_engine.simulate.setup import Setup
from cbl_engine.simulate.weeks import run_batch
from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

_THEORY = replace(STRICT, accepts="coin", refusal=REFUSED)


def prepared(
    seed: int, homes: int = HOMES, applicants: int = HOUSEHOLDS, cycles: int = CYCLES
) -> Setup:
    """The notebook's register at the start; those who join are drawn from the notebook's joiners.

    Homes are refused until somebody takes them: the notebook's ten offers are hardly ever spent.
    """
    households = population(seed, homes, applicants, cycles)["households"]
    waits = households["cycle"] < 0
    scheme, luck = load_scheme(str(SCHEME)), Luck(seed)
    parameters = changed(dict.fromkeys(NOTHING_ENDS, 0.0))
    lives = make_lives(
        scheme, {"applications": _register(households, waits)},
        {"applications": _register(households, ~waits)}, START, cycles, cycles, parameters, luck,
        ["area"])
    sizes = 1 + np.random.default_rng(seed).choice(4, enough(homes, cycles), p=SIZE_SHARES)
    areas = pl.DataFrame({"id": ["area"], "name": ["Area"], "kind": ["ward"],
                          "parent": pl.Series([None], dtype=pl.String)})
    return Setup(scheme, lives, homes_of([], sizes.tolist()), day_number(START), cycles, parameters,
                 luck, areas, _THEORY, arrivals_per_week=homes, homes_per_week=homes)


def run(setup: Setup, worlds: int) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
    """Simulate.

    Returns:
        Lettings of each world, and mean wait of those housed in each, by band [days].
    """
    state, _ = run_batch(setup, np.arange(worlds))
    who, void = state.lettings["household"], state.lettings["void"]
    households, world = state.households, state.households["world"][who].astype(np.int64)
    waited = state.voids["closed"][void] - households["registered"][who]
    band = households["band"][who]
    lettings = np.bincount(world, minlength=worlds)
    waits = {}
    for number, name in enumerate(BANDS):
        of = band == number
        waits[name] = np.bincount(world[of], waited[of], worlds) / np.maximum(
            np.bincount(world[of], minlength=worlds), 1)
    return lettings, waits


def _register(
    households: dict[str, NDArray[np.int64]], some: NDArray[np.bool_]
) -> pl.DataFrame:
    """Rows of the register; those who join do so on the day of the start."""
    band, need = households["band"][some], households["need"][some]
    sizes = {n: sorted(size for size, may in MAY_HAVE.items() if n in may) for n in range(1, 5)}
    joined = households["cycle"][some] >= 0
    dates = [START + timedelta(days=0 if new else int(date))
             for new, date in zip(joined, households["date"][some], strict=True)]
    return pl.DataFrame({
        "id": [f"L{i:06d}" for i in range(len(band))], "status": ["active"] * len(band),
        "registered_on": dates, "priority_date": dates, "band": [BANDS[b] for b in band],
        "bedroom_need": need, "sizes": [sizes[n] for n in need.tolist()],
        "current_home": pl.Series([None] * len(band), dtype=pl.String),
        "current_bedrooms": pl.Series([None] * len(band), dtype=pl.Int64),
    })
