"""Eligibility, order and positions, in blocks of whole adverts that fit the cache.

For each block:

1. judge every bid: what fails, what is not known, which stage it stands in;
2. for the bids not ineligible, pack ``advert | stage | keys | bid`` into one 64-bit key, sort the
   keys, and read the order off their last field;
3. positions are run arithmetic; runs of equal keys are tie groups.

Blocks are independent, so threads share them out; the result does not depend on how.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.errors import Problem, PropertyError, TableError
from cbl_engine.shortlist.judge import NO_STAGE, Block, Judgement, judge
from cbl_engine.shortlist.keys import dense

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from cbl_engine.shortlist.adverts import Adverts
    from cbl_engine.shortlist.bids import Bids
    from cbl_engine.shortlist.plans import KeyPart, Work

BLOCK = 1 << 17
INELIGIBLE, HELD, ELIGIBLE = 0, 1, 2


@dataclass(eq=False)
class Ranking:
    """What the kernel found, by counted bid in the order of :class:`Bids`.

    Attributes:
        eligible: INELIGIBLE, HELD or ELIGIBLE.
        stage: from 0; NO_STAGE where no stage's criteria are met.
        position: from 1; 0 when ineligible.
        tied: whether the bid is in a tie group with the one directly above.
        failed, unknown: canonical words, shape (words, bids), as narrow as their bits allow.
        ordered: number of bids with a position on the advert at each place.
        works: what each batch was ranked with.
        run_codes: outcome codes of the criteria that were run over the bids themselves, by bit.
    """

    eligible: NDArray[np.int8]
    stage: NDArray[np.int8]
    position: NDArray[np.int32]
    tied: NDArray[np.bool_]
    failed: NDArray[np.unsignedinteger]
    unknown: NDArray[np.unsignedinteger]
    ordered: NDArray[np.int32]
    works: list[Work]
    run_codes: dict[int, NDArray[np.int8]]

    def in_order(
        self, starts: NDArray[np.int64], places: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Bids with a position on the adverts at these places, in order, and the place of each.

        Args:
            starts: of :class:`Bids`.
            places: of the adverts.
        """
        counts = starts[places + 1] - starts[places]
        along = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        at = np.repeat(starts[places], counts) + along
        position = self.position[at]
        number = np.repeat(np.arange(len(places)), counts)
        standing = np.flatnonzero(position != 0)
        key = (number[standing] << 32) | position[standing]
        order = standing[np.argsort(key)]
        return at[order], places[number[order]]


def rank(adverts: Adverts, works: list[Work], bids: Bids, pool: Executor | None) -> Ranking:
    """Rank every counted bid. See the module for the steps.

    Args:
        adverts: all adverts.
        works: their batches made ready.
        bids: the bids that count.
        pool: shares out the blocks, if there is one.

    Raises:
        TableError: a key that says ``when_unknown: error`` is not known for a bid.
    """
    n_words = max((work.n_words for work in works), default=1)
    n_bits = max((len(work.batch.view.compiled.conditions) for work in works), default=1)
    narrow = np.min_scalar_type((1 << min(n_bits, 64)) - 1)
    out = Ranking(
        np.zeros(bids.n, np.int8),
        np.zeros(bids.n, np.int8),
        np.zeros(bids.n, np.int32),
        np.zeros(bids.n, bool),
        np.zeros((n_words, bids.n), narrow),
        np.zeros((n_words, bids.n), narrow),
        np.zeros(adverts.n_considered, np.int32),
        works,
        {},
    )
    problems: list[Problem] = []

    def run(block: Block) -> list[Problem]:
        return _rank_block(block, out)

    for work in works:
        for condition in work.layout.run:
            out.run_codes.setdefault(condition.bit, np.zeros(bids.n, np.int8))
        blocks = _blocks(work, bids)
        found = pool.map(run, blocks) if pool is not None else map(run, blocks)
        problems += [p for ps in found for p in ps]
    if problems:
        raise TableError(_merged(problems))
    return out


def _merged(problems: list[Problem]) -> list[Problem]:
    """One problem a kind of key, with the number of bids in all."""
    by_message: dict[str, list[Problem]] = {}
    for problem in problems:
        by_message.setdefault(problem.message, []).append(problem)
    return [
        Problem(
            same[0].kind,
            message,
            where=same[0].where,
            count=sum(p.count for p in same),
            rows=tuple(r for p in same for r in p.rows)[:5],
            remedy=same[0].remedy,
        )
        for message, same in by_message.items()
    ]


def _blocks(work: Work, bids: Bids) -> Iterator[Block]:
    """Cut a batch into blocks of whole adverts of one programme, about BLOCK bids each."""
    side = work.batch.adverts
    starts = bids.starts[work.offset : work.offset + side.n + 1]
    bounds = np.searchsorted(side.programme_of, np.arange(len(work.plans) + 1))
    for plan, low, high in zip(work.plans, bounds, bounds[1:], strict=False):
        first = int(low)
        while first < high:
            last = int(np.searchsorted(starts, starts[first] + BLOCK, side="right")) - 1
            last = min(max(last, first + 1), int(high))
            if starts[last] > starts[first]:
                span = slice(int(starts[first]), int(starts[last]))
                mine = starts[first : last + 1] - starts[first]
                yield Block(work, plan, bids, span, first, mine)
            first = last


