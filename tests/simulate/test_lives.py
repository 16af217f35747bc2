"""Lives: what is found of a household ahead is what a fresh assessment finds on the day."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from cbl_engine.assess import assess
from cbl_engine.errors import BadInput
from cbl_engine.scheme import scheme_from_text, shipped_schemes
from cbl_engine.simulate import histories, world
from cbl_engine.simulate import make_lives as make_lives_of
from cbl_engine.simulate.histories import found_on
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.make_lives import _together, make_lives
from cbl_engine.simulate.register import change
from cbl_engine.simulate.state import State, begin, join
from cbl_engine.simulate.week_frames import register_of
from cbl_engine.tables.days import date_of, day_number
from cbl_engine.tables.sizes import sizes_to_mask
from tests.simulate.live import as_text
from tests.simulate.small import points, setup_of, sheffield

if TYPE_CHECKING:
    from cbl_engine.simulate.lives import Lives
    from cbl_engine.simulate.setup import Setup

PLAIN = """
scheme: plain
title: Plain
authority: Nobody
in_force: {from: 2020-01-01, assumed: true}
bands: {A: {label: A, illustrative: true}}
profiles: {all: {label: All, illustrative: true, order: [{tie: human}]}}
"""
MUCH = {
    "households.birth_per_year": {"rate": 1.0}, "households.partner_per_year": {"rate": 0.6},
    "households.need_rises_per_year": {"rate": 1.0},
}
WEEKS = 60


@cache
def eventful(scheme: str = "sheffield") -> Setup:
    """Households to which much happens, and every table of theirs looked at."""
    setup = setup_of(scheme, weeks=WEEKS, households=200, homes=60, **MUCH)
    setup.__dict__["tables_read"] = tuple(sorted({*setup.lives.tables} - {"applications"}))
    return setup


WORLD = np.array([3])
"""Its ids have one length, and sort as text as they do as numbers."""


@cache
def as_in_week(scheme: str, week: int) -> State:
    state = begin(eventful(scheme), WORLD)
    change(state, week)
    return state


@pytest.mark.parametrize("week", [0, 24, 52])
@pytest.mark.parametrize("scheme", ["sheffield", "breckland"])
def test_what_was_found_ahead_is_what_is_found_afresh(scheme: str, week: int) -> None:
    state = as_in_week(scheme, week)
    setup = state.setup
    on = setup.monday(week)
    rows = state.live[state.households["changes_on"][state.live] > setup.closes(week)]
    register = in_text(register_of(state, rows, on))
    found = assess(setup.scheme, register, date_of(on)).assessed.sort("application")
    households = state.households
    bands = pl.Series([*setup.lives.bands, None], dtype=pl.String)
    band = households["band"][rows].astype(np.int64)
    bands = bands.gather(np.where(band < 0, len(bands) - 1, band))
    assert len(rows) >= 150
    assert found["application"].to_list() == households["id"][rows].astype(str).tolist()
    assert found["band"].cast(pl.String).to_list() == bands.to_list()
    need = found["bedroom_need"].fill_null(-1).to_numpy()
    assert need.tolist() == households["need"][rows].tolist()
    mask, _ = sizes_to_mask(found["sizes"])
    assert np.array_equal(mask, households["sizes"][rows])


@pytest.mark.parametrize("scheme", sorted(shipped_schemes()))
def test_assessing_again_what_is_unchanged_changes_nothing(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lives() -> Lives:
        return setup_of(scheme, weeks=26, households=60, homes=20, **MUCH).lives

    def every_round(*given) -> pl.DataFrame:
        return found_on(*given).with_columns(pl.lit(date(1970, 1, 1)).alias("next_review_on"))

    monkeypatch.setattr(world, "_POOL", 60)
    as_due = lives()
    for module in (histories, make_lives_of):
        monkeypatch.setattr(module, "found_on", every_round)
    again = lives()
    for name in ("starts", "since", "band", "points", "need", "sizes", "priority", "band_from", "waiting"):
        assert np.array_equal(getattr(as_due, name), getattr(again, name)), name


@pytest.mark.parametrize("scheme", ["coventry", "home_link", "welwyn_hatfield"])
def test_few_of_a_made_up_register_rank_from_the_first_day(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "_POOL", 60)
    lives = setup_of(scheme, weeks=1, households=200, homes=20).lives
    first = lives.starts[:lives.opening]
    for days in (lives.priority, lives.band_from):
        assert (days[first] == day_number(date(2026, 4, 6))).mean() < 0.02
        assert len(np.unique(days[first])) > 150


@pytest.mark.parametrize("scheme", shipped_schemes())
def test_few_of_a_made_up_register_and_of_those_who_join_have_no_priority_date(scheme: str) -> None:
    lives = setup_of(scheme, weeks=1, households=1000, homes=20).lives
    first = lives.starts[:-1]
    for some in (first[:lives.opening], first[lives.opening:]):
        assert (lives.priority[some] == 0).mean() < 0.02


def test_bands_of_a_day_began_by_then() -> None:
    began = {}
    for week in (0, 24, 52):
        state = as_in_week("home_link", week)
        on = state.setup.monday(week)
        rows = state.live[state.households["changes_on"][state.live] > on]
        register = register_of(state, rows, on)["applications"].filter(pl.col("band").is_not_null())
        assert (register["band_from"] <= date_of(state.setup.closes(week))).all()
        began[week] = register["band_from"].max()
    assert began[0] < began[24]


@pytest.mark.parametrize("scheme", ["bexley", "runnymede"])
def test_who_is_born_or_joins_leaves_the_need_known(scheme: str) -> None:
    lives = eventful(scheme).lives
    inside = np.ones(len(lives.since), bool)
    inside[lives.starts[:-1]] = False
    at = np.flatnonzero(inside)
    assert (lives.need[at] != lives.need[at - 1]).sum() > 50
    assert (lives.need[at] >= 0).all()


def in_text(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables with ids in text; no spells in bands, which lives do not keep."""
    text = as_text(tables)
    history = pl.DataFrame(schema={"application": pl.String})
    return {**text, "band_history": history}


