"""Excel workbooks: values as they are, and whatever is not what it seems said with its place."""

from __future__ import annotations

import datetime as dt
import re
import sys
import zipfile

import polars as pl
import pytest
import xlsxwriter

from cbl_engine.tables import ExtraColumn, package, read_tables

BIDS = [["advert", "application", "placed_at"], ["V1", "A1", dt.datetime(2024, 5, 2, 9, 30)]]
ADVERTS = [
    ["id", "opens_at", "closes_at", "status"],
    ["V1", dt.datetime(2024, 5, 1), dt.datetime(2024, 5, 8, 12), "closed"],
]
APPLICATIONS = [
    ["id", "status", "registered_on"],
    ["A1", "active", dt.date(2024, 1, 31)],
    ["A2", "active", dt.date(2024, 2, 1)],
]


def write_book(path, change=None, options=None, **sheets):
    """A workbook of the right tables with some replaced; ``change`` may spoil the open book."""
    book = xlsxwriter.Workbook(str(path), options)
    formats = {
        dt.date: book.add_format({"num_format": "dd/mm/yyyy"}),
        dt.datetime: book.add_format({"num_format": "dd/mm/yyyy hh:mm"}),
    }
    pages = {}
    for name, rows in ({"Applications": APPLICATIONS, "adverts": ADVERTS, "BIDS": BIDS}
                       | sheets).items():
        if rows is None:
            continue
        pages[name] = book.add_worksheet(name)
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                pages[name].write(at, column, value, formats.get(type(value)))
    if change:
        change(book, pages)
    book.close()
    return path


def read(path, **words):
    return read_tables(path, strict=False, **words)


def lines_of(path, **words):
    return [p.line() for p in read(path, **words).problems]


def test_a_workbook_is_read_as_a_folder_is(tmp_path):
    tables = read(write_book(tmp_path / "book.xlsx"))
    assert tables.problems == ()
    frame = tables.frames["applications"]
    assert frame["registered_on"].to_list() == [dt.date(2024, 1, 31), dt.date(2024, 2, 1)]
    assert frame["source_name"].to_list() == ["Applications"] * 2
    assert frame["source_row"].to_list() == [2, 3]
    (moment,) = tables.frames["bids"]["placed_at"]
    assert moment.isoformat() == "2024-05-02T09:30:00+01:00"


def test_a_workbook_may_stand_in_a_folder_beside_other_files(tmp_path):
    write_book(tmp_path / "book.xlsx", BIDS=None, Notes=[["hello"]])
    (tmp_path / "~$book.xlsx").write_bytes(b"a lock file")
    (tmp_path / "bids.csv").write_text("advert,application,placed_at\nV1,A1,2024-05-02T09:30\n")
    tables = read(tmp_path)
    assert tables.problems == ()
    assert tables.sources["applications"] == ("book.xlsx!Applications",)
    assert tables.ignored_files == ("book.xlsx!Notes",)
    (tmp_path / "adverts.csv").write_text("id,closes_at,status\n")
    assert lines_of(tmp_path) == [
        "adverts: both adverts.csv and book.xlsx!adverts are there. Remove one of them"
    ]


def test_problems_name_sheet_and_row(tmp_path):
    rows = [*APPLICATIONS, ["A3", "actve", "31st of May"]]
    assert lines_of(write_book(tmp_path / "book.xlsx", Applications=rows)) == [
        "Applications: registered_on: not a date; allowed: dates such as 2024-05-31; "
        "1 in all: Applications!4. Or name the date_format in the mapping",
        "Applications: status: not a known code; given 'actve'; allowed: active, suspended, "
        "deferred, unbanded, awaiting_review, under_offer, housed, closed; 1 in all: "
        "Applications!4. Or map it under codes in the mapping",
    ]


def test_dates_as_dates_and_as_text_in_one_column(tmp_path):
    rows = [*APPLICATIONS, ["A3", "active", "05/06/2024"]]
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("defaults: {date_format: '%d/%m/%Y'}\n")
    frame = read(write_book(tmp_path / "b.xlsx", Applications=rows), mapping=mapping).frames
    assert frame["applications"]["registered_on"].to_list() == [
        dt.date(2024, 1, 31), dt.date(2024, 2, 1), dt.date(2024, 6, 5),
    ]


