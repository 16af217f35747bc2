"""Homes and households settled in rounds, beside plain Python, ``matching`` and scipy.

``python -m benchmarks.offers.run --size L`` runs the contest at 25,000 adverts and 2.5 million bids,
each contestant in a process of its own.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.offers import data
from benchmarks.offers.contestants import CONTESTANTS, OTHER_AIM, entries
from benchmarks.offers.run import section
from benchmarks.turns import RESULTS


@pytest.fixture(scope="module")
def market(size):
    return data.load(size)


@pytest.mark.benchmark(group="offers")
@pytest.mark.parametrize(("name", "side"), entries("S"))
def test_offers(benchmark, market, size, rounds, name, side):
    if (name, side) not in entries(size):
        pytest.skip(f"{name} does not take part at {size}")
    ready, answer = CONTESTANTS[name](market, side)
    found = answer(benchmark.pedantic(
        lambda turn: turn(), setup=lambda: ((ready(),), {}),
        rounds=rounds if name == "cbl_engine" else 2))
    if side == OTHER_AIM:
        assert np.array_equal(np.bincount(found[found >= 0]), market.capacity)
    else:
        ours, same = CONTESTANTS["cbl_engine"](market, side)
        assert np.array_equal(found, same(ours()()))


def test_the_page_has_the_results_on_file():
    page = (Path(__file__).parent.parent / "docs/benchmarks.md").read_text(encoding="utf-8")
    for size in data.SIZES:
        result = json.loads((RESULTS / f"offers-{size}.json").read_text(encoding="utf-8"))
        assert section(result) in page
