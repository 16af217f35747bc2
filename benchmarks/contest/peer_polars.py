"""Polars' turn: one lazy query with joins, one that takes rows instead, and one as first written.

The first two judge the criteria of the application once an application, rank the applications once by band,
date and id, so that one whole number orders the bids of an advert, and fold the failures into 16
bits, made 64 at the end. Measured against the alternatives at every size: failure bits by
``when`` (multiplying a boolean is 10-20% slower), positions by ``rank().over()``, by sorting all
bids, and by sorting the eligible only; the engines in memory and streaming; ranking by the keys of
each bid instead of once an application (faster at S, where applications outnumber bids).

``Gathered`` knows something that joins do not: that ids are row numbers. It is polars at its
fastest, and less than half the time at L.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from benchmarks.contest.data import AS_AT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

col = pl.col
BITS = pl.UInt16
NO_DATE = 1 << 20

OWN = (
    col.status == "active",
    col.suspended_until.is_null() | (col.suspended_until <= pl.lit(AS_AT)),
    (col.arrears <= 500) | col.arrears_plan,
    (col.connection_months >= 24) | col.connection_exempt,
)
PAIR = (
    col.bedrooms.is_between(col.bedrooms_min, col.bedrooms_max),
    col.minimum_age.is_null() | (col.age >= col.minimum_age),
    col.max_income.is_null() | (col.income <= col.max_income),
    ~col.ward_only | (col.connection_ward == col.ward),
    ~col.has_pets | col.pets_allowed,
    ~col.wheelchair_home | col.wheelchair_need,
    ~col.ground_floor_need | (col.floor == 0) | col.lift,
    ~(col.sheltered & col.has_children),
)
OF_APPLICATION = (
    "bedrooms_min", "bedrooms_max", "age", "income", "connection_ward", "has_pets",
    "wheelchair_need", "ground_floor_need", "has_children",
)
OF_ADVERT = (
    "bedrooms", "minimum_age", "max_income", "ward", "ward_only", "pets_allowed",
    "wheelchair_home", "floor", "lift", "sheltered",
)


def failures(criteria: Sequence[pl.Expr], first_bit: int) -> pl.Expr:
    """One bit for each criterion that is false or not known."""
    bits = [
        pl.when(criterion.fill_null(value=False))
        .then(pl.lit(0, BITS))
        .otherwise(pl.lit(1 << (first_bit + i), BITS))
        for i, criterion in enumerate(criteria)
    ]
    word = bits[0]
    for bit in bits[1:]:
        word = word | bit
    return word


def order_of_bids() -> pl.Expr:
    """Band, date (null last) and id as one whole number."""
    band = col.band.cast(pl.String).cast(pl.Enum(list("ABCDE"))).to_physical().cast(pl.UInt64)
    day = col.priority_date.to_physical().fill_null(NO_DATE).cast(pl.UInt64)
    return band * (1 << 56) + day * (1 << 32) + col.id.cast(pl.UInt64)


class Joined:
    """One lazy query: join, judge, rank."""

    tuning = "one lazy query; applications ranked once at M and L; engine and ranking by size"

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        frames = {name: pl.from_arrow(table) for name, table in tables.items()}
        self.applications: pl.DataFrame = frames["applications"]
        self.adverts: pl.DataFrame = frames["adverts"]
        self.bids: pl.DataFrame = frames["bids"]

    def ranked(self) -> pl.LazyFrame:
        """Applications with their failures so far, their rank, and what pairs read."""
        rank = order_of_bids()
        if self.bids.height > self.applications.height:
            rank = rank.rank("ordinal").cast(pl.UInt32)
        return self.applications.lazy().select(
            "id", failures(OWN, 0).alias("own"), rank.alias("rank"), *OF_APPLICATION
        )

    def judged(self) -> pl.LazyFrame:
        """bid, advert, rank, failed."""
        return (
            self.bids.lazy()
            .select("bid", "advert", "application")
            .join(self.ranked(), left_on="application", right_on="id", how="left",
                  maintain_order="none")
            .join(self.adverts.lazy().select("id", *OF_ADVERT), left_on="advert", right_on="id",
                  how="left", maintain_order="none")
            .select("bid", "advert", "rank",
                    (col.own | failures(PAIR, len(OWN))).alias("failed"))
        )

    def cold(self) -> tuple[NDArray, NDArray, NDArray]:
        """Bid rows, positions and failure words."""
        if self.bids.height < 10_000_000:
            return arrays(ranked_over(self.judged()).collect())
        return arrays(ranked_by_sorting(self.judged()).collect(engine="streaming"))


class Gathered(Joined):
    """The same, taking rows by id instead of joining, since ids are row numbers."""

    tuning = "rows taken by id instead of joins; only the eligible sorted"

    def cold(self) -> tuple[NDArray, NDArray, NDArray]:
        applications = self.ranked().drop("id").collect()
        adverts = self.adverts.select(OF_ADVERT)
        judged = (
            pl.concat(
                [
                    self.bids.select("bid", "advert"),
                    applications[self.bids["application"]],
                    adverts[self.bids["advert"]],
                ],
                how="horizontal",
            )
            .lazy()
            .select("bid", "advert", "rank",
                    (col.own | failures(PAIR, len(OWN))).alias("failed"))
        )
        if self.bids.height < self.applications.height:
            return arrays(ranked_over(judged).collect())
        found = judged.with_columns(sort_key()).collect(engine="streaming")
        placed = (
            found.filter(col.failed == 0)
            .sort("key")
            .lazy()
            .select("bid", along_advert().alias("position"), pl.lit(0, pl.UInt64).alias("failed"))
        )
        refused = found.lazy().filter(col.failed != 0).select(
            "bid", pl.lit(0, pl.Int32).alias("position"), col.failed.cast(pl.UInt64)
        )
        return arrays(pl.concat(pl.collect_all([placed, refused])))


class Plain(Joined):
    """The query as it is written first: join, judge each bid, sort by the order's own columns."""

    tuning = "none: one lazy query, every criterion and key for each bid, a sort over all of them"

    def cold(self) -> tuple[NDArray, NDArray, NDArray]:
        band = col.band.cast(pl.String).cast(pl.Enum(list("ABCDE")))
        word = pl.sum_horizontal(
            pl.when(criterion.fill_null(value=False)).then(0).otherwise(1 << i)
            .cast(pl.UInt64)
            for i, criterion in enumerate((*OWN, *PAIR))
        )
        found = (
            self.bids.lazy()
            .join(self.applications.lazy(), left_on="application", right_on="id", how="left")
            .join(self.adverts.lazy(), left_on="advert", right_on="id", how="left")
            .select("bid", "advert", "application", band.alias("band"), "priority_date",
                    word.alias("failed"))
            .with_columns((col.failed > 0).alias("refused"))
            .sort("advert", "refused", "band", "priority_date", "application", nulls_last=True)
            .select(
                "bid",
                pl.when(col.failed == 0).then(pl.int_range(1, pl.len() + 1).over("advert"))
                .otherwise(0).cast(pl.Int32).alias("position"),
                "failed",
            )
        )
        return arrays(found.collect())


