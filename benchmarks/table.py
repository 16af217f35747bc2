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
from benchmarks.offers import run as offers
from benchmarks.offers import weeks
from benchmarks.simulate import answer, growth
from benchmarks.simulate import run as worlds

ELSEWHERE = RESULTS / "elsewhere"
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
FLOOR = {
    "S": {"polars": 1, "duckdb": 1, "pandas": 1, "sqlite": 1},
    "M": {"polars": 4, "duckdb": 4, "postgresql, in server": 15},
    "L": {"polars": 4, "duckdb": 4},
}
"""How many times as fast as a peer the engine is to be, cold."""
MOST_GIB = 4
ABOUT = {
    "keys": "Order alone: one easy criterion, three layouts of the key",
    "live position": "One advert on a register of 340,000 prepared before",
    "start-up": "A fresh process",
}

INTRODUCTION = """\
# Benchmarks

The same shortlists by the engine, polars, DuckDB, pandas, SQLite and PostgreSQL: who is eligible on
twelve criteria (eight of them read the advert as well as the application), in which position, and
every criterion each bid fails. Everyone starts from the same columns in memory, with whole-number
ids and bids in order of time, and gives a position and a failure word for every bid; the answers are
compared for every bid in every run. `benchmarks/contest/` holds the data's generator, the scheme,
the peers' queries and what was tried to make them fast.

## Who does what

| | the engine | the peers |
| --- | --- | --- |
| a position for every eligible bid | yes | yes |
| a failure word: a bit for every criterion that is not met | yes | yes |
| an unknown word: which of them are not met only because a fact is missing | yes | no |
| which bids share a position (a tie), and the stage each stands in | yes | no |
| finding the bid that counts among repeated and withdrawn ones | yes, in its time | no, taken on trust |
| refusing input it cannot rank: ids nobody has, bands the scheme has not, bids without a time | yes, in its time | no |
| its own output checked against the numbered properties of [mechanics](mechanics.md) | yes, in its time | no |

- Cells are empty in nine of the columns that criteria and keys read. The peers take a criterion
  that is not known as failed, which is what the scheme says, so failure words agree; but theirs do
  not tell *not known* from *failed*.
- No bid of the data is repeated or withdrawn and every advert is closed, so nothing is set aside
  and the answers are comparable. The engine finds that out; the peers do not look.
- The peers' queries are written for this scheme, its criteria typed in as code. The engine reads the
  scheme from its file, before the clock starts.

## How it is measured

- *Cold* packs the register afresh; *warm* keeps it from the run before. Each is a turn of its own, with
  others' turns between them.
- *polars, plain* is the query as it is written first: every criterion and key for each bid, one sort.
  *polars* is tuned by hand: each application is judged and ranked once to one whole number, as the
  engine does, then one lazy query with joins; *polars, rows taken* also uses that ids are row
  numbers, which a general query cannot. DuckDB's and PostgreSQL's statements and pandas' frames are
  tuned in the same way where it helps. SQLite has a window over the eligible bids.
- DuckDB, SQLite and PostgreSQL have the data in tables of their own before the clock starts, SQLite
  and PostgreSQL with ids as primary keys and with statistics. SQLite gives its rows out one by one; PostgreSQL gives three arrays.
- PostgreSQL runs in a server of its own, `shared_buffers` 1 GB and `work_mem` 512 MB, the rest as
  it comes. *In server* is its own clock, from the statement's arrival until the arrays are made;
  *rows out* is until they are numpy arrays here.
- Everyone has a process of its own and takes turns in rounds, so that whatever else the machine
  does slows them alike. *Times ours* is the median over the rounds of a peer's time over ours,
  cold: above 1 the engine is faster. *Processor* is the time of all threads together.
- Peak memory is that of the process, with the data and the answer; PostgreSQL's is that of the
  server's processes, shared pages counted once, without the client.
- pandas, SQLite and PostgreSQL take part at S and M.

This page is made from `benchmarks/results/` by `python -m benchmarks.table`.
"""

OFFERS = """\
## Homes and households settled at once

Each household is given one home at most and each advert lets its homes by its own list, by the
ways of `choosing` in [bids and offers](offers.md): by `homes`, by `household`, and home after home.
`benchmarks/offers/` holds the lists' generator and the contestants. Lists and each household's own
order are in memory before the clock starts, laid out as each contestant likes: for plain Python as
lists of whole numbers, for `matching` as its players. The answers are compared for every household
in every run.

- *Python, textbook* has the ids on each side's lists and first looks up each one's place on the
  other's. *Python, tuned* knows all places beforehand, which for `household` leaves out a sort that
  ours does in its time, and for `homes` and `advert` reads the heads of lists only, as ours does.
- By `household` ours lets homes offer first, and reads of the lists only what can still matter.
- `matching` has its players made off the clock, anew for each turn, without the checks of its games,
  which compare all with all. By `household` it takes part up to 2,000 adverts: it looks through all
  who are still to ask for each who has asked everywhere.
- scipy's two solvers have another aim, the least sum of places with every home let, so only their
  time is shown, against ours by `homes`. The dense one would need 100 GB for the largest size.
- Rounds pay where there is much to settle at once: among some hundred adverts plain Python is as
  fast or faster. Where as many homes as households meet, and places on different lists have nothing
  to do with each other, rounds by `household` are thousands and plain Python is faster too.
- Where homes are scarce the two sides hardly differ (I. Ashlagi, Y. Kanoria and J. D. Leshno,
  Unbalanced Random Matching Markets, Journal of Political Economy 125 (2017), 69-98).
- Python's garbage collector is off for everyone. *Times ours* is the median of ratios within the
  rounds, by the clock and by the processor's time. The layout beforehand is in no other column.
"""

