"""Versions that assess otherwise: who joins goes by the one in force, who waits goes over to it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from cbl_engine.assess import assess
from cbl_engine.errors import BadInput
from cbl_engine.scheme import load_scheme
from cbl_engine.simulate.changes import scheme_over_time
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.register import arrive, change
from cbl_engine.simulate.scenario import Scenario
from cbl_engine.simulate.scenario_file import read_scenario
from cbl_engine.simulate.state import begin
from cbl_engine.simulate.tracks import tracks_of, tracks_on
from cbl_engine.simulate.week_frames import register_of
from cbl_engine.simulate.world import set_up
from cbl_engine.tables.days import date_of
from tests.simulate.live import as_text
from tests.simulate.policy_world import scheme_text
from tests.simulate.small import START, parameters_of, tables

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.simulate.setup import Setup
    from cbl_engine.simulate.state import State

ON = START + timedelta(weeks=10)
WEEKS = 24
ASSESSMENT = """\
assessment:
  awards:
    first: {label: First, when: needs_one, band: A}
    second: {label: Second, when: needs_two, band: B}
  otherwise: C
  priority_date: {first: registered_on}
"""
SCENARIO = f"""\
title: A test
scheme: small.yaml
world: {{households: 100, homes: 200}}
start: {START}
weeks: {WEEKS}
parameters:
  arrivals.per_year: {{rate: 6.0, assumed: a test}}
