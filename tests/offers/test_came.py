"""What came to a cycle and cannot be taken in: told of at once, and nothing is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from cbl_engine.errors import TableError
from cbl_engine.offers.cycle import run_cycle
from tests.offers.week import Week, day

CLOSED = day(7)


def _lines(given: dict[str, Any], as_at: Any = CLOSED, **options: Any) -> list[str]:
    week = Week().households("ann bob").advert("elm", bids="ann bob")
    with pytest.raises(TableError) as caught:
        run_cycle(week.record, week.scheme, week.given() | given, as_at, **options)
    return [f"{p.kind} {p.where}" for p in caught.value.problems]


def test_a_table_that_there_is_not_is_refused() -> None:
    given = {"outcome": pl.DataFrame({"id": ["o1"]}), "offers": pl.DataFrame()}
    assert _lines(given) == ["unknown_table outcome", "unknown_table offers"]
    assert _lines({}, whole=["nope", "bids"]) == ["unknown_table whole"]
    assert _lines({}, whole="bids") == ["not_a_list whole"]


def test_columns_that_every_row_has_are_asked_for() -> None:
    assert _lines({"outcomes": pl.DataFrame({"x": [1]})}) == [
        "missing_column outcomes.id", "missing_column outcomes.on", "missing_column outcomes.what",
    ]
    outcome = pl.DataFrame({"id": ["o1"], "on": [None], "what": ["approved"]})
    assert _lines({"outcomes": outcome}) == ["missing_value outcomes.on"]


def test_columns_of_another_type_are_refused() -> None:
    outcome = pl.DataFrame({"id": ["o1"], "on": ["2024-06-07"], "what": ["approved"]})
    assert _lines({"outcomes": outcome, "bids": outcome.lazy()}) == ["not_a_frame bids"]
    assert _lines({"outcomes": outcome}) == ["wrong_type outcomes.on"]


@pytest.mark.parametrize("as_at", [datetime(2024, 6, 7, tzinfo=UTC), "2024-06-07", None])
def test_a_last_day_that_is_no_date_is_refused(as_at: Any) -> None:
    assert _lines({}, as_at=as_at) == ["as_at as_at"]


def test_rows_on_record_may_come_with_the_columns_that_change_and_new_ones_may_not() -> None:
    week = Week().households("ann").advert("elm").run(until=5)
    ids = pl.col("id").replace("ann", "zoe")
    rows = pl.DataFrame({"id": ["ann"], "band": ["A"]})
    assert "applications" in run_cycle(week.record, week.scheme, {"applications": rows}, day(6)
                                       ).record.tables
    with pytest.raises(TableError, match=r"applications.status: empty where a value is required"):
        run_cycle(week.record, week.scheme, {"applications": rows.with_columns(ids)}, day(6))
