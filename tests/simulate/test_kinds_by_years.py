"""How often those who wait at the start bid, by how long they have waited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from cbl_engine.simulate.habits import kinds_by_years
from cbl_engine.simulate.parameters import shipped_parameters
from tests.simulate.small import parameters_of

if TYPE_CHECKING:
    from cbl_engine.simulate.parameters import Parameters


def values(
    waiting: tuple[float, float, float], joining: tuple[float, float, float], rate: float = 0.3
) -> Parameters:
    names = ("never", "seldom", "often")
    return shipped_parameters().with_changes(parameters_of(**{
        "bidding.kinds": {"shares": dict(zip(names, waiting, strict=True))},
        "bidding.kinds_joining": {"shares": dict(zip(names, joining, strict=True))},
        "arrivals.per_year": {"rate": rate}}))


def test_where_each_kind_joins_and_leaves_at_a_rate_they_are_who_is_left() -> None:
    # 1,000 join a year; of those who never bid a tenth leaves in a year, of the others half and the whole.
    joins, leaves = np.array([0.2, 0.3, 0.5]) * 1000, np.array([0.1, 0.5, 1.0])
    there = joins / leaves
    years = np.linspace(0, 60, 12_001)
    left = joins * np.exp(-np.outer(years, leaves))
    register = np.repeat(years, np.rint(left.sum(axis=1)).astype(int))
    shares = there / there.sum()
    found = kinds_by_years(values(tuple(shares), (0.2, 0.3, 0.5), 1000 / there.sum()), register)
    expected = left / left.sum(axis=1, keepdims=True)
    for year in (0, 1, 3, 8):
        at = int(np.searchsorted(register, year))
        assert found[at] == pytest.approx(expected[np.searchsorted(years, year)], abs=0.01)


def test_every_kind_keeps_its_share_whatever_the_waits() -> None:
    rng = np.random.default_rng(1)
    for years in (rng.exponential(3.0, 500), np.full(20, 7.0), np.array([0.0, 80.0, 400.0]),
                  np.array([-1.0, 0.2, 5.0])):
        found = kinds_by_years(values((0.5, 0.3, 0.2), (0.1, 0.4, 0.5), 5.0), years)
        assert found.sum(axis=1) == pytest.approx(1)
        assert found.mean(axis=0) == pytest.approx([0.5, 0.3, 0.2], abs=1e-3)


def test_the_longer_the_wait_the_fewer_bid_often() -> None:
    found = kinds_by_years(values((0.55, 0.33, 0.12), (0.26, 0.42, 0.32)), np.array([0.1, 1, 3, 9.0]))
    assert (np.diff(found[:, 0]) > 0).all()
    assert (np.diff(found[:, 2]) < 0).all()


def test_a_kind_that_nobody_is_of_stays_so_and_equal_shares_are_everybodys() -> None:
    years = np.array([0.5, 2.0, 6.0])
    assert (kinds_by_years(values((0.6, 0.4, 0.0), (0.3, 0.3, 0.4)), years)[:, 2] == 0).all()
    same = kinds_by_years(values((0.5, 0.3, 0.2), (0.5, 0.3, 0.2)), years)
    assert same == pytest.approx(np.tile([0.5, 0.3, 0.2], (3, 1)))
    assert kinds_by_years(values((0.5, 0.3, 0.2), (0.5, 0.3, 0.2)), np.zeros(0)).shape == (0, 3)