def test_days_may_be_counted_from_1904(tmp_path):
    path = write_book(tmp_path / "b.xlsx", options={"date_1904": True})
    assert read(path).frames["applications"]["registered_on"][0] == dt.date(2024, 1, 31)


def test_numbers_stay_whole_and_ids_that_are_numbers_are_told(tmp_path):
    tables = read(
        write_book(
            tmp_path / "b.xlsx",
            Applications=[["id", "status", "points", "band"], [12, "active", 3, 1]],
            BIDS=[BIDS[0], ["V1", 12, dt.datetime(2024, 5, 2, 9, 30)]],
        )
    )
    assert tables.problems == ()
    assert tables.frames["applications"].row(0)[:4] == ("12", "active", 3, "1")
    assert tables.frames["bids"]["application"].to_list() == ["12"]
    assert [n.line() for n in tables.notes] == [
        "Applications: id: ids that the sheet holds as numbers; zeros before them, if any, are "
        "lost. Format the column as text before the ids are entered",
        "BIDS: application: ids that the sheet holds as numbers; zeros before them, if any, are "
        "lost. Format the column as text before the ids are entered",
    ]


def test_an_empty_column_is_no_news(tmp_path, capfd):
    rows = [[*APPLICATIONS[0], "points"], *APPLICATIONS[1:]]
    tables = read(write_book(tmp_path / "b.xlsx", Applications=rows))
    assert tables.frames["applications"]["points"].to_list() == [None, None]
    assert (tables.problems, capfd.readouterr().err) == ((), "")


def test_blank_rows_are_no_rows_and_keep_the_count(tmp_path):
    rows = [APPLICATIONS[0], [], APPLICATIONS[1], [], APPLICATIONS[2]]
    frame = read(write_book(tmp_path / "b.xlsx", Applications=rows)).frames["applications"]
    assert frame["source_row"].to_list() == [3, 5]


def test_headings_may_stand_lower_and_to_the_right(tmp_path):
    rows = [["A title"], [], *([None, *row] for row in APPLICATIONS)]
    path = write_book(tmp_path / "b.xlsx", Applications=rows)
    mapping = tmp_path / "m.yaml"
    mapping.write_text("applications: {sheet: APPLICATIONS, header_row: 3}\n")
    assert read(path, mapping=mapping).frames["applications"]["source_row"].to_list() == [4, 5]
    (line,) = lines_of(path)
    assert line == (
        "Applications: has no heading for column B in row 1. "
        "Give it one, or say header_row in the mapping"
    )


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (
            lambda _b, p: p["Applications"].hide(),
            "Applications: the sheet is hidden. Unhide it if it is meant, or delete it",
        ),
        (
            lambda _b, p: p["Applications"].very_hidden(),
            "Applications: the sheet is hidden. Unhide it if it is meant, or delete it",
        ),
        (
            lambda _b, p: p["Applications"].set_column(1, 1, 9, None, {"hidden": True}),
            "Applications: has hidden columns: B. Unhide them if they are meant, or delete them",
        ),
        (
            lambda _b, p: p["Applications"].set_row(2, 15, None, {"hidden": True}),
            "Applications: hidden rows; 1 in all: Applications!3. "
            "Unhide them (a filter may hide them), or delete them",
        ),
        (
            lambda _b, p: p["Applications"].merge_range("B2:B3", "active"),
            "Applications: merged cells; given B2:B3; 2 in all: Applications!2, Applications!3. "
            "Unmerge them and fill every cell",
        ),
        (
            lambda _b, p: p["Applications"].merge_range("B1:C1", "status"),
            "Applications: has merged cells in the row of headings: B1:C1. "
            "Unmerge them and give every column its own heading",
        ),
        (
            lambda _b, p: p["Applications"].write_formula("B3", "=A1", None, ""),
            "Applications: formulas that were never worked out; given B3; 1 in all: "
            "Applications!3. Open it in Excel and save it again, or paste the values",
        ),
        (
            lambda _b, p: p["Applications"].write_formula("B3", "=NA()", None, "#N/A"),
            "Applications: cells that hold an error such as #N/A; given B3; 1 in all: "
            "Applications!3. Put the formula right, or empty the cell",
        ),
        (
            lambda _b, p: p["Applications"].write("C1", "status"),
            "Applications: names a column twice: 'status'",
        ),
    ],
)
def test_what_is_not_what_it_seems_is_refused_with_its_place(tmp_path, spoil, line):
    def hide_first(book, pages):
        pages["adverts"].activate()
        pages["adverts"].set_first_sheet()
        spoil(book, pages)

    path = write_book(tmp_path / "b.xlsx", hide_first)
    assert line in lines_of(path)
    if "1 in all" in line:
        assert read(path).frames["applications"].height == 1


