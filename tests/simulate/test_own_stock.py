"""A council's own homes and register: what is refused, and what homes to come are like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.sample import write_borough
from cbl_engine.scheme import load_scheme
from cbl_engine.simulate import simulate
from cbl_engine.simulate.limits import areas_of_nobody, sizes_of_no_use, sizes_of_nobody
from cbl_engine.simulate.lives import NO_SIZE
from cbl_engine.simulate.opening import begin_with, voids_under_way
from cbl_engine.simulate.setup import Theory
from cbl_engine.simulate.state import begin
from tests.simulate.small import START, setup_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_borough(tmp_path, scheme=load_scheme("sheffield"), households=120, adverts=20, seed=3,
                  close_on=START)
    for name in ("adverts", "bids"):
        (tmp_path / f"{name}.csv").unlink()
    return tmp_path


def _homes(folder: Path, **columns: pl.Expr) -> pl.DataFrame:
    homes = pl.read_csv(folder / "homes.csv", infer_schema=False).with_columns(**columns)
    homes.write_csv(folder / "homes.csv")
    return homes


def _own(folder: Path, **more):
    return setup_of("sheffield", world={"stock": str(folder), **more.pop("world", {})}, **more)


def _refused(folder: Path, **more) -> str:
    with pytest.raises(BadInput) as refused:
        _own(folder, **more)
    return str(refused.value)


NEW = {"scenario": {"new_homes": [{"on": START, "homes": 6, "bedrooms": 2}],
                    "acquisitions": [{"on": START, "homes": 4, "bedrooms": 3}]}}


def test_homes_to_come_have_ids_that_no_other_home_has(folder: Path) -> None:
    n = pl.read_csv(folder / "homes.csv").height
    taken = ([f"N{i:08d}" for i in range(n)], [f"S000-{i:05d}" for i in range(n)],
             [f"B000-{i:05d}" for i in range(1, n + 1)])
    for ids in taken:
        _homes(folder, id=pl.Series(ids))
        setup = _own(folder, **NEW, **{"stock.new_per_year": {"rate": 0.4},
                                       "stock.acquired_per_year": {"rate": 0.4}})
        assert setup.stock.height > n + 10
        assert setup.stock["id"].is_unique().all()
        assert setup.stock["id"].head(n).to_list() == sorted(ids)


def test_homes_that_come_together_are_like_those_of_their_size_for_any_age(folder: Path) -> None:
    homes = _homes(folder, local_lettings_plan=pl.lit("old_plan"))
    half = homes.height // 2
    first = pl.int_range(pl.len()) < half
    _homes(folder, bedrooms=pl.when(first).then(pl.lit("2")).otherwise("bedrooms"),
           minimum_age=pl.when(first).then(pl.lit("60")).otherwise(None),
           property_type=pl.when(pl.col("bedrooms") == "2").then(pl.lit("house")).otherwise(
               pl.lit("flat")))
    setup = _own(folder, **NEW)
    come = setup.stock.filter(pl.col("id").str.starts_with("S000-"))
    assert come["bedrooms"].to_list() == [2] * 6
    assert come["minimum_age"].fill_null(0).to_list() == [0] * 6
    assert come["local_lettings_plan"].null_count() == 6
    others = setup.stock.filter(built_week=-1, bedrooms=2).filter(pl.col("minimum_age").is_null())
    assert others.height > 0
    assert set(come["area"]) <= set(others["area"])


def test_a_register_on_which_nobody_waits_is_refused(folder: Path) -> None:
    applications = pl.read_csv(folder / "applications.csv", infer_schema=False)
    for path in folder.glob("*.csv"):
        if path.name not in ("applications.csv", "homes.csv", "areas.csv"):
            path.unlink()
    for status, given in (("closed", "closed"), (None, "no applications")):
        rows = applications.with_columns(status=pl.lit(status)) if status else applications.clear()
        rows.write_csv(folder / "applications.csv")
        said = _refused(folder, world={"register": str(folder)})
        assert "nobody on the register waits" in said
        assert given in said
        assert "active or under_offer" in said


def test_a_stock_without_homes_is_refused(folder: Path) -> None:
    pl.read_csv(folder / "homes.csv", infer_schema=False).clear().write_csv(folder / "homes.csv")
    assert "there are no homes" in _refused(folder)
    assert "there are no homes" in _refused(folder, **NEW)


def test_a_stock_that_hardly_anybody_may_be_let_is_refused_before_the_run(folder: Path) -> None:
    _homes(folder, bedrooms=pl.lit("7"))
    said = _refused(folder)
    assert "homes.bedrooms: hardly any household may be let a home of any size in the stock; given 7: 0." in said
    assert "allowed: sizes that 1% or more may be let" in said


def test_a_stock_that_those_who_wait_may_be_let_is_none_of_that_though_few_who_join_may(folder: Path) -> None:
    setup = _own(folder)
    lives = setup.lives
    first = lives.starts[lives.opening]
    only = replace(lives, sizes=np.where(np.arange(len(lives.sizes)) < first, lives.sizes, np.uint32(NO_SIZE)))
    assert list(sizes_of_no_use(replace(setup, lives=only))) == []
    few = replace(lives, sizes=np.where(np.arange(len(lives.sizes)) < 1, lives.sizes, np.uint32(NO_SIZE)))
    assert [p.kind for p in sizes_of_no_use(replace(setup, lives=few))] == ["hardly_any_size_to_let"]
    simple = replace(setup, lives=few, theory=Theory(accepts="always"))
    assert list(sizes_of_no_use(simple)) == []


def test_a_size_of_the_stock_that_nobody_may_be_let_is_noted_before_the_first_week(folder: Path) -> None:
    assert sizes_of_nobody(_own(folder)) == []
    _homes(folder, bedrooms=pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("9")).otherwise("bedrooms"))
    (note,) = sizes_of_nobody(_own(folder))
    assert (note.where, note.given) == ("homes.bedrooms", "9 (3 homes)")
    later = {"scenario": {"new_homes": [{"on": START, "homes": 2, "bedrooms": 9}]}}
    (note,) = sizes_of_nobody(_own(folder, **later))
    assert note.given == "9 (3 homes, and 2 to come)"
    assert note.message.endswith("which stand empty once they come free")
    path = folder / "s.yaml"
    path.write_text(f"title: x\nscheme: sheffield\nstart: {START}\nweeks: 1\nreplications: 1\n"
                    f"world: {{households: 40, stock: '{folder}'}}\n", encoding="utf-8")
    said = []
    simulate(path, on_notes=said.extend)
    assert [n.given for n in said] == ["9 (3 homes)"]


def test_a_size_that_nobody_may_be_let_under_a_scheme_that_comes_later_is_noted_with_its_days(
    folder: Path,
) -> None:
    homes = _homes(folder, bedrooms=pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("0")).otherwise("bedrooms"))
    bedsits = homes.filter(bedrooms="0").height
    assert sizes_of_nobody(_own(folder, weeks=12)) == []
    on = START + timedelta(weeks=2)
    change = {"weeks": 12, "scenario": {"changes": [{"on": on, "scheme": "runnymede"}]}}
    (note,) = sizes_of_nobody(_own(folder, **change))
    assert note.given == f"0 ({bedsits} homes)"
    assert f"of some sizes from {on} to {START + timedelta(weeks=12, days=-1)}" in note.message
    change["scenario"]["changes"][0]["transition"] = "only_new"
    assert sizes_of_nobody(_own(folder, **change)) == []


def test_an_area_that_the_scheme_names_and_a_councils_register_has_not_is_noted(folder: Path) -> None:
    there = {"world": {"stock": str(folder), "register": str(folder)}}
    assert areas_of_nobody(_own(folder, **there)) == []
    notes = areas_of_nobody(setup_of("runnymede", **there))
    assert [note.kind for note in notes] == ["unknown_area"] * 3
    assert notes[0].message.startswith("no area of the data is called runnymede, so nobody is connected")
    assert areas_of_nobody(setup_of("runnymede", world={"stock": str(folder)})) == []


def test_homes_whose_bedrooms_are_not_known_are_refused_and_named(folder: Path) -> None:
    homes = _homes(folder, bedrooms=pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise("bedrooms"))
    said = _refused(folder)
    assert f"not known of 3 of {homes.height} homes" in said
    assert homes["id"][0] in said
    homes.select("id").write_csv(folder / "homes.csv")
    assert f"not known of {homes.height} of {homes.height} homes" in _refused(folder)


def test_a_home_whose_area_is_not_known_is_in_nobodys_area(folder: Path) -> None:
    _homes(folder, area=pl.when(pl.int_range(pl.len()) % 2 == 0).then(None).otherwise("area"))
    setup = _own(folder)
    unknown = setup.stock["area"].is_null().to_numpy()
    assert unknown.any()
    assert not np.isin(setup.homes.area[unknown], setup.lives.area).any()
    assert (setup.homes.area[~unknown] >= 0).all()


@pytest.mark.parametrize(("cause", "link", "is_"), [
    ("moved", None, 2), ("moved", 4, 4), ("left", None, 1), ("died", 1, 1)])
def test_a_void_of_the_start_that_a_move_made_begins_no_chain(
    folder: Path, cause: str, link: int | None, is_: int
) -> None:
    setup = _own(folder)
    voids = pl.DataFrame({
        "id": ["V1"], "home": [setup.stock["id"][0]], "cause": [cause], "link": [link],
        "tenancy_ended_on": [START.replace(month=1)]}, schema_overrides={"link": pl.Int64})
    state = begin(setup, np.arange(2))
    begin_with(state, voids_under_way(voids, setup.stock, START))
    assert state.voids["link"].tolist() == [is_] * 2
