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
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.outcomes import FAILED, MET, UNKNOWN, for_sql
from cbl_engine.draws import draw
from cbl_engine.shortlist.classes import SHORT, Table, classify
from cbl_engine.shortlist.register import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from cbl_engine.scheme.keys import Key
    from cbl_engine.shortlist.adverts import AdvertSide
    from cbl_engine.shortlist.compiled import Condition
    from cbl_engine.shortlist.register import RegisterAt

MOST_ROWS = 24
"""Kinds of application a condition may have and still be given bits."""

_PAIRED = 2
_FEW_BIDS = 4

MOST_CELLS = 5_000_000
"""Application classes x advert classes above which a condition is run over the bids."""


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

    @cached_property
    def weights(self) -> NDArray[np.uint64]:
        """The raw bit of each row as a word; 0 for a row that is met everywhere."""
        return np.array([0 if b < 0 else 1 << int(b) for b in self.bits], np.uint64)

    @cached_property
    def mask(self) -> int:
        """All raw bits of the field."""
        return int(self.weights.sum())

    def advert_mask(self, *codes: int) -> NDArray[np.uint64]:
        """For each advert, the raw bits of the rows whose outcome is among ``codes``."""
        chosen = np.zeros(3, bool)
        chosen[list(codes)] = True
        hit = np.where(chosen[self.table.cells], self.weights[:, None], np.uint64(0))
        return np.bitwise_or.reduce(hit, axis=0, initial=np.uint64(0))[self.table.column_of]


@dataclass(frozen=True)
class Layout:
    """Every condition used in a batch: given bits, to be looked up, or to be run over the bids.

    Attributes:
        words: raw words of each application, one uint64 array a word.
        fields: conditions with bits, by canonical bit.
        looked_up: conditions without: bit -> table.
        run: conditions to run over the bids.
        last_bits: bits in use in the last raw word.
    """

    words: tuple[NDArray[np.uint64], ...]
    fields: dict[int, Field]
    looked_up: dict[int, Table]
    run: tuple[Condition, ...]
    last_bits: int

    def table(self, bit: int) -> Table | None:
        """Outcomes of a condition; None when it is run over the bids."""
        if bit in self.fields:
            return self.fields[bit].table
        return self.looked_up.get(bit)

    def canonical(
        self, hit: NDArray[np.uint64], word: int, number: int, bits: tuple[int, ...]
    ) -> NDArray[np.uint64] | None:
        """Canonical word ``number`` of hits in a raw word, for these conditions; None for none."""
        found: NDArray[np.uint64] | None = None
        for shift, mask in self._moves(word, number, bits):
            if shift is None:
                continue
            moved = hit & np.uint64(mask)
            if shift > 0:
                moved <<= np.uint64(shift)
            elif shift < 0:
                moved >>= np.uint64(-shift)
            found = moved if found is None else found | moved
        for bit in bits:
            field = self.fields.get(bit)
            if field is None or field.word != word or bit >> 6 != number:
                continue
            if (field.bits >= 0).sum() <= _PAIRED:
                continue
            one = ((hit & np.uint64(field.mask)) != 0) * np.uint64(1 << (bit & 63))
            found = one if found is None else found | one
        return found

    def _moves(
        self, word: int, number: int, bits: tuple[int, ...]
    ) -> list[tuple[int | None, int]]:
        """Shifts that take the raw bits of conditions with one or two to their canonical bits."""
        key = (word, number, bits)
        kept = self.__dict__.setdefault("_kept", {})
        if key not in kept:
            masks: dict[int, int] = {}
            for bit in bits:
                field = self.fields.get(bit)
                if field is None or field.word != word or bit >> 6 != number:
                    continue
                raw = field.bits[field.bits >= 0]
                if len(raw) <= _PAIRED:
                    for b in raw.tolist():
                        shift = (bit & 63) - b
                        masks[shift] = masks.get(shift, 0) | 1 << b
            kept[key] = list(masks.items())
        return kept[key]


