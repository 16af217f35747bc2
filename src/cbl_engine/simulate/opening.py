"""Voids under way at the start that a council's own table names, with what was done of each.

What a void had come to by the start is as the table has it. The stage that it is in has lasted so
long at least: the days it lasts in all are drawn from those that are longer. Stages that it has not
come to are drawn as of any void.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.simulate.parameters import GRAIN
from cbl_engine.simulate.setup import CAUSES, NEW_HOME, WORKS
from cbl_engine.simulate.state import (
    ADVERTISED,
    LET,
    LONG_EMPTY,
    NEVER,
    NOBODY,
    OVER,
    next_end,
    settle_tenants,
)
from cbl_engine.simulate.void_measures import NO_RELET
from cbl_engine.simulate.voids import LONG_TERM, open_void, starting_day

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.simulate.lists_under_way import ListsUnderWay
    from cbl_engine.simulate.setup import Setup
    from cbl_engine.simulate.state import State

DAYS = ("tenancy_ended_on", "keys_in_on", "inspected_on", "works_began_on", "ready_on",
        "advertised_on", "accepted_on", "let_on")
_STAGES = ("keys_in_on", "inspected_on", "works_began_on", "ready_on")
"""Stages that are over in turn, up to the day on which a home can be let."""
_LONG = 28
"""Days that a ready home may wait for its first advert, at least."""


def voids_under_way(voids: pl.DataFrame, homes: pl.DataFrame, start: date) -> pl.DataFrame:
    """The voids of a table that are open at the start, one a home.

    Args:
        voids: table of voids; any of its days may be missing.
        homes: the stock, as worlds number it.
        start: first day.

    Returns:
        home (its number), cause, link (in its chain; where a move began it 2 at least, else 1), works,
        :data:`DAYS`, days on or after the start empty, and kept (Bool: kept out of letting, as its
        outcome has it or as :func:`_kept_out` finds). A void whose tenancy has not ended by the start
        is no void yet; one that ended otherwise than with a letting is over; of several of one home
        the last counts, and what is out of letting for long was let again where another came after.
    """
    missing = [pl.lit(None, pl.Date).alias(c) for c in DAYS if c not in voids.columns]
    texts = [pl.lit(None, pl.String).alias(c) for c in ("cause", "works", "outcome")
             if c not in voids.columns]
    missing += [pl.lit(None, pl.Int64).alias("link")] if "link" not in voids.columns else []
    table = voids.with_columns(missing + texts).with_columns(
        pl.when(pl.col(c) < pl.lit(start)).then(c).alias(c) for c in DAYS)
    numbers = homes.select(pl.col("id").cast(pl.String).alias("home"),
                           pl.int_range(pl.len(), dtype=pl.Int64).alias("number"))
    began = pl.min_horizontal(DAYS)
    since = pl.coalesce("tenancy_ended_on", began)
    outcome = pl.col("outcome").cast(pl.String)
    last = since == since.max().over("home")
    long = (last & (outcome == "long_term")).fill_null(value=False)
    gone = outcome.is_in(NO_RELET).fill_null(value=False) & ~long
    ended = pl.col("tenancy_ended_on").is_not_null() | (
        pl.col("cause").cast(pl.String).is_in(["new_home", "returned"]) & began.is_not_null())
    open_ = table.filter(ended, pl.col("let_on").is_null(), ~gone)
    return (
        open_.with_columns(pl.col("home").cast(pl.String), since.alias("tenancy_ended_on"))
        .join(numbers, on="home").sort("number", "tenancy_ended_on", "id")
        .unique("number", keep="last", maintain_order=True)
        .select(pl.col("number").alias("home"), pl.col("cause").cast(pl.String),
                pl.when(pl.col("cause").cast(pl.String) == "moved").then(
                    pl.max_horizontal(pl.col("link"), 2)).otherwise(1).alias("link"),
                pl.col("works").cast(pl.String), *DAYS,
                (long | _kept_out(table, start)).alias("kept"))
    )


def _kept_out(table: pl.DataFrame, start: date) -> pl.Expr:
    """Whether a home that was never advertised has been ready for longer than any waits for an advert
    here: longer than 99 of 100, and four weeks at least. Unknown of a table without days of adverts.
    """
    waits = (table["advertised_on"] - table["ready_on"]).dt.total_days().drop_nulls()
    if not len(waits):
        return pl.lit(value=False)
    longest = max(float(waits.quantile(0.99) or 0), _LONG)
    ready = (pl.lit(start) - pl.col("ready_on")).dt.total_days()
    never = pl.col("advertised_on").is_null() & pl.col("accepted_on").is_null()
    return (never & (ready > longest)).fill_null(value=False)


def with_lists(under_way: pl.DataFrame, lists: ListsUnderWay | None) -> pl.DataFrame:
    """The voids with what their lists tell besides: the first day on which a home was shown, by which
    it had been inspected.
    """
    if lists is None:
        return under_way
    shown = lists.lists.select("home", pl.col("opened_on").cast(pl.Date).alias("opened"),
                               pl.coalesce("opened_on", "closed_on").cast(pl.Date).alias("shown"))
    return under_way.join(shown, on="home", how="left", maintain_order="left").with_columns(
        pl.coalesce("advertised_on", "opened").alias("advertised_on"),
        pl.coalesce("inspected_on", "works_began_on", "ready_on", "accepted_on", "advertised_on", "shown")
        .alias("inspected_on")).drop("opened", "shown")


def begin_with(state: State, under_way: pl.DataFrame) -> None:
    """Every world begins with the voids of the table, in place of those that are usual.

    A home that is ready is advertised in the first week, unless a list of it is being gone down or
    it is kept out of letting; one that was accepted is let on the next starting day after the sign-up.
    """
    n, worlds = under_way.height, len(state.worlds)
    home = (np.arange(worlds)[:, None] * state.n_homes + under_way["home"].to_numpy()).ravel()
    free = state.home_status[home] == LET
    home, at = home[free], np.tile(np.arange(n), worlds)[free]
    day = {name: _numbers(under_way[name])[at] for name in DAYS}
    cause = under_way["cause"].replace_strict(
        {name: i for i, name in enumerate(CAUSES)}, default=0, return_dtype=pl.Int64,
    ).fill_null(0).to_numpy()[at]
    # A tenant who has moved out of it lives elsewhere: nobody holds a home that is empty.
    held = state.home_taker[home]
    held = held[held != NOBODY]
    rows = open_void(state, home, cause, day["tenancy_ended_on"])
    state.voids["link"][rows] = under_way["link"].to_numpy()[at]
    state.households["home"][held] = NOBODY
    settle_tenants(state, held)
    if len(rows):
        _come_to(state, rows, cause, under_way["works"], at, day)


def _come_to(
    state: State, rows: NDArray[np.int64], cause: NDArray[np.int64], works: pl.Series,
    at: NDArray[np.int64], day: dict[str, NDArray[np.int32]],
) -> None:
    """Each stage as it is known; the one under way drawn from what is longer than it has lasted."""
    setup, voids = state.setup, state.voids
    key = state.home_ids(voids["home"][rows]), voids["nth"][rows]
    new = np.isin(cause, [NEW_HOME])
    reached = _reached(day, new)
    keys = _over(setup, "voids.late_keys_days", key, day["tenancy_ended_on"], reached["keys_in_on"])
    seen = _over(setup, "voids.inspection_days", key, keys, reached["inspected_on"])
    voids["keys"][rows], voids["inspected"][rows] = keys, seen
    kind = works.replace_strict({name: i for i, name in enumerate(WORKS)}, default=-1,
                                return_dtype=pl.Int64).fill_null(-1).to_numpy()[at]
    kind = np.where((kind >= 0) & ~new, kind, voids["works"][rows])
    under = reached["inspected_on"] < NEVER
    began = np.where(reached["works_began_on"] < NEVER, reached["works_began_on"], seen)
    ready = reached["ready_on"].copy()
    for number, name in enumerate(WORKS):
        mine = under & (kind == number)
        ready[mine] = _over(setup, f"voids.works_days/{name}", tuple(k[mine] for k in key),
                            began[mine], ready[mine])
    # Works that have begun have their team; what was not inspected yet waits for one as usual.
    voids["works"][rows] = np.where(under, kind, voids["works"][rows])
    voids["works_from"][rows] = np.where(under, began, NEVER)
    voids["ready"][rows] = np.where(under, ready, voids["ready"][rows])
    voids["advertised"][rows] = day["advertised_on"]
    # What was advertised is let by bidding.
    shown = (day["advertised_on"] < NEVER) | (day["accepted_on"] < NEVER)
    voids["route"][rows] = np.where(shown, 0, voids["route"][rows])
    voids["accepted"][rows] = day["accepted_on"]


def _reached(day: dict[str, NDArray[np.int32]], new: NDArray[np.bool_]) -> dict[str, NDArray[np.int32]]:
    """The day of each stage; where it is not known, that of a later one that is, which shows it to be
    over. A new home has its keys and needs no works: it is ready when it comes.
    """
    reached = dict(day)
    for stage in _STAGES:
        reached[stage] = np.where(new & (day[stage] == NEVER), day["tenancy_ended_on"], day[stage])
    for stage, later in reversed([*pairwise((*_STAGES, "accepted_on"))]):
        reached[stage] = np.where(reached[stage] == NEVER, reached[later], reached[stage])
    return reached


def voids_of(state: State, homes: pl.Series) -> NDArray[np.int64]:
    """Rows of the voids of some homes, by their numbers, world after world."""
    worlds = np.arange(len(state.worlds))[:, None]
    of_home = np.full(len(state.home_status), -1, np.int64)
    of_home[state.voids["home"][state.open_voids]] = state.open_voids
    return of_home[(worlds * state.n_homes + homes.to_numpy()).ravel()]


def without_lists(state: State) -> None:
    """What becomes of voids that no list is gone down for: those accepted are let, those kept out of
    letting come back after their time.
    """
    _let_those_accepted(state)
    _keep_out(state)


def _keep_out(state: State) -> None:
    """The time that homes are kept out of letting has lasted so long at least."""
    setup, voids = state.setup, state.voids
    if setup.under_way is None:
        return
    rows = voids_of(state, setup.under_way.filter("kept")["home"])
    rows = rows[~np.isin(voids["step"][rows], (ADVERTISED, OVER))]
    home = voids["home"][rows]
    # One whose works were never done has been out of letting for no time that is known.
    ready = np.minimum(voids["ready"][rows], setup.start)
    voids["route"][rows], voids["step"][rows] = LONG_TERM, OVER
    state.home_status[home] = LONG_EMPTY
    state.home_ends[home] = _over(setup, "stock.long_term_days",
                                  (state.home_ids(home), voids["nth"][rows]), ready,
                                  np.full(len(rows), NEVER))


def _let_those_accepted(state: State) -> None:
    """Homes that were accepted before the start and are not let yet: to somebody who is on no list
    any more, from the day that was agreed where that is known.
    """
    setup, voids = state.setup, state.voids
    rows = state.open_voids
    rows = rows[(voids["accepted"][rows] < NEVER) & (voids["step"][rows] != OVER)]
    home = voids["home"][rows]
    signed = signed_on(setup, (state.home_ids(home), voids["nth"][rows]), voids["accepted"][rows])
    ready = voids["ready"][rows]
    since = starting_day(setup, np.maximum(signed, np.where(ready < NEVER, ready, 0)))
    since = np.where(voids["let"][rows] < NEVER, voids["let"][rows], since)
    voids["let"][rows], voids["step"][rows] = since, OVER
    state.home_status[home] = LET
    state.home_ends[home] = next_end(setup, state.home_ids(home), state.home_nth[home], since)


def signed_on(
    setup: Setup, key: tuple[NDArray, ...], accepted: NDArray
) -> NDArray[np.int32]:
    """The day of each sign-up that is not over at the start."""
    return _over(setup, "nominations.sign_up_days", key, accepted, np.full(len(accepted), NEVER))


def _over(
    setup: Setup, table: str, key: tuple[NDArray, ...], began: NDArray, known: NDArray
) -> NDArray[np.int32]:
    """The day a stage is over: as known, else drawn so that it is not over before the start."""
    days = setup.days[table]
    draws = setup.luck.draws(table.partition("/")[0] + "/opening", *key)
    lasted = np.maximum(setup.start - began.astype(np.int64), 0)
    first = np.searchsorted(days, lasted, side="left")
    place = first + ((draws >> np.uint64(52)).astype(np.int64) * (GRAIN - first)) // GRAIN
    longer = np.where(first < GRAIN, days[np.minimum(place, GRAIN - 1)], lasted)
    return np.where(known < NEVER, known, began + longer).astype(np.int32)


def _numbers(days: pl.Series) -> NDArray[np.int32]:
    return days.cast(pl.Int32).fill_null(NEVER).to_numpy()
