"""At which numbers and on which days an expression can change by itself."""

from __future__ import annotations

from datetime import date

import pytest

from cbl_engine.assess.marks import days_at, numbers_at
from cbl_engine.scheme.expressions import parse_expression


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("age >= 18", {18, 19}),
        ("18 <= age AND carer", {18, 19}),
        ("NOT (age < 16)", {16, 17}),
        ("age BETWEEN 5 AND 9", {5, 6, 9, 10}),
        ("age NOT BETWEEN 5 AND 9 OR sex = 'x'", {5, 6, 9, 10}),
        ("age IN (3, 7)", {3, 4, 7, 8}),
        ("age > param.old", {60, 61}),
        ("age >= 17.5", {17, 18}),
        ("age IS NOT NULL", set()),
        ("sex = 'female'", set()),
        ("CASE WHEN age < 10 THEN TRUE ELSE age > 60 END", {10, 11, 60, 61}),
        ("age", None),
        ("age + 1 > 18", None),
        ("age > 18 - 1", None),
        ("1 + age > 18", None),
        ("age > rank", None),
        ("ABS(age) > 18", None),
        ("COALESCE(age, 0) > 18", None),
        ("age = 18 = carer", None),
    ],
)
def test_numbers_at_which_an_expression_can_change(text, numbers):
    found = numbers_at(parse_expression(text), "age", {"param.old": 60, "as_at": date.min})
    assert found == (None if numbers is None else frozenset(numbers))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("sent_on < as_at", [("sent_on", "")]),
        ("as_at >= sent_on AND x", [("sent_on", "")]),
        ("sent_on >= as_at - INTERVAL '200 days'", [("sent_on", "200 days")]),
        ("as_at - INTERVAL '6 months' > DATE '2020-01-01'", [(date(2020, 1, 1), "6 months")]),
        ("x", []),
        ("as_at - sent_on > INTERVAL '3 days'", None),
        ("sent_on + INTERVAL '1 month' < as_at", None),
        ("COALESCE(sent_on, as_at) < DATE '2020-01-01'", None),
        ("as_at < param.last", None),
        ("as_at BETWEEN sent_on AND due_on", None),
    ],
)
def test_days_that_as_at_is_compared_with(text, days):
    assert days_at(parse_expression(text)) == days
