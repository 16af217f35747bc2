"""Who declines a home waits for the other kind in a pool, in order or at random: Leshno."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.believable.interval import interval
from benchmarks.believable.sign import Sign, below

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pool_waits(most: int, p: float, at_random: bool) -> NDArray[np.float64]:
    """Expected periods until a home, for one of k in a pool, k = 1 to ``most``, where all may join.

    In order: k / p for the k-th. At random, w(k) = 1 + p (k - 1) / k w(k - 1) + (1 - p) E[w(k')]:
    one of the k is served with chance p; else the other kind is offered along the list, and each
    who is not of that kind joins, until the pool is full or somebody takes it.

    Args:
        most: households that the pool takes.
        p: share of homes of the pool's kind, and of households that want it.
        at_random: whether all in the pool have the same chance.
    """
    k = np.arange(1, most + 1)
    if not at_random:
        return k / p
    join = np.zeros((most, most))
    for at in range(most):
        more = np.arange(most - at)
        join[at, at:] = p**more * (1 - p)
        join[at, -1] += p ** (most - at)
    served = np.diag((k[1:] - 1) / k[1:], -1)
    return np.linalg.solve(np.eye(most) - p * served - (1 - p) * join, np.ones(most))


def pool_size(patience: float, p: float, at_random: bool) -> int:
    """The most who join a pool, if nobody joins whose expected wait is longer than this [periods].

    A home of the other kind is worth so many periods less than one of their own.
    """
    most = 0
    while pool_waits(most + 1, p, at_random)[-1] <= patience:
        most += 1
    return most


def mismatched(patience: float, at_random: bool, seed: int, homes: int = 20_000) -> float:
    """Share of homes that go to households of the other kind.

    Homes of two kinds, equally often, one each period; a list without end of households, each of
    which wants one kind. A home goes to the pool of its kind, if there is anyone in it. If not, it
    is offered along the list: who wants it takes it; who does not joins the other pool if the
    expected wait is short enough, and else takes it all the same. Who of a pool is served alters
    only what is worth joining, so a pool is a number here.
    """
    random = Random(f"{seed} {at_random}")
    most = pool_size(patience, 0.5, at_random)
    pools, wrong = [0, 0], 0
    for _ in range(homes):
        kind = random.randrange(2)
        if pools[kind]:
            pools[kind] -= 1
            continue
        while random.random() < 0.5:
            if pools[1 - kind] == most:
                wrong += 1
                break
            pools[1 - kind] += 1
    return wrong / homes


def leshno(seeds: int) -> list[Sign]:
    """Pools served at random against pools served in order."""
    signs = []
    for patience in (6.0, 20.0):
        share = {
            at_random: np.array([mismatched(patience, at_random, s) for s in range(seeds)])
            for at_random in (True, False)
        }
        gap = interval(share[True] - share[False])
        most = {at_random: pool_size(patience, 0.5, at_random) for at_random in share}
        signs.append(Sign(
            f"Serving those who declined in random order reduces mismatch, patience {patience:g} "
            "periods",
            "Leshno, American Economic Review 112 (2022), 3876-3910",
            {
                "mismatched, in order": interval(share[False]),
                "mismatched, at random": interval(share[True]),
                "at random - in order": gap,
            },
            below(gap, 0),
            f"Who joins last has the same chance as the others, so that {most[True]} join a pool "
            f"instead of {most[False]}.",
        ))
    return signs
