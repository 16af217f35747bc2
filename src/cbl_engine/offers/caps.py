"""Caps: how many of a household's bids stand at the moment it places another."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Tally:
    """One way of counting the places that a household's bids take, by bid.

    Attributes:
        group: what is counted together; bids of one group are one household's.
        ends: first moment at which the bid's place is free again; NEVER when it stays taken.
    """

    group: NDArray[np.int64]
    ends: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Limit:
    """A cap of one scheme version.

    Attributes:
        name: in the scheme.
        tally: position among the tallies.
        most: [bids] that may stand.
        binds: by bid: whether it is asked of it.
    """

    name: str
    tally: int
    most: int
    binds: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Places:
    """What was found for each bid at its moment.

    Attributes:
        full: by limit, by bid: so many stand already, none of them on its advert.
        used: by tally, by bid: places taken by bids before it.
    """

    full: list[NDArray[np.bool_]]
    used: list[NDArray[np.int32]]


def count_places(
    household: NDArray[np.int64],
    pair: NDArray[np.int64],
    at: NDArray[np.int64],
    taking: NDArray[np.bool_],
    tallies: Sequence[Tally],
    limits: Sequence[Limit],
) -> Places:
    """Place the bids one after the other, all households side by side.

    1. Every bid is an event, and so is the end of the place that it may take.
    2. A household's events are numbered by moment; of one moment, ends come first, then bids in
       the order given. Round by round the next event of every household is looked at.
    3. A bid on an advert for which the household has one standing takes no further place.
       Another is full when a limit that binds it finds as many adverts as it allows; then it
       takes none. Otherwise it takes one until it ends.

    Args:
        household: of each bid, from 0; bids in order of the moment they were placed.
        pair: number of its household and advert together, from 0.
        at: when it was placed [microseconds].
        taking: False for a bid that another rule stands against: it takes no place.
        tallies: what is counted.
        limits: what binds.
    """
    n = len(household)
    full = [np.zeros(n, bool) for _ in limits]
    used = [np.zeros(n, np.int32) for _ in tallies]
    if not n or not limits:
        return Places(full, used)
    n_pairs = int(pair.max()) + 1
    count = [np.zeros(int(t.group.max()) + 1, np.int32) for t in tallies]
    standing = [np.zeros(n_pairs, np.int32) for _ in tallies]
    takes = [np.zeros(n, bool) for _ in tallies]
    for bids, ending in _rounds(household, at, taking, tallies):
        for number, tally in enumerate(tallies):
            gone = bids[ending == number]
            gone = gone[takes[number][gone]]
            standing[number][pair[gone]] -= 1
            last = gone[standing[number][pair[gone]] == 0]
            count[number][tally.group[last]] -= 1
        placed = bids[ending < 0]
        refused = np.zeros(len(placed), bool)
        for number, tally in enumerate(tallies):
            used[number][placed] = count[number][tally.group[placed]]
        for number, limit in enumerate(limits):
            again = standing[limit.tally][pair[placed]] > 0
            found = limit.binds[placed] & (used[limit.tally][placed] >= limit.most) & ~again
            full[number][placed] = found
            refused |= found
        for number, tally in enumerate(tallies):
            mine = placed[~refused & taking[placed]]
            mine = mine[tally.ends[mine] > at[mine]]
            new = mine[standing[number][pair[mine]] == 0]
            count[number][tally.group[new]] += 1
            standing[number][pair[mine]] += 1
            takes[number][mine] = True
    return Places(full, used)


def _rounds(
    household: NDArray[np.int64],
    at: NDArray[np.int64],
    taking: NDArray[np.bool_],
    tallies: Sequence[Tally],
) -> list[tuple[NDArray[np.int64], NDArray[np.int8]]]:
    """For each round: bids, no two of one household, and the tally each ends in; -1 where placed."""
    bids, moments, ending = [], [], []
    bids.append(np.arange(len(at)))
    moments.append(at)
    ending.append(np.full(len(at), -1, np.int8))
    (rows,) = np.nonzero(taking)
    for number, tally in enumerate(tallies):
        mine = rows[(tally.ends[rows] > at[rows]) & (tally.ends[rows] < NEVER)]
        bids.append(mine)
        moments.append(tally.ends[mine])
        ending.append(np.full(len(mine), number, np.int8))
    bid, moment, ends = np.concatenate(bids), np.concatenate(moments), np.concatenate(ending)
    order = np.lexsort((bid, ends < 0, moment, household[bid]))
    bid, ends = bid[order], ends[order]
    whose = household[bid]
    first = np.concatenate([[True], whose[1:] != whose[:-1]])
    (starts,) = np.nonzero(first)
    number_of = np.arange(len(bid)) - np.repeat(starts, np.diff(np.append(starts, len(bid))))
    by_round = np.argsort(number_of, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(number_of))])
    return [(bid[by_round[a:b]], ends[by_round[a:b]]) for a, b in pairwise(bounds)]
