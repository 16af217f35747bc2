"""Weeks of lettings one after the other: ``python -m benchmarks.offers.weeks --weeks 10``.

A register that stays and new adverts each week, in unattended mode. Few offers are answered, so that
lists and open offers pile up: what a week costs should not grow with the weeks behind it. Printed of
each week: seconds, of the clock and of processors, events, lettings, and a digest of everything that
happened, which must stay the same when the code is made faster.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from benchmarks.turns import RESULTS
from cbl_engine.offers.cycle import run_cycle
from cbl_engine.offers.record import Record
from cbl_engine.sample import sample_borough_for
from cbl_engine.scheme import load_scheme
from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.dtypes import with_text_ids
from cbl_engine.tables.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.offers.record import Cycle
    from cbl_engine.scheme import Scheme

BEGINS = date(2026, 3, 1)
MOST_GROWTH = 2
"""Times the first week that the last may take."""
ANSWERS: dict[str, tuple[str, ...]] = {
    "nominated": ("landlord_accepted", "landlord_accepted", "landlord_rejected"),
    "invited": ("viewed", "viewed", "absent"),
    "offered": ("accepted", "refused", "withdrew"),
    "accepted": ("signed", "signed", "signed", "undone"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scheme", default="north_yorkshire")
    parser.add_argument("--weeks", type=int, default=10)
    parser.add_argument("--households", type=int, default=2000)
    parser.add_argument("--adverts", type=int, default=20, help="a week")
    parser.add_argument("--bids", type=float, default=100, help="for each advert, on average")
    parser.add_argument("--answered", type=float, default=0.1, help="share of offers, each week")
    parser.add_argument("--keep", action="store_true", help="for docs/benchmarks.md")
    args = parser.parse_args()
    scheme = load_scheme(args.scheme)
    seconds, kept = [], []
    print("week  seconds  processor  events  lettings  digest")
    for week, (cycle, *took) in enumerate(weeks(scheme, args), 1):
        seconds.append(took)
        kept.append([week, len(cycle.events), round(took[1], 2)])
        lettings = cycle.record.tables["lettings"].height
        print(f"{week:4}  {took[0]:7.2f}  {took[1]:9.2f}  {len(cycle.events):6}  {lettings:8}  {digest(cycle)}",
              flush=True)
    ratios = [last / first for first, last in zip(seconds[0], seconds[-1], strict=True)]
    print(f"the last is {ratios[0]:.1f} times the first, by processors {ratios[1]:.1f}")

    if args.keep:
        (RESULTS / "offers-weeks.json").write_text(json.dumps(kept) + "\n", encoding="utf-8")


def section(weeks: list[list[float]]) -> str:
    """Table and what it says, for docs/benchmarks.md."""
    last, first = weeks[-1], weeks[0]
    ratio = last[2] / first[2]
    rows = [f"| {week} | {events:,} | {took:.2f} |" for week, events, took in weeks]
    said = "met" if ratio <= MOST_GROWTH else "**not met**"
    return "\n".join([
        "| week | events | seconds of processors |", "| ---: | ---: | ---: |", *rows, "",
        f"Aim, the tenth week no more than twice the first: {said} ({ratio:.1f}).",
    ])


def weeks(scheme: Scheme, args: argparse.Namespace) -> Iterator[tuple[Cycle, float, float]]:
    """Each week's cycle, and how long it took [seconds by the clock, seconds of processors]."""
    days = 7 * args.weeks
    borough = sample_borough_for(
        scheme, households=args.households, adverts=args.adverts * args.weeks, mean_bids=args.bids,
        closing_days=days, close_on=BEGINS + timedelta(days=days),
    )
    borough = {name: with_text_ids(name, frame) for name, frame in borough.items()}
    record, draw = Record(), random.Random(1)
    for week in range(1, args.weeks + 1):
        end = BEGINS + timedelta(days=7 * week)
        given = new_of_week(borough, end) | {"outcomes": answers(record, end, draw, args.answered)}
        began, at_work = time.perf_counter(), time.process_time()
        cycle = run_cycle(record, scheme, given, end, unattended=True, keep_going=True)
        yield cycle, time.perf_counter() - began, time.process_time() - at_work
        record = cycle.record


def new_of_week(borough: dict[str, pl.DataFrame], end: date) -> dict[str, pl.DataFrame]:
    """The adverts that close in the week up to a day, their homes and bids; at first all else too."""
    closes = borough["adverts"]["closes_at"].dt.date()
    adverts = borough["adverts"].filter((closes > end - timedelta(days=7)) & (closes <= end))
    new = {
        "adverts": adverts,
        "bids": borough["bids"].filter(pl.col("advert").is_in(adverts["id"].implode())),
        "homes": borough["homes"].filter(pl.col("id").is_in(adverts["home"].implode())),
    }
    return new if end > BEGINS + timedelta(days=7) else {**borough, **new}


def answers(record: Record, end: date, draw: random.Random, share: float) -> pl.DataFrame:
    """What some of those with an open offer do, on a day of the week before a day."""
    rows: list[dict[str, Any]] = []
    for offer in record.tables["offers"].to_dicts() if "offers" in record.tables else ():
        if offer["step"] in ANSWERS and draw.random() < share:
            what = draw.choice(ANSWERS[offer["step"]])
            rows.append({
                "id": f"{end} {len(rows):06}", "on": end - timedelta(days=draw.randint(1, 6)),
                "what": what, "advert": offer["advert"], "application": offer["application"],
                "by": "officer", "reasonable": True if what == "refused" else None,
            })
    schema = {c.name: DTYPES[c.type] for c in TABLES["outcomes"]}
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def digest(cycle: Cycle) -> str:
    """Of every event and the rows they took in; the first twelve digits."""
    whole = hashlib.sha256()
    for event in cycle.events:
        whole.update(event.model_dump_json().encode())
    for table, rows in cycle.rows:
        whole.update(table.encode() + rows.write_json().encode())
    return whole.hexdigest()[:12]


if __name__ == "__main__":
    main()
