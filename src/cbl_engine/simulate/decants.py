"""Tenants who must move out of their homes: for works, to come back; or for good, before demolition.

Who must go for good joins the register, or is on it, and is let the smallest home that fits directly,
ahead of everybody else: such moves lie outside Part 6 of the Housing Act 1996 (s.159(4A) and (4B)). No home
comes back. Who goes for works lives in a home that is ready until the works are over: no letting, and
that home comes back as a void. A tenant on the register does not go for works until it is off it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate.columns import first_fit, spans, within
from cbl_engine.simulate.downsizing import FIRST_NUMBER
from cbl_engine.simulate.listing import Listed
from cbl_engine.simulate.luck import poisson_counts
from cbl_engine.simulate.parameters import picked
from cbl_engine.simulate.setup import DEMOLISHED, RETURNED, ROUTES, STANDING
from cbl_engine.simulate.state import (
    ADVERTISED,
    DECANT_HOME,
    DECANTED,
    LET,
    NEVER,
    NOBODY,
    OVER,
    READY,
    UNDER_OFFER,
    WAITING,
    join,
)
from cbl_engine.simulate.voids import FOR_DECANT, SET_ASIDE, due_to_end, happened, open_void
from cbl_engine.simulate.week_frames import Bids
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cbl_engine.simulate.state import State

_DIRECT = ROUTES.index("direct")


def ask(state: State, week: int) -> NDArray[np.int64]:
    """Tenants are told this week that they must move; rows of those who join the register for it."""
    dated = [(d.for_good, _chosen(state, number, d.homes))
             for number, d in enumerate(state.setup.decants)
             if state.setup.monday(week) <= d.day < state.setup.monday(week + 1)]
    due, what = due_to_end(state, week)
    for_good = np.unique(np.concatenate(
        [due[what == DEMOLISHED], *(home for good, home in dated if good)]))
    joined = _to_be_demolished(state, week, for_good)
    for_works = np.concatenate(
        [state.decants_asked, _at_rate(state, week), *(home for good, home in dated if not good)])
    state.decants_asked = np.unique(for_works)
    return joined


def _can_go(state: State, home: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Let homes whose tenant is not about to leave in any case."""
    holder = state.home_taker[home]
    leaving = (holder != NOBODY) & (
        (state.households["status"][holder] == UNDER_OFFER) | state.households["decants"][holder]
    ) if len(state.households) else np.zeros(len(home), bool)
    return (state.home_status[home] == LET) & ~leaving


