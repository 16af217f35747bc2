"""Homelessness duties: they go on with the life, and the scheme's assessment follows them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cbl_engine.assess import assess
from cbl_engine.simulate.duties import STAGES, duties_of, duty_changes, of_a_day, on_record
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.register import change
from cbl_engine.simulate.setup import DUTIES, EXITS
from cbl_engine.simulate.state import NEVER, begin, join
from cbl_engine.simulate.week_frames import register_of
from cbl_engine.tables.days import date_of, day_number
from tests.simulate.accounts import duties_follow, placed_under_a_duty
from tests.simulate.small import START, parameters_of, setup_of, tables
from tests.simulate.test_lives import WORLD, in_text

if TYPE_CHECKING:
    from cbl_engine.simulate.duties import Duties
    from cbl_engine.simulate.setup import Setup

NO_EXITS = {"weights_by": {stage: dict.fromkeys(EXITS, 0.0) for stage in STAGES}}
DAYS = {"days_by": {"prevention": {0: 30, 100: 30}, "interim": {0: 10, 100: 10},
                    "relief": {0: 80, 100: 80}}}
NO_INQUIRIES = {"shares": {"interim": 0.0, "relief": 1.0}}
STILL = {"households.birth_per_year": {"rate": 0.0}, "households.partner_per_year": {"rate": 0.0},
         "households.need_rises_per_year": {"rate": 0.0}}
"""Nothing else happens to households."""


def next_owed(share: float) -> dict[str, Any]:
    return {"weights": {"prevention": share, "interim": share, "relief": share}}


@cache
def under(scheme: str, share: float) -> Setup:
    """Relief duties last 80 days, and the main duty is owed then or not."""
    return setup_of(scheme, weeks=24, households=300, homes=60, **STILL, **{
        "accommodation.exits_per_year": NO_EXITS, "accommodation.duty_days": DAYS,
        "accommodation.entry": NO_INQUIRIES, "accommodation.next_duty_owed": next_owed(share),
        "households.lapse_per_year": {"rate": 0.0}})


@cache
def told(scheme: str, share: float) -> dict[str, pl.DataFrame]:
    return tables(under(scheme, share), [3])


def ends_of_relief(found: dict[str, pl.DataFrame], by: str) -> pl.DataFrame:
    """Of those who end the relief duty so, whatever was found of them anew, and how many days later."""
    ended = found["duties"].filter(pl.col("duty") == "relief", pl.col("ended_by") == by)
    return ended.join(found["band_changes"], on=["world", "application"], how="left").with_columns(
        days=(pl.col("on") - pl.col("until")).dt.total_days(),
        opening=pl.col("application").str.starts_with("P0000-"))


def test_who_comes_under_the_main_duty_changes_band_in_that_week() -> None:
    rows = ends_of_relief(told("coventry", 1.0), "main_duty")
    last = START + timedelta(weeks=24)
    rows = rows.filter(pl.col("until") < last - timedelta(days=7))
    changed = rows.drop_nulls("band")
    assert changed.height > 40
    assert set(changed["band"]) == {"1"}
    assert set(changed["days"]) <= set(range(7))
    week = (pl.col("until") - START).dt.total_days() // 7
    same = changed.filter("opening", week == (pl.col("on") - START).dt.total_days() // 7)
    assert same.height == changed.filter("opening").height > 20
    main = told("coventry", 1.0)["duties"].filter(pl.col("duty") == "main")
    assert rows.join(main, left_on=["world", "application", "until"],
                     right_on=["world", "application", "since"], how="anti").is_empty()


def test_who_loses_the_duty_by_decision_loses_the_band() -> None:
    rows = ends_of_relief(told("coventry", 0.0), "decision")
    rows = rows.filter(pl.col("until") < START + timedelta(weeks=23))
    changed = rows.filter(pl.col("before") == "2")
    assert changed.height > 40
    assert (changed["band"].is_null() | changed["band"].is_in(["3", "4", "Reduced"])).all()
    assert changed["band"].is_null().any()
    assert told("coventry", 0.0)["duties"].filter(pl.col("ended_by") == "main_duty").is_empty()


def test_the_rules_of_bidding_see_the_duty_of_the_day() -> None:
    found = tables(setup_of("coventry", weeks=24, households=200, homes=300, **STILL, **{
        "accommodation.exits_per_year": NO_EXITS, "accommodation.duty_days": DAYS,
        "accommodation.next_duty_owed": next_owed(1.0)}), [0])
    bids = found["nominations"].join(found["duties"], on=["world", "application"])
    under = bids.filter(pl.col("nominated_on") >= pl.col("since") + pl.duration(days=14),
                        (pl.col("nominated_on") < pl.col("until")) | pl.col("until").is_null())
    routes = dict(under.group_by("duty").agg(pl.col("route").unique()).iter_rows())
    assert "own" in routes["relief"]
    assert "own" not in routes["main"]
    later = under.filter(pl.col("duty") == "main", pl.col("since") > START)
    assert later.height > 5


def test_nothing_changes_under_a_scheme_that_reads_no_duties() -> None:
    one, other = told("sheffield", 0.0), told("sheffield", 1.0)
    assert not one["duties"].equals(other["duties"])
    assert not one["placements"].equals(other["placements"])
    for name in ("band_changes", "households", "adverts", "nominations", "lettings", "voids"):
        assert one[name].equals(other[name]), name
    assert one["band_changes"].is_empty()


def test_the_same_happens_to_duties_under_two_schemes() -> None:
    courses = []
    for scheme in ("coventry", "breckland"):
        setup = setup_of(scheme, weeks=8, households=200, homes=60)
        lives, mine = setup.lives, slice(0, setup.lives.opening)
        its = lives.duties
        courses.append(pl.DataFrame({
            "read_as": lives.read_as, "owed": its.at_first[mine] >= 0, "under": its.under[mine],
            "main_on": its.main_on[mine], "ends": its.ends[mine], "by": its.ends_by[mine]}))
    both = courses[0].filter("owed").join(courses[1].filter("owed"), on="read_as", suffix="_other")
    assert both.height > 10
    for name in ("under", "main_on", "ends", "by"):
        assert both[name].to_list() == both[f"{name}_other"].to_list()


@pytest.mark.parametrize("scheme", ["coventry", "breckland"])
def test_the_live_assessment_of_the_day_finds_the_same(scheme: str) -> None:
    often = {"weights_by": {stage: dict.fromkeys(EXITS, 0.5) for stage in STAGES}}
    setup = setup_of(scheme, weeks=26, households=200, homes=60, **{
        "accommodation.exits_per_year": often})
    state = begin(setup, WORLD)
    seen = 0
    duties = setup.lives.duties.rows.join(pl.DataFrame({
        "application": setup.lives.read_as, "number": np.arange(setup.lives.opening)}),
        on="application")
    numbers = dict(duties.select("application", "number").iter_rows())
    for week in range(26):
        change(state, week)
        on = setup.closes(week)
        whose = duty_changes(duties, date_of(setup.monday(week) - 1), date_of(on))["application"]
        rows = np.array(sorted({numbers[a] for a in whose}), np.int64)
        if week and len(rows):
            seen += same_as_live(setup, state, rows, on)
    assert seen > 20


def test_who_joins_is_assessed_on_the_last_day_of_the_week_of_its_life() -> None:
    setup = setup_of("coventry", weeks=30, households=60, homes=60, **STILL)
    state, lives = begin(setup, WORLD), setup.lives
    life = lives.opening + np.flatnonzero(lives.homeless[lives.opening:])[:60]
    thursday = setup.start + 38
    rows = join(state, np.zeros(60, int), 6, np.arange(60), life, np.full(60, thursday))
    seen = 0
    for week in range(5, 30):
        change(state, week)
        wednesday = setup.closes(week) - 4
        days = np.stack([lives.duties.main_on[life], lives.duties.ends[life]]) + 38
        within = ((days > wednesday - 7) & (days <= wednesday)).any(axis=0)
        seen += same_as_live(setup, state, rows[within], wednesday) if wednesday > thursday else 0
    assert seen > 20


def same_as_live(setup: Setup, state: Any, rows: np.ndarray, on: int) -> int:
    """How many were compared: what the scheme's assessment finds of the register as it is that day."""
    if not len(rows):
        return 0
    setup.__dict__["tables_read"] = tuple(sorted({*setup.lives.tables} - {"applications"}))
    rows = rows[np.argsort(state.households["id"][rows])]
    found = assess(setup.scheme, in_text(register_of(state, rows, on)), date_of(on)).assessed
    bands = [None if band < 0 else setup.lives.bands[band] for band in state.households["band"][rows]]
    assert found["application"].to_list() == state.households["id"][rows].astype(str).tolist()
    assert found["band"].cast(pl.String).to_list() == bands
    return len(rows)