def test_a_birth_raises_the_need_of_some_from_the_day_it_is_noticed() -> None:
    lives = eventful("breckland").lives
    starts, need, since = lives.starts, lives.need, lives.since
    more = [
        (life, at) for life in range(len(lives)) for at in range(starts[life] + 1, starts[life + 1])
        if need[at] > need[at - 1]
    ]
    people = lives.tables["people"]
    births = {(r[0], day_number(r[1])) for r in people.filter(
        pl.col("id").str.starts_with("!birth")).select("life", "day").iter_rows()}
    born = dict(births)
    of_births = [(life, at) for life, at in more if life in born and born[life] <= since[at]]
    assert len(of_births) > 50
    late = [since[at] - born[life] for life, at in of_births]
    assert min(late) <= 28


def test_children_are_born_where_who_applies_or_is_a_partner_may_be_a_woman_of_an_age_to_bear_them() -> None:
    setup = eventful()
    people = setup.lives.tables["people"]
    births = people.filter(pl.col("id").str.starts_with("!birth"))["life"]
    age = (pl.lit(date_of(setup.start)) - pl.col("date_of_birth")).dt.total_days() / 365.25
    women = people.filter(pl.col("relationship").is_in(["applicant", "partner"]),
                          pl.col("sex").ne_missing("male"), age.is_between(15.9, 45))["life"]
    assert births.len() > 50
    assert births.is_in(women.implode()).all()
    couples = people.filter(pl.col("relationship") == "applicant", sex="male")["life"]
    assert births.is_in(couples.implode()).any()


def test_nothing_that_is_still_to_come_is_on_record() -> None:
    state = as_in_week("sheffield", 0)
    rows = state.live
    first = register_of(state, rows, state.setup.monday(0))["people"].height
    last = register_of(state, rows, state.setup.monday(WEEKS))["people"].height
    assert last > first


def test_stretches_of_a_life_follow_each_other_and_begin_at_the_start() -> None:
    for lives in (eventful().lives, sheffield().lives, points().lives):
        first = lives.since[lives.starts[:-1]]
        assert (first == day_number(date(2026, 4, 6))).all()
        inside = np.ones(len(lives.since), bool)
        inside[lives.starts[:-1]] = False
        assert (np.diff(lives.since)[inside[1:]] > 0).all()
        assert lives.starts[-1] == len(lives.since)


def test_a_household_that_joins_later_lives_its_life_so_many_days_later() -> None:
    setup = eventful()
    lives, state = setup.lives, begin(setup, WORLD)
    life = np.arange(lives.opening, lives.opening + 40)
    days = 35 + np.arange(40)
    rows = join(state, np.zeros(40, int), 6, np.arange(40), life, setup.start + days)
    moved = register_of(state, rows, setup.monday(30))
    same = join(state, np.zeros(40, int), 1, 10_000 + np.arange(40), life,
                np.full(40, setup.start))
    own = register_of(state, same, setup.monday(30))
    later, now = moved["applications"], own["applications"]
    dated = [name for name, dtype in now.schema.items()
             if dtype == pl.Date and now[name].null_count() < now.height]
    assert {"registered_on", "submitted_on"} <= set(dated)
    for name in dated:
        gaps = (later[name] - now[name]).dt.total_days().to_list()
        assert [g for g in gaps if g is not None] == [
            d for d, g in zip(days.tolist(), gaps, strict=True) if g is not None], name
    assert np.array_equal(state.households["registered"][rows],
                          state.households["registered"][same] + days)


def test_ages_move_with_the_day_of_joining() -> None:
    setup = eventful()
    lives, state = setup.lives, begin(setup, WORLD)
    rows = join(state, np.zeros(1, int), 6, np.arange(1), np.array([lives.opening]),
                np.array([setup.start + 30]))
    born = register_of(state, rows, setup.monday(6))["people"]["date_of_birth"].drop_nulls()
    first = lives.rows["people"][lives.opening]
    own = lives.tables["people"]["date_of_birth"][int(first)]
    assert (born[0] - own).days == 30


def test_a_scheme_that_takes_nobody_is_told() -> None:
    setup = sheffield()
    nobody = {"applications": pl.DataFrame({"id": [], "registered_on": []}, schema={
        "id": pl.String, "registered_on": pl.Date})}
    with pytest.raises(BadInput, match="takes none"):
        make_lives(scheme_from_text(PLAIN), nobody, nobody, date(2026, 4, 6), 4, 4,
                   setup.parameters, Luck(1), [])


def test_who_joins_a_register_that_is_judged_in_law_may_be_let_to() -> None:
    own = {"applications": pl.DataFrame({"id": ["P"]}), "people": pl.DataFrame({
        "id": ["p"], "application": ["P"], "immigration_status": ["not_eligible"],
        "habitually_resident": [None]}, schema_overrides={"habitually_resident": pl.Boolean})}
    drawn = {"applications": pl.DataFrame({"id": ["J"]}),
             "people": pl.DataFrame({"id": ["j"], "application": ["J"]})}
    asked = ("immigration_status", "habitually_resident")
    assert _together(own, drawn)["people"].select(asked).rows() == [
        ("not_eligible", None), ("not_subject", True)]
    assert _together({**own, "people": own["people"].select("id", "application")}, drawn)[
        "people"].columns == ["id", "application"]
