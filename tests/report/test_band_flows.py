"""From which band to which the same households of the same worlds go."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import polars as pl

from cbl_engine.report.band_flows import band_flows
from cbl_engine.simulate.scenario import Scenario


def side(name):
    scenario = Scenario.model_validate({
        "title": name, "scheme": "sheffield", "start": date(2026, 4, 6), "weeks": 4, "replications": 2})
    return SimpleNamespace(name=name, scenario=scenario, bands=("A", "B", "C", "D", "E"))


def comparison(before, after):
    """Two worlds alike of households with these bands."""
    def frames(bands):
        one = pl.DataFrame({"application": [f"P{i}" for i in range(len(bands))], "band": bands},
                           schema={"application": pl.String, "band": pl.String})
        return {"households": pl.concat([one.with_columns(world=pl.lit(w)) for w in (0, 1)])}

    return SimpleNamespace(
        sides=(side("base"), side("other")),
        simulations={("base", "central"): SimpleNamespace(frames=frames(before)),
                     ("other", "central"): SimpleNamespace(frames=frames(after))})


def flows_of(before, after):
    ((variant, flows),) = band_flows(comparison(before, after), "central", 5)
    assert variant.name == "other"
    return flows


def test_no_band_differs():
    assert flows_of(["A", None], ["A", None]) is None


def test_households_of_the_mean_world_by_the_band_before_and_after():
    flows = flows_of(["B"] * 6 + ["C"] * 7 + [None] * 8, ["A"] * 6 + ["C"] * 7 + ["C"] * 8)
    assert flows["head"] == ["A", "C"]
    assert flows["rows"] == [("B", ["6", "\u2013"]), ("C", ["\u2013", "7"]), ("(no band)", ["\u2013", "8"])]
    kinds = {r.words: r.kind for r in flows["picture"].ribbons}
    assert kinds["C to C: 7"] == "same"
    assert kinds["B to A: 6"] == "not_comparable"  # nobody is in band B then


def test_up_and_down_go_by_the_order_of_the_scheme():
    flows = flows_of(["A"] * 5 + ["B"] * 5 + ["A"] * 5, ["B"] * 5 + ["A"] * 5 + ["A"] * 5)
    kinds = {r.words: r.kind for r in flows["picture"].ribbons}
    assert kinds == {"A to B: 5": "down", "B to A: 5": "up", "A to A: 5": "same"}


def test_flows_of_a_few_are_left_out():
    flows = flows_of(["A"] * 4 + ["B"] * 9, ["B"] * 13)
    assert flows["rows"] == [("B", ["9"])]
