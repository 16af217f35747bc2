"""Dated changes of the scheme and of values: in force from their day, and told where they cannot be."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.scheme import load_scheme, shipped_schemes
from cbl_engine.simulate.levers import scheme_with
from cbl_engine.simulate.scenario import scheme_of, variant_of
from cbl_engine.simulate.scenario_file import read_scenario
from cbl_engine.simulate.state import NEVER
from cbl_engine.simulate.weeks import run_batch
from cbl_engine.simulate.world import set_up
from tests.simulate.policy_world import PROFILES, scheme_text
from tests.simulate.small import START, setup_of, tables

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.simulate.setup import Setup

ON = START + timedelta(weeks=6)
RULES = """\
bidding:
  caps: {weekly: {label: x, bids: 3, per: cycle}}
"""
SCENARIO = f"""\
title: A test
scheme: small.yaml
world: {{households: 120, homes: 250}}
start: {START}
weeks: 12
parameters:
  tenancies.end_per_year: {{rate: 1.5, assumed: a test}}
  bidding.kinds: {{shares: {{never: 0.0, seldom: 0.2, often: 0.8}}, assumed: a test}}
"""


def written(folder: Path, more: str = "", rules: str = RULES) -> Path:
    (folder / "small.yaml").write_text(scheme_text(rules))
    file = folder / "town.yaml"
    file.write_text(SCENARIO + more)
    return file


def made(folder: Path, more: str = "", rules: str = RULES, variant: str | None = None) -> Setup:
    scenario, parameters = read_scenario(written(folder, more, rules))
    if variant is not None:
        scenario, parameters = variant_of(scenario, parameters, scenario.variants[variant])
    return set_up(scenario, parameters, folder)


def problems(folder: Path, more: str, rules: str = RULES) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        read_scenario(written(folder, more, rules))
    return [(p.kind, p.where) for p in caught.value.problems]


LOWER_CAP = f"""\
changes:
  - {{on: {ON}, title: One bid, scheme_set: {{bidding.caps.weekly.bids: 1}}}}
"""


def test_a_change_of_the_scheme_is_a_version_in_force_from_its_day(tmp_path: Path) -> None:
    scenario, _ = read_scenario(written(tmp_path, LOWER_CAP))
    scheme = scheme_of(scenario, tmp_path)
    assert [v.in_force.from_ for v in scheme.versions] == [date(2020, 1, 1), ON]
    caps = [scheme.in_force(on).bidding.caps["weekly"].bids for on in (ON - timedelta(1), ON)]
    assert caps == [3, 1]
    assert scheme.versions[0].in_force.until == ON


def test_nothing_differs_before_the_day_and_what_is_changed_does_after_it(tmp_path: Path) -> None:
    base, changed = tables(made(tmp_path)), tables(made(tmp_path, LOWER_CAP))
    # The version in force at a week's close holds for the week.
    for name in ("adverts", "weeks"):
        before = pl.col("week") < 6
        assert base[name].filter(before).equals(changed[name].filter(before))
    after = pl.col("week") >= 6
    fewer, usual = (t["adverts"].filter(after)["bids"].sum() for t in (changed, base))
    assert fewer < 0.75 * usual


def test_a_change_holds_in_versions_that_come_into_force_later(tmp_path: Path) -> None:
    later = ON + timedelta(weeks=2)
    folder = tmp_path / "versions"
    folder.mkdir()
    first = scheme_text(RULES)
    (folder / "a.yaml").write_text(first.replace("assumed: true}", f"until: {later}, assumed: true}}", 1))
    (folder / "b.yaml").write_text(first.replace("from: 2020-01-01", f"from: {later}")
                                   .replace("bids: 3", "bids: 2"))
    path = written(tmp_path, LOWER_CAP)
    path.write_text(path.read_text().replace("scheme: small.yaml", "scheme: versions"))
    scenario, _ = read_scenario(path)
    scheme = scheme_of(scenario, tmp_path)
    assert [(v.in_force.from_, v.bidding.caps["weekly"].bids) for v in scheme.versions] == [
        (date(2020, 1, 1), 3), (ON, 1), (later, 1)]


def test_another_scheme_takes_over_from_its_day(tmp_path: Path) -> None:
    other = scheme_text("", PROFILES.replace("default_profile: usual", "default_profile: wider"))
    (tmp_path / "other.yaml").write_text(other.replace("scheme: small", "scheme: other"))
    setup = made(tmp_path, f"changes: [{{on: {ON}, scheme: other.yaml}}]\n")
    profiles = tables(setup)["adverts"].select("week", "profile").unique().rows()
    assert {p for w, p in profiles if w < 6} == {"usual"}
    assert {p for w, p in profiles if w >= 6} == {"wider"}


FEWER = f"""\
changes:
  - {{on: {ON}, parameters: {{bidding.often_per_week: {{share: 0.0, assumed: a test}}}}}}
