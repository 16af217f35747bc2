"""Days as numbers: as polars holds dates."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from cbl_engine.tables.days import date_of, day_number


@pytest.mark.parametrize("day", [
    date.min, date(1969, 12, 31), date(1970, 1, 1), date(2024, 2, 29), date.max])
def test_a_date_has_the_number_that_a_column_of_dates_holds(day):
    assert day_number(day) == pl.Series([day]).to_physical()[0]
    assert date_of(day_number(day)) == day
    assert date_of(pl.Series([day]).to_physical().to_numpy()[0]) == day
