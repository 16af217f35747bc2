"""Weeks of a warm-up are simulated, kept in the tables, and left out of every figure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from cbl_engine.simulate import simulate
from cbl_engine.simulate.kpi import told_by
from cbl_engine.simulate.run_folder import TABLES
from cbl_engine.simulate.scenario_file import read_scenario
from cbl_engine.simulate.summary import summary
from cbl_engine.simulate.words import time_told
from tests.simulate.small import START

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.simulate.run import Simulation

WARM, WEEKS = 16, 24
FIRST = START + timedelta(weeks=WARM)
END = FIRST + timedelta(weeks=WEEKS)
SCENARIO = f"""\
title: A test
scheme: sheffield
world: {{households: 120, homes: 250}}
start: {START}
replications: 3
parameters:
  tenancies.end_per_year: {{rate: 0.6, assumed: a test}}
  accommodation.placed: {{share: 1.0, assumed: a test}}
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Simulation, Simulation]:
    """The same worlds, with all weeks in the figures and with the first of them left out."""
    folder = tmp_path_factory.mktemp("warm")
    found = []
    for name, span in (("whole", f"weeks: {WARM + WEEKS}\n"),
                       ("warm", f"warm_up: {WARM}\nweeks: {WEEKS}\n")):
        path = folder / f"{name}.yaml"
        path.write_text(SCENARIO + span)
        found.append(simulate(path))
    return found[0], found[1]


def figures(of: Simulation, kpi: str, group: str = "all") -> float:
    return summary(of).filter(kpi=kpi, group=group)["mean"].item()


def test_the_tables_keep_every_week(both: tuple[Simulation, Simulation]) -> None:
    whole, warm = both
    for name in TABLES:
        assert warm.frames[name].equals(whole.frames[name]), name


def test_weeks_are_those_that_figures_are_of(both: tuple[Simulation, Simulation]) -> None:
    scenario = both[1].scenario
    assert (scenario.figures_from, scenario.end, scenario.all_weeks) == (FIRST, END, WARM + WEEKS)
    assert time_told(scenario) == f"24 weeks from {FIRST}, after 16 weeks that are left out"
    assert told_by(both[1]).years == pytest.approx(WEEKS * 7 / 365.25)


def a_year(rows: pl.DataFrame, worlds: int = 3) -> float:
    return rows.height / worlds / (WEEKS * 7 / 365.25)


def test_what_was_over_before_the_figures_is_left_out(both: tuple[Simulation, Simulation]) -> None:
    frames, warm = both[1].frames, both[1]
    let = frames["lettings"].filter(pl.col("let_on").is_between(FIRST, END, closed="left"))
    assert 0 < let.height < frames["lettings"].filter(pl.col("let_on") < END).height
    assert figures(warm, "lettings") == pytest.approx(a_year(let), rel=1e-5)
    left = frames["households"].filter(pl.col("left_on").is_between(FIRST, END, closed="left"))
    assert figures(warm, "left_register") == pytest.approx(a_year(left), rel=1e-5)
    shown = frames["adverts"].filter(pl.col("week") >= WARM)["bids"]
    by_world = frames["adverts"].filter(pl.col("week") >= WARM).group_by("world").agg(
        pl.col("bids").mean())["bids"]
    assert len(shown) < frames["adverts"].height
    assert figures(warm, "bids_per_advert") == pytest.approx(by_world.mean(), rel=1e-5)


def test_the_register_balances(both: tuple[Simulation, Simulation]) -> None:
    for of, first in zip(both, (START, FIRST), strict=True):
        households = of.frames["households"]
        there = (pl.col("registered_on") < first) | pl.col("application").str.starts_with("P0000-")
        start = households.filter(there, (pl.col("left_on") >= first).fill_null(value=True)).height
        joined = households.filter(~there).height
        left = figures(of, "left_register") * told_by(of).years * 3
        assert start + joined - left == pytest.approx(3 * figures(of, "waiting_at_end"), abs=0.01)
        assert households.filter(pl.col("left_on") >= END).height > 0


def test_rent_and_nights_are_those_of_the_days_of_the_figures(
    both: tuple[Simulation, Simulation]
) -> None:
    frames, warm = both[1].frames, both[1]
    placements = frames["placements"]
    nights = sum(
        max((min(until or END, END) - max(since, FIRST)).days, 0)
        for since, until in placements.select("since", "until").iter_rows())
    assert placements.filter(pl.col("since") < FIRST).height > 3
    assert figures(warm, "ta_nights") == pytest.approx(nights / 3 / (WEEKS * 7 / 365.25), rel=1e-5)
    gross = summary(warm).filter(kpi="ta_gross", group="all")["mean"].item()
    assert gross < placements["gross_pence"].sum() / 100 / 3 / (WEEKS * 7 / 365.25)
    whole, part = figures(both[0], "rent_lost"), figures(warm, "rent_lost")
    lost = whole * (WARM + WEEKS) - part * WEEKS
    assert 0 < lost < whole * (WARM + WEEKS)


def test_waits_begin_anew_for_those_on_the_register_on_the_first_day_of_the_figures(
    both: tuple[Simulation, Simulation]
) -> None:
    from cbl_engine.simulate.kpis_people import _cohorts

    told = told_by(both[1])
    rows = _cohorts(told)
    households = both[1].frames["households"]
    there = households.filter(pl.col("registered_on") < FIRST,
                              pl.col("left_on").is_null() | (pl.col("left_on") >= FIRST))
    joined = households.filter(pl.col("registered_on") >= FIRST)
    assert households.filter(pl.col("left_on") < FIRST).height > 3
    assert rows.filter(pl.col("cohort") == "opening").height == there.height
    assert rows.filter(pl.col("cohort") == "joined in year 1").height == joined.height
    assert rows["days"].max() <= WEEKS * 7


def test_without_a_warm_up_figures_are_of_every_row(both: tuple[Simulation, Simulation]) -> None:
    told = told_by(both[0])
    assert all(told[name] is both[0].frames[name] for name in TABLES)


def test_homes_and_changes_may_come_in_the_warm_up(tmp_path: Path) -> None:
    path = tmp_path / "town.yaml"
    path.write_text(SCENARIO + f"""\
warm_up: {WARM}
weeks: {WEEKS}
new_homes: [{{on: {END - timedelta(days=1)}, homes: 2, bedrooms: 2}}]
changes: [{{on: {START}, scheme_set: {{title: New}}}}]
""")
    assert read_scenario(path)[0].new_homes[0].homes == 2
