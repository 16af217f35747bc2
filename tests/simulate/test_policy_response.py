"""Households respond to policy at low, central and high; versions of a scheme follow each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from cbl_engine.simulate.policy import not_followed, policy_on
from cbl_engine.tables.days import day_number
from tests.simulate.policy_world import HEAD, PROFILES, START, run, scheme_text, setup_of, weeks_of

CHANGE = START + timedelta(weeks=4)


def households(setup, worlds=6):
    return run(setup, worlds)[1]["households"]


def changed(response, on=CHANGE, **changes):
    setup = setup_of(scheme_text(), weeks=12, arrivals__per_year=6.0, **changes)
    return replace(setup, response=response, responds_from=day_number(on), policies={})


def test_more_join_after_the_change_and_the_same_before_it():
    joined = {}
    for response in ("low", "central", "high"):
        rows = households(changed(response)).filter(pl.col("registered_on") >= START)
        after = pl.col("registered_on") >= CHANGE
        joined[response] = rows.filter(~after).height, rows.filter(after).height
    assert joined["low"][0] == joined["central"][0] == joined["high"][0]
    assert joined["low"][1] < joined["central"][1] < joined["high"][1]


def test_more_of_those_who_join_present_as_homeless_after_the_change():
    steep = {"response__homeless": {"low": 0.3, "central": 1.0, "high": 3.0}}
    share = {}
    for response in ("low", "central", "high"):
        rows = households(changed(response, START, **steep)).filter(
            pl.col("registered_on") >= START)
        share[response] = rows["homeless"].mean()
    assert share["low"] < 0.6 * share["central"] < share["central"] < 0.6 * share["high"]


@pytest.mark.parametrize(("response", "expected"), [("low", 0.15), ("high", 0.5)])
def test_on_one_day_so_many_do_not_register_again(response, expected):
    setup = setup_of(scheme_text(), weeks=6, households__lapse_per_year=0.0,
                     households__on_other_registers=0.0)
    setup = replace(setup, response=response, register_again_on=day_number(CHANGE), policies={})
    rows = households(setup)
    gone = rows.filter(pl.col("status") == "lapsed")
    assert gone["left_on"].min() == CHANGE
    assert gone["left_on"].max() < CHANGE + timedelta(days=7)  # those whose offer was settled by then
    there = rows.filter(pl.col("registered_on") < CHANGE,
                        pl.col("left_on").is_null() | (pl.col("left_on") >= CHANGE))
    assert gone.height / there.height == pytest.approx(expected, abs=0.06)


def test_under_a_cap_bids_go_to_better_homes_the_stronger_the_response():
    rules = "bidding:\n  caps: {one: {label: x, bids: 1, per: cycle}}\n"
    setup = setup_of(scheme_text(rules), weeks=8, tenancies__end_per_year=1.5)
    worth = {}
    for response in ("low", "high"):
        its = replace(setup, response=response, policies={})
        worth[response] = np.concatenate([b.utility for *_, b in weeks_of(its, 4)]).mean()
    assert worth["low"] < worth["high"]


def two_versions():
    rules = "bidding:\n  caps: {three: {label: x, bids: 3, per: cycle}}\n"
    later = "bidding:\n  caps: {one: {label: x, bids: 1, per: cycle}}\n"
    on = START + timedelta(weeks=4)
    head = HEAD.replace("from: 2020-01-01, assumed: true", f"from: 2020-01-01, until: {on}, assumed: true")
    first = head + PROFILES + rules
    second = (HEAD.replace("from: 2020-01-01, assumed: true", f"from: {on}, assumed: true") + PROFILES + later
              ).replace("default_profile: usual", "default_profile: wider")
    return setup_of([("first.yaml", first), ("second.yaml", second)], weeks=10,
                    tenancies__end_per_year=2.0)


def test_a_scheme_with_two_versions_goes_by_each_from_its_day():
    setup = two_versions()
    most = {False: 0, True: 0}
    for _, week, _, bids in weeks_of(setup, 3):
        if len(bids.household):
            after = week >= 4
            most[after] = max(most[after], int(np.bincount(bids.household).max()))
    assert most == {False: 3, True: 1}
    _, frames = run(setup)
    profiles = frames["adverts"].select("week", "profile").unique().rows()
    assert {p for w, p in profiles if w < 4} == {"usual"}
    assert {p for w, p in profiles if w >= 4} == {"wider"}
    assert policy_on(setup, setup.closes(9)).number == 1


def test_what_worlds_do_not_go_by_is_named():
    rules = """bidding:
  duties: {one: {label: x, bids: 1, months: 12, then: then}}
checks: {suitable: {label: x}}
offers:
  one_at_a_time: false
consequences: {then: {label: x, review: true}}
"""
    from cbl_engine.scheme import scheme_from_text

    found = not_followed(scheme_from_text(scheme_text(rules)).versions[0])
    assert [f.split(":")[0] for f in found] == [
        "bidding.duties.one", "checks.suitable", "offers.one_at_a_time"]
    assert not not_followed(scheme_from_text(scheme_text()).versions[0])
