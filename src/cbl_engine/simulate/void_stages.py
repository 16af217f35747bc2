"""What a void goes through before works begin: notice, keys and inspection, and the works it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate.parameters import picked, sorted_out
from cbl_engine.simulate.setup import ACQUIRED, CAUSES, MOVED, NEW_HOME, WORKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.state import State


@dataclass(frozen=True, eq=False)
class Stages:
    """Days of the first stages of voids, their kind of works and its length [days]."""

    notice: NDArray[np.int32]
    keys: NDArray[np.int32]
    inspected: NDArray[np.int32]
    works: NDArray[np.int64]
    length: NDArray[np.int32]


def stages_of(
    state: State, home: NDArray[np.int64], cause: NDArray[np.integer], day: NDArray[np.integer],
    nth: NDArray[np.integer],
) -> Stages:
    """The stages of voids of some homes, by the cause and day of each and its number in the home."""
    setup, luck = state.setup, state.setup.luck
    key = state.home_ids(home), nth
    n = len(home)
    day = day.astype(np.int32)
    if setup.theory.no_void_days:
        nothing = np.zeros(n, np.int32)
        return Stages(day, day, day, nothing.astype(np.int64), nothing)

    def days(name: str) -> NDArray[np.int32]:
        return picked(setup.days[name], luck.draws(name, *key))

    old = cause != NEW_HOME
    ended = old & (cause != ACQUIRED)
    told = (cause == CAUSES.index("left")) | (cause == MOVED)
    keys = day + np.where(ended, days("voids.late_keys_days"), 0)
    kind = sorted_out(setup.edges["voids.works"], luck.draws("works", *key))
    kind = np.where(old, np.minimum(kind, len(WORKS) - 1), 0)
    return Stages(
        day - np.where(told, days("voids.notice_days"), 0), keys,
        keys + np.where(old, days("voids.inspection_days"), 0), kind,
        works_days(state, kind, old, key))


def works_days(
    state: State, kind: NDArray[np.integer], old: NDArray[np.bool_],
    key: tuple[NDArray[np.integer], NDArray[np.integer]],
) -> NDArray[np.int32]:
    """Length of the works of voids [days]; none in new homes, nor in theory."""
    setup = state.setup
    length = np.zeros(len(kind), np.int32)
    if setup.theory.no_void_days:
        return length
    draws = setup.luck.draws("works_days", *key)
    for number, name in enumerate(WORKS):
        mine = (kind == number) & old
        length[mine] = picked(setup.days[f"voids.works_days/{name}"], draws[mine])
    return length
