"""Homelessness duties of a life: which is owed from when to when, and how the last of them ends.

A household threatened with homelessness is owed the duty to prevent it (Housing Act 1996, s.195), a
homeless one the duty to relieve it (s.189B) and then, if in priority need and not intentionally so, the
main duty (s.193). Each lasts its time; then the next is owed or not. Before that it may end by another
home found, a private rented offer, the household's own arrangements or a decision.

What will become of duties on record is drawn with the life, so the scheme's assessment finds the duty of
the day and a stay in temporary accommodation is under the same one. Where a relief duty is on record the
council may still make inquiries; who is placed then is in interim accommodation (s.188).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.draws import stable_hash
from cbl_engine.simulate.luck import keys_of
from cbl_engine.simulate.parameters import (
    GRAIN,
    days_table,
    days_until,
    happens,
    picked,
    share_edges,
    sorted_out,
)
from cbl_engine.simulate.setup import DUTIES, EXITS
from cbl_engine.simulate.state import NEVER
from cbl_engine.tables.days import YEAR, day_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.simulate.luck import Luck
    from cbl_engine.simulate.parameters import Parameters

    _End = tuple[NDArray[np.int64], pl.Series]
    """The day on which each duty ends, and why."""

RECORDED = ("prevention", "relief", "main")
"""Duties on record that go on from one to the next."""
STAGES = ("prevention", *DUTIES)
"""Where a household stands; inquiries, ``interim``, are under the relief duty on record."""
PREVENTION, INTERIM, RELIEF, MAIN = range(len(STAGES))
_FIRST = {"prevention": PREVENTION, "relief": RELIEF, "main": MAIN}
_DECISION = EXITS.index("decision")


@dataclass(frozen=True, eq=False)
class Duties:
    """What becomes of the duties of each life. Days are numbers, ``NEVER`` where there is none.

    Attributes:
        rows: of the table of duties, as they will come to be (:func:`on_record` has those of a day).
        at_first: duty owed on the first day, a number in ``RECORDED``; -1 none.
        homeless_on: day from which a household may be placed: the first, or the end of prevention.
        under: duty on that day, a number in ``DUTIES``.
        main_on: day on which the main duty begins after that.
        ends: day on which the last of them ends.
        ends_by: number in ``EXITS``.
    """

    rows: pl.DataFrame = field(repr=False)
    at_first: NDArray[np.int64]
    homeless_on: NDArray[np.int64]
    under: NDArray[np.int64]
    main_on: NDArray[np.int64]
    ends: NDArray[np.int64]
    ends_by: NDArray[np.int64]


def duties_of(
    tables: Mapping[str, pl.DataFrame], start: date, parameters: Parameters, luck: Luck
) -> Duties:
    """What becomes of the duties that are on record on the first day.

    Args:
        tables: of lives; duties may be missing. Of several that hold, the furthest counts.
        start: first day; nothing ends on it.
        parameters: ``accommodation.entry``, ``duty_days``, ``next_duty_owed``, ``exits_per_year``.
        luck: draws; each life's go by its id.
    """
    ids = tables["applications"]["id"].cast(pl.String).sort()
    given = _with_columns(tables.get("duties", pl.DataFrame()))
    owed = _owed(given, ids, start)
    at, first = owed["life"].to_numpy(), day_number(start)
    begun, ends, ends_by = _course(
        owed["stage"].to_numpy(), owed["since"].cast(pl.Int64).fill_null(first).to_numpy(), first,
        keys_of(owed["application"]), parameters, luck)
    homeless_on = np.maximum(begun[INTERIM:].min(axis=0), first)
    reached = begun[INTERIM:] <= homeless_on
    under = np.where(reached, np.arange(len(DUTIES))[:, None], 0).max(axis=0)
    main_on = np.where(begun[MAIN] > homeless_on, begun[MAIN], NEVER)

    def of_all(values: NDArray[np.int64], other: int = NEVER) -> NDArray[np.int64]:
        out = np.full(len(ids), other, np.int64)
        out[at] = values
        return out

    return Duties(
        _rows(given, owed, begun, ends, ends_by, start),
        of_all(np.searchsorted(list(_FIRST.values()), owed["stage"].to_numpy()), -1),
        of_all(homeless_on), of_all(under, 0), of_all(main_on), of_all(ends), of_all(ends_by, _DECISION))


def _with_columns(given: pl.DataFrame) -> pl.DataFrame:
    """The table, if there is one, with ids in text and the columns that are written."""
    if not given.width:
        return given
    types = {"since": pl.Date, "until": pl.Date, "ended_by": pl.String}
    return given.with_columns(pl.col("application").cast(pl.String), *(
        pl.lit(None, dtype).alias(name) for name, dtype in types.items() if name not in given.columns))


def _owed(given: pl.DataFrame, ids: pl.Series, start: date) -> pl.DataFrame:
    """Of each life that is owed a duty on a day the furthest: row, life, application, stage, since."""
    if given.is_empty():
        return pl.DataFrame(schema={"row": pl.UInt32, "life": pl.Int64, "application": pl.String,
                                    "stage": pl.Int64, "since": pl.Int32})
    lives = pl.DataFrame({"application": ids, "life": np.arange(len(ids), dtype=np.int64)})
    return given.with_row_index("row").filter(_of_course(start)).join(lives, on="application").select(
        "row", "life", "application",
        pl.col("kind").cast(pl.String).replace_strict(_FIRST, return_dtype=pl.Int64).alias("stage"),
        pl.col("since").cast(pl.Int32),
    ).sort("life", "stage", "since").unique("life", keep="last", maintain_order=True)


def _of_course(start: date) -> pl.Expr:
    """Whether a row is of a duty that goes on: it holds on the first day."""
    return ((pl.col("since") <= start).fill_null(value=True)
            & (pl.col("until") > start).fill_null(value=True)
            & pl.col("kind").cast(pl.String).is_in(RECORDED))


def _course(
    stage: NDArray[np.int64], since: NDArray[np.int64], first: int, keys: NDArray[np.uint64],
    p: Parameters, luck: Luck,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The day each stage begins, by stage; the day the last one ends, and by which way."""
    entry = INTERIM + np.minimum(sorted_out(
        share_edges(p.found["accommodation.entry"].shares or {}),
        luck.draws("duties/entry", keys)), RELIEF - INTERIM)
    stage = np.where(stage == RELIEF, entry, stage)
    begins = since.copy()
    begun = np.full((len(STAGES), len(keys)), NEVER, np.int64)
    ends, ends_by = np.full(len(keys), NEVER, np.int64), np.full(len(keys), _DECISION)
    for number, name in enumerate(STAGES):
        at = np.flatnonzero((stage == number) & (ends == NEVER))
        key, since = keys[at], begins[at]
        begun[number, at] = since
        rates = p["accommodation.exits_per_year"][name]
        alone = np.maximum(since, first) + np.maximum(1, days_until(
            sum(rates.values()), luck.draws(f"duties/{name}/ends", key)).astype(np.int64))
        way = sorted_out(share_edges({w: rates[w] / max(sum(rates.values()), 1e-12)
                                      for w in EXITS}), luck.draws(f"duties/{name}/way", key))
        over, goes_on = np.full(len(at), NEVER, np.int64), np.ones(len(at), bool)
        if number != MAIN:
            days = days_table(p["accommodation.duty_days"][name])
            draws = luck.draws(f"duties/{name}/days", key)
            goes_on = happens(p["accommodation.next_duty_owed"][name],
                              luck.draws(f"duties/{name}/next", key))
            over = since + picked(days, draws) if number == INTERIM else _over(
                days, draws, since, first)
        # Inquiries that are over when the life begins led to the duty that is on record.
        goes_on |= over <= first
        by_itself = alone < over
        ends[at] = np.where(by_itself, alone, np.where(goes_on, NEVER, over))
        ends_by[at[by_itself]] = np.minimum(way, len(EXITS) - 1)[by_itself]
        onward = ~by_itself & goes_on
        begins[at[onward]] = over[onward]
        stage[at[onward]] = entry[at[onward]] if number == PREVENTION else number + 1
    return begun, ends, ends_by


