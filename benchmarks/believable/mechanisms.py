"""Direct offer, choice-based lettings and deferred acceptance on one population, plainly.

    python -m benchmarks.believable.mechanisms --households 20000 --homes 2000 --seeds 20

The measures and the signs expected are those of *Social housing allocation using Gale-Shapley*,
International Journal of Housing Markets and Analysis (2025), doi 10.1108/IJHMA-02-2025-0029, a
simulation of a population like Southwark's: in the share of homes let, the welfare of applicants
and that of landlords, direct offer < choice-based lettings < deferred acceptance. The population
here is our own, and its numbers are assumed except where a source is given; utility 0 is staying
put.

All mechanisms meet the same households, homes and refusals: whether a household, shown a home,
would refuse it is drawn once for the pair, and the likelier the less it likes it. What differs:

direct
    Homes come up in turn. Each is offered once, to the best-ranked household of the size that has
    had no offer yet.
direct_until_taken
    The same, but each home is offered down the list until somebody takes it, and a refusal costs
    nothing. Not in the study: it tells what single offers do from what lack of choice does.
choice
    Each household bids for three homes at most, for which its utility times its chance is highest;
    the chance is read off the published results of the rounds before, by area: how many of the
    homes there went to somebody ranked below it. Homes are offered down their lists of bidders, and
    who is offered several takes the best.
choice_last_round
    The same, but households read the results of the last round only, so that they crowd where the
    round before was easy. Not in the study: it tells what knowing one's chances does.
acceptance
    Each household ranks all homes of its size, and asks for them in that order; a home keeps the
    best-ranked who asks.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.believable.check import keep
from benchmarks.believable.interval import Interval, interval
from cbl_engine.offers.rounds import Lists, offer_rounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

NEED_SHARES = (0.46, 0.28, 0.19, 0.07)
"""Bedrooms needed, 1 to 4: about the shares of England's registers (LAHS 2020-21)."""
SIZE_SHARES = (0.34, 0.36, 0.25, 0.05)
"""Bedrooms of homes, 1 to 4: assumed."""
AREAS = 20
BIDS = 3
ROUNDS = 6
"""Rounds of bids, the last of which counts; each but the first reads the results before it."""
STILL_TRIED = 0.01
"""Chance that a household credits itself with where published results give it none."""


@dataclass(frozen=True, eq=False)
class Market:
    """Homes of one size and the households that need it.

    Attributes:
        utility: household x home; households in the landlords' order (band, then date), so that the
            row is the place in the ranking; homes in the order in which they come up.
        refuses: household x home: would refuse, if offered.
        area: of each home.
    """

    utility: NDArray[np.float32]
    refuses: NDArray[np.bool_]
    area: NDArray[np.int64]

    @property
    def homes(self) -> int:
        """How many homes there are."""
        return len(self.area)


def population(households: int, homes: int, seed: int) -> list[Market]:
    """One market for each size, from the seed alone.

    Utility = 0.3 + taste for the area (own, sd 1) + standing of the area (the same for all, sd 0.5)
    - rent (in sd 1 of homes, times the household's own dislike of it, 0 to 1) + what else there is
    about the home (own, sd 0.5). The chance of a refusal is 1 / (1 + exp(1.5 x utility)).
    """
    rng = np.random.default_rng(seed)
    standing = rng.normal(0, 0.5, AREAS)
    markets = []
    for n_households, n_homes in zip(
        rng.multinomial(households, NEED_SHARES), rng.multinomial(homes, SIZE_SHARES), strict=True
    ):
        area, rent = rng.integers(0, AREAS, n_homes), rng.normal(0, 1, n_homes)
        taste = 0.3 + standing + rng.normal(0, 1, (n_households, AREAS))
        utility = taste[:, area].astype(np.float32)
        utility -= rng.random((n_households, 1), np.float32) * rent.astype(np.float32)
        utility += 0.5 * rng.standard_normal(utility.shape, np.float32)
        refused = 1 / (1 + np.exp(1.5 * utility))
        markets.append(Market(utility, rng.random(utility.shape, np.float32) < refused, area))
    return markets


