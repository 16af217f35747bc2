"""Time and memory of the whole assessment: ``python -m benchmarks.assessment.run --size L``."""

from __future__ import annotations

import argparse
import resource
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl

from benchmarks.bedrooms.data import AS_AT, SEED, SIZES, load
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
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="S")
    size = parser.parse_args().size
    scheme = load_scheme(Path(__file__).parent / "scheme.yaml")
    frames = register(size)
    # Officers have recorded the bands found a week ago, as in a register that is kept up.
    settled = assess(scheme, frames, AS_AT - timedelta(days=7)).register()
    recorded = settled["applications"].select(
        pl.col("id").alias("application"), "band", pl.col("band_from").alias("since"))
    frames = {**settled, "band_history": recorded}
    seconds, result = best(lambda: assess(scheme, frames, AS_AT))
    week = AS_AT + timedelta(days=7)
    full, whole = best(lambda: assess(scheme, frames, week))
    weekly, again = best(lambda: reassess(result, frames, week))
    # Frames read anew: every row is looked at for changes.
    read = {name: frame.clone() for name, frame in frames.items()}
    compared, copied = best(lambda: reassess(result, read, week))
    held = [c for c in whole.assessed.columns if c != "next_review_on"]
    for one in (again, copied):
        if not one.assessed.select(held).equals(whole.assessed.select(held)):
            raise SystemExit("reassessing what is due is not assessing everything")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{size}: {SIZES[size]:,} applications, {frames['people'].height:,} people")
    print(f"whole register {seconds:.2f} s; peak memory {peak:.1f} GB (best of {_RUNS} runs)")
    print(f"a week later: all {full:.2f} s; the {again.done.height:,} due {weekly:.2f} s, "
          f"with every row looked at for changes {compared:.2f} s")


def best(run: Callable[[], T]) -> tuple[float, T]:
    """The least time [s] of some runs, and what the last found."""
    times = []
    for _ in range(_RUNS):
        begin = time.perf_counter()
        found = run()
        times.append(time.perf_counter() - begin)
    return min(times), found


if __name__ == "__main__":
    main()
