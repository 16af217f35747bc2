"""SQL databases: tables and queries in, one line for whatever is wrong, no password ever said."""

from __future__ import annotations

import sqlite3
import sys
from datetime import date

import pytest

from cbl_engine.errors import TableError
from cbl_engine.tables import read_tables
from cbl_engine.tables.database import is_database_url, open_database, said, shown_url

SCRIPT = """
CREATE TABLE Applications (id TEXT, status TEXT, registered_on TEXT, points INTEGER, flag INTEGER);
INSERT INTO Applications VALUES ('A1', 'active', '2024-01-31', 3, 1), ('A2', 'active', NULL, 4, 0);
CREATE TABLE adverts (id TEXT, closes_at TEXT, status TEXT);
INSERT INTO adverts VALUES ('V1', '2024-05-08 12:00', 'closed');
CREATE VIEW bids AS SELECT 'V1' AS advert, 'A1' AS application, '2024-05-02T09:30' AS placed_at;
CREATE TABLE "HR;DROP" (Ref INTEGER, "Stat:us" TEXT);
INSERT INTO "HR;DROP" VALUES (7, '01'), (8, 'S'), (9, 'X');
"""


@pytest.fixture
def url(tmp_path):
    with sqlite3.connect(tmp_path / "data.db") as connection:
        connection.executescript(SCRIPT)
    connection.close()
    return f"sqlite:///{tmp_path / 'data.db'}"


def lines_of(url, **words):
    return [p.line() for p in read_tables(url, strict=False, **words).problems]


def test_tables_and_views_are_found_by_name(url):
    tables = read_tables(url)
    frame = tables.frames["applications"]
    assert frame["registered_on"].to_list() == [date(2024, 1, 31), None]
    assert frame["points"].to_list() == [3, 4]
    assert frame.select("source_name", "source_row").rows() == [
        ("Applications", 1), ("Applications", 2),
    ]
    assert tables.frames["bids"].height == 1
    assert tables.ignored_files == ("HR;DROP",)


def test_a_mapping_names_a_table_or_a_query(url, tmp_path):
    mapping = tmp_path / "m.yaml"
    mapping.write_text(
        """\
applications:
  - table: HR;DROP
    columns: {Ref: id, "Stat:us": status}
    codes: {status: {"01": active, S: suspended}}
  - query: |
      WITH one AS (SELECT 'B' || points AS id, status, '12:30' AS tea FROM Applications)
      SELECT * FROM one ORDER BY id;
bids:
  query: SELECT 'V1' AS advert, 'B3' AS application, '2024-05-02T09:30' AS placed_at
"""
    )
    tables = read_tables(url, mapping=mapping, strict=False)
    assert tables.frames["applications"].select("id", "source_name", "source_row").rows() == [
        ("7", "HR;DROP", 1), ("8", "HR;DROP", 2), ("B3", "query for applications", 1),
        ("B4", "query for applications", 2),
    ]
    assert [p.line() for p in tables.problems] == [
        "HR;DROP: status: codes that m.yaml does not list; given 'X' (1); allowed: '01', 'S'; "
        "1 in all: row 3. Add each under codes, with ~ for one that says nothing, or a default",
    ]


def test_yes_and_no_may_be_one_and_nought(url):
    from cbl_engine.tables import ExtraColumn

    extras = {"applications": [ExtraColumn("flag", "bool")]}
    assert read_tables(url, extras).frames["applications"]["flag"].to_list() == [True, False]


