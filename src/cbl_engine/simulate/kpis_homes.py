"""Figures of homes: lettings, voids, adverts, nominations and chains."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.simulate.kpi import ALL, NOT_REACHED, Kpi, Told, band, bedrooms, grouped
from cbl_engine.simulate.setup import ENDINGS, FIRST_LETS, LANDLORDS, LEAKS
from cbl_engine.simulate.void_measures import MEASURES, NO_RELET, void_measures

if TYPE_CHECKING:
    from collections.abc import Mapping

STAGES = {
    "notice": ("notice_given_on", "tenancy_ended_on"),
    "keys": ("tenancy_ended_on", "keys_in_on"),
    "inspection": ("keys_in_on", "inspected_on"),
    "waiting for a team": ("inspected_on", "works_began_on"),
    "works": ("works_began_on", "ready_on"),
    "adverts": ("ready_on", "closed_on"),
    "nominations": ("closed_on", "accepted_on"),
    "sign-up": ("accepted_on", "let_on"),
}
"""Stages of a void: the day each begins, and the day it ends."""
_STATISTICS = ("mean", "median", "median with open")


def lettings_a_year(told: Told) -> pl.DataFrame:
    """Tenancies that began in the horizon after a nomination, for each year of it."""
    return grouped(told.lettings, pl.len() / told.years, bedrooms(), band())


def void_days(told: Told) -> pl.DataFrame:
    """Days that a home stood empty, in the four measures that are published under that name:
    mean and median of those let, and the median with open voids counted as longer than so far.
    Homes that the landlord let itself count; homes taken out of letting do not, nor do new and bought
    homes but in the measure called core.
    """
    voids = told["voids"].filter(~pl.col("outcome").is_in(NO_RELET))
    found = void_measures(voids, told.end - timedelta(days=1), ["world"]).rename(
        {"median_with_open": "median with open"})
    found = found.with_columns(pl.col("median with open").fill_null(NOT_REACHED))
    return found.unpivot(_STATISTICS, index=["world", "measure"]).select(
        "world", pl.format("{}, {}", pl.col("measure").str.replace_all("_", " "), "variable")
        .alias("group"), pl.col("value"))


def stage_days(told: Told) -> pl.DataFrame:
    """Mean days that homes let after a nomination spent in each stage, from notice to letting.

    Notice runs before the tenancy ends and is no void day. The others begin the day after, and add
    up to the days empty of these homes in the measure called tenancy. A stage that begins before the
    one before it is over counts from then. New and bought homes are left out. ``adverts`` is the wait
    for a cycle and every cycle of bidding, the last included.
    """
    days = _let(told).select("world", *_durations())
    return days.group_by("world").agg(pl.col(*STAGES).mean()).unpivot(
        list(STAGES), index="world", variable_name="group")


def stage_days_by_works(told: Told) -> pl.DataFrame:
    """Mean days in each stage by kind of works, over all worlds.

    Returns:
        kind (of works; ``all`` first), voids, and a column for each stage [days].
    """
    let = _let(told).select(pl.col("works").alias("kind"), *_durations())
    parts = [let.with_columns(pl.lit(ALL).alias("kind")), let]
    return pl.concat(
        part.group_by("kind").agg(pl.len().alias("voids"), pl.col(*STAGES).mean()).sort("kind")
        for part in parts
    )


def stage_days_of(voids: pl.DataFrame) -> pl.DataFrame | None:
    """Mean days in each stage of voids of a history or a record, new and bought homes left out.

    A stage whose days are not both known, of it and of all before it, is not counted for a void.

    Returns:
        stage, voids (of which it is known) and days [days]; None where a day has no column.
    """
    days = list(dict.fromkeys(name for pair in STAGES.values() for name in pair))
    if not set(days) <= set(voids.columns):
        return None
    if "cause" in voids.columns:
        voids = voids.filter(~pl.col("cause").cast(pl.String).fill_null("").is_in(FIRST_LETS))
    rows, before = [], ["tenancy_ended_on"]
    found = voids.select(_durations())
    for name, (_, ends) in STAGES.items():
        if name != "notice":
            before.append(ends)
        known = voids.select(pl.all_horizontal(
            pl.col(before if name != "notice" else list(STAGES[name])).is_not_null()))
        mine = found[name].filter(known.to_series())
        mean = mine.mean()
        rows.append((name, mine.len(), None if mean is None else round(float(mean), 1)))  # type: ignore[arg-type]
    return pl.DataFrame(rows, {"stage": pl.String, "voids": pl.Int64, "days": pl.Float64}, orient="row")


def _let(told: Told) -> pl.DataFrame:
    """Voids that were let after a nomination; new and bought homes left out."""
    return told["voids"].filter(pl.col("outcome") == "let", pl.col("let_on") < told.end,
                        ~pl.col("cause").is_in(FIRST_LETS))


def _durations() -> list[pl.Expr]:
    """Days of each stage; it begins when all before it is over, the first after notice on the day after
    the tenancy ended, as the measures of days empty do.
    """
    days: list[str | pl.Expr] = [pl.col("tenancy_ended_on") + timedelta(days=1)]
    out = []
    for name, (begins, ends) in STAGES.items():
        if name == "notice":
            out.append((pl.col(ends) - pl.col(begins)).dt.total_days().alias(name))
            continue
        before = pl.max_horizontal(days)
        days.append(ends)
        out.append((pl.max_horizontal(days) - before).dt.total_days().alias(name))
    return out


def rent_lost(told: Told) -> pl.DataFrame:
    """Rent of the days in the horizon on which homes stood empty, for each year: from the day after
    the tenancy ended, or the day a new or bought home was ready, to the day before the next began. A
    home that is taken out of letting counts until its works were done. A home without a rent on record is
    valued at ``rents.weekly_loss``, which nobody who bids sees.
    """
    voids = told["voids"]
    new = pl.col("cause").is_in(FIRST_LETS)
    ready = pl.coalesce("ready_on", pl.lit(told.end))
    first = pl.when(new).then(ready).otherwise(pl.col("tenancy_ended_on") + timedelta(days=1))
    out = pl.when(pl.col("outcome").is_in(NO_RELET)).then("ready_on").otherwise("let_on")
    last = pl.min_horizontal(pl.coalesce(out, pl.lit(told.end)), pl.lit(told.end))
    days = (last - pl.max_horizontal(first, pl.lit(told.start))).dt.total_days().clip(0)
    pounds = (days * pl.col("rent_weekly") / 7).sum() / told.years
    return grouped(voids, pounds, pl.format("works: {}", "works"))


def nominees(told: Told) -> pl.DataFrame:
    """Nominations that were settled, by what became of them, for each letting. Those not settled
    at the end are left out, and worlds without a letting.
    """
    counts = grouped(_settled(told), pl.len(), pl.col("outcome").str.replace_all("_", " "))
    lettings = _accepted(told).group_by("world").agg(pl.len().alias("lettings"))
    return counts.join(lettings, on="world", how="left").select(
        "world", "group", pl.col("value") / pl.col("lettings"))


def _settled(told: Told) -> pl.DataFrame:
    """Nominations that were settled before the end."""
    return told["nominations"].filter(pl.col("outcome").is_not_null(), pl.col("settled_on") < told.end)


def _accepted(told: Told) -> pl.DataFrame:
    """Those of them that were accepted, each of which is a letting."""
    return _settled(told).filter(pl.col("outcome") == "accepted")


def nominees_by_landlord(told: Told) -> pl.DataFrame:
    """Nominations that were settled for the homes of each landlord, the council or registered
    providers, by what became of them, for each of that landlord's lettings. Those not settled at the
    end are left out, and worlds in which that landlord lets nothing.
    """
    settled = _settled(told).filter(pl.col("landlord_kind").is_not_null()).with_columns(
        pl.col("outcome").str.replace_all("_", " ").alias("reason"))
    lettings = _accepted(told).group_by("world", "landlord_kind").agg(pl.len().alias("lettings"))
    counts = pl.concat(
        settled.with_columns(group.alias("group")).group_by(
            "world", "landlord_kind", "group", maintain_order=True).agg(pl.len().alias("value"))
        for group in (pl.col("landlord_kind"), pl.format("{}, {}", "landlord_kind", "reason")))
    return counts.join(lettings, on=["world", "landlord_kind"], how="left").select(
        "world", "group", pl.col("value") / pl.col("lettings"))


def bids_per_advert(told: Told) -> pl.DataFrame:
    """Bids that counted on each advert, mean; a home advertised anew is another advert."""
    return grouped(told["adverts"], pl.col("bids").mean(), bedrooms())


def adverts_unlet(told: Told) -> pl.DataFrame:
    """Adverts that led to no letting, of those about which it is known: the last advert of a home
    that is open at the end is left out.
    """
    known = what_adverts_led_to(told.frames).filter(pl.col("led_to") != "open")
    return grouped(known, (pl.col("led_to") != "let").mean(), bedrooms())


def what_adverts_led_to(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Adverts, in their order, with ``led_to``: let (the last of a home that one who bid was let), open
    (the last of a home that is still to be let), or unlet. A home that was let directly, or left to
    its landlord, after adverts was let by none of them.

    Args:
        tables: adverts, voids and lettings of a simulation.
    """
    home = "world", "home", "vacancy"
    bid = tables["lettings"].filter(pl.col("route") != "direct").select(*home, led_to=pl.lit("let"))
    last = tables["voids"].join(bid, on=home, how="left").select(
        *home, pl.col("adverts").cast(pl.Int64).alias("number"),
        pl.when(pl.col("outcome") == "open").then(pl.col("outcome")).otherwise("led_to").alias("led_to"))
    return tables["adverts"].join(
        last, on=(*home, "number"), how="left", maintain_order="left",
    ).with_columns(pl.col("led_to").fill_null("unlet"))


