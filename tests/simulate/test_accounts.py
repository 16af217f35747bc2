"""The accounts of simulated worlds add up: every law of ``accounts``, on worlds of several kinds."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

import polars as pl
import pytest

from cbl_engine.simulate import limits
from tests.simulate.accounts import LAWS
from tests.simulate.small import START, limited, setup_of, sheffield, stock_moves, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from cbl_engine.simulate.setup import Setup

@cache
def few_homes() -> Setup:
    return setup_of("coventry", households=300, homes=40, weeks=40)


WORLDS: dict[str, Callable[[], Setup]] = {
    "bands": sheffield,
    "limited": limited,
    "few households": lambda: setup_of("breckland", households=30, homes=200, weeks=40),
    "few homes": few_homes,
    "stock moves": stock_moves,
    "early adverts": lambda: setup_of(
        "sheffield", seed=5, **{"voids.advertised_before_ready": {"share": 0.7}}),
}


@pytest.fixture(scope="module", params=WORLDS)
def world(request: pytest.FixtureRequest) -> tuple[Setup, dict[str, pl.DataFrame]]:
    setup = WORLDS[request.param]()
    return setup, tables(setup)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_law_holds(law: Callable, world: tuple[Setup, dict[str, pl.DataFrame]]) -> None:
    setup, found = world
    assert found["lettings"].height > 0
    assert law(found, START, setup.weeks).is_empty()


@pytest.mark.parametrize("seed", range(4))
def test_laws_hold_in_worlds_with_other_rates(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(seed)
    share = {"share": draw.choice([0.0, 0.1, 0.3])}
    setup = setup_of(
        draw.choice(["sheffield", "north_yorkshire", "bexley"]), seed=seed,
        weeks=draw.choice([5, 17, 30]), households=draw.choice([5, 60, 250]),
        homes=draw.choice([20, 150]), **{
            "tenancies.end_per_year": {"rate": draw.choice([0.2, 1.0, 4.0])},
            "households.lapse_per_year": {"rate": draw.choice([0.0, 1.0, 8.0])},
            "arrivals.per_year": {"rate": draw.choice([0.0, 2.0])},
            "stock.long_term_void": share, "stock.landlord_keeps": share,
            "stock.decants_per_year": {"rate": draw.choice([0.0, 0.5])},
            "stock.demolished_per_year": {"rate": draw.choice([0.0, 0.5])},
            "stock.to_accommodation": share, "stock.supported": share,
            "stock.long_term_days": {"days": {0: 1, 100: 60}},
            "stock.exchanges_per_year": {"rate": draw.choice([0.0, 2.0])},
            "voids.advertised_before_ready": {"share": draw.choice([0.0, 1.0])},
            "voids.works_teams": {"number": draw.choice([0, 1, 4])},
            "voids.offers_per_week": {"number": draw.choice([0, 1, 5])},
            "nominations.starting_weekday": {"number": draw.choice([0, 1, 7])},
        })
    monkeypatch.setattr(limits, "check", lambda *_: None)  # these are meant to be out of bounds
    found = tables(setup, [0, 5])
    assert found["voids"].height > 0
    assert [law.__name__ for law in LAWS if law(found, START, setup.weeks).height] == []


def test_who_lives_in_another_district_leaves_no_home_of_this_stock() -> None:
    setup = setup_of("sheffield", **{"chains.elsewhere": {"share": 0.5}})
    found = tables(setup, range(6))
    moves = found["lettings"].filter("transfer")
    away = moves.filter(pl.col("leaked") == "elsewhere")
    assert 0.35 < away.height / moves.height < 0.65
    assert away["left_home"].null_count() == away["left_bedrooms"].null_count() == away.height


def test_a_tenant_whose_home_is_not_here_leaves_one_elsewhere() -> None:
    lettings = tables(WORLDS["few homes"](), range(6))["lettings"]
    away = lettings.filter(pl.col("transfer") & pl.col("left_home").is_null())
    assert away.height > 0
    assert set(away["leaked"]) == {"elsewhere"}
    assert lettings.filter(~pl.col("transfer"))["leaked"].null_count() == lettings.filter(
        ~pl.col("transfer")).height


TOMORROW = pl.duration(days=1)
BROKEN: dict[str, tuple[str, dict[str, pl.Expr]]] = {
    "stages_in_order": ("voids", {"keys_in_on": pl.col("tenancy_ended_on") - TOMORROW}),
    "stages_begin_in_turn": ("voids", {"inspected_on": pl.lit(None, pl.Date)}),
    "open_voids_have_no_end": ("voids", {"outcome": pl.lit("open")}),
    "one_tenancy_at_a_time": ("voids", {"home": pl.lit("H1")}),
    "lettings_are_of_voids": ("lettings", {"let_on": pl.col("let_on") + TOMORROW}),
    "lettings_were_accepted": ("nominations", {"outcome": pl.lit("withdrew")}),
    "one_nomination_at_a_time": ("nominations", {"application": pl.lit("P1")}),
    "nominated_while_waiting": ("households", {"left_on": pl.col("registered_on")}),
    "nominated_for_adverts": ("adverts", {"week": pl.col("week") + 3}),
    "counts_agree": ("voids", {"nominations": pl.col("nominations") + 1}),
    "chains_link": ("voids", {"link": pl.col("link") + 1}),
    "moves_free_homes": ("lettings", {"left_home": pl.lit("H1")}),
    "household_lives_once": ("lettings", {
        "left_home": pl.lit("H1"), "leaked": pl.lit(None, pl.String), "let_on": pl.lit(START)}),
    "bids_have_a_day": ("households", {"last_own_bid_on": pl.lit(None, pl.Date)}),
    "left_after_joining": ("households", {"left_on": pl.col("registered_on") - TOMORROW}),
    "open_nominations_agree": ("households", {"status": pl.lit("under_offer")}),
    "weeks_add_up": ("weeks", {"joined": pl.col("joined") + 1}),
    "voids_add_up": ("weeks", {"voids": pl.col("voids") + 1}),
    "placements_end": ("placements", {"until": pl.col("since") - TOMORROW}),
    "nothing_is_done_after_the_end": ("nominations", {
        "nominated_on": pl.col("nominated_on") + pl.duration(weeks=60)}),
    "placed_add_up": ("weeks", {"placed": pl.col("placed") + 1}),
    "homes_come_back": ("voids", {"cause": pl.lit("returned"), "outcome": pl.lit("let")}),
    "decants_come_back": ("events", {"event": pl.lit("returned_from_decant")}),
    "gone_is_gone": ("events", {"event": pl.lit("demolished"), "home": pl.lit("H1")}),
    "demolition_rehouses": ("households", {"decanted": ~pl.col("decanted")}),
    "placements_follow": ("placements", {"entered": ~pl.col("entered")}),
    "placements_cost": ("placements", {"gross_pence": pl.col("gross_pence") + 1}),
    "converted_homes_hold_one": ("placements", {"home": pl.lit("H1")}),
    "bought_homes_begin": ("voids", {"cause": pl.lit("acquired")}),
    "duties_follow": ("duties", {"ended_by": pl.lit("main_duty")}),
    "placed_under_a_duty": ("duties", {"duty": pl.lit("prevention")}),
    "bands_change": ("band_changes", {"band": pl.lit("Reduced")}),
}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_law_finds_worlds_that_break_it(law: Callable) -> None:
    setup = WORLDS["few homes"]()
    found = tables(setup)
    assert found["events"].height > 0
    name, changes = BROKEN[law.__name__]
    broken = {**found, name: found[name].with_columns(**changes)}
    assert law(found, START, setup.weeks).is_empty()
    assert law(broken, START, setup.weeks).height > 0
