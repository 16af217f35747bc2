"""The closed forms against the very queue, simulated one household at a time."""

from __future__ import annotations

import heapq
from bisect import insort
from functools import cache

import numpy as np
import pytest

from benchmarks.believable import theory
from benchmarks.believable.interval import interval

ARRIVALS = (1.0, 1.5, 2.0)
HOMES = 6.0
SURE = 0.999


@cache
def weekly(arrivals, homes, worlds=40, cycles=800, skip=100, seed=1):
    """A close a cycle: by world, waits by band, shares of numbers left, mean waiting by band."""
    rng = np.random.default_rng(seed)
    waits, left, waiting = [], [], []
    for _ in range(worlds):
        register, waited, after, during = [], [[] for _ in arrivals], [], []
        for cycle in range(cycles):
            came = [
                (band, float(cycle + at))
                for band, rate in enumerate(arrivals)
                for at in rng.random(rng.poisson(rate))
            ]
            during.append(on_list(register, len(arrivals)))
            for band, at in came:
                during[-1][band] += cycle + 1 - at
            for household in came:
                insort(register, household)
            for _ in range(min(rng.poisson(homes), len(register))):
                band, at = register.pop(0)
                if at >= skip:
                    waited[band].append(cycle + 1 - at)
            after.append(len(register))
        waits.append([np.mean(band) for band in waited])
        left.append(np.bincount(after[skip:], minlength=200)[:200] / (cycles - skip))
        waiting.append(np.mean(during[skip:], axis=0))
    return np.array(waits), np.array(left), np.array(waiting)


def on_list(register, bands):
    return [float(sum(band == of for of, _ in register)) for band in range(bands)]


def one_by_one(arrivals, homes, seed, events=20_000):
    """Events in order of time, homes let as they come: mean waits by band, mean number waiting."""
    rng = np.random.default_rng(seed)
    rates = np.array([*arrivals, homes])
    now, area, register, waited = 0.0, 0.0, [], [[] for _ in arrivals]
    kinds = rng.choice(len(rates), events, p=rates / rates.sum()).tolist()
    for event, since in zip(kinds, rng.exponential(1 / rates.sum(), events).tolist(), strict=True):
        now, area = now + since, area + since * len(register)
        if event < len(arrivals):
            heapq.heappush(register, (event, now))
        elif register:
            band, at = heapq.heappop(register)
            waited[band].append(now - at)
    return [np.mean(band) for band in waited], area / now


def test_mean_waits_with_a_weekly_close_band_by_band():
    waits, _, _ = weekly(ARRIVALS, HOMES)
    for band, expected in enumerate(theory.cycle_waits(ARRIVALS, HOMES)):
        assert interval(waits[:, band], SURE).holds(expected)


def test_number_left_after_the_close_and_its_distribution():
    _, left, _ = weekly(ARRIVALS, HOMES)
    expected = theory.waiting_after_close(sum(ARRIVALS), HOMES)
    for waiting in (0, 1, 2, 5, 10):
        assert interval(left[:, waiting], SURE).holds(expected[waiting])
    assert interval(left @ np.arange(200), SURE).holds(theory.left_waiting(sum(ARRIVALS), HOMES))


@pytest.mark.parametrize(
    ("arrivals", "homes"), [(0.045, 0.06), (0.8, 1), (4.5, 5), (15, 16), (3, 30), (200, 220)]
)
def test_the_series_and_the_balance_equations_agree(arrivals, homes):
    waiting = theory.waiting_after_close(arrivals, homes, 1e-12)
    assert waiting.sum() == pytest.approx(1, abs=1e-9)
    mean = waiting @ np.arange(len(waiting))
    assert theory.left_waiting(arrivals, homes) == pytest.approx(mean, abs=2e-8)


def test_the_tolerance_is_kept():
    exact = theory.left_waiting(4.5, 5, 1e-12)
    for tolerance in (1e-1, 1e-3, 1e-6):
        assert 0 <= exact - theory.left_waiting(4.5, 5, tolerance) < tolerance


def test_as_the_cycle_shrinks_waits_become_those_of_homes_let_as_they_come():
    expected = theory.waits(ARRIVALS, HOMES)
    gaps = [
        np.abs(cycle * theory.cycle_waits(np.multiply(ARRIVALS, cycle), HOMES * cycle) - expected)
        for cycle in (1, 0.5, 0.25, 0.125, 1 / 64)
    ]
    assert (np.diff(gaps, axis=0) < 0).all()
    assert (gaps[-1] < 2e-3).all()
    assert theory.wait(4.5, 6) == pytest.approx(theory.number_waiting(4.5, 6) / 4.5)


def test_homes_let_as_they_come_band_by_band():
    found = [one_by_one((1.0, 2.0), 4.0, seed) for seed in range(12)]
    for band, expected in enumerate(theory.waits((1.0, 2.0), 4.0)):
        assert interval([waits[band] for waits, _ in found], SURE).holds(expected)
    assert interval([mean for _, mean in found], SURE).holds(theory.number_waiting(3, 4))


def test_arrivals_as_the_cycle_begins_wait_half_a_cycle_more():
    more = theory.cycle_waits(ARRIVALS, HOMES, before_close=1) - theory.cycle_waits(ARRIVALS, HOMES)
    assert more == pytest.approx([0.5] * 3)
    assert theory.cycle_wait(1, 6, 1) == pytest.approx(theory.cycle_waits([1], 6)[0] + 0.5)