def let_outside(told: Told) -> pl.DataFrame:
    """Homes let without bid or nomination, for each year: by their landlord to a list of its own, or
    by referral, as supported housing mostly is.
    """
    let = told["voids"].filter(pl.col("outcome").is_in(["landlord", "referral"]),
                               pl.col("let_on") < told.end)
    return grouped(let, pl.len() / told.years, pl.col("outcome"))


def adapted_to_need(told: Told) -> pl.DataFrame:
    """Homes for wheelchairs that were let to households with such a need; null where none was let."""
    return grouped(told.lettings.filter("adapted"), pl.col("needs_adapted").mean())


def chain_length(told: Told) -> pl.DataFrame:
    """Lettings for each void that did not come of a move: with leakage, all lettings over those
    that are first in their chain; without, what it would be if every tenant who moves freed a home
    here: 1 over 1 less the share of lettings that are moves of tenants. A world in which no letting is
    the first, or every one a move, is left out.
    """
    first, stay = (pl.col("link") == 1).sum(), (~pl.col("transfer")).sum()
    found = told.lettings.group_by("world").agg(
        pl.when(first > 0).then(pl.len() / first).alias("with leakage"),
        pl.when(stay > 0).then(1 / (1 - pl.col("transfer").mean())).alias("without leakage"))
    return found.unpivot(index="world", variable_name="group")


