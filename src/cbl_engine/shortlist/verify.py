"""The numbered properties of ``docs/mechanics.md``, checked on the output itself in every run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from cbl_engine.assess.outcomes import FAILED, UNKNOWN
from cbl_engine.draws import draw
from cbl_engine.errors import Problem, PropertyError
from cbl_engine.shortlist.kernel import HELD, INELIGIBLE, NO_STAGE
from cbl_engine.shortlist.rows import Rows, preference

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from cbl_engine.shortlist.adverts import Adverts
    from cbl_engine.shortlist.bids import Bids
    from cbl_engine.shortlist.compiled import Programme
    from cbl_engine.shortlist.kernel import Ranking
    from cbl_engine.shortlist.plans import Work

Extent = Literal["sample", "full"]
EXTENTS: tuple[Extent, ...] = get_args(Extent)
Share = Callable[..., Iterator[Any]]
CHUNK = 1 << 17
_ADVERTS = 1 << 10
ALL_UP_TO = 100_000
"""Bids up to which properties 5 and 6 cover everything, and the least that a sample holds."""


@dataclass(frozen=True)
class Verification:
    """What was checked.

    Attributes:
        extent: ``full``, or ``sample`` of whole adverts for properties 5 and 6.
        bids: counted bids in all.
        bids_row_by_row: of them, covered by properties 5 and 6.
        seconds: time it took [s].
    """

    extent: Extent
    bids: int
    bids_row_by_row: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For a manifest; the time taken is left out, as it differs from run to run."""
        return {
            "properties": [1, 2, 3, 4, 5, 6],
            "extent": self.extent,
            "bids": self.bids,
            "bids_row_by_row": self.bids_row_by_row,
        }


def extent_problems(extent: object) -> Iterator[Problem]:
    """A word for how much is checked that is none of ours."""
    if extent not in EXTENTS:
        yield Problem("unknown_extent", "no extent of verification is called so", where="verify",
                      given=repr(extent), allowed=", ".join(EXTENTS))


def verify(
    adverts: Adverts,
    bids: Bids,
    ranking: Ranking,
    n_given: int,
    seed: int,
    extent: Extent,
    pool: Executor | None = None,
) -> Verification:
    """Check every property.

    Args:
        adverts: what went in.
        bids: what went in, grouped.
        ranking: what came out.
        n_given: rows of the bids frame.
        seed: of the run; draws the sample.
        extent: ``full`` checks properties 5 and 6 on every bid, whatever their number.
        pool: shares out the checks of the whole output, if there is one.

    Raises:
        PropertyError: one does not hold.
    """
    began = time.perf_counter()
    share = pool.map if pool is not None else map
    places = _sample(adverts, bids, seed, extent)
    sampled = [
        (work, programme, mine)
        for work in ranking.works
        for number, programme in enumerate(work.batch.adverts.programmes)
        if len(mine := _places_of(work, number, places))
    ]
    row_by_row = share(
        lambda part: _row_by_row(part[0], part[1], part[2], bids, ranking), sampled
    )
    _counted_once(bids, n_given, share)
    _in_order(bids, ranking, share)
    _eligible(ranking, share)
    covered = sum(row_by_row)
    whole: Extent = "full" if covered == bids.n else "sample"
    return Verification(whole, bids.n, covered, time.perf_counter() - began)


def _counted_once(bids: Bids, n_given: int, share: Share) -> None:
    """Property 1."""
    if bids.n + len(bids.set_aside_rows) != n_given:
        raise PropertyError(
            1, f"{n_given} bids came in; {bids.n} were counted and "
            f"{len(bids.set_aside_rows)} set aside"
        )
    seen = np.zeros(n_given, bool)
    seen[bids.set_aside_rows] = True

    def mark(start: int) -> None:
        seen[bids.rows(slice(start, start + CHUNK))] = True

    list(share(mark, range(0, bids.n, CHUNK)))
    if not seen.all():
        raise PropertyError(1, f"{int((~seen).sum())} bids neither counted nor set aside")


