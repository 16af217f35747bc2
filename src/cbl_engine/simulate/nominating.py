"""Nominations: what will become of each is drawn on the day, or on some later one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cbl_engine.simulate import nominees
from cbl_engine.simulate.parameters import picked
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.state import NEVER, UNDER_OFFER
from cbl_engine.simulate.viewings import seen_on
from cbl_engine.simulate.voids import BY_BIDDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.state import State


def nominate(
    state: State, void: NDArray[np.int64], who: NDArray[np.int64], position: NDArray[np.int32],
    route: NDArray[np.int8], utility: NDArray[np.float64], day: int,
) -> NDArray[np.int64]:
    """Households are nominated for homes; what will become of each is drawn. Returns their rows."""
    return enter(state, void, who, position, route, np.full(len(who), day),
                 fates(state, void, who, route, utility, day), day)


class Fates(NamedTuple):
    """What will become of nominations.

    Attributes:
        outcome: numbers in ``OUTCOMES``.
        takes: days from the nomination to it, the landlord's among them.
        answered: days of the landlord.
    """

    outcome: NDArray[np.int64]
    takes: NDArray[np.int64]
    answered: NDArray[np.int64]


def key_of(
    state: State, void: NDArray[np.int64], who: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.integer]]:
    """Whose the draws of a nomination are: the household's for this void, so that they are the same
    under another scheme.
    """
    voids = state.voids
    return (state.households["id"][who], state.home_ids(voids["home"][void]), voids["nth"][void])


def fates(
    state: State, void: NDArray[np.int64], who: NDArray[np.int64], route: NDArray[np.int8],
    utility: NDArray[np.float64], day: int, *more: NDArray[np.integer],
) -> Fates:
    """What will become of nominations is drawn.

    Args:
        state: the worlds.
        void: rows of voids.
        who: rows of households.
        route: number in ``ROUTES``.
        utility: of the home to the household [log odds].
        day: whose policy says how long a landlord may take.
        more: keys of the draws beside household and void.
    """
    setup, voids = state.setup, state.voids
    key = (*key_of(state, void, who), *more)
    home, life = state.static(voids["home"][void]), state.households["life"][who]
    outcome = nominees.outcomes(setup, key, route, home, life, utility)
    takes = nominees.days_taken(setup, key, route, home, life, outcome)
    answered = picked(setup.days["nominations.landlord_days"], setup.luck.draws("answered", *key))
    answered = np.minimum(answered, policy_on(setup, day).answer_days(home, day))
    takes = np.zeros_like(takes) if setup.theory.no_void_days else takes + answered
    return Fates(outcome, takes, answered)


def enter(
    state: State, void: NDArray[np.int64], who: NDArray[np.int64], position: NDArray[np.integer],
    route: NDArray[np.int8], on: NDArray[np.integer], fate: Fates, day: int,
) -> NDArray[np.int64]:
    """Nominations are under way until their own day comes.

    Args:
        state: the worlds.
        void: rows of voids.
        who: rows of households.
        position: on the lists.
        route: number in ``ROUTES``.
        on: day of each nomination. Who has seen the home before ``day`` has it on offer.
        fate: what will become of each.
        day: whose policy says what is viewed, and within how long.

    Returns:
        Rows.
    """
    setup, voids, households = state.setup, state.voids, state.households
    policy = policy_on(setup, day)
    viewed = policy.viewed & (voids["route"][void] == BY_BIDDING)
    signs = picked(setup.days["nominations.sign_up_days"],
                   setup.luck.draws("signs", *key_of(state, void, who)))
    if setup.theory.no_void_days:
        signs = np.zeros_like(signs)
    seen = np.where(viewed, seen_on(setup, on, fate.takes, fate.outcome), NEVER)
    households["status"][who] = UNDER_OFFER
    households["offers"][who] += 1
    np.add.at(voids["pending"], void, 1)
    np.add.at(voids["nominations"], void, 1)
    rows = state.nominations.append(
        len(who), void=void, household=who, position=position, on=on, seen=seen,
        offered=~viewed | (seen < day),
        view_by=np.where(viewed, on + fate.answered + policy.view_days(day), NEVER),
        outcome=-fate.outcome - 2, due=on + fate.takes, signs=signs, route=route,
        band=state.bands_on(who, day),
    )
    state.unsettled = np.concatenate([state.unsettled, rows])
    return rows
