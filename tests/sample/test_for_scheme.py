"""Boroughs made for a scheme: every shipped scheme ranks bids in one."""

from __future__ import annotations

from datetime import date

import pytest

from cbl_engine.assess import assess
from cbl_engine.records import check_inputs, run_shortlist
from cbl_engine.sample import EXTRA_COLUMNS, sample_borough_for, write_borough
from cbl_engine.sample.for_scheme import fitted
from cbl_engine.scheme import lint, load_scheme, scheme_from_text, shipped_schemes
from cbl_engine.shipped import shipped_folder
from cbl_engine.shortlist import prepare
from cbl_engine.tables import ExtraColumn, read_tables


@pytest.mark.parametrize("name", sorted(shipped_schemes()))
def test_every_shipped_scheme_ranks_bids_in_a_borough_of_its_own(tmp_path, name):
    write_borough(tmp_path, scheme=load_scheme(name), households=300, adverts=12, seed=3)
    result = run_shortlist(name, tmp_path, "close", verify="full")
    frame = result.frame()
    assert frame["position"].drop_nulls().len() > 20
    assert frame["eligible"].eq(False).any()


@pytest.mark.parametrize("name", sorted(shipped_schemes()))
def test_nothing_looks_odd_in_a_shipped_scheme_on_its_borough(tmp_path, name):
    write_borough(tmp_path, scheme=load_scheme(name), households=300, adverts=12, seed=3)
    inputs = check_inputs(name, tmp_path)
    assert not inputs.problems
    findings = lint(inputs.scheme, inputs.tables.frames)
    assert [f.line() for f in findings if f.level == "warning"] == []


def test_the_scheme_settles_bands_profiles_district_and_landlords():
    home_link = sample_borough_for(load_scheme("home_link"), households=200, adverts=10)
    assert set(home_link["applications"]["band"].drop_nulls()) == {"A", "B", "C", "D"}
    assert set(home_link["adverts"]["profile"]) == {"own_council", "any_partner", "exception_site"}
    assert "cambridge" in home_link["areas"]["id"]
    assert home_link["connections"]["weekly_hours"].null_count() > 0
    bexley = sample_borough_for(load_scheme("bexley"), households=200, adverts=10)
    assert set(bexley["homes"]["landlord"]) <= {"orbit_south", "l_and_q", "peabody"}
    assert bexley["landlords"]["id"].to_list() == ["l_and_q", "orbit_south", "peabody"]


def test_what_is_asked_for_wins_over_the_scheme():
    frames = sample_borough_for(
        load_scheme("runnymede"), households=50, adverts=3, bands=("X",), district="elsewhere"
    )
    assert set(frames["applications"]["band"].drop_nulls()) == {"X"}
    assert "elsewhere" in frames["areas"]["id"]


WITHOUT_BANDS = """
scheme: points
title: t
authority: a
in_force: {from: 2020-01-01, assumed: true}
criteria: {active: {label: x, when: status = 'active'}}
eligible: [active]
profiles: {p: {label: x, order: [{points: points}, {tie: human}]}}
"""


def test_a_borough_for_a_scheme_without_bands_has_none():
    scheme = scheme_from_text(WITHOUT_BANDS)
    frames = sample_borough_for(scheme, households=80, adverts=3)
    applications = frames["applications"]
    assert applications["band"].null_count() == applications["band_from"].null_count() == 80
    assert set(frames["officer_decisions"]["subject"]) == {"medical"}
    given = sample_borough_for(scheme, households=80, adverts=3, bands=("X",))
    assert given["applications"]["band"].drop_nulls().len() > 0


def test_some_adverts_name_a_plan_that_is_in_force():
    scheme = load_scheme("tonbridge_malling")
    frames = sample_borough_for(scheme, households=50, adverts=11)
    assert frames["adverts"]["local_lettings_plan"].drop_nulls().to_list() == ["clare_park"] * 2
    template = load_scheme(shipped_folder("templates") / "scheme.yaml")
    for close_on, plans in ((date(2026, 3, 3), 2), (date(2031, 3, 3), 0)):
        frames = sample_borough_for(template, households=50, adverts=11, close_on=close_on)
        assert frames["adverts"]["local_lettings_plan"].drop_nulls().len() == plans


RIVERTON = shipped_folder("boroughs") / "riverton"
LAST_DAY = date(2026, 3, 3)


@pytest.fixture(scope="module")
def riverton():
    return read_tables(RIVERTON, EXTRA_COLUMNS).frames


@pytest.mark.parametrize("name", sorted(shipped_schemes()))
def test_riverton_is_assessed_under_every_shipped_scheme(riverton, name):
    # The properties of an assessment are checked by the assessment itself.
    scheme = load_scheme(name)
    result = assess(scheme, fitted(riverton, scheme.versions[-1]), LAST_DAY)
    assert result.assessed.height == riverton["applications"].height
    bands = result.assessed["band"].drop_nulls()
    assert len(bands) > 50
    assert set(bands) <= set(scheme.versions[-1].bands)
    assert (result.assessed["next_review_on"].drop_nulls() > LAST_DAY).all()
    waiting = ~result.assessed["status_proposed"].is_in(["active", "under_offer", "housed"])
    told = result.reasons(result.assessed.filter(waiting)["application"][:20])
    assert told.filter(told["step"] == "status").height == min(20, waiting.sum())
    prepared = prepare(scheme, result.register(), LAST_DAY).at(LAST_DAY).frame
    assert prepared["band"].cast(str).drop_nulls().to_list() == bands.to_list()


def test_riverton_as_it_is_keeps_its_bands_under_the_scheme_it_was_made_for(riverton):
    assessed = assess(load_scheme("sheffield"), riverton, LAST_DAY).assessed
    recorded = riverton["applications"].select("id", recorded="band")
    both = assessed.join(recorded, left_on="application", right_on="id")
    known = both.drop_nulls("recorded")
    assert known["band"].to_list() == known["recorded"].to_list()
    assert set(both.filter(both["recorded"].is_null())["band"]) == {"D"}


@pytest.mark.parametrize("name", sorted(shipped_schemes()))
def test_a_borough_made_for_a_scheme_can_be_assessed_by_it(tmp_path, name):
    scheme = load_scheme(name)
    write_borough(tmp_path, scheme=scheme, households=60, adverts=3, seed=3)
    declared = scheme.versions[-1].columns
    extra = {
        table: [ExtraColumn(n, c.type, codes=c.codes, label=c.label) for n, c in columns.items()]
        for table, columns in declared.items()
    }
    frames = read_tables(tmp_path, extra).frames
    assert assess(scheme, frames, LAST_DAY).assessed.height == 60
