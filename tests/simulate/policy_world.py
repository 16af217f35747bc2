"""Small worlds under schemes written by hand, to see what a rule of bidding or offers does."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.sample import sample_borough_for, sample_stock
from cbl_engine.scheme import load_scheme, scheme_from_text
from cbl_engine.simulate import bidders, choice, offering, weeks
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.make_lives import make_lives
from cbl_engine.simulate.outputs import frames_of_run
from cbl_engine.simulate.parameters import Parameter, shipped_parameters
from cbl_engine.simulate.setup import Setup, Theory
from cbl_engine.simulate.state import begin
from cbl_engine.simulate.weeks import run_batch
from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cbl_engine.simulate.state import State
    from cbl_engine.simulate.week_frames import Bids

START = date(2026, 4, 6)
HEAD = """
scheme: small
title: Small
authority: Nobody
in_force: {from: 2020-01-01, assumed: true}
bands: {A: {label: x}, B: {label: x}, C: {label: x}}
criteria:
  fits: {label: The size may be let, when: "array_contains(sizes, advert.bedrooms)", when_unknown: pass}
  needs_one: {label: Needs one bedroom, when: bedroom_need = 1}
  needs_two: {label: Needs two bedrooms, when: bedroom_need = 2}
  in_band_a: {label: In Band A, when: band = 'A'}
  a_house: {label: The home is a house, when: advert.property_type = 'house'}
  large: {label: The home has three bedrooms or more, when: advert.bedrooms >= 3}
  one_bedroom: {label: The home has one bedroom, when: advert.bedrooms = 1}
eligible: [fits]
"""
PROFILES = """
profiles:
  usual: {label: x, order: [{band: [A, B, C]}, {date: priority_date}]}
  wider: {label: x, order: [{date: priority_date}]}
default_profile: usual
"""


def scheme_text(rules: str = "", profiles: str = PROFILES) -> str:
    """A scheme with these rules."""
    return HEAD + profiles + rules


def parameters_with(**changes: Any):
    """The catalogue with other values; ``a__b`` stands for ``a.b``."""
    shipped = shipped_parameters()
    made = {}
    for name, value in changes.items():
        dotted = name.replace("__", ".")
        kind = shipped.found[dotted].kind
        made[dotted] = Parameter.model_validate({kind: value, "assumed": "a test"})
    return shipped.with_changes(made)


@cache
def registers(households: int) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """A register that waits, and households that may join, with bands A to C shared out."""
    scheme = scheme_from_text(scheme_text())

    def made(n: int, seed: int) -> dict[str, pl.DataFrame]:
        frames = sample_borough_for(scheme, households=n, adverts=0, seed=seed, close_on=START)
        band = pl.Series("band", [("A", "B", "C")[i % 3] for i in range(n)])
        return frames | {"applications": frames["applications"].with_columns(band)}

    names = ("applications", "people", "connections", "areas", "duties", "officer_decisions")
    return tuple({n: f[n] for n in names if n in f} for f in (made(households, 1), made(200, 2)))


def setup_of(
    text: str | list[tuple[str, str]], *, households: int = 150, homes: int = 300, weeks: int = 6,
    theory: Theory | None = None, **changes: Any,
) -> Setup:
    """What worlds share under a scheme; by default many homes come empty, so that much happens."""
    scheme = scheme_from_text(text) if not isinstance(text, str) or "\n" in text else load_scheme(text)
    usual = {
        "tenancies__end_per_year": 0.5, "bidding__kinds": {"never": 0.2, "seldom": 0.3, "often": 0.5},
        "voids__works_days": {
            "none": {0: 0, 100: 0}, "standard": {0: 0, 100: 3}, "major": {0: 0, 100: 7},
            "adaptation": {0: 0, 100: 7}},
    }
    usual |= changes
    parameters = parameters_with(**({"bidding__kinds_joining": usual["bidding__kinds"]} | usual))
    luck = Luck(7)
    stock = sample_stock(scheme, homes, 1).sort("id").with_columns(
        pl.lit(-1, pl.Int32).alias("built_week"))
    opening, joining = registers(households)
    areas = stock["area"].drop_nulls().unique().sort().to_list()
    lives = make_lives(scheme, opening, joining, START, weeks, 4, parameters, luck, areas)
    return Setup(scheme, lives, stock, day_number(START), weeks, parameters, luck,
                 opening["areas"], theory or Theory())


def run(setup: Setup, worlds: int = 2) -> tuple[State, dict[str, pl.DataFrame]]:
    """Worlds at the end, and their tables."""
    state, by_week = run_batch(setup, np.arange(worlds, dtype=np.int64))
    return state, frames_of_run(state, by_week)


def weeks_of(
    setup: Setup, worlds: int = 2
) -> Iterator[tuple[State, int, NDArray[np.int64], Bids]]:
    """Each week at the close, before lists are made: the state, its number, voids and bids."""
    state, going = begin(setup, np.arange(worlds, dtype=np.int64)), offering.nothing_going()
    for week in range(setup.weeks):
        weeks.up_to_the_adverts(state, week)
        bidders.begin_week(state, week)
        advertised = weeks.advertise(state, week)
        if len(advertised):
            bids = choice.choose(state, week, advertised, going)
            yield state, week, advertised, bids
            going = weeks.rank_and_offer(state, week, advertised, bids, going)
        else:
            going = offering.offer(state, going, week)
