"""Arguments of the Python functions that cannot be used: reported as problems, as on the command line."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from cbl_engine.compare import compare, rerun
from cbl_engine.compare.backtest import backtest
from cbl_engine.compare.calibrate import calibrate
from cbl_engine.compare.effects import check_equality, group_effects
from cbl_engine.errors import BadInput
from cbl_engine.simulate import read_scenario, simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from cbl_engine.compare import Comparison

FILE = "riverton_levers"


@pytest.mark.parametrize(("called", "where"), [
    (compare, ["compare"]),
    (lambda: compare(None), ["scenario"]),
    (lambda: compare(FILE, until="lettings=5", responses="low"), ["responses", "until"]),
    (lambda: compare(FILE, until=("lettings", "all")), ["until"]),
    (lambda: compare(FILE, until=("lettings", "all", "5"), at_most=None), ["until", "--at-most"]),
    (lambda: compare(FILE, workers=None, batch="2"), ["--batch", "--workers"]),
    (lambda: simulate(None), ["scenario"]),
    (lambda: read_scenario(3), ["scenario"]),
    (lambda: simulate("riverton", replications=1, weeks=1, workers=None), ["--workers"]),
    (lambda: rerun("h", "sheffield", "sheffield", since="2026-01-01", until=datetime(2026, 2, 1)),
     ["since", "until"]),
    (lambda: calibrate("fenwold", since="2026-01-01"), ["since"]),
    (lambda: backtest("fenwold", "fenwold", "2026-07-06", since=2026, workers=None, interval="0.8"),
     ["until", "since", "--workers", "--interval"]),
    (lambda: backtest("fenwold", "fenwold", datetime(2026, 7, 6)), ["until"]),
])
def test_what_cannot_be_used_is_reported_with_its_place(called: Callable[[], Any], where: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        called()
    assert [problem.where for problem in caught.value.problems] == where


@pytest.mark.parametrize(("table", "where"), [
    ([1], ["equality"]),
    (pl.DataFrame({"a": [1]}), ["equality.application", "equality.characteristic", "equality.value"]),
    (pl.DataFrame({"application": [1.5], "characteristic": ["x"], "value": ["y"]}), ["equality.application"]),
])
def test_an_equality_table_that_is_none_is_reported_with_its_columns(
    comparison: Comparison, table: Any, where: list[str]
) -> None:
    with pytest.raises(BadInput) as caught:
        group_effects(comparison, table)
    assert [problem.where for problem in caught.value.problems] == where


def test_ids_of_an_equality_table_may_be_whole_numbers(comparison: Comparison) -> None:
    table = pl.DataFrame({"application": [1], "characteristic": ["x"], "value": ["y"]})
    check_equality(table, pl.Series(["1", "2"]))
    with pytest.raises(BadInput, match="the opening register is made up"):
        group_effects(comparison, table)


def test_effects_under_a_response_that_was_not_compared_are_refused(comparison: Comparison) -> None:
    with pytest.raises(BadInput, match="not compared under this response; given low; allowed: central"):
        group_effects(comparison, response="low")
