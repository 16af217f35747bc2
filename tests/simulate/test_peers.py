"""Simulators the engine is timed against: they simulate the queue that they are said to."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmarks.believable import theory
from benchmarks.simulate import notebook, queue_ciw, queue_simpy
from benchmarks.simulate.spec import Lettings, Queue

QUEUE = Queue(worlds=24, weeks=150, arrivals=(0.7, 0.8, 1.0), homes=3.5, seed=3)
SURE = 0.999


@cache
def answer(peer):
    if peer == "ciw":
        return queue_ciw.simulate(QUEUE)
    return queue_simpy.simulate(QUEUE, peer)


@pytest.mark.parametrize("peer", ["events", "records", "ciw"])
def test_waits_by_band_are_those_of_the_closed_form(peer):
    found = answer(peer).mean_waits(QUEUE, skip=25, confidence=SURE)
    for wait, expected in zip(found, theory.cycle_waits(QUEUE.arrivals, QUEUE.homes), strict=True):
        assert wait.holds(expected)


@pytest.mark.parametrize("peer", ["events", "ciw"])
def test_lettings_are_at_closes_after_arrival_and_at_most_what_came(peer):
    lettings = answer(peer)
    assert (lettings.let_at == np.round(lettings.let_at)).all()
    assert (lettings.arrived < lettings.let_at).all()
    assert lettings.let_at.max() == QUEUE.weeks
    expected = sum(QUEUE.arrivals) * QUEUE.weeks * QUEUE.worlds
    assert len(lettings) == pytest.approx(expected, rel=0.02)


def test_a_bid_is_the_same_as_an_event_and_as_a_record():
    events, records = answer("events"), answer("records")
    assert events.bids == records.bids
    for column in ("world", "band", "arrived", "let_at"):
        assert (getattr(events, column) == getattr(records, column)).all()


def test_everyone_waiting_bids_for_every_home_of_the_week():
    left = theory.left_waiting(sum(QUEUE.arrivals), QUEUE.homes)
    expected = (left + sum(QUEUE.arrivals)) * QUEUE.homes * QUEUE.weeks * QUEUE.worlds
    assert answer("events").bids == pytest.approx(expected, rel=0.05)


def test_waits_leave_out_the_first_and_last_weeks_and_bands_without_lettings():
    queue = Queue(worlds=2, weeks=9, arrivals=(1.0, 1.0))
    rows = [(0, 0, 0.5, 2.0), (0, 0, 3.5, 4.0), (1, 1, 3.0, 5.0), (1, 1, 8.5, 9.0)]
    waits = Lettings.of(rows, 0).waits(queue, skip=1)
    assert waits[0, 0] == 0.5
    assert waits[1, 1] == 2
    assert np.isnan(waits[[0, 1], [1, 0]]).all()


def test_the_notebook_houses_by_band_and_only_in_homes_that_fit():
    lettings, waits, seconds = notebook.run(homes=10, applicants=120, cycles=4, seed=2)
    assert lettings == len(notebook.population(2, 10, 120, 4)["homes"]["cycle"])
    assert waits["A"] > 0
    assert seconds > 0
    again = notebook.run(homes=10, applicants=120, cycles=4, seed=2)
    assert again[0] == lettings
    assert again[1] == pytest.approx(waits, rel=1e-12, nan_ok=True)


def test_a_shortlist_of_the_notebook_is_by_band_then_date():
    waiting = [
        notebook.Household(0, 0, "B", -90, 2),
        notebook.Household(1, 0, "A", -5, 3),
        notebook.Household(2, 0, "A", -50, 4),
        notebook.Household(3, 0, "A", -7, 2),
    ]
    home = notebook.Home(0, 0, bedrooms=3)
    assert notebook.shortlist(home, waiting)["id"].tolist() == [3, 1, 0]


def test_the_notebooks_population_is_the_same_every_time():
    first, again = notebook.population(4), notebook.population(4)
    for table, columns in first.items():
        for column, values in columns.items():
            assert (values == again[table][column]).all()
    assert len(first["homes"]["cycle"]) == pytest.approx(2800, abs=4 * 2800**0.5)
    households = first["households"]
    assert (households["cycle"] < 0).sum() == 2000
    day = households["date"] - 7 * households["cycle"]
    later = households["cycle"] >= 0
    assert set(day[later]) == set(range(7))
    assert (households["date"][~later] < 0).all()
