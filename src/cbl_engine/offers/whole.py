"""Frames with every column of their table, so that what reads them need not ask what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables import DTYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbl_engine.tables import Column


def whole(frame: pl.DataFrame | None, columns: Sequence[Column]) -> pl.DataFrame:
    """A frame with every column of its table: those it lacks, or has without a type, are null.

    Args:
        frame: rows of the table; None is a table without rows.
        columns: of the table. Ids that are all empty have the type of the frame's other ids.
    """
    if frame is None:
        frame = pl.DataFrame()
    typed = {name: dtype for name, dtype in frame.schema.items() if dtype != pl.Null}
    ids = next((typed[c.name] for c in columns if c.type == "id" and c.name in typed), pl.String())
    return frame.with_columns(
        pl.lit(None, ids if c.type == "id" else DTYPES[c.type]).alias(c.name)
        for c in columns
        if c.name not in typed
    )
