"""any, all, count, min and max over a household's rows, and what a missing value does to each."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest


def aged(*ages, **more):
    """People of household A of these ages on 31 March 2024; None has no date of birth."""
    return [
        {"application": "A", "id": f"p{i}", "date_of_birth": a and date(2024 - a, 1, 1), **more}
        for i, a in enumerate(ages)
    ]


def related(*pairs):
    rows = aged(*(a for a, _ in pairs))
    return [{**row, "relationship": r} for row, (_, r) in zip(rows, pairs, strict=True)]


@pytest.mark.parametrize(
    ("rule", "ages", "expected"),
    [
        ("any_member: age >= 55", [20, 60], True),
        ("any_member: age >= 55", [20, 30], False),
        ("any_member: age >= 55", [None, 60], True),
        ("any_member: age >= 55", [None, 20], None),
        ("any_member: age >= 55", [None, None], None),
        ("all_members: age >= 18", [20, 60], True),
        ("all_members: age >= 18", [20, 3], False),
        ("all_members: age >= 18", [None, 3], False),
        ("all_members: age >= 18", [None, 20], None),
        ("count: people", [20, None, 3], 3),
        ("count: people, where: age < 18", [20, 3, 5], 2),
        ("count: people, where: age < 18", [20, 30], 0),
        ("count: people, where: age < 18", [None, 3], None),
        ("max: age", [20, 60], 60),
        ("min: age", [20, 60], 20),
        ("max: age", [20, None], None),
        ("min: age", [None], None),
        ("max: age, where: age < 18", [20, 3, 5], 5),
        ("max: age, where: age < 18", [20, 30], None),
        ("max: age, where: age < 18", [None, 5], None),
        ("min: date_of_birth", [20, 60], date(1964, 1, 1)),
        ("min: age / 2", [20, 61], 10.0),
        ("any_member: age < param.old", [20, 3], True),
        ("any_member: date_of_birth = as_at - INTERVAL '3 months 30 days'", [1, 2], False),
        ('max: "1"', [20, 30], 1),
    ],
)
def test_over_people(facts, rule, ages, expected):
    parameter = "parameters: {old: {label: x, unit: years, values: {2020-01-01: 18}}}\n"
    assert facts(rule, parameter).of(aged(*ages)) == [expected]


@pytest.mark.parametrize(
    ("rule", "people", "expected"),
    [
        # Whose relationship is missing may or may not count: it matters only if its value could.
        ("any_member: age > 17", [(20, None)], None),
        ("any_member: age > 17", [(3, None)], False),
        ("any_member: age > 17", [(20, "child"), (20, None)], True),
        ("any_member: age > 17", [(20, "partner")], False),
        ("all_members: age > 17", [(3, None)], None),
        ("all_members: age > 17", [(20, None)], True),
        ("all_members: age > 17", [(3, "child"), (20, None)], False),
        ("all_members: age > 17", [(3, "partner")], True),
        ("max: age", [(3, "child"), (20, None)], None),
        ("max: age", [(3, "child"), (20, "partner")], 3),
    ],
)
def test_where_it_is_not_known_whether_a_row_counts(facts, rule, people, expected):
    rule = f"{rule}, where: relationship = 'child'"
    assert facts(rule).of(related(*people)) == [expected]


@pytest.mark.parametrize(
    ("rule", "none", "expected"),
    [
        ("any_member: age > 1", "unknown", None),
        ("any_member: age > 1", "false", False),
        ("all_members: age > 1", "true", True),
        ("count: people", "unknown", None),
        ("count: people", "0", 0),
        ("max: age", "unknown", None),
        ("max: age", "99", 99),
    ],
)
def test_a_household_without_rows_gets_if_none(facts, rule, none, expected):
    rule = f"{rule}, if_none: {none}"
    # Nobody in B; and nobody on the register at all.
    assert facts(rule).of(aged(30), households="AB")[1] == expected
    assert facts(rule).of([], households="AB") == [expected, expected]


def test_if_none_is_not_for_rows_that_do_not_count(facts):
    assert facts("max: age, where: age > 90, if_none: 0").of(aged(30)) == [None]
    assert facts("count: people, where: age > 90, if_none: 7").of(aged(30)) == [0]


def test_households_are_kept_apart_and_strangers_left_out(facts):
    people = [
        {"application": a, "id": f"p{i}", "date_of_birth": date(2024 - age, 1, 1)}
        for i, (a, age) in enumerate([("B", 40), ("A", 10), ("B", 2), ("X", 99)])
    ]
    assert facts("max: age").of(people, households="ABC") == [10, 40, None]


@pytest.mark.parametrize(
    ("born_on", "expected_on", "age", "born"),
    [
        (date(2024, 3, 31), None, 0, True),
        (date(2024, 4, 1), None, -1, False),
        (None, date(2024, 6, 1), -1, False),
        (None, date(2024, 1, 1), -1, False),
        (None, None, None, True),
        (date(2024, 3, 1), date(2024, 6, 1), 0, True),
    ],
)
def test_the_unborn(facts, born_on, expected_on, age, born):
    row = {"application": "A", "id": "p", "date_of_birth": born_on, "expected_on": expected_on}
    assert facts("max: age").of([row]) == [age]
    assert facts("any_member: born").of([row]) == [born]


def test_if_null_stands_in_for_a_missing_cell(facts):
    declared = "columns: {people: {cares: {label: x, type: bool, if_null: false}}}\n"
    people = [{**row, "cares": None} for row in aged(20, 30)]
    assert facts("any_member: cares", declared).of(people, cares=pl.Boolean) == [False]
    without = declared.replace(", if_null: false", "")
    assert facts("any_member: cares", without).of(people, cares=pl.Boolean) == [None]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("max: months, of: connections", 24),
        ("max: months, of: connections, where: current", 13),
        ("count: connections, where: kind = 'work'", 2),
        ("any_member: kind = 'duty', of: connections", False),
    ],
)
def test_over_connections(facts, rule, expected):
    rows = [
        {"application": "A", "area": "mill", "kind": "work", "since": date(2023, 2, 28)},
        {"application": "A", "area": "mill", "kind": "work", "since": date(2022, 3, 31),
         "until": date(2024, 3, 31)},
    ]
    assert facts(rule).of([], rows) == [expected]


@pytest.mark.parametrize(
    ("since", "until", "current"),
    [
        (date(2024, 3, 31), None, True),
        (date(2024, 4, 1), None, False),
        (date(2024, 1, 1), date(2024, 3, 31), False),
        (date(2024, 1, 1), date(2024, 4, 1), True),
        (None, None, True),
        (None, date(2024, 3, 31), False),
    ],
)
def test_a_connection_holds_until_the_day_before_its_end(facts, since, until, current):
    row = {"application": "A", "area": "mill", "kind": "work", "since": since, "until": until}
    assert facts("any_member: current, of: connections").of([], [row]) == [current]
