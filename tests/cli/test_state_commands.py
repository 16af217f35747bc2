"""cbl cycle, waiting, audit, erase and retention, as an officer would use them."""

from __future__ import annotations

import json
import sys

import polars as pl
import pytest

from tests.offers.week import Week
from tests.records.small_record import OUTCOMES, write_files
from tests.records.weeks_on_record import on_record


@pytest.fixture
def week(cbl, tmp_path):
    """A record of one week by the engine's own cycle."""
    scheme, data = write_files(tmp_path)

    def run(state, as_at, out, *more):
        return cbl("cycle", scheme, "--state", tmp_path / state, "--as-at", as_at,
                   "--out", tmp_path / out, *more)

    code, said, _ = run(data.name, "2026-03-08", "week1")
    assert code == 0, said
    return run


def test_a_week_is_closed_and_says_what_happened_and_what_waits(week, cbl, tmp_path):
    code, said, _ = cbl("waiting", tmp_path / "week1")
    assert code == 0
    assert "Waits for a decision: 1" in said
    assert "approved or declined" in said
    code, said, _ = week("week1", "2026-03-15", "week2", "--outcomes", tmp_path / "outcomes.csv")
    assert code == 0
    assert "lettings" in said
    assert "written to" in said
    code, said, _ = cbl("audit", tmp_path / "week2", "--after", tmp_path / "week1")
    assert (code, said.splitlines()[-1]) == (0, "Sound.")


def test_the_summary_for_programs(week, tmp_path):
    code, said, _ = week("week1", "2026-03-15", "week2", "--format", "json",
                         "--outcomes", tmp_path / "outcomes.csv")
    assert code == 0
    found = json.loads(said)
    assert found["happened"]["lettings"] == 1
    assert found["as_at"] == "2026-03-15"
    assert [row["advert"] for row in found["waits_for_decision"]] == ["AD2"]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_form_that_was_filled_in_is_a_file_of_outcomes(week, cbl, tmp_path, suffix):
    form = tmp_path / f"form.{suffix}"
    assert cbl("waiting", tmp_path / "week1", "--template", form)[0] == 0
    assert cbl("waiting", tmp_path / "week1", "--template", form)[0] == 2
    read = pl.read_csv if suffix == "csv" else pl.read_excel
    rows = read(form)
    assert rows.height == 1
    filled = rows.with_columns(on=pl.lit("2026-03-09"), what=pl.lit("approved"),
                               by=pl.lit("Officer 4"))
    if suffix == "csv":
        filled.write_csv(form)
    else:
        filled.write_excel(form, worksheet="outcomes")
    code, said, _ = week("week1", "2026-03-11", "week2", "--outcomes", form, "--format", "json")
    assert code == 0
    assert json.loads(said)["happened"]["decisions_taken"] == 1


def test_a_form_of_another_kind_is_refused_before_anything_is_run(week, tmp_path):
    code, _, error = week("week1", "2026-03-15", "week2", "--template", tmp_path / "form.pdf")
    assert code == 2
    assert "ending in .csv or .xlsx" in error
    assert not (tmp_path / "week2").exists()


def test_a_form_that_cannot_be_written_is_refused_before_anything_is_run(week, tmp_path, monkeypatch):
    code, _, error = week("week1", "2026-03-15", "week2", "--template", tmp_path / "no" / "form.csv")
    assert code == 2
    assert "--template: there is no such folder to write to" in error
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    code, _, error = week("week1", "2026-03-15", "week2", "--template", tmp_path / "form.xlsx")
    assert code == 2
    assert "an Excel file needs the package xlsxwriter" in error
    assert not (tmp_path / "week2").exists()


def test_the_same_week_twice_is_refused_unless_it_takes_the_place(week, tmp_path):
    code, _, error = week("week1", "2026-03-08", "again")
    assert code == 2
    assert "--supersede" in error
    code, said, _ = week("week1", "2026-03-08", "again", "--supersede")
    assert code == 0
    assert "no longer counts, and stays in the trail" in said


