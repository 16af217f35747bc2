"""Rooms of the present home: bedrooms that are large enough, overcrowding as a fact, what is missing."""

from __future__ import annotations

from datetime import date
from itertools import product

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbl_engine.assess import assess, statutory_overcrowding
from cbl_engine.assess.rooms import bedrooms_now
from cbl_engine.errors import TableError
from cbl_engine.report import explain_assessment
from cbl_engine.scheme import load_scheme, scheme_from_text
from cbl_engine.scheme.bedrooms import BedroomStandard
from cbl_engine.shipped import shipped_folder
from tests.assess.bedroom_frames import AS_AT, applications_of, people_of
from tests.reference.frames import frame_of

SCHEME = load_scheme(shipped_folder("cases") / "schemes/present_home.yaml")
FIFTY = SCHEME.versions[0].bedroom_standards["to_live_in"]
COUPLE = "a F30 applicant, b M32 partner"


def rooms_of(*rooms):
    rows = [{"application": "A", "use": use, "floor_area_sq_ft": area} for use, area in rooms]
    return frame_of("rooms", rows)


def count(said, *rooms, standard=FIFTY):
    applications = pl.DataFrame({"id": ["A"], "current_bedrooms": [said]},
                                schema={"id": pl.String, "current_bedrooms": pl.Int64})
    return bedrooms_now(rooms_of(*rooms), standard, AS_AT, applications).row(0, named=True)


@pytest.mark.parametrize(
    ("said", "areas", "bedrooms", "basis"),
    [
        (None, [50.0, 49.9], 1, "recorded"),
        (2, [50.0, 49.9], 1, "recorded"),
        (1, [50.0, 49.9], 1, "recorded"),
        (3, [50.0, 49.9], None, "differs"),
        (0, [50.0, 49.9], None, "differs"),
        (2, [50.0, None], None, "area_missing"),
        (1, [50.0, None], None, "area_missing"),
        (0, [50.0, None], None, "differs"),
        (2, [], 2, "not_recorded"),
        (None, [], None, "not_recorded"),
    ],
)
def test_bedrooms_that_are_too_small_are_not_counted(said, areas, bedrooms, basis):
    found = count(said, *(("bedroom", area) for area in areas))
    assert (found["bedrooms"], found["basis"]) == (bedrooms, basis)


def test_a_standard_without_a_least_size_counts_every_bedroom():
    assert count(2, ("bedroom", None), ("bedroom", 1.0), ("other", 99.0),
                 standard="twenty_one_year")["bedrooms"] == 2


@given(
    st.lists(st.tuples(st.sampled_from(["bedroom", "living_room", "other"]),
                       st.sampled_from([None, 30.0, 50.0, 70.0])), min_size=1, max_size=5),
    st.none() | st.integers(0, 5),
)
def test_a_number_that_is_known_is_that_of_every_home_that_fits_the_record(rooms, said):
    """What is not measured may be any size; a number on record counts all bedrooms or the large."""
    unknown = [at for at, (_, area) in enumerate(rooms) if area is None]
    possible = set()
    for sizes in product((30.0, 50.0), repeat=len(unknown)):
        areas = [area for _, area in rooms]
        for at, size in zip(unknown, sizes, strict=True):
            areas[at] = size
        bedrooms = [a for (use, _), a in zip(rooms, areas, strict=True) if use == "bedroom"]
        large = sum(a >= 50 for a in bedrooms)
        if said in (None, len(bedrooms), large):
            possible.add(large)
    found = count(said, *rooms)["bedrooms"]
    assert found is None or possible == {found}
    if len(possible) == 1 and not unknown:
        assert found in possible


def register(rooms, **more):
    return {
        "applications": frame_of("applications", [
            {"id": "A", "status": "active", "registered_on": date(2024, 1, 1),
             "current_bedrooms": 1, **more}]),
        "people": people_of(COUPLE + ", c M9 child"),
        "rooms": rooms,
    }


def test_neither_kitchens_nor_homes_that_were_left_count_in_law():
    rooms = frame_of("rooms", [
        {"application": "A", "use": "bedroom", "floor_area_sq_ft": 200.0, "until": AS_AT},
        {"application": "A", "use": "bedroom", "floor_area_sq_ft": 110.0, "since": AS_AT},
        {"application": "A", "use": "other", "floor_area_sq_ft": 110.0},
    ])
    found = statutory_overcrowding(people_of(COUPLE), rooms, AS_AT, applications_of(COUPLE))
    assert found.select("rooms", "permitted_by_area", "overcrowded").row(0) == (1, 2.0, False)


