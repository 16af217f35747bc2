"""How households respond to policy: at low, central or high, as the scenario says.

Parameters ``response.*`` have a value for each. From the day of a change of policy on, more or fewer
households join and present as homeless; on the day by which everybody must register again some do
not; and who may place few bids places them with more care, in every week.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate.parameters import happens
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.state import WAITING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.setup import Setup
    from cbl_engine.simulate.state import State


def strength(setup: Setup, name: str) -> float:
    """The value of a parameter ``response.<name>`` that the scenario goes by."""
    return float(setup.parameters[f"response.{name}"][setup.response])


def since_change(setup: Setup, name: str, week: int) -> float:
    """Factor on what households do; 1 before the policy changes, and where it never does."""
    return strength(setup, name) if setup.closes(week) >= setup.responds_from else 1.0


def not_registering_again(state: State, week: int) -> NDArray[np.int64]:
    """Rows of those who do not register again, in the week by which all must."""
    setup, households = state.setup, state.households
    if not setup.monday(week) <= setup.register_again_on < setup.monday(week + 1):
        return np.zeros(0, np.int64)
    rows = state.live[households["status"][state.live] == WAITING]
    rows = rows[(households["registered"][rows] < setup.register_again_on)
                & ~households["decants"][rows]]
    draws = setup.luck.draws("registers_again", households["id"][rows])
    return rows[happens(strength(setup, "not_registering_again"), draws)]


def care(setup: Setup, week: int) -> float:
    """Factor on what makes a home wanted: more where a cap leaves fewer bids than is usual."""
    cap = policy_on(setup, setup.closes(week)).cap
    fewer = cap is not None and cap < setup.parameters["bidding.most_bids"]
    return strength(setup, "care_under_caps") if fewer else 1.0
