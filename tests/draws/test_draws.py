"""Keyed draws: published vectors, and no dependence on the order or the company of the calls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbl_engine.draws import draw, stable_hash, uniform

keys = st.integers(-(2**70), 2**70)


def splitmix_round(z):
    """splitmix64's finaliser in plain Python, from the paper."""
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def plain_draw(seed, *words):
    state = seed % 2**64
    for word in words:
        state = splitmix_round(state ^ splitmix_round((word + 0x9E3779B97F4A7C15) % 2**64))
    return state


# Published: these never change.
VECTORS = [
    ((0,), [0x0]),
    ((0, 0), [0x48218226FF3CD4BF]),
    ((0, 1, 2, 3), [0x558194CB6FE3BC54]),
    ((1, 2), [0xF2826F98653E9E57]),
    ((7, [0, 1, 2]), [0x0349E02B958F63AF, 0xB3F2E391EE2AB8A6, 0x2D6216D6EA9E69F0]),
    ((-1, 5), [0xF4481BFA3EC1A819]),
    ((2**64 + 7, 1), [0xB3F2E391EE2AB8A6]),
    ((3, -1, 2**63), [0x07B4CCB4901DD0E5]),
]


@pytest.mark.parametrize(("arguments", "expected"), VECTORS)
def test_published_vectors(arguments, expected):
    drawn = draw(*arguments)
    assert drawn.dtype == np.uint64
    assert drawn.tolist() == expected


def test_published_hashes():
    hashes = stable_hash(["ADV000001", "P0000120", "", "é", 120])
    assert hashes.dtype == np.uint64
    assert hashes.tolist() == [
        0x27AEA17D08A86583,
        0xDE02D38157E0E620,
        0xE4A6A0577479B2B4,
        0xCB1ABF8BEFF3192F,
        0xBD7C3921A5829C5F,
    ]


def test_published_uniforms():
    assert uniform(7, [0, 1, 2]).tolist() == [
        0.012846003189733946,
        0.7029249411845438,
        0.17727797266945233,
    ]


@given(keys, st.lists(keys, max_size=4))
def test_agrees_with_the_paper(seed, words):
    assert draw(seed, *words).tolist() == [plain_draw(seed, *words)]


@given(keys, st.lists(keys, min_size=1, max_size=20), st.randoms())
def test_an_array_draws_what_its_elements_draw_in_any_order(seed, words, random):
    together = draw(seed, 9, words).tolist()
    assert together == [draw(seed, 9, word).item() for word in words]
    order = list(range(len(words)))
    random.shuffle(order)
    assert draw(seed, 9, [words[i] for i in order]).tolist() == [together[i] for i in order]


def test_keys_broadcast_together():
    table = draw(5, [[1], [2]], [10, 20, 30])
    assert table.shape == (2, 3)
    assert table[1, 2] == draw(5, 2, 30).item()


@pytest.mark.parametrize("shapes", [[(1, 1, 1), (2, 1), (3,)], [(1, 1), (4,)], [(), (1, 1), (2,)],
                                    [(2, 1), (1, 1), (1,)], [(1,), (), (3, 1)]])
def test_keys_broadcast_whichever_has_most_dimensions(shapes):
    keys = [np.arange(np.prod(shape, dtype=int)).reshape(shape) for shape in shapes]
    drawn = draw(9, *keys)
    each = np.broadcast_arrays(*keys)
    assert drawn.shape == each[0].shape
    assert drawn.ravel().tolist() == [plain_draw(9, *map(int, k)) for k in
                                      zip(*(e.ravel() for e in each), strict=True)]


def test_the_order_of_the_keys_counts():
    assert draw(0, 1, 2) != draw(0, 2, 1)


@pytest.mark.parametrize("start", [0, 2**32, -50_000])
def test_the_last_key_never_draws_the_same_twice(start):
    drawn = draw(11, 4, np.arange(start, start + 100_000))
    assert len(np.unique(drawn)) == 100_000


def test_uniforms_lie_from_zero_to_one_and_are_even():
    numbers = uniform(3, np.arange(100_000))
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.histogram(numbers, bins=100, range=(0, 1))[0]
    # Chi-squared with 99 degrees of freedom: beyond 149 once in a thousand seeds.
    assert ((counts - 1000) ** 2 / 1000).sum() < 149


def test_the_largest_draw_is_still_below_one():
    assert (2**64 - 1 >> 11) * (1.0 / (1 << 53)) < 1


@pytest.mark.parametrize("integer", [np.int64(-1), np.int8(-1), np.uint64(2**64 - 1), -1])
def test_an_integer_of_any_type_is_the_same_key_and_the_same_seed(integer):
    assert draw(1, integer) == draw(1, 2**64 - 1)
    assert draw(integer, 1) == draw(2**64 - 1, 1)


def test_negative_and_very_large_keys_in_one_list_are_exact():
    assert draw(1, [-1, 2**63 + 1]).tolist() == [draw(1, -1).item(), draw(1, 2**63 + 1).item()]


@pytest.mark.parametrize("key", [1.5, "1", None, [1, 2.0], np.array([0.5])])
def test_a_key_that_is_no_whole_number_is_refused(key):
    with pytest.raises(TypeError):
        draw(1, key)


def test_no_keys_at_all_and_none_to_draw_for():
    assert draw(6, []).shape == (0,)
    assert stable_hash([]).shape == (0,)


def test_a_number_hashes_as_its_decimal_text():
    assert stable_hash([120]) == stable_hash(["120"])