def test_bad_outcomes_are_named_and_nothing_is_written(week, tmp_path):
    (tmp_path / "outcomes.csv").write_text(OUTCOMES.replace("AD1", "AD7"))
    code, _, error = week("week1", "2026-03-15", "week2", "--outcomes", tmp_path / "outcomes.csv")
    assert code == 2
    assert "O1" in error
    assert not (tmp_path / "week2").exists()
    code, said, _ = week("week1", "2026-03-15", "week2", "--outcomes", tmp_path / "outcomes.csv",
                         "--keep-going")
    assert code == 0
    assert "Left out: O1" in said


def test_a_state_that_was_changed_fails_its_audit(week, cbl, tmp_path):
    (tmp_path / "week1/tables/offers.parquet").write_bytes(b"x")
    code, said, _ = cbl("audit", tmp_path / "week1")
    assert code == 1
    assert "offers.parquet" in said
    code, said, _ = cbl("audit", tmp_path / "week1", "--format", "json")
    assert code == 1
    assert json.loads(said)["sound"] is False
    code, said, _ = cbl("audit", tmp_path / "data")
    assert code == 1
    assert "not a state folder" in said


def test_erasure_and_what_is_due_for_it(week, cbl, tmp_path):
    code, said, _ = cbl("retention", tmp_path / "week1", "--as-at", "2028-03-08")
    assert code == 0
    assert "Due for erasure by 2028-03-08: 1" in said
    assert "illustrative, Local Government Act 1974" in said
    code, said, _ = cbl("retention", tmp_path / "week1", "--as-at", "2028-03-07")
    assert "Nothing is due" in said
    code, said, _ = cbl("retention", tmp_path / "week1", "--as-at", "2028-03-08", "--format", "csv")
    assert said.splitlines()[1].startswith("3,register,")
    code, said, _ = cbl("erase", tmp_path / "week1", "--application", "3", "--because", "schedule",
                        "--as-at", "2028-03-08", "--out", tmp_path / "erased")
    assert code == 0
    assert "Erased 3" in said
    assert "The reason stays in the trail for good: schedule" in said
    assert str(tmp_path / "week1") in said
    code, said, _ = cbl("audit", tmp_path / "erased", "--after", tmp_path / "week1")
    assert code == 0
    assert "lawfully erased: 3 on 2028-03-08 (schedule)" in said
    code, _, error = cbl("erase", tmp_path / "week1", "--application", "1", "--because", "x",
                         "--as-at", "2028-03-08", "--out", tmp_path / "no")
    assert code == 2
    assert "on the register still" in error


def test_nothing_is_written_into_a_state(week, cbl, tmp_path):
    state, april = tmp_path / "week1", tmp_path / "april"
    assert cbl("cycle", tmp_path / "scheme.yaml", "--state", state, "--as-at", "2026-04-01",
               "--out", april)[0] == 0
    before = {p: p.read_bytes() for p in state.rglob("*") if p.is_file()}
    for words in (
        ("waiting", state, "--template", state / "form.csv"),
        ("sar", state, "1", "--out", state / "record.html"),
        ("results", state, "--audience", "officer", "--out", state / "facts/results.csv"),
        ("prospects", april, "1", "--out", state / "page.html"),
        ("landlords", state, "--since", "2026-03-01", "--until", "2026-03-08", "--out", state / "pack"),
        ("case-bundle", state, "1", "--out", state / "tables/case"),
        ("erase", state, "--application", "3", "--because", "Over", "--as-at", "2033-01-01",
         "--out", state / "erased"),
        ("cycle", tmp_path / "scheme.yaml", "--state", state, "--as-at", "2026-03-15",
         "--out", state / "next"),
        ("cycle", tmp_path / "scheme.yaml", "--state", state, "--as-at", "2026-03-15",
         "--out", tmp_path / "next", "--template", tmp_path / "next/form.csv"),
        ("sample", state / "borough", "--households", "5", "--adverts", "1"),
        ("init", state / "scheme.yaml"),
    ):
        code, _, problems = cbl(*words)
        assert (code, "inside a" in problems or "inside the" in problems) == (2, True), words
    assert {p: p.read_bytes() for p in state.rglob("*") if p.is_file()} == before
    assert not (tmp_path / "next").exists()


