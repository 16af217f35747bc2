"""Homes that come empty, and what each void goes through until it can be let."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.errors import BadInput, Problem
from cbl_engine.simulate import accommodation
from cbl_engine.simulate.columns import spans
from cbl_engine.simulate.luck import poisson_counts
from cbl_engine.simulate.parameters import days_until, happens, picked, sorted_out
from cbl_engine.simulate.register import take_out
from cbl_engine.simulate.setup import (
    ACQUIRED,
    CAUSES,
    COMES,
    DEMOLISHED,
    DISPOSED,
    ENDED_SO,
    EVENT,
    EXCHANGED,
    LANDLORDS,
    MOVED,
    NEW_HOME,
    RETURNED,
    SOLD,
    TO_COME,
)
from cbl_engine.simulate.state import (
    ACCOMMODATION,
    COMING,
    ENDED,
    GONE,
    LET,
    LONG_EMPTY,
    NEVER,
    NOBODY,
    OVER,
    UNBUILT,
    UNDER_OFFER,
    VOID,
    next_end,
    settle_tenants,
)
from cbl_engine.simulate.void_stages import stages_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.setup import Setup
    from cbl_engine.simulate.state import State

_LEFT, _DIED, _ABANDONED = (CAUSES.index(c) for c in ("left", "died", "abandoned"))
(BY_BIDDING, DIRECT, KEPT_BY_LANDLORD, LONG_TERM, REDESIGNATED, CONVERTED, REFERRED, FOR_DECANT,
 SET_ASIDE) = range(9)
"""Routes of a void."""
OUTSIDE = (KEPT_BY_LANDLORD, LONG_TERM, CONVERTED, REFERRED)
"""Routes on which a home is advertised to nobody."""


def due_to_end(state: State, week: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Homes whose tenancies end this week, and the way of each, a number in ``ENDS``.

    Somebody who has accepted another home moves out of this one by that, and is left out.
    """
    setup = state.setup
    due = np.flatnonzero((state.home_status == LET) & (state.home_ends < setup.monday(week + 1)))
    due = due[~_moving(state, due)]
    draws = setup.luck.draws("tenancy/what", state.home_ids(due), state.home_nth[due])
    return due, _what_ends(state, due, draws)


def _moving(state: State, home: NDArray[np.int64]) -> NDArray[np.bool_]:
    holder = state.home_taker[home]
    return (holder != NOBODY) & (state.households["status"][holder] == UNDER_OFFER)


def end_tenancies(state: State, week: int) -> None:
    """Tenancies whose day has come end; sales, exchanges and successions free no home. One that began in
    the week before and was to end in it ends on the first day of this, for that week has been counted.
    """
    setup, luck, p = state.setup, state.setup.luck, state.setup.parameters
    due, what = due_to_end(state, week)
    later = np.flatnonzero((state.home_status == LET) & (state.home_ends < setup.monday(week + 1)))
    later = later[_moving(state, later)]
    state.home_ends[later] += 7
    if not len(due):
        return
    day = np.maximum(state.home_ends[due], setup.monday(week))
    home_id, nth = state.home_ids(due), state.home_nth[due]
    cause = np.minimum(sorted_out(setup.edges["tenancies.causes"],
                                  luck.draws("tenancy/cause", home_id, nth)), MOVED - 1)
    succeeded = (what == ENDED_SO) & (cause == _DIED) & happens(
        p["tenancies.succession"], luck.draws("tenancy/succession", home_id, nth))
    gone = np.isin(what, (SOLD, DEMOLISHED, DISPOSED))
    stays = (what == EXCHANGED) | succeeded
    freed = ~gone & ~stays
    held = state.home_taker[due[~stays]]
    some = held != NOBODY
    take_out(state, held[some], ENDED, day[~stays][some])
    for name, which in (("right_to_buy", what == SOLD), ("demolished", what == DEMOLISHED),
                        ("disposed", what == DISPOSED), ("exchange", what == EXCHANGED),
                        ("succession", succeeded)):
        happened(state, due[which], day[which], name)
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
    state: State, home: NDArray[np.int64], day: NDArray[np.integer] | int, what: str
) -> None:
    """A row for what happened to homes; ``what`` is one of ``EVENTS``."""
    state.events.append(len(home), home=home, day=day, what=EVENT[what])


def hand_back(state: State, week: int) -> None:
    """Homes that were temporary accommodation or out of letting for their time come back as voids,
    those in which somebody is placed once they have left: on the first day of this week, where that was
    in the week before and after its homes had come back.
    """
    for status, event in ((ACCOMMODATION, "from_temporary_accommodation"),
                          (LONG_EMPTY, "from_long_term_void")):
        due = np.flatnonzero((state.home_status == status)
                             & (state.home_ends < state.setup.monday(week + 1)))
        day = accommodation.free_on(state, due)
        free = day < state.setup.monday(week + 1)
        due, day = due[free], np.maximum(day[free], state.setup.monday(week))
        happened(state, due, day, event)
        open_void(state, due, np.full(len(due), RETURNED), day)


