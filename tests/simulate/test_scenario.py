"""Scenarios: what a file says, what is wrong in one, and worlds of a council's own tables."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.sample import write_borough
from cbl_engine.scheme import load_scheme
from cbl_engine.shipped import shipped_folder
from cbl_engine.simulate import simulate
from cbl_engine.simulate.parameters import read_parameters, shipped_parameters
from cbl_engine.simulate.scenario_file import read_scenario, scenario_path
from cbl_engine.simulate.state import NOBODY, begin
from tests.simulate.accounts import LAWS
from tests.simulate.small import START, setup_of, tables

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.simulate.setup import Setup

SCENARIO = """\
title: A test
scheme: sheffield
start: 2026-04-06
weeks: 20
"""


def written(folder: Path, more: str = "") -> Path:
    file = folder / "town.yaml"
    file.write_text(SCENARIO + more)
    return file


def test_what_a_file_leaves_out_is_as_usual(tmp_path: Path) -> None:
    scenario, parameters = read_scenario(written(tmp_path))
    assert (scenario.world.households, scenario.world.homes) == (2000, 5000)
    assert scenario.days == 140
    assert parameters["arrivals.per_year"] == 0.30


def test_values_of_a_file_and_of_the_scenario_take_the_place_of_the_usual(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(
        "parameters:\n  arrivals.per_year: {rate: 0.5, assumed: a test}\n"
        "  bidding.mistaken: {share: 0.5, assumed: a test}\n")
    _, parameters = read_scenario(written(
        tmp_path, "parameters_from: ours.yaml\nparameters:\n"
        "  bidding.mistaken: {share: 0.25, assumed: a test}\n"))
    assert parameters["arrivals.per_year"] == 0.5
    assert parameters["bidding.mistaken"] == 0.25


def test_shares_of_a_file_go_by_their_names_whatever_their_order(tmp_path: Path) -> None:
    usual = shipped_parameters()["voids.works"]
    turned = dict(reversed({**usual, "adaptation": 0.3, "standard": 0.4}.items()))
    given = ", ".join(f"{name}: {share}" for name, share in turned.items())
    _, parameters = read_scenario(written(
        tmp_path, f"parameters:\n  voids.works: {{shares: {{{given}}}, assumed: a test}}\n"))
    assert list(parameters["voids.works"]) == list(usual)
    assert parameters["voids.works"] == turned


def test_a_file_named_under_parameters_is_said_to_go_under_parameters_from(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read_scenario(written(tmp_path, "parameters: fitted.yaml\n"))
    assert [problem.line() for problem in caught.value.problems] == [
        "town.yaml:5:13: parameters must be keys with values; given 'fitted.yaml'. A file of them goes "
        "under parameters_from"]


@pytest.mark.parametrize(("more", "kind", "line"), [
    ("weaks: 4\n", "bad_value", 5),
    ("replications: 0\n", "bad_value", 5),
    ("parameters:\n  arivals.per_year: {rate: 1, assumed: a}\n", "unknown_parameter", 6),
    ("new_homes:\n  - {on: 2031-01-01, homes: 5, bedrooms: 2}\n", "outside_horizon", 6),
    ("acquisitions:\n  - {on: 2031-01-01, homes: 5, bedrooms: 2}\n", "outside_horizon", 6),
    ("decants:\n  - {on: 2031-01-01, homes: 5, because: works}\n", "outside_horizon", 6),
    ("decants:\n  - {on: 2026-05-01, homes: 5, because: whim}\n", "bad_value", 6),
    ("simple: {refusal: 1.5}\n", "bad_value", 5),
    ("simple: {refusal: 0.5}\n", "bad_value", 5),
    ("simple: {accepts: always, refusal: 0.5}\n", "bad_value", 5),
    ("new_homes:\n  - {on: 2026-05-01, homes: 5, bedrooms: 2, plan: nosuch}\n", "unknown_plan", 6),
    ("scheme_set: {local_lettings_plans: {a: {label: A, in_force: {from: 2025-01-01, until: 2026-06-01, assumed: true}}}}\n"
     "new_homes:\n  - {on: 2026-05-01, homes: 5, bedrooms: 2, plan: a}\n", "plan_not_in_force", 7),
    ("world: {homes: 200}\ndecants:\n  - {on: 2026-05-01, homes: 260, because: works}\n",
     "too_many_decants", 7),
    ("world: {homes: 200}\ndecants:\n  - {on: 2026-05-01, homes: 150, because: demolition}\n"
     "  - {on: 2026-06-01, homes: 110, because: works}\n", "too_many_decants", 8),
    ("world: {homes: 200}\nvariants:\n  v:\n    title: x\n    decants:\n"
     "      - {on: 2026-05-01, homes: 260, because: works}\n", "too_many_decants", 10),
    ("policy_changes_on: 2030-01-01\n", "outside_horizon", 5),
    ("policy_changes_on: 2026-04-05\n", "outside_horizon", 5),
    ("variants:\n  v: {title: x, policy_changes_on: 2030-01-01}\n", "outside_horizon", 6),
    ("variants:\n  v:\n    title: x\n    new_homes:\n"
     "      - {on: 2026-05-01, homes: 5, bedrooms: 2, plan: nosuch}\n", "unknown_plan", 9),
])
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, more: str, kind: str, line: int
) -> None:
    with pytest.raises(BadInput) as caught:
        read_scenario(written(tmp_path, more))
    assert [p.kind for p in caught.value.problems] == [kind]
    assert f"town.yaml:{line}:" in caught.value.problems[0].where


AFTER_FOUR_WEEKS = """\
world: {households: 100, homes: 300}
replications: 1
changes: [{on: 2026-06-01, parameters: {bidding.most_bids: {number: 1, assumed: t}}}]
new_homes: [{on: 2026-06-08, homes: 10, bedrooms: 2}]
"""


def test_what_a_file_dates_after_a_shortened_end_is_noted_with_its_place(tmp_path: Path) -> None:
    path, said = written(tmp_path, AFTER_FOUR_WEEKS), []
    found = simulate(path, weeks=4, on_notes=said.extend)
    assert [(n.kind, n.where, n.given, n.allowed) for n in said] == [
        ("outside_horizon", "town.yaml:7:16", "2026-06-01", "2026-04-06 to 2026-05-03"),
        ("outside_horizon", "town.yaml:8:18", "2026-06-08", "2026-04-06 to 2026-05-03")]
    assert found.notes == tuple(said)
    path.write_text(path.read_text().replace("weeks: 20", "weeks: 4"))
    with pytest.raises(BadInput) as caught:
        simulate(path)
    assert [p.where for p in caught.value.problems] == ["town.yaml:7:16", "town.yaml:8:18"]


def test_a_day_that_cannot_be_is_told_as_it_was_written(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace("2026-04-06", "9999-12-01"))
    with pytest.raises(BadInput) as caught:
        read_scenario(path)
    assert [problem.line() for problem in caught.value.problems] == [
        "town.yaml:3:8: start is too late; given 9999-12-01; allowed: at most 2200-01-01"]


def test_homes_of_a_plan_that_is_in_force_and_decants_of_homes_that_come_are_read(
    tmp_path: Path,
) -> None:
    read_scenario(written(tmp_path, """\
