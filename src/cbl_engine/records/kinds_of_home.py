"""What kind of home an advert or a letting is of: as the advert says, or its home, or its group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables import as_of_homes

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND_TYPES: Mapping[str, pl.DataType] = {
    "bedrooms": pl.Int64(), "property_type": pl.String(), "area": pl.String(),
}
_NARROWER = ("parish",)


def with_kind(
    frame: pl.DataFrame, tables: Mapping[str, pl.DataFrame], types: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """Rows with columns of their home: the row's own, or its home's, or what its group shares.

    Args:
        frame: rows with home or home_group, or neither; a column of ``types`` that it has wins.
        tables: homes and areas, as far as there are any.
        types: the columns and their types; ``area`` becomes the name of the ward that it is or
            lies in, or of what is wider; null where that is not known.
    """
    frame = as_of_homes(frame, tables.get("homes"), types)
    if "area" not in types:
        return frame
    return frame.with_columns(ward_of(frame["area"], tables.get("areas")))


def landlords_of_adverts(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The landlord of each advert (``advert``, ``landlord``): its own, or its home's, or its group's."""
    adverts = tables.get("adverts", pl.DataFrame(schema={"id": pl.String}))
    rows = adverts.select(
        pl.col("id").cast(pl.String).alias("advert"),
        *(c for c in ("home", "home_group", "landlord") if c in adverts.columns))
    return with_kind(rows, tables, {"landlord": pl.String()}).select("advert", "landlord")


def ward_of(areas: pl.Series, table: pl.DataFrame | None) -> pl.Series:
    """The ward that each area is or lies in, or what is wider; null where that is not known.

    By name where it has one. A loop over the areas of homes, and up the tree from each.
    """
    rows = {} if table is None else {str(r["id"]): r for r in table.iter_rows(named=True)}
    names: dict[str, str | None] = {}
    for area in areas.drop_nulls().unique():
        at = rows.get(area)
        found = None
        while at is not None:
            if at.get("level") not in _NARROWER:
                found = at
            if at.get("level") not in (None, *_NARROWER):
                break
            at = rows.get(str(at.get("parent")))
        names[area] = None if found is None else str(found.get("name") or found["id"])
    return areas.replace_strict(
        list(names), pl.Series(list(names.values()), dtype=pl.String), default=None,
        return_dtype=pl.String,
    ).alias("area")
