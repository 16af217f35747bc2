"""Homes that come empty, and what each void goes through until it can be let."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.errors import BadInput, Problem
from cbl_engine.simulate.columns import spans
from cbl_engine.simulate.luck import poisson_counts
from cbl_engine.simulate.parameters import happens, picked, sorted_out
from cbl_engine.simulate.register import take_out
from cbl_engine.simulate.setup import (
    CAUSES,
    EVENTS,
    MOVED,
    NEW_HOME,
    RETURNED,
    TO_COME,
    WORKS,
)
from cbl_engine.simulate.state import (
    ACCOMMODATION,
    COMING,
    ENDED,
    GONE,
    LET,
    NEVER,
    NOBODY,
    OVER,
    READY,
    UNBUILT,
    UNDER_OFFER,
    VOID,
    next_end,
    settle_tenants,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.setup import Setup
    from cbl_engine.simulate.state import State

_LEFT, _DIED, _ABANDONED = (CAUSES.index(c) for c in ("left", "died", "abandoned"))
DIRECT, KEPT_BY_LANDLORD, LONG_TERM, REDESIGNATED, CONVERTED = range(1, 6)
"""Routes of a void that is not let by bidding, 0."""


def end_tenancies(state: State, week: int) -> None:
    """Tenancies whose day has come end; sales, exchanges and successions free no home."""
    setup, luck, p = state.setup, state.setup.luck, state.setup.parameters
    due = np.flatnonzero((state.home_status == LET) & (state.home_ends < setup.monday(week + 1)))
    if not len(due):
        return
    # Somebody who has accepted another home moves out of this one by that.
    holder = state.home_taker[due]
    moving = (holder != NOBODY) & (state.households["status"][holder] == UNDER_OFFER)
    later = due[moving]
    state.home_ends[later] += 7
    due = due[~moving]
    day = state.home_ends[due]
    home_id, nth = state.home_ids(due), state.home_nth[due]
    what = _what_ends(state, due, luck.draws("tenancy/what", home_id, nth))
    cause = np.minimum(sorted_out(setup.edges["tenancies.causes"],
                                  luck.draws("tenancy/cause", home_id, nth)), MOVED - 1)
    succeeded = (what == 0) & (cause == _DIED) & happens(
        p["tenancies.succession"], luck.draws("tenancy/succession", home_id, nth))
    gone = (what == 1) | (what == 2)
    stays = (what == 3) | succeeded
    freed = ~gone & ~stays
    held = state.home_taker[due[~stays]]
    some = held != NOBODY
    take_out(state, held[some], ENDED, np.maximum(day[~stays][some], setup.monday(week)))
    for number, which in enumerate((what == 1, what == 2, what == 3, succeeded)):
        happened(state, due[which], day[which], number)
    state.home_status[due[gone]] = GONE
    state.home_nth[due[stays]] += 1
    state.home_ends[due[stays]] = next_end(setup, home_id[stays], nth[stays] + 1, day[stays])
    open_void(state, due[freed], cause[freed], day[freed])


def _what_ends(
    state: State, home: NDArray[np.int64], draws: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """What ends each tenancy: a number in ``ENDS``."""
    rates = state.setup.end_rates[state.static(home)]
    edges = np.cumsum(rates, axis=1) / np.maximum(rates.sum(axis=1, keepdims=True), 1e-12)
    return (draws[:, None] >> np.uint64(12) >= np.rint(edges * 2.0**52).astype(np.uint64)).sum(axis=1)


def happened(
    state: State, home: NDArray[np.int64], day: NDArray[np.integer] | int, what: int
) -> None:
    """A row for what happened to homes; ``what`` is a number in ``EVENTS``."""
    state.events.append(len(home), home=home, day=day, what=what)


def hand_back(state: State, week: int) -> None:
    """Homes that were temporary accommodation for their time come back as voids."""
    due = np.flatnonzero((state.home_status == ACCOMMODATION)
                         & (state.home_ends < state.setup.monday(week + 1)))
    day = state.home_ends[due].copy()
    happened(state, due, day, EVENTS.index("from_temporary_accommodation"))
    open_void(state, due, np.full(len(due), RETURNED), day)


def build(state: State, week: int) -> None:
    """New homes complete, in their week or at a rate: voids that never had a tenant."""
    numbers = np.flatnonzero(state.setup.homes.built_week == week)
    home = (np.arange(len(state.worlds))[:, None] * state.n_homes + numbers).ravel()
    home = np.concatenate([home[state.home_status[home] == UNBUILT], _come(state, week)])
    if len(home):
        open_void(state, home, np.full(len(home), NEW_HOME),
                  np.full(len(home), state.setup.monday(week)))


def _come(state: State, week: int) -> NDArray[np.int64]:
    """Homes that come at a rate: of each world the next of those to come."""
    setup = state.setup
    to_come = np.flatnonzero(setup.homes.built_week == TO_COME)
    counts = poisson_counts(setup.homes_per_week, setup.luck.draws("homes", state.worlds, week))
    world, nth = spans(state.homes_come, counts)
    state.homes_come += counts
    if len(nth) and nth.max() >= len(to_come):
        raise BadInput([Problem(
            "homes_run_out", "more homes come than the stock has to come",
            where=f"week {week}, world {state.worlds[world[nth.argmax()]]}",
            given=f"{int(nth.max()) + 1} homes", allowed=f"{len(to_come)}")])
    return world * state.n_homes + to_come[nth]


def open_void(
    state: State, home: NDArray[np.int64], cause: NDArray[np.integer], day: NDArray[np.integer],
    *, after: NDArray[np.int64] | None = None, leaver: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Homes come empty on a day; every stage gets its day but works that wait for a team.

    Args:
        state: the worlds.
        home: homes.
        cause: number in ``CAUSES``.
        day: on which each tenancy ends.
        after: rows of the voids whose lettings freed these homes: links of their chains.
        leaver: rows of the households that move out.

    Returns:
        Rows of the voids.
    """
    setup, luck, p = state.setup, state.setup.luck, state.setup.parameters
    n = len(home)
    home_id, nth = state.home_ids(home), state.home_nth[home]
    key = (home_id, nth)
    stages = _stages(state, home, cause, day, nth)
    # Nobody gives notice for a home that is not accepted yet.
    notice = stages.notice if after is None else np.maximum(
        stages.notice, state.voids["accepted"][after])
    lost = (not setup.theory.no_void_days) & happens(
        p["stock.long_term_void"], luck.draws("long_term", *key))
    converted = happens(p["stock.to_accommodation"], luck.draws("converted", *key))
    converted &= cause != RETURNED
    kept = happens(p["stock.landlord_keeps"] + p["stock.supported"], luck.draws("kept", *key))
    voids = state.voids
    rows = voids.append(
        n, id=home_id, world=home // state.n_homes, home=home, nth=nth, cause=cause, ended=day,
        notice=notice, keys=stages.keys, inspected=stages.inspected, works=stages.works,
        works_from=NEVER, ready=NEVER, advertised=NEVER, closed=NEVER, accepted=NEVER, let=NEVER,
        step=COMING,
        leaver=NOBODY if leaver is None else leaver,
        route=np.select([lost, kept, converted], [LONG_TERM, KEPT_BY_LANDLORD, CONVERTED], 0),
    )
    if after is None:
        voids["chain"][rows] = rows
        voids["link"][rows] = 1
    else:
        voids["chain"][rows] = voids["chain"][after]
        voids["link"][rows] = voids["link"][after] + 1
    state.home_status[home] = VOID
    state.home_taker[home] = NOBODY
    state.home_ends[home] = NEVER
    state.home_nth[home] = nth + 1
    state.open_voids = np.concatenate([state.open_voids, rows])
    return rows


