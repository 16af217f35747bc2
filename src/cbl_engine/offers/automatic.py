"""Bids that the engine places for households."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.offers.bidding import Kind, judged, standing_rules, whose_choice
from cbl_engine.offers.clock import cycle_span, london_date
from cbl_engine.offers.considered import consequences_on
from cbl_engine.offers.placed import place_bids
from cbl_engine.shortlist.adverts import NOT_CONSIDERED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from cbl_engine.offers.criteria import Judge
    from cbl_engine.scheme.bidding import Bidding

_KEY = ["advert", "application", "placed_at"]
WISHED = ("area", "property_type", "bedrooms")
"""Columns of adverts that a wish may name."""
_FORGIVEN: tuple[Kind, ...] = ("advert", "time", "gone", "window")


def automatic_bids(
    judge: Judge,
    adverts: pl.DataFrame,
    bids: pl.DataFrame,
    record: Mapping[str, pl.DataFrame],
    eligible: Callable[[pl.DataFrame], pl.Series],
    closes_on: date,
    given: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    """The bids that the engine places on the last closing day of a cycle.

    1. Households whose choice is ``automatic``; those only the council bids for (by choice or by a
       consequence), where the scheme has ``automatic``. Without those that have a bid of their
       own that counts on an advert that closes in the cycle.
    2. Adverts that close that day and meet one of the household's wishes; all, without wishes. None
       from which it withdrew a bid.
    3. Of those: ``suits``, every rule of bidding but the caps, eligible.
    4. By rank of the best wish met, then closing time, then advert: the first ``most``; of them
       those that no cap stands against.

    Args:
        judge: for criteria, applications and the columns of adverts that wishes name.
        adverts: as for :func:`~cbl_engine.offers.bidding.judge_bids`.
        bids: as for it: all that were placed, whether they count or not.
        record: as for it.
        eligible: asked of ``advert`` and ``application``; Boolean, a value a row.
        closes_on: a day on which adverts close.
        given: ``wishes`` and ``areas``, if there are.

    Returns:
        ``advert``, ``application``, ``placed_at`` (the closing moment) and ``rule``: the choice or
        consequence by which it was placed. Without rows on any other day of the cycle.
    """
    bidding = judge.version(closes_on).bidding
    considered = _published(adverts, record)
    first, last = cycle_span(bidding, closes_on)
    closing = considered.with_columns(day=london_date("closes_at")).filter(
        pl.col("day").is_between(first, last)
    )
    nothing = bids.clear().select("advert", "application", "placed_at").with_columns(
        rule=pl.lit(None, pl.String)
    )
    if bidding is None or not closing.height or closing["day"].max() != closes_on:
        return nothing
    whose = _bid_for(judge, bidding, closes_on, record).with_columns(
        pl.col("application").cast(bids.schema["application"])
    )
    theirs = bids.join(whose, on="application", how="semi")
    whose = whose.join(
        _have_bid(judge, adverts, theirs, record, closing, closes_on), on="application", how="anti"
    )
    closing = closing.filter(pl.col("day") == closes_on)
    pairs = _suited(judge, bidding, closes_on, _wished(judge, closing, whose, given, bidding))
    if not pairs.height:
        return nothing
    theirs = theirs.join(pairs, on="application", how="semi")
    candidates = pairs.join(
        closing.select(pl.col("id").alias("advert"), pl.col("closes_at").alias("placed_at")),
        on="advert",
    ).with_columns(pl.col(c).cast(theirs.schema[c]) for c in _KEY)
    candidates = candidates.join(theirs, on=_KEY, how="anti").join(
        _given_up(theirs), on=_KEY[:2], how="anti"
    )
    allowed = _unbroken(judge, adverts, theirs, candidates, record, closes_on, caps=False)
    ranked = allowed.filter(eligible(allowed.select("advert", "application")).fill_null(False))
    most = bidding.automatic.most if bidding.automatic is not None else 1
    chosen = ranked.sort("application", "rank", "placed_at", "advert", nulls_last=True).group_by(
        "application", maintain_order=True
    ).head(most)
    placed = _unbroken(judge, adverts, theirs, chosen, record, closes_on, caps=True)
    return placed.select(nothing.columns).sort("advert", "application")


def _published(adverts: pl.DataFrame, record: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Adverts that are to be seen: no drafts, and none withdrawn or held back."""
    if "status" in adverts.columns:
        adverts = adverts.filter(~pl.col("status").cast(pl.String).is_in(list(NOT_CONSIDERED)))
    states = record.get("advert_states")
    if states is None or not states.height:
        return adverts
    gone = states.filter(pl.col("status").is_in(["withdrawn", "held_back"]))["advert"]
    return adverts.filter(~pl.col("id").is_in(gone.cast(adverts.schema["id"]).implode()))


