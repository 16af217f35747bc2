"""Subject access: one's own record, nobody else's, and no word of what officers hold."""

from __future__ import annotations

import json
from datetime import date, timedelta

import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.records import read_state, record_cycle
from cbl_engine.records.erasure import erase
from cbl_engine.report import subject_access, subject_page
from tests.records import small_record
from tests.records.small_record import KEY, TABLES
from tests.report.recorded_lettings import SCHEME, record_of

CHECKED = small_record.SCHEME + """\
checks:
  clearance: {label: x, officer_held: true, hold: {days: 2}}
  fraud: {label: x, officer_held: true, hold: {days: 2}}
  papers: {label: Papers seen}
"""
CLEARED = """\
C1,1,papers,cleared,2026-03-01,Desk 2
C2,2,papers,cleared,2026-03-01,Desk 2
C3,2,clearance,cleared,2026-03-01,Vault
C4,2,fraud,cleared,2026-03-01,Vault
"""


def week(folder, checks, bypassed_on="2026-03-06", scheme=CHECKED):
    """The small record up to 15 March, household 1 passed over on the first advert."""
    tables = {**TABLES, "checks": "id,application,check,outcome,since,by\n"
              + CLEARED + checks}
    data = folder / "data"
    data.mkdir(parents=True)
    for table, text in tables.items():
        (data / f"{table}.csv").write_text(text)
    (folder / "scheme.yaml").write_text(scheme)
    (folder / "outcomes.csv").write_text(
        "id,on,what,advert,application,act,reason,by\n"
        f"O1,{bypassed_on},approved,AD1,1,bypass,seen the papers in the vault,Officer 4\n"
    )
    return record_cycle(folder / "scheme.yaml", data, date(2026, 3, 15), folder / "state",
                        outcomes=folder / "outcomes.csv", key=KEY).folder


def told(folder, application="1", **options):
    found = subject_access(folder, folder.scheme(), application, **options)
    return found, json.dumps(found.plain(), default=str) + subject_page(found)


def test_nobody_can_tell_one_officer_held_reason_from_another(tmp_path):
    """Refused by one check, by another, or by both, or referred: the same letter for letter."""
    refused = "X1,1,{},refused,2026-03-01,Vault\n"
    cleared = "Y1,1,{},cleared,2026-03-01,Vault\n"
    said = {
        told(week(tmp_path / "one", refused.format("clearance") + cleared.format("fraud")))[1],
        told(week(tmp_path / "other", refused.format("fraud") + cleared.format("clearance")))[1],
        told(week(tmp_path / "missing", cleared.format("fraud"), "2026-03-08"))[1],
    }
    (text,) = said
    assert "officer-held reason" in text
    for word in ("clearance", "fraud", "vault", "Vault", "bypass"):
        assert word not in text


def test_a_week_that_was_run_again_gives_nothing_away_either(tmp_path):
    """Passed over by a check held by officers; run again, with the check cleared."""
    week(tmp_path, "X1,1,clearance,refused,2026-03-01,Vault\nY1,1,fraud,cleared,2026-03-01,Vault\n")
    (tmp_path / "put_right").mkdir()
    for table, text in TABLES.items():
        (tmp_path / "put_right" / f"{table}.csv").write_text(text)
    (tmp_path / "put_right" / "checks.csv").write_text(
        "id,application,check,outcome,since,by\n" + CLEARED
        + "X1,1,clearance,cleared,2026-03-01,Vault\nY1,1,fraud,cleared,2026-03-01,Vault\n")
    again = record_cycle(tmp_path / "scheme.yaml", tmp_path / "state", date(2026, 3, 15),
                         tmp_path / "again", data=tmp_path / "put_right", supersede=True).folder
    found, text = told(again)
    assert found.sections["offers"]
    assert [row["advert"] for row in found.sections["officer_held"]] == ["AD1"]
    for word in ("clearance", "fraud", "vault", "Vault", "bypass", "passing over"):
        assert word not in text


def test_a_check_that_stopped_nobody_leaves_no_trace(tmp_path):
    """A household with an officer-held check on record reads as one without."""
    with_one = record_of(applications=[{"id": "P1"}], checks=[
        {"id": "C1", "application": "P1", "check": "clearance", "outcome": "not_for_this_home",
         "since": date(2026, 1, 1), "area": "w3"}])
    without = record_of(applications=[{"id": "P1"}], checks=[])
    one, other = (subject_access(r, SCHEME, "P1") for r in (with_one, without))
    assert one == other
    assert subject_page(one) == subject_page(other)


