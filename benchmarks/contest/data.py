"""The data of the contest: made by keyed draws, the same on every machine, kept as Arrow files.

Three sizes. Applications, adverts that carry the columns of their homes, and bids: at most one for
each advert and application, in order of ``placed_at``. Ids are int32 from 0, so nobody pays for
looking them up; ``benchmarks.contest.run`` times the making of ordinals from text apart.

Most bids are on homes of a size the household needs, and some households bid far more often than
others. Cells are empty in nine columns that the criteria and keys read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import feather

from cbl_engine.draws import stable_hash, uniform

AS_AT = date(2025, 10, 1)
SEED = 20251001
VERSION = 1
"""Of the generator; in the name of the cache folder, so that a change makes the data anew."""

TABLES = ("applications", "adverts", "bids")
FIRST_OPENING = date(2024, 10, 3)
OPEN_HOURS = 119
LONDON = "Europe/London"


@dataclass(frozen=True)
class Size:
    """How much of everything; cycles are weeks, each with its share of the adverts."""

    applications: int
    adverts: int
    bids: int
    cycles: int
    wards: int


SIZES = {
    "S": Size(20_000, 40, 3_000, 1, 24),
    "M": Size(340_000, 25_000, 2_500_000, 52, 640),
    "L": Size(1_330_000, 260_000, 26_000_000, 52, 640),
}


def cache_folder(size: str) -> Path:
    """Where the tables of a size are kept: under CBL_BENCH_CACHE, or ``.benchmarks``."""
    root = Path(os.environ.get("CBL_BENCH_CACHE", ".benchmarks"))
    return root / f"contest-{VERSION}" / size


def ensure(size: str) -> Path:
    """The folder with the tables of a size, made if they are not there."""
    folder = cache_folder(size)
    missing = [t for t in TABLES if not (folder / f"{t}.arrow").exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in make(SIZES[size]).items():
            part = folder / f"{name}.part"
            feather.write_feather(table, str(part), compression="uncompressed", chunksize=1 << 30)
            part.rename(folder / f"{name}.arrow")
    return folder


def load(size: str) -> dict[str, pa.Table]:
    """The tables of a size, read whole into memory, one chunk a column."""
    folder = ensure(size)
    return {
        name: feather.read_table(str(folder / f"{name}.arrow"), memory_map=False).combine_chunks()
        for name in TABLES
    }


def make(size: Size) -> dict[str, pa.Table]:
    """All three tables."""
    applications = make_applications(size)
    adverts = make_adverts(size)
    return {
        "applications": applications,
        "adverts": adverts,
        "bids": make_bids(size, applications, adverts),
    }


class Draws:
    """Keyed draws for the rows of one table: one number a row for each name."""

    def __init__(self, table: str, n: int) -> None:
        self._table = table
        self._rows = np.arange(n)

    def __call__(self, column: str) -> NDArray[np.float64]:
        return uniform(SEED, stable_hash([self._table]), stable_hash([column]), self._rows)

    def yes(self, column: str, share: float) -> NDArray[np.bool_]:
        return self(column) < share

    def one_of(self, column: str, shares: tuple[float, ...]) -> NDArray[np.int64]:
        return np.minimum(
            np.searchsorted(np.cumsum(shares), self(column), side="right"), len(shares) - 1
        )


def _nullable(values: NDArray, nulls: NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
    return pa.array(values, mask=nulls).cast(kind)


def _text(codes: NDArray[np.int64], names: tuple[str, ...]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(names))


def _days(on: date) -> int:
    return on.toordinal() - date(1970, 1, 1).toordinal()


def make_applications(size: Size) -> pa.Table:
    """One row a household."""
    n = size.applications
    draws = Draws("applications", n)
    need = 1 + draws.one_of("bedroom_need", (0.46, 0.28, 0.18, 0.06, 0.02))
    extra = draws.yes("may have one more", 0.15)
    waited = (draws("waited") ** 2 * 365 * 14).astype(np.int64)
    income = (8_000 + 52_000 * draws("income") ** 2).astype(np.int64)
    arrears = np.where(draws.yes("has arrears", 0.12), draws("arrears") * 3_000, 0).astype(int)
    suspended = _days(AS_AT) + ((draws("suspended") - 0.5) * 720).astype(np.int64)
    months = (draws("months") ** 0.4 * 240).astype(np.int64)
    return pa.table(
        {
            "id": pa.array(np.arange(n), pa.int32()),
            "status": _text(
                draws.one_of("status", (0.96, 0.03, 0.01)), ("active", "suspended", "deferred")
            ),
            "band": _text(
                draws.one_of("band", (0.04, 0.12, 0.24, 0.35, 0.25)), ("A", "B", "C", "D", "E")
            ),
            "priority_date": _nullable(
                _days(AS_AT) - 7 - waited, draws.yes("no date", 0.002), pa.int32()
            ).cast(pa.date32()),
            "registered_on": pa.array(_days(AS_AT) - 30 - waited, pa.int32()).cast(pa.date32()),
            "suspended_until": _nullable(
                suspended, ~draws.yes("is suspended", 0.04), pa.int32()
            ).cast(pa.date32()),
            "age": pa.array(18 + (draws("age") ** 1.3 * 72).astype(np.int16), pa.int16()),
            "bedroom_need": pa.array(need, pa.int8()),
            "bedrooms_min": pa.array(need, pa.int8()),
            "bedrooms_max": pa.array(need + extra, pa.int8()),
            "income": _nullable(income, draws.yes("no income", 0.03), pa.int32()),
            "arrears": _nullable(arrears, draws.yes("no arrears", 0.01), pa.int32()),
            "arrears_plan": pa.array(draws.yes("plan", 0.4)),
            "connection_months": _nullable(months, draws.yes("no months", 0.02), pa.int32()),
            "connection_exempt": pa.array(draws.yes("exempt", 0.06)),
            "connection_ward": _nullable(
                (draws("ward") * size.wards).astype(np.int64), draws.yes("no ward", 0.05),
                pa.int32(),
            ),
            "has_pets": _nullable(
                draws.yes("pets", 0.25), draws.yes("no answer pets", 0.01), pa.bool_()
            ),
            "has_children": pa.array((need > 1) & draws.yes("children", 0.85)),
            "wheelchair_need": pa.array(draws.yes("wheelchair", 0.04)),
            "ground_floor_need": pa.array(draws.yes("ground floor", 0.09)),
        }
    )


def make_adverts(size: Size) -> pa.Table:
    """One row an advert, with its home's columns; the adverts of a cycle stand together."""
    n = size.adverts
    draws = Draws("adverts", n)
    bedrooms = 1 + draws.one_of("bedrooms", (0.38, 0.36, 0.21, 0.05))
    cycle = np.arange(n) * size.cycles // n
    opens = (_days(FIRST_OPENING) + 7 * cycle) * 86_400_000_000
    sheltered = (bedrooms == 1) & draws.yes("sheltered", 0.2)
    least_age = np.where(sheltered, 60, np.array([25, 40, 50, 55])[
        draws.one_of("least age", (0.25, 0.25, 0.25, 0.25))
    ])
    most_income = np.array([30_000, 35_000, 38_000, 40_000, 45_000, 50_000, 55_000, 60_000])[
        draws.one_of("most income", (0.125,) * 8)
    ]
    when = pa.timestamp("us", "UTC")
    london = pa.timestamp("us", LONDON)
    return pa.table(
        {
            "id": pa.array(np.arange(n), pa.int32()),
            "status": _text(np.zeros(n, np.int64), ("closed",)),
            "opens_at": pa.array(opens, when).cast(london),
            "closes_at": pa.array(opens + OPEN_HOURS * 3_600_000_000, when).cast(london),
            "bedrooms": pa.array(bedrooms, pa.int8()),
            "minimum_age": _nullable(
                least_age, ~(sheltered | draws.yes("has least age", 0.06)), pa.int16()
            ),
            "max_income": _nullable(most_income, ~draws.yes("has limit", 0.25), pa.int32()),
            "ward": pa.array((draws("ward") * size.wards).astype(np.int32), pa.int32()),
            "ward_only": pa.array(draws.yes("ward only", 0.04)),
            "pets_allowed": _nullable(
                draws.yes("pets", 0.8), draws.yes("no answer pets", 0.01), pa.bool_()
            ),
            "wheelchair_home": pa.array(draws.yes("wheelchair", 0.03)),
            "floor": _nullable(
                draws.one_of("floor", (0.5, 0.25, 0.15, 0.1)), draws.yes("no floor", 0.01),
                pa.int8(),
            ),
            "lift": pa.array(draws.yes("lift", 0.3)),
            "sheltered": pa.array(sheltered),
        }
    )