def direct(market: Market) -> NDArray[np.int64]:
    """The household of each home, -1 where none: the n-th home is offered to the n-th household."""
    tenant = np.full(market.homes, -1)
    offered = np.arange(min(market.utility.shape))
    taken = offered[~market.refuses[offered, offered]]
    tenant[taken] = taken
    return tenant


def direct_until_taken(market: Market) -> NDArray[np.int64]:
    """The household of each home, -1 where none."""
    lists = candidates(~market.refuses)
    return tenants(lists, offer_rounds(
        lists, np.ones(market.homes, np.int32), None, "advert", np.arange(market.homes)
    ))


def choice(market: Market, last_round: bool = False) -> NDArray[np.int64]:
    """The household of each home, -1 where none."""
    place = np.arange(len(market.utility))
    order = own_order(market.utility)
    chance = np.ones_like(market.utility)
    tenant = np.full(market.homes, -1)
    for n in range(1, ROUNDS + 1):
        bids = best(np.maximum(market.utility, 0) * chance, BIDS)
        lists = candidates(bids & ~market.refuses)
        tenant = tenants(lists, settled(lists, order, "homes"))
        for area in np.unique(market.area):
            there = market.area == area
            lowest = np.sort(np.where(tenant[there] < 0, len(place), tenant[there]))
            above = 1 - np.searchsorted(lowest, place) / there.sum()
            news = np.maximum(above, STILL_TRIED)[:, None] - chance[:, there]
            chance[:, there] += news if last_round else news / n
    return tenant


def choice_last_round(market: Market) -> NDArray[np.int64]:
    """The household of each home, -1 where none."""
    return choice(market, last_round=True)


def acceptance(market: Market) -> NDArray[np.int64]:
    """The household of each home, -1 where none."""
    lists = candidates(~market.refuses)
    return tenants(lists, settled(lists, own_order(market.utility), "household"))


MECHANISMS: dict[str, Callable[[Market], NDArray[np.int64]]] = {
    "direct": direct,
    "direct_until_taken": direct_until_taken,
    "choice": choice,
    "choice_last_round": choice_last_round,
    "acceptance": acceptance,
}
EXPECTED = ("direct", "choice", "acceptance")
"""The study's order, the lowest first."""


def best(score: NDArray[np.float32], most: int) -> NDArray[np.bool_]:
    """The cells of highest score in each row, as many as allowed; none with a score of 0."""
    chosen = np.zeros(score.shape, np.bool_)
    at = np.argpartition(-score, min(most, score.shape[1]) - 1, axis=1)[:, :most]
    np.put_along_axis(chosen, at, np.take_along_axis(score, at, axis=1) > 0, axis=1)
    return chosen


def own_order(utility: NDArray[np.float32]) -> NDArray[np.int32]:
    """The place of each home in each household's own order, 1 the best."""
    order = np.empty(utility.shape, np.int32)
    places = np.broadcast_to(np.arange(1, utility.shape[1] + 1, dtype=np.int32), utility.shape)
    np.put_along_axis(order, np.argsort(-utility, axis=1, kind="stable"), places, axis=1)
    return order


def candidates(listed: NDArray[np.bool_]) -> Lists:
    """Each home's list: the households listed for it, in the landlords' order."""
    home, household = np.nonzero(listed.T)
    starts = np.searchsorted(home, np.arange(listed.shape[1] + 1))
    return Lists(starts, household.astype(np.int32))


def settled(lists: Lists, order: NDArray[np.int32], by_whom: str) -> NDArray[np.int64]:
    """Entries that become lettings, where households have an order of their own."""
    home = np.repeat(np.arange(order.shape[1]), np.diff(lists.starts))
    return offer_rounds(
        lists, np.ones(order.shape[1], np.int32), order[lists.applications, home], by_whom
    )


