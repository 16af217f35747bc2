"""A shortlist: what was decided about every bid, as arrays inside and frames at the edge."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.errors import Problem, TableError
from cbl_engine.shortlist.bids import REASONS
from cbl_engine.shortlist.kernel import ELIGIBLE, HELD, NO_STAGE
from cbl_engine.shortlist.rows import Rows, preference
from cbl_engine.tables import list_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from cbl_engine.shortlist.adverts import Adverts
    from cbl_engine.shortlist.bids import Bids
    from cbl_engine.shortlist.compiled import Condition, Programme
    from cbl_engine.shortlist.kernel import Ranking
    from cbl_engine.shortlist.plans import Work
    from cbl_engine.shortlist.register import Prepared
    from cbl_engine.shortlist.verify import Verification

SCHEMA_VERSION = 1
"""Of every output table; a change that breaks a reader raises it and is in the CHANGELOG."""

SHORTLIST_COLUMNS = {
    "placed_at": pl.Datetime("us", "Europe/London"),
    "bid_time": pl.Datetime("us", "Europe/London"),
    "eligible": pl.Boolean(),
    "stage": pl.Int8(),
    "position": pl.Int32(),
    "tie_group": pl.Int32(),
    "failed": pl.List(pl.String()),
    "unknown": pl.List(pl.String()),
    "decided_by": pl.String(),
}


@dataclass(frozen=True, eq=False)
class Shortlist:
    """Every counted bid, ranked.

    Attributes:
        prepared: the scheme and register it was made from.
        adverts, bids, ranking: the arrays.
        given: the bids frame as given.
        with_homes: whether homes were given beside the adverts.
        seed: of the run.
        verification: which properties were checked, on how much.
    """

    prepared: Prepared
    adverts: Adverts
    bids: Bids
    ranking: Ranking
    given: pl.DataFrame = field(repr=False)
    with_homes: bool
    seed: int
    verification: Verification

    def __len__(self) -> int:
        """Number of counted bids."""
        return self.bids.n

    @cached_property
    def ordinal_at(self) -> NDArray[np.int64]:
        """Ordinal of the advert at each place."""
        out = np.empty(self.adverts.n_considered, np.int64)
        considered = np.flatnonzero(self.adverts.place >= 0)
        out[self.adverts.place[considered]] = considered
        return out

    def places_of(self, adverts: Iterable[Any] | None) -> NDArray[np.int64]:
        """Places of these adverts in ascending order of id; all when None.

        Raises:
            TableError: an advert is not there or was not considered, or they are no list.
        """
        if adverts is None:
            ordinals = np.flatnonzero(self.adverts.place >= 0)
            return self.adverts.place[ordinals].astype(np.int64)
        if wrong := list(list_problems(adverts, "adverts", "the ids of adverts")):
            raise TableError(wrong)
        wanted = list(adverts)
        dtype = self.adverts.ordinals.ids.dtype
        ordinals = self.adverts.ordinals.ordinals_of(pl.Series(wanted, dtype=dtype, strict=False))
        lost = [a for a, o in zip(wanted, ordinals, strict=True)
                if o < 0 or self.adverts.place[o] < 0]
        if lost:
            raise TableError(
                [
                    Problem(
                        "unknown_advert",
                        "there is no such advert, or it is a draft or withdrawn",
                        where="adverts",
                        count=len(lost),
                        rows=tuple(map(str, lost[:5])),
                    )
                ]
            )
        return self.adverts.place[np.sort(ordinals)].astype(np.int64)

    def frame(self, adverts: Iterable[Any] | None = None) -> pl.DataFrame:
        """The shortlist of some adverts, or of all: one row a counted bid.

        Args:
            adverts: ids, or None for every advert considered.

        Returns:
            advert, application (ids), placed_at and bid_time (London), eligible (null = held),
            stage (from 1; null when it stands in none), position (null when ineligible),
            tie_group (null outside any), failed and unknown (names in the scheme's order, keys
            last), decided_by (null for the first and the ineligible); by advert, then position
            with the ineligible last, then application.
        """
        at, place = self._bids_of(self.places_of(adverts))
        ranking = self.ranking
        position = ranking.position[at]
        stage = ranking.stage[at].astype(np.int8)
        eligible = ranking.eligible[at]
        frame = pl.DataFrame(
            {
                "advert": self.adverts.ordinals.take(self.ordinal_at[place]),
                "application": self.prepared.ordinals.take(self.bids.applications(at)),
                "placed_at": _london(self.bids.placed_at[self.bids.rows(at)]),
                "bid_time": _london(self._bid_times(at)),
                "eligible": pl.Series(eligible == ELIGIBLE).set(
                    pl.Series(eligible == HELD), None
                ),
                "stage": _null_where(stage + 1, stage == NO_STAGE, pl.Int8),
                "position": _null_where(position, position == 0, pl.Int32),
                "tie_group": self._tie_groups(at, place),
                "failed": self._names(ranking.failed, at, place),
                "unknown": self._names(ranking.unknown, at, place),
                "decided_by": self._decided_by(at, place),
            }
        )
        return frame.cast(SHORTLIST_COLUMNS)  # type: ignore[arg-type]

    def summary(self, adverts: Iterable[Any] | None = None) -> pl.DataFrame:
        """One row an advert: advert, profile, bids, eligible, held, not_eligible, first (ids)."""
        from cbl_engine.shortlist.summary import summary_of

        return summary_of(self, self.places_of(adverts))

    def leaders(self, adverts: Iterable[Any] | None = None, groups: int = 2) -> pl.DataFrame:
        """Who stands first on each advert, and who next, those with a joint place together.

        Args:
            adverts: as of :meth:`frame`.
            groups: how many places at most, from the first.

        Returns:
            advert, group (from 0), applications (ids, in order) and held (whether something about
            the first of them is not known); by advert as :meth:`summary`, then group. An advert on
            which nobody has a position has no row.

        Raises:
            TableError: an advert is not there; or ``groups`` is no whole number above nought.
        """
        if not isinstance(groups, Integral) or groups < 1:
            raise TableError([Problem(
                "groups", "so many places cannot be told", where="groups", given=repr(groups)[:40],
                allowed="a whole number, 1 or more")])
        from cbl_engine.shortlist.summary import leaders_of

        return leaders_of(self, self.places_of(adverts), groups)

    @cached_property
    def set_aside(self) -> pl.DataFrame:
        """Bids that do not count: advert, application, placed_at, reason; in the order given.

        reason is ``withdrawn``, ``superseded`` (the household bid again), ``advert_draft`` or
        ``advert_withdrawn``.
        """
        rows = self.given[self.bids.set_aside_rows]
        names = [REASONS[int(r)] for r in self.bids.set_aside_reasons]
        return rows.select("advert", "application", "placed_at").with_columns(
            pl.Series("reason", names, dtype=pl.String)
        )

    def stage_failures(self, adverts: Iterable[Any] | None = None) -> pl.DataFrame:
        """Why each bid that stands in no stage fails each of them.

        Returns:
            advert, application, stage (from 1), failed and unknown (that stage's own criteria);
            by advert, application and stage.
        """
        at, place = self._bids_of(self.places_of(adverts))
        none = self.ranking.stage[at] == NO_STAGE
        at, place = at[none], place[none]
        parts = []
        for work, programme, mine in self._by_programme(place):
            for number, stage in enumerate(programme.stages):
                own = at[mine]
                parts.append(
                    pl.DataFrame(
                        {
                            "advert": self.adverts.ordinals.take(self.ordinal_at[place[mine]]),
                            "application": self.prepared.ordinals.take(
                                self.bids.applications(own)
                            ),
                            "stage": np.full(len(own), number + 1, np.int8),
                            "failed": _decode(work, self.ranking.failed[:, own], stage.criteria),
                            "unknown": _decode(work, self.ranking.unknown[:, own], stage.criteria),
                        }
                    )
                )
        if not parts:
            ids = self.adverts.ordinals.ids.dtype, self.prepared.ordinals.ids.dtype
            return pl.DataFrame(
                schema={"advert": ids[0], "application": ids[1], "stage": pl.Int8,
                        "failed": pl.List(pl.String), "unknown": pl.List(pl.String)}
            )
        return pl.concat(parts).sort("advert", "application", "stage")

    def bits(self) -> pl.DataFrame:
        """The bit table: scheme version (date it came into force), word, bit, kind, name, label."""
        rows = []
        for work in self.ranking.works:
            version = work.batch.view.compiled.version
            for condition in work.batch.view.compiled.conditions:
                label = (version.criteria[condition.name].label
                         if condition.kind == "criterion" else condition.name)
                rows.append(
                    (version.in_force.from_, condition.bit >> 6, condition.bit & 63,
                     condition.kind, condition.name, label)
                )
        return pl.DataFrame(
            rows,
            schema={"version": pl.Date, "word": pl.Int8, "bit": pl.Int8, "kind": pl.String,
                    "name": pl.String, "label": pl.String},
            orient="row",
        ).unique(maintain_order=True)

    def locate(self, advert: Any, application: Any) -> int:
        """Position of a counted bid in the arrays.

        Raises:
            TableError: there is no such advert, application or counted bid.
        """
        (place,) = self.places_of([advert])
        dtype = self.prepared.ordinals.ids.dtype
        (own,) = self.prepared.ordinals.ordinals_of(
            pl.Series([application], dtype=dtype, strict=False)
        )
        start, stop = self.bids.starts[place : place + 2]
        if own >= 0:
            among = self.bids.applications(slice(int(start), int(stop)))
            found = int(np.searchsorted(among, own))
            if found < len(among) and among[found] == own:
                return int(start) + found
        raise TableError(
            [
                Problem(
                    "no_such_bid",
                    f"application {application} has no bid that counts on advert {advert}",
                    where="bids",
                    remedy="set_aside lists the bids that do not count, with the reason",
                )
            ]
        )

    def work_of(self, place: int) -> tuple[Work, Programme]:
        """What the advert at a place was ranked with."""
        for work in self.ranking.works:
            within = place - work.offset
            if 0 <= within < work.batch.adverts.n:
                side = work.batch.adverts
                return work, side.programmes[side.programme_of[within]]
        raise IndexError(place)

    def ordered(self, place: int) -> NDArray[np.int64]:
        """Bids of the advert at a place in order of position."""
        return self.ranking.in_order(self.bids.starts, np.array([place]))[0]

    def _bids_of(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Bids of these places, ordered ones first in each, and the place of each."""
        starts = self.bids.starts
        counts = starts[places + 1] - starts[places]
        place = np.repeat(places, counts)
        along = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
        at = starts[place] + along
        position = self.ranking.position[at].astype(np.int64)
        position[position == 0] = np.iinfo(np.int32).max
        block = np.repeat(np.arange(len(places)), counts)
        order = np.argsort((block << 32) | position, kind="stable")
        return at[order], place

    def _bid_times(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Bid time of each bid under its own profile's rule."""
        out = self.bids.placed_at[self.bids.rows(at)]
        positions, earlier = self.bids.first_time
        if len(positions):
            found = np.minimum(np.searchsorted(positions, at), len(positions) - 1)
            hit = positions[found] == at
            for _work, programme, mine in self._by_programme(self.bids.places(at)):
                if programme.bid_time == "first":
                    use = mine & hit
                    out[use] = earlier[found[use]]
        return out

    def _by_programme(
        self, place: NDArray[np.int64]
    ) -> Iterator[tuple[Work, Programme, NDArray[np.bool_]]]:
        for work in self.ranking.works:
            side = work.batch.adverts
            within = place - work.offset
            inside = (within >= 0) & (within < side.n)
            if not inside.any():
                continue
            number = side.programme_of[np.where(inside, within, 0)]
            for i, programme in enumerate(side.programmes):
                mine = inside & (number == i)
                if mine.any():
                    yield work, programme, mine

    def _tie_groups(self, at: NDArray[np.int64], place: NDArray[np.int64]) -> pl.Series:
        """Number of the tie group within the advert, by position; null outside any."""
        below = self.ranking.tied[at]
        same = np.append(place[1:] == place[:-1], False)
        above = np.append(below[1:], False) & same
        member = below | above
        begins = above & ~below
        running = np.cumsum(begins)
        first = np.append(True, place[1:] != place[:-1]) if len(place) else np.zeros(0, bool)
        before = np.where(first, running - begins, 0)
        base = np.maximum.accumulate(before) if len(before) else before
        return _null_where(running - base, ~member, pl.Int32)

    def _names(
        self, words: NDArray[np.unsignedinteger], at: NDArray[np.int64], place: NDArray[np.int64]
    ) -> pl.Series:
        mine = words[:, at]
        out = pl.Series([[]], dtype=pl.List(pl.String)).new_from_index(0, len(at))
        if not mine.any():
            return out
        codes = np.full(len(at), -1, np.int64)
        lists: list[list[str]] = []
        for work, _programme, inside in self._by_programme(place):
            conditions = work.batch.view.compiled.conditions
            distinct, inverse = np.unique(mine[:, inside], axis=1, return_inverse=True)
            codes[inside] = inverse.reshape(-1) + len(lists)
            lists += [_names_of(conditions, distinct[:, i], work) for i in range(distinct.shape[1])]
        return pl.Series(lists, dtype=pl.List(pl.String)).gather(codes)

    def _decided_by(self, at: NDArray[np.int64], place: NDArray[np.int64]) -> pl.Series:
        n = len(at)
        out = np.full(n, -1, np.int64)
        names: list[str] = ["stage", "tie"]
        position, stage = self.ranking.position[at], self.ranking.stage[at]
        follows = np.zeros(n, bool)
        follows[1:] = (place[1:] == place[:-1]) & (position[1:] > 1)
        other_stage = follows.copy()
        other_stage[1:] &= stage[1:] != stage[:-1]
        out[other_stage] = 0
        tied = follows & self.ranking.tied[at] & ~other_stage
        out[tied] = 1
        undecided = follows & ~other_stage & ~tied
        for work, programme, inside in self._by_programme(place):
            for number, rules in enumerate(programme.stages):
                open_ = undecided & inside & (stage == number)
                for key in rules.keys:
                    here = np.flatnonzero(open_)
                    if not len(here):
                        break
                    own = Rows(work, at[here], self.bids).value(key.key)
                    rival = Rows(work, at[here - 1], self.bids).value(key.key)
                    differ = here[preference(key, own) != preference(key, rival)]
                    if key.name not in names:
                        names.append(key.name)
                    out[differ] = names.index(key.name)
                    open_[differ] = False
        return pl.Series(names, dtype=pl.String).gather(
            pl.Series(out).set(pl.Series(out < 0), None)
        )


def _london(microseconds: NDArray[np.int64]) -> pl.Series:
    return pl.Series(microseconds).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(
        "Europe/London"
    )


def _null_where(values: NDArray[Any], null: NDArray[np.bool_], dtype: Any) -> pl.Series:
    return pl.Series(values).cast(dtype).set(pl.Series(null), None)


def display_order(conditions: Iterable[Condition], work: Work) -> list[Condition]:
    """Criteria in the order the scheme declares them, then keys in the order of first use."""
    declared = {n: i for i, n in enumerate(work.batch.view.compiled.version.criteria)}
    return sorted(
        conditions,
        key=lambda c: (c.kind == "key", declared[c.name] if c.kind == "criterion" else c.bit),
    )


def _names_of(
    conditions: tuple[Condition, ...], words: NDArray[np.unsignedinteger], work: Work
) -> list[str]:
    hit = [c for c in conditions if int(words[c.bit >> 6]) >> (c.bit & 63) & 1]
    return list(dict.fromkeys(c.name for c in display_order(hit, work)))


def _decode(
    work: Work, words: NDArray[np.unsignedinteger], bits: tuple[int, ...]
) -> pl.Series:
    conditions = work.batch.view.compiled.conditions
    chosen = tuple(conditions[b] for b in bits)
    distinct, inverse = np.unique(words, axis=1, return_inverse=True)
    lists = [_names_of(chosen, distinct[:, i], work) for i in range(distinct.shape[1])]
    return pl.Series(lists, dtype=pl.List(pl.String)).gather(inverse.reshape(-1))
