"""A tiny borough with two variants, compared once."""

from __future__ import annotations

import pytest

from cbl_engine.compare import open_comparison
from cbl_engine.compare.comparing import compare

SMALL = """
title: A small borough
scheme: sheffield
world: {households: 200, homes: 500}
start: 2026-04-06
weeks: 12
replications: 3
seed: 1
variants:
  one_bid:
    title: One bid a week
    parameters:
      bidding.most_bids: {number: 1, assumed: the lever}
  early:
    title: Every void advertised before it is ready
    parameters:
      voids.advertised_before_ready: {share: 1.0, assumed: the lever}
"""


@pytest.fixture(scope="session")
def small_borough(tmp_path_factory):
    path = tmp_path_factory.mktemp("scenarios") / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def kept(small_borough, tmp_path_factory):
    """The folder of its comparison."""
    folder = tmp_path_factory.mktemp("kept") / "small"
    compare(small_borough, out=folder)
    return folder


@pytest.fixture(scope="session")
def comparison(kept):
    """The same, opened."""
    return open_comparison(kept)
