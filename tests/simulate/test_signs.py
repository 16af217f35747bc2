"""Small experiments on published findings: each simulates what it is said to."""

from __future__ import annotations

import random

import numpy as np
import pytest

from benchmarks.believable import allotting, pools, priority, sign, theory
from benchmarks.believable.interval import Interval, interval

SMALL = allotting.Homes(periods=160, applicants=10, homes=4, areas=4, leave=0.04)


@pytest.mark.parametrize("at_random", [False, True])
def test_expected_waits_in_a_pool_are_those_of_the_pool_itself(at_random):
    most, p, waits = 4, 0.4, [[] for _ in range(5)]
    luck = random.Random(8)
    for start in range(1, most + 1):
        for _ in range(4000):
            pool, periods = list(range(start)), 0
            mine = start - 1
            while mine in pool:
                periods += 1
                if luck.random() < p:
                    pool.pop(luck.randrange(len(pool)) if at_random else 0)
                    continue
                while len(pool) < most and luck.random() < p:
                    pool.append(most + periods * most + len(pool))
            waits[start].append(periods)
    for start, expected in enumerate(pools.pool_waits(most, p, at_random), start=1):
        assert interval(waits[start], 0.999).holds(expected)


def test_a_pool_takes_as_many_as_find_it_worth_while():
    for at_random in (False, True):
        most = pools.pool_size(11, 0.5, at_random)
        assert pools.pool_waits(most, 0.5, at_random)[-1] <= 11
        assert pools.pool_waits(most + 1, 0.5, at_random)[-1] > 11
    assert pools.pool_size(11, 0.5, at_random=False) == 5


def test_without_patience_everyone_takes_what_is_offered():
    assert pools.pool_size(1, 0.5, at_random=False) == 0
    assert pools.mismatched(1, at_random=False, seed=1) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("finding", "seeds"), [(pools.leshno, 8), (priority.lacey_and_waugh, 3)])
def test_the_sign_comes_out(finding, seeds):
    assert [found.holds for found in finding(seeds)] == [True, True]


def test_what_going_on_is_worth():
    value, outside = np.array([[0.2, 0.6, 1.0]]), np.array([0.1])
    assert allotting.worth_of_going_on(value, outside, 0.0) == pytest.approx([0.1])
    worth = allotting.worth_of_going_on(value, outside, 0.6)
    assert worth == pytest.approx(0.6 * np.maximum(value, worth).mean() + 0.4 * 0.1)
    assert allotting.worth_of_going_on(value, outside, 1 - 1e-3)[0] > 0.9


@pytest.mark.parametrize("way", allotting.WAYS)
def test_homes_go_to_those_who_rather_have_them(way):
    figures, offer = allotting.allotted(SMALL, way, 0.6, seed=1)
    again, _ = allotting.allotted(SMALL, way, 0.6, seed=1)
    assert figures == again
    assert 0.5 < figures["match"] <= 1
    assert figures["gain"] == pytest.approx(figures["match"] - figures["outside"])
    assert 0 < figures["needy housed"] < 1
    assert 0 < offer <= 1


def test_free_refusal_matches_better_and_a_list_that_drops_targets_better():
    found, offer = allotting.four_ways(4, SMALL)
    assert interval(found["free"]["match"] - found["dropping"]["match"]).sign == 1
    assert interval(found["dropping"]["outside"] - found["free"]["outside"]).sign == -1
    assert offer["lotteries"] == pytest.approx(offer["dropping"], abs=0.05)


def test_nobodys_wait_changes_for_a_group_of_nobody_and_waits_are_those_of_the_fluid_limit():
    waits = [priority.others_wait(0, seed, weeks=800, skip=300) for seed in range(4)]
    assert np.mean(waits) == pytest.approx(theory.wait_with_drop_out(20, 8, 0.01), rel=0.05)


def test_an_answer_is_not_known_where_the_interval_holds_the_bound():
    assert sign.below(Interval(1, 0.5, 1.5), 2) is True
    assert sign.above(Interval(1, 0.5, 1.5), 2) is False
    assert sign.below(Interval(1, 0.5, 1.5), 1.2) is None
    assert sign.all_of(True, None, False) is False
    assert sign.all_of(True, None) is None
    assert sign.all_of(True, True) is True
    assert allotting.alike({"a": Interval(0, -0.005, 0.005)}) is True
    assert allotting.alike({"a": Interval(0, -0.02, 0.005)}) is None
    assert allotting.alike({"a": Interval(-0.03, -0.04, -0.02)}) is False


def test_a_sign_says_itself():
    found = {"gap": Interval(0.1, 0.05, 0.15)}
    said = sign.Sign("Less is more", "somebody", found, None, "Because.").text()
    assert said == (
        "Less is more (somebody): not told by so many seeds\n    gap: 0.1 (0.05 to 0.15)\n    Because."
    )
