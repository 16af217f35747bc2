"""Scenarios that cannot be simulated, and worlds that leave every bound, are said and stopped."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.simulate import read_scenario, simulate
from cbl_engine.simulate.limits import register_out_of_time
from tests.simulate.small_scenario import written

if TYPE_CHECKING:
    from pathlib import Path

WRONG = """\
title: Bad
scheme: sheffeld
world: {households: 0, hoems: 3, homes: 100, register: nowhere}
start: 2026-04-06
weeks: none
parameters_from: missing.yaml
new_homes:
  - {on: 2020-01-01, homes: 3, bedrooms: 20}
parameters:
  arrivals.per_yaer: {rate: 0.3, assumed: x}
  voids.works_teams: {rate: 3, assumed: x}
  bidding.kinds: {shares: {never: 0.9, seldom: 0.2, often: 0.1}, assumed: x}
  bidding.assisted: {share: 0.1}
"""


def problems(path: Path) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read_scenario(path)
    return [problem.line() for problem in caught.value.problems]


def test_everything_wrong_in_a_scenario_is_said_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(WRONG, encoding="utf-8")
    lines = problems(path)
    begins = ["bad.yaml:2:9: there is no such scheme; given 'sheffeld'; allowed: a file",
              "bad.yaml:3:21: world.households is too small; given 0; allowed: at least 1 and at most 2000000",
              "bad.yaml:3:24: hoems is not a field of world; allowed: homes",
              "bad.yaml:3:56: there is no such folder for the register; given 'nowhere'",
              "bad.yaml:5:8: weeks must be a whole number; given 'none'; allowed: at least 1 and at most 2600",
              "bad.yaml:8:42: new_homes.0.bedrooms is too large; given 20; allowed: at least 0 and at most 9",
              "bad.yaml:10:3: there is no such parameter; given arrivals.per_yaer",
              "bad.yaml:11:3: voids.works_teams is given as rate",
              "bad.yaml:12:18: parameters.bidding.kinds: shares add up to 1.2",
              "bad.yaml:13:21: parameters.bidding.assisted: a source, or assumed: why"]
    assert "missing.yaml: the file cannot be read" in lines[0]
    assert len(lines) == 1 + len(begins)
    for line, begin in zip(lines[1:], begins, strict=True):
        assert line.startswith(begin)


def test_a_key_that_is_no_text_is_told_as_it_is_written(tmp_path: Path) -> None:
    path = written(tmp_path, "parameters: {voids.works_teams: {number: 3, assumed: x, 2026-01-01: 4}}")
    (line,) = problems(path)
    assert line.startswith("small.yaml:9:57: 2026-01-01 is not a field of parameters.voids.works_teams; allowed: label, ")


def test_a_day_that_never_was_hides_nothing_else(tmp_path: Path) -> None:
    path = written(tmp_path, "warm_up: -3\npolicy_changes_on: 2026-13-01\n"
                   "parameters: {arrivals.per_yaer: {rate: 1, assumed: x}}")
    assert [line.partition(";")[0] for line in problems(path)] == [
        "small.yaml:9:10: warm_up is too small",
        "small.yaml:10:20: there is no such day",
        "small.yaml:11:14: there is no such parameter"]


@pytest.mark.parametrize(("more", "place"), [
    ("parameters: {accommodation.subsidy: COSTLY}", "9:14"),
    ("variants:\n  dear: {title: Dear, parameters: {accommodation.subsidy: COSTLY}}", "10:36"),
])
def test_more_subsidy_than_cost_is_told(tmp_path: Path, more: str, place: str) -> None:
    costly = "{weights: {own_stock: 18, leased: 300, nightly_paid: 30, bed_and_breakfast: 20}, assumed: x}"
    assert problems(written(tmp_path, more.replace("COSTLY", costly))) == [
        f"small.yaml:{place}: accommodation.subsidy is more than accommodation.nightly; given leased: 300 of "
        "45; allowed: at most the cost [pounds a night]"]


def test_homes_that_complete_outside_the_horizon_are_said(tmp_path: Path) -> None:
    path = written(tmp_path, "new_homes: [{on: 2026-10-05, homes: 3, bedrooms: 2}]")
    assert problems(path) == [
        "small.yaml:9:18: homes complete outside the horizon; given 2026-10-05; "
        "allowed: 2026-04-06 to 2026-10-04"]
    assert read_scenario(written(
        tmp_path, "new_homes: [{on: 2026-10-04, homes: 3, bedrooms: 2}]"))[0].new_homes[0].homes == 3


@pytest.mark.parametrize("rates", [
    "households.birth_per_year: {rate: 0.0, assumed: x}",
    "households.partner_per_year: {rate: 0.0, assumed: x}"])
def test_a_world_in_which_nobody_is_born_or_no_partner_joins_is_simulated(
    tmp_path: Path, rates: str
) -> None:
    path = written(tmp_path, f"parameters: {{{rates}}}\nweeks: 2\nreplications: 1")
    assert simulate(path).frames["weeks"].height == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("parameters: {arrivals.per_year: {rate: 19.9, assumed: x},"
         " households.lapse_per_year: {rate: 0.0, assumed: x}}\nweeks: 60",
         r"world 0, week \d\d \(from 2027-\d\d-\d\d\): the waiting list explodes; given 3,\d\d\d "
         r"households wait; allowed: 3,000 or fewer\. Look at arrivals\.per_year"),
        ("parameters: {tenancies.end_per_year: {rate: 6.0, assumed: x},"
         " voids.works_teams: {number: 1, assumed: x}}",
         r"week \d+ \(from 2026-\d\d-\d\d\): homes come empty faster than they are let; given "
         r"\d+ of 50\d homes are empty; allowed: 25\d or fewer"),
        ("new_homes: [{on: 2026-04-06, homes: 1000, bedrooms: 2}]",
         r"homes come empty faster than they are let; .*Look at .*stock\.new_per_year, "
         r"stock\.acquired_per_year"),
        ("parameters: {bidding.kinds: {shares: {never: 1, seldom: 0, often: 0}, assumed: x},"
         " bidding.kinds_joining: {shares: {never: 1, seldom: 0, often: 0}, assumed: x},"
         " tenancies.end_per_year: {rate: 0.5, assumed: x}}",
         r"world 0, week 25 \(from 2026-09-28\): the scheme has let none of the homes advertised in "
         r"26 weeks; given [\d,]+ adverts; allowed: a letting\. Look at .*homes\.bedrooms"),
    ],
)
def test_a_world_beyond_every_bound_is_stopped(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        simulate(written(tmp_path, more), replications=1)


@pytest.mark.parametrize("name", ["stock.new_per_year", "stock.acquired_per_year"])
def test_a_rate_that_more_than_doubles_the_stock_is_refused(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, f"parameters: {{{name}: {{rate: 30, assumed: x}}}}")
    assert problems(path) == [f"small.yaml:9:{len(name) + 23}: {name}: the stock would more than double in a "
                              "year; given 30; allowed: 1 or less [share of homes a year]"]


@pytest.mark.parametrize(("name", "value", "said"), [
    ("stock.decants_per_year", "{rate: 13, assumed: x}", "every tenant would move out for works each month"),
    ("bidding.most_bids", "{number: 1001, assumed: x}", "a whole number, 1 to 1,000"),
    ("voids.advert_weeks", "{number: 1.0e+300, assumed: x}", "a whole number, 1 to 5,200"),
    ("voids.works_teams", "{number: 1.0e+300, assumed: x}", "a whole number, 0 to 1,000,000,000"),
])
def test_numbers_beyond_all_use_are_refused_before_the_run(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        simulate(written(tmp_path, f"parameters: {{{name}: {value}}}"), replications=1)


def test_a_world_in_which_nobody_waits_is_stopped(tmp_path: Path) -> None:
    more = ("world: {households: 1, homes: 40}\n"
            "parameters: {arrivals.per_year: {rate: 0.001, assumed: x},"
            " households.lapse_per_year: {rate: 100.0, assumed: x}}")
    with pytest.raises(BadInput, match="nobody has waited at the end of a week for 13 weeks; "
                       "given 0 households wait"):
        simulate(written(tmp_path, more), replications=1)


def test_simple_models_may_empty_a_world(tmp_path: Path) -> None:
    more = ("world: {households: 1, homes: 40}\n"
            "simple: {bids: all, accepts: always, no_void_days: true}\n"
            "parameters: {arrivals.per_year: {rate: 0.001, assumed: x},"
            " households.lapse_per_year: {rate: 100.0, assumed: x}}")
    found = simulate(written(tmp_path, more), replications=1)
    assert found.frames["weeks"]["waiting"].to_list()[-13:] == [0] * 13


def test_a_register_belongs_to_the_time_of_the_scenario() -> None:
    start = date(2026, 4, 6)

    def found(*days: date | None) -> list[str]:
        frame = pl.DataFrame({"id": [f"P{n}" for n in range(len(days))], "registered_on": days},
                             schema_overrides={"registered_on": pl.Date})
        return [p.line() for p in register_out_of_time(frame, start, "data/ours")]

    assert found(date(2010, 1, 1), date(2026, 4, 6), None) == []
    assert found(date(2025, 10, 5)) == []
    assert found(date(2010, 1, 1), date(2025, 10, 4)) == [
        "data/ours: the register ends long before the start of the scenario; given the newest "
        "application is of 2025-10-04; allowed: 2025-10-05 to 2026-04-06. Let the scenario start "
        "on the day of the extract"]
    assert found(date(2026, 4, 7), date(2026, 1, 1), date(2026, 5, 1)) == [
        "data/ours: applications were made after the start of the scenario; given up to 2026-05-01; "
        "allowed: up to 2026-04-06; 2 in all: P0, P2. Let the scenario start on the day of the "
        "extract"]


def test_a_registers_own_folder_is_checked_before_the_run(tmp_path: Path) -> None:
    path = written(tmp_path, "world: {register: ours, homes: 500}\nstart: 2029-01-01")
    from cbl_engine import sample_borough, write_tables

    frames = sample_borough(households=60, adverts=0, seed=1)
    write_tables(frames, tmp_path / "ours")
    with pytest.raises(BadInput, match="the register ends long before the start of the scenario"):
        simulate(path)


@pytest.mark.parametrize("name", ["replications", "weeks", "batch", "workers"])
@pytest.mark.parametrize("n", [1.5, "2", True])
def test_numbers_that_are_no_whole_ones_are_refused(tmp_path: Path, name: str, n: object) -> None:
    with pytest.raises(BadInput, match=f"--{name}: this is not a whole number"):
        simulate(written(tmp_path), **{name: n})