def test_a_formula_with_a_value_is_read_and_told(tmp_path):
    path = write_book(
        tmp_path / "b.xlsx",
        lambda _b, p: p["Applications"].write_formula("B3", "=B2", None, "active"),
    )
    tables = read(path)
    assert tables.problems == ()
    assert tables.frames["applications"]["status"].to_list() == ["active", "active"]
    assert [n.line() for n in tables.notes] == [
        "Applications: formulas, read as the values Excel last worked out; 1 in all: B3. "
        "Look that the workbook was saved after its last change"
    ]


def test_text_that_looks_like_a_formula_is_text(tmp_path):
    def change(_book, pages):
        pages["Applications"].write_string("D1", "note")
        pages["Applications"].write_string("D2", "=1+1")

    tables = read(write_book(tmp_path / "b.xlsx", change))
    assert tables.problems == ()
    assert tables.frames["applications"]["note"].to_list() == ["=1+1", None]


def test_a_sheet_that_is_missing_or_empty(tmp_path):
    path = write_book(tmp_path / "b.xlsx", BIDS=None, Applications=[])
    assert lines_of(path) == [
        "Applications: is empty",
        "bids: the table is missing; allowed: a sheet called bids",
    ]
    mapping = tmp_path / "m.yaml"
    mapping.write_text("bids: {sheet: Gebote}\napplications: {file: a.csv}\n")
    assert lines_of(path, mapping=mapping) == [
        "applications: m.yaml names a file, and this is the workbook b.xlsx",
        "bids: m.yaml names the sheet 'Gebote', which is not there; "
        "allowed: 'Applications', 'adverts'",
    ]


# Hostile and broken files


