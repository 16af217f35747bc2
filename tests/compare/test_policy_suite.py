"""The policy benchmark: worlds as their sources say, variants that differ, the same answer twice."""

from __future__ import annotations

import json

import pytest

from benchmarks.policy.page import HERE, PAGE, page, registers
from cbl_engine.compare.policy import bench_policy, read_suite, results_text
from cbl_engine.compare.sides import not_comparable, read_sides
from cbl_engine.errors import BadInput
from cbl_engine.simulate.scenario_file import read_scenario
from cbl_engine.simulate.world import scheme_of
from tests.commands import exit_code

SUITE = read_suite()
WORLDS = list(SUITE.file.worlds)


@pytest.mark.parametrize("world", WORLDS)
def test_every_variant_of_a_world_differs_and_its_scheme_loads(world):
    sides = read_sides([SUITE.scenario(world)])
    assert list(not_comparable(sides, None, None)) == []
    assert len(sides) >= 7
    assert all(scheme_of(side.scenario, side.beside).versions for side in sides)


def test_every_world_has_the_same_variants_and_the_published_size():
    scenarios = [read_scenario(SUITE.scenario(world))[0] for world in WORLDS]
    assert len(WORLDS) >= 4
    assert len({frozenset(s.variants) for s in scenarios}) == 1
    size = SUITE.file.sizes["published"]
    assert {(s.replications, s.weeks) for s in scenarios} == {(size.replications, size.weeks)}


def test_households_of_a_world_are_its_authoritys_register_scaled():
    assert [row["world"] for row in registers()] == WORLDS
    for row in registers():
        scenario, _ = read_scenario(SUITE.scenario(row["world"]))
        assert scenario.world.households == round(int(row["register_total"]) / int(row["one_in"]))


def test_a_tiny_run_gives_the_same_json_twice_and_from_the_command(tmp_path, capsys):
    found = bench_policy(["northern_city"], replications=3, weeks=8)
    out = tmp_path / "results.json"
    assert exit_code("bench-policy", "--world", "northern_city", "--replications", 3, "--weeks", 8,
                "--out", out) == 0
    assert out.read_text(encoding="utf-8") == results_text(found)
    said = capsys.readouterr().out
    assert said.startswith(f"The policy benchmark, version {SUITE.file.version}: 3 replications of 8 weeks")
    assert "A northern city with low demand" in said
    assert "Lettings (homes a year): " in said
    figures = {row["kpi"] for row in found["worlds"]["northern_city"]["rows"]}
    assert {"lettings", "waiting_at_end"} <= figures


def test_the_page_is_written_from_the_results():
    results = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    assert results["version"] == SUITE.file.version
    assert PAGE.read_text(encoding="utf-8") == page(results)


def test_an_unknown_world_is_said_with_those_there_are(capsys):
    assert exit_code("bench-policy", "--world", "atlantis") == 2
    said = capsys.readouterr().err
    assert "the suite has no such world; given atlantis; allowed: inner_london" in said


def test_a_place_that_cannot_be_written_is_said_before_theexit_code(tmp_path, capsys):
    assert exit_code("bench-policy", "--out", tmp_path / "nowhere" / "results.json") == 2
    assert "--out: there is no such folder to write to" in capsys.readouterr().err


def test_what_is_wrong_with_a_suite_is_all_said(tmp_path):
    (tmp_path / "suite.yaml").write_text(
        "version: 1\ntitle: Ours\nsizes: {small: {replications: 3, weeks: 4}}\n"
        "figures: [happiness]\nworlds: {moon: {like: nothing, assumed: all}}\n", encoding="utf-8")
    with pytest.raises(BadInput) as wrong:
        read_suite(tmp_path)
    assert [p.kind for p in wrong.value.problems] == ["scenario_missing", "unknown_figure"]
    (tmp_path / "suite.yaml").write_text("version: 0\n", encoding="utf-8")
    with pytest.raises(BadInput, match="version"):
        read_suite(tmp_path)
