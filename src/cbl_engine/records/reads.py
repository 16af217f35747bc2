"""Exactly the rows and columns that a shortlist read, so that a run folder holds no more.

And, of homes and adverts, what publishing the results needs: nothing of it is about a household.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess import columns_welcome
from cbl_engine.assess.legal import judged_in_law
from cbl_engine.scheme.facts import EligibleInLaw
from cbl_engine.shortlist.compiled import compile_version
from cbl_engine.shortlist.register_check import tables_read
from cbl_engine.tables import DATED_TABLES, LINEAGE_COLUMNS, ExtraColumn
from cbl_engine.tables.schemas import PERSONAL_TABLES, columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.scheme import Scheme

_ALWAYS = {
    "applications": ("id", "valid_from", "valid_to"),
    "adverts": (
        "id", "home", "home_group", "profile", "local_lettings_plan", "closes_at", "status",
        "lottery_seed",
    ),
    "homes": ("id", "home_group"),
    "bids": ("advert", "application", "placed_at", "withdrawn_at"),
    "people": ("id", "application"),
    "connections": ("application", "until", "person"),
    "areas": ("id", "parent"),
} | dict.fromkeys(DATED_TABLES, ("application", "since", "until"))
_KIND_OF_HOME = ("bedrooms", "property_type", "area")
_KEPT_BESIDE = {
    "adverts": ("opens_at", "labels", *_KIND_OF_HOME),
    "homes": _KIND_OF_HOME,
    "bids": ("placed_by",),
    "areas": ("name", "level"),
}
_SORT = {
    "applications": ("id", "valid_from"),
    "bids": ("advert", "application", "placed_at"),
    "connections": ("application", "person", "area", "kind", "since", "until"),
} | dict.fromkeys(DATED_TABLES, ("application", "since", "until"))


def extra_columns(scheme: Scheme) -> dict[str, list[ExtraColumn]]:
    """The columns that any version of the scheme declares, for reading tables.

    What is declared of homes may stand on adverts, and the other way round: ``advert.x`` is read of
    either.
    """
    out: dict[str, dict[str, ExtraColumn]] = {}
    for version in scheme.versions:
        for table, columns in version.columns.items():
            for name, column in columns.items():
                out.setdefault(table, {})[name] = ExtraColumn(
                    name,
                    column.type,
                    codes=column.codes,
                    unit=column.unit or "",
                    label=column.label,
                    personal=table in PERSONAL_TABLES,
                )
    declared = {table: dict(out.get(table, {})) for table in ("homes", "adverts")}
    for table, other in (("homes", "adverts"), ("adverts", "homes")):
        standard = columns_of(table)
        for name, column in declared[other].items():
            if name not in standard:
                out.setdefault(table, {}).setdefault(name, column)
    return {table: list(columns.values()) for table, columns in out.items()}


def columns_read(scheme: Scheme, tables: Mapping[str, pl.DataFrame]) -> dict[str, list[str]]:
    """The columns of each table that a shortlist under any version of the scheme reads.

    What the law asks of those who apply is read where the register, ``tables``, is judged by it.
    """
    in_law = judged_in_law(tables)
    wanted: dict[str, dict[str, None]] = {
        table: dict.fromkeys(_ALWAYS[table])
        for table in ("applications", "adverts", "homes", "bids")
    }
    for version in scheme.versions:
        compiled = compile_version(version)
        wanted["applications"].update(dict.fromkeys(compiled.own_columns()))
        for table in ("adverts", "homes"):
            wanted[table].update(dict.fromkeys(compiled.advert_columns()))
        for table, columns in tables_read(compiled).items():
            mine = wanted.setdefault(table, dict.fromkeys(_ALWAYS[table]))
            mine.update(dict.fromkeys(sorted(columns)))
        for fact in compiled.facts_read().values():
            if isinstance(fact, EligibleInLaw) and fact.test not in in_law:
                continue
            for table, columns in columns_welcome(fact).items():
                mine = wanted.setdefault(table, dict.fromkeys(_ALWAYS[table]))
                mine.update(dict.fromkeys(columns))
    return {table: list(columns) for table, columns in wanted.items()}


def rows_and_columns_read(
    scheme: Scheme, frames: Mapping[str, pl.DataFrame], *, lineage: bool = False
) -> dict[str, pl.DataFrame]:
    """The part of each table that a shortlist of these adverts and bids reads.

    Applications that bid, with their people and connections; all areas; all adverts and bids; the
    homes advertised. Rows are sorted, so equal inputs give equal files. With ``lineage``
    source_name and source_row come last, where a table has them.
    """
    wanted = {"areas": list(_ALWAYS["areas"]), **columns_read(scheme, frames)}
    out = {}
    bidders = frames["bids"]["application"].unique()
    for table in sorted(set(wanted) & set(frames)):
        frame = frames[table]
        if table in {"people", "connections", *DATED_TABLES}:
            frame = frame.filter(pl.col("application").is_in(bidders.implode()))
        elif table == "applications":
            frame = frame.filter(pl.col("id").is_in(bidders.implode()))
        elif table == "homes":
            frame = _advertised(frame, frames["adverts"])
        names = dict.fromkeys([*wanted[table], *_KEPT_BESIDE.get(table, ())])
        kept = frame.select([c for c in names if c in frame.columns])
        by = [c for c in _SORT.get(table, ("id",)) if c in kept.columns]
        # Rows may agree on these; the other columns settle it, so that row order never does.
        by += [c for c in kept.columns if c not in by and not kept.schema[c].is_nested()]
        if lineage:
            kept = kept.with_columns(frame[c] for c in LINEAGE_COLUMNS if c in frame.columns)
        out[table] = kept.sort(by, nulls_last=False, maintain_order=True)
    return out


def rows_for(frames: Mapping[str, pl.DataFrame], adverts: pl.Series) -> dict[str, pl.DataFrame]:
    """The part of a run's tables that decides some adverts: fewer rows, the same shortlist.

    Args:
        frames: tables by name.
        adverts: their ids.
    """
    bids = frames["bids"].filter(pl.col("advert").is_in(adverts.implode()))
    bidders = bids["application"].unique().implode()
    out = {
        **frames,
        "adverts": frames["adverts"].filter(pl.col("id").is_in(adverts.implode())),
        "bids": bids,
        "applications": frames["applications"].filter(pl.col("id").is_in(bidders)),
    }
    for table in {"connections", *DATED_TABLES} & set(frames):
        out[table] = frames[table].filter(pl.col("application").is_in(bidders))
    if "people" in frames:
        theirs = pl.col("application").is_in(bidders)
        if "person" in out.get("connections", pl.DataFrame()).columns:
            theirs |= pl.col("id").is_in(out["connections"]["person"].drop_nulls().implode())
        out["people"] = frames["people"].filter(theirs)
    return out


def _advertised(homes: pl.DataFrame, adverts: pl.DataFrame) -> pl.DataFrame:
    keep = pl.lit(False)
    if "home" in adverts.columns:
        keep = keep | pl.col("id").is_in(adverts["home"].drop_nulls().unique().implode())
    if "home_group" in adverts.columns and "home_group" in homes.columns:
        groups = adverts["home_group"].drop_nulls().unique()
        keep = keep | pl.col("home_group").is_in(groups.implode()).fill_null(False)
    return homes.filter(keep)