def tenants(lists: Lists, entries: NDArray[np.int64]) -> NDArray[np.int64]:
    """The household of each home, -1 where none."""
    tenant = np.full(len(lists.starts) - 1, -1)
    tenant[lists.homes(entries)] = lists.applications[entries]
    return tenant


MEASURES = {
    "let": "homes let, share",
    "housed": "households housed, share",
    "applicants": "welfare of applicants: utility, mean over all households",
    "utility": "utility, mean over those housed",
    "choice_rank": "place of the home in the tenant's own order, 1 the best",
    "landlords": "welfare of landlords: share of the ranking at or below the tenant, mean over homes",
    "rank": "place of the tenant in the landlords' order, 1 the best",
}
WELFARE = ("let", "applicants", "landlords")
"""The study's measures, of which it reports the order of mechanisms."""


def measures(markets: list[Market], found: list[NDArray[np.int64]]) -> dict[str, float]:
    """What :data:`MEASURES` says, over all sizes. A home that is not let counts nought."""
    homes = sum(market.homes for market in markets)
    households = sum(len(market.utility) for market in markets)
    utility, own, place, standing = [], [], [], []
    for market, tenant in zip(markets, found, strict=True):
        home = np.flatnonzero(tenant >= 0)
        who = tenant[home]
        mine = market.utility[who, home]
        utility.append(mine)
        own.append(1 + (market.utility[who] > mine[:, None]).sum(axis=1))
        place.append(1 + who)
        standing.append(1 - who / len(market.utility))
    gained = np.concatenate(utility)
    return {
        "let": len(gained) / homes,
        "housed": len(gained) / households,
        "applicants": float(gained.sum(dtype=float)) / households,
        "utility": float(gained.mean(dtype=float)),
        "choice_rank": float(np.concatenate(own).mean()),
        "landlords": float(np.concatenate(standing).sum()) / homes,
        "rank": float(np.concatenate(place).mean()),
    }


def study(households: int, homes: int, seeds: int) -> dict[str, dict[str, list[float]]]:
    """Mechanism -> measure -> one value for each seed."""
    found: dict[str, dict[str, list[float]]] = {
        name: {measure: [] for measure in MEASURES} for name in MECHANISMS
    }
    for seed in range(seeds):
        markets = population(households, homes, seed)
        for name, mechanism in MECHANISMS.items():
            values = measures(markets, [mechanism(market) for market in markets])
            for measure, value in values.items():
                found[name][measure].append(value)
    return found


def steps(found: dict[str, dict[str, list[float]]], measure: str) -> list[Interval]:
    """What each mechanism of the study has more than the one before it, seed by seed."""
    lower = (np.array(found[name][measure]) for name in EXPECTED[:-1])
    upper = (np.array(found[name][measure]) for name in EXPECTED[1:])
    return [interval(more - less) for less, more in zip(lower, upper, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--households", type=int, default=20_000)
    parser.add_argument("--homes", type=int, default=2_000)
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    found = study(given.households, given.homes, given.seeds)
    print(f"{given.households:,} households, {given.homes:,} homes, {given.seeds} seeds; "
          "mean (95% interval)")
    for measure, words in MEASURES.items():
        print(f"\n{words}")
        for name in MECHANISMS:
            print(f"  {name:<19} {interval(found[name][measure])}")
        if measure in WELFARE:
            for less, more, step in zip(EXPECTED, EXPECTED[1:], steps(found, measure), strict=False):
                verdict = {1: "holds", 0: "not told apart", -1: "the other way round"}[step.sign]
                print(f"  {less} < {more}: {verdict}; by {step}")
    keep("mechanisms", {
        "households": given.households, "homes": given.homes, "seeds": given.seeds,
        "measures": {measure: {name: vars(interval(found[name][measure])) for name in MECHANISMS}
                     for measure in MEASURES},
        "signs": {measure: [step.sign for step in steps(found, measure)] for measure in WELFARE}})


if __name__ == "__main__":
    main()
