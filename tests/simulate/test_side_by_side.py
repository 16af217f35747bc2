"""Worlds stepped by several processes: what is told meanwhile, and how many go together."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from cbl_engine.simulate.run import MOST_TOGETHER, ROWS_TOGETHER, together
from cbl_engine.simulate.side_by_side import side_by_side


def _step(batch, said):
    from time import sleep

    for week in range(3):
        said(week)
        sleep(0.3)
    return batch.tolist()


def test_batches_come_in_their_order_and_weeks_are_told_before_the_first_is_done():
    told = []
    batches = [np.arange(0, 2), np.arange(2, 5)]
    made = side_by_side(_step, batches, 2, told.append)
    assert list(made) == [[0, 1], [2, 3, 4]]
    assert told == sorted(set(told))
    assert any(0 < weeks < 3 for weeks in told)


def _setup(homes, opening):
    return SimpleNamespace(n_homes=homes, lives=SimpleNamespace(opening=opening))


def test_as_many_worlds_go_together_as_memory_allows():
    assert together(_setup(5_000, 2_000)) == MOST_TOGETHER
    assert together(_setup(600_000, 340_000)) == ROWS_TOGETHER // 940_000
    assert together(_setup(3_000_000, 1_330_000)) == 1
