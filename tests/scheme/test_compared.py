"""What an expression compares and reckons with: dates are no numbers, and numbers are of one kind."""

from __future__ import annotations

import polars as pl
import pytest

from cbl_engine.assess.outcomes import judge
from cbl_engine.scheme.expressions import ExpressionError, parse_expression
from cbl_engine.scheme.vocabulary import result_type

COLUMNS = {"n": "int", "x": "number", "d": "date", "d2": "date", "t": "datetime", "b": "bool",
           "s": "text"}


@pytest.mark.parametrize("text", [
    "as_at - d >= 365", "as_at > 5", "d > 20000", "d <> n", "n BETWEEN as_at AND d",
    "abs(d2 - d) > 3", "t > 5", "NOT (d - d2 = x)", "d - INTERVAL '5 days' > n",
    "CASE WHEN d > 5 THEN b ELSE TRUE END", "as_at - d > param.days",
])
def test_a_date_or_a_length_of_time_is_not_compared_with_another_kind(text: str) -> None:
    with pytest.raises(ExpressionError, match="is compared with"):
        result_type(parse_expression(text), COLUMNS, {"days": "int"})


@pytest.mark.parametrize("text", [
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
