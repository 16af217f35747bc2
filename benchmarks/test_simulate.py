"""Worlds stepped together, and the queue of the theory beside its peers.

``python -m benchmarks.simulate.run --size L`` runs the whole, each entry in a process of its own.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.simulate import ours, worlds
from benchmarks.simulate.run import section
from benchmarks.simulate.spec import Queue
from benchmarks.turns import RESULTS


@pytest.fixture(scope="module")
def borough():
    return worlds.setup(400, 1500, weeks=6)


@pytest.mark.benchmark(group="worlds")
@pytest.mark.parametrize("n", [1, 5])
def test_worlds_stepped_together(benchmark, borough, n):
    ran = benchmark.pedantic(worlds.ran, args=(borough, n), rounds=1)
    assert ran.adverts > 0
    assert ran.bids > ran.adverts


@pytest.mark.benchmark(group="queue")
def test_the_queue_by_the_simulator(benchmark):
    found = benchmark.pedantic(ours.simulate, args=(Queue(worlds=3, weeks=20),), rounds=1)
    assert len(found) > 100
    assert (found.let_at > found.arrived).all()


def test_the_page_has_the_results_on_file():
    page = (Path(__file__).parent.parent / "docs/benchmarks.md").read_text(encoding="utf-8")
    results = sorted(RESULTS.glob("simulate-*.json"))
    assert results
    for file in results:
        assert section(json.loads(file.read_text(encoding="utf-8"))) in page
