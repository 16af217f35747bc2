"""A small group goes first: Lacey and Waugh."""

from __future__ import annotations

from bisect import insort

import numpy as np

from benchmarks.believable import theory
from benchmarks.believable.interval import interval
from benchmarks.believable.sign import Sign, above, below

BARELY = 0.05
"""A share that counts as hardly any change."""


def others_wait(
    priority: float, seed: int, *, arrivals: float = 20.0, homes: float = 8.0,
    drop_out: float = 0.01, weeks: int = 1500, skip: int = 500,
) -> float:
    """Mean wait of those housed without priority [weeks], with a close a week.

    Args:
        priority: share of those who apply that go before all others.
        seed: of the draws.
        arrivals: households a week.
        homes: homes a week.
        drop_out: leavers a week of those waiting.
        weeks: weeks simulated.
        skip: first weeks that are not looked at.
    """
    rng = np.random.default_rng(seed)
    register: list[tuple[bool, float, float]] = []
    waits = []
    for week in range(weeks):
        came = week + rng.random(rng.poisson(arrivals))
        gives_up = came + rng.exponential(1 / drop_out, len(came))
        ordinary = rng.random(len(came)) >= priority
        for household in zip(ordinary.tolist(), came.tolist(), gives_up.tolist(), strict=True):
            insort(register, household)
        close, let, left = week + 1, rng.poisson(homes), []
        for at, household in enumerate(register):
            if not let:
                left += register[at:]
                break
            last, applied, until = household
            if until < close:
                continue
            let -= 1
            if last and week >= skip:
                waits.append(close - applied)
        register = left
    return float(np.mean(waits))


def lacey_and_waugh(seeds: int) -> list[Sign]:
    """Some per cent of those who apply go first, where most who apply are never housed."""
    signs = []
    before = np.array([others_wait(0, seed) for seed in range(seeds)])
    for share, barely in ((0.02, True), (0.2, False)):
        more = interval(np.array([others_wait(share, s) for s in range(seeds)]) / before - 1)
        rates = ((1 - share) * 20, 8 - share * 20)
        fluid = theory.wait_with_drop_out(*rates, 0.01) / theory.wait_with_drop_out(20, 8, 0.01) - 1
        signs.append(Sign(
            f"Priority to {share:.0%} of those who apply "
            + ("barely changes others' waits" if barely else "changes others' waits"),
            "Lacey and Waugh, as told in impact.ref.ac.uk case study 23935" if barely
            else "where that ends",
            {"others' wait, longer by (share)": more},
            below(more, BARELY) if barely else above(more, BARELY),
            f"Barely is less than {BARELY:.0%}. The fluid limit says {fluid:+.1%}: what the others "
            "lose is the group's share of homes, which grows with the group.",
        ))
    return signs
