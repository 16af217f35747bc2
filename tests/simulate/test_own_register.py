"""A council's own register: who waits at the start, and in which band, is as the assessment finds live."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from cbl_engine.assess import assess
from cbl_engine.sample import write_borough
from cbl_engine.scheme import load_scheme
from cbl_engine.simulate import world
from cbl_engine.simulate.happenings import FLAGS
from cbl_engine.simulate.histories import found_on
from cbl_engine.simulate.lives import NO_SIZE, day_number
from cbl_engine.simulate.register import change
from cbl_engine.simulate.scenario import read_own
from cbl_engine.simulate.state import begin
from cbl_engine.simulate.tracks import tracks_of
from cbl_engine.simulate.week_frames import register_of
from cbl_engine.tables.sizes import mask_to_sizes
from tests.simulate.small import START, setup_of, tables

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.simulate.lives import Lives

SCHEME = "breckland"
QUIET = {"households.birth_per_year": {"rate": 0.0}, "households.partner_per_year": {"rate": 0.0},
         "households.need_rises_per_year": {"rate": 0.0}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_borough(tmp_path, scheme=load_scheme(SCHEME), households=120, adverts=0, seed=3, close_on=START)
    monkeypatch.setattr(world, "_POOL", 60)
    return tmp_path


def _lives(folder: Path, weeks: int = 4, **more) -> Lives:
    return _set_up(folder, weeks, **more).lives


def _set_up(folder: Path, weeks: int = 4, scheme: str = SCHEME, **more):
    return setup_of(scheme, weeks=weeks, homes=60, world={"register": str(folder)}, **{**QUIET, **more})


def _read(folder: Path, table: str) -> pl.DataFrame:
    return pl.read_csv(folder / f"{table}.csv", infer_schema=False)


def _found(folder: Path) -> pl.DataFrame:
    """What the assessment finds live of those who wait."""
    register = read_own(str(folder), load_scheme(SCHEME), ("applications",))
    return assess(load_scheme(SCHEME), register, START).assessed.filter(
        pl.col("status").is_in(["active", "under_offer"]),
        pl.col("status_proposed").is_in(["active", "under_offer"]), pl.col("band").is_not_null())


def _on(lives: Lives, on: date) -> pl.DataFrame:
    """What worlds go by of the opening register on a day."""
    at = [lives.starts[life] + np.searchsorted(lives.since[lives.starts[life]:lives.starts[life + 1]],
                                              day_number(on), side="right") - 1
          for life in range(lives.opening)]
    return pl.DataFrame({
        "application": lives.read_as, "band": [lives.bands[lives.band[k]] for k in at],
        "bedroom_need": lives.need[at].astype(np.int64), "waiting": lives.waiting[at],
        "priority_date": pl.Series(lives.priority[at]).cast(pl.Date)})


def _as_live(lives: Lives, folder: Path) -> pl.DataFrame:
    found = _found(folder)
    columns = ["application", "band", "bedroom_need", "priority_date"]
    mine = _on(lives, START).select(columns)
    assert mine.rows() == found.select(columns).rows()
    assert mine.height > 20
    return found


@pytest.mark.parametrize("column", [c for c in FLAGS if c in ("carer", "cannot_share", "temporarily_away")])
def test_a_flag_that_people_have_not_holds_of_nobody(folder: Path, column: str) -> None:
    people = _read(folder, "people")
    people.with_columns(pl.lit("false").alias(column)).write_csv(folder / "people.csv")
    with_it = _lives(folder)
    people.drop(column).write_csv(folder / "people.csv")
    without = _lives(folder)
    _as_live(without, folder)
    assert without.read_as.to_list() == with_it.read_as.to_list()
    assert len(without) == len(with_it)


def test_a_flag_that_only_the_council_keeps_holds_of_nobody_who_joins(folder: Path) -> None:
    as_it_is = _lives(folder)
    _read(folder, "people").with_columns(part_time=pl.lit("false"), foster_child=pl.lit("false")).write_csv(
        folder / "people.csv")
    kept = _lives(folder)
    assert len(kept) == len(as_it_is) > kept.opening
    assert (kept.need >= 0).all()


def test_officers_values_hold_for_as_long_as_they_say(folder: Path) -> None:
    first, second, third = _found(folder).filter(band="Gold")["application"].head(3).to_list()
    until = START + timedelta(weeks=6)
    pl.DataFrame({
        "id": ["O1", "O2", "O3"], "application": [first, second, third],
        "field": ["band", "bedroom_need", "bedroom_need"], "value": ["Emergency", "5", "4"],
        "decided_on": ["2026-01-10"] * 3, "since": ["2026-01-10"] * 3, "until": [str(until), None, None],
    }).write_csv(folder / "overrides.csv")
    lives = _lives(folder, weeks=20)
    _as_live(lives, folder)
    for weeks, band in ((0, "Emergency"), (5, "Emergency"), (8, "Gold"), (19, "Gold")):
        now = _on(lives, START + timedelta(weeks=weeks))
        told = dict(zip(now["application"], now["band"], strict=True))
        need = dict(zip(now["application"], now["bedroom_need"], strict=True))
        assert (told[first], need[second], need[third]) == (band, 5, 4)
        assert now.filter(pl.col("application").is_in([first, second, third]))["waiting"].all()


def test_an_officers_value_stands_when_the_rules_come_to_give_another(folder: Path) -> None:
    found = _found(folder)
    ids, need = found["application"], found["bedroom_need"]
    pl.DataFrame({
        "id": [f"O{n}" for n in range(len(ids))], "application": ids, "field": ["bedroom_need"] * len(ids),
        "value": ["5"] * len(ids), "instead_of": need.cast(pl.String), "since": ["2026-01-10"] * len(ids),
    }).write_csv(folder / "overrides.csv")
    lives = _lives(folder, weeks=30, **{"households.birth_per_year": {"rate": 3.0},
                                        "households.partner_per_year": {"rate": 3.0}})
    assert lives.opening == _found(folder).height > 20
    assert lives.tables["people"]["day"].is_not_null().sum() > 30
    later = _on(lives, START + timedelta(weeks=29))
    assert set(later["bedroom_need"]) == {5}
    assert later["waiting"].all()


def test_spells_in_bands_are_those_on_record(folder: Path) -> None:
    applications = _read(folder, "applications").filter(pl.col("band").is_not_null())
    pl.concat([
        applications.select(application="id", band=pl.lit("Silver"), since=pl.lit("2025-10-10"),
                            until=pl.lit("2025-12-01")),
        applications.select(application="id", band="band", since=pl.lit("2025-12-01"),
                            until=pl.lit(None, pl.String)),
    ]).write_csv(folder / "band_history.csv")
    _read(folder, "applications").with_columns(
        pl.when(pl.col("band").is_null()).then(c).otherwise(pl.lit(day)).alias(c)
        for c, day in (("registered_on", "2025-10-10"), ("band_from", "2025-12-01"))
    ).write_csv(folder / "applications.csv")
    lives = _lives(folder, weeks=26)
    found = _as_live(lives, folder)
    assert (found["priority_date"] == date(2025, 12, 1)).sum() > 5
    later = _on(lives, START + timedelta(weeks=25))
    same = later.join(found, on=["application", "band"])
    assert same["priority_date"].to_list() == same["priority_date_right"].to_list()
    assert later["waiting"].sum() > 0.9 * later.height


def test_who_was_joined_with_a_closed_application_has_its_date(folder: Path) -> None:
    found = _found(folder)
    mine, other = found["application"].head(2).to_list()
    band = found["band"][0]
    applications = _read(folder, "applications")
    theirs = pl.col("id") == other
    applications.with_columns(
        status=pl.when(theirs).then(pl.lit("closed")).otherwise("status"),
        registered_on=pl.when(theirs).then(pl.lit("2011-03-02")).otherwise("registered_on"),
    ).write_csv(folder / "applications.csv")
    pl.DataFrame({
        "application": [mine, mine, other], "band": [band] * 3, "since": ["2025-02-01", "2025-06-01", "2011-03-02"],
        "why": [None, "joined", None], "from_application": [None, other, None],
    }).write_csv(folder / "band_history.csv")
    lives = _lives(folder)
    assert mine in _as_live(lives, folder)["application"].to_list()
    assert other not in lives.read_as


def test_ids_that_sort_last_are_the_opening_register_too(folder: Path) -> None:
    as_it_is = _lives(folder)
    for table in ("applications", "people", "connections", "duties", "officer_decisions"):
        frame = _read(folder, table)
        ids = [c for c in ("id", "application", "person", "partner_of") if c in frame.columns]
        frame.with_columns(pl.col(ids).str.replace("^", "Ø")).write_csv(folder / f"{table}.csv")
    lives = _lives(folder)
    assert lives.read_as.to_list() == [f"Ø{i}" for i in as_it_is.read_as]
    assert np.array_equal(lives.registered[:lives.opening], as_it_is.registered[:as_it_is.opening])
    # Who joins lives the same lives.
    assert np.array_equal(lives.area[lives.opening:], as_it_is.area[as_it_is.opening:])


def test_whose_sizes_are_not_known_is_held(folder: Path) -> None:
    applications = _read(folder, "applications")
    ids = applications["id"]
    third = pl.int_range(pl.len()) % 3
    applications.with_columns(
        sizes=pl.when(third == 0).then("sizes"),
        bedroom_need=pl.when(third < 2).then("bedroom_need"),
    ).write_csv(folder / "applications.csv")
    setup = _set_up(folder, 12, "sheffield")
    state = begin(setup, np.array([3]))
    change(state, 0)
    sizes = register_of(state, state.live, setup.start)["applications"]["sizes"]
    number = {name: n for n, name in enumerate(ids)}
    of = np.array([number[i] % 3 for i in setup.lives.read_as])
    assert set(of) == {0, 1, 2}
    assert sizes.is_null().to_list() == (of > 0).tolist()
    # They bid by their need, and for nothing where that is not known either.
    need, sought = state.households["need"][state.live], state.sizes_sought(state.live)
    assert (sought[of == 1] == 1 << need[of == 1]).all()
    assert (sought[of == 2] == 0).all()
    frames = tables(setup)
    whose = frames["households"].filter(pl.col("read_as").is_not_null())
    let = frames["lettings"].join(whose, on=["world", "application"])["read_as"]
    assert len(let) > 3
    assert {number[i] % 3 for i in let} == {0}


def test_a_register_that_says_no_size_may_be_let_says_nothing_unknown(folder: Path) -> None:
    scheme = load_scheme("sheffield")
    register = read_own(str(folder), scheme, ("applications",))
    sizes = pl.Series("sizes", [[], None, [2]], dtype=pl.List(pl.Int64))
    three = register["applications"].head(3).with_columns(sizes, bedroom_need=pl.Series([1, 1, 1]))
    kept = found_on(tracks_of(scheme, START, 4, {})[0], {**register, "applications": three}, START)["sizes_mask"]
    assert kept.to_list() == [NO_SIZE, 0, 4]
    assert mask_to_sizes(kept, kept > 0).to_list() == [[], None, [2]]
