"""Estimates: by hand where that can be done, and intervals that hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from cbl_engine.compare.calibrate import estimates
from cbl_engine.simulate.parameters import days_table
from tests.compare.recovery import quantile

SEEDS = 200
WORKS = {0: 21, 50: 56, 90: 120, 100: 240}


def about(held, level=0.95, slack=0.05):
    """Whether a share of seeds is about the level, or somewhat above as exact intervals are."""
    return level - slack <= np.mean(held)


def inside(estimate, truth):
    return estimate.low <= truth <= estimate.high


def test_a_rate_and_its_exact_interval():
    # Garwood's table: 10 events, 4.795 to 18.39.
    found = estimates.rate(10, 2.0)
    assert (found.value, found.low, found.high) == pytest.approx((5.0, 2.3977, 9.1952), abs=1e-3)
    none = estimates.rate(0, 1.0)
    assert (none.value, none.low, none.high) == pytest.approx((0.0, 0.0, 3.6889), abs=1e-3)


def test_a_share_and_its_exact_interval():
    # Clopper and Pearson for 3 of 10.
    found = estimates.share(3, 10)
    assert (found.value, found.low, found.high) == pytest.approx((0.3, 0.0667, 0.6525), abs=1e-3)


def test_shares_are_of_the_whole():
    found = estimates.shares({"a": 30, "b": 70})
    assert found["a"].value == 0.3
    assert found["b"] == estimates.share(70, 100)


def test_clusters_widen_the_interval_of_a_share():
    # Households whose bids are all placed by an officer, or none.
    whole = np.full(100, 20)
    part = np.where(np.arange(100) < 30, 20, 0)
    clustered, alone = estimates.share_in_clusters(part, whole), estimates.share(600, 2000)
    assert clustered.value == alone.value == 0.3
    assert clustered.high - clustered.low > 3 * (alone.high - alone.low)
    assert estimates.share_in_clusters(np.zeros(100), whole) == estimates.share(0, 100)


def test_days_by_hand():
    # One over after 2 and one after 4 days, one open after 3, one over after 5.
    found = estimates.days(np.array([2, 4, 3, 5]), np.array([False, False, True, False]))
    # Over by 2: 1/4; by 4: 1 - 3/4 * 1/2 = 5/8; by 5 all.
    assert found.percentiles == {
        0: 2, 25: 2, 30: 4, 60: 4, 65: 5, 100: 5,
    }
    assert (found.rows, found.open, found.reached) == (4, 1, 1.0)
    assert set(found.intervals) == set(estimates.TOLD)


def test_what_was_not_reached_is_left_out():
    found = estimates.days(np.array([1, 2, 3, 9, 9]), np.array([False, False, False, True, True]))
    assert found.reached == pytest.approx(0.6)
    assert max(p for p in found.percentiles if p < 100) == 60
    assert found.percentiles[100] == 9
    assert 75 not in found.intervals


def test_nothing_is_made_of_days_most_of_which_are_open():
    assert estimates.days(np.array([1, 9, 9]), np.array([False, True, True])) is None
    assert estimates.days(np.array([9]), np.array([True])) is None


def test_needless_points_leave_the_same_table():
    lasted = days_table({0: 0, 50: 10, 100: 40})
    found = estimates.days(lasted, np.zeros(len(lasted), bool))
    assert np.abs(days_table(found.percentiles) - np.sort(lasted)).max() <= 2


@pytest.fixture(scope="module")
def watched():
    """Works that began over 240 days and are looked at on the last: whole, and with open ones dropped."""
    found = {"censored": [], "dropped": []}
    table = days_table(WORKS)
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        took = table[rng.integers(0, 4096, 300)]
        seen = rng.integers(1, 241, 300)
        still_open = took > seen
        lasted = np.minimum(took, seen)
        found["censored"].append(estimates.days(lasted, still_open))
        found["dropped"].append(estimates.days(lasted[~still_open], still_open[~still_open]))
    return found


def holds(fits, percent):
    truth = quantile(WORKS, percent)
    return [low <= truth <= high for fit in fits for low, high in [fit.intervals[percent]]]


@pytest.mark.parametrize("percent", estimates.TOLD)
def test_percentiles_hold_the_truth_where_open_works_are_censored(watched, percent):
    assert about(holds(watched["censored"], percent))


def test_dropping_open_works_is_biased(watched):
    truth = quantile(WORKS, 90)
    assert np.mean(holds(watched["dropped"], 90)) < 0.3
    assert np.mean(holds(watched["dropped"], 50)) < 0.75
    medians = [np.median([fit.intervals[90][0] for fit in watched[way]]) for way in watched]
    assert medians[1] < medians[0] <= truth
    high = np.mean([fit.intervals[90][1] for fit in watched["dropped"]])
    assert high < truth * 1.02


@pytest.mark.parametrize("events", [5, 40])
def test_a_rate_holds_the_truth(events):
    counts = np.random.default_rng(events).poisson(events, SEEDS)
    assert about([inside(estimates.rate(int(n), 10.0), events / 10) for n in counts])


@pytest.mark.parametrize("share", [0.03, 0.4])
def test_a_share_holds_the_truth(share):
    counts = np.random.default_rng(1).binomial(200, share, SEEDS)
    assert about([inside(estimates.share(int(n), 200), share) for n in counts])


def test_a_share_in_clusters_holds_the_truth_and_that_of_rows_alone_does_not():
    clustered, alone = [], []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        whole = rng.integers(1, 40, 300)
        part = rng.binomial(whole, rng.beta(0.3, 1.2, 300))
        clustered.append(inside(estimates.share_in_clusters(part, whole), 0.2))
        alone.append(inside(estimates.share(int(part.sum()), int(whole.sum())), 0.2))
    assert about(clustered)
    assert np.mean(alone) < 0.6


def made_bidders(seed, households=1500):
    rng = np.random.default_rng(seed)
    chance = np.array([0.0, 0.1, 0.75])[rng.choice(3, households, p=[0.5, 0.35, 0.15])]
    weeks = rng.integers(1, 60, households)
    return weeks, rng.binomial(weeks, chance)


def test_three_kinds_of_bidders_hold_the_truth():
    truth = {"never": 0.5, "seldom": 0.35, "often": 0.15, "seldom_per_week": 0.1,
             "often_per_week": 0.75}
    held = {name: [] for name in truth}
    for seed in range(40):
        found = estimates.bidders(*made_bidders(seed))
        for name, value in truth.items():
            held[name].append(inside(getattr(found, name), value))
    # 200 intervals in all, 40 of each.
    assert about([one for each in held.values() for one in each], slack=0.04)
    assert all(about(each, slack=0.11) for each in held.values())


def test_bidders_do_not_depend_on_the_order_of_rows():
    weeks, bid = made_bidders(1)
    assert estimates.bidders(weeks, bid) == estimates.bidders(weeks[::-1], bid[::-1])


def test_kinds_that_are_not_there_are_not_told_apart():
    weeks = np.full(400, 20)
    bid = np.random.default_rng(1).binomial(weeks, 0.5)
    assert estimates.bidders(weeks, bid) is None
    assert estimates.bidders(weeks, np.zeros(400, int)) is None
