"""Erasure: what is known of a household goes, the chain stays, and the audit says who and why."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from cbl_engine.errors import BadInput, RunError, SchemeError
from cbl_engine.records import audit_state, due_for_erasure, erase, read_state, record_cycle
from cbl_engine.records.erasure import reasons_to_keep
from cbl_engine.scheme.retention import ABOUT_APPLICATIONS, retention_rules
from tests.offers.week import Week, day
from tests.records.small_record import TABLES as TABLES_GIVEN
from tests.records.small_record import first_week, second_week, write_files

ON = date(2033, 4, 1)
BECAUSE = "the period of the retention schedule is over"


@pytest.fixture
def weeks(tmp_path):
    first_week(tmp_path)
    second_week(tmp_path)
    return tmp_path


def erased(weeks, *applications, out="erased", state="week2", on=ON):
    return erase(weeks / state, applications, BECAUSE, on, weeks / out)


def everything_in(folder):
    """Every value in every table of a folder, as text."""
    found = set()
    for path in Path(folder).rglob("*.parquet"):
        for column in pl.read_parquet(path):
            found |= {str(value) for value in column.to_list()}
    return found | {(Path(folder) / "trail.jsonl").read_text()}


def test_the_facts_are_gone_and_the_chain_verifies(weeks):
    assert "1980-05-06" in everything_in(weeks / "week2")
    done = erased(weeks, "1")
    left = everything_in(weeks / "erased")
    assert "1980-05-06" not in left
    assert "Seen and agreed" not in " ".join(left)
    audit = audit_state(weeks / "erased", weeks / "week2")
    assert audit.sound
    assert f"1 on 2033-04-01 ({BECAUSE})" in audit.notes[0]
    assert done.rows["1"] > 5
    assert done.folder.manifest["erased"] == 1


def test_ids_stay_as_pseudonyms_and_others_stay_whole(weeks):
    erased(weeks, "1")
    before, after = (read_state(weeks / w).tables for w in ("week2", "erased"))
    letting = after["lettings"].row(0, named=True)
    assert (letting["application"], letting["band"], letting["bedroom_need"]) == ("1", None, None)
    assert letting["signed_on"] == date(2026, 3, 11)
    assert "1" not in after["applications"]["id"].to_list()
    assert after["proposals"]["reason"].null_count() == after["proposals"].height
    for table in ("applications", "people", "connections", "bids"):
        column = "id" if table == "applications" else "application"
        assert after[table].equals(before[table].filter(pl.col(column) != "1"))


def test_the_key_is_not_in_the_new_folder_and_not_to_be_made_again(weeks):
    key = read_state(weeks / "week2").facts.keys["1"]
    erased(weeks, "1")
    facts = read_state(weeks / "erased").facts
    assert "1" not in facts.keys
    assert not any(key in p.read_bytes() for p in (weeks / "erased").rglob("*") if p.is_file())


def test_the_folders_that_still_hold_the_facts_are_named(weeks):
    done = erased(weeks, "1")
    assert [p.name for p in done.still_held] == ["week1", "week2"]
    (weeks / "away").mkdir()
    (weeks / "week1").rename(weeks / "away/week1")
    again = erased(weeks, "3", state="erased", out="second")
    assert [p.name for p in again.still_held] == ["week2", "erased"]
    assert len(again.elsewhere) == 1
    assert "1980-05-06" in everything_in(weeks / "week2")


def test_the_week_after_goes_on(weeks):
    erased(weeks, "1")
    done = record_cycle(weeks / "scheme.yaml", weeks / "erased", date(2033, 4, 8),
                        weeks / "week3")
    assert audit_state(weeks / "week3", weeks / "erased").sound
    assert "1980-05-06" not in everything_in(weeks / "week3")
    assert done.folder.manifest["erased"] == 1


def test_a_cycle_run_again_does_not_bring_them_back(weeks):
    erased(weeks, "1")
    record_cycle(weeks / "scheme.yaml", weeks / "erased", date(2026, 3, 15), weeks / "again",
                 supersede=True)
    assert audit_state(weeks / "again").sound
    assert "1980-05-06" not in everything_in(weeks / "again")


def test_rows_of_someone_erased_are_not_taken_in_again(weeks):
    erased(weeks, "1")
    with pytest.raises(BadInput, match="whose facts were erased"):
        record_cycle(weeks / "scheme.yaml", weeks / "erased", date(2033, 4, 8), weeks / "week3",
                     data=weeks / "data")
    assert not (weeks / "week3").exists()


def test_all_that_stands_in_the_way_is_told_at_once(weeks):
    with pytest.raises(RunError) as caught:
        erased(weeks, "1", "2", "9", on=date(2026, 3, 1))
    found = {(p.kind, p.given) for p in caught.value.problems}
    assert ("before_the_state", "2026-03-01") in found
    assert ("on_the_register", "2") in found
    assert ("open_offer", "2") in found
    assert ("open_proposal", "2") in found
    assert ("unknown_application", "9") in found
    assert not {given for _, given in found} & {"1"}
    assert not (weeks / "erased").exists()
    erased(weeks, "1")
    with pytest.raises(RunError, match="erased already"):
        erased(weeks, "1", state="erased", out="twice")


def test_a_litigation_hold_stops_erasure_until_it_ends(weeks):
    (weeks / "holds").mkdir()
    hold = weeks / "holds/litigation_holds.csv"

    def with_hold(until, state, out, on):
        hold.write_text(f"id,application,since,until,reason\nL1,1,2026-03-16,{until},Claim\n")
        record_cycle(weeks / "scheme.yaml", weeks / state, on, weeks / out, data=weeks / "holds")

    with_hold("", "week2", "held", date(2026, 3, 22))
    with pytest.raises(RunError, match="under a litigation hold"):
        erased(weeks, "1", state="held")
    due = due_for_erasure(read_state(weeks / "held"), retention_rules(), ON)
    assert due.filter(pl.col("application") == "1")["kept_for"].to_list() == [["litigation_hold"]]
    with_hold("2030-01-01", "held", "free", date(2026, 3, 29))
    erased(weeks, "1", state="free")
    assert audit_state(weeks / "erased").sound


def test_what_is_due_goes_by_class_and_by_the_last_thing_recorded(weeks):
    folder = read_state(weeks / "week2")
    rules = retention_rules()
    due = due_for_erasure(folder, rules, ON)
    rows = {row["application"]: row for row in due.to_dicts()}
    assert set(rows) == {"1", "3"}
    assert (rows["3"]["class"], rows["3"]["due_on"]) == ("register", date(2028, 3, 8))
    assert rows["1"]["class"] == "lettings"
    assert rows["1"]["last_on"] == date(2026, 3, 15)
    assert rows["1"]["due_on"] == date(2032, 3, 15)
    on = date(2028, 3, 7)
    assert due_for_erasure(folder, rules, on).is_empty()


@pytest.mark.parametrize(("months", "due_on"), [(1, date(2026, 3, 1)), (2, date(2026, 3, 31))])
def test_what_was_last_recorded_at_a_months_end_is_kept_until_its_months_are_whole(tmp_path, months, due_on):
    scheme, data = write_files(tmp_path, TABLES_GIVEN)
    record_cycle(scheme, data, date(2026, 1, 31), tmp_path / "state")
    rules = retention_rules()
    short = {name: one.model_copy(update={"months": months}) for name, one in rules.classes.items()}
    rules = rules.model_copy(update={"classes": short})
    state = read_state(tmp_path / "state")
    assert due_for_erasure(state, rules, due_on - timedelta(days=1)).is_empty()
    due = due_for_erasure(state, rules, due_on)
    assert set(due.filter(application="3").select("last_on", "due_on").rows()) == {(date(2026, 1, 31), due_on)}


def test_the_shipped_rules_class_every_table_about_applications_and_say_they_are_ours():
    rules = retention_rules()
    assert set(rules.tables) == set(ABOUT_APPLICATIONS)
    assert all(one.illustrative and one.source for one in rules.classes.values())


def test_a_councils_own_rules_take_their_place(tmp_path):
    own = tmp_path / "own.yaml"
    tables = dict.fromkeys(ABOUT_APPLICATIONS, "all")
    own.write_text(f"classes: {{all: {{label: x, months: 1}}}}\ntables: {tables}\n")
    assert retention_rules(own).classes["all"].months == 1
    own.write_text(f"classes: {{all: {{label: x, months: 1}}}}\ntables: {tables | {'people': 'some'}}\n")
    with pytest.raises(SchemeError, match="classes that are not there: some"):
        retention_rules(own)


def test_rules_that_leave_a_table_out_or_name_none_keep_nothing_too_short(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("classes: {all: {label: x, months: 1, years: 2}}\ntables: {peeple: all, bids: all}\n")
    with pytest.raises(SchemeError) as refused:
        retention_rules(own)
    years, peeple = (problem.line() for problem in refused.value.problems)
    assert years == (f"{own.name}:1:38: years is not a field of classes.all; "
                     "allowed: label, source, illustrative, months")
    assert peeple.startswith(f"{own.name}:2:10: tables.peeple: no such table tells of applications; those that do: appl")
    tables = dict.fromkeys(ABOUT_APPLICATIONS, "all")
    del tables["lettings"]
    own.write_text(f"classes: {{all: {{label: x, months: 1}}}}\ntables: {tables}\n")
    with pytest.raises(SchemeError, match=r"tables are of no class, .*: lettings$"):
        retention_rules(own)


def test_an_earlier_row_of_another_does_not_rise_when_one_is_erased(weeks):
    (weeks / "moved").mkdir()
    (weeks / "moved/people.csv").write_text(
        "id,application,date_of_birth,relationship\n12,3,2015-02-03,child\n")
    record_cycle(weeks / "scheme.yaml", weeks / "week2", date(2026, 3, 22), weeks / "week3",
                 data=weeks / "moved")
    erased(weeks, "3", state="week3")
    assert "12" not in read_state(weeks / "erased").tables["people"]["id"].to_list()
    assert audit_state(weeks / "erased").sound


def test_one_whose_last_version_is_closed_may_be_erased_though_earlier_ones_have_no_end(tmp_path):
    applications = (
        "id,status,band,priority_date,registered_on,valid_from\n"
        "1,active,A,2024-01-01,2024-01-01,\n"
        "2,active,B,2023-01-01,2023-01-01,\n"
        "3,active,B,2022-01-01,2022-01-01,\n"
        "3,closed,B,2022-01-01,2022-01-01,2026-02-01\n")
    scheme, data = write_files(tmp_path, {**TABLES_GIVEN, "applications": applications})
    record_cycle(scheme, data, date(2026, 3, 8), tmp_path / "week1")
    assert due_for_erasure(read_state(tmp_path / "week1"), retention_rules(), ON).filter(
        pl.col("application") == "3")["kept_for"].to_list() == [[]]
    assert erased(tmp_path, "3", state="week1").rows["3"] == 3


def test_states_that_went_on_another_way_and_copies_are_named_where_they_hold_the_facts(weeks):
    record_cycle(weeks / "scheme.yaml", weeks / "week1", date(2026, 3, 15), weeks / "branch")
    record_cycle(weeks / "scheme.yaml", weeks / "data", date(2026, 3, 8), weeks / "another_record")
    shutil.copytree(weeks / "week2", weeks / "copy")
    done = erased(weeks, "1")
    assert [p.name for p in done.still_held] == ["week1", "copy", "week2", "branch"]
    again = erased(weeks, "3", state="erased", out="second")
    assert {p.name for p in again.still_held} == {"week1", "copy", "week2", "branch", "erased"}


def test_who_only_shares_a_tenant_with_a_letting_is_on_the_register_still():
    week = Week().household("ann").household("sam")
    for name, household in (("a", "ann"), ("s", "sam")):
        week.add("people", id=name, application=household, relationship="applicant", identity="i1")
    week.advert("elm", bids="ann").let("elm", "ann").run(until=9)
    assert reasons_to_keep(week.record.tables, day(9)) == {"sam": ["on_the_register"]}


def test_an_acceptance_whose_review_is_not_answered_is_kept():
    week = Week().household("ann").advert("elm", bids="ann").approve(6, "offer", "elm", "ann")
    week.outcome(8, "accepted", "elm", "ann", review_requested=True).outcome(9, "signed", "elm", "ann")
    week.run(until=9)
    assert reasons_to_keep(week.record.tables, day(9)) == {"ann": ["open_review"]}
    week.add("officer_decisions", id="d1", application="ann", subject="homelessness_review", stage="decision",
             value="suitable", decided_on=day(10)).run(until=10)
    assert reasons_to_keep(week.record.tables, day(10)) == {}


def test_an_erasure_that_rests_on_nothing_is_refused(weeks):
    with pytest.raises(RunError, match="not said what the erasure rests on"):
        erase(weeks / "week2", ["1"], " ", ON, weeks / "erased")
    assert not (weeks / "erased").exists()


def test_what_a_shipped_class_rests_on_is_cited_once():
    rules = retention_rules()
    assert rules.citation("lettings") == "Limitation Act 1980, section 5"
    assert rules.citation("register") == "Local Government Act 1974, section 26B"
