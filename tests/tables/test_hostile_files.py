"""Files that are not what they claim: one clear line each, never a crash."""

from __future__ import annotations

import gzip
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbl_engine.tables import read_tables


def lines_of(folder):
    return [p.line() for p in read_tables(folder, strict=False).problems]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "bids.csv: is empty; allowed: a header line and rows"),
        (b"\xef\xbb\xbf\n", "bids.csv: is empty; allowed: a header line and rows"),
        (
            "advert,application,placed_at,note\nV1,A1,,\u00a3".encode("cp1252"),
            "bids.csv: is not utf-8 text (byte 41). "
            "Name its encoding, for example cp1252, in the mapping",
        ),
        (
            b"advert,appl\0ication\n",
            "bids.csv: has a NUL character (byte 11). "
            "If it is UTF-16, say encoding: utf-16 in the mapping; else export it again",
        ),
        (b"advert,advert\n1,2\n", "bids.csv: names a column twice: 'advert'"),
        (b"advert,,application\n1,2,3\n", "bids.csv: has no name for column 2 in its header. "
         "Give it one, or delete a delimiter that ends the line; where a title stands above the "
         "headings, say header_row in the mapping"),
        (
            b'advert,application,placed_at\nV1,A1,"x\nV1,A1,y\n',
            "bids.csv: has a quotation mark on line 2 that neither opens nor closes a cell. "
            "Double it and quote the cell, or say quote: none in the mapping",
        ),
        (
            b'advert,application,placed_at\nV1,A1,x\nV1,5" step,y\nV1,"A1",z\n',
            "bids.csv: has a quotation mark on line 3 that neither opens nor closes a cell. "
            "Double it and quote the cell, or say quote: none in the mapping",
        ),
        (
            b"advert,application,placed_at,source_row\nV1,A1,2024-05-02T09:30,1\n",
            "bids.csv: has a column called source_row, which is kept for where rows came from",
        ),
    ],
)
def test_one_line(spoil, content, line):
    assert lines_of(spoil({"bids.csv": content})) == [line]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\xff" * 64 + b"PAR1", b"a,b\n1,2\n"])
def test_not_parquet(spoil, content):
    folder = spoil({"bids.csv": None, "bids.parquet": content})
    assert lines_of(folder) == ["bids.parquet: is not a Parquet file"]


def test_a_folder_in_place_of_a_file(spoil):
    folder = spoil({"bids.csv": None})
    (folder / "bids.csv").mkdir()
    assert lines_of(folder) == ["bids.csv: is a folder, not a file of rows"]


def test_a_pipe_in_place_of_a_file(spoil):
    folder = spoil({"bids.csv": None})
    os.mkfifo(folder / "bids.csv")
    assert lines_of(folder) == ["bids.csv: is not a regular file, not a file of rows"]


def test_a_byte_order_mark_and_old_line_ends_are_accepted(spoil):
    text = "advert,application,placed_at\rV1,A1,2024-05-02T09:30\rV1,A2,2024-05-02T09:30\r"
    tables = read_tables(spoil({"bids.csv": b"\xef\xbb\xbf" + text.encode()}))
    assert tables.frames["bids"]["source_row"].to_list() == [2, 3]


def test_values_in_messages_are_capped_and_stay_on_one_line(spoil):
    folder = spoil(homes='id,bedrooms\nH1,"a\nb\u202e"\nH2,' + "x" * 500 + "\n")
    (line,) = lines_of(folder)
    assert "\n" not in line
    assert "\u202e" not in line
    assert len(line) < 250


def test_column_names_that_mean_something_elsewhere_are_only_names(spoil):
    folder = spoil(
        applications="id,status,filter,columns,*,^x$\nA1,active,1,2,3,4\nA2,active,,,,\n"
    )
    frame = read_tables(folder).frames["applications"]
    assert frame.columns == ["id", "status", "filter", "columns", "*", "^x$", "source_name", "source_row"]
    assert frame["*"].to_list() == ["3", None]


