"""Time to answer: ``python -m benchmarks.simulate.answer --size S|L``.

Two variants of the shipped borough compared by the command a planner runs, in a fresh process: from
reading the scenario to the last finding on the screen, on two workers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.turns import RESULTS, cpu

QUESTION = """\
title: The made-up borough as it stands
scheme: sheffield
world: {households: 2000, homes: 5000}
start: 2025-04-07
warm_up: 52
weeks: 260
replications: 100
seed: 1
variants:
  one_bid:
    title: One bid a week
    parameters:
      bidding.most_bids: {number: 1, assumed: the lever}
"""
SMALLER = {"S": ("--replications", "3", "--weeks", "13"), "L": ()}
AIM = 60
"""Seconds on two cores."""


def asked(size: str, workers: int = 2) -> dict[str, Any]:
    """One comparison, timed from outside.

    Returns:
        seconds, and the answer itself.

    Raises:
        subprocess.CalledProcessError: the comparison failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        question = Path(folder) / "question.yaml"
        question.write_text(QUESTION, encoding="utf-8")
        began = perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "cbl_engine.cli", "compare", str(question), "--workers",
             str(workers), *SMALLER[size]],
            check=True, capture_output=True, text=True)
        return {"seconds": perf_counter() - began, "answer": done.stdout}


def section(found: dict[str, Any], elsewhere: dict[str, Any] | None = None) -> str:
    """Heading and what it says, for docs/benchmarks.md; with the same on another machine."""
    at = found["machine"]
    said = "met" if found["seconds"] < AIM else "**not met**"
    if elsewhere is not None:
        there = elsewhere["machine"]
        met = "met" if elsewhere["seconds"] < AIM else "**not met**"
        said += (f". On a machine of another kind ({there['cpu']}, {there['cores']} cores): "
                 f"{elsewhere['seconds']:.0f} seconds, {met}")
    return "\n".join([
        "### Time to answer",
        "",
        "The shipped borough as it stands and with one bid a week, 100 worlds of five years each after a "
        "warm-up of one; `cbl compare` in a fresh process on two workers, from the file to findings with "
        "intervals on the screen.",
        "",
        f"**{found['seconds']:.0f} seconds.** Aim, under {AIM} on two cores: {said}.",
        "",
        f"`python -m benchmarks.simulate.answer --size L`; {at['cpu']}, {at['cores']} cores, Python "
        f"{at['python']}, numpy {at['numpy']}, polars {at['polars']}; load before {at['load']}.",
    ])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--size", choices=("S", "L"), default="S")
    size = parser.parse_args().size
    load = round(os.getloadavg()[0], 1)
    found = asked(size)
    print(found.pop("answer"))
    found |= {"machine": {
        "cpu": cpu(), "cores": os.cpu_count(), "python": platform.python_version(),
        "numpy": version("numpy"), "polars": version("polars"), "load": load}}
    print(section(found))
    if size == "L":
        (RESULTS / "answer.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
