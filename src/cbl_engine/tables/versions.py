"""Versions of applications: rows with the dates on which they are in force."""

from __future__ import annotations

from datetime import date

import polars as pl


def has_versions(applications: pl.DataFrame) -> bool:
    """Whether rows are versions with dates, not applications as they stand."""
    return "valid_from" in applications.columns or "valid_to" in applications.columns


def spans_of(applications: pl.DataFrame) -> pl.DataFrame:
    """id, from, to of each version, open ends filled in; without valid_to, until the next one."""
    have = applications.columns
    start = pl.col("valid_from") if "valid_from" in have else pl.lit(None, pl.Date)
    spans = applications.select("id", start.fill_null(date.min).alias("from"))
    if "valid_to" in have:
        return spans.with_columns(applications["valid_to"].fill_null(date.max).alias("to"))
    following = pl.col("from").sort().shift(-1, fill_value=date.max).over("id")
    order = pl.col("from").rank("ordinal").over("id") - 1
    return spans.with_columns(following.gather(order).over("id").alias("to"))


def last_versions(applications: pl.DataFrame) -> pl.DataFrame:
    """A row an application, its last version, in order of id: the order of rows decides nothing."""
    by = ("id", "valid_from") if "valid_from" in applications.columns else ("id",)
    return applications.sort(by, nulls_last=False, maintain_order=True).unique(
        "id", keep="last", maintain_order=True)


def versions_in_force(applications: pl.DataFrame, on: date) -> pl.DataFrame:
    """The rows in force on a day, in their order: all of them where rows are no versions."""
    if not has_versions(applications):
        return applications
    spans = spans_of(applications)
    return applications.filter((spans["from"] <= on) & (spans["to"] > on))
