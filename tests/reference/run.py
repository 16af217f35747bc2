"""The long comparison: ``python -m tests.reference.run --adverts 100000 --seed 1``."""

from __future__ import annotations

import argparse
import random
import sys
import time

from tests.reference.compare import by_oracle, differences, report
from tests.reference.strategies import random_case


def main(arguments: list[str] | None = None) -> int:
    """Compare random cases until so many adverts are done; 1 when engine and oracle differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adverts", type=int, default=100_000, help="adverts to compare")
    parser.add_argument("--seed", type=int, default=1, help="of the first case; others follow")
    parser.add_argument(
        "--refusals", action="store_true", help="let keys refuse input; needs small cases"
    )
    wanted = parser.parse_args(arguments)
    began = last = time.monotonic()
    adverts = bids = n_cases = refused = 0
    while adverts < wanted.adverts:
        seed = wanted.seed * 1_000_000 + n_cases
        if wanted.refusals:
            case = random_case(random.Random(seed), n_bids=(0, 5), refusals=True)
            refused += by_oracle(case) is None
        else:
            case = random_case(random.Random(seed), (5, 40), (50, 200), (0, 16))
        if differences(case):
            print(f"\nthey differ in the case of seed {seed}:\n{report(case)}")
            return 1
        n_cases += 1
        adverts += len(case.adverts)
        bids += len(case.bids)
        if time.monotonic() - last > 2 or adverts >= wanted.adverts:
            last = time.monotonic()
            line = f"{adverts:,} adverts, {bids:,} bids, {n_cases:,} cases, {last - began:.0f} s"
            print(f"\r{line}", end="", flush=True)
    print("\nengine and oracle agree" + (f"; {refused:,} cases refused" if refused else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