def test_a_check_that_the_scheme_does_not_know_is_not_told():
    record = record_of(applications=[{"id": "P1"}], checks=[
        {"id": "C1", "application": "P1", "check": "of_old", "outcome": "refused",
         "since": date(2026, 1, 1)}])
    assert "checks" not in subject_access(record, SCHEME, "P1").sections


def test_other_checks_are_told_whole(tmp_path):
    found, _ = told(week(tmp_path, "X1,1,clearance,refused,2026-03-01,Vault\n"
                                   "Y1,1,fraud,cleared,2026-03-01,Vault\n"))
    (check,) = found.sections["checks"]
    assert (check["check"], check["outcome"], check["by"]) == ("papers", "cleared", "Desk 2")


def test_other_people_are_withheld_and_counted_and_joint_applicants_when_they_do_not_ask():
    people = [
        {"id": "a", "application": "P1", "relationship": "applicant", "sex": "female"},
        {"id": "b", "application": "P1", "relationship": "partner", "joint_applicant": True,
         "date_of_birth": date(1980, 1, 2), "forces": "serving_regular"},
        {"id": "c", "application": "P1", "relationship": "child", "identity": "secret"},
    ]
    connections = [
        {"application": "P1", "person": "a", "area": "w1", "kind": "work"},
        {"application": "P1", "person": "b", "area": "w9", "kind": "work"},
        {"application": "P1", "person": None, "area": "w2", "kind": "residence"},
    ]
    record = record_of(applications=[{"id": "P1"}], people=people, connections=connections)
    alone = subject_access(record, SCHEME, "P1")
    assert [p["sex"] for p in alone.sections["people"]] == ["female", None, None]
    assert alone.sections["people"][1]["date_of_birth"] == "withheld"
    assert alone.sections["people"][2]["identity"] == "withheld"
    assert [c["area"] for c in alone.sections["connections"]] == ["w1", "withheld", "w2"]
    assert alone.withheld == [
        {"table": "connections", "ground": "another_person", "cells": 1},
        {"table": "people", "ground": "another_person", "cells": 3},
    ]
    both = subject_access(record, SCHEME, "P1", joint=True)
    assert both.sections["people"][1]["date_of_birth"] == date(1980, 1, 2)
    assert both.withheld == [{"table": "people", "ground": "another_person", "cells": 1}]


def test_rivals_are_counts_and_other_households_are_not_named():
    listed = [{"advert": "A1", "application": f"P{n}", "stage": 1, "position": n} for n in range(1, 6)]
    listed[2]["tie_group"] = listed[3]["tie_group"] = 2
    record = record_of(
        applications=[{"id": f"P{n}"} for n in range(1, 6)], shortlisted=listed,
        lettings=[{"id": "O1", "application": "P4", "signed_on": date(2026, 2, 1),
                   "started_on": date(2026, 2, 1), "shares_tenant": ["P2"]}],
        band_history=[{"application": "P4", "from_application": "P5", "band": "A"}],
    )
    found = subject_access(record, SCHEME, "P4")
    (place,) = found.sections["shortlisted"]
    assert (place["position"], place["of"], place["above"], place["equal"]) == (3, 5, 2, 1)
    said = json.dumps(found.plain(), default=str) + subject_page(found)
    assert not any(rival in said for rival in ("P1", "P2", "P3", "P5"))
    assert {(w["table"], w["ground"]) for w in found.withheld} == {
        ("band_history", "another_household"), ("lettings", "another_household")}
    assert subject_access(record, SCHEME, "P5").withheld == [
        {"table": "band_history", "ground": "another_household", "cells": 1}]


def test_that_a_letting_to_another_application_shares_a_tenant_is_not_told_by_a_count_either():
    lettings = [{"id": "O1", "application": "P4", "signed_on": date(2026, 2, 1),
                 "started_on": date(2026, 2, 1), "shares_tenant": ["P2"]}]
    with_it = subject_access(record_of(applications=[{"id": "P2"}], lettings=lettings), SCHEME, "P2")
    without = subject_access(record_of(applications=[{"id": "P2"}]), SCHEME, "P2")
    assert with_it.withheld == without.withheld == []
    assert with_it.sections.get("lettings", []) == []


