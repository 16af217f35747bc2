"""England's lettings predicted from other figures than those they are held against.

    python -m benchmarks.believable.national

A borough with England's households and homes in small: stock by size, register by need and reason,
bands in strict order and then the date. What is predicted (lettings to existing tenants, people a
letting, sizes let, moves a chain) sets no parameter: see :data:`BASIS`.
"""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from benchmarks.believable.check import keep
from benchmarks.believable.interval import interval
from benchmarks.believable.worlds import SCHEME, START, changed, run
from cbl_engine.draws import draw
from cbl_engine.sample import sample_borough_for, sample_stock
from cbl_engine.scheme import load_scheme
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.make_lives import make_lives
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.setup import Setup
from cbl_engine.tables.days import day_number

REGISTER, STOCK = 1_340_527, 4_000_000
LETS = 84_802 / 1_560_888
FIRST_LETS = 0.14
TENANTS = 328_000 / REGISTER
TENANTS_TRIED = (0.12, TENANTS, 0.37)
HOMES, HOUSEHOLDS = 2100, round(2100 * REGISTER / STOCK)
WEEKS, WARM = 260, 78
PUBLISHED: dict[str, tuple[float, float] | None] = {
    "lettings to existing tenants [share]": (0.37, 0.38),
    "people a letting": (1.91, 1.91),
    "moves a chain": None,
    "lets of 0 or 1 bedroom [share]": None,
    "lets of 2 bedrooms [share]": None,
    "lets of 3 bedrooms [share]": None,
    "lets of 4 or more bedrooms [share]": None,
}
BASIS = (
    "Homes let in a year, whoever takes them: 5.43% of the stock (84,802 of 1,560,888 council homes, "
    "2024-25). The rate at which tenancies end is set so that lets come to that; the shipped rate, "
    "which is net of the published share of transfers, is not used.",
    "New homes: 14% of lets are first lets (2023-24), so 0.76% of the stock a year.",
    "Register and stock: 1,340,527 households (31 March 2025) and 4.0 million homes.",
    "Households who join: as many as are let homes, lapse or are housed elsewhere by the shipped "
    "rates, 29.7% of the register a year, so that it keeps its level.",
    "Stock by bedrooms, register by need, reasons for preference: as shipped with the made-up "
    "borough, each with its source. Bands follow reasons as assumed there.",
    "Tenants on the register: the made-up borough takes their share from lettings to tenants, which "
    "would be circular. Here 24.5%: the 328,000 overcrowded social renters (2022-23), as if all of "
    "them and no other tenants were on a register.",
    "How much oftener tenancies of smaller homes end: as shipped, from Camden in 2003-04.",
    "Everything else as shipped: bidding, outcomes of nominations, leakage, lapses; assumed.",
)


def register(n: int, seed: int, tenants: float) -> dict[str, pl.DataFrame]:
    """Households about whom enough is known, tenants left out until so many are left."""
    scheme = load_scheme(str(SCHEME))
    made = sample_borough_for(scheme, households=int(n * 2.2) + 50, adverts=0, seed=seed,
                              close_on=START)
    known = made["applications"].filter(
        pl.all_horizontal(pl.col("band", "priority_date", "bedroom_need", "sizes",
                                 "current_bedrooms").is_not_null()))
    tenant = known["current_home"].is_not_null().to_numpy()
    luck = (draw(seed, 5, np.arange(len(tenant))) >> np.uint64(11)).astype(float) * 2.0**-53
    have = tenant.mean()
    # Of whichever kind there are too many, as many are left out as need be.
    share = {True: tenants / have, False: (1 - tenants) / (1 - have)}
    most = max(share.values())
    stays = luck < np.where(tenant, share[True], share[False]) / most
    known = known.filter(pl.Series(stays)).head(n)
    ids = known["id"].implode()
    out = {name: made[name].filter(pl.col("application").is_in(ids))
           for name in ("people", "duties")}
    return {"applications": known, "areas": made["areas"], **out}


def joining_rate() -> float:
    """Households that join, of those there [a year], with which the register keeps its level."""
    p = shipped_parameters()
    elsewhere = p["households.on_other_registers"] * p["households.housed_elsewhere_per_year"]
    return LETS * STOCK / REGISTER + p["households.lapse_per_year"] + elsewhere


