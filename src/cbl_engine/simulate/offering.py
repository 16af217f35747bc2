"""From lists to lettings, day by day: nominations, what becomes of each, and who is next.

On each day from the close to the day before the next close, or to the last that is simulated: 1.
nominations whose day has come are settled; 2. every home without one is offered to those on its
list who are free, all homes at once, to as many as view it together or are named at once, by whom
the scheme says (:func:`cbl_engine.offers.rounds.offer_rounds`); 1 and 2 again until nothing more
happens that day. A list on which nobody is left ends, and the home goes down the scheme's ladder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.offers.rounds import Lists, offer_rounds
from cbl_engine.scheme.offers import Choosing
from cbl_engine.simulate import targets
from cbl_engine.simulate.advertising import count, not_let
from cbl_engine.simulate.again import order_on
from cbl_engine.simulate.columns import spans
from cbl_engine.simulate.consequences import after_refusals
from cbl_engine.simulate.nominating import nominate
from cbl_engine.simulate.parameters import sorted_out
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.register import take_out
from cbl_engine.simulate.setup import (
    ACCEPTED,
    LEAKS,
    MOVED,
    NOT_CHOSEN,
)
from cbl_engine.simulate.state import (
    ADVERTISED,
    GONE,
    HOUSED,
    LET,
    NOBODY,
    OVER,
    UNDER_OFFER,
    WAITING,
    next_end,
)
from cbl_engine.simulate.viewings import visits
from cbl_engine.simulate.voids import (
    happened,
    open_void,
    starting_day,
    to_accommodation,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cbl_engine.simulate.choice import Bids
    from cbl_engine.simulate.listing import Listed
    from cbl_engine.simulate.state import State

OPEN = -1
"""Outcome of a nomination that is not settled."""
_MOST_ROUNDS = 64
_MOST_BIDS = 1 << 19
"""More than a household's bids in a week."""


@dataclass(eq=False)
class Going:
    """Lists that go on, end to end: those of this week, and those of earlier weeks not over.

    Attributes:
        void: row of each list's void.
        starts: where each begins.
        household, position, stage, rank, by, utility: of each entry.
        out: whether it was nominated or is gone.
        let_by: bids on the advert, for the record.
    """

    void: NDArray[np.int64]
    starts: NDArray[np.int64]
    household: NDArray[np.int64]
    position: NDArray[np.int32]
    stage: NDArray[np.int8]
    rank: NDArray[np.int32]
    by: NDArray[np.int8]
    utility: NDArray[np.float64]
    out: NDArray[np.bool_]


def nothing_going() -> Going:
    """No lists."""
    whole = np.zeros(0, np.int64)
    return Going(whole, np.zeros(1, np.int64), whole, whole.astype(np.int32),
                 whole.astype(np.int8), whole.astype(np.int32), whole.astype(np.int8),
                 whole.astype(float), whole.astype(bool))


def with_lists(
    going: Going, voids: NDArray[np.int64], listed: Listed, bids: Bids, week: int
) -> Going:
    """Those that go on, and the lists of a week.

    A household's own order of homes is that in which it bid: earlier weeks first.
    """
    if not len(voids):
        return going
    return Going(
        np.concatenate([going.void, voids]),
        np.concatenate([going.starts[:-1], going.starts[-1] + listed.starts]),
        np.concatenate([going.household, listed.household]),
        np.concatenate([going.position, listed.position]),
        np.concatenate([going.stage, listed.stage]),
        np.concatenate([going.rank, bids.rank[listed.bid] + np.int32(week * _MOST_BIDS)]),
        np.concatenate([going.by, bids.by[listed.bid]]),
        np.concatenate([going.utility, bids.utility[listed.bid]]),
        np.concatenate([going.out, np.zeros(len(listed.household), bool)]),
    )