"""


def test_a_value_is_another_from_the_week_of_its_day(tmp_path: Path) -> None:
    base, changed = tables(made(tmp_path)), tables(made(tmp_path, FEWER))
    before = pl.col("week") < 6
    assert base["adverts"].filter(before).equals(changed["adverts"].filter(before))
    bids = changed["adverts"].group_by(pl.col("week") >= 6).agg(pl.col("bids").mean()).sort("week")
    assert bids["bids"][1] < 0.2 * bids["bids"][0]


WORKS = f"changes: [{{on: {ON}, parameters: {{voids.works_teams: {{number: THEN, assumed: x}}}}}}]\n"
SHORT = ("  voids.works_days: {assumed: x, days_by: {none: {0: 0, 100: 1}, standard: {0: 3, 100: 9},"
         " major: {0: 5, 100: 12}, adaptation: {0: 4, 100: 10}}}\n")


def _most_at_work(
    found: dict[str, pl.DataFrame], since: date = ON, until: date = date(2030, 1, 1)
) -> int:
    """Most works that go on in a world on a day of a span, on which some begin."""
    works = found["voids"].filter(pl.col("works_began_on").is_not_null()).with_columns(
        pl.col("ready_on").fill_null(date(2030, 1, 1))  # they go on at the end
    ).filter(pl.col("ready_on") > pl.col("works_began_on"), pl.col("cause") != "new_home")
    begun = works.filter(pl.col("works_began_on") >= since, pl.col("works_began_on") < until)
    assert begun.height > 5
    return max(works.filter(pl.col("world") == world, pl.col("works_began_on") <= day,
                            pl.col("ready_on") > day).height
               for world, day in begun.select("world", "works_began_on").iter_rows())


@pytest.mark.parametrize(("first", "then"), [(20, 6), (6, 20), (0, 6), (6, 0)])
def test_as_many_works_go_on_as_there_are_teams(tmp_path: Path, first: int, then: int) -> None:
    text = f"  voids.works_teams: {{number: {first}, assumed: x}}\n" if first else ""
    found = tables(made(tmp_path, SHORT + text + WORKS.replace("THEN", str(then))))
    over = ON + timedelta(weeks=2)  # teams that go end the works that were asked of them
    for teams, since, until in ((first, START, ON), (then, over, date(2030, 1, 1))):
        most = _most_at_work(found, since, until)
        assert most <= teams if teams else most > 6


def test_works_that_go_on_have_their_teams_when_a_limit_comes(tmp_path: Path) -> None:
    longer = ("  voids.works_days: {assumed: x, days_by: {none: {0: 0, 100: 1}, standard: {0: 10, 100: 40},"
              " major: {0: 30, 100: 80}, adaptation: {0: 20, 100: 50}}}\n")
    free = tables(made(tmp_path, longer))
    assert _most_at_work(free) > 8
    assert _most_at_work(tables(made(tmp_path, longer + WORKS.replace("THEN", "6")))) <= 6


def test_teams_that_went_with_their_works_are_among_those_taken_on_again(tmp_path: Path) -> None:
    again = SHORT + f"""\
  voids.works_teams: {{number: 40, assumed: x}}
changes:
  - {{on: {ON - timedelta(weeks=1)}, parameters: {{voids.works_teams: {{number: 1, assumed: x}}}}}}
  - {{on: {ON}, parameters: {{voids.works_teams: {{number: 5, assumed: x}}}}}}
