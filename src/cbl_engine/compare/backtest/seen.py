"""A history and simulated worlds in one form, so that one definition measures both.

What a history has is one world, number 0. Either side is taken as known at the end of the span: a
void let later is open, a nomination settled later is not settled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.compare.calibrate.adverts import advertised, bids_on
from cbl_engine.compare.calibrate.history import CannotFitError, History
from cbl_engine.compare.calibrate.nominations import begun
from cbl_engine.simulate.void_measures import without_first_lets
from cbl_engine.tables.versions import last_versions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

VOID_DAYS = ("tenancy_ended_on", "keys_in_on", "inspected_on", "ready_on", "let_on")


@dataclass(frozen=True, eq=False)
class Seen:
    """What happened in a span, in one world or in many.

    Attributes:
        since: first day of the span.
        until: first day after it; nothing of that day or later is known.
        worlds: their numbers, ascending.
        tables: those that there are, each with ``world``:

            ``voids``: bedrooms, tenancy_ended_on, keys_in_on, inspected_on, ready_on, let_on;
            ``adverts``: bedrooms, closed_on, bids (distinct households, whose bid stood at the close);
            ``nominations``: began, became (null: open);
            ``households``: registered_on, left_on, left_by (housed, closed);
            ``housed``: on, band.
        lacking: table -> why it is not there.
    """

    since: date
    until: date
    worlds: tuple[int, ...]
    tables: Mapping[str, pl.DataFrame] = field(repr=False)
    lacking: Mapping[str, str] = field(default_factory=dict)

    def within(self, day: str) -> pl.Expr:
        """Whether a day lies in the span; an unknown one does not."""
        return pl.col(day).is_between(self.since, self.until, closed="left").fill_null(value=False)


def seen_in_history(frames: Mapping[str, pl.DataFrame], since: date, until: date) -> Seen:
    """What a history has of a span.

    Args:
        frames: the history as known at the end of the span, ids as text.
        since: first day.
        until: first day after it.
    """
    history = History(frames, since, until, frozenset())
    tables: dict[str, pl.DataFrame] = {}
    lacking: dict[str, str] = {}
    for name, make in (("voids", _voids), ("adverts", _adverts), ("nominations", _nominations),
                       ("households", _households), ("housed", _housed)):
        try:
            tables[name] = make(history).with_columns(pl.lit(0, pl.Int32).alias("world"))
        except CannotFitError as error:
            lacking[name] = str(error)
    return Seen(since, until, (0,), tables, lacking)


def _voids(history: History) -> pl.DataFrame:
    voids = history.table("voids", "home", "tenancy_ended_on", "let_on")
    size = _bedrooms(history)
    missing = [pl.lit(None, pl.Date).alias(c) for c in VOID_DAYS if c not in voids.columns]
    return without_first_lets(voids).with_columns(missing).join(size, on="home", how="left").select(
        "bedrooms", *VOID_DAYS)


def _bedrooms(history: History) -> pl.DataFrame:
    """Home and bedrooms; nothing where homes have none."""
    homes = history.frames.get("homes")
    if homes is None or "bedrooms" not in homes.columns:
        return pl.DataFrame(schema={"home": pl.String, "bedrooms": pl.Int64})
    return homes.select(pl.col("id").alias("home"), pl.col("bedrooms").cast(pl.Int64))


def _adverts(history: History) -> pl.DataFrame:
    adverts = advertised(history)
    bids = bids_on(history, adverts, "application").filter("stood")
    placed = bids.group_by(pl.col("advert").alias("id")).agg(
        pl.col("application").n_unique().cast(pl.Int64).alias("bids"))
    own = pl.col("bedrooms").cast(pl.Int64) if "bedrooms" in adverts.columns else (
        pl.lit(None, pl.Int64))
    if "home" in adverts.columns:
        sized = adverts.join(_bedrooms(history).rename({"bedrooms": "of_home"}), on="home", how="left")
    else:
        sized = adverts.with_columns(pl.lit(None, pl.Int64).alias("of_home"))
    return sized.join(placed, on="id", how="left").select(
        pl.coalesce(own, "of_home").alias("bedrooms"),
        pl.col("closes_at").dt.date().alias("closed_on"),
        pl.col("bids").fill_null(0),
    )


def _nominations(history: History) -> pl.DataFrame:
    return begun(history).select("began", "became")


def _households(history: History) -> pl.DataFrame:
    return history.spells.filter("known").select("registered_on", "left_on", "left_by")


def _housed(history: History) -> pl.DataFrame:
    applications = history.table("applications", "id", "band").drop_nulls("band")
    bands = last_versions(applications).select(
        pl.col("id").alias("application"), pl.col("band").cast(pl.String))
    return history.spells.filter(pl.col("left_by") == "housed").join(
        bands, on="application", how="left").select(pl.col("left_on").alias("on"), "band")


def seen_in_worlds(
    frames: Mapping[str, pl.DataFrame], since: date, until: date, worlds: tuple[int, ...]
) -> Seen:
    """What simulated worlds have of their span.

    Args:
        frames: tables of :func:`cbl_engine.simulate.simulate`.
        since: first day.
        until: first day after the last.
        worlds: their numbers.
    """
    def by_then(day: str) -> pl.Expr:
        return pl.when(pl.col(day) < pl.lit(until)).then(day).alias(day)

    size = pl.col("bedrooms").cast(pl.Int64)
    settled = pl.col("settled_on") < pl.lit(until)
    named = pl.col("outcome") != "not_chosen"
    closes = (pl.lit(since) + pl.duration(days=7 * pl.col("week").cast(pl.Int64) + 6)).cast(pl.Date)
    # A household leaves a history's register when it signs.
    lettings = frames["lettings"].filter(pl.col("signed_on") < pl.lit(until))
    households = frames["households"].join(
        frames["lettings"].select("world", "application", "signed_on"),
        on=["world", "application"], how="left").with_columns(
        pl.coalesce("signed_on", "left_on").alias("left_on"))
    gone = pl.col("left_on") < pl.lit(until)
    how = pl.when(pl.col("status") == "housed").then(pl.lit("housed")).otherwise(pl.lit("closed"))
    tables = {
        "voids": without_first_lets(frames["voids"]).select("world", size, *map(by_then, VOID_DAYS)),
        "adverts": frames["adverts"].select(
            "world", size, closes.alias("closed_on"), pl.col("bids").cast(pl.Int64)),
        "nominations": frames["nominations"].select(
            "world", pl.col("nominated_on").alias("began"),
            pl.when(settled & named).then("outcome").alias("became")),
        "households": households.select(
            "world", "registered_on", by_then("left_on"), pl.when(gone).then(how).alias("left_by")),
        "housed": lettings.select("world", pl.col("signed_on").alias("on"), "band"),
    }
    return Seen(since, until, worlds, tables)
