"""A cycle from files: one report of all that is wrong, nothing in place, the past kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import get_args

import polars as pl
import pytest

from cbl_engine.errors import BadInput, PropertyError, RunError
from cbl_engine.offers.cycle import run_cycle
from cbl_engine.offers.events import KINDS, CycleSuperseded, OfferMoved, TakenIn
from cbl_engine.records import audit_state, cycles, read_state, record_cycle, replay_state
from cbl_engine.records.chronology import chronology
from cbl_engine.records.cycles_again import Past
from cbl_engine.records.waiting import form
from tests.records.small_record import (
    KEY,
    OUTCOMES,
    TABLES,
    first_week,
    second_week,
    write_files,
)

LATER = date(2026, 3, 22)


def third_week(folder, **options):
    return record_cycle(folder / "scheme.yaml", folder / "week2", LATER, folder / "week3", **options)


def given(folder, table, text, name="came"):
    (folder / name).mkdir(exist_ok=True)
    (folder / name / f"{table}.csv").write_text(text)
    return folder / name


def problems_of(caught):
    return {p.kind for p in caught.value.problems}


def test_a_record_begins_with_a_folder_of_data(tmp_path):
    done = first_week(tmp_path)
    kinds = [e.kind for e in done.folder.trail.events]
    assert kinds[0] == "begun"
    assert kinds.count("taken_in") == len(TABLES) + 1  # and the list of the advert that closed
    assert done.folder.tables["offers"]["application"].to_list() == ["1"]
    assert done.counts()["adverts closed"] == 1
    assert done.counts()["offers proposed"] == 1


def test_a_record_may_begin_with_the_register_as_it_is_after_the_outcomes(tmp_path):
    """First load: the register has the tenant as housed, and the second home's advert as withdrawn."""
    tables = {t: text.replace("1,active", "1,housed").replace("AD2,H2,only,open", "AD2,H2,only,withdrawn")
              for t, text in TABLES.items()}
    scheme, data = write_files(tmp_path, tables)
    (data / "outcomes.csv").write_text(
        OUTCOMES + "O4,2026-03-13,approved,AD2,2,offer,,Officer 4\nO5,2026-03-14,advert_withdrawn,AD2,,,,\n")
    done = record_cycle(scheme, data, date(2026, 3, 15), tmp_path / "week1", key=KEY)
    assert done.folder.tables["lettings"]["application"].to_list() == ["1"]
    assert done.folder.tables["offers"]["ended_by"].to_list() == [None, "advert_withdrawn"]
    assert done.folder.tables["applications"]["status"].to_list() == ["housed", "active", "closed"]
    assert audit_state(tmp_path / "week1").sound
    assert replay_state(tmp_path / "week1").reproduced


def test_a_day_a_seed_and_a_secret_that_are_none_are_refused_together(tmp_path):
    scheme, data = write_files(tmp_path)
    for day, key in ((datetime(2026, 3, 8), b"k"), ("2026-03-08", "k" * 32), (None, b"")):
        with pytest.raises(RunError) as refused:
            record_cycle(scheme, data, day, tmp_path / "week1", seed=1.5, key=key)
        assert [p.where for p in refused.value.problems] == ["as_at", "seed", "key"]
    assert not (tmp_path / "week1").exists()


def test_outcomes_are_taken_in_and_applied(tmp_path):
    first_week(tmp_path)
    done = second_week(tmp_path)
    assert done.folder.tables["outcomes"].height == 3
    assert done.folder.tables["lettings"]["application"].to_list() == ["1"]
    assert done.counts()["lettings"] == 1
    assert done.folder.manifest["cycles"] == 2
    assert done.folder.manifest["states_before"] == [
        read_state(tmp_path / "week1").manifest["state_id"]]


