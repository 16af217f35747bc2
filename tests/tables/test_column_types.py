"""Columns of Parquet files and databases in types of their own: taken where nothing is lost, else refused in words."""

from __future__ import annotations

import datetime as dt
import sqlite3
from decimal import Decimal

import polars as pl
import pytest

from cbl_engine.cli import main
from cbl_engine.tables import read_tables, validate_frames

FRAMES = {
    "applications": pl.DataFrame({
        "id": ["A1", "A2"], "status": ["active", "active"],
        "registered_on": [dt.date(2024, 1, 1), dt.date(2024, 2, 1)],
    }),
    "adverts": pl.DataFrame({
        "id": ["V1"], "closes_at": ["2024-05-08T12:00"], "status": ["closed"],
    }),
    "bids": pl.DataFrame({
        "advert": ["V1"], "application": ["A1"], "placed_at": ["2024-05-02T09:30"],
    }),
}
STRUCT = pl.Series([{"a": 1}, {"a": 2}])
BROKEN = pl.Series([b"ok", b"\xff\xfe"])
SPANS = pl.Series([dt.timedelta(hours=1), None])


def written(folder, frames=FRAMES, **applications):
    for table, frame in frames.items():
        if table == "applications":
            frame = frame.with_columns(**applications)
        frame.write_parquet(folder / f"{table}.parquet")
    return folder


def read(folder):
    tables = read_tables(folder, strict=False)
    return tables, [p.line() for p in tables.problems]


@pytest.mark.parametrize("column", [STRUCT, BROKEN, SPANS, pl.Series([[b"\xff"], None]),
                                    pl.Series([[{"a": 1}], []]), pl.Series([{"text": "a", "held": True}] * 2)])
def test_a_column_of_any_type_that_nobody_reads_is_kept(tmp_path, column):
    tables, lines = read(written(tmp_path, extra=column))
    assert lines == []
    assert tables.frames["applications"]["extra"].dtype == column.dtype


@pytest.mark.parametrize("name", ["band", "points", "registered_on", "sizes"])
@pytest.mark.parametrize(("column", "given"), [
    (STRUCT, "Struct({'a': Int64})"),
    (SPANS, "Duration(time_unit='us')"),
    (pl.Series([[b"\xff"], None]), "List(Binary)"),
])
def test_a_known_column_of_a_type_without_text_is_refused(tmp_path, name, column, given):
    lines = read(written(tmp_path, **{name: column}))[1]
    assert len(lines) == 1
    assert f"applications.parquet: {name}: the column has the wrong type; given {given}" in lines[0]


def test_bytes_are_text_and_those_that_are_not_utf8_take_their_row_out(tmp_path):
    tables, lines = read(written(tmp_path, band=BROKEN))
    assert lines == [
        "applications.parquet: band: bytes that are not UTF-8 text; 1 in all: row 2. "
        "Export the column as text"
    ]
    assert tables.frames["applications"]["band"].to_list() == ["ok"]


def test_a_mapping_that_reads_a_column_without_text_is_refused(tmp_path):
    written(tmp_path, theirs=STRUCT)
    for setting in ("only_rows: {theirs: filled}", "compose: {band: '{theirs}'}",
                    "split: {theirs: {at: /, into: [band]}}", "columns: {theirs: band}, codes: {band: {a: b}}"):
        (tmp_path / "mapping.yaml").write_text(f"applications: {{{setting}}}\n")
        lines = read(tmp_path)[1]
        assert any("the column has the wrong type" in line for line in lines), setting


@pytest.mark.parametrize("dtype", [pl.Int128, pl.UInt128])
@pytest.mark.parametrize("number", [12, 2**100])
def test_ids_may_be_whole_numbers_of_any_width(tmp_path, dtype, number):
    ids = pl.Series([number, number + 1], dtype=dtype)
    bids = FRAMES["bids"].with_columns(application=ids.head(1))
    tables, lines = read(written(tmp_path, {**FRAMES, "bids": bids}, id=ids))
    assert lines == []
    assert str(tables.frames["applications"]["id"][0]) == str(number)
    assert tables.frames["bids"].height == 1


