"""Tables that are sound, and what is changed in them for a test."""

from __future__ import annotations

import polars as pl


def at(table, row, **values):
    """Put values into one row of a table."""
    def change(frames):
        frame = frames[table].with_row_index("i")
        frames[table] = frame.with_columns(
            pl.when(pl.col("i") == row).then(pl.lit(value)).otherwise(name).alias(name)
            for name, value in values.items()
        ).drop("i")
    return change
