"""A vendor's export through a mapping: codes, several sources, lineage, placeholder dates."""

from __future__ import annotations

import io
import textwrap
from datetime import date

import fastexcel
import polars as pl
import pytest
import xlsxwriter
from polars.testing import assert_frame_equal

from cbl_engine import run_shortlist
from cbl_engine.sample import exports
from cbl_engine.shipped import shipped_folder
from cbl_engine.tables import read_tables

LINEAGE = ["source_name", "source_row"]


def read(spoil, mapping, files=None, **words):
    return read_tables(spoil({"tables.yaml": textwrap.dedent(mapping), **(files or {})}),
                       strict=False, **words)


def parquet(frame):
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


@pytest.fixture(scope="module")
def riverton():
    return run_shortlist("sheffield", "riverton")


@pytest.mark.parametrize("export", ["harbour_csv", "harbour_workbook"])
def test_the_shipped_exports_give_the_shipped_boroughs_shortlist(riverton, export):
    result = run_shortlist("sheffield", export)
    assert_frame_equal(result.frame(), riverton.frame())
    assert_frame_equal(result.set_aside, riverton.set_aside)


@pytest.mark.parametrize("export", ["harbour_csv", "harbour_workbook"])
def test_the_shipped_exports_hold_the_same_households(export):
    people = read_tables(shipped_folder("exports") / export).frames["people"].drop(LINEAGE)
    assert_frame_equal(people, exports.borough()["people"], check_row_order=False,
                       check_column_order=False)


def test_the_shipped_exports_are_what_the_command_writes(tmp_path):
    exports.main(tmp_path / "one")
    exports.main(tmp_path / "two")
    for written in sorted((tmp_path / "one").rglob("*.*")):
        name = written.relative_to(tmp_path / "one")
        assert written.read_bytes() == (tmp_path / "two" / name).read_bytes()
        shipped = shipped_folder("exports") / name
        if name.suffix == ".csv":
            assert written.read_bytes() == shipped.read_bytes(), name
            continue
        # Another version of the writer packs the same cells in other bytes.
        ours, theirs = fastexcel.read_excel(written), fastexcel.read_excel(shipped)
        assert ours.sheet_names == theirs.sheet_names
        for sheet in ours.sheet_names:
            cells = [book.load_sheet(sheet, header_row=None, dtypes="string").to_polars()
                     for book in (ours, theirs)]
            assert_frame_equal(*cells)


# Codes


def test_an_unknown_code_is_counted_and_never_guessed(spoil):
    tables = read(
        spoil,
        "applications: {codes: {band: {1A: A, 1B: B}}}\n",
        {"applications.csv": "id,status,band\nA1,active,1A\nA2,active,1C\nA3,active,\n"
                             "A4,active,A\nA5,active,1C\n",
         "bids.csv": "advert,application,placed_at\n"},
    )
    assert [p.line() for p in tables.problems] == [
        "applications.csv: band: codes that tables.yaml does not list; given '1C' (2), 'A' (1); "
        "allowed: '1A', '1B'; 3 in all: line 3, line 5, line 6. "
        "Add each under codes, with ~ for one that says nothing, or a default"
    ]
    frame = tables.frames["applications"]
    assert frame.select("id", "band").rows() == [("A1", "A"), ("A3", None)]
    assert tables.rejected.select("source_name", "source_row").rows() == [
        ("applications.csv", 3), ("applications.csv", 5), ("applications.csv", 6),
    ]


def test_a_default_and_a_code_to_ignore_are_written_out_and_told(spoil):
    tables = read(
        spoil,
        "applications: {codes: {band: {1A: A, N: ~, default: E}, needs: {x: y, default: }}}\n",
        {"applications.csv": "id,status,band,needs\nA1,active,1A,x\nA2,active,N,z\n"
                             "A3,active,9,\n"},
    )
    assert tables.problems == ()
    assert tables.frames["applications"].select("band", "needs").rows() == [
        ("A", "y"), (None, None), ("E", None),
    ]
    assert [n.line() for n in tables.notes] == [
        "applications.csv: band: codes not listed, read as 'E' by default; given '9' (1)",
        "applications.csv: needs: codes not listed, read as not known by default",
    ]


