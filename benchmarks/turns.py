"""Contests in turns: a process for each contestant, so that its peak memory is its own.

What is read is in memory before the clock starts. Turns alternate, so that whatever else the machine
does slows all alike.
"""

from __future__ import annotations

import gc
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESULTS = Path(__file__).parent / "results"
SLOW = ((60, 1), (10, 2))
"""What takes longer than so many seconds a turn, making ready included, has so many turns."""


def peak() -> float:
    """Peak resident memory of this process so far [MiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def serve(
    ready: Callable[[], Callable[[], Any]], keep: Callable[[Any, str], None], **before: float
) -> None:
    """One contestant: a turn for every line ``turn`` read, the answer kept at any other.

    Args:
        ready: makes the next turn ready, off the clock.
        keep: writes what the last turn found to a path.
        before: figures of what it did before its first turn, kept with the others.
    """
    found = None
    say(loaded_mib=peak(), **before)
    for line in sys.stdin:
        if line.strip() != "turn":
            keep(found, line.strip())
            say()
            continue
        found = None
        begun = time.perf_counter()
        turn = ready()
        gc.collect()
        began, worked = time.perf_counter(), time.process_time()
        found = turn()
        say(seconds=time.perf_counter() - began, cpu_seconds=time.process_time() - worked,
            ready_seconds=began - begun, peak_mib=peak())


def say(**fields: object) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


class Contestant:
    """A process that serves, and what it said of each turn."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.before = self._reply()
        self.turns: list[dict[str, float]] = []

    def _reply(self) -> dict[str, float]:
        return json.loads(self.process.stdout.readline())

    def tell(self, line: str) -> dict[str, float]:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self._reply()

    def answer(self, path: Path) -> Path:
        """Where it kept what its last turn found; the process ends."""
        self.tell(str(path))
        self.process.stdin.close()
        self.process.wait()
        return path

    def figures(self, ours: list[dict[str, float]]) -> dict[str, float]:
        """What is kept: medians, and the medians of the ratios within each round."""
        kept = {**self.before, "peak_mib": self.turns[-1]["peak_mib"],
                "median_seconds": statistics.median(t["seconds"] for t in self.turns),
                "least_seconds": min(t["seconds"] for t in self.turns),
                "median_cpu_seconds": statistics.median(t["cpu_seconds"] for t in self.turns)}
        for name, clock in (("times_ours", "seconds"), ("times_ours_cpu", "cpu_seconds")):
            rounds = zip(self.turns, ours, strict=False)
            kept[name] = statistics.median(turn[clock] / base[clock] for turn, base in rounds)
        kept["ready_seconds"] = statistics.median(t["ready_seconds"] for t in self.turns)
        return kept | {"turns": len(self.turns)}


def take_turns(contestants: Sequence[Contestant], rounds: int) -> None:
    """So many rounds, in each of which everybody has a turn."""
    for round_ in range(rounds):
        for one in contestants:
            first = one.turns[0] if one.turns else {}
            spent = first.get("seconds", 0) + first.get("ready_seconds", 0)
            if round_ < next((most for seconds, most in SLOW if spent > seconds), rounds):
                one.turns.append(one.tell("turn"))


def cpu() -> str:
    """The processor's name, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((li.split(":")[1].strip() for li in lines if li.startswith("model name")), "")
