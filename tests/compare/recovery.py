"""Known parameters found again: ``python -m tests.compare.recovery --seeds 100``.

Histories are made from known parameters, each is fitted, and it is counted how often the truth lies
in the interval: about 95 of 100, if intervals are what they say.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict

import numpy as np

from cbl_engine.compare.calibrate.estimates import TOLD
from cbl_engine.compare.calibrate.history import CannotFitError, History
from cbl_engine.compare.calibrate.run import FITS
from cbl_engine.simulate.parameters import days_table
from tests.compare.made_history import SINCE, UNTIL, Truth, made_history


def quantile(percentiles, percent):
    """The first day by which a share of what :func:`days_table` holds is over."""
    table = np.sort(days_table(percentiles))
    return float(table[max(0, int(np.ceil(percent / 100 * len(table))) - 1)])


def true_parts(name, value):
    """The true numbers under the names that intervals go by."""
    if not isinstance(value, dict):
        return {"": value}
    if name.endswith("days"):
        tables = value.items() if isinstance(next(iter(value.values())), dict) else [("", value)]
        return {f"{kind} {p}".strip(): quantile(table, p) for kind, table in tables for p in TOLD}
    return value


def covered(seed, truth=None):
    """For each parameter, whether each true number lies in its interval; no entry: not fitted."""
    truth = truth or Truth()
    history = History(made_history(seed, truth), SINCE, UNTIL, frozenset())
    found = {}
    for name, value in truth.values.items():
        try:
            bounds = FITS[name](history).intervals
        except CannotFitError:
            continue
        parts = true_parts(name, value)
        found[name] = {
            part: bool(low - 1e-9 <= parts[part] <= high + 1e-9) for part, (low, high) in bounds.items()
        }
    return found


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=100)
    seeds = parser.parse_args(arguments).seeds
    held, of = defaultdict(Counter), defaultdict(Counter)
    for seed in range(seeds):
        for name, parts in covered(seed).items():
            held[name].update(part for part, inside in parts.items() if inside)
            of[name].update(list(parts))
    print(f"{'parameter':<28} intervals  hold the truth")
    for name in of:
        inside, n = held[name].total(), of[name].total()
        print(f"{name:<28} {n:>9}  {inside / n:>14.1%}")
    inside, n = (sum(c.total() for c in one.values()) for one in (held, of))
    print(f"{'all':<28} {n:>9}  {inside / n:>14.1%}")


if __name__ == "__main__":
    main(sys.argv[1:])
