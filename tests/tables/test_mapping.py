"""tables.yaml: a vendor's export read as ours, and bad files of settings."""

from __future__ import annotations

import textwrap
from datetime import date
from itertools import combinations

import polars as pl
import pytest

from cbl_engine.tables import read_tables
from cbl_engine.tables.mapping import SourceMapping
from cbl_engine.tables.parsing import parse_text
from cbl_engine.tables.settings import wrong_format


def problems_with(spoil, text):
    folder = spoil({"tables.yaml": textwrap.dedent(text)})
    return [p.line() for p in read_tables(folder, strict=False).problems]


def test_a_vendor_export(spoil):
    settings = """\
    applications:
      file: HR_EXPORT.csv
      encoding: cp1252
      delimiter: ";"
      date_format: "%d/%m/%Y"
      columns: {AppRef: id, Stat: status, RegDate: registered_on, Carer: needs_carer}
      codes: {status: {01: active, active: active, S: suspended}}
    adverts:
      columns: {Closing: closes_at}
      datetime_format: "%d/%m/%Y %H:%M"
      yes_words: [Oui]
      no_words: [Non]
    bids:
      delimiter: tab
    """
    folder = spoil(
        {
            "applications.csv": None,
            "tables.yaml": textwrap.dedent(settings),
            "HR_EXPORT.csv": (
                "AppRef;Stat;RegDate;Carer;Notes\r\n"
                "A1;01;31/01/2024;;caf\u00e9 \u00a35; \r\n".replace("; \r", "\r")
                + 'A2;S;01/02/24;;"x;y"\r\nA3;active;1/2/2024;;\r\n'
            ).encode("cp1252"),
        },
        adverts="id,Closing,status,lift\nV1,08/05/2024 12:00,closed,oui\n"
        "V2,8/5/2024 12:00,closed,NON\n",
        bids="advert\tapplication\tplaced_at\nV1\tA1\t2024-05-02T09:30\n",
    )
    tables = read_tables(folder, strict=False)
    frame = tables.frames["applications"]
    assert frame["id"].to_list() == ["A1", "A3"]
    assert frame["status"].to_list() == ["active", "active"]
    assert frame["registered_on"].to_list() == [date(2024, 1, 31), date(2024, 2, 1)]
    assert frame["Notes"].to_list() == ["caf\u00e9 \u00a35", None]
    assert tables.frames["adverts"]["lift"].to_list() == [True, False]
    assert tables.frames["bids"].height == 1
    assert [p.line() for p in tables.problems] == [
        "HR_EXPORT.csv: registered_on: years of two digits; 1 in all: line 3. "
        "Write the year in four digits"
    ]
    assert tables.ignored_files == ()


def test_quotation_marks_may_mean_nothing(spoil):
    folder = spoil(
        {"tables.yaml": "homes: {quote: none}\n"}, homes='id,heating\nH1,5" pipe\nH2,"x\n'
    )
    assert read_tables(folder).frames["homes"]["heating"].to_list() == ['5" pipe', '"x']


