"""From a scenario to what its worlds share: scheme, lives and stock."""

from __future__ import annotations

from math import log2
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import BadInput, Problem
from cbl_engine.simulate.bounds import values_that_cannot_be
from cbl_engine.simulate.changes import parameters_over_time, transitions_of
from cbl_engine.simulate.columns import silent
from cbl_engine.simulate.dated_homes import come_one_by_one, too_many_decants
from cbl_engine.simulate.duties import of_a_day
from cbl_engine.simulate.first_dates import dated, not_assessed
from cbl_engine.simulate.let_before import let_before
from cbl_engine.simulate.limits import register_out_of_time, sizes_of_no_use
from cbl_engine.simulate.lists_under_way import lists_under_way
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.make_lives import make_lives
from cbl_engine.simulate.opening import voids_under_way, with_lists
from cbl_engine.simulate.parameters import MOST_DAYS
from cbl_engine.simulate.scenario import as_at_start, near, read_own, rules_in_turn, scheme_of
from cbl_engine.simulate.setup import Decants, Setup, Theory
from cbl_engine.simulate.state import NEVER
from cbl_engine.simulate.stock import stock_of, with_homes_to_come
from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

    from cbl_engine.scheme import Scheme
    from cbl_engine.simulate.lives import Lives
    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.scenario import Scenario

_TABLES = ("applications", "people", "connections", "areas", "band_history", "status_history", "duties",
           "officer_decisions", "overrides", "rooms", "ta_placements")
"""What the assessment reads."""
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
    later = parameters_over_time(parameters, scenario.dated)
    if problems := [*dict.fromkeys(problem for values in (parameters, *(values for _, values in later))
                                   for problem in values_that_cannot_be(values))]:
        raise BadInput(problems)
    homes, areas, voids = stock_of(scenario, scheme, beside)
    come = sum(map(len, come_one_by_one(homes.height, scenario.all_weeks, parameters)))
    if problems := [problem for _, problem in too_many_decants(
            scenario.decants, (*scenario.new_homes, *scenario.acquisitions), homes.height, come)]:
        raise BadInput(problems)
    stock = with_homes_to_come(homes, scenario, parameters)
    areas_of_homes = stock["area"].drop_nulls().unique().sort().to_list()
    opening, joining, own, linked = _registers(scenario, scheme, parameters, beside)
    opening["areas"] = _together(opening.get("areas"), areas, joining["areas"])
    lives = make_lives(scheme, opening, joining, scenario.start, scenario.all_weeks,
                       scenario.assess_every, parameters, luck, areas_of_homes,
                       _opening_size(scenario), said, transitions_of(scenario.dated), linked)
    under_way = None if voids is None else voids_under_way(voids, homes, scenario.start)
    lists = None if under_way is None else lists_under_way(
        own, under_way, homes, lives.read_as, scenario.start)
    setup = Setup(scheme, lives, stock, day_number(scenario.start), scenario.all_weeks, parameters,
                  luck, opening["areas"], _theory(scenario),
                  lived_in=_lived_in(scenario, lives, stock), response=scenario.response,
                  responds_from=_day(_policy_changes_on(scenario, scheme)),
                  register_again_on=_day(scenario.register_again_on),
                  later=tuple((day_number(on), values) for on, values in later),
                  decants=tuple(Decants(day_number(d.on), d.homes, d.because == "demolition")
                                for d in scenario.decants),
                  under_way=None if under_way is None else with_lists(under_way, lists), lists=lists,
                  let_before=None if under_way is None else let_before(
                      scheme, own, homes, scenario.start),
                  own_areas=own.get("areas"))
    problems = _cannot_run(setup)
    if problems:
        raise BadInput(problems)
    return setup


def _policy_changes_on(scenario: Scenario, scheme: Scheme) -> date | None:
    """The day from which households respond; None where nothing changes."""
    if scenario.policy_changes_on is not None:
        return scenario.policy_changes_on
    return next((on for on, _ in rules_in_turn(scenario, scheme) if on > scenario.start), None)


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
) -> tuple[dict[str, pl.DataFrame], ...]:
    """The register at the start, households like those who may join, a council's own tables, and the
    rows of those who do not wait and whom others were joined with or split from.
    """
    from cbl_engine.sample import sample_borough_for
    from cbl_engine.sample.for_scheme import with_columns_of

    first = as_at_start(scheme, scenario.start)

    def made(households: int, seed: int) -> dict[str, pl.DataFrame]:
        frames = sample_borough_for(
            first, households=households, adverts=0, seed=seed, close_on=scenario.start,
            authority_type=scenario.world.authority_type)
        for version in scheme.versions:
            frames = with_columns_of(frames, version)
        frames = dated(first.in_force(scenario.start), frames, not_assessed(frames["applications"]))
        return {name: frames[name] for name in _TABLES if name in frames}

    def waiting(households: int) -> dict[str, pl.DataFrame]:
        frames = made(households, scenario.seed)
        return frames | {"duties": of_a_day(frames["duties"], parameters, Luck(scenario.seed))}

    wanted, own, linked = scenario.world.households, {}, {}
    rate = max(_taken(scheme, waiting(1000), scenario), 1 / _MOST_MADE)
    if scenario.world.register_ is not None:
        own = read_own(near(beside, scenario.world.register_), scheme, ("applications",))
        opening = {name: own[name] for name in _TABLES if name in own}
        problems = register_out_of_time(
            opening["applications"], scenario.start, scenario.world.register_)
        if problems:
            raise BadInput(problems)
        statuses = opening["applications"]["status"].cast(pl.String)
        opening["applications"] = opening["applications"].filter(statuses.is_in(_WAITS))
        if opening["applications"].is_empty():
            raise BadInput([Problem(
                "nobody_waits", "nobody on the register waits",
                where=f"{scenario.world.register_}: applications.status",
                given=", ".join(statuses.unique().drop_nulls().sort()) or "no applications",
                allowed=" or ".join(_WAITS),
                remedy="Give the register as at the start of the scenario, or map its statuses")])
        linked = _linked(own, opening["applications"]["id"])
    else:
        opening = _as_kept(first, waiting(int(wanted / rate * 1.15) + 50), scenario.start)
    join = parameters["arrivals.per_year"] * wanted * scenario.all_weeks / 52
    pool = min(max(_POOL, int(join / 20)), 50_000)
    return opening, made(pool * 2 ** int(log2(1 / rate)), scenario.seed + 1), own, linked


