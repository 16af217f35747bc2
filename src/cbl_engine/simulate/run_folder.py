"""The folder of a simulation while it fills: what is finished is kept, and one run writes at a time.

A **simulation folder** holds ``begun.json`` (scenario, parameters, engine, a hash of all that its worlds
are made of) and for each batch of worlds its tables under ``parts/``. A run that was interrupted goes on
with the worlds that are missing, in batches of any size; then each table is put together as
``<table>.parquet``, their figures as ``summary.parquet`` and ``.csv``, and ``manifest.json`` says
that all is there, with a hash of each file. The bytes are the same whatever the batches, the number
of workers, or how often it was interrupted.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import contextmanager, suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import Problem, RunError, why_not_written
from cbl_engine.records.places import check_outside, locked
from cbl_engine.simulate.digest import digest_of
from cbl_engine.simulate.outputs import SCHEMA_VERSION
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np

    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.run import Simulation
    from cbl_engine.simulate.scenario import Scenario
    from cbl_engine.simulate.setup import Setup

TABLES = ("voids", "nominations", "lettings", "adverts", "households", "duties",
          "band_changes", "placements", "consequences", "events", "weeks")
_FILES = (*(f"{name}.parquet" for name in (*TABLES, "summary")), "summary.csv")
"""What a finished run holds, beside its manifest."""
_THE_SAME = ("kind", "engine", "schema_version", "made_of")
"""What a kept run and the one that is asked for have alike."""
_PART = re.compile(r"(\d{6,})-(\d{6,})")
"""Name of the folder of a batch that is finished: its first and last world."""


def finished_spans(out: Path) -> list[tuple[int, int]]:
    """First and last world of each batch that a simulation folder keeps until all are there, in order."""
    there = out.joinpath("parts").iterdir() if out.joinpath("parts").is_dir() else ()
    names = ((path, _PART.fullmatch(path.name)) for path in there)
    return sorted((int(name[1]), int(name[2])) for path, name in names if name and _can_be_read(path))


def _can_be_read(part: Path) -> bool:
    """Whether every table of a batch is there to its end, where Parquet says what it holds."""
    try:
        for name in TABLES:
            with (part / f"{name}.parquet").open("rb") as table:
                pl.read_parquet_schema(table)
    except (OSError, pl.exceptions.PolarsError):
        return False
    return True


class RunFolder:
    """A simulation folder as it fills.

    Args:
        out: its place.
        scenario: that is simulated.
        parameters: that it goes by.
        setup: all that its worlds are made of.

    Raises:
        RunError: something else is there, or another run.
    """

    def __init__(
        self, out: Path, scenario: Scenario, parameters: Parameters, setup: Setup
    ) -> None:
        check_outside(out)
        self.out, self.parts = out, out / "parts"
        self.told: dict[str, Any] = {
            "kind": "simulation", "engine": __version__, "schema_version": SCHEMA_VERSION,
            "scenario": json.loads(scenario.model_dump_json(by_alias=True)),
            "parameters": {n: json.loads(p.model_dump_json(exclude_none=True))
                           for n, p in sorted(parameters.found.items())},
            "made_of": digest_of(setup, scenario.replications, scenario.warm_up),
        }
        self.begun = out / "begun.json"
        if not self.begun.exists() and out.exists() and (
                out.is_file() or any(p.name != _partial(self.begun).name for p in out.iterdir())):
            raise RunError([Problem("folder_in_the_way", "there is something else in the folder",
                                    where=str(out), remedy="Give another --out")])
        before = self._begun() if self.begun.exists() else self.told
        if any(before.get(name) != self.told[name] for name in _THE_SAME):
            raise RunError([Problem(
                "another_run", "the folder holds the run of another scenario, world or engine",
                where=str(out), remedy="Give another --out, or remove the folder")])

    def _begun(self) -> dict[str, Any]:
        """What the run was begun with.

        Raises:
            RunError: the file is cut off or damaged, so nobody can tell whose worlds are there.
        """
        try:
            begun = json.loads(self.begun.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            begun = None
        if not isinstance(begun, dict):
            raise RunError([Problem(
                "damaged", "the file is cut off or damaged", where=str(self.begun),
                remedy="Give another --out, or remove the folder")])
        return begun

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Begun, or gone on with, while no other run writes here.

        Where the system or the place of the folder has no such locks (Windows, some network drives)
        nothing is held.

        Raises:
            RunError: another run does, or the folder cannot be written.
        """
        with self._writing():
            self.out.mkdir(parents=True, exist_ok=True)
        with locked(self.out) as free:
            if not free:
                raise RunError([Problem(
                    "another_run_writes", "another run is writing to the folder", where=str(self.out),
                    remedy="Wait until it is over, or give another --out")])
            self._tell()
            yield

    def _tell(self) -> None:
        """Say what is simulated; words may differ, as a title: those given last are kept."""
        text = _text(self.told)
        if not self.begun.exists() or self.begun.read_text() != text:
            with self._writing():
                _whole(self.begun, text.encode())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say of the folder that it cannot be written, as where the disk is full."""
        try:
            yield
        except (OSError, pl.exceptions.ComputeError) as error:
            if (why := why_not_written(error)) is None:
                raise
            remedy = "Finished worlds are kept; once it can be, the same command goes on"
            if not self._some_are_kept():
                remedy = "No world is kept yet. Make room or give the right to write there, or name another"
            raise RunError([Problem(
                "simulation_not_written", f"the folder cannot be written: {why}",
                where=str(self.out), remedy=remedy)
            ]) from None

    def _some_are_kept(self) -> bool:
        with suppress(OSError):
            return (self.out / "manifest.json").exists() or any(
                part.suffix != ".partial" for part in self.parts.iterdir())
        return False

    def _folder(self, worlds: np.ndarray) -> Path:
        return self.parts / f"{worlds[0]:06d}-{worlds[-1]:06d}"

    def whole(self) -> dict[str, pl.DataFrame] | None:
        """Every table, where the run is finished and its files are as they were written."""
        manifest = self.out / "manifest.json"
        if not manifest.exists():
            return None
        found: dict[str, Any] = {}
        try:
            found = json.loads(manifest.read_text(encoding="utf-8"))
            there = all(sha256((self.out / name).read_bytes()).hexdigest() == found["files"][name]
                        for name in _FILES)
        except (OSError, ValueError, KeyError, TypeError):
            there = False  # a file is lost or cut off: what it says is made anew
        if not there:
            return None
        if (text := _text({**found, **self.told})) != manifest.read_text():
            with self._writing():
                _whole(manifest, text.encode())
        self._tell()
        return _read_tables(self.out)

    def has(self, worlds: np.ndarray) -> bool:
        """Whether a batch is finished."""
        return _can_be_read(self._folder(worlds))

    def part(self, worlds: np.ndarray) -> dict[str, pl.DataFrame]:
        """The tables of a finished batch."""
        return _read_tables(self._folder(worlds))

    def keep(self, worlds: np.ndarray, frames: Mapping[str, pl.DataFrame]) -> None:
        """Keep a batch, all of it or nothing."""
        folder = self._folder(worlds)
        beside = _partial(folder)
        with self._writing():
            if folder.exists():  # a table of it cannot be read
                shutil.rmtree(folder)
            beside.mkdir(parents=True, exist_ok=True)
            for name, frame in frames.items():
                frame.write_parquet(beside / f"{name}.parquet")
            beside.rename(folder)

    def finish(self, simulation: Simulation) -> None:
        """Put the tables together and add their figures; the parts go."""
        from cbl_engine.simulate.summary import summary

        figures = summary(simulation)
        with self._writing():
            for name, frame in {**simulation.frames, "summary": figures}.items():
                beside = self.out / f"{name}.partial"
                frame.write_parquet(beside)
                beside.replace(self.out / f"{name}.parquet")
            _whole(self.out / "summary.csv", figures.write_csv().encode())
            hashes = {name: sha256((self.out / name).read_bytes()).hexdigest() for name in _FILES}
            _whole(self.out / "manifest.json", _text(
                {**self.told, "files": hashes, "not_followed": simulation.not_followed,
                 "notes": [asdict(note) for note in simulation.notes]}).encode())
        shutil.rmtree(self.parts, ignore_errors=True)


def _read_tables(folder: Path) -> dict[str, pl.DataFrame]:
    return {name: pl.read_parquet(folder / f"{name}.parquet", glob=False) for name in TABLES}


def _text(told: Mapping[str, Any]) -> str:
    return json.dumps(told, indent=1, sort_keys=True)


def _whole(file: Path, content: bytes) -> None:
    beside = _partial(file)
    beside.write_bytes(content)
    beside.replace(file)


def _partial(place: Path) -> Path:
    """Where a file or folder is while it is not whole."""
    return place.with_name(f"{place.name}.partial")
