"""Quotas in many worlds at once: the same profiles and counts as the live ledger's, one by one."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from cbl_engine.offers.criteria import Judge
from cbl_engine.offers.quotas import Ledger
from cbl_engine.scheme import scheme_from_text
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.quotas import (
    begin_counts,
    choose_profiles,
    compile_quotas,
    count_adverts,
    count_lettings,
)
from cbl_engine.tables.days import day_number
from tests.simulate.policy_world import run, scheme_text, setup_of, weeks_of
from tests.simulate.small import START

PROFILES = """
profiles:
  usual: {label: x, order: [{date: priority_date}]}
  wider: {label: x, order: [{date: priority_date}]}
  third: {label: x, order: [{date: priority_date}]}
default_profile: usual
"""
QUOTAS = {
    "stratified": """advertising:
  quotas:
    quarter: {label: x, on: adverts, share: 0.25, by: [property_type, bedrooms], profile: wider}
""",
    "nested": """advertising:
  quotas:
    large_ones: {label: x, on: adverts, share: 0.5, of: large, profile: wider}
    third_of_rest: {label: x, on: adverts, share: 0.34, profile: third, within: large_ones}
    houses: {label: x, on: adverts, share: 0.1, of: a_house, by: [bedrooms], profile: wider, starts: 03-01}
""",
    "lettings": """advertising:
  quotas:
    to_a: {label: x, on: lettings, share: 0.3, to: in_band_a, profile: wider, by: [bedrooms]}
    thirds: {label: x, on: lettings, share: 0.2, profile: third, within: to_a, starts: 04-01}
    adverts: {label: x, on: adverts, share: 0.15, profile: third}
""",
}


@pytest.mark.parametrize("kind", QUOTAS)
def test_the_live_ledger_chooses_and_counts_the_same(kind):
    scheme = scheme_from_text(scheme_text(QUOTAS[kind], PROFILES))
    version = scheme.versions[0]
    rng = np.random.default_rng(3)
    n_homes, n_worlds, n = 30, 3, 240
    homes = pl.DataFrame({
        "id": np.arange(n_homes), "bedrooms": rng.integers(1, 5, n_homes),
        "property_type": rng.choice(["house", "flat"], n_homes),
    }).with_columns(pl.when(pl.col("id") == 3).then(None).otherwise("property_type")
                    .alias("property_type"))
    world = np.sort(rng.integers(0, n_worlds, n))
    home = rng.integers(0, n_homes, n)
    given = rng.choice([0, 0, 0, 1, 2, 3], n)
    names = [None, "usual", "wider", "third"]
    adverts = pl.DataFrame({"id": np.arange(n), "home": home,
                            "profile": [names[g] for g in given]})
    applications = pl.DataFrame({"id": np.arange(20), "status": ["active"] * 20,
                                 "band": ["A", "B"] * 10, "bedroom_need": [1] * 20})
    judge = Judge(scheme, {"applications": applications}, adverts, homes)
    quotas = version.advertising.quotas
    stock = Judge(scheme, {"applications": applications}, pl.DataFrame({
        "id": np.arange(n_homes), "home": np.arange(n_homes)}), homes)
    on = date(2026, 1, 1)
    of = np.stack([np.ones(n_homes, bool) if q.of is None else stock.counts(
        q.of, on, advert=homes["id"]).fill_null(value=False).to_numpy() for q in quotas.values()])
    counts = begin_counts(compile_quotas(quotas, of, homes, tuple(version.profiles), "usual"),
                          n_worlds)
    ledgers = [Ledger(judge) for _ in range(n_worlds)]
    in_a = (applications["band"] == "A").to_numpy()
    chosen = 0
    for week in range(12):
        day = date(2026, 1, 1).toordinal() + 14 * week
        on = date.fromordinal(day)
        rows = np.flatnonzero(rng.integers(0, 12, n) == 0) if week else np.arange(0, n, 7)
        rows = rows[rng.random(len(rows)) < 0.7]
        profile = choose_profiles(counts, world[rows], home[rows], given[rows], day_number(on))
        live = [ledgers[world[r]].choose(r, on) for r in rows.tolist()]
        assert [names[p] for p in profile] == [choice.profile for choice in live]
        chosen += sum(choice.quota is not None for choice in live)
        let = rng.random(len(rows)) < 0.6
        who = rng.integers(0, 20, len(rows))
        for row, household in zip(rows[let].tolist(), who[let].tolist(), strict=True):
            ledgers[world[row]].letting(row, household, on, offer=f"{row}/{household}")
        to = np.stack([in_a[who[let]] if q.to is not None else np.ones(let.sum(), bool)
                       for q in quotas.values()], axis=1)
        live_profiles = np.array([names.index(ledgers[world[r]].profile_of(r, on))
                                  for r in rows[let].tolist()], np.int64)
        count_lettings(counts, world[rows[let]], home[rows[let]], live_profiles, to,
                       day_number(on))
    assert chosen > 5
    names_of = list(quotas)
    for number, ledger in enumerate(ledgers):
        for account, count in ledger.counts.items():
            quota = names_of.index(account.quota)
            if account.period != counts.periods[quota]:
                continue
            its = [h for h in range(n_homes) if tuple(
                "not known" if homes[c][h] is None else str(homes[c][h])
                for c in quotas[account.quota].by) == account.stratum]
            found = counts.counted[number, quota, counts.rules.stratum[quota, its[0]]]
            assert tuple(found) == count


def test_one_in_four_adverts_of_a_world_has_the_profile_of_its_quota():
    rules = """advertising:
  quotas: {quarter: {label: x, on: adverts, share: 0.25, profile: wider}}