def only(going: Going, entries: NDArray[np.int64]) -> Going:
    """The same lists with these entries alone, in this order; list after list."""
    if len(entries) == len(going.household) and (entries == np.arange(len(entries))).all():
        return going
    of = np.repeat(np.arange(len(going.void)), np.diff(going.starts))[entries]
    return Going(
        going.void, np.searchsorted(of, np.arange(len(going.void) + 1)),
        *(getattr(going, c)[entries] for c in (
            "household", "position", "stage", "rank", "by", "utility", "out")),
    )


def only_open(state: State, going: Going) -> Going:
    """Lists whose home is still to be let."""
    keep = state.voids["step"][going.void] == ADVERTISED
    width = np.diff(going.starts)
    entries = np.repeat(keep, width)
    return Going(
        going.void[keep], np.concatenate([[0], np.cumsum(width[keep])]),
        going.household[entries], going.position[entries], going.stage[entries],
        going.rank[entries], going.by[entries], going.utility[entries], going.out[entries],
    )


def offer(
    state: State, going: Going, week: int, at_its_end: Callable[[], None] | None = None
) -> Going:
    """Days of nominations and lettings from the close of a week to the day before the next, or to the
    last that is simulated; what goes on after them. ``at_its_end`` is called when the week is over.
    """
    close, end = state.setup.closes(week), state.setup.monday(state.setup.weeks)
    return offer_on(state, going, week, range(close, min(close + 7, end)), at_its_end)


def offer_on(
    state: State, going: Going, week: int, days: range, after_first: Callable[[], None] | None = None
) -> Going:
    """Nominations and lettings on some days of one week; what goes on after them.

    Args:
        state: the worlds.
        going: lists.
        week: whose adverts the last of them are.
        days: numbers, one after the other.
        after_first: called when the first of them is over.
    """
    going = only(going, order_on(state, going, days[0]))
    aims = targets.aims_of(state, going, days[0])
    nominated_this_week = np.zeros(len(state.worlds), np.int64)
    for day in days:
        for _ in range(_MOST_ROUNDS):
            settled = _settle(state, day)
            if not _nominate(state, going, aims, day, nominated_this_week) and not settled:
                break
        _end_lists(state, going, week, day)
        if day == days[0] and after_first is not None:
            after_first()
    return only_open(state, going)


def _settle(state: State, day: int) -> bool:
    """Nominations whose day has come: those that failed free the household, and of those to whom a
    home is on offer the highest gets it who would have it, once nobody above is left to hear of; who
    only came to see it waits on.
    """
    nominations, voids = state.nominations, state.voids
    open_ = state.open_nominations()
    waits = (nominations["seen"][open_] <= day) & ~nominations["offered"][open_]
    due = open_[(nominations["due"][open_] <= day) & ~waits]
    if not len(due):
        return False
    outcome = -nominations["outcome"][due] - 2  # kept below -1 until it comes about
    failed, willing = due[outcome != ACCEPTED], due[outcome == ACCEPTED]
    nominations["outcome"][failed] = outcome[outcome != ACCEPTED]
    _end(state, failed, day)
    after_refusals(state, failed, day)
    open_ = open_[nominations["outcome"][open_] < 0]
    on_offer = open_[nominations["offered"][open_]]
    void = nominations["void"][on_offer]
    order = np.lexsort((on_offer, nominations["position"][on_offer],
                        nominations["waits"][on_offer], void))
    on_offer, void = on_offer[order], void[order]
    first = np.ones(len(on_offer), bool)
    first[1:] = void[1:] != void[:-1]
    gets = on_offer[first & np.isin(on_offer, willing)]
    others = open_[np.isin(nominations["void"][open_], nominations["void"][gets])]
    others = others[~np.isin(others, gets)]
    nominations["outcome"][gets] = ACCEPTED
    nominations["outcome"][others] = NOT_CHOSEN
    nominations["due"][np.concatenate([gets, others])] = day
    _end(state, others, day)
    voids["pending"][nominations["void"][gets]] = 0
    for counted in (count, targets.count):
        counted(state, nominations["void"][gets], nominations["household"][gets], day)
    let(state, gets, np.full(len(gets), day))
    return bool(len(failed) + len(gets))


