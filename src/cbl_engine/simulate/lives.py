"""Lives: households with everything that will happen to them, assessed ahead by the scheme.

A life is a household's rows and the days on which they change, all dated as if it joined on its own
day. A simulated household is a life that begins on some day: its dates are the life's, moved by as
many days. So the scheme's own assessment is called once for each change of a life, whatever the
number of worlds in which households live it, and what was found is looked up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate.duties import RECORDED
from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from cbl_engine.simulate.duties import Duties
    from cbl_engine.simulate.tracks import Track

DATES = {
    "people": ("date_of_birth", "expected_on"), "connections": ("since", "until"),
    "duties": ("since", "until"), "officer_decisions": ("decided_on", "since", "until"),
}
"""Dates of a life's tables, beside those of applications, that move with the day it joins."""
NO_SIZE = 1 << 31
"""In a mask of sizes: it is known that none may be let. A mask of 0: sizes are not known."""
GROUPS = (*RECORDED, "tenant", "other")
"""Groups that join in shares of their own."""


@dataclass(frozen=True, eq=False)
class Lives:
    """Lives of one scheme. Numbers of days are since 1970-01-01.

    The first ``opening`` are those of the register at the start; the others are what households
    that join are drawn from, and joined on the day of the start. Of these there are stretches for each
    track of the scheme (:mod:`cbl_engine.simulate.tracks`), as if its rules had held since they joined;
    ``thread`` says where.

    Attributes:
        tables: the register's frames with ``life`` in place of an application's id, sorted by it.
        rows: for each table, where a life's rows begin, and at the end their number.
        opening: lives of the opening register.
        number: place of each among those that were read or made, by id: of the opening register,
            or of those who may join; the scheme may have taken only some of them.
        made: how many were made that may join.
        registered: day of registration of each.
        born: birthday of the applicant; 0 where not known.
        tenant: holds a social home.
        bedrooms_now: bedrooms of the present home, -1 not known.
        area: number of the area where it would rather live.
        access: 0 general, 1 accessible, 2 for wheelchairs.
        duties: what becomes of homelessness duties.
        children: has a child or an expected one.
        starts: where the stretches of a thread begin, and at the end their number.
        since: day from which a stretch holds, ascending in a life.
        band: number of the band in the scheme's order, -1 none.
        points: -1 none.
        need: bedrooms needed, -1 not known.
        sizes: mask of the sizes that may be let; 0 where not known, :data:`NO_SIZE` for none.
        priority: day that ranks, 0 not known.
        band_from: day from which it has the band, 0 not known.
        waiting: whether the scheme lets it wait on the register.
        bands: names of bands, highest first; those of earlier versions alone come last.
        accepted: of those made, the share the scheme takes onto its register at the start.
        read_as: ids of the opening register, as they were read or made, in order.
        tracks: of the scheme.
        taken: track, life that may join: whether it is taken onto the register by those rules.
        every: weeks from one round of assessments to the next.
    """

    tables: Mapping[str, pl.DataFrame] = field(repr=False)
    rows: Mapping[str, NDArray[np.int64]]
    opening: int
    number: NDArray[np.int64]
    made: int
    registered: NDArray[np.int32]
    born: NDArray[np.int32]
    tenant: NDArray[np.bool_]
    bedrooms_now: NDArray[np.int8]
    area: NDArray[np.int16]
    access: NDArray[np.int8]
    duties: Duties
    children: NDArray[np.bool_]
    starts: NDArray[np.int64]
    since: NDArray[np.int32]
    band: NDArray[np.int8]
    points: NDArray[np.int32]
    need: NDArray[np.int8]
    sizes: NDArray[np.uint32]
    priority: NDArray[np.int32]
    band_from: NDArray[np.int32]
    waiting: NDArray[np.bool_]
    bands: tuple[str, ...]
    accepted: float
    read_as: pl.Series = field(repr=False)
    tracks: tuple[Track, ...]
    taken: NDArray[np.bool_]
    every: int

    def __len__(self) -> int:
        """Number of lives."""
        return len(self.registered)

    @property
    def homeless(self) -> NDArray[np.bool_]:
        """Whether each is owed a homelessness duty on its first day."""
        return self.duties.at_first >= 0

    def track_on(self, day: int) -> int:
        """The track by which those who join on a day are assessed."""
        return sum(day_number(track.from_) <= day for track in self.tracks[1:])

    def pool(self, track: int) -> NDArray[np.int64]:
        """Lives that may join while the rules of a track hold."""
        return self.opening + np.flatnonzero(self.taken[track])

    @cached_property
    def group(self) -> NDArray[np.int8]:
        """The group of each, a number in :data:`GROUPS`: by the duty owed on its first day, else
        whether it is a tenant.
        """
        duty = self.duties.at_first
        other = np.where(self.tenant, GROUPS.index("tenant"), GROUPS.index("other"))
        return np.where(duty >= 0, duty, other).astype(np.int8)

    def pool_by_group(self, track: int) -> list[NDArray[np.int64]]:
        """Lives that may join while the rules of a track hold, by :data:`GROUPS`."""
        return self._pools_by_group[track]

    @cached_property
    def _pools_by_group(self) -> list[list[NDArray[np.int64]]]:
        pools = [self.pool(track) for track in range(len(self.tracks))]
        return [[pool[self.group[pool] == number] for number in range(len(GROUPS))]
                for pool in pools]

    def thread(self, life: NDArray[np.integer], track: NDArray[np.integer] | int
               ) -> NDArray[np.int64]:
        """Place in ``starts`` of what is found of lives by a track; one of the opening register has
        one thread, which goes over from track to track.
        """
        number = np.asarray(track, np.int64)
        later = (number > 0) & (life >= self.opening)
        there = len(self) + (number - 1) * (len(self) - self.opening)
        return np.where(later, there + life - self.opening, life).astype(np.int64)

    def of_made(self, track: int) -> NDArray[np.int64]:
        """The life of each household made that may join; -1 where the track does not take it."""
        return self._of_made[track]

    @cached_property
    def _of_made(self) -> list[NDArray[np.int64]]:
        out = []
        for track in range(len(self.tracks)):
            life, pool = np.full(self.made, -1, np.int64), self.pool(track)
            life[self.number[pool]] = pool
            out.append(life)
        return out
