"""The month, the landlords and the plan: what a record tells, by one set of definitions."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import fastexcel
import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.packs.happened import happened, of_record
from cbl_engine.packs.landlords import by_landlord, scorecard
from cbl_engine.packs.lettings_plan import out_turn, read_plan
from cbl_engine.packs.monthly import monthly, relets, void_days_in
from cbl_engine.packs.parts import pack_page, sheets
from cbl_engine.report import results_tables
from cbl_engine.report.landlord_names import landlords_told_apart
from cbl_engine.report.results import letting_results
from cbl_engine.scheme import scheme_from_text
from tests.commands import exit_code
from tests.report.recorded_lettings import SCHEME, SCHEME_TEXT, drawn, record_of

FIRST, LAST = date(2026, 2, 1), date(2026, 2, 28)
SCENARIO = """
title: A small borough
scheme: sheffield
world: {households: 150, homes: 500}
start: 2026-04-06
weeks: 16
replications: 2
seed: 3
"""


def _void(n, **more):
    return {"id": f"V{n}", "home": f"H{n}", "tenancy_ended_on": date(2026, 1, 11),
            "keys_in_on": date(2026, 1, 12), "rent_weekly": 70.0, **more}


def _parts(record, **more):
    return {part.name: part for part in monthly(of_record(record, SCHEME), FIRST, LAST, **more)}


def _rows(part):
    return dict(part.frame.iter_rows()) if part.frame.width == 2 else part.frame.to_dicts()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    from cbl_engine.simulate.run import simulate

    folder = tmp_path_factory.mktemp("sim")
    (folder / "s.yaml").write_text(SCENARIO)
    simulate(folder / "s.yaml", folder / "run")
    return folder / "run"


def test_relets_are_counted_by_each_measure_and_open_voids_are_not_dropped():
    voids = pl.DataFrame([
        _void(1, let_on=date(2026, 2, 11), works="standard"),
        _void(2, let_on=date(2026, 2, 2), works="major", ready_on=date(2026, 1, 30)),
        _void(3, let_on=date(2026, 1, 30)), _void(4, let_on=None),
    ], infer_schema_length=None)
    found = {row["measure"]: row for row in relets(voids, FIRST, LAST, "officer").to_dicts()}
    assert (found["tenancy"]["homes_let"], found["tenancy"]["mean"]) == (2, 25.5)  # 30 and 21 days
    assert (found["key to key"]["mean"], found["standard relet"]["homes_let"]) == (25.5, 1)
    assert found["CORE"]["mean"] == 16.5  # 30 days, and 3 from the end of major works
    assert (found["tenancy"]["open"], found["tenancy"]["open_days"]) == (1, 47.0)


@pytest.mark.parametrize(("apart", "standard"), [(0, (12, 30.0)), (1, (None, None)), (4, (None, None)),
                                                 (5, (7, 30.0))])
def test_the_public_is_told_of_no_few_homes_by_the_difference_of_two_measures(apart, standard):
    voids = pl.DataFrame(
        [_void(n, let_on=date(2026, 2, 11), cause="decant") for n in range(apart)]
        + [_void(n, let_on=date(2026, 2, 11), cause="left") for n in range(apart, 12)],
        infer_schema_length=None)
    found = {row["measure"]: row for row in relets(voids, FIRST, LAST, "public").to_dicts()}
    assert (found["tenancy"]["homes_let"], found["tenancy"]["mean"]) == (12, 30.0)
    assert (found["standard relet"]["homes_let"], found["standard relet"]["mean"]) == standard
    assert (found["standard relet"]["median"] is None) == (standard[1] is None)
    officer = {row["measure"]: row for row in relets(voids, FIRST, LAST, "officer").to_dicts()}
    assert officer["standard relet"]["homes_let"] == 12 - apart


def test_the_public_is_told_no_mean_that_differs_by_the_days_of_few_homes():
    voids = pl.DataFrame(
        [_void(n, let_on=date(2026, 2, 11), works="major" if n < 2 else "standard",
               ready_on=date(2026, 2, 1)) for n in range(12)]
        + [_void(20 + n, let_on=None, works="major" if n < 2 else "standard",
                 ready_on=date(2026, 2, 1)) for n in range(8)], infer_schema_length=None)
    core = {row["measure"]: row for row in relets(voids, FIRST, LAST, "public").to_dicts()}["CORE"]
    assert (core["homes_let"], core["mean"], core["median"]) == (12, None, None)
    assert (core["open"], core["open_days"]) == (8, None)


def test_rent_is_lost_on_the_days_of_the_month_alone():
    voids = pl.DataFrame([
        _void(1, let_on=date(2026, 2, 8)), _void(2, let_on=None), _void(3, let_on=date(2026, 1, 20)),
        _void(4, tenancy_ended_on=date(2026, 2, 20), let_on=None),
    ], infer_schema_length=None)
    assert void_days_in(voids, FIRST, LAST)["days"].to_list() == [7, 28, 0, 8]
    parts = _parts(record_of(voids=[]), council_tax_weekly=35.0)
    assert parts["money"].frame["days_or_pounds"].to_list() == [0, 0, 0]
    assert "(assumed)" in parts["money"].frame["how"][2]


@pytest.mark.parametrize(("rights", "rent"), [
    (("ours", None), {"rent lost": 560, "rent lost, council homes": 280, "rent lost, other landlords' homes": 280}),
    (("ours", "theirs"), {"rent lost": 560, "rent lost, other landlords' homes": 560}),
    ((None, None), {"rent lost": 560, "rent lost, landlord not known": 560}),
])
def test_rent_lost_is_the_housing_revenue_accounts_on_council_homes_alone(rights, rent):
    record = record_of(
        homes=[{"id": f"H{n}", "nomination_right": right} for n, right in enumerate(rights, 1)],
        voids=[_void(n, let_on=None) for n in (1, 2)])
    rows = {what: (pounds, how) for what, pounds, how in _parts(record)["money"].frame.iter_rows()
            if what.startswith("rent lost")}
    assert {what: pounds for what, (pounds, _) in rows.items()} == rent
    assert {what for what, (_, how) in rows.items() if "Housing Revenue Account" in how} == (
        {"rent lost, council homes"} & set(rent))


def test_what_the_record_does_not_hold_is_said_and_not_guessed():
    parts = _parts(drawn(1))
    assert parts["relets"].frame is None
    assert "no table of voids" in parts["money"].why_not
    assert "nothing under upkeep" in parts["overdue"].why_not
    assert "Not recorded" in pack_page("t", "u", parts.values(), "officer", source="s")


def test_lettings_and_nominations_of_the_month_add_up():
    record = drawn(2)
    parts = _parts(record)
    let = record.tables["lettings"].filter(pl.col("signed_on").is_between(FIRST, LAST)).height
    assert _rows(parts["lettings"])["all"] == let
    nominees = parts["nominees"].frame
    assert nominees["nominations"][-1] == nominees["nominations"][:-1].sum()
    assert nominees.row(0)[:2] == ("let", let)
    assert nominees["for_each_letting"][0] == 1.0


def test_the_register_by_last_bid_tells_those_who_never_bid():
    record = drawn(3)
    register = _rows(_parts(record)["register_band"])
    parts = _parts(record_of(
        applications=[{"id": f"P{n}", "band": "A"} for n in range(3)],
        bids=[{"advert": "A1", "application": "P0", "placed_at": datetime(2026, 2, 20, 12, tzinfo=UTC)},
              {"advert": "A2", "application": "P2", "placed_at": datetime(2026, 3, 1, 12, tzinfo=UTC)},
              {"advert": "A0", "application": "P0", "placed_at": datetime(2025, 1, 1, 12, tzinfo=UTC)},
              {"advert": "A0", "application": "P1", "placed_at": datetime(2025, 1, 1, 12, tzinfo=UTC)}]))
    last = _rows(parts["register_last_bid"])
    assert (last["within four weeks"], last["over a year ago"], last["no bid on record"]) == (1, 1, 1)
    assert register["all"] == sum(n for what, n in register.items() if what != "all")


@pytest.mark.parametrize(("months", "found"), [(12, (0, None, 2)), (1, (3, 18, 0))])
def test_who_may_have_bid_before_bids_were_on_record_is_not_told_to_be_overdue(months, found):
    scheme = scheme_from_text(SCHEME_TEXT + f"upkeep: {{non_bidding: {{label: Ask, months: {months}}}}}\n")
    first, old = datetime(2026, 1, 10, 12, tzinfo=UTC), date(2008, 5, 6)
    record = record_of(
        applications=[{"id": f"P{n}", "registered_on": old} for n in range(3)],
        bids=[{"advert": "A1", "application": "P0", "placed_at": first}])
    overdue = {p.name: p for p in monthly(of_record(record, scheme), FIRST, LAST)}["overdue"].frame
    assert overdue.filter(what="non bidders").row(0)[1:] == found


@pytest.mark.parametrize("seed", range(4))
def test_the_public_is_told_no_count_of_one_to_four_households(seed):
    for part in monthly(of_record(drawn(seed), SCHEME), FIRST, LAST, audience="public"):
        if part.name in ("lettings", "nominees", "register_band", "register_size"):
            assert not [n for n in part.frame.to_series(1) if n is not None and 0 < n < 5], part.name
        assert part.name not in ("in_time", "overdue")


def test_sensitive_lets_are_not_in_what_the_public_is_told():
    record = drawn(5, sensitive=0.5)
    found = of_record(record, SCHEME)
    assert found.lettings["sensitive"].any()
    kept = found.published()
    assert kept.lettings.height == (~found.lettings["sensitive"]).sum()
    assert not kept.nominations["sensitive"].any()
    assert not kept.adverts["sensitive"].any()


def test_a_month_that_is_not_over_is_refused():
    record = of_record(drawn(1), SCHEME)
    with pytest.raises(BadInput, match="record ends before"):
        monthly(record, date(2026, 4, 1), date(2026, 4, 30))


def test_a_simulated_month_is_counted_by_the_same_definitions(simulated):
    record = happened(simulated, 1)
    parts = {p.name: p for p in monthly(record, date(2026, 5, 1), date(2026, 5, 31))}
    voids = record.voids.filter(pl.col("let_on").is_between(date(2026, 5, 1), date(2026, 5, 31)))
    assert parts["relets"].frame["homes_let"].max() == voids.filter(
        pl.col("outcome").is_in(["let", "landlord"])).height
    assert parts["in_time"].frame is None
    last = _rows(parts["register_last_bid"])
    waits = _not_signed_up(simulated, 1, record.as_at)
    assert last["no bid on record"] == waits["last_own_bid_on"].null_count() < last["all"] == waits.height
    assert "that it bid for itself closed; bids by officers" in parts["register_last_bid"].words
    assert "one course of luck" in record.simulated
    with pytest.raises(BadInput, match="no such world"):
        happened(simulated, 2)
    with pytest.raises(BadInput, match="begins after"):
        monthly(record, date(2026, 3, 1), date(2026, 3, 31))


def _not_signed_up(simulated, world, by):
    """Households of a world that are on its register, or have accepted a home and not signed for it."""
    agreed = pl.read_parquet(simulated / "lettings.parquet").filter(
        pl.col("world") == world, pl.col("signed_on") > by)["application"]
    return pl.read_parquet(simulated / "households.parquet").filter(
        pl.col("world") == world, pl.col("status").is_in(["waiting", "under_offer"])
        | pl.col("application").is_in(agreed.implode()))


def test_who_has_accepted_a_simulated_home_is_on_the_register_until_signing(simulated):
    told = {world: happened(simulated, world) for world in (0, 1)}
    there = {world: _not_signed_up(simulated, world, record.as_at) for world, record in told.items()}
    assert any((waits["status"] == "housed").any() for waits in there.values())
    for world, record in told.items():
        assert record.register["application"].sort().to_list() == there[world]["application"].sort().to_list()
        settled = record.nominations.filter(pl.col("what") == "not settled yet")["application"]
        assert set(settled) <= set(record.register["application"])


def test_simulated_lettings_and_their_nominations_are_of_the_month_of_signing(simulated):
    record = happened(simulated, 1)
    signed = pl.read_parquet(simulated / "lettings.parquet").filter(
        pl.col("world") == 1, pl.col("signed_on") <= record.as_at)
    assert (signed["let_on"].dt.month() > signed["signed_on"].dt.month()).any()
    assert record.lettings["signed_on"].sort().to_list() == signed["signed_on"].sort().to_list()
    let = record.nominations.filter(pl.col("what") == "let")
    pairs = let.select("application", pl.col("settled_on").alias("signed_on"))
    assert pairs.height
    assert pairs.join(signed, on=["application", "signed_on"], how="anti").is_empty()
    for month, last in ((date(2026, 5, 1), date(2026, 5, 31)), (date(2026, 6, 1), date(2026, 6, 30))):
        parts = {p.name: p for p in monthly(record, month, last)}
        assert _rows(parts["lettings"])["all"] == signed.filter(
            pl.col("signed_on").is_between(month, last)).height


def test_landlords_are_set_beside_each_other_with_every_nomination_once():
    record = of_record(drawn(4), SCHEME)
    table = by_landlord(record, FIRST, LAST)
    settled = record.nominations.filter(
        pl.col("settled_on").is_between(FIRST, LAST), pl.col("what") != "not settled yet").height
    assert table.select("let", "rejected", "refused", "no_answer", "other_ends").to_numpy().sum() == settled
    assert table["homes_let"].sum() == record.lettings.filter(
        pl.col("signed_on").is_between(FIRST, LAST)).height
    assert "The council" in table["landlord"]
    assert table["named"].sum() == record.nominations.filter(
        pl.col("named_on").is_between(FIRST, LAST)).height
    parts = {p.name: p for p in scorecard(record, FIRST, LAST)}
    assert parts["relets"].frame is None
    assert parts["agreed"].frame is None


def _ended(n, landlord, **more):
    """A nomination to a landlord, made and settled in the month."""
    day = date(2026, 2, 10)
    return {"id": f"O{n}", "application": f"P{n}", "advert": f"AD{n}", "landlord": landlord,
            "proposed_on": day, "nominated_on": day, **more}


def test_a_page_with_a_broad_table_is_printed_across_and_none_is_cut():
    record = of_record(drawn(4), SCHEME)
    broad = pack_page("t", "u", scorecard(record, FIRST, LAST), "officer", source="s")
    upright = pack_page("t", "u", _parts(drawn(4)).values(), "officer", source="s")
    assert "size: A4 landscape;" in broad
    assert "size: A4;" in upright
    assert '<div class="wide broad">' in broad
    for page in (broad, upright):
        assert ".wide { overflow: visible; }" in page


def test_landlords_of_one_name_are_counted_apart_and_told_by_their_ids(tmp_path):
    day = date(2026, 2, 20)
    record = record_of(
        landlords=[{"id": "L1", "name": "Homes Ltd"}, {"id": "L2", "name": "Homes Ltd"}, {"id": "L3", "name": "Other"}],
        adverts=[{"id": f"AD{n}", "landlord": f"L{n}"} for n in (1, 2, 3)],
        offers=[_ended(n, f"L{n}", step="let") for n in (1, 2, 3)],
        lettings=[{"id": f"O{n}", "application": f"P{n}", "advert": f"AD{n}", "signed_on": day} for n in (1, 2, 3)])
    found = of_record(record, SCHEME)
    names = ["Homes Ltd (L1)", "Homes Ltd (L2)", "Other"]
    table = by_landlord(found, FIRST, LAST)
    assert table.select("landlord", "homes_let", "named", "let").rows() == [(name, 1, 1, 1) for name in names]
    results = letting_results(record, SCHEME, audience="officer").tables["landlord"]
    assert results.select("landlord", "lettings", "nominated").rows() == [*((name, 1, 1) for name in names), ("all", 3, 3)]
    text = PLAN.replace("by: band", "by: landlord").replace("A: {share", "L2: {share").replace("B: {", "Other: {")
    rows = {row["category"]: row["let"] for row in out_turn(found, _plan(tmp_path, text)).parts[0].frame.to_dicts()}
    assert rows == {"Homes Ltd (L2)": 1, "Other": 1, "not in the plan": 1, "all": 3}


def test_a_landlord_named_as_another_is_numbered_is_told_by_its_id():
    landlords = pl.DataFrame({"id": ["L1", "L2", "L3"], "name": ["L2", None, "L3"]})
    assert landlords_told_apart({"landlords": landlords}) == {"L1": "L2 (L1)", "L3": "L3"}
    assert landlords_told_apart({}) == {}


def test_ends_of_nominations_are_counted_whatever_words_they_are_told_in(monkeypatch):
    day = date(2026, 2, 20)
    ends = ("landlord_rejected", "refused", "landlord_silent", "withdrew")
    record = record_of(adverts=[{"id": f"AD{n}", "landlord": "L1"} for n in range(4)], offers=[
        _ended(n, "L1", step="ended", ended_on=day, ended_by=end) for n, end in enumerate(ends)])
    columns = ("rejected", "refused", "no_answer", "other_ends")
    assert by_landlord(of_record(record, SCHEME), FIRST, LAST).select(columns).rows() == [(1, 1, 1, 1)]
    for end in ends:
        monkeypatch.setitem(results_tables._ENDS, end, f"other words for {end}")
    assert by_landlord(of_record(record, SCHEME), FIRST, LAST).select(columns).rows() == [(1, 1, 1, 1)]


def test_why_a_simulated_advert_let_nothing_is_said_as_of_a_record(simulated, monkeypatch):
    said = set(happened(simulated, 0).adverts["what"])
    assert said <= {"let", "still to be let", *results_tables._UNLET.values()}
    why = said & set(results_tables._UNLET.values())
    assert why
    for code, words in results_tables._UNLET.items():
        monkeypatch.setitem(results_tables._UNLET, code, f"other: {words}")
    assert {f"other: {words}" for words in why} <= set(happened(simulated, 0).adverts["what"])


def test_a_simulated_advert_did_not_let_a_home_that_was_let_directly_after_it(tmp_path):
    from cbl_engine.simulate.kpi import told_by
    from cbl_engine.simulate.kpis_homes import adverts_unlet
    from cbl_engine.simulate.run import simulate

    (tmp_path / "s.yaml").write_text(SCENARIO + """
