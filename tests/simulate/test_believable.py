"""Studies of belief: what they are given is what they say, and the page says what came out."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from benchmarks.believable import coventry, lancaster, national, page, worlds
from benchmarks.believable.check import Check, band_of_outcomes, rounded
from benchmarks.believable.interval import Interval
from cbl_engine.simulate.parameters import shipped_parameters


def test_the_page_is_what_the_results_say():
    assert page.PAGE.read_text(encoding="utf-8") == page.page()


def test_every_table_of_the_page_has_a_place_in_its_prose():
    prose = page.PROSE.read_text(encoding="utf-8")
    assert [name for name in page.PARTS if f"{{{{{name}}}}}" not in prose] == []


def test_a_figure_hits_where_the_interval_holds_what_was_expected():
    assert Check("wait", 1.0, Interval(1.1, 0.9, 1.3)).hit
    assert not Check("wait", 0.8, Interval(1.1, 0.9, 1.3)).hit


def test_an_interval_of_outcomes_holds_its_share_of_the_worlds():
    found = band_of_outcomes(np.arange(101.0))
    assert (found["low"], found["mean"], found["high"]) == pytest.approx((10, 50, 90))
    assert band_of_outcomes([np.nan])["mean"] is None


def test_results_are_kept_to_five_figures_and_what_is_not_a_number_as_nothing():
    assert rounded({"a": [1.23456789, np.nan], "b": "x"}) == {"a": [1.2346, None], "b": "x"}


def test_one_number_stands_for_every_share_of_a_parameter():
    found = worlds.changed({"chains.leakage": 0.0})["chains.leakage"]
    assert set(found) == set(shipped_parameters()["chains.leakage"])
    assert set(found.values()) == {0.0}


def test_the_scheme_puts_coventrys_households_in_the_bands_of_the_extract():
    setup = coventry.world(coventry.Setting(0.7, dates_kept=True, few=True), 0.3, seed=3)
    lives = setup.lives
    band = lives.band[lives.starts[:-1]][: lives.opening]
    published = np.array(list(coventry.extract("live applications by band").values()), float)
    expected = published / published.sum()
    shares = np.bincount(band, minlength=5) / lives.opening
    assert lives.accepted == 1.0
    assert shares == pytest.approx(expected, abs=4 * (0.25 / lives.opening) ** 0.5)


@pytest.mark.parametrize("kept", [True, False])
def test_coventrys_dates_are_those_of_the_old_register_or_new(kept):
    setup = coventry.world(coventry.Setting(0.3, dates_kept=kept, few=True), 0.3, seed=3)
    lives = setup.lives
    first = lives.priority[lives.starts[:-1]]
    old = first[: lives.opening] < setup.start
    assert old.mean() > 0.95 if kept else not old.any()
    assert (first[lives.opening :] == setup.start).all()


def test_coventrys_adverts_are_the_published_ones_over_the_weeks():
    homes = coventry.homes(1).filter(pl.col("built_week") >= 0)
    by_size = dict(homes.group_by("bedrooms").len().iter_rows())
    assert by_size == {int(name.split()[0]): count
                       for name, count in coventry.extract("adverts by bedrooms").items()}
    assert homes.height == 914
    a_week = homes.group_by("built_week").len()
    assert a_week.height == coventry.WEEKS
    assert set(a_week["len"]) == {19, 20}


def test_coventrys_housed_are_drawn_from_all_that_a_world_housed():
    setup = coventry.world(coventry.Setting(0.7, dates_kept=False, few=True), 0.5, seed=3)
    (found,) = coventry.figures(worlds.run(setup, 1))
    split = [found[f"band/{band}"] for band in ("1", "2", "3", "4", "Reduced")]
    assert sum(split) == coventry.HOUSED < found["let"]
    assert sum(found[f"need/{need}"] for need in range(1, 6)) == coventry.HOUSED
    assert found["waited"] > 0


@pytest.mark.parametrize("tenants", [0.12, 0.5])
def test_as_many_of_englands_register_are_tenants_as_are_asked_for(tenants):
    found = national.register(2000, 1, tenants)["applications"]
    assert found.height == 2000
    assert found["current_home"].is_not_null().mean() == pytest.approx(tenants, abs=0.03)


def test_people_are_counted_on_the_day_of_the_letting():
    setup = national.world(0.04, 0.3, seed=2)
    frames = worlds.run(setup, 1)
    let = frames["lettings"].filter(
        pl.col("let_on") >= worlds.START + timedelta(weeks=national.WARM))
    counted = national.people_let(setup, let, frames["households"]).join(
        let.select("application", "bedroom_need"), on="application")
    assert counted.height == let.height
    assert counted["people"].min() >= 1
    alone = counted.filter(pl.col("bedroom_need") == 1)["people"].mean()
    assert alone < counted.filter(pl.col("bedroom_need") >= 3)["people"].mean()


def test_lancasters_years_are_put_together_by_lets():
    both = lancaster.together(lancaster.by_band(), (2012, 2013)).filter(key="A")
    assert both["lets"].item() == 64 + 67
    assert both["wait"].item() == pytest.approx((64 * 44 + 67 * 37) / 131)
    assert lancaster.together(lancaster.by_size(), (2015,))["share"].sum() == pytest.approx(1)


def test_sizes_come_in_turn_as_often_as_their_shares():
    turns = lancaster.in_turn([0.5, 0.3, 0.15, 0.05], 100)
    assert [turns.count(size) for size in (1, 2, 3, 4)] == [50, 30, 15, 5]
    assert turns[:3] == [1, 2, 1]
