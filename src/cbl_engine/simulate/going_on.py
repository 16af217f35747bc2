"""Worlds go on where a council's lists were: who is asked next, who is under offer, who has accepted.

Lists are in the order of the live shortlist as at the start. Who was nominated and failed is not
asked again. Who is under offer has been for so many days: what becomes of the nomination is drawn
until it lasts to the start. Who has accepted is let the home. The others are asked from the first day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.simulate import (
    advertising,
    choice,
    let_before,
    listing,
    nominating,
    offering,
    register,
    targets,
    week_frames,
)
from cbl_engine.simulate.consequences import refused_before
from cbl_engine.simulate.lists_under_way import DIRECT_ROUTE, FAILED, TAKEN, TO_ASK, UNDER_WAY
from cbl_engine.simulate.opening import signed_on, voids_of
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.setup import ACCEPTED
from cbl_engine.simulate.state import ADVERTISED, MOST_BEDROOMS
from cbl_engine.simulate.voids import DIRECT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.lists_under_way import ListsUnderWay
    from cbl_engine.simulate.state import State

_TRIES = 64
"""Times that what becomes of a nomination under way is drawn; after them it is over on the first day."""


def go_on(state: State) -> offering.Going:
    """Every world begins with the lists of its setup, and goes down them for what is left of the
    days up to the first close.

    Returns:
        Lists that go on after that.
    """
    given, setup = state.setup.lists, state.setup
    let_before.count(state, setup.let_before)
    going = offering.nothing_going()
    if given is None:
        return going
    _sign(state, given.signed)
    _publish(state, given.shown)
    register.change(state, 0)
    refused_before(state, given.refused)
    if not given.lists.height:
        return going
    void = _closed(state, given.lists)
    at, who, entry = _spread(state, given)
    accepted = entry["stands"] == TAKEN
    _accepted(state, void[at[accepted]], who[accepted], {n: v[accepted] for n, v in entry.items()})
    counts = np.full(len(state.worlds), given.lists.height)
    utility = choice.worth(state, who, void, counts, at)
    bid = np.flatnonzero(~accepted & (entry["by"] != DIRECT_ROUTE))
    bid = bid[np.lexsort((entry["rank"][bid], who[bid]))]
    bids = week_frames.Bids(who[bid], at[bid], entry["rank"][bid], entry["by"][bid], utility[bid])
    listed = listing.listed(state, 0, void, bids, setup.start)
    failed = np.bincount(at[entry["stands"] == FAILED], minlength=len(void))
    state.voids["eligible"][void] = np.maximum(listed.eligible, failed)
    going = offering.with_lists(going, void, listed, bids, -1)
    going.out[:] = entry["stands"][bid[listed.bid]] != TO_ASK
    position = np.ones(len(who), np.int32)
    position[bid[listed.bid]] = listed.position
    _under_way(state, void[at], who, entry, position, utility)
    return offering.offer_on(state, offering.only_open(state, going), 0,
                             range(setup.start, setup.closes(0)))


def _sign(state: State, signed: pl.DataFrame) -> None:
    """Homes whose next tenancy is agreed are let from its day."""
    voids, worlds, void = state.voids, len(state.worlds), voids_of(state, signed["home"])
    signed_on, let_on = (np.tile(signed[name].cast(pl.Int32).to_numpy(), worlds)
                         for name in ("signed_on", "let_on"))
    voids["accepted"][void] = np.minimum(voids["accepted"][void], signed_on)
    voids["let"][void] = let_on


def _publish(state: State, shown: pl.DataFrame) -> None:
    """Earlier adverts count in quotas, and published results have them and their bids."""
    home, opened, bids = (shown[n].to_numpy() for n in ("home", "opened_on", "bids"))
    profile = _profiles(state, shown["profile"])
    told = profile > 0
    if told.any():
        advertising.count_before(state, home[told], profile[told], opened[told])
    bedrooms = np.clip(state.setup.homes.bedrooms[home].astype(np.int64), 0, MOST_BEDROOMS)
    state.shown[:, :, 0] += np.bincount(bedrooms, minlength=MOST_BEDROOMS + 1)
    state.shown[:, :, 1] += np.bincount(bedrooms, bids, MOST_BEDROOMS + 1).astype(np.int64)


def _profiles(state: State, names: pl.Series) -> NDArray[np.int64]:
    """Numbers of profiles in the version of the first day; 0 for one that it has not."""
    policy = policy_on(state.setup, state.setup.start)
    numbers = {name: policy.profile_number(name) for name in policy.profiles}
    return names.replace_strict(numbers, default=0, return_dtype=pl.Int64).fill_null(0).to_numpy()


def _closed(state: State, lists: pl.DataFrame) -> NDArray[np.int64]:
    """Rows of the voids of the lists, world after world: their adverts have closed."""
    voids, worlds, void = state.voids, len(state.worlds), voids_of(state, lists["home"])

    def put(name: str, null: int = 0) -> NDArray[np.int64]:
        return np.tile(lists[name].cast(pl.Int64).fill_null(null).to_numpy(), worlds)

    direct = put("direct").astype(bool)
    voids["step"][void] = ADVERTISED
    voids["route"][void] = np.where(direct, DIRECT, 0)
    voids["closed"][void], voids["bids"][void] = put("closed_on"), put("bids")
    profile = np.tile(_profiles(state, lists["profile"]), worlds)
    voids["profile"][void] = profile
    advertising.open_adverts(state, void[~direct & (profile == 0)], 0)
    return void


def _spread(
    state: State, given: ListsUnderWay
) -> tuple[NDArray[np.int64], NDArray[np.int64], dict[str, NDArray]]:
    """The entries in every world: place of the list, row of the household, and what is told of it."""
    entries, worlds = given.entries, np.arange(len(state.worlds))[:, None]
    at = worlds * given.lists.height + entries["list"].to_numpy()
    who = worlds * state.setup.lives.opening + entries["life"].to_numpy()
    told = {name: np.tile(entries[name].fill_null(0).to_numpy(), len(worlds))
            for name in ("rank", "by", "stands", "on", "over_on")}
    return at.ravel(), who.ravel(), told


def _accepted(
    state: State, void: NDArray[np.int64], who: NDArray[np.int64], entry: dict[str, NDArray]
) -> None:
    """Who has accepted a home by the start is let it, once the sign-up is over."""
    nominations, day = state.nominations, entry["over_on"]
    fate = nominating.Fates(np.full(len(who), ACCEPTED), day - entry["on"], np.zeros_like(day))
    rows = nominating.enter(state, void, who, np.ones(len(who), np.int32), entry["by"], entry["on"],
                          fate, state.setup.start)
    signs = signed_on(state.setup, nominating.key_of(state, void, who)[1:], day) - day
    nominations["outcome"][rows], nominations["signs"][rows] = ACCEPTED, signs
    state.voids["pending"][void] = 0
    for counted in (advertising.count, targets.count):
        counted(state, void, who, state.setup.start)
    offering.let(state, rows, day)


def _under_way(
    state: State, void: NDArray[np.int64], who: NDArray[np.int64], entry: dict[str, NDArray],
    position: NDArray[np.int32], utility: NDArray[np.float64],
) -> None:
    """Nominations that are not over go on, drawn until each lasts to the start."""
    mine = np.flatnonzero(entry["stands"] == UNDER_WAY)
    void, who, on, by = void[mine], who[mine], entry["on"][mine], entry["by"][mine]
    start = state.setup.start
    fate = nominating.Fates(*np.zeros((3, len(mine)), np.int64))
    left, turn = np.arange(len(mine)), 0
    while len(left) and turn < _TRIES:
        drawn = nominating.fates(state, void[left], who[left], by[left], utility[mine[left]], start,
                               np.full(len(left), turn))
        for kept, new in zip(fate, drawn, strict=True):
            kept[left] = new
        left, turn = left[on[left] + fate.takes[left] < start], turn + 1
    nominating.enter(state, void, who, position[mine], by, on,
                   fate._replace(takes=np.maximum(fate.takes, start - on)), start)
