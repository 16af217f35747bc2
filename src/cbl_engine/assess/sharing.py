"""The fewest bedrooms in which people may sleep, by a closed form, and bounds where facts lack.

Everyone counted falls into one class by age and sex. Whom the classes may share with:

============  ==============================================  ===================================
class         who                                             may share with
============  ==============================================  ===================================
``YOUNG``     young enough to share with anyone as young,     YOUNG, BOTH of either sex
              outside the ages of sharing by sex
``BOTH_F/M``  young enough for that, and within those ages    YOUNG, BOTH of either sex, and OLD
                                                              of their own sex
``OLD_F/M``   of an age to share only by sex                  OLD and BOTH of their own sex
``ADULT``     with a room of their own                        nobody
``APART``     who cannot share                                nobody
============  ==============================================  ===================================

**Closed form.** Let ``o_s`` be the number OLD of sex s, ``b_s`` of BOTH of sex s, and ``y`` that of
YOUNG and BOTH together. With ``c_s`` = 1 if ``o_s`` is odd and ``b_s`` > 0, else 0, the fewest
rooms are ::

    sum over s of ceil(o_s / 2)  +  ceil((y - sum over s of c_s) / 2)

*Proof.* Rooms hold one or two. In any arrangement let k_s be the number of rooms with an OLD and a
BOTH of sex s; k_s is at most o_s and at most b_s. The other o_s - k_s OLD of that sex share only
among themselves and fill at least ceil((o_s - k_s) / 2) rooms; the y - sum k_s YOUNG and BOTH who
are left share freely and fill at least ceil((y - sum k_s) / 2). Both are reached, so the fewest
rooms are the least over k of ::

    R(k) = sum over s of [k_s + ceil((o_s - k_s) / 2)]  +  ceil((y - sum over s of k_s) / 2)

Lower any k_s of at least 2 by two: its bracket falls by 1 and the last term rises by 1, so R stays.
So k_s in {0, 1} is enough. From 0 to 1 the bracket of s changes by nothing if o_s is odd, and by +1
if o_s is even; the last term, whatever the other sex does, falls by 1 or by nothing. So k_s = 1 is
never worse when o_s is odd, and never better when it is even: k_s = c_s is best.  QED

A greedy choice is not: with boys of 12 and 8 and girls of 9 and 14, putting the two under 10
together first leaves two who are alone, three rooms in place of two.

``WILD`` is a BOTH whose sex is taken as the one that needs the fewest rooms: each stands in for one
sex with an odd ``o_s`` and no ``b_s``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int16]

(NONE, ADULT, APART, YOUNG, BOTH_F, BOTH_M, OLD_F, OLD_M, WILD, COUPLE, PARTNER, CARER, FOSTER,
 PART_TIME) = range(14)
N_CLASSES = 14
UNCERTAIN = 255
"""NONE is not counted. COUPLE is the one of a couple that brings its room, PARTNER the other.
CARER, FOSTER and PART_TIME have one room for all of their kind."""

_IN_A_WORD = 8
MOST_PEOPLE = 255
"""People that one household may have."""


class Rooms(NamedTuple):
    """Rooms by why they are needed, one row a household."""

    couples: Counts
    own_room: Counts
    cannot_share: Counts
    same_sex_pairs: Counts
    any_sex_pairs: Counts
    unpaired: Counts
    carers: Counts
    foster_children: Counts
    part_time_children: Counts

    def total(self) -> Counts:
        """Rooms in all."""
        whole = self.couples + self.own_room
        for rooms in self[2:]:
            if rooms.any():
                whole += rooms
        return whole


def counts_by_class(
    masks: NDArray[np.uint16], starts: NDArray[np.int64], beds: bool = False
) -> list[Counts]:
    """How many of each class that brings a room each household has.

    Args:
        masks: bit k is set when the person's class may be k, households one after another; those of
            several classes are left out.
        starts: where each household begins; none is empty.
        beds: count PARTNER too, who brings no room.

    Eight counts share an integer, a byte each, while people are summed: a pass over people costs
    more than all that follows. The sums are differences of a running one, which may overflow:
    modulo 2^64 they are right all the same.
    """
    counts = [np.zeros(len(starts), np.int16)] * N_CLASSES
    left_out = {NONE} if beds else {NONE, PARTNER}
    occurs = int(np.bitwise_or.reduce(masks))
    present = [k for k in range(N_CLASSES) if occurs >> k & 1 and k not in left_out]
    before = np.zeros(len(masks) + 1, "<u8")
    ends = np.append(starts, len(masks))
    for first in range(0, len(present), _IN_A_WORD):
        kinds = present[first : first + _IN_A_WORD]
        weight = np.zeros(1 << N_CLASSES, "<u8")
        for byte, kind in enumerate(kinds):
            weight[1 << kind] = 1 << (8 * byte)
        np.cumsum(weight[masks], out=before[1:])
        words = np.diff(before[ends]).view(np.uint8).reshape(-1, _IN_A_WORD)
        for byte, kind in enumerate(kinds):
            counts[kind] = words[:, byte].astype(np.int16)
    return counts


def fewest_rooms(counts: list[Counts]) -> Rooms:
    """The fewest rooms of each household, by the closed form of this module."""
    young = counts[YOUNG] + counts[BOTH_F] + counts[BOTH_M] + counts[WILD]
    odd_f, odd_m = counts[OLD_F] & 1, counts[OLD_M] & 1
    met_f, met_m = odd_f & (counts[BOTH_F] > 0), odd_m & (counts[BOTH_M] > 0)
    unmet = (odd_f - met_f) + (odd_m - met_m)
    wild = np.minimum(counts[WILD], unmet)
    across = met_f + met_m + wild
    left = young - across
    return Rooms(
        couples=counts[COUPLE],
        own_room=counts[ADULT],
        cannot_share=counts[APART],
        same_sex_pairs=(counts[OLD_F] >> 1) + (counts[OLD_M] >> 1) + across,
        any_sex_pairs=left >> 1,
        unpaired=unmet - wild + (left & 1),
        carers=np.minimum(counts[CARER], 1),
        foster_children=np.minimum(counts[FOSTER], 1),
        part_time_children=np.minimum(counts[PART_TIME], 1),
    )


def wild_used(counts: list[Counts]) -> NDArray[np.bool_]:
    """Whether it mattered that an unborn child's sex was taken as the best one."""
    unmet = [
        (counts[old] & 1).astype(bool) & (counts[both] == 0)
        for old, both in ((OLD_F, BOTH_F), (OLD_M, BOTH_M))
    ]
    return (counts[WILD] > 0) & (unmet[0] | unmet[1])


