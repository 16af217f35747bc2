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
    found = run(what_if, monkeypatch, *SMALL)
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
    assert "ADV000003: 26th of 33, held (not known: priority date) then; 4th of 33 now" in found["finding"]
    assert found["places"]["change"].to_list() == ["up"]


def test_what_if_compares_each_lever_and_all_together(what_if, monkeypatch):
    found = run(what_if, monkeypatch, *SMALL, "--bids", "1", "--early", "100")
    assert list(found["said"]) == ["bids", "early", "together"]
    assert set(found["pairs"]["Change"]) == set(found["titles"].values()) - {found["titles"]["base"]}
    assert found["chart"].to_dict()["layer"]


def test_what_if_moves_no_lever_by_itself_says_so_and_runs_nothing(what_if, monkeypatch, capsys):
    found = run(what_if, monkeypatch, *SMALL)
    assert "comparison" not in found
    assert capsys.readouterr().out == "No lever was moved, so there is nothing to compare.\n"


@pytest.mark.parametrize(("options", "said"), [
    (("--bids", "9"), "--bids: given 9; allowed: a whole number from 1 to 6"),
    (("--weeks", "abc"), "--weeks: given abc; allowed: a whole number from 4 to 520"),
    (("--weeks", "true"), "--weeks: given True; allowed: a whole number from 4 to 520"),
    (("--replications", "2"), "--replications: given 2; allowed: a whole number from 3 to 1000"),
    (("--incentive", "0.5"), "--incentive: given 0.5; allowed: a number from 1 to 5"),
    (("--scheme", "nosuch"), "--scheme: given nosuch; allowed: bexley, "),
    (("--apart", "1"), "--apart: given 1; allowed: true, false"),
    (("--bids", "1", "--bids", "2"), "--bids: given more than once; give one value"),
    (("--bid", "1"), "--bid: there is no such option; allowed: --scheme, "),
])
def test_what_if_refuses_first_values_that_its_levers_cannot_have(what_if, monkeypatch, options, said):
    with pytest.raises(SystemExit, match=f"^{said}"):
        run(what_if, monkeypatch, *options)


def test_what_if_takes_every_first_value_at_its_ends(what_if, given):
    first, _ = given
    for end in (0, 1):
        assert what_if.wrong_options({n: ends[end] for n, ends in what_if.RANGES.items()}, first) == []
    assert what_if.wrong_options({"apart": False, "scheme": "bexley", "incentive": 1.5}, first) == []


def test_help_to_move_and_what_is_paid_for_it_are_one_lever(what_if, given, tmp_path):
    from cbl_engine import read_scenario

    first, now = given
    for changes, parameters in (({"payment": 1000}, {"downsizing.payment"}), (
            {"payment": 1000, "incentive": 2.0}, {"downsizing.payment", "downsizing.incentive"})):
        file = tmp_path / "what_if.yaml"
        file.write_text(what_if.file_of(what_if.scenario_of({**first, **changes}, now)), encoding="utf-8")
        (variant,) = read_scenario(file)[0].variants.values()
        assert set(variant.parameters) == parameters
        assert variant.parameters["downsizing.payment"].value == {"first": 1000, "further": 1000}


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
    done = subprocess.run([sys.executable, str(FOLDER / "what_if.py"), *SMALL, "--bids", "1"],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 bid a week: Not told from luck: " in done.stdout


def test_a_wrong_option_of_a_notebook_is_one_line_and_no_traceback():
    done = subprocess.run([sys.executable, str(FOLDER / "what_if.py"), "--bids", "9"],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "--bids: given 9; allowed: a whole number from 1 to 6\n"