@dataclass(frozen=True, eq=False)
class _Stages:
    """Days of the first stages of voids, their kind of works and its length [days]."""

    notice: NDArray[np.int32]
    keys: NDArray[np.int32]
    inspected: NDArray[np.int32]
    works: NDArray[np.int64]
    length: NDArray[np.int32]


def _stages(
    state: State, home: NDArray[np.int64], cause: NDArray[np.integer], day: NDArray[np.integer],
    nth: NDArray[np.integer],
) -> _Stages:
    setup, luck = state.setup, state.setup.luck
    key = state.home_ids(home), nth
    n = len(home)
    day = day.astype(np.int32)
    if setup.theory.no_void_days:
        nothing = np.zeros(n, np.int32)
        return _Stages(day, day, day, nothing.astype(np.int64), nothing)

    def days(name: str) -> NDArray[np.int32]:
        return picked(setup.days[name], luck.draws(name, *key))

    old = cause != NEW_HOME
    told = (cause == _LEFT) | (cause == MOVED)
    keys = day + np.where(old, days("voids.late_keys_days"), 0)
    kind = sorted_out(setup.edges["voids.works"], luck.draws("works", *key))
    kind = np.where(old, np.minimum(kind, len(WORKS) - 1), 0)
    draws = luck.draws("works_days", *key)
    length = np.zeros(n, np.int32)
    for number, name in enumerate(WORKS):
        mine = (kind == number) & old
        length[mine] = picked(setup.days[f"voids.works_days/{name}"], draws[mine])
    return _Stages(
        day - np.where(told, days("voids.notice_days"), 0), keys,
        keys + np.where(old, days("voids.inspection_days"), 0), kind, length)


