"""Small worlds in which much happens: the setups that the tests of this folder share."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cbl_engine.simulate.outputs import frames_of_run
from cbl_engine.simulate.parameters import Parameter, shipped_parameters
from cbl_engine.simulate.scenario import Scenario
from cbl_engine.simulate.weeks import run_batch
from cbl_engine.simulate.world import set_up

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from cbl_engine.simulate.setup import Setup

POINTS = Path(__file__).parent / "points.yaml"
START = date(2026, 4, 6)
BUSY: dict[str, dict[str, Any]] = {
    "tenancies.end_per_year": {"rate": 0.5},
    "stock.right_to_buy_per_year": {"rate": 0.02},
    "stock.demolished_per_year": {"rate": 0.02},
    "stock.exchanges_per_year": {"rate": 0.05},
    "stock.long_term_void": {"share": 0.05},
    "stock.landlord_keeps": {"share": 0.05},
    "arrivals.per_year": {"rate": 1.5},
    "households.lapse_per_year": {"rate": 0.5},
    "bidding.kinds": {"shares": {"never": 0.2, "seldom": 0.3, "often": 0.5}},
    "bidding.kinds_joining": {"shares": {"never": 0.2, "seldom": 0.3, "often": 0.5}},
    "voids.works_days": {"days_by": {
        "none": {0: 0, 100: 1}, "standard": {0: 3, 100: 20}, "major": {0: 21, 100: 50},
        "adaptation": {0: 14, 100: 40},
    }},
}
"""A world of its own kind: homes come empty, households come and go, far more than anywhere."""
LIMITED: dict[str, dict[str, Any]] = {
    "voids.works_teams": {"number": 2}, "voids.offers_per_week": {"number": 3},
}


def parameters_of(**changes: dict[str, Any]) -> dict[str, Parameter]:
    """Parameters by name, each with a made-up reason."""
    return {name: Parameter.model_validate({**value, "assumed": "a test"})
            for name, value in changes.items()}


def setup_of(
    scheme: str | Path, *, weeks: int = 26, seed: int = 1, households: int = 120, homes: int = 120,
    start: date = START, world: dict[str, Any] | None = None, beside: Path | None = None,
    **changes: dict[str, Any],
) -> Setup:
    """What small busy worlds under a scheme share; ``changes`` are of parameters."""
    scenario = Scenario.model_validate({
        "title": "A test", "scheme": str(scheme), "start": start, "weeks": weeks, "seed": seed,
        "world": {"households": households, "homes": homes, **(world or {})},
    })
    parameters = shipped_parameters().with_changes(parameters_of(**{**BUSY, **changes}))
    return set_up(scenario, parameters, beside)


@cache
def sheffield() -> Setup:
    """Worlds under a shipped scheme of bands."""
    return setup_of("sheffield")


@cache
def limited() -> Setup:
    """Worlds in which works wait for teams and homes for officers, under a scheme of bands."""
    return setup_of("sheffield", **LIMITED)


@cache
def points() -> Setup:
    """Worlds under points with a draw among equals, in which households ask for homes."""
    return setup_of(POINTS, **{"voids.advertised_before_ready": {"share": 0.3}})


def tables(setup: Setup, worlds: Iterable[int] = (0, 1, 2)) -> dict[str, pl.DataFrame]:
    """The tables of some worlds, stepped together."""
    state, weeks = run_batch(setup, np.array(list(worlds), np.int64))
    return frames_of_run(state, weeks)