"""
    assert _most_at_work(tables(made(tmp_path, again))) <= 5


@pytest.mark.parametrize("more", [
    "  voids.works_teams: {number: 1000, assumed: x}\n", WORKS.replace("THEN", "1000"),
    "  voids.works_teams: {number: 900, assumed: x}\n" + WORKS.replace("THEN", "1000")])
def test_a_limit_that_no_works_wait_for_is_none(tmp_path: Path, more: str) -> None:
    free, limited = tables(made(tmp_path)), tables(made(tmp_path, more))
    assert all(limited[name].equals(free[name]) for name in free)


def test_no_more_teams_are_kept_than_there_are_homes() -> None:
    setup = setup_of("sheffield", weeks=1, **{"voids.works_teams": {"number": 100_000}})
    state, _ = run_batch(setup, np.arange(1))
    assert state.teams_free.shape[1] == setup.n_homes


@pytest.mark.parametrize(("name", "table", "counted"), [
    ("tenancies.end_per_year", "voids", pl.col("tenancy_ended_on")),
    ("households.lapse_per_year", "households",
     pl.when(pl.col("status") == "lapsed").then("left_on")),
])
def test_a_rate_reaches_tenancies_and_households_that_are_there_already(
    tmp_path: Path, name: str, table: str, counted: pl.Expr
) -> None:
    change = f"changes: [{{on: {ON}, parameters: {{{name}: {{rate: 6.0, assumed: x}}}}}}]\n"
    days = {}
    for side, more in (("base", ""), ("changed", change)):
        rows = tables(made(tmp_path, more))[table].select("world", on=counted).drop_nulls().sort(
            "world", "on")
        days[side] = rows.filter(pl.col("on") < ON), rows.filter(pl.col("on") >= ON)
    assert days["base"][0].equals(days["changed"][0])
    assert days["changed"][1].height > 2 * days["base"][1].height


def test_worlds_under_changes_do_not_depend_on_those_beside_them(tmp_path: Path) -> None:
    setup = made(tmp_path, LOWER_CAP + FEWER.removeprefix("changes:\n"))
    together, alone = tables(setup, [0, 1, 2]), tables(setup, [1])
    for name, frame in alone.items():
        assert frame.equals(together[name].filter(pl.col("world") == 1)), name


def test_a_change_without_a_day_holds_from_the_first_day_of_the_figures(tmp_path: Path) -> None:
    more = "warm_up: 3\nchanges: [{scheme_set: {bidding.caps.weekly.bids: 1}}]\n"
    scenario, _ = read_scenario(written(tmp_path, more))
    assert [d.on for d in scenario.dated] == [START + timedelta(weeks=3)]


def test_a_variant_adds_changes_and_of_one_day_and_thing_its_own_hold(tmp_path: Path) -> None:
    more = LOWER_CAP + f"""\
variants:
  two:
    title: Two bids
    changes: [{{on: {ON}, scheme_set: {{bidding.caps.weekly.bids: 2}}}}]
