"""Columns as whole numbers: those missing take a number, and equal values one code."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from cbl_engine.shortlist.classes import SHORT, column_codes, nulls_as


@pytest.mark.parametrize("dtype", [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt32])
@pytest.mark.parametrize("times", [1, SHORT])
def test_a_missing_number_takes_the_one_given_and_the_others_stay(dtype: pl.DataType, times: int) -> None:
    given = pl.Series([3, None, 0, 127] * times, dtype=dtype)
    assert nulls_as(given, 1 << 40).tolist() == [3, 1 << 40, 0, 127] * times


@pytest.mark.parametrize("large", [(1 << 24) + 1, (1 << 53) + 1, -(1 << 62) + 1])
def test_numbers_that_a_float_would_round_stay_what_they_are(large: int) -> None:
    assert nulls_as(pl.Series([large, None]), -7).tolist() == [large, -7]


def test_where_all_are_missing_or_none_is_the_array_is_the_callers_own() -> None:
    assert nulls_as(pl.Series([None, None], dtype=pl.Int64), 5).tolist() == [5, 5]
    given = pl.Series([1, 2])
    nulls_as(given, 0)[:] = 9
    assert given.to_list() == [1, 2]


@pytest.mark.parametrize("given", [
    pl.Series(["b", None, "a", "b"]), pl.Series(["b", None, "a", "b"], dtype=pl.Enum(["a", "b"])),
    pl.Series([True, None, False, True]), pl.Series([2.5, None, -0.5, 2.5]), pl.Series([7, None, 1 << 40, 7])])
def test_equal_values_have_one_code_and_missing_ones_the_last(given: pl.Series) -> None:
    codes, size = column_codes(given)
    assert codes[0] == codes[3]
    assert len(np.unique(codes)) == 3
    assert codes[1] == size - 1
    assert codes.min() >= 0
