"""Each landlord's part in a time: homes let, nominations and what came of them, days, what was agreed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.packs.happened import LET, WAITS, Happened
from cbl_engine.packs.monthly import check_time, within
from cbl_engine.packs.parts import UNKNOWN, Part, not_recorded
from cbl_engine.simulate.void_measures import void_days

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDS = {"rejected": "landlord_rejected", "refused": "refused", "no_answer": "landlord_silent"}
"""Ends of nominations that have a column of their own."""


def scorecard(record: Happened, first: date, last: date) -> list[Part]:
    """The landlord scorecard of a time, for officers.

    Args:
        record: what happened.
        first: first day.
        last: last day.

    Raises:
        BadInput: the time is not over in the record, or before it begins.
    """
    check_time(record, first, last)
    return list(_parts(record, first, last))


def _parts(record: Happened, first: date, last: date) -> Iterator[Part]:
    if record.simulated:
        yield not_recorded("landlords", "Landlords", "Homes of simulated worlds have no landlord.")
        return
    yield Part("landlords", "Homes let and nominations, by landlord",
               "Homes let: signed in the time. Named: nominations to the landlord made in it, each "
               "of a household for a home. Of nominations settled in it: let, rejected by the "
               "landlord, refused by the household, no answer from the landlord, other ends. Days: "
               "from naming to the landlord's result, median; to signing, median. Direct lets, and "
               "lets of homes for which the council names nobody to the landlord, are no nominations.",
               by_landlord(record, first, last),
               heads=(("result_days", "days to result"), ("letting_days", "days to signing"),
                      ("no_answer", "no answer"), ("homes_let", "homes let")))
    yield _relets(record, first, last)
    agreed = record.agreed(first, last)
    if agreed.height:
        yield Part("agreed", "Nominations agreed", "Homes let, those let to households that the council "
                   "named, and by how many homes that is short of the share agreed.", agreed,
                   heads=(("homes_let", "homes let"), ("to_nominees", "to nominees")))
    else:
        yield not_recorded("agreed", "Nominations agreed",
                           "The scheme names no share that a landlord agreed to (nominations_share).")


def by_landlord(record: Happened, first: date, last: date) -> pl.DataFrame:
    """A row for each landlord: homes_let; of households that the council named to it: named, let,
    rejected, refused, no_answer, other_ends, late (results), result_days and letting_days (medians) [days].
    """
    n, lettings = record.nominations.filter(pl.col("named_on").is_not_null()), record.lettings
    what, settled = pl.col("what"), within("settled_on", first, last)
    tellings = {
        "let": what == LET,
        **{name: pl.col("ended_by").eq_missing(pl.lit(end)) for name, end in _ENDS.items()},
    }
    count = {name: (settled & test).sum().cast(pl.Int64).alias(name) for name, test in tellings.items()}
    others = (settled & (what != WAITS) & ~pl.any_horizontal(*tellings.values())).sum()
    resulted = within("result_on", first, last)
    found = n.group_by("landlord").agg(
        within("named_on", first, last).sum().cast(pl.Int64).alias("named"), *count.values(),
        others.cast(pl.Int64).alias("other_ends"),
        (pl.col("result_on") - pl.col("named_on")).filter(resulted).dt.total_days().median()
        .alias("result_days"),
        (pl.col("settled_on") - pl.col("named_on")).filter(settled & (what == LET)).dt.total_days()
        .median().alias("letting_days"))
    if record.late is not None:
        late = record.late.filter(pl.col("what") == "landlord's result", within("due_on", first, last))
        found = found.join(late.group_by(pl.col("owner").alias("landlord")).agg(
            pl.len().cast(pl.Int64).alias("late")), on="landlord", how="left")
    else:
        found = found.with_columns(pl.lit(None, pl.Int64).alias("late"))
    signed = lettings.filter(within("signed_on", first, last))
    homes = signed.group_by("landlord").agg(pl.len().cast(pl.Int64).alias("homes_let"))
    named = found.with_columns(pl.col("landlord").replace(dict(record.landlords)))
    counts = ("homes_let", "named", *tellings, "other_ends", "late")
    return homes.join(named, on="landlord", how="full", coalesce=True, nulls_equal=True).with_columns(
        pl.col(counts).fill_null(0), pl.col("landlord").fill_null(UNKNOWN)).sort("landlord").select(
        "landlord", *counts, "result_days", "letting_days")


def _relets(record: Happened, first: date, last: date) -> Part:
    title = "Days to let again, by landlord"
    if record.voids is None:
        return not_recorded("relets", title, "The record has no table of voids.")
    days = void_days(record.voids, last).filter(pl.col("measure") == "tenancy")
    let = within("let_on", first, last) & ~pl.col("open")
    table = days.with_columns(pl.col("landlord").replace(dict(record.landlords)).fill_null(UNKNOWN)).group_by(
        "landlord").agg(
        let.sum().cast(pl.Int64).alias("homes_let"),
        pl.col("days").filter(let).mean().round(1).alias("mean"),
        pl.col("days").filter(let).median().alias("median"),
        pl.col("open").sum().cast(pl.Int64).alias("open")).sort("landlord")
    return Part("relets", title, "The measure called tenancy: from the end of one tenancy to the start of "
                "the next. Open: empty at the end of the time.", table,
                heads=(("homes_let", "homes let"),))
