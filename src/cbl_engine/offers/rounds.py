"""Which home is meant for whom, when several homes and several households are settled at once.

Arrays only. Homes and applications go by whole numbers from 0, so that many boroughs or many worlds
can be settled in one call: give each numbers of its own. A *home* here may stand for several like
ones that are let by one list: its capacity. An *entry* is one place on one home's list.

Everything goes in rounds of a few whole-array operations. Homes offer in as many rounds as the
longest chain of refusals needs (about twenty where homes are scarce), and only the heads of lists
are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.scheme.offers import ByWhom

LOOK = 4096
"""Places looked at in a round when few homes are left with anything to offer."""
NOTHING = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Lists:
    """The candidates for each home, best first, one home's after the other's.

    Attributes:
        starts: where each home's list starts, and at the end the number of entries.
        applications: the application of each entry, from 0; once on a list at most.
    """

    starts: NDArray[np.int64]
    applications: NDArray[np.int32]

    def homes(self, entries: NDArray[np.int64]) -> NDArray[np.int64]:
        """The home on whose list each of these entries stands."""
        return np.searchsorted(self.starts, entries, side="right") - 1


def offer_rounds(
    lists: Lists,
    capacity: NDArray[np.int32],
    rank: NDArray[np.int32] | None,
    by_whom: ByWhom,
    order: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Give each household one home at most and each home as many households as it has places.

    Args:
        lists: the candidates for each home; whoever cannot be offered one is not on them.
        capacity: like homes let by each list, 0 or more.
        rank: for ``household`` and ``homes``: of each entry, the place of that home in the
            household's own order, 1 the best; gaps do not matter. Of two homes it ranks alike the
            one earlier in ``lists`` counts as the better, so leave none alike.
        by_whom: as the scheme's ``choosing`` says.
        order: for ``council`` and ``advert``: all homes, the one whose turn is first at the head.

    Returns:
        Entries, ascending: those whose home is meant for their application.

    Raises:
        ValueError: ``rank`` or ``order`` is needed and was not given.
    """
    if by_whom in {"household", "homes"}:
        if rank is None:
            raise ValueError(f"by {by_whom}: needs rank, the households' own order")
        settle = households_ask if by_whom == "household" else homes_offer
        return settle(lists, capacity, rank)
    if order is None:
        raise ValueError(f"by {by_whom}: needs order, the order of homes")
    return home_after_home(lists, capacity, order)


