"""The contest over bedroom need: ``python -m benchmarks.bedrooms.run --size S|M|L``.

Each contestant has a process of its own, so that its peak memory is its own. Frames are in memory
before the clock starts; turns alternate, so that whatever else the machine does slows all alike. The
answers must be equal for every application.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import polars as pl

from benchmarks.bedrooms import data
from benchmarks.bedrooms.contestants import ANSWER, CONTESTANTS

RESULTS = Path(__file__).parent.parent / "results"
ENTRIES = [(name, "complete") for name in CONTESTANTS] + [("cbl_engine", "patchy")]
SLOW_ROUNDS = 2
"""Rounds in which what takes more than ten seconds a turn takes part."""


def peak() -> float:
    """Peak resident memory of this process so far [MiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def serve(name: str, size: str, register: str) -> None:
    """One contestant: a turn for every line ``turn`` read, the answer for any other."""
    frames = data.load(size, register)
    loaded = peak()
    found = None
    say(loaded_mib=loaded)
    for line in sys.stdin:
        if line.strip() != "turn":
            found.write_ipc(line.strip())
            say()
            continue
        found = None
        gc.collect()
        began, worked = time.perf_counter(), time.process_time()
        found = CONTESTANTS[name](frames)
        say(seconds=time.perf_counter() - began, cpu_seconds=time.process_time() - worked,
            peak_mib=peak())


def say(**fields: object) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


class Contestant:
    """A process, and what it said of each turn."""

    def __init__(self, name: str, register: str, size: str) -> None:
        self.name, self.register = name, register
        command = [sys.executable, "-m", "benchmarks.bedrooms.run", "--size", size,
                   "--worker", name, register]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.loaded_mib = json.loads(self.process.stdout.readline())["loaded_mib"]
        self.turns: list[dict[str, float]] = []

    def tell(self, line: str) -> dict[str, float]:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def entry(self, ours: list[dict[str, float]]) -> dict[str, object]:
        """What is kept: medians, and the median of the ratios within each round."""
        ratios = [turn["seconds"] / base["seconds"]
                  for turn, base in zip(self.turns, ours, strict=False)]
        return {
            "name": self.name, "register": self.register, "loaded_mib": self.loaded_mib,
            "peak_mib": self.turns[-1]["peak_mib"],
            "median_seconds": statistics.median(t["seconds"] for t in self.turns),
            "least_seconds": min(t["seconds"] for t in self.turns),
            "median_cpu_seconds": statistics.median(t["cpu_seconds"] for t in self.turns),
            "times_ours": statistics.median(ratios), "turns": len(self.turns),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(data.SIZES), default="S")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        serve(args.worker[0], args.size, args.worker[1])
        return
    folder = Path(os.environ.get("CBL_BENCH_CACHE", ".benchmarks")) / "bedrooms"
    folder.mkdir(parents=True, exist_ok=True)
    entrants = [Contestant(name, register, args.size) for name, register in ENTRIES]
    for turn in range(args.rounds):
        for entrant in entrants:
            slow = entrant.turns and entrant.turns[0]["seconds"] > 10
            if not slow or turn < SLOW_ROUNDS:
                entrant.turns.append(entrant.tell("turn"))
    answers = {}
    for at, entrant in enumerate(entrants):
        path = folder / f"answer-{at}.arrow"
        entrant.tell(str(path))
        answers[entrant.name, entrant.register] = pl.read_ipc(path)
        entrant.process.stdin.close()
        entrant.process.wait()
    ours = answers["cbl_engine", "complete"]
    equal = {name: answers[name, "complete"].select(ANSWER).equals(ours.select(ANSWER))
             for name in CONTESTANTS}
    if not all(equal.values()):
        raise SystemExit(f"the answers differ: {equal}")
    entries = [entrant.entry(entrants[0].turns) for entrant in entrants]
    frames = data.load(args.size)
    result = {
        "size": args.size,
        "applications": frames["applications"].height,
        "people": frames["people"].height,
        "not_known_in_patchy": answers["cbl_engine", "patchy"]["need"].null_count(),
        "machine": {"cpu": cpu(), "cores": os.cpu_count(), "python": platform.python_version(),
                    "polars": pl.__version__, "load": round(os.getloadavg()[0], 1)},
        "entries": entries,
    }
    (RESULTS / f"bedrooms-{args.size}.json").write_text(
        json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(result)))


def table(result: dict) -> list[str]:
    """The table of docs/bedrooms.md, from the results on file."""
    lines = ["| | median s | least s | processor s | times ours | peak MiB, data in it |",
             "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for e in result["entries"]:
        lines.append(f"| {e['name']}, {e['register']} | {e['median_seconds']:.3f} "
                     f"| {e['least_seconds']:.3f} | {e['median_cpu_seconds']:.3f} "
                     f"| {e['times_ours']:.1f} | {e['peak_mib']:.0f}, {e['loaded_mib']:.0f} |")
    return lines


def cpu() -> str:
    """The processor's name, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((li.split(":")[1].strip() for li in lines if li.startswith("model name")), "")


if __name__ == "__main__":
    main()
