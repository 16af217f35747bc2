"""Reading a folder: types, line numbers, and one line for each kind of problem."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from cbl_engine.errors import TableError
from cbl_engine.records.chain import data_source
from cbl_engine.tables import ExtraColumn, read_tables, write_tables

LONDON = ZoneInfo("Europe/London")


def lines_of(folder, **words):
    """The report, a line per problem."""
    return [p.line() for p in read_tables(folder, strict=False, **words).problems]


def kinds_of(folder, **words):
    """Pairs of kind and count."""
    return {(p.kind, p.count) for p in read_tables(folder, strict=False, **words).problems}


def test_right_folder_is_read_without_problems(spoil):
    tables = read_tables(spoil())
    assert tables.problems == ()
    assert tables.rejected.height == 0
    assert set(tables.files) == {"applications", "adverts", "bids"}
    bids = tables.frames["bids"]
    assert bids.columns == ["advert", "application", "placed_at", "source_name", "source_row"]
    assert bids["source_row"].to_list() == [2]
    assert bids["placed_at"].to_list() == [datetime(2024, 5, 2, 9, 30, tzinfo=LONDON)]
    assert tables.frames["applications"]["registered_on"][0] == date(2024, 1, 31)


def test_columns_that_are_absent_are_not_added_and_unknown_ones_are_kept_as_text(spoil):
    folder = spoil(applications="id,status,local_flag\nA1,active,007\nA2,active,\n")
    frame = read_tables(folder).frames["applications"]
    assert frame.columns == ["id", "status", "local_flag", "source_name", "source_row"]
    assert frame["local_flag"].to_list() == ["007", None]


def test_declared_extras_are_typed(spoil):
    folder = spoil(applications="id,status,income,why\nA1,active,12.5,b\nA2,active,lots,z\n")
    extras = {
        "applications": [
            ExtraColumn("income", "number", unit="GBP"),
            ExtraColumn("why", "code", codes=("a", "b")),
            ExtraColumn("absent", "bool"),
        ]
    }
    tables = read_tables(folder, extras, strict=False)
    assert tables.frames["applications"]["income"].to_list() == [12.5]
    assert [p.line() for p in tables.problems] == [
        "applications.csv: income: not a number; allowed: numbers such as 104.50; 1 in all: line 3",
        "applications.csv: why: not a known code; allowed: a, b; 1 in all: line 3. "
        "Or map it under codes in the mapping",
    ]


def test_line_numbers_count_line_ends_inside_cells_and_blank_lines(spoil):
    folder = spoil(
        applications='id,status,note\r\nA1,active,"two\r\nlines"\r\n\r\nA2,active,"a ""b"", c"\r\n'
    )
    frame = read_tables(folder).frames["applications"]
    assert frame["source_row"].to_list() == [2, 5]
    assert frame["note"].to_list() == ["two\r\nlines", 'a "b", c']


def test_ragged_rows_are_set_aside_with_their_lines(spoil):
    folder = spoil(applications='id,status\nA1,active\nA7\n"A\n8",active,x\nA2,active\n')
    tables = read_tables(folder, strict=False)
    assert tables.frames["applications"]["id"].to_list() == ["A1", "A2"]
    assert tables.frames["applications"]["source_row"].to_list() == [2, 6]
    assert [p.line() for p in tables.problems] == [
        "applications.csv: rows with more or fewer cells than the header; allowed: 2 cells; "
        "2 in all: line 3, line 4. Quote cells that hold the delimiter or a line end; delete a "
        "footer; where a title stands above the headings, say header_row in the mapping"
    ]


def test_bids_of_a_household_whose_row_could_not_be_read_are_not_told_as_of_nobody(spoil):
    folder = spoil(applications="id,status\nA2,active\nA1,active,x\n")
    assert lines_of(folder)[-1] == (
        "bids.csv: application: no such application among the rows of applications that could be read; "
        "others of its rows were rejected; given 'A1'; 1 in all: line 2. Repair applications first"
    )


def test_headings_below_a_title_in_a_text_file(spoil):
    title = 'Housing register, 5" rain\n;;as at 1 May\n\n'
    folder = spoil({
        "tables.yaml": "applications: {header_row: 4, delimiter: ;}\nhomes: {header_row: 9}\n"
                       "bids: {header_row: 2}\n",
        "applications.csv": title + 'id;status\n"A\n1";active\nA2;active;x\nA3;active\n',
        "homes.csv": "id\nH1\n",
        "bids.csv": 'sep=,\nadvert,application,placed_at\nV1,A1,5" x\n',
    })
    tables = read_tables(folder, strict=False)
    frame = tables.frames["applications"]
    assert frame.select("id", "source_row").rows() == [("A\n1", 5), ("A3", 8)]
    lines = [p.line() for p in tables.problems]
    assert next(line for line in lines if line.startswith("applications.csv: rows")).startswith(
        "applications.csv: rows with more or fewer cells than the header; allowed: 2 cells; 1 in all: line 7.")
    nothing = "homes.csv: has nothing from line 9 on, where header_row has its headings. "
    assert nothing + "Correct header_row in the mapping" in lines
    assert any(line.startswith("bids.csv: has a quotation mark on line 3 ") for line in lines)


@pytest.mark.parametrize("cell", ["99999999999999999999", "NaN", "1e5", "5.0", "1,5", "two", "0x1"])
def test_cells_that_are_not_whole_numbers(spoil, cell):
    folder = spoil(homes=f'id,bedrooms\nH1,"{cell}"\nH2, 3 \n')
    tables = read_tables(folder, strict=False)
    assert tables.frames["homes"]["bedrooms"].to_list() == [3]
    assert [p.line() for p in tables.problems] == [
        f"homes.csv: bedrooms: not a whole number; given '{cell}'; "
        "allowed: whole numbers such as 3; 1 in all: line 2"
    ]


@pytest.mark.parametrize("cell", ["NaN", "inf", "1e999", "12 pounds"])
def test_cells_that_are_not_numbers(spoil, cell):
    assert kinds_of(spoil(homes=f"id,rent_weekly\nH1,{cell}\n")) == {("wrong_type", 1)}


@pytest.mark.parametrize("format", ["csv", "parquet", "category", "database"])
def test_spaces_around_a_declared_text_are_no_part_of_it(spoil, format):
    cells = ["A1 ", "  A2", " ", "\t", "B 1", None]
    frame = pl.DataFrame({"id": [f"P{n}" for n in range(6)], "status": ["active "] * 6,
                          "access_need": cells, "quota": cells, "local_note": cells})
    if format == "category":
        frame = frame.with_columns(pl.col("status", "access_need").cast(pl.Categorical))
    folder = spoil({"applications.csv": None, "bids.csv": None})
    if format == "database":
        source = f"sqlite:///{folder / 'x.db'}"
        frame.write_database("applications", source)
    elif format == "csv":
        source = folder
        frame.write_csv(folder / "applications.csv")
    else:
        source = folder
        frame.write_parquet(folder / "applications.parquet")
    extras = {"applications": [ExtraColumn("quota", "text")]}
    tables = read_tables(source, extras, needs=("applications",))
    read = tables.frames["applications"]
    wanted = ["A1", "A2", None, None, "B 1", None]
    assert read["access_need"].to_list() == read["quota"].to_list() == wanted
    assert read["status"].unique().to_list() == ["active"]
    assert read["local_note"].to_list() == cells


def test_yes_and_no_in_any_case(spoil):
    cells = ["true", "FALSE", "Yes", "no", "1", "0", ""]
    rows = "".join(f"H{at},{cell}\n" for at, cell in enumerate(cells))
    frame = read_tables(spoil(homes="id,lift\n" + rows)).frames["homes"]
    assert frame["lift"].to_list() == [True, False, True, False, True, False, None]


def test_lists_are_split_trimmed_and_may_be_empty(spoil):
    folder = spoil(
        homes="id,adaptations\nH1,ramp | stairlift\nH2,|\nH3,\n",
        applications="id,status,sizes\nA1,active,2|3\nA2,active,|\n",
    )
    frames = read_tables(folder).frames
    assert frames["homes"]["adaptations"].to_list() == [["ramp", "stairlift"], [], None]
    assert frames["applications"]["sizes"].to_list() == [[2, 3], []]


@pytest.mark.parametrize("cell", ["2||3", "2|", "2;3", "2|x", "|2"])
def test_lists_that_do_not_parse(spoil, cell):
    folder = spoil(applications=f"id,status,sizes\nA1,active,{cell}\nA2,active,2\n")
    assert ("wrong_type", 1) in kinds_of(folder)


def test_shorthand_for_sizes(spoil):
    folder = spoil(
        applications="id,status,bedrooms_min,bedrooms_max\n"
        "A1,active,1,3\nA2,active,2,\nA3,active,3,2\nA4,active,2,99\n"
    )
    tables = read_tables(folder, strict=False)
    frame = tables.frames["applications"]
    assert frame.columns == ["id", "status", "sizes", "source_name", "source_row"]
    assert frame["sizes"].to_list() == [[1, 2, 3], None]
    assert kinds_of(folder) == {("ends_before_start", 1), ("out_of_range", 1)}


@pytest.mark.parametrize("header", ["sizes,bedrooms_min,bedrooms_max", "bedrooms_min,x,y"])
def test_unclear_sizes(spoil, header):
    folder = spoil(applications=f"id,status,{header}\nA1,active,2,2,2\n")
    assert "unclear_sizes" in {p.kind for p in read_tables(folder, strict=False).problems}


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", " =x"])
def test_formula_cells_are_refused(spoil, cell):
    folder = spoil(homes=f'id,heating\nH1,"{cell}"\nH2,gas\n')
    (problem,) = read_tables(folder, strict=False).problems
    assert (problem.kind, problem.count, problem.rows) == ("formula_cell", 1, ("line 2",))


@pytest.mark.parametrize("cell", ["-", "-5", "+44 7700 900123", "a=b", "-1.5"])
def test_signs_that_are_no_formulas(spoil, cell):
    assert read_tables(spoil(homes=f"id,heating\nH1,{cell}\n")).problems == ()


def test_formula_line(spoil):
    assert lines_of(spoil(areas='id,name\nR1,"=HYPERLINK(1)"\n')) == [
        "areas.csv: name: cells that a spreadsheet would run as a formula; "
        "given '=HYPERLINK(1)'; 1 in all: line 2. Export the value, not the formula"
    ]


def test_dates(spoil):
    cells = ["1900-01-02", "2024-02-29", "2024-05-31 00:00:00", ""]
    rows = "".join(f"A{at},active,{cell}\n" for at, cell in enumerate(cells, 1))
    frame = read_tables(spoil(applications="id,status,registered_on\n" + rows)).frames
    assert frame["applications"]["registered_on"].to_list() == [
        date(1900, 1, 2),
        date(2024, 2, 29),
        date(2024, 5, 31),
        None,
    ]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("31/05/2024", "wrong_type"),
        ("2024-02-30", "wrong_type"),
        ("24-02-03", "wrong_type"),
        ("0024-02-03", "two_digit_year"),
        ("1849-12-31", "date_out_of_range"),
        ("2201-01-01", "date_out_of_range"),
    ],
)
def test_dates_that_are_refused(spoil, cell, kind):
    folder = spoil(applications=f"id,status,registered_on\nA1,active,{cell}\n", bids="x\n")
    first = read_tables(folder, strict=False, needs=()).problems[0]
    assert (first.kind, first.count) == (kind, 1)


@pytest.mark.parametrize(
    ("cell", "utc"),
    [
        ("2024-05-02T09:30:00Z", "2024-05-02 09:30"),
        ("2024-05-02T09:30:00+01:00", "2024-05-02 08:30"),
        ("2024-05-02 09:30", "2024-05-02 08:30"),
        ("2024-05-02T09:30:15.250", "2024-05-02 08:30:15.250"),
        ("2024-05-02T09:30+0000", "2024-05-02 09:30"),
        ("2024-10-27T01:30:00+00:00", "2024-10-27 01:30"),
        ("2024-10-27T01:30:00+01:00", "2024-10-27 00:30"),
    ],
)
def test_moments(spoil, cell, utc):
    folder = spoil(
        adverts=f"id,closes_at,status\nV1,{cell},closed\n", bids="advert,application,placed_at\n"
    )
    (moment,) = read_tables(folder).frames["adverts"]["closes_at"].to_list()
    assert moment.astimezone(ZoneInfo("UTC")) == datetime.fromisoformat(utc + "+00:00")


@pytest.mark.parametrize("cell", ["2024-10-27T01:30:00", "2024-03-31 01:30"])
@pytest.mark.parametrize("other", ["2024-05-02T09:30:00", "2024-05-02T09:30:00Z"])
def test_times_the_clock_change_makes_unclear(spoil, cell, other):
    folder = spoil(
        adverts=f"id,closes_at,status\nV1,{other},closed\nV2,{cell},closed\n",
        bids="advert,application,placed_at\n",
    )
    assert lines_of(folder) == [
        "adverts.csv: closes_at: local times that happen twice, or not at all, because the clocks "
        f"change; given '{cell}'; 1 in all: line 3. Write the offset, +00:00 or +01:00"
    ]


def test_several_tables_and_kinds_in_one_report_structure_and_rows_together(spoil):
    folder = spoil(
        applications="id,registered_on\nA1,2024-01-01\nA1,soon\n,2024-01-01\n",
        adverts="id,closes_at,status\nV1,2024-05-08T12:00,open\nV1,2024-05-08T12:00,shut\n",
        bids="advert,application,placed_at\nV9,A1,2024-05-02T09:30\nV1,A9,\n",
    )
    with pytest.raises(TableError) as caught:
        read_tables(folder)
    assert str(caught.value).splitlines() == [
        "applications.csv: status: the column is missing (where it stands). "
        "Add it, or map one to it under columns in the mapping",
        "applications.csv: id: rows that repeat the same id; 2 in all: line 2, line 3",
        "applications.csv: registered_on: not a date; "
        "allowed: dates such as 2024-05-31; 1 in all: line 3. "
        "Or name the date_format in the mapping",
        "applications.csv: id: empty where a value is required; 1 in all: line 4",
        "adverts.csv: id: rows that repeat the same id; 2 in all: line 2, line 3",
        "adverts.csv: status: not a known code; given 'shut'; allowed: draft, open, closed, "
        "withdrawn, readvertised, let; 1 in all: line 3. Or map it under codes in the mapping",
        "bids.csv: advert: no such advert in adverts; given 'V9'; 1 in all: line 2",
        "bids.csv: advert: refers to a row of adverts that was itself rejected; given 'V1'; "
        "1 in all: line 3. Repair adverts first",
        "bids.csv: application: no such application in applications; given 'A9'; 1 in all: line 3",
        "bids.csv: placed_at: empty where a value is required; 1 in all: line 3",
    ]


def test_every_row_is_good_or_rejected(spoil):
    folder = spoil(
        applications="id,status\nA1,active\nA2,actve\nA3\nA4,active\n",
        bids="advert,application,placed_at\n"
        "V1,A1,2024-05-02T09:30\nV1,A2,2024-05-02T09:30\nV1,A4,later\n",
    )
    tables = read_tables(folder, strict=False)
    for table, n in {"applications": 4, "bids": 3}.items():
        good = set(tables.frames[table]["source_row"])
        bad = set(tables.rejected.filter(table=table)["source_row"])
        assert good | bad == set(range(2, n + 2))
        assert not good & bad


def test_rejected_holds_every_row_and_the_problem_only_five(spoil):
    rows = "".join(f"H{at},many\n" for at in range(9))
    tables = read_tables(spoil(homes="id,bedrooms\n" + rows), strict=False)
    (problem,) = tables.problems
    assert problem.rows == ("line 2", "line 3", "line 4", "line 5", "line 6")
    assert problem.count == 9
    assert tables.rejected["source_row"].to_list() == list(range(2, 11))
    assert tables.rejected.columns == [
        "table", "source_name", "source_row", "column", "kind", "message",
    ]


def test_personal_values_are_in_no_message(spoil):
    days = "registered_on,submitted_on,reviewed_on,band_from,priority_date,valid_from,valid_to"
    folder = spoil(
        applications=f"id,status,points,access_need,current_home,secret,sizes,{days}\n"
        "A1,active,SECRET,=SECRET,,=SECRET,SECRET" + 7 * ",SECRET" + "\n",
        people="id,application,date_of_birth,sex,relationship,partner_of,carer\n"
        "P1,A1,SECRET,SECRET,SECRET,SECRET,SECRET\nP2,A1,0099-01-01,male,child,SECRET,\n",
        connections="application,person,area,kind,since\nA1,SECRET,R1,work,SECRET\n",
    )
    tables = read_tables(folder, strict=False)
    assert len(tables.problems) > 17
    report = "\n".join(p.line() for p in tables.problems)
    assert "SECRET" not in report
    assert "0099" not in report
    assert "SECRET" not in tables.rejected.write_csv()


def test_slips_in_what_officers_write_are_quoted_and_sentences_only_measured(tmp_path):
    """A code, a date or a number as it is written; text that strayed there, and free text, never."""
    file = tmp_path / "week.csv"
    file.write_text(
        "id,on,what,reason,attempts,tenancy_start\n"
        "O1,2026-13-01,aproved,=HER(1),two,3 June 2024\n"
        "O2,he left her,off er,,-3,1/5/26\n"
    )
    found = read_tables(file, only="outcomes", strict=False).problems
    assert {p.where.rpartition(" ")[2]: p.given for p in found} == {
        "on": "'2026-13-01', '(text of 11 characters)'",
        "what": "'aproved', '(text of 6 characters)'",
        "reason": "", "attempts": "'-3'", "tenancy_start": "'3 June 2024', '1/5/26'",
    }
    assert all(p.allowed or p.kind == "formula_cell" for p in found)
    assert all(set(p.rows) <= {"line 2", "line 3"} for p in found)


def test_missing_tables_and_header_only_files(spoil):
    folder = spoil({"adverts.csv": None}, bids="advert,application,placed_at\n")
    assert lines_of(folder) == [
        "adverts: the table is missing; allowed: adverts.csv or adverts.parquet"
    ]
    frame = read_tables(folder, needs=()).frames["bids"]
    assert frame.height == 0
    assert frame.schema["placed_at"] == pl.Datetime("us", "Europe/London")


def test_other_files_are_listed_not_read(spoil):
    folder = spoil({"letters.csv": "x", "old.parquet": b"", "notes.txt": "x"})
    assert read_tables(folder).ignored_files == ("letters.csv", "old.parquet")


def test_both_files_of_a_table(spoil):
    assert lines_of(spoil({"bids.parquet": b""})) == [
        "bids: both bids.csv and bids.parquet are there. Remove one of them"
    ]


def test_no_such_folder(tmp_path):
    with pytest.raises(TableError, match="'nowhere': there is no such folder or file; allowed: a folder, "):
        read_tables(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(TableError, match="'file': is not a folder that can be read; allowed: a folder, "):
        read_tables(tmp_path / "file")


def test_one_file_that_is_not_there(tmp_path):
    with pytest.raises(TableError, match=r"nowhere\.csv: there is no such file"):
        read_tables(tmp_path / "nowhere.csv", only="outcomes")


@pytest.mark.parametrize("given", ["", " "])
def test_an_empty_text_names_no_data_and_not_the_working_folder(spoil, monkeypatch, given):
    monkeypatch.chdir(spoil())
    for source in (given, data_source(given)):
        with pytest.raises(TableError) as caught:
            read_tables(source)
        assert caught.value.problems[0].line() == (
            f"no data are named; given {given!r}; allowed: a folder, an .xlsx file or a database URL")
    assert read_tables(".").frames


def test_parquet_rows_count_from_one_and_foreign_types_are_brought_to_ours(spoil):
    folder = spoil({"applications.csv": None, "adverts.csv": None})
    naive = pl.Series(
        [datetime(2024, 5, 8, 12), datetime(2024, 10, 27, 1, 30)], dtype=pl.Datetime("ns")
    )
    pl.DataFrame(
        {
            "id": ["V1", "V2"],
            "closes_at": naive,
            "status": ["closed", "closed"],
            "bedrooms": [2.0, None],
        }
    ).write_parquet(folder / "adverts.parquet")
    pl.DataFrame(
        {"id": ["A1", "A2"], "status": ["active", "odd"], "registered_on": ["2024-01-01", "x"]},
        schema_overrides={"status": pl.Categorical},
    ).write_parquet(folder / "applications.parquet")
    tables = read_tables(folder, strict=False)
    assert tables.frames["adverts"]["closes_at"].to_list() == [
        datetime(2024, 5, 8, 12, tzinfo=LONDON)
    ]
    assert tables.frames["adverts"]["bedrooms"].to_list() == [2]
    assert {(p.where, p.kind, p.rows) for p in tables.problems} == {
        ("adverts.parquet: closes_at", "clock_change", ("row 2",)),
        ("applications.parquet: status", "unknown_code", ("row 2",)),
        ("applications.parquet: registered_on", "wrong_type", ("row 2",)),
    }


def test_writing_refuses_lists_that_csv_cannot_hold(tmp_path):
    frame = pl.DataFrame({"id": ["H1"], "adaptations": [["a|b", ""]]})
    with pytest.raises(TableError, match=r"homes\.adaptations: values that CSV cannot hold"):
        write_tables({"homes": frame}, tmp_path)
    write_tables({"homes": frame}, tmp_path, "parquet")
    assert read_tables(tmp_path, needs=()).frames["homes"]["adaptations"].to_list() == [["a|b", ""]]


@pytest.mark.parametrize(
    ("form", "cell", "utc"),
    [
        ("%d/%m/%Y %H:%M", "2/5/2024 9:30", "2024-05-02 08:30"),
        ("%d/%m/%Y %H:%M:%S.%f", "02/05/2024 09:30:15.250", "2024-05-02 08:30:15.250"),
        ("%d %B %Y %I:%M %p", "2 May 2024 09:30 PM", "2024-05-02 20:30"),
        ("%d/%m/%Y %H:%M %z", "02/05/2024 09:30 +0000", "2024-05-02 09:30"),
    ],
)
def test_moments_in_a_format_of_the_file(spoil, form, cell, utc):
    folder = spoil(
        {"tables.yaml": f"adverts: {{datetime_format: '{form}'}}\n"},
        adverts=f"id,closes_at,status\nV1,{cell},closed\n",
        bids="advert,application,placed_at\n",
    )
    (moment,) = read_tables(folder).frames["adverts"]["closes_at"].to_list()
    assert moment.astimezone(ZoneInfo("UTC")) == datetime.fromisoformat(utc + "+00:00")


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("27/10/2024 01:30", "clock_change"),
        ("02/05/24 09:30", "two_digit_year"),
        ("x", "wrong_type"),
    ],
)
def test_moments_in_a_format_that_are_refused(spoil, cell, kind):
    folder = spoil(
        {"tables.yaml": "adverts: {datetime_format: '%d/%m/%Y %H:%M'}\n"},
        adverts=f"id,closes_at,status\nV1,{cell},closed\n",
        bids="advert,application,placed_at\n",
    )
    assert kinds_of(folder) == {(kind, 1)}


def test_labels_that_only_look_like_sensitive_are_noted(tmp_path):
    """They withhold nothing; in capitals it is the same label."""
    (tmp_path / "adverts.csv").write_text(
        "id,home,status,closes_at,labels\nA1,,open,2026-03-05T12:00:00,sensitive let\n"
        "A2,,open,2026-03-05T12:00:00, SENSITIVE\nA3,,open,2026-03-05T12:00:00,new\n")
    notes = read_tables(tmp_path, strict=False).notes
    assert [(n.kind, n.where, n.given, n.rows) for n in notes] == [
        ("nearly_sensitive", "adverts.labels", "'sensitive let'", ("A1",))]
