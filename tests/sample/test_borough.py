"""Boroughs: the same for the same seed, whatever their size; valid; like the published shares."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cbl_engine.sample import EXTRA_COLUMNS, published_share, sample_borough, write_borough
from cbl_engine.sample.households import (
    band_shares,
    need_shares,
    reason_shares,
    wheelchair_share,
)
from cbl_engine.tables import DTYPES, columns_of, read_tables, validate_frames

PROFILES = ("housing_register", "waiting_time", "first_come_first_served")
BY_HOUSEHOLD = {
    "applications": "id",
    "people": "application",
    "connections": "application",
    "duties": "application",
    "officer_decisions": "application",
}


@pytest.fixture(scope="module")
def borough():
    return sample_borough(
        20_000, 400, 7, mean_bids=40, profiles=PROFILES, profile_weights=(60, 25, 15)
    )


def bytes_of(frames):
    """The frames as Parquet would hold them: every value and its type."""
    return {name: (frame.schema, frame.to_dict(as_series=False)) for name, frame in frames.items()}


def test_the_same_seed_gives_the_same_borough_and_another_seed_another():
    first, again = sample_borough(300, 10, 5), sample_borough(300, 10, 5)
    other = sample_borough(300, 10, 6)
    assert bytes_of(first) == bytes_of(again)
    for table in ("applications", "people", "connections", "homes", "bids"):
        assert not first[table].equals(other[table])


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(-(2**63), 2**64 - 1),
    small=st.integers(1, 300),
    more=st.integers(0, 300),
    adverts=st.tuples(st.integers(0, 20), st.integers(0, 20)),
)
def test_a_household_is_the_same_in_a_larger_borough(seed, small, more, adverts):
    less = sample_borough(small, adverts[0], seed)
    larger = sample_borough(small + more, adverts[1], seed)
    for table, column in BY_HOUSEHOLD.items():
        last = less["applications"]["id"][-1]
        assert_frame_equal(less[table], larger[table].filter(pl.col(column) <= last))
    n = min(adverts)
    own = [name for name in less["adverts"].columns if name != "profile"]
    assert_frame_equal(less["adverts"].select(own)[:n], larger["adverts"].select(own)[:n])


@settings(max_examples=20, deadline=None)
@given(
    households=st.integers(1, 400),
    adverts=st.integers(0, 40),
    seed=st.integers(0, 2**64 - 1),
    closing_days=st.integers(1, 60),
    window_days=st.integers(1, 14),
    close_on=st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    bands=st.lists(st.text("ABCxyz", min_size=1), min_size=1, max_size=9, unique=True),
    wards=st.integers(1, 12),
    parishes=st.integers(0, 3),
    authority_type=st.sampled_from(("england", "london_borough", "unitary")),
    profiles=st.sampled_from((None, PROFILES)),
)
def test_every_borough_is_valid(**options):
    frames = sample_borough(**options)
    good, problems, _ = validate_frames(frames, EXTRA_COLUMNS)
    assert [problem.line() for problem in problems] == []
    assert all(good[table].height == frame.height for table, frame in frames.items())


def test_columns_have_the_declared_types(borough):
    for table, frame in borough.items():
        known = columns_of(table, EXTRA_COLUMNS.get(table, ()))
        for name, dtype in frame.schema.items():
            assert dtype == DTYPES[known[name].type], (table, name)


def test_ids_ascend(borough):
    for table in ("areas", "landlords", "homes", "applications", "people", "adverts"):
        ids = borough[table]["id"]
        assert ids.is_sorted()
        assert ids.n_unique() == len(ids)


def test_tenants_live_in_homes_of_the_table(borough):
    held = borough["applications"]["current_home"].drop_nulls()
    assert held.is_in(borough["homes"]["id"].implode()).all()
    assert held.n_unique() == len(held)


def test_sizes_hold_the_need_and_little_else(borough):
    known = borough["applications"].drop_nulls(["bedroom_need", "sizes"])
    need, sizes = pl.col("bedroom_need"), pl.col("sizes")
    assert known.select(sizes.list.contains(need)).to_series().all()
    assert known.select((sizes.list.max() - need).is_between(0, 1)).to_series().all()
    assert known.select((need - sizes.list.min()).is_between(0, 1)).to_series().all()


def test_dates_follow_each_other(borough):
    first_opening = borough["adverts"]["opens_at"].min().date()
    applications = borough["applications"]
    assert (applications["registered_on"] < first_opening).all()
    for later in ("band_from", "priority_date"):
        known = applications.drop_nulls(later)
        assert (known[later] >= known["registered_on"]).all()
        assert (known[later] < first_opening).all()
    ranked = applications.drop_nulls(["band_from", "priority_date"])
    assert (
        (ranked["priority_date"] == ranked["registered_on"])
        | (ranked["priority_date"] == ranked["band_from"])
    ).all()


def test_facts_said_twice_agree(borough):
    applications = borough["applications"]
    owed = applications.drop_nulls("owed_homelessness_duty")
    assert (
        owed["owed_homelessness_duty"] == (owed["preference_reason"] == "owed_homelessness_duty")
    ).all()
    access = applications.drop_nulls(["access_need", "wheelchair_need", "accessible_need"])
    assert ((access["access_need"] == "A2") == access["wheelchair_need"]).all()
    assert ((access["access_need"] != "general") == access["accessible_need"]).all()
    duty = borough["connections"].filter(pl.col("kind") == "duty")["application"]
    told = applications.filter(pl.col("preference_reason") == "owed_homelessness_duty")["id"]
    assert duty.to_list() == told.to_list()


def test_bids_lie_in_their_windows(borough):
    rows = borough["bids"].join(
        borough["adverts"].select("id", "opens_at", "closes_at"), left_on="advert", right_on="id"
    )
    assert rows.height == borough["bids"].height
    assert rows["placed_at"].is_between(rows["opens_at"], rows["closes_at"]).all()
    gone = rows.drop_nulls("withdrawn_at")
    assert gone["withdrawn_at"].is_between(gone["placed_at"], gone["closes_at"]).all()
    assert rows["placed_at"].is_sorted()


def test_adverts_close_at_the_times_of_day_said_also_in_summer():
    adverts = sample_borough(10, 8, close_on=date(2026, 3, 31), closing_days=4)["adverts"]
    assert adverts["closes_at"].dt.strftime("%H:%M").unique().to_list() == ["23:59"]
    assert adverts["opens_at"].dt.strftime("%H:%M").unique().to_list() == ["00:01"]
    assert adverts["closes_at"].dt.date().max() == date(2026, 3, 31)
    assert adverts["closes_at"].dt.date().n_unique() == 4
    long = adverts["closes_at"].dt.date() - adverts["opens_at"].dt.date()
    assert long.unique().to_list() == [timedelta(days=4)]


def test_most_bids_suit_some_do_not(borough):
    rows = (
        borough["bids"]
        .join(borough["applications"], left_on="application", right_on="id")
        .join(borough["adverts"].select("id", "home"), left_on="advert", right_on="id")
        .join(borough["homes"].select("id", "bedrooms"), left_on="home", right_on="id")
    )
    suits = pl.col("sizes").list.contains(pl.col("bedrooms")) & (pl.col("status") == "active")
    share = rows.select(suits.fill_null(value=False).mean()).item()
    assert 0.9 < share < 0.99


def test_bids_are_skewed_withdrawn_and_repeated(borough):
    bids = borough["bids"]
    counts = bids.group_by("advert").len()["len"]
    assert counts.max() > 3 * counts.median()
    per_household = bids.group_by("application").len()["len"]
    assert per_household.max() > 5 * per_household.mean()
    n_pairs = bids.select("advert", "application").unique().height
    assert bids.height / n_pairs - 1 == pytest.approx(0.02, abs=0.006)
    assert bids["withdrawn_at"].count() / n_pairs == pytest.approx(0.03, abs=0.006)
    assert set(bids["placed_by"]) == {"applicant", "officer", "automatic", None}


def test_mean_bids_is_met_where_there_are_households_enough(borough):
    pairs = borough["bids"].select("advert", "application").unique().height
    assert pairs / borough["adverts"].height == pytest.approx(40, rel=0.08)


def test_few_cells_are_empty(borough):
    for name in ("bedroom_need", "sizes", "access_need", "housing_debt", "wheelchair_need"):
        share = borough["applications"][name].null_count() / 20_000
        assert 0 < share < 0.05, name


def assert_shares(values: pl.Series, shares: dict, sigmas: float = 4):
    """Every category as frequent as its share, give or take some standard errors."""
    known = values.drop_nulls()
    for category, share in shares.items():
        expected = len(known) * share
        error = (expected * (1 - share)) ** 0.5 + 0.5
        assert abs((known == category).sum() - expected) < sigmas * error, category


@pytest.mark.parametrize("authority_type", ["england", "london_borough", "shire_district"])
def test_published_shares_of_the_register_are_met(authority_type):
    applications = sample_borough(20_000, 0, 3, authority_type=authority_type)["applications"]
    need = {int(size): share for size, share in need_shares(authority_type).items()}
    assert_shares(applications["bedroom_need"], need)
    assert_shares(applications["preference_reason"], reason_shares(authority_type))
    preferred = published_share("register_by_reasonable_preference", authority_type)["yes"]
    assert_shares(applications["reasonable_preference"], {True: preferred})
    assert_shares(applications["band"], band_shares(tuple("ABCDE")))
    usual = applications["status"].filter(
        applications["status"].is_in(["active", "under_offer", "housed", "awaiting_review"])
    )
    published = published_share("status")
    counted = {name: published[name] for name in usual.unique()}
    total = sum(counted.values())
    assert_shares(usual, {name: share / total for name, share in counted.items()})
    assert_shares(applications["wheelchair_need"], {True: wheelchair_share()})
    tenants = published_share("lettings_to_existing_tenants")["yes"]
    assert_shares(applications["current_home"].is_not_null(), {True: tenants})


def test_bands_follow_need(borough):
    top = borough["applications"].filter(pl.col("band") == "A")
    assert top["reasonable_preference"].mean() > 0.8


def test_published_shares_of_lettings_are_met():
    homes = sample_borough(20_000, 5_000, 3, mean_bids=1)["homes"]
    advertised = homes.filter(pl.col("id").str.starts_with("H"))
    held = homes.filter(pl.col("id").str.starts_with("T"))
    sizes = {int(k): share for k, share in published_share("adverts_by_bedrooms").items()}
    assert_shares(advertised["bedrooms"], sizes)
    assert_shares(advertised["rent_type"], published_share("rent_type"))
    assert_shares(advertised["landlord"] == "L01", {True: published_share("landlord")["council"]})
    assert_shares(advertised["new_build"], {True: published_share("first_let")["first_let"]})
    stock = published_share("stock_by_bedrooms")
    assert_shares(held["bedrooms"], {1: stock["1"], 2: stock["2"]})


def test_profiles_keep_their_shares_and_may_be_left_out(borough):
    counts = dict(borough["adverts"]["profile"].value_counts().iter_rows())
    for profile, share in zip(PROFILES, (0.6, 0.25, 0.15), strict=True):
        assert abs(counts[profile] - 400 * share) <= 2
    assert sample_borough(20, 5)["adverts"]["profile"].null_count() == 5


def test_the_district_can_be_named():
    frames = sample_borough(100, 5, district="southend")
    assert "southend" in frames["areas"]["id"]
    assert frames["connections"]["area"].str.contains("southend").all()


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_borough_is_written_and_read_back(tmp_path, format):
    options = {"households": 200, "adverts": 12, "seed": 4, "profiles": PROFILES}
    write_borough(tmp_path, format, **options)
    back = read_tables(tmp_path, EXTRA_COLUMNS).frames
    for table, frame in sample_borough(**options).items():
        assert_frame_equal(back[table].drop("source_name", "source_row"), frame)
