"""Rows of people and connections made ready for the expressions of facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess.ages import UNBORN, age_on, whole_months
from cbl_engine.tables import DTYPES

if TYPE_CHECKING:
    from datetime import date

    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.tables import Ordinals


def rows_to_read(
    frame: pl.DataFrame, table: str, applications: Ordinals, on: date, version: SchemeVersion
) -> pl.DataFrame:
    """Rows of known applications with their ordinal, computed columns and ``if_null`` put in.

    Args:
        frame: people or connections.
        table: which of the two.
        applications: ids <-> ordinals.
        on: the as-at date.
        version: for the declared columns' ``if_null``.

    Returns:
        The rows with ``_ordinal``; people with ``age`` [years] and ``born``, connections with
        ``months`` [months] and ``current``, where the columns these come from are there.
    """
    ordinal = applications.ordinals_of(frame["application"])
    frame = frame.with_columns(pl.Series("_ordinal", ordinal)).filter(pl.col("_ordinal") >= 0)
    fills = [
        pl.col(n).fill_null(pl.lit(c.if_null, DTYPES[c.type]))
        for n, c in version.columns.get(table, {}).items()  # type: ignore[call-overload]
        if n in frame.columns and c.if_null != "unknown"
    ]
    frame = frame.with_columns(fills)
    have = frame.columns
    if table == "people" and "date_of_birth" in have:
        unborn = (pl.col("date_of_birth") > on).fill_null(
            pl.col("expected_on").is_not_null() if "expected_on" in have else False
        )
        frame = frame.with_columns(
            pl.when(unborn).then(UNBORN).otherwise(age_on(on)).alias("age"),
            (~unborn).alias("born"),
        )
    if table == "connections" and "since" in have:
        until = pl.col("until") if "until" in have else pl.lit(None, pl.Date)
        frame = frame.with_columns(
            whole_months(pl.col("since"), pl.lit(on)).alias("months"),
            ((pl.col("since").is_null() | (pl.col("since") <= on))
             & (until.is_null() | (until > on))).alias("current"),
        )
    narrow = [n for n, t in frame.schema.items()
              if t.is_integer() and t != pl.Int64 and n != "_ordinal"]
    return frame.with_columns(pl.col(narrow).cast(pl.Int64)) if narrow else frame