def repacked(path, change):
    """The workbook with its parts changed by a function of name and bytes."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, change(name, content))
    return path


def one_line(path):
    first, *_ = lines_of(path)
    assert "\n" not in first
    return first


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"id,status\nA1,active\n", b"PK" * 500])
def test_not_a_workbook(tmp_path, content):
    path = tmp_path / "b.xlsx"
    path.write_bytes(content)
    assert one_line(path) == "b.xlsx: is not an Excel workbook (.xlsx)"


def test_a_bad_workbook_in_a_folder_hides_no_missing_table(tmp_path):
    (tmp_path / "b.xlsx").write_bytes(b"no")
    assert len(lines_of(tmp_path)) == 4
    assert lines_of(tmp_path / "none.xlsx") == ["none.xlsx: there is no such file"]


def test_a_zip_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as other:
        other.writestr("word/document.xml", "<w/>")
    assert one_line(tmp_path / "b.xlsx") == "b.xlsx: is not an Excel workbook (.xlsx)"


def test_a_workbook_with_a_password(tmp_path):
    (tmp_path / "b.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert one_line(tmp_path / "b.xlsx") == (
        "b.xlsx: is locked with a password, or an old .xls. "
        "Take the password off, or save it again as .xlsx"
    )


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_entities_are_refused(tmp_path, part):
    bomb = (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">'
            b'<!ENTITY b SYSTEM "file:///etc/passwd">]>')

    def change(name, content):
        return bomb + re.sub(rb"^<\?xml.*?\?>", b"", content) if name == part else content

    path = repacked(write_book(tmp_path / "b.xlsx"), change)
    assert "has a document type in its XML, which no workbook needs" in one_line(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(package, "MOST_UNPACKED", 1_000_000)
    path = write_book(tmp_path / "b.xlsx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/media/image1.png", bytes(2_000_000))
    assert one_line(path) == (
        "b.xlsx: unpacks to more than 1,000,000 bytes. Give its tables as CSV or Parquet"
    )


def test_a_part_larger_than_the_directory_says_is_damaged(tmp_path):
    path = write_book(tmp_path / "b.xlsx")
    with zipfile.ZipFile(path) as book:
        info = book.getinfo("xl/worksheets/sheet1.xml")
    said = info.file_size.to_bytes(4, "little")
    raw = path.read_bytes()
    at = raw.rindex(b"PK\x01\x02", 0, raw.rindex(b"xl/worksheets/sheet1.xml"))
    raw = raw[:at] + raw[at:].replace(said, (info.file_size - 9).to_bytes(4, "little"), 1)
    path.write_bytes(raw)
    assert "is damaged" in one_line(path)


def test_a_cell_at_the_far_corner_does_not_take_the_memory(tmp_path):
    path = write_book(
        tmp_path / "b.xlsx", lambda _b, p: p["Applications"].write("XFD1048576", "x")
    )
    assert one_line(path) == (
        "Applications: has cells as far apart as A1:XFD1048576. "
        "Delete what stands far from the table, or give it as CSV or Parquet"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'r="A2"', b'r="A99999999999"'),
        (b'r="A2"', b'r="--"'),
        (b"</sheetData>", b""),
        (b"<sheetData>", b"<sheetData>\xff\xfe"),
        (b"<v>", b"<v>&x;"),
    ],
)
def test_broken_xml_is_one_line(tmp_path, old, new):
    def change(name, content):
        return content.replace(old, new, 1) if name == "xl/worksheets/sheet1.xml" else content

    path = repacked(write_book(tmp_path / "b.xlsx"), change)
    said = one_line(path)
    assert "has XML that cannot be read" in said or "has cells as far apart as" in said


def test_values_that_cannot_be_read_are_one_line(tmp_path):
    def change(name, content):
        return content.replace(b"<v>0</v>", b"<v>999999</v>") if "sheet1" in name else content

    path = repacked(write_book(tmp_path / "b.xlsx"), change)
    tables = read(path)
    assert tables.problems
    assert all("\n" not in p.line() for p in tables.problems)


def test_two_parts_of_one_name_are_refused(tmp_path):
    path = write_book(tmp_path / "b.xlsx")
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("XL/workbook.xml", "<workbook/>")
    assert one_line(path) == "b.xlsx: names a part of itself twice"


def test_without_the_package_one_line_says_which(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    told = "b.xlsx: cannot be read: the package fastexcel is not installed. pip install 'cbl-engine[excel]'"
    path = write_book(tmp_path / "b.xlsx")
    for source in (path, tmp_path):
        assert read_tables(source, strict=False).rejected["table"].n_unique() > 1
        assert lines_of(source) == [told]


def test_a_workbook_by_another_writer_without_cell_references(tmp_path):
    """Some writers leave the r of rows and cells out, and put a prefix on every name."""
    def change(name, content):
        if name != "xl/worksheets/sheet1.xml":
            return content
        return re.sub(rb'(<row|<c) r="\w+"', rb"\1", content)

    path = repacked(write_book(tmp_path / "b.xlsx"), change)
    tables = read(path)
    assert tables.problems == ()
    assert tables.frames["applications"]["id"].to_list() == ["A1", "A2"]


def test_columns_named_like_patterns_are_only_names(tmp_path):
    rows = [["id", "status", "*", "^x$"], ["A1", "active", "p", "q"], ["A2", "active", 2, "3"]]
    bids = [BIDS[0], ["V1", "A1", dt.datetime(2024, 5, 2, 9, 30)]]
    frame = read(write_book(tmp_path / "b.xlsx", Applications=rows, BIDS=bids)).frames
    assert frame["applications"].row(0)[:4] == ("A1", "active", "p", "q")
    assert isinstance(frame["bids"], pl.DataFrame)


def test_a_text_cell_does_not_cut_the_seconds_of_moments_beside_it(tmp_path):
    bids = [
        BIDS[0],
        ["V1", "A1", dt.datetime(2024, 5, 2, 10, 0, 50)],
        ["V1", "A2", dt.datetime(2024, 5, 2, 10, 0, 10, 250000)],
        ["V1", "A3", "02/05/2024 11:00"],
    ]
    applications = [*APPLICATIONS, ["A3", "active", "05/06/2024"]]
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "defaults: {date_format: '%d/%m/%Y', datetime_format: '%d/%m/%Y %H:%M'}\n"
    )
    path = write_book(tmp_path / "b.xlsx", BIDS=bids, Applications=applications)
    tables = read(path, mapping=mapping)
    assert tables.problems == ()
    assert [moment.strftime("%H:%M:%S.%f") for moment in tables.frames["bids"]["placed_at"]] == [
        "10:00:50.000000", "10:00:10.250000", "11:00:00.000000",
    ]


def test_a_moment_in_a_column_of_dates_is_refused_whatever_stands_beside_it(tmp_path):
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("defaults: {date_format: '%d/%m/%Y'}\n")
    rows = [*APPLICATIONS, ["A3", "active", "05/06/2024"],
            ["A4", "active", dt.datetime(2024, 6, 5, 10, 30)]]
    (line,) = lines_of(write_book(tmp_path / "b.xlsx", Applications=rows), mapping=mapping)
    assert line == (
        "Applications: registered_on: not a date; allowed: dates "
        "written %d/%m/%Y; 1 in all: Applications!5. Or correct the date_format in the mapping"
    )


def test_a_moment_that_london_never_shows_is_refused_beside_text_too(tmp_path):
    bids = [BIDS[0], ["V1", "A1", dt.datetime(2024, 3, 31, 1, 30)], ["V1", "A2", "2024-05-02T11:00"]]
    (line,) = lines_of(write_book(tmp_path / "b.xlsx", BIDS=bids))
    assert "local times that happen twice, or not at all" in line
    assert "BIDS!2" in line


def test_ids_held_as_numbers_among_text_are_told(tmp_path):
    rows = [["id", "status"], [12, "active"], ["0013", "active"], ["A1", "active"]]
    tables = read(write_book(tmp_path / "b.xlsx", Applications=rows))
    assert tables.frames["applications"]["id"].to_list() == ["12", "0013", "A1"]
    assert [n.line() for n in tables.notes] == [
        "Applications: id: ids that the sheet holds as numbers; zeros before them, if any, are "
        "lost. Format the column as text before the ids are entered",
    ]


def test_ids_that_are_digits_held_as_text_are_no_news(tmp_path):
    rows = [["id", "status"], ["0012", "active"], ["true", "active"], ["A1", "active"]]
    tables = read(write_book(tmp_path / "b.xlsx", Applications=rows))
    assert tables.frames["applications"]["id"].to_list() == ["0012", "true", "A1"]
    assert (tables.problems, tables.notes) == ((), ())


@pytest.mark.parametrize("beside", ["A2", None])
@pytest.mark.parametrize("cell", [True, dt.date(2024, 1, 31)])
def test_an_id_that_the_sheet_turned_into_something_else_is_refused(tmp_path, cell, beside):
    rows = [["id", "status"], ["A1", "active"], [beside or cell, "active"], [cell, "active"]]
    if beside is None:
        rows.pop(1)
    lines = lines_of(write_book(tmp_path / "b.xlsx", Applications=rows, BIDS=[BIDS[0]]))
    assert "not ids: the sheet holds a date, or true or false" in "\n".join(lines)
    assert len(lines) == 1, lines


@pytest.mark.parametrize("beside", [None, "2024-05-03T09:00", 7])
@pytest.mark.parametrize("number", [99_999_999, 1e300, 20_240_501, 2_958_466, -4])
def test_a_number_shown_as_a_date_that_is_none_takes_its_row_out(tmp_path, number, beside):
    def change(book, pages):
        pages["BIDS"].write("D1", "withdrawn_at")
        pages["BIDS"].write_number("D2", number, book.add_format({"num_format": "dd/mm/yyyy"}))
        if beside:
            pages["BIDS"].write_row("A3", ["V1", "A2"])
            pages["BIDS"].write_datetime("C3", BIDS[1][2], book.add_format({"num_format": "hh:mm"}))
            pages["BIDS"].write("D3", beside)

    tables = read(write_book(tmp_path / "b.xlsx", change))
    assert tables.problems[0].line() == (
        "BIDS: numbers shown as dates that are none (Excel shows #####); given D2; 1 in all: BIDS!2. "
        "Enter the date, or empty the cell"
    )
    assert 2 not in tables.frames["bids"]["source_row"]


def test_a_cell_that_says_it_is_a_number_and_is_empty_is_empty(tmp_path):
    def change(name, content):
        row = b'<c r="C2" s="1"><v></v></c></row><row r="3"'
        return content.replace(b'</row><row r="3"', row) if "sheet1" in name else content

    rows = [[*APPLICATIONS[0][:2], "points"], ["A1", "active"], ["A2", "active", 3]]
    tables = read(repacked(write_book(tmp_path / "b.xlsx", Applications=rows), change))
    assert tables.problems == ()
    assert tables.frames["applications"]["points"].to_list() == [None, 3]


@pytest.mark.parametrize("in_a_date_column", [20_240_501, 99_999_999])
def test_a_plain_number_among_dates_is_no_date(tmp_path, in_a_date_column):
    rows = [*APPLICATIONS, ["A3", "active", in_a_date_column]]
    (line,) = lines_of(write_book(tmp_path / "b.xlsx", Applications=rows))
    assert line.startswith("Applications: registered_on: not a date; allowed: dates such as")


@pytest.mark.parametrize("beside", [3, 4.0, "5", True])
def test_true_in_a_column_of_numbers_is_refused_and_in_one_of_truths_is_not(tmp_path, beside):
    rows = [["id", "status", "points", "pregnant"], ["A1", "active", True, True],
            ["A2", "active", beside, 0]]
    tables = read_tables(
        write_book(tmp_path / "b.xlsx", Applications=rows), strict=False,
        extra_columns={"applications": [ExtraColumn("pregnant", "bool")]},
    )
    assert tables.problems[0].line().startswith("Applications: points: not a whole number; ")
    assert 2 not in tables.frames["applications"]["source_row"]
    assert tables.frames["applications"].select("pregnant").to_series().to_list() == (
        [] if beside is True else [False])


def test_a_number_of_days_in_a_column_of_dates_is_told_for_what_it_is(tmp_path):
    for more in ([], [["A2", "active", "2024-01-31"]]):
        rows = [APPLICATIONS[0], ["A1", "active", 45123], *more]
        (line,) = lines_of(write_book(tmp_path / "book.xlsx", Applications=rows, BIDS=BIDS[:1]))
        assert line.endswith("1 in all: Applications!2. Format the column as a date in the sheet: it "
                             "shows days as numbers")


@pytest.mark.parametrize("more", [[], [["A2", "active", None]]])
def test_an_id_too_long_for_a_number_of_a_sheet_is_refused(tmp_path, more):
    rows = [APPLICATIONS[0], [100012345678901234, "active", None], [12, "active", None], *more]
    tables = read(write_book(tmp_path / "book.xlsx", Applications=rows, BIDS=BIDS[:1]))
    assert tables.frames["applications"]["id"].to_list() == ["12", *(row[0] for row in more)]
    assert (tables.problems[0].message, tables.problems[0].rows) == (
        "not ids: numbers of so many digits that the sheet has lost the last of them",
        ("Applications!2",),
    )
