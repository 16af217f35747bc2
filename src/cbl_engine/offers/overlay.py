"""Applications as the record has them: housed, suspended or put in another band meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from datetime import date

    from cbl_engine.offers.book import Book

Changes = dict[str, dict[str, Any]]
_TYPES = {"status": pl.String(), "band": pl.String(), "place_in_band": pl.Int64()}


def changes_on(book: Book, on: date) -> Changes:
    """What the record changes of applications on a day: column -> application -> value.

    Consequences hold from ``since`` until the day before ``until``, a later one before an earlier;
    being housed comes before all.
    """
    changes: Changes = {column: {} for column in _TYPES}
    for held in book.consequences:
        if held.holds_on(on):
            for column, its in changes.items():
                if getattr(held, column) is not None:
                    its[held.application] = getattr(held, column)
    changes["status"].update(dict.fromkeys(sorted(book.housed(on)), "housed"))
    return changes


def applications_as_held(applications: pl.DataFrame, changes: Changes) -> pl.DataFrame:
    """Applications with the changes put in, in every version of an application.

    While somebody stands at the bottom of its band, those without a place in theirs have the usual
    one, 0: an empty place ranks below every other.
    """
    def changed(column: str) -> pl.Expr:
        dtype = _TYPES[column]
        own = pl.col(column).cast(dtype) if column in applications.columns else pl.lit(None, dtype)
        if column == "place_in_band":
            own = own.fill_null(0)
        return pl.col("id").replace_strict(
            changes[column], default=own, return_dtype=dtype
        ).alias(column)

    return applications.with_columns(changed(column) for column in _TYPES if changes[column])
