"""Scenarios on the same worlds: how each variant differs from the base, figure by figure.

Base and variants meet the same luck, world by world, so a figure's difference in each world is one
observation (:mod:`cbl_engine.compare.pairs`). All figures of all variants are looked at together, and
a difference is *told* when the interval that holds for all of them at once leaves out 0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.compare.pairs import Difference, paired_difference, worlds_needed
from cbl_engine.errors import BadInput, Problem, RunError
from cbl_engine.records.places import write_file
from cbl_engine.simulate.kept import open_simulation
from cbl_engine.simulate.kpi import ALL, told_by
from cbl_engine.simulate.run import Simulation, simulate_scenario
from cbl_engine.simulate.scenario import World, variant_of
from cbl_engine.simulate.scenario_file import read_scenario, scenario_path
from cbl_engine.simulate.summary import BY_NAME, KPIS, values
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cbl_engine.simulate.kpi import Kpi
    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.scenario import Response, Scenario

BASE = "base"
RESPONSES: tuple[Response, ...] = ("low", "central", "high")
FEWEST_WORLDS = 3
KEPT = "comparison.json"
"""What says that all simulations of a comparison are in a folder."""


@dataclass(frozen=True)
class Side:
    """One scenario of a comparison: its name, what it says, and where its paths begin."""

    name: str
    scenario: Scenario
    parameters: Parameters
    beside: Path


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was found.

    Attributes:
        sides: the base, then the variants.
        simulations: by name of the side and response.
        differences: response, variant, kpi, group, unit, base (its mean over worlds), mean (of the
            differences), low, high (Student's 95%), bca_low, bca_high (null where every world
            differs alike), all_low, all_high (of all figures together), told, saved (share of the
            variance that pairing took away; null where nothing varies), worlds.
        named: the scenarios as they were given.
    """

    sides: tuple[Side, ...]
    simulations: dict[tuple[str, str], Simulation]
    differences: pl.DataFrame
    named: tuple[str, ...] = ()

    @property
    def responses(self) -> list[str]:
        """Responses compared under, in order."""
        return [r for r in RESPONSES if any(of == r for _, of in self.simulations)]

    def difference(
        self, variant: str, kpi: str, group: str = ALL, response: str = "central"
    ) -> dict[str, Any]:
        """One row of ``differences``."""
        return self.differences.row(by_predicate=(
            (pl.col("variant") == variant) & (pl.col("kpi") == kpi) & (pl.col("group") == group)
            & (pl.col("response") == response)), named=True)


