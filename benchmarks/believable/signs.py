"""Published findings on lettings, each in a small experiment of its own: does its sign come out?

    python -m benchmarks.believable.signs --seeds 20

These are the smallest worlds in which each finding can be true or false, seeded, with an interval
for every figure. They say what sign to look for in a simulator, and where the sign turns.
"""

from __future__ import annotations

import argparse
from bisect import insort
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchmarks.believable import theory
from benchmarks.believable.interval import Interval, interval

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Sign:
    """What was claimed, what came out, and whether the two agree.

    Attributes:
        claim: the finding, in words.
        source: who found it.
        found: the figures it rests on, each with its interval.
        holds: whether they agree with it; not known where so many seeds cannot tell.
        why: what it turns on.
    """

    claim: str
    source: str
    found: dict[str, Interval]
    holds: bool | None
    why: str

    def text(self) -> str:
        """Some lines to print."""
        figures = "".join(f"\n    {name}: {found}" for name, found in self.found.items())
        verdict = {True: "holds", False: "does not hold", None: "not told by so many seeds"}
        return f"{self.claim} ({self.source}): {verdict[self.holds]}{figures}\n    {self.why}"


def below(found: Interval, bound: float) -> bool | None:
    """Whether the true mean is below the bound; None where the interval holds the bound."""
    return None if found.holds(bound) else found.mean < bound


def above(found: Interval, bound: float) -> bool | None:
    """Whether the true mean is above the bound; None where the interval holds the bound."""
    return None if found.holds(bound) else found.mean > bound


def all_of(*answers: bool | None) -> bool | None:
    """Whether all are true; not known where none is false and some are not known."""
    if False in answers:
        return False
    return None if None in answers else True


BARELY = 0.05
"""A share that counts as hardly any change."""
ALIKE = 0.01
"""Outcomes count as the same where the whole interval of their difference is within this."""


# Arnosti and Shi; Waldinger: who gets which home under four ways of allotting them.

Way = Literal["lotteries", "dropping", "common", "free"]
WAYS: dict[Way, str] = {
    "lotteries": "a lottery for each home",
    "dropping": "a list, to whose end a refusal takes you",
    "common": "one lottery number for all homes",
    "free": "a list on which refusing is free",
}


@dataclass(frozen=True)
class Homes:
    """A register on which most give up in the end.

    Attributes:
        periods: periods simulated.
        applicants: new households in each.
        homes: homes in each, every one in a random area.
        areas: how many areas there are; a household's value for each is drawn from 0 to 1.
        leave: the chance to give up in a period.
        outside: what a household has if it is not housed is drawn from 0 to this: the lower, the
            greater its need.
    """

    periods: int = 900
    applicants: int = 20
    homes: int = 8
    areas: int = 5
    leave: float = 0.02
    outside: float = 1.0

    @property
    def settled(self) -> tuple[int, int]:
        """Those who apply in these periods are looked at: the list is steady, and time remains."""
        return self.periods // 4, self.periods * 3 // 4


def allotted(homes: Homes, way: Way, offer: float, seed: int) -> tuple[dict[str, float], float]:
    """What those who applied got, and the chance of an offer that their choices made.

    With ``lotteries`` and ``dropping`` a household takes what is worth at least what it may expect
    from going on: V = offer x mean over areas of max(value, V) + (1 - offer) x outside. Where
    refusing costs nothing it waits for its favourite area alone.

    Args:
        homes: the register.
        way: how homes are allotted.
        offer: the chance to be offered another home before giving up, as households believe.
        seed: of the draws.
    """
    rng, luck = np.random.default_rng((seed, 0)), np.random.default_rng((seed, 1))
    n = homes.periods * homes.applicants
    value, outside = rng.random((n, homes.areas)), homes.outside * rng.random(n)
    came = np.arange(n) // homes.applicants
    leaves = came + rng.geometric(homes.leave, n)
    if way in {"lotteries", "dropping"}:
        wants = value >= worth_of_going_on(value, outside, offer)[:, None]
    else:
        wants = (value == value.max(axis=1, keepdims=True)) & (value > outside[:, None])
    wants &= value > outside[:, None]
    areas = rng.integers(0, homes.areas, (homes.periods, homes.homes)).tolist()
    mark = luck.random(n) if way == "common" else np.empty(n)
    got = np.full(n, -1)
    asks = wants.any(axis=1)
    waiting = np.empty(0, np.int64)
    first, end = homes.settled
    places, chances, offers, ended = 0, [], 0, 0
    for period in range(homes.periods):
        if period == first:
            chances, offers, ended = [], 0, 0
        new = np.arange(period * homes.applicants, (period + 1) * homes.applicants)
        waiting = np.concatenate([waiting, new[asks[new]]])
        if way != "common":
            mark[new] = places + np.arange(len(new))
            places += len(new)
        stay = leaves[waiting] > period
        ended += int((~stay).sum())
        waiting = waiting[stay]
        for area in areas[period]:
            willing = wants[waiting, area]
            entrants = waiting[willing]
            if not len(entrants):
                continue
            if way == "lotteries":
                winner = entrants[luck.integers(len(entrants))]
                chances.append(1 / len(entrants))
            else:
                winner = entrants[mark[entrants].argmin()]
            if way == "dropping":
                refused = waiting[(mark[waiting] < mark[winner]) & ~willing]
                offers += 1 + len(refused)
                mark[refused[np.argsort(mark[refused])]] = places + np.arange(len(refused))
                places += len(refused)
            got[winner] = area
            waiting = waiting[waiting != winner]
    counted = (came >= first) & (came < end)
    housed = counted & (got >= 0)
    worth = value[housed, got[housed]]
    needy = counted & (outside < homes.outside / 4)
    figures = {
        "match": float(worth.mean()),
        "outside": float(outside[housed].mean()),
        "gain": float((worth - outside[housed]).mean()),
        "needy housed": float((got[needy] >= 0).mean()),
    }
    if way == "lotteries":
        drawn = 1 - (1 - np.mean(chances)) ** homes.homes
        offer = drawn / (1 - (1 - drawn) * (1 - homes.leave))
    elif way == "dropping":
        offer = offers / (offers + ended)
    return figures, offer


