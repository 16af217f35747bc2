"""The register week by week: who joins, who leaves, what changes of those who wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate import accommodation, response
from cbl_engine.simulate.joining import lives_of
from cbl_engine.simulate.luck import poisson_counts
from cbl_engine.simulate.state import LAPSED, NEVER, NOBODY, UNDER_OFFER, WAITING, join
from cbl_engine.simulate.tracks import tracks_on
from cbl_engine.tables.days import YEAR, date_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.state import State


def arrive(state: State, week: int) -> NDArray[np.int64]:
    """Households join, each on a day of the week; the rows."""
    setup = state.setup
    lives, luck, p = setup.lives, setup.luck, setup.parameters
    if not len(lives.pool(lives.track_on(setup.closes(week)))):
        return np.zeros(0, np.int64)
    mean = setup.arrivals_per_week
    if mean is None:
        mean = p["arrivals.per_year"] * lives.opening * 7 / YEAR
    month = date_of(setup.monday(week)).month
    mean *= p["arrivals.by_month"][str(month)]
    mean *= response.since_change(setup, "arrivals", week)
    counts = poisson_counts(mean, luck.draws("arrivals", state.worlds, week))
    world = np.repeat(np.arange(len(state.worlds)), counts)
    number = np.arange(len(world)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = state.worlds[world], week, number
    life = lives_of(setup, week, keys)
    day = setup.monday(week) + (luck.draws("day", *keys) % np.uint64(7)).astype(np.int64)
    return join(state, world, week + 1, number, life, day)


def change(state: State, week: int) -> None:
    """What was found of those whose next stretch has begun by the close is theirs."""
    households, lives = state.households, state.setup.lives
    status = households["status"][state.live]
    state.live = state.live[(status == WAITING) | (status == UNDER_OFFER)]
    on = state.setup.closes(week)
    _go_over(state, week)
    due = changing = state.live[households["changes_on"][state.live] <= on]
    before = households["band"][changing].copy()
    while len(due):
        stretch = households["stretch"][due] + 1
        households["stretch"][due] = stretch
        life, shift = households["life"][due], households["shift"][due]
        for name in ("band", "points", "need", "sizes"):
            households[name][due] = getattr(lives, name)[stretch]
        for name in ("priority", "band_from"):
            day = getattr(lives, name)[stretch]
            households[name][due] = np.where(day > 0, day + shift, 0)
        households["waits"][due] = lives.waiting[stretch]
        more = stretch + 1 < lives.starts[lives.thread(life, households["track"][due]) + 1]
        following = lives.since[np.minimum(stretch + 1, len(lives.since) - 1)] + shift
        households["changes_on"][due] = np.where(more, following, NEVER)
        due = due[more & (following <= on)]
    other = households["band"][changing] != before
    rows, before = changing[other], before[other]
    began = lives.since[households["stretch"][rows]] + households["shift"][rows]
    state.band_changes.append(
        len(rows), household=rows, day=np.maximum(began, state.setup.monday(week)), before=before,
        band=households["band"][rows])


def _go_over(state: State, week: int) -> None:
    """Those who joined go over to the rules of another version, from the beginning of their life to
    this day; what is found of the opening register goes over by itself.
    """
    setup, households = state.setup, state.households
    lives = setup.lives
    if len(lives.tracks) == 1 or week % lives.every:
        return
    rows = state.live[households["life"][state.live] >= lives.opening]
    track = households["track"][rows]
    now = tracks_on(lives.tracks, track, households["id"][rows], setup.luck,
                    date_of(setup.monday(week)), lives.every)
    moved = now != track
    rows, now = rows[moved], now[moved]
    households["track"][rows] = now
    households["stretch"][rows] = lives.starts[lives.thread(households["life"][rows], now)] - 1
    households["changes_on"][rows] = setup.monday(week)


def leave(state: State, week: int) -> None:
    """Applications lapse or are housed by another register; those under offer stay."""
    take_out(state, response.not_registering_again(state, week), LAPSED,
             state.setup.register_again_on)
    households, live = state.households, state.live
    status, leaves = households["status"][live], households["leaves"][live]
    leaving = (leaves <= state.setup.closes(week)) & (status == WAITING)
    gone = live[leaving]
    left = np.maximum(households["leaves"][gone], state.setup.monday(week))
    take_out(state, gone, households["leaves_how"][gone], left)
    state.live = live[~leaving]


def take_out(
    state: State, rows: NDArray[np.int64], how: NDArray[np.integer] | int,
    day: NDArray[np.integer] | int,
) -> None:
    """Households leave the register; who holds a home holds it on, unasked.

    Nobody leaves before joining, or before the day on which an offer was settled.
    """
    households = state.households
    households["status"][rows] = how
    households["left"][rows] = np.maximum(
        day, np.maximum(households["registered"][rows], households["settled"][rows]))
    home = households["home"][rows]
    held = home[home != NOBODY]
    state.home_taker[held] = NOBODY
    accommodation.leave(state, rows)
