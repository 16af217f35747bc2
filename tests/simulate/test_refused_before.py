"""Refusals from before the start: they count in worlds, and what they came to runs on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from cbl_engine.offers.refusals import months_after
from cbl_engine.simulate.going_on import go_on
from cbl_engine.simulate.lists_under_way import lists_under_way
from cbl_engine.simulate.state import begin
from cbl_engine.tables.days import day_number
from tests.simulate.policy_world import scheme_text, setup_of
from tests.simulate.small import START

WORLDS = 3
RULES = """offers:
{more}  reasons: {{too_far: Too far from work}}
  refusals:
    two: {{label: x, after: 2, {months}then: then}}
consequences:
  then: {{label: x, {then}}}
"""
AMONG = {"advert": "A1", "home": None, "act": None, "reason": None, "reasonable": None}
OUTCOMES = {"id": pl.String, "on": pl.Date, "what": pl.String, "application": pl.String,
            "advert": pl.String, "home": pl.String, "act": pl.String, "reason": pl.String,
            "reasonable": pl.Boolean}


def before(days):
    return START - timedelta(days=days)


def state_after(rows, then="bar_months: 6", more="", months="", **changes):
    """Households by number and what is on record of them: days before the start, what, and more."""
    setup = setup_of(scheme_text(RULES.format(then=then, more=more, months=months)), **changes)
    names = setup.lives.read_as
    told = [AMONG | {"id": f"O{i}", "on": before(days), "what": what, "application": names[who],
                     "advert": f"A{i}"} | said
            for i, (who, days, what, said) in enumerate(rows)]
    stamp = pl.Datetime("us", "Europe/London")
    tables = {
        "adverts": pl.DataFrame(schema={"id": pl.String, "home": pl.String, "status": pl.String,
                                        "closes_at": stamp}),
        "bids": pl.DataFrame(schema={"advert": pl.String, "application": pl.String,
                                     "placed_at": stamp}),
        "outcomes": pl.DataFrame(told, schema=OUTCOMES),
    }
    voids = pl.DataFrame(schema={"home": pl.Int64, "tenancy_ended_on": pl.Date,
                                 "accepted_on": pl.Date})
    lists = lists_under_way(tables, voids, setup.stock, names, START)
    state = begin(replace(setup, lists=lists), np.arange(WORLDS))
    go_on(state)
    return state


def of(state, name, household):
    opening = state.setup.lives.opening
    return [int(state.households[name][world * opening + household]) for world in range(WORLDS)]


@pytest.mark.parametrize(("said", "counts"), [
    ({"reasonable": False}, 1), ({"reasonable": True}, 0), ({"reason": "too_far"}, 0),
])
def test_a_refusal_that_was_judged_counts_as_it_was_judged(said, counts):
    state = state_after([(4, 30, "refused", said)])
    assert of(state, "counted", 4) == [counts] * WORLDS
    assert of(state, "counted", 5) == [0] * WORLDS


@pytest.mark.parametrize(("what", "counts"), [("approved", 1), ("declined", 0)])
def test_an_officers_decision_stands_above_the_reason(what, counts):
    act = {"act": "refusal_counts", "advert": "A0"}
    state = state_after([(4, 30, "refused", {}), (4, 28, what, act)],
                        nominations__refusal_counts=1.0 - counts)
    assert of(state, "counted", 4) == [counts] * WORLDS


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_one_that_nobody_judged_counts_by_the_chance_of_worlds(chance):
    state = state_after([(4, 30, "refused", {"reason": "other"})], nominations__refusal_counts=chance)
    assert of(state, "counted", 4) == [int(chance)] * WORLDS


def test_what_nobody_judged_is_drawn_for_each_refusal_and_household():
    rows = [(who, 30, "refused", {}) for who in range(60)]
    state = state_after(rows, nominations__refusal_counts=0.5)
    found = [of(state, "counted", who)[0] for who in range(60)]
    assert 15 < sum(found) < 45


def test_silence_counts_where_the_scheme_takes_it_for_a_refusal():
    rows = [(4, 30, "no_contact", {})]
    assert of(state_after(rows, nominations__refusal_counts=1.0), "counted", 4) == [0] * WORLDS
    taken = state_after(rows, more="  silence: refused\n", nominations__refusal_counts=1.0)
    assert of(taken, "counted", 4) == [1] * WORLDS


def test_what_earlier_refusals_came_to_runs_on_from_the_day_of_the_last():
    unreasonable = {"reasonable": False}
    state = state_after([(4, 60, "refused", unreasonable), (4, 20, "refused", unreasonable),
                         (5, 20, "refused", unreasonable)])
    assert of(state, "barred_until", 4) == [day_number(months_after(before(20), 6))] * WORLDS
    assert of(state, "barred_until", 5) == [0] * WORLDS


def test_two_refusals_on_one_day_are_two():
    unreasonable = {"reasonable": False}
    state = state_after([(4, 20, "refused", unreasonable), (4, 20, "refused", unreasonable)])
    assert of(state, "counted", 4) == [2] * WORLDS
    assert of(state, "barred_until", 4) == [day_number(months_after(before(20), 6))] * WORLDS


def test_refusals_within_the_months_are_looked_back_on_across_the_start():
    unreasonable = {"reasonable": False}
    rows = [(4, 70, "refused", unreasonable), (4, 20, "refused", unreasonable),
            (5, 40, "refused", unreasonable), (5, 20, "refused", unreasonable)]
    state = state_after(rows, months="months: 1, ")
    assert of(state, "barred_until", 4) == [0] * WORLDS
    assert of(state, "barred_until", 5) == [day_number(months_after(before(20), 6))] * WORLDS


def test_bands_and_statuses_are_on_the_register_as_they_stand():
    unreasonable = {"reasonable": False}
    rows = [(4, 60, "refused", unreasonable), (4, 20, "refused", unreasonable)]
    for then, column in (("suspend_months: 6", "suspended_until"), ("down: 1", "put_until")):
        assert of(state_after(rows, then), column, 4) == [0] * WORLDS
    state = state_after(rows, "cancel: true")
    assert of(state, "status", 4) == [0] * WORLDS


def test_what_happened_from_the_start_on_is_not_read():
    state = state_after([(4, 0, "refused", {"reasonable": False})])
    assert of(state, "counted", 4) == [0] * WORLDS
