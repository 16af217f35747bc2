"""The four named void measures, by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.stats import CensoredData, ecdf

from cbl_engine.simulate.void_measures import (
    MEASURES,
    days_with_open,
    void_days,
    void_measures,
)

AS_AT = dt.date(2025, 6, 30)
COLUMNS = {
    "id": pl.String, "cause": pl.String, "works": pl.String, "tenancy_ended_on": pl.Date,
    "keys_in_on": pl.Date, "ready_on": pl.Date, "let_on": pl.Date,
}


def day(text):
    return None if text is None else dt.date.fromisoformat(f"2025-{text}")


def voids(*rows):
    """Rows of id, cause, works, tenancy ended, keys in, ready, let."""
    return pl.DataFrame(
        [(*row[:3], *map(day, row[3:])) for row in rows], schema=COLUMNS, orient="row"
    )


def days_of(*row):
    found = void_days(voids(("V", *row)), AS_AT)
    return {m: (d, o) for m, d, o in found.select("measure", "days", "open").iter_rows()}


# 2 March 2025 is a Sunday.
@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        pytest.param(
            ("left", "standard", "03-02", "03-03", "03-20", "03-31"),
            {"tenancy": 28, "key_to_key": 28, "standard_relet": 28, "core": 28},
            id="standard works, keys on the Monday",
        ),
        pytest.param(
            ("left", "none", "03-02", "03-02", "03-02", "03-03"),
            {"tenancy": 0, "key_to_key": 1, "standard_relet": 0, "core": 0},
            id="ends on a Sunday, next from the Monday",
        ),
        pytest.param(
            ("died", "major", "03-02", "03-12", "05-01", "05-12"),
            {"tenancy": 70, "key_to_key": 61, "core": 11},
            id="major works: no standard relet, and CORE counts from their end",
        ),
        pytest.param(
            ("decant", "standard", "03-02", "03-03", "03-20", "03-31"),
            {"tenancy": 28, "key_to_key": 28, "core": 28},
            id="a decant is no standard relet",
        ),
        pytest.param(
            ("new_home", None, None, None, "03-10", "03-31"),
            {"core": 21},
            id="a new home has no tenancy before it",
        ),
        pytest.param(
            ("acquired", "standard", "03-02", "03-03", "03-10", "03-31"),
            {"core": 21},
            id="nor has a bought one, whatever day it came",
        ),
        pytest.param(
            (None, None, "03-02", None, None, "03-31"),
            {"tenancy": 28, "standard_relet": 28, "core": 28},
            id="cause, works and keys not known",
        ),
        pytest.param(
            ("left", "standard", "03-31", "04-20", None, "03-03"), {},
            id="let before it ended: no days could be meant",
        ),
    ],
)
def test_each_measure_of_a_let_home(row, wanted):
    assert days_of(*row) == {measure: (days, False) for measure, days in wanted.items()}


def test_an_open_void_is_counted_so_far():
    # 31 May ended, so from 1 June to 30 June.
    assert days_of("left", "standard", "05-31", "06-05", None, None) == {
        "tenancy": (29, True), "key_to_key": (25, True), "standard_relet": (29, True),
        "core": (29, True),
    }


def test_core_has_not_begun_while_major_works_go_on():
    assert days_of("left", "major", "05-31", "06-05", None, None) == {
        "tenancy": (29, True), "key_to_key": (25, True),
    }


def test_a_void_that_is_not_let_again_is_no_relet():
    table = voids(
        ("A", "left", "none", "03-31", None, None, "04-10"),
        ("B", "left", "none", "03-31", None, None, None),
        ("C", "left", "none", "03-31", None, None, None),
    ).with_columns(outcome=pl.Series(["let", "long_term", "lost"]))
    assert void_days(table, AS_AT)["id"].unique().to_list() == ["A"]


def test_what_comes_after_the_day_is_not_known():
    later = days_of("left", "standard", "05-31", "06-05", "06-20", "07-07")
    assert later["tenancy"] == (29, True)
    assert days_of("left", "standard", "07-31", None, None, None) == {}


def test_means_medians_and_open_voids():
    # In the tenancy measure 9, 19 and 29 days, and two open since 20 and 40 days.
    table = voids(
        ("A", "left", "none", "03-31", None, None, "04-10"),
        ("B", "left", "none", "03-31", None, None, "04-20"),
        ("C", "left", "none", "03-31", None, None, "04-30"),
        ("D", "left", "none", "06-09", None, None, None),
        ("E", "left", "none", "05-20", None, None, None),
    )
    row = void_measures(table, AS_AT).filter(measure="tenancy").row(0, named=True)
    # Let: 9, 19, 29. Open: 20 and 40. Still empty after 9: 4/5, after 19: 3/5, after 29: 3/5 * 1/2.
    assert row == {
        "measure": "tenancy", "voids": 5, "open": 2, "mean": 19.0, "median": 19.0,
        "median_with_open": 29.0,
    }


def _median(days, still_open):
    rows = pl.DataFrame({"all": ["x"] * len(days), "days": days, "open": still_open},
                        {"all": pl.String, "days": pl.Int64, "open": pl.Boolean})
    return days_with_open(rows, ["all"], 0.5)["value"].to_list()


def test_a_median_that_is_not_reached_is_not_known():
    assert _median([3, 9, 9], [False, True, True]) == [None]
    assert _median([9], [True]) == [None]
    assert _median([], []) == []
    # Half is enough, whatever the rounding.
    assert _median([1, 2, 3, 4, 5, 6], [False] * 6) == [3]


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 12), st.booleans()), max_size=40),
       st.sampled_from([0.25, 0.5, 0.9]))
def test_days_by_which_a_share_is_over_are_those_of_the_product_limit(cells, share):
    rows = pl.DataFrame(cells, {"group": pl.String, "days": pl.Int64, "open": pl.Boolean}, orient="row")
    found = days_with_open(rows, ["group"], share)
    assert found["group"].to_list() == rows["group"].unique(maintain_order=True).to_list()
    for name, n, value in found.iter_rows():
        mine = rows.filter(group=name)
        days, is_open = mine["days"].to_numpy(), mine["open"].to_numpy()
        with np.errstate(all="ignore"):
            over = ecdf(CensoredData(uncensored=days[~is_open], right=days[is_open])).cdf
        at = int(np.searchsorted(over.probabilities, share - 1e-9))
        assert n == mine.height
        assert value == (over.quantiles[at] if at < len(over.quantiles) else None)


def test_groups_apart_in_any_order_of_rows():
    table = pl.concat([
        voids(("A", "left", "none", "03-31", None, None, "04-10")).with_columns(world=pl.lit(1)),
        voids(("B", "left", "none", "03-31", None, None, "04-20")).with_columns(world=pl.lit(0)),
        voids(("C", "left", "none", "03-31", None, None, "04-22")).with_columns(world=pl.lit(0)),
    ])
    found = void_measures(table, AS_AT, ["world"])
    assert_frame_equal(found, void_measures(table.reverse(), AS_AT, ["world"]))
    assert found.filter(measure="tenancy")["mean"].to_list() == [20.0, 9.0]
    assert found["measure"].unique(maintain_order=True).to_list() == [
        m for m in MEASURES if m != "key_to_key"
    ]


def test_no_voids_give_no_rows():
    found = void_measures(voids(), AS_AT)
    assert found.height == 0
    assert found.columns == ["measure", "voids", "open", "mean", "median", "median_with_open"]
