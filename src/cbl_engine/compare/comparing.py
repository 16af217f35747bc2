"""Scenarios on the same worlds: how each variant differs from the base, figure by figure.

Base and variants meet the same luck, world by world, so a figure's difference in each world is one
observation (:mod:`cbl_engine.compare.pairs`). All figures of all variants are looked at together, and
a difference is *told* when the interval that holds for all of them at once leaves out 0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from cbl_engine.compare.differences import differences
from cbl_engine.compare.pairs import Difference, fewest_to_tell, worlds_needed
from cbl_engine.compare.sides import (
    OWN,
    RESPONSES,
    Side,
    not_comparable,
    own_response,
    read_sides,
)
from cbl_engine.errors import BadInput, Problem, RunError
from cbl_engine.records.places import check_folder, write_file
from cbl_engine.simulate.kept import open_simulation, read_told
from cbl_engine.simulate.kpi import ALL
from cbl_engine.simulate.run import Simulation, check_processes, simulate_scenario
from cbl_engine.simulate.side_by_side import side_by_side
from cbl_engine.tables.needs import whole_number_problems
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cbl_engine.simulate.scenario import Response

_Said = TypeVar("_Said")

_ROUNDING = 1e-9
_SHARES = 1000
"""Parts of a run that it tells of when several are simulated at once."""
KEPT = "comparison.json"
"""What says that all simulations of a comparison are in a folder."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was found.

    Attributes:
        sides: the base, then the variants.
        simulations: by name of the side and response; ``own`` is the response of sides that each
            keep another of their own.
        differences: response, variant, kpi, group, unit, base (its mean over worlds), mean (of the
            differences), low, high (Student's 95%), bca_low, bca_high (null where every world
            differs alike), all_low, all_high (of all figures together), told, saved (share of the
            variance that pairing took away; null where nothing varies), worlds (with the figure on
            both sides), not_reached (worlds in which a side does not reach a median: where there is
            one nothing is told, and mean, its intervals and, for the base, base are null).
        named: the scenarios as they were given.
        asked: responses that were asked for; none: each side kept its own.
        together: how many differences were looked at together.
    """

    sides: tuple[Side, ...]
    simulations: dict[tuple[str, str], Simulation]
    differences: pl.DataFrame = field(repr=False)
    named: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    together: int = 1

    @property
    def responses(self) -> list[str]:
        """Responses compared under, in order."""
        return [r for r in (*RESPONSES, OWN) if any(of == r for _, of in self.simulations)]

    @property
    def response(self) -> str:
        """The one that is spoken of where one is: central, or the first compared under."""
        return "central" if "central" in self.responses else self.responses[0]

    @property
    def notes(self) -> list[Problem]:
        """What worlds of some sides may not be meant to be like, each once, with those sides before
        the place.
        """
        found = self._said_of(lambda made: made.notes)
        return [replace(note, where=f"{', '.join(names)}: {note.where}") for note, names in found.items()]

    @property
    def not_followed(self) -> dict[str, list[str]]:
        """Rules of schemes that worlds did not go by, in words, each with the names of its sides."""
        return self._said_of(lambda made: made.not_followed)

    def _said_of(self, said: Callable[[Simulation], Sequence[_Said]]) -> dict[_Said, list[str]]:
        """What is said of simulations, each once, with the names of the sides, in order."""
        found: dict[_Said, dict[str, None]] = {}
        for (name, _), made in self.simulations.items():
            for one in said(made):
                found.setdefault(one, {})[name] = None
        return {one: list(names) for one, names in found.items()}

    def difference(
        self, variant: str, kpi: str, group: str = ALL, response: str | None = None
    ) -> dict[str, Any]:
        """One row of ``differences``."""
        response = response or self.response
        return self.differences.row(by_predicate=(
            (pl.col("variant") == variant) & (pl.col("kpi") == kpi) & (pl.col("group") == group)
            & (pl.col("response") == response)), named=True)


def compare(
    *named: str | Path,
    out: str | Path | None = None,
    replications: int | None = None,
    weeks: int | None = None,
    responses: Sequence[Response] | None = None,
    until: tuple[str, str, float] | None = None,
    at_most: int = 1000,
    batch: int | None = None,
    workers: int = 1,
    said: Callable[..., None] = lambda *_: None,
) -> Comparison:
    """Compare scenarios, or a scenario with the variants in its file.

    Args:
        *named: one scenario with ``variants:``, or several, the first of which is the base.
        out: folder that keeps every simulation, to go on from when interrupted, and the differences.
        replications: worlds, in place of the scenarios'.
        weeks: horizon, in place of the scenarios'; what the files date after its end is left out.
        responses: how strongly households respond, on every side; each is simulated. None: each
            side keeps its own.
        until: figure, group and half width: worlds are added until every variant's interval on it
            is no wider, and at least as many as tell a difference where all that there are differ
            alike. When the first worlds show that more than ``at_most`` would be needed,
            none is added: :func:`worlds_for` says how many would do.
        at_most: worlds at most, with ``until``.
        batch: worlds stepped together; the answer is the same whatever it is.
        workers: processes side by side; likewise.
        said: told what is done (name of the side and response, step), how much, and of how much.

    Raises:
        BadInput: no scenario, variants that differ in nothing, worlds that cannot be paired, an
            unknown figure, too few worlds, responses asked for where a file sets its own; all
            before anything is simulated.
        RunError: nothing can be kept in ``out``.
    """
    check_processes(batch, workers)
    sides = read_sides(named, replications, weeks)
    problems = [*not_comparable(sides, until, responses, named),
                *whole_number_problems(at_most, "--at-most", "this")]
    if problems:
        raise BadInput(problems)
    if out is not None:
        check_folder(out)
    asked = () if responses is None else tuple(r for r in RESPONSES if r in responses)
    while True:
        runs = [_Run(side, response, bool(asked), out) for side in sides
                for response in asked or (own_response(sides),)]
        done = {(run.side.name, run.response): made for run, made in zip(
            runs, _simulated(runs, batch, workers, said), strict=True)}
        found = _compared(sides, done, tuple(map(str, named)), asked)
        more = _worlds_to_add(found, until, at_most)
        if not more:
            if out is not None:
                _write_kept(found, Path(out))
            return found
        sides = [replace(s, scenario=s.scenario.model_copy(update={"replications": more}))
                 for s in sides]


@dataclass(frozen=True)
class _Run:
    """One side under one response."""

    side: Side
    response: str
    asked: bool
    out: str | Path | None

    @property
    def label(self) -> str:
        return f"{self.side.name} ({self.response})"

    def simulated(
        self, batch: int | None, workers: int, said: Callable[..., None]
    ) -> Simulation:
        scenario, place = self.side.scenario, None
        if self.asked:
            scenario = scenario.model_copy(update={"response": self.response})
        if self.out is not None:
            place = Path(self.out) / _folder(self.side.name, self.response, scenario.replications)
        return simulate_scenario(scenario, self.side.parameters, self.side.beside, place,
                                 batch=batch, workers=workers, said=said, noted=self.side.after_the_end)


def _simulated(
    runs: Sequence[_Run], batch: int | None, workers: int, said: Callable[..., None]
) -> Iterator[Simulation]:
    """Every run, in order: as many at once as there are workers, each in a process of its own, for a
    run costs less in one piece; those left over one after another, each by all workers.
    """
    at_once = len(runs) // workers * workers if workers > 1 else 0
    if at_once:
        label = ", ".join(run.label for run in runs[:at_once])
        for made in list(side_by_side(
            partial(_one_run, batch), runs[:at_once], workers,
            lambda done: said(f"{label}, weeks", done, _SHARES * at_once),
        )):
            if isinstance(made, BadInput):
                raise made
            yield made
    for run in runs[at_once:]:
        yield run.simulated(batch, workers, lambda step, n, of, r=run: said(
            f"{r.label}, {step}", n, of))


def _one_run(
    batch: int | None, run: _Run, said: Callable[[int], None]
) -> Simulation | BadInput:
    """A run in a process of its own. What is wrong with it is returned, so that of several it is
    always the first in order that is told.
    """
    def share(step: str, done: int, of: int) -> None:
        if step == "weeks":
            said(done * _SHARES // of)

    try:
        return run.simulated(batch, 1, share)
    except BadInput as wrong:
        return wrong


def _compared(
    sides: Sequence[Side], done: dict[tuple[str, str], Simulation], named: tuple[str, ...],
    asked: tuple[str, ...],
) -> Comparison:
    found = Comparison(tuple(sides), done, pl.DataFrame(), named, asked)
    rows, together = differences(sides, found.responses, done)
    return replace(found, differences=rows, together=together)


def open_comparison(folder: str | Path) -> Comparison:
    """A comparison kept in a folder by ``out``, its differences worked out anew.

    Raises:
        RunError: there is none, it is not finished, or a simulation of it is gone; what is kept is
            damaged.
    """
    folder = Path(folder)
    file = folder / KEPT
    if not file.is_file():
        raise RunError([Problem(
            "no_comparison", "there is no finished comparison in the folder", where=str(folder),
            remedy="cbl compare SCENARIO --out makes one; begun, the same command goes on")])
    told = read_told(file, {"sides", "responses", "replications", "named", "asked"})
    done = {
        (name, response): open_simulation(
            folder / _folder(name, response, told["replications"])).read()
        for name in told["sides"] for response in told["responses"]
    }
    firsts = {name: done[name, told["responses"][0]] for name in told["sides"]}
    sides = [Side(name, first.scenario, first.parameters, folder, tuple(told["sides"][name]))
             for name, first in firsts.items()]
    return _compared(sides, done, tuple(told["named"]), tuple(told["asked"]))


def _folder(side: str, response: str, worlds: int) -> str:
    return f"{side}-{response}-{worlds}"


def _write_kept(found: Comparison, out: Path) -> None:
    told = {"kind": "comparison", "named": found.named, "sides": {s.name: s.bands for s in found.sides},
            "responses": found.responses, "asked": found.asked,
            "replications": found.sides[0].scenario.replications, "engine_version": __version__}
    write_file((json.dumps(told, indent=1) + "\n").encode(), out / KEPT, replace=True)
    write_file(found.differences.write_csv().encode(), out / "differences.csv", replace=True)


def worlds_for(found: Comparison, until: tuple[str, str, float]) -> int:
    """About how many worlds would make every interval on a figure narrow enough; 0: they are.

    An interval of no width, of fewer worlds than :func:`fewest_to_tell`, is not narrow: it says that
    those few differ alike, as they do where what is counted is rare.

    Args:
        found: with fewer worlds.
        until: figure, group and half width, as of :func:`compare`.

    Raises:
        BadInput: no variant has the figure of such a group in enough worlds.
    """
    kpi, group, half = until
    of_figure = found.differences.filter(pl.col("kpi") == kpi)
    rows = of_figure.filter(pl.col("group") == group)
    if rows["not_reached"].sum():
        raise BadInput([Problem(
            "not_reached", "the figure is not reached in some worlds, so it has no interval",
            where="until", given=f"{kpi}:{group}")])
    if rows.is_empty():
        groups = of_figure["group"].unique(maintain_order=True)
        raise BadInput([Problem(
            "unknown_group", "the figure has no such group in enough worlds", where="until",
            given=f"{kpi}:{group}",
            allowed="; ".join(groups) or "another figure: this has none in enough worlds")])
    rows = rows.with_columns((pl.col("high") - pl.col("low")).alias("width")).sort("width")
    replications, fewest = found.sides[0].scenario.replications, fewest_to_tell()
    alike = rows.filter(pl.col("width") <= _ROUNDING * pl.col("mean").abs(),
                        pl.col("worlds") < fewest)["worlds"]
    more = max((ceil(replications * fewest / worlds) for worlds in alike), default=0)
    row = rows.row(-1, named=True)
    if row["width"] / 2 > half:
        sample = Difference(row["mean"], row["low"], row["high"], None, None, row["low"], row["high"],
                            row["worlds"], 0, None)
        more = max(more, replications + 1, int(worlds_needed(sample, half) * 1.1))
    return more


def _worlds_to_add(
    found: Comparison, until: tuple[str, str, float] | None, at_most: int
) -> int:
    """Worlds to simulate in all, where an interval is still too wide; 0 when there are enough, or
    when those allowed are too few, so that nothing is spent on them.
    """
    if until is None:
        return 0
    needed = worlds_for(found, until)
    return needed if needed <= at_most else 0
