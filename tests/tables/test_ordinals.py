"""Ids to ordinals and back."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbl_engine.tables import Ordinals

ids = st.one_of(
    st.lists(st.none() | st.text(max_size=3), max_size=8).map(
        lambda v: pl.Series(v, dtype=pl.String)
    ),
    st.lists(st.none() | st.integers(-5, 9), max_size=8).map(
        lambda v: pl.Series(v, dtype=pl.Int64)
    ),
    st.lists(st.integers(0, 3), max_size=8).map(lambda v: pl.Series(v, dtype=pl.UInt32)),
)


@given(ids, st.data())
def test_equals_a_dictionary(series, data):
    ordinals = Ordinals(series)
    known = sorted(
        {value for value in series if value is not None},
        key=lambda v: v if isinstance(v, int) else v.encode(),
    )
    assert ordinals.ids.to_list() == known
    assert len(ordinals) == len(known)
    place = {value: at for at, value in enumerate(known)}
    others = st.text(max_size=3) if series.dtype == pl.String else st.integers(0, 12)
    pool = st.one_of([st.none(), others] + ([st.sampled_from(known)] if known else []))
    asked = pl.Series(data.draw(st.lists(pool, max_size=8)), dtype=series.dtype)
    found = ordinals.ordinals_of(asked)
    assert found.dtype == np.int32
    assert found.tolist() == [place.get(value, -1) for value in asked]
    back = ordinals.take(found)
    assert back.to_list() == [value if value in place else None for value in asked]
    assert back.dtype == series.dtype


def test_dense_whole_numbers_are_their_own_ordinals():
    ordinals = Ordinals(pl.Series([2, 0, 1]))
    asked = pl.Series([1, 2, 3, -1, None, 2**40])
    assert ordinals.ordinals_of(asked).tolist() == [1, 2, -1, -1, -1, -1]


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="not Float64"):
        Ordinals(pl.Series([1.0]))
    with pytest.raises(TypeError, match="among ids of String"):
        Ordinals(pl.Series(["a"])).ordinals_of(pl.Series([1]))
    with pytest.raises(IndexError, match="ordinal 1 of only 1"):
        Ordinals(pl.Series(["a"])).take([1])
