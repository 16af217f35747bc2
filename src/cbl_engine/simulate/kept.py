"""A simulation folder read again: what was simulated, and its tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import Problem, RunError
from cbl_engine.simulate.outputs import SCHEMA_VERSION
from cbl_engine.simulate.parameters import Parameter, Parameters
from cbl_engine.simulate.run import TABLES, Simulation
from cbl_engine.simulate.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Kept:
    """A finished simulation in its folder, none of its rows read yet.

    Attributes:
        folder: its place.
        scenario, parameters: what was simulated.
        tables: by name.
    """

    folder: Path
    scenario: Scenario
    parameters: Parameters
    tables: Mapping[str, pl.LazyFrame]

    def read(self) -> Simulation:
        """All of it in memory."""
        frames = {name: table.collect() for name, table in self.tables.items()}
        return Simulation(self.scenario, self.parameters, frames, self.folder)


def open_simulation(folder: str | Path) -> Kept:
    """The folder of a finished simulation.

    Raises:
        RunError: there is none, or it is not finished.
    """
    folder = Path(folder)
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        begun = (folder / "begun.json").is_file()
        raise RunError([Problem(
            "not_finished" if begun else "no_simulation",
            "the simulation is not finished" if begun else "there is no simulation in the folder",
            where=str(folder),
            remedy="Give the command that began it again: it goes on" if begun
            else "cbl simulate SCENARIO --out makes one")])
    told = json.loads(manifest.read_text(encoding="utf-8"))
    if told.get("schema_version") != SCHEMA_VERSION:
        raise RunError([Problem(
            "other_version", "the tables are those of another version of the engine",
            where=str(folder), given=f"schema {told.get('schema_version')}",
            allowed=f"schema {SCHEMA_VERSION}", remedy="Simulate again into another folder")])
    lost = [name for name in TABLES if not (folder / f"{name}.parquet").is_file()]
    if told.get("kind") != "simulation" or lost:
        raise RunError([Problem(
            "no_simulation", "the folder is not that of a whole simulation", where=str(folder),
            given=f"without {', '.join(lost)}" if lost else str(told.get("kind")))])
    parameters = {name: Parameter.model_validate_json(json.dumps(value))
                  for name, value in told["parameters"].items()}
    return Kept(
        folder, Scenario.model_validate_json(json.dumps(told["scenario"])), Parameters(parameters),
        {name: pl.scan_parquet(folder / f"{name}.parquet") for name in TABLES})
