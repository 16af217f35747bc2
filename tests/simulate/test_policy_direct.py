"""Homes let directly, beside bidding."""

from __future__ import annotations

import numpy as np
import polars as pl

from cbl_engine.offers.criteria import Judge
from cbl_engine.offers.direct import direct_let_findings
from cbl_engine.simulate import bidders, direct, offering, register, voids, week_frames, works
from cbl_engine.simulate.state import begin
from cbl_engine.tables.days import date_of
from tests.simulate.policy_world import run, scheme_text, setup_of

KINDS = """direct_lets:
  small: {label: x, permitted_by: a clause, when: needs_one, homes: one_bedroom}
  urgent: {label: x, permitted_by: a clause, when: in_band_a, fit: [fits]}
"""
ALL = {"general": 1.0, "accessible": 1.0, "wheelchair": 1.0}


def test_the_live_findings_stand_against_nobody_on_a_list_and_against_everybody_off_it():
    setup = setup_of(scheme_text(KINDS), direct__share=ALL, tenancies__end_per_year=1.5)
    state, compared = begin(setup, np.arange(1)), 0
    for week in range(setup.weeks):
        register.change(state, week)
        voids.end_tenancies(state, week)
        works.work(state, week)
        bidders.begin_week(state, week)
        direct.set_apart(state, week)
        rows, listed, _ = direct.lists(state, week)
        if not len(rows):
            continue
        close = setup.closes(week)
        live = state.live[state.households["waits"][state.live]
                          & (state.households["status"][state.live] == 0)]
        live = live[np.argsort(state.households["id"][live])]
        tables = week_frames.register_of(state, live, close)
        shown = week_frames.adverts_of(state, week, rows)
        homes = shown.homes.with_columns(pl.col("id").cast(pl.String))
        asked = pl.DataFrame({
            "application": np.repeat(state.households["id"][live], len(rows)),
            "home": np.tile(homes["id"].to_numpy(), len(live)),
        }).join(pl.DataFrame({"kind": ["small", "urgent"]}), how="cross").with_row_index("id")
        asked = asked.with_columns(pl.col("id", "application").cast(pl.String))
        texts = {n: f.with_columns(pl.col(c).cast(pl.String) for c in ("id", "application")
                                   if c in f.columns) for n, f in tables.items()}
        judge = Judge(setup.scheme, texts, None, homes)
        found = direct_let_findings(judge, setup.scheme.versions[0], asked, date_of(close), {})
        able = asked.join(found, on="id", how="anti").select("application", "home").unique()
        which = np.repeat(np.arange(len(rows)), np.diff(listed.starts))
        on_lists = pl.DataFrame({
            "application": state.households["id"][listed.household],
            "home": homes["id"].gather(which)}).cast(pl.String)
        assert on_lists.sort("application", "home").equals(able.sort("application", "home"))
        compared += able.height
        offering.offer(state, offering.with_lists(
            offering.nothing_going(), rows, listed, _entries(listed), week), week)
    assert compared > 50


def _entries(listed):
    n = len(listed.household)
    return week_frames.Bids(listed.household, np.zeros(n, np.int64), np.arange(n, dtype=np.int32),
                            np.full(n, np.int8(3)), np.zeros(n))


def test_homes_let_directly_are_not_advertised_and_go_to_whom_the_scheme_names():
    setup = setup_of(scheme_text(KINDS), direct__share=ALL, tenancies__end_per_year=1.5, weeks=10)
    _, frames = run(setup)
    lettings = frames["lettings"].filter(pl.col("route") == "direct")
    assert lettings.height > 5
    small = (pl.col("bedroom_need") == 1) & (pl.col("bedrooms") == 1)
    assert lettings.filter(~(small | (pl.col("band") == "A"))).height == 0
    keys = ["world", "home", "vacancy"]
    assert lettings.join(frames["adverts"], on=keys, how="semi").height == 0
    assert set(frames["nominations"]["route"]) >= {"direct"}


def test_a_home_that_suits_nobody_is_advertised_after_all():
    kinds = "direct_lets: {none: {label: x, permitted_by: y, when: needs_two, homes: one_bedroom, fit: [fits]}}\n"
    known = scheme_text(kinds).replace("when_unknown: pass", "when_unknown: fail")
    _, frames = run(setup_of(known, direct__share=ALL, tenancies__end_per_year=1.5))
    assert frames["adverts"].height > 5
    assert "direct" not in set(frames["nominations"]["route"])


def test_without_a_clause_nothing_is_let_directly():
    _, frames = run(setup_of(scheme_text(), direct__share=ALL, tenancies__end_per_year=1.5))
    assert "direct" not in set(frames["nominations"]["route"])


def test_the_rung_of_the_ladder_lets_directly():
    rules = "advertising:\n  ladder: [{label: x, step: direct_let}]\n"
    nobody = {"never": 1.0, "seldom": 0.0, "often": 0.0}
    _, frames = run(setup_of(scheme_text(rules), weeks=8, bidding__kinds=nobody))
    assert set(frames["lettings"]["route"]) == {"direct"}


def test_bytes_are_the_same_for_any_batch():
    from cbl_engine.simulate.outputs import frames_of_run
    from cbl_engine.simulate.weeks import run_batch

    setup = setup_of(scheme_text(KINDS), direct__share={"general": 0.5, "accessible": 0.5,
                                                        "wheelchair": 1.0}, weeks=8)
    _, together = run(setup, 3)
    parts = [frames_of_run(*run_batch(setup, np.array([w]))) for w in range(3)]
    for name, frame in together.items():
        assert frame.equals(pl.concat([p[name] for p in parts])), name


def test_lists_are_the_same_however_few_households_are_read_at_a_time(monkeypatch):
    setup = setup_of(scheme_text(KINDS), direct__share=ALL, tenancies__end_per_year=1.5)
    _, whole = run(setup)
    assert "direct" in set(whole["nominations"]["route"])
    monkeypatch.setattr(direct, "_BLOCK", 3)
    monkeypatch.setattr(direct, "_LONGEST", 40)
    _, read = run(setup)
    for name, frame in whole.items():
        assert frame.equals(read[name]), name
