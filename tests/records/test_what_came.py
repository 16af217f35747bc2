"""What comes to a record: taken in whole, refused in words, and nothing of it passed over."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from xlsxwriter import Workbook

from cbl_engine.errors import BadInput
from cbl_engine.offers.events import Quarantined
from cbl_engine.records import audit_state, read_state, record_cycle, replay_state
from cbl_engine.records.chain import check_inputs
from cbl_engine.records.waiting import form
from tests.offers.week import Week, day
from tests.records.small_record import (
    OUTCOMES,
    SCHEME,
    TABLES,
    first_week,
    second_week,
    write_files,
)
from tests.records.weeks_on_record import on_record

HEAD = TABLES["applications"].splitlines()[0]


def lot(folder, name="came", **tables):
    """A folder of tables."""
    (folder / name).mkdir()
    for table, text in tables.items():
        (folder / name / f"{table}.csv").write_text(text)
    return folder / name


def test_versions_come_to_a_register_without_them(tmp_path):
    first_week(tmp_path)
    came = lot(tmp_path, applications=f"{HEAD},valid_from\n2,closed,B,2023-01-01,2023-01-01,2026-03-10\n")
    done = second_week(tmp_path, data=came)
    rows = done.folder.tables["applications"].filter(id="2")
    assert rows.select("valid_from", "status").rows() == [(None, "active"), (date(2026, 3, 10), "closed")]
    assert audit_state(tmp_path / "week2").sound
    with pytest.raises(BadInput, match="the record has versions of applications"):
        record_cycle(tmp_path / "scheme.yaml", tmp_path / "week2", date(2026, 3, 20),
                     tmp_path / "week3", data=lot(tmp_path, "more", applications=TABLES["applications"]))
    assert not (tmp_path / "week3").exists()


def third_week(folder, **options):
    return record_cycle(folder / "scheme.yaml", folder / "week2", date(2026, 3, 22), folder / "week3", **options)


def kinds(caught):
    return [p.kind for p in caught.value.problems]


@pytest.mark.parametrize(("table", "text", "kind"), [
    ("outcomes", OUTCOMES, "outcome_rectified"),
    ("bids", "advert,application,placed_at\nAD1,2,2026-03-04T10:00:00\n", "new_and_rectified"),
    ("direct_lets", "id,application,home,kind,on,by\nD1,2,H2,decant,2026-03-04,Olu\n", "new_and_rectified"),
])
def test_what_people_did_is_not_put_right_but_given(tmp_path, table, text, kind):
    first_week(tmp_path)
    with pytest.raises(BadInput) as caught:
        second_week(tmp_path, rectify=lot(tmp_path, **{table: text}))
    assert kinds(caught) == [kind]
    assert not (tmp_path / "week2").exists()


def test_what_was_put_right_may_be_given_again_with_its_week(tmp_path):
    first_week(tmp_path)
    right = lot(tmp_path, people="id,date_of_birth\n12,2016-02-03\n")
    second_week(tmp_path, rectify=right)
    again = record_cycle(tmp_path / "scheme.yaml", tmp_path / "week2", date(2026, 3, 15), tmp_path / "again",
                         rectify=right, outcomes=tmp_path / "outcomes.csv", supersede=True)
    first = read_state(tmp_path / "week2").tables
    assert again.folder.tables["people"].equals(first["people"])
    assert again.folder.tables["lettings"].equals(first["lettings"])


def test_checks_of_the_first_data_and_of_what_came_are_all_taken_in(tmp_path):
    head = "id,application,check,outcome,since\n"
    scheme, data = write_files(tmp_path, {
        **TABLES, "checks": f"{head}C1,1,rent,cleared,2026-03-01\nC2,2,rent,refer,2026-03-01\n"})
    came = lot(tmp_path, checks=f"{head}C2,2,rent,cleared,2026-03-01\nC3,2,visit,cleared,2026-03-02\n")
    done = record_cycle(scheme, data, date(2026, 3, 8), tmp_path / "week1", data=came)
    assert done.folder.tables["checks"].select("id", "outcome").rows() == [
        ("C1", "cleared"), ("C2", "cleared"), ("C3", "cleared")]


def test_files_that_are_no_table_are_told_and_a_lot_without_one_is_refused(tmp_path):
    done = first_week(tmp_path)
    assert done.not_read == ()
    with pytest.raises(BadInput, match="applicatons") as caught:
        second_week(tmp_path, data=lot(tmp_path, "misspelt", applicatons=TABLES["applications"]))
    assert kinds(caught) == ["no_table"]
    with pytest.raises(BadInput, match="there is no table in it"):
        second_week(tmp_path, data=lot(tmp_path, "empty"))
    with Workbook(tmp_path / "book.xlsx") as book:
        pl.DataFrame({"id": ["1"]}).write_excel(book, worksheet="Sheet 1")
    with pytest.raises(BadInput, match="Sheet 1"):
        second_week(tmp_path, data=tmp_path / "book.xlsx")
    assert not (tmp_path / "week2").exists()
    done = second_week(tmp_path, data=lot(tmp_path, "both", people=TABLES["people"], peeple="id\n1\n"))
    assert done.not_read == ("peeple.csv",)


def test_proposals_that_lapse_are_no_decisions(tmp_path):
    first_week(tmp_path)
    (tmp_path / "outcomes.csv").write_text(
        OUTCOMES.splitlines()[0] + "\nO1,2026-03-09,advert_withdrawn,AD1,,,,Officer 4\n")
    counts = second_week(tmp_path).counts()
    assert (counts["decisions taken"], counts["proposals lapsed"]) == (0, 1)


def test_an_outcome_of_an_id_that_is_on_record_is_refused(tmp_path):
    first_week(tmp_path)
    second_week(tmp_path)
    (tmp_path / "outcomes.csv").write_text(
        OUTCOMES.splitlines()[0] + "\nO2,2026-03-17,approved,AD2,2,offer,,Officer 4\n")
    with pytest.raises(BadInput) as caught:
        third_week(tmp_path, outcomes=tmp_path / "outcomes.csv")
    assert [(p.kind, p.rows) for p in caught.value.problems] == [
        ("outcome_id_used", ("O2 (outcomes.csv:2)",))]
    (tmp_path / "outcomes.csv").write_text(OUTCOMES + "O4,2026-03-17,approved,AD2,2,offer,,Officer 4\n")
    done = third_week(tmp_path, outcomes=tmp_path / "outcomes.csv")
    assert done.folder.tables["outcomes"]["id"].to_list() == ["O1", "O2", "O3", "O4"]


def test_the_form_gives_ids_that_no_outcome_has(tmp_path):
    tables = first_week(tmp_path).folder.tables
    (name,) = form(tables)["id"]
    answered = {**tables, "outcomes": pl.DataFrame({"id": [name, f"{name}/2"]})}
    assert form(answered)["id"].to_list() == [f"{name}/3"]


def test_a_mapping_with_a_section_for_outcomes_reads_them(tmp_path):
    first_week(tmp_path)
    plain = second_week(tmp_path, out="plain")
    theirs = OUTCOMES.replace(",", ";").replace("2026-03-", "2026.03.")
    (tmp_path / "outcomes.csv").write_text(theirs)
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("applications: {delimiter: ';'}\n")
    with pytest.raises(BadInput):
        second_week(tmp_path, mapping=mapping)
    mapping.write_text("outcomes: {delimiter: ';', date_format: '%Y.%m.%d'}\n")
    done = second_week(tmp_path, mapping=mapping)
    assert done.folder.tables["outcomes"].equals(plain.folder.tables["outcomes"])
    mapping.write_text("outcomes: {delimiter: [}\n")
    with pytest.raises(BadInput) as caught:
        second_week(tmp_path, out="week3", mapping=mapping, data=lot(tmp_path, people="id\n12\n"))
    assert len(caught.value.problems) == len(set(caught.value.problems))


def with_rules(folder):
    (folder / "scheme.yaml").write_text(
        f"{SCHEME}checks: {{rent: {{label: Rent}}}}\n"
        "direct_lets: {decant: {label: A decant, permitted_by: s.159}}\n")


def test_a_check_that_the_scheme_has_not_is_told_by_validate_and_where_it_is_put_right(tmp_path):
    rows = "id,application,check,outcome,since\nC1,1,Rent,refused,2026-03-01\n"
    first_week(tmp_path)
    with_rules(tmp_path)
    data = lot(tmp_path, "all", **TABLES, checks=rows,
               direct_lets="id,application,home,kind,on,by\nD1,2,H2,decent,2026-03-04,Olu\n")
    found = check_inputs(tmp_path / "scheme.yaml", data, use=None).problems
    assert [(p.kind, p.where, p.allowed, p.given, p.rows) for p in found] == [
        ("unknown_check", "checks.check", "rent", "'Rent'", ("C1",)),
        ("unknown_kind", "direct_lets.kind", "decant", "'decent'", ("D1",))]
    with pytest.raises(BadInput) as caught:
        second_week(tmp_path, rectify=lot(tmp_path, checks=rows))
    assert kinds(caught) == ["unknown_check"]


def test_a_direct_let_that_nobody_asks_for_is_refused_where_it_comes_and_left_out_with_keep_going(tmp_path):
    first_week(tmp_path)
    with_rules(tmp_path)
    rows = "id,application,home,kind,on,by\nD1,2,H2,decant,2026-03-10,\nD2,2,H2,decant,2026-03-11,Olu\n"
    data = lot(tmp_path, direct_lets=rows)
    with pytest.raises(BadInput, match=r"direct_lets.*by.*required"):
        second_week(tmp_path, data=data)
    with pytest.raises(BadInput, match=r"a row that is on record without it is put right with cbl cycle --rectify"):
        second_week(tmp_path, data=data)
    done = second_week(tmp_path, data=data, keep_going=True)
    assert done.folder.tables["direct_lets"]["id"].to_list() == ["D2"]
    without = lot(tmp_path, "none", direct_lets="id,application,home,kind,on\nD3,2,H2,decant,2026-03-11\n")
    with pytest.raises(BadInput, match=r"column is missing \(officer who asks for it"):
        second_week(tmp_path, out="week3", data=without)


def test_a_week_in_which_nobody_asked_for_a_direct_let_comes_out_again(tmp_path):
    """A record from before a name was asked for."""
    week = Week("direct_lets: {decant: {label: x, permitted_by: s.159}}").household("ann")
    week.add("homes", id="h").add("direct_lets", id="d1", application="ann", home="h", kind="decant", on=day(7))
    folder = on_record(week.run(until=7), tmp_path)
    assert week.proposed() == [("direct_let", None, "ann", "decant")]
    assert (audit_state(folder.path).sound, replay_state(folder).reproduced) == (True, True)


def test_a_week_that_left_a_check_out_comes_out_again(tmp_path):
    scheme, data = write_files(tmp_path)
    with_rules(tmp_path)
    record_cycle(scheme, data, date(2026, 3, 8), tmp_path / "week1")
    rows = "id,application,check,outcome,since\nC1,1,Rent,refused,2026-03-01\nC2,1,rent,cleared,2026-04-01\n"
    second_week(tmp_path, data=lot(tmp_path, checks=rows), outcomes=None, keep_going=True)
    events = read_state(tmp_path / "week2").trail.events
    assert [(e.outcome, e.clash) for e in events if isinstance(e, Quarantined)] == [
        ("C2", "in_the_future"), ("C1", "no_such_check")]
    assert replay_state(tmp_path / "week2").reproduced


def test_a_late_bid_is_refused_with_whose_when_and_till_when_or_set_aside_on_record(tmp_path):
    first_week(tmp_path)
    data = lot(tmp_path, bids="advert,application,placed_at\nAD1,2,2026-03-06T10:00:00\n")
    with pytest.raises(BadInput) as caught:
        second_week(tmp_path, data=data)
    (problem,) = caught.value.problems
    assert (problem.kind, problem.given) == (
        "bid_outside_window",
        "'AD1' by '2' at 2026-03-06 10:00:00, open from 2026-03-01 09:00:00 to 2026-03-05 12:00:00")
    done = second_week(tmp_path, data=data, keep_going=True)
    aside = done.folder.tables["bids_set_aside"]
    assert aside.select("advert", "application", "rule").rows() == [("AD1", "2", "closed")]
    assert done.folder.tables["bids"].filter(advert="AD1", application="2").height == 2
    assert audit_state(tmp_path / "week2").sound
    assert replay_state(tmp_path / "week2").reproduced
