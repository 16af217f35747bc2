"""Habits of real extracts: each is found where it is planted, and nowhere in what is sound."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from cbl_engine.quality import find_habits
from cbl_engine.tables import LONDON
from tests.quality.changed import at

N = 40
DAY = dt.date(2024, 1, 1)
CLOSE = dt.date(2024, 6, 1)


def days(*offsets):
    return [DAY + dt.timedelta(days=offset) for offset in offsets]


def sound():
    """Tables in which nothing is odd."""
    ids = [f"A{i:02}" for i in range(N)]
    moments = [dt.datetime(2024, 5, 1, 9, i) for i in range(N)]
    return {
        "applications": pl.DataFrame({
            "id": ids,
            "status": ["active", "housed"] * (N // 2),
            "registered_on": days(*range(N)),
            "band_from": days(*range(N)),
        }),
        "people": pl.DataFrame({
            "id": [f"{a}-{k}" for a in ids for k in (1, 2)],
            "application": [a for a in ids for _ in (1, 2)],
            "relationship": ["applicant", "child"] * N,
            "sex": ["female", "male"] * N,
            "date_of_birth": [dt.date(1980, 1, 1) + dt.timedelta(days=i) for i in range(2 * N)],
        }),
        "homes": pl.DataFrame({"id": ["H1", "H2", "H3"], "uprn": ["1", "2", None]}),
        "adverts": pl.DataFrame({
            "id": [f"V{i:02}" for i in range(N)],
            "status": ["closed"] * (N - 1) + ["withdrawn"],
            "closes_at": [dt.datetime(2024, 6, 1, 12)] * N,
        }).with_columns(pl.col("closes_at").dt.replace_time_zone(LONDON)),
        "bids": pl.DataFrame({
            "advert": ["V00"] * N,
            "application": [ids[0], *ids[:-1]],
            "placed_at": moments,
            "withdrawn_at": [moments[1], *[None] * (N - 1)],
            "placed_by": ["automatic"] * N,
        }).with_columns(pl.col("placed_at", "withdrawn_at").dt.replace_time_zone(LONDON)),
    }


def kinds(frames):
    return {habit.kind for habit in find_habits(frames)} - {"never_bid"}


def test_sound_tables_have_no_habits():
    assert kinds(sound()) == set()
    assert find_habits({}) == ()


def every(table, **values):
    def change(frames):
        frames[table] = frames[table].with_columns(
            pl.lit(value, frames[table].schema.get(name)).alias(name)
            for name, value in values.items()
        )
    return change


def drop(table, column):
    def change(frames):
        frames[table] = frames[table].drop(column)
    return change


def twins(frames):
    people = frames["people"]
    first = people.filter(application="A01").select("date_of_birth", "sex")
    third = people.filter(application="A03").with_columns(first.reverse())
    frames["people"] = pl.concat([people.filter(pl.col("application") != "A03"), third])
    frames["applications"] = frames["applications"].with_columns(
        status=pl.when(pl.col("id").is_in(["A01", "A03"])).then(pl.lit("active"))
        .otherwise("status")
    )


def midnight(frames):
    frames["bids"] = frames["bids"].with_columns(
        pl.when(pl.int_range(pl.len()) < 5).then(pl.col("placed_at").dt.truncate("1d"))
        .otherwise("placed_at").alias("placed_at")
    )


def all_bid_for(frames):
    bids = frames["bids"]
    frames["bids"] = bids.with_columns(frames["adverts"]["id"].alias("advert"))


def all_bid(frames):
    frames["bids"] = frames["bids"].with_columns(frames["applications"]["id"].alias("application"))


@pytest.mark.parametrize(
    ("kind", "plant", "count", "rows"),
    [
        ("future_date", at("applications", 3, registered_on=dt.date(2024, 6, 2),
                           band_from=None), 1, ("A03",)),
        ("future_date", at("people", 4, date_of_birth=dt.date(2031, 1, 1)), 1, ("A02-1",)),
        ("birth_before_1900", at("people", 5, date_of_birth=dt.date(1899, 12, 1)), 1, ("A02-2",)),
        ("registered_before_birth", at("applications", 7, registered_on=dt.date(1970, 1, 1)), 1,
         ("A07",)),
        ("band_before_registration", at("applications", 8, band_from=dt.date(2020, 1, 1)), 1,
         ("A08",)),
        ("one_day", every("applications", band_from=dt.date(2024, 2, 20)), N, ()),
        ("band_overwritten", at("applications", 0, band_from=dt.date(2024, 6, 2)), 2, ("A00",)),
        ("only_housed", every("applications", status="housed"), 0, ()),
        ("none_housed", every("applications", status="active"), 0, ()),
        ("same_household", twins, 2, ("A01", "A03")),
        ("one_uprn", at("homes", 1, uprn="1"), 2, ("H1", "H2")),
        ("midnight_bids", midnight, 5, ("V00",)),
        ("automatic_unmarked", every("bids", placed_by="applicant"), 0, ()),
        ("automatic_unmarked", drop("bids", "placed_by"), 0, ()),
        ("no_withdrawn_bids", drop("bids", "withdrawn_at"), 0, ()),
        ("no_failed_adverts", every("adverts", status="closed"), 0, ()),
        ("every_advert_has_bids", all_bid_for, 0, ()),
        ("only_bidders", all_bid, 0, ()),
        ("nearly_empty", every("homes", uprn=None), None, ()),
        ("nearly_empty", every("applications", bedroom_need=None), N, ()),
    ],
)
def test_a_habit_is_found_where_it_is_planted(kind, plant, count, rows):
    frames = sound()
    plant(frames)
    found = [habit for habit in find_habits(frames) if habit.kind == kind]
    if count is None:  # too few rows to say anything
        assert found == []
        return
    (habit,) = found
    assert (habit.count, habit.rows) == (count, rows)
    assert habit.bias.endswith(".")
    assert habit.remedy.endswith(".")


def test_the_order_of_rows_has_no_say():
    frames = sound()
    for plant in (twins, midnight, at("homes", 1, uprn="1")):
        plant(frames)
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=3)
                for name, frame in frames.items()}
    assert find_habits(shuffled) == find_habits(frames)


def test_versions_of_an_application_are_no_overwritten_band():
    frames = sound()
    at("applications", 0, band_from=dt.date(2024, 6, 2))(frames)
    every("applications", valid_from=None)(frames)
    assert "band_overwritten" not in kinds(frames)


def test_no_personal_fact_is_said():
    frames = sound()
    at("people", 5, date_of_birth=dt.date(1899, 12, 1))(frames)
    assert not any("1899" in str(habit) for habit in find_habits(frames))


def test_a_given_day_is_looked_from():
    frames = sound()
    future = [h for h in find_habits(frames, dt.date(2024, 1, 10)) if h.kind == "future_date"]
    assert {(h.column, h.count) for h in future} == {("registered_on", 30), ("band_from", 30)}