# A state is what the rooms of a household depend on beside its full rooms: the parities of OLD_F,
# OLD_M and of the young, whether there is a BOTH_F and a BOTH_M, up to two WILD, and whether there
# is a carer, a foster child and a part-time child.
_STATE = (2, 2, 2, 2, 2, 3, 2, 2, 2)
_ODD_F, _ODD_M, _ODD_Y, _HAS_F, _HAS_M, _N_WILD, _HAS_CARER, _HAS_FOSTER, _HAS_PART = range(9)
_SETS = {BOTH_F: _HAS_F, BOTH_M: _HAS_M, CARER: _HAS_CARER, FOSTER: _HAS_FOSTER,
         PART_TIME: _HAS_PART}
_TOGGLES = {OLD_F: _ODD_F, OLD_M: _ODD_M, YOUNG: _ODD_Y, BOTH_F: _ODD_Y, BOTH_M: _ODD_Y,
            WILD: _ODD_Y}


def least_and_most(
    counts: list[Counts], masks: NDArray[np.uint16], holder: NDArray[np.int64]
) -> tuple[Counts, Counts]:
    """The fewest rooms under the best and the worst that the missing facts may turn out to be.

    1. full rooms and state of each household from the people whose class is certain; 2. distinct
    sets of uncertain people; 3. for each of them and each state, the fewest and the most rooms that
    they add, person by person (:func:`_added`); 4. looked up. Exact: every combination counts.

    Args:
        counts: by class, of those whose class is certain; one row a household.
        masks: one row an uncertain person: bit k is set when the class may be k.
        holder: the household (row of the counts) of each.

    Returns:
        Least and most rooms of each household.
    """
    young = counts[YOUNG] + counts[BOTH_F] + counts[BOTH_M] + counts[WILD]
    full = counts[ADULT] + counts[APART] + counts[COUPLE] + (young >> 1)
    full += (counts[OLD_F] >> 1) + (counts[OLD_M] >> 1)
    state = np.ravel_multi_index(
        (
            counts[OLD_F] & 1,
            counts[OLD_M] & 1,
            young & 1,
            np.minimum(counts[BOTH_F], 1),
            np.minimum(counts[BOTH_M], 1),
            np.minimum(counts[WILD], 2),
            np.minimum(counts[CARER], 1),
            np.minimum(counts[FOSTER], 1),
            np.minimum(counts[PART_TIME], 1),
        ),
        _STATE,
    )
    sets, which = _distinct_sets(masks, holder, len(full))
    low, high = (_added(sets, best) for best in (np.minimum, np.maximum))
    return full + low[which, state], full + high[which, state]


