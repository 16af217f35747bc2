"""The audit names every fault: the event, the table and the row."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256

import polars as pl
import pytest

from cbl_engine.errors import PropertyError
from cbl_engine.records import audit, audit_state, erase, record_cycle, replay_state
from cbl_engine.records.facts_apart import ERASED
from cbl_engine.records.state import _state_id
from cbl_engine.scheme import Scheme
from tests.offers.week import Week
from tests.records.small_record import first_week, second_week, write_files
from tests.records.weeks_on_record import on_record


@pytest.fixture
def state(tmp_path):
    first_week(tmp_path)
    second_week(tmp_path)
    return tmp_path / "week2"


def sealed(state):
    """The manifest made anew, as someone who covers up would."""
    manifest = json.loads((state / "manifest.json").read_text())
    manifest["files"] = {
        name: sha256((state / name).read_bytes()).hexdigest() for name in manifest["files"]
    }
    manifest["last_hash"] = json.loads((state / "trail.jsonl").read_text().splitlines()[-1])["hash"]
    manifest["state_id"] = _state_id(manifest)
    (state / "manifest.json").write_text(json.dumps(manifest))


def changed(state, name, change):
    path = state / name
    change(pl.read_parquet(path)).write_parquet(path)
    sealed(state)


def faults(state):
    return {(f.kind, f.where.rpartition("/")[2], f.rows) for f in audit_state(state).faults}


def test_a_sound_state_is_said_to_be_with_what_was_checked(state):
    found = audit_state(state)
    assert found.sound
    assert not found.notes
    checked = " ".join(found.checked)
    for words in ("files against the manifest", "events in the chain", "rows against their digests",
                  "the same to the byte"):
        assert words in checked


def test_a_record_with_a_consequence_that_was_lifted_is_sound(tmp_path):
    week = Week("consequences: {out: {label: x, cancel: true}}\n"
                "offers: {refusals: {one: {label: x, after: 1, then: out}}}")
    week.household("ann").advert("elm", bids="ann").approve(7, "offer", "elm", "ann")
    week.outcome(8, "refused", "elm", "ann", reasonable=False, by="Olu")
    week.approve(9, "consequence", household="ann").run(until=9)
    week.outcome(10, "undone", household="ann", act="consequence", by="Mo").run(until=10)
    folder = on_record(week, tmp_path)
    assert folder.tables["consequences"]["until"].to_list() == [date(2024, 6, 10)]
    assert audit_state(folder.path).sound


def test_a_changed_file_is_found_though_nothing_else_is(state):
    path = state / "tables/offers.parquet"
    pl.read_parquet(path).with_columns(step=pl.lit("ended")).write_parquet(path)
    assert {kind for kind, _, _ in faults(state)} == {"file_changed", "table_differs"}


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("facts/people.parquet",
         lambda f: f.with_columns(date_of_birth=pl.lit("1999-09-09").str.to_date()),
         ("row_changed", "people.parquet", ("event 9, row 1",))),
        ("facts/people.parquet", lambda f: f.filter(pl.col("id") != "12"),
         ("row_missing", "people.parquet", ("event 9, row 1",))),
        ("facts/people.parquet", lambda f: pl.concat([f, f.tail(1).with_columns(
            pl.lit(9, pl.Int64).alias("_ordinal"))]),
         ("row_added", "people.parquet", ("event 9, row 9",))),
        ("facts/people.parquet", lambda f: f.with_columns(application=pl.lit("2")),
         ("row_changed", "people.parquet", ("event 9, row 0",))),
        ("facts/people.parquet", lambda f: f.with_columns(pl.lit(True).alias(ERASED)),
         ("row_gone", "people.parquet", ("event 9, row 0",))),
        ("facts/events.parquet", lambda f: f.with_columns(fields=pl.lit('{"band": "A"}')),
         ("row_changed", "events.parquet", None)),
        ("digests.parquet", lambda f: f.with_columns(subject=pl.lit("2")),
         ("digest_differs", "people.parquet", ("event 9",))),
        ("digests.parquet", lambda f: f.filter(pl.col("subject").is_null() | (
            pl.col("subject") != "2")),
         ("digest_differs", "people.parquet", ("event 9",))),
        ("tables/lettings.parquet", lambda f: f.with_columns(band=pl.lit("B")),
         ("table_differs", "lettings.parquet", ("row 1",))),
        ("tables/people.parquet", lambda f: f.head(2),
         ("table_differs", "people.parquet", ("row 3",))),
    ],
)
def test_a_change_that_was_covered_up_is_found(state, name, change, fault):
    events = (state / "trail.jsonl").read_text().splitlines()
    people = 1 + next(i for i, e in enumerate(events) if '"table":"people"' in e)
    changed(state, name, change)
    kind, file, rows = fault
    found = faults(state)
    if rows is None:
        assert (kind, file) in {f[:2] for f in found}
    else:
        rows = tuple(row.replace("event 9", f"event {people}") for row in rows)
        assert (kind, file, rows) in found


def test_a_trail_written_anew_by_hand_does_not_follow_the_earlier_state(state):
    assert audit_state(state, state.parent / "week1").sound
    found = audit_state(state.parent / "week1", state)
    assert {f.kind for f in found.faults} == {"other_past", "not_before"}


def test_what_is_no_state_is_one_fault(tmp_path):
    assert [f.kind for f in audit_state(tmp_path).faults] == ["not_a_state"]


def test_rows_written_by_another_library_version_are_a_note_and_no_fault(state):
    changed(state, "tables/people.parquet", lambda f: f)
    frame = pl.read_parquet(state / "tables/people.parquet")
    frame.write_parquet(state / "tables/people.parquet", compression="gzip")
    sealed(state)
    found = audit_state(state)
    assert found.sound
    assert "people" in " ".join(found.notes)


def test_the_properties_of_the_last_cycle_are_checked_again(state, monkeypatch):
    assert any("numbered properties" in line for line in audit_state(state).checked)

    def broken(*given):
        raise PropertyError(2, "home H1 is let twice")

    monkeypatch.setattr(audit, "verify", broken)
    found = audit_state(state)
    assert [f.kind for f in found.faults] == ["property"]
    assert "home H1 is let twice" in found.faults[0].message


def test_properties_are_left_to_the_earlier_state_where_facts_were_erased(state):
    erase(state, ["1"], "x", date(2033, 1, 1), state.parent / "erased")
    found = audit_state(state.parent / "erased")
    assert found.sound
    assert any("The state before the erasure has them" in note for note in found.notes)


@pytest.mark.parametrize(("name", "value"), [
    ("as_at", "2026-03-14"), ("seed", 5), ("unattended", True), ("events", 1), ("cycles", 9),
    ("cycles_superseded", 1), ("erased", 3), ("scheme", "other"), ("scheme_versions", []),
    ("states_before", []),
    ("states_before", ["0" * 16, "1" * 16]),
])
def test_a_manifest_that_says_other_than_the_trail_is_found(state, name, value):
    manifest = json.loads((state / "manifest.json").read_text())
    (state / "manifest.json").write_text(json.dumps({**manifest, name: value}))
    sealed(state)
    assert {kind for kind, _, _ in faults(state)} == {"manifest_differs"}


def test_states_before_in_other_words_do_not_follow_the_earlier_state(state):
    manifest = json.loads((state / "manifest.json").read_text())
    (state / "manifest.json").write_text(json.dumps({**manifest, "states_before": ["0" * 16]}))
    sealed(state)
    assert {f.kind for f in audit_state(state, state.parent / "week1").faults} == {"not_before"}


def test_another_text_of_the_scheme_is_found(state):
    path = next((state / "scheme").iterdir())
    path.write_text(path.read_text().replace("title: Small", "title: Smaller"))
    sealed(state)
    assert {kind for kind, _, _ in faults(state)} == {"scheme_differs"}


def test_of_a_cycle_without_the_hash_of_the_schemes_text_it_is_said_that_it_cannot_be_told(
        tmp_path, monkeypatch):
    monkeypatch.setattr(Scheme, "text_hash", None)
    first_week(tmp_path)
    monkeypatch.undo()
    found = audit_state(tmp_path / "week1")
    assert found.sound
    assert "cannot be told" in found.notes[0]
    assert replay_state(tmp_path / "week1").reproduced
    second_week(tmp_path)
    assert not audit_state(tmp_path / "week2", tmp_path / "week1").notes
    assert replay_state(tmp_path / "week2").reproduced


def test_a_scheme_with_line_ends_of_another_system_is_kept_to_the_byte(tmp_path):
    scheme, data = write_files(tmp_path)
    scheme.write_bytes(scheme.read_text().replace("\n", "\r\n").encode())
    record_cycle(scheme, data, date(2026, 3, 8), tmp_path / "week1")
    erase(tmp_path / "week1", ["3"], "x", date(2033, 1, 1), tmp_path / "erased")
    assert audit_state(tmp_path / "erased", tmp_path / "week1").sound


@pytest.mark.parametrize(("file", "kind"), [("events", "row_twice"), ("keys", "key_twice"),
                                            ("people", "row_twice")])
def test_a_row_that_is_there_twice_is_found(state, file, kind):
    changed(state, f"facts/{file}.parquet", lambda f: pl.concat([f, f.tail(1)]))
    assert kind in {found for found, _, _ in faults(state)}


def test_several_erased_at_once_and_a_cycle_run_again_are_as_many_states_as_there_were(state):
    again = state.parent / "again"
    record_cycle(state.parent / "scheme.yaml", state, date(2026, 3, 15), again, supersede=True)
    erase(again, ["3"], "x", date(2033, 1, 1), state.parent / "one")
    done = erase(state, ["1", "3"], "x", date(2033, 1, 1), state.parent / "two")
    for folder in (again, state.parent / "one", state.parent / "two"):
        assert audit_state(folder).sound
    assert len(done.folder.manifest["states_before"]) == 2
