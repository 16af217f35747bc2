"""The weekly cycle: in each week, for all worlds of a batch at once, in this order.

1. Households join and leave the register, and what is found of those who wait on changes. 2. Tenancies
end, new homes complete, voids walk their stages. 3. Homes that are ready are advertised. 4. Households
choose what to bid for. 5. The adverts close, and the live shortlist ranks. 6. Day by day, nominations
are made and settled. 7. Lettings free tenants' homes: the next voids of their chains. 8. Records are
rows of the state.

``docs/simulate.md`` is the contract.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate import (
    accommodation,
    advertising,
    bidders,
    choice,
    decants,
    direct,
    downsizing,
    going_on,
    limits,
    listing,
    offering,
    opening,
    register,
    voids,
    week_frames,
    works,
)
from cbl_engine.simulate.columns import Columns, silent
from cbl_engine.simulate.state import (
    ADVERTISED,
    MOST_BEDROOMS,
    NEVER,
    OPEN,
    OVER,
    READY,
    UNDER_OFFER,
    State,
    begin,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cbl_engine.simulate.setup import Setup

WEEKS = {"world": np.int32, "week": np.int32, "registered": np.int32, "waiting": np.int32,
         "voids": np.int32, "joined": np.int32, "placed": np.int32}


def run_batch(
    setup: Setup, worlds: NDArray[np.int64], said: Callable[[int], None] = silent
) -> tuple[State, Columns]:
    """Step some worlds through the whole horizon.

    Args:
        setup: what they share.
        worlds: numbers of the worlds, ascending; their numbers alone make them differ.
        said: told how many weeks are done.

    Returns:
        The worlds as they stand at the end, with every row on the way, and a row a world and week.

    Raises:
        BadInput: the rates empty or explode a world, with week, world and quantity.
    """
    state = begin(setup, worlds)
    if setup.under_way is None:
        voids.begin_with_voids(state)
    else:
        opening.begin_with(state, setup.under_way)
    going = going_on.go_on(state)
    opening.without_lists(state)
    weeks = Columns(WEEKS, len(worlds) * setup.weeks)
    for week in range(setup.weeks):
        joined = up_to_the_adverts(state, week)
        going = close(state, week, going, partial(_count, state, week, weeks, joined))
        state.open_voids = state.open_voids[state.voids["step"][state.open_voids] != OVER]
        limits.check(state, weeks, week)
        said(week + 1)
    return state, weeks


def up_to_the_adverts(state: State, week: int) -> NDArray[np.int64]:
    """The register and the homes of a week, the first two steps; rows of those who joined."""
    state.setup = state.setup.in_week(week)
    joined = np.concatenate([register.arrive(state, week), downsizing.ask(state, week),
                             decants.ask(state, week)])
    register.leave(state, week)
    voids.end_tenancies(state, week)
    register.change(state, week)
    accommodation.step(state, week)
    voids.hand_back(state, week)
    decants.come_back(state, week)
    voids.build(state, week)
    works.work(state, week)
    return joined


def close(
    state: State, week: int, going: offering.Going, at_its_end: Callable[[], None] | None = None
) -> offering.Going:
    """Advertise, take bids, rank and offer up to the next close; what goes on after it.

    ``at_its_end`` is called at the end of the week: the adverts have closed on its last day, and offers
    go on from that day.
    """
    bidders.begin_week(state, week)
    going = offering.with_lists(going, *decants.house(state, week), week)
    direct.set_apart(state, week)
    going = offering.with_lists(going, *direct.lists(state, week), week)
    advertised = advertise(state, week)
    if not len(advertised):
        return offering.offer(state, going, week, at_its_end)
    bids = choice.choose(state, week, advertised, going)
    return rank_and_offer(state, week, advertised, bids, going, at_its_end)


def rank_and_offer(
    state: State, week: int, advertised: NDArray[np.int64], bids: week_frames.Bids,
    going: offering.Going, at_its_end: Callable[[], None] | None = None,
) -> offering.Going:
    """The adverts of a week close: the live shortlist ranks, and homes are offered."""
    listed = listing.listed(state, week, advertised, bids)
    _recorded(state, week, advertised, listed)
    going = offering.with_lists(going, advertised, listed, bids, week)
    return offering.offer(state, going, week, at_its_end)


def advertise(state: State, week: int) -> NDArray[np.int64]:
    """Homes that are ready when a round of adverts opens are shown in it.

    Returns:
        Rows of the voids whose adverts close this week, by world and home.
    """
    setup, step = state.setup, state.voids["step"]
    if week % setup.round_weeks == 0:
        rows = state.open_voids
        rows = rows[(step[rows] == READY) & (state.voids["route"][rows] != voids.DIRECT)]
        step[rows] = OPEN
        first = rows[state.voids["advertised"][rows] == NEVER]
        state.voids["advertised"][first] = setup.monday(week)
    if (week + 1) % setup.round_weeks:
        return np.zeros(0, np.int64)
    rows = state.open_voids[step[state.open_voids] == OPEN]
    rows = rows[np.lexsort((state.voids["home"][rows], state.voids["world"][rows]))]
    step[rows] = ADVERTISED
    state.voids["closed"][rows] = state.setup.closes(week)
    state.voids["adverts"][rows] += 1
    advertising.open_adverts(state, rows, week)
    return rows


def _recorded(
    state: State, week: int, advertised: NDArray[np.int64], listed: listing.Listed
) -> None:
    """A row for each advert; published results take in its bids."""
    world = state.voids["world"][advertised].astype(np.int64)
    home = state.static(state.voids["home"][advertised])
    some = listed.eligible > 0
    first = np.full(len(advertised), -1, np.int8)
    first[some] = state.bands_on(listed.household[listed.starts[:-1][some]],
                                 state.setup.closes(week))
    state.adverts.append(
        len(advertised), id=state.home_ids(state.voids["home"][advertised]), void=advertised,
        week=week, number=state.voids["adverts"][advertised], bids=listed.bids,
        eligible=listed.eligible, first_band=first, profile=state.voids["profile"][advertised],
        rung=state.voids["rung"][advertised],
    )
    state.voids["bids"][advertised] = listed.bids
    state.voids["eligible"][advertised] = listed.eligible
    bedrooms = np.clip(state.setup.homes.bedrooms[home].astype(np.int64), 0, MOST_BEDROOMS)
    np.add.at(state.shown[:, :, 0], (world, bedrooms), 1)
    np.add.at(state.shown[:, :, 1], (world, bedrooms), listed.bids)


def _count(state: State, week: int, weeks: Columns, joined: NDArray[np.int64]) -> None:
    """How the worlds stand at the end of a week: homes are empty until the day a tenancy begins, and a
    stay lasts to its last night, whatever is agreed by then.
    """
    n, closes = len(state.worlds), state.setup.closes(week)
    households, voids, stays = state.households, state.voids, state.stays
    there = state.live[households["status"][state.live] <= UNDER_OFFER]
    there_in, waits = households["world"][there], households["waits"][there]
    to_let = (voids["step"] != OVER) | ((voids["let"] > closes) & (voids["let"] < NEVER))
    empty = np.flatnonzero(to_let & (voids["ended"] <= closes))
    placed = stays["household"][(stays["since"] <= closes) & (stays["until"] > closes)]

    def per_world(rows: NDArray[np.int64], of: Columns) -> NDArray[np.int64]:
        return np.bincount(of["world"][rows], minlength=n)

    weeks.append(
        n, world=np.arange(n), week=week, registered=np.bincount(there_in, minlength=n),
        waiting=np.bincount(there_in[waits], minlength=n), voids=per_world(empty, voids),
        joined=per_world(joined, households), placed=per_world(placed, households),
    )
