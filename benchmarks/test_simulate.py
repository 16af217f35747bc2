"""Worlds stepped together, and the queue of the theory beside its peers.

``python -m benchmarks.simulate.run --size L`` runs the whole, each entry in a process of its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean, stdev

import pytest

from benchmarks.simulate import answer, notebook, notebook_ours, ours, worlds
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


@pytest.mark.benchmark(group="notebook")
def test_the_notebook_by_the_simulator(benchmark):
    """The same process: lettings and waits of the best band are those of the notebook, within luck."""
    of, seeds = (20, 200, 6), range(1, 9)
    setups = [notebook_ours.prepared(seed, *of) for seed in seeds]
    ours_by_seed = benchmark.pedantic(
        lambda: [notebook_ours.run(setup, 10) for setup in setups], rounds=1)
    gaps = []
    for seed, (lettings, waits) in zip(seeds, ours_by_seed, strict=True):
        let, wait, _ = notebook.run(*of, seed=seed)
        gaps.append((let - lettings.mean(), wait["A"] - waits["A"].mean()))
    for gap in zip(*gaps, strict=True):
        assert abs(fmean(gap)) < 4 * stdev(gap) / len(gap) ** 0.5


@pytest.mark.benchmark(group="answer")
def test_a_question_is_answered(benchmark):
    found = benchmark.pedantic(answer.asked, args=("S",), rounds=1)
    assert "one_bid" in found["answer"]
    assert "95% interval" in found["answer"]


def test_the_page_has_the_results_on_file():
    page = (Path(__file__).parent.parent / "docs/benchmarks.md").read_text(encoding="utf-8")
    results = sorted(RESULTS.glob("simulate-*.json"))
    assert results
    for file in results:
        assert section(json.loads(file.read_text(encoding="utf-8"))) in page
    here, there = (json.loads((folder / "answer.json").read_text(encoding="utf-8"))
                   for folder in (RESULTS, RESULTS / "elsewhere"))
    assert answer.section(here, there) in page
