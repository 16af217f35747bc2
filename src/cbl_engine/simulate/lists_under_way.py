"""Lists that a council was going down on the day worlds begin, read from its own tables.

An advert that had closed by the start, of a home that is not let, has a list: of those who bid for it
and wait. On it households are still to be asked, are under offer, have failed or have accepted; where
somebody has accepted, the rest of the list is over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.simulate.nominated import nominated
from cbl_engine.simulate.setup import ROUTES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

STANDS = ("to_ask", "under_way", "failed", "accepted")
"""Where a household stands on a list; numbers stand for these."""
TO_ASK, UNDER_WAY, FAILED, TAKEN = range(len(STANDS))
DIRECT_ROUTE = ROUTES.index("direct")
_PLACED_BY = {"applicant": 0, "officer": 1, "automatic": 2}


@dataclass(frozen=True, eq=False)
class ListsUnderWay:
    """Lists of homes that are not let at the start; homes by their numbers in the stock.

    Attributes:
        lists: home, direct (no advert: offered directly), closed_on, opened_on (of its first advert;
            null: not known), profile (null: as the scheme says), bids (on the last); by home.
        entries: list (place among them), life, rank (the household's own order), by (number in
            ``ROUTES``), stands (number in ``STANDS``), on (day of the nomination; null: not asked),
            over_on (day it was accepted); by list and life.
        signed: home, signed_on and let_on (on or after the start), of those let already; by home.
        shown: home, opened_on (closed_on, where that is not known), closed_on, profile and bids of
            every advert that closed before the start; by home and day it closed.
        refused: refusals of those who wait: life, on, nth (of the household's), silence (nobody
            answered), reason, reasonable and judged (an officer decided that it counts; null: none
            did); by life and day.
    """

    lists: pl.DataFrame = field(repr=False)
    entries: pl.DataFrame = field(repr=False)
    signed: pl.DataFrame = field(repr=False)
    shown: pl.DataFrame = field(repr=False)
    refused: pl.DataFrame = field(repr=False)


def lists_under_way(
    tables: Mapping[str, pl.DataFrame], under_way: pl.DataFrame, stock: pl.DataFrame,
    waiting: pl.Series, start: date,
) -> ListsUnderWay | None:
    """The lists of a council's own tables that are not over at the start.

    Args:
        tables: adverts, bids and outcomes; what they have of the start or later is not read.
        under_way: voids, as :func:`cbl_engine.simulate.opening.voids_under_way` makes them.
        stock: the homes, as worlds number them.
        waiting: ids of the opening register, in the order of its lives.
        start: first day.

    Returns:
        None where there are no such tables. Of a home whose last advert was withdrawn or is open
        there is no list; of several nominations of one household that are not over the last counts.
    """
    if not {"adverts", "bids"} <= tables.keys() or "home" not in tables["adverts"].columns:
        return None
    numbers = stock.select(pl.col("id").cast(pl.String).alias("home"),
                           pl.int_range(pl.len(), dtype=pl.Int64).alias("number"))
    voids = numbers.join(under_way.select(
        pl.col("home").alias("number"), "tenancy_ended_on", "accepted_on"), on="number")
    lives = pl.DataFrame({"application": waiting.cast(pl.String), "life": np.arange(len(waiting))})
    adverts, bids = _last_adverts(tables["adverts"], voids, start), _standing(tables["bids"], start)
    outcomes = _outcomes(tables.get("outcomes"), start)
    signed = _signed(outcomes, adverts, voids, start)
    told = _nominations(outcomes, adverts, voids).join(lives, on="application")
    taken = told.filter(pl.col("stands") == TAKEN, ~_in("number", signed["home"])).sort(
        "over_on", "life", "number").unique("number", keep="last", maintain_order=True).unique(
        "life", keep="last", maintain_order=True)
    let = _in("number", pl.concat([
        signed["home"], taken["number"], voids.drop_nulls("accepted_on")["number"]]))
    closed = adverts.filter(pl.col("closed_on") < pl.lit(start))
    entries = _entries(_placed(bids, closed.filter(~let), lives), taken,
                       told.filter(~let, pl.col("stands") != TAKEN))
    lists = _lists(closed.filter(~let | _in("number", taken["number"])), entries, _counted(bids))
    places = lists.select(pl.col("home").alias("number"),
                          pl.int_range(pl.len(), dtype=pl.Int64).alias("list"))
    return ListsUnderWay(
        lists,
        entries.join(places, on="number").select(
            "list", "life", "rank", "by", "stands", "on", "over_on").sort("list", "life"),
        signed, _shown(tables["adverts"], _counted(bids), numbers, start),
        _refused(outcomes, lives))


def _in(column: str, values: pl.Series) -> pl.Expr:
    return pl.col(column).is_in(values.implode())


def _day(name: str) -> pl.Expr:
    return pl.col(name).dt.date()


def _last_adverts(adverts: pl.DataFrame, voids: pl.DataFrame, start: date) -> pl.DataFrame:
    """The last advert of each void that had opened by the start, unless it was withdrawn."""
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in
               (("profile", pl.String), ("opens_at", adverts.schema["closes_at"]))
               if name not in adverts.columns]
    shown = adverts.with_columns(missing).select(
        pl.col("id").cast(pl.String).alias("advert"), pl.col("home", "profile", "status").cast(pl.String),
        _day("opens_at").alias("opened_on"), _day("closes_at").alias("closed_on"),
    ).join(voids, on="home").filter(
        (pl.col("opened_on") < pl.lit(start)).fill_null(value=True),
        (pl.col("closed_on") >= pl.col("tenancy_ended_on")).fill_null(value=True),
        pl.col("status") != "draft",
    ).sort("number", "closed_on", "advert")
    return shown.group_by("number", maintain_order=True).agg(
        pl.col("opened_on").min(), pl.col("advert", "closed_on", "profile", "status").last(),
    ).filter(pl.col("status") != "withdrawn")


def _standing(bids: pl.DataFrame, start: date) -> pl.DataFrame:
    """Bids that were not withdrawn by the start: advert, application, placed_at and by."""
    if "withdrawn_at" in bids.columns:
        bids = bids.filter((_day("withdrawn_at") >= pl.lit(start)).fill_null(value=True))
    by = pl.col("placed_by").cast(pl.String).replace_strict(
        _PLACED_BY, default=0, return_dtype=pl.Int8) if "placed_by" in bids.columns else (
        pl.lit(0, pl.Int8))
    return bids.select(
        pl.col("advert", "application").cast(pl.String), "placed_at", by.alias("by"))


def _counted(bids: pl.DataFrame) -> pl.DataFrame:
    """Advert and bids: households that bid for it."""
    return bids.group_by("advert").agg(pl.col("application").n_unique().cast(pl.Int32).alias("bids"))


def _outcomes(outcomes: pl.DataFrame | None, start: date) -> pl.DataFrame:
    """Outcomes up to the start, ids as text; columns that are needed are there."""
    needed = {"on": pl.Date, "what": pl.String, "application": pl.String, "advert": pl.String,
              "home": pl.String, "tenancy_start": pl.Date, "act": pl.String, "reason": pl.String,
              "reasonable": pl.Boolean}
    given = pl.DataFrame(schema=needed) if outcomes is None else outcomes
    return given.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in needed.items()
        if name not in given.columns
    ).with_columns(pl.col("application", "advert", "home", "what", "act").cast(pl.String)).filter(
        pl.col("on") < pl.lit(start))


def _refused(outcomes: pl.DataFrame, lives: pl.DataFrame) -> pl.DataFrame:
    """Refusals of those who wait, and whether an officer decided that they count."""
    of = ["application", "advert", "home"]
    decided = outcomes.filter(
        pl.col("act") == "refusal_counts", pl.col("what").is_in(["approved", "declined"]),
    ).sort("on", "what").group_by(of).agg((pl.col("what") == "approved").last().alias("judged"))
    return (
        outcomes.filter(pl.col("what").is_in(["refused", "no_contact"]))
        .sort("on", "what", "reason", "reasonable").unique(of, keep="last", maintain_order=True)
        .join(lives, on="application").join(decided, on=of, how="left", nulls_equal=True)
        .sort("life", "on", "advert", "home")
        .select("life", pl.col("on").cast(pl.Int32),
                pl.int_range(pl.len(), dtype=pl.Int64).over("life").alias("nth"),
                (pl.col("what") == "no_contact").alias("silence"), "reason", "reasonable", "judged")
    )


def _signed(
    outcomes: pl.DataFrame, adverts: pl.DataFrame, voids: pl.DataFrame, start: date
) -> pl.DataFrame:
    """Homes whose next tenancy was signed before the start and begins on it or later."""
    return (
        outcomes.filter(what="signed")
        .join(adverts.select("advert", "number"), on="advert", how="left")
        .join(voids.select("home", pl.col("number").alias("direct")), on="home", how="left")
        .select(pl.coalesce("number", "direct").alias("home"), pl.col("on").alias("signed_on"),
                pl.coalesce("tenancy_start", "on").alias("let_on"))
        .filter(pl.col("home").is_not_null(), pl.col("let_on") >= pl.lit(start))
        .sort("home", "signed_on", "let_on").unique("home", keep="last", maintain_order=True)
    )


def _nominations(
    outcomes: pl.DataFrame, adverts: pl.DataFrame, voids: pl.DataFrame
) -> pl.DataFrame:
    """Nominations from the last adverts of voids, and direct ones: number, application, stands, on,
    over_on and route (null: as the bid was placed).
    """
    told = nominated(outcomes)
    bid = told.drop("home").join(adverts.select("number", "advert"), on="advert")
    direct = told.join(voids, on="home").filter(
        (pl.col("began") >= pl.col("tenancy_ended_on")).fill_null(value=True))
    stands = pl.when(pl.col("became").is_null()).then(UNDER_WAY).when(
        pl.col("became") == "accepted").then(TAKEN).otherwise(FAILED).cast(pl.Int8)
    of = "number", "application", stands.alias("stands"), \
        pl.col("began").cast(pl.Int32).alias("on"), pl.col("over_on").cast(pl.Int32)
    return pl.concat([bid.select(*of, pl.lit(None, pl.Int8).alias("route")),
                      direct.select(*of, pl.lit(DIRECT_ROUTE, pl.Int8).alias("route"))])


def _placed(bids: pl.DataFrame, closed: pl.DataFrame, lives: pl.DataFrame) -> pl.DataFrame:
    """Bids of those who wait, one a household and list: number, life, by and rank."""
    return (
        bids.join(closed.select("advert", "number", "closed_on"), on="advert")
        .join(lives, on="application")
        .sort("life", "closed_on", "placed_at", "number", "by")
        .unique(("number", "life"), keep="last", maintain_order=True)
        .select("number", "life", "by",
                pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("life").alias("rank"))
    )


def _entries(placed: pl.DataFrame, taken: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Where those who bid stand, and whoever is under offer or has accepted without a bid on record."""
    order = told.sort("on", "number", "route", "over_on")
    asked = order.filter(pl.col("stands") == UNDER_WAY, ~_in("life", taken["life"])).unique(
        "life", keep="last", maintain_order=True)
    named = pl.concat([asked, order.filter(stands=FAILED), taken]).unique(
        ("number", "life"), keep="first", maintain_order=True)
    return placed.join(named.drop("application"), on=["number", "life"], how="full", coalesce=True
                       ).filter(pl.col("by").is_not_null() | (pl.col("stands") != FAILED)).with_columns(
        pl.coalesce("route", "by").fill_null(0).alias("by"), pl.col("rank").fill_null(1),
        pl.col("stands").fill_null(TO_ASK).cast(pl.Int8))


