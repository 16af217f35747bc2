"""Who has come to see a home, and whether it waits for somebody above them on its list.

As the live engine has it: as many come as may view a home together; once somebody came, only those
above are still asked to; when nobody above can be asked and nobody else is to come, the home is
offered to the highest of those who came, and nobody new is asked while it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate.columns import spans
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.setup import ACCEPTED, REFUSED
from cbl_engine.simulate.state import NEVER
from cbl_engine.simulate.voids import BY_BIDDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.offering import Going
    from cbl_engine.simulate.setup import Setup
    from cbl_engine.simulate.state import State


def seen_on(
    setup: Setup, on: NDArray[np.integer], takes: NDArray[np.int64], outcome: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Day on which each nominee has seen the home and goes on; never, of those who end before.

    Args:
        setup: what worlds share.
        on: days of the nominations.
        takes: days from them to what becomes of each.
        outcome: which that is, a number in ``OUTCOMES``.
    """
    seen = on + np.floor(takes * setup.parameters["nominations.seen_after"]).astype(np.int64)
    return np.where(np.isin(outcome, (ACCEPTED, REFUSED[1])), seen, NEVER)


@dataclass(frozen=True, eq=False)
class Visits:
    """How some lists stand.

    Attributes:
        places: households that may be asked to each home now.
        upto: the entry before which they stand: the end of the list, or of those who came the
            highest placed.
        highest: row of that one's nomination; -1 where nobody came.
        all_came: whether somebody came, nobody else is to come in time, and the home is on offer to
            nobody.
    """

    places: NDArray[np.int64]
    upto: NDArray[np.int64]
    highest: NDArray[np.int64]
    all_came: NDArray[np.bool_]


def visits(state: State, going: Going, lists: NDArray[np.int64], day: int) -> Visits:
    """How lists stand on a day.

    A home that is not viewed, or let directly, has no place while somebody is nominated for it.

    Args:
        state: the worlds.
        going: lists.
        lists: numbers of those asked about, each of another home.
        day: the day.
    """
    nominations, voids, n = state.nominations, state.voids, len(lists)
    policy = policy_on(state.setup, day)
    void = going.void[lists]
    direct = voids["route"][void] != BY_BIDDING
    together = np.where(direct, 1, policy.at_once[state.static(voids["home"][void])])
    upto, highest = going.starts[lists + 1].copy(), np.full(n, -1)
    alone = voids["pending"][void] == 0
    if not policy.viewed:
        return Visits(np.where(alone, together, 0), upto, highest, np.zeros(n, bool))
    open_ = state.open_nominations()
    by_void = np.flatnonzero(~direct)[np.argsort(void[~direct])]
    place = np.searchsorted(void[by_void], nominations["void"][open_])
    at = np.append(by_void, -1)[place]
    here = np.append(void, -1)[at] == nominations["void"][open_]
    open_, at = open_[here], at[here]
    if not len(open_):
        places = np.where(direct & ~alone, 0, together)
        return Visits(places, upto, highest, np.zeros(n, bool))
    came = nominations["seen"][open_] <= day
    waits = ~came & (nominations["view_by"][open_] >= day)
    count, awaited = np.bincount(at, minlength=n), np.bincount(at[waits], minlength=n)
    on_offer = np.bincount(at[nominations["offered"][open_]], minlength=n) > 0
    someone = np.bincount(at[came], minlength=n) > 0
    places = np.maximum(together - np.where(someone, awaited, count), 0)
    places[on_offer | (direct & ~alone)] = 0
    if came.any():
        open_, at = open_[came], at[came]
        entry = _entries(state, going, lists, open_, at)
        order = np.lexsort((entry, at))
        first = order[np.diff(at[order], prepend=-1) > 0]
        upto[at[first]], highest[at[first]] = entry[first], open_[first]
    return Visits(places, upto, highest, someone & (awaited == 0) & ~on_offer)


def _entries(
    state: State, going: Going, lists: NDArray[np.int64], rows: NDArray[np.int64],
    at: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The entry of each nomination on its list; where the list begins if it is there no more."""
    used, which = np.unique(at, return_inverse=True)
    starts = going.starts[lists[used]]
    of, entry = spans(starts, going.starts[lists[used] + 1] - starts)
    n = len(state.households)
    # Nominations are few beside the entries of their lists, so it is they that are put in order.
    wanted, back = np.unique(
        which * n + state.nominations["household"][rows], return_inverse=True)
    keys = of * n + going.household[entry]
    place = np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)
    hit = wanted[place] == keys
    found = np.full(len(wanted), -1)
    found[place[hit]] = entry[hit]
    return np.where(found[back] >= 0, found[back], starts[which])
