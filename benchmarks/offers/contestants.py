"""The same homes given to the same households: ours, plain Python, ``matching``; and scipy's aim.

Each contestant takes the market and may lay it out as it likes before the clock starts; what it
gives back makes one turn ready and returns it, and the turn is what the clock is on. A turn's answer
is, once the clock has stopped, the advert of each household (-1: none).

Plain Python is written twice. *Textbook* has lists of ids on both sides and first looks up each
one's place on the other's lists, as everybody writes it. *Tuned* knows every place beforehand and
reads only what it needs: of homes that offer the heads of the lists. scipy's solvers have another
aim, the least sum of places with every home let, so only their time is shown.
"""

from __future__ import annotations

import warnings
from heapq import heappush, heapreplace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.offers.data import Market

    Turn = Callable[[], Any]
    Prepared = tuple[Callable[[], Turn], Callable[[Any], np.ndarray]]


def ours(market: Market, side: str) -> Prepared:
    from cbl_engine.offers.rounds import Lists, offer_rounds

    lists = Lists(market.starts, market.applications)

    def turn() -> np.ndarray:
        return offer_rounds(lists, market.capacity, market.rank, side, market.closing)

    return (lambda: turn), lambda found: from_entries(market, found)


def textbook(market: Market, side: str) -> Prepared:
    candidates, wishes = both_sides(market)
    capacity = market.capacity.tolist()
    settle = {"homes": textbook_homes, "household": textbook_households}[side]
    return (lambda: lambda: settle(candidates, wishes, capacity)), np.array


def textbook_homes(candidates: list, wishes: list, capacity: list) -> list[int]:
    liking = [{advert: at for at, advert in enumerate(wished)} for wished in wishes]
    held, asked = [-1] * len(wishes), [0] * len(candidates)
    waiting = [advert for advert, places in enumerate(capacity) for _ in range(places)]
    while waiting:
        advert = waiting.pop()
        found = candidates[advert]
        while asked[advert] < len(found):
            who = found[asked[advert]]
            asked[advert] += 1
            now = held[who]
            if now < 0:
                held[who] = advert
                break
            if liking[who][advert] < liking[who][now]:
                held[who] = advert
                waiting.append(now)
                break
    return held


def textbook_households(candidates: list, wishes: list, capacity: list) -> list[int]:
    place = [{who: at for at, who in enumerate(found)} for found in candidates]
    held, asked = [-1] * len(wishes), [0] * len(wishes)
    kept: list[list[tuple[int, int]]] = [[] for _ in candidates]  # the lowest placed on top
    waiting = list(range(len(wishes)))
    while waiting:
        who = waiting.pop()
        wished = wishes[who]
        while asked[who] < len(wished):
            advert = wished[asked[who]]
            asked[who] += 1
            mine, heap = place[advert][who], kept[advert]
            if len(heap) < capacity[advert]:
                heappush(heap, (-mine, who))
                held[who] = advert
                break
            if mine < -heap[0][0]:
                lowest = heapreplace(heap, (-mine, who))[1]
                held[who], held[lowest] = advert, -1
                waiting.append(lowest)
                break
    return held


def tuned(market: Market, side: str) -> Prepared:
    capacity = market.capacity.tolist()
    if side == "household":
        order = np.argsort((market.applications.astype(np.int64) << 32) | market.rank)
        own = np.searchsorted(market.applications[order], np.arange(market.households + 1))
        entries, own, advert = order.tolist(), own.tolist(), market.adverts.tolist()
        whose = market.applications.tolist()
        return (
            lambda: lambda: tuned_households(entries, own, advert, whose, capacity),
            lambda found: from_entries(market, np.array(found)),
        )
    starts, who = market.starts.tolist(), market.applications.tolist()
    if side == "advert":
        closing = market.closing.tolist()
        return (lambda: lambda: advert_by_advert(starts, who, closing, capacity)), (
            lambda found: from_entries(market, np.array(found)))
    rank = market.rank.tolist()
    return (
        lambda: lambda: tuned_homes(starts, who, rank, capacity),
        lambda found: from_entries(market, np.array(found)),
    )


def tuned_homes(starts: list, whose: list, rank: list, capacity: list) -> list[int]:
    held: dict[int, tuple[int, int]] = {}  # entry and advert
    asked, ends = starts[:-1], starts[1:]
    waiting = [advert for advert, places in enumerate(capacity) for _ in range(places)]
    while waiting:
        advert = waiting.pop()
        for entry in range(asked[advert], ends[advert]):
            who = whose[entry]
            now = held.get(who)
            if now is None:
                held[who] = entry, advert
                break
            if rank[entry] < rank[now[0]]:
                held[who] = entry, advert
                waiting.append(now[1])
                break
        else:
            entry = ends[advert]
        asked[advert] = entry + 1
    return [entry for entry, _ in held.values()]


def tuned_households(
    entries: list, own: list, adverts: list, whose: list, capacity: list
) -> list[int]:
    kept: list[list[int]] = [[] for _ in capacity]  # entries, the lowest placed on top
    asked, ends = own[:-1], own[1:]
    waiting = list(range(len(asked)))
    while waiting:
        who = waiting.pop()
        for at in range(asked[who], ends[who]):
            entry = entries[at]
            advert = adverts[entry]
            heap = kept[advert]
            if len(heap) < capacity[advert]:
                heappush(heap, -entry)
                break
            if entry < -heap[0]:
                waiting.append(whose[-heapreplace(heap, -entry)])
                break
        else:
            at = ends[who]
        asked[who] = at + 1
    return [-entry for heap in kept for entry in heap]