def test_bands_that_homes_do_not_suffice_for_wait_without_end():
    assert np.isinf(theory.cycle_waits((1, 1.5, 3, 1), 5)).tolist() == [False, False, True, True]
    assert np.isinf(theory.waits((1, 1.5, 3, 1), 5)).tolist() == [False, False, True, True]
    assert theory.wait(5, 5) == theory.number_waiting(6, 5) == theory.left_waiting(5, 5) == np.inf


def test_overload_with_drop_out():
    arrivals, homes, drop_out = 6.0, 4.0, 0.02
    waited, came, lists = [], 0, []
    for seed in range(4):
        queue = overloaded(arrivals, homes, drop_out, seed)
        waited.append(queue[0])
        lists.append(queue[1])
        came += queue[2]
    assert np.mean(lists) == pytest.approx(theory.list_with_drop_out(arrivals, homes, drop_out),
                                           rel=0.03)
    assert np.mean(np.concatenate(waited)) == pytest.approx(
        theory.wait_with_drop_out(arrivals, homes, drop_out), rel=0.03)
    assert len(np.concatenate(waited)) / came == pytest.approx(
        theory.share_housed(arrivals, homes), rel=0.03)


def overloaded(arrivals, homes, drop_out, seed, until=1500.0, skip=300.0):
    """First come, first housed; each household gives up when its patience ends."""
    rng = np.random.default_rng(seed)
    came = np.cumsum(rng.exponential(1 / arrivals, int(arrivals * until)))
    give_up = came + rng.exponential(1 / drop_out, len(came))
    left, waits, head = give_up.copy(), [], 0
    for home in np.cumsum(rng.exponential(1 / homes, int(homes * until * 2))):
        while head < len(came) and give_up[head] < home:
            head += 1
        if head == len(came) or home > came[-1]:
            break
        if came[head] <= home:
            left[head] = home
            if home >= skip:
                waits.append(home - came[head])
            head += 1
    end = came[-1]
    on_list = np.clip(np.minimum(left, end) - np.maximum(came, skip), 0, None).sum() / (end - skip)
    return waits, on_list, int(((came >= skip) & (came < end)).sum())


@pytest.mark.parametrize("wrong", [theory.list_with_drop_out, theory.wait_with_drop_out])
def test_drop_out_is_for_overload_only(wrong):
    with pytest.raises(ValueError, match="no overload"):
        wrong(4, 4, 0.1)


def test_littles_law_band_by_band_and_what_breaks_it():
    waits, _, waiting = weekly(ARRIVALS, HOMES)
    gaps = theory.little_gap(waiting, ARRIVALS, waits)
    assert all(interval(gaps[:, band], SURE).holds(0) for band in range(len(ARRIVALS)))
    assert theory.little_gap([2.0, 4.0], [1.0, 1.0], [2.0, 5.0]).tolist() == [0, 0.25]


def test_offers_per_letting_and_nobody_of_those_called():
    rng = np.random.default_rng(5)
    offers = []
    for _ in range(20_000):
        offers.append(1)
        while rng.random() < 0.35:
            offers[-1] += 1
    assert interval(offers, SURE).holds(theory.offers_per_letting(0.35))
    nobody = (rng.random((50_000, 4)) < 0.35).all(axis=1)
    assert interval(nobody, SURE).holds(theory.no_taker(0.35, 4))


def test_moves_in_a_chain():
    q = np.array([[0.2, 0.3, 0.1], [0.1, 0.3, 0.2], [0.0, 0.2, 0.1]])
    rng = np.random.default_rng(6)
    expected = theory.chain_moves(q)
    for first in range(3):
        lengths = []
        for _ in range(8000):
            kind, moves = first, 0
            while kind < 3:
                moves += 1
                kind = int(np.searchsorted(np.cumsum(q[kind]), rng.random(), side="right"))
            lengths.append(moves)
        assert interval(lengths, SURE).holds(expected[first])
    assert theory.chain_moves([[0.38]]) == pytest.approx([1 / 0.62])


@pytest.mark.parametrize(
    ("moves", "said"),
    [([[1.2]], "at most 1"), ([[-0.1]], "0 or more"), ([[0.0, 1.0], [1.0, 0.0]], "never end")],
)
def test_chains_that_cannot_be(moves, said):
    with pytest.raises(ValueError, match=said):
        theory.chain_moves(moves)


def test_homes_void_at_any_time():
    rng = np.random.default_rng(7)
    years = []
    for _ in range(60):
        begun = rng.uniform(-365, 365, rng.poisson(2 * 300))
        ended = begun + rng.exponential(40, len(begun))
        overlap = np.clip(np.minimum(ended, 365) - np.maximum(begun, 0), 0, None)
        years.append(overlap.sum() / 365)
    assert interval(years, SURE).holds(theory.homes_void(300, 40))


@pytest.mark.parametrize(("arrivals", "homes"), [(5, 5), (0, 1), (4.999, 5)])
def test_no_distribution_without_a_steady_state_that_can_be_solved(arrivals, homes):
    with pytest.raises(ValueError, match="homes a cycle"):
        theory.waiting_after_close(arrivals, homes)


def test_an_interval_needs_two_values_and_leaves_out_those_not_known():
    with pytest.raises(ValueError, match="two values"):
        interval([1.0, np.nan])
    found = interval([1.0, np.nan, 3.0])
    assert found.mean == 2
    assert found.sign == 0
    assert interval([1.0, 1.1, 0.9]).sign == 1
    assert interval([-1.0, -1.1, -0.9]).sign == -1
