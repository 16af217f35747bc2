"""The contest over who is given which home: ``python -m benchmarks.offers.run --size S|M|L``.

Lists are in memory, laid out as each contestant likes, before the clock starts. Whoever settles by
the same side's order must give every household the same home as ours.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.offers import data
from benchmarks.offers.contestants import CONTESTANTS, OTHER_AIM, entries
from benchmarks.turns import RESULTS, Contestant, cpu, serve, take_turns

OURS, AIM = "cbl_engine", 100
WORDS = {
    "homes": "by `homes`: homes offer", "household": "by `household`: households ask",
    "advert": "by `advert`: home after home", OTHER_AIM: "another aim: least sum of places",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(data.SIZES), default="S")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        gc.disable()  # in nobody's time; plain Python would have the most of it
        name, side = args.worker
        market = data.load(args.size)
        began = time.process_time()
        ready, answer = CONTESTANTS[name](market, side)
        laid_out = time.process_time() - began
        serve(ready, lambda found, path: np.save(path, answer(found)), laid_out_seconds=laid_out)
        return
    folder = Path(os.environ.get("CBL_BENCH_CACHE", ".benchmarks")) / "offers"
    folder.mkdir(parents=True, exist_ok=True)
    taking_part = entries(args.size)
    load = os.getloadavg()[0]
    entrants = {entry: Contestant("benchmarks.offers.run", ["--size", args.size, "--worker", *entry])
                for entry in taking_part}
    take_turns(list(entrants.values()), args.rounds)
    answers = {entry: np.load(entrant.answer(folder / f"answer-{at}.npy"))
               for at, (entry, entrant) in enumerate(entrants.items())}
    differ = [entry for entry in taking_part if entry[1] != OTHER_AIM
              and not np.array_equal(answers[entry], answers[OURS, entry[1]])]
    if differ:
        raise SystemExit(f"not the answer of {OURS}: {differ}")
    market = data.load(args.size)
    by_homes, by_household = answers[OURS, "homes"], answers[OURS, "household"]
    result = {
        "size": args.size, "rounds": args.rounds,
        "households": market.households, "adverts": len(market.capacity),
        "homes": int(market.capacity.sum()), "bids": len(market.applications),
        "given": int((by_homes >= 0).sum()),
        "given_another": int((by_homes != by_household).sum()),
        "machine": {"cpu": cpu(), "cores": os.cpu_count(), "python": platform.python_version(),
                    "load": round(load, 1)}
        | {package: version(package) for package in ("numpy", "scipy", "matching")},
        "entries": [
            {"name": name, "side": side} | entrant.figures(
                entrants[OURS, "homes" if side == OTHER_AIM else side].turns)
            for (name, side), entrant in entrants.items()
        ],
    }
    (RESULTS / f"offers-{args.size}.json").write_text(
        json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(section(result))


def section(found: dict[str, Any]) -> str:
    """Heading, table and what it says, for docs/benchmarks.md."""
    at = found["machine"]
    lines = [
        f"### {found['adverts']:,} adverts, {found['bids']:,} bids",
        "",
        "| | | median ms | least ms | processor ms | times ours | by the processor | laid out before, ms |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for e in found["entries"]:
        name = f"**{e['name']}**" if e["name"] == OURS else e["name"]
        times = [number(1e3 * e[f"{of}_seconds"]) for of in ("median", "least", "median_cpu")]
        ratios = [number(e[of]) for of in ("times_ours", "times_ours_cpu")]
        lines.append(f"| {WORDS[e['side']]} | {name} | {' | '.join(times + ratios)} "
                     f"| {number(1e3 * e['laid_out_seconds'])} |")
    lines += ["", *aim(found)]
    lines += [
        f"{found['households']:,} households, {found['homes']:,} homes, {found['given']:,} given; "
        f"by `household` {found['given_another']:,} households are given another home than by "
        "`homes`. All who settle by the same order agree on every household.",
        "",
        f"`python -m benchmarks.offers.run --size {found['size']} --rounds {found['rounds']}`; "
        f"{at['cpu']}, {at['cores']} cores, Python {at['python']}, numpy {at['numpy']}, "
        f"scipy {at['scipy']}, matching {at['matching']}; load before {at['load']}.",
    ]
    return "\n".join(lines)


def aim(found: dict[str, Any]) -> list[str]:
    """How plain Python stands to ours at the largest size, by the processor's time."""
    if found["size"] != "L":
        return []
    said = [f"{e['name'].split(', ')[1]} by `{e['side']}` "
            f"{'met' if e['times_ours_cpu'] >= AIM else '**not met**'} ({e['times_ours_cpu']:.0f})"
            for e in found["entries"] if e["name"].startswith("Python") and e["side"] != "advert"]
    return [f"Aim, {AIM} times as fast as deferred acceptance in plain Python, by the processor: {', '.join(said)}.", ""]


def number(value: float) -> str:
    return f"{value:,.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


if __name__ == "__main__":
    main()
