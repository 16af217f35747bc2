"""The homes of worlds: a council's own or made up, and those that come later."""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import BadInput, Problem
from cbl_engine.simulate.dated_homes import come_one_by_one
from cbl_engine.simulate.scenario import as_at_start, near, read_own

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.scheme import Scheme
    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.scenario import Acquisitions, NewHomes, Scenario


def stock_of(
    scenario: Scenario, scheme: Scheme, beside: Path | None
) -> tuple[pl.DataFrame, pl.DataFrame | None, pl.DataFrame | None]:
    """The homes of a scenario, read or made up.

    Args:
        scenario: what is simulated.
        scheme: whose columns homes have, without values where they are not known.
        beside: folder that relative paths of the scenario are taken from.

    Returns:
        Homes by id, and where a council's own folder has them the areas and the voids.

    Raises:
        BadInput: the homes cannot be read, are none, or are of sizes that are not known.
    """
    from cbl_engine.sample import sample_stock
    from cbl_engine.tables import DTYPES

    areas, voids = None, None
    if scenario.world.stock is not None:
        read = read_own(near(beside, scenario.world.stock), scheme, ("homes",))
        stock, areas, voids = read["homes"], read.get("areas"), read.get("voids")
        if problem := _no_sizes(stock, scenario.world.stock):
            raise BadInput([problem])
    else:
        first = as_at_start(scheme, scenario.start)
        stock = sample_stock(first, scenario.world.homes, scenario.seed)
    missing = [pl.lit(None, DTYPES[kind]).alias(name)
               for name, kind in _columns_of_homes(scheme).items() if name not in stock.columns]
    stock = stock.with_columns(missing).sort("id")
    return stock.with_columns(pl.lit(-1, pl.Int32).alias("built_week")), areas, voids


def _no_sizes(homes: pl.DataFrame, folder: str) -> Problem | None:
    """What keeps a council's homes from being let: there are none, or sizes are not known."""
    where = f"{folder}: homes"
    if homes.is_empty():
        return Problem("no_homes", "there are no homes", where=where,
                       remedy="Give the council's homes, or leave out world.stock to have them made up")
    if "bedrooms" not in homes.columns:
        unknown = homes["id"]
    else:
        unknown = homes.filter(pl.col("bedrooms").is_null())["id"]
    if not len(unknown):
        return None
    return Problem(
        "bedrooms_not_known", "homes whose bedrooms are not known can be let to nobody",
        where=f"{where}.bedrooms", given=f"not known of {len(unknown):,} of {homes.height:,} homes",
        count=len(unknown), rows=tuple(unknown.cast(pl.String).sort().head(5)),
        remedy="Fill in their bedrooms, map the column that has them, or leave those homes out")


def _columns_of_homes(scheme: Scheme) -> dict[str, str]:
    """Columns of homes, and of adverts where the scheme may read them, each with its type."""
    from cbl_engine.tables.schemas import TABLES

    found: dict[str, str] = {c.name: c.type for c in TABLES["homes"]}
    found["labels"] = "text_list"
    for version in scheme.versions:
        for table in ("homes", "adverts"):
            found |= {name: c.type for name, c in version.columns.get(table, {}).items()}
    return found


def with_homes_to_come(
    stock: pl.DataFrame, scenario: Scenario, parameters: Parameters
) -> pl.DataFrame:
    """The stock with homes still to come: one after another, and dozens on a day; like those there.

    Args:
        stock: homes, by id.
        scenario: what comes on a day.
        parameters: what comes at a rate.

    Returns:
        ``stock``, then what comes, with ``built_week``, ``numbered`` and, where it is not built for letting,
        how it ``comes``.
    """
    taken = set(stock["id"].cast(pl.String))
    new, bought = come_one_by_one(stock.height, scenario.all_weeks, parameters)
    to_come: list[list[pl.DataFrame]] = [[], [], [], []]
    if new:
        to_come[0].append(_one_by_one(stock, new).with_columns(_ids("N{:08d}", len(new), taken)))
    if bought:
        to_come[1].append(_one_by_one(stock, bought).with_columns(
            _ids("A{:08d}", len(bought), taken), pl.lit("acquired").alias("comes")))
    for number, lot in enumerate(scenario.acquisitions):
        to_come[2].append(_like(stock, lot).with_columns(
            _ids(f"B{number:03d}-{{:05d}}", lot.homes, taken),
            pl.lit((lot.on - scenario.start).days // 7, pl.Int32).alias("built_week"),
            pl.lit("acquired_tenanted" if lot.tenanted else "acquired").alias("comes")))
    for number, lot in enumerate(scenario.new_homes):
        to_come[3].append(_like(stock, lot).with_columns(
            _ids(f"S{number:03d}-{{:05d}}", lot.homes, taken),
            pl.lit((lot.on - scenario.start).days // 7, pl.Int32).alias("built_week"),
            pl.lit(lot.plan, pl.String).alias("local_lettings_plan")))
    return _numbered(stock, to_come)


def _numbered(stock: pl.DataFrame, to_come: list[list[pl.DataFrame]]) -> pl.DataFrame:
    """Homes with the number that each has in any run: those of one way to come have every so many-th, so
    that a longer run, or more homes of another way, leave theirs and their luck as they are.
    """
    kinds = len(to_come)
    parts = [pl.concat(parts, how="diagonal_relaxed").with_columns(
        (stock.height + kind + kinds * pl.int_range(pl.len(), dtype=pl.Int64)).alias("numbered"))
        for kind, parts in enumerate(to_come) if parts]
    there = stock.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("numbered"))
    return pl.concat([there, *parts], how="diagonal_relaxed").sort("numbered")


_GOLDEN = (5**0.5 - 1) / 2
"""Share of the stock from one home that others are like to the next: even over it after any number."""


def _one_by_one(stock: pl.DataFrame, weeks: list[int]) -> pl.DataFrame:
    """Homes that come each in its week, like those there, evenly over them."""
    like = [int(stock.height * ((k + 0.5) * _GOLDEN % 1)) for k in range(len(weeks))]
    return stock[like].with_columns(pl.Series("built_week", weeks, dtype=pl.Int32))


def _ids(named: str, n: int, taken: set[str]) -> pl.Series:
    """Ids of homes to come: numbered, without those that a council's own homes have."""
    free = (name for name in map(named.format, count()) if name not in taken)
    return pl.Series("id", list(islice(free, n)))


def _spread(homes: pl.DataFrame, n: int) -> pl.DataFrame:
    """So many rows, evenly from the first to the last."""
    return homes[[i * homes.height // n for i in range(n)]]


def _like(stock: pl.DataFrame, come: NewHomes | Acquisitions) -> pl.DataFrame:
    """Homes that come together: like those of their size that are let at any age, evenly over them;
    without one, like those of any size; under no local lettings plan.
    """
    for_all = stock.filter((pl.col("minimum_age").fill_null(0) == 0)
                           if "minimum_age" in stock.columns else pl.lit(value=True))
    sized = for_all.filter(bedrooms=come.bedrooms)
    like = next(homes for homes in (sized, for_all, stock) if homes.height)
    return _spread(like, come.homes).with_columns(
        pl.lit(come.bedrooms, stock.schema["bedrooms"]).alias("bedrooms"),
        pl.lit(None, pl.String).alias("local_lettings_plan"))
