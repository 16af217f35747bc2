"""Tables of dated rows are read, checked and refer to applications like the rest."""

from __future__ import annotations

from datetime import date

import pytest

from cbl_engine.errors import TableError
from cbl_engine.tables import DATED_TABLES, read_tables, validate_frames
from tests.reference.frames import frame_of

REQUIRED = {
    "band_history": "application,band\nP,A\n",
    "status_history": "application,status\nP,active\n",
    "duties": "application,kind\nP,main\n",
    "rooms": "application,use\nP,bedroom\n",
    "ta_placements": "application,kind\nP,hotel\n",
    "officer_decisions": "id,application,subject,stage\nd,P,medical,decision\n",
    "overrides": "id,application,field,value\no,P,sizes,2|3\n",
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "applications.csv").write_text("id,status\nP,active\n")
    for table, text in REQUIRED.items():
        (tmp_path / f"{table}.csv").write_text(text)
    return tmp_path


def test_each_is_read_from_csv(folder):
    frames = read_tables(folder, needs=()).frames
    assert set(frames) == {"applications", *DATED_TABLES}
    assert all(frames[table].height == 1 for table in DATED_TABLES)


@pytest.mark.parametrize("table", DATED_TABLES)
def test_a_row_of_an_application_that_is_not_there_is_told(folder, table):
    (folder / f"{table}.csv").write_text(REQUIRED[table].replace(",P,", ",Q,").replace("P,", "Q,"))
    with pytest.raises(TableError) as caught:
        read_tables(folder, needs=())
    assert [p.kind for p in caught.value.problems] == ["unknown_application"]


@pytest.mark.parametrize("table", DATED_TABLES)
def test_a_row_that_ends_before_it_begins_is_told_without_its_values(table):
    day = date(2025, 1, 1)
    row = {"id": "i", "application": "P", "band": "A", "status": "active", "kind": "main", "use": "other",
           "subject": "x", "stage": "decision", "field": "band", "since": day, "until": day}
    _, problems, _ = validate_frames({
        "applications": frame_of("applications", [{"id": "P", "status": "active"}]),
        table: frame_of(table, [row])})
    assert [p.kind for p in problems] == ["ends_before_start"]
    assert "2025" not in problems[0].line()


def test_codes_of_duties_and_overrides_are_checked(folder):
    (folder / "duties.csv").write_text("application,kind\nP,nonsense\n")
    (folder / "overrides.csv").write_text("id,application,field\no,P,height\n")
    with pytest.raises(TableError) as caught:
        read_tables(folder, needs=())
    assert [(p.kind, p.where.split(":")[0]) for p in caught.value.problems] == [
        ("unknown_code", "duties.csv"), ("unknown_code", "overrides.csv")]
    assert "nonsense" not in str(caught.value)
