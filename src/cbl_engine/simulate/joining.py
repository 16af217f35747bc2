"""Which households join: like those of a register on a day, but for the duties they are owed.

A register on a day has few households under a duty that soon ends or brings a home soon, and yet many
join under it. So the share of those owed a duty is ``arrivals.owed_duty`` times what it is on a register,
and after a change of policy ``response.homeless`` times that, in place of others who are no tenants.
Which of them is so by a draw of its own: of two values the higher brings the same households and more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate import response
from cbl_engine.simulate.duties import RECORDED
from cbl_engine.simulate.lives import GROUPS
from cbl_engine.simulate.parameters import happens, share_edges, sorted_out
from cbl_engine.simulate.state import NOBODY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.lives import Lives
    from cbl_engine.simulate.setup import Setup

_Keys = tuple["NDArray[np.int64]", int, "NDArray[np.int64]"]
"""World, week and number of each household: whose draws they are."""
_DUTIES = slice(len(RECORDED))
_OTHER = GROUPS.index("other")


def lives_of(setup: Setup, week: int, keys: _Keys) -> NDArray[np.int64]:
    """The life of each household that joins in a week."""
    lives, luck = setup.lives, setup.luck
    track = lives.track_on(setup.closes(week))
    life = _like_a_register(setup, track, keys)
    members = lives.pool_by_group(track)
    are = np.array([len(those) for those in members], float)
    are /= are.sum()
    wanted = _shares(setup, week, are)
    less = np.divide(are - wanted, are, out=np.zeros_like(are), where=are > wanted)
    changed = np.flatnonzero(happens(less[lives.group[life]], luck.draws("joins", *keys)))
    if not len(changed):
        return life
    world, _, number = keys
    own = world[changed], week, number[changed]
    more = np.maximum(wanted - are, 0)
    edges = share_edges(dict(zip(GROUPS, more / more.sum(), strict=True)))
    into = np.minimum(sorted_out(edges, luck.draws("joins/duty", *own)), np.flatnonzero(more)[-1])
    draws = luck.draws("joins/life", *own)
    for group in np.unique(into).tolist():
        those, mine = members[group], into == group
        life[changed[mine]] = those[(draws[mine] % np.uint64(len(those))).astype(np.int64)]
    return life


def _shares(setup: Setup, week: int, are: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of each group among those who join, where it is ``are`` of those made.

    Tenants join as they are; of the others all are owed a duty at most. Where all of those made are,
    nothing changes.
    """
    if not are[_OTHER]:
        return are
    usual, wanted = setup.parameters["arrivals.owed_duty"], are.copy()
    owed = are[_DUTIES] * [usual.get(duty, 1.0) for duty in RECORDED]
    owed *= response.since_change(setup, "homeless", week)
    most = are[_DUTIES].sum() + are[_OTHER]
    wanted[_DUTIES] = owed * min(1.0, most / max(owed.sum(), most))
    wanted[_OTHER] = most - wanted[_DUTIES].sum()
    return wanted


def _like_a_register(setup: Setup, track: int, keys: _Keys) -> NDArray[np.int64]:
    """A life for each: of those made, the first drawn that the scheme takes onto its register.

    So under two schemes that both take it, a household lives the same life.
    """
    world, week, number = keys
    lives: Lives = setup.lives
    of_made = lives.of_made(track)
    life = np.full(len(number), NOBODY, np.int64)
    left, turn = np.arange(len(number)), 0
    while len(left):
        draws = setup.luck.draws("life", world[left], week, number[left], turn)
        life[left] = of_made[(draws % np.uint64(lives.made)).astype(np.int64)]
        left, turn = left[life[left] == NOBODY], turn + 1
    return life
