"""Voids under way at the start: those that a council's own table has open."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from cbl_engine.simulate import simulate
from cbl_engine.simulate.opening import voids_under_way
from cbl_engine.simulate.void_measures import NO_RELET
from tests.simulate.small_scenario import written

START = date(2026, 4, 6)
HOMES = pl.DataFrame({"id": [f"H{i:03}" for i in range(120)], "bedrooms": [1, 2, 3] * 40})


def _before(days):
    return START - timedelta(days=days)


VOIDS = pl.DataFrame([
    # id, home, cause, works, ended, keys, inspected, began, ready, advertised, accepted, let
    ("just", "H000", "left", None, _before(2), None, None, None, None, None, None, None),
    ("works", "H001", "died", "major", _before(50), _before(49), _before(45), _before(45), None, None,
     None, None),
    ("ready", "H002", "left", "standard", _before(40), _before(40), _before(38), _before(38),
     _before(10), None, None, None),
    ("taken", "H003", "left", "standard", _before(60), _before(60), _before(58), _before(58),
     _before(30), _before(28), _before(3), None),
    ("over", "H004", "left", "standard", _before(90), _before(90), _before(88), _before(88),
     _before(70), _before(69), _before(60), _before(50)),
    ("later", "H005", "left", None, START, None, None, None, None, None, None, None),
    ("kept", "H006", "left", "none", _before(90), _before(90), _before(88), _before(88), _before(88),
     None, None, None),
], ["id", "home", "cause", "works", "tenancy_ended_on", "keys_in_on", "inspected_on",
    "works_began_on", "ready_on", "advertised_on", "accepted_on", "let_on"], orient="row").with_columns(
    outcome=pl.when(pl.col("id") == "kept").then(pl.lit("long_term")))


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    folder = tmp_path_factory.mktemp("opening")
    stock = folder / "stock"
    stock.mkdir()
    HOMES.write_csv(stock / "homes.csv")
    VOIDS.write_csv(stock / "voids.csv")
    path = written(folder, "world: {households: 150, stock: stock}\nweeks: 8\nreplications: 6")
    return simulate(path).frames | {"path": path}


def _of(frames, home):
    return frames["voids"].filter(pl.col("home") == home, pl.col("vacancy") == 1)


def test_those_that_are_open_at_the_start_are_under_way():
    found = voids_under_way(VOIDS, HOMES, START)
    assert found.select("home", "kept").rows() == [
        (0, False), (1, False), (2, False), (3, False), (6, True)]


@pytest.mark.parametrize("outcome", sorted({*NO_RELET} - {"long_term"}))
def test_a_void_that_ended_without_a_letting_is_not_under_way(outcome):
    ready = VOIDS.filter(pl.col("id") == "ready").with_columns(outcome=pl.lit(outcome))
    assert voids_under_way(ready, HOMES, START).is_empty()


def test_a_home_out_of_letting_for_long_is_kept_out_unless_it_came_back():
    out = VOIDS.filter(pl.col("id") == "over").with_columns(
        outcome=pl.lit("long_term"), let_on=pl.lit(None, pl.Date))
    assert voids_under_way(out, HOMES, START).select("home", "kept").rows() == [(4, True)]
    again = out.with_columns(id=pl.lit("again"), tenancy_ended_on=pl.lit(_before(5)), outcome=pl.lit("let"),
                             let_on=pl.lit(_before(1)))
    assert voids_under_way(pl.concat([again, out]), HOMES, START).is_empty()


def test_a_table_without_days_of_stages_will_do():
    found = voids_under_way(VOIDS.select("id", "home", "tenancy_ended_on"), HOMES, START)
    assert found["home"].to_list() == [0, 1, 2, 3, 4, 6]


def test_every_world_begins_with_them_and_no_others(frames):
    before = frames["voids"].filter(pl.col("tenancy_ended_on") < START)
    assert before.group_by("world").agg(pl.col("home").sort())["home"].to_list() == [
        ["H000", "H001", "H002", "H003", "H006"]] * 6
    assert _of(frames, "H006")["outcome"].to_list() == ["long_term"] * 6


def test_what_was_done_is_as_the_table_has_it(frames):
    works = _of(frames, "H001")
    assert works["inspected_on"].to_list() == [_before(45)] * 6
    assert works["works"].to_list() == ["major"] * 6
    assert works["works_began_on"].to_list() == [_before(45)] * 6


def test_what_was_not_over_is_over_no_earlier_than_the_start(frames):
    assert (_of(frames, "H000")["keys_in_on"] >= START).all()
    assert (_of(frames, "H001")["ready_on"] >= START).all()


def test_a_home_that_is_ready_is_advertised_in_the_first_week(frames):
    ready = _of(frames, "H002")
    assert ready["ready_on"].to_list() == [_before(10)] * 6
    assert frames["adverts"].filter(home="H002", vacancy=1, number=1)["week"].to_list() == [0] * 6


def test_a_home_that_was_accepted_is_let_and_not_advertised_again(frames):
    taken = _of(frames, "H003")
    assert taken["outcome"].to_list() == ["let"] * 6
    assert taken["let_on"].is_between(START, START + timedelta(days=45)).all()
    assert frames["adverts"].filter(home="H003", vacancy=1).is_empty()


def test_the_bytes_are_the_same_in_any_batch(frames):
    again = simulate(frames["path"], batch=1).frames
    assert all(again[name].equals(frames[name]) for name in again)


def test_works_that_go_on_at_the_start_have_their_teams(tmp_path):
    stock = tmp_path / "stock"
    stock.mkdir()
    HOMES.write_csv(stock / "homes.csv")
    under = [(f"V{i}", f"H{i:03}", "left", "standard", *[_before(9)] * 3, None) for i in range(2)]
    waits = ("W", "H009", "left", "standard", _before(30), _before(30), None, None)
    pl.DataFrame([*under, waits], ["id", "home", "cause", "works", "tenancy_ended_on", "keys_in_on",
                                   "inspected_on", "works_began_on"], orient="row").with_columns(
        works_began_on="inspected_on").write_csv(stock / "voids.csv")
    path = written(tmp_path, "world: {households: 150, stock: stock}\nweeks: 8\nreplications: 6\n"
                             "parameters: {voids.works_teams: {number: 2, assumed: x}}")
    works = simulate(path).frames["voids"].filter(
        pl.col("vacancy") == 1, pl.col("ready_on") > pl.col("works_began_on"))
    going = works.select("world", day="works_began_on").join(works, on="world").filter(
        pl.col("works_began_on") <= pl.col("day"), pl.col("ready_on") > pl.col("day"))
    assert going.group_by("world", "day", "home").len().group_by("world", "day").len()["len"].max() == 2