def _chosen(state: State, number: int, homes: int) -> NDArray[np.int64]:
    """So many homes of each world, in an order of their own for each decant of the scenario."""
    home = np.flatnonzero(_can_go(state, np.arange(len(state.home_status))))
    draws = state.setup.luck.draws("decant/dated", state.home_ids(home), number)
    home = home[np.lexsort((draws, home // state.n_homes))]
    return home[within(home // state.n_homes) < homes]


def _at_rate(state: State, week: int) -> NDArray[np.int64]:
    """Homes in which works come up that nobody can live with."""
    setup, luck = state.setup, state.setup.luck
    there = np.flatnonzero(setup.homes.built_week == STANDING)
    mean = setup.parameters["stock.decants_per_year"] * len(there) * 7 / YEAR
    counts = poisson_counts(mean, luck.draws("decants", state.worlds, week))
    world, nth = spans(np.zeros(len(counts), np.int64), counts)
    draws = luck.draws("decants/home", state.worlds[world], week, nth)
    home = world * state.n_homes + there[(draws % np.uint64(max(len(there), 1))).astype(np.int64)]
    return home[_can_go(state, home)]


def _to_be_demolished(
    state: State, week: int, home: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Tenants of homes that are to go look for another: those on the register, and those who join.

    Where no household may join, the tenant goes elsewhere when the tenancy ends.
    """
    setup, households = state.setup, state.households
    lives = setup.lives
    home = home[_can_go(state, home)]
    new = home[state.home_taker[home] == NOBODY]
    pool = np.arange(lives.opening, len(lives))
    if not len(pool):
        home, new = home[state.home_taker[home] != NOBODY], new[:0]
    tenants = pool[lives.tenant[pool]] if lives.tenant[pool].any() else pool
    keys = state.home_ids(new), state.home_nth[new]
    life = np.zeros(len(new), np.int64)
    size = setup.homes.bedrooms[state.static(new)]
    draws = setup.luck.draws("decant/life", *keys)
    for bedrooms in np.unique(size):
        alike = tenants[lives.bedrooms_now[tenants] == bedrooms]
        alike = alike if len(alike) else tenants
        mine = size == bedrooms
        life[mine] = alike[(draws[mine] % np.uint64(len(alike))).astype(np.int64)]
    day = setup.monday(week) + (setup.luck.draws("decant/day", *keys) % np.uint64(7)).astype(np.int64)
    number = setup.homes.number[state.static(new)]
    joined = join(state, new // state.n_homes, week + 1, FIRST_NUMBER + number, life, day, home=new)
    rows = state.home_taker[home]
    households["decants"][rows] = True
    households["leaves"][rows] = NEVER
    state.home_ends[home] = NEVER
    happened(state, home, np.maximum(households["registered"][rows], setup.monday(week)),
             "to_be_demolished")
    return joined


def house(state: State, week: int) -> tuple[NDArray[np.int64], Listed, Bids]:
    """Homes that are ready go to tenants who must move: let to those who go for good, lived in for a
    time by those who come back. A home that was refused is advertised this week.

    Returns:
        Rows of voids set aside, the list of each, with one household on it, and its entries in the
        form of bids.
    """
    voids, monday = state.voids, state.setup.monday(week)
    rows = state.open_voids
    refused = rows[(voids["step"][rows] == READY) & (voids["route"][rows] == SET_ASIDE)]
    voids["route"][refused] = 0
    rows = rows[(voids["step"][rows] == READY) & (voids["route"][rows] == 0)
                & (voids["advertised"][rows] == NEVER) & (voids["ready"][rows] <= monday)
                & ~np.isin(rows, refused)]
    rows = rows[np.argsort(voids["home"][rows])]
    who, aside = _for_good(state, week, rows)
    _move_out(state, monday, rows[~np.isin(rows, aside)])
    voids["route"][aside] = SET_ASIDE
    voids["step"][aside] = ADVERTISED
    voids["closed"][aside] = state.setup.closes(week)
    one, at = np.ones(len(who), np.int64), np.arange(len(who))
    listed = Listed(np.arange(len(who) + 1), who, one.astype(np.int32), np.zeros(len(who), np.int8),
                    at, np.zeros(len(who), np.int64), one)
    return aside, listed, Bids(who, at, one.astype(np.int32), np.full(len(who), np.int8(_DIRECT)),
                               np.zeros(len(who)))


def _for_good(
    state: State, week: int, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Households that must go for good, those told first before others, and a void for each."""
    households, homes, lives = state.households, state.setup.homes, state.setup.lives
    live = state.live
    who = live[households["decants"][live] & (households["status"][live] == WAITING)
               & (households["registered"][live] <= state.setup.closes(week))
               & (households["suspended_until"][live] <= state.setup.closes(week))]
    who = who[np.lexsort((households["id"][who], households["registered"][who]))]

    def fits(asks: NDArray[np.int64], home: NDArray[np.int64]) -> NDArray[np.bool_]:
        life, old = households["life"][who[asks]], state.static(households["home"][who[asks]])
        size = np.left_shift(np.uint32(1), np.maximum(homes.bedrooms[home], 0).astype(np.uint32))
        return ((state.sizes_sought(who[asks]) & size) != 0) & (
            homes.access[home] >= lives.access[life]) & (
            homes.minimum_age[home] <= homes.minimum_age[old]) & (
            homes.supported[home] == homes.supported[old])

    return _matched(state, who, households["world"][who], rows, fits)


def _move_out(state: State, day: int, rows: NDArray[np.int64]) -> None:
    """Tenants whose homes need works move to homes that are ready, as far as there are some."""
    homes, voids = state.setup.homes, state.voids
    asked = state.decants_asked
    asked = asked[_can_go(state, asked)]
    free = asked[state.home_taker[asked] == NOBODY]

    def fits(asks: NDArray[np.int64], home: NDArray[np.int64]) -> NDArray[np.bool_]:
        old = state.static(free[asks])
        enough = np.minimum(state.home_need[free[asks]], homes.bedrooms[old])
        return (homes.bedrooms[home] >= enough) & (homes.access[home] >= homes.access[old]) & (
            homes.minimum_age[home] <= homes.minimum_age[old]) & (
            homes.supported[home] == homes.supported[old])

    home, used = _matched(state, free, free // state.n_homes, rows, fits)
    state.decants_asked = np.setdiff1d(asked, home)
    draws = state.setup.luck.draws("decant/days", state.home_ids(home), state.home_nth[home])
    length = picked(state.setup.days["stock.decant_days"], draws)
    to = voids["home"][used]
    voids["step"][used] = OVER
    voids["route"][used] = FOR_DECANT
    state.home_status[home], state.home_status[to] = DECANTED, DECANT_HOME
    # The tenancy goes on: what would have ended it does so as long after the return.
    state.home_ends[home] = np.minimum(state.home_ends[home].astype(np.int64) + length, NEVER)
    state.decants.append(len(home), home=home, to=to, since=day, until=day + length)
    happened(state, home, day, "decanted")


def _matched(
    state: State, who: NDArray[np.int64], world: NDArray[np.integer], rows: NDArray[np.int64],
    fits: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each in turn takes the smallest void of its world that fits, the first by home; the pairs.

    Args:
        state: the worlds.
        who: whoever is to be given one, in order.
        world: place of each one's world.
        rows: voids, in order of their homes.
        fits: whether a home (its number) fits one (its place in ``who``).
    """
    of = state.voids["world"][rows].astype(np.int64)
    counts = np.bincount(of, minlength=len(state.worlds))
    asks, at = spans((np.cumsum(counts) - counts)[world], counts[world])
    home = state.static(state.voids["home"][rows[at]])
    keep = fits(asks, home)
    asks, at, home = asks[keep], at[keep], home[keep]
    order = np.lexsort((at, state.setup.homes.bedrooms[home], asks))
    one, other = first_fit(asks[order], at[order])
    return who[one], rows[other]


def come_back(state: State, week: int) -> None:
    """Works are over: tenants go back to their homes, and those they lived in come empty."""
    decants = state.decants
    due = np.flatnonzero(~decants["over"] & (decants["until"] < state.setup.monday(week + 1)))
    decants["over"][due] = True
    home, day = decants["home"][due], np.maximum(decants["until"][due], state.setup.monday(week))
    state.home_status[home] = LET
    happened(state, home, day, "returned_from_decant")
    to = decants["to"][due]
    open_void(state, to, np.full(len(to), RETURNED), day)
