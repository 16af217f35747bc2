"""Time and memory of the whole assessment: ``python -m benchmarks.assessment.run --size L``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import polars as pl

from benchmarks.bedrooms.data import AS_AT, SEED, SIZES, load
from benchmarks.turns import RESULTS, cpu, peak
from cbl_engine.assess import assess, reassess
from cbl_engine.scheme import load_scheme

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = date(1970, 1, 1)
_RUNS = 3
T = TypeVar("T")


def register(size: str) -> dict[str, pl.DataFrame]:
    """People as in the contest over bedroom need, and what the scheme reads beside them."""
    rng = np.random.default_rng(SEED + 1)
    n = SIZES[size]
    frames = load(size, "patchy")
    today = (AS_AT - _EPOCH).days

    def days(most: int, count: int = n) -> pl.Series:
        return pl.Series(today - rng.integers(0, most, count).astype(np.int32)).cast(pl.Date)

    def some(values: pl.Series, share: float) -> pl.Series:
        return values.set(pl.Series(rng.random(len(values)) > share), None)

    registered = days(4_000)
    bands = pl.Series(["A", "B", "C", "D", "Reduced"]).gather(rng.integers(0, 5, n))
    applications = frames["applications"].with_columns(
        pl.lit("active").alias("status"),
        registered.alias("registered_on"),
        bands.alias("band"),
        registered.alias("band_from"),
        pl.Series("current_bedrooms", rng.integers(1, 4, n)),
        some(pl.Series(rng.integers(8_000, 80_000, n)), 0.9).alias("income"),
        some(pl.Series(["urgent", "high", "low"]).gather(rng.integers(0, 3, n)), 0.2).alias(
            "medical"),
        some(days(1_500), 0.9).alias("medical_on"),
        some(pl.Series(rng.integers(0, 900, n)), 0.98).alias("arrears"),
    )
    holders = rng.integers(0, n, n + n // 4)
    connections = pl.DataFrame(
        {
            "application": holders.astype(np.int32),
            "person": pl.Series([None], dtype=pl.Int32).new_from_index(0, len(holders)),
            "area": pl.Series(["ward", "elsewhere"]).gather(
                (rng.random(len(holders)) < 0.1).astype(np.int64)),
            "kind": pl.Series(["residence", "work"]).gather(
                (rng.random(len(holders)) < 0.2).astype(np.int64)),
            "since": days(6_000, len(holders)),
            "until": some(days(1_000, len(holders)), 0.1),
        }
    )
    owed = np.sort(rng.choice(n, n // 10, replace=False))
    duties = pl.DataFrame(
        {"application": owed.astype(np.int32),
         "kind": pl.Series(["main", "relief"]).gather(rng.integers(0, 2, len(owed))),
         "since": days(700, len(owed)), "until": some(days(300, len(owed)), 0.3)}
    )
    areas = pl.DataFrame({"id": ["district", "ward", "elsewhere"],
                          "parent": [None, "district", None]})
    history = applications.select(
        pl.col("id").alias("application"), "band", pl.col("band_from").alias("since"))
    return {"applications": applications, "people": frames["people"], "connections": connections,
            "areas": areas, "duties": duties, "band_history": history}


def main() -> None:
    """Measure, keep the results in ``benchmarks/results/`` and print the page's table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="S")
    size = parser.parse_args().size
    result = measured(size)
    (RESULTS / f"assessment-{size}.json").write_text(
        json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(result)))


def measured(size: str) -> dict[str, Any]:
    """Times and memory of whole passes, of what a week later is due, and of telling why.

    Raises:
        SystemExit: reassessing what is due found something else than assessing everyone.
    """
    scheme = load_scheme(Path(__file__).parent / "scheme.yaml")
    frames = settled(size)
    entries = [{"what": "the data in memory", "peak_mib": peak()}]

    def turn(what: str, run: Callable[[], T]) -> T:
        times, found = turns(run)
        entries.append({"what": what, "peak_mib": peak(), **times})
        return found

    week = AS_AT + timedelta(days=7)
    result = turn("the whole register", lambda: assess(scheme, frames, AS_AT))
    whole = turn("a week later, the whole register", lambda: assess(scheme, frames, week))
    again = turn("a week later, who is due", lambda: reassess(result, frames, week))
    # Frames read anew: every row is looked at for changes.
    read = {name: frame.clone() for name, frame in frames.items()}
    copied = turn("the same, every row looked at for changes",
                  lambda: reassess(result, read, week))
    held = [c for c in whole.assessed.columns if c != "next_review_on"]
    for one in (again, copied):
        if not one.assessed.select(held).equals(whole.assessed.select(held)):
            raise SystemExit("reassessing what is due is not assessing everything")
    reasons = turn("every reason of everyone", lambda: whole.reasons().height)
    return {
        "size": size,
        "applications": SIZES[size],
        "people": frames["people"].height,
        "due": again.done.height,
        "reasons": reasons,
        "machine": {"cpu": cpu(), "cores": os.cpu_count(), "python": platform.python_version(),
                    "polars": pl.__version__, "load": round(os.getloadavg()[0], 1)},
        "entries": entries,
    }


def settled(size: str) -> dict[str, pl.DataFrame]:
    """The register with the bands found a week ago recorded, as one that is kept up."""
    scheme = load_scheme(Path(__file__).parent / "scheme.yaml")
    kept = assess(scheme, register(size), AS_AT - timedelta(days=7)).register()
    recorded = kept["applications"].select(
        pl.col("id").alias("application"), "band", pl.col("band_from").alias("since"))
    return {**kept, "band_history": recorded}


def table(result: dict[str, Any]) -> list[str]:
    """The table of docs/register.md, from the results on file."""
    lines = [
        f"{result['applications']:,} applications, {result['people']:,} people; "
        f"{result['due']:,} are due a week later, and {result['reasons']:,} reasons are told.",
        "",
        "| | median s | least s | processor s | peak MiB so far |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for e in result["entries"]:
        seconds = [f"{e[k]:.2f}" if k in e else ""
                   for k in ("median_seconds", "least_seconds", "median_cpu_seconds")]
        lines.append(f"| {e['what']} | {' | '.join(seconds)} | {e['peak_mib']:,.0f} |")
    return lines


def turns(run: Callable[[], T]) -> tuple[dict[str, float], T]:
    """Times [s] of some runs, and what the last found."""
    clock, processor = [], []
    for _ in range(_RUNS):
        begin, worked = time.perf_counter(), time.process_time()
        found = run()
        clock.append(time.perf_counter() - begin)
        processor.append(time.process_time() - worked)
    return {"median_seconds": statistics.median(clock), "least_seconds": min(clock),
            "median_cpu_seconds": statistics.median(processor)}, found


if __name__ == "__main__":
    main()
