"""Rows that grow."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cbl_engine.simulate.columns import Columns, spans


def test_rows_added_are_kept_as_room_is_made() -> None:
    rows = Columns({"id": np.int64, "note": np.int8}, room=1)
    numbers = [rows.append(3, id=np.arange(3) + 3 * turn).tolist() for turn in range(40)]
    assert [n for few in numbers for n in few] == list(range(120))
    assert rows["id"].tolist() == list(range(120))
    assert len(rows) == 120
    assert rows["note"].tolist() == [0] * 120


def test_writing_into_a_column_writes_into_the_rows() -> None:
    rows = Columns({"id": np.int64})
    rows.append(4, id=1)
    rows["id"][2:] += 5
    kept = rows.taken()
    rows["id"][:] = 0
    assert kept["id"].tolist() == [1, 1, 6, 6]


def test_room_that_was_used_before_is_no_value() -> None:
    rows = Columns({"id": np.int64, "note": np.int64}, room=16)
    rows.append(16, id=1, note=9)
    rows.append(1, id=2)
    assert rows["note"][-1] == 0


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 5)), max_size=8))
def test_spans_are_ranges_end_to_end(given_: list[tuple[int, int]]) -> None:
    first, width = (np.array([g[i] for g in given_], np.int64) for i in (0, 1))
    which, numbers = spans(first, width)
    expected = [(i, n) for i, (f, w) in enumerate(given_) for n in range(f, f + w)]
    assert list(zip(which.tolist(), numbers.tolist(), strict=True)) == expected