FIRST = date(2026, 4, 6)
RECORD = {"application": "a", "kind": "relief", "since": FIRST - timedelta(days=50), "until": None,
          "ended_by": None, "council": "ours"}


def course(*rows: dict[str, Any], share: float = 1.0, ids: tuple[str, ...] = ("a",)) -> Duties:
    """What becomes of duties on record, where a relief duty lasts 80 days and prevention 30."""
    duties = pl.DataFrame([RECORD | row for row in rows], schema_overrides={
        "since": pl.Date, "until": pl.Date, "ended_by": pl.String})
    values = shipped_parameters().with_changes(parameters_of(**{
        "accommodation.exits_per_year": NO_EXITS, "accommodation.duty_days": DAYS,
        "accommodation.entry": NO_INQUIRIES, "accommodation.next_duty_owed": next_owed(share)}))
    return duties_of({"applications": pl.DataFrame({"id": ids}), "duties": duties}, FIRST, values, Luck(1))


def after(days: int) -> date:
    return FIRST + timedelta(days=days)


def test_a_duty_on_record_lasts_from_the_day_it_began() -> None:
    found = course({})
    assert found.main_on.tolist() == [day_number(after(30))]
    assert found.rows.select("kind", "since", "until", "ended_by", "council").rows() == [
        ("relief", after(-50), after(30), "main_duty", "ours"),
        ("main", after(30), None, None, "ours")]