def _over(
    days: NDArray[np.int32], draws: NDArray[np.uint64], since: NDArray[np.int64], first: int
) -> NDArray[np.int64]:
    """The day on which a duty is over, of those after the first day; one that has been on record for
    longer than any lasts is taken as new.
    """
    lasted = np.maximum(first - since, 0)
    lasted = np.where(lasted >= days[-1], 0, lasted)
    shorter = np.searchsorted(days, lasted, side="right")
    place = shorter + ((draws >> np.uint64(52)).astype(np.int64) * (GRAIN - shorter)) // GRAIN
    left = days[np.minimum(place, GRAIN - 1)].astype(np.int64) - lasted
    return np.maximum(since, first) + left


def _rows(
    given: pl.DataFrame, owed: pl.DataFrame, begun: NDArray[np.int64], ends: NDArray[np.int64],
    ends_by: NDArray[np.int64], start: date,
) -> pl.DataFrame:
    """All rows of duties: those on record with the day on which they end, and those that follow.

    A duty that follows has what else is on record of the one before it.
    """
    if given.is_empty():
        return given
    relief = begun[[INTERIM, RELIEF]].min(axis=0)
    relief, main = (np.where(day > day_number(start), day, NEVER) for day in (relief, begun[MAIN]))
    way = pl.Series(EXITS, dtype=pl.String).gather(ends_by).set(pl.Series(ends >= NEVER), None)
    last = ends, way
    of_relief = _ended_for("main", main, last)
    of_first = _ended_for("relief", relief, of_relief)

    def following(kind: str, begins: NDArray[np.int64], end: _End) -> pl.DataFrame:
        return given[owed["row"]].with_columns(
            pl.lit(kind).cast(given.schema["kind"]).alias("kind"), _dates(begins).alias("since"),
            _dates(end[0]).alias("until"), end[1].alias("ended_by"),
        ).filter(pl.Series(begins < NEVER))

    open_ = owed.select("application", pl.lit(value=True).alias("owed"),
                        _dates(of_first[0]).alias("ends"), of_first[1].alias("why"))
    mine = pl.col("owed").fill_null(value=False) & _of_course(start)
    here = given.join(open_, on="application", how="left", maintain_order="left").with_columns(
        pl.when(mine).then("ends").otherwise("until").alias("until"),
        pl.when(mine).then("why").otherwise("ended_by").alias("ended_by"),
    ).select(given.columns)
    return pl.concat([here, following("relief", relief, of_relief), following("main", main, last)]
                     ).sort("application", maintain_order=True)


