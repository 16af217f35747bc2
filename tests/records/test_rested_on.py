"""Passing over that rests on a result put right is named, for as long as it stands."""

from __future__ import annotations

import polars as pl

from cbl_engine.records.rested_on import rested_on
from tests.offers.week import Week, day


def passed_over() -> Week:
    week = Week("checks: {rent: {label: x, before: offered}}").households("ann bob")
    week.check("ann", "rent", "refused", id="r1").check("bob", "rent", id="r2")
    week.advert("elm", bids="ann bob").run(until=6)
    return week.approve(7, "bypass", "elm", "ann").run(until=7)


def with_outcome(week: Week, check: str, outcome: str) -> dict[str, pl.DataFrame]:
    tables = dict(week.record.tables)
    of = pl.col("id") == check
    tables["checks"] = tables["checks"].with_columns(
        pl.when(of).then(pl.lit(outcome)).otherwise("outcome").alias("outcome"))
    return tables


def test_a_passing_over_by_a_result_put_right_is_named_until_it_is_undone():
    week = passed_over()
    before = week.record.tables
    right = with_outcome(week, "r1", "cleared")
    assert rested_on(before, right, before).rows() == [("elm", "ann", day(7), "r1", False)]
    assert rested_on(before, with_outcome(week, "r2", "refused"), before).is_empty()
    week.outcome(8, "undone", "elm", "ann", act="bypass", by="Mo").run(until=8)
    assert rested_on(before, right, week.record.tables).is_empty()


def test_it_is_said_whether_the_home_is_let():
    week = passed_over()
    right = with_outcome(week, "r1", "cleared")
    before = week.record.tables
    week.let("elm", "bob", on=8).run(until=10)
    assert rested_on(before, right, week.record.tables)["let"].to_list() == [True]