def build(state: State, week: int) -> None:
    """Homes complete or are bought, in their week or at a rate: voids that never had a tenant of this
    landlord's; those bought with a tenant are let.
    """
    setup = state.setup
    numbers = np.flatnonzero(setup.homes.built_week == week)
    home = (np.arange(len(state.worlds))[:, None] * state.n_homes + numbers).ravel()
    home = np.concatenate([home[state.home_status[home] == UNBUILT], _come(state, week)])
    monday = setup.monday(week)
    comes = setup.homes.comes[state.static(home)]
    happened(state, home[comes > 0], monday, "acquired")
    tenanted = home[comes == COMES.index("acquired_tenanted")]
    state.home_status[tenanted] = LET
    state.home_ends[tenanted] = next_end(setup, state.home_ids(tenanted), 0, monday)
    for number, cause in ((COMES.index("new"), NEW_HOME), (COMES.index("acquired"), ACQUIRED)):
        mine = home[comes == number]
        if len(mine):
            open_void(state, mine, np.full(len(mine), cause), np.full(len(mine), monday))


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
    stages = stages_of(state, home, cause, day, nth)
    # Nobody gives notice for a home that is not accepted yet.
    notice = stages.notice if after is None else np.maximum(
        stages.notice, state.voids["accepted"][after])
    lost = (not setup.theory.no_void_days) & happens(
        p["stock.long_term_void"], luck.draws("long_term", *key))
    converted = happens(p["stock.to_accommodation"], luck.draws("converted", *key))
    converted &= cause != RETURNED
    kept, referred = _let_by_others(state, home, cause, luck.draws("kept", *key))
    voids = state.voids
    rows = voids.append(
        n, id=home_id, world=home // state.n_homes, home=home, nth=nth, cause=cause, ended=day,
        notice=notice, keys=stages.keys, inspected=stages.inspected, works=stages.works,
        works_from=NEVER, ready=NEVER, advertised=NEVER, closed=NEVER, accepted=NEVER, let=NEVER,
        step=COMING,
        leaver=NOBODY if leaver is None else leaver,
        route=np.select([lost, kept, referred, converted],
                        [LONG_TERM, KEPT_BY_LANDLORD, REFERRED, CONVERTED], 0),
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


def _let_by_others(
    state: State, home: NDArray[np.int64], cause: NDArray[np.integer], draws: NDArray[np.uint64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Voids that a landlord lets itself, and those of supported housing let by referral.

    A provider keeps what its agreement with the council leaves it: a share of true voids, which no
    move of a tenant of its own made, of others, and of first lets.
    """
    p, homes = state.setup.parameters, state.setup.homes
    number = state.static(home)
    agreed = p["stock.provider_keeps"]
    true = (cause != MOVED) & (cause != RETURNED)
    of_provider = np.select(
        [(cause == NEW_HOME) | (cause == ACQUIRED), true],
        [agreed["first_lets"], agreed["true_voids"]], agreed["other_voids"])
    keeps = p["stock.landlord_keeps"] + np.where(
        homes.landlord[number] == LANDLORDS.index("provider"), of_provider, 0.0)
    refers = np.where(homes.supported[number], p["stock.supported_by_referral"],
                      p["stock.supported"])
    keeps = np.where(homes.supported[number], np.minimum(keeps, 1 - refers), keeps)
    kept = happens(keeps, draws)
    return kept, happens(keeps + refers, draws) & ~kept


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
    day = setup.start - days_until(setup.all_ends[state.static(home)],
                                   setup.luck.draws("tenancy/before", state.home_ids(home)))
    near = (day > setup.start - _BEFORE) & (day < setup.start)
    if setup.lived_in is not None:
        near &= ~np.isin(state.static(home), setup.lived_in)
    home, day = home[near], day[near]
    keys = state.home_ids(home), np.full(len(home), -1)
    p, luck = setup.parameters, setup.luck
    frees = _what_ends(state, home, luck.draws("tenancy/what", *keys)) == ENDED_SO
    cause = np.minimum(sorted_out(setup.edges["tenancies.causes"],
                                  luck.draws("tenancy/cause", *keys)), MOVED - 1)
    frees &= (cause != _DIED) | ~happens(p["tenancies.succession"],
                                         luck.draws("tenancy/succession", *keys))
    stages = stages_of(state, home, cause, day, state.home_nth[home])
    open_ = frees & (stages.inspected + stages.length >= setup.start)
    held = state.home_taker[home[open_]]
    held = held[held != NOBODY]
    open_void(state, home[open_], cause[open_], day[open_])
    state.households["home"][held] = NOBODY
    settle_tenants(state, held)


def let_outside(state: State, rows: NDArray[np.int64], since: NDArray[np.integer]) -> None:
    """Voids that a landlord lets itself or by referral, from a day on, or that are taken out of
    letting: for long, or as temporary accommodation for a time.
    """
    voids, setup = state.voids, state.setup
    home, route = voids["home"][rows], voids["route"][rows]
    voids["step"][rows] = OVER
    lost = route == LONG_TERM
    its = home[lost]
    draws = setup.luck.draws("long_term/days", state.home_ids(its), state.home_nth[its])
    state.home_status[its] = LONG_EMPTY
    state.home_ends[its] = since[lost] + picked(setup.days["stock.long_term_days"], draws)
    converted = route == CONVERTED
    to_accommodation(state, home[converted], since[converted])
    mine = ~lost & ~converted
    kept, its = rows[mine], home[mine]
    draws = setup.luck.draws("outside/days", state.home_ids(its), voids["nth"][kept])
    day = since[mine] + picked(setup.days["stock.let_outside_days"], draws)
    voids["let"][kept] = day
    state.home_status[its] = LET
    state.home_ends[its] = next_end(setup, state.home_ids(its), state.home_nth[its], day)
    state.home_need[its] = np.maximum(setup.homes.bedrooms[state.static(its)], 1)


def to_accommodation(
    state: State, home: NDArray[np.int64], since: NDArray[np.integer]
) -> None:
    """Homes become temporary accommodation, for a time from a day on."""
    setup = state.setup
    draws = setup.luck.draws("accommodation/days", state.home_ids(home), state.home_nth[home])
    state.home_status[home] = ACCOMMODATION
    state.home_ends[home] = since + picked(setup.days["stock.accommodation_days"], draws)
    happened(state, home, since, "to_temporary_accommodation")
