"""How often intervals hold what happened: ``python -m tests.compare.backtested --seeds 30``.

Worlds are simulated from known parameters and made into histories, as an office would have them.
Each is cut, fitted, predicted and held against the rest of it: the model is the true one, the
parameters are fitted. If intervals are what they say, about as many hold.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cbl_engine.compare.backtest import backtest
from tests.compare.lived_history import SCENARIO, START, WARM, lived_history, written


def held(folder, seed, *, households=800, homes=2600, weeks=104, cut=78, worlds=39, interval=0.8,
         workers=1):
    """The backtest of the history that one seed lived through.

    Args:
        folder: to write it in.
        seed: of its luck; predictions have another.
        households, homes: of its world.
        weeks: of the history.
        cut: weeks that are fitted.
        worlds: predicted.
        interval: asked for.
        workers: processes side by side.
    """
    scenario = folder / "lived.yaml"
    scenario.write_text(SCENARIO.format(title="As it was lived", households=households, homes=homes,
                                        weeks=WARM + weeks, seed=seed), encoding="utf-8")
    history = written(lived_history(scenario), folder / f"history-{seed}")
    return backtest(history, scenario, START + timedelta(weeks=cut), replications=worlds,
                    seed=seed + 10_000, interval=interval, workers=workers)


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--interval", type=float, default=0.8)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args(arguments)
    inside, of, below = Counter(), Counter(), Counter()
    with TemporaryDirectory() as folder:
        for seed in range(given.seeds):
            found = held(Path(folder), seed, interval=given.interval, workers=given.workers)
            for row in found.compared.iter_rows(named=True):
                of[row["measure"]] += 1
                inside[row["measure"]] += row["held"]
                below[row["measure"]] += row["side"] == "below"
            print(f"seed {seed}: {found.held} of {found.of}", file=sys.stderr, flush=True)
    print("| measure | intervals | held | happened below | above |\n| --- | --- | --- | --- | --- |")
    for name in [*of, "all"]:
        n, i, b = ((of[name], inside[name], below[name]) if name != "all"
                   else (of.total(), inside.total(), below.total()))
        print(f"| {name} | {n:,} | {i / n:.0%} | {b / n:.0%} | {(n - i - b) / n:.0%} |")


if __name__ == "__main__":
    main(sys.argv[1:])