def _rank_block(block: Block, out: Ranking) -> list[Problem]:
    found = judge(block)
    if len(block.plan.stages) > 1 or block.plan.programme.stages[0].criteria:
        out.stage[block.span][found.rows] = found.stage
    for word in range(len(out.failed)):
        out.failed[word, block.span][found.rows] = found.failed[word]
        not_known = found.unknown[word] | found.key_unknown[word]
        some = np.flatnonzero(not_known != 0)
        out.unknown[word, block.span][found.rows[some]] = not_known[some]
    for condition in block.work.layout.run:
        if condition.bit in block.coded:
            coded = block.coded[condition.bit]
            out.run_codes[condition.bit][block.span][coded.rows] = coded.codes
    eligible = out.eligible[block.span]
    eligible[found.ordered] = ELIGIBLE
    eligible[found.rows[_held(block, found)]] = HELD
    if len(found.ordered):
        _positions(block, found, out)
    return _refused(block, found)


def _held(block: Block, found: Judgement) -> NDArray[np.bool_]:
    """Which of the bids listed a criterion or key that holds is not known for."""
    held = _any_of(found.unknown, block.work.hold[:, None])
    if any(words.any() for words in block.plan.hold):
        held |= _any_of(found.key_unknown, np.stack(block.plan.hold, axis=1)[:, found.stage])
    return held & found.standing


def _any_of(words: NDArray[np.uint64], mask: NDArray[np.uint64]) -> NDArray[np.bool_]:
    return ((words & mask) != 0).any(axis=0)


def _refused(block: Block, found: Judgement) -> list[Problem]:
    problems = []
    view = block.work.batch.view
    programme = block.plan.programme
    for number, rules in enumerate(programme.stages):
        for key in rules.keys:
            if key.condition is None or key.key.when_unknown != "error":
                continue
            word = found.key_unknown[key.condition >> 6]
            is_set = (word >> np.uint64(key.condition & 63)) & np.uint64(1) != 0
            hit = found.rows[is_set & (found.stage == number)]
            if len(hit):
                ids = view.frame["id"].gather(block.applications[hit[:5]])
                problems.append(
                    Problem(
                        "key_not_known",
                        f"the key {key.name} is not known for a bid, and profile "
                        f"{programme.profile} says when_unknown: error",
                        where=f"profiles.{programme.profile}",
                        count=len(hit),
                        rows=tuple(map(str, ids)),
                        remedy="Complete the applications, or say last or hold",
                    )
                )
    return problems


def _positions(block: Block, found: Judgement, out: Ranking) -> None:
    ordered, n_adverts = found.ordered, len(block.starts) - 1
    slot_bits = (block.n - 1).bit_length()
    advert_bits = (n_adverts - 1).bit_length()
    stage_bits = (len(block.plan.stages) - 1).bit_length()
    stage = out.stage[block.span][ordered] if stage_bits else None
    body, body_bits = _bodies(block, ordered, stage, 64 - advert_bits - stage_bits - slot_bits)
    advert = block.local[ordered]
    key = advert.view(np.uint64) << np.uint64(stage_bits)
    if stage is not None:
        key |= stage.astype(np.uint64)
    if body is not None:
        key <<= np.uint64(body_bits)
        key |= body
    key <<= np.uint64(slot_bits)
    key |= ordered.view(np.uint64)
    key.sort()
    at = (key & np.uint64((1 << slot_bits) - 1)).view(np.int64)
    key >>= np.uint64(slot_bits)
    if (key[1:] < key[:-1]).any():
        raise PropertyError(4, "packed keys decrease with position")
    # Sorting keeps adverts together and in place, so each advert's run is where it was.
    runs = np.searchsorted(ordered, block.starts)
    counts = np.diff(runs)
    into = np.arange(1, len(key) + 1, dtype=np.int32)
    into -= np.repeat(runs[:-1].astype(np.int32), counts)
    out.position[block.span][at] = into
    equal = np.flatnonzero(key[1:] == key[:-1])
    out.tied[block.span][at[equal + 1]] = True
    place = block.work.offset + block.first_advert
    out.ordered[place : place + n_adverts] = counts


def _bodies(
    block: Block, ordered: NDArray[np.int64], stage: NDArray[np.int8] | None, room: int
) -> tuple[NDArray[np.uint64] | None, int]:
    """The keys of each ordered bid in at most ``room`` bits, and the bits used; None for none."""
    if stage is None:
        return _body(block.plan.keys[0], block, ordered, room)
    body = np.zeros(len(ordered), np.uint64)
    bits = 0
    for number, parts in enumerate(block.plan.keys):
        mine = stage == number
        if mine.any():
            packed, used = _body(parts, block, ordered[mine], room)
            if packed is not None:
                body[mine] = packed
            bits = max(bits, used)
    return body, bits


def _body(
    parts: tuple[KeyPart, ...], block: Block, at: NDArray[np.int64], room: int
) -> tuple[NDArray[np.uint64] | None, int]:
    """Fold the parts together; whatever would not fit is replaced by its rank in the block."""
    packed: NDArray[np.uint64] | None = None
    width = 0
    for part in parts:
        codes = part.make(block, at)
        own = part.width or int(codes.max(initial=0)).bit_length()
        if packed is None:
            packed, width = codes, own
        else:
            if width + own > room and own > width:
                codes, own = dense(codes)
            if width + own > room:
                packed, width = dense(packed)
            if width + own > room:
                codes, own = dense(codes)
            packed = (packed << np.uint64(own)) | codes
            width += own
        if width > room:
            packed, width = dense(packed)
    return packed, width


__all__ = ["BLOCK", "ELIGIBLE", "HELD", "INELIGIBLE", "NO_STAGE", "Ranking", "rank"]
