"""A lettings simulation as a researcher's notebook has it: objects, and a pandas shortlist a home.

Each cycle some homes are advertised. For each in turn the households of a size that may have it are
put in order of band and date, and it is offered down the list until somebody takes it. A household
refuses any offer with the same chance and stays on the register; one that is housed leaves. A home
that is refused as often as offers are allowed is withdrawn. New households apply in each cycle.

``population`` makes homes and households as plain arrays: ``notebook_ours`` begins with the same
register. Later arrivals, homes and refusals are drawn by each for itself, so answers agree within
intervals.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

HOMES, HOUSEHOLDS, CYCLES = 200, 2000, 14
BANDS = ("A", "B", "C", "D")
BAND_SHARES = (0.1, 0.2, 0.3, 0.4)
NEED_SHARES = (0.46, 0.28, 0.19, 0.07)
"""Bedrooms needed, 1 to 4: about the shares of England's registers (LAHS 2020-21)."""
SIZE_SHARES = (0.34, 0.36, 0.25, 0.05)
"""Bedrooms of homes, 1 to 4: assumed."""
MAY_HAVE = {1: {1}, 2: {2}, 3: {2, 3}, 4: {3, 4}}
"""Bedrooms of a home -> bedroom needs that may have it: from 3 bedrooms on one may be spare."""
REFUSED = 0.35
OFFERS = 10
"""Offers of one home at most."""


@dataclass
class Home:
    """A home advertised in one cycle."""

    id: int
    cycle: int
    bedrooms: int
    offers: int = 0
    let_to: int | None = None


@dataclass
class Household:
    """A household that applies in one cycle and waits until it is housed."""

    id: int
    cycle: int
    band: str
    date: int
    need: int
    housed: bool = False
    wait: int | None = None


def population(
    seed: int, homes: int = HOMES, households: int = HOUSEHOLDS, cycles: int = CYCLES
) -> dict[str, dict[str, NDArray[np.int64]]]:
    """Homes and households as arrays, from the seed alone.

    Args:
        seed: of the draws.
        homes: homes advertised each cycle in the mean, a Poisson count.
        households: those waiting at first; in the mean as many as there are homes apply before each
            later cycle, a Poisson count.
        cycles: weekly cycles.

    Returns:
        ``homes``: ``cycle``, ``bedrooms``. ``households``: ``cycle`` (in which they apply; -1: before the first),
        ``band`` (0 the best), ``date`` [days; cycle c closes on day 7 c + 6], ``need`` [bedrooms]. Who has the same band and date goes by row.
    """
    rng = np.random.default_rng(seed)
    comes = np.repeat(np.arange(cycles), rng.poisson(homes, cycles))
    joins = np.concatenate([
        np.full(households, -1), np.repeat(np.arange(cycles), rng.poisson(homes, cycles))])
    return {
        "homes": {
            "cycle": comes,
            "bedrooms": 1 + rng.choice(4, len(comes), p=SIZE_SHARES),
        },
        "households": {
            "cycle": joins,
            "band": rng.choice(len(BANDS), len(joins), p=BAND_SHARES),
            "date": np.where(joins < 0, -1 - rng.integers(0, 1500, len(joins)),
                             7 * joins + rng.integers(0, 7, len(joins))),
            "need": 1 + rng.choice(4, len(joins), p=NEED_SHARES),
        },
    }


def shortlist(home: Home, waiting: list[Household]) -> pd.DataFrame:
    """Who may have the home, best first."""
    import pandas as pd

    register = pd.DataFrame([vars(household) for household in waiting])
    suitable = register[register["need"].isin(MAY_HAVE[home.bedrooms])]
    return suitable.sort_values(["band", "date", "id"])


def run(
    homes: int = HOMES, applicants: int = HOUSEHOLDS, cycles: int = CYCLES, seed: int = 1
) -> tuple[int, dict[str, float], float]:
    """Simulate, with as many homes a cycle and households at first.

    Returns:
        Lettings, mean wait by band of those housed [days], seconds without making the population.
    """
    arrays = population(seed, homes, applicants, cycles)
    rng = np.random.default_rng(seed)
    started = perf_counter()
    stock = [
        Home(at, int(cycle), int(bedrooms))
        for at, (cycle, bedrooms) in enumerate(zip(*arrays["homes"].values(), strict=True))
    ]
    everyone = [
        Household(at, int(cycle), BANDS[band], int(date), int(need))
        for at, (cycle, band, date, need) in enumerate(
            zip(*arrays["households"].values(), strict=True)
        )
    ]
    for cycle in range(cycles):
        waiting = [one for one in everyone if one.cycle <= cycle and not one.housed]
        for home in [one for one in stock if one.cycle == cycle]:
            for _, candidate in shortlist(home, waiting).head(OFFERS).iterrows():
                home.offers += 1
                if rng.random() < REFUSED:
                    continue
                household = everyone[candidate["id"]]
                household.housed, household.wait = True, 7 * cycle + 6 - household.date
                home.let_to = household.id
                waiting.remove(household)
                break
    housed = [one for one in everyone if one.housed]
    waits = {
        band: float(np.mean([one.wait for one in housed if one.band == band] or [np.nan]))
        for band in BANDS
    }
    return len(housed), waits, perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    lettings, waits, seconds = run(seed=parser.parse_args().seed)
    print(f"{lettings:,} lettings in {seconds:.1f} s")
    print("mean wait [days]: " + ", ".join(f"{band} {days:.0f}" for band, days in waits.items()))


if __name__ == "__main__":
    main()
