"""The lettings of a record, each with its home, its household's waiting and how it came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import polars as pl

from cbl_engine.records.kinds_of_home import KIND_TYPES, with_kind
from cbl_engine.records.state import StateFolder, erased_in
from cbl_engine.report.landlord_names import landlords_told_apart
from cbl_engine.tables import versions_in_force
from cbl_engine.tables.labels import labelled_sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.scheme import Scheme

HOME = {**KIND_TYPES, "landlord": pl.String(), "needs_group": pl.String()}
_OF_ADVERTS = ("home_group", *HOME)
ERASED = "not known (erased)"
"""What stands for a value that was erased with its household: not the same as that it had none."""

_OFF_THE_REGISTER = ("housed", "closed")


class Record(Protocol):
    """A record of bids and offers: a state folder, or the record that a cycle leaves."""

    @property
    def tables(self) -> Mapping[str, pl.DataFrame]:
        """Tables that were taken in and tables of the record, by name."""
        ...

    @property
    def as_at(self) -> date | None:
        """The day at whose end it stood so."""
        ...


def begins_on(record: Record) -> date | None:
    """The first day on record; None: not known, as of a cycle's record."""
    return record.since if isinstance(record, StateFolder) else None


def is_erased(record: Record) -> pl.Expr:
    """Whether what was known of the household of a row was erased since; of a cycle's record never."""
    erased = list(erased_in(record.trail)) if isinstance(record, StateFolder) else []
    return pl.col("application").cast(pl.String).is_in(erased).fill_null(value=False)


def lettings_of(record: Record, scheme: Scheme) -> pl.DataFrame:
    """Lettings that stand, a row each.

    Returns:
        Frame of the columns of ``lettings``, with home (as far as letting or advert names it),
        bedrooms, property_type, area (ward, or wider, by name), landlord (by name where there is
        one, with its id where another has the name too), needs_group, month (of signing,
        ``2026-03``), ranked_from (the date by which its profile ranks its band; null: by none, or one that
        lettings do not keep), days_registered and days_ranked (signing less the day it joined the register,
        and less that date [days]), sensitive (left out of what is published) and erased
        (what was known of the household was erased since, and its band is :data:`ERASED`); by
        signing, then id.
    """
    tables = record.tables
    let = tables["lettings"].filter(pl.col("undone_on").is_null())
    adverts = tables.get("adverts", pl.DataFrame({"id": []}, schema={"id": pl.String}))
    kept = [n for n in ("home", *_OF_ADVERTS) if n in adverts.columns]
    of_advert = adverts.select(
        pl.col("id").cast(pl.String).alias("advert"),
        pl.col("home").cast(pl.String).alias("_home_advertised") if "home" in kept
        else pl.lit(None, pl.String).alias("_home_advertised"),
        *(pl.col(n) for n in kept if n != "home"),
        labelled_sensitive(adverts).alias("_sensitive"),
    )
    offered = tables["offers"].select("id", pl.col("landlord").cast(pl.String).alias("_landlord"))
    of_profile = tables["advert_states"].select("advert", pl.col("profile").alias("_profile"))
    let = let.join(of_advert, on="advert", how="left").join(offered, on="id", how="left").join(
        of_profile, on="advert", how="left")
    let = let.with_columns(_ranked_from(let, scheme))
    let = let.with_columns(pl.coalesce("home", "_home_advertised").alias("home"))
    let = with_kind(let, tables, HOME).with_columns(
        pl.coalesce("_landlord", "landlord").replace(landlords_told_apart(tables)).alias("landlord"),
        pl.col("signed_on").dt.strftime("%Y-%m").alias("month"),
        (pl.col("signed_on") - pl.col("registered_on")).dt.total_days().alias("days_registered"),
        (pl.col("signed_on") - pl.col("ranked_from")).dt.total_days().alias("days_ranked"),
        (pl.col("_sensitive").fill_null(value=False)
         | pl.col("kind").is_in(list(sensitive_kinds(scheme))).fill_null(value=False)
         ).alias("sensitive"),
        is_erased(record).alias("erased"),
    )
    let = let.with_columns(
        pl.when(pl.col("erased") & pl.col("band").is_null()).then(pl.lit(ERASED))
        .otherwise(pl.col("band").cast(pl.String)).alias("band"))
    names = [*tables["lettings"].columns, *HOME, "month", "ranked_from", "days_registered",
             "days_ranked", "sensitive", "erased"]
    return let.select(names).sort("signed_on", "id")


