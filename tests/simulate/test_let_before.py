"""Lettings from before the start: worlds begin with what the live ledger has counted of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from cbl_engine.offers.criteria import Judge
from cbl_engine.offers.quotas import Ledger
from cbl_engine.simulate import let_before
from cbl_engine.simulate.quotas import choose_profiles
from cbl_engine.simulate.state import begin
from cbl_engine.tables.days import day_number
from tests.simulate.policy_world import registers, scheme_text, setup_of
from tests.simulate.small import START

WORLDS = 2
RULES = """advertising:
  quotas:
    to_a: {label: x, on: lettings, share: 0.5, to: in_band_a, profile: wider, by: [property_type],
           starts: 04-01}
    of_large: {label: x, on: lettings, share: 0.5, of: large, profile: wider}
    shown: {label: x, on: adverts, share: 0.5, profile: wider}
local_lettings_plans:
  plan:
    label: A plan
    targets:
      - {label: Half to band A, criterion: in_band_a, share: 0.5}
      - {label: Small homes to who needs one, criterion: fits, homes: one_bedroom, number: 30}
"""


def tables_of(setup, seed, n=60):
    """A council's own tables: adverts that closed, and homes let or let and undone."""
    rng = np.random.default_rng(seed)
    applications = registers(150)[0]["applications"]
    homes = setup.stock["id"].to_list()
    at = rng.choice(len(homes), n, replace=False)
    adverts = pl.DataFrame({
        "id": [f"V{i}" for i in range(n)], "home": [homes[h] for h in at],
        "profile": [[None, "usual", "wider"][k] for k in rng.integers(0, 3, n)]})
    who = rng.choice(applications["id"].to_list(), n)
    on = [START - timedelta(days=int(d)) for d in rng.integers(1, 70, n)]
    rows = [{"on": on[i], "what": "signed", "advert": f"V{i}", "application": who[i]} for i in range(n)]
    rows += [{"on": min(on[i] + timedelta(days=3), START - timedelta(days=1)), "what": "undone",
              "advert": f"V{i}", "application": who[i]} for i in range(0, n, 9)]
    rows += [{"on": START, "what": "signed", "advert": "V0", "application": "later"},
             {"on": on[1], "what": "signed", "advert": None, "application": who[1]}]
    return {"applications": applications, "adverts": adverts,
            "outcomes": pl.DataFrame(rows, infer_schema_length=None)}


def world(rules=RULES):
    setup = setup_of(scheme_text(rules))
    plan = pl.Series([["plan", None][n % 2] for n in range(setup.stock.height)], dtype=pl.String)
    return replace(setup, stock=setup.stock.with_columns(local_lettings_plan=plan))


def begun(setup, tables):
    before = let_before.let_before(setup.scheme, tables, setup.stock, START)
    state = begin(setup, np.arange(WORLDS))
    let_before.count(state, before)
    return state, before


@pytest.mark.parametrize("seed", range(4))
def test_counts_are_those_of_the_live_ledger(seed):
    setup = world()
    tables = tables_of(setup, seed)
    state, _ = begun(setup, tables)
    ledger = Ledger(Judge(setup.scheme, tables, tables["adverts"], setup.stock))
    known = tables["outcomes"].filter(pl.col("on") < START, pl.col("advert").is_not_null())
    signed = {}
    for row in known.sort("on", pl.col("what") == "undone", maintain_order=True).iter_rows(named=True):
        of = row["advert"], row["application"]
        if row["what"] == "signed":
            signed[of] = row["on"]
            ledger.letting(*of, row["on"], offer="/".join(of))
        else:
            ledger.undone(*of, signed[of], row["on"], offer="/".join(of))
    quotas, targets = list(state.counts.rules.quotas), state.targets.rules.accounts
    found = {}
    for account, count in ledger.counts.items():
        if account.quota in quotas:
            quota = quotas.index(account.quota)
            if account.period != state.counts.periods[quota]:
                continue
            homes = [h for h in range(setup.stock.height) if account.stratum == tuple(
                str(setup.stock[c][h]) for c in state.counts.rules.quotas[account.quota].by)]
            at = state.counts.rules.stratum[quota, homes[0]] if homes else 0
            found[account] = state.counts.counted[:, quota, at].tolist()
        else:
            of = [t for t, a in enumerate(targets) if f"{a.plan}: {a.criterion}" == account.quota]
            found[account] = state.targets.counted[:, of[0]].tolist()
        assert found[account] == [list(count)] * WORLDS
    assert len(found) > 3
    assert sum(count[0][0] for count in found.values()) > 30


def test_who_is_on_record_no_more_meets_nothing_and_the_letting_counts():
    setup = world()
    tables = tables_of(setup, 1)
    gone = tables["outcomes"].with_columns(pl.lit("erased").alias("application"))
    state, before = begun(setup, {**tables, "outcomes": gone})
    assert before.lettings.height > 40
    assert not before.meets.to_numpy().any()
    assert (state.targets.counted[:, 0, 0] > 0).all()
    assert (state.targets.counted[..., 1] == 0).all()


def test_nothing_is_asked_where_nothing_counts_lettings():
    setup = setup_of(scheme_text())
    assert let_before.let_before(setup.scheme, tables_of(setup, 1), setup.stock, START) is None


def test_a_period_that_is_over_is_not_counted():
    setup = world()
    tables = tables_of(setup, 1)
    early = tables["outcomes"].with_columns(pl.col("on") - pl.duration(days=365))
    state, before = begun(setup, {**tables, "outcomes": early})
    assert before.lettings.height > 40
    none = np.zeros(0, np.int64)
    choose_profiles(state.counts, none, none, none, day_number(START))
    by_year, ever = (list(state.counts.rules.quotas).index(name) for name in ("to_a", "of_large"))
    assert state.counts.counted[:, by_year].sum() == 0
    assert state.counts.counted[:, ever].sum() > 0
