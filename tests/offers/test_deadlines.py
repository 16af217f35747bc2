"""The last day of a time allowed, and contact that falls short."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbl_engine.offers.deadlines import contact_shortfall, landlords_last_day, last_day
from cbl_engine.records.overdue import breaches
from cbl_engine.scheme.calendar import bank_holidays
from cbl_engine.scheme.offers import Contact, Within
from tests.offers.week import Week, day

THURSDAY = date(2024, 3, 28)  # before Good Friday and Easter Monday


@pytest.mark.parametrize(
    ("within", "on", "last"),
    [
        ({"days": 3}, THURSDAY, date(2024, 3, 31)),
        ({"days": 0}, THURSDAY, THURSDAY),
        ({"working_days": 1}, THURSDAY, date(2024, 4, 2)),
        ({"working_days": 3}, THURSDAY, date(2024, 4, 4)),
        ({"working_days": 0}, date(2024, 3, 31), date(2024, 3, 31)),
        ({"working_days": 1}, date(2024, 3, 31), date(2024, 4, 2)),
        ({"hours": 24}, THURSDAY, date(2024, 3, 29)),
        ({"hours": 25}, THURSDAY, date(2024, 3, 30)),
        ({"hours": 12}, THURSDAY, date(2024, 3, 29)),
        ({"days": 3, "starts": "received"}, THURSDAY, date(2024, 4, 6)),
        ({"working_days": 2, "starts": "received"}, date(2024, 6, 5), date(2024, 6, 11)),
        ({"hours": 24, "starts": "received"}, date(2024, 6, 5), date(2024, 6, 8)),
    ],
)
def test_each_kind_of_time_ends_on_its_day(within, on, last):
    assert last_day(Within(**within), on) == last


def test_working_days_of_a_landlord_are_its_own_where_it_says_when_it_is_closed():
    """acorn is closed on the Tuesday and not with the council; birch, of which nothing is said, with it."""
    week = Week("upkeep: {closed: [2024-06-12]}\nnominations: {label: x, answer: {working_days: 2}}\n"
                "landlords: {acorn: {label: x, closed: [2024-06-11]}, birch: {label: x}, cedar: {label: x, closed: []}}")
    version = week.scheme.in_force(date(2024, 6, 10))
    monday = date(2024, 6, 10)
    assert [landlords_last_day(version, name, monday).day for name in ("acorn", "birch", "cedar", "other")] == [
        13, 13, 12, 13]
    assert landlords_last_day(version, "acorn", date(2024, 6, 11)) == date(2024, 6, 13)


def test_a_landlord_is_not_late_for_a_day_on_which_it_is_closed():
    """Named on Friday the 7th, one working day to answer, closed on the Monday: in time on the Tuesday."""
    text = "landlords: {acorn: {label: xCLOSED}}\nnominations: {label: x, answer: {working_days: 1}}"
    for closed, late in (("", 1), (", closed: [2024-06-10]", 0)):
        week = Week(text.replace("CLOSED", closed)).households("ann bob")
        week.advert("elm", bids="ann bob", landlord="acorn").approve(7, "offer", "elm", "ann").run(until=11)
        assert len(week.proposed()) == late
        assert breaches(week.record.tables, week.scheme, day(11)).height == late


def test_a_time_from_the_viewing_starts_there_or_with_the_act_where_there_was_none():
    within = Within(days=2, starts="viewed")
    assert last_day(within, THURSDAY, date(2024, 4, 5)) == date(2024, 4, 7)
    assert last_day(within, THURSDAY) == date(2024, 3, 30)
    assert last_day(Within(days=2), THURSDAY, date(2024, 4, 5)) == date(2024, 3, 30)


def test_days_on_which_the_offices_are_closed_are_no_working_days():
    closed = (date(2024, 4, 2), date(2024, 4, 3))
    assert last_day(Within(working_days=1), THURSDAY, closed=closed) == date(2024, 4, 4)
    assert last_day(Within(days=5), THURSDAY, closed=closed) == date(2024, 4, 2)
    received = Within(days=1, starts="received")
    assert last_day(received, THURSDAY, closed=closed) == date(2024, 4, 6)


def test_without_a_time_there_is_no_deadline():
    assert last_day(None, THURSDAY) is None


@given(
    st.dates(date(2020, 1, 1), date(2026, 12, 1)), st.integers(0, 40),
)
def test_working_days_are_counted_one_by_one(start, asked):
    off, day, counted = set(bank_holidays().days), start, 0
    while counted < asked:
        day += timedelta(days=1)
        counted += day.weekday() < 5 and day not in off
    assert last_day(Within(working_days=asked), start) == day


def test_what_was_not_tried_is_named():
    contact = Contact(label="x", attempts=3, channels=2)
    assert contact_shortfall(contact, 3, 2, True) == ()
    assert contact_shortfall(contact, 1, None, None) == (
        "attempts: 1 of 3", "channels: 0 of 2", "reasonable adjustments not checked",
    )
    assert contact_shortfall(None, None, None, None) == ()
    unasked = Contact(label="x", adjustments_checked=False)
    assert contact_shortfall(unasked, 1, 1, None) == ()
