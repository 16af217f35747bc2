"""Differences between paired worlds."""

from __future__ import annotations

import numpy as np
import pytest

from cbl_engine.compare.pairs import fewest_to_tell, mean_interval, paired_difference, worlds_needed


def test_the_interval_of_five_differences_is_students_as_tabled():
    # Differences 1..5: mean 3, deviation 1.5811, t(4) = 2.7764: half width 1.9632.
    found = paired_difference([0, 0, 0, 0, 0], [1, 2, 3, 4, 5])
    assert found.mean == 3
    assert (found.low, found.high) == pytest.approx((1.0368, 4.9632), abs=1e-4)


def test_what_a_world_does_not_reach_has_no_difference():
    with pytest.raises(ValueError, match="infinite"):
        paired_difference([1, 2, np.inf, 4], [1, 2, 3, 4])


def test_worlds_without_a_value_on_a_side_are_left_out_and_counted():
    found = paired_difference([1, np.nan, 1, 1], [2, 2, np.nan, 3])
    assert found is None
    found = paired_difference([1, np.nan, 1, 1, 1], [2, 2, 2, 3, 4])
    assert (found.worlds, found.left_out) == (4, 1)


def test_intervals_of_a_share_end_where_a_difference_of_shares_does():
    base, variant = [1, 1, 0, 1, 1, 1, 1], [0, 0, 1, 0, 0, 0, 0]
    wide, share = (paired_difference(base, variant, most=most) for most in (None, 1.0))
    assert wide.low < -1 < wide.high < 0
    assert (share.mean, share.low, share.high) == (wide.mean, -1, wide.high)
    assert (share.all_low, share.all_high, share.told) == (-1, wide.all_high, True)


def test_sides_of_different_length_are_refused():
    with pytest.raises(ValueError, match="3 worlds on one side and 2"):
        paired_difference([1, 2, 3], [1, 2])


def test_what_pairing_saved_is_all_of_it_when_every_world_differs_alike():
    found = paired_difference([1, 5, 9, 2], [2, 6, 10, 3])
    assert found.saved == 1
    assert (found.low, found.high, found.bca_low) == (1, 1, None)


def test_worlds_that_all_differ_alike_tell_something_only_where_they_are_many():
    few, many = (paired_difference(np.zeros(n), np.ones(n), comparisons=100) for n in (3, 13))
    assert (few.told, many.told) == (False, True)


def test_nothing_is_told_by_few_worlds_however_nearly_alike_they_differ():
    gaps = np.array([-0.2565, -0.2466, -0.2530])
    assert not paired_difference(np.zeros(3), gaps).told
    assert (fewest_to_tell(1), fewest_to_tell(100), fewest_to_tell(1500)) == (6, 12, 16)
    for n, told in ((11, False), (12, True)):
        assert paired_difference(np.zeros(n), np.resize(gaps, n), comparisons=100).told == told


def test_the_interval_for_all_together_is_never_narrower_than_that_of_one():
    base, variant = np.zeros(8), np.array([-1.0, 2, -3, 1, -2, 0, -1, 2])
    for comparisons in (1, 20, 10_000):
        found = paired_difference(base, variant, comparisons=comparisons)
        assert found.all_low <= found.low <= found.mean <= found.high <= found.all_high
    few = paired_difference(np.zeros(4), np.array([1.0, 1.01, 0.99, 1]), comparisons=100)
    assert few.all_low <= 0 < few.low < few.high <= few.all_high


def test_several_comparisons_widen_the_interval_for_all_of_them_alone():
    rng = np.random.default_rng(3)
    base, variant = rng.normal(size=40), rng.normal(0.5, size=40)
    one, many = (paired_difference(base, variant, comparisons=n) for n in (1, 20))
    assert (one.low, one.high) == (many.low, many.high) == (one.all_low, one.all_high)
    assert many.all_low < one.all_low < one.all_high < many.all_high


@pytest.mark.parametrize("skewed", [False, True])
def test_intervals_hold_the_truth_as_often_as_they_say(skewed):
    """Coverage over 240 repetitions: within 3 standard errors of 95 % for normal differences."""
    rng = np.random.default_rng(11)
    hits = np.zeros(2)
    times = 240
    for turn in range(times):
        base = rng.normal(100, 30, 30)
        gaps = rng.exponential(2.0, 30) if skewed else rng.normal(2.0, 1.5, 30)
        found = paired_difference(base, base + gaps, seed=turn)
        hits += found.low <= 2.0 <= found.high, found.bca_low <= 2.0 <= found.bca_high
    share = hits / times
    least = 0.90 if skewed else 0.95 - 3 * (0.95 * 0.05 / times) ** 0.5
    assert share[0] >= least
    assert share[1] >= least - 0.02


def test_worlds_needed_go_with_the_square_of_the_width():
    found = paired_difference([0, 0, 0, 0, 0], [1, 2, 3, 4, 5])
    assert worlds_needed(found, found.half_width) == 5
    assert worlds_needed(found, found.half_width / 2) == 20
    with pytest.raises(ValueError, match="above 0"):
        worlds_needed(found, 0)


def test_the_mean_over_worlds_needs_two():
    assert mean_interval([3.0, np.nan]) is None
    assert mean_interval([1.0, 3.0])[0] == 2


def test_what_rounding_alone_parts_is_no_difference_and_is_not_told():
    base = np.linspace(30, 50, 20)
    found = paired_difference(base, np.nextafter(base, 0))
    assert (found.mean, found.low, found.high, found.bca_low, found.told) == (0, 0, 0, None, False)
    assert paired_difference(base, base + 1e-6).told