def test_utf_16(spoil):
    text = "advert,application,placed_at\nV1,A1,2024-05-02T09:30\n"
    folder = spoil({"tables.yaml": "bids: {encoding: utf-16}", "bids.csv": text.encode("utf-16")})
    assert read_tables(folder).frames["bids"].height == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "bits: {}\n",
            "tables.yaml:1:7: no table is called 'bits'; allowed: applications, people, "
            "connections, band_history, status_history, duties, rooms, ta_placements, "
            "officer_decisions, overrides, areas, landlords, homes, adverts, bids, preferences, "
            "wishes, checks, outcomes, tenancies, direct_lets, litigation_holds, voids",
        ),
        (
            "bids:\n  delimeter: ','\n",
            "tables.yaml:2:14: no setting is called 'delimeter'; allowed: file, sheet, table, "
            "query, header_row, encoding, delimiter, quote, date_format, datetime_format, "
            "other_columns, yes_words, no_words, empty_words, columns, constants, compose, split, separators, "
            "codes, only_rows, distinct",
        ),
        (
            "bids:\n  file: a.csv\n  file: b.csv\n",
            'tables.yaml:3:3: found duplicate key "file". Keep one of the two',
        ),
        (
            "bids: &x {}\nadverts: *x\n",
            "tables.yaml:1:7: anchors and aliases are not allowed here. Write the value out",
        ),
        (
            "bids: !!python/name:os.system x\n",
            "tables.yaml:1:7: tags are not allowed here; given tag:yaml.org,2002:python/"
            "name:os.system. Write plain YAML: text, numbers, dates, lists and mappings",
        ),
        (
            "bids: {}\n---\nbids: {}\n",
            "tables.yaml:2:1: this is not YAML: but found another document",
        ),
        (
            "[" * 100_000,
            "tables.yaml:1:41: the file is nested too deeply; allowed: at most 40 levels",
        ),
        (
            "? [a]\n: b\n",
            "tables.yaml:1:3: a key must be one word, number or date, not a list or a mapping. "
            "Put a text that begins with [ or { in quotes",
        ),
        ("- bids\n", "tables.yaml:1:1: must be a mapping of tables"),
        ("bids: yes\n", "tables.yaml:1:7: bids must be a mapping"),
        (
            "bids: {file: ../../etc/passwd}\n",
            "tables.yaml:1:14: file names no file of this folder; "
            "given '../../etc/passwd'; allowed: a file name without a folder",
        ),
        (
            "bids: {encoding: klingon}\n",
            "tables.yaml:1:18: encoding is not an encoding; "
            "given 'klingon'; allowed: utf-8, cp1252, latin-1, utf-16, ...",
        ),
        (
            "bids: {date_format: '%d/%m/%y'}\n",
            "tables.yaml:1:21: date_format has a two-digit year; "
            "given '%d/%m/%y'; allowed: %Y, the year in four digits",
        ),
        (
            "bids: {datetime_format: '%d/%m/%Y'}\n",
            "tables.yaml:1:25: datetime_format does not give hour and minute; "
            "given '%d/%m/%Y'; allowed: for example %d/%m/%Y %H:%M",
        ),
        (
            "bids: {datetime_format: '%d/%m/%Y %H'}\n",
            "tables.yaml:1:25: datetime_format does not give hour and minute; "
            "given '%d/%m/%Y %H'; allowed: for example %d/%m/%Y %H:%M",
        ),
        (
            "bids: {datetime_format: '%d/%m/%Y %I:%M'}\n",
            "tables.yaml:1:25: datetime_format has one of %I and %p, which go together; "
            "given '%d/%m/%Y %I:%M'; allowed: %H:%M, or %I:%M %p",
        ),
        (
            "bids: {datetime_format: '%d/%m/%Y %H:%M %p'}\n",
            "tables.yaml:1:25: datetime_format has one of %I and %p, which go together; "
            "given '%d/%m/%Y %H:%M %p'; allowed: %H:%M, or %I:%M %p",
        ),
        (
            "bids: {datetime_format: '%F %R:%S'}\n",
            "tables.yaml:1:25: datetime_format is no format that cells can be read by; "
            "given '%F %R:%S'; allowed: for example %d/%m/%Y %H:%M",
        ),
        ("bids: {delimiter: [a]}\n", "tables.yaml:1:19: delimiter must be text"),
        (
            "bids: {columns: {Ad: advert}}\n",
            "bids.csv: tables.yaml maps the column 'Ad', which is not there; "
            "allowed: 'advert', 'application', 'placed_at'",
        ),
        (
            "bids: {codes: {placedby: {W: applicant}}}\n",
            "bids.csv: tables.yaml gives codes for the column 'placedby', which is not there; "
            "allowed: 'advert', 'application', 'placed_at'",
        ),
        ("bids: {file: b.csv}\n", "bids: tables.yaml names 'b.csv', which is not there"),
    ],
)
def test_one_line_with_its_place(spoil, text, line):
    (first, *_) = problems_with(spoil, text)
    assert first == line


def test_a_midnight_after_a_date_is_read_with_it(spoil):
    cells = ["02/09/2025", "02/09/2025 00:00:00", "02/09/2025 0:00", "02/09/2025 00:00:00.000"]
    rows = "".join(f"A{n},active,{cell}\n" for n, cell in enumerate([*cells, "02/09/2025 09:30"]))
    folder = spoil({"tables.yaml": "applications: {date_format: '%d/%m/%Y'}\n"},
                   applications="id,status,registered_on\n" + rows,
                   bids="advert,application,placed_at\n")
    tables = read_tables(folder, strict=False)
    assert tables.frames["applications"]["registered_on"].to_list() == [date(2025, 9, 2)] * 4
    assert [p.line() for p in tables.problems] == [
        "applications.csv: registered_on: not a date; allowed: dates "
        "written %d/%m/%Y; 1 in all: line 6. Or correct the date_format in the mapping"
    ]
    assert problems_with(spoil, "applications: {date_format: '%d/%m/%Y %H:%M:%S'}\n")[:1] == [
        "tables.yaml:1:29: date_format has a time; given '%d/%m/%Y %H:%M:%S'; allowed: the date "
        "alone, as %d/%m/%Y; a midnight after it is read with it",
    ]


def test_a_format_may_name_the_midnight_itself(spoil):
    folder = spoil({"tables.yaml": "applications: {date_format: '%d/%m/%Y 00:00'}\n"},
                   applications="id,status,registered_on\nA1,active,02/09/2025 00:00\n"
                                "A2,active,\n")
    frame = read_tables(folder).frames["applications"]
    assert frame["registered_on"].to_list() == [date(2025, 9, 2), None]


def test_every_format_that_is_taken_can_be_read_by():
    parts = ["%H", "%I", "%M", "%S", "%p", "%f", "%T", "%R", "%j", "%z", "%:z", "%%", "%F", ".%f"]
    cells = pl.Series(["31/05/2024 12:30", None])
    taken = 0
    for n in (1, 2, 3):
        for several in combinations(parts, n):
            text = " ".join(("%d/%m/%Y", *several))
            if not wrong_format(text, with_time=True)[0]:
                parse_text("datetime", cells, SourceMapping(datetime_format=text))
                taken += 1
    assert taken > 20


@pytest.mark.parametrize("text", ["bids: [1\n", "\t x", "a\x07b: 1", "%FOO\nbids: {", "bids: 'x"])
def test_broken_yaml_is_one_line(spoil, text):
    (line,) = problems_with(spoil, text)
    assert line.startswith("tables.yaml:")


def test_a_huge_file_is_refused_before_it_is_parsed(spoil):
    (line,) = problems_with(spoil, "#" * 4_000_001)
    assert line.startswith("tables.yaml: the file is too large")


def test_an_empty_file_says_nothing(spoil):
    assert problems_with(spoil, "# nothing yet\n") == []