parameters:
  direct.share: {weights: {general: 0, accessible: 0, wheelchair: 0}, assumed: a test}
  bidding.kinds: {shares: {never: 1, seldom: 0, often: 0}, assumed: a test}
  bidding.kinds_joining: {shares: {never: 1, seldom: 0, often: 0}, assumed: a test}
scheme_set:
  advertising: {ladder: [{label: directly, step: direct_let, illustrative: true}]}
""")
    run = simulate(tmp_path / "s.yaml", tmp_path / "run")
    assert set(run.frames["lettings"]["route"]) == {"direct"}
    assert "let" not in happened(tmp_path / "run", 0).adverts["what"].to_list()
    assert adverts_unlet(told_by(run))["value"].unique().to_list() == [1.0]


def test_only_those_whom_the_council_named_are_nominations_to_a_landlord():
    day = date(2026, 2, 10)
    common = {"advert": "AD1", "landlord": "L1", "proposed_on": day}
    record = record_of(
        adverts=[{"id": "AD1", "landlord": "L1"}],
        offers=[{"id": "O1", "application": "P1", "nominated_on": day, **common},
                {"id": "O2", "application": "P2", "invited_on": day, **common},
                {"id": "O3", "application": "P3", "offered_on": day, "route": "direct", **common}],
        lettings=[{"id": "O2", "application": "P2", "advert": "AD1", "signed_on": day}])
    table = by_landlord(of_record(record, SCHEME), FIRST, LAST)
    assert table.select("landlord", "homes_let", "named", "let").rows() == [("L1", 1, 1, 0)]
    assert _parts(record)["in_time"].frame.select("landlord", "named").rows() == [("L1", 1), ("all", 1)]


def _plan(tmp_path, text):
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    return read_plan(path)


PLAN = """
title: The plan
year_from: 2026-01-01
categories:
  - {title: By band, by: band, targets: {A: {share: 0.5}, B: {number: 40}}}
