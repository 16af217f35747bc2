"""Results out: a workbook officers can filter, tables a database can join; nothing twice."""

from __future__ import annotations

import sqlite3
import sys
from datetime import date

import fastexcel
import polars as pl
import pytest
import sqlalchemy as sa

from cbl_engine import read_run, run_shortlist
from cbl_engine.errors import BadInput, RunError, TableError
from cbl_engine.export import database, workbook, write_run_to_excel, write_run_to_sql
from cbl_engine.export.workbook import Sheet, write_frames, write_sheets


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    run_shortlist("sheffield", "riverton", out=out)
    return read_run(out)


@pytest.fixture(scope="module")
def book(run, tmp_path_factory):
    return write_run_to_excel(run, tmp_path_factory.mktemp("books") / "results.xlsx")


def sheet(book, name):
    return fastexcel.read_excel(book).load_sheet(name).to_polars()


# Excel


def test_the_workbook_has_every_row_in_words(run, book):
    assert fastexcel.read_excel(book).sheet_names == ["About", "Summary", "Shortlist", "Set aside"]
    recorded = run.table("shortlist")
    rows = sheet(book, "Shortlist")
    assert rows["Application"].to_list() == recorded["application"].to_list()
    assert rows["Status"].value_counts().sort("Status").rows() == [
        ("eligible", recorded["eligible"].sum()),
        ("held", recorded["eligible"].null_count()),
        ("not eligible", (~recorded["eligible"]).sum()),
    ]
    said = set(rows["Not met"].drop_nulls()) | set(rows["Not known"].drop_nulls())
    assert "The home is a size the household may be let" in said
    assert not any("_" in text for text in said)
    assert "priority date" in set(rows["Put below the one above by"])
    assert sheet(book, "Set aside").height == run.table("set_aside").height


def test_the_summary_agrees_with_the_engines(run, book):
    theirs = run.shortlist().summary()
    ours = sheet(book, "Summary")
    assert ours["Advert"].to_list() == theirs["advert"].to_list()
    for mine, name in (("Bids", "bids"), ("Eligible", "eligible"), ("Held", "held")):
        assert ours[mine].cast(pl.Int64).to_list() == theirs[name].to_list()
    leaders = [sorted(ids) for ids in theirs["first"]]
    said = [(text or "").removesuffix(" (joint)").split(", ") for text in ours["First"]]
    assert said == [ids[:5] + ["..."] * (len(ids) > 5) if ids else [""] for ids in leaders]
    assert set(ours["Profile"]) >= {"Waiting Time adverts, for band D first"}


def test_members_of_a_tie_are_joint(run, tmp_path):
    rows = run.table("shortlist")
    tied = rows.filter(pl.col("tie_group").is_not_null())
    (shown,) = [s for s in workbook.sheets_of(run) if s.name == "Shortlist"]
    joint = shown.frame.filter(pl.col("Joint") == "joint")
    assert joint.height == tied.height
    groups = tied.group_by("advert", "tie_group").agg(pl.col("position").min())
    assert joint.select("Advert", "Position").n_unique() == groups.height


def test_about_says_what_was_run(run, book):
    about = dict(sheet(book, "About").iter_rows())
    assert about["Run id"] == run.manifest["run_id"]
    assert about["Scheme"] == "Sheffield Property Shop"
    assert about["Judged as at"] == "each advert's closing date"
    assert "Officers" in about["For"]


def test_the_same_run_gives_the_same_bytes(run, book, tmp_path):
    again = write_run_to_excel(run.path, tmp_path / "again.xlsx")
    assert again.read_bytes() == book.read_bytes()


def test_a_workbook_of_no_day_has_none_from_the_clock(tmp_path):
    import zipfile

    out = write_sheets([Sheet("s", pl.DataFrame({"id": ["a"]}), (10,))], tmp_path / "s.xlsx")
    with zipfile.ZipFile(out) as book:
        assert "2000-01-01T00:00:00Z</dcterms:created>" in book.read("docProps/core.xml").decode()


@pytest.mark.parametrize("text", ["=1+1", "+44", "-1", "@SUM(A1)", "http://x", "1", "{=A1}"])
def test_text_is_written_as_text_whatever_it_begins_with(tmp_path, text):
    out = write_sheets([Sheet("s", pl.DataFrame({"id": [text]}), (10,))], tmp_path / "s.xlsx")
    import zipfile

    with zipfile.ZipFile(out) as book:
        xml = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in xml
        assert "hyperlink" not in xml
    assert sheet(out, "s")["id"].to_list() == [text]


def test_yes_and_no_are_words_and_not_numbers(tmp_path):
    frames = {"s": pl.DataFrame({"eligible": [True, False, None], "n": [1, 2, 3]})}
    write_frames(frames, tmp_path / "s.xlsx", date(2026, 3, 31))
    assert sheet(tmp_path / "s.xlsx", "S")["Eligible"].to_list() == ["yes", "no", None]


def test_days_that_excel_cannot_show_are_text(tmp_path):
    days = [date(1890, 5, 2), date(1900, 2, 28), date(1900, 3, 1), None]
    frames = {"s": pl.DataFrame({"day": days}), "t": pl.DataFrame({"at": days[:2]}).cast(pl.Datetime)}
    write_frames(frames, tmp_path / "s.xlsx", date(2026, 3, 31))
    cells = sheet(tmp_path / "s.xlsx", "S")["Day"].cast(pl.String).to_list()
    assert cells[:2] == ["02/05/1890", "28/02/1900"]
    assert cells[2].startswith("1900-03-01")
    assert sheet(tmp_path / "s.xlsx", "T")["At"].to_list() == ["02/05/1890", "28/02/1900"]