def _end(state: State, rows: NDArray[np.int64], day: int) -> None:
    """Nominations that came to nothing: their households wait on."""
    nominations = state.nominations
    who = nominations["household"][rows]
    state.households["status"][who] = WAITING
    state.households["settled"][who] = day
    np.subtract.at(state.voids["pending"], nominations["void"][rows], 1)


def _nominate(
    state: State, listed: Going, aims: targets.Aims | None, day: int, nominated: NDArray[np.int64]
) -> bool:
    """Homes are offered, or shown, to those who are free: those without a nomination, and of those
    that somebody came to see to those above.
    """
    voids = state.voids
    asked = targets.in_turn(state, listed, aims, day)
    going = listed if asked is None else only(listed, asked.entry)
    limit = int(state.setup.parameters["voids.offers_per_week"])
    open_ = np.flatnonzero(voids["step"][going.void] == ADVERTISED)
    its = visits(state, going, open_, day)
    places = its.places
    if limit:
        places = np.where(nominated[voids["world"][going.void[open_]]] < limit, places, 0)
    some = places > 0
    lists, places = open_[some], places[some]
    chosen, which = _meant(state, going, lists, places, its.upto[some], day)
    void = going.void[lists[which]]
    if limit:
        world = voids["world"][void]
        order = np.argsort(world, kind="stable")
        counts = np.bincount(world, minlength=len(nominated))
        nth = np.empty(len(chosen), np.int64)
        nth[order] = np.arange(len(chosen)) - np.repeat(np.cumsum(counts) - counts, counts)
        within_limit = nominated[world] + nth < limit
        chosen, void = chosen[within_limit], void[within_limit]
    if len(chosen):
        np.add.at(nominated, voids["world"][void], 1)
        listed.out[chosen if asked is None else asked.entry[chosen]] = True
        rows = nominate(state, void, going.household[chosen], going.position[chosen],
                        going.by[chosen], going.utility[chosen], day)
        state.nominations["waits"][rows] = False if asked is None else asked.waits[chosen]
    goes_on = its.highest[its.all_came & ~np.isin(going.void[open_], void)]
    rows = state.nominations
    rows["offered"][goes_on] = True
    rows["due"][goes_on] += day - rows["seen"][goes_on]  # time to answer counts from the offer
    return bool(len(chosen)) or bool((rows["due"][goes_on] <= day).any())