"""
CHANGED = "assessment.awards.first.when: needs_two, assessment.awards.second.when: needs_one"


def test_who_joins_under_a_later_scheme_that_reads_dates_from_the_register_has_one(tmp_path: Path) -> None:
    file = tmp_path / "town.yaml"
    file.write_text(SCENARIO.replace("small.yaml", "bexley")
                    + f"changes:\n  - {{on: {ON}, scheme: sheffield}}\n")
    scenario, parameters = read_scenario(file)
    lives = set_up(scenario, parameters, tmp_path).lives
    pool = lives.pool(1)
    dates = lives.priority[lives.starts[lives.thread(pool, 1)]]
    assert (dates == 0).mean() < 0.02
    # Days of lives that may join are those of the start, from which they move to the day each joins.
    assert (dates[dates > 0] == lives.registered[pool][dates > 0]).all()


def made(folder: Path, more: str = "", on: date = ON, text: str = ASSESSMENT) -> Setup:
    (folder / "small.yaml").write_text(scheme_text(text))
    file = folder / "town.yaml"
    file.write_text(f"{SCENARIO}changes: [{{on: {on}, scheme_set: {{{CHANGED}}}{more}}}]\n")
    return set_up(*read_scenario(file), folder)


def in_week(setup: Setup, week: int, worlds: int = 2) -> State:
    """The register alone, at the close of a week."""
    state = begin(setup, np.arange(worlds, dtype=np.int64))
    for n in range(week + 1):
        arrive(state, n)
        change(state, n)
    return state


def old_and_new(state: State, rows: np.ndarray) -> tuple[float, float]:
    """Shares of households whose band is by the old rules, and by the new."""
    need, band = state.households["need"][rows], state.households["band"][rows]
    some = np.isin(need, (1, 2))
    return (band[some] == need[some] - 1).mean(), (band[some] == 2 - need[some]).mean()


def since_and_before(state: State) -> tuple[np.ndarray, np.ndarray]:
    rows = state.live
    later = state.households["registered"][rows] >= state.setup.start + 70
    return rows[later], rows[~later]


def test_who_joins_is_assessed_first_by_the_version_in_force(tmp_path: Path) -> None:
    setup = made(tmp_path)
    for week in (10, 11, 15, 23):
        since, _ = since_and_before(in_week(setup, week))
        assert len(since) > 5
        assert old_and_new(in_week(setup, week), since) == (0.0, 1.0)


def test_everybody_else_goes_over_at_the_first_round_after_it(tmp_path: Path) -> None:
    setup = made(tmp_path)
    # Rounds are every four weeks: the first after week 10 is in week 12.
    for week, found in ((9, (1.0, 0.0)), (11, (1.0, 0.0)), (12, (0.0, 1.0)), (20, (0.0, 1.0))):
        state = in_week(setup, week)
        _, before = since_and_before(state)
        assert (state.households["life"][before] >= setup.lives.opening).any()
        assert old_and_new(state, before) == found


def test_only_new_applications_go_by_it_where_the_transition_says_so(tmp_path: Path) -> None:
    state = in_week(made(tmp_path, ", transition: only_new"), 23)
    since, before = since_and_before(state)
    assert old_and_new(state, before) == (1.0, 0.0)
    assert old_and_new(state, since) == (0.0, 1.0)


def test_they_go_over_a_part_at_a_time_where_it_takes_weeks(tmp_path: Path) -> None:
    setup = made(tmp_path, ", over_weeks: 8")
    shares = []
    for week in (11, 12, 16, 20):
        state = in_week(setup, week, 8)
        _, before = since_and_before(state)
        opening = before[state.households["life"][before] < setup.lives.opening]
        joined = before[state.households["life"][before] >= setup.lives.opening]
        shares.append([old_and_new(state, rows)[1] for rows in (opening, joined)])
    assert shares[0] == [0.0, 0.0]
    assert shares[1] == pytest.approx([1 / 3, 1 / 3], abs=0.15)
    assert shares[2] == pytest.approx([2 / 3, 2 / 3], abs=0.15)
    assert shares[3] == [1.0, 1.0]


@pytest.mark.parametrize(("first", "then"), [("runnymede", "breckland"),
                                             ("breckland", "sheffield")])
def test_what_is_found_of_who_joins_later_is_what_is_found_afresh(first: str, then: str) -> None:
    scenario = Scenario.model_validate({
        "title": "A test", "scheme": first, "start": START, "weeks": WEEKS,
        "world": {"households": 80, "homes": 80},
        "changes": ({"on": ON, "scheme": then},)})
    setup = set_up(scenario, shipped_parameters().with_changes(
        parameters_of(**{"arrivals.per_year": {"rate": 8.0}})))
    setup.__dict__["tables_read"] = tuple(sorted({*setup.lives.tables} - {"applications"}))
    # Ids of world 3 have one length: as text they sort as they do as numbers.
    state = begin(setup, np.array([3]))
    for week in range(WEEKS):
        arrive(state, week)
        change(state, week)
    close = setup.closes(WEEKS - 1)
    since, _ = since_and_before(state)
    rows = np.sort(since)
    register = as_text(register_of(state, rows, close))
    register["band_history"] = pl.DataFrame(schema={"application": pl.String})
    found = assess(setup.scheme, register, date_of(close)).assessed.sort("application")
    assert found["application"].to_list() == state.households["id"][rows].astype(str).tolist()
    bands = [*setup.lives.bands, None]
    assert found["band"].to_list() == [bands[b] for b in state.households["band"][rows]]
    need = found["bedroom_need"].fill_null(-1).to_list()
    assert need == state.households["need"][rows].tolist()
    waits = found["status_proposed"].is_in(["active", "under_offer"]) & found["band"].is_not_null()
    assert waits.to_list() == state.households["waits"][rows].tolist()
    assert waits.all()
    assert len(rows) > 30


def test_a_change_that_leaves_assessment_alone_makes_no_track(tmp_path: Path) -> None:
    scheme = load_scheme("sheffield")
    scenario = Scenario.model_validate({
        "title": "x", "scheme": "sheffield", "start": START,
        "changes": ({"on": ON, "scheme_set": {"bidding.cycle.days": 14}},)})
    later = scheme_over_time(scheme, scenario.dated, load_scheme)
    assert len(later.versions) == len(scheme.versions) + 1
    assert len(tracks_of(later, START, WEEKS, {})) == 1
    setup = made(tmp_path)
    assert [t.from_ for t in setup.lives.tracks] == [START, ON]


def test_a_version_in_other_words_makes_no_track(tmp_path: Path) -> None:
    for label, force in (("First", f"{{from: {START}, until: {ON}"), ("In other words", f"{{from: {ON}")):
        (tmp_path / f"{label}.yaml").write_text(scheme_text(ASSESSMENT).replace(
            "label: First", f"label: {label}").replace("{from: 2020-01-01", force))
    scheme = load_scheme(str(tmp_path))
    assert [v.in_force.from_ for v in scheme.versions] == [START, ON]
    assert scheme.versions[0].assessment != scheme.versions[1].assessment
    assert len(tracks_of(scheme, START, WEEKS, {})) == 1


def test_tracks_that_begin_after_the_end_are_none(tmp_path: Path) -> None:
    setup = made(tmp_path, on=START + timedelta(weeks=WEEKS - 1))
    assert len(setup.lives.tracks) == 2
    assert len(tracks_of(setup.scheme, START, WEEKS - 1, {})) == 1


def test_who_joined_under_a_version_does_not_go_back(tmp_path: Path) -> None:
    tracks = made(tmp_path).lives.tracks
    joined = np.array([0, 1, 0, 1])
    keys = np.arange(4)
    for weeks, now in ((0, [0, 1, 0, 1]), (10, [1, 1, 1, 1]), (20, [1, 1, 1, 1])):
        found = tracks_on(tracks, joined, keys, Luck(1), START + timedelta(weeks=weeks), 4)
        assert found.tolist() == now


def test_worlds_with_tracks_do_not_depend_on_those_beside_them(tmp_path: Path) -> None:
    setup = made(tmp_path, ", over_weeks: 8")
    together, alone = tables(setup, [0, 1, 2]), tables(setup, [1])
    for name, frame in alone.items():
        assert frame.equals(together[name].filter(pl.col("world") == 1)), name
    assert together["lettings"].height > 0


def test_before_the_change_worlds_are_those_without_it(tmp_path: Path) -> None:
    changed, later = tables(made(tmp_path)), tables(made(tmp_path, on=ON + timedelta(weeks=8)))
    for name in ("adverts", "weeks"):
        before = pl.col("week") < 10
        assert changed[name].filter(before).equals(later[name].filter(before))
    first = pl.col("registered_on") < ON
    names = ["world", "application", "registered_on", "life"]
    assert changed["households"].filter(first).select(names).equals(
        later["households"].filter(first).select(names))


BANDS = f"""\
{ASSESSMENT}offers:
  refusals: {{one: {{label: x, after: 1, every: true, then: down}}}}