def test_no_default_fills_an_empty_cell(spoil):
    tables = read(
        spoil,
        """\
        applications: {codes: {status: {A: active, default: closed}, band: {B: B, default: C}}}
        homes:
          codes: {adaptations: {R: ramp, default: other}}
        """,
        {"applications.csv": "id,status,band\nA1,A,B\nA2,A,\nA3, ,B\nA4,A,X\n",
         "homes.csv": "id,adaptations\nH1,R|Z\nH2,R| |R\nH3,\n",
         "bids.csv": "advert,application,placed_at\n"},
    )
    assert tables.frames["applications"].select("id", "status", "band").rows() == [
        ("A1", "active", "B"), ("A2", "active", None), ("A4", "active", "C"),
    ]
    assert tables.frames["homes"]["adaptations"].to_list() == [
        ["ramp", "other"], ["ramp", "ramp"], None,
    ]
    assert [p.line() for p in tables.problems] == [
        "applications.csv: status: empty where a value is required; 1 in all: line 4",
    ]
    assert [(n.where, n.count) for n in tables.notes] == [
        ("applications.csv: band", 1), ("homes.csv: adaptations", 1),
    ]


def test_an_empty_cell_may_have_a_code_which_is_told(spoil):
    tables = read(
        spoil,
        """\
        homes:
          codes: {lift: {"": no, Y: yes}, adaptations: {"": none, R: ramp}, town: {"": ~, A: Aby}}
        """,
        {"homes.csv": "id,lift,adaptations,town\nH1,Y,R,A\nH2,,,\nH3, ,R|,\n"},
    )
    assert tables.problems == ()
    assert tables.frames["homes"].select("lift", "adaptations", "town").rows() == [
        (True, ["ramp"], "Aby"), (False, ["none"], None), (False, ["ramp"], None),
    ]
    assert [n.line() for n in tables.notes] == [
        "homes.csv: lift: empty cells, read as 'no' by the code ''; 2 in all",
        "homes.csv: adaptations: empty cells, read as 'none' by the code ''",
    ]
    several = read(spoil, "homes: {only_rows: {id: [H1]}}\n")
    assert [n.line() for n in several.notes] == [
        "homes.csv: id: rows left out by only_rows for homes: its values there are not listed; 2 in all",
    ]


def test_codes_of_a_personal_column_are_not_quoted(spoil):
    tables = read(
        spoil,
        "applications: {codes: {income_kind: {1: low}}}\n",
        {"applications.csv": "id,status,income_kind\nA1,active,SECRET\n", "bids.csv":
         "advert,application,placed_at\n"},
    )
    (problem,) = tables.problems
    assert "SECRET" not in problem.line()


def test_codes_in_lists_with_a_separator_of_their_own(spoil):
    tables = read(
        spoil,
        """\
        homes:
          separators: {adaptations: "; "}
          codes: {adaptations: {RMP: ramp, STL: stairlift, NON: ~}}
        """,
        {"homes.csv": "id,adaptations\nH1,RMP; STL\nH2,NON\nH3,\nH4,RMP; XX\n"},
    )
    assert tables.frames["homes"]["adaptations"].to_list() == [["ramp", "stairlift"], [], None]
    (problem,) = tables.problems
    assert problem.rows == ("line 5",)


