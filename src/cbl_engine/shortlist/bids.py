"""Which bids count: one for each advert and household; the others are set aside with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.errors import Problem, TableError
from cbl_engine.shortlist.adverts import NOT_CONSIDERED, microseconds
from cbl_engine.tables.needs import column_problems

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from cbl_engine.shortlist.adverts import Adverts
    from cbl_engine.tables import Ordinals

CHUNK = 1 << 17
REASONS = ("withdrawn", "superseded", *NOT_CONSIDERED.values())


@dataclass(frozen=True, eq=False)
class Bids:
    """Counted bids, sorted by place of the advert and then by application.

    Attributes:
        keys: ``place << place_shift | application << application_shift | row``, ascending.
        place_shift, application_shift: bits.
        starts: first bid of each place, and the end; one more than there are places.
        placed_at: microseconds since 1970 UTC, by row as given.
        first_time: (bids, times): bid times that differ from the counted bid's own, because the
            household bid on the advert before; bids are positions in ``keys``, ascending.
        set_aside_rows, set_aside_reasons: rows that do not count; positions in REASONS.
    """

    keys: NDArray[np.uint64]
    place_shift: int
    application_shift: int
    starts: NDArray[np.int64]
    placed_at: NDArray[np.int64]
    first_time: tuple[NDArray[np.int64], NDArray[np.int64]]
    set_aside_rows: NDArray[np.int64]
    set_aside_reasons: NDArray[np.int8]

    @property
    def n(self) -> int:
        """Bids that count."""
        return len(self.keys)

    def rows(self, at: slice | NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of the bids frame at these positions."""
        mask = np.uint64((1 << self.application_shift) - 1)
        return (self.keys[at] & mask).view(np.int64)

    def applications(self, at: slice | NDArray[np.int64]) -> NDArray[np.int64]:
        """Ordinals of the applications at these positions."""
        mask = np.uint64((1 << (self.place_shift - self.application_shift)) - 1)
        return ((self.keys[at] >> np.uint64(self.application_shift)) & mask).view(np.int64)

    def places(self, at: slice | NDArray[np.int64]) -> NDArray[np.int64]:
        """Places of the adverts at these positions."""
        return (self.keys[at] >> np.uint64(self.place_shift)).view(np.int64)

    def times(self, at: slice, rule: str) -> NDArray[np.int64]:
        """Bid times at these positions, under ``first`` or ``latest``."""
        times = self.placed_at[self.rows(at)]
        positions, earlier = self.first_time
        if rule == "first" and len(positions):
            low, high = np.searchsorted(positions, [at.start, at.stop])
            times[positions[low:high] - at.start] = earlier[low:high]
        return times


def group_bids(
    bids: pl.DataFrame, adverts: Adverts, applications: Ordinals, pool: Executor | None
) -> Bids:
    """Find the bid that counts for each advert and application.

    Steps: ids to ordinals, checks, one sortable key a bid, sort, and where a household bid more
    than once on an advert, keep its latest.

    Raises:
        TableError: a column is missing or of the wrong type; a bid names no known advert or
            application, lies outside its advert's window, or is given twice.
    """
    problems = list(
        column_problems(
            bids, "bids", {"advert": "id", "application": "id", "placed_at": "datetime"}
        )
    )
    if "withdrawn_at" in bids.columns:
        problems += column_problems(bids, "bids", {"withdrawn_at": "datetime"})
    if problems:
        raise TableError(problems)
    problems = [
        *bid_id_problems(bids, "advert", adverts.ordinals.ids.dtype),
        *bid_id_problems(bids, "application", applications.ids.dtype),
    ]
    if problems:
        raise TableError(problems)
    advert = adverts.ordinals.ordinals_of(bids["advert"])
    application = applications.ordinals_of(bids["application"])
    times = microseconds(bids["placed_at"])
    # Filling copies them all; bids without a time are refused below.
    placed_at = (times.fill_null(0) if times.null_count() else times).to_numpy()
    withdrawn = None
    if "withdrawn_at" in bids.columns and bids["withdrawn_at"].null_count() < bids.height:
        withdrawn = bids["withdrawn_at"].is_not_null().to_numpy()
    _check_ids(bids, advert, application)
    reason = _not_considered(adverts, advert, withdrawn)
    kept = None if reason is None else np.flatnonzero(reason < 0)
    keys, shifts = _keys(adverts, advert, application, kept, len(applications), pool)
    sorting = pool.submit(keys.sort) if pool is not None else None
    _check_window(bids, adverts, advert, placed_at, pool)
    if sorting is not None:
        sorting.result()
    else:
        keys.sort()
    return _counted(bids, keys, shifts, placed_at, reason, adverts.n_considered, pool)


