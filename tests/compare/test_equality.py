"""Lettings before and after by protected characteristic."""

from __future__ import annotations

import polars as pl
import pytest

from cbl_engine.compare.equality import by_characteristic, read_equality, sources_say
from cbl_engine.compare.rerun import Rerun
from cbl_engine.errors import BadInput, TableError


def _found(pairs):
    lettings = pl.DataFrame({
        "went_to": [a for a, _ in pairs], "would_go_to": [b for _, b in pairs],
        "verdict": ["same" if a == b else "other" for a, b in pairs]})
    return Rerun(lettings, pl.DataFrame(), (), pl.concat(lettings["went_to", "would_go_to"].iter_columns()).unique())


def _equality(of):
    return pl.DataFrame({"application": list(of), "characteristic": ["disability"] * len(of),
                         "value": list(of.values())})


def test_lettings_are_counted_by_value_with_not_stated_as_a_group():
    yes, no = [f"Y{n}" for n in range(12)], [f"N{n}" for n in range(12)]
    silent = [f"S{n}" for n in range(6)]
    found = _found([*zip(no, [*yes[:6], *no[6:]], strict=True),
                    *((y, y) for y in yes[6:]), *((s, s) for s in silent)])
    told = by_characteristic(found, _equality({**dict.fromkeys(yes, "yes"), **dict.fromkeys(no, "no"),
                                               "S0": None}))
    assert told.drop("characteristic").rows() == [
        ("no", 12, 6, -6), ("yes", 6, 12, 6), ("not stated", 6, 6, 0), ("all", 24, 24, 0)]


def test_a_small_count_is_withheld_and_so_is_what_it_could_be_worked_out_from():
    few, many, silent = (["F0", "F1"], [f"M{n}" for n in range(9)], [f"S{n}" for n in range(8)])
    found = _found([(a, a) for a in (*few, *many, *silent)])
    told = by_characteristic(found, _equality({**dict.fromkeys(few, "few"),
                                               **dict.fromkeys(many, "many")}))
    shown = dict(told.select("group", "lettings").iter_rows())
    assert shown["few"] is None
    assert list(shown.values()).count(None) >= 2


def test_a_table_of_other_households_is_refused():
    with pytest.raises(BadInput, match=r"no application of the table is on the register of the history.*given 2"):
        by_characteristic(_found([("A", "B")]), _equality({"X1": "yes", "X2": "no"}))


def test_what_is_wrong_with_the_table_is_said_without_anybodys_value(tmp_path):
    path = tmp_path / "equality.csv"
    path.write_text("application,characteristic,value\nP1,religion,secret\nP1,religion,other\n")
    with pytest.raises(TableError, match="two values of one characteristic") as caught:
        read_equality(path)
    assert "secret" not in str(caught.value)
    path.write_text("application,value\nP1,x\n")
    with pytest.raises(TableError, match="column characteristic is missing"):
        read_equality(path)
    with pytest.raises(TableError, match="cannot be read"):
        read_equality(tmp_path / "nothing.csv")


def test_every_row_without_a_household_and_every_household_told_twice_is_counted_with_the_first_places(tmp_path):
    path = tmp_path / "equality.csv"
    twice = "".join(f"P{n},sex,x\nP{n},sex,y\n" for n in range(30))
    path.write_text(f"application,characteristic,value\n,sex,x\n{twice}P1,,x\n")
    with pytest.raises(TableError) as caught:
        read_equality(path)
    assert [problem.line() for problem in caught.value.problems] == [
        f"{path}: rows without an application or a characteristic; 2 in all: row 1, row 62. "
        "Fill the cell in, or take the row out",
        f"{path}: households with two values of one characteristic; given sex; "
        "30 in all: P0, P1, P10, P11, P12, .... Keep one row each",
    ]


def test_not_stated_may_be_said_in_words_and_sources_are_named(tmp_path):
    path = tmp_path / "equality.csv"
    path.write_text("application,characteristic,value,source\nP1,disability,yes,application form\n"
                    "P2,disability,Not stated,application form\nP3,disability,,\nP4,disability,no,\n"
                    "P5,religion or belief,,\n")
    read = read_equality(path)
    assert read["value"].to_list() == ["yes", None, None, "no", None]
    assert sources_say(read) == ("Where values are from. Disability: application form, no source given. "
                                 "Religion or belief: nobody stated it.")


@pytest.mark.parametrize("content", ["application,characteristic,value\nA1,sex,\u00e9\n".encode("cp1252"),
                                     b"application;characteristic;value\nA1;sex;F\n"])
def test_how_to_save_a_table_that_is_not_read_as_csv_is_told(tmp_path, content):
    path = tmp_path / "equality.csv"
    path.write_bytes(content)
    with pytest.raises(TableError) as told:
        read_equality(path)
    assert told.value.problems[0].line().endswith(
        ". A CSV file is read as UTF-8 with commas and one line of headings: save it so")