consequences: {{down: {{label: x, down: 1, months: 12}}}}
"""


def test_a_scheme_that_later_takes_nobody_is_told() -> None:
    scenario = Scenario.model_validate({
        "title": "A test", "scheme": "breckland", "start": START, "weeks": WEEKS,
        "world": {"households": 30, "homes": 60}, "changes": ({"on": ON, "scheme": "runnymede"},)})
    with pytest.raises(BadInput, match=f"breckland from {ON}: the scheme then takes none"):
        set_up(scenario, shipped_parameters())


def test_a_made_up_world_is_that_of_the_scheme_of_the_first_day() -> None:
    plain = {"title": "A test", "scheme": "coventry", "start": START, "weeks": 20,
             "world": {"households": 40, "homes": 60}}
    one, other = (set_up(Scenario.model_validate(given), shipped_parameters()) for given in (
        plain, {**plain, "changes": ({"on": ON, "scheme": "breckland"},)}))
    columns = one.stock.columns
    assert other.stock.select(columns).equals(one.stock)
    opening = one.lives.opening
    names = one.lives.tables["applications"].columns
    assert other.lives.opening == opening
    assert (other.lives.registered[:opening] == one.lives.registered[:opening]).all()
    assert set(names) <= set(other.lives.tables["applications"].columns)


def test_consequences_in_bands_go_by_the_order_of_the_version_of_the_day(tmp_path: Path) -> None:
    turned = ", bands: {C: {label: x}, B: {label: x}, A: {label: x}}"
    (tmp_path / "small.yaml").write_text(scheme_text(BANDS))
    file = tmp_path / "town.yaml"
    file.write_text(f"{SCENARIO}changes: [{{on: {ON}, scheme_set: {{title: New{turned}}}}}]\n")
    setup = set_up(*read_scenario(file), tmp_path)
    bands = setup.lives.bands
    every = np.array([bands.index(b) for b in "ABC"])
    first, then = (policy_on(setup, day).lower(every, 1, bands)
                   for day in (setup.start, setup.closes(WEEKS - 1)))
    assert [bands[b] for b in first] == ["B", "C", "C"]
    assert [bands[b] for b in then] == ["A", "A", "B"]
    assert policy_on(setup, setup.start).lower(np.array([-1]), 1, bands).tolist() == [-1]