"""
    scenario, parameters = read_scenario(written(tmp_path, more))
    other, _ = variant_of(scenario, parameters, scenario.variants["two"])
    assert [scheme_of(s, tmp_path).in_force(ON).bidding.caps["weekly"].bids
            for s in (scenario, other)] == [1, 2]


def test_households_respond_from_the_day_the_scheme_is_changed(tmp_path: Path) -> None:
    setup = made(tmp_path, LOWER_CAP)
    assert setup.responds_from == (ON - date(1970, 1, 1)).days


def test_nobody_responds_to_a_change_of_the_schemes_title(tmp_path: Path) -> None:
    retitled = LOWER_CAP.replace("bidding.caps.weekly.bids: 1", "title: New")
    assert made(tmp_path, retitled).responds_from == NEVER


BAD = {
    "a day outside": (f"- {{on: {START - timedelta(1)}, scheme_set: {{title: New}}}}",
                      "outside_horizon", "11:10"),
    "nothing": (f"- {{on: {ON}, why: no reason}}", "changes_nothing", "11:5"),
    "a path that leads nowhere": (f"- {{on: {ON}, scheme_set: {{bidding.capz.x: 1}}}}",
                                  "no_such_lever", "11:35"),
    "what is so already": (f"- {{on: {ON}, scheme_set: {{bidding.caps.weekly.bids: 3}}}}",
                           "changes_nothing", "11:35"),
    "a scheme that cannot be used": (f"- {{on: {ON}, scheme_set: {{default_profile: none}}}}",
                                     "unknown_profile", "11:22"),
    "a value that cannot change": (
        f"- {{on: {ON}, parameters: {{stock.new_per_year: {{rate: 0.1, assumed: x}}}}}}",
        "parameter_fixed", "11:35"),
    "an unknown value": (f"- {{on: {ON}, parameters: {{stock.newer: {{rate: 0.1, assumed: x}}}}}}",
                         "unknown_parameter", "11:35"),
    "a value of another kind": (
        f"- {{on: {ON}, parameters: {{voids.works_teams: {{share: 0.1, assumed: x}}}}}}",
        "parameter_kind", "11:35"),
    "a value that is so already": (
        f"- {{on: {ON}, parameters: {{bidding.most_bids: {{number: 3, assumed: x}}}}}}",
        "changes_nothing", "11:35"),
    "the scheme that is so already": (f"- {{on: {ON}, scheme: small.yaml}}", "changes_nothing", "11:30"),
    "no such scheme": (f"- {{on: {ON}, scheme: nowhere}}", "scheme_missing", "11:30"),
    "a transition of nothing": (
        f"- {{on: {ON}, over_weeks: 4, parameters: {{voids.works_teams: {{number: 1, assumed: x}}}}}}",
        "no_transition", "11:5"),
    "nobody goes over, in time": (
        f"- {{on: {ON}, transition: only_new, over_weeks: 4, scheme_set: {{title: New}}}}",
        "no_transition", "11:56"),
    "one thing twice on a day": (
        f"- {{on: {ON}, scheme_set: {{bidding.caps.weekly.bids: 2}}}}\n"
        f"  - {{on: {ON}, scheme_set: {{bidding.caps.weekly.bids: 1}}}}", "changed_twice", "12:35"),
    "a part of what is changed": (
        f"- {{on: {ON}, scheme_set: {{bidding.caps.weekly.bids: 2}}}}\n"
        f"  - {{on: {ON}, scheme_set: {{bidding: null}}}}", "changed_twice", "12:35"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_change_that_cannot_be_is_told_with_line_and_column(tmp_path: Path, case: str) -> None:
    text, kind, place = BAD[case]
    found = problems(tmp_path, f"seed: 2\nchanges:\n  {text}\n")
    assert (kind, f"town.yaml:{place}") in found
    in_variant = f"seed: 2\nvariants: {{v: {{title: x, changes: [\n  {text[2:].replace(chr(10) + '  - ', ', ')}]}}}}\n"
    assert kind in [k for k, _ in problems(tmp_path, in_variant)]


def test_everything_wrong_with_changes_is_in_one_report(tmp_path: Path) -> None:
    texts = [BAD[case][0] for case in ("a day outside", "nothing", "a path that leads nowhere",
                                       "a value that cannot change")]
    found = problems(tmp_path, "changes:\n  " + "\n  ".join(texts) + "\n")
    assert [k for k, _ in found] == ["outside_horizon", "changes_nothing", "no_such_lever",
                                     "parameter_fixed"]


def test_which_values_can_change_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read_scenario(written(tmp_path, f"changes:\n  {BAD['a value that cannot change'][0]}\n"))
    assert "voids.works_teams" in caught.value.problems[0].allowed
    assert "stock.new_per_year" not in caught.value.problems[0].allowed


@pytest.mark.parametrize("name", sorted(shipped_schemes()))
def test_a_lever_leaves_the_order_of_everything_else_as_it_is(name: str) -> None:
    scheme = load_scheme(name)
    turned = scheme_with(scheme, {"notes": ["A lever"]})
    for one, other in zip(scheme.versions, turned.versions, strict=True):
        plain = one.model_copy(update={"notes": ("A lever",)})
        assert other.model_dump_json() == plain.model_dump_json()


def test_every_value_that_cannot_change_is_one_of_the_catalogue() -> None:
    from cbl_engine.simulate.changes import FIXED
    from cbl_engine.simulate.parameters import shipped_parameters

    assert FIXED.keys() <= shipped_parameters().found.keys()
    assert all(FIXED.values())