def homes_offer(
    lists: Lists, capacity: NDArray[np.int32], rank: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Deferred acceptance, homes offering: the best outcome for homes that respects every place.

    1. Each home with a place free offers it to the next on its list, a home with several places
       to as many.
    2. Each household holds the best offer it has, by its own order, and refuses the others.
    3. What was refused is free again. From 1, until no home has both a place free and anyone left
       to ask.

    Who would refuse what it is offered now will refuse it ever after, for households only change
    for the better: so a home may look along its list for the first who would not. The outcome is
    the same in whatever order homes offer.

    Arguments and result are those of :func:`offer_rounds`.

    References:
        D. Gale and L. S. Shapley, College Admissions and the Stability of Marriage, American
        Mathematical Monthly 69 (1962), 9-15.
    """
    held, _ = _homes_offer(lists, capacity, rank)
    return np.sort(_lower(held[held != NOTHING]))


def households_ask(
    lists: Lists, capacity: NDArray[np.int32], rank: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Deferred acceptance, households asking: the best outcome for households, places respected.

    1. Let homes offer. What a household holds then is the worst it is given in any stable outcome;
       who holds nothing is given nothing in any.
    2. Strike out what no stable outcome has: of each list all from the first who holds nothing, for
       the home is full of those above; and of each household all it likes less than what it holds.
    3. Each household asks for the best home it has left.
    4. Each home keeps the best who ask, by place, as many as it has places, and refuses the others.
    5. Who was refused asks for its next. From 4, until nobody is refused.

    An outcome is stable when nobody misses a home that goes to somebody placed below them and that
    they would rather have than their own. The same households are given a home in all of them
    (Roth), so after 2 nobody runs out of homes to ask for. Without 1 and 2 the outcome is the same,
    but everyone who is given nothing asks everywhere first.

    Arguments and result are those of :func:`offer_rounds`.

    References:
        Gale and Shapley (1962), as in :func:`homes_offer`. A. E. Roth, On the Allocation of
        Residents to Rural Hospitals, Econometrica 54 (1986), 425-427. D. Gusfield and R. W.
        Irving, The Stable Marriage Problem (MIT Press, 1989), chapter 1, on shortened lists.
    """
    held, reached = _homes_offer(lists, capacity, rank)  # 1
    ends = _first_with_nothing(lists, held, reached)
    home, entry = _spans(lists.starts[:-1], ends - lists.starts[:-1])  # 2
    key = _key(rank, entry)
    left = np.flatnonzero(key <= held[lists.applications[entry]])
    home, entry, key = home[left], entry[left], key[left]

    order, first = _by_household(lists.applications[entry], key)
    turn = np.empty_like(order)
    turn[order] = np.arange(len(order))
    asking, kept = order[first], order[:0]  # 3
    asked = np.zeros(len(capacity), dtype=np.bool_)
    while len(asking):
        asked[home[asking]] = True
        again = asked[home[kept]]
        asked[home[asking]] = False
        rivals = np.sort(np.concatenate([kept[again], asking]))  # by home, then by place
        along, first = np.arange(len(rivals)), np.diff(home[rivals], prepend=-1) != 0
        above = along - np.maximum.accumulate(np.where(first, along, 0))
        stays = above < capacity[home[rivals]]  # 4
        kept = np.concatenate([kept[~again], rivals[stays]])
        asking = order[turn[rivals[~stays]] + 1]  # 5
    return np.sort(entry[kept])


def home_after_home(
    lists: Lists, capacity: NDArray[np.int32], order: NDArray[np.int64]
) -> NDArray[np.int64]:
    """One home after the other, each taking the first on its list still free.

    That is what homes offering comes to when every household prefers the home whose turn is
    earlier: whom an earlier home would take, no later one can hold.

    Arguments and result are those of :func:`offer_rounds`.
    """
    turn = np.empty(len(capacity), dtype=np.int32)
    turn[order] = np.arange(len(order), dtype=np.int32)
    return homes_offer(lists, capacity, np.repeat(turn, np.diff(lists.starts)))


def _homes_offer(
    lists: Lists, capacity: NDArray[np.int32], rank: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What each application holds, as a key (NOTHING: nothing), and how far each list was read."""
    reached, ends = lists.starts[:-1].copy(), lists.starts[1:]
    free = capacity.astype(np.int64)
    n_applications = int(lists.applications.max(initial=-1)) + 1
    held = np.full(n_applications, NOTHING)
    holder = np.full(n_applications, -1, dtype=np.int64)  # the home of what is held
    while len(open_ := np.flatnonzero((free > 0) & (reached < ends))):
        # 1. Of those each home looks at, it asks the first who would take what they are offered.
        places = free[open_]
        width = np.minimum(np.maximum(places, LOOK // len(open_)), ends[open_] - reached[open_])
        which, entry = _spans(reached[open_], width)
        application, key = lists.applications[entry], _key(rank, entry)
        willing = key < held[application]
        count = np.cumsum(willing)
        nth = count - (count - willing)[np.cumsum(width) - width][which]
        asked = np.flatnonzero(willing & (nth <= places[which]))
        reached[open_] += width
        last = asked[nth[asked] == places[which[asked]]]
        reached[open_[which[last]]] = entry[last] + 1

        # 2. Each household holds the best.
        application, key, home = application[asked], key[asked], open_[which[asked]]
        np.minimum.at(held, application, key)
        won = held[application] == key
        application, home = application[won], home[won]
        refused = holder[application]
        holder[application] = home

        # 3. What was held before is free again; what was not taken was free all along.
        np.subtract.at(free, home, 1)
        np.add.at(free, refused[refused >= 0], 1)
    return held, reached


def _first_with_nothing(
    lists: Lists, held: NDArray[np.int64], reached: NDArray[np.int64]
) -> NDArray[np.int64]:
    """On each list, where the first who holds nothing stands, or the end.

    Whoever was asked holds something, so it is looked for from where homes stopped asking, in
    steps of double length.
    """
    at, ends = reached.copy(), lists.starts[1:]
    looking = np.flatnonzero(at < ends)
    step = 1
    while len(looking):
        width = np.minimum(step, ends[looking] - at[looking])
        which, entry = _spans(at[looking], width)
        at[looking] += width
        found = np.flatnonzero(held[lists.applications[entry]] == NOTHING)[::-1]
        at[looking[which[found]]] = entry[found]  # of several the first, which is written last
        on = at[looking] < ends[looking]
        on[which[found]] = False
        looking = looking[on]
        step *= 2
    return at


def _by_household(
    application: NDArray[np.int32], key: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Entries household by household, each's best first, and where each household's start."""
    best_first = np.argsort(key)
    application = application[best_first]
    packed = np.sort((application.astype(np.int64) << 32) | np.arange(len(key)))
    return best_first[_lower(packed)], np.flatnonzero(np.diff(packed >> 32, prepend=-1))


def _spans(
    first: NDArray[np.int64], width: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Whole numbers from ``first`` on, ``width`` of them, span after span, and each one's span."""
    which = np.repeat(np.arange(len(width)), width)
    before = np.cumsum(width) - width
    return which, np.arange(len(which)) + (first - before)[which]


def _key(rank: NDArray[np.int32], entry: NDArray[np.int64]) -> NDArray[np.int64]:
    """A household's order of entries as one number: the rank, then the entry."""
    return (rank[entry].astype(np.int64) << 32) | entry


def _lower(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lower half of each key."""
    return key & 0xFFFFFFFF
