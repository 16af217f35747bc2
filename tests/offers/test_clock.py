"""The week's window and cycles, by London's clock."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from cbl_engine.offers.clock import cycle_begins, cycle_numbers, cycle_span, in_window
from cbl_engine.scheme.bidding import Bidding, Cycle, Window
from cbl_engine.tables.days import day_number


def window(opens: str, closes: str) -> Window:
    """From ``monday 09:00`` to ``friday 17:00``."""
    moments = [dict(zip(("day", "time"), text.split(), strict=True)) for text in (opens, closes)]
    return Window.model_validate({"label": "x", "opens": moments[0], "closes": moments[1]})


def inside(opens: str, closes: str, *moments: str) -> list[bool]:
    """Whether moments with an offset lie in the window."""
    given = pl.Series([datetime.fromisoformat(m) for m in moments])
    return in_window(given.dt.convert_time_zone("Europe/London"), window(opens, closes)).tolist()


def test_the_last_minute_is_in_the_window_and_the_next_is_not():
    assert inside(
        "thursday 09:00", "monday 23:59",
        "2024-01-11T08:59:59+00:00", "2024-01-11T09:00:00+00:00", "2024-01-15T23:59:59.999999+00:00",
        "2024-01-16T00:00:00+00:00",
    ) == [False, True, True, False]


def test_a_window_within_the_week():
    assert inside(
        "tuesday 09:00", "friday 09:00",
        "2024-01-09T08:59:00+00:00", "2024-01-09T09:00:00+00:00", "2024-01-12T09:00:59+00:00",
        "2024-01-12T09:01:00+00:00", "2024-01-14T12:00:00+00:00",
    ) == [False, True, True, False, False]


def test_the_window_opens_by_the_clock_on_both_sides_of_summer_time():
    assert inside(
        "sunday 09:00", "sunday 17:00",
        "2026-03-29T07:59:59+00:00", "2026-03-29T08:00:00+00:00", "2026-03-29T16:01:00+00:00",
        "2026-10-25T08:59:59+00:00", "2026-10-25T09:00:00+00:00", "2026-10-25T17:00:59+00:00",
    ) == [False, True, False, False, True, True]


def test_an_hour_that_does_not_exist_opens_a_window_when_the_clocks_change():
    assert inside(
        "sunday 01:30", "sunday 12:00",
        "2026-03-29T00:59:59+00:00", "2026-03-29T01:00:00+00:00", "2026-03-29T01:30:00+00:00",
    ) == [False, True, True]


def test_an_hour_that_does_not_exist_closes_a_window_when_the_clocks_change():
    assert inside(
        "saturday 12:00", "sunday 01:30",
        "2026-03-29T00:59:59+00:00", "2026-03-29T01:00:00+00:00", "2026-03-29T01:30:00+00:00",
    ) == [True, False, False]


def test_a_window_that_lies_in_the_hour_that_does_not_exist_is_empty():
    assert inside(
        "sunday 01:10", "sunday 01:50", "2026-03-29T00:59:59+00:00", "2026-03-29T01:00:00+00:00",
    ) == [False, False]


def test_of_an_hour_that_comes_twice_a_window_opens_with_the_first():
    assert inside(
        "sunday 01:30", "sunday 12:00",
        "2026-10-25T00:29:59+00:00", "2026-10-25T00:30:00+00:00", "2026-10-25T01:10:00+00:00",
    ) == [False, True, True]


def test_of_an_hour_that_comes_twice_a_window_closes_with_the_second():
    assert inside(
        "saturday 12:00", "sunday 01:30",
        "2026-10-25T00:45:00+00:00", "2026-10-25T01:30:59+00:00", "2026-10-25T01:31:00+00:00",
    ) == [True, True, False]


def test_a_window_that_closes_just_before_the_hour_that_comes_twice_is_no_longer():
    assert inside(
        "saturday 12:00", "sunday 00:59",
        "2026-10-24T23:59:59+00:00", "2026-10-25T00:00:00+00:00", "2026-10-25T01:00:00+00:00",
    ) == [True, False, False]


def test_no_moments_are_in_no_window():
    empty = pl.Series([], dtype=pl.Datetime("us", "Europe/London"))
    assert in_window(empty, window("monday 09:00", "friday 17:00")).tolist() == []


def test_without_a_cycle_weeks_run_from_monday():
    assert cycle_span(None, date(2024, 5, 12)) == (date(2024, 5, 6), date(2024, 5, 12))
    assert cycle_span(Bidding(), date(2024, 5, 13)) == (date(2024, 5, 13), date(2024, 5, 19))


@pytest.mark.parametrize("on", [date(2023, 12, 31), date(2024, 1, 3), date(2024, 1, 16)])
def test_cycles_run_both_ways_from_the_first_day_of_any(on: date):
    bidding = Bidding(cycle=Cycle(starts=date(2024, 1, 3), days=14))
    first, last = cycle_span(bidding, on)
    days = pl.Series([first, on, last]).to_physical().to_numpy()
    assert first <= on <= last
    assert (last - first).days == 13
    assert (first - date(2024, 1, 3)).days % 14 == 0
    assert len(set(cycle_numbers(bidding, days).tolist())) == 1
    assert cycle_begins(bidding, days).tolist() == [day_number(first)] * 3