def test_a_list_that_is_held_as_one_is_read_as_a_cell_with_the_separator_is(spoil):
    """An empty list is known to be empty; null is not known. Columns held as lists say both."""
    homes = pl.DataFrame({"id": ["H1", "H2", "H3"], "adaptations": [["RMP", "STL"], [], None]})
    applications = pl.DataFrame({"id": ["A1", "A2", "A3"], "status": ["active"] * 3,
                                 "sizes": [[1, 2], [], None]})
    tables = read(
        spoil,
        """\
        homes:
          separators: {adaptations: "; "}
          codes: {adaptations: {RMP: ramp, STL: stairlift}}
        applications: {separators: {sizes: ;}}
        """,
        {"homes.parquet": parquet(homes), "applications.parquet": parquet(applications),
         "applications.csv": None, "bids.csv": "advert,application,placed_at\n"},
    )
    assert tables.problems == ()
    assert tables.frames["homes"]["adaptations"].to_list() == [["ramp", "stairlift"], [], None]
    assert tables.frames["applications"]["sizes"].to_list() == [[1, 2], [], None]


# Sources


def test_one_row_gives_rows_of_two_tables_and_several_files_one_table(spoil):
    tables = read(
        spoil,
        """\
        defaults: {other_columns: ignore}
        applications:
          file: [north.csv, south.csv]
          columns: {Ref: id}
          constants: {status: active}
        people:
          - file: [north.csv, south.csv]
            compose: {id: "{Ref}-{No}"}
            columns: {Ref: application, DOB: date_of_birth}
            constants: {relationship: applicant}
          - file: joint.csv
            columns: {Ref: [id, application]}
            only_rows: {Kind: [J, P], Ref: filled, Left: [""]}
        """,
        {
            "applications.csv": None,
            "bids.csv": "advert,application,placed_at\n",
            "north.csv": "Ref,No,DOB\nA1,01,1990-01-01\n",
            "south.csv": "Ref,No,DOB\nA2,01,1991-02-03\nA3,,wrong\n",
            "joint.csv": "Ref,Kind,Left\nA2,J,\nA1,X,\n,P,\nA3,P,\nA3,P,2024-01-01\n",
        },
    )
    assert tables.frames["applications"].select("id", *LINEAGE).rows() == [
        ("A1", "north.csv", 2), ("A2", "south.csv", 2), ("A3", "south.csv", 3),
    ]
    people = tables.frames["people"]
    assert people.select("id", "application", *LINEAGE).rows() == [
        ("A1-01", "A1", "north.csv", 2), ("A2-01", "A2", "south.csv", 2),
        ("A2", "A2", "joint.csv", 2), ("A3", "A3", "joint.csv", 5),
    ]
    assert [p.line() for p in tables.problems] == [
        "south.csv: date_of_birth: not a date; allowed: dates such as 2024-05-31; "
        "1 in all: line 3. Or name the date_format in the mapping",
        "south.csv: id: empty where a value is required; 1 in all: line 3",
    ]
    assert tables.rejected.select("table", *LINEAGE, "kind").rows() == [
        ("people", "south.csv", 3, "wrong_type"), ("people", "south.csv", 3, "missing_value"),
    ]
    assert [n.line() for n in tables.notes] == [
        "joint.csv: Kind: rows left out by only_rows for people: its values there are not listed",
        "joint.csv: Ref: rows left out by only_rows for people: it is empty there",
        "joint.csv: Left: rows left out by only_rows for people: its values there are not listed",
    ]


def test_a_problem_in_several_files_is_a_line_for_each(spoil):
    tables = read(
        spoil,
        "homes: {file: [a.csv, b.csv]}\n",
        {"a.csv": "id,bedrooms\nH1,x\nH2,y\n", "b.csv": "id,bedrooms\nH3,1\nH4,z\nH1,2\n"},
    )
    assert [p.line() for p in tables.problems] == [
        "a.csv: bedrooms: not a whole number; given 'x', 'y'; allowed: whole numbers such as 3; "
        "2 in all: line 2, line 3",
        "a.csv: id: rows that repeat the same id; 1 in all: line 2",
        "b.csv: id: rows that repeat the same id; 1 in all: line 4",
        "b.csv: bedrooms: not a whole number; given 'z'; allowed: whole numbers such as 3; "
        "1 in all: line 3",
    ]
    assert tables.frames["homes"].select("id", *LINEAGE).rows() == [("H3", "b.csv", 2)]


