"""Where the engine's time goes: seconds by phase at one size of the contest.

    python -m benchmarks.phases --size M --rounds 5

Phases nest as printed. In blocks shared out to threads, times are summed over threads.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import threading
import time
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.contest import data
from benchmarks.contest.ours import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

ROOM = "cbl_engine.shortlist"
PHASES = {
    "run": ("arrange_adverts", "group_bids", "_in_force", "rank", "verify_properties"),
    "bids": ("_check", "_keys", "_segments", "_counted", "_starts"),
    "plans": ("lay_out", "_plan"),
    "fields": ("condition_table",),
    "kernel": ("make_ready", "_rank_block", "judge", "_positions", "_write"),
    "verify": ("_counted_once", "_in_order", "_eligible", "_sample", "_row_by_row"),
}


class Stopwatch:
    """Time by function, wrapped where the function is looked up."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: defaultdict[str, int] = defaultdict(int)
        self._lock = threading.Lock()
        for module, names in PHASES.items():
            room = importlib.import_module(f"{ROOM}.{module}")
            for name in names:
                if hasattr(room, name):
                    setattr(room, name, self._timed(f"{module}.{name}", getattr(room, name)))

    def _timed(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                taken = time.perf_counter() - began
                with self._lock:
                    self.seconds[label] += taken
                    self.calls[label] += 1

        return timed


def measure(size: str, rounds: int) -> list[str]:
    engine = Engine(data.load(size))
    engine.cold()
    clock = Stopwatch()
    cold: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for what in ("cold", "warm"):
            clock.seconds.clear()
            clock.calls.clear()
            began = time.perf_counter()
            getattr(engine, what)()
            cold[f"{what}: all"].append(time.perf_counter() - began)
            for label, seconds in clock.seconds.items():
                cold[f"{what}: {label} ({clock.calls[label]})"].append(seconds)
    return [f"{label:44}{median(taken) * 1e3:10.2f}" for label, taken in cold.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--size", choices=data.SIZES, default="S")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    sys.stdout.write("\n".join([f"{given.size} [ms]", *measure(given.size, given.rounds)]) + "\n")


if __name__ == "__main__":
    main()