@pytest.mark.parametrize("days", [20_000_000, 2**31 - 1, -(2**31), -800_000])
def test_dates_that_no_calendar_has_take_their_row_out(tmp_path, days):
    column = pl.Series([0, days], dtype=pl.Int32).cast(pl.Date)
    tables, lines = read(written(tmp_path, registered_on=column))
    assert lines == [
        "applications.parquet: registered_on: dates outside the years 1 to 9999; "
        "allowed: 1850-01-01 to 2200-12-31; 1 in all: row 2"
    ]
    assert tables.frames["applications"]["id"].to_list() == ["A1"]
    found = validate_frames({"applications": FRAMES["applications"].with_columns(registered_on=column)})[1]
    assert [p.kind for p in found] == ["date_out_of_range"]


@pytest.mark.parametrize("dtype", [pl.Datetime("ms"), pl.Datetime("us"), pl.Datetime("us", "UTC")])
@pytest.mark.parametrize("name", ["placed_at", "withdrawn_at"])
def test_moments_that_no_calendar_has_take_their_row_out(tmp_path, dtype, name):
    bids = FRAMES["bids"].with_columns(pl.Series(name, [2**62]).cast(dtype))
    tables, lines = read(written(tmp_path, {**FRAMES, "bids": bids}))
    assert lines == [
        f"bids.parquet: {name}: dates outside the years 1 to 9999; "
        "allowed: 1850-01-01 to 2200-12-31; 1 in all: row 1"
    ]
    assert tables.frames["bids"].is_empty()


def test_whole_numbers_held_as_decimals_are_whole_numbers(tmp_path):
    money = pl.Decimal(18, 2)
    ids = pl.Series([Decimal("1454.00"), Decimal("12.00")], dtype=money)
    bids = FRAMES["bids"].with_columns(application=ids.head(1))
    tables, lines = read(written(
        tmp_path, {**FRAMES, "bids": bids}, id=ids,
        points=pl.Series([Decimal("3.00"), None], dtype=money),
        sizes=pl.Series([[2.0, 3.0], []]),
    ))
    frame = tables.frames["applications"]
    assert lines == []
    assert (frame["id"].to_list(), frame["points"].to_list(), frame["sizes"].to_list()) == (
        ["1454", "12"], [3, None], [[2, 3], []],
    )


@pytest.mark.parametrize("sizes", [[[2.0], [2.5]], [[2.0], [float("nan")]],
                                   [[Decimal("2.0")], [Decimal("2.5")]]])
def test_a_list_with_a_part_of_a_number_takes_its_row_out(tmp_path, sizes):
    lines = read(written(tmp_path, points=pl.Series([Decimal("1.5"), Decimal("1.0")]),
                         sizes=pl.Series(sizes)))[1]
    assert [line.split(";")[0] for line in lines] == [
        "applications.parquet: points: not a whole number",
        "applications.parquet: sizes: not whole numbers with | between them",
        "bids.parquet: application: refers to a row of applications that was itself rejected",
    ]


def test_the_commands_end_in_a_report(tmp_path, capfd):
    folder = written(tmp_path, band=STRUCT, points=SPANS)
    for command in ("validate", "shortlist"):
        with pytest.raises(SystemExit) as ended:
            main([command, "sheffield", "--data", str(folder)])
        assert ended.value.code == 2
        assert "the column has the wrong type" in "".join(capfd.readouterr())


def test_bytes_in_sqlite_are_refused_where_they_are_not_text(tmp_path):
    path = tmp_path / "d.db"
    with sqlite3.connect(path) as base:
        for table, frame in FRAMES.items():
            base.execute(f"CREATE TABLE {table} ({', '.join(frame.columns)})")
            rows = [[str(v) for v in row] for row in frame.rows()]
            base.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * frame.width)})", rows)
        base.execute("ALTER TABLE applications ADD band")
        base.execute("UPDATE applications SET band = x'FFFE'")
    base.close()
    _, lines = read(f"sqlite:///{path}")
    assert lines[0] == (
        "applications: band: bytes that are not UTF-8 text; 2 in all: row 1, row 2. "
        "Export the column as text"
    )
