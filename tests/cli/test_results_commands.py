"""``cbl results`` and ``cbl sar``: what is printed, what is written, what is refused."""

from __future__ import annotations

import json
from datetime import date

import polars as pl
import pytest

from cbl_engine.records import record_cycle
from tests.records import small_record


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    folder = tmp_path_factory.mktemp("record")
    small_record.first_week(folder)
    small_record.second_week(folder)
    march = record_cycle(folder / "scheme.yaml", folder / "week2", date(2026, 3, 31), folder / "march")
    return march.folder.path


def test_officers_have_ids_and_the_public_has_none(cbl, state):
    code, out, _ = cbl("results", state, "--audience", "officer", "--format", "json")
    (let,) = json.loads(out)["lettings"]
    assert (code, let["home"], let["application"]) == (0, "H1", "1")
    code, out, _ = cbl("results", state, "--format", "json")
    found = json.loads(out)
    assert (code, found["audience"], found["until"]) == (0, "public", "2026-03-31")
    assert found["lettings"] == []


def test_results_are_written_as_a_page_a_workbook_a_file_or_all_of_them(cbl, state, tmp_path):
    for name in ("let.html", "let.xlsx", "let.csv", "let"):
        code, out, _ = cbl("results", state, "--audience", "officer", "--out", tmp_path / name)
        assert code == 0
        assert f"Wrote {tmp_path / name}" in out.replace("\n", "")
    assert "For officers" in (tmp_path / "let.html").read_text()
    assert (tmp_path / "let.xlsx").read_bytes()[:2] == b"PK"
    every = pl.read_csv(tmp_path / "let.csv")
    assert every.filter(table="band", value="all")["lettings"].to_list() == [1]
    assert {"index.html", "results.xlsx", "lettings.csv", "band.csv"} <= {
        p.name for p in (tmp_path / "let").iterdir()}


def test_the_same_record_gives_the_same_bytes(cbl, state, tmp_path):
    for name in ("one.xlsx", "other.xlsx"):
        assert cbl("results", state, "--out", tmp_path / name)[0] == 0
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "other.xlsx").read_bytes()


def test_bad_options_are_one_line_each_and_nothing_is_written(cbl, state, tmp_path):
    code, _, err = cbl("results", state, "--out", tmp_path / "let.pdf")
    assert (code, "a file ending in .html" in err) == (2, True)
    code, _, err = cbl("results", state, "--since", "yesterday", "--out", tmp_path / "let.html")
    assert (code, "--since" in err) == (2, True)
    code, _, err = cbl("results", tmp_path, "--out", tmp_path / "let.html")
    assert (code, "not a state folder" in err) == (2, True)
    code, _, err = cbl("sar", state, "99", "--out", tmp_path / "sar.html")
    assert (code, "no such application" in err) == (2, True)
    assert not list(tmp_path.iterdir())


def test_a_record_is_written_as_a_page_a_file_or_both_and_says_what_to_read_first(
    cbl, state, tmp_path
):
    for name in ("sar.html", "sar.json", "sar"):
        code, out, _ = cbl("sar", state, "1", "--out", tmp_path / name)
        assert code == 0
    assert "Withheld from people: 1 cells (another person)" in out
    assert "Read before sending: outcomes.reason" in out
    said = json.loads((tmp_path / "sar.json").read_text())
    assert said["sections"]["people"][1]["date_of_birth"] == "withheld"
    assert (tmp_path / "sar" / "record.json").read_text() == (tmp_path / "sar.json").read_text()
    assert "2015-02-03" not in (tmp_path / "sar" / "people.csv").read_text()
    assert "For the applicant" in (tmp_path / "sar.html").read_text()
