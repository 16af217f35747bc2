"""What is written is read again."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cbl_engine.errors import TableError
from cbl_engine.tables import DTYPES, TABLES, read_tables, validate_frames, write_tables

LONDON = ZoneInfo("Europe/London")
START = datetime(1990, 1, 1, tzinfo=ZoneInfo("UTC"))

# CSV cannot tell an empty text from none, spaces around are trimmed, and a formula is refused.
trimmed = st.text(
    st.characters(codec="utf-8", exclude_characters="\0|", exclude_categories=["Cs"]),
    min_size=1,
    max_size=8,
).map(str.strip).filter(lambda text: text and text[0] not in "=+-@")
moments = st.integers(0, 10**15).map(
    lambda us: (START + timedelta(microseconds=us)).astimezone(LONDON)
)
VALUES = {
    "id": trimmed,
    "text": trimmed,
    "bool": st.booleans(),
    "int": st.integers(0, 20),
    "number": st.floats(0, 1e9, allow_nan=False),
    "date": st.dates(date(1850, 1, 1), date(2200, 12, 31)),
    "datetime": moments,
    "int_list": st.lists(st.integers(0, 20), max_size=3),
    "text_list": st.lists(trimmed, max_size=3),
}


@st.composite
def frames(draw, table):
    """Rows of one table, unique by their first column, without rules over several columns."""
    n = draw(st.integers(0, 4))
    columns = {}
    for column in TABLES[table]:
        values = st.sampled_from(column.codes) if column.codes else VALUES[column.type]
        unique = column.name == "id"
        if not column.required:
            values = st.none() | values
        cells = st.lists(values, min_size=n, max_size=n, unique=unique)
        columns[column.name] = pl.Series(column.name, draw(cells), DTYPES[column.type])
    return pl.DataFrame(columns)


@settings(max_examples=30, deadline=None)
@given(frames("homes"), frames("landlords"), frames("people"), st.sampled_from(["csv", "parquet"]))
def test_written_tables_are_read_again(homes, landlords, people, format):
    written = {
        "homes": homes.drop("landlord"),
        "landlords": landlords,
        "people": people.drop("partner_of"),
    }
    with tempfile.TemporaryDirectory() as folder:
        files = write_tables(written, folder, format)
        (Path(folder) / "tables.yaml").write_text("placeholder_dates: []\n")
        tables = read_tables(folder, needs=())
        assert dict(tables.files) == files
    for table, frame in written.items():
        assert_frame_equal(tables.frames[table].drop("source_name", "source_row"), frame)


@settings(max_examples=30, deadline=None)
@given(frames("adverts"))
def test_moments_survive_clock_changes(adverts):
    adverts = adverts.select("id", "closes_at", "status", "labels")
    with tempfile.TemporaryDirectory() as folder:
        write_tables({"adverts": adverts}, folder)
        (Path(folder) / "tables.yaml").write_text("placeholder_dates: []\n")
        read = read_tables(folder, needs=()).frames["adverts"]
    assert_frame_equal(read.drop("source_name", "source_row"), adverts)


def test_writing_again_what_was_read_leaves_source_rows_out(tmp_path):
    frame = pl.DataFrame({"id": ["L1"], "name": ["=SUM(1)"], "source_row": [2]})
    write_tables({"landlords": frame}, tmp_path)
    assert (tmp_path / "landlords.csv").read_text() == "id,name\nL1,=SUM(1)\n"
    assert [path.name for path in tmp_path.iterdir()] == ["landlords.csv"]


@pytest.mark.parametrize(("frames", "words"), [
    (None, "the set of frames is not given by table"), ({"homes": None}, "homes is not a frame"),
])
def test_what_is_no_frames_by_table_is_neither_written_nor_checked(tmp_path, frames, words):
    with pytest.raises(TableError, match=words):
        write_tables(frames, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    if frames is None:
        with pytest.raises(TableError, match=words):
            validate_frames(frames)