def test_the_note_tells_the_rooms_and_both_standards():
    rooms = rooms_of(("bedroom", 110.0), ("bedroom", 45.0))
    note = explain_assessment(assess(SCHEME, register(rooms, current_bedrooms=2), AS_AT), "A")
    text = " ".join(note.text().split())
    assert "Bedrooms now, by the standard Bedrooms to live in: 1 (by the rooms on record)." in text
    assert "not counted: under 50 square feet" in text
    assert "Room standard (Housing Act 1985 s.325): kept; rooms to sleep in: 2, needed: 1." in text
    assert ("Space standard (s.326): broken; persons: 2.5, permitted by the number of rooms: 2, by "
            "their floor area: 2.") in text
    assert [(r.use, r.square_feet) for r in note.rooms] == [("bedroom", 45.0), ("bedroom", 110.0)]


def test_the_note_asks_for_a_floor_area_that_is_missing():
    rooms = rooms_of(("bedroom", 110.0), ("bedroom", None))
    note = explain_assessment(assess(SCHEME, register(rooms, current_bedrooms=2), AS_AT), "A")
    assert {(m.column, m.needed_by) for m in note.missing if m.column.startswith("rooms")} == {
        ("rooms.floor_area_sq_ft", "bedrooms_held"), ("rooms.floor_area_sq_ft", "overcrowded")}
    text = " ".join(note.text().split())
    assert "not known (between 1 and 2, as a floor area is not known)" in text
    assert "not known: counted from 50 square feet" in text


@pytest.mark.parametrize(
    ("kind", "areas", "people", "wanted"),
    [
        ("room_standard", [None], "a F36 applicant, b U14 child", {"A-b.sex"}),
        ("room_standard", [None], "a F36 applicant, b O14 child", {"A-b.sex"}),
        ("room_standard", [None], "a F36 applicant, b U? child, c U9 child",
         {"A-b.sex", "A-b.date_of_birth"}),
        ("space_standard", [None], "a F36 applicant, b U14 child", {"rooms.floor_area_sq_ft"}),
        ("either", [200.0], "a F36 applicant, b U14 child", {"A-b.sex"}),
        ("either", [200.0, None], "a F36 applicant, b F14 child, c U9 child", {"rooms.floor_area_sq_ft"}),
        ("either", [None], "a F36 applicant, b M14 child", set()),
    ],
)
def test_what_overcrowding_lacks_is_asked_for_by_the_standard_that_needs_it(
    kind, areas, people, wanted
):
    """Housing Act 1985: s.325 reads ages and sexes, s.326 ages and floor areas."""
    text = SCHEME.documents[0].text.replace("statutory_overcrowding: either",
                                            f"statutory_overcrowding: {kind}")
    tables = register(rooms_of(*(("bedroom", area) for area in areas))) | {"people": people_of(people)}
    missing = assess(scheme_from_text(text), tables, AS_AT).missing()
    assert set(missing.filter(needed_by="overcrowded")["column"]) == wanted


@pytest.mark.parametrize("kind", ["room_standard", "space_standard"])
def test_one_of_the_two_standards_may_be_asked(kind):
    text = SCHEME.documents[0].text.replace("statutory_overcrowding: either",
                                            f"statutory_overcrowding: {kind}")
    rooms = rooms_of(("bedroom", 110.0))
    found = assess(scheme_from_text(text), register(rooms), AS_AT)
    assert found.assessed["band"].to_list() == ["A" if kind == "space_standard" else "B"]


def test_the_next_review_is_the_birthday_or_the_day_on_which_a_room_is_had():
    rooms = rooms_of(("bedroom", 110.0), ("living_room", 110.0))
    assessed = assess(SCHEME, register(rooms), AS_AT).assessed
    assert assessed["next_review_on"].item() == date(2027, 3, 7)  # the child is ten
    later = rooms.with_columns(pl.lit(date(2026, 8, 1)).alias("until"))
    assessed = assess(SCHEME, register(later), AS_AT).assessed
    assert assessed["next_review_on"].item() == date(2026, 8, 1)


def test_a_register_without_the_table_is_told_to_add_it():
    tables = register(rooms_of())
    del tables["rooms"]
    with pytest.raises(TableError, match=r"rooms: the scheme's assessment reads the table rooms"):
        assess(SCHEME, tables, AS_AT)


def test_a_standard_may_be_given_by_itself():
    whole = BedroomStandard(label="x", smallest_room_sq_ft=70.0)
    assert count(None, ("bedroom", 70.0), ("bedroom", 69.0), standard=whole)["bedrooms"] == 1
