"""The upkeep of a scheme: mistakes with their place, its words, and working days."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from cbl_engine.errors import SchemeError
from cbl_engine.scheme import describe, lint, load_scheme, scheme_changes, scheme_from_text
from cbl_engine.scheme.calendar import bank_holidays, working_days_after

HEAD = """scheme: s
title: t
authority: a
in_force: {from: 2020-01-01, assumed: true}
columns: {applications: {seen_on: {type: date, label: x}}}
profiles: {p: {label: x, order: [{tie: human}]}}
upkeep:
"""
KEPT = load_scheme(Path(__file__).parent.parent / "assess" / "upkeep_scheme.yaml")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  review: {label: x, starts: reviewed_on}\n",
         "f.yaml:8:3: the period of review is given once; given none; allowed: one of months, "
         "days and working_days"),
        ("  evidence: {income: {label: x, months: 1, days: 2, starts: seen_on}}\n",
         "f.yaml:8:14: the period of income is given once; given months and days; allowed: one of "
         "months, days and working_days"),
        ("  review: {label: x, months: 12, starts: [reviewed_on, reviewd_on]}\n",
         "f.yaml:8:56: reviewd_on is not a date column of the application; allowed: reviewed_on"),
        ("  non_bidding: {label: x, months: 12, starts: band}\n",
         "f.yaml:8:47: band is not a date column of the application; given type text; allowed: "),
        ("  decisions: {medical: {label: x}}\n",
         "f.yaml:8:15: the period of medical is given once; given none; allowed: one of months, "
         "days and working_days"),
        ("  decisions: {medical: {label: x, days: 1, starts: asked_on}}\n", "f.yaml:8:52: "),
        ("  duties: {relief: {label: x, kind: relief}}\n",
         "f.yaml:8:12: the period of relief is given once; given none; allowed: one of months, "
         "days and working_days"),
        ("  decisions: {medical: {label: x, working_days: 3, first_day_counts: true}}\n",
         "f.yaml:8:52: the period of medical is in working days, which count from the day after"),
        ("  awards: {label: x, status: gone}\n", "f.yaml:8:30: "),
    ],
)
def test_a_mistake_is_told_with_its_place(text, line):
    with pytest.raises(SchemeError) as caught:
        scheme_from_text([("f.yaml", HEAD + text)])
    assert [p.line()[:len(line)] for p in caught.value.problems] == [line]


def test_a_column_that_starts_a_period_is_used():
    text = HEAD + "  evidence: {income: {label: x, months: 6, starts: seen_on}}\n"
    assert not [f for f in lint(scheme_from_text(text)) if "seen_on" in f.message]
    alone = HEAD.replace("upkeep:\n", "")
    assert [f for f in lint(scheme_from_text(alone)) if "seen_on" in f.message]


def test_upkeep_is_said_in_words():
    text = describe(KEPT).text()
    for words in (
        "Review, 12 months after the latest of reviewed on, registered on: Ask whether anything",
        "Proposed status: suspended.",
        "Income shown again 6 months after income seen on: Ask for new proof of income.",
        "No bid for 6 months, counted from registered on where there never was one, if 2 adverts",
        "Decision about medical, 10 working days after the request where no due date is recorded",
        "An award that is about to end: Review the medical award.",
    ):
        assert words in " ".join(text.split()), words


def test_a_change_of_upkeep_does_not_alter_a_shortlist():
    version = KEPT.versions[0]
    other = version.model_copy(update={"upkeep": None})
    changes = scheme_changes(version, other)
    assert changes
    assert {c.concerns for c in changes} == {"offers"}


def easter(year):
    """Easter Sunday, by the anonymous Gregorian rule."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


def usual(year):
    """The days that the Act gives, with substitutes for those on a weekend."""
    def monday(month, last):
        first = date(year, month, 25 if last else 1)
        return first + timedelta((-first.weekday()) % 7)

    days = {easter(year) - timedelta(2), easter(year) + timedelta(1), monday(5, last=False),
            monday(5, last=True), monday(8, last=True)}
    for day in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        while day.weekday() > 4 or day in days:
            day += timedelta(1)
        days.add(day)
    return days


def test_bank_holidays_are_those_of_the_act_but_for_the_days_proclaimed():
    found = bank_holidays()
    assert list(found.years) == list(range(2019, 2029))
    moved = {
        2020: {date(2020, 5, 4), date(2020, 5, 8)},
        2022: {date(2022, 5, 30), date(2022, 6, 2), date(2022, 6, 3), date(2022, 9, 19)},
        2023: {date(2023, 5, 8)},
    }
    for year, its in found.years.items():
        assert list(its.days) == sorted(its.days)
        assert all(day.weekday() < 5 for day in its.days)
        assert set(its.days) ^ usual(year) == moved.get(year, set()), year
        assert its.source in found.sources
    assert found.published_until == date(2027, 12, 31)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-20", 1, "2026-11-23"),  # a Friday
        ("2026-11-21", 1, "2026-11-23"),  # the Saturday after
        ("2026-11-20", 5, "2026-11-27"),
        ("2026-12-24", 1, "2026-12-29"),  # Christmas Day, a weekend, a substitute
        ("2026-04-02", 2, "2026-04-08"),  # Easter
    ],
)
def test_working_days_leave_out_weekends_and_bank_holidays(start, days, end):
    assert working_days_after(np.array([start, "NaT"], "datetime64[D]"), days).astype(str).tolist() \
        == [end, "NaT"]