def ranked_over(judged: pl.LazyFrame) -> pl.LazyFrame:
    """Positions as ranks over the advert."""
    position = pl.when(col.failed == 0).then(pl.col("rank")).rank("ordinal").over("advert")
    return judged.select(
        "bid", position.fill_null(0).cast(pl.Int32).alias("position"), col.failed.cast(pl.UInt64)
    )


def sort_key() -> pl.Expr:
    """Advert and rank in one number."""
    return (col.advert.cast(pl.UInt64) * (1 << 32) + pl.col("rank").cast(pl.UInt64)).alias("key")


def along_advert() -> pl.Expr:
    """1, 2, ... through each advert of a frame in order."""
    row = pl.int_range(pl.len(), dtype=pl.Int32)
    begins = col.advert != col.advert.shift(1, fill_value=-1)
    return row - pl.when(begins).then(row).forward_fill() + 1


def ranked_by_sorting(judged: pl.LazyFrame) -> pl.LazyFrame:
    """Positions along one sort of all bids, the ineligible at the end."""
    key = pl.when(col.failed == 0).then(sort_key()).otherwise(sort_key() + (1 << 63))
    return (
        judged.with_columns(key.alias("key"))
        .sort("key")
        .select(
            "bid",
            pl.when(col.failed == 0).then(along_advert()).otherwise(0).cast(pl.Int32)
            .alias("position"),
            col.failed.cast(pl.UInt64),
        )
    )


def arrays(frame: pl.DataFrame) -> tuple[NDArray, NDArray, NDArray]:
    """The columns as numpy arrays."""
    bid, position, failed = (frame[name].to_numpy() for name in ("bid", "position", "failed"))
    return bid, position, failed
