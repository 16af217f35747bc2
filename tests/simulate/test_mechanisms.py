"""Direct offer, choice and deferred acceptance: each does what it is said to do."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from benchmarks.believable import check, mechanisms
from benchmarks.believable.mechanisms import Market

SEEDS = range(4)


def markets(seed):
    return mechanisms.population(300, 40, seed)


@pytest.mark.parametrize("name", mechanisms.MECHANISMS)
@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_has_two_homes_or_one_they_refuse(name, seed):
    for market in markets(seed):
        tenant = mechanisms.MECHANISMS[name](market)
        home = np.flatnonzero(tenant >= 0)
        assert len(np.unique(tenant[home])) == len(home)
        assert not market.refuses[tenant[home], home].any()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_direct_offer_is_made_once_for_each_home_and_each_household(seed):
    for market in markets(seed):
        for home, tenant in enumerate(mechanisms.direct(market)):
            assert tenant == (-1 if market.refuses[home, home] else home)


@pytest.mark.parametrize("seed", SEEDS)
def test_offered_until_taken_goes_down_the_list_home_after_home(seed):
    for market in markets(seed):
        housed = set()
        for home, tenant in enumerate(mechanisms.direct_until_taken(market)):
            free = (who for who in range(len(market.utility))
                    if who not in housed and not market.refuses[who, home])
            assert tenant == next(free, -1)
            housed.add(tenant)


@pytest.mark.parametrize("seed", SEEDS)
def test_deferred_acceptance_is_that_of_gale_and_shapley(seed):
    for market in markets(seed):
        wishes = [
            [home for home in np.argsort(-likes, kind="stable") if not refused[home]]
            for likes, refused in zip(market.utility, market.refuses, strict=True)
        ]
        tenant = [-1] * market.homes
        asking = list(range(len(wishes)))
        while asking:
            who = asking.pop()
            if not wishes[who]:
                continue
            home = wishes[who].pop(0)
            if tenant[home] < 0 or who < tenant[home]:
                who, tenant[home] = tenant[home], who
            if who >= 0:
                asking.append(who)
        assert mechanisms.acceptance(market).tolist() == tenant


def test_bids_are_the_best_few_and_none_for_what_has_no_chance_or_is_worse_than_staying():
    score = np.array([[0.5, 0.9, 0.0, 0.7, 0.1], [0.0, 0.0, 0.2, 0.0, 0.0]], np.float32)
    assert mechanisms.best(score, 3).tolist() == [
        [True, True, False, True, False], [False, False, True, False, False],
    ]
    assert mechanisms.best(score, 9)[0].tolist() == [True, True, False, True, True]


def test_a_home_goes_to_the_best_ranked_bidder_and_who_may_choose_takes_the_best():
    utility = np.array([[1.0, 2.0], [3.0, 1.0]], np.float32)
    market = Market(utility, np.zeros((2, 2), np.bool_), np.array([0, 1]))
    assert mechanisms.choice(market).tolist() == [1, 0]
    market.refuses[0, 1] = True
    assert mechanisms.choice(market).tolist() == [0, 1]


def test_households_that_know_their_chances_let_more_homes():
    found = mechanisms.study(1500, 150, 3)
    informed, crowding = (np.mean(found[name]["let"]) for name in ("choice", "choice_last_round"))
    assert informed > crowding


def test_measures_of_a_market_done_by_hand():
    utility = np.array([[0.5, 1.0], [2.0, 1.5], [0.1, 0.2], [0.0, -1.0]], np.float32)
    market = Market(utility, np.zeros((4, 2), np.bool_), np.array([0, 1]))
    assert mechanisms.measures([market], [np.array([1, -1])]) == pytest.approx({
        "let": 0.5, "housed": 0.25, "applicants": 0.5, "utility": 2.0, "choice_rank": 1.0,
        "landlords": 0.375, "rank": 2.0,
    })
    assert mechanisms.measures([market], [np.array([1, 0])])["landlords"] == pytest.approx(0.875)


def test_the_population_comes_from_the_seed_alone():
    for first, again, other in zip(markets(1), markets(1), markets(2), strict=True):
        assert (first.utility == again.utility).all()
        assert (first.refuses == again.refuses).all()
        assert first.utility.shape != other.utility.shape or (first.utility != other.utility).any()
    assert sum(market.homes for market in markets(1)) == 40
    assert sum(len(market.utility) for market in markets(1)) == 300


def test_the_less_a_home_is_liked_the_likelier_it_is_refused():
    market = mechanisms.population(2000, 200, 5)[0]
    liked = market.utility > np.median(market.utility)
    assert market.refuses[liked].mean() < market.refuses[~liked].mean() / 2


def test_the_command_says_of_each_sign_whether_it_held(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(check, "RESULTS", tmp_path)
    given = ["mechanisms", "--households", "600", "--homes", "60", "--seeds", "3"]
    monkeypatch.setattr(sys, "argv", given)
    mechanisms.main()
    said = capsys.readouterr().out
    assert said.startswith("600 households, 60 homes, 3 seeds")
    assert said.count("direct < choice: ") == said.count("choice < acceptance: ") == 3
    assert check.kept("mechanisms")["households"] == 600
