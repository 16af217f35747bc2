"""The contest inside one process, its answers compared: what CI watches from commit to commit.

The figures in the documentation come from ``benchmarks.contest.run``, where everyone has a process
of its own.
"""

from __future__ import annotations

import pytest

from benchmarks.contest import data
from benchmarks.contest.contestants import (
    OURS,
    WHERE,
    absent,
    disagreements,
    enter,
    in_row_order,
)
from benchmarks.contest.ours import Engine

for package in ("duckdb", "pandas", "psycopg"):
    pytest.importorskip(package)


@pytest.fixture(scope="module")
def tables(size):
    return data.load(size)


@pytest.fixture(scope="module")
def expected(tables):
    return in_row_order(Engine(tables).cold())


@pytest.mark.benchmark(group="contest")
@pytest.mark.parametrize("name", WHERE)
def test_cold(benchmark, tables, expected, rounds, name, size):
    if why := absent(name, size):
        pytest.skip(why)
    contestant = enter(name, tables)
    answer = benchmark.pedantic(contestant.cold, rounds=rounds, warmup_rounds=1)
    assert disagreements(expected, in_row_order(answer)) == 0


@pytest.mark.benchmark(group="contest")
def test_warm(benchmark, tables, expected, rounds):
    contestant = enter(OURS, tables)
    answer = benchmark.pedantic(contestant.warm, rounds=rounds, warmup_rounds=1)
    assert disagreements(expected, in_row_order(answer)) == 0


def test_a_realistic_share_is_eligible(expected):
    position, failed = expected
    assert 0.55 < (position > 0).mean() < 0.8
    assert ((position > 0) == (failed == 0)).all()


def test_data_is_the_same_everywhere():
    tables = data.make(data.SIZES["S"])
    bids = tables["bids"]
    assert bids.num_rows == data.SIZES["S"].bids
    assert bids["advert"][1000].as_py() == 12
    assert bids["application"][1000].as_py() == 11362
    assert all(tables[t].equals(data.load("S")[t]) for t in data.TABLES)
