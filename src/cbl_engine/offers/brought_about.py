"""What a register of a week's end says of the days before it.

An extract says of all the days since the last one what is true at its end. Where that is what an outcome
that comes too brought about (``housed`` by a signing, ``withdrawn`` by the withdrawal of the advert), it
holds from that day on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HOLDS_FROM = "holds_from"
"""The day on which a row is taken in as it came."""

_OFFERED = (("approved", "offer"), ("approved", "direct_let"), ("accepted", None), ("signed", None))
_DECIDED = (("approved", "consequence"),)
_BRING: dict[str, dict[str, tuple[tuple[str, str | None], ...]]] = {
    "applications": {"under_offer": _OFFERED, "housed": _OFFERED, "suspended": _DECIDED, "closed": _DECIDED},
    "adverts": {"withdrawn": (("advert_withdrawn", None),)},
}
"""Table -> status -> the outcomes that bring it about: what happened, and the act of a decision."""

TABLES_BROUGHT_ABOUT = tuple(_BRING)
_ABOUT = {"applications": "application", "adverts": "advert"}
_AS_A_RULE = {"applications": "active", "adverts": "open"}
_OF_ITS_HOME = ("current_home", "current_bedrooms")


def brought_about(table: str, rows: pl.DataFrame, outcomes: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Those of the rows that come whose status is what an outcome brought about.

    Args:
        table: ``applications`` or ``adverts``.
        rows: that come.
        outcomes: that come, of the days of the cycle.

    Returns:
        The rows, each with the last day of such an outcome (:data:`HOLDS_FROM`). A version that begins
        later is none of them.
    """
    if "status" not in rows.columns:
        return rows.clear().with_columns(pl.lit(None, pl.Date).alias(HOLDS_FROM))
    days = pl.DataFrame(
        [(str(row.get(_ABOUT[table])), status, row["on"])
         for row in outcomes for status, by in _BRING[table].items()
         if any(row["what"] == what and act in (None, row.get("act")) for what, act in by)],
        {"id": pl.String, "status": pl.String, HOLDS_FROM: pl.Date}, orient="row",
    ).group_by("id", "status").agg(pl.col(HOLDS_FROM).max())
    begins = pl.col("valid_from") if "valid_from" in rows.columns else pl.lit(None, pl.Date)
    return rows.join(
        days, left_on=["id", pl.col("status").cast(pl.String)], right_on=["id", "status"],
        maintain_order="left",
    ).select(*rows.columns, HOLDS_FROM).filter((begins <= pl.col(HOLDS_FROM)).fill_null(value=True))


def until_then(table: str, rows: pl.DataFrame, now: pl.DataFrame | None) -> pl.DataFrame:
    """Rows of :func:`brought_about` as they are until that day.

    Args:
        table: whose.
        rows: as they came.
        now: the rows on record; None: none.

    Returns:
        The rows. Their status is that of the last version on record, and ``active`` or ``open`` where there is
        none (an advert that is withdrawn was open); what was emptied is as on record, and so is
        the home that the household had.
    """
    now = rows.clear() if now is None else now
    versions = now.sort("valid_from", nulls_last=False) if "valid_from" in now.columns else now
    before = versions.unique("id", keep="last")
    own = {"id", "valid_from", "valid_to"}
    kept = [name for name in rows.columns if name in before.columns and name not in own]
    both = rows.join(before.select("id", pl.struct(kept).alias("as on record")), on="id", how="left",
                     maintain_order="left")
    known = pl.col("as on record").is_not_null()

    def held(name: str) -> pl.Expr:
        on_record = pl.col("as on record").struct.field(name)
        if name == "status":
            rule = pl.lit(_AS_A_RULE[table])
            return rule if table == "adverts" else pl.coalesce(on_record.cast(pl.String), rule)
        if name in _OF_ITS_HOME:
            return pl.when(known).then(on_record).otherwise(name)
        return pl.coalesce(name, on_record)

    return both.select(held(name).cast(rows.schema[name]).alias(name) if name in kept or name == "status"
                       else name for name in rows.columns if name != HOLDS_FROM)
