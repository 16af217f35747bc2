"""Conditions as bits of an application's words and masks of an advert's.

A condition is a table: one row for each kind of application that it treats alike, one column for
each kind of advert, every cell met, failed or not known. Each row that is not met everywhere gets
one bit of the *raw words*; an application has the bit of its row. For an advert, the bits of the
rows that fail it make a mask, and those that are not known make another. So for a bid

    raw words of the application & fail mask of the advert

is zero exactly when nothing fails, and says what failed when it is not. A criterion that the
application alone settles is a table of one column, one of the advert alone a table of one row.
A table with more kinds of application than bits is looked up for each bid instead.

Raw bits depend on the data; the canonical words given out have one bit a condition and depend
only on the scheme version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.shortlist.classes import FAILED, MET, UNKNOWN, classify, for_sql, outcomes
from cbl_engine.shortlist.register import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cbl_engine.shortlist.adverts import AdvertSide
    from cbl_engine.shortlist.compiled import Condition
    from cbl_engine.shortlist.register import RegisterAt

MOST_ROWS = 24
"""Kinds of application a condition may have and still be given bits."""

MOST_CELLS = 5_000_000
"""Application classes x advert classes above which a condition is run over the bids."""


@dataclass(frozen=True)
class Table:
    """Outcomes of one condition by application row and advert column.

    Attributes:
        row_of: row of each application, int32.
        column_of: column of each advert, int32.
        cells: int8 outcome codes, rows x columns.
    """

    row_of: NDArray[np.int32]
    column_of: NDArray[np.int32]
    cells: NDArray[np.int8]


@dataclass(frozen=True)
class Field:
    """Where a condition's rows have their raw bits.

    Attributes:
        condition: the condition.
        word: raw word.
        bits: raw bit of each row, -1 for a row that is met everywhere.
        table: its outcomes.
    """

    condition: Condition
    word: int
    bits: NDArray[np.int64]
    table: Table

    def mask(self) -> int:
        """All raw bits of the field."""
        return sum(1 << int(b) for b in self.bits if b >= 0)

    def advert_mask(self, *codes: int) -> NDArray[np.uint64]:
        """For each advert, the raw bits of the rows whose outcome is among ``codes``."""
        chosen = np.isin(self.table.cells, codes)
        weights = np.array([0 if b < 0 else 1 << int(b) for b in self.bits], np.uint64)
        by_column = np.bitwise_or.reduce(
            np.where(chosen, weights[:, None], np.uint64(0)), axis=0, initial=np.uint64(0)
        )
        return by_column[self.table.column_of]


@dataclass(frozen=True)
class Layout:
    """Every condition used in a batch, given bits or left to be looked up.

    Attributes:
        words: raw words of each application, one uint64 array a word.
        fields: conditions with bits.
        looked_up: conditions without: bit -> table, or None where each bid is evaluated.
    """

    words: tuple[NDArray[np.uint64], ...]
    fields: dict[int, Field]
    looked_up: dict[int, Table | None]


def lay_out(
    view: RegisterAt, adverts: AdvertSide, conditions: Sequence[Condition]
) -> Layout:
    """Tables of the conditions, and the raw words of the applications."""
    n = view.frame.height
    fields: dict[int, Field] = {}
    looked_up: dict[int, Table | None] = {}
    words: list[NDArray[np.uint64]] = [np.zeros(n, np.uint64)]
    free = [0]
    for condition in conditions:
        table = condition_table(view, adverts, condition)
        if table is None:
            looked_up[condition.bit] = None
            continue
        needs = np.flatnonzero((table.cells != MET).any(axis=1))
        if len(needs) > MOST_ROWS:
            looked_up[condition.bit] = table
            continue
        word = next((w for w, used in enumerate(free) if used + len(needs) <= 64), None)
        if word is None:
            words.append(np.zeros(n, np.uint64))
            free.append(0)
            word = len(words) - 1
        bits = np.full(len(table.cells), -1, np.int64)
        bits[needs] = free[word] + np.arange(len(needs))
        free[word] += len(needs)
        weights = np.array([0 if b < 0 else 1 << int(b) for b in bits], np.uint64)
        if len(needs):
            words[word] |= weights[table.row_of]
        fields[condition.bit] = Field(condition, word, bits, table)
    return Layout(tuple(words), fields, looked_up)


def condition_table(
    view: RegisterAt, adverts: AdvertSide, condition: Condition
) -> Table | None:
    """Outcomes of a condition over the kinds of application and the kinds of advert.

    None when there are more than MOST_CELLS combinations.
    """
    if condition.kind == "key":
        return _key_unknown_table(view, adverts, condition)
    if condition.reads.side == "application":
        return _one_column(view.application_outcomes()[condition.bit], adverts.n)
    return _pair_table(view, adverts, condition)


def _one_column(codes: NDArray[np.int8], n_adverts: int) -> Table:
    """A table of one column; rows are the outcomes themselves."""
    return Table(
        codes,  # type: ignore[arg-type]  # int8 indexes as well as int32
        np.zeros(n_adverts, np.int32),
        np.array([[MET], [FAILED], [UNKNOWN]], np.int8),
    )


def _pair_table(
    view: RegisterAt, adverts: AdvertSide, condition: Condition
) -> Table | None:
    reads = condition.reads
    theirs = adverts.classes((*reads.advert, *(("area",) if reads.pair_facts else ())))
    own = [view.frame[c] for c in reads.own]
    areas = adverts.areas()
    for fact in reads.pair_facts:
        own.extend(view.pair_fact(fact, areas).get_columns())
    mine = classify(own, view.frame.height)
    if mine.n * theirs.n > MOST_CELLS:
        return None
    left = np.repeat(np.arange(mine.n), theirs.n)
    right = np.tile(np.arange(theirs.n), mine.n)
    columns = [view.frame[c][mine.first][left] for c in reads.own]
    columns += [
        adverts.column(c)[theirs.first][right].alias(f"advert.{c}") for c in reads.advert
    ]
    for fact in reads.pair_facts:
        values = view.pair_fact(fact, areas)[mine.first]
        columns.append(_by_area(values, left, adverts.area_index(theirs.first)[right]).alias(fact))
    frame = for_sql(pl.DataFrame(columns)) if columns else pl.DataFrame({"": left})
    codes = outcomes(evaluate(frame, [condition], view.constants)[0])
    cells = codes.reshape(mine.n, theirs.n)
    rows, row_of_class = np.unique(cells, axis=0, return_inverse=True)
    return Table(
        row_of_class.reshape(-1).astype(np.int32)[mine.ids], theirs.ids, np.ascontiguousarray(rows)
    )


def _by_area(
    values: pl.DataFrame, rows: NDArray[np.int64], area: NDArray[np.int64]
) -> pl.Series:
    """The value for each (row, area); null where the advert has no area (index -1)."""
    n_areas = values.width
    if n_areas == 0:
        return pl.Series([None] * len(rows), dtype=pl.Int64)
    stacked = pl.concat([values.to_series(i).alias("") for i in range(n_areas)])
    at = np.where(area < 0, 0, area) * values.height + rows
    found = stacked[at]
    if (area < 0).any():
        found = pl.select(pl.when(pl.Series(area >= 0)).then(found)).to_series()
    return found


def _key_unknown_table(view: RegisterAt, adverts: AdvertSide, condition: Condition) -> Table:
    """Where a key's value is missing: null columns, or a chooser that is not known."""
    from cbl_engine.shortlist.keys import application_key, pair_key

    key = condition.key
    if condition.reads.side == "application":
        _, unknown = application_key(view, key)
        codes = np.where(unknown, UNKNOWN, MET).astype(np.int8)
        return _one_column(codes, adverts.n)
    values = pair_key(view, adverts, key)
    cells = np.where(values.unknown, UNKNOWN, MET).astype(np.int8)
    return Table(values.row_of, values.column_of, cells)