scheme_set: {local_lettings_plans: {a: {label: A}}}
world: {homes: 200}
new_homes: [{on: 2026-05-01, homes: 5, bedrooms: 2, plan: a}]
decants: [{on: 2026-05-01, homes: 205, because: works}]
"""))


def test_more_decants_than_homes_of_a_councils_own_are_told_before_the_run(
    council: Path, tmp_path: Path
) -> None:
    many = "decants: [{on: 2026-05-01, homes: 9000, because: works}]\n"
    with pytest.raises(BadInput, match=r"decants\.0\.homes: tenants must move out of more homes"):
        simulate(written(tmp_path, f"world: {{stock: {council}}}\n{many}"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_scenario_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(BadInput, match="riverton"):
        scenario_path("rivertown")


@pytest.fixture(scope="module")
def council(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A council's own folder: a register with its homes."""
    folder = tmp_path_factory.mktemp("council")
    write_borough(folder, scheme=load_scheme("sheffield"), households=300, adverts=20, seed=9,
                  close_on=date(2026, 4, 5))
    return folder


MIXTURES: dict[str, Any] = {
    "register and homes": ("register", "stock"), "register, homes made up": ("register",),
    "homes, register made up": ("stock",),
}


@pytest.mark.parametrize("mixture", MIXTURES)
def test_worlds_begin_from_a_councils_tables_or_a_mixture(mixture: str, council: Path) -> None:
    setup = setup_of("sheffield", weeks=12, households=80, homes=150,
                     world=dict.fromkeys(MIXTURES[mixture], str(council)))
    own_homes = "stock" in MIXTURES[mixture]
    homes = pl.read_csv(council / "homes.csv")
    assert setup.n_homes >= (homes.height if own_homes else 150)
    assert (setup.stock["id"].is_in(homes["id"].implode()).sum() == homes.height) == own_homes
    assert (setup.lives.opening > 80) == ("register" in MIXTURES[mixture])
    found = tables(setup, [0, 1])
    assert found["lettings"].height > 0
    broken = {law.__name__ for law in LAWS if law(found, START, 12).height}
    assert not broken


def home_of_each(setup: Setup) -> pl.DataFrame:
    state = begin(setup, np.array([0, 1]))
    rows, lives = state.households, setup.lives
    home = rows["home"]
    names = setup.stock["id"].gather(state.static(np.maximum(home, 0)))
    return pl.DataFrame({
        "world": rows["world"], "number": lives.number[rows["life"]],
        "names": lives.tables["applications"]["current_home"].gather(rows["life"]),
        "holds": names.set(pl.Series(home == NOBODY), None)})