def _lists(
    closed: pl.DataFrame, entries: pl.DataFrame, counts: pl.DataFrame
) -> pl.DataFrame:
    """A row for each home with a list, or with a nomination that is not over."""
    named = entries.filter(pl.col("stands").is_in([UNDER_WAY, TAKEN])).group_by("number").agg(
        pl.col("on").max())
    return closed.join(counts, on="advert", how="left").join(
        named, on="number", how="full", coalesce=True).select(
        pl.col("number").alias("home"), pl.col("advert").is_null().alias("direct"),
        pl.coalesce(pl.col("closed_on").cast(pl.Int32), "on").alias("closed_on"),
        pl.col("opened_on").cast(pl.Int32), "profile", pl.col("bids").fill_null(0),
    ).sort("home")


def _shown(
    adverts: pl.DataFrame, counts: pl.DataFrame, numbers: pl.DataFrame, start: date
) -> pl.DataFrame:
    """Every advert of a home of the stock that closed before the start."""
    profile = pl.col("profile").cast(pl.String) if "profile" in adverts.columns else (
        pl.lit(None, pl.String))
    opened = _day("opens_at") if "opens_at" in adverts.columns else pl.lit(None, pl.Date)
    return adverts.filter(
        _day("closes_at") < pl.lit(start),
        ~pl.col("status").cast(pl.String).is_in(["draft", "withdrawn"]),
    ).select(
        pl.col("id").cast(pl.String).alias("advert"), pl.col("home").cast(pl.String),
        _day("closes_at").cast(pl.Int32).alias("closed_on"),
        pl.coalesce(opened, _day("closes_at")).cast(pl.Int32).alias("opened_on"),
        profile.alias("profile"),
    ).join(numbers, on="home").join(counts, on="advert", how="left").sort(
        "number", "closed_on", "advert").select(
        pl.col("number").alias("home"), "opened_on", "closed_on", "profile", pl.col("bids").fill_null(0))
