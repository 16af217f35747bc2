"""cbl assess and cbl letter: for people, for programs, exit codes, and whatever a register gets wrong."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.report.register import REGISTER, WITHOUT_BANDS, replaced, with_rows, write_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cbl = Callable[..., tuple[int, str, str]]


def arguments(folder: Path, changes: dict[str, str] | None = None) -> tuple[Any, ...]:
    scheme, data = write_files(folder, changes)
    return scheme, "--data", data, "--as-at", "2026-03-01"


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_register_is_summed_up_for_people(cbl: Cbl, tmp_path: Path) -> None:
    code, out, err = cbl("assess", *arguments(tmp_path))
    assert (code, err) == (0, "")
    assert "Example Homes allocation scheme: assessed as at 2026-03-01" in out
    assert "Changes against what is recorded: band 3, bedroom need 3, sizes 3, status 3." in out
    assert "The law reads these columns, which the register does not have:" in out
    assert "These are proposals" in out


def test_the_sum_of_a_scheme_without_bands_is_by_status_alone(cbl: Cbl, tmp_path: Path) -> None:
    scheme, data = write_files(tmp_path, scheme=WITHOUT_BANDS)
    code, out, err = cbl("assess", scheme, "--data", data, "--as-at", "2026-03-01")
    assert (code, err) == (0, "")
    assert "band" not in out
    assert "all │ 6" in words(out).replace("│ all", "all")


def test_rows_for_programs_parse_back(cbl: Cbl, tmp_path: Path) -> None:
    given = arguments(tmp_path)
    code, out, err = cbl("assess", *given, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, err, [r["application"] for r in rows]) == (0, "", [f"P{n}" for n in range(1, 7)])
    assert rows[2]["bedroom_need"] == ""
    records = json.loads(cbl("assess", *given, "--format", "json")[1])
    assert [r["band"] for r in records] == ["A", "C", "C", "C", "C", "A"]
    one = json.loads(cbl("assess", *given, "--format", "json", "--application", "P3")[1])
    assert one == [records[2]]


def test_one_application_is_shown_by_itself(cbl: Cbl, tmp_path: Path) -> None:
    code, out, _ = cbl("assess", *arguments(tmp_path), "--application", "P3")
    assert code == 0
    assert "band: C\n" in out
    assert "bedroom need: -\n" in out


def test_a_folder_is_written_and_not_overwritten(cbl: Cbl, tmp_path: Path) -> None:
    given = (*arguments(tmp_path), "--out", tmp_path / "out")
    code, out, _ = cbl("assess", *given)
    assert code == 0
    assert f"Folder: {tmp_path / 'out'}" in out
    assert pl.read_parquet(tmp_path / "out" / "assessed.parquet").height == 6
    code, out, err = cbl("assess", *given)
    assert (code, out) == (2, "")
    assert "the folder is there already" in err
    assert cbl("assess", *given, "--replace")[0] == 0


def test_a_note_is_for_the_applicant_unless_asked_otherwise(cbl: Cbl, tmp_path: Path) -> None:
    given = (*arguments(tmp_path), "--application", "P3", "--explain")
    code, out, err = cbl("assess", *given)
    assert (code, err) == (0, "")
    assert out.startswith("Assessment of application P3\n")
    assert "24 December 1979" not in out
    assert "24 December 1979" in cbl("assess", *given, "--audience", "officer")[1]
    note = json.loads(cbl("assess", *given, "--format", "json")[1])
    assert (note["application"], note["audience"]) == ("P3", "applicant")


def test_a_note_is_written_as_a_page_by_the_name_of_its_file(cbl: Cbl, tmp_path: Path) -> None:
    given = (*arguments(tmp_path), "--application", "P3", "--explain", "--out", tmp_path / "note.html")
    assert cbl("assess", *given) == (0, f"Wrote {tmp_path / 'note.html'}\n", "")
    assert (tmp_path / "note.html").read_text().startswith("<!DOCTYPE html>")
    code, _, err = cbl("assess", *given)
    assert code == 2
    assert "the file is there already" in err
    assert cbl("assess", *given, "--replace")[0] == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--explain",), "a note is of one application. Name it with --application"),
        (("--explain", "--application", "P1", "--format", "csv"), "a note cannot be given as rows"),
        (("--explain", "--application", "P9"), "there is no such application on this date; given P9"),
        (("--application", "P9"), "there is no such application on this date; given P9"),
        (("--as-at", "soon"), "the as-at date cannot be read; given 'soon'; allowed: YYYY-MM-DD"),
        (("--as-at", "2020-01-01"), "the scheme example is not in force on 2020-01-01"),
        (("--data", "nowhere"), "there is no such folder or file"),
    ],
)
def test_what_cannot_be_done_ends_with_2_and_one_line(
    cbl: Cbl, tmp_path: Path, more: tuple[str, ...], said: str
) -> None:
    scheme, *given = arguments(tmp_path)
    plain = dict(zip(given[::2], given[1::2], strict=True)) | {}
    if more[0] in plain:
        plain[more[0]], more = more[1], ()
    code, out, err = cbl("assess", scheme, *(part for pair in plain.items() for part in pair), *more)
    assert (code, out) == (2, "")
    assert err.startswith("cbl: 1 problem\n")
    assert said in err


def test_a_letter_is_printed_and_written(cbl: Cbl, tmp_path: Path) -> None:
    given = (*arguments(tmp_path), "--application", "P4")
    code, out, err = cbl("letter", *given)
    assert (code, err) == (0, "")
    assert "You do not qualify to join the housing register." in out
    assert "DRAFT." in out
    assert cbl("letter", *given, "--format", "markdown")[1].startswith("# Our decision")
    assert cbl("letter", *given, "--format", "html")[1].startswith("<!DOCTYPE html>")
    code, out, _ = cbl("letter", *given, "--out", tmp_path / "letter.html")
    assert out == f"Wrote {tmp_path / 'letter.html'}\nTo fill in before it is signed: 6\n"
    assert (tmp_path / "letter.html").read_text().startswith("<!DOCTYPE html>")
    code, out, err = cbl("letter", *given[:-1], "P9")
    assert (code, out) == (2, "")


HISTORY = "application,band,since,until,why\n"
STATUSES = "application,status,since,until\n"
BAD = {
    "a date of birth after the as-at date": (
        with_rows("people", "P5-02,P5,2027-02-02,,,child,,,,,"), "P5",
        "Born after the date of this assessment (P5-02). Assumed: taken as not yet born",
    ),
    "two partners": (
        with_rows("people", "P6-03,P6,1975-01-01,,female,partner,P6-01,,,,"), "P6",
        "More than one partner, or their own partner (P6-01). Assumed: none of them is taken as a "
        "couple",
    ),
    "a partner of themselves": (
        replaced("people", "partner,P6-01", "partner,P6-02"), "P6",
        "More than one partner, or their own partner (P6-02). Assumed: none of them is taken as a "
        "couple",
    ),
    "a band from before registration, on the row": (
        replaced("applications", "P6,active,2024-02-01,A,2024-03-01", "P6,active,2024-02-01,A,2023-03-01"),
        "P6", "A band from before registration (band A from 1 March 2023). Assumed: the first date stands",
    ),
    "a band from before registration, in the history": (
        {"band_history": HISTORY + "P6,A,2023-03-01,,\n"}, "P6",
        "A band from before registration (band A from 1 March 2023). Assumed: the first date stands",
    ),
    "bands that overlap": (
        {"band_history": HISTORY + "P6,C,2024-02-01,2024-09-01,\nP6,A,2024-06-01,,\n"}, "P6",
        "Two bands at one time in the history (band C from 1 February 2024, band A from 1 June "
        "2024). Assumed: each band was held until the next began",
    ),
    "two bands that have not ended": (
        {"band_history": HISTORY + "P6,C,2024-02-01,,\nP6,B,2024-03-01,2024-06-01,\nP6,A,2024-06-01,,\n"},
        "P6", "More than one band in the history that has not ended",
    ),
    "two bands on one day": (
        {"band_history": HISTORY + "P6,C,2024-02-01,2024-06-01,\nP6,A,2024-02-01,,\n"}, "P6",
        "Two bands in the history that began on one day (band A from 1 February 2024, band C from 1 "
        "February 2024). Assumed: the one that lasted longest counts as the last",
    ),
    "a time without a band": (
        {"band_history": HISTORY + "P6,C,2024-02-01,2024-03-01,\nP6,A,2024-06-01,,\n"}, "P6",
        "A time without a band in the history",
    ),
    "a band that the scheme has not": (
        {"band_history": HISTORY + "P6,Gold,2024-02-01,2024-03-01,\nP6,A,2024-03-01,,\n"}, "P6",
        "A change in the history to or from a band that the scheme has not (band A from 1 March "
        "2024). Assumed: neither higher nor lower: the date was kept",
    ),
    "statuses that overlap": (
        {"status_history": STATUSES + "P6,active,2024-02-01,2025-01-01\nP6,suspended,2024-12-01,\n"},
        "P6", "Two statuses at one time in the history. Assumed: the status of the application "
        "stands",
    ),
    "officers who disagree": (
        {"overrides": "id,application,field,value,decided_on\nO1,P6,band,B,2026-01-01\n"
                      "O2,P6,band,C,2026-02-01\n"}, "P6",
        "Officers' decisions on one field that say different things (O1, O2). Assumed: the last "
        "decision stands",
    ),
    "an officer's value that cannot be": (
        {"overrides": "id,application,field,value\nO1,P6,band,Gold\n"}, "P6",
        "An officer's value that cannot be one of its field (O1). Assumed: the value of the rules "
        "stands",
    ),
    "rules that have moved on since an officer decided": (
        {"overrides": "id,application,field,value,instead_of\nO1,P6,band,B,C\n"}, "P6",
        "The rules no longer give what they gave when the officer decided (O1). Assumed: the "
        "officer's value stands",
    ),
}


@pytest.mark.parametrize("name", list(BAD))
def test_what_cannot_all_be_true_is_in_the_note_with_what_is_assumed(
    cbl: Cbl, tmp_path: Path, name: str
) -> None:
    changes, application, said = BAD[name]
    given = (*arguments(tmp_path, changes), "--application", application)
    (row,) = json.loads(cbl("assess", *given, "--format", "json")[1])
    assert row["status_proposed"] == "awaiting_review"
    code, out, err = cbl("assess", *given, "--explain", "--audience", "officer")
    assert (code, err) == (0, "")
    assert said in words(out)
    assert "An officer is to settle these" in out


MISSING = {
    "sex": (
        replaced("people", "P1-03,P1,2019-10-30,,male", "P1-03,P1,2012-10-30,,"),
        ("Sex of P1-03", "between 2 and 3"),
    ),
    "date of birth": (
        replaced("people", "P1-02,P1,2014-06-11", "P1-02,P1,"),
        ("Date of birth of P1-02", "between 2 and 3"),
    ),
}


@pytest.mark.parametrize("name", list(MISSING))
def test_an_unknown_sex_or_age_holds_the_application_and_says_what_it_could_change(
    cbl: Cbl, tmp_path: Path, name: str
) -> None:
    changes, said = MISSING[name]
    given = (*arguments(tmp_path, changes), "--application", "P1")
    (row,) = json.loads(cbl("assess", *given, "--format", "json")[1])
    assert (row["bedroom_need"], row["status_proposed"]) == (None, "awaiting_review")
    out = words(cbl("assess", *given, "--explain")[1])
    assert all(part in out for part in said)
    letter = words(cbl("letter", *given)[1])
    assert "We do not know yet how many bedrooms you need." in letter
    assert said[0] in letter


def test_an_unknown_sex_that_changes_nothing_holds_nothing(cbl: Cbl, tmp_path: Path) -> None:
    changes = replaced("people", "P2-01,P2,1990-01-01,,male", "P2-01,P2,1990-01-01,,")
    given = (*arguments(tmp_path, changes), "--application", "P2")
    (row,) = json.loads(cbl("assess", *given, "--format", "json")[1])
    assert row["bedroom_need"] == 1
    assert "Sex of" not in cbl("assess", *given, "--explain")[1]


def test_bad_rows_of_every_table_are_one_report_without_personal_facts(
    cbl: Cbl, tmp_path: Path
) -> None:
    wrong = (
        replaced("people", "2014-06-11,,female", "2014-06-31,,girl")
        | replaced("applications", ",urgent,", ",dire,")
        | {"connections": REGISTER["connections"].replace("P2,,example", "P7,,elsewhere")}
        | {"band_history": HISTORY + "P6,A,2024-06-01,2024-05-01,\n"}
        | {"status_history": STATUSES + "P6,lost,2024-06-01,\n"}
        | {"overrides": "id,application,field,value\nO1,P6,rank,1\n"}
    )
    code, out, err = cbl("assess", *arguments(tmp_path, wrong), "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    for table in ("people", "applications", "connections", "band_history", "status_history",
                  "overrides"):
        assert f"{table}.csv" in err, table
    assert not any(fact in err for fact in ("2014-06-31", "girl", "dire"))
    assert not (tmp_path / "out").exists()
