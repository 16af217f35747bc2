"""Rows that come after others: which take whose place, and which say nothing new."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cbl_engine.errors import TableError
from cbl_engine.tables import read_tables
from cbl_engine.tables.taking_in import in_order, news, place_of, taken_in

PEOPLE = pl.DataFrame({"id": ["a", "b"], "application": ["1", "1"], "sex": ["female", "male"]})
TIES = pl.DataFrame(
    {"application": ["1", "1", "2"], "area": ["x", "y", "x"], "kind": ["work"] * 3}
)


@pytest.mark.parametrize(
    ("table", "columns", "place"),
    [
        ("people", ["id", "application"], ("id",)),
        ("applications", ["id", "status"], ("id",)),
        ("applications", ["id", "valid_from"], ("id", "valid_from")),
        ("bids", ["advert", "application", "placed_at"], ("advert", "application", "placed_at")),
        ("connections", ["application", "area"], ("application",)),
        ("shortlisted", ["advert", "application"], ("advert",)),
        ("events", ["fields"], ()),
    ],
)
def test_the_place_of_a_row(table, columns, place):
    assert place_of(table, columns) == place


def test_a_row_takes_the_place_of_the_one_with_its_key():
    came = pl.DataFrame({"id": ["b", "c"], "application": ["1", "2"], "sex": ["female", "male"]})
    now = taken_in(PEOPLE, came, "people")
    assert now["id"].to_list() == ["a", "b", "c"]
    assert now["sex"].to_list() == ["female", "female", "male"]


def test_without_a_key_the_rows_of_an_application_come_together():
    came = pl.DataFrame({"application": ["1"], "area": ["z"], "kind": ["family"]})
    assert taken_in(TIES, came, "connections")["area"].to_list() == ["z", "x"]


def test_a_whole_table_leaves_nothing_standing():
    assert taken_in(TIES, TIES.clear(), "connections", whole=True).is_empty()
    assert taken_in(TIES, TIES.clear(), "connections").height == 3


def test_the_order_of_rows_and_columns_does_not_matter():
    turned = TIES.select("kind", "area", "application").reverse()
    assert_frame_equal(in_order("connections", turned), in_order("connections", TIES))
    assert_frame_equal(taken_in(None, turned, "connections"), in_order("connections", TIES))


def test_what_stands_already_is_no_news():
    came = pl.concat([PEOPLE.head(1), PEOPLE.tail(1).with_columns(sex=pl.lit("female"))])
    assert news(PEOPLE, came, "people")["id"].to_list() == ["b"]
    assert news(PEOPLE, PEOPLE.reverse(), "people").is_empty()
    assert news(TIES, TIES.reverse(), "connections").is_empty()


def test_one_row_more_or_less_of_a_place_is_news_of_the_place():
    assert news(TIES, TIES.head(1), "connections").height == 1
    assert news(TIES, TIES.filter(pl.col("application") == "2"), "connections").is_empty()


def test_a_column_that_did_not_come_keeps_its_value():
    came = pl.DataFrame({"id": ["a", "n"], "application": ["2", "2"]})
    new = news(PEOPLE, came, "people")
    assert new.rows() == [("a", "2", "female"), ("n", "2", None)]


def test_a_null_in_a_key_is_a_value_like_others():
    now = pl.DataFrame({"id": ["1", "1"], "valid_from": [None, "x"], "band": ["A", "B"]})
    came = now.head(1).with_columns(band=pl.lit("C"))
    assert taken_in(now, came, "applications")["band"].to_list() == ["C", "B"]


STANDING = {
    "applications": pl.DataFrame({"id": ["1"], "status": ["active"]}),
    "areas": pl.DataFrame({"id": ["x"], "parent": [None]}, schema_overrides={"parent": pl.String}),
}


def test_rows_may_refer_to_what_stands(tmp_path):
    (tmp_path / "connections.csv").write_text("application,area,kind\n1,x,work\n")
    read = read_tables(tmp_path, needs=(), standing=STANDING)
    assert read.frames["connections"]["area"].to_list() == ["x"]
    assert set(read.frames) == {"connections"}
    with pytest.raises(TableError, match="no such application"):
        read_tables(tmp_path, needs=(), standing={"areas": STANDING["areas"]} | {
            "applications": STANDING["applications"].clear()})


def test_bad_rows_that_come_are_named_by_their_line_and_left_out(tmp_path):
    (tmp_path / "connections.csv").write_text("application,area,kind\n1,x,work\n9,x,work\n")
    read = read_tables(tmp_path, needs=(), standing=STANDING, strict=False)
    assert [p.rows for p in read.problems] == [("line 3",)]
    assert read.frames["connections"].height == 1


def test_what_stands_is_not_found_fault_with_again(tmp_path):
    (tmp_path / "applications.csv").write_text("id,status\n2,active\n")
    odd = {**STANDING, "people": pl.DataFrame({"id": ["p"], "application": ["gone"]})}
    assert read_tables(tmp_path, needs=(), standing=odd).frames["applications"].height == 1


def test_ids_have_the_type_that_stands(tmp_path):
    pl.DataFrame({"id": [1, 2], "status": ["closed", "active"]}).write_parquet(
        tmp_path / "applications.parquet")
    read = read_tables(tmp_path, needs=(), standing=STANDING)
    assert read.frames["applications"]["id"].to_list() == ["1", "2"]


def test_a_column_of_another_type_is_named(tmp_path):
    standing = {"applications": STANDING["applications"].with_columns(extra=pl.lit(1))}
    (tmp_path / "applications.csv").write_text("id,status,extra\n2,active,many\n")
    with pytest.raises(TableError, match="another type in the record"):
        read_tables(tmp_path, needs=(), standing=standing)
    (tmp_path / "applications.csv").write_text("id,status,extra\n2,active,7\n")
    assert read_tables(tmp_path, needs=(), standing=standing).frames["applications"][
        "extra"].to_list() == [7]


def test_one_file_is_one_table_whatever_it_is_called(tmp_path):
    (tmp_path / "week 12.csv").write_text("id,on,what\nO1,2026-03-01,signed\n")
    read = read_tables(tmp_path / "week 12.csv", only="outcomes")
    assert read.frames["outcomes"]["id"].to_list() == ["O1"]
    assert read.frames["outcomes"]["source_name"].to_list() == ["week 12.csv"]
    with pytest.raises(TableError, match=r"missing\.csv"):
        read_tables(tmp_path / "missing.csv", only="outcomes")


def test_a_file_of_a_few_columns_is_checked_as_the_row_will_stand(tmp_path):
    standing = {"applications": STANDING["applications"].with_columns(band=pl.lit("A"))}
    (tmp_path / "applications.csv").write_text("id,band\n1,B\n")
    read = read_tables(tmp_path, needs=(), standing=standing)
    assert read.frames["applications"].select("id", "status", "band").rows() == [("1", "active", "B")]
    (tmp_path / "applications.csv").write_text("id,band\n1,B\n2,A\n")
    with pytest.raises(TableError, match="empty where a value is required") as caught:
        read_tables(tmp_path, needs=(), standing=standing)
    assert [p.rows for p in caught.value.problems] == [("line 3",)]


def test_a_rule_over_columns_reads_those_that_stand(tmp_path):
    moments = pl.Series(["2026-03-08T09:00:00", "2026-03-12T12:00:00"]).str.to_datetime(
        time_zone="Europe/London")
    standing = {"adverts": pl.DataFrame({"id": ["v"], "status": ["open"], "opens_at": moments[:1],
                                         "closes_at": moments[1:]})}
    (tmp_path / "adverts.csv").write_text("id,status,closes_at\nv,open,2026-03-01T12:00:00\n")
    with pytest.raises(TableError, match="close at or before their opening"):
        read_tables(tmp_path, needs=(), standing=standing)


def test_without_a_key_a_column_that_did_not_come_is_refused_where_it_would_be_lost(tmp_path):
    standing = {**STANDING, "connections": TIES.with_columns(since=pl.Series(
        [None, None, "2020-01-01"]).str.to_date())}
    (tmp_path / "connections.csv").write_text("application,area,kind\n1,x,work\n")
    assert read_tables(tmp_path, needs=(), standing=standing).frames["connections"].height == 1
    (tmp_path / "connections.csv").write_text("application,area,kind\n2,x,work\n")
    with pytest.raises(TableError, match=r"connections\.csv: since: the column is missing"):
        read_tables(tmp_path, needs=(), standing=standing)


def test_versions_begin_in_a_register_without_them():
    now = pl.DataFrame({"id": ["1", "2"], "band": ["A", "B"]})
    came = pl.DataFrame({"id": ["1", "2"], "valid_from": [None, "x"], "status": ["active"] * 2})
    assert news(now, came, "applications").select("id", "valid_from", "band").rows() == [
        ("1", None, "A"), ("2", "x", None)]
    after = taken_in(now, came, "applications")
    assert after.select("id", "valid_from").rows() == [("1", None), ("2", None), ("2", "x")]


def test_a_register_with_versions_wants_them_in_every_file(tmp_path):
    standing = {"applications": STANDING["applications"].with_columns(
        valid_from=pl.lit(None, pl.Date))}
    (tmp_path / "applications.csv").write_text("id,status\n1,closed\n")
    with pytest.raises(TableError, match=r"applications\.csv: valid_from: .* has versions"):
        read_tables(tmp_path, needs=(), standing=standing)
    (tmp_path / "applications.csv").write_text("id,status,valid_from\n1,closed,\n")
    assert read_tables(tmp_path, needs=(), standing=standing).frames["applications"].height == 1


def test_sizes_may_be_spelled_out_by_their_ends_in_a_later_file_too(tmp_path):
    standing = {"applications": STANDING["applications"].with_columns(sizes=pl.lit([1]))}
    (tmp_path / "applications.csv").write_text("id,status,bedrooms_min,bedrooms_max\n1,active,2,3\n")
    read = read_tables(tmp_path, needs=(), standing=standing)
    assert read.frames["applications"]["sizes"].to_list() == [[2, 3]]