def bid_id_problems(bids: pl.DataFrame, column: str, wanted: pl.DataType) -> Iterator[Problem]:
    """Ids of bids are of the same kind, text or whole numbers, as those they name."""
    given = bids[column].dtype
    if pl.Null not in (given, wanted) and (given == pl.String) != (wanted == pl.String):
        words = {True: "text", False: "whole numbers"}
        yield Problem(
            "id_type_differs",
            f"ids of bids are {words[given == pl.String]} where {column}s have "
            f"{words[wanted == pl.String]}",
            where=f"bids.{column}",
            remedy="Give both as text, or both as whole numbers",
        )


def _check_ids(
    bids: pl.DataFrame, advert: NDArray[np.int32], application: NDArray[np.int32]
) -> None:
    """Every bid names an advert and an application that are there, and has a time."""
    problems = []
    for name, ordinals in (("advert", advert), ("application", application)):
        if len(ordinals) and ordinals.min() < 0:
            lost = bids[name].filter(pl.Series(ordinals < 0))
            problems.append(
                Problem(
                    f"unknown_{name}",
                    f"a bid is {'for an advert' if name == 'advert' else 'from an application'} "
                    "that is not there",
                    where=f"bids.{name}",
                    count=len(lost),
                    rows=tuple(map(str, lost.head(5))),
                )
            )
    if bids["placed_at"].null_count():
        problems.append(
            Problem("null_value", "a bid has no placed_at", where="bids.placed_at",
                    count=bids["placed_at"].null_count())
        )
    if problems:
        raise TableError(problems)


def _check_window(
    bids: pl.DataFrame,
    adverts: Adverts,
    advert: NDArray[np.int32],
    placed_at: NDArray[np.int64],
    pool: Executor | None,
) -> None:
    """Every bid was placed while its advert was open."""

    def outside(start: int) -> NDArray[np.int64]:
        part = slice(start, start + CHUNK)
        at, time = advert[part], placed_at[part]
        late = (time > adverts.closes[at]) | (time < adverts.opens[at])
        return np.flatnonzero(late) + start

    chunks = range(0, len(advert), CHUNK)
    found = list((pool.map if pool is not None else map)(outside, chunks))
    late = np.concatenate(found) if found else np.empty(0, np.int64)
    if len(late):
        where = bids[late].select("application", "advert")
        raise TableError(
            [
                Problem(
                    "bid_outside_window",
                    "a bid lies outside the time its advert was open",
                    where="bids.placed_at",
                    allowed="opens_at <= placed_at <= closes_at",
                    count=where.height,
                    rows=tuple(f"{a} on {b}" for a, b in where.head(5).iter_rows()),
                )
            ]
        )


def _not_considered(
    adverts: Adverts, advert: NDArray[np.int32], withdrawn: NDArray[np.bool_] | None
) -> NDArray[np.int8] | None:
    """Position in REASONS of each bid to set aside before sorting, -1 for the rest."""
    out_of_it = adverts.place < 0
    if withdrawn is None and not out_of_it.any():
        return None
    by_status = {s: REASONS.index(r) for s, r in NOT_CONSIDERED.items()}
    of_advert = np.array([by_status.get(s, -1) for s in adverts.status.to_list()], np.int8)
    reason = of_advert[advert] if len(of_advert) else np.full(len(advert), -1, np.int8)
    if withdrawn is not None:
        reason = np.where((reason < 0) & withdrawn, np.int8(REASONS.index("withdrawn")), reason)
    return reason


def _keys(
    adverts: Adverts,
    advert: NDArray[np.int32],
    application: NDArray[np.int32],
    kept: NDArray[np.int64] | None,
    n_applications: int,
    pool: Executor | None,
) -> tuple[NDArray[np.uint64], tuple[int, int]]:
    """``place | application | row`` of every bid kept, and the two shifts."""
    n_rows = len(advert)
    row_bits = max(n_rows - 1, 1).bit_length()
    application_bits = max(n_applications - 1, 1).bit_length()
    place_bits = max(adverts.n_considered - 1, 1).bit_length()
    if row_bits + application_bits + place_bits > 64:
        raise TableError(
            [
                Problem(
                    "too_many_bids",
                    "this is more than one call can rank",
                    where="bids",
                    given=f"{n_rows} bids, {n_applications} applications, "
                    f"{adverts.n_considered} adverts",
                    remedy="Shortlist the adverts in several calls",
                )
            ]
        )
    n = n_rows if kept is None else len(kept)
    keys = np.empty(n, np.uint64)
    place = (adverts.place.astype(np.int64) << (row_bits + application_bits)).view(np.uint64)
    share = pool.map if pool is not None else map

    def fill(start: int) -> None:
        stop = min(start + CHUNK, n)
        out = keys[start:stop]
        rows = np.arange(start, stop) if kept is None else kept[start:stop]
        mine = slice(start, stop) if kept is None else rows
        out[:] = place[advert[mine]]
        out |= application[mine].astype(np.uint64) << np.uint64(row_bits)
        out |= rows.view(np.uint64)

    list(share(fill, range(0, n, CHUNK)))
    return keys, (row_bits + application_bits, row_bits)


