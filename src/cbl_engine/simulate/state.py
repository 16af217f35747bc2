"""Worlds as they stand: homes, households, voids, nominations and lists of all of them together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate.columns import Columns
from cbl_engine.simulate.luck import new_ids, number_of
from cbl_engine.simulate.parameters import day_reached, happens, sorted_out
from cbl_engine.simulate.setup import KINDS, STANDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.quotas import Counts
    from cbl_engine.simulate.setup import Setup
    from cbl_engine.simulate.targets import TargetCounts

NEVER = 1_000_000_000
NOBODY = -1

# Status of a household.
WAITING, UNDER_OFFER, HOUSED, LAPSED, ELSEWHERE, ENDED, CANCELLED = range(7)
STATUSES = ("waiting", "under_offer", "housed", "lapsed", "housed_elsewhere", "tenancy_ended",
            "cancelled")
# Status of a home.
LET, VOID, GONE, UNBUILT, ACCOMMODATION, LONG_EMPTY, DECANTED, DECANT_HOME = range(8)
# Where a void stands; open: shown in a round of adverts that has not closed.
COMING, READY, ADVERTISED, OPEN, OVER = range(5)

HOUSEHOLDS = {
    "id": np.int64, "world": np.int32, "life": np.int32, "shift": np.int32, "stretch": np.int64,
    "track": np.int8,
    "changes_on": np.int32, "registered": np.int32, "status": np.int8, "left": np.int32,
    "leaves": np.int32, "leaves_how": np.int8, "band": np.int8, "points": np.int32,
    "need": np.int8, "sizes": np.uint32, "priority": np.int32, "band_from": np.int32,
    "waits": np.bool_, "kind": np.int8,
    "home": np.int64, "settled": np.int32, "bids": np.int32, "own_bid_on": np.int32,
    "offers": np.int16, "refusals": np.int16,
    "barred_until": np.int32, "stay": np.int64,
    "downsizes": np.int8, "in_cycle": np.int16, "counted": np.int16, "suspended_until": np.int32,
    "council_until": np.int32, "decants": np.bool_, "bottom_until": np.int32, "put_band": np.int8, "put_until": np.int32,
}
VOIDS = {
    "id": np.int64, "world": np.int32, "home": np.int64, "nth": np.int32, "cause": np.int8,
    "chain": np.int64, "link": np.int16, "leaver": np.int64, "ended": np.int32,
    "notice": np.int32, "keys": np.int32, "inspected": np.int32, "works": np.int8,
    "works_from": np.int32, "ready": np.int32, "advertised": np.int32, "closed": np.int32,
    "accepted": np.int32, "let": np.int32, "step": np.int8, "adverts": np.int16,
    "nominations": np.int16, "route": np.int8, "pending": np.int16, "profile": np.int16,
    "rung": np.int8, "bids": np.int32, "eligible": np.int32,
}
NOMINATIONS = {
    "void": np.int64, "household": np.int64, "entry": np.int64, "position": np.int32,
    "on": np.int32, "seen": np.int32, "view_by": np.int32, "offered": np.bool_,
    "outcome": np.int8, "due": np.int32,
    "signs": np.int32, "route": np.int8, "counts": np.bool_, "waits": np.bool_, "band": np.int8,
}
EVENTS = {"home": np.int64, "day": np.int32, "what": np.int8}
STAYS = {
    "household": np.int64, "kind": np.int8, "duty": np.int8, "entered": np.bool_, "home": np.int64,
    "out_of_area": np.bool_, "since": np.int32, "until": np.int32, "by": np.int8,
    "main_on": np.int32, "leaves": np.int32, "leaves_by": np.int8,
}
DECANTS = {"home": np.int64, "to": np.int64, "since": np.int32, "until": np.int32,
           "over": np.bool_}
REFUSED_BEFORE = {"household": np.int64, "on": np.int32}
CONSEQUENCES = {"household": np.int64, "name": np.int16, "since": np.int32, "until": np.int32}
BAND_CHANGES = {"household": np.int64, "day": np.int32, "before": np.int8, "band": np.int8}

LETTINGS = {
    "void": np.int64, "household": np.int64, "nomination": np.int64, "day": np.int32,
    "from_home": np.int64, "leak": np.int8,
}
ADVERTS = {
    "id": np.int64, "void": np.int64, "week": np.int32, "number": np.int64, "bids": np.int32,
    "eligible": np.int32, "first_band": np.int8, "profile": np.int16, "rung": np.int8,
}


@dataclass(eq=False)
class State:
    """All worlds of a batch. Homes go by world and number: ``world_at * n_homes + number``.

    Attributes:
        setup: what they share, with the values of the week.
        worlds: number of each world, ascending; draws go by it, so a batch does not matter.
        n_homes: homes of a world.
        home_status, home_nth, home_ends, home_taker, home_need: of each home: status, voids so
            far, day its tenancy ends, row of the household on the register that holds it (-1
            none), bedrooms that those who live there need.
        households, voids, nominations, lettings, adverts: rows.
        live: rows of households that wait or are under offer.
        open_voids: rows of voids not over.
        teams_free: day on which each works team of a world is free; none where there is no limit.
        dealt: adverts of each world whose profile officers named in turn.
        homes_come: homes of each world that came at a rate.
        shown: what published results show of each world: adverts and bids by bedrooms.
        refused_before: refusals before the start that count, a row each.
        consequences: of refusals, a row each; the name is a number in ``consequence_names``.
        events: what happened to homes beside voids and lettings, a row each.
        band_changes: of households on the register, a row each.
        stays: in temporary accommodation, a row each.
        decants: moves of tenants out of homes in works and back, a row each.
        decants_asked: homes whose tenants wait for a home to move to while works are done.
        unsettled: rows of nominations; some of them are over, see ``open_nominations``.
        counts: what quotas have counted, when they have begun to.
        targets: what targets of local lettings plans have, likewise.
        version: number of the scheme's version that profiles of voids go by; -1 at the start.
    """

    setup: Setup
    worlds: NDArray[np.int64]
    n_homes: int
    home_status: NDArray[np.int8]
    home_nth: NDArray[np.int32]
    home_ends: NDArray[np.int32]
    home_taker: NDArray[np.int64]
    home_need: NDArray[np.int8]
    households: Columns
    voids: Columns
    nominations: Columns
    lettings: Columns
    adverts: Columns
    live: NDArray[np.int64]
    open_voids: NDArray[np.int64]
    teams_free: NDArray[np.int32]
    shown: NDArray[np.int64]
    dealt: NDArray[np.int64]
    homes_come: NDArray[np.int64]
    refused_before: Columns = field(default_factory=lambda: Columns(REFUSED_BEFORE))
    consequences: Columns = field(default_factory=lambda: Columns(CONSEQUENCES))
    events: Columns = field(default_factory=lambda: Columns(EVENTS))
    band_changes: Columns = field(default_factory=lambda: Columns(BAND_CHANGES))
    stays: Columns = field(default_factory=lambda: Columns(STAYS))
    decants: Columns = field(default_factory=lambda: Columns(DECANTS))
    decants_asked: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    unsettled: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    counts: Counts | None = None
    targets: TargetCounts | None = None
    version: int = -1

    def static(self, home: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of each home in its world."""
        return home % self.n_homes

    def open_nominations(self) -> NDArray[np.int64]:
        """Rows of the nominations that are not settled, ascending."""
        rows = self.unsettled
        self.unsettled = rows[self.nominations["outcome"][rows] < 0]
        return self.unsettled

    def bands_on(self, rows: NDArray[np.int64], day: int) -> NDArray[np.int8]:
        """Band of each household on a day; where a consequence puts it in another, that one."""
        put = self.households["put_until"][rows] > day
        return np.where(put, self.households["put_band"][rows], self.households["band"][rows])

    def sizes_sought(self, rows: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Mask of the sizes that each household bids for: those it may be let; where they are not known,
        the size of its need, and none where that is not known either.
        """
        sizes, need = self.households["sizes"][rows], self.households["need"][rows]
        by_need = np.left_shift(np.uint32(1), np.maximum(need, 0).astype(np.uint32))
        return np.where((sizes == 0) & (need >= 0), by_need, sizes)

    def home_ids(self, home: NDArray[np.int64]) -> NDArray[np.int64]:
        """Ids of homes, the same in any batch."""
        number = self.setup.homes.number[self.static(home)]
        return new_ids(self.worlds[home // self.n_homes], 0, number)


MOST_BEDROOMS = 9


def begin(setup: Setup, worlds: NDArray[np.int64]) -> State:
    """Worlds on the first day: homes let, the register as it is."""
    homes = setup.homes
    n_worlds, n_homes = len(worlds), setup.n_homes
    which = np.repeat(np.arange(n_worlds), n_homes)
    number = np.tile(np.arange(n_homes), n_worlds)
    home_id = new_ids(worlds[which], 0, homes.number[number])
    built = homes.built_week[number] != STANDING
    state = State(
        setup, worlds, n_homes,
        np.where(built, np.int8(UNBUILT), np.int8(LET)),
        np.zeros(len(which), np.int32),
        np.where(built, NEVER, next_end(setup, home_id, 0, setup.start)).astype(np.int32),
        np.full(len(which), NOBODY, np.int64),
        _needs(setup, number, home_id),
        Columns(HOUSEHOLDS, n_worlds * max(setup.lives.opening, 1) * 2),
        Columns(VOIDS), Columns(NOMINATIONS), Columns(LETTINGS), Columns(ADVERTS),
        np.zeros(0, np.int64), np.zeros(0, np.int64),
        np.zeros((n_worlds, 0), np.int32),
        np.ones((n_worlds, MOST_BEDROOMS + 1, 2), np.int64), np.zeros(n_worlds, np.int64),
        np.zeros(n_worlds, np.int64),
    )
    opening = setup.lives.opening
    world = np.repeat(np.arange(n_worlds), opening)
    life = np.tile(np.arange(opening), n_worlds)
    join(state, world, 0, setup.lives.number[life], life, setup.lives.registered[life],
         opening=True)
    return state


def next_end(
    setup: Setup, home_id: NDArray[np.int64], nth: NDArray[np.integer] | int,
    since: NDArray[np.integer] | int,
) -> NDArray[np.int32]:
    """Day on which the tenancy that begins on a day ends, whatever way."""
    number = np.searchsorted(setup.homes.number, number_of(home_id))
    rates = [(day, its.all_ends[number]) for day, its in setup.spells]
    draws = setup.luck.draws("tenancy", home_id, nth)
    ends = day_reached(rates, np.broadcast_to(since, home_id.shape), draws)
    return np.minimum(ends, NEVER).astype(np.int32)


def _needs(setup: Setup, number: NDArray, home_id: NDArray[np.int64]) -> NDArray[np.int8]:
    """Bedrooms that tenants at the start need, by the published shares of spare and short."""
    edges = np.rint(np.cumsum([0.087, 0.519, 0.28]) * 2.0**52).astype(np.uint64)
    spare = sorted_out(edges, setup.luck.draws("occupants", home_id)) - 1
    return np.maximum(setup.homes.bedrooms[number] - spare, 1).astype(np.int8)


def join(
    state: State, world: NDArray[np.integer], week: int, number: NDArray[np.integer],
    life: NDArray[np.integer], day: NDArray[np.integer], *, opening: bool = False,
    home: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Households join the register.

    Args:
        state: the worlds; rows are added.
        world: place of the world of each.
        week: from 1; 0 for the opening register.
        number: in its world and week.
        life: the life it lives.
        day: of registration.
        opening: dates are the life's own.
        home: that each holds; None: tenants are given one.

    Returns:
        Rows.
    """
    setup, lives, n = state.setup, state.setup.lives, len(world)
    luck, p = setup.luck, setup.parameters
    ids = new_ids(state.worlds[world], week, number)
    track = 0 if opening else lives.track_on(setup.closes(week - 1))
    shift = np.zeros(n, np.int64) if opening else day.astype(np.int64) - lives.registered[life]
    known = np.full(n, setup.start) if opening else day
    kind = _kinds(setup, ids, life, opening=opening)
    lapses = day_reached(_rates(setup, "households.lapse_per_year"), known,
                         luck.draws("lapse", ids))
    several = happens(p["households.on_other_registers"], luck.draws("several", ids))
    elsewhere = np.where(several, day_reached(
        _rates(setup, "households.housed_elsewhere_per_year"), known,
        luck.draws("elsewhere", ids)), NEVER)
    rows = state.households.append(
        n, id=ids, world=world, life=life, shift=shift, track=track,
        stretch=lives.starts[lives.thread(life, track)] - 1, changes_on=known,
        band=lives.band[lives.starts[lives.thread(life, track)]], registered=day, status=WAITING,
        left=NEVER, own_bid_on=NEVER,
        leaves=np.minimum(lapses, elsewhere), leaves_how=np.where(
            elsewhere < lapses, ELSEWHERE, LAPSED),
        kind=np.minimum(kind, len(KINDS) - 1), home=NOBODY, stay=NOBODY,
    )
    if home is None:
        settle_tenants(state, rows[lives.tenant[life]])
    else:
        state.households["home"][rows] = home
        state.home_taker[home] = rows
    state.live = np.concatenate([state.live, rows])
    return rows


def _rates(setup: Setup, name: str) -> list[tuple[int, float]]:
    """A rate from each day on which some value changes."""
    return [(day, its.parameters[name]) for day, its in setup.spells]


def _kinds(
    setup: Setup, ids: NDArray[np.int64], life: NDArray[np.integer], *, opening: bool
) -> NDArray[np.int64]:
    """How often each household bids: a number in ``KINDS``."""
    draws = setup.luck.draws("bidding", ids)
    if setup.theory.bids:
        return np.full(len(ids), KINDS.index("often"))
    if not opening:
        return sorted_out(setup.edges["bidding.kinds_joining"], draws)
    edges = np.rint(np.cumsum(setup.habits[life], axis=1) * 2.0**52).astype(np.uint64)
    return (draws[:, None] >> np.uint64(12) >= edges).sum(axis=1)


_TRIES = 6


def settle_tenants(state: State, rows: NDArray[np.int64]) -> None:
    """Tenants who join hold homes of their own world, the one they name, or one of its size; a share of
    those who name none, ``chains.elsewhere``, lives in another district.

    A home is drawn some times over; who finds none by then lives in another district too. Of
    several who name one home the first holds it.
    """
    setup, households = state.setup, state.households
    lived_in = setup.lived_in
    if lived_in is not None:
        life = households["life"][rows]
        number = np.where(life < len(lived_in), lived_in[np.minimum(life, len(lived_in) - 1)], NOBODY)
        _hold(state, rows[number != NOBODY], number[number != NOBODY])
    # The upper end of the draw whose lower end is leakage: nobody's move is both.
    rows = rows[~happens(setup.parameters["chains.elsewhere"],
                         ~setup.luck.draws("leak", households["id"][rows]))]
    by_size = _homes_by_size(setup)
    for turn in range(_TRIES):
        rows = rows[households["home"][rows] == NOBODY]
        if not len(rows):
            return
        size = np.clip(setup.lives.bedrooms_now[households["life"][rows]], 0, MOST_BEDROOMS)
        first, count = by_size[0][size], by_size[1][size]
        draws = setup.luck.draws("home", households["id"][rows], turn)
        some = count > 0
        number = by_size[2][first[some] + (draws[some] % count[some].astype(np.uint64))
                            .astype(np.int64)]
        _hold(state, rows[some], number)


def _hold(state: State, rows: NDArray[np.int64], number: NDArray[np.int64]) -> None:
    """Each household holds a home of its world, if it is let and nobody else on the register does."""
    households = state.households
    home = households["world"][rows].astype(np.int64) * state.n_homes + number
    take = (state.home_status[home] == LET) & (state.home_taker[home] == NOBODY)
    _, first_of = np.unique(home, return_index=True)  # of several the first by row
    single = np.zeros(len(home), bool)
    single[first_of] = True
    take &= single
    households["home"][rows[take]] = home[take]
    state.home_taker[home[take]] = rows[take]


def _homes_by_size(setup: Setup) -> tuple[NDArray, NDArray, NDArray]:
    """Where the homes of each size begin, how many there are, and the homes in order of size."""
    there = np.flatnonzero(setup.homes.built_week == STANDING)
    size = np.clip(setup.homes.bedrooms[there], 0, MOST_BEDROOMS)
    order = there[np.argsort(size, kind="stable")]
    counts = np.bincount(size, minlength=MOST_BEDROOMS + 1)
    return np.cumsum(counts) - counts, counts, order
