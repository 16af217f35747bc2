"""The made-up borough keeps its level: what it is like in its fifth year is what it was in the first."""

from __future__ import annotations

import polars as pl
import pytest

from cbl_engine.simulate import simulate
from cbl_engine.simulate.parameters import shipped_parameters


@pytest.fixture(scope="module")
def frames() -> dict[str, pl.DataFrame]:
    return simulate("riverton", replications=1).frames


def of_year(frame: pl.DataFrame, year: int) -> pl.DataFrame:
    return frame.filter(pl.col("week").is_between(52 * year, 52 * year + 51))


def test_the_register_the_voids_and_the_bids_keep_their_level(frames: dict[str, pl.DataFrame]) -> None:
    first, last = (of_year(frames["weeks"], year) for year in (1, 4))
    for column in ("registered", "voids"):
        assert last[column].mean() == pytest.approx(first[column].mean(), rel=0.3)
    first, last = (of_year(frames["adverts"], year) for year in (1, 4))
    assert last["bids"].mean() == pytest.approx(first["bids"].mean(), rel=0.3)
    assert (last["bids"] == 0).mean() < 0.02


def test_those_who_never_bid_do_not_take_over_the_register(frames: dict[str, pl.DataFrame]) -> None:
    waiting = frames["households"].filter(pl.col("left_on").is_null())
    opening = shipped_parameters()["bidding.kinds"]["never"]
    assert (waiting["bids_as"] == "never").mean() == pytest.approx(opening, abs=0.08)