def _ended_for(name: str, begins: NDArray[np.int64], end: _End) -> _End:
    """How a duty ends: for the next, where that begins, and else as the next would."""
    follows = begins < NEVER
    return np.where(follows, begins, end[0]), end[1].set(pl.Series(follows), f"{name}_duty")


def _dates(days: NDArray[np.int64]) -> pl.Series:
    return pl.Series(np.where(days < NEVER, days, 0).astype(np.int32)).cast(pl.Date).set(
        pl.Series(days >= NEVER), None)


def on_record(rows: pl.DataFrame, on: date) -> pl.DataFrame:
    """Of all rows of duties those of a day: those that have begun, without ends that are to come."""
    ahead = (pl.col("until") > on).fill_null(value=False)
    return rows.filter((pl.col("since") <= on).fill_null(value=True)).with_columns(
        pl.when(~ahead).then(pl.col(name)).alias(name) for name in ("until", "ended_by"))


def duty_changes(rows: pl.DataFrame, after: date, on: date) -> pl.DataFrame:
    """Whose duties begin or end on the days after one, up to another: application and day."""
    days = pl.concat([rows.select("application", day=name) for name in ("since", "until")])
    return days.filter(pl.col("day") > after, pl.col("day") <= on)


def of_a_day(rows: pl.DataFrame, parameters: Parameters, luck: Luck) -> pl.DataFrame:
    """The duties of a made-up register without the relief duties that are over.

    Such a register has a relief duty for each household that is homeless, as published registers count
    them, whether owed a duty or not. On one day so many are under it as join under it in the time that
    it lasts (Little's law); for the others it has ended, and there is no row.

    Args:
        rows: duties, all of which hold.
        parameters: ``arrivals.per_year``, ``arrivals.owed_duty``, and those of the course of duties.
        luck: draws; each goes by the id of the application.
    """
    share = (parameters["arrivals.per_year"] * parameters["arrivals.owed_duty"]["relief"]
             * _years_of_relief(parameters))
    keys = stable_hash(rows["application"].cast(pl.String))
    kept = happens(share, luck.draws("duties/of_a_day", keys))
    return rows.filter((pl.col("kind").cast(pl.String) != "relief") | pl.Series(kept))


def _years_of_relief(p: Parameters) -> float:
    """The mean time for which a relief duty is on record, inquiries included."""
    years, left = 0.0, 0.0
    for name in ("interim", "relief"):
        under = left + p["accommodation.entry"][name]
        days = days_table(p["accommodation.duty_days"][name]) / YEAR
        rate = max(sum(p["accommodation.exits_per_year"][name].values()), 1e-9)
        lasts = np.exp(-rate * days)
        years += under * float((1 - lasts).mean()) / rate
        left = under * float(lasts.mean()) * p["accommodation.next_duty_owed"][name]
    return years