"""
    _, frames = run(setup_of(scheme_text(rules), tenancies__end_per_year=2.0, weeks=10))
    for adverts in frames["adverts"].partition_by("world"):
        wider = adverts.filter(pl.col("profile") == "wider").height
        assert wider == adverts.height // 4
        assert adverts.height > 20


def test_a_year_of_a_quota_begins_with_the_adverts_that_open_in_it():
    week, begins = 4, START + timedelta(days=4 * 7 + 3)
    setup = setup_of(scheme_text(f"""advertising:
  quotas: {{part: {{label: x, on: adverts, share: 0.3, profile: wider, starts: "{begins:%m-%d}"}}}}
"""), tenancies__end_per_year=2.0, weeks=10)
    _, frames = run(setup)
    for adverts in frames["adverts"].partition_by("world"):
        for year in (adverts.filter(pl.col("week") <= week), adverts.filter(pl.col("week") > week)):
            assert year.filter(pl.col("profile") == "wider").height == year.height * 3 // 10
            assert year.height > 10


def test_a_quota_on_lettings_follows_what_is_let():
    rules = """advertising:
  quotas: {half_to_a: {label: x, on: lettings, share: 0.95, to: in_band_a, profile: wider}}
"""
    setup = setup_of(scheme_text(rules), tenancies__end_per_year=2.0, weeks=10)
    state, frames = run(setup)
    whole, part = state.counts.counted[:, 0, 0].T
    lettings = frames["lettings"].group_by("world").agg(
        pl.len(), (pl.col("band") == "A").sum().alias("a")).sort("world")
    assert lettings["len"].to_list() == whole.tolist()
    assert lettings["a"].to_list() == part.tolist()
    assert frames["adverts"]["profile"].unique().sort().to_list() == ["usual", "wider"]


def test_the_live_shortlist_ranks_by_the_profile_that_the_quota_chose():
    from cbl_engine.simulate import listing, week_frames

    rules = """advertising:
  quotas: {half: {label: x, on: adverts, share: 0.5, profile: wider}}
"""
    setup = setup_of(scheme_text(rules), tenancies__end_per_year=2.0)
    seen = set()
    for state, week, advertised, bids in weeks_of(setup):
        made = listing.live_shortlist(state, week_frames.frames_of(state, week, advertised, bids))
        chosen = [setup.policies[0].profiles[p - 1] for p in state.voids["profile"][advertised]]
        ids = week_frames.adverts_of(state, week, advertised).ids
        by_id = dict(made.summary().select("advert", "profile").iter_rows())
        assert [by_id[i] for i in ids.tolist() if i in by_id] == [
            c for i, c in zip(ids.tolist(), chosen, strict=True) if i in by_id]
        seen |= set(chosen)
    assert seen == {"usual", "wider"}


WORLDS = np.zeros(1, np.int64)


def _one_quota(share, strata, starts=None, worlds=1):
    starts = "" if starts is None else f', starts: "{starts}"'
    scheme = scheme_from_text(scheme_text(f"""advertising:
  quotas: {{part: {{label: x, on: adverts, share: {share}, by: [bedrooms], profile: wider{starts}}}}}
