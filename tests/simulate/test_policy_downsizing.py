"""Tenants with a spare bedroom who ask for a smaller home."""

from __future__ import annotations

import polars as pl

from cbl_engine.simulate import simulate
from tests.simulate.policy_world import run, scheme_text, setup_of

MANY = {"downsizing__registers_per_year": 0.6, "arrivals__per_year": 0.0}


def downsizers(weeks=16, rules="", **changes):
    setup = setup_of(scheme_text(rules), weeks=weeks, **(MANY | changes))
    return setup, *run(setup, 2)


def test_they_hold_their_home_and_need_fewer_bedrooms_than_it_has():
    setup, state, frames = downsizers()
    rows = state.households["downsizes"] > 0
    assert rows.sum() > 20
    home = state.households["home"][rows & (state.households["status"] == 0)]
    assert (home >= 0).all()
    life = state.households["life"][rows]
    assert (setup.lives.bedrooms_now[life] > setup.lives.need[setup.lives.starts[life]]).all()
    assert frames["households"].filter("downsizer")["would_ask_anyway"].all()
    moved = frames["lettings"].filter("downsizer")
    assert moved.height
    assert (moved["left_bedrooms"] > moved["bedrooms"]).mean() > 0.8


def test_an_incentive_adds_those_who_would_not_have_asked_and_loses_nobody_else():
    # Nobody bids, so that the same homes are at risk with and without the incentive.
    nobody = {"bidding__kinds": {"never": 1.0, "seldom": 0.0, "often": 0.0},
              "households__lapse_per_year": 0.0, "households__on_other_registers": 0.0}
    _, _, usual = downsizers(6, **nobody)
    _, _, helped = downsizers(6, downsizing__incentive=3.0, **nobody)
    asked = [f["households"].filter("downsizer") for f in (usual, helped)]
    assert asked[1].height > 1.5 * asked[0].height
    keys = ["world", "application"]
    anyway = asked[1].filter("would_ask_anyway")
    assert anyway.join(asked[0], on=keys, how="semi").height == anyway.height
    assert 0 < anyway.height < asked[1].height


def test_refusals_of_theirs_do_not_count():
    rules = """offers:
  refusals: {one: {label: x, after: 1, every: true, then: then}}
consequences: {then: {label: x, review: true}}
"""
    refuse = {"no_contact": 0.0, "withdrew": 0.0, "failed_verification": 0.0,
              "landlord_rejected": 0.0, "no_show": 0.0, "refused_at_viewing": 0.9,
              "refused_late": 0.0, "accepted": 0.1}
    _, _, frames = downsizers(24, rules=rules, nominations__own=refuse, nominations__assisted=refuse,
                              nominations__refusal_counts=1.0)
    theirs = frames["households"].filter("downsizer", pl.col("refusals") > 0)
    assert theirs.height > 3
    keys = ["world", "application"]
    assert frames["consequences"].height > 3
    assert frames["consequences"].join(theirs, on=keys, how="semi").height == 0


def test_a_simulation_says_which_rules_it_does_not_go_by(tmp_path):
    rules = "checks: {suitable: {label: x}}\n"
    (tmp_path / "small.yaml").write_text(scheme_text(rules), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        "title: x\nscheme: small.yaml\nstart: 2026-04-06\nweeks: 2\nreplications: 1\n"
        "world: {households: 30, homes: 30}\n", encoding="utf-8")
    found = simulate(tmp_path / "s.yaml").not_followed
    assert [f.split(":")[0] for f in found] == ["checks.suitable"]
