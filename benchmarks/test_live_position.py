"""One advert's shortlist on a register made ready before: what a page that shows a position costs.

The register is the 340,000 applications of size M, whatever ``--size`` says.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from benchmarks.contest import data
from benchmarks.contest.ours import SCHEME
from cbl_engine.draws import draw
from cbl_engine.scheme import load_scheme
from cbl_engine.shortlist import prepare, shortlist

ADVERT = 12_000


@pytest.fixture(scope="module")
def register():
    size = data.SIZES["M"]
    tables = {
        "applications": data.make_applications(size),
        "adverts": data.make_adverts(size),
    }
    return {name: pl.from_arrow(table) for name, table in tables.items()}


@pytest.fixture(scope="module")
def prepared(register):
    return prepare(load_scheme(SCHEME), {"applications": register["applications"]}, data.AS_AT)


@pytest.mark.benchmark(group="live position")
@pytest.mark.parametrize("n_bids", [100, 1000])
def test_one_advert(benchmark, register, prepared, n_bids):
    advert = register["adverts"].filter(pl.col("id") == ADVERT)
    bids = bids_on(advert, register["applications"].height, n_bids)
    result = benchmark.pedantic(
        lambda: shortlist(prepared, advert, bids), rounds=30, warmup_rounds=3
    )
    assert len(result) == n_bids
    placed = result.ranking.position[result.ranking.position > 0]
    assert sorted(placed) == list(range(1, len(placed) + 1))


def bids_on(advert: pl.DataFrame, n_applications: int, n: int) -> pl.DataFrame:
    """Bids of drawn households, six seconds apart from the opening."""
    applications = np.unique(draw(data.SEED, np.arange(2 * n)) % np.uint64(n_applications))[:n]
    opens = advert["opens_at"][0]
    return pl.DataFrame(
        {
            "advert": pl.Series([ADVERT] * n, dtype=pl.Int32),
            "application": pl.Series(applications.astype(np.int32)),
            "placed_at": pl.select(
                pl.lit(opens) + pl.duration(seconds=pl.int_range(n) * 6)
            ).to_series(),
        }
    )
