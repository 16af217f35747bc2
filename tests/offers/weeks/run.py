"""Many random weeks: ``python -m tests.offers.weeks.run --weeks 5 --seeds 200``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.offers.weeks.again import differences
from tests.offers.weeks.checker import faults
from tests.offers.weeks.followed import otherwise
from tests.offers.weeks.generator import random_world
from tests.offers.weeks.playing import play


def main(arguments: list[str] | None = None) -> int:
    """Play and check so many worlds; 1 when a rule of the contract is broken in any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, help="in each world; left out: 3 to 6")
    parser.add_argument("--seeds", type=int, default=200, help="worlds")
    parser.add_argument("--first", type=int, default=1, help="seed of the first")
    parser.add_argument("--again", action="store_true", help="also shuffled, renamed and merged")
    parser.add_argument("--followed", action="store_true",
                        help="also followed without a fact put right, which is the record again")
    parser.add_argument("--viewings", action="store_true",
                        help="several see each home together, many of them not checked yet")
    parser.add_argument("--refusals", action="store_true",
                        help="most offers are refused; what follows waits, and is reviewed")
    wanted = parser.parse_args(arguments)
    began, done, broken = time.monotonic(), Counter(), 0
    for seed in range(wanted.first, wanted.first + wanted.seeds):
        try:
            world = random_world(seed, wanted.weeks, viewings=wanted.viewings,
                                 refusals=wanted.refusals)
            played = play(world)
            found = faults(played)
            if wanted.followed:
                found += [f"followed: {d}" for d in otherwise(world, played)]
            if wanted.again:
                found += [f"comes out otherwise: {d}" for d in differences(seed, wanted.weeks or 3)]
        except Exception as error:
            found = [f"{type(error).__name__}: {error}"]
        else:
            done.update(event["kind"] for event in played.events())
        broken += bool(found)
        for line in found:
            print(f"seed {seed}: {line}", flush=True)
    kinds = ", ".join(f"{done[k]:,} {words}" for k, words in (
        ("advert_closed", "adverts"), ("offer_proposed", "offers"), ("let_to", "lettings")))
    print(f"{wanted.seeds:,} worlds, {done.total():,} events, {kinds}: "
          f"{broken or 'none'} broken; {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
