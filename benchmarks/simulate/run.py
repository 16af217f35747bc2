"""How fast worlds step: ``python -m benchmarks.simulate.run --size S|M|L``.

Every entry runs in a process of its own. Setting up (sampling and assessing lives) is timed apart.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from benchmarks.simulate import growth, notebook, notebook_ours, worlds
from benchmarks.simulate.queues import SIMULATORS, measure
from benchmarks.simulate.spec import Queue
from benchmarks.turns import RESULTS, cpu

BATCHES = {"S": (1, 10), "M": (1, 10, 100), "L": (1, 10, 100, 1000)}
GROWTH = {"S": (1, 2), "M": (1, 4, 16), "L": (1, 4, 16, 64)}
"""Times the borough."""
BUSIER = 20
"""Times the households and homes a week of the queue, in fewer worlds and weeks."""
NOTEBOOK = {"S": (0, 1), "M": (0, 1, 10), "L": (0, 1, 10)}
"""Worlds of the notebook's lettings at once; 0 is the notebook itself."""
YEAR = 52
WEEKS = {"S": 8, "M": 26, "L": 26}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=("S", "M", "L"), default="S")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        print(json.dumps(_worker(args.worker, WEEKS[args.size])))
        return
    load = round(os.getloadavg()[0], 1)
    found: dict[str, Any] = {
        "size": args.size, "weeks": WEEKS[args.size],
        "machine": {"cpu": cpu(), "cores": os.cpu_count(), "python": platform.python_version(),
                    "numpy": version("numpy"), "polars": version("polars"), "load": load},
        "batches": [_in_a_process(f"batch {n}", args.size) for n in BATCHES[args.size]],
        "growth": [_in_a_process(f"growth {n}", args.size) for n in GROWTH[args.size]],
    }
    small = args.size == "S"
    queue, skip = (Queue(worlds=4, weeks=52), 6) if small else (Queue(), 52)
    found["queues"] = [_measured(name, queue, skip) for name in SIMULATORS]
    busier = replace(queue, worlds=2 if small else 40, weeks=13 if small else 26,
                     arrivals=tuple(BUSIER * a for a in queue.arrivals), homes=BUSIER * queue.homes)
    found["busier_queues"] = [_measured(name, busier, 4) for name in SIMULATORS]
    found["notebook"] = [_in_a_process(f"notebook {n}", args.size) for n in NOTEBOOK[args.size]]
    if args.size == "L":
        found["london"] = _in_a_process("london", "L")
        found["england"] = [_in_a_process(f"england {s}", "L") for s in worlds.SCHEMES]
    (RESULTS / f"simulate-{args.size}.json").write_text(
        json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(section(found))


def _measured(name: str, queue: Queue, skip: int) -> dict[str, Any]:
    """One simulator on a queue: mean waits with their intervals as plain numbers."""
    found = measure(name, queue, skip)
    return found | {"mean_wait_weeks": [
        [round(float(x), 4) for x in (w.mean, w.low, w.high)] for w in found["mean_wait_weeks"]]}


def _in_a_process(entry: str, size: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.simulate.run", "--size", size, "--worker", entry],
        check=True, capture_output=True, text=True, env=os.environ)
    return json.loads(done.stdout.splitlines()[-1])


def _worker(entry: str, weeks: int) -> dict[str, Any]:
    kind, _, which = entry.partition(" ")
    if kind == "notebook":
        return {"entry": entry, "worlds": max(1, int(which)), **_noted(int(which), small=weeks < 26)}
    began = time.perf_counter()
    if kind == "batch":
        prepared, n = worlds.setup(*worlds.BOROUGH, weeks), int(which)
    elif kind == "growth":
        households, homes = (int(which) * n for n in worlds.BOROUGH)
        prepared, n = worlds.setup(households, homes, weeks), 1
    elif kind == "london":
        prepared, n = worlds.setup(*worlds.LONDON, YEAR), 1
    else:
        prepared, n = worlds.setup(*worlds.ENGLAND, YEAR, which), 1
    set_up = time.perf_counter() - began
    ran = worlds.ran(prepared, n, by_room=kind in ("london", "england"))
    return {"entry": entry, "worlds": n, "households": prepared.lives.opening,
            "set_up_seconds": set_up, **asdict(ran)}


def _noted(at_once: int, *, small: bool) -> dict[str, Any]:
    """The notebook's lettings by the notebook (0) or by the engine in so many worlds."""
    of = (20, 200, 4) if small else (notebook.HOMES, notebook.HOUSEHOLDS, notebook.CYCLES)
    if not at_once:
        began = time.process_time()
        lettings, waits, _ = notebook.run(*of)
        return {"lettings": lettings, "waits": waits, "seconds": time.process_time() - began}
    prepared = notebook_ours.prepared(1, *of)
    notebook_ours.run(prepared, 1)  # imports and first calls are not what is timed
    began = time.process_time()
    lettings, waits = notebook_ours.run(prepared, at_once)
    seconds = time.process_time() - began
    return {"lettings": float(lettings.mean()), "seconds": seconds,
            "waits": {band: float(days.mean()) for band, days in waits.items()}}


def section(found: dict[str, Any]) -> str:
    """Heading, tables and what they say, for docs/benchmarks.md."""
    years = found["weeks"] / 52
    at = found["machine"]
    lines = [
        f"### Worlds stepped together, {found['weeks']} weeks",
        "",
        "A borough of 5,000 households waiting and 19,500 homes.",
        "",
        "| worlds in a batch | seconds | seconds a world and year | adverts a week and world "
        "| bids a second | peak GiB |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    one = _per_year(found["batches"][0], years)
    for e in found["batches"]:
        weekly = e["adverts"] / e["worlds"] / found["weeks"]
        lines.append(
            f"| {e['worlds']:,} | {e['seconds']:.2f} | {_per_year(e, years):.3f} | {weekly:.1f} "
            f"| {e['bids'] / e['seconds']:,.0f} | {e['peak_gib']:.2f} |")
    hundred = [e for e in found["batches"] if e["worlds"] == 100]
    if hundred:
        share = _per_year(hundred[0], years) / one
        said = "met" if share <= 0.5 else "**not met**"
        lines += ["", f"Aim, at 100 worlds at most half of the time of one alone: {said} "
                      f"({share:.2f})."]
    lines += [
        "",
        "### One world, larger and larger",
        "",
        "| households waiting | adverts a week | seconds a year | of which for each advert, ms "
        "| peak GiB |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for e in found["growth"]:
        lines.append(
            f"| {e['households']:,} | {e['adverts'] / found['weeks']:.0f} "
            f"| {_per_year(e, years):.2f} | {1000 * e['seconds'] / e['adverts']:.2f} "
            f"| {e['peak_gib']:.2f} |")
    slope = _slope(found["growth"])
    lines += ["", f"Time goes with the size to the power {slope:.2f} "
                  f"({'no worse than linear' if slope <= 1.0 else '**worse than linear**'})."]
    if found["size"] == "L":
        lines += ["", f"![Seconds a simulated year by households waiting](assets/{growth.PICTURE.name})"]
    lines += _queues(found)
    if "notebook" in found:
        lines += _notebook(found)
    if "london" in found:
        lines += _large(found)
    lines += [
        "",
        f"`python -m benchmarks.simulate.run --size {found['size']}`; {at['cpu']}, "
        f"{at['cores']} cores, Python {at['python']}, numpy {at['numpy']}, polars {at['polars']}; "
        f"load before {at['load']}.",
    ]
    return "\n".join(lines)


AIMS = {"SimPy, bids as events": 30, "Ciw, no bids": 60}
"""How many times as many lettings a second as a peer the engine is to make."""


def _queues(found: dict[str, Any]) -> list[str]:
    """The queue of the theory by the engine and its peers."""
    lines = ["", "### One queue by three simulators", "",
             "Every household bids for every home, the best band and earliest date is let it at the "
             "weekly close, unlet homes are lost; all agree with the closed form.", "",
             *_queue_table(found["queues"])]
    ours = found["queues"][0]
    own = ours["lettings"] / ours["processor_seconds"]
    said = [
        f"{e['simulator']}: {AIMS[e['simulator']]} times, "
        f"{'met' if own * e['processor_seconds'] / e['lettings'] >= AIMS[e['simulator']] else '**not met**'}"
        for e in found["queues"] if e["simulator"] in AIMS]
    return [*lines, "", f"Aim: {'; '.join(said)}. Where everybody bids for everything ours judges and "
            "ranks each bid by the scheme, week by week, as it does live; the peers do not, and Ciw "
            "has no bids.", "",
            f"The same with {BUSIER} times the households and homes a week, in fewer worlds and weeks: "
            "the busier a world, the more bids each call takes in.", "",
            *_queue_table(found["busier_queues"])]


def _queue_table(entries: list[dict[str, Any]]) -> list[str]:
    ours = entries[0]
    own = ours["lettings"] / ours["processor_seconds"]
    lines = ["| | lettings | bids | processor seconds | lettings a second of the processor "
             "| ours is |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for e in entries:
        rate = e["lettings"] / e["processor_seconds"]
        times = "" if e is ours else f"{own / rate:.2f} times"
        lines.append(f"| {e['simulator']} | {e['lettings']:,} | {e['bids']:,} "
                     f"| {e['processor_seconds']:.2f} | {rate:,.0f} | {times} |")
    return lines


def _notebook(found: dict[str, Any]) -> list[str]:
    """The notebook of objects and pandas beside the engine."""
    lines = ["", "### A researcher's notebook", "",
             "Every suitable household stands on the list of every home, best band and earliest date "
             "first; an offer is refused with the same chance (`benchmarks/simulate/notebook.py`: "
             "objects, and a pandas shortlist a home).", "",
             "| | lettings | mean wait by band, days | processor seconds a world | times as fast |",
             "| --- | ---: | --- | ---: | ---: |"]
    theirs, *ours = found["notebook"]
    for e in (theirs, *ours):
        name = "the notebook" if e is theirs else f"cbl_engine, {e['worlds']} at once"
        each = e["seconds"] / e["worlds"]
        waits = ", ".join(f"{band} {days:.0f}" for band, days in e["waits"].items())
        times = "" if e is theirs else f"{theirs['seconds'] / each:.0f}"
        lines.append(f"| {name} | {e['lettings']:,.0f} | {waits} | {each:.2f} | {times} |")
    most = max(theirs["seconds"] * e["worlds"] / e["seconds"] for e in ours)
    return [*lines, "", f"Aim, 1,000 times as fast: {'met' if most >= 1000 else '**not met**'}. Each "
            "of some 130,000 pairs a cycle is a bid here, judged by the scheme's criteria, ranked and "
            "verified; the notebook sorts by two columns." if found["size"] != "S" else
            "At this size nothing is claimed."]


def picture(found: dict[str, Any]) -> str:
    """How time grows, as an SVG."""
    years = found["weeks"] / 52
    return growth.drawn([(e["households"], _per_year(e, years)) for e in found["growth"]])


def _per_year(e: dict[str, Any], years: float) -> float:
    return e["seconds"] / e["worlds"] / years


def _slope(entries: list[dict[str, Any]]) -> float:
    """Power of growth, least squares on logarithms."""
    size = np.log([e["households"] for e in entries])
    took = np.log([e["seconds"] for e in entries])
    return float(np.polyfit(size, took, 1)[0])


def _large(found: dict[str, Any]) -> list[str]:
    ten = found["england"]
    england = {key: sum(e[key] for e in ten) for key in ("seconds", "set_up_seconds", "adverts",
                                                         "bids", "lettings", "households")}
    england["peak_gib"] = max(e["peak_gib"] for e in ten)
    lines = [
        "",
        "### London, and England under ten schemes",
        "",
        "| | households waiting | adverts a week | lettings a year | seconds a year | set up before, "
        "seconds | peak GiB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, e in (("London, one scheme", found["london"]), ("England, ten schemes", england)):
        lines.append(
            f"| {name} | {e['households']:,} | {e['adverts'] / YEAR:,.0f} "
            f"| {e['lettings']:,.0f} | {e['seconds']:.1f} "
            f"| {e['set_up_seconds']:.1f} | {e['peak_gib']:.2f} |")
    more = sorted(e["seconds"] + e["set_up_seconds"] for e in ten)
    lines += ["", f"One scheme more, with its 133,000 households: {more[0]:.0f} to {more[-1]:.0f} "
                  "seconds, setting up included. Schemes run one after the other.", "",
              "Where London's time goes:", "", "| room | seconds | share |",
              "| --- | ---: | ---: |"]
    london = found["london"]
    rooms = london["by_room"]
    inside = {"kernel alone"}
    for room, seconds in rooms.items():
        name = f"{room} (in shortlist)" if room in inside else room
        lines.append(f"| {name} | {seconds:.2f} | {seconds / london['seconds']:.0%} |")
    rest = london["seconds"] - sum(s for r, s in rooms.items() if r not in inside)
    lines.append(f"| the rest | {rest:.2f} | {rest / london['seconds']:.0%} |")
    lines += ["", f"The whole is {london['seconds'] / rooms['kernel alone']:.0f} times the kernel "
                  "of the shortlist alone."]
    return lines


if __name__ == "__main__":
    main()
