"""The lists of a week: the live shortlist called on its frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.shortlist import prepare, shortlist
from cbl_engine.shortlist.kernel import ELIGIBLE
from cbl_engine.simulate import week_frames
from cbl_engine.simulate.week_frames import AUTOMATIC, Bids, Week
from cbl_engine.tables.days import date_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.shortlist import Shortlist
    from cbl_engine.simulate.state import State


@dataclass(frozen=True, eq=False)
class Listed:
    """The lists of a week: those who may be offered each home, best first, list after list.

    Attributes:
        starts: where each advert's list begins, in the order of the voids, and at the end their
            number.
        household: rows.
        position, stage: as listed.
        bid: place among the bids.
        bids, eligible: counts of each advert.
    """

    starts: NDArray[np.int64]
    household: NDArray[np.int64]
    position: NDArray[np.int32]
    stage: NDArray[np.int8]
    bid: NDArray[np.int64]
    bids: NDArray[np.int64]
    eligible: NDArray[np.int64]


def listed(
    state: State, week: int, voids: NDArray[np.int64], bids: Bids, on: int | None = None
) -> Listed:
    """The lists that bids on the adverts of some voids make, by the live shortlist.

    Args:
        state: the worlds.
        week: in which the adverts were open.
        voids: rows of the voids advertised.
        bids: on them.
        on: the day households are as on; None: the close.
    """
    if len(bids.household):
        return rank(state, week_frames.frames_of(state, week, voids, bids, on), on)
    none, counts = np.zeros(0, np.int64), np.zeros(len(voids), np.int64)
    return Listed(np.zeros(len(voids) + 1, np.int64), none, none.astype(np.int32),
                  none.astype(np.int8), none, counts, counts)


def rank(state: State, week: Week, on: int | None = None) -> Listed:
    """The live shortlist of a week, and whoever may be offered a home, in order.

    Bids whose facts are not known are held, and nothing is offered on them. Equals of a tie that
    the scheme leaves to an officer go in an order drawn for the advert. Later stages of a profile
    are left out where an earlier one has somebody and lets nobody by.
    """
    made = live_shortlist(state, week, on)
    places = made.adverts.place[made.adverts.ordinals.ordinals_of(pl.Series(week.advert_ids))]
    at, place = made.ranking.in_order(made.bids.starts, np.arange(len(made.bids.starts) - 1))
    equals = np.cumsum(~made.ranking.tied[at])  # those held, who are left out now, among them
    fine = made.ranking.eligible[at] == ELIGIBLE
    at, place, equals = at[fine], place[fine], equals[fine]
    of_place = np.empty(len(places), np.int64)
    of_place[places] = np.arange(len(places))
    advert = of_place[place]
    household = week.who[made.bids.applications(at)]
    position, stage = made.ranking.position[at], made.ranking.stage[at]
    tied = np.diff(equals, prepend=0) == 0
    order = _in_turn(state, week, advert, household, tied)
    advert, household = advert[order], household[order]
    position, stage, at = position[order], stage[order], at[order]
    keep = _stages_reached(made, place[order], stage)
    advert, household, position = advert[keep], household[keep], position[keep]
    stage, at = stage[keep], at[keep]
    starts = np.searchsorted(advert, np.arange(len(week.advert_ids) + 1))
    counted = np.diff(made.bids.starts)[places]
    return Listed(starts, household, position, stage, made.bids.rows(at), counted,
                  np.diff(starts))


def may_be_let(
    state: State, week: int, voids: NDArray[np.int64], who: NDArray[np.int64],
    advert: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Whether each household would have a place on the list of each advert, if it bid for it.

    Args:
        state: the worlds.
        week: its number.
        voids: rows of the voids advertised.
        who: rows of households.
        advert: place among ``voids``, each pair once.
    """
    if not len(who):
        return np.zeros(0, bool)
    zeros = np.zeros(len(who))
    asked = Bids(who, advert, zeros.astype(np.int32), np.full(len(who), np.int8(AUTOMATIC)), zeros)
    made = live_shortlist(state, week_frames.frames_of(state, week, voids, asked))
    at, _ = made.ranking.in_order(made.bids.starts, np.arange(len(made.bids.starts) - 1))
    out = np.zeros(len(who), bool)
    out[made.bids.rows(at[made.ranking.eligible[at] == ELIGIBLE])] = True
    return out


def live_shortlist(state: State, week: Week, on: int | None = None) -> Shortlist:
    """What the engine makes of a week's frames, as at a day; None: as at the close."""
    prepared = prepare(state.setup.scheme, week.register, "close" if on is None else date_of(on))
    return shortlist(prepared, week.adverts, week.bids, homes=week.homes,
                     seed=state.setup.luck.seed)


def _in_turn(
    state: State, week: Week, advert: NDArray[np.int64], household: NDArray[np.int64],
    tied: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Of lists that are in order of position: order by advert, equals by a draw."""
    order = np.argsort(advert, kind="stable")
    if not tied.any():
        return order
    # Of a group of equals the first is not marked.
    member = tied.copy()
    member[:-1] |= tied[1:]
    equals = np.flatnonzero(member)
    draws = state.setup.luck.draws("tie", state.households["id"][household[equals]],
                                   week.advert_ids[advert[equals]])
    turn = np.arange(len(tied))
    turn[equals] = equals[_by_group(np.cumsum(~tied[equals]).astype(np.int64), draws)]
    return turn[order]


_BITS = 40


def _by_group(group: NDArray[np.int64], draws: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Order by group and draw; by one key for both where so much of each draw tells them apart."""
    if group[-1] < 1 << (63 - _BITS):
        key = (group << _BITS) | (draws >> np.uint64(64 - _BITS)).astype(np.int64)
        order = np.argsort(key)
        if (np.diff(key[order]) > 0).all():
            return order
    return np.lexsort((draws, group))


def _stages_reached(
    made: Shortlist, place: NDArray[np.int64], stage: NDArray[np.int8]
) -> NDArray[np.bool_]:
    """Whether each stands in a stage that is reached: none before it holds the list."""
    keep = np.ones(len(place), bool)
    version = made.ranking.works[0].batch.view.compiled.version if made.ranking.works else None
    if version is None:
        return keep
    profiles = made.summary()["profile"].to_list() if any(
        s.next_stage_when == "no_eligible" for p in version.profiles.values()
        for s in p.all_stages()) else []
    if not profiles:
        return keep
    ends = np.full((len(made.bids.starts) - 1, 16), fill_value=False)
    for at, profile in enumerate(profiles):
        for number, s in enumerate(version.profiles[profile].all_stages()):
            ends[at, number] = s.next_stage_when == "no_eligible"
    there = np.zeros_like(ends)
    there[place, stage] = True
    held = np.cumsum(there & ends, axis=1) - (there & ends)  # somebody stands in an earlier one
    return held[place, stage] == 0
