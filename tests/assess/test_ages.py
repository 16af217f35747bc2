"""Whole years and whole months, at the edges of months and leap years."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbl_engine.assess import age_on, whole_months
from tests.reference import facts as reference

days = st.dates(date(1900, 1, 1), date(2100, 12, 31))


def age(born, on):
    frame = pl.DataFrame({"date_of_birth": [born]}, schema={"date_of_birth": pl.Date})
    return frame.select(age_on(on)).item()


def months(start, end):
    return pl.select(whole_months(pl.lit(start, pl.Date), pl.lit(end, pl.Date))).item()


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(2000, 2, 29), date(2018, 2, 28), 17),
        (date(2000, 2, 29), date(2018, 3, 1), 18),
        (date(2000, 2, 29), date(2020, 2, 28), 19),
        (date(2000, 2, 29), date(2020, 2, 29), 20),
        (date(1969, 6, 15), date(2024, 6, 14), 54),
        (date(1969, 6, 15), date(2024, 6, 15), 55),
        (date(2024, 6, 15), date(2024, 6, 15), 0),
        (date(2023, 12, 31), date(2024, 1, 1), 0),
        (date(2024, 6, 16), date(2024, 6, 15), -1),
        (None, date(2024, 6, 15), None),
    ],
)
def test_age(born, on, years):
    assert age(born, on) == years


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2024, 1, 15), date(2024, 1, 15), 0),
        (date(2024, 1, 15), date(2024, 2, 14), 0),
        (date(2024, 1, 15), date(2024, 2, 15), 1),
        (date(2024, 1, 31), date(2024, 2, 29), 0),
        (date(2024, 1, 31), date(2024, 3, 1), 1),
        (date(2024, 1, 31), date(2024, 3, 30), 1),
        (date(2024, 1, 31), date(2024, 3, 31), 2),
        (date(2023, 12, 31), date(2024, 1, 1), 0),
        (date(2020, 2, 29), date(2024, 2, 28), 47),
        (date(2020, 2, 29), date(2024, 2, 29), 48),
        (date(2020, 2, 29), date(2021, 2, 28), 11),
        (date(2020, 2, 29), date(2021, 3, 1), 12),
        (None, date(2024, 2, 29), None),
        (date(2024, 2, 29), None, None),
    ],
)
def test_whole_months(start, end, expected):
    assert months(start, end) == expected


@given(days, days)
def test_agrees_with_the_reference(one, other):
    start, end = sorted([one, other])
    assert months(start, end) == reference.whole_months(start, end)
    assert age(start, end) == reference.age_in_years({"date_of_birth": start}, end)
    assert age(start, end) == months(start, end) // 12


@given(days, st.integers(0, 1200))
def test_months_never_fall_as_time_passes(start, later):
    end = date.fromordinal(start.toordinal() + later)
    after = date.fromordinal(end.toordinal() + 1)
    assert 0 <= months(start, after) - months(start, end) <= 1
