"""Worlds stepped by several processes: what is told meanwhile, and how many go together."""

from __future__ import annotations

import signal
from types import SimpleNamespace

import numpy as np

from cbl_engine.simulate.run import MOST_TOGETHER, ROWS_TOGETHER, together
from cbl_engine.simulate.side_by_side import side_by_side

_BLOCKS = hasattr(signal, "pthread_sigmask")
"""Whether this system can keep signals from a process."""


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


def _hears_interrupts(_batch, _said):
    return not _BLOCKS or signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_an_interrupt_is_for_the_process_that_shares_the_work_out_and_not_for_the_others():
    assert list(side_by_side(_hears_interrupts, [1, 2], 2, lambda _: None)) == [not _BLOCKS] * 2
    assert _hears_interrupts(None, None)


def _setup(homes, opening):
    return SimpleNamespace(n_homes=homes, lives=SimpleNamespace(opening=opening))


def test_as_many_worlds_go_together_as_memory_allows():
    assert together(_setup(5_000, 2_000)) == MOST_TOGETHER
    assert together(_setup(600_000, 340_000)) == ROWS_TOGETHER // 940_000
    assert together(_setup(3_000_000, 1_330_000)) == 1