def _in_order(bids: Bids, ranking: Ranking, share: Share) -> None:
    """Property 2: the positions on each advert are 1 to n, and nobody else has one."""
    starts = bids.starts

    def look(low: int) -> None:
        edges = starts[low : low + _ADVERTS + 1]
        part = slice(int(edges[0]), int(edges[-1]))
        position = ranking.position[part]
        placed = position != 0
        if not np.array_equal(placed, ranking.eligible[part] != INELIGIBLE):
            raise PropertyError(2, "an ineligible bid has a position, or another has none")
        own = ranking.ordered[low : low + len(edges) - 1]
        has = np.flatnonzero(placed)
        if len(has) != int(own.sum()):
            raise PropertyError(2, "an advert has more or fewer positions than bids with one")
        # Bids are kept advert by advert, so those with a position fall into runs of ``own``.
        first = np.repeat(edges[:-1] - edges[0], own)
        given = position[has]
        if (given > np.repeat(own, own)).any() or (given < 1).any() or (has < first).any():
            raise PropertyError(2, "positions of an advert are not 1 to n without gaps")
        taken = np.zeros(len(position), bool)
        taken[first + given - 1] = True
        if np.count_nonzero(taken) != len(has):
            raise PropertyError(2, "a position of an advert is given twice")

    list(share(look, range(0, len(starts) - 1, _ADVERTS)))


def _eligible(ranking: Ranking, share: Share) -> None:
    """Property 3 as far as the words tell: failed bits, and something unknown where held."""

    def look(start: int) -> None:
        part = slice(start, start + CHUNK)
        failed = (ranking.failed[:, part] != 0).any(axis=0)
        ineligible = ranking.eligible[part] == INELIGIBLE
        if not np.array_equal(ineligible, failed | (ranking.stage[part] == NO_STAGE)):
            raise PropertyError(3, "a bid is ineligible without a failed criterion, or not with one")
        held = np.flatnonzero(ranking.eligible[part] == HELD)
        if not (ranking.unknown[:, start + held] != 0).any(axis=0).all():
            raise PropertyError(3, "a bid is held though everything about it is known")

    list(share(look, range(0, len(ranking.eligible), CHUNK)))


def _sample(adverts: Adverts, bids: Bids, seed: int, extent: Extent) -> NDArray[np.int64]:
    """Places of whole adverts to check row by row."""
    n = adverts.n_considered
    if extent == "full" or bids.n <= ALL_UP_TO or n == 0:
        return np.arange(n)
    ordinal_at = np.empty(n, np.int64)
    considered = np.flatnonzero(adverts.place >= 0)
    ordinal_at[adverts.place[considered]] = considered
    sizes = np.diff(bids.starts)
    order = np.argsort(draw(seed, ordinal_at), kind="stable")
    enough = int(np.searchsorted(np.cumsum(sizes[order]), ALL_UP_TO)) + 1
    return np.sort(order[:enough])


def _places_of(work: Work, number: int, places: NDArray[np.int64]) -> NDArray[np.int64]:
    side = work.batch.adverts
    low, high = np.searchsorted(side.programme_of, [number, number + 1]) + work.offset
    return places[(places >= low) & (places < high)]


def _row_by_row(
    work: Work, programme: Programme, places: NDArray[np.int64], bids: Bids, ranking: Ranking
) -> int:
    counts = np.diff(bids.starts)[places]
    along = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    at = np.repeat(bids.starts[places], counts) + along
    rows = Rows(work, at, bids)
    codes = _words_agree(work, programme, rows, ranking)
    _held_agrees(work, programme, rows, ranking, codes)
    in_order, place = ranking.in_order(bids.starts, places)
    _order_agrees(programme, rows, np.searchsorted(at, in_order), place, ranking)
    return len(at)


