"""A kept run is gone on with, or read again, only where everything its worlds are made of is the same."""

from __future__ import annotations

import shutil
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from cbl_engine.errors import RunError
from cbl_engine.shipped import shipped_folder
from cbl_engine.simulate import simulate
from cbl_engine.simulate.digest import digest_of
from cbl_engine.simulate.kept import open_simulation
from tests.simulate import small

if TYPE_CHECKING:
    from pathlib import Path

OURS = """\
title: {title}
scheme: sheffield
world: {{register: town, stock: town}}
start: 2026-04-06
weeks: 3
replications: 2
assess_every: 13
parameters:
  tenancies.end_per_year: {{rate: 0.5, {words}}}
"""


class Stopped(Exception):
    pass


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A scenario of a council's own tables."""
    shutil.copytree(shipped_folder("boroughs") / "riverton", tmp_path / "town")
    return written(tmp_path)


def written(folder: Path, title: str = "Ours", words: str = "assumed: a test") -> Path:
    file = folder / "ours.yaml"
    file.write_text(OURS.format(title=title, words=words))
    return file


def correct(folder: Path, table: str, column: str, value: Any) -> None:
    """One value of the first row is put right."""
    file = folder / "town" / f"{table}.csv"
    rows = pl.read_csv(file, infer_schema=False)
    rows[0, column] = value
    rows.write_csv(file)


@pytest.mark.parametrize(("table", "column", "value"), [
    ("people", "sex", "female"), ("applications", "current_home", "T0000002"),
    ("applications", "access_need", "A2"), ("duties", "since", "2025-01-01"),
    ("homes", "garden", "true"), ("areas", "name", "Elsewhere")])
def test_a_run_is_refused_after_its_tables_were_corrected(
    ours: Path, tmp_path: Path, table: str, column: str, value: Any
) -> None:
    out = tmp_path / "out"

    def said(what, done, of):
        if what == "weeks":
            raise Stopped

    with pytest.raises(Stopped):
        simulate(ours, out, said=said)
    correct(tmp_path, table, column, value)
    with pytest.raises(RunError, match="the run of another scenario, world or engine"):
        simulate(ours, out)


def test_a_run_is_known_again_where_words_alone_are_others_and_has_those_given_last(
    ours: Path, tmp_path: Path
) -> None:
    first = simulate(ours, tmp_path / "out")
    again = simulate(written(tmp_path, "Ours, said otherwise", "source: our own books"),
                     tmp_path / "out", said=lambda what, done, of: None)
    assert all(again.frames[name].equals(frame) for name, frame in first.frames.items())
    kept = open_simulation(tmp_path / "out")
    assert kept.scenario.title == "Ours, said otherwise"
    assert kept.parameters.found["tenancies.end_per_year"].source == "our own books"
    simulate(written(tmp_path), tmp_path / "other")
    simulate(written(tmp_path, "Ours, said otherwise", "source: our own books"), tmp_path / "other")
    for file in (tmp_path / "out").iterdir():
        assert file.read_bytes() == (tmp_path / "other" / file.name).read_bytes(), file.name


def test_every_part_of_a_setup_counts() -> None:
    setup = small.sheffield()
    usual = digest_of(setup)
    assert usual == digest_of(replace(setup, policies={}))
    for part in fields(setup.lives):
        value = getattr(setup.lives, part.name)
        if hasattr(value, "dtype") and not isinstance(value, pl.Series) and value.size:
            other = value.copy()
            other.flat[-1] = ~other.flat[-1] if value.dtype == bool else other.flat[-1] + 1
            assert digest_of(replace(setup, lives=replace(setup.lives, **{part.name: other}))) != usual
    assert digest_of(replace(setup, stock=setup.stock.with_columns(garden=~pl.col("garden")))) != usual
    assert digest_of(replace(setup, homes_per_week=1.0)) != usual
    assert digest_of(setup, 1) != digest_of(setup, 2) != usual


def test_shares_go_by_their_names_whatever_their_order() -> None:
    shares = {"never": 0.2, "seldom": 0.3, "often": 0.5}
    one, other = (small.parameters_of(**{"bidding.kinds": {"shares": dict(given)}})
                  for given in (shares.items(), reversed(shares.items())))
    setup = small.sheffield()
    assert len({digest_of(replace(setup, parameters=setup.parameters.with_changes(given)))
                for given in (one, other)}) == 1
