"""Ids and draws of simulated worlds."""

from __future__ import annotations

import numpy as np
import pytest

from cbl_engine.draws import draw
from cbl_engine.simulate.luck import Luck, named, new_ids, poisson_counts, world_of

MANY = 40_000


def test_a_draw_is_a_function_of_seed_stream_and_keys() -> None:
    ids = np.arange(5)
    one = Luck(7).draws("works", ids, 3)
    assert np.array_equal(one[::-1], Luck(7).draws("works", ids[::-1], 3))
    assert one[2] == Luck(7).draws("works", np.array([2]), np.array([3]))[0]
    others = (Luck(8).draws("works", ids, 3), Luck(7).draws("leak", ids, 3),
              Luck(7).draws("works", ids, 4))
    assert all(not (one == other).any() for other in others)


def test_draws_of_a_stream_stay_what_they_are() -> None:
    assert Luck(1).draws("works", np.array([0, 1]), 0).tolist() == [
        3949002275292998317, 13175118696157640793]


def test_ids_hold_world_week_and_number_and_sort_by_them() -> None:
    worlds = np.array([0, 0, 0, 1, 99_999])
    ids = np.concatenate([new_ids(worlds[:2], 0, np.array([0, 1])),
                          new_ids(worlds[2:3], 2600, np.array([(1 << 24) - 1])),
                          new_ids(worlds[3:], 1, np.array([5, 6]))])
    assert np.array_equal(np.sort(ids), ids)
    assert len(set(ids.tolist())) == 5
    assert world_of(ids).tolist() == worlds.tolist()
    assert named("P", ids).to_list() == ["P0000-000000", "P0000-000001", "P2600-16777215", "P0001-000005",
                                         "P0001-000006"]


@pytest.mark.parametrize("mean", [0.02, 0.7, 3.0, 40.0, 2500.0])
def test_counts_have_the_mean_and_the_variance_of_a_poisson_distribution(mean: float) -> None:
    counts = poisson_counts(mean, draw(3, np.arange(MANY)))
    spread = 4.5 * np.sqrt(mean / MANY)
    assert abs(counts.mean() - mean) < spread
    assert abs(counts.var() / mean - 1) < 4.5 * np.sqrt((2 + 1 / mean) / MANY)
    assert abs((counts == 0).mean() - np.exp(-mean)) < 4.5 * np.sqrt(np.exp(-mean) / MANY) + 1e-9


def test_of_nothing_there_is_nothing() -> None:
    assert poisson_counts(0.0, draw(3, np.arange(4))).tolist() == [0, 0, 0, 0]
