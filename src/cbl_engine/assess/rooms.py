"""The rooms of the home a household has now: how many bedrooms a standard counts among them.

``rooms`` is a table of the register, a row a room, areas in square feet as the law has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.scheme.standards import resolve_standard
from cbl_engine.tables import Ordinals

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.scheme.bedrooms import BedroomStandard

AREA = "floor_area_sq_ft"
RECORDED, NOT_RECORDED, AREA_MISSING, DIFFERS = "recorded", "not_recorded", "area_missing", "differs"


def rooms_on(rooms: pl.DataFrame, on: date) -> pl.DataFrame:
    """The rooms that a household has on a date; without ``since`` and ``until``, all."""
    for name, holds in (("since", pl.col("since") <= on), ("until", pl.col("until") > on)):
        if name in rooms.columns:
            rooms = rooms.filter(holds | pl.col(name).is_null())
    return rooms


def bedrooms_now(
    rooms: pl.DataFrame, standard: BedroomStandard | str, as_at: date, applications: pl.DataFrame
) -> pl.DataFrame:
    """Bedrooms that each household has now, those left out that a standard finds too small.

    1. Count the bedrooms on record on the date, and those that are at least as large as the
    standard's ``smallest_room_sq_ft``. 2. Where no room is on record, ``current_bedrooms`` stands.
    3. Where ``current_bedrooms`` says neither how many bedrooms are on record nor how many of them
    count, rooms are missing from one of the two, and the number is not known.

    Args:
        rooms: ROOMS: application, use and floor_area_sq_ft [square feet]; since and until where
            they are there.
        standard: a declaration, or the name of a shipped standard.
        as_at: the date.
        applications: ``id`` and, where it is there, ``current_bedrooms`` [bedrooms].

    Returns:
        One row an application, ascending: application; bedrooms [bedrooms], null when not known;
        least and most [bedrooms] by the rooms on record, null without any; basis: ``recorded`` (by
        its rooms), ``not_recorded`` (current_bedrooms stands), ``area_missing`` (an area that is
        not known could change the number) or ``differs`` (the two records disagree).
    """
    smallest = resolve_standard(standard, as_at).smallest_room_sq_ft
    ids = Ordinals(applications["id"])
    n = len(ids)
    held = rooms_on(rooms, as_at)
    at = ids.ordinals_of(held["application"])
    held, at = held.filter(pl.Series(at >= 0)), at[at >= 0]
    bedroom = (held["use"].cast(pl.String) == "bedroom").to_numpy()
    area = held[AREA].cast(pl.Float64).to_numpy()
    large = bedroom & (area >= smallest if smallest > 0 else True)
    unsure = bedroom & np.isnan(area) & (smallest > 0)

    def count(which: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(at[which], minlength=n)

    known, every = count(np.ones(len(at), bool)) > 0, count(bedroom)
    least = count(large)
    most = least + count(unsure)
    said = _said(applications, ids)
    differs = known & (said >= 0) & (said != every) & ((said < least) | (said > most))
    basis = np.select(
        [~known, differs, least != most], [NOT_RECORDED, DIFFERS, AREA_MISSING], RECORDED
    )
    bedrooms = np.where(known, least, said)
    settled = np.isin(basis, (RECORDED, NOT_RECORDED)) & (bedrooms >= 0)
    frame = pl.DataFrame({"application": ids.ids, "bedrooms": bedrooms, "least": least,
                          "most": most, "basis": basis})
    on_record = pl.lit(pl.Series(known))
    return frame.with_columns(
        pl.when(pl.lit(pl.Series(settled))).then("bedrooms").alias("bedrooms"),
        pl.when(on_record).then("least").alias("least"),
        pl.when(on_record).then("most").alias("most"),
    )


def _said(applications: pl.DataFrame, ids: Ordinals) -> NDArray[np.int64]:
    """``current_bedrooms`` of each application, -1 where it is not known."""
    said = np.full(len(ids), -1, np.int64)
    if "current_bedrooms" in applications.columns:
        given: Any = applications["current_bedrooms"].cast(pl.Int64).fill_null(-1).to_numpy()
        said[ids.ordinals_of(applications["id"])] = given
    return said