def _bid_for(
    judge: Judge, bidding: Bidding, day: date, record: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Households that the engine may bid for, and the ``rule`` by which it does."""
    register = judge.applications(day)
    if "status" in register.columns:
        register = register.filter(pl.col("status").cast(pl.String) == "active")
    households = register["id"].alias("application")
    kinds = {"automatic"} | ({"council"} if bidding.automatic is not None else set())
    names = [*(n if c.bids in kinds else None for n, c in bidding.choice.items()), None]
    its = whose_choice(judge, bidding, day, households)
    by_choice = pl.Series(names, dtype=pl.String).gather(its % len(names))
    found = pl.DataFrame({"application": households, "rule": by_choice}).with_row_index("row")
    if bidding.automatic is None:
        return found.drop("row").drop_nulls("rule")
    asked = found.select("row", "application", day=pl.lit(day))
    led = consequences_on(record, asked, "council_bids").unique(
        "row", keep="first", maintain_order=True
    )
    found = found.join(led, on="row", how="left")
    return found.select("application", pl.coalesce("rule", "consequence").alias("rule")).drop_nulls(
        "rule"
    )


def _have_bid(
    judge: Judge,
    adverts: pl.DataFrame,
    theirs: pl.DataFrame,
    record: Mapping[str, pl.DataFrame],
    closing: pl.DataFrame,
    until: date,
) -> pl.DataFrame:
    """Households with a bid of their own that counts on one of the adverts."""
    verdicts = judged(judge, place_bids(adverts, theirs, record, until), record).frame()
    return verdicts.filter(
        pl.col("rule").is_null(),
        pl.col("placed_by") != "automatic",
        pl.col("advert").is_in(closing["id"].cast(theirs.schema["advert"]).implode()),
    ).select("application").unique()


def _given_up(theirs: pl.DataFrame) -> pl.DataFrame:
    """Households and adverts from which they withdrew a bid."""
    if "withdrawn_at" not in theirs.columns:
        return theirs.clear()
    return theirs.filter(pl.col("withdrawn_at").is_not_null())


def _wished(
    judge: Judge,
    closing: pl.DataFrame,
    whose: pl.DataFrame,
    given: Mapping[str, pl.DataFrame],
    bidding: Bidding,
) -> pl.DataFrame:
    """Pairs of household and advert that one of its wishes allows, with the best wish's rank."""
    columns = [c for c in WISHED if c in judge.adverts.columns]
    homes = closing.select(pl.col("id").alias("advert")).join(
        judge.adverts.select(pl.col("id").alias("advert"), *columns), on="advert"
    )
    wishes = given.get("wishes")
    if wishes is None:
        wishes = pl.DataFrame(schema={"application": whose.schema["application"], "rank": pl.Int64})
    mine = wishes.with_columns(pl.col("application").cast(whose.schema["application"])).join(
        whose, on="application"
    )
    found = [_meeting(part, homes, given.get("areas")) for part in _by_what_is_wished(mine)]
    without = whose.join(mine, on="application", how="anti")
    if bidding.automatic is not None and bidding.automatic.suits is not None:
        any_home = without.join(homes.select("advert"), how="cross")
        found.append(any_home.with_columns(rank=pl.lit(None, pl.Int64)))
    columns = ["application", "advert", "rule", "rank"]
    kept = [pairs.select(columns) for pairs in found if pairs.height]
    if not kept:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.Null))
    return pl.concat(kept, how="vertical_relaxed").group_by("application", "advert", "rule").agg(
        pl.col("rank").min()
    )