def test_columns_cut_and_repeated_rows_taken_once(spoil):
    tables = read(
        spoil,
        """\
        homes:
          file: adverts.csv
          split: {Kind: {at: /, into: [property_type, bedrooms, floor]}}
          columns: {Prop: id, property_type: property_type, bedrooms: bedrooms, floor: floor}
          other_columns: ignore
          distinct: yes
        adverts: {columns: {Prop: home}}
        """,
        {"adverts.csv": "id,Prop,Kind,closes_at,status\nV1,H1,flat/2,2024-05-08T12:00,closed\n"
                        "V2,H1,flat/2,2024-05-09T12:00,closed\n",
         "bids.csv": "advert,application,placed_at\n"},
    )
    assert tables.problems == ()
    assert tables.frames["homes"].rows() == [("H1", "flat", 2, None, "adverts.csv", 2)]
    assert [n.line() for n in tables.notes] == [
        "adverts.csv: rows that repeat an earlier one, for homes"
    ]


def test_what_a_split_leaves_over_is_told(spoil):
    tables = read(
        spoil,
        "homes: {split: {Kind: {at: /, into: [property_type, bedrooms]}}}\n",
        {"homes.csv": "id,Kind\nH1,flat/2\nH2,flat/2/3/4\nH3,flat/1/ \nH4,\nH5,house/3/garden\n"},
    )
    assert tables.frames["homes"]["bedrooms"].to_list() == [2, 2, 1, None, 3]
    assert [n.line() for n in tables.notes] == [
        "homes.csv: Kind: cells of more parts than split has names for, for homes: the others are "
        "left out; allowed: 2 parts; 2 in all: line 3, line 6"
    ]


@pytest.mark.parametrize("text", [[], [("02/05/2024", "10:15")]])
def test_a_moment_of_days_and_times_as_a_sheet_holds_them(spoil, text):
    folder = spoil({"tables.yaml": "bids: {compose: {placed_at: '{Day} {Time}'}, "
                                   "datetime_format: '%d/%m/%Y %H:%M'}\n", "bids.csv": None},
                   applications="id,status\nA1,active\nA2,active\nA3,active\n")
    book = xlsxwriter.Workbook(str(folder / "more.xlsx"))
    sheet = book.add_worksheet("bids")
    day, time = (book.add_format({"num_format": f}) for f in ("dd/mm/yyyy", "hh:mm"))
    sheet.write_row(0, 0, ["advert", "application", "Day", "Time"])
    for at, held in enumerate([(45414, 9.5 / 24), (45414, 0), *text], 1):
        sheet.write_row(at, 0, ["V1", f"A{at}"])
        for column, value, shown in zip((2, 3), held, (day, time), strict=True):
            sheet.write(at, column, value, shown)
    book.close()
    tables = read_tables(folder)
    assert tables.frames["bids"]["placed_at"].dt.to_string("%FT%R%:z").to_list() == [
        f"2024-05-02T{time}+01:00" for time in ("09:30", "00:00", "10:15")[: 2 + len(text)]
    ]
    assert tables.notes == ()


def test_moments_of_a_date_and_a_time(spoil):
    tables = read(
        spoil,
        """\
        bids:
          compose: {placed_at: "{Date} {Time}"}
          datetime_format: "%d/%m/%Y %H:%M"
        """,
        {"bids.csv": "advert,application,Date,Time\nV1,A1,02/05/2024,09:30\nV1,A2,02/05/2024,\n"},
    )
    assert tables.frames["bids"]["placed_at"][0].isoformat() == "2024-05-02T09:30:00+01:00"
    (problem,) = tables.problems
    assert (problem.kind, problem.rows) == ("missing_value", ("line 3",))