def test_decisions_that_a_week_proposes_are_counted(tmp_path):
    first_week(tmp_path)
    scheme = tmp_path / "scheme.yaml"
    scheme.write_text(scheme.read_text() + "offers: {answer: {days: 2}}\n")
    approved = tmp_path / "approved.csv"
    approved.write_text("\n".join(OUTCOMES.splitlines()[:2]) + "\n")
    record_cycle(scheme, tmp_path / "week1", date(2026, 3, 10), tmp_path / "week2", outcomes=approved)
    done = record_cycle(scheme, tmp_path / "week2", date(2026, 3, 12), tmp_path / "week3")
    assert [e.act for e in done.cycle.events if e.kind == "proposed"] == ["bypass", "offer"]
    counts = {words: n for words, n in done.counts().items() if n}
    assert counts == {"adverts closed": 1, "offers proposed": 1, "other decisions proposed": 1}


def test_a_household_that_waits_for_another_to_answer_is_not_told_to_have_viewed(tmp_path):
    scheme, data = write_files(tmp_path, TABLES | {
        "homes": "id,bedrooms,area,landlord\nH1,2,here,acorn\nH2,1,here,acorn\n"})
    scheme.write_text(scheme.read_text() + "nominations: {label: x, at_once: 2}\n")
    (tmp_path / "outcomes.csv").write_text(
        "id,on,what,advert,application,act,by\n"
        "O1,2026-03-06,approved,AD1,1,offer,Olu\nO2,2026-03-06,approved,AD1,2,offer,Olu\n"
        "O3,2026-03-07,landlord_accepted,AD1,1,,\nO4,2026-03-08,landlord_accepted,AD1,2,,\n")
    first = record_cycle(scheme, data, date(2026, 3, 5), tmp_path / "first")
    done = record_cycle(scheme, first.folder.path, date(2026, 3, 8), tmp_path / "second",
                        outcomes=tmp_path / "outcomes.csv")
    counts = done.counts()
    assert (counts["offers made"], counts["offers that wait their turn"], counts["viewings"]) == (1, 1, 0)
    told = {row["what"] for row in chronology(Past.of(done.folder), "2", "applicant")}
    assert "waits for its turn" in told
    assert "viewed" not in told


def test_every_kind_of_event_is_counted_or_is_no_happening():
    kinds = {kind.model_fields["kind"].default for kind in KINDS}
    of_their_own = {"proposed", "decided", "offer_moved", "offer_ended"}
    none = {"begun", "cycle_begun", "cycle_superseded", "taken_in", "advert_counted", "erased"}
    assert kinds - of_their_own - none == set(cycles._HAPPENED)
    assert {*cycles._HAPPENED.values(), *cycles._MOVED.values()} <= set(cycles.HAPPENED)
    assert set(get_args(OfferMoved.model_fields["step"].annotation)) == set(cycles._MOVED)


def test_a_full_extract_takes_in_only_what_changed(tmp_path):
    first_week(tmp_path)
    data = tmp_path / "data"
    (data / "people.csv").write_text(TABLES["people"].replace("2015-02-03", "2015-02-04"))
    done = second_week(tmp_path, data=data)
    came = [e for e in done.cycle.events if isinstance(e, TakenIn) and e.why == "given"]
    assert [(e.table, e.rows) for e in came] == [("outcomes", 3), ("people", 1)]
    assert done.folder.facts.rows["people"].height == 5
    assert done.folder.tables["people"].height == 4


