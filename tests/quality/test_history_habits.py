"""Habits of histories: each is found where it is planted, and none in what is sound."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from cbl_engine.quality import find_habits, quality_of_history
from cbl_engine.tables import read_tables, write_tables
from tests.quality.changed import at

N = 40
DAY = dt.date(2024, 3, 1)


def on(column, days):
    return pl.Series(column, [None if d is None else DAY + dt.timedelta(days=d) for d in days])


def sound():
    """A history in which nothing is odd: the last void is open, one nomination failed."""
    ids = [f"{i:02}" for i in range(N)]
    every = range(N)
    return {
        "applications": pl.DataFrame({
            "id": ids, "status": ["housed", "active"] * (N // 2),
        }).with_columns(on("registered_on", every)),
        "status_history": pl.DataFrame({
            "application": ids[::2], "status": "housed",
        }).with_columns(on("since", every[::2])),
        "tenancies": pl.DataFrame({"id": ids, "home": ids}).with_columns(on("start", every)),
        "voids": pl.DataFrame({"id": ids, "home": ids}).with_columns(
            on("notice_given_on", [d - 28 for d in every]), on("tenancy_ended_on", every),
            on("keys_in_on", [d + 2 for d in every]), on("inspected_on", [d + 3 for d in every]),
            on("ready_on", [d + 20 for d in every]), on("advertised_on", [d + 10 for d in every]),
            on("closed_on", [d + 17 for d in every]), on("accepted_on", [d + 22 for d in every]),
            on("let_on", [*(d + 30 for d in every[:-1]), None]),
        ),
        "outcomes": pl.DataFrame({
            "id": ids, "what": ["accepted"] * (N - 1) + ["refused"], "advert": ids,
            "application": ids,
        }).with_columns(on("on", every)),
    }


def kinds(frames):
    return {habit.kind for habit in find_habits(frames)}


def test_a_sound_history_has_no_habits():
    assert kinds(sound()) == set()


def let_alone(frames):
    frames["voids"] = frames["voids"].with_columns(pl.col("let_on").fill_null(DAY))
    frames["voids"] = pl.concat([frames["voids"].head(N - 1), frames["voids"].head(1).with_columns(
        id=pl.lit("more"), home=pl.lit("more"))])


@pytest.mark.parametrize(
    ("change", "kind", "rows"),
    [
        (at("voids", 3, let_on=dt.date(2024, 1, 1)), "void_ends_before_start", ("03",)),
        (at("voids", 3, inspected_on=dt.date(2024, 1, 1)), "stages_out_of_order", ("03",)),
        (at("voids", 3, notice_given_on=dt.date(2024, 9, 1)), "stages_out_of_order", ("03",)),
        (at("voids", 3, keys_in_on=dt.date(1900, 1, 2)), "placeholder_date", ("03",)),
        (at("tenancies", 3, start=dt.date(1901, 1, 1)), "placeholder_date", ("03",)),
        (at("applications", 3, registered_on=dt.date(1900, 1, 2)), "placeholder_date", ("03",)),
        (at("voids", 3, home="02"), "void_twice", ("03",)),
        (let_alone, "only_let_voids", ()),
        (lambda f: f.update(outcomes=f["outcomes"].head(N - 1)), "only_successes", ()),
        (lambda f: f.update(status_history=f["status_history"].tail(N // 2 - 1)),
         "gone_without_day", ("00",)),
    ],
)
def test_each_habit_is_found_where_it_is_planted(change, kind, rows):
    frames = sound()
    change(frames)
    found = [habit for habit in find_habits(frames) if habit.kind == kind]
    assert [habit.rows for habit in found] == [rows]
    (habit,) = found
    assert habit.bias.endswith(".")
    assert habit.remedy.endswith(".")
    assert "fitting" in habit.harms


@pytest.mark.parametrize("outcome", ["long_term", "temporary_accommodation", "decant"])
def test_a_home_that_comes_back_into_letting_was_not_empty_already(outcome):
    frames = sound()
    frames["voids"] = frames["voids"].with_columns(
        home=pl.when(pl.col("id") == "03").then(pl.lit("02")).otherwise("home"),
        let_on=pl.when(pl.col("id") != "02").then("let_on"),
        outcome=pl.when(pl.col("id") == "02").then(pl.lit(outcome)))
    assert "void_twice" not in kinds(frames)


def test_a_home_advertised_before_it_is_ready_is_no_habit():
    frames = sound()
    at("voids", 3, advertised_on=dt.date(2024, 2, 20), closed_on=dt.date(2024, 2, 27))(frames)
    assert kinds(frames) == set()


def test_the_quality_of_a_history_is_for_fitting_alone(tmp_path):
    frames = sound()
    at("voids", 3, let_on=dt.date(2024, 1, 1))(frames)
    write_tables(frames, tmp_path / "history")
    found = quality_of_history(read_tables(tmp_path / "history", needs=()))
    (verdict,) = found.verdicts
    assert (verdict.purpose, verdict.answer) == ("fitting", "with care")
    assert "voids let again before the tenancy before had ended (voids)" in verdict.reasons
    assert [table.name for table in found.tables] == [
        "applications", "status_history", "outcomes", "tenancies", "voids",
    ]


def test_placeholder_dates_are_read_as_not_known_and_told(tmp_path):
    frames = sound()
    at("voids", 3, keys_in_on=dt.date(1900, 1, 1))(frames)
    write_tables(frames, tmp_path / "history")
    tables = read_tables(tmp_path / "history", needs=())
    found = quality_of_history(tables)
    assert tables.frames["voids"]["keys_in_on"].null_count() == 1
    assert [note.kind for note in found.notes] == ["placeholder_dates"]
    assert not found.habits
