"""Published findings on lettings, each in a small experiment of its own: does its sign come out?

    python -m benchmarks.believable.signs --seeds 20

These are the smallest worlds in which each finding can be true or false, seeded, with an interval
for every figure. They say what sign to look for in a simulator, and where the sign turns.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmarks.believable.allotting import arnosti_and_shi, waldinger
from benchmarks.believable.check import keep
from benchmarks.believable.pools import leshno
from benchmarks.believable.priority import lacey_and_waugh

if TYPE_CHECKING:
    from benchmarks.believable.sign import Sign


def every(seeds: int) -> list[Sign]:
    """All signs."""
    return [
        sign for finding in (arnosti_and_shi, waldinger, leshno, lacey_and_waugh)
        for sign in finding(seeds)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    found = every(seeds)
    for sign in found:
        print(sign.text(), flush=True)
    keep("signs", {"seeds": seeds, "signs": [
        {"claim": sign.claim, "source": sign.source, "holds": sign.holds, "why": sign.why,
         "found": {name: vars(figure) for name, figure in sign.found.items()}}
        for sign in found]})


if __name__ == "__main__":
    main()