def _by_what_is_wished(wishes: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Wishes that name the same things, without the columns that they leave open."""
    named = [c for c in WISHED if c in wishes.columns]
    keys = [pl.col(c).is_not_null().alias(f"names {c}") for c in named]
    if not keys:
        yield wishes
        return
    kinds = wishes.with_columns(keys).partition_by([f"names {c}" for c in named], include_key=True)
    for part in kinds:
        wished = [c for c in named if part[f"names {c}"][0]]
        yield part.select("application", "rule", "rank", *wished)


def _meeting(
    wishes: pl.DataFrame, homes: pl.DataFrame, areas: pl.DataFrame | None
) -> pl.DataFrame:
    """Each wish beside the adverts that meet it."""
    wished = [c for c in WISHED if c in wishes.columns]
    if any(c not in homes.columns for c in wished):
        return wishes.clear().with_columns(advert=pl.lit(None))
    if not wished:
        return wishes.join(homes.select("advert"), how="cross")
    if "area" in wished:
        homes = _within(homes, areas)
    alike = wishes.with_columns(pl.col(c).cast(homes.schema[c]) for c in wished)
    return alike.join(homes.select("advert", *wished), on=wished)


def _within(homes: pl.DataFrame, areas: pl.DataFrame | None) -> pl.DataFrame:
    """The adverts once for each area that they lie in: their own, and whatever that lies in."""
    if areas is None or "parent" not in areas.columns:
        return homes
    above = areas.select(
        pl.col("id").cast(homes.schema["area"]).alias("area"),
        pl.col("parent").cast(homes.schema["area"]),
    )
    found, level = [homes], homes
    for _ in range(areas.height):
        level = level.join(above, on="area").filter(pl.col("parent").is_not_null())
        if not level.height:
            break
        level = level.with_columns(area="parent").drop("parent")
        found.append(level)
    return pl.concat(found)


def _suited(judge: Judge, bidding: Bidding, day: date, pairs: pl.DataFrame) -> pl.DataFrame:
    suits = bidding.automatic.suits if bidding.automatic is not None else None
    if suits is None or not pairs.height:
        return pairs
    met = judge.counts(suits, day, advert=pairs["advert"], application=pairs["application"])
    return pairs.filter(met.fill_null(False))


def _unbroken(
    judge: Judge,
    adverts: pl.DataFrame,
    theirs: pl.DataFrame,
    candidates: pl.DataFrame,
    record: Mapping[str, pl.DataFrame],
    day: date,
    *,
    caps: bool,
) -> pl.DataFrame:
    """Candidates that no rule stands against, if they are placed at the closing moment."""
    columns = [c for c in (*_KEY, "withdrawn_at", "placed_by") if c in theirs.columns]
    as_bids = candidates.select(*_KEY, placed_by=pl.lit("automatic"))
    together = pl.concat(
        [theirs.select(columns).with_columns(pl.col("^placed_by$").cast(pl.String)), as_bids],
        how="diagonal",
    ) if caps else as_bids
    placed = place_bids(adverts, together, record, day)
    broken = np.zeros(placed.n, bool)
    rules = judged(judge, placed, record).rules if caps else standing_rules(judge, placed, record)
    for rule in rules:
        if rule.kind not in _FORGIVEN:
            broken |= rule.broken
    return candidates.join(placed.frame.filter(pl.Series(~broken)), on=_KEY, how="semi")
