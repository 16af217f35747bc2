"""What the scheme finds of households from day to day: its own assessment, called on those concerned.

A household is assessed on the first day, in each round in which its next review has come or something
happened to it, and, where the scheme reads duties, at the end of a week in which one begins or ends.
What was found is put on record before the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess import assess
from cbl_engine.assess.plan import plan_of
from cbl_engine.simulate.duties import duty_changes
from cbl_engine.simulate.happenings import Happenings, with_duties, with_happenings
from cbl_engine.simulate.lives import NO_SIZE
from cbl_engine.simulate.record import FOUND, on_record, spells_begun
from cbl_engine.tables.days import day_number
from cbl_engine.tables.sizes import sizes_to_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cbl_engine.simulate.tracks import Track

_CHANGES = ("band", "points", "priority_date", "band_from", "bedroom_need", "sizes_mask", "waiting")


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
    tables = on_record(tables, found, first)
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
        tables = on_record(tables, anew, on)
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
    """What is found of each household, and whether it waits on the register.

    Returns:
        Frame of application, what lives keep (``sizes_mask``: 0 where the sizes are not known,
        :data:`NO_SIZE` where none may be let), waiting, next_review_on and what
        :func:`~cbl_engine.simulate.record.on_record` puts on record; ascending by application.
    """
    if track.assesses:
        result = assess(track.scheme, tables, on, only=only)
        begun = spells_begun(result).rename({"since": "begins_on"}).drop("band")
        found = result.assessed.with_columns(
            result.register()["applications"]["band_from"]).join(
            begun.with_columns(pl.lit(value=True).alias("begins")), on="application", how="left",
            maintain_order="left")
        if only is not None:
            found = only_of(found, only)
        waits = pl.col("status_proposed").is_in(["active", "under_offer"])
        if track.scheme.in_force(on).bands:
            waits &= pl.col("band").is_not_null()
    else:
        found = tables["applications"].rename({"id": "application"})
        found = found.with_columns(
            *(pl.lit(None, dtype).alias(name) for name, dtype in FOUND.items()
              if name not in found.columns),
            *(pl.lit(None, pl.Date).alias(name) for name in ("next_review_on", "begins_on")),
            pl.lit(value=False).alias("begins"))
        waits = pl.lit(True)
    mask, known = sizes_to_mask(found["sizes"])
    mask = np.where(known & (mask == 0), NO_SIZE, mask).astype(np.uint32)
    return found.select(
        pl.col("application").cast(pl.String), pl.col("band").cast(pl.String),
        pl.col("points").cast(pl.Int64), "priority_date",
        pl.col("bedroom_need").cast(pl.Int64), pl.Series("sizes_mask", mask),
        waits.fill_null(value=False).alias("waiting"), "next_review_on", "sizes", "band_from",
        pl.col("begins").fill_null(value=False), "begins_on",
    ).sort("application")
