"""Words and dates that stand for none: read as not known, counted and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import Problem
from cbl_engine.tables.dtypes import MIXED, as_cells
from cbl_engine.tables.findings import Source, quoted
from cbl_engine.tables.parsing import NULL_WORDS

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from cbl_engine.tables.columns import Column

_OF_WORDS = (pl.String, pl.Categorical, pl.Enum, MIXED)


def without_empty_words(
    table: str,
    source: Source,
    frame: pl.DataFrame,
    rows: pl.Series,
    words: Sequence[str],
    told: Container[str],
    notes: list[Problem],
) -> pl.DataFrame:
    """A source with cells that hold one of the words empty.

    Args:
        table: which of our tables it becomes.
        source: what messages call it.
        frame: the source under its own names.
        rows: its own row numbers.
        words: in small letters; cells may have any capitals and spaces around them.
        told: columns whose cells are read; others are left as they are.
        notes: takes a note for each column that held any.
    """
    if not words:
        return frame
    return pl.DataFrame([
        _without(table, source, values, rows, words, notes)
        if values.name in told and values.dtype in _OF_WORDS else values
        for values in frame
    ])


def _without(
    table: str,
    source: Source,
    values: pl.Series,
    rows: pl.Series,
    words: Sequence[str],
    notes: list[Problem],
) -> pl.Series:
    name, values = values.name, values.alias("values")
    cells = as_cells(values).str.strip_chars()
    empty = cells.str.to_lowercase().is_in(list(words)).fill_null(value=False)
    if not empty.any():
        return values.alias(name)
    counts = cells.filter(empty).alias("cells").value_counts().sort(
        ["count", "cells"], descending=[True, False])
    notes.append(
        Problem(
            "empty_words",
            f"words that stand for an empty cell, read as not known for {table}",
            where=f"{source.name}: {name}",
            given=", ".join(f"{quoted(word)} ({n})" for word, n in counts.iter_rows()),
            count=int(empty.sum()),
            rows=source.some(rows.filter(empty)),
        )
    )
    return pl.select(pl.when(~empty).then(values)).to_series().alias(name)


def null_words_told(
    source: Source,
    column: Column | None,
    values: pl.Series,
    rows: pl.Series,
    base: int,
    notes: list[Problem],
) -> None:
    """Note cells of a declared id or text that say NULL and are taken at their word.

    A code, date or number that says so is refused.

    Args:
        source: what messages call the source.
        column: the declaration of the column, if it has one.
        values: the column as it is read.
        rows: row numbers, with ``base`` in them.
        base: what was added to the source's own.
        notes: takes the note.
    """
    if column is None or column.type not in ("id", "text") or values.dtype != pl.String:
        return
    held = values.is_in(NULL_WORDS).fill_null(value=False)
    if not held.any():
        return
    words = ", ".join(f"'{word}'" for word in values.filter(held).unique().sort())
    notes.append(
        Problem(
            "null_words",
            "cells that say NULL, read as that word and not as empty cells",
            where=f"{source.name}: {values.name}",
            given=words,
            count=int(held.sum()),
            rows=source.some(rows.filter(held) - base),
            remedy=f"If it stands for an empty cell, say empty_words: [{words}] in the mapping",
        )
    )


def without_placeholders(
    source: Source,
    values: pl.Series,
    rows: pl.Series,
    base: int,
    days: pl.Series,
    notes: list[Problem],
) -> pl.Series:
    """A column of dates with those that only stand for one null, which is told."""
    if not isinstance(values.dtype, pl.Date | pl.Datetime):
        return values
    stand_in = values.dt.date().is_in(days.implode()).fill_null(value=False)
    count = int(stand_in.sum())
    if not count:
        return values
    written = values.dt.date().filter(stand_in).unique().sort().cast(pl.String)
    notes.append(
        Problem(
            "placeholder_dates",
            "dates that stand for none, read as not known",
            where=f"{source.name}: {values.name}",
            given=", ".join(written),
            count=count,
            rows=source.some(rows.filter(stand_in) - base),
            remedy="Ask for the real dates; placeholder_dates in the mapping says which these are",
        )
    )
    kept = pl.when(~stand_in).then(values.alias("values"))
    return pl.select(kept.alias("values")).to_series().alias(values.name)