def chain_lengths(told: Told) -> pl.DataFrame:
    """How many lettings chains came to, over all worlds.

    Returns:
        lettings (1 and more) and share, of the chains in which a home was let and none is open at
        the end, and of which no link was over before the first day of the figures: long ones are a
            little too few.
    """
    chains = told["voids"].group_by("world", "chain").agg(
        (pl.col("outcome") == "let").sum().alias("lettings"),
        (pl.col("outcome") == "open").any().alias("open"), pl.col("link").min().alias("first"))
    over = chains.filter(~pl.col("open"), pl.col("lettings") > 0, pl.col("first") == 1)
    return over.group_by("lettings").agg((pl.len() / over.height).alias("share")).sort("lettings")


def leaks(told: Told) -> pl.DataFrame:
    """Moves of tenants within the borough's own homes after which no home came back, by why. Worlds
    in which no tenant moves are left out.
    """
    moves = told.lettings.filter("transfer")
    counts = grouped(moves.filter(pl.col("leaked").is_not_null()), pl.len(),
                     pl.col("leaked").str.replace_all("_", " "))
    of = moves.group_by("world").agg(pl.len().alias("moves"))
    return counts.join(of, on="world").select("world", "group", pl.col("value") / pl.col("moves"))


def _worlds_of(rows: pl.DataFrame, of: pl.Expr) -> pl.DataFrame:
    """Worlds in which there is something to divide by; see :class:`Kpi`."""
    return rows.select("world", of.alias("of")).unique()


def _words(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.replace("_", " ") for name in names)


_ENDS = _words(ENDINGS)


KPIS = (
    Kpi("lettings", "Lettings", "homes a year", lettings_a_year, 0.0),
    Kpi("void_days", "Days empty", "days", void_days, None, tuple(
        f"{m}, {s}" for m in _words(MEASURES) for s in _STATISTICS), ".*"),
    Kpi("void_stage_days", "Where the days go", "days a void", stage_days, None, tuple(STAGES),
        ".*"),
    Kpi("rent_lost", "Rent lost", "pounds a year", rent_lost, 0.0),
    Kpi("bids_per_advert", "Bids on each advert", "bids", bids_per_advert,
        brief=".*"),
    Kpi("adverts_unlet", "Adverts that let nothing", "share of adverts", adverts_unlet),
    Kpi("nominees_per_letting", "Nominees for each letting", "nominations", nominees, 0.0,
        (ALL, *_ENDS), ".*", lambda told: _worlds_of(_accepted(told), pl.lit(ALL))),
    Kpi("nominees_by_landlord", "Nominees for each letting, by landlord", "nominations",
        nominees_by_landlord, 0.0, tuple(
            part for name in LANDLORDS for part in (name, *(
                f"{name}, {reason}" for reason in _ENDS))), "[^,]*",
        lambda told: _worlds_of(_accepted(told), pl.col("landlord_kind"))),
    Kpi("let_outside", "Homes let outside bidding", "homes a year", let_outside, 0.0,
        (ALL, "landlord", "referral"), ".*"),
    Kpi("adapted_to_need", "Adapted homes let to those who need them", "share of such lettings",
        adapted_to_need),
    Kpi("chain_length", "Lettings for each void that begins a chain", "lettings", chain_length,
        None, ("with leakage", "without leakage"), ".*"),
    Kpi("chain_leaks", "Moves that free no home", "share of tenants' moves", leaks, 0.0,
        (ALL, *_words(LEAKS)),
        of=lambda told: _worlds_of(told.lettings.filter("transfer"), pl.lit(ALL))),
)