def _distinct_sets(
    masks: NDArray[np.uint16], holder: NDArray[np.int64], n: int
) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """The distinct sets of uncertain people, one a row and padded with 0, and each household's."""
    order = np.lexsort((masks, holder))
    masks, holder = masks[order], holder[order]
    first = np.searchsorted(holder, np.arange(n))
    place = np.arange(len(holder)) - first[holder]
    padded = np.zeros((n, int(place.max(initial=-1)) + 1), np.uint16)
    padded[holder, place] = masks
    sets, which = np.unique(padded, axis=0, return_inverse=True)
    return sets, which.reshape(-1)


def _added(sets: NDArray[np.uint16], best: np.ufunc) -> Counts:
    """Rooms that each set of people adds to the full ones, from each state: sets x states.

    Backwards: what the people after one add from each state is known before that one is placed.
    Loops over places in a household and classes.
    """
    step, full, final = _steps()
    value = np.repeat(final[None, :], len(sets), axis=0)
    worst = np.int16(-10_000 if best is np.maximum else 10_000)
    for place in range(sets.shape[1]):
        mask = sets[:, place]
        placed = np.full_like(value, worst)
        for kind in range(N_CLASSES):
            rows = np.flatnonzero(mask & (1 << kind))
            if len(rows):
                after = value[rows][:, step[kind]] + full[kind]
                placed[rows] = best(placed[rows], after)
        value = np.where((mask > 0)[:, None], placed, value)
    return value


@lru_cache(maxsize=1)
def _steps() -> tuple[NDArray[np.int64], Counts, Counts]:
    """For each class and state the state after, and the full rooms added; rooms at the end."""
    n = int(np.prod(_STATE))
    at = [part.astype(np.int16) for part in np.unravel_index(np.arange(n), _STATE)]
    step = np.tile(np.arange(n), (N_CLASSES, 1))
    full = np.zeros((N_CLASSES, n), np.int16)
    for kind in range(N_CLASSES):
        after = list(at)
        if kind in (ADULT, APART, COUPLE):
            full[kind] = 1
        if kind in _SETS:
            after[_SETS[kind]] = np.ones(n, np.int16)
        if kind == WILD:
            after[_N_WILD] = np.minimum(at[_N_WILD] + 1, 2)
        if kind in _TOGGLES:
            odd = at[_TOGGLES[kind]]
            after[_TOGGLES[kind]] = 1 - odd
            full[kind] = odd
        step[kind] = np.ravel_multi_index(tuple(after), _STATE)
    met = (at[_ODD_F] & at[_HAS_F]) + (at[_ODD_M] & at[_HAS_M])
    odd = at[_ODD_F] + at[_ODD_M]
    across = met + np.minimum(at[_N_WILD], odd - met)
    final = odd + (at[_ODD_Y] - across + 1) // 2
    return step, full, final + at[_HAS_CARER] + at[_HAS_FOSTER] + at[_HAS_PART]
