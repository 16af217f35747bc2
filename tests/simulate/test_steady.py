"""The made-up borough keeps its level: what it is like in its fifth year is what it was in the first."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from cbl_engine.simulate import simulate
from cbl_engine.simulate.parameters import shipped_parameters


@pytest.fixture(scope="module")
def frames() -> dict[str, pl.DataFrame]:
    return simulate("riverton", replications=2).frames


def of_year(frame: pl.DataFrame, year: int) -> pl.DataFrame:
    return frame.filter(pl.col("week").is_between(52 * year, 52 * year + 51))


def test_the_register_the_voids_and_the_bids_keep_their_level(frames: dict[str, pl.DataFrame]) -> None:
    first, last = (of_year(frames["weeks"], year) for year in (1, 4))
    for column in ("registered", "voids"):
        assert last[column].mean() == pytest.approx(first[column].mean(), rel=0.3)
    first, last = (of_year(frames["adverts"], year) for year in (1, 4))
    assert last["bids"].mean() == pytest.approx(first["bids"].mean(), rel=0.3)
    assert (last["bids"] == 0).mean() < 0.02


def test_temporary_accommodation_and_the_main_duty_keep_their_level(
    frames: dict[str, pl.DataFrame],
) -> None:
    first, last = (of_year(frames["weeks"], year)["placed"].mean() for year in (0, 4))
    assert last == pytest.approx(first, rel=0.2)
    main = frames["duties"].filter(pl.col("duty") == "main")
    opening, end = (main.filter(pl.col("since") <= day, pl.col("until").is_null() | (
        pl.col("until") > day)).height for day in (date(2026, 4, 6), date(2031, 3, 1)))
    assert end == pytest.approx(opening, rel=0.25)


def test_lettings_to_homeless_households_and_to_tenants_are_about_as_many_as_published(
    frames: dict[str, pl.DataFrame],
) -> None:
    # Social housing lettings in England, 2024-25: 28 percent to statutorily homeless households, 15
    # from temporary accommodation; 37 to existing social tenants.
    whose = ["world", "application"]
    from_there = frames["placements"].filter(pl.col("left_by") == "housed").select(whose).unique()
    lettings = frames["lettings"].filter(
        pl.col("let_on") >= date(2026, 7, 6), pl.col("application").is_not_null()).join(
        from_there.with_columns(placed=pl.lit(value=True)), on=whose, how="left")
    assert lettings["homeless"].mean() == pytest.approx(0.28, abs=0.05)
    assert lettings["placed"].is_not_null().mean() == pytest.approx(0.15, abs=0.04)
    assert lettings["transfer"].mean() == pytest.approx(0.37, abs=0.06)


def test_waits_of_those_housed_are_about_as_published_once_the_first_year_is_over(
    frames: dict[str, pl.DataFrame],
) -> None:
    # Social housing lettings in England: of those new to social housing 56 percent had been on the
    # register for less than a year (2024-25); 8 percent of lettings for five years or more (2023-24).
    housed = frames["lettings"].filter(
        pl.col("let_on") >= date(2027, 4, 6), pl.col("application").is_not_null()).with_columns(
        years=(pl.col("let_on") - pl.col("registered_on")).dt.total_days() / 365.25)
    assert (housed.filter(~pl.col("transfer"))["years"] < 1).mean() == pytest.approx(0.56, abs=0.1)
    assert (housed["years"] >= 5).mean() == pytest.approx(0.08, abs=0.04)
    early = pl.col("let_on") < date(2029, 4, 6)
    assert housed.filter(early)["years"].mean() == pytest.approx(
        housed.filter(~early)["years"].mean(), rel=0.3)


def test_those_who_never_bid_do_not_take_over_the_register(frames: dict[str, pl.DataFrame]) -> None:
    waiting = frames["households"].filter(pl.col("left_on").is_null())
    opening = shipped_parameters()["bidding.kinds"]["never"]
    assert (waiting["bids_as"] == "never").mean() == pytest.approx(opening, abs=0.08)