@pytest.mark.parametrize(
    ("mapping", "line"),
    [
        (
            "bids: {compose: {placed_at: '{Day}'}}",
            "bids.csv: tables.yaml composes with the column 'Day', which is not there; "
            "allowed: 'advert', 'application', 'placed_at'",
        ),
        (
            "bids: {compose: {placed_at: now}}",
            "tables.yaml:1:29: compose names no column; allowed: for example "
            "'{BidDate} {BidTime}'",
        ),
        *((
            f"bids: {{compose: {{placed_at: '{template}'}}}}",
            "tables.yaml:1:29: compose has a brace that opens or closes no column's name; allowed: "
            "for example '{BidDate} {BidTime}'",
        ) for template in ("{advert} {placed_at", "{{advert}}", "advert} {placed_at}")),
        (
            "bids: {split: {advert: [a, b]}}",
            "tables.yaml:1:24: split must be a mapping",
        ),
        (
            "bids: {split: {advert: {at: /}}}",
            "tables.yaml:1:24: split must say at and into; allowed: {at: /, into: [one, other]}",
        ),
        (
            "bids: {only_rows: {advert: V1}}",
            "tables.yaml:1:28: only_rows must be a list of values; allowed: [A, B], or filled",
        ),
        (
            "bids: {constants: {advert: V1}}",
            "bids.csv: two columns would be called 'advert'. "
            "Map one to another name, or ignore other_columns",
        ),
        ("bids: []", "tables.yaml:1:7: bids must be a mapping"),
        ("bids: {file: []}", "tables.yaml:1:14: file must be text"),
        ("bids: {header_row: 0}", "tables.yaml:1:20: header_row is not the number of a row; given "
         "'0'; allowed: 1, 2, 3, ..."),
        ("bids: {distinct: perhaps}", "tables.yaml:1:18: distinct is not one of its choices; given "
         "'perhaps'; allowed: true, false, yes, no"),
        ("bids: {query: SELECT 1}", "bids: tables.yaml names a database table or query, and this "
         "is a folder"),
        ("bids: {sheet: Bids}", "bids: tables.yaml names the sheet 'Bids', which is not there"),
        ("defaults: {columns: {a: b}}", "tables.yaml:1:21: no setting is called 'columns'; allowed: "
         "encoding, delimiter, quote, date_format, datetime_format, other_columns, yes_words, "
         "no_words, empty_words"),
        ("placeholder_dates: [soon]", "tables.yaml:1:20: placeholder_dates must be dates; allowed: "
         "[1900-01-01, ...]"),
    ],
)
def test_one_line_with_its_place(spoil, mapping, line):
    assert next(p.line() for p in read(spoil, mapping).problems) == line


def test_a_mapping_may_live_apart_from_the_data(spoil, tmp_path_factory):
    mapping = tmp_path_factory.mktemp("elsewhere") / "ours.yaml"
    mapping.write_text("bids: {columns: {Ad: advert}}\n")
    folder = spoil(bids="Ad,application,placed_at\nV1,A1,2024-05-02T09:30\n")
    assert read_tables(folder, mapping=mapping).frames["bids"]["advert"].to_list() == ["V1"]
    for missing in (mapping.with_name("none.yaml"), folder):
        tables = read_tables(folder, mapping=missing, strict=False)
        assert tables.problems[0].kind == "file_unreadable"


def test_two_mappings_in_a_folder_are_one_too_many(spoil):
    folder = spoil({"tables.yaml": "{}", "mapping.yaml": "{}"})
    assert [p.line() for p in read_tables(folder, strict=False).problems] == [
        "both tables.yaml and mapping.yaml are there. Remove one of them, or name one with "
        "--mapping"
    ]


# Words and dates that stand for none


EXPORT = ("Ref,Stat,Band,Home,Reg,Beds,Left\nA1,active,NULL,H1,NULL,N/K,\nA2,active, n/k ,null,2024-01-31,2,null\n"
          "A3,N/K,B,N/K,2024-02-01,-,2024-03-01\n")


