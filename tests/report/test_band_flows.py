"""From which band to which the same households of the same worlds go."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import polars as pl

from cbl_engine.report.band_flows import band_flows
from cbl_engine.simulate.scenario import Scenario


def side(name, worlds):
    scenario = Scenario.model_validate({
        "title": name, "scheme": "sheffield", "start": date(2026, 4, 6), "weeks": 4, "replications": worlds})
    return SimpleNamespace(name=name, scenario=scenario, bands=("A", "B", "C", "D", "E"))


def comparison(before, after, worlds=2):
    """Worlds alike of households with these bands, by application where it is not said."""
    def frames(given):
        bands = given if isinstance(given, dict) else {f"P{i}": band for i, band in enumerate(given)}
        one = pl.DataFrame({"application": list(bands), "band": list(bands.values())},
                           schema={"application": pl.String, "band": pl.String})
        return {"households": pl.concat([one.with_columns(world=pl.lit(w)) for w in range(worlds)])}

    return SimpleNamespace(
        sides=(side("base", worlds), side("other", worlds)),
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
    assert kinds["B to A: 6"] == "up"


def test_up_and_down_go_by_the_order_of_the_scheme():
    flows = flows_of(["A"] * 5 + ["B"] * 5 + ["A"] * 5, ["B"] * 5 + ["A"] * 5 + ["A"] * 5)
    kinds = {r.words: r.kind for r in flows["picture"].ribbons}
    assert kinds == {"A to B: 5": "down", "B to A: 5": "up", "A to A: 5": "same"}


def test_a_fall_to_a_band_is_one_where_nobody_is_in_the_band_it_is_from_then():
    flows = flows_of(["A"] * 5 + ["B"] * 7, ["B"] * 12)
    kinds = {r.words: r.kind for r in flows["picture"].ribbons}
    assert kinds == {"A to B: 5": "down", "B to B: 7": "same"}


def test_a_band_that_the_variants_scheme_does_not_know_is_not_comparable():
    flows = flows_of(["Urgent"] * 5 + ["A"] * 5, ["A"] * 10)
    kinds = {r.words: r.kind for r in flows["picture"].ribbons}
    assert kinds["Urgent to A: 5"] == "not_comparable"


def test_households_that_one_side_alone_has_are_not_on_the_register_of_the_other():
    both = {f"P{i}": "A" for i in range(6)}
    flows = flows_of(both | {f"Q{i}": "B" for i in range(7)}, both | {f"R{i}": None for i in range(8)})
    assert flows["head"] == ["A", "(no band)", "(not on the register)"]
    assert flows["rows"] == [
        ("A", ["6", "\u2013", "\u2013"]), ("B", ["\u2013", "\u2013", "7"]),
        ("(not on the register)", ["\u2013", "8", "\u2013"])]
    assert (flows["only_base"], flows["only_variant"]) == (7, 8)
    kinds = {r.words: r.kind for r in flows["picture"].ribbons}
    assert kinds["B to (not on the register): 7"] == "off"
    assert kinds["(not on the register) to (no band): 8"] == "on"


def test_flows_of_a_few_are_left_out():
    flows = flows_of(["A"] * 4 + ["B"] * 9, ["B"] * 13)
    assert flows["rows"] == [("B", ["9"])]


def test_a_flow_of_a_few_is_not_rounded_up_to_enough():
    two = comparison(["A"] * 9 + ["B"] * 9, ["A"] * 9 + ["A"] * 5 + ["B"] * 4, worlds=3)
    worlds = two.simulations["other", "central"].frames
    worlds["households"] = worlds["households"].with_columns(band=pl.when(
        pl.col("world") == 1, pl.col("application") == "P9").then(pl.lit("B")).otherwise("band"))
    ((_, flows),) = band_flows(two, "central", 5)  # 5, 4 and 5 from B to A: 4.7 in the mean world
    assert flows["rows"] == [("A", ["9"])]


def test_only_flows_of_a_few_have_no_picture():
    flows = flows_of(["A"] * 4 + ["B"] * 2, ["B"] * 6)
    assert (flows["picture"], flows["rows"]) == (None, [])
