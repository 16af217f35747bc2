"""The weekly cycle in theory mode: homes that come at a rate, and the formulas it must obey."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from benchmarks.believable import theory
from benchmarks.believable.against_theory import ARRIVALS, KINDS, chains, offers, overload
from benchmarks.believable.interval import interval
from benchmarks.believable.worlds import Kind, enough, queue, run
from cbl_engine.errors import BadInput

SURE = 0.999
"""Of intervals in tests, so that a seed does not decide."""


def _waits(let: pl.DataFrame, band: str) -> list[float]:
    """Mean weeks from any time of the day of joining to the end of that of the letting, by world."""
    mine = let.filter(band=band).group_by("world").agg(
        ((pl.col("let_on") - pl.col("registered_on")).dt.total_days() + 0.5).mean() / 7)
    return mine["let_on"].to_list()


@pytest.fixture(scope="module")
def bands():
    """Three bands at the weekly close."""
    return run(queue(KINDS, 3.5, 5.0, 120, seed=21), worlds=30)


@pytest.mark.parametrize(("band", "number"), [("A", 0), ("B", 1), ("C", 2)])
def test_bands_wait_as_the_weekly_close_makes_them(bands, band, number):
    let = bands["lettings"].filter(pl.col("let_on") >= pl.col("let_on").min() + pl.duration(weeks=30))
    expected = theory.cycle_waits(list(ARRIVALS.values()), 5.0)[number]
    assert interval(_waits(let, band), SURE).holds(expected)


def test_as_many_wait_after_a_close_as_the_formula_says(bands):
    waiting = bands["weeks"].filter(pl.col("week") >= 30).group_by("world").agg(
        pl.col("waiting").mean())
    assert interval(waiting["waiting"].to_numpy(), SURE).holds(theory.left_waiting(3.5, 5.0))


def test_homes_and_households_come_at_their_rates(bands):
    homes = bands["voids"].group_by("world").len()["len"] / 120
    joined = bands["weeks"].group_by("world").agg(pl.col("joined").mean())["joined"]
    assert interval(homes.to_numpy(), SURE).holds(5.0)
    assert interval(joined.to_numpy(), SURE).holds(3.5)


def test_a_home_that_nobody_waits_for_is_lost_and_every_other_is_let(bands):
    assert set(bands["voids"]["outcome"]) == {"let", "lost"}
    lost = bands["voids"].filter(outcome="lost")
    waiting = lost.with_columns(
        week=((pl.col("tenancy_ended_on") - bands["voids"]["tenancy_ended_on"].min())
              .dt.total_days() // 7).cast(pl.Int32),
    ).join(bands["weeks"], on=["world", "week"])
    assert waiting.height == lost.height
    assert waiting["waiting"].max() == 0


@pytest.mark.parametrize(("study", "sizes"), [
    (overload, {"worlds": 6, "weeks": 200}), (offers, {"worlds": 8, "weeks": 60}),
    (chains, {"worlds": 6, "weeks": 130})])
def test_formulas_hold_in_a_few_worlds(study, sizes):
    for check in study(**sizes):
        # An interval for 0.95 made as wide as one for more, for so few worlds.
        reach = 2 * (check.found.high - check.found.low) / 2
        assert abs(check.found.mean - check.expected) < reach, check.what


def test_homes_that_come_are_the_same_in_any_batch():
    setup = queue([Kind("A", 1), Kind("B", 2)], 3.0, 2.5, 20, seed=5)
    whole, parts = run(setup, 5, batch=5), run(setup, 5, batch=2)
    for name, frame in whole.items():
        assert_frame_equal(frame, parts[name])
    assert whole["voids"].height > 5 * 20


def test_more_homes_come_where_the_rate_is_higher_and_none_where_it_is_nought():
    setup = queue([Kind("A", 1)], 3.0, 2.5, 12, seed=5)
    none = run(replace(setup, homes_per_week=0.0), 3)
    assert none["voids"].is_empty()
    assert none["households"].height == run(setup, 3)["households"].height


def test_homes_that_run_out_are_reported_with_week_and_world():
    setup = queue([Kind("A", 1)], 3.0, 2.5, 30, seed=5)
    few = replace(setup, stock=setup.stock.head(10))
    with pytest.raises(BadInput) as report:
        run(few, 2)
    (problem,) = report.value.problems
    assert problem.kind == "homes_run_out"
    assert "week" in problem.where
    assert "world" in problem.where
    assert problem.allowed == "10"


def test_homes_hardly_ever_run_out():
    assert enough(2.0, 100) == int(200 + 10 * np.sqrt(200) + 10)
