"""Exactly the rows and columns that a shortlist read, so that a run folder holds no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.shortlist.compiled import compile_version
from cbl_engine.shortlist.register_check import tables_read
from cbl_engine.tables import LINEAGE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.scheme import Scheme

_ALWAYS = {
    "applications": ("id", "valid_from", "valid_to"),
    "adverts": (
        "id", "home", "home_group", "profile", "local_lettings_plan", "opens_at", "closes_at",
        "status", "lottery_seed",
    ),
    "homes": ("id", "home_group"),
    "bids": ("advert", "application", "placed_at", "withdrawn_at", "placed_by"),
    "people": ("id", "application"),
    "connections": ("application", "until", "person"),
    "areas": ("id", "parent"),
}
_SORT = {
    "applications": ("id", "valid_from"),
    "bids": ("advert", "application", "placed_at"),
    "connections": ("application", "person", "area", "kind", "since", "until"),
}


def rows_and_columns_read(
    scheme: Scheme, frames: Mapping[str, pl.DataFrame], *, lineage: bool = False
) -> dict[str, pl.DataFrame]:
    """The part of each table that a shortlist of these adverts and bids reads.

    Applications that bid, with their people and connections; all areas when facts read them; all
    adverts and bids; the homes advertised. Rows are sorted, so equal inputs give equal files.
    With ``lineage`` source_name and source_row come last, where a table has them.
    """
    wanted = {table: dict.fromkeys(columns) for table, columns in _ALWAYS.items()}
    needed = {"applications", "adverts", "bids", "homes"}
    for version in scheme.versions:
        compiled = compile_version(version)
        wanted["applications"].update(dict.fromkeys(compiled.own_columns()))
        for table in ("adverts", "homes"):
            wanted[table].update(dict.fromkeys(compiled.advert_columns()))
        for table, columns in tables_read(compiled).items():
            needed.add(table)
            wanted[table].update(dict.fromkeys(sorted(columns)))
            if "expected_on" not in wanted["people"] and table == "people":
                wanted["people"]["expected_on"] = None
    out = {}
    bidders = frames["bids"]["application"].unique()
    for table in sorted(needed & set(frames)):
        frame = frames[table]
        if table in {"people", "connections"}:
            frame = frame.filter(pl.col("application").is_in(bidders.implode()))
        elif table == "applications":
            frame = frame.filter(pl.col("id").is_in(bidders.implode()))
        elif table == "homes":
            frame = _advertised(frame, frames["adverts"])
        kept = frame.select([c for c in wanted[table] if c in frame.columns])
        by = [c for c in _SORT.get(table, ("id",)) if c in kept.columns]
        # Rows may agree on these; the other columns settle it, so that row order never does.
        by += [c for c in kept.columns if c not in by and not kept.schema[c].is_nested()]
        if lineage:
            kept = kept.with_columns(frame[c] for c in LINEAGE_COLUMNS if c in frame.columns)
        out[table] = kept.sort(by, nulls_last=False, maintain_order=True)
    return out


def _advertised(homes: pl.DataFrame, adverts: pl.DataFrame) -> pl.DataFrame:
    keep = pl.lit(False)
    if "home" in adverts.columns:
        keep = keep | pl.col("id").is_in(adverts["home"].drop_nulls().unique().implode())
    if "home_group" in adverts.columns and "home_group" in homes.columns:
        groups = adverts["home_group"].drop_nulls().unique()
        keep = keep | pl.col("home_group").is_in(groups.implode()).fill_null(False)
    return homes.filter(keep)
