"""Tenants with a bedroom too many who ask to move to a smaller home.

Most never do. Who does joins the register with its own home, as a household of the pool of lives that
lives in as many bedrooms and needs fewer; it may refuse without penalty. Of those who ask under an
incentive, the same draws say who would have asked without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate.luck import new_ids
from cbl_engine.simulate.parameters import happens
from cbl_engine.simulate.state import LET, NOBODY, join
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.setup import Setup
    from cbl_engine.simulate.state import State

FIRST_NUMBER = 1 << 23
"""Numbers of those who ask, in a week of a world: this and the number of their home."""
_WEEKS = YEAR / 7
ASKS, WOULD_ANYWAY = 1, 2
"""How a household came to ask: under the incentive alone, or in any case; 0: it is none of these."""


def ask(state: State, week: int) -> NDArray[np.int64]:
    """Under-occupying tenants join the register this week; their rows."""
    setup, luck, homes = state.setup, state.setup.luck, state.setup.homes
    p = setup.parameters
    lives = _lives(setup, week)
    nobody = np.zeros(0, np.int64)
    if not p["downsizing.registers_per_year"] or not any(len(of) for of in lives):
        return nobody
    n_homes = state.n_homes
    wide = np.array([len(of) > 0 for of in lives])[np.clip(homes.bedrooms, 0, len(lives) - 1)]
    # World by world in rows: bytes and no numbers of homes, of which there are millions.
    under = homes.bedrooms > state.home_need.reshape(-1, n_homes)
    under &= wide
    under &= state.home_status.reshape(-1, n_homes) == LET
    home = np.flatnonzero(under)
    world = home // n_homes
    number = home - world * n_homes
    nth = state.home_nth[home]
    draws = luck.draws("downsizes", new_ids(state.worlds[world], 0, homes.number[number]), nth, week)
    likely = happens(1 - np.exp(-_highest(p) / _WEEKS), draws)
    likely[likely] = state.home_taker[home[likely]] == NOBODY
    home, draws, nth = home[likely], draws[likely], nth[likely]
    bedrooms = homes.bedrooms[number[likely]].astype(np.int64)
    spare = bedrooms - state.home_need[home]
    keys = state.home_ids(home), nth
    pensioner = happens(p["downsizing.pensioners"], luck.draws("pensioner", *keys))
    deduction = p["downsizing.deduction"]
    lost = np.where(pensioner, 0.0, np.where(spare == 1, deduction["one"], deduction["more"]))
    rate = p["downsizing.registers_per_year"] * (1 + p["downsizing.deduction_effect"] * lost)
    rate = rate * np.where(pensioner, p["downsizing.pensioners_ask"], 1.0)
    usual = happens(1 - np.exp(-rate / _WEEKS), draws)
    asks = happens(1 - np.exp(-rate * p["downsizing.incentive"] / _WEEKS), draws)
    home, usual = home[asks], usual[asks]
    if not len(home):
        return nobody
    keys = tuple(k[asks] for k in keys)
    draws = luck.draws("downsizes/life", *keys, week)
    life = np.array([lives[b][d % np.uint64(len(lives[b]))] for b, d in zip(
        bedrooms[asks].tolist(), draws, strict=True)], np.int64)
    day = setup.monday(week) + (luck.draws("downsizes/day", *keys, week) % np.uint64(7)).astype(
        np.int64)
    rows = join(state, home // state.n_homes, week + 1,
                FIRST_NUMBER + homes.number[state.static(home)], life, day, home=home)
    state.households["downsizes"][rows] = np.where(usual, WOULD_ANYWAY, ASKS)
    return rows


def _highest(p: Parameters) -> float:
    """The highest rate of asking that any tenant can have [a year]."""
    most = 1 + max(0.0, p["downsizing.deduction_effect"]) * max(p["downsizing.deduction"].values())
    return (p["downsizing.registers_per_year"] * most * max(1.0, p["downsizing.pensioners_ask"])
            * max(1.0, p["downsizing.incentive"]))


def _lives(setup: Setup, week: int) -> list[NDArray[np.int64]]:
    """By bedrooms of the present home: lives of the pool that need fewer."""
    lives = setup.lives
    track = lives.track_on(setup.closes(week))
    pool = lives.pool(track)
    need = lives.need[lives.starts[lives.thread(pool, track)]]
    under = lives.tenant[pool] & (need > 0) & (lives.bedrooms_now[pool] > need)
    return [pool[under & (lives.bedrooms_now[pool] == n)] for n in range(10)]
