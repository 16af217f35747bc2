"""The upkeep lists: who is on each, from when, by when, and what the scheme says follows."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from cbl_engine.assess import LISTS, upkeep
from cbl_engine.assess.clocks import clocks
from cbl_engine.errors import TableError
from cbl_engine.scheme import describe, load_scheme, scheme_from_text
from cbl_engine.shipped import shipped_folder
from tests.reference.frames import frame_of

AS_AT = date(2026, 11, 20)
LONDON = ZoneInfo("Europe/London")
SCHEME = load_scheme(Path(__file__).parent / "upkeep_scheme.yaml")
NEW = {"medical": {"type": "bool"}, "medical_on": {"type": "date"},
       "income_seen_on": {"type": "date"}}


def application(ident="P1", **own):
    return {"id": ident, "status": "active", "registered_on": date(2026, 10, 1),
            "current_bedrooms": 1, "band": "C", "bedroom_need": 1, **own}


def person(application="P1", at=0, **own):
    return {"id": f"{application}p{at}", "application": application, "relationship": "applicant",
            "date_of_birth": date(1980, 5, 5), "sex": "female", "carer": False,
            "cannot_share": False, "part_time": False, "temporarily_away": False, **own}


def lists(applications=(), people=(), bids=None, adverts=None, within=28, **others):
    tables = {"applications": applications or [application()], "people": people, **others}
    register = {
        name: frame_of(name, list(rows), NEW if name == "applications" else None)
        for name, rows in tables.items()
    }
    given = {n: frame_of(n, r) for n, r in (("bids", bids), ("adverts", adverts)) if r is not None}
    found = upkeep(SCHEME, register, AS_AT, within=within, **given)
    assert list(found) == list(LISTS)
    return found


def told(frame, *columns):
    return frame.select(columns or ("application", "about", "due_on")).rows()


def test_a_review_is_due_a_year_after_the_last_or_after_registration():
    found = lists([
        application("P1", reviewed_on=date(2025, 12, 1), registered_on=date(2020, 1, 1)),
        application("P2", registered_on=date(2025, 1, 31)),
        application("P3", reviewed_on=date(2026, 3, 1)),
        application("P4", registered_on=None),
        application("P5", registered_on=date(2020, 1, 1), status="housed"),
    ])["reviews"]
    assert told(found) == [("P2", "review", date(2026, 1, 31)), ("P1", "review", date(2026, 12, 1)),
                           ("P4", "review", None)]
    assert told(found, "follows", "proposes", "source")[0] == (
        "Ask whether anything has changed", "suspended", "S 1")
    assert found["note"].to_list() == [None, None, "no date under reviewed_on or registered_on"]


def test_evidence_is_out_of_date_by_its_own_day():
    found = lists([application("P1", income_seen_on=date(2026, 5, 1)), application("P2")])
    assert told(found["evidence"]) == [("P1", "income", date(2026, 11, 1))]


def bid(application, placed, by="applicant", advert="A1"):
    return {"advert": advert, "application": application, "placed_by": by,
            "placed_at": datetime(*placed, tzinfo=LONDON)}


def advert(ident, closes, bedrooms):
    return {"id": ident, "status": "closed", "closes_at": datetime(*closes, tzinfo=LONDON),
            "bedrooms": bedrooms}


def test_only_those_for_whom_enough_was_advertised_are_called_non_bidders():
    old = date(2026, 1, 5)
    rows = [application(f"P{n}", registered_on=old) for n in range(1, 6)]
    rows += [application("P6", registered_on=old, status="suspended")]
    people = [person(a["id"]) for a in rows]
    people += [person("P5", n, relationship="child", date_of_birth=date(2000 + n, 1, 1))
               for n in (1, 2)]
    bids = [bid("P2", (2026, 2, 3, 12)), bid("P3", (2026, 10, 3, 12)),
            bid("P4", (2026, 10, 3, 12), by="automatic")]
    adverts = [advert("A1", (2026, 3, 1, 12), 1), advert("A2", (2026, 4, 1, 12), 1),
               advert("A3", (2026, 1, 20, 12), 2)]
    found = lists(rows, people, bids, adverts)["non_bidders"]
    assert told(found, "application", "about", "began_on", "due_on") == [
        ("P1", "no bid", old, date(2026, 7, 5)), ("P4", "no bid", old, date(2026, 7, 5)),
        ("P2", "last bid", date(2026, 2, 3), date(2026, 8, 3)),
    ]
    assert found["note"].to_list() == ["bids are on record from 2026-02-03 only"] * 2 + [None]
    assert lists(rows, people)["non_bidders"].is_empty()


def test_adverts_are_of_the_size_of_their_homes_and_those_that_never_closed_are_none():
    rows = [application(f"P{n}", registered_on=date(2026, 1, 5)) for n in (1, 2)]
    people = [person("P1"), person("P2"),
              *(person("P2", n, relationship="child", date_of_birth=date(2000 + n, 1, 1)) for n in (1, 2))]
    homes = [{"id": "one", "bedrooms": 1}, {"id": "three", "bedrooms": 3}]
    homes += [{"id": f"unit {n}", "home_group": "mews", "bedrooms": 3} for n in (1, 2)]
    def shut(ident, status="closed", **own):
        return {**advert(ident, (2026, 3, 1, 12), None), "status": status, **own}

    adverts = [shut("A1", home="three"), shut("A2", home_group="mews"), shut("A3", home="one"),
               shut("A4", "withdrawn", home="one"), shut("A5", "draft", home="one")]
    found = lists(rows, people, [], adverts, homes=homes)["non_bidders"]
    assert told(found, "application") == [("P2",)]


def test_what_is_found_otherwise_than_recorded_is_not_yet_assessed():
    rows = [application("P1", band="B"), application("P2", submitted_on=date(2026, 11, 2),
                                                     band_from=date(2026, 10, 1)),
            application("P3", status="under_offer")]
    found = lists(rows, [person("P1"), person("P2"), person("P3")])["changes"]
    assert told(found, "application", "about", "began_on", "follows") == [
        ("P1", "band", None, "Assess it"),
        ("P2", "submitted_on", date(2026, 11, 2), "Assess it"),
    ]


def test_one_person_on_two_applications_by_key_or_by_who_lives_with_whom():
    born = date(2015, 6, 1)
    rows = [application(f"P{n}") for n in range(1, 7)] + [application("P7", status="closed")]
    people = [person("P1", identity="k"), person("P2", identity="k", date_of_birth=None),
              person("P3"), person("P3", 1, date_of_birth=born, sex="male"),
              person("P4", 1, date_of_birth=born, sex="male"), person("P4"),
              person("P5"), person("P5", 1, date_of_birth=born, sex="female"),
              person("P6", date_of_birth=born, sex="male"), person("P7", identity="k")]
    found = lists(rows, people)["duplicates"]
    assert told(found, "application", "about", "rows") == [
        ("P1", "identity", ["P2"]), ("P2", "identity", ["P1"]),
        ("P3", "same_people", ["P4"]), ("P4", "same_people", ["P3"]),
    ]


def test_a_birthday_that_changes_the_need_is_told_with_its_day_and_whose_it_is():
    # A brother and a sister share until one of them is ten.
    def children(of, first):
        return [person(of), person(of, 1, relationship="child", date_of_birth=first),
                person(of, 2, relationship="child", date_of_birth=date(2020, 1, 1),
                       sex="male")]

    rows = [application(f"P{n}", bedroom_need=2, current_bedrooms=2) for n in range(1, 5)]
    people = [*children("P1", date(2016, 12, 1)), *children("P2", date(2015, 12, 1)),
              *children("P3", date(2017, 1, 30)), *children("P4", date(2016, 12, 2))]
    overrides = [{"id": "o1", "application": "P4", "field": "bedroom_need", "value": "3"}]
    found = lists(rows, people, overrides=overrides)["birthdays"]
    assert told(found, "application", "about", "rows", "due_on") == [
        ("P1", "bedroom_need", ["P1p1"], date(2026, 12, 1))]
    longer = lists(rows, people, overrides=overrides, within=90)["birthdays"]
    assert longer["application"].to_list() == ["P1", "P3"]


def test_awards_about_to_end():
    rows = [application("P1", band="A", medical=True, medical_on=date(2025, 12, 1)),
            application("P2", band="A", medical=True, medical_on=date(2026, 12, 1))]
    found = lists(rows)["awards"]
    assert told(found, "application", "about", "began_on", "due_on", "follows") == [
        ("P1", "medical", date(2025, 12, 1), date(2026, 12, 1), "Review the medical award")]


def decision(ident, subject, stage="decision", **own):
    return {"id": ident, "application": "P1", "subject": subject, "stage": stage, **own}


def test_clocks_run_in_working_days_or_calendar_days_or_to_the_recorded_day():
    decisions = [
        decision("d1", "medical", requested_on=date(2026, 11, 6)),
        decision("d2", "medical", requested_on=date(2026, 12, 21), stage="recommendation"),
        decision("d3", "review", received_on=date(2026, 10, 1), requested_on=date(2026, 1, 1)),
        decision("d4", "welfare", due_on=date(2026, 11, 30)),
        decision("d5", "welfare"),
        decision("d6", "review", due_on=date(2026, 11, 25), received_on=date(2026, 1, 1)),
        decision("d7", "medical", requested_on=date(2026, 1, 6), decided_on=date(2026, 1, 9)),
        decision("d8", "medical", requested_on=date(2026, 1, 6), received_on=date(2026, 1, 9),
                 stage="recommendation"),
    ]
    found = lists(officer_decisions=decisions, within=60)["clocks"]
    assert told(found, "rows", "about", "due_on") == [
        (["d1"], "medical", date(2026, 11, 20)),
        (["d6"], "review", date(2026, 11, 25)),
        (["d3"], "review", date(2026, 11, 26)),
        (["d4"], "welfare", date(2026, 11, 30)),
        # Ten working days: Christmas Day, the substitute for Boxing Day and New Year's Day not.
        (["d2"], "medical", date(2027, 1, 7)),
    ]
    assert found["follows"].to_list()[3] is None


def test_a_clock_that_has_run_out_is_on_a_list_of_its_own_with_its_owner():
    decisions = [
        decision("d1", "medical", requested_on=date(2026, 11, 5), owner="Team 1"),
        decision("d2", "medical", requested_on=date(2026, 11, 6)),
        decision("d3", "welfare", due_on=date(2026, 11, 19)),
    ]
    found = lists(officer_decisions=decisions)
    assert told(found["breaches"], "rows", "owner", "due_on") == [
        (["d1"], "Team 1", date(2026, 11, 19)), (["d3"], None, date(2026, 11, 19))]
    assert told(found["clocks"], "rows", "due_on") == [(["d2"], AS_AT)]


@pytest.mark.parametrize(
    ("since", "until", "listed", "due"),
    [
        (date(2026, 9, 25), None, "breaches", date(2026, 11, 19)),
        (date(2026, 9, 26), None, "clocks", AS_AT),  # the last of 56 days, the first counted
        (date(2026, 10, 23), None, "clocks", date(2026, 12, 17)),
        (date(2026, 9, 26), date(2026, 11, 21), "clocks", AS_AT),
        (None, None, "clocks", None),
    ],
)
@pytest.mark.parametrize("kind", ["prevention", "relief"])
def test_prevention_and_relief_duties_run_for_56_days_by_law(kind, since, until, listed, due):
    duty = {"application": "P1", "kind": kind, "since": since, "until": until, "owner": "A Jones"}
    found = lists(duties=[duty])
    assert told(found[listed], "about", "owner", "due_on") == [(kind, "A Jones", due)]
    assert "Housing Act 1996" in found[listed]["source"].item()
    other = found["clocks" if listed == "breaches" else "breaches"]
    assert not other.height


def test_a_duty_that_ended_or_has_no_clock_is_not_listed():
    found = lists(duties=[
        {"application": "P1", "kind": "relief", "since": date(2026, 9, 1), "until": AS_AT},
        {"application": "P1", "kind": "relief", "since": date(2026, 12, 1)},
        {"application": "P1", "kind": "main", "since": date(2020, 1, 1)},
    ])
    assert not found["clocks"].height
    assert not found["breaches"].height


def test_before_the_law_came_in_its_clock_does_not_run():
    duties = frame_of("duties", [{"application": "P1", "kind": "relief",
                                  "since": date(2017, 1, 1)}])
    version = SCHEME.versions[0]
    assert clocks(duties, None, version, date(2018, 4, 2)) == []
    assert [f.height for f in clocks(duties, None, version, date(2018, 4, 3))] == [0, 1]


def test_a_council_may_look_at_duties_earlier_than_the_law():
    text = SCHEME.documents[0].text.replace(
        "  changes:",
        "  duties:\n    plan_reviewed: {kind: relief, label: Go over the plan, days: 28}\n  changes:")
    version = scheme_from_text(text).versions[0]
    duties = frame_of("duties", [{"application": "P1", "kind": "relief",
                                  "since": date(2026, 11, 1)}])
    rows = [row for frame in clocks(duties, None, version, AS_AT)
            for row in frame.select("about", "due_on", "follows").rows()]
    assert rows[0] == ("plan_reviewed", date(2026, 11, 29), "Go over the plan")
    assert rows[1][:2] == ("relief", date(2026, 12, 26))
    assert "Plan reviewed, 28 days after a duty began (relief): Go over the plan." in (
        " ".join(describe(version).text().split()))


def test_reviews_of_homelessness_decisions_run_by_the_regulations():
    decisions = [
        decision("d1", "homelessness_review", requested_on=date(2026, 10, 1)),
        decision("d2", "homelessness_steps_review", requested_on=date(2026, 11, 1)),
        decision("d3", "homelessness_review", requested_on=date(2026, 10, 1),
                 due_on=date(2026, 12, 1)),
        decision("d4", "homelessness_decision", decided_on=date(2026, 10, 25),
                 notified_on=date(2026, 11, 1)),
        decision("d5", "homelessness_decision", decided_on=date(2026, 10, 1),
                 notified_on=date(2026, 10, 2)),
        decision("d6", "homelessness_decision", requested_on=date(2026, 10, 1)),
    ]
    found = lists(officer_decisions=decisions)
    assert told(found["clocks"], "rows", "due_on") == [
        (["d4"], date(2026, 11, 21)),  # the last day to ask for a review; afterwards it is silent
        (["d2"], date(2026, 11, 21)),
        (["d1"], date(2026, 11, 25)),
        (["d3"], date(2026, 12, 1)),
    ]
    assert not found["breaches"].height


def test_a_time_to_ask_for_a_review_has_no_end_before_the_household_is_told():
    decisions = [decision("d1", "homelessness_decision", decided_on=date(2026, 10, 1))]
    (row,) = lists(officer_decisions=decisions)["clocks"].iter_rows(named=True)
    assert (row["began_on"], row["due_on"]) == (None, None)
    assert row["note"].startswith("no day to count from: put in notified_on")


def test_a_review_is_due_when_the_letters_of_the_scheme_say():
    breckland = load_scheme("breckland").in_force(AS_AT)
    rows = frame_of("officer_decisions", [decision("d", "review", requested_on=date(2026, 11, 2))])
    found = [f for f in clocks(None, rows, breckland, AS_AT) if f.height]
    assert [f["due_on"].item() for f in found] == [date(2026, 11, 30)]


def test_days_on_which_the_offices_are_closed_are_no_working_days():
    text = SCHEME.documents[0].text.replace("  changes:", "  closed: [2026-12-30, 2026-12-29]\n  changes:")
    version = scheme_from_text(text).versions[0]
    rows = frame_of("officer_decisions", [
        decision("d", "medical", requested_on=date(2026, 12, 21))])
    due = [f["due_on"].item() for f in clocks(None, rows, version, AS_AT) if f.height]
    assert due == [date(2027, 1, 11)]  # two working days later than 7 January
    assert "No working days: 29 December 2026 and 30 December 2026." in describe(version).text()


def test_a_clock_beyond_the_published_bank_holidays_says_so():
    decisions = [decision("d1", "medical", requested_on=date(2028, 1, 3))]
    found = lists(officer_decisions=decisions, within=1_000)["clocks"]
    assert told(found, "due_on", "note") == [
        (date(2028, 1, 17), "bank holidays after 2027-12-31 are not yet published")]


def test_overrides_about_to_end_and_in_conflict():
    overrides = [
        {"id": "o1", "application": "P1", "field": "band", "value": "A",
         "until": date(2026, 12, 1)},
        {"id": "o2", "application": "P1", "field": "band", "value": "B"},
        {"id": "o3", "application": "P1", "field": "points", "value": "3",
         "since": date(2026, 11, 25), "until": date(2026, 12, 1)},
    ]
    found = lists(overrides=overrides)["overrides"]
    assert told(found, "about", "rows", "due_on", "note") == [
        ("override_conflict", ["o1", "o2"], AS_AT, "the last decision stands"),
        ("band", ["o1"], date(2026, 12, 1), "about to end"),
    ]


def test_a_scheme_without_upkeep_still_lists_what_needs_no_period():
    scheme = load_scheme(shipped_folder("cases") / "schemes/redditch.yaml")
    frame = frame_of("applications", [application("P1"), application("P2")])
    people = frame_of("people", [person("P1", identity="k"), person("P2", identity="k")])
    found = upkeep(scheme, {"applications": frame, "people": people}, AS_AT)
    assert {n: f.height for n, f in found.items() if f.height} == {"duplicates": 2}
    assert found["duplicates"]["follows"].to_list() == [None, None]


def test_whole_number_ids_and_the_order_of_rows_make_no_difference():
    rows = [application(n, registered_on=date(2025, 1, 1)) for n in (3, 1, 2)]
    frame = frame_of("applications", [{**a, "id": str(a["id"])} for a in rows], NEW)
    frame = frame.with_columns(pl.col("id").cast(pl.Int64))
    first = upkeep(SCHEME, {"applications": frame, "people": people_of((1, 2, 3))}, AS_AT)
    again = upkeep(SCHEME, {"applications": frame[[2, 1, 0]], "people": people_of((3, 2, 1))}, AS_AT)
    assert all(first[name].equals(again[name]) for name in LISTS)
    assert first["reviews"]["application"].to_list() == [1, 2, 3]
    assert first["duplicates"].is_empty()


def people_of(ids):
    frame = frame_of("people", [person(str(i)) for i in ids])
    return frame.with_columns(pl.col("application").cast(pl.Int64))


def test_what_is_missing_is_told_at_once():
    with pytest.raises(TableError) as caught:
        upkeep(SCHEME, {"applications": pl.DataFrame({"id": ["P1"]})}, AS_AT,
               bids=pl.DataFrame({"advert": ["A"]}))
    assert [p.where for p in caught.value.problems] == [
        "applications.income_seen_on", "applications.registered_on", "applications.reviewed_on",
        "applications.status", "bids.application", "bids.placed_at"]