scraps = st.sampled_from(
    [
        b"id",
        b"status",
        b"A1",
        b"active",
        b",",
        b",",
        b"\n",
        b"\n",
        b"\r",
        b'"',
        b'""',
        b"|",
        b"=1",
        b"closes_at",
        b"2024-10-27T01:30",
        b"sizes",
        b"2|3",
        b"\xff",
        b"\xc2\xa0",
        b" ",
        b"\t",
        b"*",
    ]
)
settings_scraps = st.sampled_from(
    [
        "applications",
        "bids",
        "columns",
        "codes",
        "encoding",
        "delimiter",
        "file",
        "date_format",
        ": ",
        "\n",
        "\n  ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "id",
        "%d",
        "compose: ",
        "{id}",
        "only_rows: ",
        "split: {at: x, into: [id]}",
        "codes: ",
        "default: ",
        "distinct: yes",
        "defaults: ",
        "placeholder_dates: ",
        "sheet: ",
        "query: SELECT 1",
        "&a ",
        "*a",
        "!t ",
        "'",
        "#",
        "- ",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(scraps, max_size=25), st.lists(settings_scraps, max_size=12))
def test_no_bytes_crash_and_every_row_is_good_or_rejected(content, mapping):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "applications.csv").write_bytes(b"".join(content))
        (folder / "tables.yaml").write_text("".join(mapping))
        tables = read_tables(folder, needs=(), strict=False)
    assert all("\n" not in problem.line() for problem in tables.problems)
    if "applications" in tables.frames and not tables.problems:
        frame = tables.frames["applications"]
        assert frame["source_row"].is_unique().all()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(b"id,status\n", mtime=0), "is compressed with gzip, not text. Unpack it"),
        (b"PAR1\x15\x04\xff\xff", "is a Parquet file, not text. Call it .parquet"),
        (b"PK\x03\x04\x14\xff", "is a zip or an Excel workbook, not text. "
                                "Unpack it, or call it .xlsx if it is a workbook"),
        (b"advert;application;placed_at\nV1;A1;2024-05-02T09:30\n",
         "has one column by its delimiter ',', called 'advert;application;placed_at'. "
         'Say delimiter: ";" in the mapping'),
        (b"advert\tapplication\tplaced_at\n",
         "has one column by its delimiter ',', called 'advert\\tapplication\\tplaced_at'. "
         'Say delimiter: "\\t" in the mapping'),
    ],
    ids=["gzip", "parquet", "workbook", "semicolons", "tabs"],
)
def test_a_file_of_another_form_is_told_what_it_is(spoil, content, said):
    folder = spoil({"bids.csv": content})
    assert lines_of(folder) == [f"bids.csv: {said}"]


def test_the_delimiter_that_the_report_names_is_right(spoil):
    folder = spoil({"bids.csv": b"advert\tapplication\tplaced_at\nV1\tA1\t2024-05-02T09:30\n",
                    "mapping.yaml": 'bids: {delimiter: "\\t"}\n'})
    assert lines_of(folder) == []


def test_a_heading_in_capitals_is_told(spoil):
    folder = spoil(bids="Advert,application,placed_at\nV1,A1,2024-05-02T09:30\n")
    assert lines_of(folder) == [
        "bids.csv: advert: the column is missing (advert bid for); given 'Advert'. "
        "Call it advert, or map it under columns in the mapping"
    ]


def test_files_may_be_called_in_any_capitals_and_once(spoil):
    folder = spoil({"bids.csv": None, "BIDS.CSV": b"advert,application,placed_at\nV1,A1,2024-05-02T09:30\n"})
    assert lines_of(folder) == []
    (folder / "Bids.csv").write_text("advert,application,placed_at\n")
    assert lines_of(folder) == ["bids: both BIDS.CSV and Bids.csv are there. Remove one of them"]


def test_an_encoding_that_is_named_and_wrong_is_to_be_corrected(spoil):
    mapping = {"tables.yaml": "bids: {encoding: cp1252}\n"}
    marked = b"\xef\xbb\xbfadvert,application,placed_at\n"
    assert lines_of(spoil({**mapping, "bids.csv": marked})) == [
        "bids.csv: begins with the mark of UTF-8, and the mapping has cp1252 for it. "
        "Say encoding: utf-8 in the mapping"
    ]
    assert lines_of(spoil({**mapping, "bids.csv": b"advert,application,placed_at\x81\n"})) == [
        "bids.csv: is not cp1252 text (byte 28). Correct its encoding in the mapping"
    ]
