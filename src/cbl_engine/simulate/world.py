"""From a scenario to what its worlds share: scheme, lives and stock."""

from __future__ import annotations

from math import log2
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import BadInput, Problem
from cbl_engine.scheme import Scheme
from cbl_engine.simulate.changes import parameters_over_time, transitions_of
from cbl_engine.simulate.columns import silent
from cbl_engine.simulate.dated_homes import come_one_by_one, too_many_decants
from cbl_engine.simulate.duties import of_a_day
from cbl_engine.simulate.limits import register_out_of_time
from cbl_engine.simulate.lists_under_way import TABLES as LIST_TABLES
from cbl_engine.simulate.lists_under_way import lists_under_way
from cbl_engine.simulate.lives import day_number
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.make_lives import make_lives
from cbl_engine.simulate.opening import voids_under_way
from cbl_engine.simulate.parameters import parts_of
from cbl_engine.simulate.scenario import near, scheme_of
from cbl_engine.simulate.setup import Decants, Setup, Theory
from cbl_engine.simulate.state import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

    from cbl_engine.simulate.lives import Lives
    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.scenario import Scenario

_TABLES = ("applications", "people", "connections", "areas", "duties", "officer_decisions",
           "rooms", "ta_placements")
_WAITS = ("active", "under_offer")
"""Statuses of a council's own applications that are taken as waiting."""
_MOST_MADE = 64
"""A made-up register is made up to so many times too large, for schemes that take few on."""
_POOL = 4000
"""Households made that may join, at least: as many under any scheme that takes half of them, twice
as many under one that takes a quarter, so that a household is the same under most schemes."""


def set_up(
    scenario: Scenario, parameters: Parameters, beside: Path | None = None,
    said: Callable[[int, int], None] = silent,
) -> Setup:
    """Read or make a scenario's world, and assess its households ahead.

    Args:
        scenario: what is simulated.
        parameters: what it goes by.
        beside: folder that relative paths of the scenario are taken from.
        said: told rounds of assessment done and of how many.

    Raises:
        BadInput: the world cannot be simulated, with every reason.
    """
    scheme = scheme_of(scenario, beside)
    luck = Luck(scenario.seed)
    homes, areas, voids = _stock(scenario, scheme, beside)
    come = sum(come_one_by_one(homes.height, scenario.all_weeks, parameters))
    if problems := [problem for _, problem in too_many_decants(
            scenario.decants, (*scenario.new_homes, *scenario.acquisitions), homes.height, come)]:
        raise BadInput(problems)
    stock = _with_new_homes(homes, scenario, parameters)
    areas_of_homes = stock["area"].drop_nulls().unique().sort().to_list()
    opening, joining, of_lists = _registers(scenario, scheme, parameters, beside)
    opening["areas"] = _together(opening.get("areas"), areas, joining["areas"])
    lives = make_lives(scheme, opening, joining, scenario.start, scenario.all_weeks,
                       scenario.assess_every, parameters, luck, areas_of_homes,
                       _opening_size(scenario), said, transitions_of(scenario.dated))
    later = parameters_over_time(parameters, scenario.dated)
    under_way = None if voids is None else voids_under_way(voids, homes, scenario.start)
    setup = Setup(scheme, lives, stock, day_number(scenario.start), scenario.all_weeks, parameters,
                  luck, opening["areas"], _theory(scenario),
                  lived_in=_lived_in(scenario, lives, stock), response=scenario.response,
                  responds_from=_day(_policy_changes_on(scenario, scheme)),
                  register_again_on=_day(scenario.register_again_on),
                  later=tuple((day_number(on), values) for on, values in later),
                  decants=tuple(Decants(day_number(d.on), d.homes, d.because == "demolition")
                                for d in scenario.decants),
                  under_way=under_way,
                  lists=None if under_way is None else lists_under_way(
                      of_lists, under_way, homes, lives.read_as, scenario.start))
    problems = _cannot_run(setup)
    if problems:
        raise BadInput(problems)
    return setup


