"""Rounds over whole lists against one offer after the other, and against another package."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbl_engine.offers import rounds
from cbl_engine.offers.rounds import Lists, offer_rounds
from cbl_engine.scheme.offers import ByWhom, Choosing

BY_RANK = ["household", "homes"]
BY_TURN = ["council", "advert"]


class Market:
    """Plain lists: candidates of each home best first, homes of each household best first."""

    def __init__(self, candidates, wishes, capacity, order):
        self.candidates, self.wishes, self.capacity, self.order = candidates, wishes, capacity, order

    def settle(self, by_whom):
        """Pairs of home and household, by :func:`offer_rounds`."""
        flat = [(home, who) for home, found in enumerate(self.candidates) for who in found]
        lists = Lists(
            np.cumsum([0, *map(len, self.candidates)], dtype=np.int64),
            np.array([who for _, who in flat], dtype=np.int32),
        )
        rank = np.array([self.wishes[who].index(home) * 3 + 1 for home, who in flat], np.int32)
        entries = offer_rounds(
            lists, np.array(self.capacity, np.int32), rank, by_whom, np.array(self.order, np.int64)
        )
        assert np.array_equal(entries, np.unique(entries))
        assert lists.homes(entries).tolist() == [flat[entry][0] for entry in entries]
        return {flat[entry] for entry in entries}


def homes_offer(market):
    """One home after the other, down its list."""
    holds, asked = {}, [0] * len(market.candidates)
    waiting = [h for h, places in enumerate(market.capacity) for _ in range(places)]
    while waiting:
        home = waiting.pop(0)
        if asked[home] == len(market.candidates[home]):
            continue
        who = market.candidates[home][asked[home]]
        asked[home] += 1
        wishes = market.wishes[who]
        if who not in holds:
            holds[who] = home
        elif wishes.index(home) < wishes.index(holds[who]):
            waiting.append(holds[who])
            holds[who] = home
        else:
            waiting.append(home)
    return {(home, who) for who, home in holds.items()}


def households_ask(market):
    """One household after the other, down its own order."""
    kept, asked = [[] for _ in market.candidates], [0] * len(market.wishes)
    waiting = list(range(len(market.wishes)))
    while waiting:
        who = waiting.pop(0)
        if asked[who] == len(market.wishes[who]):
            continue
        home = market.wishes[who][asked[who]]
        asked[who] += 1
        kept[home] = sorted([*kept[home], who], key=market.candidates[home].index)
        waiting += kept[home][market.capacity[home]:]
        kept[home] = kept[home][:market.capacity[home]]
    return {(home, who) for home, found in enumerate(kept) for who in found}


def home_after_home(market):
    pairs, taken = set(), set()
    for home in market.order:
        free = [who for who in market.candidates[home] if who not in taken]
        taken.update(free[: market.capacity[home]])
        pairs.update((home, who) for who in free[: market.capacity[home]])
    return pairs


ONE_BY_ONE = {
    "household": households_ask, "homes": homes_offer,
    "council": home_after_home, "advert": home_after_home,
}


@st.composite
def markets(draw, least=0):
    n_homes, n_households = draw(st.integers(least, 7)), draw(st.integers(1, 9))
    wishes = [draw(st.permutations(range(n_homes))) for _ in range(n_households)]
    wishes = [found[: draw(st.integers(least, n_homes))] for found in wishes]
    candidates = [
        draw(st.permutations([who for who, found in enumerate(wishes) if home in found]))
        for home in range(n_homes)
    ]
    capacity = [draw(st.integers(least, 3)) for _ in range(n_homes)]
    return Market(candidates, wishes, capacity, draw(st.permutations(range(n_homes))))


def drawn(seed, n_homes, n_households, bids, most=1):
    """A larger market; each household bids for as many homes as ``bids``."""
    rng = np.random.default_rng(seed)
    wishes = [rng.permutation(n_homes)[:bids].tolist() for _ in range(n_households)]
    candidates = [[] for _ in range(n_homes)]
    for who in rng.permutation(n_households).tolist():
        for home in wishes[who]:
            candidates[home].insert(int(rng.integers(0, len(candidates[home]) + 1)), who)
    capacity = rng.integers(1, most + 1, n_homes).tolist()
    return Market(candidates, wishes, capacity, rng.permutation(n_homes).tolist())


def blocking(market, pairs):
    """Pairs who would both rather have each other than what they were given."""
    homes = dict(map(reversed, pairs))
    given = [[who for h, who in pairs if h == home] for home in range(len(market.candidates))]
    found = []
    for home, candidates in enumerate(market.candidates):
        places = [candidates.index(who) for who in given[home]]
        for place, who in enumerate(candidates):
            wishes = market.wishes[who]
            rather = who not in homes or wishes.index(home) < wishes.index(homes[who])
            room = len(places) < market.capacity[home] or any(p > place for p in places)
            if rather and room:
                found.append((home, who))
    return found


@pytest.mark.parametrize("by_whom", ONE_BY_ONE)
@given(market=markets())
def test_rounds_equal_one_after_the_other(market, by_whom):
    assert market.settle(by_whom) == ONE_BY_ONE[by_whom](market)


@pytest.mark.parametrize("by_whom", ONE_BY_ONE)
@pytest.mark.parametrize(
    ("n_homes", "n_households", "bids", "most"), [(60, 60, 30, 1), (40, 200, 10, 3), (30, 40, 20, 4)]
)
def test_rounds_equal_one_after_the_other_in_larger_markets(
    by_whom, n_homes, n_households, bids, most
):
    for seed in range(3):
        market = drawn(seed, n_homes, n_households, bids, most)
        assert market.settle(by_whom) == ONE_BY_ONE[by_whom](market)


@pytest.mark.parametrize("look", [1, 7, 1000])
def test_how_far_a_home_looks_ahead_changes_nothing(monkeypatch, look):
    market = drawn(5, 60, 60, 30)
    monkeypatch.setattr(rounds, "LOOK", look)
    assert all(market.settle(by) == one(market) for by, one in ONE_BY_ONE.items())


@pytest.mark.parametrize("by_whom", BY_RANK)
@given(market=markets())
def test_nobody_misses_a_home_that_goes_to_somebody_placed_below(market, by_whom):
    assert blocking(market, market.settle(by_whom)) == []


@given(market=markets())
def test_households_asking_is_as_good_for_each_household_and_houses_the_same_ones(market):
    by_household = {who: home for home, who in market.settle("household")}
    by_homes = {who: home for home, who in market.settle("homes")}
    assert by_household.keys() == by_homes.keys()
    for who, home in by_household.items():
        assert market.wishes[who].index(home) <= market.wishes[who].index(by_homes[who])


@given(market=markets())
def test_each_home_in_its_turn_takes_the_first_still_free(market):
    pairs = market.settle("advert")
    turn = {home: at for at, home in enumerate(market.order)}
    homes = dict(map(reversed, pairs))
    for home, who in pairs:
        above = market.candidates[home][: market.candidates[home].index(who)]
        assert all(turn[homes[rival]] <= turn[home] for rival in above)


@pytest.mark.parametrize(("by_whom", "side"), [("household", "resident"), ("homes", "hospital")])
@settings(max_examples=60)
@given(market=markets(least=1))
def test_both_sides_agree_with_the_package_matching(market, by_whom, side):
    assert market.settle(by_whom) == by_matching(market, side)


@pytest.mark.parametrize(("by_whom", "side"), [("household", "resident"), ("homes", "hospital")])
@pytest.mark.parametrize("seed", range(4))
def test_both_sides_agree_with_the_package_matching_among_fifty(by_whom, side, seed):
    market = drawn(seed, 15, 35, 6, most=3)
    assert market.settle(by_whom) == by_matching(market, side)


def by_matching(market, side):
    from matching.games import HospitalResident

    game = HospitalResident.create_from_dictionaries(
        {who: wishes for who, wishes in enumerate(market.wishes) if wishes},
        {home: found for home, found in enumerate(market.candidates) if found},
        {home: market.capacity[home] for home, found in enumerate(market.candidates) if found},
    )
    found = game.solve(optimal=side)
    return {(home.name, who.name) for home, given in found.items() for who in given}


def test_whose_order_decides_shows_where_places_and_wishes_cross():
    market = Market([[0, 1], [1, 0]], [[1, 0], [0, 1]], [1, 1], [1, 0])
    assert market.settle("household") == {(0, 1), (1, 0)}
    assert market.settle("homes") == {(0, 0), (1, 1)}
    market.candidates[0] = [1, 0]
    assert market.settle("advert") == {(1, 1), (0, 0)}
    market.order = [0, 1]
    assert market.settle("council") == {(0, 1), (1, 0)}


@pytest.mark.parametrize("by_whom", ONE_BY_ONE)
@given(market=markets(), seed=st.integers(0, 99))
def test_the_order_in_which_homes_and_households_come_means_nothing(market, by_whom, seed):
    rng = np.random.default_rng(seed)
    home = rng.permutation(len(market.candidates)).tolist()
    who = rng.permutation(len(market.wishes)).tolist()
    other = Market(
        [[who[w] for w in market.candidates[h]] for h in np.argsort(home)],
        [[home[h] for h in market.wishes[w]] for w in np.argsort(who)],
        [market.capacity[h] for h in np.argsort(home)],
        [home[h] for h in market.order],
    )
    assert other.settle(by_whom) == {(home[h], who[w]) for h, w in market.settle(by_whom)}


@pytest.mark.parametrize("by_whom", ONE_BY_ONE)
def test_worlds_side_by_side_come_out_as_each_alone(by_whom):
    first, second = drawn(1, 20, 40, 6, most=2), drawn(2, 30, 30, 10)
    both = Market(
        first.candidates + [[who + 40 for who in found] for found in second.candidates],
        first.wishes + [[home + 20 for home in found] for found in second.wishes],
        first.capacity + second.capacity,
        first.order + [home + 20 for home in second.order],
    )
    alone = first.settle(by_whom) | {(h + 20, w + 40) for h, w in second.settle(by_whom)}
    assert both.settle(by_whom) == alone


@pytest.mark.parametrize("by_whom", ONE_BY_ONE)
def test_no_homes_no_candidates_and_nothing_to_let_settle_nothing(by_whom):
    assert Market([], [], [], []).settle(by_whom) == set()
    assert Market([[], []], [[]], [1, 2], [0, 1]).settle(by_whom) == set()
    assert Market([[0, 1]], [[0], [0]], [0], [0]).settle(by_whom) == set()


@pytest.mark.parametrize("by_whom", BY_RANK)
def test_of_homes_ranked_alike_the_earlier_counts_as_the_better(by_whom):
    lists = Lists(np.array([0, 1, 2]), np.array([0, 0], np.int32))
    alike = np.ones(2, np.int32)
    assert offer_rounds(lists, alike, alike, by_whom).tolist() == [0]


@pytest.mark.parametrize(("by_whom", "what"), [("household", "rank"), ("homes", "rank"),
                                               ("council", "order"), ("advert", "order")])
def test_what_decides_must_be_given(by_whom, what):
    lists = Lists(np.array([0, 1]), np.array([0], np.int32))
    with pytest.raises(ValueError, match=f"by {by_whom}: needs {what}"):
        offer_rounds(lists, np.ones(1, np.int32), None, by_whom)


def test_every_way_a_scheme_can_choose_is_settled():
    assert set(get_args(ByWhom)) == set(ONE_BY_ONE)
    assert Choosing().by_whom in ONE_BY_ONE
