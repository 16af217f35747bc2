"""Temporary accommodation: who enters it under which duty, where, for how long, and how they leave.

A household is placed on the day it is known to be homeless and owed a duty: under the main duty (Housing
Act 1996, s.193) if that is what it is owed, else in an emergency while inquiries are made (s.188) or
under the relief duty (s.189B). What will become of it but for a letting here is of its life
(:mod:`cbl_engine.simulate.duties`): the day of the main duty, when it is placed anew, and the day and way
its last duty ends, when it leaves. Homes of the stock that were converted take in those in the dearest
placements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate.columns import first_fit, spans
from cbl_engine.simulate.parameters import happens, share_edges, sorted_out
from cbl_engine.simulate.setup import DUTIES, EVENT, PLACEMENTS
from cbl_engine.simulate.state import ACCOMMODATION, NEVER, NOBODY, UNDER_OFFER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.setup import Setup
    from cbl_engine.simulate.state import State

MAIN = DUTIES.index("main")
MOVED = 100
"""How a stay ended, where the household was placed elsewhere; less than 50: status of the household,
from 50 on: 50 and the way, a number in ``EXITS``."""
BY_ITSELF = 50
_DEAREST = np.array([PLACEMENTS.index(k) for k in (
    "bed_and_breakfast", "nightly_paid", "leased", "own_stock")])


def enter(state: State, week: int) -> None:
    """Of households on the register that are homeless and owed a duty from this week on, those that
    are placed; nobody who asks to move out of a home here.
    """
    setup, households, duties = state.setup, state.households, state.setup.lives.duties
    rows = state.live[households["status"][state.live] <= UNDER_OFFER]
    on = duties.homeless_on[households["life"][rows]] + households["shift"][rows]
    comes = (setup.monday(week) <= on) & (on <= setup.closes(week))
    rows, day = rows[comes], on[comes]
    placed = happens(setup.parameters["accommodation.placed"],
                     setup.luck.draws("placed", households["id"][rows]))
    placed &= (households["downsizes"][rows] == 0) & ~households["decants"][rows]
    rows, day = rows[placed], day[placed]
    life, shift = households["life"][rows], households["shift"][rows]
    main_on, leaves = (np.where(days < NEVER, days + shift, NEVER)
                       for days in (duties.main_on[life], duties.ends[life]))
    _place(state, rows, duties.under[life], setup.luck.draws("placement", households["id"][rows]),
           since=day, entered=True, main_on=main_on, leaves=leaves, leaves_by=duties.ends_by[life])


def _place(
    state: State, rows: NDArray[np.int64], duty: NDArray[np.int64], draws: NDArray[np.uint64],
    kind: NDArray[np.int64] | None = None, **values: NDArray[np.integer] | int | bool,
) -> None:
    """Households begin a stay of a kind that is usual under their duty, or of the kind given."""
    setup, households = state.setup, state.households
    kind = _kinds(setup, duty, draws) if kind is None else kind
    away = np.array([setup.parameters["accommodation.out_of_area"][k] for k in PLACEMENTS])
    ids = households["id"][rows]
    households["stay"][rows] = state.stays.append(len(rows), **{
        "household": rows, "duty": duty, "kind": kind, "until": NEVER, "home": NOBODY,
        "out_of_area": happens(away[kind], setup.luck.draws("out_of_area", ids, kind)), **values})


def _kinds(
    setup: Setup, duty: NDArray[np.int64], draws: NDArray[np.uint64]
) -> NDArray[np.int64]:
    kind = np.zeros(len(duty), np.int64)
    for number, name in enumerate(DUTIES):
        weights = setup.parameters["accommodation.kinds"][name]
        total = sum(weights.values())
        edges = share_edges({k: weights[k] / total for k in PLACEMENTS})
        mine = duty == number
        kind[mine] = np.minimum(sorted_out(edges, draws[mine]), len(PLACEMENTS) - 1)
    return kind


def step(state: State, week: int) -> None:
    """A week: households enter, leave by themselves, come under the main duty, and move to converted
    homes.
    """
    enter(state, week)
    setup, households, stays = state.setup, state.households, state.stays
    on = setup.closes(week)
    rows = households["stay"][state.live]
    rows = rows[rows != NOBODY]
    goes = rows[stays["leaves"][rows] <= on]
    _end(state, goes, stays["leaves"][goes], BY_ITSELF + stays["leaves_by"][goes])
    due = rows[(stays["main_on"][rows] <= on) & (stays["leaves"][rows] > on)]
    who = stays["household"][due]
    kind = _kinds(setup, np.full(len(due), MAIN), setup.luck.draws(
        "placement/main", households["id"][who]))
    day = stays["main_on"][due].copy()
    stays["main_on"][due] = NEVER
    # A home of the stock, or a place of the same kind, is kept.
    moves = (kind != stays["kind"][due]) & (stays["home"][due] == NOBODY)
    _move(state, due[moves], day[moves], MAIN, kind[moves])
    _fill(state, setup.monday(week))


def _end(
    state: State, rows: NDArray[np.int64], day: NDArray[np.integer] | int,
    by: NDArray[np.integer] | int,
) -> None:
    stays = state.stays
    stays["until"][rows], stays["by"][rows] = day, by
    state.households["stay"][stays["household"][rows]] = NOBODY


def _move(
    state: State, rows: NDArray[np.int64], day: NDArray[np.integer] | int,
    duty: NDArray[np.integer] | int, kind: NDArray[np.integer], home: NDArray[np.int64] | int = NOBODY,
) -> None:
    """Stays end, and others of the same households begin that day."""
    stays = state.stays
    ahead = {name: stays[name][rows] for name in ("main_on", "leaves", "leaves_by")}
    who = stays["household"][rows].copy()
    _end(state, rows, day, MOVED)
    _place(state, who, np.full(len(who), duty), np.zeros(len(who), np.uint64), kind.astype(np.int64),
           since=day, home=home, **ahead)


def _fill(state: State, day: int) -> None:
    """Converted homes that stand free take in households in the dearest placements, the longest there
    first.
    """
    stays, households, homes = state.stays, state.households, state.setup.homes
    home = np.flatnonzero((state.home_status == ACCOMMODATION) & (state.home_ends > day))
    home = home[(_lived_in_until(state, home) <= day) & (_begun_on(state, home) <= day)]
    if not len(home):
        return
    rows = households["stay"][state.live]
    rows = rows[rows != NOBODY]
    rows = rows[(stays["since"][rows] < day) & (stays["home"][rows] == NOBODY)]
    who = stays["household"][rows]
    dear = np.argsort(_DEAREST)[stays["kind"][rows]]
    order = np.lexsort((households["id"][who], stays["since"][rows], dear,
                        households["world"][who]))
    rows, who = rows[order], who[order]
    counts = np.bincount(households["world"][who], minlength=len(state.worlds))
    world = home // state.n_homes
    asks, at = spans((np.cumsum(counts) - counts)[world], counts[world])
    need = np.maximum(households["need"][who], 1)[at]
    size = homes.bedrooms[state.static(home)][asks]
    fits = (need <= size) & (size <= need + 1)
    taken, given = first_fit(asks[fits], at[fits])
    into = rows[given]
    _move(state, into, day, stays["duty"][into], np.full(len(into), PLACEMENTS.index("own_stock")),
          home[taken])


def _begun_on(state: State, home: NDArray[np.int64]) -> NDArray[np.int64]:
    """The day on which each converted home became temporary accommodation, the last time."""
    events = state.events
    rows = np.flatnonzero(events["what"] == EVENT["to_temporary_accommodation"])
    return _latest(home, events["home"][rows], events["day"][rows])


def _lived_in_until(state: State, home: NDArray[np.int64]) -> NDArray[np.int64]:
    """The day up to which somebody who was placed there lives in each home; 0 for nobody ever."""
    stays = state.stays
    rows = np.flatnonzero(stays["home"] != NOBODY)
    return _latest(home, stays["home"][rows], stays["until"][rows])


def _latest(
    home: NDArray[np.int64], homes: NDArray[np.int64], days: NDArray[np.integer]
) -> NDArray[np.int64]:
    """The last day of each home, by rows of homes and days; 0 without one. Homes ascend."""
    last = np.zeros(len(home), np.int64)
    mine = np.isin(homes, home)
    np.maximum.at(last, np.searchsorted(home, homes[mine]), days[mine])
    return last


def free_on(state: State, home: NDArray[np.int64]) -> NDArray[np.int64]:
    """The day on which each converted home is free: its time is over, and whoever lived there left."""
    return np.maximum(state.home_ends[home], _lived_in_until(state, home))


def leave(state: State, rows: NDArray[np.int64]) -> None:
    """Households that left the register leave their placements that day, if not by themselves before."""
    households, stays = state.households, state.stays
    placed = rows[households["stay"][rows] != NOBODY]
    stay, left = households["stay"][placed], households["left"][placed]
    _end(state, stay, np.minimum(left, stays["leaves"][stay]), np.where(
        left <= stays["leaves"][stay], households["status"][placed],
        BY_ITSELF + stays["leaves_by"][stay]))
