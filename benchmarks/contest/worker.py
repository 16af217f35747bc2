"""One contestant in a process of its own, driven line by line by ``benchmarks.contest.run``.

    python -m benchmarks.contest.worker NAME SIZE

Commands on standard input: ``cold`` and ``warm`` time a turn, ``answer PATH`` writes the last
answer in order of bids, ``end`` ends. Every reply is one line of JSON.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time

import numpy as np

from benchmarks.contest import data
from benchmarks.contest.contestants import enter, in_row_order


def peak() -> float:
    """Peak resident memory of this process so far [MiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def serve(name: str, size: str) -> None:
    """Load the data, then take turns until the end."""
    contestant = enter(name, data.load(size))
    gc.collect()
    elsewhere = hasattr(contestant, "in_server")
    reply(loaded=True, peak_mib=peak())
    answer = None
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        if command == "end":
            return
        if command == "answer" and answer is not None:
            position, failed = in_row_order(answer)
            np.savez(argument, position=position, failed=failed)
            reply(eligible=float((position > 0).mean()))
            continue
        answer = None
        turn = getattr(contestant, command)
        began, worked = time.perf_counter(), time.process_time()
        answer = turn()
        taken, worked = time.perf_counter() - began, time.process_time() - worked
        if elsewhere:
            reply(seconds=taken, in_server=contestant.in_server, peak_mib=contestant.server_peak)
        else:
            reply(seconds=taken, cpu_seconds=worked, peak_mib=peak())


def reply(**fields: object) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(*sys.argv[1:])
