"""The contest over bedroom need: ``python -m benchmarks.bedrooms.run --size S|M|L``.

Frames are in memory before the clock starts. The answers must be equal for every application.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path

import polars as pl

from benchmarks.bedrooms import data
from benchmarks.bedrooms.contestants import ANSWER, CONTESTANTS
from benchmarks.turns import RESULTS, Contestant, cpu, serve, take_turns

ENTRIES = [(name, "complete") for name in CONTESTANTS] + [("cbl_engine", "patchy")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(data.SIZES), default="S")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        name, register = args.worker
        frames = data.load(args.size, register)
        serve(lambda: lambda: CONTESTANTS[name](frames), pl.DataFrame.write_ipc)
        return
    folder = Path(os.environ.get("CBL_BENCH_CACHE", ".benchmarks")) / "bedrooms"
    folder.mkdir(parents=True, exist_ok=True)
    entrants = [Contestant("benchmarks.bedrooms.run", ["--size", args.size, "--worker", *entry])
                for entry in ENTRIES]
    take_turns(entrants, args.rounds)
    answers = {entry: pl.read_ipc(entrant.answer(folder / f"answer-{at}.arrow"))
               for at, (entry, entrant) in enumerate(zip(ENTRIES, entrants, strict=True))}
    ours = answers["cbl_engine", "complete"]
    equal = {name: answers[name, "complete"].select(ANSWER).equals(ours.select(ANSWER))
             for name in CONTESTANTS}
    if not all(equal.values()):
        raise SystemExit(f"the answers differ: {equal}")
    frames = data.load(args.size)
    result = {
        "size": args.size,
        "applications": frames["applications"].height,
        "people": frames["people"].height,
        "not_known_in_patchy": answers["cbl_engine", "patchy"]["need"].null_count(),
        "machine": {"cpu": cpu(), "cores": os.cpu_count(), "python": platform.python_version(),
                    "polars": pl.__version__, "load": round(os.getloadavg()[0], 1)},
        "entries": [
            {"name": name, "register": register} | entrant.figures(entrants[0].turns)
            for (name, register), entrant in zip(ENTRIES, entrants, strict=True)
        ],
    }
    (RESULTS / f"bedrooms-{args.size}.json").write_text(
        json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(result)))


def table(result: dict) -> list[str]:
    """The table of docs/bedrooms.md, from the results on file."""
    lines = ["| | median s | least s | processor s | times ours | peak MiB, data in it |",
             "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for e in result["entries"]:
        lines.append(f"| {e['name']}, {e['register']} | {e['median_seconds']:.3f} "
                     f"| {e['least_seconds']:.3f} | {e['median_cpu_seconds']:.3f} "
                     f"| {e['times_ours']:.1f} | {e['peak_mib']:.0f}, {e['loaded_mib']:.0f} |")
    return lines


if __name__ == "__main__":
    main()
