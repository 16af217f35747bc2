"""What the scheme finds of households from day to day: its own assessment, called on those concerned.

A household is assessed on the first day, in each round in which its next review has come or something
happened to it, and, where the scheme reads duties, at the end of a week in which one begins or ends.
What was found is put on record before the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess import assess
from cbl_engine.assess.plan import plan_of
from cbl_engine.simulate.duties import duty_changes
from cbl_engine.simulate.happenings import Happenings, with_duties, with_happenings
from cbl_engine.tables.days import day_number
from cbl_engine.tables.sizes import sizes_to_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cbl_engine.simulate.tracks import Track

_FOUND: dict[str, Any] = {"band": pl.String, "points": pl.Int64, "priority_date": pl.Date,
                          "bedroom_need": pl.Int64, "sizes": pl.List(pl.Int64)}
"""What an assessment puts on record."""
_CHANGES = ("band", "points", "priority_date", "bedroom_need", "sizes_mask", "waiting")


@dataclass
class Told:
    """Rounds done are told."""

    said: Callable[[int, int], None]
    of: int
    done: int = 0

    def one_more(self) -> None:
        """A round is done."""
        self.done += 1
        self.said(self.done, self.of)


def history(
    tracks: Sequence[Track], goes_by: Callable[[date], NDArray[np.int64]],
    tables: dict[str, pl.DataFrame], found: pl.DataFrame, happenings: Happenings, first: date,
    rounds: range, told: Told,
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Households assessed from a day on, round after round, and when their duties change.

    Args:
        tracks: of the scheme.
        goes_by: number of the track of each, after the round of a day.
        tables: the register as it is given.
        found: what is found of each on the first day, by application.
        happenings: what will happen.
        first: the day.
        rounds: weeks of the rounds, from 0.
        told: each of them.

    Returns:
        The register at the end; and what is found, a row for each stretch with the day it begins.
    """
    tables = _recorded(tables, found, first, first=True)
    stretches = [found.with_columns(pl.lit(day_number(first)).alias("since"))]
    now, before, looked = goes_by(first), first, first
    reads = np.array([_reads_duties(track) for track in tracks])
    told.one_more()
    for on, whole in _days(first, rounds, happenings.duties if reads.any() else None):
        tables, whose = with_duties(tables, happenings.duties, looked, on)
        looked, others = on, pl.lit(value=False)
        if whole:
            told.one_more()
            tables, touched = with_happenings(tables, happenings, before, on)
            before, was, now = on, now, goes_by(on)
            others = (pl.col("next_review_on") <= on).fill_null(value=False) | pl.lit(
                pl.Series(now != was)) | pl.col("application").is_in(touched.implode())
        due = others | (pl.col("application").is_in(whose.implode()) & pl.lit(pl.Series(reads[now])))
        due = found.select(due).to_series().to_numpy()
        anew = [found_on(tracks[number], tables, on, found["application"].filter(
                    pl.Series(due & (now == number))))
                for number in np.unique(now[due]) if tracks[number].assesses]
        if not anew:
            continue
        anew = pl.concat(anew).sort("application")
        old = only_of(found, anew["application"])
        differs = pl.any_horizontal(
            old[c].ne_missing(anew[c]).alias(c) for c in _CHANGES)
        changed = anew.filter(pl.select(differs).to_series())
        stretches.append(changed.with_columns(pl.lit(day_number(on)).alias("since")))
        found = pl.concat([
            found.filter(~pl.col("application").is_in(anew["application"].implode())), anew,
        ]).sort("application")
        tables = _recorded(tables, changed, on, first=False)
    return tables, pl.concat(stretches)


