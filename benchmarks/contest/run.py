"""Run the contest: every contestant in a process of its own, in rounds, answers compared.

    python -m benchmarks.contest.run --size M --rounds 7

Data is in memory and the scheme parsed before the clock starts; each contestant has one turn that
is not counted. In a round everyone takes a turn, the engine one cold and one warm, beginning with
another each time, so that what slows the machine slows them all; a ratio is the median of the
ratios of the rounds. Ours includes packing the register (cold) and checking the result (always). At
the end positions and failure words of all are compared for every bid; a difference is an error.
Results go to ``benchmarks/results``, and ``python -m benchmarks.table`` makes the page of
documentation.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.contest import data
from benchmarks.contest.contestants import IN_SERVER, OURS, WHERE, absent, disagreements
from benchmarks.contest.server import version

RESULTS = Path(__file__).parents[1] / "results"
WARM = f"{OURS}, warm"
"""A turn of its own, apart from the cold one: memory that a process has just given back is nearer
at hand than what lies idle while the others take theirs."""
SMALL_TURNS = 10
"""At S a round is this many turns, and the least counts: one turn is a few milliseconds."""


class Process:
    """A worker and the pipe to it."""

    def __init__(self, name: str, size: str) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contest.worker", name, size],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.loaded = self._reply()
        self.peak = 0.0
        self.worked: list[float] = []
        self.in_server: list[float] = []

    def ask(self, command: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._reply()

    def turn(self, command: str, turns: int) -> float:
        """The least of some turns [s]."""
        replies = [self.ask(command) for _ in range(turns)]
        self.peak = max(r["peak_mib"] for r in replies)
        for kept, field in ((self.worked, "cpu_seconds"), (self.in_server, "in_server")):
            if command == "cold" and field in replies[0]:
                kept.append(min(r[field] for r in replies))
        return min(r["seconds"] for r in replies)

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("end\n")
        self._process.stdin.close()
        self._process.wait(60)

    def _reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended without an answer")
        return json.loads(line)


def contest(size: str, rounds: int, names: list[str]) -> dict[str, Any]:
    """Everything measured at one size."""
    data.ensure(size)
    found = machine()
    not_run = {name: why for name in names if (why := absent(name, size))}
    names = [name for name in names if name not in not_run]
    workers = {name: Process(name, size) for name in names}
    turns = SMALL_TURNS if size == "S" else 1
    first = {name: w.turn("cold", 1) for name, w in workers.items()}
    half = max(len(names) // 2, 1)
    order = [*names[:half], WARM, *names[half:]]
    times: dict[str, list[float]] = {name: [] for name in order}
    for number in range(rounds):
        for name in order[number % len(order):] + order[: number % len(order)]:
            if name == WARM:
                times[WARM].append(workers[OURS].turn("warm", turns))
            else:
                times[name].append(workers[name].turn("cold", turns))
    times |= {called: workers[name].in_server[1:] for name, called in IN_SERVER.items()
              if name in workers}
    eligible = compare(workers)
    for worker in workers.values():
        worker.end()
    return {
        "size": size,
        "counts": vars(data.SIZES[size]) | {"eligible": eligible},
        "rounds": rounds,
        "turns_in_a_round": turns,
        "seconds": times,
        "not_run": not_run,
        "cpu_seconds": {name: w.worked[1:] for name, w in workers.items() if w.worked},
        "first_turn": first,
        "peak_mib": {name: w.peak for name, w in workers.items()},
        "loaded_mib": {name: w.loaded["peak_mib"] for name, w in workers.items()},
        "ratios": ratios(times),
        "bids_compared": data.SIZES[size].bids,
        "machine": found,
    }


def ratios(times: dict[str, list[float]]) -> dict[str, float]:
    """How many times as long as ours, cold: the median over the rounds."""
    ours = times[OURS]
    return {
        name: median(t / o for t, o in zip(taken, ours, strict=True))
        for name, taken in times.items()
    }


def compare(workers: dict[str, Process]) -> float:
    """Share of eligible bids, once all answers agree.

    Raises:
        SystemExit: they do not.
    """
    with tempfile.TemporaryDirectory() as folder:
        answers: dict[str, tuple[Any, Any]] = {}
        share = 0.0
        for number, (name, worker) in enumerate(workers.items()):
            path = Path(folder) / f"{number}.npz"
            share = worker.ask(f"answer {path}")["eligible"]
            with np.load(path) as kept:
                answers[name] = kept["position"], kept["failed"]
            path.unlink()
            differ = disagreements(answers[OURS], answers[name])
            if differ:
                raise SystemExit(f"{name} and {OURS} differ on {differ} bids")
            if name != OURS:
                del answers[name]
    return share


def ordinals_from_text(size: str, rounds: int) -> dict[str, list[float]]:
    """Time to look text ids up: those of bids among applications and adverts [s]."""
    import polars as pl

    from cbl_engine.tables import Ordinals

    tables = data.load(size)

    def text(ids: Any, letter: str) -> pl.Series:
        return pl.select(
            pl.format(letter + "-{}", pl.Series(ids).cast(pl.String).str.zfill(9))
        ).to_series()

    applications = text(pl.from_arrow(tables["applications"]["id"]), "app")
    adverts = text(pl.from_arrow(tables["adverts"]["id"]), "adv")
    bids = pl.from_arrow(tables["bids"])
    application, advert = text(bids["application"], "app"), text(bids["advert"], "adv")
    out: dict[str, list[float]] = {"applications": [], "bids": []}
    for _ in range(rounds):
        began = time.perf_counter()
        known = Ordinals(applications)
        at = Ordinals(adverts)
        between = time.perf_counter()
        known.ordinals_of(application)
        at.ordinals_of(advert)
        out["applications"].append(between - began)
        out["bids"].append(time.perf_counter() - between)
    return out


def machine() -> dict[str, Any]:
    """What the times belong to."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = dict(
            line.split(":", 1) for line in info.read_text().splitlines() if ":" in line
        )
        facts = {key.strip(): value.strip() for key, value in lines.items()}
        model = facts.get("model name", model)
        widest = [f for f in ("avx512f", "avx2") if f in facts.get("flags", "").split()]
        family = f"family {facts.get('cpu family')} model {facts.get('model')}"
        model = f"{model} ({family}{', ' + widest[0] if widest else ''})"
    packages = ("polars", "numpy", "duckdb", "pyarrow", "pandas", "psycopg")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {p: importlib.metadata.version(p) for p in packages}
        | {"SQLite": sqlite3.sqlite_version, "PostgreSQL": version()},
        "busy_before": os.getloadavg()[0],
        "commit": commit(),
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def commit() -> str:
    """The commit measured, marked when code differs from it; empty without git."""

    def git(*arguments: str) -> str:
        found = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, check=False,
            cwd=Path(__file__).parents[2],
        )
        return found.stdout.strip()

    changed = git("status", "--porcelain", "--", "src", "benchmarks/*.py", "benchmarks/contest")
    return git("rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")


