"""No withheld count can be worked out, and no more are withheld than need be."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from cbl_engine.disclosure import LIMIT, month, with_totals, withheld


def _small(table):
    return (table > 0) & (table < LIMIT)


LINES = st.lists(st.integers(0, 20), min_size=1, max_size=8).map(np.array)
TABLES = st.tuples(st.integers(1, 4), st.integers(1, 5)).flatmap(
    lambda shape: st.lists(
        st.lists(st.sampled_from([0, 0, 1, 3, 4, 5, 6, 9, 30]), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0], max_size=shape[0],
    ).map(np.array)
)


def equations(shape):
    """A row of coefficients for each total: its line's counts less the total itself."""
    places = np.arange(np.prod(shape)).reshape(shape)
    out = []
    for axis in range(len(shape)):
        for line in np.moveaxis(places, axis, -1).reshape(-1, shape[axis]):
            row = np.zeros(places.size)
            row[line[:-1]], row[line[-1]] = 1, -1
            out.append(row)
    return np.array(out)


def ranges(table, hidden):
    """What each withheld count may be, for a reader who knows the others: least and most."""
    flat, mask = table.ravel(), hidden.ravel()
    coefficients = equations(table.shape)
    bounds = [(1, None) if h else (v, v) for v, h in zip(flat, mask, strict=True)]
    for place in np.flatnonzero(mask):
        goal = np.zeros(flat.size)
        goal[place] = 1
        found = [
            linprog(sign * goal, A_eq=coefficients, b_eq=np.zeros(len(coefficients)), bounds=bounds)
            for sign in (1, -1)
        ]
        yield found[0].fun, np.inf if found[1].status == 3 else -found[1].fun


@settings(max_examples=60, deadline=None)
@given(LINES | TABLES)
def test_no_withheld_count_can_be_worked_out(counts):
    table = with_totals(counts)
    hidden = withheld(table)
    assert hidden[_small(table)].all()
    assert not hidden[table == 0].any()
    for least, most in ranges(table, hidden):
        assert most - least > 0.5


@settings(max_examples=200, deadline=None)
@given(LINES | TABLES)
def test_a_total_that_is_shown_hides_small_counts_among_enough(counts):
    table = with_totals(counts)
    hidden = withheld(table)
    for axis in range(table.ndim):
        for line, mask in zip(
            np.moveaxis(table, axis, -1).reshape(-1, table.shape[axis]),
            np.moveaxis(hidden, axis, -1).reshape(-1, table.shape[axis]),
            strict=True,
        ):
            if mask[:-1].any() and not mask[-1]:
                assert mask[:-1].sum() > 1
                assert line[:-1][mask[:-1]].sum() > LIMIT


@settings(max_examples=200, deadline=None)
@given(LINES | TABLES, st.data())
def test_what_is_withheld_tells_nothing_of_the_small_counts(counts, data):
    """Other counts under the limit, and totals on the same side of it: the same is withheld."""
    other = counts.copy()
    for place in np.flatnonzero(_small(counts.ravel())):
        other.flat[place] = data.draw(st.integers(1, LIMIT - 1))
    one, two = with_totals(counts), with_totals(other)
    if (_small(one) == _small(two)).all():
        assert (withheld(one) == withheld(two)).all()


@settings(max_examples=200, deadline=None)
@given(LINES | TABLES)
def test_every_further_count_is_needed(counts):
    """Taking back all that was added for one small count alone would give it away."""
    table = with_totals(counts)
    hidden, primary = withheld(table), _small(table)
    assert not (hidden & ~primary).any() or any(
        most - least < 0.5 for least, most in ranges(table, primary)
    ) or _thin(table, primary)


def _thin(table, primary):
    """Some line shows its total and hides its small counts among fewer than the limit."""
    return any(
        mask[:-1].any() and not mask[-1]
        for axis in range(table.ndim)
        for mask in np.moveaxis(primary, axis, -1).reshape(-1, table.shape[axis])
    )


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ([9, 8, 7], [0, 0, 0, 0]),
        ([9, 2, 7], [1, 1, 0, 0]),  # the nearest, and of two the first, not the smaller
        ([9, 2, 1, 7], [1, 1, 1, 0, 0]),  # the two together are 3: still under the limit
        ([0, 30], [0, 0, 0]),  # nought points at nobody
        ([2, 0, 30], [1, 0, 1, 0]),
        ([1, 2], [1, 1, 1]),
        ([0], [0, 0]),
        ([3], [1, 1]),
        ([6], [0, 0]),
    ],
)
def test_a_line(counts, wanted):
    assert withheld(with_totals(np.array(counts))).astype(int).tolist() == wanted


def test_a_table_hides_a_small_count_in_a_square():
    counts = np.array([[1, 20, 30], [20, 20, 20], [20, 20, 20]])
    hidden = withheld(with_totals(counts))
    assert hidden.sum() == 4
    assert hidden[:2, :2].all()


def test_a_table_of_many_rows_is_quick_enough_to_publish():
    counts = np.random.default_rng(1).integers(0, 40, (40, 6))
    table = with_totals(counts)
    hidden = withheld(table)
    assert hidden[_small(table)].all()
    assert hidden.mean() < 0.5


def test_a_table_without_rows_has_nothing_to_withhold():
    assert withheld(np.array([0])).tolist() == [False]


def test_dates_are_given_by_month():
    assert month(dt.date(2026, 2, 27)) == "February 2026"