def _counted(
    bids: pl.DataFrame,
    keys: NDArray[np.uint64],
    shifts: tuple[int, int],
    placed_at: NDArray[np.int64],
    reason: NDArray[np.int8] | None,
    n_places: int,
    pool: Executor | None,
) -> Bids:
    place_shift, row_shift = shifts
    again = _again(keys, row_shift, pool)
    first_time = (np.empty(0, np.int64), np.empty(0, np.int64))
    aside = np.empty(0, np.int64) if reason is None else np.flatnonzero(reason >= 0)
    reasons = np.empty(0, np.int8) if reason is None else reason[aside]
    if len(again):
        keys, first_time, superseded = _latest_of_each(bids, keys, row_shift, again, placed_at)
        aside = np.concatenate([aside, superseded])
        reasons = np.concatenate(
            [reasons, np.full(len(superseded), REASONS.index("superseded"), np.int8)]
        )
        order = np.argsort(aside, kind="stable")
        aside, reasons = aside[order], reasons[order]
    starts = _starts(keys, place_shift, n_places, pool)
    return Bids(keys, place_shift, row_shift, starts, placed_at, first_time, aside, reasons)


def _again(
    keys: NDArray[np.uint64], shift: int, pool: Executor | None
) -> NDArray[np.int64]:
    """Bids followed by another of the same household on the same advert."""

    def look(start: int) -> NDArray[np.int64]:
        household = keys[start : start + CHUNK + 1] >> np.uint64(shift)
        return np.flatnonzero(household[1:] == household[:-1]) + start

    found = list((pool.map if pool is not None else map)(look, range(0, len(keys), CHUNK)))
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _starts(
    keys: NDArray[np.uint64], shift: int, n_places: int, pool: Executor | None
) -> NDArray[np.int64]:
    """First bid of each place, and the end."""

    def count(start: int) -> tuple[int, NDArray[np.int64]]:
        part = (keys[start : start + CHUNK] >> np.uint64(shift)).view(np.int64)
        low = int(part[0])
        return low, np.bincount(part - low)

    counts = np.zeros(n_places, np.int64)
    for low, found in (pool.map if pool is not None else map)(count, range(0, len(keys), CHUNK)):
        counts[low : low + len(found)] += found
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def _latest_of_each(
    bids: pl.DataFrame,
    keys: NDArray[np.uint64],
    row_shift: int,
    again: NDArray[np.int64],
    placed_at: NDArray[np.int64],
) -> tuple[NDArray[np.uint64], tuple[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]:
    """Keep the latest bid of every household that bid more than once on an advert."""
    member = np.zeros(len(keys), bool)
    member[again] = member[again + 1] = True
    at = np.flatnonzero(member)
    rows = (keys[at] & np.uint64((1 << row_shift) - 1)).astype(np.int64)
    times = placed_at[rows]
    household = keys[at] >> np.uint64(row_shift)
    order = np.lexsort((times, household))
    at, rows, times, household = at[order], rows[order], times[order], household[order]
    same = household[1:] == household[:-1]
    twice = same & (times[1:] == times[:-1])
    if twice.any():
        where = bids[rows[1:][twice]].select("application", "advert")
        raise TableError(
            [
                Problem(
                    "duplicate_bid",
                    "a bid is given more than once (same advert, application and placed_at)",
                    where="bids",
                    count=where.height,
                    rows=tuple(f"{a} on {b}" for a, b in where.head(5).iter_rows()),
                )
            ]
        )
    last = np.append(~same, True)
    first = np.insert(~same, 0, True)
    kept = np.ones(len(keys), bool)
    kept[at[~last]] = False
    position = np.cumsum(kept) - 1
    counted_at = position[at[last]]
    by_position = np.argsort(counted_at)
    return (
        keys[kept],
        (counted_at[by_position], times[first][by_position]),
        rows[~last],
    )
