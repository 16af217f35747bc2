"""The accounts of simulated worlds add up: every law of ``accounts``, on worlds of several kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulate.accounts import LAWS
from tests.simulate.small import START, limited, setup_of, sheffield, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from cbl_engine.simulate.setup import Setup

WORLDS: dict[str, Callable[[], Setup]] = {
    "bands": sheffield,
    "limited": limited,
    "few households": lambda: setup_of("breckland", households=30, homes=200, weeks=40),
    "few homes": lambda: setup_of("coventry", households=300, homes=40, weeks=40),
    "early adverts": lambda: setup_of(
        "sheffield", seed=5, **{"voids.advertised_before_ready": {"share": 0.7}}),
}


@pytest.fixture(scope="module", params=WORLDS)
def world(request: pytest.FixtureRequest) -> tuple[Setup, dict[str, pl.DataFrame]]:
    setup = WORLDS[request.param]()
    return setup, tables(setup)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_law_holds(law: Callable, world: tuple[Setup, dict[str, pl.DataFrame]]) -> None:
    setup, found = world
    assert found["lettings"].height > 0
    assert law(found, START, setup.weeks).is_empty()
