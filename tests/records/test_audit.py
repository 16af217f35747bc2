"""The audit names every fault: the event, the table and the row."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256

import polars as pl
import pytest

from cbl_engine.errors import PropertyError
from cbl_engine.records import audit, audit_state, erase
from cbl_engine.records.facts_apart import ERASED
from cbl_engine.records.state import _state_id
from tests.records.small_record import first_week, second_week


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
