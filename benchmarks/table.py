"""Write ``docs/benchmarks.md`` from the results; no number on that page is typed by hand.

    python -m benchmarks.table
    python -m benchmarks.table --keep timings.json --size S

The second form first keeps the figures of a run of ``pytest benchmarks --benchmark-json``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contest.contestants import OURS
from benchmarks.contest.data import SIZES
from benchmarks.contest.run import RESULTS, machine

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
FLOOR = {"S": 1.0, "M": 4.0, "L": 4.0}
FLOOR_AGAINST = ("polars", "duckdb")
MOST_GIB = 4
ABOUT = {
    "keys": "Order alone: one easy criterion, three layouts of the key",
    "live position": "One advert on a register of 340,000 prepared before",
    "start-up": "A fresh process",
}

INTRODUCTION = """\
# Benchmarks

The same shortlists by the engine, polars and DuckDB: who is eligible on twelve criteria (eight of
them read the advert as well as the application), in which position, and every criterion each bid
fails. Everyone starts from the same columns in memory, with whole-number ids and bids in order of
time, and gives a position and a failure word for every bid; the answers are compared for every bid
in every run. `benchmarks/contest/` holds the data's generator, the scheme, the peers' queries and
what was tried to make them fast.

- *Cold* packs the register afresh; *warm* keeps it from the run before. Both check the result
  against the numbered properties of [mechanics](mechanics.md), and find out which bids count (the
  peers are spared both: no bid is repeated, and they take that on trust).
- *polars, plain* is the query as it is written first: every criterion and key for each bid, one sort.
  *polars* is tuned by hand: each application is judged and ranked once to one whole number, as the
  engine does, then one lazy query with joins; *polars, rows taken* also uses that ids are row
  numbers, which a general query cannot. DuckDB's statement is tuned in the same way.
- Everyone has a process of its own and takes turns in rounds, so that whatever else the machine
  does slows them alike. *Times ours* is the median over the rounds of a peer's time over ours,
  cold: above 1 the engine is faster. *Processor* is the time of all threads together.
- Peak memory is that of the process, with the data and the answer.

This page is made from `benchmarks/results/` by `python -m benchmarks.table`.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for size in SIZES:
        path = RESULTS / f"contest-{size}.json"
        if path.exists():
            parts.append(contest(json.loads(path.read_text())))
    for size in SIZES:
        path = RESULTS / f"timings-{size}.json"
        if path.exists():
            parts.append(timings(json.loads(path.read_text())))
    return "\n".join(parts)


def contest(found: dict[str, Any]) -> str:
    """Heading, table and verdict of one size."""
    size, counts = found["size"], found["counts"]
    lines = [
        f"## {size}: {counts['applications']:,} applications, {counts['adverts']:,} adverts, "
        f"{counts['bids']:,} bids",
        "",
        "| | median ms | least ms | processor ms | times ours | peak MiB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, taken in sorted(found["seconds"].items(), key=lambda item: not is_ours(item[0])):
        peak = found["peak_mib"].get(name)
        worked = found["cpu_seconds"].get(name)
        lines.append(
            f"| {label(name)} | {milliseconds(median(taken))} | {milliseconds(min(taken))} "
            f"| {milliseconds(median(worked)) if worked else ''} "
            f"| {found['ratios'][name]:.1f} | {f'{peak:,.0f}' if peak else ''} |"
        )
    lines += ["", verdict(found), "", source(found), ""]
    return "\n".join(lines)


def is_ours(name: str) -> bool:
    return name.startswith(OURS)


def label(name: str) -> str:
    return f"**{name}, cold**" if name == OURS else name


def milliseconds(seconds: float) -> str:
    value = seconds * 1e3
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def verdict(found: dict[str, Any]) -> str:
    """What the table says, in words."""
    size, ratios = found["size"], found["ratios"]
    floor = FLOOR[size]
    said = []
    for name in FLOOR_AGAINST:
        if name in ratios:
            met = "met" if ratios[name] >= floor else "**not met**"
            said.append(f"{name} {met} ({ratios[name]:.1f})")
    wanted = f"at least {floor:g} times as fast" if floor > 1 else "no slower"
    words = [f"{found['counts']['eligible']:.0%} of bids are eligible; all answers agree on all "
             f"{found['bids_compared']:,}.", f"Floor, {wanted}: {', '.join(said)}."]
    others = {n: r for n, r in ratios.items() if not is_ours(n) and n not in FLOOR_AGAINST}
    words += [f"Against {name}: {ratio:.1f}." for name, ratio in others.items()]
    if size == "L":
        peak = found["peak_mib"][OURS] / 1024
        words.append(f"Peak memory of ours {peak:.1f} GiB, under {MOST_GIB}: "
                     f"{'met' if peak < MOST_GIB else '**not met**'}.")
    if "ordinals_from_text" in found:
        apart = {k: milliseconds(median(v)) for k, v in found["ordinals_from_text"].items()}
        words.append(
            f"Ids that are text are not in these times: sorting those of applications and adverts "
            f"takes {apart['applications']} ms, looking up those of the bids {apart['bids']} ms."
        )
    return "\n".join(words)


def source(found: dict[str, Any]) -> str:
    at = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in at["versions"].items())
    each = found["turns_in_a_round"]
    turns = f" of {each} turns, the least of which counts" if each > 1 else ""
    return (
        f"`python -m benchmarks.contest.run --size {found['size']} --rounds {found['rounds']}`"
        f"{turns}; {at['measured'][:10]}, commit {at['commit']}, {at['cpu']}, {at['cores']} cores, "
        f"{at['system']}, Python {at['python']}, {versions}; load before "
        f"{at['busy_before']:.1f}."
    )


def timings(kept: dict[str, Any]) -> str:
    """Tables of the other benchmarks, by group."""
    at, lines = kept["machine"], []
    for group, title in ABOUT.items():
        mine = [t for t in kept["timings"] if t["group"] == group]
        if not mine:
            continue
        lines += [f"## {title}" + (f", {kept['size']}" if group == "keys" else ""), "",
                  "| | median ms | least ms |", "| --- | ---: | ---: |"]
        lines += [
            f"| {t['name']} | {milliseconds(t['median'])} | {milliseconds(t['min'])} |"
            for t in mine
        ]
        lines.append("")
    lines.append(
        f"`pytest benchmarks --size {kept['size']}`; {at['measured'][:10]}, commit {at['commit']}, "
        f"{at['cpu']}, {at['cores']} cores, Python {at['python']}.\n"
    )
    return "\n".join(lines)


def keep(path: Path, size: str) -> None:
    """Keep what this page shows of a file that pytest-benchmark wrote."""
    found = json.loads(path.read_text())["benchmarks"]
    kept = [
        {
            "group": b["group"],
            "name": str(b["param"] if b["group"] != "live position" else f"{b['param']} bids"),
            "median": b["stats"]["median"],
            "min": b["stats"]["min"],
            "rounds": b["stats"]["rounds"],
        }
        for b in found
        if b["group"] in ABOUT
    ]
    RESULTS.mkdir(exist_ok=True)
    out = {"size": size, "timings": kept, "machine": machine()}
    (RESULTS / f"timings-{size}.json").write_text(json.dumps(out, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--keep", type=Path, help="a file written by pytest --benchmark-json")
    parser.add_argument("--size", choices=SIZES, default="S", help="of the file kept")
    given = parser.parse_args()
    if given.keep:
        keep(given.keep, given.size)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
