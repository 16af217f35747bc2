"""What a habit of an extract is, and what every check of one uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cbl_engine.errors import MAX_EXAMPLES

if TYPE_CHECKING:
    import polars as pl

    Frames = Mapping[str, pl.DataFrame]

Purpose = Literal["shortlist", "replay", "fitting"]
Harm = Literal["care", "no"]

ENOUGH = 30
"""Fewest rows from which the absence of something says anything."""


@dataclass(frozen=True, slots=True)
class Habit:
    """One habit found.

    Attributes:
        kind: short stable name.
        table: the table.
        column: the column, or empty.
        what: what was found, in a sentence.
        count: [rows] that have it; 0 when it is the whole table's.
        out_of: [rows] looked at.
        bias: what it does to an answer.
        remedy: what to do, or that it cannot be corrected.
        harms: what the data can then be used for only with care, or not at all.
        rows: ids of the first five.
    """

    kind: str
    table: str
    column: str
    what: str
    count: int
    out_of: int
    bias: str
    remedy: str
    harms: Mapping[Purpose, Harm] = field(default_factory=dict)
    rows: tuple[str, ...] = ()


def has(frames: Frames, table: str, *columns: str) -> pl.DataFrame | None:
    """A table with rows and these columns; None where there is none."""
    frame = frames.get(table)
    if frame is None or not frame.height or not set(columns) <= set(frame.columns):
        return None
    return frame


def ids_of(frame: pl.DataFrame, mask: pl.Series, column: str = "id") -> tuple[str, ...]:
    """The first five ids of the rows marked."""
    if column not in frame.columns:
        return ()
    # Sorted, so that the page does not depend on the order of rows.
    ids = frame[column].filter(mask).drop_nulls().unique().sort()
    return tuple(map(str, ids.head(MAX_EXAMPLES)))


def rows_where(frame: pl.DataFrame, bad: pl.Expr) -> pl.Series:
    """Which rows meet an expression; where it is not known they do not."""
    return frame.select(bad.fill_null(value=False).alias("bad")).to_series()
