"""Homes let directly: no advert, offered down a list of those the scheme lets it be offered to.

Who may be let a home directly is what a kind under ``direct_lets`` says, asked as
:func:`cbl_engine.offers.direct.direct_let_findings` asks it; without a kind nothing is let directly,
but for homes that the scheme's own ladder sends there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.offers.direct import criteria_of
from cbl_engine.simulate.asking import judge_of, meets
from cbl_engine.simulate.columns import spans, within
from cbl_engine.simulate.listing import Listed
from cbl_engine.simulate.parameters import happens
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.setup import ROUTES
from cbl_engine.simulate.state import ADVERTISED, NEVER, READY, WAITING
from cbl_engine.simulate.voids import DIRECT
from cbl_engine.simulate.week_frames import Bids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.simulate.state import State

_ROUTE = ROUTES.index("direct")
_LAST = 1 << 30
_LONGEST = 200
"""Households on the list of a home; no more are read of a long register than fill the lists."""
_BLOCK = 2000
"""Households of each world that are read first."""


def set_apart(state: State, week: int) -> None:
    """Of the voids that are ready for the first time, those that are let directly."""
    setup, voids = state.setup, state.voids
    policy = policy_on(setup, setup.closes(week))
    rows = state.open_voids
    rows = rows[(voids["step"][rows] == READY) & (voids["advertised"][rows] == NEVER)
                & (voids["route"][rows] == 0)]
    if not policy.version.direct_lets or not len(rows):
        return
    share = setup.parameters["direct.share"]
    kinds = np.array([share["general"], share["accessible"], share["wheelchair"]])
    chance = kinds[setup.homes.access[state.static(voids["home"][rows])]]
    draws = setup.luck.draws("direct", state.home_ids(voids["home"][rows]), voids["nth"][rows])
    voids["route"][rows[happens(chance, draws)]] = DIRECT


def lists(state: State, week: int) -> tuple[NDArray[np.int64], Listed, Bids]:
    """Homes to be let directly, and for each those who may be let it: best first.

    They stand by band, then by the date that ranks, then by id, as many as :data:`_LONGEST`. A home
    that suits nobody is advertised after all, if it was not before.

    Returns:
        Rows of voids, their lists, and an entry of each list in the form of bids.
    """
    setup, voids = state.setup, state.voids
    close = setup.closes(week)
    rows = state.open_voids
    rows = rows[(voids["step"][rows] == READY) & (voids["route"][rows] == DIRECT)]
    rows = rows[np.lexsort((voids["home"][rows], voids["world"][rows]))]
    who, home = _pairs(state, week, rows, close)
    some = np.isin(np.arange(len(rows)), home)
    voids["route"][rows[~some & (voids["rung"][rows] == 0)]] = 0
    kept = rows[some]
    voids["step"][kept] = ADVERTISED
    voids["closed"][kept] = close
    home = (np.cumsum(some) - 1)[home]
    order = np.argsort(home, kind="stable")
    who, home = who[order], home[order]
    first = within(home) < _LONGEST
    who, home = who[first], home[first]
    starts = np.searchsorted(home, np.arange(len(kept) + 1))
    by_who = np.lexsort((home, who))
    rank = np.empty(len(who), np.int32)
    rank[by_who] = within(who[by_who]) + 1
    counts = np.zeros(len(kept), np.int64)
    listed = Listed(starts, who, (within(home) + 1).astype(np.int32), np.zeros(len(who), np.int8),
                    np.arange(len(who)), counts, np.diff(starts))
    return kept, listed, Bids(who, home, rank, np.full(len(who), np.int8(_ROUTE)),
                              np.zeros(len(who)))


def _pairs(
    state: State, week: int, rows: NDArray[np.int64], close: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Households and homes that fit each other by some kind of direct let: rows, and places.

    Households are read in their order, block after block, until every home has enough.
    """
    households, voids = state.households, state.voids
    live = state.live
    world = voids["world"][rows].astype(np.int64)
    has_home = np.bincount(world, minlength=len(state.worlds)) > 0
    who = live[households["waits"][live] & (households["status"][live] == WAITING)
               & (households["suspended_until"][live] <= close)
               & has_home[households["world"][live]]]
    who = who[_in_order(state, who, close)]
    turn = within(households["world"][who])
    wanted = np.full(len(rows), _LONGEST)
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    first, width = 0, _BLOCK
    while (wanted > 0).any() and (turn >= first).any():
        block = who[(turn >= first) & (turn < first + width)]
        pairs = _fitting(state, week, block, rows, np.flatnonzero(wanted > 0), close)
        found.append(pairs)
        wanted -= np.bincount(pairs[1], minlength=len(rows))
        first, width = first + width, 4 * width
    whose, homes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return whose, homes


def _in_order(state: State, who: NDArray[np.int64], close: int) -> NDArray[np.int64]:
    """Order by world, then by band, the date that ranks and id."""
    households = state.households
    place = policy_on(state.setup, close).place_of(state.setup.lives.bands)
    date = households["priority"][who].astype(np.int64)
    return np.lexsort((households["id"][who], np.where(date > 0, date, _LAST),
                       place[state.bands_on(who, close)], households["world"][who]))


def _fitting(
    state: State, week: int, who: NDArray[np.int64], rows: NDArray[np.int64],
    homes: NDArray[np.int64], close: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of some households and some of the homes in ``rows``, those that fit each other."""
    worlds = len(state.worlds)
    count = np.bincount(state.voids["world"][rows[homes]], minlength=worlds)
    mine = state.households["world"][who].astype(np.int64)
    which, at = spans((np.cumsum(count) - count)[mine], count[mine])
    if not len(which):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    judge = judge_of(state, close, who, rows[homes], week)
    ids, applications = judge.given_adverts["id"].to_numpy(), state.households["id"][who]
    fits = np.zeros(len(which), bool)
    for criteria in _kinds(policy_on(state.setup, close).version):
        able = np.flatnonzero(~fits)
        for criterion in criteria:
            able = able[meets(judge, criterion, close, advert=ids[at[able]],
                              application=applications[which[able]])]
        fits[able] = True
    return who[which[fits]], homes[at[fits]]


def _kinds(version: SchemeVersion) -> list[list[str]]:
    """The criteria of each kind; of a scheme without one, those common to all adverts."""
    return [criteria_of(rule, version) for rule in version.direct_lets.values()] or [
        list(version.eligible)]