def starting_day(setup: Setup, day: NDArray[np.integer]) -> NDArray[np.integer]:
    """The first day on or after each on which tenancies begin."""
    weekday = int(setup.parameters["nominations.starting_weekday"])
    if not weekday or setup.theory.no_void_days:
        return day
    return day + (weekday - (day + 4) % 7) % 7  # day 0 was a Thursday, number 4


_BEFORE = 240
"""Days before the start on which a tenancy may have ended whose home is still not ready."""


def begin_with_voids(state: State) -> None:
    """Voids under way at the start: homes whose tenancies ended before it and that are not ready.

    What was ready before the first week is taken as let again; so a world begins with as many
    homes at each stage as it will usually have, and none waits for a nomination. Which homes they
    are does not depend on who is on the register: a tenant taken to live in one lives in another.
    """
    setup = state.setup
    if setup.theory.no_void_days:
        return
    home = np.flatnonzero(state.home_status == LET)
    # As long before the start as the first tenancies would have run after it.
    day = 2 * setup.start - state.home_ends[home].astype(np.int64)
    near = (day > setup.start - _BEFORE) & (day < setup.start)
    if setup.lived_in is not None:
        near &= ~np.isin(state.static(home), setup.lived_in)
    home, day = home[near], day[near]
    keys = state.home_ids(home), np.full(len(home), -1)
    p, luck = setup.parameters, setup.luck
    frees = _what_ends(state, home, luck.draws("tenancy/what", *keys)) == 0
    cause = np.minimum(sorted_out(setup.edges["tenancies.causes"],
                                  luck.draws("tenancy/cause", *keys)), MOVED - 1)
    frees &= (cause != _DIED) | ~happens(p["tenancies.succession"],
                                         luck.draws("tenancy/succession", *keys))
    stages = _stages(state, home, cause, day, state.home_nth[home])
    open_ = frees & (stages.inspected + stages.length >= setup.start)
    held = state.home_taker[home[open_]]
    held = held[held != NOBODY]
    open_void(state, home[open_], cause[open_], day[open_])
    state.households["home"][held] = NOBODY
    settle_tenants(state, held)


def work(state: State, week: int) -> None:
    """Works begin as teams are free, in order of the day asked for; works that end make homes ready.

    Loops over the works of a week of the busiest world where teams are limited.
    """
    setup, voids = state.setup, state.voids
    rows = state.open_voids
    asked = rows[(voids["ready"][rows] == NEVER)
                 & (voids["inspected"][rows] < setup.monday(week + 1))]
    length = _stages(state, voids["home"][asked], voids["cause"][asked],
                     voids["ended"][asked], voids["nth"][asked]).length
    begin = voids["inspected"][asked].copy()
    if state.teams_free.shape[1]:
        begin = _queued(state, asked, begin, length)
    voids["works_from"][asked] = begin
    voids["ready"][asked] = begin + length
    out = rows[np.isin(voids["route"][rows], (KEPT_BY_LANDLORD, LONG_TERM, CONVERTED))
               & (voids["step"][rows] == COMING)
               & (voids["ready"][rows] < setup.monday(week + 1))]
    let_outside(state, out, voids["ready"][out])
    early = happens(setup.parameters["voids.advertised_before_ready"], setup.luck.draws(
        "early", state.home_ids(voids["home"][rows]), voids["nth"][rows]))
    by = setup.monday(week) + np.where(early, 21, 0)
    ready = rows[(voids["step"][rows] == COMING) & (voids["ready"][rows] <= by)
                 & (voids["route"][rows] < KEPT_BY_LANDLORD)]
    voids["step"][ready] = READY


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


def let_outside(state: State, rows: NDArray[np.int64], since: NDArray[np.integer]) -> None:
    """Voids that a landlord lets itself, from a day on, or that are taken out of letting: for good,
    or as temporary accommodation for a time.
    """
    voids, setup = state.voids, state.setup
    lost = voids["route"][rows] == LONG_TERM
    home = voids["home"][rows]
    voids["step"][rows] = OVER
    state.home_status[home[lost]] = GONE
    converted = voids["route"][rows] == CONVERTED
    its = home[converted]
    draws = setup.luck.draws("accommodation/days", state.home_ids(its), state.home_nth[its])
    state.home_status[its] = ACCOMMODATION
    state.home_ends[its] = since[converted] + picked(setup.days["stock.accommodation_days"], draws)
    happened(state, its, since[converted], EVENTS.index("to_temporary_accommodation"))
    mine = ~lost & ~converted
    kept, its = rows[mine], home[mine]
    day = since[mine] + 21
    voids["let"][kept] = day
    state.home_status[its] = LET
    state.home_ends[its] = next_end(setup, state.home_ids(its), state.home_nth[its], day)
    state.home_need[its] = np.maximum(setup.homes.bedrooms[state.static(its)], 1)
