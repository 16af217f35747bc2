"""Works on voids: who waits for a team, when works begin and end, and what is then let by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate.columns import within
from cbl_engine.simulate.parameters import happens
from cbl_engine.simulate.setup import NEW_HOME
from cbl_engine.simulate.state import COMING, NEVER, READY
from cbl_engine.simulate.void_stages import works_days
from cbl_engine.simulate.voids import KEPT_BY_LANDLORD, OUTSIDE, let_outside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.state import State


def work(state: State, week: int) -> None:
    """Works begin as teams are free, in order of the day asked for; works that end make homes ready to
    be advertised, some of them sooner, but none before its inspection.

    Loops over the works of a week of the busiest world where teams are limited.
    """
    setup, voids = state.setup, state.voids
    rows = state.open_voids
    asked = rows[(voids["ready"][rows] == NEVER)
                 & (voids["inspected"][rows] < setup.monday(week + 1))]
    length = works_days(state, voids["works"][asked], voids["cause"][asked] != NEW_HOME,
                         (state.home_ids(voids["home"][asked]), voids["nth"][asked]))
    _hire(state, week)
    begin = voids["inspected"][asked].copy()
    if state.teams_free.shape[1]:
        begin = _queued(state, asked, begin, length)
    voids["works_from"][asked] = begin
    voids["ready"][asked] = begin + length
    out = rows[np.isin(voids["route"][rows], OUTSIDE)
               & (voids["step"][rows] == COMING)
               & (voids["ready"][rows] < setup.monday(week + 1))]
    let_outside(state, out, voids["ready"][out])
    early = happens(setup.parameters["voids.advertised_before_ready"], setup.luck.draws(
        "early", state.home_ids(voids["home"][rows]), voids["nth"][rows]))
    by = setup.monday(week) + np.where(
        early, int(setup.parameters["voids.advertised_days_before"]), 0)
    ready = rows[(voids["step"][rows] == COMING) & (voids["ready"][rows] <= by)
                 & (voids["inspected"][rows] <= setup.monday(week))
                 & (voids["route"][rows] < KEPT_BY_LANDLORD)]
    voids["step"][ready] = READY


def _hire(state: State, week: int) -> None:
    """As many teams as the week's values say, at most one a home; works that go on have theirs, whether
    or not there was a limit when they began.

    Where there was none, teams without works have been free all along; those taken on beside others
    are free from the first day of the week. Of too many those that are busy longest stay, so that no
    more works go on at once.
    """
    teams = min(int(state.setup.parameters["voids.works_teams"]), state.setup.n_homes)
    free, had = state.teams_free, state.teams_free.shape[1]
    if teams > had:
        monday = state.setup.monday(week)
        new = _busy_until(state, monday, teams, monday if had else -NEVER)[:, had:]
        state.teams_free = np.concatenate([free, new], axis=1)
    elif teams < had:
        state.teams_free = np.sort(free, axis=1)[:, had - teams:]


def _busy_until(state: State, day: int, teams: int, idle: int) -> NDArray[np.int32]:
    """Until when teams of each world are busy with works that have a day, the longest first: world,
    team; ``idle`` where they are with none after ``day``.

    Works that begin after the day take over the team of some that end then.
    """
    voids = state.voids
    rows = np.flatnonzero((voids["works_from"] < NEVER) & (voids["ready"] < NEVER)
                          & (voids["ready"] > day))
    follow = rows[voids["works_from"][rows] > day]
    world = voids["world"][np.concatenate([rows, follow])].astype(np.int64)
    days = np.concatenate([voids["ready"][rows], voids["works_from"][follow]]).astype(np.int64)
    ends, at = np.unique(world * NEVER - days, return_inverse=True)  # the last of a world first
    counts = np.bincount(at, np.repeat([1, -1], [len(rows), len(follow)]), len(ends)).astype(np.int64)
    ends = np.repeat(ends, np.maximum(counts, 0))
    world = -(-ends // NEVER)
    nth = within(world)
    some = nth < teams
    busy = np.full((len(state.worlds), teams), idle, np.int32)
    busy[world[some], nth[some]] = (world * NEVER - ends)[some]
    return busy


def _queued(
    state: State, rows: NDArray[np.int64], asked: NDArray[np.int32], length: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Day on which each begins: first asked, first begun, by the team that is free first."""
    world = state.voids["world"][rows].astype(np.int64)
    order = np.lexsort((state.voids["home"][rows], asked, world))
    counts = np.bincount(world, minlength=len(state.worlds))
    nth = np.empty(len(rows), np.int64)
    nth[order] = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    begin = asked.copy()
    for turn in range(int(counts.max(initial=0))):
        mine = np.flatnonzero(nth == turn)
        free = state.teams_free[world[mine]]
        team = free.argmin(axis=1)
        begin[mine] = np.maximum(asked[mine], free[np.arange(len(mine)), team])
        state.teams_free[world[mine], team] = begin[mine] + length[mine]
    return begin