def test_words_for_an_empty_cell_are_read_so_and_told(spoil):
    tables = read(
        spoil,
        """\
        defaults: {empty_words: [NULL, N/K, "-"], other_columns: ignore}
        applications:
          file: export.csv
          columns: {Ref: id, Stat: status, Band: band, Home: current_home, Reg: registered_on, Beds: bedroom_need}
          codes: {band: {B: B2}, status: {active: active, default: closed}}
          only_rows: {Left: ["", 2024-03-01]}
        """,
        {"applications.csv": None, "export.csv": EXPORT + "-,active,,,,,\n",
         "bids.csv": "advert,application,placed_at\n",
         "homes.csv": "id,town,adaptations\nH1,NULL,NULL\n"},
    )
    frame = tables.frames["applications"]
    assert frame.select("id", "band", "current_home", "registered_on", "bedroom_need").rows() == [
        ("A1", None, "H1", None, None), ("A2", None, None, date(2024, 1, 31), 2),
    ]
    assert tables.frames["homes"].select("town", "adaptations").rows() == [(None, None)]
    assert [p.line() for p in tables.problems] == [
        "export.csv: status: empty where a value is required; 1 in all: line 4",
        "export.csv: id: empty where a value is required; 1 in all: line 5",
    ]
    lines = [n.line() for n in tables.notes]
    assert len(lines) == 9
    assert lines[0] == (
        "export.csv: Ref: words that stand for an empty cell, read as not known for applications; "
        "given '-' (1); 1 in all: line 5"
    )
    assert lines[2] == (
        "export.csv: Band: words that stand for an empty cell, read as not known for applications; "
        "given 'NULL' (1), 'n/k' (1); 2 in all: line 2, line 3"
    )


def test_a_column_that_is_not_read_tells_nothing_of_empty_words(spoil):
    tables = read(
        spoil,
        "homes: {empty_words: [x], columns: {Ref: id}, other_columns: ignore}\n",
        {"homes.csv": "Ref,What\nH1,x\n"},
    )
    assert tables.notes == ()


def test_a_null_that_no_setting_names_is_told(spoil):
    tables = read(
        spoil,
        "applications: {codes: {band: {NULL: ~, B: B}}}\n",
        {"applications.csv": "id,status,band,current_home,registered_on,local\n"
                             "A1,active,NULL,NULL,NULL,NULL\nA2,active,B,\\N,,\n",
         "bids.csv": "advert,application,placed_at\n"},
    )
    assert [n.line() for n in tables.notes] == [
        r"applications.csv: current_home: cells that say NULL, read as that word and not as empty cells; "
        r"given 'NULL', '\N'; 2 in all: line 2, line 3. If it stands for an empty cell, say "
        r"empty_words: ['NULL', '\N'] in the mapping",
    ]
    (problem,) = (p for p in tables.problems if p.kind == "wrong_type")
    assert problem.remedy == (
        "If 'NULL' stands for an empty cell, say empty_words: ['NULL'] in the mapping"
    )


@pytest.mark.parametrize("format", ["xlsx", "parquet", "category"])
def test_empty_words_of_cells_that_are_not_only_text(spoil, format):
    folder = spoil({"tables.yaml": "homes: {empty_words: [N/K]}\n", "homes.csv": None})
    if format == "xlsx":
        book = xlsxwriter.Workbook(str(folder / "more.xlsx"))
        sheet = book.add_worksheet("homes")
        for at, row in enumerate([["id", "bedrooms", "town"], ["H1", "N/K", "N/K"], ["H2", 2, 7]]):
            sheet.write_row(at, 0, row)
        book.close()
    else:
        frame = pl.DataFrame({"id": ["H1", "H2"], "bedrooms": [None, 2], "town": ["N/K", "7"]})
        if format == "category":
            frame = frame.with_columns(pl.col("town").cast(pl.Categorical))
        frame.write_parquet(folder / "homes.parquet")
    homes = read_tables(folder).frames["homes"]
    assert homes.select("id", "bedrooms", "town").rows() == [("H1", None, None), ("H2", 2, "7")]


