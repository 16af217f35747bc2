"""How each household may bid in a week, and the bids that are placed for those who do not.

Whose choice a household's is, what binds it and what suits it are the scheme's criteria, asked by
the functions that judge live bids; households know the rules and place no bid that breaks them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.offers.bidding import whose_choice
from cbl_engine.offers.clock import cycle_begins, cycle_numbers
from cbl_engine.simulate import listing
from cbl_engine.simulate.asking import judge_of, meets
from cbl_engine.simulate.columns import spans, within
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.state import ADVERTISED, WAITING
from cbl_engine.simulate.voids import DIRECT
from cbl_engine.tables.days import date_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.offers.criteria import Judge
    from cbl_engine.scheme.bidding import Bidding
    from cbl_engine.simulate.offering import Going
    from cbl_engine.simulate.state import State

HOW = ("own", "none", "council", "automatic")
OWN, NONE, COUNCIL, AUTOMATIC = range(len(HOW))
MANY = 1000
"""Bids, where no cap binds."""


@dataclass(frozen=True, eq=False)
class Bidders:
    """Households of a week, and how each may bid.

    Attributes:
        who: rows.
        how: a number in ``HOW``.
        choice: number of its choice in the scheme, -1 for none.
        most: bids that its caps leave it this week.
        looks: whether it looks for a home by itself this week.
    """

    who: NDArray[np.int64]
    how: NDArray[np.int8]
    choice: NDArray[np.int64]
    most: NDArray[np.int64]
    looks: NDArray[np.bool_]


def may_bid(state: State, week: int, going: Going) -> NDArray[np.int64]:
    """Rows of households that nothing bars from bidding this week.

    They wait, serve no suspension or bar, and are not frozen: first on a list of an earlier cycle
    that is still open. Who is under offer does not bid in any scheme.
    """
    households, close = state.households, state.setup.closes(week)
    live = state.live
    who = live[households["waits"][live] & (households["status"][live] == WAITING)
               & (households["barred_until"][live] <= close)
               & (households["suspended_until"][live] <= close)]
    bidding = policy_on(state.setup, close).version.bidding
    if bidding is not None and any(f.while_ == "first" for f in bidding.frozen.values()):
        who = who[~np.isin(who, _first(state, bidding, going, close))]
    return who


def begin_week(state: State, week: int) -> None:
    """Bids are counted by cycle, which need not be a week."""
    close = state.setup.closes(week)
    bidding = policy_on(state.setup, close).version.bidding
    now, before = cycle_numbers(bidding, np.array([close, close - 7]))
    if now != before:
        state.households["in_cycle"][state.live] = 0


def _first(
    state: State, bidding: Bidding, going: Going, close: int
) -> NDArray[np.int64]:
    """Households that stood first on a list which closed in an earlier cycle and is not settled."""
    begins = cycle_begins(bidding, np.array([close]))[0]
    lists = np.flatnonzero((state.voids["step"][going.void] == ADVERTISED)
                           & (state.voids["route"][going.void] != DIRECT)
                           & (state.voids["closed"][going.void] < begins)
                           & (np.diff(going.starts) > 0))
    head = going.starts[lists]
    return going.household[head[~going.out[head]]]


def bidders(state: State, week: int, who: NDArray[np.int64], looks: NDArray[np.bool_]) -> Bidders:
    """How households may bid: by the choice that applies to each, and its caps.

    Args:
        state: the worlds.
        week: its number.
        who: rows of households that nothing bars from bidding.
        looks: whether each would look for a home by itself.

    Returns:
        Those who look, and whoever else is bid for, in the order of their rows.
    """
    households, close = state.households, state.setup.closes(week)
    policy = policy_on(state.setup, close)
    bidding = policy.version.bidding
    led = households["council_until"][who] > close
    placed_for = led.copy()
    if bidding is not None and any(c.bids in ("council", "automatic")
                                   for c in bidding.choice.values()):
        placed_for[:] = True
    asked = np.flatnonzero(looks | placed_for)
    asked = asked[np.argsort(who[asked], kind="stable")]  # nearly in order
    who, led, looks = who[asked], led[asked], looks[asked]
    none = np.full(len(who), -1, np.int64)
    if bidding is None:
        return Bidders(who, np.where(led, COUNCIL, OWN).astype(np.int8), none,
                       np.full(len(who), MANY), looks)
    asks = bidding.choice or any(c.when is not None for c in bidding.caps.values())
    judge = judge_of(state, close, who) if asks and len(who) else None
    choice = none
    if judge is not None and bidding.choice:
        choice = whose_choice(judge, bidding, date_of(close), pl.Series(households["id"][who]))
    kinds = np.array([*(HOW.index(c.bids) for c in bidding.choice.values()), OWN], np.int8)
    how = kinds[choice]
    how = np.where(led & (how != NONE), COUNCIL, how).astype(np.int8)
    return Bidders(who, how, choice, _most(state, bidding, judge, who, close), looks)


def _most(
    state: State, bidding: Bidding, judge: Judge | None, who: NDArray[np.int64], close: int
) -> NDArray[np.int64]:
    """Bids that the caps leave each household; a live bid is one of the week."""
    most = np.full(len(who), MANY)
    placed = state.households["in_cycle"][who]
    for cap in bidding.caps.values():
        left = cap.bids - placed if cap.per == "cycle" else np.full(len(who), cap.bids)
        binds = np.ones(len(who), bool)
        if cap.when is not None and judge is not None:
            binds = meets(judge, cap.when, close, application=state.households["id"][who])
        most = np.where(binds, np.minimum(most, left), most)
    return np.maximum(most, 0)


def allowed(
    state: State, week: int, found: Bidders, voids: NDArray[np.int64],
    row: NDArray[np.int64], advert: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Whether the choice of each household lets it bid for a home: restricted bidding.

    Args:
        state: the worlds.
        week: its number.
        found: households.
        voids: rows of the voids advertised.
        row: place in ``found`` of each bid.
        advert: place among ``voids`` of each bid.
    """
    keep = np.ones(len(row), bool)
    close = state.setup.closes(week)
    bidding = policy_on(state.setup, close).version.bidding
    for number, choice in enumerate(bidding.choice.values() if bidding is not None else ()):
        at = np.flatnonzero(found.choice[row] == number)
        if choice.only is None or not len(at):
            continue
        who = found.who[row[at]]
        judge = judge_of(state, close, who, voids, week)
        ids = judge.given_adverts["id"].to_numpy()
        met = judge.counts(choice.only, date_of(close), advert=pl.Series(ids[advert[at]]),
                           application=pl.Series(state.households["id"][who]))
        keep[at] = met.fill_null(value=True).to_numpy()  # one that is held stands against no bid
    return keep


