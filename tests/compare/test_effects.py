"""Effects of a variant by group of people, stage by stage."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from cbl_engine.compare import compare
from cbl_engine.compare.effects import MADE, group_effects, groups_say
from cbl_engine.disclosure import LIMIT
from cbl_engine.errors import BadInput
from cbl_engine.report import comparison_page, comparison_sheets
from cbl_engine.shipped import shipped_folder
from tests.commands import exit_code

OWN = """
title: Riverton's own register
scheme: sheffield
world: {register: REGISTER, homes: 300}
start: 2026-04-06
weeks: 4
replications: 3
seed: 1
variants:
  few:
    title: No bids by the engine
    parameters:
      bidding.most_bids: {number: 1, assumed: the lever}
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A comparison on a register of a council's own."""
    path = tmp_path_factory.mktemp("own") / "own.yaml"
    path.write_text(OWN.replace("REGISTER", str(shipped_folder("boroughs") / "riverton")))
    return compare(path)


def _read_as(comparison):
    households = comparison.simulations["base", "central"].frames["households"]
    return households["read_as"].drop_nulls().unique().sort()


def test_households_of_groups_add_up_to_all_and_shares_in_bands_to_one(comparison):
    effects = group_effects(comparison)
    assert effects["characteristic"].unique(maintain_order=True).to_list() == list(MADE)
    first = effects.filter(variant="early", characteristic="children")
    counts = dict(first.filter(figure="on_register").select("group", "base").iter_rows())
    assert counts.pop("all") == pytest.approx(sum(counts.values()))
    bands = first.filter(stage="band", group="with children")
    if bands["base"].null_count() == 0:
        assert bands["base"].sum() == pytest.approx(1)


def test_a_figure_is_that_of_the_households_of_the_group(comparison):
    told = comparison.simulations["base", "central"].frames["households"]
    with_children = told.filter("with_children")
    by_world = with_children.group_by("world").agg(pl.col("last_own_bid_on").is_null().mean().alias("never"))
    row = group_effects(comparison).row(by_predicate=(
        (pl.col("variant") == "one_bid") & (pl.col("group") == "with children")
        & (pl.col("figure") == "never_bid")), named=True)
    assert row["base"] == pytest.approx(by_world["never"].mean())
    assert row["low"] <= row["mean"] <= row["high"]


def test_what_rests_on_few_households_is_withheld(comparison):
    effects = group_effects(comparison)
    told = comparison.simulations["base", "central"].frames["households"]
    few = told.filter("expecting").height / 3
    assert 0 < few < LIMIT
    rows = effects.filter(characteristic="baby expected", group="others")
    assert rows.filter("withheld").height > 0
    assert rows.filter("withheld").select("base", "mean", "gap").null_count().row(0) == (
        rows.filter("withheld").height,) * 3
    assert effects.filter(~pl.col("withheld"), figure="on_register")["base"].min() > LIMIT - 1


def test_effects_are_of_the_time_of_the_figures(comparison):
    base = comparison.simulations["base", "central"]
    scenario = base.scenario
    warm = 6
    after = replace(base, scenario=scenario.model_copy(
        update={"warm_up": warm, "weeks": scenario.weeks - warm}))
    first, end = after.scenario.figures_from, scenario.end
    sides = dict.fromkeys(comparison.simulations, after)
    effects = group_effects(replace(comparison, simulations=sides)).filter(
        variant="early", characteristic="children", group="all")
    found = dict(effects.select("figure", "base").iter_rows())
    key = ["world", "application"]
    there = base.frames["households"].filter((pl.col("left_on") >= first).fill_null(value=True))
    settled = base.frames["nominations"].filter(
        (pl.col("settled_on") >= first).fill_null(value=True), pl.col("nominated_on") < end)
    named = there.join(settled, on=key, how="semi").group_by("world").len().sort("world")["len"]
    of = there.group_by("world").len().sort("world")["len"]
    assert found["nominated"] == pytest.approx((named / of).mean())
    assert found["nominated"] < group_effects(comparison).filter(
        variant="early", characteristic="children", group="all", figure="nominated")["base"].item()
    bid = there.filter(pl.col("last_own_bid_on") >= first).group_by("world").len().sort("world")["len"]
    assert found["never_bid"] == pytest.approx((1 - bid / of).mean())
    before = there.filter(pl.col("bids") > 0, pl.col("last_own_bid_on") < first)
    assert before.height > 0
    stays = there.filter((pl.col("left_on") >= end).fill_null(value=True))
    assert stays.filter(status="housed").height > 0
    days = stays.select("world", (pl.lit(end) - pl.col("registered_on")).dt.total_days().alias("days"))
    assert found["so_far"] == pytest.approx(
        days.group_by("world").agg(pl.col("days").mean())["days"].mean() / 365.25 * 12)


