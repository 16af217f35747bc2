"""The scheme's rules of bidding in simulated weeks: held against the functions that judge live bids."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl
import pytest

from cbl_engine.offers.automatic import automatic_bids
from cbl_engine.offers.bidding import judge_bids
from cbl_engine.offers.criteria import Judge
from cbl_engine.simulate import week_frames
from cbl_engine.simulate.setup import ROUTES
from cbl_engine.tables.days import date_of
from tests.simulate.policy_world import run, scheme_text, setup_of, weeks_of

CYCLE = "  cycle: {starts: 2024-01-01, days: 7}\n"
CHOICE = """bidding:
  cycle: {starts: 2024-01-01, days: 7}
  window: {label: x, opens: {day: tuesday, time: "09:00"}, closes: {day: sunday, time: "18:00"}}
  caps:
    two: {label: x, bids: 2, per: cycle}
    one_in_a: {label: x, bids: 1, per: live, when: in_band_a}
  choice:
    left_out: {label: x, when: needs_two, bids: none}
    houses: {label: x, when: in_band_a, bids: own, only: a_house}
    led: {label: x, when: needs_one, bids: council}
"""
AUTOMATIC = """bidding:
  cycle: {starts: 2024-01-01, days: 7}
  choice:
    left_out: {label: x, when: needs_two, bids: none}
    led: {label: x, when: needs_one, bids: council}
    usual: {label: x, bids: automatic}
  automatic: {label: x, most: 2, suits: not_large}
"""
NOT_LARGE = "  not_large: {label: x, when: advert.bedrooms <= 3}\n"


def with_criterion(rules: str) -> str:
    text = scheme_text(rules)
    return text.replace("eligible: [fits]", NOT_LARGE + "eligible: [fits]", 1)


def table(state, week, advertised, bids):
    """The week's frames, with the register of everyone who waits."""
    frames = week_frames.frames_of(state, week, advertised, bids)
    return frames, week_frames.register_of(state, frames.who, state.setup.closes(week))


def test_no_bid_breaks_a_rule_of_the_live_scheme():
    setup = setup_of(scheme_text(CHOICE))
    seen = 0
    for state, week, advertised, bids in weeks_of(setup):
        frames, register = table(state, week, advertised, bids)
        judge = Judge(setup.scheme, register, frames.adverts, frames.homes)
        found = judge_bids(judge, frames.adverts, frames.bids, {},
                           until=date_of(setup.closes(week)))
        assert found["rule"].null_count() == found.height
        seen += found.height
    assert seen > 50


def test_whoever_may_not_bid_places_no_bid_and_the_council_bids_for_its_own():
    setup = setup_of(scheme_text(CHOICE))
    by = {}
    for state, _, _, bids in weeks_of(setup):
        need = state.households["need"][bids.household]
        for each in np.unique(need):
            by.setdefault(int(each), set()).update(bids.by[need == each].tolist())
    assert 2 not in by
    assert week_frames.ASSISTED in by[1]
    assert week_frames.AUTOMATIC not in set().union(*by.values())


def test_who_the_council_bids_for_is_bid_for_though_it_never_looks():
    rules = "bidding:\n  choice:\n    led: {label: x, when: needs_one, bids: council}\n"
    never = {"never": 1.0, "seldom": 0.0, "often": 0.0}
    setup = setup_of(scheme_text(rules), bidding__kinds=never)
    needs = [state.households["need"][bids.household] for state, _, _, bids in weeks_of(setup)]
    assert set(np.concatenate(needs).tolist()) == {1}


