"""Each lever that a what-if may pull, said in a variant: the quantity it is meant for moves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from cbl_engine.errors import BadInput
from cbl_engine.simulate import simulate
from cbl_engine.simulate.run import simulate_scenario
from cbl_engine.simulate.scenario import variant_of
from cbl_engine.simulate.scenario_file import read_scenario
from cbl_engine.simulate.summary import summary
from tests.simulate.policy_world import scheme_text
from tests.simulate.small import START

if TYPE_CHECKING:
    from cbl_engine.simulate.run import Simulation

WEEKS = 26
ON = START + timedelta(weeks=13)
RULES = """\
assessment:
  awards: {first: {label: x, when: needs_two, band: A}, second: {label: x, when: needs_one, band: B}}
  otherwise: C
  priority_date: {first: registered_on}
bidding:
  caps: {weekly: {label: x, bids: 3, per: cycle}}
offers:
  refusals: {}
consequences: {barred: {label: Barred for six months, bar_months: 6}}
"""
SCENARIO = f"""\
title: Levers
scheme: small.yaml
world: {{households: 150, homes: 400}}
start: {START}
weeks: {WEEKS}
replications: 2
parameters:
  tenancies.end_per_year: {{rate: 0.6, assumed: a test}}
  bidding.kinds: {{shares: {{never: 0.1, seldom: 0.3, often: 0.6}}, assumed: a test}}
  arrivals.per_year: {{rate: 1.0, assumed: a test}}
variants:
  bands:
    title: Those who need one bedroom come first
    scheme_set: {{assessment.awards.first.when: needs_one, assessment.awards.second.when: needs_two}}
  quota:
    title: Four homes in ten by date alone
    scheme_set:
      advertising: {{quotas: {{by_date: {{label: x, on: adverts, share: 0.4, profile: wider}}}}}}
  downsizing:
    title: Help that makes many more ask for a smaller home
    parameters: {{downsizing.incentive: {{number: 20, assumed: the lever}}}}
  one_bid:
    title: One bid a cycle
    scheme_set: {{bidding.caps.weekly.bids: 1}}
  sanction:
    title: Barred after a refusal
    scheme_set: {{offers.refusals.once: {{label: x, after: 1, every: true, then: barred}}}}
  fortnightly:
    title: Adverts every two weeks
    parameters: {{voids.advert_weeks: {{number: 2, assumed: the lever}}}}
  early:
    title: Every void advertised before it is ready
    parameters: {{voids.advertised_before_ready: {{share: 1.0, assumed: the lever}}}}
  ten_days_early:
    title: The same, ten days before at the earliest
    parameters:
      voids.advertised_before_ready: {{share: 1.0, assumed: the lever}}
      voids.advertised_days_before: {{number: 10, assumed: the lever}}
  two_teams:
    title: Two teams for works
    parameters: {{voids.works_teams: {{number: 2, assumed: the lever}}}}
  viewing:
    title: Three view together
    scheme_set: {{offers.viewing: {{label: x, together: 3}}}}
  new_only:
    title: Another order of bands, for those who join from then on
    changes:
      - on: {ON}
        scheme_set: {{assessment.awards.first.when: needs_one,
          assessment.awards.second.when: needs_two}}
        transition: only_new
  everybody:
    title: Another order of bands, for everybody
    changes:
      - on: {ON}
        scheme_set: {{assessment.awards.first.when: needs_one,
          assessment.awards.second.when: needs_two}}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory):
    """Each side of the scenario by name, simulated when it is first asked for."""
    folder = tmp_path_factory.mktemp("levers")
    (folder / "small.yaml").write_text(scheme_text(RULES))
    path = folder / "levers.yaml"
    path.write_text(SCENARIO)
    scenario, parameters = read_scenario(path)
    kept: dict[str, Simulation] = {}

    def of(side: str) -> Simulation:
        if side not in kept:
            its = (scenario.model_copy(update={"variants": {}}), parameters) if side == "base" \
                else variant_of(scenario, parameters, scenario.variants[side])
            kept[side] = simulate_scenario(*its, folder)
        return kept[side]

    return of


def in_bands(of: Simulation, need: int) -> dict[str, int]:
    rows = of.frames["households"].filter(pl.col("bedroom_need") == need,
                                          pl.col("left_on").is_null())
    return dict(rows.group_by("band").len().iter_rows())


def test_bands(found) -> None:
    assert in_bands(found("base"), 2).keys() == {"A"}
    assert in_bands(found("bands"), 2).keys() == {"B"}
    assert in_bands(found("bands"), 1).keys() == {"A"}


def test_quotas(found) -> None:
    profiles = {side: found(side).frames["adverts"]["profile"] for side in ("base", "quota")}
    assert (profiles["base"] == "wider").sum() == 0
    assert (profiles["quota"] == "wider").mean() == pytest.approx(0.4, abs=0.05)


def test_help_with_downsizing(found) -> None:
    asked = {side: found(side).frames["households"]["downsizer"].sum()
             for side in ("base", "downsizing")}
    assert asked["downsizing"] > 5 * asked["base"]


def test_bids_in_a_cycle(found) -> None:
    households = found("one_bid").frames["households"]
    weeks = (pl.coalesce("left_on", pl.lit(START + timedelta(weeks=WEEKS)))
             - pl.max_horizontal("registered_on", pl.lit(START))).dt.total_days() / 7 + 2
    assert households.filter(pl.col("bids") > weeks).is_empty()
    most = found("base").frames["households"]["bids"].max()
    assert most > 1.5 * households["bids"].max()


