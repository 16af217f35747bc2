"""What the record holds against a household's bids: consequences in force, and being considered.

Both are asked of rows ``(row, application, day)``, and answered by the rows they stand against.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.scheme.bidding import Frozen

_REACHED = {
    "invited": ("invited_on", "offered_on", "answered_on"),
    "offered": ("offered_on", "answered_on"),
    "accepted": ("answered_on",),
}


def consequences_on(
    record: Mapping[str, pl.DataFrame],
    asked: pl.DataFrame,
    what: Literal["may_not_bid", "council_bids"],
) -> pl.DataFrame:
    """The consequences of a kind in force for each household on its day: ``row``, ``consequence``."""
    if _empty(record, "consequences"):
        return pl.DataFrame(schema={"row": asked.schema["row"], "consequence": pl.String})
    theirs = record["consequences"].filter(what).select(
        "application", "consequence", "since", "until"
    )
    return (
        _joined(asked, theirs, "application")
        .filter(pl.col("since") <= pl.col("day"), _not_yet("until"))
        .select("row", "consequence")
        .unique()
        .sort("row", "consequence")
    )


def under_consideration(
    frozen: Frozen, record: Mapping[str, pl.DataFrame], asked: pl.DataFrame
) -> pl.Series:
    """Rows whose household is under consideration on its day, as the rule means it.

    Args:
        frozen: the rule.
        record: tables of the record: ``shortlisted``, ``advert_states``, ``offers``, ``lettings``
            and ``passed_over``; one that is missing has no rows.
        asked: ``row``, ``application``, ``day`` and ``cycle``, the first day of the cycle that the
            day lies in.

    Returns:
        Their numbers, ascending, each once.
    """
    found = _first(record, asked) if frozen.while_ == "first" else _at_step(
        frozen.while_, record, asked
    )
    return found["row"].unique().sort()


def _at_step(
    step: Literal["invited", "offered", "accepted"],
    record: Mapping[str, pl.DataFrame],
    asked: pl.DataFrame,
) -> pl.DataFrame:
    """An offer of its own has reached the step and is open."""
    if _empty(record, "offers"):
        return asked.clear()
    offers = record["offers"].select(
        "id",
        "application",
        pl.min_horizontal(_REACHED[step]).alias("reached"),
        pl.col("ended_on").alias("over"),
    )
    if not _empty(record, "lettings"):
        signed = record["lettings"].select("id", "signed_on")
        offers = offers.join(signed, on="id", how="left").with_columns(
            over=pl.min_horizontal("over", "signed_on")
        )
    return _joined(asked, offers, "application").filter(
        pl.col("reached") <= pl.col("day"), _not_yet("over")
    )


def _first(record: Mapping[str, pl.DataFrame], asked: pl.DataFrame) -> pl.DataFrame:
    """It stood first on a list closed in an earlier cycle, and that is not settled."""
    if _empty(record, "shortlisted") or _empty(record, "advert_states"):
        return asked.clear()
    leads = _joined(asked, _leads(record), "application").filter(
        pl.col("closed_on") < pl.col("cycle"), _not_yet("over")
    )
    if _empty(record, "passed_over"):
        return leads
    passed = record["passed_over"].select(
        "advert", "application", pl.col("on").alias("passed"), "until"
    )
    at_present = _joined(leads, passed, "advert", "application").filter(
        pl.col("passed") <= pl.col("day"), _not_yet("until")
    )
    return leads.join(at_present, on=["row", "advert"], how="anti")


def _leads(record: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Who stood first where: ``application``, ``advert``, ``closed_on``, ``over`` (null: not yet)."""
    states = record["advert_states"].filter(
        pl.col("closed_on").is_not_null(), ~pl.col("status").is_in(["withdrawn", "unlet"])
    ).select("advert", "closed_on", "homes")
    listed = record["shortlisted"].filter(pl.col("position").is_not_null())
    first = listed.filter(pl.col("position") == 1)
    tied = listed.join(
        first.filter(pl.col("tie_group").is_not_null()).select("advert", "tie_group"),
        on=["advert", "tie_group"],
        how="semi",
    )
    leads = (
        pl.concat([first, tied])
        .select("advert", "application")
        .unique()
        .join(states, on="advert")
        .with_columns(over=pl.lit(None, pl.Date))
    )
    if not _empty(record, "lettings"):
        homes = pl.col("signed_on").rank("ordinal").over("advert")
        last = (
            record["lettings"]
            .filter(pl.col("undone_on").is_null(), pl.col("advert").is_not_null())
            .with_columns(homes.cast(pl.Int64).alias("homes"))
            .select("advert", pl.col("homes").cast(states.schema["homes"]), "signed_on")
        )
        leads = leads.join(last, on=["advert", "homes"], how="left").with_columns(
            over=pl.col("signed_on")
        )
    if not _empty(record, "offers"):
        ended = record["offers"].group_by("advert", "application").agg(pl.col("ended_on").min())
        leads = leads.join(ended, on=["advert", "application"], how="left").with_columns(
            over=pl.min_horizontal("over", "ended_on")
        )
    return leads.select("application", "advert", "closed_on", "over")


def _not_yet(column: str) -> pl.Expr:
    return pl.col(column).is_null() | (pl.col("day") < pl.col(column))


def _joined(asked: pl.DataFrame, rows: pl.DataFrame, *on: str) -> pl.DataFrame:
    """Rows of the record beside what is asked; ids of the record as the bids have them."""
    alike = rows.with_columns(rows[c].cast(asked.schema[c], strict=False) for c in on)
    return asked.join(alike, on=list(on))


def _empty(record: Mapping[str, pl.DataFrame], table: str) -> bool:
    return table not in record or not record[table].height