def test_an_equality_table_is_joined_to_the_opening_register_and_not_stated_is_a_group(own):
    ids = _read_as(own)
    half = ids.len() // 2
    equality = pl.DataFrame({
        "application": [*ids.head(half), *ids.slice(half, 20)], "characteristic": "religion or belief",
        "value": ["one"] * half + ["two"] * 18 + [None] * 2})
    effects = group_effects(own, equality).filter(figure="on_register")
    counts = dict(effects.select("group", "base").iter_rows())
    assert counts == {"one": half, "two": 18, "not stated": ids.len() - half - 18, "all": ids.len()}
    assert not effects["told"].any()


def test_who_of_an_equality_table_is_not_on_the_opening_register_is_counted(own):
    ids = _read_as(own)
    equality = pl.DataFrame({"application": [*ids, "nobody"], "characteristic": "belief", "value": "any"})
    assert ("table 1 is not on the opening register: what it says of them is counted nowhere."
            in groups_say(own, equality, own.response))
    assert "counted nowhere" not in groups_say(own, equality.head(ids.len()), own.response)


def test_few_of_an_equality_table_are_withheld_with_what_gives_them_away(own):
    ids = _read_as(own)
    equality = pl.DataFrame({"application": ids, "characteristic": "belief",
                             "value": ["few"] * 2 + ["rare"] + ["many"] * (ids.len() - 3)})
    counts = dict(group_effects(own, equality).filter(figure="on_register")
                  .select("group", "base").iter_rows())
    assert counts["others"] is None
    assert counts.keys() == {"many", "others", "all"}
    assert [counts["many"], counts["all"]].count(None) >= 1


def test_a_made_up_register_has_nobody_that_a_table_could_name(comparison):
    equality = pl.DataFrame({"application": ["P1"], "characteristic": ["c"], "value": ["v"]})
    with pytest.raises(BadInput, match="opening register is made up"):
        group_effects(comparison, equality)


def test_a_table_of_other_households_is_refused(own):
    equality = pl.DataFrame({"application": ["nobody"], "characteristic": ["c"], "value": ["v"]})
    with pytest.raises(BadInput, match="no application of the table"):
        group_effects(own, equality)


def test_children_grown_up_or_born_later_do_not_count_as_children_at_the_start(own):
    told = own.simulations["base", "central"].frames["households"].unique("read_as").drop_nulls(
        "read_as")
    people = pl.read_csv(shipped_folder("boroughs") / "riverton" / "people.csv", try_parse_dates=True)
    children = people.filter(pl.col("date_of_birth").is_between(
        pl.date(2008, 4, 7), pl.date(2026, 4, 6)), pl.col("relationship") != "applicant")
    expected = told["read_as"].is_in(children["application"].implode())
    differ = np.flatnonzero(told["with_children"].to_numpy() != expected.to_numpy())
    assert len(differ) <= 1  # on the very day of eighteen


def test_page_and_workbook_have_the_effects_by_equality_group(comparison):
    page = comparison_page(comparison)
    assert "Effects by equality group" in page
    assert "nothing can be said of them" in page.replace("\n", " ")
    sheet = comparison_sheets(comparison)["equality"]
    assert set(sheet["variant"]) == {"one_bid", "early"}
    assert sheet.height == group_effects(comparison).height


def test_the_command_says_effects_by_group(small_borough, kept, capsys):
    asked = ("compare", small_borough, "--out", kept, "--groups")
    assert exit_code(*asked, "--format", "json") == 0
    assert {"characteristic", "gap", "withheld"} <= json.loads(capsys.readouterr().out)["effects"][0].keys()
    assert (kept / "effects.csv").is_file()
    assert exit_code(*asked) == 0
    assert "nothing can be said" in " ".join(capsys.readouterr().out.split())


def test_a_table_that_fits_nobody_is_refused_before_anything_is_simulated(small_borough, tmp_path, capsys):
    table, out = tmp_path / "equality.csv", tmp_path / "out"
    table.write_text("application,characteristic,value\nP1,disability,yes\n")
    assert exit_code("compare", small_borough, "--out", out, "--equality", table) == 2
    assert "opening register is made up" in capsys.readouterr().err
    assert not out.exists()
    own = tmp_path / "own.yaml"
    own.write_text(OWN.replace("REGISTER", str(shipped_folder("boroughs") / "riverton")))
    assert exit_code("report", own, "--out", tmp_path / "p.html", "--equality", table) == 2
    assert "no application of the table" in capsys.readouterr().err