def test_a_duty_on_record_for_longer_than_any_lasts_is_taken_as_new() -> None:
    assert course({"since": after(-500)}).main_on.tolist() == [day_number(after(80))]
    assert course({"since": None}).main_on.tolist() == [day_number(after(80))]


def test_who_is_not_owed_the_next_duty_ends_by_decision() -> None:
    found = course({}, share=0.0)
    assert (found.ends.tolist(), found.main_on.tolist()) == ([day_number(after(30))], [NEVER])
    assert found.rows.select("kind", "until", "ended_by").rows() == [("relief", after(30), "decision")]


def test_prevention_leads_to_relief_and_only_then_to_a_placement() -> None:
    found = course({"kind": "prevention", "since": FIRST})
    assert found.rows.select("kind", "since", "ended_by").rows() == [
        ("prevention", FIRST, "relief_duty"), ("relief", after(30), "main_duty"),
        ("main", after(110), None)]
    assert found.homeless_on.tolist() == [day_number(after(30))]
    assert [DUTIES[n] for n in found.under] == ["relief"]


def test_other_rows_stand_as_they_are_on_record() -> None:
    ended = {"until": after(-5), "ended_by": "withdrawn"}
    found = course(ended, {"application": "b", "kind": "intentionally_homeless"},
                   {"application": "c", "kind": "prevention"}, {"application": "c", "kind": "main"},
                   ids=("a", "b", "c"))
    assert found.at_first.tolist() == [-1, -1, 2]
    assert found.homeless_on.tolist() == [NEVER, NEVER, day_number(FIRST)]
    assert [DUTIES[n] for n in found.under][2] == "main"
    assert found.rows.select("application", "kind", "until", "ended_by").rows() == [
        ("a", "relief", after(-5), "withdrawn"), ("b", "intentionally_homeless", None, None),
        ("c", "prevention", None, None), ("c", "main", None, None)]


