"""What is drawn for a household, a home or a nomination does not depend on the scheme."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import polars as pl
import pytest

from cbl_engine.shipped import shipped_folder
from cbl_engine.simulate.downsizing import FIRST_NUMBER
from tests.simulate.small import setup_of, sheffield, tables

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.simulate.setup import Setup

WEEKS = 26
HOUSEHOLD = ["world", "application"]
VOID = ["world", "home", "vacancy"]


@cache
def coventry() -> Setup:
    return setup_of("coventry")


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    """Sheffield's scheme with its bands in another order, and nothing else changed."""
    text = (shipped_folder("schemes") / "sheffield.yaml").read_text()
    before = "- band: [A, B, C, D, E]"
    assert before in text
    file: Path = tmp_path_factory.mktemp("turned") / "sheffield.yaml"
    file.write_text(text.replace(before, "- band: [A, B, D, C, E]"))
    return setup_of(file)


@pytest.fixture(scope="module")
def pairs(turned: Setup) -> dict[str, tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]]:
    one = tables(sheffield())
    return {"other scheme": (one, tables(coventry())), "other order": (one, tables(turned))}


PAIR = pytest.mark.parametrize("pair", ["other scheme", "other order"])


def joined(pairs: dict, pair: str, table: str, key: list[str]) -> pl.DataFrame:
    one, other = pairs[pair]
    return one[table].join(other[table], on=key, how="inner", suffix="_other")


def differing(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    return rows.filter(pl.any_horizontal(pl.col(c).ne_missing(pl.col(f"{c}_other"))
                                         for c in columns))


@PAIR
def test_the_same_households_join_on_the_same_days(pairs: dict, pair: str) -> None:
    one, other = (frames["households"].filter(
        ~pl.col("application").str.starts_with("P0000"),
        pl.col("application").str.split("-").list.last().cast(pl.Int64) < FIRST_NUMBER)
        for frames in pairs[pair])  # which tenant asks, or must move, goes by who lives where
    assert one.height == other.height > 100
    both = one.join(other, on=HOUSEHOLD, suffix="_other")
    assert both.height == one.height
    assert differing(both, "registered_on", "bids_as").is_empty()


@PAIR
def test_the_opening_register_is_the_same_people(pairs: dict, pair: str) -> None:
    both = joined(pairs, pair, "households", HOUSEHOLD).filter(
        pl.col("application").str.starts_with("P0000"))
    assert both.height > 150
    assert differing(both, "registered_on", "tenant", "homeless", "bids_as").is_empty()


def test_two_schemes_that_both_take_a_household_have_the_same_one() -> None:
    one, other = sheffield().lives, coventry().lives
    a = pl.DataFrame({"n": one.number[one.opening:], "born": one.born[one.opening:],
                      "area": one.area[one.opening:]})
    b = pl.DataFrame({"n": other.number[other.opening:], "born": other.born[other.opening:],
                      "area": other.area[other.opening:]})
    both = a.join(b, on="n", suffix="_other")
    assert both.height > 1000
    assert one.made == other.made
    assert differing(both, "born", "area").is_empty()


@PAIR
def test_a_first_tenancy_ends_on_the_same_day_and_the_home_needs_the_same_works(
    pairs: dict, pair: str
) -> None:
    both = joined(pairs, pair, "voids", VOID).filter(pl.col("vacancy") == 1)
    own = both.filter((pl.col("cause") != "moved") & (pl.col("cause_other") != "moved"))
    assert own.height > 40
    assert differing(own, "cause", "notice_given_on", "tenancy_ended_on", "keys_in_on",
                     "inspected_on", "works", "works_began_on", "ready_on").is_empty()
    assert differing(both, "works").is_empty()


def test_a_nomination_of_the_same_household_for_the_same_void_ends_the_same_way(
    pairs: dict
) -> None:
    both = pl.concat([
        joined(pairs, pair, "nominations", [*VOID, "application", "route"]).unique(
            [*VOID, "application", "route"], keep="none").with_columns(
                pl.lit(pair).alias("pair")) for pair in ("other scheme", "other order")
    ], how="diagonal_relaxed").filter(pl.col("settled_on").is_not_null(),
                                      pl.col("settled_on_other").is_not_null(),
                                      pl.col("household_kind") == pl.col("household_kind_other"))
    took = pl.col("settled_on") - pl.col("nominated_on")
    took_other = pl.col("settled_on_other") - pl.col("nominated_on_other")
    assert both.height > 20
    assert both["outcome"].n_unique() > 2
    assert differing(both, "outcome").is_empty()
    # Under another scheme several may be named at once, and the best of them waits for the others.
    alike = both.filter(pl.col("pair") == "other order")
    assert alike.height > 10
    assert alike.filter(took != took_other).is_empty()


def test_the_schemes_of_a_pair_do_let_homes_to_different_people(pairs: dict) -> None:
    both = joined(pairs, "other scheme", "lettings", VOID)
    assert not differing(both, "application").is_empty()
