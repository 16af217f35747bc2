"""Files of corrections: everything wrong in one report, each line with its place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from cbl_engine.documents import parse_document
from cbl_engine.errors import RunError
from cbl_engine.records import replay_run
from cbl_engine.records.corrections import held_by_run
from cbl_engine.records.replay_words import template
from tests.records.test_replay import TEXT, _frames, put_right, run_of
from tests.shortlist.small import CLOSES, bid, frame

if TYPE_CHECKING:
    from cbl_engine.records import RunFolder

READ = "applications, adverts, homes, bids, people, connections"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    frames = _frames()
    frames["bids"] = frames["bids"].vstack(frame("bids", [bid("a", 30, "x")]))
    return run_of(tmp_path_factory.mktemp("corrections"), TEXT, frames)


def problems(run: RunFolder, *entries: str) -> list[str]:
    text = "corrections:\n" + "".join(f"  - {{{e}, reason: x}}\n" for e in entries)
    with pytest.raises(RunError) as caught:
        put_right(run, text)
    return str(caught.value).splitlines()


POINTS = "table: applications, row: b, column: points"


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("table: aplications, row: b, column: points, was: 7, should_be: 8",
         "2:13: a correction names the table it is about; given aplications; allowed: " + READ),
        ("row: b, column: points, was: 7, should_be: 8",
         "2:5: a correction names the table it is about; allowed: " + READ),
        ("table: landlords, row: b, column: name, was: x, should_be: y",
         "2:13: this run did not read the table landlords, so nothing in it mattered; allowed: "
         + READ),
        ("table: applications, row: b, column: pionts, was: 7, should_be: 8",
         "2:43: there is no column pionts in applications; allowed: points"),
        ("table: applications, row: b, column: band, was: A, should_be: B",
         "2:43: this run did not read applications.band, so it decided nothing. Leave it out: the "
         "run would be the same"),
        ("table: bids, row: {advert: x, application: b}, column: placed_by, was: null, "
         "should_be: officer",
         "2:61: this run did not read bids.placed_by, so it decided nothing. Leave it out: the run "
         "would be the same"),
        ("table: applications, row: idle, column: points, was: 7, should_be: 8",
         "2:32: the run read no such row of applications; given idle. It holds the households that "
         "bid, with what is theirs; add the row if it should have been there"),
        (POINTS + ", was: 6, should_be: 8",
         "2:56: applications.points of this row was not that in the run. See what was recorded "
         "with cbl replay RUN --template APPLICATION"),
        (POINTS + ", was: null, should_be: 8",
         "2:56: applications.points of this row was not that in the run. See what was recorded "
         "with cbl replay RUN --template APPLICATION"),
        (POINTS + ", was: 7, should_be: 7", "2:70: should_be is what it was"),
        (POINTS + ", was: 7, should_be: many", "2:70: points must be a whole number"),
        (POINTS + ", was: 7, should_be: 2024-01-01", "2:70: points must be a whole number"),
        (POINTS + ", was: 7",
         "2:5: the correction has no should_be. An empty cell is written null"),
        ("table: applications, column: points",
         "2:5: the correction has no row and no was and no should_be"),
        (POINTS + ", was: 7, should_be: 8, add: {id: q}",
         "2:5: a correction does one of three things; allowed: row with column, was and should_be; "
         "or add; or remove"),
        ("table: applications", "2:5: a correction does one of three things; allowed: row with "
         "column, was and should_be; or add; or remove"),
        (POINTS + ", was: 7, should_be: 8, form: 2024-01-01",
         "2:73: form is not a part of a correction; allowed: table, reason, evidence, row, column, "
         "was, should_be, from"),
        (POINTS + ", was: 7, should_be: 8, from: soon",
         "2:79: from must be a date such as 2024-10-01"),
        ("table: people, row: pb, column: date_of_birth, was: 1990-01-01, should_be: 1980-01-01, "
         "from: 2024-01-01",
         "2:99: only facts of applications can be put right from a day on"),
        ("table: applications, row: b, column: id, was: b, should_be: q",
         "2:43: id says which row it is. Remove the row and add another"),
        ("table: connections, row: c, column: since, was: null, should_be: null",
         "2:31: a row of connections is named by its columns; allowed: {application, area, kind}: "
         "with their values"),
        ("table: bids, remove: {advert: x, application: a}",
         "2:27: 2 rows of bids answer to this; given x, a. Say which: name placed_at too"),
        ("table: bids, remove: {}", "2:27: the row has no columns"),
        ("table: adverts, row: x, column: status, was: closed, should_be: finished",
         "2:70: status must be one of: draft, open, closed, withdrawn, readvertised, let"),
        ("table: connections, row: {application: c}, column: kind, was: work, should_be: null",
         "2:85: kind may not be empty"),
        ("table: homes, row: h, column: bedrooms, was: 2, should_be: 99",
         "2:65: bedrooms must be at most 20"),
        ("table: applications, add: {id: b}", "2:32: the run has that row of applications already. "
         "Correct its columns instead"),
        ("table: bids, add: {advert: x, application: b}", "2:24: a row of bids needs placed_at too"),
        ("table: bids, add: {advert: x, application: nobody, placed_at: 2024-05-31T10:00:00}",
         "2:5: bids.application: no such application in applications"),
        ("table: bids, add: {advert: x, application: b, placed_at: 2024-06-01T10:00:00}",
         "2:5: bids.placed_at: bids placed before their advert opens or after it closes"),
        ("table: adverts, row: x, column: closes_at, was: 2024-05-31T12:00:00, "
         "should_be: 2024-05-31T11:10:00",
         "2:5: bids placed before their advert opens or after it closes: x. Correct or remove "
         "those bids too"),
        ("table: adverts, row: x, column: home, was: h, should_be: gone",
         "2:5: adverts.home: no such home in homes"),
        ("table: adverts, row: x, column: profile, was: null, should_be: other",
         "as corrected,"),
    ],
)
def test_what_cannot_be_put_right(run: RunFolder, entry: str, line: str) -> None:
    (found,) = problems(run, entry)
    if line.startswith("as"):
        assert found.startswith("facts.yaml: ")
        assert line in found
        assert "other" in found
    else:
        assert found == f"facts.yaml:{line}"


def test_everything_wrong_comes_in_one_report(run: RunFolder) -> None:
    found = problems(
        run,
        POINTS + ", was: 6, should_be: 8",
        "table: nowhere, row: b",
        "table: people, row: pb, column: sex, was: null, should_be: female",
    )
    assert [line.split(":")[1] for line in found] == ["2", "3", "4"]


def test_the_same_thing_is_not_put_right_twice(run: RunFolder) -> None:
    one = POINTS + ", was: 7, should_be: 8"
    assert problems(run, one, POINTS + ", was: 7, should_be: 9") == [
        "facts.yaml:3:5: this is corrected twice; given first at facts.yaml:2:5. Keep one of the "
        "two"
    ]
    add = "table: people, add: {id: new, application: b, date_of_birth: 1990-01-01}"
    assert "facts.yaml:3:5: this is corrected twice" in problems(run, add, add)[0]
    gone = "table: bids, remove: {advert: x, application: b}"
    late = ("table: bids, row: {advert: x, application: b}, column: withdrawn_at, was: null, "
            "should_be: 2024-05-31T11:30:00")
    assert "facts.yaml:3:5: this is corrected twice" in problems(run, gone, late)[0]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "facts.yaml:1:1: a file of corrections has a list, corrections:. cbl replay RUN "
             "--template APPLICATION writes one"),
        ("corrections:\n", "facts.yaml:1:1: a file of corrections has a list, corrections:. cbl "
                           "replay RUN --template APPLICATION writes one"),
        ("corrections: []\n", "facts.yaml:1:14: nothing is corrected"),
        ("corrections: [x]\n", "facts.yaml:1:15: a correction names a table"),
    ],
)
def test_what_is_not_a_file_of_corrections(run: RunFolder, text: str, line: str) -> None:
    with pytest.raises(RunError) as caught:
        put_right(run, text)
    assert str(caught.value) == line


def test_corrections_of_another_run_are_refused(run: RunFolder) -> None:
    text = f"run: abc\ncorrections:\n  - {{{POINTS}, was: 7, should_be: 8, reason: x}}\n"
    with pytest.raises(RunError) as caught:
        put_right(run, text)
    assert str(caught.value) == (
        f"facts.yaml:1:6: the corrections are for another run; given abc; allowed: "
        f"{run.manifest['run_id']}"
    )
    assert put_right(run, text.replace("abc", run.manifest["run_id"])).corrections


def test_a_reason_is_asked_for(run: RunFolder) -> None:
    with pytest.raises(RunError) as caught:
        put_right(run, f"corrections:\n  - {{{POINTS}, was: 7, should_be: 8}}\n")
    assert str(caught.value) == (
        "facts.yaml:2:5: a correction needs a reason. Say in a sentence why the record was wrong"
    )


def test_no_message_quotes_a_fact_of_a_household(run: RunFolder) -> None:
    found = problems(
        run,
        "table: people, row: pb, column: date_of_birth, was: 1971-07-17, should_be: 1980-01-01",
        "table: people, row: pc, column: date_of_birth, was: 1990-01-01, should_be: 17 July 1971",
        "table: people, row: {id: pd, date_of_birth: 1971-07-17}, column: date_of_birth, "
        "was: 1990-01-01, should_be: 1980-01-01",
    )
    assert len(found) == 3
    assert "1971" not in "\n".join(found)
    assert "1990" not in "\n".join(found)


def test_a_missing_file_of_corrections_is_one_line(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        replay_run(run.path, tmp_path / "none.yaml")
    assert str(caught.value) == (
        f"{tmp_path}/none.yaml: the file cannot be read: No such file or directory"
    )


def test_a_template_says_what_was_recorded_and_becomes_corrections(run: RunFolder) -> None:
    text = template(held_by_run(run), "b")
    assert parse_document(text, "t").data == {"run": run.manifest["run_id"], "corrections": None}
    filled = text.replace("  # ", "  ").replace("should_be:\n", "should_be: null\n")
    filled = filled.replace("reason:\n", "reason: x\n")
    entries = parse_document(filled, "t").data["corrections"]
    assert {e["table"] for e in entries} == {"applications", "people", "bids"}
    assert all(e["column"] not in ("id", "advert") for e in entries)
    kept = [e for e in entries if e["was"] is not None and e["column"] == "points"]
    assert [(e["row"], e["was"]) for e in kept] == [("b", 7)]
    # Every row and value that it names is found in the run again.
    whole = filled.replace("was: null\n    should_be: null", "was: null\n    should_be: 1800-01-01")
    with pytest.raises(RunError) as caught:
        put_right(run, whole)
    kinds = {p.kind for p in caught.value.problems}
    assert not kinds & {"row_not_in_run", "was_differs", "several_rows", "not_read"}
    with pytest.raises(RunError, match="the run read no such application; given idle"):
        template(held_by_run(run), "idle")
    assert CLOSES.year == 2024


def test_ids_keep_the_zeros_they_begin_with(tmp_path: Path) -> None:
    frames = _frames()
    called = {"a": "0012", "b": "12"}
    for table, column in (("applications", "id"), ("people", "application"), ("bids", "application")):
        frames[table] = frames[table].with_columns(pl.col(column).replace(called))
    run = run_of(tmp_path, TEXT, frames)
    advert = frames["bids"].filter(pl.col("application") == "0012")["advert"][0]
    text = template(held_by_run(run), "0012")
    assert '#     remove: {advert: ..., application: "0012"}' in text
    for written in ("0012", '"0012"'):
        replay = put_right(run, "corrections:\n  - table: bids\n"
                           f"    remove: {{advert: {advert}, application: {written}}}\n"
                           "    reason: Placed for another household.\n")
        assert replay.corrections[0].row["application"] == "0012"
    one = put_right(run, "corrections:\n  - {table: applications, row: 12, column: points, "
                    "was: 7, should_be: 8, reason: x}\n")
    assert one.corrections[0].row == {"id": "12"}