def test_what_is_to_come_is_not_on_record() -> None:
    rows = course({}).rows
    assert on_record(rows, after(29)).select("kind", "until", "ended_by").rows() == [
        ("relief", None, None)]
    assert on_record(rows, after(30)).select("kind", "until", "ended_by").rows() == [
        ("relief", after(30), "main_duty"), ("main", None, None)]


def test_nobody_is_placed_before_the_prevention_duty_is_over() -> None:
    setup = setup_of("coventry", weeks=20, households=80, homes=40, **{
        "accommodation.placed": {"share": 1.0}, "households.lapse_per_year": {"rate": 0.0}})
    duties = setup.lives.duties
    later = (duties.at_first >= 0) & (np.arange(len(duties.at_first)) < setup.lives.opening)
    duties.homeless_on[later] = setup.start + 40
    stays = tables(setup, [0])["placements"].filter(pl.col("application").str.starts_with("P0000-"))
    assert set(stays.filter("entered")["since"]) == {START + timedelta(days=40)}


def test_a_made_up_register_keeps_as_many_relief_duties_as_are_owed_on_a_day() -> None:
    # At a relief duty of exactly 73 days, a fifth of a year, that nothing ends before, without
    # inquiries: of 1,000 a year who join under it 200 are under it on a day.
    parameters = shipped_parameters().with_changes(parameters_of(**{
        "arrivals.per_year": {"rate": 0.25},
        "arrivals.owed_duty": {"weights": {"relief": 4.0, "main": 1.0}},
        "accommodation.entry": NO_INQUIRIES, "accommodation.exits_per_year": NO_EXITS,
        "accommodation.duty_days": {"days_by": {**DAYS["days_by"], "relief": {0: 73, 100: 73}}},
    }))
    rows = pl.DataFrame({"application": [f"a{n:05d}" for n in range(10_000)],
                         "kind": ["relief", "main"] * 5_000})
    kept = of_a_day(rows, parameters, Luck(1))
    assert (kept["kind"] == "main").sum() == 5_000
    assert (kept["kind"] == "relief").sum() == pytest.approx(1_000, rel=0.1)
    assert_frame_equal(of_a_day(rows.reverse(), parameters, Luck(1)).sort("application"), kept)


def test_a_duty_that_ends_between_the_end_and_a_letting_ends_as_the_stay_does() -> None:
    weeks = 12
    lasts = {"days_by": {**DAYS["days_by"], "relief": {0: 90, 100: 130}}}
    setup = setup_of("sheffield", weeks=weeks, households=300, homes=600, **STILL, **{
        "accommodation.exits_per_year": NO_EXITS, "accommodation.duty_days": lasts,
        "tenancies.end_per_year": {"rate": 0.3},
        "accommodation.entry": NO_INQUIRIES, "accommodation.next_duty_owed": next_owed(0.0),
        "accommodation.placed": {"share": 1.0},
        "nominations.sign_up_days": {"days": {0: 60, 100: 60}}})
    found = tables(setup, [0, 1, 2])
    late = found["placements"].filter(
        pl.col("until") >= START + timedelta(weeks=weeks), pl.col("left_by") == "decision")
    assert late.height > 1
    assert placed_under_a_duty(found, START, weeks).is_empty()
    assert duties_follow(found, START, weeks).is_empty()
