"""A median that some world does not reach has no difference, told or otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from cbl_engine.compare.differences import COLUMNS, _numbers
from cbl_engine.compare.findings import findings, headlines, saved_by_pairing
from cbl_engine.compare.says import base_level, change
from cbl_engine.report import comparison_page, comparison_sheets
from tests.commands import exit_code

NO, INF = np.nan, np.inf


@pytest.fixture(scope="module")
def lost(comparison):
    """The small comparison, whose quarter is reached in half of twelve worlds."""
    row = comparison.differences.filter(kpi="wait_quarter", group="opening", variant="early")
    other = comparison.differences.filter(kpi="lettings", group="all", variant="early")
    nothing = {name: None for name in COLUMNS if name in (
        "mean", "low", "high", "bca_low", "bca_high", "all_low", "all_high", "saved")}
    rows = [{**row.row(0, named=True), **nothing, "base": 1.8, "told": False, "worlds": 6,
             "not_reached": 6}, other.row(0, named=True)]
    return replace(comparison, differences=pl.DataFrame(rows, COLUMNS))


def test_worlds_that_reach_it_are_not_picked_by_their_outcome():
    one, other = np.array([1.0, 2, 3, 4, 5, 6]), np.array([2.0, 3, INF, INF, 6, 7])
    found = _numbers(one, other, 1)
    assert found == {"base": 3.5, "not_reached": 2, "left_out": 0, "told": False, "worlds": 4}
    assert _numbers(other, one, 1) == {**found, "base": None}


def test_worlds_without_anybody_are_still_left_out():
    found = _numbers(np.array([1.0, NO, 3, 4]), np.array([2.0, 3, 4, 5]), 1)
    assert (found["worlds"], found["not_reached"], found["mean"]) == (3, 0, 1)
    assert _numbers(np.array([1.0, NO, NO, 4]), np.array([2.0, 3, 4, 5]), 1) is None


def test_worlds_without_the_figure_are_counted_and_those_that_do_not_reach_it_apart():
    found = _numbers(np.array([1.0, NO, 3, 4, 5]), np.array([2.0, 3, 4, 5, NO]), 1)
    assert (found["worlds"], found["not_reached"], found["left_out"]) == (3, 0, 2)
    found = _numbers(np.array([1.0, NO, 3, 4, INF]), np.array([2.0, 3, 4, 5, 6]), 1)
    assert (found["worlds"], found["not_reached"], found["left_out"]) == (3, 1, 1)


def test_a_simulated_quarter_that_is_not_reached_has_a_row_without_numbers(comparison):
    rows = comparison.differences.filter(pl.col("not_reached") > 0)
    assert "wait_quarter" in set(rows["kpi"])
    assert rows.select("mean", "low", "high", "all_low", "all_high").null_count().row(0) == (
        (rows.height,) * 5)
    assert not rows["told"].any()


def test_findings_say_in_how_many_worlds_it_is_not_reached(lost):
    said = findings(lost)["early"]
    assert ("Not reached, so not compared: a quarter are housed by, those who wait counted: opening "
            "(in 6 of 12 worlds).") in said
    assert not any("quarter" in line for line in said if not line.startswith("Not reached"))


def test_tables_the_page_and_the_workbook_say_it_too(lost):
    row = headlines(lost).filter(kpi="wait_quarter").row(0, named=True)
    assert change(row) == ("not reached in 6 of 12 worlds", "")
    assert base_level(row) == "1.80"
    assert base_level({**row, "base": None}) == "not reached"
    page = comparison_page(lost)
    assert "(in 6 of 12 worlds)" in page
    assert "not reached in 6 of 12 worlds" in page
    sheet = comparison_sheets(lost)["headlines"].filter(group="opening").row(0, named=True)
    assert (sheet["difference"], sheet["told"], sheet["worlds"], sheet["not_reached"]) == (None, None, 6, 6)
    assert saved_by_pairing(lost).keys() == {"one_bid", "early"}


def test_the_command_shows_it_and_until_refuses_it(small_borough, kept, capsys):
    assert exit_code("compare", small_borough, "--out", kept) == 0
    assert "not reached in" in " ".join(capsys.readouterr().out.split())
    words = ("compare", small_borough, "--out", kept, "--at-most", 3)
    assert exit_code(*words, "--until", "wait_quarter:opening=1") == 2
    assert "the figure is not reached in some worlds" in capsys.readouterr().err
