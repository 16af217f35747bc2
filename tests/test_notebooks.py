"""Notebooks run from top to bottom as scripts, and say what they are for."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
SMALL = ("--households", "150", "--homes", "400", "--weeks", "8", "--replications", "3")


def notebook(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(module, monkeypatch, *given):
    monkeypatch.setattr(sys, "argv", [module.__name__, *given])
    _, found = module.app.run()
    return found


@pytest.fixture
def what_if():
    return notebook("what_if")


@pytest.fixture
def given(what_if, monkeypatch):
    """The first values of the levers, in a borough of a few homes."""
    found = run(what_if, monkeypatch, *SMALL, "--early", "0")
    return {**found["given"]}, found["now"]


def test_a_first_shortlist_explains_a_bid(monkeypatch):
    found = run(notebook("first_shortlist"), monkeypatch)
    assert found["adverts"].height == 30
    assert found["why"].startswith("Application P0000332 on advert ADV000003")


def test_a_first_shortlist_of_another_scheme_is_of_a_borough_made_for_it(monkeypatch):
    found = run(notebook("first_shortlist"), monkeypatch, "--scheme", "southend")
    assert found["adverts"].height == 20
    assert "Southend" in found["why"]


def test_a_case_comes_out_as_recorded_and_then_with_the_fact_put_right(monkeypatch):
    found = run(notebook("ombudsman_case"), monkeypatch)
    assert found["as_it_was"].reproduced
    assert "ADV000003: 26th of 33, held then; 4th of 33 now" in found["finding"]
    assert found["places"]["change"].to_list() == ["up"]


def test_what_if_compares_each_lever_and_all_together(what_if, monkeypatch):
    found = run(what_if, monkeypatch, *SMALL, "--bids", "1")
    assert list(found["said"]) == ["bids", "early", "together"]
    assert set(found["pairs"]["Change"]) == set(found["titles"].values()) - {found["titles"]["base"]}
    assert found["chart"].to_dict()["layer"]


def test_what_if_with_no_lever_moved_says_so_and_runs_nothing(what_if, monkeypatch):
    found = run(what_if, monkeypatch, *SMALL, "--early", "0")
    assert "comparison" not in found


@pytest.mark.parametrize(("lever", "to", "parameter"), [
    ("bids", 1, "bidding.most_bids"),
    ("works", 70, "voids.works_days"),
    ("early", 50, "voids.advertised_before_ready"),
    ("incentive", 2.0, "downsizing.incentive"),
])
def test_a_lever_is_a_variant_that_can_be_read(what_if, given, tmp_path, lever, to, parameter):
    from cbl_engine import read_scenario

    first, now = given
    file = tmp_path / "what_if.yaml"
    file.write_text(what_if.file_of(what_if.scenario_of({**first, lever: to}, now)))
    (variant,) = read_scenario(file)[0].variants.values()
    assert list(variant.parameters) == [parameter]


def test_the_bar_reaches_its_end(what_if, given):
    class Bar:
        at = 0

        def update(self, increment, subtitle):
            assert increment >= 0, subtitle
            self.at += increment

    first, now = given
    bar = Bar()
    what_if.compared(what_if.scenario_of({**first, "bids": 1}, now), bar)
    assert bar.at == 400


def test_a_figure_with_no_base_is_left_out_of_the_picture(what_if):
    row = {"kpi": "lettings", "group": "all", "variant": "a", "base": 0.0, "mean": 1.0, "low": 0.5,
           "high": 1.5, "told": True}
    other = {**row, "kpi": "rent_lost", "base": 10.0}
    picture = what_if.forest(pl.DataFrame([row, other]), {"a": "A"}).to_dict()
    (drawn,) = picture["datasets"].values()
    assert [(r["figure"], r["mean"]) for r in drawn] == [("Rent lost", 10.0)]


def test_notebooks_are_in_the_form_that_marimo_keeps():
    done = subprocess.run([sys.executable, "-m", "marimo", "check", "--strict", str(FOLDER)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_notebook_runs_as_a_script():
    done = subprocess.run([sys.executable, str(FOLDER / "what_if.py"), *SMALL],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