def test_a_workbook_in_the_way_is_kept_unless_it_may_be_replaced(run, tmp_path):
    out = tmp_path / "x.xlsx"
    out.write_text("mine")
    with pytest.raises(RunError, match="there already"):
        write_run_to_excel(run, out)
    assert out.read_text() == "mine"
    write_run_to_excel(run, out, replace=True)
    assert [p.name for p in tmp_path.iterdir()] == ["x.xlsx"]


def test_a_place_that_cannot_be_written_is_one_line(run, tmp_path):
    with pytest.raises(RunError, match="cannot be written"):
        write_run_to_excel(run, tmp_path / "no" / "x.xlsx")


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_ROWS", 1)
    with pytest.raises(RunError, match="cannot hold the rows; given 2 rows"):
        write_sheets([Sheet("s", pl.DataFrame({"a": [1, 2]}), (9,))], tmp_path / "s.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_without_the_package_the_line_says_which(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(BadInput, match=r"xlsxwriter. pip install 'cbl-engine\[excel\]'"):
        write_run_to_excel(run, tmp_path / "x.xlsx")


# SQL


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'results.db'}"


def rows_of(url, statement):
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_every_row_is_written_under_the_runs_id(run, url):
    assert write_run_to_sql(run, url) is True
    run_id = run.manifest["run_id"]
    for name in ("shortlist", "stage_failures", "set_aside"):
        (count,) = rows_of(url, f"SELECT COUNT(*) FROM cbl_{name} WHERE run_id = '{run_id}'")[0]
        assert count == run.table(name).height
    assert rows_of(url, "SELECT run_id, scheme, as_at, adverts FROM cbl_runs") == [
        (run_id, "sheffield", "close", 30)
    ]
    row = run.table("shortlist").row(0, named=True)
    found = rows_of(
        url,
        f"SELECT eligible, position, placed_at, failed FROM cbl_shortlist WHERE advert = "
        f"'{row['advert']}' AND application = '{row['application']}'",
    )
    utc = row["placed_at"].astimezone(__import__("datetime").UTC)
    assert found == [(1, 1, f"{utc:%Y-%m-%d %H:%M:%S}.000000", "")]


def test_a_run_that_is_there_is_left_as_it_is(run, url):
    assert write_run_to_sql(run, url)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("UPDATE cbl_shortlist SET stage = 7")
    connection.commit()
    connection.close()
    assert write_run_to_sql(run.path, url) is False
    assert rows_of(url, "SELECT DISTINCT stage FROM cbl_shortlist") == [(7,)]


def test_a_second_run_stands_beside_the_first(run, url, tmp_path):
    other = tmp_path / "other"
    run_shortlist("sheffield", "riverton", out=other, seed=2)
    assert write_run_to_sql(run, url)
    assert write_run_to_sql(other, url)
    assert rows_of(url, "SELECT COUNT(DISTINCT run_id) FROM cbl_shortlist") == [(2,)]


def test_a_run_is_written_whole_or_not_at_all(run, url):
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("CREATE TABLE cbl_set_aside (run_id TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(RunError, match="the database refused"):
        write_run_to_sql(run, url)
    names = {name for (name,) in rows_of(url, "SELECT name FROM sqlite_master")}
    assert names == {"cbl_set_aside"} or rows_of(url, "SELECT COUNT(*) FROM cbl_runs") == [(0,)]


def test_a_database_that_cannot_be_reached_is_one_line_without_the_password(run):
    with pytest.raises(RunError) as caught:
        write_run_to_sql(run, "postgresql://me:hunter2@127.0.0.1:1/x")
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(TableError):
        write_run_to_sql(run, "sqlite+nothing://x")


def test_a_place_where_no_database_file_can_be_is_named(run, tmp_path):
    for place, words in (("none/x.db", "there is no such folder to write to"),
                         (".", "this is a folder, where a database file is written")):
        with pytest.raises(RunError, match=words):
            write_run_to_sql(run, f"sqlite:///{tmp_path / place}")


def test_a_database_that_another_has_open_says_what_to_do(run, url, monkeypatch):
    monkeypatch.setattr(database, "open_database", lambda *a, **k: sa.create_engine(
        url, connect_args={"timeout": 0}))
    holder = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(RunError, match=r"locked\. Nothing was written\. Close what has it open"):
            write_run_to_sql(run, url)
    finally:
        holder.close()


def test_what_was_written_reads_back_as_tables(run, url):
    from cbl_engine.tables.database import database_door

    write_run_to_sql(run, url)
    door = database_door(url)
    assert set(door.others(frozenset())) == {
        "cbl_runs", "cbl_shortlist", "cbl_stage_failures", "cbl_set_aside",
    }


def test_a_database_file_that_was_not_there_is_not_left_empty(run, url, tmp_path):
    with pytest.raises(RunError, match="Nothing was written"):
        write_run_to_sql(run, url, schema="x")
    assert not (tmp_path / "results.db").exists()
    assert write_run_to_sql(run, url)
    with pytest.raises(RunError, match="Nothing was written"):
        write_run_to_sql(run, url, schema="x")
    assert rows_of(url, "SELECT COUNT(*) FROM cbl_runs") == [(1,)]
