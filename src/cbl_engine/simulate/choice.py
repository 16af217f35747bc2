"""Who bids for what: random utility over the homes of the week that a household may be let.

1. Who looks this week, and for how many homes, by kind of bidder. 2. Households alike in what they
want and may have are one class; each home of their world that they may have gets a weight,
``exp(utility)``, in whole numbers. 3. A household picks among its class's homes, one after another
without putting back, which is an order by utility plus noise (Plackett 1975, Luce 1959). 4. A few
bids are for homes that it cannot be let. Cost goes with classes and bids, not with pairs.

References:
    R. D. Luce, Individual Choice Behavior (1959); R. L. Plackett, The Analysis of Permutations,
    Applied Statistics 24 (1975), 193-202.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate import bidders, response
from cbl_engine.simulate.columns import spans, within
from cbl_engine.simulate.parameters import happens, happens_by_kind
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.setup import KINDS
from cbl_engine.simulate.state import MOST_BEDROOMS, NOBODY
from cbl_engine.simulate.week_frames import ASSISTED, AUTOMATIC, OWN, Bids
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.bidders import Bidders
    from cbl_engine.simulate.offering import Going
    from cbl_engine.simulate.state import State

_UNIT = float(1 << 20)
_AGES = np.array([1, 50, 55, 60, 65, 200])


def choose(state: State, week: int, voids: NDArray[np.int64], going: Going) -> Bids:
    """Bids on the adverts of a week.

    Args:
        state: the worlds; bids are counted to those who placed them.
        week: its number.
        voids: rows of the voids advertised, by world.
        going: lists of earlier weeks that are not over.
    """
    households = state.households
    world = state.voids["world"][voids].astype(np.int64)
    counts = np.bincount(world, minlength=len(state.worlds))
    who = bidders.may_bid(state, week, going)
    who = who[counts[households["world"][who]] > 0]
    if state.setup.theory.bids:
        who = np.sort(who, kind="stable")  # nearly in order
        return _counted(state, week, _everything(state, who, voids, counts))
    found = bidders.bidders(state, week, who, _who_looks(state, who, week))
    bids = _counted(state, week, _own(state, week, found, voids, counts))
    row, advert = bidders.automatic_pairs(state, week, found, voids, counts)
    if not len(row):
        return bids
    return bids.with_others(
        _counted(state, week, _placed(state, found, voids, counts, row, advert)))


def _counted(state: State, week: int, bids: Bids) -> Bids:
    households = state.households
    who, placed = np.unique(bids.household, return_counts=True)
    for name in ("bids", "in_cycle"):
        households[name][who] += placed.astype(households[name].dtype)
    households["own_bid_on"][bids.household[bids.by == OWN]] = state.setup.closes(week)
    return bids


def _own(
    state: State, week: int, found: Bidders, voids: NDArray[np.int64], counts: NDArray[np.int64]
) -> Bids:
    """Bids of those who bid themselves, and of officers for those whom only the council bids for."""
    bidding = policy_on(state.setup, state.setup.closes(week)).version.bidding
    by_engine = bidding is not None and bidding.automatic is not None
    council = found.how == bidders.COUNCIL
    bid = np.where(council, not by_engine, found.looks & (found.how != bidders.NONE))
    rows = np.flatnonzero(bid & (found.most > 0))
    who = found.who[rows]
    cells = _cells(state, who, voids, counts, response.care(state.setup, week))
    at, bids = _picked(state, who, counts, cells, week, found.most[rows], council[rows])
    keep = bidders.allowed(state, week, found, voids, rows[at], bids.advert)
    return bids.only(keep)


def _placed(
    state: State, found: Bidders, voids: NDArray[np.int64], counts: NDArray[np.int64],
    row: NDArray[np.int64], advert: NDArray[np.int64],
) -> Bids:
    """Bids that the engine places, with what each home is worth to the household."""
    who = found.who[row]
    return Bids(who, advert, (within(row) + 1).astype(np.int32),
                np.full(len(row), np.int8(AUTOMATIC)), worth(state, who, voids, counts, advert))


def worth(
    state: State, who: NDArray[np.int64], voids: NDArray[np.int64], counts: NDArray[np.int64],
    advert: NDArray[np.int64],
) -> NDArray[np.float64]:
    """What homes are worth to households, pair by pair [log odds]; 0 where it may not have one.

    Args:
        state: the worlds.
        who: rows of households.
        voids: rows of the voids advertised, by world.
        counts: adverts of each world.
        advert: place among ``voids`` of each.
    """
    rows, of = np.unique(who, return_inverse=True)
    cells = _cells(state, rows, voids, counts)
    width = len(voids)
    kind = np.repeat(np.arange(len(cells.first)), cells.upto - cells.first)
    there = kind * width + cells.advert
    wanted = cells.of[of] * width + advert
    at = np.minimum(np.searchsorted(there, wanted), max(len(there) - 1, 0))
    if not len(there):
        return np.zeros(len(who))
    return np.where(there[at] == wanted, cells.utility[at], 0.0)


def _who_looks(state: State, who: NDArray[np.int64], week: int) -> NDArray[np.bool_]:
    p, households = state.setup.parameters, state.households
    chance = np.array([0.0, p["bidding.seldom_per_week"], p["bidding.often_per_week"]])
    weeks = state.setup.round_weeks
    chance = chance if weeks == 1 else 1 - (1 - chance) ** weeks
    kind, looks = households["kind"][who], np.zeros(len(who), bool)
    some = np.flatnonzero(chance[kind] > 0)  # most never look
    draws = state.setup.luck.draws("looks", households["id"][who[some]], week)
    looks[some] = happens_by_kind(chance, kind[some], draws)
    return looks


@dataclass(frozen=True, eq=False)
class _Cells:
    """Homes that each class may have: weights end to end, class after class.

    Attributes:
        of: class of each household.
        order: places of households, class after class.
        first, upto: where a class begins in ``advert``, and ends.
        advert: place of each home.
        total: running totals of weights [whole numbers].
        utility: of each, without the chance to get it.
    """

    of: NDArray[np.int64]
    order: NDArray[np.int64]
    first: NDArray[np.int64]
    upto: NDArray[np.int64]
    advert: NDArray[np.int64]
    total: NDArray[np.int64]
    utility: NDArray[np.float64]


def _cells(
    state: State, who: NDArray[np.int64], voids: NDArray[np.int64], counts: NDArray[np.int64],
    care: float = 1.0,
) -> _Cells:
    setup, households, homes = state.setup, state.households, state.setup.homes
    lives, life = setup.lives, households["life"][who]
    born = lives.born[life].astype(np.int64) + households["shift"][who]
    age = np.where(lives.born[life] == 0, 40, (setup.start - born) / YEAR)
    group = np.searchsorted(_AGES, age, side="right")
    area, access = lives.area[life].astype(np.int64), lives.access[life].astype(np.int64)
    own = households["home"][who]
    stays = (households["downsizes"][who] > 0) & (own != NOBODY)
    here = homes.area[state.static(np.maximum(own, 0))]
    area = np.where(stays & (here >= 0), here, area)
    world = households["world"][who].astype(np.int64)
    sizes = state.sizes_sought(who).astype(np.int64) & 0xFFF
    key = (((world << 12 | sizes) << 12 | area) << 4 | group) << 2 | access
    order = np.argsort(key, kind="stable")
    keys = key[order]
    new = np.diff(keys, prepend=keys[:1] - 1) != 0
    of, keys = np.empty(len(key), np.int64), keys[new]
    of[order] = np.cumsum(new) - 1
    k_access, k_group = keys & 3, keys >> 2 & 15
    k_area, k_sizes, k_world = keys >> 6 & 0xFFF, keys >> 18 & 0xFFF, keys >> 30
    begins = np.cumsum(counts) - counts
    which, advert = spans(begins[k_world], counts[k_world])
    home = state.static(state.voids["home"][voids[advert]])
    bedrooms = np.clip(homes.bedrooms[home].astype(np.int64), 0, MOST_BEDROOMS)
    oldest = np.searchsorted(_AGES, homes.minimum_age[home], side="right")
    may = (k_sizes[which] >> bedrooms & 1).astype(bool)
    may &= (homes.minimum_age[home] == 0) | (k_group[which] >= oldest)
    may &= (homes.access[home] < 2) | (k_access[which] == 2)
    which, advert, home, bedrooms = which[may], advert[may], home[may], bedrooms[may]
    w = setup.parameters["choice.weights"]
    shown = state.shown[k_world[which], bedrooms]
    chance = -np.log((shown[:, 1] + 25.0) / (shown[:, 0] + 1.0) / 25.0)
    liking = (
        w["same_area"] * (homes.area[home] == k_area[which])
        + w["house"] * (homes.kind[home] == 0)
        + w["bungalow_for_older"] * ((homes.kind[home] == 2) & (k_group[which] >= 3))
        + w["ground_floor_for_access"] * ((homes.floor[home] == 0) & (k_access[which] > 0))
        + w["high_floor"] * (homes.floor[home] >= 4)
        + w["garden"] * homes.garden[home]
        + w["rent_per_ten_pounds"] * ((homes.rent[home] - 10_000) / 1000.0)
    )
    utility = liking + w["chance"] * np.clip(chance, -3, 3)
    wanted = np.clip(utility * care, -8, 8)
    weight = np.maximum(np.rint(np.exp(wanted) * _UNIT), 1).astype(np.int64)
    edges = np.searchsorted(which, np.arange(len(keys) + 1))
    return _Cells(of, order, edges[:-1], edges[1:], advert, np.cumsum(weight), liking)


def _picked(
    state: State, who: NDArray[np.int64], counts: NDArray[np.int64], cells: _Cells, week: int,
    caps: NDArray[np.int64], council: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], Bids]:
    """Picks of every household, one turn after another; loops over the most bids of a week.

    Returns:
        Place in ``who`` of each bid, and the bids.
    """
    setup, households, luck = state.setup, state.households, state.setup.luck
    order = cells.order  # neighbours are looked up among the same totals
    who, council, of = who[order], council[order], cells.of[order]
    ids, world = households["id"][who], households["world"][who].astype(np.int64)
    usual = int(setup.parameters["bidding.most_bids"])
    lowest = policy_on(setup, setup.closes(week)).cap
    usual = usual if lowest is None else min(usual, lowest)
    wanted = 1 + (luck.draws("bids", ids, week) % np.uint64(max(usual, 1))).astype(np.int64)
    all_ = council | (households["kind"][who] == KINDS.index("often"))
    wanted = np.minimum(np.where(all_, usual, wanted), caps[order])
    totals = np.concatenate([np.zeros(1, np.int64), cells.total])
    before = totals[cells.first[of]]
    whole = totals[cells.upto[of]] - before
    begins = np.cumsum(counts) - counts
    most = int(wanted.max(initial=0))
    taken = np.full((most, len(who)), -1, np.int64)
    utility = np.zeros((most, len(who)))
    got = np.zeros(len(who), np.int64)
    at = np.flatnonzero(whole > 0)
    for turn in range(2 * most):
        at = at[got[at] < wanted[at]]
        if not len(at):
            break
        draws = luck.draws("pick", ids[at], week, turn)
        target = before[at] + (draws % whole[at].astype(np.uint64)).astype(np.int64)
        cell = np.searchsorted(cells.total, target, side="right")
        advert = cells.advert[cell]
        stray = np.flatnonzero(happens(
            setup.parameters["bidding.mistaken"], luck.draws("stray", ids[at], week, turn)))
        own = world[at[stray]]
        advert[stray] = begins[own] + (luck.draws("stray/which", ids[at[stray]], week, turn)
                                       % counts[own].astype(np.uint64)).astype(np.int64)
        new = np.ones(len(at), bool)
        for before_it in taken[:turn]:
            new &= before_it[at] != advert
        row, place = at[new], got[at[new]]
        taken[place, row] = advert[new]
        utility[place, row] = cells.utility[cell[new]]
        got[row] += 1
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    taken, utility = taken[:, back].T, utility[:, back].T
    who, council = who[back], council[back]
    row, rank = np.nonzero(taken >= 0)
    assisted = happens(setup.parameters["bidding.assisted"],
                       luck.draws("assisted", households["id"][who[row]], week))
    by = np.where(assisted | council[row], np.int8(ASSISTED), np.int8(OWN))
    return row, Bids(who[row], taken[row, rank], (rank + 1).astype(np.int32), by,
                     utility[row, rank])


def _everything(
    state: State, who: NDArray[np.int64], voids: NDArray[np.int64], counts: NDArray[np.int64]
) -> Bids:
    """Everybody bids for every home of their world that they may be let: the simple model."""
    cells = _cells(state, who, voids, counts)
    of = cells.of
    which, cell = spans(cells.first[of], cells.upto[of] - cells.first[of])
    rank = (cell - cells.first[of][which] + 1).astype(np.int32)
    return Bids(who[which], cells.advert[cell], rank, np.zeros(len(which), np.int8),
                cells.utility[cell])
