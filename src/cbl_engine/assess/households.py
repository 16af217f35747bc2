"""The rows of some households out of a register, and who must be assessed with whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.tables import REGISTER_TABLES, ids_asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WHOLE = ("areas", "band_history")
"""Tables that are not cut: areas are everyone's, and spells go by their number in the table and by
whether the register keeps ends at all."""


def linked(tables: Mapping[str, pl.DataFrame], applications: Iterable[Any]) -> pl.Series:
    """These applications and all that they were joined with or split from, directly or not.

    A loop over links: as many rounds as the longest chain of joined or split applications.

    Raises:
        TableError: the ids are no list, or of another type than those of applications.
    """
    dtype = _id_dtype(tables)
    found = ids_asked(applications, dtype, "only", "the ids of applications").unique()
    history = tables.get("band_history")
    if history is None or not {"application", "from_application"} <= set(history.columns):
        return found.sort()
    there = history.filter(pl.col("from_application").is_not_null()).select(
        pl.col("application").cast(dtype), pl.col("from_application").cast(dtype)
    )
    back = there.select(
        pl.col("from_application").alias("application"),
        pl.col("application").alias("from_application"),
    )
    links = pl.concat([there, back]).unique()
    before = -1
    while len(found) > before:
        before = len(found)
        more = links.filter(pl.col("application").is_in(found.implode()))["from_application"]
        found = pl.concat([found, more]).unique()
    return found.sort()


def of_households(
    tables: Mapping[str, pl.DataFrame], applications: pl.Series
) -> dict[str, pl.DataFrame]:
    """The rows of these applications, as an assessment needs them.

    A person of another household whom one of these names in a connection is among the people.
    """
    mine = applications.implode()
    out = dict(tables)
    for name in sorted(set(REGISTER_TABLES) & set(tables) - set(_WHOLE) - {"people"}):
        column = "id" if name == "applications" else "application"
        if column in tables[name].columns:
            out[name] = tables[name].filter(pl.col(column).is_in(mine))
    people = tables.get("people")
    if people is not None and "application" in people.columns:
        wanted = pl.col("application").is_in(mine)
        named = named_persons(out, people)
        if len(named):
            wanted |= pl.col("id").is_in(named.implode())
        out["people"] = people.filter(wanted)
    return out


def named_persons(tables: Mapping[str, pl.DataFrame], people: pl.DataFrame) -> pl.Series:
    """Ids of persons that connections name."""
    connections = tables.get("connections")
    if connections is None or "id" not in people.columns or (
        connections.schema.get("person") != people.schema["id"]
    ):
        return pl.Series([], dtype=pl.String)
    return connections["person"].drop_nulls().unique()


def _id_dtype(tables: Mapping[str, pl.DataFrame]) -> Any:
    frame = tables.get("applications")
    if frame is None or "id" not in frame.columns or frame.schema["id"] == pl.Null:
        return pl.String
    return frame.schema["id"]