def _linked(own: Mapping[str, pl.DataFrame], waiting: pl.Series) -> dict[str, pl.DataFrame]:
    """The rows of others whom those who wait were joined with or split from; empty where none were."""
    from cbl_engine.assess.households import linked, of_households

    others = linked(own, waiting)
    others = others.filter(~others.is_in(waiting.implode()))
    if others.is_empty():
        return {}
    rows = of_households({name: own[name] for name in _TABLES if name in own}, others)
    return {name: frame for name, frame in rows.items() if name != "areas"}


def _as_kept(scheme: Scheme, frames: Mapping[str, pl.DataFrame], start: date) -> dict[str, pl.DataFrame]:
    """A made-up register as an office that has always gone by the scheme keeps it: on record is the band
    that the scheme gives, since the day that the register was made with.

    Else each band found that is another than the one made would begin on the first day, and many would
    rank as equals of that day.
    """
    from cbl_engine.assess import assess

    applications = frames["applications"]
    if scheme.in_force(start).assessment is None or not {"band", "band_from"} <= set(applications.columns):
        return dict(frames)
    found = assess(scheme, frames, start).assessed.select(
        pl.col("application").alias("id"), pl.col("band").cast(pl.String).alias("found"))
    kept = pl.coalesce("found", pl.col("band").cast(pl.String))
    applications = applications.join(found, on="id", how="left", maintain_order="left").with_columns(
        kept.alias("band"), pl.when(kept.is_not_null()).then(
            pl.coalesce("band_from", "registered_on")).alias("band_from"))
    return {**frames, "applications": applications.select(frames["applications"].columns)}


def _taken(scheme: Scheme, frames: Mapping[str, pl.DataFrame], scenario: Scenario) -> float:
    """Share of made-up households that the scheme takes onto its register."""
    from cbl_engine.assess import assess

    version = scheme.in_force(scenario.start)
    if version.assessment is None:
        return 1.0
    applications = frames["applications"].with_columns(pl.lit("active").alias("status"))
    found = assess(scheme, {**frames, "applications": applications}, scenario.start).assessed
    waits = found.filter(pl.col("status_proposed") == "active")
    if version.bands:
        waits = waits.filter(pl.col("band").is_not_null())
    return waits.height / max(found.height, 1)


def own_applications(scenario: Scenario, beside: Path | None) -> pl.Series | None:
    """Ids of the register that a scenario names, as text; None where it is made up.

    Raises:
        BadInput: the register cannot be read.
    """
    if scenario.world.register_ is None:
        return None
    read = read_own(near(beside, scenario.world.register_), scheme_of(scenario, beside), ("applications",))
    return read["applications"]["id"].cast(pl.String)


def _cannot_run(setup: Setup) -> list[Problem]:
    """What would make every world empty or senseless, where it can be known before the run."""
    problems = list(sizes_of_no_use(setup))
    for _, its in setup.spells:
        problems += _nominations_without_end(its)
    if setup.lives.opening == 0:
        problems.append(Problem(
            "empty_world", "nobody waits at the start, and who joins is a share of those who wait",
            where="world", given="0 households that the scheme takes onto its register",
            remedy="cbl assess shows what it finds of each household on that day, and what is missing"))
    return problems


def _nominations_without_end(setup: Setup) -> Iterator[Problem]:
    """Days of nominations that are within bounds by themselves and not with the factors on them."""
    longest = max(table.max() for name, table in setup.days.items() if name.startswith("nominations.days/"))
    if (days := longest * setup.chances.days_times.max()) > MOST_DAYS:
        yield Problem(
            "days_explode", "nominations would take more than a hundred years",
            where="nominations.days, nominations.days_times", given=f"up to {days:,.0f} days",
            allowed=f"{MOST_DAYS:,} or less")