def automatic_pairs(
    state: State, week: int, found: Bidders, voids: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bids that the engine places at the close, for those who have none of their own in the cycle.

    For households whose choice is automatic; and for those only the council bids for, where the
    scheme has ``automatic``. Homes in the area where it would rather live come first, then any, each
    by advert; of those that suit it and for which it is eligible, the first ``most``.

    Args:
        state: the worlds; bids of the week are counted already.
        week: its number.
        found: households.
        voids: rows of the voids advertised, by world.
        counts: adverts of each world.

    Returns:
        Place in ``found`` and place among ``voids`` of each bid.
    """
    close = state.setup.closes(week)
    bidding = policy_on(state.setup, close).version.bidding
    nothing = np.zeros(0, np.int64), np.zeros(0, np.int64)
    # Cycles that end before the next adverts close.
    following = close + 7 * state.setup.round_weeks
    now, then = cycle_numbers(bidding, np.array([close, following]))
    if bidding is None or now == then:
        return nothing
    kinds = [AUTOMATIC] if bidding.automatic is None else [AUTOMATIC, COUNCIL]
    households, setup = state.households, state.setup
    mine = np.flatnonzero(np.isin(found.how, kinds) & (households["in_cycle"][found.who] == 0))
    world = households["world"][found.who[mine]].astype(np.int64)
    which, advert = spans((np.cumsum(counts) - counts)[world], counts[world])
    row = mine[which]
    if not len(row):
        return nothing
    judge = judge_of(state, close, found.who[mine], voids, week)
    ids = judge.given_adverts["id"].to_numpy()
    application = households["id"][found.who]
    suits = bidding.automatic.suits if bidding.automatic is not None else None
    keep = meets(judge, suits, close, advert=ids[advert], application=application[row])
    keep &= allowed(state, week, found, voids, row, advert)
    row, advert = row[keep], advert[keep]
    keep = listing.may_be_let(state, week, voids, found.who[row], advert)
    row, advert = row[keep], advert[keep]
    area = setup.homes.area[state.static(state.voids["home"][voids[advert]])]
    away = setup.lives.area[households["life"][found.who[row]]] != area
    order = np.lexsort((advert, away, row))
    row, advert = row[order], advert[order]
    most = bidding.automatic.most if bidding.automatic is not None else 1
    keep = within(row) < np.minimum(most, found.most[row])
    return row[keep], advert[keep]