def test_why_a_record_is_held_for_a_claim_is_withheld():
    record = record_of(applications=[{"id": "P1"}], litigation_holds=[
        {"id": "L1", "application": "P1", "since": date(2026, 1, 1), "reason": "advice of counsel"}])
    found = subject_access(record, SCHEME, "P1")
    assert found.sections["litigation_holds"][0]["reason"] == "withheld"
    assert found.withheld[0]["ground"] == "legal"


def test_decisions_against_a_household_are_due_to_be_told_in_writing():
    record = record_of(applications=[{"id": "P1"}], proposals=[
        {"id": "P9", "act": "consequence", "application": "P1", "what": "lower_band",
         "on": date(2026, 2, 1), "status": "approved", "decided_on": date(2026, 2, 3), "by": "Olu"},
        {"id": "P10", "act": "consequence", "application": "P1", "what": "lower_band",
         "on": date(2026, 2, 1), "status": "open"},
    ])
    (letter,) = subject_access(record, SCHEME, "P1").sections["letters_due"]
    assert (letter["decided_on"], letter["what"], letter["by"]) == (date(2026, 2, 3), "lower_band", "Olu")


def test_the_record_of_a_state_has_what_happened_in_order_and_rows_that_were_put_right(tmp_path):
    small_record.first_week(tmp_path)
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "applications.csv").write_text(
        TABLES["applications"].replace("1,active,A,2024-01-01", "1,active,A,2023-06-01"))
    state = small_record.second_week(tmp_path, data=tmp_path / "later").folder
    found, text = told(state)
    dates = {(r["priority_date"], r["stands"]) for r in found.sections["applications"]}
    assert dates == {(date(2024, 1, 1), False), (date(2023, 6, 1), True)}
    days = [line["on"] for line in found.chronology]
    assert days == sorted(days)
    happened = [line["what"] for line in found.chronology]
    assert "approved by Officer 4: an offer" in happened
    assert "the tenancy was signed, to begin on 11 March 2026" in happened
    assert [r["table"] for r in found.free_words] == ["outcomes"]
    assert "Day by day" in text


def test_counts_of_rows_are_those_of_the_record(tmp_path):
    small_record.first_week(tmp_path)
    state = small_record.second_week(tmp_path).folder
    for application in ("1", "2", "3"):
        found, _ = told(state, application)
        for table in ("applications", "people", "connections", "bids", "offers", "lettings"):
            frame = state.tables[table]
            column = "id" if table == "applications" else "application"
            n = frame.filter(pl.col(column).cast(pl.String) == application).height
            assert len(found.sections.get(table, [])) == n


def test_after_an_erasure_the_record_says_what_has_lawfully_gone(tmp_path):
    small_record.first_week(tmp_path)
    state = small_record.second_week(tmp_path).folder
    on = state.as_at + timedelta(days=1)
    erase(state.path, ["3"], "asked for on form 7", on, tmp_path / "after")
    found, text = told(read_state(tmp_path / "after"), "3")
    assert found.erased is not None
    assert found.erased.because == "asked for on form 7"
    assert "lawfully destroyed" in text
    assert "applications" not in found.sections
    assert "1970" not in text


def test_a_week_run_again_stays_in_the_record_and_says_so(tmp_path):
    small_record.first_week(tmp_path)
    small_record.second_week(tmp_path)
    again = record_cycle(tmp_path / "scheme.yaml", tmp_path / "week2", date(2026, 3, 15),
                         tmp_path / "again", outcomes=tmp_path / "outcomes.csv", supersede=True)
    found, _ = told(again.folder)
    assert any("no longer counts" in line["what"] for line in found.chronology)


def test_an_application_that_nobody_knows_is_refused():
    with pytest.raises(BadInput, match="no such application"):
        subject_access(record_of(applications=[{"id": "P1"}]), SCHEME, "P7")


def test_a_decision_is_told_with_the_advert_that_it_was_about(tmp_path):
    small_record.first_week(tmp_path)
    folder = small_record.second_week(tmp_path).folder
    lines = {line["what"]: line["advert"] for line in told(folder)[0].chronology}
    assert lines["approved by Officer 4: an offer"] == "AD1"
    assert lines["proposed: an offer"] == "AD1"


def test_what_a_column_means_stands_under_its_name_where_a_phone_shows_it(tmp_path):
    small_record.first_week(tmp_path)
    page = told(read_state(tmp_path / "week1"))[1]
    assert '<th scope="row">Ranked on <span class="doc">day the list was made</span></th><td>5 March 2026</td></tr>' in page
    assert 'class="doc"></' not in page
