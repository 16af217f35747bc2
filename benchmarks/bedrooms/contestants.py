"""The 21-year bedroom standard three ways: ours, a polars group-by, and rows one by one.

Each takes the same frames and gives, for every application ascending by id, the need, the rooms by
why they are needed and the sizes that may be let. A couple counts whichever of the two records it,
if both are in the household. The two peers are written for a register that lacks nothing, and for
this standard alone; ours also finds what is missing or contradicts itself.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import polars as pl

from benchmarks.bedrooms.data import AS_AT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OWN_ROOM, ANY_SEX = 21, 10
STANDARD = "twenty_one_year"
ANSWER = ["application", "need", "couples", "own_room", "cannot_share", "same_sex_pairs",
          "any_sex_pairs", "unpaired", "carers", "sizes"]
COLUMNS = ["id", "application", "date_of_birth", "expected_on", "sex", "relationship",
           "partner_of", "carer", "cannot_share"]


def ours(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    from cbl_engine.assess.bedrooms import bedroom_need

    return bedroom_need(frames["people"], STANDARD, AS_AT, frames["applications"])


def group_by(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
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
    own_room = (pl.col("relationship") == "applicant") | (age >= OWN_ROOM)
    single = ~pl.col("couple") & ~carer
    people = frames["people"].lazy()
    pairs = (
        people.filter(pl.col("partner_of").is_not_null())
        .select("id", "application", "partner_of")
        .join(people.select(pl.col("id").alias("partner_of"), "application"),
              on=["partner_of", "application"])
    )
    coupled = pl.concat([pairs.select("id"), pairs.select(pl.col("partner_of").alias("id"))])
    sums = (
        people.filter(here | carer)
        .join(coupled.unique().with_columns(couple=True), on="id", how="left")
        .with_columns(
            (AS_AT.year - born.dt.year() - (~early).cast(pl.Int32)).alias("age"),
            pl.col("couple").fill_null(value=False),
            carer.alias("carer"),
        )
        .with_columns(
            (single & own_room).alias("own_room"),
            (single & ~own_room & pl.col("cannot_share")).alias("apart"),
        )
        .with_columns((single & ~pl.col("own_room") & ~pl.col("apart")).alias("sharing"))
        .group_by("application")
        .agg(
            pl.col("couple").sum().alias("halves"),
            (pl.col("couple") & pl.col("cannot_share")).any().alias("couple_apart"),
            pl.col("own_room").sum(),
            pl.col("apart").sum(),
            pl.col("carer").any().cast(pl.Int16).alias("carers"),
            (old & female).sum().alias("old_f"),
            (old & ~female).sum().alias("old_m"),
            (young & female).sum().alias("young_f"),
            (young & ~female).sum().alias("young_m"),
        )
        .with_columns(pl.exclude("application").cast(pl.Int16))
    )
    odd = {s: pl.col(f"old_{s}") % 2 for s in "fm"}
    met = {s: odd[s] * (pl.col(f"young_{s}") > 0).cast(pl.Int16) for s in "fm"}
    across = met["f"] + met["m"]
    left = pl.col("young_f") + pl.col("young_m") - across
    return (
        frames["applications"]
        .lazy()
        .join(sums, left_on="id", right_on="application", how="left")
        .sort("id")
        .select(
            pl.col("id").alias("application"),
            (pl.col("halves") // 2).alias("couples"),
            "own_room",
            (pl.col("apart") + pl.col("couple_apart")).alias("cannot_share"),
            (pl.col("old_f") // 2 + pl.col("old_m") // 2 + across).alias("same_sex_pairs"),
            (left // 2).alias("any_sex_pairs"),
            (odd["f"] + odd["m"] - across + left % 2).alias("unpaired"),
            "carers",
        )
        .with_columns(pl.sum_horizontal(pl.exclude("application")).cast(pl.Int16).alias("need"))
        .with_columns(pl.concat_list(pl.col("need").cast(pl.Int64)).alias("sizes"))
        .select(ANSWER)
        .collect()
    )


def row_by_row(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One household after another in plain Python, by the same formula."""
    rows = frames["people"].select(COLUMNS).iter_rows()
    today = (AS_AT.month, AS_AT.day)
    found = []
    for application, group in groupby(rows, key=itemgetter(1)):
        people = list(group)
        inside = {person[0] for person in people}
        coupled = set()
        for person in people:
            if person[6] in inside:
                coupled.update((person[0], person[6]))
        own_room = apart = carers = couple_apart = 0
        old = {"female": 0, "male": 0}
        young = {"female": 0, "male": 0}
        for person, _, born, _, sex, relationship, _, carer, cannot_share in people:
            if person in coupled:
                couple_apart |= cannot_share
            elif carer and relationship != "applicant":
                carers = 1
            elif born is None or born > AS_AT:
                continue
            else:
                age = AS_AT.year - born.year - (today < (born.month, born.day))
                if relationship == "applicant" or age >= OWN_ROOM:
                    own_room += 1
                elif cannot_share:
                    apart += 1
                elif age >= ANY_SEX:
                    old[sex] += 1
                else:
                    young[sex] += 1
        across = sum(old[s] % 2 and young[s] > 0 for s in old)
        left = young["female"] + young["male"] - across
        rooms = (
            len(coupled) // 2, own_room, apart + couple_apart,
            old["female"] // 2 + old["male"] // 2 + across, left // 2,
            old["female"] % 2 + old["male"] % 2 - across + left % 2, carers,
        )
        need = sum(rooms)
        found.append((application, need, *rooms, [need]))
    found.sort(key=itemgetter(0))
    integers = dict.fromkeys(ANSWER[1:-1], pl.Int16)
    return pl.DataFrame(
        found, orient="row",
        schema={"application": pl.Int32, **integers, "sizes": pl.List(pl.Int64)},
    )


CONTESTANTS: dict[str, Callable[[Mapping[str, pl.DataFrame]], pl.DataFrame]] = {
    "cbl_engine": ours,
    "polars group-by": group_by,
    "Python, row by row": row_by_row,
}
