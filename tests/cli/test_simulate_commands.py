"""cbl simulate and cbl trace as a planner meets them."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from cbl_engine.simulate.parameters import shipped_parameters
from tests.simulate.small_scenario import set_up_once, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Cbl = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        set_up_once(patch)
        yield written(tmp_path_factory.mktemp("scenario"))


@pytest.fixture(scope="module")
def kept(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from cbl_engine.simulate import simulate

    out = tmp_path_factory.mktemp("runs") / "kept"
    simulate(scenario, out, replications=3)
    return out


def test_the_summary_is_read_with_its_intervals(cbl: Cbl, scenario: Path, kept: Path) -> None:
    code, out, err = cbl("simulate", scenario, "--replications", 3, "--out", kept)
    assert (code, err) == (0, "")
    assert "A small borough: sheffield, 3 worlds, 26 weeks from 2026-04-06" in out
    assert all(words in out for words in ("95% interval", "Lettings", "waiting for a team",
                                          "standard relet, median", f"Wrote {kept}"))
    assert "2 bedrooms  " in cbl("simulate", scenario, "--replications", 3, "--full")[1]


def test_the_summary_for_programs_is_every_figure(cbl: Cbl, scenario: Path, kept: Path) -> None:
    wanted = pl.read_parquet(kept / "summary.parquet")
    given = "simulate", scenario, "--replications", 3
    code, out, err = cbl(*given, "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out) == wanted.to_dicts()
    rows = list(csv.DictReader(io.StringIO(cbl(*given, "--format", "csv")[1])))
    assert [row["group"] for row in rows] == wanted["group"].to_list()


def test_one_world_has_figures_and_no_interval(cbl: Cbl, scenario: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code, out, _ = cbl("simulate", scenario, "--replications", 1, "--weeks", 2, "--page", page)
    assert code == 0
    assert "One world has no interval" in out
    assert ", 1 world, 2 weeks from" in out
    assert ". 1 world of 2 weeks from" in page.read_text(encoding="utf-8")


def test_a_page_is_written_that_needs_nothing_from_elsewhere(
    cbl: Cbl, scenario: Path, kept: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    assert cbl("simulate", scenario, "--replications", 3, "--out", kept, "--page", page)[0] == 0
    html = page.read_text(encoding="utf-8")
    assert html.count("<figure>") == 8
    assert "Where void days go" in html
    assert "src=" not in html
    assert not re.search(r"\b(nan|inf|None)\b", html.split("<body>")[1])
    assert cbl("simulate", scenario, "--replications", 3, "--out", kept, "--page", page)[0] == 0
    assert page.read_text(encoding="utf-8") == html


def test_parameters_are_listed_with_unit_and_source(cbl: Cbl, tmp_path: Path) -> None:
    code, out, _ = cbl("simulate", "--parameters")
    assert code == 0
    assert all(name in out for name in shipped_parameters().found)
    assert "LAHS25" in out
    ours = written(tmp_path, "parameters: {voids.works_teams: {number: 7, source: Our contract}}")
    rows = json.loads(cbl("simulate", ours, "--parameters", "--format", "json")[1])
    (mine,) = [row for row in rows if row["parameter"] == "voids.works_teams"]
    assert (mine["value"], mine["unit"], mine["source"]) == ("7.0", "homes", "Our contract")
    assert sum(row["source"] == "Our contract" for row in rows) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "a scenario is needed; allowed: a file, or one of fenwold, riverton"),
        (("nowhere",), "there is no such scenario"),
        (("riverton", "--weeks", "0"), "--weeks: there must be at least one; given 0"),
        (("riverton", "--batch", "-3"), "--batch: there must be at least one; given -3"),
    ],
)
def test_what_cannot_be_simulated_is_one_line(cbl: Cbl, given: tuple[str, ...], said: str) -> None:
    code, out, err = cbl("simulate", *given)
    assert (code, out) == (2, "")
    assert said in err


def test_a_household_a_home_and_a_chain_are_followed(cbl: Cbl, kept: Path) -> None:
    letting = pl.read_parquet(kept / "lettings.parquet").filter(world=1).row(0, named=True)
    code, out, err = cbl("trace", kept, "--application", letting["application"], "--world", 1)
    assert (code, err) == (0, "")
    assert f"{letting['home']} (" in out
    assert out.endswith("Off the register: housed.\n")
    code, out, _ = cbl("trace", kept, "--home", letting["home"], "--world", 1)
    assert "The advert closes with" in out
    assert f"is let to {letting['application']}" in out
    code, out, _ = cbl("trace", kept, "--chain", letting["chain"], "--world", 1, "--format", "json")
    found = json.loads(out)
    assert (code, found["of"], found["id"]) == (0, "chain", letting["chain"])
    assert {"on", "what", "words", "home", "application"} == set(found["steps"][0])


def test_one_thing_is_followed_at_a_time(cbl: Cbl, kept: Path, tmp_path: Path) -> None:
    assert "one of --application, --home and --chain" in cbl("trace", kept)[2]
    code, _, err = cbl("trace", kept, "--home", "H1", "--chain", "H1/1")
    assert (code, "given 2" in err) == (2, True)
    code, _, err = cbl("trace", tmp_path, "--home", "H1")
    assert (code, "there is no simulation in the folder" in err) == (2, True)
