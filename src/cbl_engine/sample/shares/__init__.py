"""The figures that boroughs are made from, each with its source or marked as assumed.

``register.csv`` and ``lettings.csv`` hold published counts and percentages, ``assumptions.csv``
everything that is not published. One row a figure: share, place, category, value, unit, period,
source_url, licence, assumed (true, false) and reason (for a published figure, a note).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

from cbl_engine.errors import BadInput, Problem

_FILES = ("register.csv", "lettings.csv", "assumptions.csv")


@cache
def share_table() -> pl.DataFrame:
    """Every figure: share, place, category, value, unit, period, source_url, licence, assumed,
    reason. A source_url, licence or period that is null belongs to an assumption.
    """
    folder = Path(__file__).parent
    types = {"category": pl.String, "value": pl.Float64, "period": pl.String}
    kinds = {"assumed": pl.Boolean, "source_url": pl.String, "licence": pl.String}
    return pl.concat(
        pl.read_csv(folder / name, glob=False, schema_overrides=types | kinds, infer_schema_length=None)
        for name in _FILES
    )


def published_share(share: str, place: str | None = None) -> dict[str, float]:
    """Shares of the categories of one split, adding up to 1.

    Args:
        share: name of the split, e.g. ``register_by_bedroom_need``.
        place: whose figures; None when there is only one place's.

    Returns:
        Share of each category [fraction], in the order of the file. Assumed splits are read the
        same way: ``share_table()`` tells them apart.

    Raises:
        BadInput: no such split or place, or several places and none named.
    """
    values = _values(share, place)
    total = sum(values.values())
    return {category: value / total for category, value in values.items()}


def figure(share: str, category: str, place: str | None = None) -> float:
    """One value as it stands in the table, in the unit of its row.

    Raises:
        BadInput: no such figure.
    """
    values = _values(share, place)
    if category not in values:
        raise BadInput([_unknown("category", category, values, f"{share} has no such category")])
    return values[category]


@cache
def _values(share: str, place: str | None) -> dict[str, float]:
    table = share_table()
    rows = table.filter(pl.col("share") == share)
    if not rows.height:
        raise BadInput([_unknown("share", share, table["share"].unique(maintain_order=True))])
    places = rows["place"].unique(maintain_order=True).to_list()
    if place is None and len(places) == 1:
        place = places[0]
    if place not in places:
        raise BadInput([_unknown("place", place, places, f"{share} has figures of several places")])
    of_place = rows.filter(pl.col("place") == place)
    return dict(zip(of_place["category"], of_place["value"], strict=True))


def _unknown(kind: str, given: object, allowed: object, message: str = "") -> Problem:
    return Problem(
        f"unknown_{kind}",
        message or f"no {kind} of that name",
        given=repr(given),
        allowed=", ".join(map(str, allowed)),  # type: ignore[arg-type]
    )
