"""The 21-year bedroom standard three ways: ours, a polars group-by, and rows one by one.

Each takes the same frames and gives ``need`` for every application, ascending by id. The two peers
are written for a register that lacks nothing and records each couple on both sides.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from benchmarks.bedrooms.data import AS_AT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OWN_ROOM, ANY_SEX = 21, 10
STANDARD = "twenty_one_year"
COLUMNS = ["id", "application", "date_of_birth", "expected_on", "sex", "relationship",
           "partner_of", "carer", "cannot_share"]


def ours(frames: Mapping[str, pl.DataFrame]) -> np.ndarray:
    from cbl_engine.assess.bedrooms import bedroom_need

    found = bedroom_need(frames["people"], STANDARD, AS_AT, frames["applications"])
    return found["need"].fill_null(-1).to_numpy()


def group_by(frames: Mapping[str, pl.DataFrame]) -> np.ndarray:
    """Age and class as expressions, sums over each application, the formula on the sums."""
    born = pl.col("date_of_birth")
    early = (born.dt.month() < AS_AT.month) | (
        (born.dt.month() == AS_AT.month) & (born.dt.day() <= AS_AT.day)
    )
    age, carer = pl.col("age"), pl.col("carer") & (pl.col("relationship") != "applicant")
    female, sharing = pl.col("sex") == "female", pl.col("sharing")
    young = sharing & (age < ANY_SEX)
    old = sharing & (age >= ANY_SEX)
    here = pl.col("date_of_birth").is_not_null() & (pl.col("date_of_birth") <= AS_AT)
    alone = (pl.col("relationship") == "applicant") | (age >= OWN_ROOM) | pl.col("cannot_share")
    sums = (
        frames["people"]
        .lazy()
        .filter(here | carer)
        .with_columns(
            (AS_AT.year - born.dt.year() - (~early).cast(pl.Int32)).alias("age"),
            pl.col("partner_of").is_not_null().alias("couple"),
            carer.alias("carer"),
        )
        .with_columns((~alone & ~carer & ~pl.col("couple")).alias("sharing"))
        .group_by("application")
        .agg(
            pl.col("couple").sum().alias("halves"),
            (alone & ~carer & ~pl.col("couple")).sum().alias("alone"),
            pl.col("carer").any().cast(pl.Int32),
            (old & female).sum().alias("old_f"),
            (old & ~female).sum().alias("old_m"),
            (young & female).sum().alias("young_f"),
            (young & ~female).sum().alias("young_m"),
        )
    )
    across = sum(
        (pl.col(f"old_{s}") % 2).cast(pl.Int32) * (pl.col(f"young_{s}") > 0).cast(pl.Int32)
        for s in "fm"
    )
    left = pl.col("young_f").cast(pl.Int32) + pl.col("young_m").cast(pl.Int32) - across
    rooms = (
        pl.col("halves") // 2 + pl.col("alone") + pl.col("carer")
        + (pl.col("old_f") + 1) // 2 + (pl.col("old_m") + 1) // 2 + (left + 1) // 2
    )
    found = (
        frames["applications"]
        .lazy()
        .join(sums, left_on="id", right_on="application", how="left")
        .select("id", rooms.cast(pl.Int16).alias("need"))
        .sort("id")
        .collect()
    )
    return found["need"].fill_null(-1).to_numpy()


def row_by_row(frames: Mapping[str, pl.DataFrame]) -> np.ndarray:
    """One household after another in plain Python, by the same formula."""
    needs = dict.fromkeys(frames["applications"]["id"].to_list(), -1)
    rows = frames["people"].select(COLUMNS).iter_rows()
    today = (AS_AT.month, AS_AT.day)
    for application, people in groupby(rows, key=itemgetter(1)):
        halves = alone = carers = 0
        old = {"female": 0, "male": 0}
        young = {"female": 0, "male": 0}
        for _, _, born, _, sex, relationship, partner_of, carer, cannot_share in people:
            if carer and relationship != "applicant":
                carers = 1
            elif born is None or born > AS_AT:
                continue
            elif partner_of is not None:
                halves += 1
            elif relationship == "applicant" or cannot_share:
                alone += 1
            else:
                age = AS_AT.year - born.year - (today < (born.month, born.day))
                if age >= OWN_ROOM:
                    alone += 1
                elif age >= ANY_SEX:
                    old[sex] += 1
                else:
                    young[sex] += 1
        across = sum(old[s] % 2 and young[s] > 0 for s in old)
        left = young["female"] + young["male"] - across
        needs[application] = (
            halves // 2 + alone + carers
            + (old["female"] + 1) // 2 + (old["male"] + 1) // 2 + (left + 1) // 2
        )
    return np.array([needs[a] for a in sorted(needs)], np.int16)


CONTESTANTS: dict[str, Callable[[Mapping[str, pl.DataFrame]], np.ndarray]] = {
    "cbl_engine": ours,
    "polars group-by": group_by,
    "Python, row by row": row_by_row,
}
