"""Bedroom need against a polars group-by and rows one by one: equal answers, and the time of each.

``python -m benchmarks.bedrooms.run --size L`` runs the contest at the size of England, each
contestant in a process of its own.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.bedrooms import data
from benchmarks.bedrooms.contestants import ANSWER, CONTESTANTS, ours
from benchmarks.bedrooms.run import table
from benchmarks.turns import RESULTS


@pytest.fixture(scope="module")
def frames(size):
    return data.load(size)


@pytest.mark.benchmark(group="bedrooms")
@pytest.mark.parametrize("name", CONTESTANTS)
def test_bedroom_need(benchmark, frames, rounds, name):
    slow = name.startswith("Python")
    found = benchmark.pedantic(
        lambda: CONTESTANTS[name](frames), rounds=2 if slow else rounds, warmup_rounds=1
    )
    assert found.select(ANSWER).equals(ours(frames).select(ANSWER))


@pytest.mark.benchmark(group="bedrooms")
def test_bedroom_need_where_facts_are_missing(benchmark, size, rounds):
    frames = data.load(size, "patchy")
    found = benchmark.pedantic(lambda: ours(frames), rounds=rounds, warmup_rounds=1)
    assert found["need"].null_count() == found["missing"].drop_nulls().len()


def test_the_page_has_the_results_on_file():
    result = json.loads((RESULTS / "bedrooms-L.json").read_text(encoding="utf-8"))
    page = (Path(__file__).parent.parent / "docs/bedrooms.md").read_text(encoding="utf-8")
    assert "\n".join(table(result)) in page