def _policy_changes_on(scenario: Scenario, scheme: Scheme) -> date | None:
    """The day from which households respond; None where nothing changes."""
    if scenario.policy_changes_on is not None:
        return scenario.policy_changes_on
    later = [v.in_force.from_ for v in scheme.versions if v.in_force.from_ > scenario.start]
    return min(later, default=None)


def _day(on: date | None) -> int:
    return NEVER if on is None else day_number(on)


def _together(*areas: pl.DataFrame | None) -> pl.DataFrame:
    """The areas of all that have some, each id once: the first that names it says what it is in."""
    given = [frame for frame in areas if frame is not None]
    return pl.concat(given, how="diagonal_relaxed").unique("id", keep="first", maintain_order=True)


def _lived_in(
    scenario: Scenario, lives: Lives, stock: pl.DataFrame
) -> NDArray[np.int64] | None:
    """The home of the stock that each of the opening register lives in, where both are a council's."""
    applications = lives.tables["applications"]
    if scenario.world.register_ is None or scenario.world.stock is None:
        return None
    if "current_home" not in applications.columns:
        return None
    numbers = {home: number for number, home in enumerate(stock["id"].cast(pl.String).to_list())}
    return applications["current_home"].head(lives.opening).cast(pl.String).replace_strict(
        numbers, default=-1, return_dtype=pl.Int64).to_numpy()


def _opening_size(scenario: Scenario) -> int | None:
    return None if scenario.world.register_ is not None else scenario.world.households


def _theory(scenario: Scenario) -> Theory:
    simple = scenario.simple
    if simple is None:
        return Theory()
    return Theory(simple.bids == "all", simple.accepts or "fitted", simple.refusal,
                  simple.unlet_lost, simple.no_void_days)


def _registers(
    scenario: Scenario, scheme: Scheme, parameters: Parameters, beside: Path | None
) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """The register at the start, households like those who may join, and of a council's own register
    the tables that lists are read from.
    """
    from cbl_engine.sample import sample_borough_for
    from cbl_engine.sample.for_scheme import with_columns_of

    first = _as_at(scheme, scenario.start)

    def made(households: int, seed: int) -> dict[str, pl.DataFrame]:
        frames = sample_borough_for(
            first, households=households, adverts=0, seed=seed, close_on=scenario.start,
            authority_type=scenario.world.authority_type)
        for version in scheme.versions:
            frames = with_columns_of(frames, version)
        return {name: frames[name] for name in _TABLES if name in frames}

    def waiting(households: int) -> dict[str, pl.DataFrame]:
        frames = made(households, scenario.seed)
        return frames | {"duties": of_a_day(frames["duties"], parameters, Luck(scenario.seed))}

    wanted, of_lists = scenario.world.households, {}
    rate = max(_taken(scheme, waiting(1000), scenario), 1 / _MOST_MADE)
    if scenario.world.register_ is not None:
        read = _read(near(beside, scenario.world.register_), scheme, ("applications",))
        opening = {name: read[name] for name in _TABLES if name in read}
        of_lists = {name: read[name] for name in LIST_TABLES if name in read}
        problems = register_out_of_time(
            opening["applications"], scenario.start, scenario.world.register_)
        if problems:
            raise BadInput(problems)
        opening["applications"] = opening["applications"].filter(
            pl.col("status").cast(pl.String).is_in(_WAITS))
    else:
        opening = waiting(int(wanted / rate * 1.15) + 50)
    join = parameters["arrivals.per_year"] * wanted * scenario.all_weeks / 52
    pool = min(max(_POOL, int(join / 20)), 50_000)
    return opening, made(pool * 2 ** int(log2(1 / rate)), scenario.seed + 1), of_lists


def _as_at(scheme: Scheme, start: date) -> Scheme:
    """The version of the first day alone: what is made up does not depend on later ones."""
    number = scheme.index_in_force(start) or 0
    return Scheme((scheme.in_force(start),), (scheme.documents[number],))


