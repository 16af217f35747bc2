"""Frames in memory: types, row rules and relations between tables."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from cbl_engine.tables import ExtraColumn, column_problems, validate_frames

LONDON = ZoneInfo("Europe/London")
MOMENT = pl.Datetime("us", "Europe/London")


def at(day, hour=12):
    return datetime(2024, 5, day, hour, tzinfo=LONDON)


def adverts(**columns):
    return pl.DataFrame(
        {"id": ["V1"], "opens_at": [at(1)], "closes_at": [at(8)], "status": ["open"], **columns},
        schema_overrides={"opens_at": MOMENT, "closes_at": MOMENT},
    )


def applications(*ids):
    return pl.DataFrame({"id": list(ids), "status": ["active"] * len(ids)})


def bids(*rows):
    return pl.DataFrame(
        list(rows),
        schema={"advert": pl.String, "application": pl.String, "placed_at": MOMENT},
        orient="row",
    )


def found(frames, extras=None):
    """Kind, where, count and rows of each problem."""
    return [(p.kind, p.where, p.count, p.rows) for p in validate_frames(frames, extras)[1]]


def test_good_frames_come_back_as_they_are():
    frames = {
        "applications": applications("A1"),
        "adverts": adverts(),
        "bids": bids(("V1", "A1", at(2))),
    }
    good, problems, rejected = validate_frames(frames)
    assert problems == ()
    assert rejected.height == 0
    for table, frame in frames.items():
        assert good[table].equals(frame)


def test_windows_include_both_ends():
    rows = [
        ("V1", "A1", at(1)),
        ("V1", "A1", at(8)),
        ("V1", "A1", at(8, 13)),
        ("V1", "A1", at(1, 11)),
    ]
    assert found({"adverts": adverts(), "bids": bids(*rows)}) == [
        ("bid_outside_window", "bids.placed_at", 2, ("row 3", "row 4"))
    ]


def test_no_opening_time_is_no_lower_bound():
    frame = adverts().with_columns(opens_at=pl.lit(None, MOMENT))
    rows = bids(("V1", "A1", at(1, 0)))
    assert found({"adverts": frame, "bids": rows}) == []
    assert found({"adverts": frame.drop("opens_at"), "bids": rows}) == []


def test_exact_repeats_of_a_bid_but_not_second_bids():
    rows = bids(("V1", "A1", at(2)), ("V1", "A1", at(3)), ("V1", "A1", at(2)))
    assert found({"bids": rows}) == [("duplicate_key", "bids.advert", 2, ("row 1", "row 3"))]


def test_rows_of_their_own_rules():
    frames = {
        "adverts": adverts(home=["H1"], home_group=["G1"], opens_at=[at(9)]),
        "bids": bids(("V1", "A1", at(9))).with_columns(withdrawn_at=pl.lit(at(3), MOMENT)),
        "connections": pl.DataFrame(
            {
                "application": ["A1"],
                "area": ["R1"],
                "kind": ["work"],
                "since": [date(2020, 1, 1)],
                "until": [date(2020, 1, 1)],
            }
        ),
    }
    assert {(kind, where) for kind, where, _, _ in found(frames)} == {
        ("home_and_group", "adverts.home_group"),
        ("closes_before_opens", "adverts.closes_at"),
        ("ends_before_start", "connections.until"),
        ("withdrawn_before_placed", "bids.withdrawn_at"),
        ("refers_to_rejected", "bids.advert"),
        ("bid_outside_window", "bids.placed_at"),
    }


def test_versions_of_an_application():
    def day(month):
        return date(2024, month, 1)

    frame = pl.DataFrame(
        {
            "id": ["A1", "A1", "A1", "A2", "A2", "A3", "A3", "A4", "A4"],
            "status": ["active"] * 9,
            "valid_from": [day(3), None, day(2), day(1), day(2), day(1), day(1), day(1), day(5)],
            "valid_to": [None, day(2), day(3), day(3), None, day(2), day(2), None, day(6)],
        }
    )
    assert found({"applications": frame}) == [
        (
            "overlapping_versions",
            "applications.valid_from",
            6,
            ("row 4", "row 5", "row 6", "row 7", "row 8"),
        ),
        ("duplicate_key", "applications.id", 2, ("row 6", "row 7")),
    ]
    good, _, _ = validate_frames({"applications": frame, "bids": bids(("V1", "A1", at(1)))})
    assert good["applications"]["id"].to_list() == ["A1"] * 3
    assert good["bids"].height == 1


def test_unknown_references_everywhere():
    frames = {
        "applications": applications("A1"),
        "people": pl.DataFrame({"id": ["P1"], "application": ["A9"], "partner_of": ["P9"]}),
        "connections": pl.DataFrame(
            {"application": ["A9"], "person": ["P9"], "area": ["R9"], "kind": ["work"]}
        ),
        "areas": pl.DataFrame({"id": ["R1"], "parent": ["R9"]}),
        "landlords": pl.DataFrame({"id": ["L1"]}),
        "homes": pl.DataFrame({"id": ["H1"], "area": ["R9"], "landlord": ["L9"]}),
        "adverts": adverts(home=["H9"]),
        "bids": bids(("V9", "A9", at(1))),
    }
    assert {(kind, where) for kind, where, _, _ in found(frames)} == {
        ("unknown_application", "people.application"),
        ("unknown_person", "people.partner_of"),
        ("unknown_application", "connections.application"),
        ("unknown_person", "connections.person"),
        ("unknown_area", "connections.area"),
        ("unknown_area", "areas.parent"),
        ("unknown_area", "homes.area"),
        ("unknown_landlord", "homes.landlord"),
        ("unknown_home", "adverts.home"),
        ("unknown_advert", "bids.advert"),
        ("unknown_application", "bids.application"),
    }


def test_rejection_is_passed_on_through_every_table():
    frames = {
        "areas": pl.DataFrame({"id": ["R1", "R2", "R3"], "parent": ["R9", "R1", "R2"]}),
        "homes": pl.DataFrame({"id": ["H1"], "area": ["R3"]}),
        "adverts": adverts(home=["H1"]),
        "bids": bids(("V1", "A1", at(2))),
    }
    good, _, rejected = validate_frames(frames)
    assert all(frame.height == 0 for frame in good.values())
    assert rejected.select("table", "source_row", "kind").rows() == [
        ("adverts", 1, "refers_to_rejected"),
        ("areas", 1, "unknown_area"),
        ("areas", 2, "refers_to_rejected"),
        ("areas", 3, "refers_to_rejected"),
        ("bids", 1, "refers_to_rejected"),
        ("homes", 1, "refers_to_rejected"),
    ]


def test_areas_in_a_circle():
    frame = pl.DataFrame(
        {
            "id": ["a", "b", "c", "d", "e", "f"],
            "parent": ["b", "c", "a", "a", None, "f"],
        }
    )
    assert found({"areas": frame}) == [
        ("area_circle", "areas.parent", 4, ("row 1", "row 2", "row 3", "row 6")),
        ("refers_to_rejected", "areas.parent", 1, ("row 4",)),
    ]
    assert validate_frames({"areas": frame})[0]["areas"]["id"].to_list() == ["e"]


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Int32, pl.UInt32, pl.UInt64])
def test_whole_number_ids(dtype):
    frames = {
        "applications": pl.DataFrame(
            {"id": [0, 1], "status": ["active"] * 2}, schema_overrides={"id": dtype}
        ),
        "adverts": adverts().with_columns(id=pl.lit(7, pl.Int32)),
        "bids": pl.DataFrame(
            {"advert": [7, 8], "application": [1, 5], "placed_at": [at(2), at(2)]},
            schema_overrides={"placed_at": MOMENT, "application": dtype},
        ),
    }
    good, problems, _ = validate_frames(frames)
    assert good["applications"].schema["id"] == dtype
    assert [(p.kind, p.rows) for p in problems] == [
        ("unknown_advert", ("row 2",)),
        ("unknown_application", ("row 2",)),
    ]


def test_ids_must_agree_in_type():
    frames = {
        "adverts": adverts().with_columns(id=pl.lit(1, pl.Int64)),
        "bids": bids(("1", "A1", at(2))),
    }
    good, problems, _ = validate_frames(frames)
    assert [p.line() for p in problems] == [
        "bids.advert: ids of another type than those of adverts; given String; allowed: Int64. "
        "Use text in both, or whole numbers in both"
    ]
    assert set(good) == {"adverts"}


def test_whole_numbers_of_which_none_is_given_are_ids_of_any_type():
    frames = {
        "adverts": adverts().with_columns(id=pl.lit(None, pl.Int64)),
        "bids": bids(("1", "A1", at(2))),
    }
    assert found(frames) == [
        ("missing_value", "adverts.id", 1, ("row 1",)), ("unknown_advert", "bids.advert", 1, ("row 1",))]


def test_wrong_types_and_missing_columns_are_reported_with_the_rows():
    frame = pl.DataFrame({"id": ["A1", None], "registered_on": ["x", "y"], "points": [1, 2]})
    assert found({"applications": frame}) == [
        ("wrong_dtype", "applications.registered_on", 1, ()),
        ("missing_column", "applications.status", 1, ()),
        ("missing_value", "applications.id", 1, ("row 2",)),
    ]


def test_naive_times_are_refused_in_memory():
    frame = adverts().with_columns(pl.col("closes_at").dt.replace_time_zone(None))
    assert [kind for kind, *_ in found({"adverts": frame})] == ["wrong_dtype"]


def test_narrow_types_are_widened_and_other_zones_converted():
    frame = adverts(bedrooms=pl.Series([2], dtype=pl.UInt8), rent_weekly=[100], lift=[None])
    frame = frame.with_columns(pl.col("closes_at").dt.convert_time_zone("UTC"))
    good, problems, _ = validate_frames({"adverts": frame})
    assert problems == ()
    schema = good["adverts"].schema
    assert (schema["bedrooms"], schema["rent_weekly"], schema["lift"]) == (
        pl.Int64,
        pl.Float64,
        pl.Boolean,
    )
    assert good["adverts"]["closes_at"].to_list() == [at(8)]


def test_values_out_of_range():
    frame = pl.DataFrame(
        {
            "id": ["H1", " H2", "", "H4"],
            "bedrooms": [21, 1, 1, 1],
            "rent_weekly": [float("nan"), -1.0, 90.5, None],
            "adaptations": [["a", None], [], None, ["b"]],
        }
    )
    problems = validate_frames({"homes": frame})[1]
    assert {(p.kind, p.where, p.count) for p in problems} == {
        ("out_of_range", "homes.bedrooms", 1),
        ("out_of_range", "homes.rent_weekly", 2),
        ("spaces_in_id", "homes.id", 2),
        ("empty_item", "homes.adaptations", 1),
    }


def test_extra_columns_called_like_anything():
    frame = applications("A1").with_columns(filter=pl.lit("z"), id_2=pl.lit(1))
    extras = {"applications": [ExtraColumn("filter", "code", codes=("a",))]}
    assert found({"applications": frame}, extras) == [
        ("unknown_code", "applications.filter", 1, ("row 1",))
    ]


def test_extra_columns_that_clash_and_unknown_tables():
    extras = {"applications": [ExtraColumn("band", "int")], "aplications": []}
    assert {
        kind
        for kind, *_ in found({"applications": applications("A1"), "x": pl.DataFrame()}, extras)
    } == {
        "extra_column_clash",
        "unknown_table",
    }


def test_a_lazy_frame_is_told_of_and_left_out():
    areas = pl.DataFrame({"id": ["a"]})
    good, problems, rejected = validate_frames({"homes": pl.LazyFrame({"id": ["h"]}), "areas": areas})
    assert list(good) == ["areas"]
    assert [problem.line() for problem in problems] == [
        "homes: homes is not a frame; given a LazyFrame; allowed: a polars.DataFrame. Collect it first"
    ]
    assert rejected["table"].to_list() == ["homes"]


def test_source_rows_of_frames_are_used():
    frame = applications("A1", "A1").with_columns(source_row=pl.Series([7, 9]))
    assert found({"applications": frame}) == [
        ("duplicate_key", "applications.id", 2, ("row 7", "row 9"))
    ]


def test_a_million_bids():
    n = 1_000_000
    rows = pl.select(
        advert=pl.format("V{}", pl.int_range(n) % 500),
        application=pl.format("A{}", pl.int_range(n) % 60_000),
        placed_at=pl.lit(at(1), MOMENT) + pl.duration(milliseconds=pl.int_range(n)),
    )
    frame = pl.select(id=pl.format("V{}", pl.int_range(500))).with_columns(
        closes_at=pl.lit(at(8), MOMENT), status=pl.lit("closed")
    )
    good, problems, _ = validate_frames({"adverts": frame, "bids": rows})
    assert problems == ()
    assert good["bids"].height == n


def test_the_values_of_an_enum_are_in_no_message():
    born = ["1990-01-31", "1991-02-28"]
    people = pl.DataFrame({"id": ["p1", "p2"], "application": ["A1", "A1"],
                           "date_of_birth": pl.Series(born, dtype=pl.Enum(born))})
    whole = people.with_columns(pl.concat_list("date_of_birth").alias("date_of_birth"))
    for frame, given in ((people, "Enum"), (whole, "List(Enum)")):
        _, problems, _ = validate_frames({"applications": applications("A1"), "people": frame})
        lines = [p.line() for p in problems if p.kind == "wrong_dtype"]
        assert lines == [
            f"people.date_of_birth: the column has the wrong type; given {given}; allowed: Date"]
    seen = [p.line() for p in column_problems(people, "people", {"date_of_birth": "date"})]
    assert len(seen) == 1
    assert not any(day in seen[0] for day in born)


@pytest.mark.parametrize("value", [["a"], [], [None]])
def test_a_list_in_a_yes_or_no_column_is_of_the_wrong_type(value):
    people = pl.DataFrame({"id": ["p1"], "application": ["A1"], "carer": [value]})
    _, problems, _ = validate_frames({"applications": applications("A1"), "people": people})
    assert [p.kind for p in problems if p.where == "people.carer"] == ["wrong_dtype"]