def make_bids(size: Size, applications: pa.Table, adverts: pa.Table) -> pa.Table:
    """Bids in order of ``placed_at``, unique by advert and application.

    1. The adverts share the bids out by a log-normal popularity, with a tenth to spare.
    2. Each bid's household comes, more than nine times in ten, from those who need as many
       bedrooms; the first in each list bid more often.
    3. Repeats are dropped, then a drawn surplus; the rest are put in order of time.
    """
    advert = _shared_out(size)
    n = len(advert)
    draws = Draws("bids", n)
    application = _bidders(draws, advert, applications, adverts)
    pairs = np.unique(advert * np.int64(size.applications) + application)
    del advert, application
    if len(pairs) < size.bids:
        raise ValueError(f"only {len(pairs)} distinct bids of {size.bids}")
    draws = Draws("placed bids", len(pairs))
    kept = np.argpartition(draws("kept"), size.bids - 1)[: size.bids]
    kept.sort()
    pairs = pairs[kept]
    advert = (pairs // size.applications).astype(np.int32)
    application = (pairs % size.applications).astype(np.int32)
    opens = adverts["opens_at"].cast(pa.int64()).to_numpy()
    placed = opens[advert] + (draws("placed")[kept] * OPEN_HOURS * 3_600_000_000).astype(np.int64)
    order = np.argsort(placed, kind="stable")
    return pa.table(
        {
            "bid": pa.array(np.arange(size.bids), pa.int32()),
            "advert": pa.array(advert[order]),
            "application": pa.array(application[order]),
            "placed_at": pa.array(placed[order], pa.timestamp("us", "UTC")).cast(
                pa.timestamp("us", LONDON)
            ),
        }
    )


def _shared_out(size: Size) -> NDArray[np.int64]:
    """Advert of each candidate bid."""
    draws = Draws("popularity", size.adverts)
    normal = np.sqrt(-2 * np.log1p(-draws("radius"))) * np.cos(2 * np.pi * draws("angle"))
    weight = np.exp(0.7 * normal)
    counts = np.ceil(weight / weight.sum() * size.bids * 1.1).astype(np.int64)
    return np.repeat(np.arange(size.adverts), counts)


def _bidders(
    draws: Draws, advert: NDArray[np.int64], applications: pa.Table, adverts: pa.Table
) -> NDArray[np.int64]:
    need = applications["bedroom_need"].to_numpy()
    by_need = np.argsort(need, kind="stable")
    bounds = np.searchsorted(need[by_need], np.arange(1, 7))
    wanted = adverts["bedrooms"].to_numpy()[advert].astype(np.int64)
    anyone = draws.yes("any size", 0.08)
    low = np.where(anyone, 0, bounds[wanted - 1])
    high = np.where(anyone, len(need), bounds[wanted])
    place = low + (draws("bidder") ** 1.5 * (high - low)).astype(np.int64)
    return by_need[place]


__all__ = ["AS_AT", "SIZES", "Size", "cache_folder", "ensure", "load", "make"]