def test_a_day_that_stands_for_none_stays_in_a_column_that_nothing_declares(spoil):
    folder = spoil({"homes.csv": None})
    pl.DataFrame({"id": ["H1"], "logged": [date(1900, 1, 1)]}).write_parquet(folder / "homes.parquet")
    tables = read_tables(folder)
    assert tables.frames["homes"]["logged"].to_list() == [date(1900, 1, 1)]
    assert tables.notes == ()


def test_placeholder_dates_are_read_as_not_known_and_told(spoil):
    tables = read(
        spoil,
        "{}",
        {"applications.csv": "id,status,registered_on\nA1,active,1900-01-01\nA2,active,1900-01-02\n"
                             "A3,active,9999-12-31\n"},
    )
    assert tables.problems == ()
    assert tables.frames["applications"]["registered_on"].to_list() == [
        None, date(1900, 1, 2), None,
    ]
    assert [n.line() for n in tables.notes] == [
        "applications.csv: registered_on: dates that stand for none, read as not known; given "
        "1900-01-01, 9999-12-31; 2 in all: line 2, line 4. Ask for the real dates; "
        "placeholder_dates in the mapping says which these are"
    ]


def test_which_dates_they_are_is_the_mappings_to_say(spoil):
    files = {"applications.csv": "id,status,registered_on\nA1,active,1900-01-01\n"
                                 "A2,active,1950-01-01\n"}
    ours = read(spoil, "placeholder_dates: [1950-01-01]\n", files)
    assert ours.frames["applications"]["registered_on"].to_list() == [date(1900, 1, 1), None]
    none = read(spoil, "placeholder_dates: []\n", files)
    assert none.frames["applications"]["registered_on"].null_count() == 0
    assert none.notes == ()


def test_a_placeholder_where_a_moment_is_required_is_missing(spoil):
    tables = read(
        spoil, "{}", {"bids.csv": "advert,application,placed_at\nV1,A1,1900-01-01T00:00\n"}
    )
    assert [p.kind for p in tables.problems] == ["missing_value"]


# Lineage


def test_a_run_keeps_where_each_row_came_from(tmp_path):
    run_shortlist("sheffield", "harbour_workbook", out=tmp_path / "run")
    inputs = pl.read_parquet(tmp_path / "run/inputs/applications.parquet")
    lineage = pl.read_parquet(tmp_path / "run/lineage/applications.parquet")
    assert lineage["id"].equals(inputs["id"])
    assert set(lineage["source_name"]) == {
        "lettings.xlsx!Register A to C", "lettings.xlsx!Register other",
    }
    assert lineage["source_row"].min() == 4
    assert not {"source_name", "source_row"} & set(inputs.columns)


def test_lineage_has_no_say_in_the_run_id(tmp_path):
    from cbl_engine import load_scheme, prepare, read_run, shortlist, write_run

    frames = read_tables(shipped_folder("boroughs") / "riverton").frames
    result = shortlist(prepare(load_scheme("sheffield"), frames, "close"), frames["adverts"],
                       frames["bids"], frames["homes"])
    bare = {name: frame.drop(LINEAGE) for name, frame in frames.items()}
    ids = {
        write_run(result, kept, tmp_path / name).manifest["run_id"]
        for name, kept in (("one", frames), ("two", bare))
    }
    assert len(ids) == 1
    assert read_run(tmp_path / "two").manifest["run_id"] in ids
    assert not any((tmp_path / "two" / "lineage").iterdir())


def test_a_bad_list_is_told_with_the_separator_of_the_file(spoil):
    tables = read(
        spoil,
        "applications: {separators: {sizes: ;}}\n",
        {"applications.csv": "id,status,sizes\nA1,active,2;x\nA2,active,2;3\n",
         "bids.csv": "advert,application,placed_at\n"},
    )
    (problem,) = tables.problems
    assert problem.message == "not whole numbers with ; between them"
    assert "2;3" in problem.allowed
