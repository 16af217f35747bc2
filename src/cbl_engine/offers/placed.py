"""Bids in the order they were placed, with what is known of their adverts at the end of a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from cbl_engine.errors import Problem, TableError
from cbl_engine.offers.caps import NEVER
from cbl_engine.offers.clock import london_days, midnight_after
from cbl_engine.shortlist.bids import bid_id_problems
from cbl_engine.tables import DTYPES, Ordinals, column_problems, frame_problems, given_twice
from cbl_engine.tables.days import date_of, day_number
from cbl_engine.tables.needs import null_problems, with_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Placed:
    """Bids in the order they were placed, with their adverts' times.

    Attributes:
        frame: ``advert``, ``application``, ``placed_at``, ``placed_by``; a row a bid.
        household: number of each bid's application, from 0.
        advert: number of its advert, from 0.
        at: when it was placed [microseconds since 1970].
        withdrawn: when it was withdrawn; NEVER when not, or after the close.
        voided: when its advert was put right after it was placed; NEVER when not.
        opens, closes: of its advert [microseconds since 1970].
        day, closes_day: by London's clock [days since 1970].
        status: of its advert; ``held_back`` where the record says so.
    """

    frame: pl.DataFrame = field(repr=False)
    household: NDArray[np.int64]
    advert: NDArray[np.int64]
    at: NDArray[np.int64]
    withdrawn: NDArray[np.int64]
    voided: NDArray[np.int64]
    opens: NDArray[np.int64]
    closes: NDArray[np.int64]
    day: NDArray[np.int64]
    closes_day: NDArray[np.int64]
    status: pl.Series = field(repr=False)

    @property
    def n(self) -> int:
        """Number of bids."""
        return len(self.at)

    @cached_property
    def days(self) -> list[tuple[date, NDArray[np.int64]]]:
        """Each day on which bids were placed, and the bids."""
        order = np.argsort(self.day, kind="stable")
        days, starts = np.unique(self.day[order], return_index=True)
        parts = np.split(order, starts[1:]) if len(days) else []
        return [(date_of(day), rows) for day, rows in zip(days, parts, strict=True)]

    @cached_property
    def by_officer(self) -> NDArray[np.bool_]:
        """Placed by the council, or by the engine for it."""
        return self.frame["placed_by"].is_in(["officer", "automatic"]).to_numpy()

    def ids(self, column: Literal["advert", "application"], rows: NDArray[np.int64]) -> pl.Series:
        """Ids of adverts or applications of some bids."""
        return self.frame[column].gather(rows)


_ADVERTS = (
    {"id": "id", "closes_at": "datetime"},
    {"opens_at": "datetime", "corrected_at": "datetime", "status": "code"},
)
_BIDS = (
    {"advert": "id", "application": "id", "placed_at": "datetime"}, {"withdrawn_at": "datetime"},
)
"""Columns that must be there, and those that may."""


def given_problems(
    adverts: pl.DataFrame, bids: pl.DataFrame, applications: pl.DataType
) -> Iterator[Problem]:
    """What adverts and bids cannot be judged with, all of it at once.

    Columns that are missing or of another type (moments have a time zone), empty cells where none
    may be, and ids of another kind than those they name.

    Args:
        adverts: those there are.
        bids: on them.
        applications: type of the ids of applications.
    """
    given = {"adverts": adverts, "bids": bids}
    if wrong := list(frame_problems(given)):
        yield from wrong
        return
    for (table, frame), (needed, welcome) in zip(given.items(), (_ADVERTS, _BIDS), strict=True):
        there = {name: kind for name, kind in welcome.items() if name in frame.columns}
        wrong += column_problems(frame, table, needed | there)
    if wrong:
        yield from wrong
        return
    yield from null_problems(adverts, "adverts", "an advert", ("id", "closes_at", "status"))
    yield from null_problems(bids, "bids", "a bid", ("application", "advert", "placed_at"))
    yield from bid_id_problems(bids, "advert", adverts.schema["id"])
    yield from bid_id_problems(bids, "application", applications)


def place_bids(
    adverts: pl.DataFrame,
    bids: pl.DataFrame,
    record: Mapping[str, pl.DataFrame],
    until: date,
) -> Placed:
    """Bids known at the end of a day, in the order they were placed.

    Bids of one moment are ordered by advert; rows that agree in everything stay as they are.

    Raises:
        TableError: a bid is for an advert that is not there; an advert is given more than once.
    """
    optional = {
        "withdrawn_at": pl.lit(None, pl.Datetime("us", "UTC")), "placed_by": pl.lit(None, pl.String),
    }
    missing = [value.alias(name) for name, value in optional.items() if name not in bids.columns]
    frame = with_types(bids, _UNTYPED).with_columns(missing).select(
        "advert", "application", "placed_at", "withdrawn_at",
        pl.col("placed_by").cast(pl.String).fill_null("applicant"),
    )
    frame = frame.filter(london_days(frame["placed_at"]) <= day_number(until)).sort(
        "placed_at", "advert", "application", "withdrawn_at", "placed_by", nulls_last=True
    )
    numbers = Ordinals(adverts["id"])
    if len(numbers) < adverts.height:
        raise TableError([*given_twice(
            adverts["id"], "an advert is given more than once", "adverts.id")])
    advert = numbers.ordinals_of(frame["advert"]).astype(np.int64)
    if len(advert) and advert.min() < 0:
        lost = frame["advert"].filter(pl.Series(advert < 0)).unique().sort()
        raise TableError(
            [Problem("unknown_advert", "a bid is for an advert that is not there",
                     where="bids.advert", count=len(lost), rows=tuple(map(str, lost.head(5))))]
        )
    theirs = with_types(adverts, _UNTYPED)[np.argsort(numbers.ordinals_of(adverts["id"]))]
    households = Ordinals(frame["application"])
    # What comes after the close or the day changes nothing here.
    last = midnight_after(until)
    withdrawn, closes = _moments(frame, "withdrawn_at", NEVER), _moments(theirs, "closes_at", NEVER)
    at, corrected = _moments(frame, "placed_at", NEVER), _moments(theirs, "corrected_at", NEVER)
    corrected = np.where(corrected <= last, corrected, NEVER)[advert]
    return Placed(
        frame=frame.drop("withdrawn_at"),
        household=households.ordinals_of(frame["application"]).astype(np.int64),
        advert=advert,
        at=at,
        withdrawn=np.where((withdrawn <= closes[advert]) & (withdrawn < last), withdrawn, NEVER),
        voided=np.where(at < corrected, corrected, NEVER),
        opens=_moments(theirs, "opens_at", -NEVER)[advert],
        closes=closes[advert],
        day=london_days(frame["placed_at"]),
        closes_day=london_days(theirs["closes_at"])[advert],
        status=_status(theirs, record).gather(advert),
    )


_UNTYPED = dict.fromkeys(("placed_at", "closes_at"), DTYPES["datetime"])
"""Types of columns that have none, in a frame made of no rows."""


def _moments(frame: pl.DataFrame, column: str, empty: int) -> NDArray[np.int64]:
    if column not in frame.columns or frame[column].dtype == pl.Null:
        return np.full(frame.height, empty, np.int64)
    return frame[column].dt.epoch("us").fill_null(empty).to_numpy()


HELD_BACK = "held_back"


def _status(adverts: pl.DataFrame, record: Mapping[str, pl.DataFrame]) -> pl.Series:
    """Status of each advert; withdrawn or held back when the record says so."""
    given = pl.lit("open") if "status" not in adverts.columns else pl.col("status").cast(pl.String)
    states = record.get("advert_states")
    if states is None or not states.height:
        return adverts.select(given.alias("status"))["status"]
    shut = states.filter(pl.col("status").is_in(["withdrawn", HELD_BACK]))
    return adverts.select(
        pl.col("id").replace_strict(
            shut["advert"].cast(adverts["id"].dtype), shut["status"], default=given,
            return_dtype=pl.String,
        ).alias("status")
    )["status"]
