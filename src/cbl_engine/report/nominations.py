"""What landlords agreed that the council names households for, against what it was."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.scheme.parts import exact_share

if TYPE_CHECKING:
    from datetime import date

    from cbl_engine.report.results_rows import Record
    from cbl_engine.scheme import Scheme

NOMINATIONS = {
    "landlord": pl.String(), "agreed": pl.Float64(), "homes_let": pl.Int64(),
    "to_nominees": pl.Int64(), "share": pl.Float64(), "short": pl.Int64(),
}


def nominations_agreed(
    record: Record, scheme: Scheme, since: date | None, until: date
) -> pl.DataFrame:
    """Of each landlord with a ``nominations_share``, homes let and those let to nominees.

    Homes that the landlord let by itself are known from the table ``tenancies`` alone: a tenancy of
    one of its homes that began in the time and is no letting of the record. Where nobody gives
    them, the share is of lettings on record. An exchange or a succession cannot be told from a
    letting there: leave such tenancies out.

    Args:
        record: a state folder, or a cycle's record.
        scheme: of which the version in force on the last day says what was agreed.
        since: first day; None: from the start.
        until: last day.

    Returns:
        Frame of landlord (id), agreed (share of its homes let), homes_let, to_nominees (those let to
        a household that the council named), share (null: none was let) and short (homes by which the
        council is behind), by landlord; no rows where nothing was agreed.
    """
    version = scheme.in_force(until) if scheme.index_in_force(until) is not None else None
    agreed = {
        name: its.nominations_share for name, its in (version.landlords if version else {}).items()
        if its.nominations_share is not None
    }
    if not agreed:
        return pl.DataFrame(schema=NOMINATIONS)
    first = pl.lit(value=True) if since is None else pl.col("on") >= since
    let = _lettings(record).filter(first & (pl.col("on") <= until))
    rows = []
    for landlord in sorted(agreed):
        its = let.filter(pl.col("landlord") == landlord)
        homes, named, share = its.height, int(its["named"].sum()), agreed[landlord]
        due = ceil(exact_share(share) * homes)
        rows.append((landlord, share, homes, named, round(named / homes, 3) if homes else None,
                     max(0, due - named)))
    return pl.DataFrame(rows, NOMINATIONS, orient="row")


def _lettings(record: Record) -> pl.DataFrame:
    """Homes let, on record or by the landlord itself: landlord, on, named."""
    tables = record.tables
    offers = tables["offers"].select(
        "id", pl.col("landlord").cast(pl.String), pl.col("nominated_on").is_not_null().alias("named"))
    let = tables["lettings"].filter(pl.col("undone_on").is_null()).join(offers, on="id", how="left")
    own = let.select("landlord", pl.col("signed_on").alias("on"), "named")
    homes, tenancies = tables.get("homes"), tables.get("tenancies")
    if tenancies is None or homes is None or not {"landlord", "id"} <= set(homes.columns):
        return own
    of_home = homes.select(
        pl.col("id").cast(pl.String).alias("home"), pl.col("landlord").cast(pl.String))
    begun = tenancies.filter(pl.col("start").is_not_null()).select(
        pl.col("home").cast(pl.String), pl.col("application").cast(pl.String)
        if "application" in tenancies.columns else pl.lit(None, pl.String).alias("application"),
        pl.col("start").alias("on"),
    )
    known = let.select("home", "application", pl.col("started_on").alias("on"))
    others = begun.join(known, on=["home", "application"], how="anti").join(
        known, on=["home", "on"], how="anti").join(of_home, on="home")
    by_itself = others.select("landlord", "on", pl.lit(value=False).alias("named"))
    return pl.concat([own, by_itself])