def _taken(scheme: Scheme, frames: Mapping[str, pl.DataFrame], scenario: Scenario) -> float:
    """Share of made-up households that the scheme takes onto its register."""
    from cbl_engine.assess import assess

    if scheme.in_force(scenario.start).assessment is None:
        return 1.0
    applications = frames["applications"].with_columns(pl.lit("active").alias("status"))
    found = assess(scheme, {**frames, "applications": applications}, scenario.start).assessed
    waits = found.filter(pl.col("status_proposed") == "active", pl.col("band").is_not_null())
    return waits.height / max(found.height, 1)


def _read(
    folder: str, scheme: Scheme, needs: tuple[str, ...]
) -> dict[str, pl.DataFrame]:
    """The tables of a data folder."""
    from cbl_engine.records.reads import extra_columns
    from cbl_engine.tables import read_tables

    frames = read_tables(folder, extra_columns(scheme), needs=needs).frames
    lineage = ("source_name", "source_row")
    return {name: frame.drop(lineage, strict=False) for name, frame in frames.items()}


def own_applications(scenario: Scenario, beside: Path | None) -> pl.Series | None:
    """Ids of the register that a scenario names, as text; None where it is made up.

    Raises:
        BadInput: the register cannot be read.
    """
    if scenario.world.register_ is None:
        return None
    read = _read(near(beside, scenario.world.register_), scheme_of(scenario, beside), ("applications",))
    return read["applications"]["id"].cast(pl.String)


def _stock(
    scenario: Scenario, scheme: Scheme, beside: Path | None
) -> tuple[pl.DataFrame, pl.DataFrame | None, pl.DataFrame | None]:
    """The homes, and the areas they are in and the voids where the folder has them."""
    from cbl_engine.sample import sample_stock
    from cbl_engine.tables import DTYPES

    areas, voids = None, None
    if scenario.world.stock is not None:
        read = _read(near(beside, scenario.world.stock), scheme, ("homes",))
        stock, areas, voids = read["homes"], read.get("areas"), read.get("voids")
    else:
        first = _as_at(scheme, scenario.start)
        stock = sample_stock(first, scenario.world.homes, scenario.seed)
    missing = [pl.lit(None, DTYPES[kind]).alias(name)
               for name, kind in _columns_of_homes(scheme).items() if name not in stock.columns]
    stock = stock.with_columns(missing).sort("id")
    return stock.with_columns(pl.lit(-1, pl.Int32).alias("built_week")), areas, voids


def _columns_of_homes(scheme: Scheme) -> dict[str, str]:
    """Columns of homes, and of adverts where the scheme may read them, each with its type."""
    from cbl_engine.tables.schemas import TABLES

    found: dict[str, str] = {c.name: c.type for c in TABLES["homes"]}
    found["labels"] = "text_list"
    for version in scheme.versions:
        for table in ("homes", "adverts"):
            found |= {name: c.type for name, c in version.columns.get(table, {}).items()}
    return found


