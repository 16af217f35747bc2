"""The contest over bedroom need: ``python -m benchmarks.bedrooms.run --size S|M|L``.

Each contestant has a process of its own, so that its peak memory is its own. Frames are in memory
before the clock starts. The answers must be equal for every application.
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
TURNS = {"cbl_engine": 7, "polars group-by": 7, "Python, row by row": 2}


def peak() -> float:
    """Peak resident memory of this process so far [MiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def turn(name: str, size: str, register: str, answer: str) -> None:
    """One contestant's turns, in this process; a line of JSON on standard output."""
    frames = data.load(size, register)
    loaded = peak()
    times = []
    found = None
    for _ in range(TURNS[name]):
        del found
        gc.collect()
        began = time.perf_counter()
        found = CONTESTANTS[name](frames)
        times.append(time.perf_counter() - began)
    found.write_ipc(answer)
    print(json.dumps({"seconds": times, "peak_mib": peak(), "loaded_mib": loaded}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(data.SIZES), default="S")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        turn(args.worker[0], args.size, args.worker[1], args.worker[2])
        return
    folder = Path(os.environ.get("CBL_BENCH_CACHE", ".benchmarks")) / "bedrooms"
    folder.mkdir(parents=True, exist_ok=True)
    entries, answers = [], {}
    for at, (name, register) in enumerate(ENTRIES):
        answer = folder / f"answer-{at}.arrow"
        command = [sys.executable, "-m", "benchmarks.bedrooms.run", "--size", args.size,
                   "--worker", name, register, str(answer)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        answers[name, register] = pl.read_ipc(answer)
        entry = {"name": name, "register": register, **json.loads(said)}
        entry["median_seconds"] = statistics.median(entry["seconds"])
        entries.append(entry)
        print(f"{name:20} {register:9} {entry['median_seconds']:8.3f} s   "
              f"peak {entry['peak_mib']:6.0f} MiB, {entry['loaded_mib']:.0f} of them the frames")
    ours = answers["cbl_engine", "complete"]
    equal = {
        name: answers[name, "complete"].select(ANSWER).equals(ours.select(ANSWER))
        for name in CONTESTANTS
    }
    if not all(equal.values()):
        raise SystemExit(f"the answers differ: {equal}")
    patchy = answers["cbl_engine", "patchy"]["need"]
    frames = data.load(args.size)
    result = {
        "size": args.size,
        "applications": frames["applications"].height,
        "people": frames["people"].height,
        "not_known_in_patchy": patchy.null_count(),
        "machine": {"cpu": cpu(), "cores": os.cpu_count(), "python": platform.python_version()},
        "entries": entries,
    }
    (RESULTS / f"bedrooms-{args.size}.json").write_text(
        json.dumps(result, indent=1) + "\n", encoding="utf-8")
    base = entries[0]["median_seconds"]
    for entry in entries[1:3]:
        print(f"{entry['name']}: {entry['median_seconds'] / base:.1f} times ours; answers equal")


def cpu() -> str:
    """The processor's name, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((li.split(":")[1].strip() for li in lines if li.startswith("model name")), "")


if __name__ == "__main__":
    main()