def test_a_bundle_that_is_there_already_is_not_said_to_be_replaceable(week, cbl, tmp_path):
    words = ("case-bundle", tmp_path / "week1", "1", "--out", tmp_path / "bundle")
    assert cbl(*words)[0] == 0
    code, _, problems = cbl(*words)
    assert (code, "--replace" in problems) == (2, False)


def test_a_week_that_names_nobody_for_want_of_landlords_says_so(week, tmp_path):
    scheme, homes = tmp_path / "scheme.yaml", tmp_path / "data" / "homes.csv"
    words = "nobody is named to a landlord, though the scheme nominates"
    scheme.write_text(scheme.read_text() + "nominations: {label: x}\n")
    assert words in " ".join(week("week1", "2026-03-15", "week2")[1].split())
    homes.write_text("id,bedrooms,area,landlord\nH1,2,here,L1\nH2,1,here,\n")
    assert words not in " ".join(week("week1", "2026-03-15", "week3", "--data", tmp_path / "data")[1].split())


def test_a_consequence_that_counted_a_refusal_judged_anew_is_told(cbl, tmp_path):
    record = Week("consequences: {out: {label: x, suspend_months: 3}}\n"
                  "offers: {refusals: {one: {label: x, after: 1, then: out}}}")
    record.household("ann").advert("elm", bids="ann").approve(7, "offer", "elm", "ann")
    record.outcome(8, "refused", "elm", "ann", reasonable=False, by="Olu")
    state = on_record(record.approve(8, "consequence", household="ann").run(until=8), tmp_path).path
    (tmp_path / "outcomes.csv").write_text("id,on,what,act,advert,application,by\n"
                                           "r1,2024-06-09,undone,refusal_counts,elm,ann,Mo\n")
    code, said, _ = cbl("cycle", next((state / "scheme").iterdir()), "--state", state, "--as-at", "2024-06-09",
                        "--outcomes", tmp_path / "outcomes.csv", "--out", tmp_path / "after")
    assert (code, "out of application ann, in force since 2024-06-08, counted that of elm/ann/1 (with 0 that "
            "still count), and holds on" in " ".join(said.split())) == (0, True)


def test_a_state_is_no_data_to_read_tables_from(week, cbl, tmp_path):
    state = tmp_path / "week1"
    for words in (("validate", tmp_path / "scheme.yaml", "--data", state),
                  ("shortlist", tmp_path / "scheme.yaml", "--data", state),
                  ("cycle", tmp_path / "scheme.yaml", "--state", state, "--as-at", "2026-03-15",
                   "--data", state, "--out", tmp_path / "next")):
        code, said, problems = cbl(*words)
        assert (code, "this is a state folder, and no data" in said + problems) == (2, True), words
        assert "Not read" not in said


def test_a_week_in_which_nothing_happened_says_so_and_what_was_not_read(week, cbl, tmp_path):
    week("week1", "2026-03-15", "week2")
    (tmp_path / "data" / "peeple.csv").write_text("id\n1\n")
    code, said, _ = week("week2", "2026-03-16", "week3", "--data", tmp_path / "data")
    assert code == 0
    assert said.splitlines()[1:3] == ["Nothing happened.", "Not read: peeple.csv"]


def test_a_week_in_which_rows_came_and_nothing_followed_says_so(week, tmp_path):
    week("week1", "2026-03-15", "week2")
    people = tmp_path / "data" / "people.csv"
    people.write_text(people.read_text().replace("2015-02-03", "2015-02-04"))
    code, said, _ = week("week2", "2026-03-16", "week3", "--data", tmp_path / "data")
    assert (code, said.splitlines()[1]) == (0, "Nothing followed from the 1 row that came.")
