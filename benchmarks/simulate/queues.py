"""Completed lettings a second of the same queue, and waits by band beside the closed forms.

    python -m benchmarks.simulate.queues --worlds 100 --weeks 260
"""

from __future__ import annotations

import argparse
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from benchmarks.believable import theory
from benchmarks.simulate import ours, queue_ciw, queue_simpy
from benchmarks.simulate.spec import Lettings, Queue

if TYPE_CHECKING:
    from collections.abc import Callable

SKIP = 52
"""Weeks at either end whose applicants' waits are not looked at."""


def _simpy_records(queue: Queue) -> Lettings:
    return queue_simpy.simulate(queue, "records")


SIMULATORS: dict[str, Callable[[Queue], Lettings]] = {
    "cbl_engine": ours.simulate,
    "SimPy, bids as events": queue_simpy.simulate,
    "SimPy, bids as records": _simpy_records,
    "Ciw, no bids": queue_ciw.simulate,
}


def measure(name: str, queue: Queue, skip: int = SKIP) -> dict:
    """One run of a simulator: its speed and what it found."""
    started, worked = perf_counter(), process_time()
    lettings = SIMULATORS[name](queue)
    seconds, processor = perf_counter() - started, process_time() - worked
    return {
        "simulator": name,
        "seconds": seconds,
        "processor_seconds": processor,
        "lettings": len(lettings),
        "lettings_a_second": len(lettings) / seconds,
        "bids": lettings.bids,
        "mean_wait_weeks": lettings.mean_waits(queue, skip),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    for name in ("worlds", "weeks", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Queue, name))
    queue = Queue(**vars(parser.parse_args()))
    expected = theory.cycle_waits(queue.arrivals, queue.homes)
    print("closed form, mean wait [weeks]: " + ", ".join(f"{wait:.3f}" for wait in expected))
    for name in SIMULATORS:
        found = measure(name, queue)
        print(
            f"{name}: {found['lettings']:,} lettings, {found['bids']:,} bids, "
            f"{found['seconds']:.2f} s ({found['processor_seconds']:.2f} s of the processor), "
            f"{found['lettings_a_second']:,.0f} lettings/s; mean wait [weeks] "
            f"{', '.join(map(str, found['mean_wait_weeks']))}"
        )


if __name__ == "__main__":
    main()