def _meant(
    state: State, going: Going, lists: NDArray[np.int64], places: NDArray[np.int64],
    upto: NDArray[np.int64], day: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Entries whose home is meant for their household, and the place of their list in ``lists``."""
    households = state.households
    which, entry = spans(going.starts[lists], upto - going.starts[lists])
    who = going.household[entry]
    free = ~going.out[entry] & (households["status"][who] == WAITING)
    free &= households["waits"][who] | households["decants"][who]
    free &= households["suspended_until"][who] <= day
    which, entry, who = which[free], entry[free], who[free]
    if not len(entry):
        return entry, which
    _, applications = np.unique(who, return_inverse=True)
    starts = np.searchsorted(which, np.arange(len(lists) + 1))
    offers = policy_on(state.setup, day).version.offers
    choosing = offers.choosing if offers is not None else Choosing()
    some = np.flatnonzero(starts[:-1] < starts[1:])
    first = np.zeros(len(lists), np.int64)
    first[some] = going.position[entry[starts[some]]]
    meant = offer_rounds(
        Lists(starts, applications.astype(np.int32)), places.astype(np.int32), going.rank[entry],
        choosing.by_whom, _order(state, going.void[lists], first, choosing))
    return entry[meant], which[meant]


def _order(
    state: State, voids: NDArray[np.int64], first: NDArray[np.int64], choosing: Choosing
) -> NDArray[np.int64]:
    """Homes in the order in which they are taken, as the live engine has it.

    Args:
        state: the worlds.
        voids: rows of voids, one of each home.
        first: position of the first who is free for each.
        choosing: by what the council takes one home before another; then by close and advert.
    """
    home, closed = state.voids["home"][voids], state.voids["closed"][voids]
    by = {"best_position": first, "fewest_bids": state.voids["bids"][voids], "closes_first": closed,
          "largest": -state.setup.homes.bedrooms[state.static(home)].astype(np.int64)}
    keys = [by[name] for name in choosing.by] if choosing.by_whom == "council" else []
    return np.lexsort((home, closed, *reversed(keys)))


def let(state: State, rows: NDArray[np.int64], day: NDArray[np.integer]) -> None:
    """Nominations are accepted, each on its day: the tenancy begins after the sign-up; a tenant's old
    home comes empty then.
    """
    if not len(rows):
        return
    setup = state.setup
    nominations, households, voids = state.nominations, state.households, state.voids
    who, void = nominations["household"][rows], nominations["void"][rows]
    start = starting_day(
        setup, np.maximum(day + nominations["signs"][rows], voids["ready"][void]))
    home = voids["home"][void]
    voids["accepted"][void], voids["let"][void] = day, start
    old = households["home"][who].copy()
    take_out(state, who, HOUSED, start)
    households["home"][who] = home
    state.home_status[home] = LET
    state.home_taker[home] = NOBODY
    state.home_need[home] = np.maximum(households["need"][who], 1)
    state.home_ends[home] = next_end(
        setup, state.home_ids(home), state.home_nth[home], start)
    voids["step"][void] = OVER
    movers = np.flatnonzero(old != NOBODY)
    leaks = sorted_out(setup.edges["chains.leakage"],
                       setup.luck.draws("leak", households["id"][who[movers]]))
    leaks = np.where(leaks == len(setup.edges["chains.leakage"]), len(LEAKS), leaks)
    leaks = np.where(households["decants"][who[movers]], LEAKS.index("decant"), leaks)
    freed = movers[leaks == len(LEAKS)]
    for name, event in (("disposal", "disposed"), ("decant", "demolished")):
        lost = movers[leaks == LEAKS.index(name)]
        state.home_status[old[lost]] = GONE
        happened(state, old[lost], start[lost], event)
    converted = movers[leaks == LEAKS.index("temporary_accommodation")]
    to_accommodation(state, old[converted], start[converted])
    open_void(state, old[freed], np.full(len(freed), MOVED), start[freed], after=void[freed],
              leaver=households["id"][who[freed]])
    state.lettings.append(
        len(rows), void=void, household=who, nomination=rows, day=start,
        from_home=old, leak=_leaks_of_all(state, who, movers, leaks),
    )


def _leaks_of_all(
    state: State, who: NDArray[np.int64], movers: NDArray[np.int64], leaks: NDArray[np.integer]
) -> NDArray[np.int8]:
    """Why no home comes back, of every letting: beyond the last of ``LEAKS`` where one does.

    A tenant who holds none of the homes here leaves one elsewhere.
    """
    tenant = state.setup.lives.tenant[state.households["life"][who]]
    out = np.where(tenant, np.int8(LEAKS.index("elsewhere")), np.int8(len(LEAKS)))
    out[movers] = leaks
    return out


def _end_lists(state: State, going: Going, week: int, day: int) -> None:
    """Lists on which nobody is left end; their homes go down the ladder, or are lost in theory."""
    voids, households = state.voids, state.households
    lists = np.flatnonzero((voids["step"][going.void] == ADVERTISED)
                           & (voids["pending"][going.void] == 0))
    which, entry = spans(going.starts[lists], np.diff(going.starts)[lists])
    who = going.household[entry]
    can = (~going.out[entry] & (households["suspended_until"][who] <= day)
           & np.isin(households["status"][who], (WAITING, UNDER_OFFER)))
    left = np.bincount(which[can], minlength=len(lists)) > 0
    over = going.void[lists[~left]]
    if state.setup.theory.unlet_lost:
        voids["step"][over] = OVER
        state.home_status[voids["home"][over]] = GONE
    else:
        not_let(state, over, week, day)
