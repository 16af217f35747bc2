"""What a simulated world writes is a history again: its parameters are found in its voids."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from cbl_engine.compare.calibrate.history import History
from cbl_engine.compare.calibrate.run import FITS
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.run import simulate
from cbl_engine.tables import validate_frames
from cbl_engine.tables.schemas import columns_of
from tests.compare.recovery import quantile

START, WEEKS = dt.date(2026, 4, 6), 60
SCENARIO = f"""
title: A small borough
scheme: sheffield
world:
  households: 150
  homes: 4000
start: {START}
weeks: {WEEKS}
replications: 1
seed: 3
"""


@pytest.fixture(scope="module")
def voids(tmp_path_factory):
    path = tmp_path_factory.mktemp("simulated") / "small.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    found = simulate(path).frames["voids"]
    return found.with_columns((pl.col("home") + "/" + pl.col("vacancy").cast(pl.String)).alias("id"))


def test_its_voids_are_a_table_of_voids(voids):
    ours = [name for name in columns_of("voids") if name in voids.columns]
    assert {"cause", "works", "outcome", "works_began_on", "let_on"} <= set(ours)
    told = voids.select(pl.col(ours)).with_columns(pl.col("link").cast(pl.Int64))
    validate_frames({"voids": told})


@pytest.mark.parametrize("percent", [25, 50, 75])
def test_days_of_works_are_found_again(voids, percent):
    history = History({"voids": voids}, START, START + dt.timedelta(weeks=WEEKS), frozenset())
    fit = FITS["voids.works_days"](history)
    low, high = fit.intervals[f"standard {percent}"]
    # A day more either way: the seed is one, and this is no test of coverage.
    truth = quantile(shipped_parameters()["voids.works_days"]["standard"], percent)
    assert low - 1 <= truth <= high + 1
    assert any("still open" in remark for remark in fit.remarks)