def _with_new_homes(
    stock: pl.DataFrame, scenario: Scenario, parameters: Parameters
) -> pl.DataFrame:
    """The stock with homes still to come: one after another, and dozens on a day; like those there."""
    n, bought_so = come_one_by_one(stock.height, scenario.all_weeks, parameters)
    parts = [stock]
    if n:
        like = stock[[i * stock.height // n for i in range(n)]]
        weeks = [(i + 1) * scenario.all_weeks // (n + 1) for i in range(n)]
        parts.append(like.with_columns(
            pl.Series("id", [f"N{i:08d}" for i in range(n)]),
            pl.Series("built_week", weeks, dtype=pl.Int32)))
    if n := bought_so:
        like = stock[[i * stock.height // n for i in range(n)]]
        parts.append(like.with_columns(
            pl.Series("id", [f"A{i:08d}" for i in range(n)]),
            pl.Series("built_week", [(i + 1) * scenario.all_weeks // (n + 1) for i in range(n)],
                      dtype=pl.Int32),
            pl.lit("acquired").alias("comes")))
    for number, bought in enumerate(scenario.acquisitions):
        like = stock[[i % stock.height for i in range(bought.homes)]]
        parts.append(like.with_columns(
            pl.Series("id", [f"B{number:03d}-{i:05d}" for i in range(bought.homes)]),
            pl.lit(bought.bedrooms, stock.schema["bedrooms"]).alias("bedrooms"),
            pl.lit((bought.on - scenario.start).days // 7, pl.Int32).alias("built_week"),
            pl.lit("acquired_tenanted" if bought.tenanted else "acquired").alias("comes")))
    for number, new in enumerate(scenario.new_homes):
        week = (new.on - scenario.start).days // 7
        like = stock[[i % stock.height for i in range(new.homes)]]
        made = like.with_columns(
            pl.Series("id", [f"S{number:03d}-{i:05d}" for i in range(new.homes)]),
            pl.lit(new.bedrooms, stock.schema["bedrooms"]).alias("bedrooms"),
            pl.lit(week, pl.Int32).alias("built_week"))
        if new.plan is not None:
            made = made.with_columns(pl.lit(new.plan).alias("local_lettings_plan"))
        parts.append(made)
    return pl.concat(parts, how="diagonal_relaxed")


_NOT_BELOW_0 = (
    "arrivals.by_month", "arrivals.owed_duty", "choice.rent_not_known",
    "nominations.landlord_odds", "nominations.household_odds", "nominations.days_times",
    "direct.share", "tenancies.ends_by_bedrooms", "stock.provider_keeps",
    "downsizing.pensioners_ask", "downsizing.deduction", "downsizing.incentive",
    "accommodation.nightly", "accommodation.subsidy",
    "accommodation.size_times", "accommodation.kinds", "accommodation.out_of_area",
    "accommodation.next_duty_owed", "accommodation.exits_per_year", "accommodation.least_nights",
    "response.arrivals", "response.homeless", "response.not_registering_again",
    "response.care_under_caps", "rents.weekly_loss",
)


def _cannot_run(setup: Setup) -> list[Problem]:
    """What would make every world empty or senseless, where it can be known before the run."""
    problems = []
    sizes = sorted(set(setup.homes.bedrooms.tolist()))
    mask = sum(1 << size for size in sizes if size >= 0)
    if not (setup.lives.sizes & mask).any():
        problems.append(Problem(
            "no_size_to_let", "no household may be let a home of any size in the stock",
            where="homes.bedrooms", given=", ".join(map(str, sizes)),
            remedy="Check the stock's bedrooms and the scheme's bedroom standard"))
    for _, its in setup.spells:
        problems += _values_that_cannot_be(its.parameters)
    if setup.lives.opening == 0 and setup.parameters["arrivals.per_year"] == 0:
        problems.append(Problem("empty_world", "nobody waits and nobody joins",
                                where="arrivals.per_year", given="0"))
    return problems


def _values_that_cannot_be(parameters: Parameters) -> Iterator[Problem]:
    for name in _NOT_BELOW_0:
        parameter = parameters.found[name]
        for part, number in parts_of(parameter).items():
            if number < 0:
                yield Problem(
                    "below_0", f"{parameter.label}: below 0", where=name,
                    given=f"{part}: {number:g}" if part else f"{number:g}",
                    allowed=f"0 or more [{parameter.unit}]")
    if (turnover := parameters["tenancies.end_per_year"]) > 12:
        yield Problem(
            "rate_explodes", "tenancies would last a month or less",
            where="tenancies.end_per_year", given=f"{turnover:g} a year", allowed="12 or less")
    if (arrivals := parameters["arrivals.per_year"]) > 20:
        yield Problem(
            "rate_explodes", "the register would grow twentyfold in a year",
            where="arrivals.per_year", given=f"{arrivals:g}", allowed="20 or less")
