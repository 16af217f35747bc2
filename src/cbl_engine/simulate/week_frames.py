"""The week's adverts, bids and register as the frames that the live calls are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from cbl_engine.offers.clock import in_window
from cbl_engine.offers.refusals import BOTTOM
from cbl_engine.simulate.columns import spans
from cbl_engine.simulate.duties import on_record
from cbl_engine.simulate.lives import DATES
from cbl_engine.simulate.luck import new_ids
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.setup import OWN_COLUMNS
from cbl_engine.tables.days import date_of
from cbl_engine.tables.sizes import mask_to_sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.state import State

OWN, ASSISTED, AUTOMATIC = range(3)
"""By whom a bid is placed: the household, an officer for it, or the engine."""
_PEOPLE = {"people": ("id", "partner_of"), "connections": ("person",)}
_MINUTE = 60_000_000
_SECONDS = 26
"""Bits that hold the seconds of a round of adverts: two years have fewer."""
_DAY = 1440 * _MINUTE
"""Microseconds of a day; weeks in which clocks change are an hour out at most."""


@dataclass(frozen=True, eq=False)
class Bids:
    """Bids of a week, by household and then in its own order.

    Attributes:
        household: rows.
        advert: place among the adverts of the week.
        rank: the household's own order, from 1.
        by: OWN, ASSISTED or AUTOMATIC.
        utility: of the home to it, without noise [log odds].
    """

    household: NDArray[np.int64]
    advert: NDArray[np.int64]
    rank: NDArray[np.int32]
    by: NDArray[np.int8]
    utility: NDArray[np.float64]

    def only(self, keep: NDArray[np.bool_]) -> Bids:
        """Some of them."""
        return Bids(self.household[keep], self.advert[keep], self.rank[keep], self.by[keep],
                    self.utility[keep])

    def with_others(self, others: Bids) -> Bids:
        """These, then others."""
        return Bids(
            np.concatenate([self.household, others.household]),
            np.concatenate([self.advert, others.advert]),
            np.concatenate([self.rank, others.rank]), np.concatenate([self.by, others.by]),
            np.concatenate([self.utility, others.utility]))


@dataclass(frozen=True, eq=False)
class Week:
    """One cycle of bidding in frames, as a lettings system would give them to the engine.

    Attributes:
        register: frames by table, with whole numbers for ids; those who bid.
        homes, adverts, bids: frames.
        who: rows of the households in order of id.
        advert_ids: id of each advert, in the order of the voids.
    """

    register: dict[str, pl.DataFrame] = field(repr=False)
    homes: pl.DataFrame = field(repr=False)
    adverts: pl.DataFrame = field(repr=False)
    bids: pl.DataFrame = field(repr=False)
    who: NDArray[np.int64]
    advert_ids: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shown:
    """The adverts of a week, in the order of their voids.

    Attributes:
        ids: of the adverts.
        adverts, homes: frames.
    """

    ids: NDArray[np.int64]
    adverts: pl.DataFrame = field(repr=False)
    homes: pl.DataFrame = field(repr=False)


def adverts_of(state: State, week: int, voids: NDArray[np.int64]) -> Shown:
    """The homes of some voids as adverts of a week, with the profiles they have."""
    setup = state.setup
    world = state.voids["world"][voids]
    number = state.static(state.voids["home"][voids])
    advert_ids = new_ids(state.worlds[world], week + 1, setup.homes.number[number])
    home_ids = state.home_ids(state.voids["home"][voids])
    homes = setup.stock[number].with_columns(pl.Series("id", home_ids)).drop(
        *OWN_COLUMNS, strict=False)
    opens = _moment(setup.opens(week), time(0, 1))
    closes = _moment(setup.closes(week), time(23, 59))
    names = pl.Series([None, *policy_on(setup, setup.closes(week)).profiles], dtype=pl.String)
    adverts = pl.DataFrame({
        "id": advert_ids, "home": home_ids,
        "profile": names.gather(state.voids["profile"][voids].astype(np.int64)),
        "opens_at": _london(np.full(len(voids), opens)),
        "closes_at": _london(np.full(len(voids), closes)),
        "status": ["open"] * len(voids),
    })
    if "local_lettings_plan" in homes.columns:
        adverts = adverts.with_columns(homes["local_lettings_plan"])
        homes = homes.drop("local_lettings_plan")
    return Shown(advert_ids, adverts, homes)


def frames_of(
    state: State, week: int, voids: NDArray[np.int64], bids: Bids, on: int | None = None
) -> Week:
    """The frames that the live calls are given.

    Args:
        state: the worlds.
        week: in which the adverts were open.
        voids: rows of the voids advertised.
        bids: on them.
        on: the day households are as on; None: the close.
    """
    setup = state.setup
    who = np.flatnonzero(np.bincount(bids.household, minlength=len(state.households)))
    who = who[np.argsort(state.households["id"][who])]
    shown = adverts_of(state, week, voids)
    given = pl.DataFrame({
        "advert": shown.ids[bids.advert],
        "application": state.households["id"][bids.household],
        "placed_at": _placed(state, week, shown.ids[bids.advert], bids),
        "placed_by": pl.Series(_PLACED_BY).gather(bids.by.astype(np.int64)),
    })
    day = setup.closes(week) if on is None else on
    return Week(register_of(state, who, day), shown.homes, shown.adverts, given,
                who, shown.ids)


_PLACED_BY = ("applicant", "officer", "automatic")


def _placed(state: State, week: int, adverts: NDArray[np.int64], bids: Bids) -> pl.Series:
    """When each bid is placed: a household's best first, none before it has joined or before its
    last offer was settled, all in the week's window if the scheme has one; automatic bids at the
    close.
    """
    setup, households = state.setup, state.households
    opens = _moment(setup.opens(week), time(0, 1))
    closes = _moment(setup.closes(week), time(23, 59))
    bidding = policy_on(setup, setup.closes(week)).version.bidding
    minutes = np.arange(opens, closes, _MINUTE)
    if bidding is not None and bidding.window is not None:
        minutes = minutes[in_window(_london(minutes), bidding.window)]
    if not len(minutes):
        return _london(np.full(len(bids.household), closes))
    free = np.maximum(households["registered"], households["settled"] + 1)[bids.household]
    begins = np.maximum(free.astype(np.int64) - setup.opens(week), 0)
    first = np.minimum(np.searchsorted(minutes, opens + begins * _DAY), len(minutes) - 1)
    draws = setup.luck.draws("moment", households["id"][bids.household], adverts)
    minute = first + (draws % (len(minutes) - first).astype(np.uint64)).astype(np.int64)
    second = ((draws >> np.uint64(32)) % np.uint64(60)).astype(np.int64)
    # One key for household and second.
    drawn = np.sort((bids.household << _SECONDS) | (minute * 60 + second)) & ((1 << _SECONDS) - 1)
    by_rank = np.argsort((bids.household << _SECONDS) | bids.rank, kind="stable")
    out = np.empty_like(drawn)
    out[by_rank] = minutes[drawn // 60] + drawn % 60 * 1_000_000
    return _london(np.where(bids.by == AUTOMATIC, closes, out))


def _moment(day: int, at: time) -> int:
    """A moment by London's clock [microseconds since 1970 in UTC]."""
    moment = datetime.combine(date_of(day), at, ZoneInfo("Europe/London"))
    return int(moment.timestamp()) * 1_000_000


