"""Statutory overcrowding: Housing Act 1985 ss.325 and 326, and rooms too small to count."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbl_engine.assess.overcrowding import statutory_overcrowding
from cbl_engine.errors import TableError
from tests.assess.bedroom_frames import AS_AT, applications_of, people_of
from tests.reference.rooms import overcrowded


def judge(household, *areas):
    rooms = pl.DataFrame(
        {"application": ["A"] * len(areas), "floor_area_sq_ft": list(areas)},
        schema={"application": pl.String, "floor_area_sq_ft": pl.Float64},
    )
    return statutory_overcrowding(
        people_of(household), rooms, AS_AT, applications_of(household)).row(0, named=True)


@pytest.mark.parametrize(
    ("household", "rooms", "broken"),
    [
        ("a F30 applicant, b M32 partner", 1, False),
        ("a F30 applicant, b M32 other_relative", 1, True),
        ("a F30 applicant, b M9 child", 1, False),
        ("a F30 applicant, b M10 child", 1, True),
        ("a F30 applicant, b F10 child, c F40 sibling", 1, False),
        ("a F30 applicant, b M32 partner, c F10 child", 1, True),
        ("a F30 applicant, b M32 partner, c F10 child, d M15 child", 2, False),
        ("a F30 applicant, b F32 partner, c F12 child", 1, False),
    ],
)
def test_room_standard(household, rooms, broken):
    assert judge(household, *[200.0] * rooms)["room_standard_broken"] is broken


@pytest.mark.parametrize("area", [45.0, 1.0, None])
def test_the_room_standard_asks_for_no_floor_area(area):
    """s.325(2)(b): a room counts by its type; that one under 50 square feet does not is s.326."""
    found = judge("a F36 applicant, b M14 child", 120.0, area)
    assert (found["rooms"], found["rooms_needed"], found["room_standard_broken"]) == (2, 2, False)
    assert judge("a F36 applicant, b M14 child", area)["room_standard_broken"] is True
    assert judge("a F36 applicant, b M14 child", 120.0, 45.0)["overcrowded"] is False


@pytest.mark.parametrize("household", ["a F36 applicant", "a F36 applicant, b M9 child", "a U? applicant"])
def test_one_person_of_ten_or_over_cannot_break_the_room_standard(household):
    """s.325(1) wants two; s.325(2)(a) leaves out children under ten."""
    assert judge(household, 45.0)["room_standard_broken"] is False


def test_a_couple_keeps_the_room_standard_only_when_both_of_it_are_old_enough_and_alone():
    """s.325: whoever else is 10 or over is of the other sex to one of the two."""
    assert judge("a F36 applicant, b M? partner, c M16 child", 200.0)["room_standard_broken"] is True
    assert judge("a F36 applicant, b M? partner, c M9 child", 200.0)["room_standard_broken"] is False
    assert judge("a F36 applicant, b M? partner, c M? child", 200.0)["room_standard_broken"] is None
    # A date of birth that cannot be right makes nobody of other people's couple.
    assert judge("a F10 applicant, b F9 partner, c M30 sibling", 200.0)["room_standard_broken"] is True


PEOPLE = st.tuples(
    st.sampled_from("FMFMU"), st.sampled_from(["?", "-4w", "0", "3m", "1", "9", "10", "30", "30"]),
    st.sampled_from(["child", "sibling"]))


@settings(deadline=None)
@given(
    st.lists(PEOPLE, min_size=1, max_size=5), st.booleans(),
    st.lists(st.sampled_from([None, 30.0, 49.9, 50.0, 70.0, 110.0, 200.0]), max_size=3),
)
def test_both_standards_are_those_of_every_way_in_which_what_is_missing_may_turn_out(
    people, couple, areas
):
    roles = ["applicant", "partner" if couple else "sibling"]
    text = ", ".join(
        f"p{at} {sex}{age} {roles[at] if at < 2 else role}"
        for at, (sex, age, role) in enumerate(people))
    rows = [{"use": "bedroom", "floor_area_sq_ft": area, "since": None, "until": None}
            for area in areas]
    found = judge(text, *areas)
    for rule, column in (("room_standard", "room_standard_broken"),
                         ("space_standard", "space_standard_broken"), ("either", "overcrowded")):
        assert found[column] is overcrowded(rule, rows, people_of(text).to_dicts(), AS_AT)


@pytest.mark.parametrize(
    ("household", "persons"),
    [
        ("a F30 applicant, b M3m child", 1.0),
        ("a F30 applicant, b M-4w child", 1.0),
        ("a F30 applicant, b M1 child, c F9 child", 2.0),
        ("a F30 applicant, b M10 child", 2.0),
    ],
)
def test_under_ones_count_for_nothing_and_those_of_1_to_9_a_half(household, persons):
    assert judge(household, 120.0)["persons"] == persons


@pytest.mark.parametrize(
    ("areas", "by_rooms", "by_area"),
    [
        ([110.0], 2.0, 2.0),
        ([109.9], 2.0, 1.5),
        ([90.0, 89.9], 3.0, 2.5),
        ([70.0, 69.9, 50.0], 5.0, 2.0),
        ([120.0, 120.0, 120.0, 49.9], 5.0, 6.0),
        ([110.0] * 4, 7.5, 8.0),
        ([110.0] * 5, 10.0, 10.0),
        ([110.0] * 6, 12.0, 12.0),
    ],
)
def test_permitted_numbers(areas, by_rooms, by_area):
    found = judge("a F30 applicant", *areas)
    assert (found["permitted_by_rooms"], found["permitted_by_area"]) == (by_rooms, by_area)


def test_the_lesser_of_the_two_tables_is_permitted():
    family = "a F30 applicant, b M32 partner, c F9 child, d F8 child"  # three persons
    assert judge(family, 110.0, 110.0)["space_standard_broken"] is False
    assert judge(family, 110.0, 70.0)["space_standard_broken"] is False
    assert judge(family, 110.0, 69.0)["space_standard_broken"] is True
    assert judge(family, 200.0)["overcrowded"] is True


def test_what_is_missing_is_not_known_unless_it_cannot_matter():
    assert judge("a F30 applicant, b M? child", 200.0, 200.0)["persons"] is None
    assert judge("a F30 applicant, b M? child", 200.0, 200.0)["overcrowded"] is False
    assert judge("a F30 applicant, b U30 sibling", 200.0)["room_standard_broken"] is None
    assert judge("a U30 applicant, b U30 partner", 200.0)["room_standard_broken"] is False
    assert judge("a F30 applicant, b M30 sibling", None)["room_standard_broken"] is True
    assert judge("a F30 applicant, b F30 sibling", None)["overcrowded"] is None
    assert judge("a F30 applicant")["overcrowded"] is None



def test_a_missing_column_is_named():
    with pytest.raises(TableError, match=r"rooms\.floor_area_sq_ft"):
        statutory_overcrowding(people_of("a F30 applicant"),
                               pl.DataFrame({"application": ["A"]}), AS_AT,
                               applications_of("a F30 applicant"))


def test_a_home_whose_rooms_are_all_too_small_permits_nobody():
    found = judge("a F30 applicant", 49.9)
    assert (found["rooms"], found["permitted_by_rooms"], found["permitted_by_area"]) == (1, 0.0, 0.0)
    assert (found["room_standard_broken"], found["space_standard_broken"]) == (False, True)