def test_a_day_that_is_covered_is_refused(tmp_path):
    first_week(tmp_path)
    second_week(tmp_path)
    for day in (date(2026, 3, 15), date(2026, 3, 10)):
        with pytest.raises(RunError, match="--supersede"):
            record_cycle(tmp_path / "scheme.yaml", tmp_path / "week2", day, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_week_run_again_stands_in_place_of_the_first_and_both_stay(tmp_path):
    first_week(tmp_path)
    second_week(tmp_path)
    other = tmp_path / "other.csv"
    other.write_text(OUTCOMES.splitlines()[0] + "\nO9,2026-03-09,approved,AD1,1,offer,,Officer 5\n")
    done = record_cycle(tmp_path / "scheme.yaml", tmp_path / "week2", date(2026, 3, 15),
                        tmp_path / "again", outcomes=other, supersede=True)
    tables = done.folder.tables
    assert tables["outcomes"]["id"].to_list() == ["O9"]
    assert tables["lettings"].is_empty()
    assert done.folder.manifest["cycles"] == 2
    assert done.folder.manifest["cycles_superseded"] == 1
    assert "Seen and agreed" in str(done.folder.facts.rows["outcomes"]["reason"].to_list())
    runs = done.folder.trail.runs()
    assert [(r.cycle, r.counts) for r in runs] == [(1, True), (2, False), (2, True)]
    assert audit_state(tmp_path / "again", tmp_path / "week2").sound


def test_the_first_week_can_be_run_again(tmp_path):
    first_week(tmp_path)
    second_week(tmp_path)
    done = record_cycle(tmp_path / "scheme.yaml", tmp_path / "week2", date(2026, 3, 8),
                        tmp_path / "again", supersede=True)
    assert sum(isinstance(e, CycleSuperseded) for e in done.folder.trail.events) == 2
    first = read_state(tmp_path / "week1").tables
    assert done.folder.tables["shortlisted"].equals(first["shortlisted"])
    assert done.folder.tables["lettings"].is_empty()


def test_nothing_to_supersede_is_said(tmp_path):
    scheme, data = write_files(tmp_path)
    with pytest.raises(RunError, match="no cycle covers this day"):
        record_cycle(scheme, data, LATER, tmp_path / "x", supersede=True)
    record_cycle(scheme, data, date(2026, 3, 8), tmp_path / "week1")
    with pytest.raises(RunError, match="no cycle covers this day"):
        second_week(tmp_path, supersede=True)


def test_columns_that_applications_and_adverts_lack_are_told_in_one_report(tmp_path):
    scheme, data = write_files(tmp_path)
    scheme.write_text(scheme.read_text() + """\
criteria:
  fits: {label: x, when: "bedroom_need = 2 AND advert.needs_group = 'general'"}
eligible: [fits]
""")
    with pytest.raises(BadInput) as caught:
        record_cycle(scheme, data, date(2026, 3, 8), tmp_path / "week1")
    assert [p.where for p in caught.value.problems] == ["applications.bedroom_need", "adverts.needs_group"]


def test_a_scheme_that_begins_after_the_record_is_refused_until_the_rules_of_then_are_beside_it(tmp_path):
    """Letters and replays of the days before would have no rules; a folder of both versions has them."""
    first_week(tmp_path)
    old, versions = tmp_path / "scheme.yaml", tmp_path / "versions"
    versions.mkdir()
    text = old.read_text()
    later = text.replace("2020-01-01", "2026-03-09")
    (versions / "new.yaml").write_text(later)
    options = {"outcomes": tmp_path / "outcomes.csv"}
    with pytest.raises(BadInput) as caught:
        record_cycle(versions / "new.yaml", tmp_path / "week1", date(2026, 3, 15), tmp_path / "week2", **options)
    (line,) = [p.line() for p in caught.value.problems]
    assert line.startswith("new.yaml:4:11: the record has days on which this scheme is not in force, and letters")
    assert "given 2026-03-01 and 2 more; allowed: a scheme with a version in force from 2026-03-01 on" in line
    assert not (tmp_path / "week2").exists()
    (versions / "old.yaml").write_text(text.replace("assumed: true", "until: 2026-03-09, assumed: true"))
    done = record_cycle(versions, tmp_path / "week1", date(2026, 3, 15), tmp_path / "week2", **options)
    assert done.folder.scheme().in_force(date(2026, 3, 1)).in_force.until == date(2026, 3, 9)
    assert replay_state(done.folder).reproduced


def test_everything_wrong_is_in_one_report_and_nothing_is_written(tmp_path):
    first_week(tmp_path)
    came = given(tmp_path, "bids", "advert,application,placed_at\nAD1,9,2026-03-02T10:00:00\n")
    given(tmp_path, "applications",
          TABLES["applications"].splitlines()[0] + "\n4,active,Z,2024-01-01,2024-01-01\n")
    (tmp_path / "outcomes.csv").write_text(OUTCOMES.replace("approved", "aproved"))
    with pytest.raises(BadInput) as caught:
        record_cycle(tmp_path / "missing.yaml", tmp_path / "week1", date(2026, 3, 15),
                     tmp_path / "week2", data=came, outcomes=tmp_path / "outcomes.csv")
    assert len(problems_of(caught)) >= 3
    text = str(caught.value)
    assert "bids.csv" in text
    assert "outcomes.csv" in text
    assert "missing" in text
    (tmp_path / "outcomes.csv").write_text(OUTCOMES)
    with pytest.raises(BadInput, match="band that the scheme has not"):
        second_week(tmp_path, data=given(
            tmp_path, "applications",
            TABLES["applications"].splitlines()[0] + "\n4,active,Z,2024-01-01,2024-01-01\n", "odd"))
    assert not (tmp_path / "week2").exists()


def test_bad_rows_are_left_out_and_kept_when_it_keeps_going(tmp_path):
    first_week(tmp_path)
    came = given(tmp_path, "bids", "advert,application,placed_at\nAD2,9,2026-03-09T10:00:00\n"
                                   "AD2,1,2026-03-09T10:00:00\n")
    told = []
    done = second_week(tmp_path, data=came, keep_going=True, on_problems=told.extend)
    assert [p.rows for p in told] == [("line 2",)]
    assert done.folder.tables["bids"].height == 4
    kept = pl.read_parquet(tmp_path / "week2.problems.parquet")
    assert kept["source_row"].to_list() == [2]


def test_an_outcome_that_clashes_stops_the_run_or_is_quarantined(tmp_path):
    first_week(tmp_path)
    (tmp_path / "outcomes.csv").write_text(OUTCOMES + "O4,2026-03-11,signed,AD2,3,,,Officer 4\n")
    with pytest.raises(BadInput, match="no offer of advert AD2, application 3"):
        second_week(tmp_path)
    assert not (tmp_path / "week2").exists()
    done = second_week(tmp_path, keep_going=True)
    assert done.counts()["outcomes quarantined"] == 1


def test_rows_that_cannot_be_read_do_not_hide_what_clashes(tmp_path):
    """Both in one report, with the line of the file; with keep-going both are left out."""
    first_week(tmp_path)
    (tmp_path / "outcomes.csv").write_text(
        OUTCOMES + "O4,2026-03-11,signed,AD2,3,,,Officer 4\nO5,2026-13-01,aproved,AD2,3,,,Officer 4\n")
    with pytest.raises(BadInput) as caught:
        second_week(tmp_path)
    told = {(p.kind, p.where): p for p in caught.value.problems}
    clash = told["no_such_offer", "outcomes.csv:5 (outcomes.O4)"]
    assert clash.message.endswith("may follow from rows that could not be read")
    assert ("wrong_type", "outcomes.csv: on") in told
    assert ("unknown_code", "outcomes.csv: what") in told
    assert not (tmp_path / "week2").exists()
    done = second_week(tmp_path, keep_going=True)
    assert [row["outcome"] for row in done.cycle.quarantined] == ["O4"]
    kept = pl.read_parquet(tmp_path / "week2.problems.parquet")
    assert set(kept["source_row"]) == {6}


def test_bad_rows_alone_are_refused_too(tmp_path):
    first_week(tmp_path)
    (tmp_path / "outcomes.csv").write_text(OUTCOMES + "O5,2026-13-01,signed,AD2,3,,,Officer 4\n")
    with pytest.raises(BadInput) as caught:
        second_week(tmp_path)
    assert problems_of(caught) == {"wrong_type"}
    assert not (tmp_path / "week2").exists()


def test_two_outcomes_of_one_id_are_refused(tmp_path):
    first_week(tmp_path)
    came = given(tmp_path, "outcomes", OUTCOMES)
    with pytest.raises(BadInput, match="two outcomes have one id"):
        second_week(tmp_path, data=came)


def test_what_was_wrong_is_put_right_as_an_event_of_its_own(tmp_path):
    first_week(tmp_path)
    second_week(tmp_path)
    right = given(tmp_path, "people",
                  TABLES["people"].splitlines()[0] + "\n12,1,2016-02-03,child\n", "right")
    done = third_week(tmp_path, rectify=right)
    (event,) = [e for e in done.folder.trail.events
                if isinstance(e, TakenIn) and e.why == "rectified"]
    assert (event.table, event.rows) == ("people", 1)
    person = done.folder.tables["people"].filter(pl.col("id") == "12")
    assert person["date_of_birth"].item() == date(2016, 2, 3)
    again = record_cycle(tmp_path / "scheme.yaml", tmp_path / "week3", LATER, tmp_path / "again",
                         supersede=True)
    assert again.folder.tables["people"].equals(done.folder.tables["people"])


def test_a_rectification_that_changes_nothing_is_refused(tmp_path):
    first_week(tmp_path)
    with pytest.raises(BadInput, match="nothing here differs"):
        second_week(tmp_path, rectify=given(tmp_path, "people", TABLES["people"], "right"))


def test_another_kind_of_folder_is_no_state(tmp_path):
    scheme, data = write_files(tmp_path)
    (data / "manifest.json").write_text('{"run_id": "x"}')
    with pytest.raises(RunError, match="a run folder, and no state"):
        record_cycle(scheme, data, LATER, tmp_path / "x")


def test_the_seed_goes_on_from_state_to_state(tmp_path):
    first_week(tmp_path, seed=7)
    assert second_week(tmp_path).folder.manifest["seed"] == 7


def test_tables_that_are_not_what_the_events_say_stop_the_run(tmp_path, monkeypatch):
    def wrong(*given, **options):
        cycle = run_cycle(*given, **options)
        offers = cycle.record.tables["offers"].with_columns(step=pl.lit("let"))
        record = replace(cycle.record, tables={**cycle.record.tables, "offers": offers})
        return replace(cycle, record=record)

    monkeypatch.setattr(cycles, "run_cycle", wrong)
    with pytest.raises(PropertyError, match=r"property 8 .* offers"):
        first_week(tmp_path)
    assert not (tmp_path / "week1").exists()


def test_numbered_ids_become_text(tmp_path):
    done = first_week(tmp_path)
    assert done.folder.tables["applications"].schema["id"] == pl.String
    data = tmp_path / "numbers"
    data.mkdir()
    pl.DataFrame({"application": [1], "rank": [1], "bedrooms": [2]}).write_parquet(
        data / "wishes.parquet")
    second_week(tmp_path, data=data)
    assert read_state(tmp_path / "week2").tables["wishes"]["application"].to_list() == ["1"]


def test_the_form_has_a_row_for_all_that_is_waited_for_and_is_read_back(tmp_path):
    folder = first_week(tmp_path).folder
    rows = form(folder.tables)
    assert rows["waits_for"].to_list() == ["offer: approved or declined; since 2026-03-05"]
    filled = rows.with_columns(on=pl.lit(date(2026, 3, 9)), what=pl.lit("approved"),
                               by=pl.lit("Officer 4"))
    filled.write_csv(tmp_path / "filled.csv")
    done = second_week(tmp_path, outcomes=tmp_path / "filled.csv")
    assert "waits_for" not in done.folder.tables["outcomes"].columns
    rows = form(done.folder.tables)
    assert rows["waits_for"].to_list()[-1] == "offered: accepted, refused, no_contact or withdrew"
    assert rows["id"].is_unique().all()


def test_a_table_without_rows_is_a_table(tmp_path):
    scheme, data = write_files(tmp_path, {**TABLES, "bids": TABLES["bids"].splitlines()[0] + "\n"})
    done = record_cycle(scheme, data, date(2026, 3, 8), tmp_path / "week1")
    assert done.folder.tables["bids"].is_empty()
    assert audit_state(tmp_path / "week1").sound
    came = given(tmp_path, "bids", "advert,application,placed_at\nAD2,2,2026-03-09T10:00:00\n")
    after = record_cycle(scheme, tmp_path / "week1", date(2026, 3, 10), tmp_path / "week2",
                         data=came)
    assert after.folder.tables["bids"]["application"].to_list() == ["2"]


def test_a_record_begins_with_a_workbook_too(tmp_path):
    from xlsxwriter import Workbook

    scheme, data = write_files(tmp_path)
    with Workbook(tmp_path / "data.xlsx") as book:
        for path in sorted(data.glob("*.csv")):
            pl.read_csv(path).write_excel(book, worksheet=path.stem)
    done = record_cycle(scheme, tmp_path / "data.xlsx", date(2026, 3, 8), tmp_path / "week1")
    assert done.folder.tables["offers"]["application"].to_list() == ["1"]