def test_tenants_hold_the_homes_that_the_councils_tables_name(council: Path) -> None:
    setup = setup_of("sheffield", weeks=4,
                     world={"register": str(council), "stock": str(council)})
    tenants = home_of_each(setup).filter(pl.col("names").is_not_null())
    assert tenants.height > 50
    assert tenants["holds"].to_list() == tenants["names"].to_list()
    found = tables(setup, [0])
    moved = found["lettings"].filter("transfer").join(
        tenants.filter(pl.col("world") == 0).with_columns(
            application=pl.format("P0000-{}", pl.col("number").cast(pl.String).str.zfill(6))),
        on="application")
    assert moved.filter(pl.col("left_home") != pl.col("names")).is_empty()


def test_of_two_who_name_one_home_one_holds_it(council: Path, tmp_path: Path) -> None:
    for file in council.glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    file = tmp_path / "applications.csv"
    rows = pl.read_csv(file, infer_schema=False)
    one = rows["current_home"].drop_nulls()[0]
    rows.with_columns(current_home=pl.when(pl.col("current_home").is_not_null())
                      .then(pl.lit(one))).write_csv(file)
    held = home_of_each(setup_of(
        "sheffield", weeks=4, world={"register": str(tmp_path), "stock": str(tmp_path)}))
    assert held.filter(pl.col("holds") == one).height == 2
    twice = held.filter(pl.col("holds").is_not_null()).select("world", "holds")
    assert not twice.is_duplicated().any()


def test_who_is_not_waiting_is_left_out_of_the_opening_register() -> None:
    folder = str(shipped_folder("boroughs") / "riverton")
    setup = setup_of("sheffield", weeks=4, world={"register": folder})
    statuses = pl.read_csv(f"{folder}/applications.csv")["status"]
    waiting = statuses.is_in(["active", "under_offer"]).sum()
    assert 0 < setup.lives.opening <= waiting < len(statuses)


def test_a_stock_without_a_size_that_anybody_may_be_let_is_told(tmp_path: Path) -> None:
    (tmp_path / "homes.csv").write_text("id,bedrooms\nH1,9\nH2,9\n")
    with pytest.raises(BadInput, match="no household may be let"):
        setup_of("breckland", weeks=4, world={"stock": str(tmp_path)})


def test_odds_factors_and_costs_below_nothing_are_told_before_the_run(tmp_path: Path) -> None:
    odds = shipped_parameters()["nominations.landlord_odds"]
    given = {**odds, "provider": {**odds["provider"], "no_show": -1.0}}
    path = tmp_path / "ours.yaml"
    path.write_text("title: Ours\nscheme: sheffield\nstart: 2026-04-06\nweeks: 4\n"
                    "world: {households: 20, homes: 20}\nparameters:\n"
                    f"  nominations.landlord_odds: {{assumed: a test, weights_by: {given}}}\n")
    with pytest.raises(BadInput) as told:
        simulate(path, replications=1)
    assert [(p.kind, p.given) for p in told.value.problems] == [("below_0", "provider no_show: -1")]


def test_a_single_factor_below_nothing_is_told_before_the_run(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("title: Ours\nscheme: sheffield\nstart: 2026-04-06\nweeks: 4\n"
                    "world: {households: 20, homes: 20}\nparameters:\n"
                    "  downsizing.incentive: {assumed: a test, number: -5}\n"
                    "  downsizing.payment: {assumed: a test, weights: {first: -1, further: 0}}\n")
    with pytest.raises(BadInput) as told:
        simulate(path, replications=1)
    assert [(p.kind, p.where, p.given, p.allowed) for p in told.value.problems] == [
        ("below_0", "ours.yaml:7:51", "-5", "0 or more [factor on the yearly rate]"),
        ("below_0", "ours.yaml:8:58", "first: -1", "0 or more [pounds a bedroom]")]


def test_nominations_of_centuries_are_told_before_the_run(tmp_path: Path) -> None:
    times = shipped_parameters()["nominations.days_times"] | {"council": 50.0, "family": 100.0}
    path = tmp_path / "ours.yaml"
    path.write_text("title: Ours\nscheme: sheffield\nstart: 2026-04-06\nweeks: 4\n"
                    "world: {households: 20, homes: 20}\nparameters:\n"
                    f"  nominations.days_times: {{assumed: a test, weights: {times}}}\n")
    with pytest.raises(BadInput) as told:
        simulate(path, replications=1)
    assert [(p.kind, p.where) for p in told.value.problems] == [
        ("days_explode", "nominations.days, nominations.days_times")]


def test_names_in_names_that_may_not_be_are_told(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("parameters:\n  nominations.landlord_odds:\n    assumed: a test\n"
                    "    weights_by: {council: {no_show: 1.0}, charity: {no_show: 1.0}}\n")
    with pytest.raises(BadInput) as told:
        read_parameters(path)
    problem = told.value.problems[0]
    assert problem.kind == "parameter_names"
    assert problem.given.endswith("; charity no_show besides")


def test_names_that_are_lacking_are_not_told_as_given(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("parameters:\n  bidding.kinds: {assumed: a test, shares: {never: 0.4, often: 0.6}}\n")
    with pytest.raises(BadInput) as told:
        read_parameters(path)
    assert [problem.line() for problem in told.value.problems] == [
        "ours.yaml:2:3: bidding.kinds needs each of its names and no other; given without seldom; "
        "allowed: each of never, seldom, often. What never happens has the share 0"]