def _ranked_from(let: pl.DataFrame, scheme: Scheme) -> pl.Series:
    """The date by which each letting's household ranked, of those that lettings keep."""
    kept = {c: let[c].to_list() for c in ("priority_date", "registered_on")}
    nothing = [None] * let.height
    found = []
    for row, (on, profile, band) in enumerate(let.select("signed_on", "_profile", "band").iter_rows()):
        at = scheme.index_in_force(on)
        column = scheme.versions[-1 if at is None else at].ranks_from(profile, band)
        found.append(kept.get(column or "", nothing)[row])
    return pl.Series("ranked_from", found, dtype=pl.Date)


def sensitive_kinds(scheme: Scheme) -> set[str]:
    """Kinds of direct lets that are left out of what is published, by any version."""
    return {n for v in scheme.versions for n, let in v.direct_lets.items() if let.sensitive}


def sensitive_offers(record: Record, scheme: Scheme) -> tuple[pl.Series, pl.Series]:
    """What else is left out with sensitive lets: ids of adverts, and ids of offers made directly."""
    tables = record.tables
    adverts = tables.get("adverts", pl.DataFrame({"id": []}, schema={"id": pl.String}))
    ids = adverts.filter(labelled_sensitive(adverts))["id"].cast(pl.String)
    kinds = list(sensitive_kinds(scheme))
    asked = tables.get("direct_lets")
    let = tables["lettings"].filter(pl.col("kind").is_in(kinds))["id"]
    if asked is None or not kinds:
        return ids, let
    pairs = asked.filter(pl.col("kind").is_in(kinds)).select(
        pl.col("application", "home").cast(pl.String)
    ).unique()
    direct = tables["offers"].filter(pl.col("route") == "direct").join(
        pairs, on=["application", "home"], how="semi"
    )["id"]
    return ids, pl.concat([let, direct]).unique()


def housed_on(record: Record, on: date) -> pl.DataFrame:
    """Households that a letting which stands at the end of a day houses.

    Returns:
        Frame of application (text; those who share the tenancy too) and signed_on.
    """
    let = record.tables["lettings"].filter(
        pl.col("signed_on") <= on, pl.col("undone_on").is_null() | (pl.col("undone_on") > on))
    sharing = let.select(pl.col("shares_tenant").alias("application"), "signed_on").explode("application")
    both = [frame.with_columns(pl.col("application").cast(pl.String))
            for frame in (let.select("application", "signed_on"), sharing)]
    return pl.concat(both).drop_nulls("application")


def waiting_of(record: Record, on: date | None = None) -> pl.DataFrame:
    """Households on the register at the end of a day that had not been let a home.

    Args:
        record: a state folder tells what was known on the day, so any later one tells the same of
            it, but for those erased since; a cycle's record tells by the register as it stands.
        on: the day; None: the record's own.

    Returns:
        Frame of application (text), band, bedroom_need and days (since it joined the register,
        null when that is not known) [days].
    """
    tables, on = record.tables, on or record.as_at
    empty = {"application": pl.String, "band": pl.String, "bedroom_need": pl.Int64, "days": pl.Int64}
    if "applications" not in tables or on is None:
        return pl.DataFrame(schema=empty)
    rows = (record.known_on("applications", on) if isinstance(record, StateFolder)
            else tables["applications"])
    rows = versions_in_force(rows, on)
    have = rows.columns
    if "registered_on" in have:
        rows = rows.filter((pl.col("registered_on") <= on).fill_null(value=True))
    if "status" in have:
        rows = rows.filter(~pl.col("status").is_in(_OFF_THE_REGISTER))
    housed = housed_on(record, on)["application"].unique()
    own = {n: pl.col(n) if n in have else pl.lit(None, t)
           for n, t in (("band", pl.String), ("bedroom_need", pl.Int64), ("registered_on", pl.Date))}
    return rows.select(
        pl.col("id").cast(pl.String).alias("application"),
        own["band"].alias("band"), own["bedroom_need"].alias("bedroom_need"),
        (pl.lit(on) - own["registered_on"]).dt.total_days().alias("days"),
    ).filter(~pl.col("application").is_in(housed.implode())).sort("application")


