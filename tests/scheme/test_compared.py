"""What an expression compares and reckons with: dates are no numbers, and numbers are of one kind."""

from __future__ import annotations

import polars as pl
import pytest

from cbl_engine.assess.outcomes import judge
from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.tokens import ExpressionError
from cbl_engine.scheme.vocabulary import result_type

COLUMNS = {"n": "int", "x": "number", "d": "date", "d2": "date", "t": "datetime", "b": "bool",
           "s": "text", "c": "code", "sizes": "int_list", "areas": "text_list"}


@pytest.mark.parametrize("text", [
    "as_at - d >= 365", "as_at > 5", "d > 20000", "d <> n", "n BETWEEN as_at AND d",
    "abs(d2 - d) > 3", "t > 5", "NOT (d - d2 = x)", "d - INTERVAL '5 days' > n",
    "CASE WHEN d > 5 THEN b ELSE TRUE END", "as_at - d > param.days",
])
def test_a_date_or_a_length_of_time_is_not_compared_with_another_kind(text: str) -> None:
    with pytest.raises(ExpressionError, match="is compared with"):
        result_type(parse_expression(text), COLUMNS, {"days": "int"})


@pytest.mark.parametrize(("text", "offset", "message", "remedy"), [
    ("n > 1 AND b <> 'yes'", 10, "a yes-or-no is compared with text", "Write b or NOT b"),
    ("b = 'true'", 0, "a yes-or-no is compared with text", "Write b or NOT b"),
    ("b = s", 0, "a yes-or-no is compared with text", "Write b or NOT b"),
    ("0 <> b", 5, "a number is compared with a yes-or-no", "Write b or NOT b"),
    ("b = 1.5", 0, "a yes-or-no is compared with a number", "Write b or NOT b"),
    ("b IN ('yes', 'y')", 0, "a yes-or-no is compared with text", "Write b or NOT b"),
    ("CASE b WHEN 'yes' THEN TRUE END", 5, "a yes-or-no is compared with text", "Write b or NOT b"),
    ("(n > 3) = 1", 0, "a yes-or-no is compared with a number",
     "Write the condition by itself, or NOT before it"),
    ("COALESCE(b, 'no') <> 'yes'", 9, "a yes-or-no stands in COALESCE with text", ""),
    ("d > '2025-01-01'", 0, "a date is compared with text", "Write DATE '2025-01-01'"),
    ("d IN ('2025-01-01')", 0, "a date is compared with text", "Write DATE '2024-10-01' for a day"),
    ("'soon' < d", 9, "text is compared with a date", "Write DATE '2024-10-01' for a day"),
    ("sizes = 2", 0, "a list is compared with a number", "Write array_contains(sizes, 2)"),
    ("2 IN (sizes)", 6, "a number is compared with a list", "Write array_contains(sizes, 2)"),
    ("sizes IN (1, 2)", 0, "a list is compared with a number", "Write array_contains(sizes, value)"),
    ("s IN (areas)", 0, "text is compared with a list", "Write array_contains(areas, s)"),
    ("areas = 'o''k'", 0, "a list is compared with text", "Write array_contains(areas, 'o''k')"),
    ("sizes = param.n", 0, "a list is compared with a number", "Write array_contains(sizes, value)"),
    ("array_contains(sizes, '2')", 15, "a number is compared with text",
     "Write numbers without quotes, and text in 'single quotes'"),
    ("c = 5", 0, "text is compared with a number",
     "Write numbers without quotes, and text in 'single quotes'"),
])
def test_what_cannot_be_compared_is_told_what_to_write(
    text: str, offset: int, message: str, remedy: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        result_type(parse_expression(text), COLUMNS, {"n": "int"})
    error = caught.value
    assert (error.offset, error.message, error.remedy) == (offset, message, remedy)
    assert error.allowed


@pytest.mark.parametrize("text", [
    "b", "NOT b", "b = TRUE", "b = (n > 3)", "coalesce(b, FALSE)", "c = s", "c IN ('x', NULL)",
    "array_contains(sizes, n)", "array_contains(areas, s) = b", "s LIKE '%x%'", "x = 1.5", "s = NULL",
    "d <= as_at - INTERVAL '365 days'", "as_at - d >= INTERVAL '365 days'", "d2 - d = d - d2",
    "t > d", "d IS NULL OR n > 3", "n > x", "s = 'x' AND d > DATE '2024-01-01'", "d BETWEEN d2 AND as_at",
    "coalesce(d, d2) < as_at", "d > NULL",
])
def test_what_is_of_one_kind_is_compared(text: str) -> None:
    assert result_type(parse_expression(text), COLUMNS, {}) == pl.Boolean


@pytest.mark.parametrize("text", ["need * 1.5 / kids > 2", "need / (kids * 1.0) > 2",
                                  "need * param.p / kids > 2"])
def test_dividing_by_nought_is_larger_than_any_number(text: str) -> None:
    frame = pl.DataFrame({"need": [2, 2], "kids": [0, 3]})
    assert judge(frame, {"c": parse_expression(text)}, {"param.p": 1.5})["c"].tolist() == [0, 1]


def test_a_number_with_a_point_is_exact_where_nothing_is_divided() -> None:
    frame = pl.DataFrame({"n": [1, 3]})
    assert judge(frame, {"c": parse_expression("n * 0.1 + 0.2 = 0.3")}, {})["c"].tolist() == [0, 1]
    assert judge(frame, {"c": parse_expression("n * param.p = 0.3")}, {"param.p": 0.1})[
        "c"].tolist() == [1, 0]


def test_a_number_too_large_to_be_kept_is_refused() -> None:
    with pytest.raises(ExpressionError, match="too large"):
        parse_expression("n > 99999999999999999999")