"""


def test_a_plan_is_held_against_the_lettings_of_each_quarter(tmp_path):
    record = of_record(drawn(6), SCHEME)
    found = out_turn(record, _plan(tmp_path, PLAN))
    rows = {row["category"]: row for row in found.parts[0].frame.to_dicts()}
    let = record.lettings
    assert rows["all"]["let"] == let.height == rows["all"]["q1"]
    assert rows["all"]["q2"] is None
    assert rows["A"]["variance"] == pytest.approx(rows["A"]["let"] - 0.5 * let.height)
    assert rows["B"]["planned_so_far"] == pytest.approx(40 * 90 / 365, abs=0.05)
    assert rows["not in the plan"]["let"] == let.filter(pl.col("band") == "C").height


def test_a_plan_may_be_by_a_column_of_applications_and_come_as_csv(tmp_path):
    path = tmp_path / "our_plan.csv"
    path.write_text("year_from,by,value,share,number\n2026-01-01,applications.band,A,0.4,\n"
                    "2026-01-01,bedrooms,2,,12\n")
    found = out_turn(of_record(drawn(6), SCHEME), read_plan(path))
    assert [part.title for part in found.parts] == ["By band", "By bedrooms"]
    assert found.plan.title == "our plan"


@pytest.mark.parametrize(("versions", "value"), [
    ([("A", date(2025, 1, 1), None), ("B", date(2026, 6, 1), None)], "A"),
    ([("A", date(2025, 1, 1), date(2026, 3, 2)), ("B", date(2026, 3, 2), None)], "B"),
    ([("A", None, date(2026, 2, 1)), ("B", date(2026, 2, 1), date(2026, 3, 1))], "B"),
    ([("A", date(2026, 3, 3), None)], "not known"),
    ([("C", None, None)], "C"),
])
@pytest.mark.parametrize("turned", [False, True])
def test_a_plan_by_a_column_of_applications_counts_what_held_on_the_day_of_signing(
    tmp_path, versions, value, turned
):
    rows = [{"id": "P1", "group": group, "valid_from": since, "valid_to": until}
            for group, since, until in versions]
    record = record_of(lettings=[{"id": "O1", "application": "P1", "signed_on": date(2026, 3, 2)}])
    applications = pl.DataFrame(rows[::-1] if turned else rows, {
        "id": pl.String, "group": pl.String, "valid_from": pl.Date, "valid_to": pl.Date})
    if not applications["valid_to"].drop_nulls().len():
        applications = applications.drop("valid_to")
    record.tables["applications"] = applications
    plan = _plan(tmp_path, PLAN.replace("by: band", "by: applications.group").replace(
        "A: {share: 0.5}", "A: {share: 0.5}, not known: {number: 1}, C: {number: 1}"))
    let = {row["category"]: row["let"] for row in out_turn(of_record(record, SCHEME), plan).parts[0].frame.to_dicts()}
    assert {name for name, n in let.items() if n} == {value, "all"}


@pytest.mark.parametrize(("share", "said"), [
    (0.125, "12.5%"), (0.005, "0.5%"), (0.335, "33.5%"), (0.07, "7%"), (1, "100%"), (0, "0%"),
    ("1/3", "1/3"), ("1/4", "25%")])
def test_a_plans_share_is_said_as_it_was_set(tmp_path, share, said):
    plan = _plan(tmp_path, PLAN.replace("share: 0.5", f"share: {share}"))
    found = out_turn(of_record(drawn(6), SCHEME), plan).parts[0].frame
    assert found["plan"][0] == said
    assert found["plan_share"][0] == pytest.approx(100 * float(Fraction(share)))
    assert found["plan_number"].to_list()[:2] == [None, 40]


def test_a_third_of_a_plan_is_a_third(tmp_path):
    lettings = [{"id": f"O{n}", "application": f"P{n}", "signed_on": date(2026, 3, 2)} for n in range(150)]
    record = of_record(record_of(lettings=lettings), SCHEME)
    path = tmp_path / "plan.csv"
    path.write_text("year_from,by,value,share,number\n2026-01-01,band,A,1/3,\n")
    (part,) = out_turn(record, read_plan(path)).parts
    assert part.frame["planned_so_far"][0] == 50
    assert part.frame.schema["plan_share"] == pl.Float64


def test_a_plans_page_has_the_plan_in_words_and_its_workbook_the_number_too(tmp_path):
    (part,) = out_turn(of_record(drawn(6), SCHEME), _plan(tmp_path, PLAN)).parts
    page = pack_page("x", "x", [part], "officer", source="x")
    head = page[page.index("<thead>"):page.index("</thead>")]
    assert "plan for the year" in head
    assert "plan share" not in head
    assert {"plan", "plan_share", "plan_number"} <= set(sheets([part], [])[part.name].columns)


def test_a_plans_tables_are_called_by_their_titles_as_far_as_excel_takes_them(tmp_path):
    title = "Homes let [by: who/what] it was of all"
    part = out_turn(of_record(drawn(1), SCHEME), _plan(tmp_path, PLAN.replace(
        "title: By band", f"title: '{title}'"))).parts[0]
    assert (part.name, part.title) == ("plan_1_homes_let_by_who_what_it", title)


def test_a_plan_names_landlords_by_name_or_id_and_is_told_of_those_nobody_knows(tmp_path):
    record = of_record(drawn(6), SCHEME)
    text = PLAN.replace("by: band", "by: landlord").replace("A: {share", "L1: {share")
    part = out_turn(record, _plan(tmp_path, text)).parts[0]
    rows = {row["category"]: row["let"] for row in part.frame.to_dicts()}
    assert rows["The council"] == record.lettings.filter(landlord="The council").height > 0
    assert part.items == ("Nothing on record has the landlord 'B', so no letting is held against its "
                          "target; there are: L2, L3, The council.",)
    with pytest.raises(BadInput, match="two targets for one landlord; given The council"):
        out_turn(record, _plan(tmp_path, text.replace("B: {number", "The council: {number")))
    part = out_turn(record, _plan(tmp_path, PLAN.replace("B: {number", "Z: {number"))).parts[0]
    assert part.items == ("Nothing on record has the band 'Z', so no letting is held against its "
                          "target; there are: A, B, C.",)


def test_what_is_wrong_with_a_plan_is_said_with_its_place(tmp_path):
    with pytest.raises(BadInput, match=r"plan\.yaml:5.*either share or number"):
        _plan(tmp_path, PLAN.replace("{share: 0.5}", "{share: 0.5, number: 3}"))
    with pytest.raises(BadInput, match=r"plan\.yaml:\d+.*would run as a formula; given '=A'"):
        _plan(tmp_path, PLAN.replace("{A: {", "{'=A': {"))
    with pytest.raises(BadInput, match=r"plan\.yaml:6:\d+: lettings is not a field of the plan; "
                                       "allowed: title, year_from, source, categories"):
        _plan(tmp_path, PLAN + "lettings: 400\n")


def test_what_in_a_plan_does_not_fit_the_record_is_said_with_its_place(tmp_path):
    record = of_record(drawn(1), SCHEME)
    late = PLAN.replace("by: band", "by: religion").replace("2026-01-01", "2027-01-01")
    with pytest.raises(BadInput) as refused:
        out_turn(record, _plan(tmp_path, late))
    told = [problem.line() for problem in refused.value.problems]
    at = {word: text.index(word) + 1 for text in late.splitlines() for word in ("religion", "2027") if word in text}
    assert re.search(rf"plan\.yaml:\d+:{at['religion']}: the record has no such column to plan by; given religion", told[0])
    assert re.search(rf"plan\.yaml:\d+:{at['2027']}: the record ends before the plan's year begins", told[1])
    path = tmp_path / "plan.csv"
    path.write_text("year_from,by,value,share,number\n2026-01-01,band,A,0.5,\n2026-01-01,religion,x,0.5,\n")
    with pytest.raises(BadInput, match=r"plan\.csv:3: the record has no such column"):
        out_turn(record, read_plan(path))


def test_the_commands_write_a_page_a_workbook_and_tables_or_nothing(simulated, tmp_path, capsys):
    assert exit_code("monthly", simulated, "--month", "2026-05", "--out", tmp_path / "may") == 0
    names = {p.name for p in (tmp_path / "may").iterdir()}
    assert {"page.html", "workbook.xlsx", "relets.csv", "register_band.csv"} <= names
    assert "Not recorded: " in capsys.readouterr().out
    assert exit_code("monthly", simulated, "--month", "2027-05", "--out", tmp_path / "late") == 2
    assert not (tmp_path / "late").exists()
    (tmp_path / "plan.yaml").write_text(PLAN)
    assert exit_code("lettings-plan", simulated, tmp_path / "plan.yaml", "--out", tmp_path / "plan") == 0
    assert "For planners" in (tmp_path / "plan" / "page.html").read_text()
    assert (tmp_path / "plan" / "plan_1_by_band.csv").is_file()
    book = fastexcel.read_excel(tmp_path / "plan" / "workbook.xlsx")
    assert book.sheet_names == ["About", "Plan 1 by band"]
    about = dict(book.load_sheet("About").to_polars().iter_rows())
    assert "planners" in about["for"]
    assert about["sheet plan 1 by band"] == "By band"
    assert exit_code("landlords", simulated, "--since", "2026-05-01", "--until", "2026-05-31",
               "--out", tmp_path / "ll") == 0


@pytest.mark.parametrize(("given", "said"), [
    ({"council_tax_weekly": float("nan")}, "given nan; allowed: 0 or more"),
    ({"council_tax_weekly": float("inf")}, "given inf; allowed: 0 or more"),
    ({"council_tax_weekly": -5.0}, "given -5.0; allowed: 0 or more"),
    ({"council_tax_source": "Band B"}, "source of a council tax that is not given"),
])
def test_a_council_tax_that_is_no_amount_or_a_source_of_none_is_refused(given, said):
    with pytest.raises(BadInput, match=said):
        _parts(drawn(1), **given)


def test_the_day_before_a_record_begins_is_not_recorded_and_not_nought(tmp_path):
    record = of_record(drawn(1), SCHEME, since=date(2026, 2, 5))
    assert monthly(record, FIRST, LAST)
    for refused in (lambda: monthly(record, date(2026, 1, 1), date(2026, 1, 31)),
                    lambda: scorecard(record, date(2025, 12, 1), LAST)):
        with pytest.raises(BadInput, match="what came before is not recorded"):
            refused()
    with pytest.raises(BadInput, match="begins when the plan's year is over"):
        out_turn(record, _plan(tmp_path, PLAN.replace("2026-01-01", "2025-01-01")))


def test_a_plan_counts_no_quarter_and_no_day_from_before_the_record(tmp_path):
    record = of_record(drawn(6), SCHEME, since=date(2026, 2, 5))
    part = out_turn(record, _plan(tmp_path, PLAN.replace("2026-01-01", "2025-10-01"))).parts[0]
    rows = {row["category"]: row for row in part.frame.to_dicts()}
    assert [rows["all"][q] for q in ("q1", "q3", "q4")] == [None] * 3
    let = record.lettings.filter(pl.col("signed_on") >= record.since).height
    assert rows["all"]["q2"] == rows["all"]["let"] == let < record.lettings.height
    days = (record.as_at - record.since).days + 1
    assert rows["B"]["planned_so_far"] == pytest.approx(40 * days / 365, abs=0.05)
    assert "begins on 5 February 2026" in part.words


@pytest.mark.parametrize(("first", "second"), [("2026-01-31", (4, 30)), ("2024-02-29", (5, 29))])
def test_a_plans_year_may_begin_on_a_day_that_not_every_month_has(tmp_path, first, second):
    plan = _plan(tmp_path, PLAN.replace("2026-01-01", first))
    begins = date(plan.year_from.year, *second)
    lettings = [{"id": f"L{n}", "application": f"P{n}", "signed_on": on} for n, on in
                enumerate([plan.year_from, begins - timedelta(days=1), begins])]
    record = record_of(as_at=date(plan.year_from.year, 12, 31), lettings=lettings)
    found = out_turn(of_record(record, SCHEME), plan).parts[0].frame
    assert found.select("q1", "q2", "let").row(-1) == (2, 1, 3)


@pytest.mark.parametrize(("rows", "said"), [
    (["2026-01-01,band,A,0.4,", "2026-01-01,,B,,10"], r"plan\.csv:3: a target without by"),
    (["2026-01-01,band,B,,10", "2026-01-01,band,B,0.1,"],
     r"plan\.csv:3: the plan has two targets for one value; given B, as on line 2"),
    (["2026-01-01,band,A,0.4,", "2026-01-01,band,B,abc,"],
     r"plan\.csv:3: categories\.0\.targets\.B\.share must be a number; given 'abc'; allowed: at least 0 "
     r"and at most 1, such as 0\.4 for 40%, or 1/3 for a third \(a fraction of whole numbers up to 999\)"),
    (["2026-01-01,band,A,4/3,"], r"plan\.csv:2: .*share is too large; given '4/3'"),
    (["2026-01-01,band,A,,1/3"],
     r"plan\.csv:2: .*number must be a whole number; given '1/3'; allowed: at least 0"),
    (["2026-01-01,band,A,1/0,"], r"plan\.csv:2: .*share must be a number; given '1/0'"),
    (["01/04/2026,band,A,0.4,"],
     r"plan\.csv:2: year_from must be a date; given '01/04/2026'; allowed: a day written YYYY-MM-DD"),
    (["2026-01-01,band,=1+1,0.4,"], r"plan\.csv:2: a value that a spreadsheet would run .* given '=1\+1'"),
    (["2026-01-01,band,A,0.4,,9"], r"plan\.csv:2: a row with more cells"),
    ([], "the plan has no targets"),
])
def test_what_is_wrong_with_a_plan_in_csv_is_said_with_its_line(tmp_path, rows, said):
    path = tmp_path / "plan.csv"
    path.write_text("\n".join(["year_from,by,value,share,number", *rows]) + "\n")
    with pytest.raises(BadInput, match=said):
        read_plan(path)


@pytest.mark.parametrize("target", ["{share: 4/3}", "{number: few}", "{}"])
def test_a_wrong_target_of_a_plan_is_told_once_and_as_it_was_written(tmp_path, target):
    path = tmp_path / "plan.yaml"
    path.write_text("title: P\nyear_from: 2026-01-01\n"
                    f"categories: [{{title: x, by: band, targets: {{B: {target}}}}}]\n")
    with pytest.raises(BadInput) as refused:
        read_plan(path)
    (problem,) = refused.value.problems
    assert problem.given == {"{share: 4/3}": "'4/3'", "{number: few}": "'few'"}.get(target, "")


def test_lettings_cannot_be_planned_by_a_column_of_lists(tmp_path):
    with pytest.raises(BadInput, match="no such column to plan by"):
        out_turn(of_record(drawn(1), SCHEME),
                 _plan(tmp_path, PLAN.replace("by: band", "by: shares_tenant")))


def test_a_last_day_before_the_first_is_refused():
    with pytest.raises(BadInput, match="the last day is before the first"):
        scorecard(of_record(drawn(1), SCHEME), LAST, FIRST)
