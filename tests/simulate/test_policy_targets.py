"""Targets of local lettings plans in worlds: counted and kept to as the live ledger does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from cbl_engine.scheme import load_scheme
from cbl_engine.shipped import shipped_folder
from cbl_engine.simulate.policy import not_followed
from cbl_engine.simulate.voids import BY_BIDDING
from cbl_engine.simulate.weeks import run_batch
from cbl_engine.tables.days import day_number
from tests.simulate.live import (
    World,
    by_the_order_drawn,
    let,
    lived,
    simulated,
    through_cycles,
)
from tests.simulate.small import POINTS, setup_of
from tests.simulate.test_live_week import OFTEN, PLAIN

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.simulate.setup import Setup

TARGETS = """
      - {label: Half to those owed a duty, criterion: owed, share: 0.5}
      - {label: Of small homes three to those who waited, criterion: waited, homes: small, number: 3}
"""


def points_text(by_whom: str, targets: str = TARGETS) -> str:
    """The scheme of points and draws, with a plan."""
    text = (POINTS.parent / "lottery.yaml").read_text().replace("BY_WHOM", by_whom)
    small = "criteria:\n  small: {label: The home is small, when: advert.bedrooms = 1}\n"
    plan = f"\nlocal_lettings_plans:\n  plan:\n    label: A plan\n    targets: {targets}"
    return text.replace("criteria:\n", small, 1) + plan


def under_a_plan(folder: Path, text: str, *, plan: str = "plan", seed: int = 2) -> Setup:
    """What worlds share in which every second home is under a plan."""
    (folder / "scheme.yaml").write_text(text)
    setup = setup_of(folder / "scheme.yaml", weeks=6, seed=seed, households=200, homes=300, **OFTEN)
    named = pl.Series([plan if n % 2 else None for n in range(setup.stock.height)])
    return replace(setup, stock=setup.stock.with_columns(local_lettings_plan=named))


def counts_of(world: World) -> dict[str, tuple[int, int]]:
    counts = world.state.targets
    return {f"{a.plan}: {a.criterion}": tuple(of) for a, of in zip(
        counts.rules.accounts, counts.counted[0].tolist(), strict=True)}


@pytest.mark.parametrize("by_whom", ["advert", "council", "household", "homes"])
def test_offers_lettings_and_counts_are_those_of_the_live_cycle(by_whom, tmp_path, monkeypatch):
    its = lived(under_a_plan(tmp_path, points_text(by_whom)), monkeypatch)
    offers, lettings, cycle = through_cycles(its, PLAIN)
    assert len(offers) > 40
    assert sorted(offers) == sorted(simulated(its))  # of a day, in any order
    assert lettings == let(its)
    ledger = cycle.record.tables["ledger"].filter(pl.col("quota").str.starts_with("plan: "))
    last = {r["quota"]: (r["whole"], r["part"]) for r in ledger.sort("event").iter_rows(named=True)}
    assert counts_of(its) == last
    assert any(event.reserved for event in cycle.events if type(event).__name__ == "OfferProposed")
    none = lived(under_a_plan(tmp_path, points_text(by_whom, "[]")), monkeypatch)
    assert simulated(none) != offers


@pytest.mark.parametrize("seed", [2, 3, 10])
def test_a_home_that_is_seen_goes_to_those_who_meet_a_target_first(seed, tmp_path, monkeypatch):
    """Where a landlord is named who is next, the home is viewed, and lists are ranked anew.

    Worlds in which nobody who came waits past the office's time to answer, which worlds have not.
    """
    text = (shipped_folder("schemes") / "tonbridge_malling.yaml").read_text()
    text = text.replace("criterion: local_and_economically_active\n        homes: not_the_wheelchair_home\n",
                        "criterion: medium_need\n")
    its = lived(under_a_plan(tmp_path, text, plan="clare_park", seed=seed), monkeypatch)
    words = {**PLAIN, "no_show": "withdrew", "refused_at_viewing": "withdrew"}
    offers, lettings, _ = through_cycles(its, words, viewing=True, answers=by_the_order_drawn(its))
    assert sorted(offers) == sorted(simulated(its))  # of a day, in any order
    assert lettings == let(its)
    assert its.state.nominations["waits"].any()


def test_a_target_is_met_by_about_its_share(tmp_path):
    """Points grow with waiting, so that few homes would go to those who have just joined."""
    half = "\n      - {label: Half to those who joined this year, criterion: new, share: 0.5}\n"
    shares = []
    for targets in (half, "[]"):
        text = points_text("advert", targets).replace(
            "criteria:\n", "criteria:\n  new: {label: New, when: years_waiting < 1}\n", 1)
        state, _ = run_batch(under_a_plan(tmp_path, text), np.arange(8))
        lettings = state.lettings
        home = state.static(state.voids["home"][lettings["void"]])
        waited = lettings["day"] - state.households["registered"][lettings["household"]]
        shares.append((waited < 365)[home % 2 == 1].mean())
    assert shares[0] == pytest.approx(0.5, abs=0.05)
    assert shares[1] < 0.4


def test_counts_go_on_under_a_new_version(tmp_path):
    text, versions = points_text("advert"), tmp_path / "versions"
    versions.mkdir()
    for name, dates in (("one", "from: 2020-01-01, until: 2026-05-11"), ("two", "from: 2026-05-11")):
        (versions / f"{name}.yaml").write_text(text.replace("from: 2020-01-01", dates))
    setup = under_a_plan(tmp_path, text)
    setup = replace(setup, scheme=load_scheme(versions), policies={})
    state, _ = run_batch(setup, np.array([1]))
    assert len(setup.policies) == 2
    rows = state.lettings["void"]
    of_plan = state.static(state.voids["home"][rows]) % 2 == 1
    let = of_plan & (state.voids["route"][rows] == BY_BIDDING)
    assert let.sum() > let[state.lettings["day"] >= day_number(date(2026, 5, 11))].sum() > 0
    assert state.targets.counted[0, 0, 0] == let.sum()


def test_counts_do_not_hang_on_the_batch(tmp_path):
    setup = under_a_plan(tmp_path, points_text("advert"))
    both, _ = run_batch(setup, np.array([1, 3]))
    for place, world in enumerate((1, 3)):
        alone, _ = run_batch(setup, np.array([world]))
        assert (alone.targets.counted[0] == both.targets.counted[place]).all()
    assert both.targets.counted[..., 0].min() > 0


def test_targets_are_gone_by(tmp_path):
    scheme = under_a_plan(tmp_path, points_text("advert")).scheme
    assert not [rule for rule in not_followed(scheme.versions[0]) if "targets" in rule]
