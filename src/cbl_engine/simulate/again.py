"""Lists of earlier weeks asked again, where the scheme ranks or judges on the day of the offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.simulate import listing, week_frames
from cbl_engine.simulate.asking import judge_of
from cbl_engine.simulate.columns import spans
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.state import ADVERTISED, UNDER_OFFER
from cbl_engine.simulate.voids import BY_BIDDING
from cbl_engine.tables.days import date_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.scheme.offers import Offers
    from cbl_engine.simulate.offering import Going
    from cbl_engine.simulate.state import State


def order_on(state: State, going: Going, day: int) -> NDArray[np.int64]:
    """Places among the entries of lists, in the order in which they stand on a day.

    Households change from week to week, so lists are asked once a week: those that closed before
    this week's. With ``order: offer`` they are ranked anew among those who were offered nothing yet;
    whoever does not meet a criterion under ``judged_at`` is passed over. Others stay as they are.

    Args:
        state: the worlds.
        going: lists.
        day: the day of the close.

    Returns:
        Entries, list after list; those left out are passed over.
    """
    every = np.arange(len(going.household))
    offers = policy_on(state.setup, day).version.offers
    if offers is None or (offers.order == "close" and not offers.judged_at):
        return every
    closed = state.voids["closed"][going.void]
    old = (state.voids["step"][going.void] == ADVERTISED) & (closed < day)
    old &= state.voids["route"][going.void] == BY_BIDDING
    of = np.repeat(np.arange(len(going.void)), np.diff(going.starts))
    lists = np.flatnonzero(old)
    which, entry = spans(going.starts[lists], np.diff(going.starts)[lists])
    # Who is asked now keeps a place among those above and below.
    able = ~going.out[entry] | (state.households["status"][going.household[entry]] == UNDER_OFFER)
    which, entry = which[able], entry[able]
    meets = _judged(state, offers, going, going.void[lists], which, entry, day)
    which, entry = which[meets], entry[meets]
    if offers.order == "offer":
        closes = closed[lists[which]]
        parts = [_ranked(state, going, going.void[lists], which[closes == on], entry[closes == on],
                         max(int(on - state.setup.start) // 7, 0), day) for on in np.unique(closes)]
        entry = np.concatenate([*parts, np.zeros(0, np.int64)])
    order = np.concatenate([every[~old[of]], entry])
    return order[np.argsort(of[order], kind="stable")]


def _judged(
    state: State, offers: Offers, going: Going, voids: NDArray[np.int64],
    which: NDArray[np.int64], entry: NDArray[np.int64], day: int,
) -> NDArray[np.bool_]:
    """Whether nothing under ``judged_at`` is known to stand against each, that day."""
    meets = np.ones(len(entry), bool)
    who = going.household[entry]
    if not offers.judged_at or not len(entry):
        return meets
    judge = judge_of(state, day, who, voids, (day - state.setup.start) // 7)
    ids = judge.given_adverts["id"].to_numpy()
    for criterion in offers.judged_at:
        meets &= judge.counts(
            criterion, date_of(day), advert=pl.Series(ids[which]),
            application=pl.Series(state.households["id"][who])
        ).fill_null(value=True).to_numpy()
    return meets


def _ranked(
    state: State, going: Going, voids: NDArray[np.int64], which: NDArray[np.int64],
    entry: NDArray[np.int64], week: int, day: int,
) -> NDArray[np.int64]:
    """Entries in the order of the live shortlist as at a day; who is not eligible is left out."""
    used, which = np.unique(which, return_inverse=True)
    voids = voids[used]
    bids = week_frames.Bids(going.household[entry], which, going.rank[entry], going.by[entry],
                            going.utility[entry])
    frames = week_frames.frames_of(state, week, voids, bids, day)
    return entry[listing.rank(state, frames, day).bid]
