"""Orders whose keys are laid out differently, at every size, checked against a polars sort.

North Yorkshire's (band, bedroom fit, debt, date: a pair key in the middle), first come first served
(times in microseconds, wider than any rank) and a lottery (64 bits of draw a bid). Eligibility is
the same easy question in all three, so the time is that of the order.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from benchmarks.contest import data
from cbl_engine.draws import draw, stable_hash
from cbl_engine.scheme import scheme_from_text
from cbl_engine.shortlist import prepare, shortlist

HEAD = """
scheme: keys
title: Key layouts
authority: nobody
in_force: {from: 2020-01-01, assumed: true}
bands:
  A: {label: A, illustrative: true}
  B: {label: B, illustrative: true}
  C: {label: C, illustrative: true}
  D: {label: D, illustrative: true}
  E: {label: E, illustrative: true}
columns:
  applications:
    arrears: {type: int, label: arrears}
criteria:
  on_register:
    label: The application is active
    when: status = 'active'
    illustrative: true
eligible: [on_register]
default_profile: all_homes
profiles:
  all_homes:
    label: Every home
    illustrative: true
    order:
"""
ORDERS = {
    "north_yorkshire": """
      - band: [A, B, C, D, E]
      - bedroom_fit: exact_first
      - debt: arrears
        compare: any
      - date: priority_date
      - tie: human
""",
    "first_come": """
      - bid_time: first
      - tie: human
""",
    "lottery": """
      - lottery: advert
""",
}
SEED = 7
SAMPLE = 50


@pytest.fixture(scope="module")
def frames(size):
    return {name: pl.from_arrow(table) for name, table in data.load(size).items()}


@pytest.mark.benchmark(group="keys")
@pytest.mark.parametrize("name", ORDERS)
def test_order(benchmark, frames, rounds, name):
    scheme = scheme_from_text(HEAD + ORDERS[name])
    prepared = prepare(scheme, {"applications": frames["applications"]}, data.AS_AT)
    result = benchmark.pedantic(
        lambda: shortlist(prepared, frames["adverts"], frames["bids"], seed=SEED),
        rounds=rounds,
        warmup_rounds=1,
    )
    n_adverts = frames["adverts"].height
    sample = np.unique(np.linspace(0, n_adverts - 1, SAMPLE).astype(int)).tolist()
    found = (
        result.frame(sample)
        .filter(pl.col("position").is_not_null())
        .sort("advert", "position")
        .select("advert", "application")
    )
    assert found.height
    assert found.equals(sorted_plainly(frames, sample, name))


def sorted_plainly(frames: dict[str, pl.DataFrame], sample: list[int], name: str) -> pl.DataFrame:
    """The same order by sorting the columns themselves."""
    bids = (
        frames["bids"]
        .filter(pl.col("advert").is_in(sample))
        .join(frames["applications"], left_on="application", right_on="id")
        .filter(pl.col("status").cast(pl.String) == "active")
        .join(frames["adverts"].select("id", "bedrooms"), left_on="advert", right_on="id")
    )
    return bids.sort(
        "advert", *by(name, bids), "application", nulls_last=True, maintain_order=True
    ).select("advert", "application")


def by(name: str, bids: pl.DataFrame) -> list[pl.Expr | pl.Series]:
    if name == "first_come":
        return [pl.col("placed_at")]
    if name == "lottery":
        hashes = (stable_hash(bids[c].to_list()) for c in ("advert", "application"))
        return [pl.lit(pl.Series("draw", draw(SEED, *hashes)))]
    return [
        pl.col("band").cast(pl.String),
        pl.col("bedroom_need") != pl.col("bedrooms"),
        pl.col("arrears") > 0,
        pl.col("priority_date"),
    ]