def _words_agree(
    work: Work, programme: Programme, rows: Rows, ranking: Ranking
) -> dict[int, NDArray[np.int8]]:
    """Property 5: failed and unknown words, from the original columns."""
    conditions = work.batch.view.compiled.conditions
    used = dict.fromkeys(programme.common)
    for stage in programme.stages:
        used.update(dict.fromkeys(stage.criteria))
        used.update(dict.fromkeys(k.condition for k in stage.keys if k.condition is not None))
    kept = {
        c.bit: ranking.run_codes[c.bit][rows.at] for c in work.layout.run if c.bit in used
    }
    codes = kept | rows.outcomes([conditions[b] for b in used if b not in kept])
    failing = {
        b: (codes[b] == FAILED)
        | ((codes[b] == UNKNOWN) & (conditions[b].when_unknown == "fail"))
        for b in used
    }
    n = len(rows.at)
    stage = np.full(n, NO_STAGE, np.int8)
    for number in reversed(range(len(programme.stages))):
        fails = np.zeros(n, bool)
        for bit in programme.stages[number].criteria:
            fails |= failing[bit]
        stage[~fails] = number
    if not np.array_equal(stage, ranking.stage[rows.at]):
        raise PropertyError(5, "a bid stands in another stage than its criteria say")
    failed = np.zeros((work.n_words, n), np.uint64)
    unknown = np.zeros((work.n_words, n), np.uint64)
    ordered = ranking.eligible[rows.at] != INELIGIBLE
    for bit, within, is_key in _uses(programme, stage, ordered):
        one = np.uint64(1 << (bit & 63))
        if not is_key:
            failed[bit >> 6] |= (failing[bit] & within) * one
        unknown[bit >> 6] |= ((codes[bit] == UNKNOWN) & within) * one
    if not np.array_equal(failed, ranking.failed[:, rows.at]):
        raise PropertyError(5, "failed words differ from the criteria")
    if not np.array_equal(unknown, ranking.unknown[:, rows.at]):
        raise PropertyError(5, "unknown words differ from the criteria and keys")
    return codes


def _uses(
    programme: Programme, stage: NDArray[np.int8], ordered: NDArray[np.bool_]
) -> Iterator[tuple[int, NDArray[np.bool_], bool]]:
    """Each condition, the bids it concerns, and whether as a key."""
    everyone = np.ones(len(stage), bool)
    for bit in programme.common:
        yield bit, everyone, False
    for number, rules in enumerate(programme.stages):
        here = stage == number
        for bit in rules.criteria:
            yield bit, here | (stage == NO_STAGE), False
        for key in rules.keys:
            if key.condition is not None:
                yield key.condition, here & ordered, True


def _held_agrees(
    work: Work,
    programme: Programme,
    rows: Rows,
    ranking: Ranking,
    codes: dict[int, NDArray[np.int8]],
) -> None:
    """The second half of property 3, from the original columns."""
    conditions = work.batch.view.compiled.conditions
    stage = ranking.stage[rows.at]
    eligible = ranking.eligible[rows.at]
    held = np.zeros(len(stage), bool)
    for bit in programme.common:
        if conditions[bit].when_unknown == "hold":
            held |= codes[bit] == UNKNOWN
    for number, rules in enumerate(programme.stages):
        here = stage == number
        for bit in rules.criteria:
            if conditions[bit].when_unknown == "hold":
                held |= here & (codes[bit] == UNKNOWN)
        for key in rules.keys:
            if key.condition is not None and key.key.when_unknown == "hold":
                held |= here & (codes[key.condition] == UNKNOWN)
    if not np.array_equal(held & (eligible != INELIGIBLE), eligible == HELD):
        raise PropertyError(3, "a bid is held, or not, against what its criteria and keys say")


def _order_agrees(
    programme: Programme,
    rows: Rows,
    turn: NDArray[np.int64],
    place: NDArray[np.int64],
    ranking: Ranking,
) -> None:
    """Properties 4 and 6: adjacent bids by the keys' own values; ``turn`` are rows in order."""
    if len(turn) < 2:
        return
    at = rows.at[turn]
    stage = ranking.stage[at]
    follows = place[1:] == place[:-1]
    if (follows & (stage[1:] < stage[:-1])).any():
        raise PropertyError(4, "a bid of a later stage stands above one of an earlier")
    undecided = follows & (stage[1:] == stage[:-1])
    for number, rules in enumerate(programme.stages):
        for key in rules.keys:
            open_ = undecided & (stage[1:] == number)
            if not open_.any():
                break
            numbers = preference(key, rows.value(key.key))[turn]
            if (open_ & (numbers[1:] < numbers[:-1])).any():
                raise PropertyError(6, f"bids are out of order on the key {key.name}")
            undecided &= ~(open_ & (numbers[1:] != numbers[:-1]))
    tied = ranking.tied[at][1:]
    if not np.array_equal(tied, undecided):
        raise PropertyError(4, "tie groups are not the runs of equal keys")
    applications = rows.applications[turn]
    if (undecided & (applications[1:] <= applications[:-1])).any():
        raise PropertyError(4, "members of a tie group are not in ascending order of id")