def _days(first: date, rounds: range, duties: pl.DataFrame | None) -> list[tuple[date, bool]]:
    """Days of assessment after the first, in order: of rounds, true; and the last days of the weeks in
    which a duty begins or ends, of those whose duty it is, false.
    """
    found = {first + timedelta(weeks=week): True for week in rounds if week}
    if duties is not None and not duties.is_empty():
        last = first + timedelta(weeks=rounds.stop, days=-1)
        days = duty_changes(duties, first, last)["day"]
        weeks = ((days - first).dt.total_days() // 7).unique()
        found |= {first + timedelta(weeks=week, days=6): False for week in weeks}
    return sorted(found.items())


def _reads_duties(track: Track) -> bool:
    """Whether what a track finds of a household depends on its duties."""
    return track.assesses and "duties" in plan_of(track.version).tables()


def only_of(found: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """What was found of some households."""
    return found.filter(pl.col("application").is_in(ids.implode()))


def found_on(
    track: Track,
    tables: Mapping[str, pl.DataFrame],
    on: date,
    only: pl.Series | None = None,
) -> pl.DataFrame:
    """What is found of each household, and whether it waits on the register."""
    if track.assesses:
        found = assess(track.scheme, tables, on, only=only).assessed
        waits = pl.col("status_proposed").is_in(["active", "under_offer"])
        if track.scheme.in_force(on).bands:
            waits &= pl.col("band").is_not_null()
    else:
        found = tables["applications"].rename({"id": "application"}).with_columns(
            pl.lit(None, pl.Date).alias("next_review_on"))
        waits = pl.lit(True)
        found = found.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in
                                   _FOUND.items() if name not in found.columns)
    mask, known = sizes_to_mask(found["sizes"])
    mask = np.where(known, mask, np.uint32(0))
    need = found["bedroom_need"].fill_null(0).to_numpy().astype(np.uint32)
    mask = np.where(mask == 0, np.left_shift(np.uint32(1), need), mask).astype(np.uint32)
    return found.select(
        pl.col("application").cast(pl.String), pl.col("band").cast(pl.String),
        pl.col("points").cast(pl.Int64), "priority_date",
        pl.col("bedroom_need").cast(pl.Int64), pl.Series("sizes_mask", mask),
        waits.fill_null(value=False).alias("waiting"), "next_review_on", "sizes",
    ).sort("application")


def _recorded(
    tables: Mapping[str, pl.DataFrame], found: pl.DataFrame, on: date, *, first: bool
) -> dict[str, pl.DataFrame]:
    """The register with what was found put on record, as an officer would."""
    from cbl_engine.tables import DTYPES

    out = dict(tables)
    before = tables["applications"]
    fresh = found.select(
        pl.col("application").alias("id"),
        *(pl.col(c).alias(f"new_{c}") for c in _FOUND),
    )
    joined = before.join(fresh, on="id", how="left").with_columns(
        pl.col("id").is_in(found["application"].implode()).alias("done"))
    moved = joined.filter(
        "done",
        pl.col("band").cast(pl.String).ne_missing(pl.col("new_band"))
        if "band" in before.columns else pl.lit(not first),
    )["id"] if not first else found["application"]
    puts = []
    for c in _FOUND:
        if c in before.columns:
            puts.append(pl.when("done").then(pl.col(f"new_{c}").cast(before.schema[c]))
                        .otherwise(pl.col(c)).alias(c))
    if not first and "band_from" in before.columns:
        puts.append(pl.when(pl.col("id").is_in(moved.implode())).then(pl.lit(on))
                    .otherwise("band_from").alias("band_from"))
    out["applications"] = joined.with_columns(puts).select(before.columns)
    begun = on
    spells = out["applications"].filter(pl.col("id").is_in(moved.implode())).select(
        pl.col("id").alias("application"), pl.col("band").cast(pl.String) if "band" in
        before.columns else pl.lit(None, pl.String).alias("band"),
        (pl.coalesce("band_from", "registered_on") if first and "band_from" in before.columns
         else pl.lit(begun)).alias("since"),
        pl.lit(None, DTYPES["date"]).alias("until"),
    )
    history = out.get("band_history")
    if history is None or history.is_empty():
        out["band_history"] = spells
    elif not first:
        out["band_history"] = pl.concat([history, spells], how="diagonal_relaxed")
    return out