WEEKS = """\
## Weeks of lettings one after the other

A register of 20,000 households that stays, 100 adverts and about 20,000 bids each week, unattended,
under North Yorkshire's rules; one offer in ten is answered in a week, so that nearly every home is
still to let ten weeks later. Each week is one cycle, with its property checks; reading and writing
state folders is left out. A digest of everything that happened is printed with each week, so that
two versions of the code can be compared: these weeks are, event for event, those of lists read from
end to end.
"""
WEEKS_SAID = """\
What grows is what homes not let
ask for each day: a thousand lists of which somebody is held or passed over, for as long as that
lasts, and the record itself, read and checked once a cycle.

`python -m benchmarks.offers.weeks --weeks 10 --households 20000 --adverts 100 --bids 200`; Intel Xeon,
2 cores, Python 3.11.7; processor time.
"""
WORLDS = """\
## Simulated worlds

Worlds stepped week by week as [simulation](simulate.md) has it, with the live shortlist and the live
rounds of offers called for all worlds of a batch at once. Sampling and assessing lives ahead is
timed apart, for it is done once whatever the number of worlds. Every entry has a process of its own.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for size in SIZES:
        path = RESULTS / f"contest-{size}.json"
        if path.exists():
            parts.append(contest(json.loads(path.read_text())))
    parts.append(elsewhere())
    for size in SIZES:
        path = RESULTS / f"timings-{size}.json"
        if path.exists():
            parts.append(timings(json.loads(path.read_text())))
    parts.append(OFFERS)
    for size in SIZES:
        path = RESULTS / f"offers-{size}.json"
        if path.exists():
            parts.append(offers.section(json.loads(path.read_text())) + "\n")
    parts += [WEEKS, weeks.section(json.loads((RESULTS / "offers-weeks.json").read_text())) + "\n",
              WEEKS_SAID, WORLDS]
    for size in ("M", "L"):
        path = RESULTS / f"simulate-{size}.json"
        if path.exists():
            parts.append(worlds.section(json.loads(path.read_text())) + "\n")
    here, there = (json.loads((f / "answer.json").read_text()) for f in (RESULTS, ELSEWHERE))
    parts.append(answer.section(here, there) + "\n")
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


def elsewhere() -> str:
    """The contest on a machine of another kind, in short."""
    runs = [json.loads(path.read_text()) for size in SIZES
            if (path := ELSEWHERE / f"contest-{size}.json").exists()]
    if not runs:
        return ""
    names = dict.fromkeys(n for found in runs for n in found["ratios"] if not is_ours(n))
    ours = " | ".join(milliseconds(median(found["seconds"][OURS])) for found in runs)
    all_of_ours = [s for name, taken in runs[-1]["seconds"].items() if is_ours(name) for s in taken]
    lines = [
        "## The same on a machine of another kind", "",
        "*Times ours*, as above; the engine's own row is its median time, cold, in ms. The host of this "
        "virtual machine takes idle memory back, so that what a turn touches anew it may pay for, or not: "
        f"the engine's own turns at {runs[-1]['size']}, cold and warm, took from "
        f"{milliseconds(min(all_of_ours))} to {milliseconds(max(all_of_ours))} ms.", "",
        "| | " + " | ".join(found["size"] for found in runs) + " |",
        "| --- |" + " ---: |" * len(runs),
        f"| **{OURS}, cold** | {ours} |",
        *(f"| {name} | "
          + " | ".join(f"{found['ratios'][name]:.2f}" if name in found["ratios"] else ""
                       for found in runs) + " |" for name in names),
        "", *(source(found, "--results benchmarks/results/elsewhere") + "\n" for found in runs),
    ]
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
    words = [f"{found['counts']['eligible']:.0%} of bids are eligible; all answers agree on all "
             f"{found['bids_compared']:,}."]
    for times in sorted(set(floor.values())):
        said = [
            f"{name} {'met' if ratios[name] >= times else '**not met**'} ({ratios[name]:.2f})"
            for name, wanted in floor.items() if wanted == times and name in ratios
        ]
        wanted = f"at least {times} times as fast" if times > 1 else "no slower"
        words += [f"Floor, {wanted}: {', '.join(said)}."] if said else []
    others = {n: r for n, r in ratios.items() if not is_ours(n) and n not in floor}
    words += [f"Against {name}: {ratio:.2f}." for name, ratio in others.items()]
    words += [f"Not run: {name} ({why})." for name, why in found.get("not_run", {}).items()]
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


def source(found: dict[str, Any], more: str = "") -> str:
    """The command and what it ran on.

    Args:
        found: of one run.
        more: further words of the command.
    """
    at = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in at["versions"].items())
    each = found["turns_in_a_round"]
    turns = f" of {each} turns, the least of which counts" if each > 1 else ""
    return (
        f"`python -m benchmarks.contest.run --size {found['size']} --rounds {found['rounds']}"
        f"{' ' if more else ''}{more}`"
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
    growth.PICTURE.write_text(worlds.picture(json.loads((RESULTS / "simulate-L.json").read_text())))


if __name__ == "__main__":
    main()