def table(found: dict[str, Any]) -> str:
    """The results of one size as lines of text."""
    lines = [f"{found['size']}: {found['rounds']} rounds, "
             f"{found['counts']['eligible']:.0%} of bids eligible",
             f"{'':24}{'median ms':>12}{'least ms':>12}{'cpu ms':>12}{'x ours cold':>12}"
             f"{'peak MiB':>10}"]
    for name, taken in found["seconds"].items():
        peak = found["peak_mib"].get(name, 0)
        worked = median(found["cpu_seconds"].get(name, [0]))
        lines.append(
            f"{name:24}{median(taken) * 1e3:12.1f}{min(taken) * 1e3:12.1f}{worked * 1e3:12.1f}"
            f"{found['ratios'][name]:12.2f}{peak:10.0f}"
        )
    lines += [f"not run: {name} ({why})" for name, why in found["not_run"].items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", choices=data.SIZES, action="append")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", choices=[n for n in WHERE if n != OURS])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--dry", action="store_true", help="print, but write nothing")
    given = parser.parse_args()
    names = [OURS, *(given.only if given.only is not None else [n for n in WHERE if n != OURS])]
    given.results.mkdir(parents=True, exist_ok=True)
    for size in given.size or ["S"]:
        found = contest(size, given.rounds, names)
        if size == "M":
            found["ordinals_from_text"] = ordinals_from_text(size, given.rounds)
        sys.stdout.write(table(found) + "\n")
        if not given.dry:
            path = given.results / f"contest-{size}.json"
            path.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
