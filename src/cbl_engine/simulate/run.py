"""A scenario simulated: batches of worlds, one after another or side by side, kept as they finish.

What is kept, and how a run that was interrupted goes on, is in ``run_folder``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.errors import BadInput, Problem
from cbl_engine.records.places import check_folder
from cbl_engine.simulate.columns import silent
from cbl_engine.simulate.limits import notes_of
from cbl_engine.simulate.outputs import frames_of_run
from cbl_engine.simulate.policy import rules_not_followed
from cbl_engine.simulate.run_folder import TABLES, RunFolder, finished_spans
from cbl_engine.simulate.scenario import not_whole, with_counts
from cbl_engine.simulate.scenario_file import after_the_end, read_scenario, scenario_path
from cbl_engine.simulate.side_by_side import side_by_side
from cbl_engine.simulate.weeks import run_batch
from cbl_engine.simulate.world import set_up
from cbl_engine.tables.needs import whole_number_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.scenario import Scenario
    from cbl_engine.simulate.setup import Setup

MOST_TOGETHER, ROWS_TOGETHER = 100, 2_500_000
"""Worlds stepped together where nothing else is said: so many at most, and so many that their homes
and opening registers are no more rows, which takes about half a GiB."""


@dataclass(frozen=True, eq=False)
class Simulation:
    """What a scenario came to.

    Attributes:
        scenario, parameters: what was simulated.
        frames: tables by name, every world's rows; ``docs/simulate.md`` has their columns.
        folder: where they are kept, if anywhere.
        not_followed: rules of the scheme that the worlds did not go by, in words.
        notes: what the worlds may not be meant to be like.
    """

    scenario: Scenario
    parameters: Parameters
    frames: Mapping[str, pl.DataFrame] = field(repr=False)
    folder: Path | None = None
    not_followed: tuple[str, ...] = ()
    notes: tuple[Problem, ...] = ()


def simulate(
    named: str | Path,
    out: str | Path | None = None,
    *,
    replications: int | None = None,
    weeks: int | None = None,
    batch: int | None = None,
    workers: int = 1,
    said: Callable[..., None] = silent,
    on_notes: Callable[[list[Problem]], None] = silent,
) -> Simulation:
    """Simulate a scenario.

    Args:
        named: a scenario file, or the name of a shipped one.
        out: folder for the tables; one that was begun and interrupted goes on. None keeps none.
        replications: worlds, in place of the scenario's.
        weeks: horizon in weeks, in place of the scenario's; what the file dates after its end is
            left out, and noted.
        batch: worlds stepped together, None: :func:`together` says; the answer is the same whatever
            it is.
        workers: processes side by side; likewise.
        said: told what is done (``assessing``, ``weeks``), how much, and of how much.
        on_notes: told before the first week what a world may not be meant to be like.

    Returns:
        A :class:`Simulation`.

    Raises:
        BadInput: the scenario or its world cannot be used, with every reason.
        RunError: the folder holds something else, or another scenario's run; another run is writing to
            it; it cannot be written.
    """
    path = scenario_path(named)
    scenario, parameters = read_scenario(path)
    scenario = with_counts(scenario, replications=replications, weeks=weeks)
    noted = after_the_end(path, scenario).get("", ())
    return simulate_scenario(scenario, parameters, path.parent, out, batch=batch, workers=workers,
                             said=said, on_notes=on_notes, noted=noted)


def simulate_scenario(
    scenario: Scenario,
    parameters: Parameters,
    beside: Path | None = None,
    out: str | Path | None = None,
    *,
    batch: int | None = None,
    workers: int = 1,
    said: Callable[..., None] = silent,
    on_notes: Callable[[list[Problem]], None] = silent,
    noted: Sequence[Problem] = (),
) -> Simulation:
    """Simulate a scenario that was read.

    Args:
        scenario: what is simulated.
        parameters: what it goes by.
        beside: folder that relative paths of the scenario are taken from.
        out: as of :func:`simulate`, which says what is returned and raised.
        batch: likewise.
        workers: likewise.
        said: likewise.
        on_notes: likewise.
        noted: of the scenario as it was read; its notes begin with these.
    """
    check_processes(batch, workers)
    if out is not None:
        check_folder(out)
    setup = set_up(scenario, parameters, beside, lambda done, of: said("assessing", done, of))
    notes = [*noted, *notes_of(setup)]
    on_notes(notes)
    kept = RunFolder(Path(out), scenario, parameters, setup) if out is not None else None
    of = partial(Simulation, scenario, parameters, folder=None if kept is None else kept.out,
                 not_followed=rules_not_followed(setup), notes=tuple(notes))
    if kept is None:
        return of(_simulated(setup, scenario.replications, None, batch, workers, said))
    if (there := kept.whole()) is not None:
        return of(there)
    with kept.alone():
        found = of(_simulated(setup, scenario.replications, kept, batch, workers, said))
        kept.finish(found)
    return found


def _simulated(
    setup: Setup, replications: int, kept: RunFolder | None, batch: int | None, workers: int,
    said: Callable[..., None],
) -> dict[str, pl.DataFrame]:
    """Every world's tables: of those that are kept already, and of the others."""
    done = finished_spans(kept.out) if kept is not None else []
    left = replications - sum(last - first + 1 for first, last in done)
    size = min(batch or together(setup), max(-(-left // workers), 1))
    parts = list(_batches(replications, size, done))
    made = list(_all_parts(setup, parts, kept, workers, said))
    return {name: pl.concat([part[name] for part in made]) for name in TABLES}


def check_processes(batch: int | None, workers: int) -> None:
    """Refuse counts of worlds together, None: as many as fit, and of processes below one, and what is no
    whole number.

    Raises:
        BadInput: each of them.
    """
    problems = [*not_whole({"batch": batch}), *whole_number_problems(workers, "--workers", "this")] or [
        Problem("not_positive", "there must be at least one", where=f"--{name}",
                given=str(n), allowed="1 or more")
        for name, n in (("batch", batch), ("workers", workers)) if n is not None and n < 1]
    if problems:
        raise BadInput(problems)


def _batches(
    replications: int, size: int, done: list[tuple[int, int]]
) -> Iterator[np.ndarray]:
    """Worlds in order: spans that are done as they are, and the others so many at a time."""
    at = 0
    for first, last in [*done, (replications, replications - 1)]:
        for begin in range(at, first, size):
            yield np.arange(begin, min(begin + size, first), dtype=np.int64)
        if last >= first:
            yield np.arange(first, last + 1, dtype=np.int64)
        at = last + 1


def _all_parts(
    setup: Setup, parts: list[np.ndarray], kept: RunFolder | None, workers: int,
    said: Callable[[str, int, int], None],
) -> Iterator[dict[str, pl.DataFrame]]:
    """The tables of every batch, in order of worlds; those on file are read."""
    of = len(parts) * setup.weeks
    missing = [p for p in parts if kept is None or not kept.has(p)]
    there = (len(parts) - len(missing)) * setup.weeks
    if workers > 1:
        done = side_by_side(partial(_one_part, setup), missing, workers,
                            lambda weeks: said("weeks", there + weeks, of))
    else:
        done = (_one_part(setup, p, lambda weeks, n=n: said(
            "weeks", there + n * setup.weeks + weeks, of)) for n, p in enumerate(missing))
    for worlds, made in zip(missing, done, strict=True):
        if kept is None:
            yield made
        else:
            kept.keep(worlds, made)
    said("weeks", of, of)
    if kept is not None:
        yield from map(kept.part, parts)


def together(setup: Setup) -> int:
    """Worlds stepped together where nothing else is said: many, as far as memory allows."""
    rows = setup.n_homes + setup.lives.opening
    return max(1, min(MOST_TOGETHER, ROWS_TOGETHER // max(rows, 1)))


def _one_part(
    setup: Setup, worlds: np.ndarray, said: Callable[[int], None] = silent
) -> dict[str, pl.DataFrame]:
    state, weeks = run_batch(setup, worlds, said)
    return frames_of_run(state, weeks)