def _london(microseconds: NDArray[np.int64]) -> pl.Series:
    """Moments in UTC, shown by London's clock."""
    return pl.Series(microseconds).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(
        "Europe/London")


def register_of(state: State, who: NDArray[np.int64], on: int) -> dict[str, pl.DataFrame]:
    """The register's frames of some households on a day, ascending by id."""
    lives, households, setup = state.setup.lives, state.households, state.setup
    life, shift = households["life"][who].astype(np.int64), households["shift"][who]
    ids = pl.Series("id", households["id"][who])
    frame = lives.tables["applications"].drop("life")[life]
    moved = pl.Series("shift", shift)
    dates = [c for c, t in frame.schema.items() if t == pl.Date]
    band = state.bands_on(who, on)
    names = pl.Series([*lives.bands, None], dtype=pl.Enum(lives.bands))
    points, priority = households["points"][who], households["priority"][who]
    band_from = households["band_from"][who]
    need, sizes = households["need"][who], households["sizes"][who]
    found = {
        "band": names[np.where(band < 0, len(lives.bands), band).astype(np.uint32)],
        "points": _known(points, points >= 0, pl.Int64),
        "priority_date": _known(priority, priority > 0, pl.Date),
        "band_from": _known(band_from, band_from > 0, pl.Date),
        "bedroom_need": _known(need, need >= 0, pl.Int64),
        "sizes": mask_to_sizes(sizes, sizes > 0),
        "status": pl.Series(["active"]).new_from_index(0, len(who)),
    }
    frame = frame.with_columns(
        [ids, *((pl.col(c).cast(pl.Int32) + moved).cast(pl.Date).alias(c) for c in dates
                if c not in found)]
        + [s.alias(c) for c, s in found.items() if c in frame.columns or c == "sizes"])
    if policy_on(setup, on).bottoms:
        frame = frame.with_columns(_place_in_band(state, who, on, frame))
    out = {"applications": frame}
    for name in setup.tables_read:
        if name == "areas":
            out[name] = setup.areas
        elif name in lives.tables:
            out[name] = _rows_of(state, name, who, life, on)
    return out


def _place_in_band(
    state: State, who: NDArray[np.int64], on: int, frame: pl.DataFrame
) -> pl.Series:
    """Places in bands, those at the bottom below everyone; an empty one is the usual one, 0."""
    own = frame["place_in_band"].fill_null(0).to_numpy() if "place_in_band" in frame.columns \
        else np.zeros(len(who), np.int64)
    bottom = state.households["bottom_until"][who] > on
    return pl.Series("place_in_band", np.where(bottom, BOTTOM, own))


def _known(values: NDArray, known: NDArray[np.bool_], dtype: pl.DataType | type) -> pl.Series:
    return pl.Series(values.astype(np.int32)).set(pl.Series(~known), None).cast(dtype)


def _rows_of(
    state: State, table: str, who: NDArray[np.int64], life: NDArray[np.int64], on: int
) -> pl.DataFrame:
    """Rows of a table of some households, dates moved; rows still to come left out."""
    lives, households = state.setup.lives, state.households
    starts = lives.rows[table]
    which, row = spans(starts[life], starts[life + 1] - starts[life])
    frame = lives.tables[table].drop("life")[row]
    shift = pl.Series("shift", households["shift"][who][which])
    dates = [c for c in DATES.get(table, ()) if c in frame.columns]
    frame = frame.with_columns(
        pl.Series("application", households["id"][who][which]),
        *((pl.col(c).cast(pl.Int32) + shift).cast(pl.Date).alias(c) for c in dates))
    if "day" in frame.columns:
        come = (frame["day"].cast(pl.Int32) + shift).fill_null(0) <= on
        frame = frame.filter(come).drop("day")
    if table == "duties":
        frame = on_record(frame, date_of(on))
    return frame.with_columns(
        (pl.col("application").cast(pl.String) + "/" + pl.col(c)).alias(c)
        for c in _PEOPLE.get(table, ()) if c in frame.columns)