""", PROFILES))
    stock = pl.DataFrame({"bedrooms": np.arange(strata)})
    version = scheme.versions[0]
    rules = compile_quotas(version.advertising.quotas, np.ones((1, strata), bool), stock,
                           tuple(version.profiles), "usual")
    return begin_counts(rules, worlds)


def _chosen(counts, home, day):
    return choose_profiles(counts, np.zeros(len(home), np.int64), home,
                           np.zeros(len(home), np.int64), day)


@pytest.mark.parametrize(("share", "each"), [("0.25", 4), ("1/3", 3), ("0.5", 2)])
@pytest.mark.parametrize("lost", range(1, 30))
def test_a_record_that_begins_late_goes_on_as_the_whole_one_would(share, each, lost):
    rng = np.random.default_rng(lost)
    strata, day = 3, 20_000
    home = rng.integers(0, strata, 60)
    whole = _one_quota(share, strata)
    profile = np.array([_chosen(whole, home[i:i + 1], day + i)[0] for i in range(60)])
    late = _one_quota(share, strata)
    days = np.arange(day, day + 60)
    count_adverts(late, home[lost:], profile[lost:], days[lost:], day + 60, np.array([day]), Luck(1), WORLDS)
    told = [s for s in range(strata) if (profile[lost:][home[lost:] == s] == 2).any()]
    assert told or lost > 10
    for stratum in told:
        n, part = late.counted[0, 0, stratum]
        true_n, true_part = whole.counted[0, 0, stratum]
        assert n - each * part == true_n - each * true_part
        assert n <= true_n


def test_a_record_from_the_first_day_is_counted_as_it_is():
    counts = _one_quota("0.25", 1)
    ahead = np.array([2, 2, 1])
    count_adverts(counts, np.zeros(3, np.int64), ahead, np.array([100, 101, 102]), 110, np.array([100]), Luck(1), WORLDS)
    assert counts.counted[0, 0, 0].tolist() == [3, 2]


def test_a_record_from_the_first_day_of_the_period_is_counted_as_it_is():
    begins = day_number(date(2026, 3, 1))
    counts = _one_quota("0.25", 1, starts="03-01")
    opened = np.array([begins - 2, begins, begins + 1])
    count_adverts(counts, np.zeros(3, np.int64), np.array([1, 2, 2]), opened, begins + 9,
                  np.array([begins - 900]), Luck(1), WORLDS)
    assert counts.counted[0, 0, 0].tolist() == [2, 2]


def test_shares_of_many_digits_take_a_late_record_too():
    counts = _one_quota("0.33333333333", 1)
    count_adverts(counts, np.zeros(2, np.int64), np.array([2, 1]), np.array([100, 101]), 110, np.array([50]),
                  Luck(1), WORLDS)
    assert counts.counted[0, 0, 0].tolist() == [5, 1]
    assert _chosen(counts, np.zeros(3, np.int64), 110).tolist() == [1, 2, 1]


@pytest.mark.parametrize(("known", "most"), [(0, 3), (2, 1), (3, 0), (7, 0)])
def test_worlds_differ_in_what_came_before_a_late_record_in_which_a_quota_has_had_no_turn(known, most):
    worlds, long_ago = np.arange(800), -100_000
    counts = _one_quota("0.25", 2, worlds=len(worlds))
    home = np.r_[0, np.ones(known, np.int64)]
    count_adverts(counts, home, np.ones(known + 1, np.int64), np.full(known + 1, 100), 110,
                  np.array([long_ago]), Luck(1), worlds)
    whole, part = counts.counted[:, 0, 1].T
    behind = whole - 4 * part - known
    assert np.unique(behind).tolist() == list(range(most + 1))
    assert np.bincount(behind).min() > 0.8 * len(worlds) / (most + 1)


def test_shortly_before_a_late_record_there_were_few_adverts():
    worlds = np.arange(800)
    counts = _one_quota("0.25", 1, worlds=len(worlds))
    count_adverts(counts, np.zeros(2, np.int64), np.ones(2, np.int64), np.array([100, 150]), 200,
                  np.array([90]), Luck(1), worlds)
    whole, part = counts.counted[:, 0, 0].T
    assert not part.any()
    some = 0.25 / 1.25  # of Poisson counts with mean 2.5 * 10 / 100, 0 and 1 alone leave no turn
    assert abs((whole == 3).mean() - some) < 0.04
    assert set(whole.tolist()) == {2, 3}
