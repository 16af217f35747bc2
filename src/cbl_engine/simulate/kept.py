"""A simulation folder read again: what was simulated, and its tables."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import ValidationError

from cbl_engine.errors import Problem, RunError
from cbl_engine.simulate.outputs import SCHEMA_VERSION
from cbl_engine.simulate.parameters import Parameter, Parameters, shipped_parameters
from cbl_engine.simulate.run import Simulation
from cbl_engine.simulate.run_folder import TABLES
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
        not_followed, notes: as of :class:`cbl_engine.simulate.run.Simulation`.
    """

    folder: Path
    scenario: Scenario
    parameters: Parameters
    tables: Mapping[str, pl.LazyFrame] = field(repr=False)
    not_followed: tuple[str, ...] = ()
    notes: tuple[Problem, ...] = ()

    def read(self) -> Simulation:
        """All of it in memory."""
        frames = {name: table.collect() for name, table in self.tables.items()}
        return Simulation(self.scenario, self.parameters, frames, self.folder, self.not_followed, self.notes)


def open_simulation(folder: str | Path) -> Kept:
    """The folder of a finished simulation.

    Raises:
        RunError: there is none, it is not finished, another version made it, or a file is not as it was
            written.
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
    told = read_told(manifest, {"schema_version"})
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
    try:
        for name in TABLES:
            _as_written(folder / f"{name}.parquet", told["files"])
        parameters = {name: Parameter.model_validate_json(json.dumps(value))
                      for name, value in told["parameters"].items()}
        scenario = Scenario.model_validate_json(json.dumps(told["scenario"]))
        notes = tuple(replace(Problem(**note), rows=tuple(note["rows"])) for note in told.get("notes", ()))
        not_followed = tuple(told.get("not_followed", ()))
    except (ValidationError, KeyError, TypeError):
        raise _damaged(manifest, "the file is not as this version of the engine writes it") from None
    places = {name: at for at, name in enumerate(shipped_parameters().found)}
    missing = [name for name in places if name not in parameters]
    if missing:
        raise RunError([Problem(
            "other_version", "the simulation is that of a version of the engine without parameters that "
            "this one has", where=str(manifest), given=f"without {', '.join(missing)}",
            remedy="Simulate again into another folder")])
    in_order = dict(sorted(parameters.items(), key=lambda item: places.get(item[0], len(places))))
    return Kept(folder, scenario, Parameters(in_order),
                {name: pl.scan_parquet(folder / f"{name}.parquet", glob=False) for name in TABLES},
                not_followed, notes)


def read_told(file: Path, keys: set[str]) -> dict[str, Any]:
    """What a file of a kept simulation or comparison says.

    Args:
        file: of JSON.
        keys: that it has, written whole by this version of the engine.

    Raises:
        RunError: it is cut off, or damaged, or was written by another version.
    """
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise _damaged(file, "the file is cut off or damaged") from None
    if not isinstance(told, dict) or not told.keys() >= keys:
        raise _damaged(file, "the file is damaged, or another version of the engine wrote it")
    return told


def _as_written(file: Path, hashes: Mapping[str, str]) -> None:
    with file.open("rb") as content:
        found = file_digest(content, "sha256").hexdigest()
    if hashes.get(file.name) != found:
        raise _damaged(file, "the table is not as it was written")


def _damaged(file: Path, said: str) -> RunError:
    return RunError([Problem("damaged", said, where=str(file),
                             remedy="Give the command that made the folder again, or another folder")])