def advert_by_advert(starts: list, whose: list, closing: list, capacity: list) -> list[int]:
    taken: set[int] = set()
    found = []
    for advert in closing:
        places = capacity[advert]
        for entry in range(starts[advert], starts[advert + 1]):
            if whose[entry] not in taken:
                taken.add(whose[entry])
                found.append(entry)
                places -= 1
                if not places:
                    break
    return found


def matching(market: Market, side: str) -> Prepared:
    """The package's algorithm; its players are made anew for each turn, off the clock.

    Its games also compare all players with all, off the clock too, which takes minutes at size M;
    so the players are made here.
    """
    with warnings.catch_warnings():
        from matching import Player
        from matching.algorithms import hospital_resident
        from matching.players import Hospital

    candidates, wishes = both_sides(market)
    capacity = market.capacity.tolist()
    optimal = {"homes": "hospital", "household": "resident"}[side]

    def ready() -> Turn:
        residents = [Player(who) for who in range(len(wishes))]
        hospitals = [Hospital(advert, places) for advert, places in enumerate(capacity)]
        for who, wished in zip(residents, wishes, strict=True):
            who.set_prefs([hospitals[advert] for advert in wished])
        for advert, found in zip(hospitals, candidates, strict=True):
            advert.set_prefs([residents[who] for who in found])
        asking = [who for who in residents if who.prefs]
        return lambda: hospital_resident(asking, hospitals, optimal)

    def answer(found: Any) -> np.ndarray:
        given = np.full(market.households, -1)
        for advert, households in found.items():
            given[[who.name for who in households]] = advert.name
        return given

    return ready, answer


def least_places(market: Market, _: str) -> Prepared:
    """scipy's sparse assignment: every home let, the sum of places least."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    each = np.repeat(np.arange(len(market.capacity)), market.capacity)  # a row for each home
    place = np.arange(len(market.applications)) - np.repeat(
        market.starts[:-1], np.diff(market.starts)) + 1.0
    shape = len(market.capacity), market.households
    lists = csr_array((place, market.applications, market.starts), shape=shape)[each]
    return (
        lambda: lambda: min_weight_full_bipartite_matching(lists),
        lambda found: advert_of(market, each[found[0]], found[1]),
    )


def least_places_dense(market: Market, _: str) -> Prepared:
    """scipy's dense assignment over all pairs; whoever is not on a list has a place beyond it."""
    from scipy.optimize import linear_sum_assignment

    each = np.repeat(np.arange(len(market.capacity)), market.capacity)
    place = np.arange(len(market.applications)) - np.repeat(
        market.starts[:-1], np.diff(market.starts)) + 1
    costs = np.full((len(market.capacity), market.households), 1e6)
    costs[market.adverts, market.applications] = place
    costs = costs[each]
    return (
        lambda: lambda: linear_sum_assignment(costs),
        lambda found: advert_of(market, each[found[0]], found[1]),
    )


def both_sides(market: Market) -> tuple[list[list[int]], list[list[int]]]:
    """Candidates of each advert and adverts of each household, best first."""
    order = np.argsort((market.applications.astype(np.int64) << 32) | market.rank)
    own = np.searchsorted(market.applications[order], np.arange(1, market.households))
    return (
        [part.tolist() for part in np.split(market.applications, market.starts[1:-1])],
        [part.tolist() for part in np.split(market.adverts[order], own)],
    )


def from_entries(market: Market, entries: np.ndarray) -> np.ndarray:
    adverts = np.searchsorted(market.starts, entries, side="right") - 1
    return advert_of(market, adverts, market.applications[entries])


def advert_of(market: Market, adverts: np.ndarray, households: np.ndarray) -> np.ndarray:
    given = np.full(market.households, -1)
    given[households] = adverts
    return given


CONTESTANTS: dict[str, Callable[[Market, str], Prepared]] = {
    "cbl_engine": ours,
    "Python, textbook": textbook,
    "Python, tuned": tuned,
    "matching": matching,
    "scipy, sparse": least_places,
    "scipy, dense": least_places_dense,
}
OTHER_AIM = "least places"
_ENTRIES = [
    ("cbl_engine", "homes"), ("Python, textbook", "homes"), ("Python, tuned", "homes"),
    ("matching", "homes"),
    ("cbl_engine", "household"), ("Python, textbook", "household"),
    ("Python, tuned", "household"), ("matching", "household"),
    ("cbl_engine", "advert"), ("Python, tuned", "advert"),
    ("scipy, sparse", OTHER_AIM), ("scipy, dense", OTHER_AIM),
]
_FEASIBLE = {("matching", "household"): "SM", ("scipy, dense", OTHER_AIM): "SM"}
"""Sizes beyond which it takes too long or too much memory; docs/benchmarks.md says why."""


def entries(size: str) -> list[tuple[str, str]]:
    """Who takes part at a size, and by whose order."""
    return [entry for entry in _ENTRIES if size in _FEASIBLE.get(entry, "SML")]
