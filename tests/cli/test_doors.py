"""The commands at the doors: --mapping, --report, export and extract-request."""

from __future__ import annotations

import shutil
import sqlite3

import pytest

from cbl_engine.shipped import shipped_folder


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    from cbl_engine import run_shortlist

    out = tmp_path_factory.mktemp("runs") / "run"
    run_shortlist("sheffield", "riverton", out=out)
    return out


def test_shortlist_of_a_workbook_with_a_mapping_that_lives_apart(cbl, tmp_path):
    folder = shipped_folder("exports") / "harbour_workbook"
    shutil.copy(folder / "lettings.xlsx", tmp_path / "export.xlsx")
    shutil.copy(folder / "mapping.yaml", tmp_path / "ours.yaml")
    code, out, err = cbl("shortlist", "sheffield", "--data", tmp_path / "export.xlsx",
                         "--mapping", tmp_path / "ours.yaml", "--format", "csv")
    assert (code, err) == (0, "")
    assert out == cbl("shortlist", "sheffield", "--data", "riverton", "--format", "csv")[1]


def test_shortlist_of_a_database(cbl, tmp_path):
    import polars as pl

    with sqlite3.connect(tmp_path / "r.db") as connection:
        for file in (shipped_folder("boroughs") / "riverton").glob("*.csv"):
            frame = pl.read_csv(file, infer_schema=False)
            names = ", ".join(f'"{name}"' for name in frame.columns)
            connection.execute(f"CREATE TABLE {file.stem} ({names})")
            marks = ", ".join("?" * frame.width)
            connection.executemany(f"INSERT INTO {file.stem} VALUES ({marks})", frame.rows())
    connection.close()
    code, out, err = cbl("shortlist", "sheffield", "--data", f"sqlite:///{tmp_path / 'r.db'}",
                         "--format", "csv")
    assert (code, err) == (0, "")
    assert out == cbl("shortlist", "sheffield", "--data", "riverton", "--format", "csv")[1]


def test_what_was_read_otherwise_is_told_on_the_error_stream(cbl, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(shipped_folder("boroughs") / "riverton", folder)
    file = folder / "applications.csv"
    file.write_text(file.read_text().replace(",active,2025-09-02,", ",active,1900-01-01,", 1))
    code, out, err = cbl("shortlist", "sheffield", "--data", folder, "--format", "csv")
    assert code == 0
    assert out.startswith("advert,")
    assert err.startswith("cbl: note: applications.csv: registered_on: dates that stand for none")
    code, out, _ = cbl("validate", "sheffield", "--data", folder)
    assert code == 0
    assert "note: applications.csv: registered_on: dates that stand for none" in out


def test_validate_writes_a_page_and_still_says_what_is_wrong(cbl, tmp_path):
    page = tmp_path / "page.html"
    code, out, _ = cbl("validate", "sheffield", "--data", "riverton", "--report", page)
    assert code == 0
    assert "0 problems" in out
    assert "Quality of the data" in page.read_text(encoding="utf-8")
    bad = tmp_path / "nowhere"
    code, out, _ = cbl("validate", "sheffield", "--data", bad, "--report", page)
    assert code == 2
    assert "There is no such folder or file" in page.read_text(encoding="utf-8")
    code, _, err = cbl("validate", "sheffield", "--report", page)
    assert (code, "needs data" in err) == (2, True)


def test_a_page_and_a_line_never_say_a_password(cbl, tmp_path):
    page = tmp_path / "page.html"
    url = "postgresql://me:hunter2@127.0.0.1:1/x?sslpassword=hunter2"
    code, out, err = cbl("validate", "sheffield", "--data", url, "--report", page)
    assert code == 2
    assert "hunter2" not in out + err + page.read_text(encoding="utf-8")
    assert "postgresql://127.0.0.1:1/x: cannot be read" in out
    assert "Good rows" not in out


def test_a_mapping_that_is_not_there_is_bad_input(cbl, tmp_path):
    code, _, err = cbl("shortlist", "sheffield", "--data", "riverton", "--mapping",
                       tmp_path / "no.yaml")
    assert code == 2
    assert "the file cannot be read" in err


def test_export_to_a_workbook(cbl, run_folder, tmp_path):
    out = tmp_path / "results.xlsx"
    assert cbl("export", run_folder, "--to", out) == (0, f"Wrote {out}\n", "")
    code, _, err = cbl("export", run_folder, "--to", out)
    assert (code, "there already" in err) == (2, True)
    assert cbl("export", run_folder, "--to", out, "--replace")[0] == 0


def test_export_to_a_workbook_in_no_folder_says_so(cbl, run_folder, tmp_path):
    code, _, err = cbl("export", run_folder, "--to", tmp_path / "none" / "x.xlsx")
    assert code == 2
    assert f"--to: there is no such folder to write to; given {tmp_path / 'none'}" in err


def test_export_to_a_database_twice_is_once(cbl, run_folder, tmp_path):
    url = f"sqlite:///{tmp_path / 'results.db'}"
    assert cbl("export", run_folder, "--to", url) == (0, f"Wrote the run to {url}\n", "")
    assert cbl("export", run_folder, "--to", url) == (
        0, f"The run is there already; left as it is in {url}\n", ""
    )


@pytest.mark.parametrize("to", ["results.csv", "x", "ftp//x"])
def test_export_to_anything_else_says_what_is_allowed(cbl, run_folder, to):
    code, _, err = cbl("export", run_folder, "--to", to)
    assert code == 2
    assert "allowed: a file ending in .xlsx, sqlite:///file.db" in err


def test_extract_request_in_each_form(cbl, tmp_path):
    code, out, _ = cbl("extract-request", "southend")
    assert code == 0
    assert out.startswith("# Extract request: Southend")
    code, out, _ = cbl("extract-request", "southend", "--format", "csv")
    assert out.startswith("table,rows,column,must,type")
    file = tmp_path / "request.xlsx"
    assert cbl("extract-request", "southend", "--format", "xlsx", "--out", file)[0] == 0
    assert file.stat().st_size > 3000
    assert cbl("extract-request", "southend", "--format", "xlsx")[0] == 2
    text = tmp_path / "request.md"
    assert cbl("extract-request", "southend", "--out", text)[1] == f"Wrote {text}\n"
    assert cbl("extract-request", "southend", "--out", text)[0] == 2
