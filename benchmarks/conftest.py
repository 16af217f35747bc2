"""Benchmarks run at size S unless told: ``pytest benchmarks --size M``, or CBL_BENCH_SIZE=M."""

from __future__ import annotations

import os

import pytest

from benchmarks.contest.data import SIZES


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--size",
        default=os.environ.get("CBL_BENCH_SIZE", "S"),
        choices=sorted(SIZES),
        help="how much data: S, M or L",
    )


@pytest.fixture(scope="session")
def size(request: pytest.FixtureRequest) -> str:
    return request.config.getoption("--size")


@pytest.fixture(scope="session")
def rounds(size: str) -> int:
    """Turns that a benchmark takes."""
    return {"S": 20, "M": 5, "L": 2}[size]
