"""What is found of households is put on record, as an officer would, before they are assessed again.

A band that is another than the last on record begins a spell, on the day from which the scheme gives
it. So an assessment of the same facts on a later day finds the same.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.assess.dating import spells_recorded
from cbl_engine.tables import Ordinals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.assess.assessed import Assessed

FOUND: dict[str, Any] = {"band": pl.String, "points": pl.Int64, "priority_date": pl.Date,
                         "bedroom_need": pl.Int64, "sizes": pl.List(pl.Int64),
                         "band_from": pl.Date}
"""Columns of applications that what was found takes the place of."""
_DAY = timedelta(days=1)


def spells_begun(found: Assessed) -> pl.DataFrame:
    """The bands found that are another than the last on record: application, band, since.

    Where the scheme dates from the history, without those that an award awaiting review leaves open.
    """
    if found.trace.dates is not None:
        open_ = found.assessed.filter(pl.Series(found.trace.unsettled))["application"]
        return found.trace.dates.found_today().filter(~pl.col("application").is_in(open_.implode()))
    have, now = found.tables["applications"], found.assessed
    before = have["band"].cast(pl.String) if "band" in have.columns else pl.Series(
        [None], dtype=pl.String).new_from_index(0, have.height)
    return now.select(
        "application", pl.col("band").cast(pl.String),
        found.trace.band_since.fill_null(found.as_at).alias("since"),
    ).filter(now["band"].cast(pl.String).ne_missing(before))


def on_record(
    tables: Mapping[str, pl.DataFrame], found: pl.DataFrame, on: date
) -> dict[str, pl.DataFrame]:
    """The register with what was found put on record.

    Args:
        tables: by name.
        found: application, the columns of :data:`FOUND`, ``begins`` (whether a spell in a band
            begins) and ``begins_on``.
        on: the day.
    """
    out = dict(tables)
    applications = tables["applications"]
    out["band_history"] = _with_spells(
        _history(tables, found["application"]),
        found.filter("begins").select("application", "band", since="begins_on"), on)
    fresh = found.select(pl.col("application").alias("id"), *(
        pl.col(c).alias(f"new_{c}") for c in FOUND), pl.lit(value=True).alias("done"))
    out["applications"] = applications.join(
        fresh, on="id", how="left", maintain_order="left").with_columns(
        pl.when("done").then(pl.col(f"new_{c}").cast(applications.schema[c])).otherwise(c).alias(c)
        for c in FOUND if c in applications.columns).select(applications.columns)
    return out


def _history(tables: Mapping[str, pl.DataFrame], ids: pl.Series) -> pl.DataFrame:
    """The spells on record, with those of these applications that their own rows alone tell of."""
    mine = tables["applications"].filter(pl.col("id").is_in(ids.implode())).sort("id")
    spells = spells_recorded({**tables, "applications": mine}, Ordinals(mine["id"])).drop(
        "on_register", strict=False)
    types = {"application": pl.String, "band": pl.String, "since": pl.Date, "until": pl.Date}
    return spells.with_columns(
        (pl.col(c) if c in spells.columns else pl.lit(None)).cast(t).alias(c)
        for c, t in types.items())


def _with_spells(history: pl.DataFrame, begun: pl.DataFrame, on: date) -> pl.DataFrame:
    """A history with spells that begin, each after the last of its application up to a day.

    Of two that begin on one day the one before was held until then: from the start if there is none
    before it, else from the day before. One that would begin before the last follows it by a day. Ends
    are kept where the register keeps them.
    """
    keeps_ends = history["until"].null_count() < history.height
    row = pl.int_range(pl.len()).alias("row")
    last = history.select("application", pl.col("since").alias("was"), "until", row).filter(
        (pl.col("was") <= on).fill_null(value=True)).sort(
        "was", "until", "row", nulls_last=[False, True, True]).group_by(
        "application", maintain_order=True).agg(
        pl.col("was").last(), pl.col("row").last(), pl.len().alias("spells"))
    begun = begun.join(last, on="application", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("since") < pl.col("was")).then(pl.col("was") + _DAY).otherwise("since")
        .alias("since"))
    ends = begun.filter(pl.col("row").is_not_null()).select(
        "row", "spells", pl.col("since").alias("ends"))
    history = history.with_columns(row).join(
        ends, on="row", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("ends") == pl.col("since")).then(
            pl.when(pl.col("spells") > 1).then(pl.col("since") - _DAY)).otherwise("since")
        .alias("since"),
        pl.coalesce("ends", "until").alias("until") if keeps_ends else pl.col("until"),
    ).drop("row", "spells", "ends")
    return pl.concat([history, begun.select("application", "band", "since")],
                     how="diagonal_relaxed")