def test_a_cap_counts_over_a_cycle_of_two_weeks():
    rules = """bidding:
  cycle: {starts: 2026-04-06, days: 14}
  caps: {three: {label: x, bids: 3, per: cycle}}
"""
    setup = setup_of(scheme_text(rules), weeks=8, bidding__most_bids=2)
    counted = {}
    for state, week, _, bids in weeks_of(setup):
        for who in state.households["id"][bids.household].tolist():
            counted[who, week // 2] = counted.get((who, week // 2), 0) + 1
    assert max(counted.values()) == 3


def test_restricted_bidding_lets_only_the_homes_that_are_named():
    rules = "bidding:\n  choice:\n    houses: {label: x, when: in_band_a, bids: own, only: a_house}\n"
    setup = setup_of(scheme_text(rules))
    kinds = {True: set(), False: set()}
    for state, _, advertised, bids in weeks_of(setup):
        home = state.static(state.voids["home"][advertised[bids.advert]])
        for band_a, house in zip(state.households["band"][bids.household] == 0,
                                 setup.homes.kind[home] == 0, strict=True):
            kinds[bool(band_a)].add(bool(house))
    assert kinds == {True: {True}, False: {True, False}}


def test_automatic_bids_are_those_that_the_live_engine_places():
    setup = setup_of(with_criterion(AUTOMATIC), weeks=6, tenancies__end_per_year=1.5)
    compared = 0
    for state, week, advertised, bids in weeks_of(setup, worlds=1):
        own = bids.by != week_frames.AUTOMATIC
        mine = bids.only(own)
        frames = week_frames.frames_of(state, week, advertised, mine)
        live = state.live[state.households["waits"][state.live]
                          & (state.households["status"][state.live] == 0)]
        live = live[np.argsort(state.households["id"][live])]
        register = week_frames.register_of(state, live, setup.closes(week))
        judge = Judge(setup.scheme, register, frames.adverts, frames.homes)
        placed = automatic_bids(
            judge, frames.adverts, frames.bids, {}, partial(eligible, setup, register, frames),
            date_of(setup.closes(week)), {"wishes": wishes(setup, register, live, state)})
        expected = sorted(placed.select("application", "advert").rows())
        ids = state.households["id"]
        found = sorted(zip(ids[bids.household[~own]].tolist(),
                           frames.advert_ids[bids.advert[~own]].tolist(), strict=True))
        assert found == expected
        compared += len(found)
    assert compared > 20


def eligible(setup, register, frames, pairs):
    """Whether each pair has a place on the live list, were it a bid."""
    from cbl_engine.shortlist import prepare, shortlist

    asked = pairs.select("advert", "application").unique().with_columns(
        placed_at=frames.adverts["closes_at"][0])
    rows = shortlist(prepare(setup.scheme, register, "close"), frames.adverts, asked,
                     homes=frames.homes).frame()
    able = rows.filter(pl.col("position").is_not_null()).select(
        "advert", "application", able=pl.lit(value=True))
    return pairs.join(able, on=["advert", "application"], how="left",
                      maintain_order="left")["able"].fill_null(value=False)


def wishes(setup, register, live, state):
    """Each household would rather live in its area, and takes any."""
    area = [setup.area_ids[i] for i in setup.lives.area[state.households["life"][live]]]
    ids = register["applications"]["id"]
    near = pl.DataFrame({"application": ids, "rank": [1] * len(ids), "area": area})
    return pl.concat([near, near.with_columns(pl.lit(2, pl.Int64).alias("rank"),
                                              pl.lit(None, pl.String).alias("area"))])


def test_an_automatic_bid_is_recorded_by_its_route():
    never = {"never": 1.0, "seldom": 0.0, "often": 0.0}
    rules = "bidding:\n  choice: {all: {label: x, bids: automatic}}\n  automatic: {label: x, suits: fits}\n"
    _, frames = run(setup_of(scheme_text(rules), bidding__kinds=never))
    assert set(frames["nominations"]["route"]) == {ROUTES[week_frames.AUTOMATIC]}


@pytest.mark.parametrize("rules", ["", CHOICE, "automatic"])
def test_bytes_are_the_same_for_any_batch(rules):
    text = with_criterion(AUTOMATIC) if rules == "automatic" else scheme_text(rules)
    setup = setup_of(text)
    _, together = run(setup, 3)
    from cbl_engine.simulate.outputs import frames_of_run
    from cbl_engine.simulate.weeks import run_batch

    parts = [frames_of_run(*run_batch(setup, np.array([w]))) for w in range(3)]
    for name, frame in together.items():
        assert frame.equals(pl.concat([p[name] for p in parts])), name


def test_who_stood_first_on_a_list_still_open_is_frozen():
    rules = "bidding:\n  frozen: {first: {label: x, while: first, may_not: bid}}\n"
    slow = {"voids__offers_per_week": 1}
    free, frozen = (setup_of(scheme_text(r), tenancies__end_per_year=1.5, **slow)
                    for r in ("", rules))
    placed = [sum(len(b.household) for *_, b in weeks_of(s)) for s in (free, frozen)]
    assert placed[1] < placed[0]
