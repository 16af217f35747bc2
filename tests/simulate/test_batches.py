"""The bytes of every table are the same whatever the batches, the workers and the grouping."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from cbl_engine.simulate import simulate
from cbl_engine.simulate.run_folder import TABLES
from tests.simulate.small import (
    LIMITED,
    START,
    STOCK_MOVES,
    limited,
    points,
    setup_of,
    sheffield,
    stock_moves,
    tables,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cbl_engine.simulate.setup import Setup

WORLDS = 5
SCHEMES: dict[str, Callable[[], Setup]] = {
    "bands and equals": sheffield, "limits": limited, "points and a lottery": points,
    "stock moves": stock_moves, "duties": lambda: setup_of("coventry"),
}


def written(frame: pl.DataFrame) -> bytes:
    file = BytesIO()
    frame.rechunk().write_parquet(file)
    return file.getvalue()


@pytest.fixture(scope="module", params=SCHEMES)
def together(request: pytest.FixtureRequest) -> tuple[Setup, dict[str, pl.DataFrame]]:
    setup = SCHEMES[request.param]()
    return setup, tables(setup, range(WORLDS))


@pytest.mark.parametrize(
    "groups", [[[0], [1], [2], [3], [4]], [[0, 1], [2, 3], [4]], [[0, 2, 4], [1, 3]]],
    ids=["one by one", "two by two", "odd and even"],
)
def test_worlds_do_not_depend_on_those_beside_them(
    together: tuple[Setup, dict[str, pl.DataFrame]], groups: list[list[int]]
) -> None:
    setup, whole = together
    parts = [tables(setup, group) for group in groups]
    for name in TABLES:
        apart = pl.concat([part[name] for part in parts]).sort("world", maintain_order=True)
        assert written(apart) == written(whole[name]), name


def test_a_world_far_on_is_the_same_alone() -> None:
    alone = tables(sheffield(), [70_000])
    beside = tables(sheffield(), [3, 70_000])
    for name in TABLES:
        assert written(beside[name].filter(pl.col("world") == 70_000)) == written(alone[name])


def test_worlds_differ() -> None:
    whole = tables(sheffield(), range(2))["voids"]
    first, second = (whole.filter(pl.col("world") == w).drop("world") for w in (0, 1))
    assert not first.equals(second)


SCENARIO = f"""
title: A test
scheme: sheffield
world: {{households: 60, homes: 80}}
start: {START}
weeks: 8
replications: 5
parameters:
  tenancies.end_per_year: {{rate: 1.0, assumed: a test}}
  voids.works_teams: {{number: {LIMITED["voids.works_teams"]["number"]}, assumed: a test}}
"""


def test_files_are_the_same_for_any_batch_and_number_of_workers(tmp_path: Path) -> None:
    scenario = tmp_path / "town.yaml"
    scenario.write_text(SCENARIO)
    for name, batch, workers in (("whole", 5, 1), ("twos", 2, 1), ("workers", 1, 2)):
        simulate(scenario, tmp_path / name, batch=batch, workers=workers)
    for table in TABLES:
        whole, *others = (
            (tmp_path / name / f"{table}.parquet").read_bytes()
            for name in ("whole", "twos", "workers"))
        assert all(other == whole for other in others), table


def test_an_assessment_ahead_does_not_depend_on_anything_but_the_seed() -> None:
    first, second = (setup_of("sheffield", households=40, homes=40, weeks=4) for _ in range(2))
    assert np.array_equal(first.lives.band, second.lives.band)
    assert np.array_equal(first.lives.since, second.lives.since)
    assert first.stock.equals(second.stock)


COMING = {
    "acquisitions": [{"on": START + timedelta(weeks=4), "homes": 5, "bedrooms": 2}],
    "new_homes": [{"on": START + timedelta(weeks=5), "homes": 4, "bedrooms": 2}],
    "decants": [{"on": START + timedelta(weeks=6), "homes": 6, "because": "demolition"}],
}


def coming(weeks: int, **scenario: Any) -> Setup:
    """Worlds to which homes of every kind come."""
    return setup_of("sheffield", weeks=weeks, scenario=scenario or COMING,
                    **{**STOCK_MOVES, "stock.new_per_year": {"rate": 0.3}})


def test_a_longer_run_begins_with_the_shorter() -> None:
    short, long = (tables(coming(weeks)) for weeks in (9, 19))
    for name in ("weeks", "adverts"):
        assert short[name].equals(long[name].filter(pl.col("week") < 9)), name
    for name, day in (("voids", "tenancy_ended_on"), ("voids", "ready_on"), ("lettings", "accepted_on"),
                      ("nominations", "nominated_on"), ("households", "registered_on"),
                      ("placements", "since"), ("events", "on")):
        keys = [c for c in ("world", "home", "application", day) if c in short[name].columns]
        one, other = (frames[name].filter(pl.col(day) < START + timedelta(weeks=9)).select(keys).sort(keys)
                      for frames in (short, long))
        assert one.height > 20, name
        assert one.equals(other), name


def test_more_homes_on_a_day_leave_the_numbers_of_the_others() -> None:
    few, many = (coming(19, **more).stock.select("id", "numbered") for more in (
        COMING, {**COMING, "new_homes": [{**COMING["new_homes"][0], "homes": 40}]}))
    assert many.height == few.height + 36
    assert few.join(many, on=["id", "numbered"], how="anti").is_empty()
    assert many["numbered"].is_sorted()
    assert many["numbered"].is_unique().all()