def worth_of_going_on(
    value: NDArray[np.float64], outside: NDArray[np.float64], offer: float
) -> NDArray[np.float64]:
    """V of each household: what it may expect if it takes the best course from here on."""
    worth = outside.copy()
    for _ in range(200):
        worth = offer * np.maximum(value, worth[:, None]).mean(axis=1) + (1 - offer) * outside
    return worth


def equilibrium(homes: Homes, way: Way, rounds: int = 8) -> float:
    """The chance of an offer that comes out when households believe in it."""
    offer = 0.5
    for turn in range(rounds):
        offer = (offer + allotted(homes, way, offer, 10_000 + turn)[1]) / 2
    return offer


def four_ways(
    seeds: int, homes: Homes | None = None
) -> tuple[dict[Way, dict[str, NDArray[np.float64]]], dict[Way, float]]:
    """Way -> figure -> one value for each seed; and the chance of an offer that households face."""
    homes = homes or Homes()
    offer: dict[Way, float] = {
        way: equilibrium(homes, way) if way in {"lotteries", "dropping"} else 1.0 for way in WAYS
    }
    found = {}
    for way in WAYS:
        runs = [allotted(homes, way, offer[way], seed)[0] for seed in range(seeds)]
        found[way] = {name: np.array([run[name] for run in runs]) for name in runs[0]}
    return found, offer


def alike(found: dict[str, Interval]) -> bool | None:
    """Whether all these differences are nought but for :data:`ALIKE`."""
    return all_of(*(
        answer for gap in found.values()
        for answer in (above(gap, -ALIKE), below(gap, ALIKE))
    ))


def differences(more: dict[str, NDArray], less: dict[str, NDArray]) -> dict[str, Interval]:
    """One figure after the other, seed by seed."""
    return {name: interval(more[name] - less[name]) for name in more}


def arnosti_and_shi(seeds: int) -> list[Sign]:
    """Two pairs of ways that differ in words only, and what tells the pairs apart."""
    found, offer = four_ways(seeds)
    source = "Arnosti and Shi, Management Science 66 (2020), 2291-2307"
    drop = differences(found["lotteries"], found["dropping"])
    free = differences(found["common"], found["free"])
    match = interval(found["lotteries"]["match"] - found["common"]["match"])
    return [
        Sign(
            "Independent lotteries = a list that drops you on refusal", source,
            {f"lotteries - list, {name}": gap for name, gap in drop.items()}, alike(drop),
            f"Each household answers the chance of another offer it faces: {offer['lotteries']:.3f} "
            f"under lotteries, {offer['dropping']:.3f} on the list.",
        ),
        Sign(
            "A common lottery = a list on which refusing is free", source,
            {f"lottery - list, {name}": gap for name, gap in free.items()}, alike(free),
            "Households wait for their favourite area; who may choose is luck in one, and in the "
            "other who has not given up.",
        ),
        Sign(
            "A common lottery matches better than independent ones", source,
            {"independent - common, value of the home": match}, below(match, 0),
            "Whoever may be offered nothing else takes what fits less.",
        ),
    ]


def waldinger(seeds: int) -> list[Sign]:
    """Choice against an offer to take or leave, with little and much difference in need."""
    signs = []
    for outside in (0.5, 1.0):
        found, _ = four_ways(seeds, Homes(outside=outside))
        none, choice = found["dropping"], found["free"]
        figures = {
            "no choice - choice, outside option of tenants": none["outside"] - choice["outside"],
            "no choice - choice, value of the home": none["match"] - choice["match"],
            "no choice - choice, gain of tenants": none["gain"] - choice["gain"],
        }
        found_ = {name: interval(values) for name, values in figures.items()}
        better, _, gain = found_.values()
        lost = float((figures["no choice - choice, gain of tenants"] / choice["gain"]).mean())
        signs.append(Sign(
            f"Removing choice improves targeting and lowers tenants' welfare, "
            f"outside options from 0 to {outside:g}",
            "Waldinger, American Economic Review 111 (2021), 2660-2696",
            found_, all_of(below(better, 0), below(gain, 0)),
            f"Gain is the value of the home less the outside option: {lost:+.0%} without choice. "
            "Worse matches weigh against better targeting, which is worth more the more needs "
            "differ.",
        ))
    return signs


# Leshno: who declines a home waits for the other kind in a pool, in order or at random.


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


# Lacey and Waugh: a small group goes first.


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


def every(seeds: int) -> list[Sign]:
    """All signs."""
    return [
        sign for finding in (arnosti_and_shi, waldinger, leshno, lacey_and_waugh)
        for sign in finding(seeds)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    for sign in every(parser.parse_args().seeds):
        print(sign.text(), flush=True)


if __name__ == "__main__":
    main()