def lay_out(
    view: RegisterAt,
    adverts: AdvertSide,
    conditions: Sequence[Condition],
    n_bids: int,
    pool: Executor | None,
) -> Layout:
    """Tables of the conditions, and the raw words of the applications.

    Args:
        view: the register on a date.
        adverts: the batch's adverts.
        conditions: those used.
        n_bids: bids in the batch; when they are few beside the register, the criteria are run
            over them instead of over the kinds of application.
        pool: shares out the tables, if there is one.
    """
    n = view.frame.height
    if n_bids * _FEW_BIDS < n:
        criteria = tuple(c for c in conditions if c.expression is not None)
        conditions = [c for c in conditions if c.expression is None]
    else:
        criteria = ()
    tables: dict[int, Table] = {}
    run: list[Condition] = list(criteria)
    if any(c.expression is not None and c.reads.side == "application" for c in conditions):
        view.application_outcomes()
    share = pool.map if pool is not None else map
    made = share(lambda c: condition_table(view, adverts, c), conditions)
    for condition, table in zip(conditions, made, strict=True):
        if table is None:
            run.append(condition)
        else:
            tables[condition.bit] = table
    needs = {b: np.flatnonzero((t.cells != MET).any(axis=1)) for b, t in tables.items()}
    looked_up = {b: t for b, t in tables.items() if len(needs[b]) > MOST_ROWS}
    fields: dict[int, Field] = {}
    free = [0]
    # Conditions with one or two rows first, so that like shifts line up when hits are decoded:
    # all first rows, then all second ones.
    by_bit = {c.bit: c for c in conditions}
    few = [b for b in tables if 0 < len(needs[b]) <= _PAIRED]
    placed: dict[int, list[tuple[int, int]]] = {}
    word, used = 0, 0
    for start in range(0, len(few), 64 // _PAIRED):
        group = few[start : start + 64 // _PAIRED]
        if start:
            word, used = word + 1, 0
        for which in range(_PAIRED):
            for b in group:
                if which < len(needs[b]):
                    placed.setdefault(b, []).append((word, used))
                    used += 1
    free = [0] * word + [used]
    for b in tables:
        if b in looked_up or b in placed:
            continue
        count = len(needs[b])
        at = next((w for w, taken in enumerate(free) if taken + count <= 64), None)
        if at is None:
            free.append(0)
            at = len(free) - 1
        placed[b] = [(at, free[at] + i) for i in range(count)] or [(0, -1)]
        free[at] += count
    words = tuple(np.zeros(n, np.uint64) for _ in free)
    for b, places in placed.items():
        bits = np.full(len(tables[b].cells), -1, np.int64)
        bits[needs[b]] = [bit for _, bit in places][: len(needs[b])]
        fields[b] = Field(by_bit[b], places[0][0], bits, tables[b])
        if len(needs[b]):
            by_kind = fields[b].weights[tables[b].row_of_kind]
            words[places[0][0]][:] |= by_kind[tables[b].kind_of]
    return Layout(words, fields, looked_up, tuple(run), free[-1])


def condition_table(
    view: RegisterAt, adverts: AdvertSide, condition: Condition
) -> Table | None:
    """Outcomes of a condition over the kinds of application and the kinds of advert.

    None when there are more than MOST_CELLS combinations.
    """
    if condition.key is not None:
        return _key_unknown_table(view, adverts, condition, condition.key)
    if condition.reads.side == "application":
        return _one_column(view.application_outcomes()[condition.bit], adverts.n)
    return _pair_table(view, adverts, condition)


def _one_column(codes: NDArray[np.int8], n_adverts: int) -> Table:
    """A table of one column; rows are the outcomes themselves."""
    return Table(
        codes,
        np.arange(3),
        np.zeros(n_adverts, np.int64),
        np.array([[MET], [FAILED], [UNKNOWN]], np.int8),
    )


def _pair_table(
    view: RegisterAt, adverts: AdvertSide, condition: Condition
) -> Table | None:
    reads = condition.reads
    theirs = adverts.classes((*reads.advert, *(("area",) if reads.pair_facts else ())))
    areas = adverts.areas()
    mine = view.classes(reads.own)
    if reads.pair_facts:
        own = [view.frame[c] for c in reads.own]
        for fact in reads.pair_facts:
            own.extend(view.pair_fact(fact, areas).get_columns())
        mine = classify(own, view.frame.height)
    if mine.n * theirs.n > MOST_CELLS:
        return None
    rows = for_sql([view.frame[c][mine.first] for c in reads.own])
    columns = for_sql(
        [adverts.column(c)[theirs.first].alias(f"advert.{c}") for c in reads.advert]
    )
    frame = _each_with_each(rows, mine.n, columns, theirs.n)
    if reads.pair_facts:
        left = np.repeat(mine.first, theirs.n)
        area = np.tile(adverts.area_index(theirs.first), mine.n)
        frame = frame.with_columns(
            _by_area(view.pair_fact(fact, areas), left, area).alias(fact)
            for fact in reads.pair_facts
        )
    codes = evaluate(frame, [condition], view.constants)[condition.bit]
    rows, row_of_class = distinct_rows(codes.reshape(mine.n, theirs.n))
    return Table(mine.ids, mine.spread(row_of_class), theirs.spread(np.arange(theirs.n))[theirs.ids],
                 rows)


def _each_with_each(
    rows: pl.DataFrame, n_rows: int, columns: pl.DataFrame, n_columns: int
) -> pl.DataFrame | pl.LazyFrame:
    """Every row beside every column, row by row; either may have a number and no content.

    Lazy where they are many, so that only what an expression makes of the pairs is ever laid out.
    """
    if not rows.width:
        rows = pl.DataFrame({"": np.arange(n_rows)})
    if not columns.width:
        columns = pl.DataFrame({" ": np.arange(n_columns)})
    if n_rows * n_columns <= SHORT:
        row, column = np.divmod(np.arange(n_rows * n_columns, dtype=np.uint32), n_columns)
        return pl.concat([rows[row], columns[column]], how="horizontal")
    # Without an order asked for, polars may put the smaller side outside.
    return rows.lazy().join(columns.lazy(), how="cross", maintain_order="left_right")


def distinct_rows(cells: NDArray[np.int8]) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """The distinct rows, and which of them each row is.

    Rows are compared by a keyed hash, and the outcome is checked; sorting whole rows is slow.
    """
    weights = draw(0, np.arange(cells.shape[1], dtype=np.uint64))
    hashes = cells.astype(np.uint64) @ weights
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    rows = cells[first]
    if not np.array_equal(rows[inverse], cells):
        rows, inverse = np.unique(cells, axis=0, return_inverse=True)
    return np.ascontiguousarray(rows), inverse.reshape(-1).astype(np.int32)


def _by_area(
    values: pl.DataFrame, rows: NDArray[np.int64], area: NDArray[np.int64]
) -> pl.Series:
    """The value for each (row, area); null where the advert has no area (index -1)."""
    stacked = pl.concat([values.to_series(i).alias("") for i in range(values.width)])
    at = np.where(area < 0, 0, area) * values.height + rows
    found = stacked[at]
    if (area < 0).any():
        found = pl.select(pl.when(pl.Series(area >= 0)).then(found)).to_series()
    return found


def _key_unknown_table(
    view: RegisterAt, adverts: AdvertSide, condition: Condition, key: Key
) -> Table:
    """Where a key's value is missing: null columns, or a chooser that is not known."""
    from cbl_engine.shortlist.keys import application_key, pair_key

    if condition.reads.side == "application":
        _, unknown = application_key(view, key)
        codes = np.where(unknown, UNKNOWN, MET).astype(np.int8)
        return _one_column(codes, adverts.n)
    values = pair_key(view, adverts, key)
    cells = np.where(values.unknown, UNKNOWN, MET).astype(np.int8)
    return Table(values.kind_of, values.row_of_kind, values.column_of, cells)