def world(ends: float, tenants: float, seed: int) -> Setup:
    """A small England in which tenancies end at a rate [a year]."""
    scheme = load_scheme(str(SCHEME))
    luck = Luck(seed)
    stock = sample_stock(scheme, HOMES, seed).sort("id").with_columns(
        pl.lit(-1, pl.Int32).alias("built_week"))
    n = round(FIRST_LETS * LETS * HOMES * WEEKS / 52.18)
    new = stock[[i * HOMES // n for i in range(n)]].with_columns(
        pl.Series("id", [f"N{i:06d}" for i in range(n)]),
        pl.Series("built_week", [i * WEEKS // n for i in range(n)], dtype=pl.Int32))
    parameters = changed({"tenancies.end_per_year": ends, "arrivals.per_year": joining_rate()})
    opening = register(HOUSEHOLDS, seed, tenants)
    areas = stock["area"].drop_nulls().unique().sort().to_list()
    lives = make_lives(scheme, opening, register(3000, seed + 1, tenants), START, WEEKS, 4,
                       parameters, luck, areas)
    return Setup(scheme, lives, pl.concat([stock, new]), day_number(START), WEEKS, parameters,
                 luck, opening["areas"])


def measured(setup: Setup, frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """What is predicted, a row a world."""
    first, last = (pl.lit(START + timedelta(weeks=w)) for w in (WARM, WEEKS))
    let = frames["lettings"].filter(pl.col("let_on") >= first, pl.col("let_on") < last)
    size = pl.col("bedrooms")
    let = let.join(people_let(setup, let, frames["households"]), on=["world", "application"])
    years = (WEEKS - WARM) * 7 / 365.25
    voids = frames["voids"]
    begun = voids.filter(pl.col("link") == 1, pl.col("tenancy_ended_on") >= first,
                         pl.col("tenancy_ended_on") < pl.lit(START + timedelta(weeks=WEEKS - 60)),
                         pl.col("outcome") == "let")
    moves = frames["lettings"].group_by("world", "chain").len("moves")
    chains = begun.join(moves, on=["world", "chain"]).group_by("world").agg(
        pl.col("moves").mean().alias("moves a chain"))
    return let.group_by("world").agg(
        (pl.len() / HOMES / years).alias("lets"),
        pl.col("transfer").mean().alias("lettings to existing tenants [share]"),
        pl.col("people").mean().alias("people a letting"),
        (size <= 1).mean().alias("lets of 0 or 1 bedroom [share]"),
        (size == 2).mean().alias("lets of 2 bedrooms [share]"),
        (size == 3).mean().alias("lets of 3 bedrooms [share]"),
        (size >= 4).mean().alias("lets of 4 or more bedrooms [share]"),
    ).join(chains, on="world").sort("world")


def people_let(setup: Setup, let: pl.DataFrame, households: pl.DataFrame) -> pl.DataFrame:
    """People of each household on the day it is let a home, those not yet born left out."""
    registered = pl.DataFrame({"life": np.arange(len(setup.lives), dtype=np.int32),
                               "life_from": setup.lives.registered}).with_columns(
        pl.col("life_from").cast(pl.Date))
    who = let.select("world", "application", "let_on").join(
        households.select("world", "application", "life", "registered_on"),
        on=["world", "application"]).join(registered, on="life").with_columns(
        then=pl.col("let_on") - (pl.col("registered_on") - pl.col("life_from")))
    people = setup.lives.tables["people"].select(
        pl.col("life").cast(pl.Int32), "date_of_birth", "day")
    there = (pl.col("day").is_null() | (pl.col("day") <= pl.col("then"))) & (
        pl.col("date_of_birth").is_not_null() & (pl.col("date_of_birth") <= pl.col("then")))
    return who.join(people, on="life").group_by("world", "application").agg(
        there.sum().alias("people"))


def fitted_ends(tenants: float, seed: int) -> float:
    """The rate at which tenancies end with which lets are 5.43% of the stock [a year]."""
    ends = LETS * (1 - FIRST_LETS)
    for _ in range(4):
        setup = world(ends, tenants, seed)
        lets = float(measured(setup, run(setup, 6))["lets"].to_numpy().mean())
        ends *= (LETS - FIRST_LETS * LETS) / (lets - FIRST_LETS * LETS)
    return ends


def predict(worlds: int, seed: int) -> dict[str, Any]:
    """The prediction, and what becomes of it with other shares of tenants."""
    told: dict[str, Any] = {"basis": BASIS, "tried": [], "worlds": worlds}
    for tenants in TENANTS_TRIED:
        ends = fitted_ends(tenants, seed)
        setup = world(ends, tenants, seed)
        found = measured(setup, run(setup, worlds))
        rows = []
        for name, published in PUBLISHED.items():
            got = interval(found[name].to_numpy())
            rows.append({
                "what": name, "mean": got.mean, "low": got.low, "high": got.high,
                "published": published,
                "hit": None if published is None
                else bool(got.low <= published[1] and got.high >= published[0])})
            print(round(tenants, 3), name, got, published, flush=True)
        lets = interval(found["lets"].to_numpy())
        print(ends, lets, flush=True)
        told["tried"].append({"tenants": tenants, "central": tenants == TENANTS, "ends": ends,
                              "lets": lets.mean, "rows": rows})
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--worlds", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(keep("national", predict(given.worlds, given.seed)))


if __name__ == "__main__":
    main()