def compare(
    *named: str | Path,
    out: str | Path | None = None,
    replications: int | None = None,
    weeks: int | None = None,
    responses: Sequence[Response] = ("central",),
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
        weeks: horizon, in place of the scenarios'.
        responses: how strongly households respond; each is simulated.
        until: figure, group and half width: worlds are added until every variant's interval on it
            is no wider. When the first worlds show that more than ``at_most`` would be needed,
            none is added: :func:`worlds_for` says how many would do.
        at_most: worlds at most, with ``until``.
        batch: worlds stepped together; the answer is the same whatever it is.
        workers: processes side by side; likewise.
        said: told what is done (name of the side and response, step), how much, and of how much.

    Raises:
        BadInput: variants that differ in nothing, worlds that cannot be paired, an unknown figure,
            too few worlds; all before anything is simulated.
    """
    sides = _sides(named, replications, weeks)
    problems = list(_not_comparable(sides, until, responses))
    if problems:
        raise BadInput(problems)
    done: dict[tuple[str, str], Simulation] = {}
    while True:
        for side in sides:
            for response in responses:
                key = side.name, response
                scenario = side.scenario.model_copy(update={"response": response})
                place = None
                if out is not None:
                    place = Path(out) / _folder(side.name, response, scenario.replications)
                done[key] = simulate_scenario(
                    scenario, side.parameters, side.beside, place, batch=batch, workers=workers,
                    said=lambda step, n, of, k=key: said(f"{k[0]} ({k[1]}), {step}", n, of))
        found = Comparison(tuple(sides), done, _differences(sides, responses, done),
                           tuple(map(str, named)))
        more = _worlds_to_add(found, until, at_most)
        if not more:
            if out is not None:
                _write_kept(found, Path(out))
            return found
        sides = [Side(s.name, s.scenario.model_copy(update={"replications": more}), s.parameters,
                      s.beside) for s in sides]


def open_comparison(folder: str | Path) -> Comparison:
    """A comparison kept in a folder by ``out``, its differences worked out anew.

    Raises:
        RunError: there is none, it is not finished, or a simulation of it is gone.
    """
    folder = Path(folder)
    file = folder / KEPT
    if not file.is_file():
        raise RunError([Problem(
            "no_comparison", "there is no finished comparison in the folder", where=str(folder),
            remedy="cbl compare SCENARIO --out makes one; begun, the same command goes on")])
    told = json.loads(file.read_text(encoding="utf-8"))
    done = {
        (name, response): open_simulation(
            folder / _folder(name, response, told["replications"])).read()
        for name in told["sides"] for response in told["responses"]
    }
    firsts = {name: done[name, told["responses"][0]] for name in told["sides"]}
    sides = [Side(name, first.scenario, first.parameters, folder) for name, first in firsts.items()]
    return Comparison(tuple(sides), done, _differences(sides, told["responses"], done),
                      tuple(told["named"]))


def _folder(side: str, response: str, worlds: int) -> str:
    return f"{side}-{response}-{worlds}"


def _write_kept(found: Comparison, out: Path) -> None:
    told = {"kind": "comparison", "named": found.named, "sides": [s.name for s in found.sides],
            "responses": found.responses, "replications": found.sides[0].scenario.replications,
            "engine_version": __version__}
    write_file((json.dumps(told, indent=1) + "\n").encode(), out / KEPT, replace=True)
    write_file(found.differences.write_csv().encode(), out / "differences.csv", replace=True)


def _sides(
    named: Sequence[str | Path], replications: int | None, weeks: int | None
) -> list[Side]:
    changes = {k: v for k, v in (("replications", replications), ("weeks", weeks))
               if v is not None}
    sides = []
    for number, name in enumerate(named):
        path = scenario_path(name)
        scenario, parameters = read_scenario(path)
        scenario = scenario.model_copy(update=changes)
        alone = len(named) == 1
        own = BASE if alone or number == 0 else path.stem
        plain = scenario.model_copy(update={"variants": {}})
        sides.append(Side(own, plain, parameters, path.parent))
        if alone:
            sides += [Side(v, *variant_of(scenario, parameters, variant), path.parent)
                      for v, variant in scenario.variants.items()]
    return sides


def _not_comparable(
    sides: Sequence[Side], until: tuple[str, str, float] | None, responses: Sequence[str]
) -> Iterator[Problem]:
    base, *others = sides
    if not others:
        yield Problem("nothing_to_compare", "there is one scenario and no variant", where=BASE,
                      remedy="Add variants: to the file, or name a second scenario")
    if base.scenario.replications < FEWEST_WORLDS:
        yield Problem("too_few_worlds", "no interval can be told from so few worlds",
                      where="replications", given=str(base.scenario.replications),
                      allowed=f"{FEWEST_WORLDS} or more; 30 and more for intervals to lean on")
    if not responses:
        yield Problem("no_response", "no response to compare under", where="responses",
                      allowed=", ".join(RESPONSES))
    names = [s.name for s in sides]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield Problem("name_twice", "two scenarios have one name", where=name,
                      remedy="Give one of the files another name")
    for other in others:
        for part in ("world", "start", "warm_up", "weeks", "seed", "replications"):
            mine, theirs = getattr(base.scenario, part), getattr(other.scenario, part)
            if mine != theirs:
                yield Problem(
                    "worlds_differ", f"its {part} is not the base's, so worlds cannot be paired",
                    where=other.name, given=_in_words(theirs), allowed=_in_words(mine))
        if _what_counts(base) == _what_counts(other):
            yield Problem("differs_in_nothing", "the variant differs from the base in nothing",
                          where=other.name, remedy="Change its scheme, scheme_set, parameters or changes")
    if until is not None:
        if until[0] not in BY_NAME:
            yield Problem("unknown_figure", "there is no such figure", where="until",
                          given=until[0], allowed=", ".join(BY_NAME))
        if not until[2] > 0:
            yield Problem("bad_width", "half a width is above 0", where="until",
                          given=str(until[2]))


def _in_words(value: Any) -> str:
    """A value of a scenario as its file would have it."""
    if not isinstance(value, World):
        return str(value)
    return ", ".join(f"{name}: {v}" for name, v in value.model_dump(
        by_alias=True, exclude_none=True).items())


def _what_counts(side: Side) -> tuple[Any, ...]:
    """All that can make a simulation differ."""
    s = side.scenario
    return (s.scheme, s.scheme_set, s.new_homes, s.acquisitions, s.decants, s.simple, s.response,
            s.assess_every, s.policy_changes_on, s.register_again_on, s.warm_up,
            [(d.on, d.change.scheme, d.change.scheme_set, d.change.transition, d.change.over_weeks,
              {n: p.value for n, p in d.change.parameters.items()})
             for d in s.dated if d.on < s.end],
            {n: p.value for n, p in side.parameters.found.items()})


def _differences(
    sides: Sequence[Side], responses: Sequence[str], done: dict[tuple[str, str], Simulation]
) -> pl.DataFrame:
    told = {key: told_by(simulation) for key, simulation in done.items()}
    found: list[tuple[tuple[str, str, Kpi, str], np.ndarray, np.ndarray]] = []
    wanted = outcomes_of(sides[0].scenario)
    for response in responses:
        for kpi in (k for k in KPIS if k.name in wanted):
            tables = {s.name: _by_world(kpi, told[s.name, response]) for s in sides}
            for side in sides[1:]:
                groups = sorted({*tables[BASE], *tables[side.name]})
                for group in (g for g in groups if g in (wanted[kpi.name] or groups)):
                    one, other = (tables[n].get(group, _none(kpi, done[n, response]))
                                  for n in (BASE, side.name))
                    found.append(((response, side.name, kpi, group), one, other))
    rows = []
    for (response, variant, kpi, group), one, other in found:
        d = paired_difference(one, other, comparisons=len(found))
        if d is not None:
            rows.append({"response": response, "variant": variant, "kpi": kpi.name, "group": group,
                         "unit": kpi.unit, "base": float(np.nanmean(one)), **_told(d)})
    return pl.DataFrame(rows, infer_schema_length=None)


def outcomes_of(scenario: Scenario) -> dict[str, list[str]]:
    """The figures that a comparison looks at, each with its groups; none stands for all of them."""
    found: dict[str, list[str]] = {}
    whole = [kpi.name for kpi in KPIS] if not scenario.outcomes else []
    for outcome in (*scenario.outcomes, *whole):
        kpi, _, group = outcome.partition(":")
        found.setdefault(kpi, []).append(group)
    return {kpi: [] if "" in groups else groups for kpi, groups in found.items()}


def _told(d: Difference) -> dict[str, Any]:
    return {"mean": d.mean, "low": d.low, "high": d.high, "bca_low": d.bca_low,
            "bca_high": d.bca_high, "all_low": d.all_low, "all_high": d.all_high,
            "told": d.told, "saved": d.saved, "worlds": d.worlds}


def _by_world(kpi: Kpi, told: Any) -> dict[str, np.ndarray]:
    """By group, the figure of each world in order; NaN where a world has none."""
    frame = values(kpi, told)
    out = {}
    for (group,), rows in frame.group_by("group", maintain_order=True):
        column = np.full(len(told.worlds), np.nan)
        value = rows["value"].to_numpy().astype(float)
        column[rows["world"].to_numpy()] = np.where(np.isfinite(value), value, np.nan)
        out[group] = column
    return out


def _none(kpi: Kpi, simulation: Simulation) -> np.ndarray:
    """A group that one side never has: what stands for none."""
    nothing = np.nan if kpi.none is None else kpi.none
    return np.full(simulation.scenario.replications, nothing)


def worlds_for(found: Comparison, until: tuple[str, str, float]) -> int:
    """About how many worlds would make every interval on a figure narrow enough; 0: they are.

    Args:
        found: with fewer worlds.
        until: figure, group and half width, as of :func:`compare`.

    Raises:
        BadInput: no variant has the figure of such a group in enough worlds.
    """
    kpi, group, half = until
    rows = found.differences.filter(pl.col("kpi") == kpi, pl.col("group") == group)
    widest = rows.with_columns((pl.col("high") - pl.col("low")).alias("width")).sort("width").tail(1)
    if widest.is_empty():
        groups = found.differences.filter(pl.col("kpi") == kpi)["group"].unique(maintain_order=True)
        raise BadInput([Problem("unknown_group", "the figure has no such group in enough worlds",
                                where="until", given=group, allowed="; ".join(groups))])
    row = widest.row(0, named=True)
    if row["width"] / 2 <= half:
        return 0
    sample = Difference(row["mean"], row["low"], row["high"], None, None, row["low"], row["high"],
                        row["worlds"], 0, None)
    return max(found.sides[0].scenario.replications + 1, int(worlds_needed(sample, half) * 1.1))


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
