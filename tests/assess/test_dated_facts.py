"""Facts over dated rows, since a date of the application, and by a bedroom standard."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from cbl_engine.assess import household_facts
from cbl_engine.scheme import scheme_from_text
from cbl_engine.tables import Ordinals
from tests.reference.frames import frame_of

AS_AT = date(2025, 3, 31)


def value(rule, own=None, **tables):
    version = scheme_from_text(
        "scheme: s\ntitle: t\nauthority: a\nin_force: {from: 2020-01-01, assumed: true}\n"
        f"facts: {{f: {{label: x, {rule}}}}}\nprofiles: {{p: {{label: x, order: [{{tie: human}}]}}}}\n"
    ).versions[0]
    frames = {name: frame_of(name, [{"application": "P", **r} for r in rows])
              for name, rows in tables.items()}
    ids = Ordinals(pl.Series(["P"]))
    row = frame_of("applications", [{"id": "P", **(own or {})}])
    found = household_facts(version.facts, frames, ids, AS_AT, {"as_at": AS_AT}, version, row)
    return found["f"].item()


@pytest.mark.parametrize(
    ("since", "until", "current"),
    [
        (None, None, True),
        (date(2025, 3, 31), None, True),
        (date(2025, 4, 1), None, False),
        (date(2025, 1, 1), date(2025, 3, 31), False),
        (date(2025, 1, 1), date(2025, 4, 1), True),
    ],
)
def test_a_row_is_current_from_its_first_day_until_the_day_after_its_last(since, until, current):
    duty = {"kind": "main", "since": since, "until": until}
    assert value("any_member: current, of: duties", duties=[duty]) is current


def test_months_of_a_row_are_whole_and_not_known_without_a_beginning():
    rule = "max: months, of: ta_placements"
    assert value(rule, ta_placements=[{"since": date(2024, 12, 31)}]) == 3
    assert value(rule, ta_placements=[{"since": date(2025, 1, 31)}, {}]) is None


def test_the_latest_decision_may_be_a_date():
    rows = [{"id": "a", "subject": "medical", "stage": "decision", "decided_on": date(2025, 1, 1)},
            {"id": "b", "subject": "medical", "stage": "recommendation",
             "decided_on": date(2025, 2, 1)}]
    rule = "max: decided_on, of: officer_decisions, where: stage = 'decision'"
    assert value(rule, officer_decisions=rows) == date(2025, 1, 1)


def test_a_household_without_rows_gets_if_none():
    assert value("any_member: current, of: duties, if_none: false", duties=[]) is False
    assert value("count: overrides", overrides=[]) is None


@pytest.mark.parametrize(
    ("day", "years", "months"),
    [
        (None, None, None),
        (date(2025, 4, 1), 0, 0),
        (date(2024, 3, 31), 1, 12),
        (date(2024, 4, 1), 0, 11),
        (date(2024, 2, 29), 1, 13),
        (date(1999, 12, 31), 25, 303),
    ],
)
def test_time_since_a_date_counts_whole_years_and_months(day, years, months):
    own = {"registered_on": day}
    assert value("whole_years_since: registered_on", own) == years
    assert value("whole_months_since: registered_on", own) == months


def test_the_need_by_a_standard_is_a_fact():
    people = [{"id": "a", "relationship": "applicant", "date_of_birth": date(1990, 1, 1),
               "sex": "female", "carer": False, "cannot_share": False, "temporarily_away": False,
               "part_time": False, "foster_child": False},
              {"id": "b", "relationship": "child", "date_of_birth": date(2020, 1, 1),
               "sex": "male", "carer": False, "cannot_share": False, "temporarily_away": False,
               "part_time": False, "foster_child": False}]
    assert value("bedrooms: twenty_one_year", people=people) == 2
    assert value("bedrooms: twenty_one_year", people=[]) is None
