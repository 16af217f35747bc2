"""Who gets which home under four ways of allotting them: Arnosti and Shi; Waldinger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchmarks.believable.interval import Interval, interval
from benchmarks.believable.sign import Sign, above, all_of, below

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIKE = 0.01
"""Outcomes count as the same where the whole interval of their difference is within this."""
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
