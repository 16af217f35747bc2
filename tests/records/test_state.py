"""State folders: written whole, rebuilt to the byte, rows apart under keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cbl_engine.errors import RunError
from cbl_engine.records import read_state
from cbl_engine.records.coming import recorded
from cbl_engine.records.facts_apart import Facts, canonical_rows
from cbl_engine.records.state import tables_of
from tests.killed import bytes_of, look, prepared
from tests.records.small_record import TABLES, first_week, second_week


def test_a_state_is_read_back_as_it_was_written(tmp_path):
    done = first_week(tmp_path)
    again = read_state(tmp_path / "week1")
    assert again.manifest == done.folder.manifest
    assert again.trail.text() == done.folder.trail.text()
    assert again.tables.keys() == done.cycle.record.tables.keys()
    assert again.as_at == date(2026, 3, 8)
    assert again.scheme().name == "small"
    assert again.manifest["audience"] == "officer"
    assert "for officers" in again.manifest["note"]


def test_the_tables_can_be_made_again_from_trail_and_facts(tmp_path):
    first_week(tmp_path)
    second_week(tmp_path)
    folder = read_state(tmp_path / "week2")
    made = tables_of(folder.trail, folder.facts, recorded)
    assert list(made) == list(folder.tables)
    for table, frame in made.items():
        assert_frame_equal(frame, folder.tables[table])
    assert folder.tables["lettings"]["band"].to_list() == ["A"]


def test_the_same_on_the_same_state_gives_the_same_bytes(tmp_path):
    first_week(tmp_path)
    second_week(tmp_path)
    second_week(tmp_path, "again")
    assert bytes_of(tmp_path / "week2") == bytes_of(tmp_path / "again")


def test_the_order_of_rows_changes_no_byte(tmp_path):
    first_week(tmp_path / "one")
    turned = {}
    for table, text in TABLES.items():
        head, *rows = text.splitlines()
        turned[table] = "\n".join([head, *reversed(rows)]) + "\n"
    from tests.records import small_record

    paths = small_record.write_files(tmp_path / "two", turned)
    small_record.record_cycle(*paths, date(2026, 3, 8), tmp_path / "two/week1",
                             key=small_record.KEY)
    assert bytes_of(tmp_path / "one/week1") == bytes_of(tmp_path / "two/week1")


def test_records_begun_apart_have_other_digests_and_the_same_tables(tmp_path):
    first_week(tmp_path / "one")
    from tests.records import small_record

    paths = small_record.write_files(tmp_path / "two")
    small_record.record_cycle(*paths, date(2026, 3, 8), tmp_path / "two/week1")
    one, two = bytes_of(tmp_path / "one/week1"), bytes_of(tmp_path / "two/week1")
    assert one["trail.jsonl"] != two["trail.jsonl"]
    tables = [name for name in one if name.startswith("tables/")]
    assert tables
    assert all(one[name] == two[name] for name in tables)


def test_no_fact_about_a_household_is_in_the_trail(tmp_path):
    first_week(tmp_path)
    second_week(tmp_path)
    text = (tmp_path / "week2/trail.jsonl").read_text()
    assert "Seen and agreed" not in text
    let = next(json.loads(line) for line in text.splitlines() if '"kind":"let_to"' in line)
    assert (let["band"], let["bedroom_need"]) == (None, None)
    assert len(let["apart"]) == 64
    assert "1980-05-06" not in text


def test_a_state_is_never_written_in_place_of_anything(tmp_path):
    first_week(tmp_path)
    before = bytes_of(tmp_path / "week1")
    with pytest.raises(RunError, match="never written in place of another"):
        second_week(tmp_path, "week1")
    assert bytes_of(tmp_path / "week1") == before


def said_otherwise(state, **other):
    manifest = json.loads((state / "manifest.json").read_text())
    (state / "manifest.json").write_text(json.dumps(manifest | other))


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lambda p: (p / "facts/people.parquet").unlink(), "file_missing"),
        (lambda p: (p / "tables/people.parquet").write_bytes(b"x"), "file_changed"),
        (lambda p: (p / "facts/more.parquet").write_bytes(b"x"), "file_of_another"),
        (lambda p: (p / "trail.jsonl").write_text(""), "file_changed"),
        (lambda p: (p / "manifest.json").write_text("{}"), "not_a_state"),
        (lambda p: said_otherwise(p, files=None), "not_a_state"),
        (lambda p: said_otherwise(p, states_before=None), "not_a_state"),
        (lambda p: (p / "manifest.json").write_text(
            (p / "manifest.json").read_text().replace("2026-03-08", "2026-03-07")),
         "manifest_changed"),
        (lambda p: said_otherwise(p, schema_version=1), "state_of_other_version"),
    ],
)
def test_a_state_that_was_changed_is_not_read(tmp_path, harm, kind):
    first_week(tmp_path)
    harm(tmp_path / "week1")
    with pytest.raises(RunError) as caught:
        read_state(tmp_path / "week1")
    assert kind in {p.kind for p in caught.value.problems}


def test_keys_are_in_no_message():
    facts = Facts.none(b"0123456789abcdef" * 2).with_keys(["1"])
    assert "0123456789abcdef" not in repr(facts)
    assert "keys" not in repr(facts)


def test_a_key_cannot_be_made_again_from_what_is_left():
    facts = Facts.none(b"r" * 32).with_keys(["1", "2"])
    left, _ = facts.without("1")
    assert "1" not in left.keys
    assert left.with_keys(["1"]).keys["1"] != facts.keys["1"]


def test_rows_share_a_text_only_when_they_hold_the_same():
    frame = pl.DataFrame({
        "a": ["x", "x1:b", None, "", "x"],
        "b": ["y", None, "y", None, "y"],
        "when": [datetime(2026, 3, 1)] * 5,
        "list": [["1", "2"], ["12"], [], None, ["1", "2"]],
        "number": [1.0, -0.0, 0.0, None, 1.0],
    })
    rows = canonical_rows(frame)
    assert rows[0] == rows[4]
    assert len(set(rows)) == 4
    wider = frame.with_columns(pl.lit(None).alias("later")).select(reversed(["a", "b", "when",
                               "list", "number", "later"]))
    assert canonical_rows(wider) == rows


def test_what_a_dead_process_left_is_removed_and_what_a_live_one_has_is_not(tmp_path):
    ran = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                         capture_output=True, text=True, check=True)
    dead = tmp_path / f".week1.partial-{ran.stdout.strip()}"
    live = tmp_path / f".week1.partial-{os.getppid()}"
    for left in (dead, live):
        left.mkdir()
        (left / "facts").write_text("of a household")
    first_week(tmp_path)
    assert not dead.exists()
    assert live.exists()


@pytest.mark.skipif(os.name == "nt", reason="kills a child by a signal")
def test_a_cycle_killed_on_its_way_loses_nothing_and_leaves_nothing_half_done(tmp_path):
    operations, new = prepared(tmp_path)
    found = [look(tmp_path, point, new)
             for point in (3, operations // 2, operations - 3, operations)]
    assert found[0] == "absent"
    assert found[-1] == "whole"


def test_the_folder_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    first_week(tmp_path)
    done = []
    fsync, rename = os.fsync, Path.rename

    def synced(descriptor):
        done.append("on the disk")
        fsync(descriptor)

    def renamed(self, to):
        done.append("rename")
        return rename(self, to)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    second_week(tmp_path)
    assert done.count("rename") == 1
    at = done.index("rename")
    files = len(bytes_of(tmp_path / "week2"))
    assert at >= files
    assert len(done) == at + 2


def test_a_record_begins_on_the_first_day_that_anything_in_it_is_dated(tmp_path):
    first_week(tmp_path)
    assert read_state(tmp_path / "week1").since == date(2026, 3, 1)
