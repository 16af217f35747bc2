"""Sets of sizes as bit masks."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbl_engine.tables import mask_to_sizes, sizes_to_mask


@given(st.lists(st.none() | st.lists(st.integers(0, 20), max_size=4), max_size=8))
def test_there_and_back(rows):
    masks, known = sizes_to_mask(pl.Series(rows, dtype=pl.List(pl.Int64)))
    assert masks.dtype == np.uint32
    assert masks.tolist() == [sum(1 << k for k in set(row or [])) for row in rows]
    assert known.tolist() == [row is not None for row in rows]
    back = mask_to_sizes(masks, known)
    assert back.dtype == pl.List(pl.Int64)
    assert back.to_list() == [None if row is None else sorted(set(row)) for row in rows]


def test_without_known_every_mask_is_known():
    assert mask_to_sizes([0, 0b1100]).to_list() == [[], [2, 3]]


@pytest.mark.parametrize("row", [[21], [-1], [None]])
def test_sizes_out_of_range(row):
    with pytest.raises(ValueError, match="from 0 to 20"):
        sizes_to_mask(pl.Series([row], dtype=pl.List(pl.Int64)))