@pytest.mark.parametrize(
    ("mapping", "line"),
    [
        (
            "bids: {table: Gebote}",
            "bids: m.yaml names the table 'Gebote', which is not there; "
            "allowed: 'Applications', 'HR;DROP', 'adverts', 'bids'",
        ),
        (
            "bids: {query: DELETE FROM adverts}",
            "m.yaml:1:15: query must be one SELECT statement; given 'DELETE FROM adverts'; "
            "allowed: SELECT ... or WITH ... SELECT ...",
        ),
        (
            "bids: {query: 'SELECT 1; DELETE FROM adverts'}",
            "m.yaml:1:15: query must be one SELECT statement; given "
            "'SELECT 1; DELETE FROM adverts'; allowed: SELECT ... or WITH ... SELECT ...",
        ),
        (
            "bids: {query: SELECT nought FROM adverts}",
            "query for bids: cannot be read: no such column: nought",
        ),
        (
            "bids: {query: 'SELECT id, status AS id FROM adverts'}",
            "query for bids: names a column twice. Name them apart with AS",
        ),
        (
            "bids: {query: WITH a AS (SELECT 1) DELETE FROM adverts}",
            "query for bids: cannot be read: attempt to write a readonly database",
        ),
        ("bids: {file: bids.csv}", "bids: m.yaml names a file or sheet, and this is a database"),
        (
            "bids: {table: bids, query: SELECT 1}",
            "m.yaml:1:28: a source is one thing, not both table and query",
        ),
    ],
)
def test_one_line_for_a_wrong_mapping_and_nothing_is_written(url, tmp_path, mapping, line):
    path = tmp_path / "m.yaml"
    path.write_text(mapping)
    assert line in lines_of(url, mapping=path)
    assert read_tables(url).frames["adverts"].height == 1


def test_a_missing_table_says_what_was_looked_for(url, tmp_path):
    with sqlite3.connect(tmp_path / "data.db") as connection:
        connection.execute("DROP VIEW bids")
    connection.close()
    assert lines_of(url) == [
        "bids: the table is missing; allowed: a table or view called bids"
    ]


def test_a_file_that_is_not_there_is_not_made(tmp_path):
    assert lines_of(f"sqlite:///{tmp_path}/no.db") == [
        f"sqlite:///{tmp_path}/no.db: there is no such file; allowed: sqlite:///file.db from the working "
        "folder, sqlite:////folder/file.db from the root"
    ]
    assert not (tmp_path / "no.db").exists()
    assert lines_of("sqlite://")[0].startswith("sqlite://: names no database file; allowed: ")
    assert lines_of(f"sqlite:///{tmp_path}") == [f"sqlite:///{tmp_path}: is not a database file"]


@pytest.mark.filterwarnings("error")
def test_what_a_sqlite_file_is_not_opened_with_is_refused(url):
    with pytest.raises(TableError, match=r"what stands after \? is nothing that a SQLite file is opened with; "
                                         r"allowed: nothing, or timeout=seconds\. Leave it out"):
        open_database(f"{url}?mode=ro")
    open_database(f"{url}?timeout=1").dispose()


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "x.db").write_text("id,status\n" * 200)
    (line,) = lines_of(f"sqlite:///{tmp_path}/x.db")
    assert line.endswith("cannot be read: file is not a database")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://officer:hunter2@127.0.0.1:1/none?password=hunter2", "cannot be read"),
        ("nosuch://officer:hunter2@host/x", "is of a kind of database that the engine is not made for"),
        ("postgresql://officer:hunter2@host:port/x", "is not a database address that can be used"),
        ("mssql+pymssql://officer:hunter2@host/x", "is of a kind of database that the engine is not made for"),
    ],
)
def test_a_password_is_never_said(url, says):
    (line,) = lines_of(url)
    assert says in line
    assert "pip install" not in line
    assert "hunter2" not in line
    assert "officer" not in line


def test_urls_are_told_from_paths():
    assert is_database_url("sqlite:///a.db")
    assert not is_database_url("C:/data")
    assert not is_database_url("riverton")
    assert shown_url("postgresql://u:p@ss@h/db?sslkey=x") == "postgresql://h/db"


def test_without_the_package_the_line_says_which(url, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(TableError, match=r"sqlalchemy is not installed. pip install 'cbl-engine"):
        open_database(url)


def test_secrets_are_taken_out_of_a_message_as_words():
    error = Exception('connection refused for user "u" with pass@word')
    assert said(error, "postgresql://u:pass%40word@host/x") == (
        'connection refused for user "***" with ***'
    )
