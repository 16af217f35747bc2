"""Adverts that fail go down the scheme's ladder, as the live one says."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl

from cbl_engine.offers.advertising import next_rung
from cbl_engine.offers.criteria import Judge
from cbl_engine.scheme import scheme_from_text
from cbl_engine.simulate.advertising import BECAUSE, rungs_after
from tests.simulate.policy_world import START, run, scheme_text, setup_of

LADDER = """advertising:
  ladder:
    - {label: again, step: readvertise, after: [no_bids]}
    - {label: wider, step: widen, profile: wider, when: a_house}
    - {label: first, step: first_come, profile: usual, after: [no_eligible, exhausted]}
    - {label: direct, step: direct_let, when: large, after: [exhausted]}
    - {label: theirs, step: landlord, after: [no_bids, exhausted]}
"""
NOBODY = {"never": 1.0, "seldom": 0.0, "often": 0.0}


def test_the_live_ladder_gives_the_same_rung_for_every_home_and_reason():
    scheme = scheme_from_text(scheme_text(LADDER))
    version = scheme.versions[0]
    adverts = pl.DataFrame({
        "id": np.arange(4), "property_type": ["house", "house", "flat", None],
        "bedrooms": [1, 3, 3, 2],
    })
    judge = Judge(scheme, {"applications": pl.DataFrame({"id": [1], "status": ["active"]})}, adverts)
    asked = list(product(range(4), range(6), range(3)))
    live = [next_rung(version, judge, advert, taken, BECAUSE[because], START)
            for advert, taken, because in asked]
    ladder = version.advertising.ladder
    ids = pl.Series([a for a, _, _ in asked])
    met = np.stack([np.ones(len(asked), bool) if r.when is None else judge.counts(
        r.when, START, advert=ids).fill_null(value=False).to_numpy() for r in ladder], axis=1)
    found = rungs_after(ladder, np.array([t for _, t, _ in asked]),
                        np.array([b for *_, b in asked]), met)
    assert found.tolist() == [0 if rung is None else rung[0] for rung in live]
    assert set(found) == {0, 1, 2, 3, 4, 5}


def test_homes_nobody_bids_for_are_advertised_again_then_wider_then_leave_bidding():
    setup = setup_of(scheme_text(LADDER), weeks=10, tenancies__end_per_year=1.0,
                     bidding__kinds=NOBODY)
    _, frames = run(setup)
    adverts = frames["adverts"].join(
        frames["voids"].select("world", "home", "vacancy", "outcome", "let_on"),
        on=["world", "home", "vacancy"]).join(
        setup.stock.select(pl.col("id").alias("home"), "property_type"), on="home")
    house = pl.col("property_type") == "house"
    for is_house, steps in ((True, [None, 1, 2]), (False, [None, 1])):
        its = adverts.filter(house if is_house else ~house)
        for rows in its.partition_by("world", "home", "vacancy"):
            rungs = rows.sort("week")["rung"].to_list()
            assert rungs == steps[:len(rungs)]
            if len(rungs) == len(steps) and rows["week"].max() < 9:
                assert rows["outcome"][0] == "landlord"
    assert set(adverts["rung"]) == {None, 1, 2}
    assert set(adverts.filter(pl.col("rung") == 2)["profile"]) == {"wider"}


def test_a_home_whose_designation_changes_is_not_let_again():
    rules = "advertising:\n  ladder: [{label: x, step: change_designation}]\n"
    state, frames = run(setup_of(scheme_text(rules), weeks=8, bidding__kinds=NOBODY))
    gone = frames["voids"].filter(pl.col("outcome") == "redesignated")
    assert gone.height > 3
    assert gone["let_on"].null_count() == gone.height
    homes = state.voids["home"][state.voids["route"] == 4]
    assert (state.home_status[homes] == 2).all()


def test_without_a_ladder_a_home_is_advertised_anew():
    _, frames = run(setup_of(scheme_text(), weeks=8, bidding__kinds=NOBODY))
    assert frames["adverts"]["number"].max() > 2
    assert frames["adverts"]["rung"].null_count() == frames["adverts"].height