def test_sanctions_for_refusals(found) -> None:
    assert found("base").frames["consequences"].is_empty()
    sanctions = found("sanction").frames["consequences"]
    assert sanctions["consequence"].unique().to_list() == ["barred"]
    refused = found("sanction").frames["nominations"].filter("counts").height
    assert sanctions.height == refused > 3


def test_the_round_of_adverts(found) -> None:
    adverts = found("fortnightly").frames["adverts"]
    assert (adverts["week"] % 2 == 1).all()
    voids = found("fortnightly").frames["voids"].filter(pl.col("adverts") == 1)
    open_for = (voids["closed_on"] - voids["advertised_on"]).dt.total_days().unique().to_list()
    assert open_for == [13]
    weekly = found("base").frames["voids"].filter(pl.col("adverts") == 1)
    assert (weekly["closed_on"] - weekly["advertised_on"]).dt.total_days().unique().to_list() == [6]
    # Homes must be ready when the round opens.
    assert (voids["ready_on"] <= voids["advertised_on"]).all()
    stages = {side: summary(found(side)).filter(kpi="void_stage_days", group="adverts")["mean"].item()
              for side in ("base", "fortnightly")}
    assert stages["fortnightly"] - stages["base"] > 5


def days_early(of: Simulation) -> pl.Series:
    voids = of.frames["voids"].filter(pl.col("advertised_on").is_not_null())
    return (voids["ready_on"] - voids["advertised_on"]).dt.total_days()


def test_adverts_before_a_home_is_ready(found) -> None:
    assert days_early(found("base")).max() <= 0
    assert days_early(found("early")).max() == pytest.approx(20, abs=1)
    assert days_early(found("ten_days_early")).max() == pytest.approx(9, abs=1)
    let = found("early").frames["voids"].filter(pl.col("let_on").is_not_null())
    assert (let["let_on"] >= let["ready_on"]).all()


def works_at_once(of: Simulation) -> int:
    works = of.frames["voids"].filter(
        pl.col("ready_on") > pl.col("works_began_on"))
    days = pl.DataFrame({"on": pl.date_range(START, START + timedelta(weeks=WEEKS), eager=True)})
    going = days.join_where(works.select("world", "works_began_on", "ready_on"),
                            pl.col("on") >= pl.col("works_began_on"),
                            pl.col("on") < pl.col("ready_on"))
    return going.group_by("on", "world").len()["len"].max()


def test_capacity_for_works(found) -> None:
    assert works_at_once(found("base")) > 4
    assert works_at_once(found("two_teams")) == 2


def test_several_who_view_together(found) -> None:
    home = ["world", "home", "vacancy"]
    alone = found("base").frames["nominations"].sort(*home, "nominated_on", "settled_on")
    settled = alone.select(*home, "nominated_on", before=pl.col("settled_on").shift(1).over(home))
    assert settled.filter(pl.col("nominated_on") < pl.col("before")).is_empty()
    named = found("viewing").frames["nominations"].filter(
        pl.col("nominated_on") == pl.col("nominated_on").min().over(home),
        pl.col("settled_on").fill_null(pl.date(9999, 1, 1)) > pl.col("nominated_on"),
    ).group_by(home).len()["len"]
    assert named.max() == 3
    assert "not_chosen" in found("viewing").frames["nominations"]["outcome"].to_list()


def by_old_rules(of: Simulation, registered: pl.Expr) -> float:
    rows = of.frames["households"].filter(registered, pl.col("bedroom_need") == 2,
                                          pl.col("left_on").is_null())
    assert rows.height > 5
    return (rows["band"] == "A").mean()


def test_transitions(found) -> None:
    before, since = pl.col("registered_on") < ON, pl.col("registered_on") >= ON
    assert by_old_rules(found("new_only"), before) == 1.0
    assert by_old_rules(found("new_only"), since) == 0.0
    assert by_old_rules(found("everybody"), before) == 0.0


def test_rounds_of_adverts_change_from_a_day_on(tmp_path) -> None:
    (tmp_path / "small.yaml").write_text(scheme_text(RULES))
    path = tmp_path / "town.yaml"
    path.write_text(SCENARIO.split("variants:", maxsplit=1)[0] + f"changes: [{{on: {ON}, parameters: "
                    "{voids.advert_weeks: {number: 4, assumed: x}}}]\n")
    # Rounds of four weeks count from the start: the first that opens after the day is in week 16.
    weeks = simulate(path).frames["adverts"]["week"].unique().sort().to_list()
    assert set(range(4, 13)) <= set(weeks)
    assert [w for w in weeks if w >= 13] == [19, 23]


@pytest.mark.parametrize(("name", "number"), [
    ("voids.advert_weeks", 0), ("voids.advert_weeks", 1.5), ("voids.works_teams", -1),
    ("bidding.most_bids", 0), ("nominations.starting_weekday", 8)])
def test_what_is_counted_is_a_whole_number(tmp_path, name: str, number: float) -> None:
    (tmp_path / "small.yaml").write_text(scheme_text(RULES))
    path = tmp_path / "town.yaml"
    path.write_text(SCENARIO.split("variants:", maxsplit=1)[0]
                    + f"  {name}: {{number: {number}, assumed: x}}\n")
    with pytest.raises(BadInput, match=f"{name} is counted; given .*whole number"):
        read_scenario(path)

