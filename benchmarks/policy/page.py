"""Write ``docs/policy-benchmark.md`` from the results; no number of its scoreboard is typed by hand.

    cbl bench-policy --published --out benchmarks/policy/results.json
    python -m benchmarks.policy.page
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbl_engine.compare.policy import read_suite
from cbl_engine.compare.says import change, level
from cbl_engine.simulate.scenario_file import read_scenario
from cbl_engine.simulate.summary import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "policy-benchmark.md"

HEAD = """\
# The policy benchmark

Four worlds and the same seven policies in each, fixed and numbered, so that two engines, two versions
of one, or two models of behaviour can be set side by side. Written by `python -m benchmarks.policy.page`
from `benchmarks/policy/results.json`: **version {version} of the suite, {replications} replications of {weeks} weeks**,
after a year that is left out of figures,
worlds of about {households} households, engine {engine}.

<!-- not run: it takes a minute; the tests run another world -->
```console
$ cbl bench-policy --world rural --replications 3 --weeks 2
The policy benchmark, version {version}: 3 replications of 2 weeks, each variant on the same worlds
...
```

runs one world; `cbl bench-policy` alone runs all four, {small} each. This page is of
the published size, and comes out again to the printed digit, with any number of workers:

<!-- not run: it takes minutes -->
```console
$ cbl bench-policy --published --out benchmarks/policy/results.json
$ python -m benchmarks.policy.page
```

It is a measure of the engine, and no advice to any council: each world is scaled from one authority's
register, and much of it is assumed. Every value a world goes by, with its source or why it is assumed:

```console
$ cbl simulate policy/rural --parameters --format csv | head -2
parameter,label,kind,value,unit,source,assumed,note
arrivals.per_year,Households that join the register,rate,...
```

Households respond to a change of the scheme: 5 percent more join, which is assumed. That alone puts
some more on the register at the end of `one_bid`, `five_bids`, `waiting_quota` and `refusal_sanction`;
`cbl compare policy/rural --responses low,central,high` says what is otherwise where none more do, or
three times as many.
"""

TAIL = """\
## Add a variant or a world

Files are in `scenarios/simulations/policy/`.

- **A variant** is an entry under `variants:` of a world's file, as in
  [compare](compare.md#a-scenario-with-variants), of the same name in each world: only paths into the
  scheme differ. Where a scheme has no such rule, the variant adds one marked `illustrative`.
- **A world** is a scenario file, an entry under `worlds` in `suite.yaml` that says what it is like and
  what is assumed, and a row of `benchmarks/policy/data.csv`: the authority's register, its source, and
  how many households stand for one. The tests hold the file's `households` against the row.
- A value of a world or variant that is there changes only with `version`; results of another version
  are not to be set beside these. Then run the two commands above.
"""


def page(results: dict[str, Any]) -> str:
    """The whole page."""
    suite = read_suite()
    small = suite.file.sizes["small"]
    scenarios = {w: read_scenario(suite.scenario(w))[0] for w in results["worlds"]}
    mean = sum(s.world.households for s in scenarios.values()) / len(scenarios)
    parts = [HEAD.format(**results, households=f"{round(mean, -1):.0f}",
                         small=f"{small.replications} replications of {small.weeks} weeks")]
    parts.append("\n".join(_worlds(suite.file.worlds, scenarios)))
    parts.append("\n".join(_variants(results["worlds"])))
    parts.append(_LEGEND)
    parts += ["\n".join(_scoreboard(world, suite.file.figures))
              for world in results["worlds"].values()]
    parts.append(TAIL)
    return "\n".join(parts)


def registers() -> list[dict[str, str]]:
    """Authorities whose registers the worlds are scaled from, in the suite's order."""
    return list(csv.DictReader((HERE / "data.csv").read_text(encoding="utf-8").splitlines()))


_LEGEND = """\
## Scoreboard

Each cell is the variant less the world as it stands, with its 95% interval. **Bold** is told from luck:
also with every figure of all variants of that world looked at together. What is not bold is not known
to be nothing. A dash: too few worlds have the figure.
"""


def _worlds(worlds: Any, scenarios: dict[str, Any]) -> Iterator[str]:
    rows = {row["world"]: row for row in registers()}
    yield "## Worlds\n"
    yield "| world | households, homes | like | assumed | scheme |"
    yield "| --- | --- | --- | --- | --- |"
    for name, scenario in scenarios.items():
        at, world = scenario.world, worlds[name]
        yield (f"| {name} | {at.households}, {at.homes:,} | {world.like} "
               f"({int(rows[name]['register_total']):,} in {rows[name]['year']}) | {world.assumed} "
               f"| {scenario.scheme} |")
    yield "\nRegisters: Local authority housing statistics, Open Government Licence v3.\n"


def _variants(worlds: dict[str, Any]) -> Iterator[str]:
    yield "## Variants\n"
    yield "| variant | what is different |"
    yield "| --- | --- |"
    names = dict.fromkeys(name for world in worlds.values() for name in world["variants"])
    for name in names:
        titles = dict.fromkeys(world["variants"][name] for world in worlds.values())
        yield f"| {name} | {'; or: '.join(titles)} |"
    yield ""


def _scoreboard(world: dict[str, Any], figures: tuple[str, ...]) -> Iterator[str]:
    rows = {(row["variant"], row["kpi"]): row for row in world["rows"]}
    bases = {row["kpi"]: row["base"] for row in world["rows"]}
    yield f"### {world['title']}\n"
    yield "| | " + " | ".join(f"{BY_NAME[f].label} ({BY_NAME[f].unit})" for f in figures) + " |"
    yield "| --- |" + " ---: |" * len(figures)
    yield "| as it stands | " + " | ".join(level(f, bases.get(f)) for f in figures) + " |"
    for variant in world["variants"]:
        cells = (_cell(rows.get((variant, figure))) for figure in figures)
        yield f"| {variant} | " + " | ".join(cells) + " |"
    yield ""


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return "–"
    by, interval = change(row)
    said = f"**{by}**" if row["told"] else by
    return f"{said} ({interval})" if interval else said


def main() -> None:
    results = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    PAGE.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
