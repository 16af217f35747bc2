"""Eligibility, order and positions, in blocks of whole adverts that fit the cache.

For each block:

1. gather the raw words of the applications; AND with the adverts' fail masks; a bid whose result
   is zero fails nothing;
2. find the stage each bid stands in;
3. for the bids not ineligible, pack ``advert | stage | keys | bid`` into one 64-bit key, sort the
   keys, and read the order off their last field;
4. positions are run arithmetic; runs of equal keys are tie groups;
5. turn raw words into canonical ones, for the bids where something failed or is not known.

Blocks are independent, so threads share them out; the result does not depend on how.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.draws import stable_hash
from cbl_engine.errors import Problem, PropertyError, TableError
from cbl_engine.scheme.model import BidTimeKey, LotteryKey
from cbl_engine.shortlist.classes import FAILED, MET, UNKNOWN
from cbl_engine.shortlist.fields import Layout, lay_out
from cbl_engine.shortlist.keys import dense, lottery_draws, pair_key, segment
from cbl_engine.shortlist.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from cbl_engine.shortlist.adverts import Adverts, AdvertSide, Batch
    from cbl_engine.shortlist.bids import Bids
    from cbl_engine.shortlist.compiled import OrderKey, Programme, StagePlan
    from cbl_engine.shortlist.register import RegisterAt
    from cbl_engine.tables import Ordinals

BLOCK = 1 << 15
INELIGIBLE, HELD, ELIGIBLE = 0, 1, 2
NO_STAGE = -1


@dataclass(eq=False)
class Ranking:
    """What the kernel found, by counted bid in the order of :class:`Bids`.

    Attributes:
        eligible: INELIGIBLE, HELD or ELIGIBLE.
        stage: from 0; NO_STAGE where no stage's criteria are met.
        position: from 1; 0 when ineligible.
        tied: whether the bid is in a tie group with the one directly above.
        failed, unknown: canonical words, shape (words, bids); unknown is None when nothing is.
        order: bids in order of position, the ineligible left out; each advert's begin at its first
            bid's place in the arrays.
        ordered: number of bids in ``order`` of each place.
        works: what each batch was ranked with.
    """

    eligible: NDArray[np.int8]
    stage: NDArray[np.int8]
    position: NDArray[np.int32]
    tied: NDArray[np.bool_]
    failed: NDArray[np.uint64]
    unknown: NDArray[np.uint64]
    order: NDArray[np.int32]
    ordered: NDArray[np.int32]
    works: list[Work]


@dataclass(frozen=True, eq=False)
class StageMasks:
    """Masks of one stage over the adverts of a batch, one array a raw word."""

    fail: tuple[NDArray[np.uint64], ...]
    unknown: tuple[NDArray[np.uint64], ...]
    key_unknown: tuple[NDArray[np.uint64], ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """One programme of a batch made ready.

    Attributes:
        programme: what it is made from.
        common, stages: masks of the common criteria, and of each stage's.
        keys: fields of the packed key, stage by stage.
        hold, error: for each stage, canonical words of the keys that hold or refuse when unknown.
    """

    programme: Programme
    common: StageMasks
    stages: tuple[StageMasks, ...]
    keys: tuple[tuple[KeyPart, ...], ...]
    hold: tuple[NDArray[np.uint64], ...]
    error: tuple[NDArray[np.uint64], ...]


@dataclass(frozen=True, eq=False)
class KeyPart:
    """One field of the packed key: ``make(block, bids)`` gives codes; ``width`` bits, 0 = by block.

    ``names`` are the keys it carries, more than one for a run of application keys.
    """

    width: int
    make: Callable[[Block, NDArray[np.int64]], NDArray[np.uint64]]


@dataclass(eq=False)
class Block:
    """Bids of consecutive adverts of one programme.

    Attributes:
        span: positions in the arrays of all bids.
        applications: ordinal of each bid's application.
        advert: place within the batch of each bid's advert.
        first_advert: the first of them.
        starts: where each advert's bids begin, relative to the block, and the end.
    """

    span: slice
    applications: NDArray[np.int64]
    advert: NDArray[np.int64]
    first_advert: int
    starts: NDArray[np.int64]
    bids: Bids
    rule: str
    work: Work


@dataclass(frozen=True, eq=False)
class Work:
    """Everything the blocks of one batch share."""

    batch: Batch
    layout: Layout
    plans: tuple[Plan, ...]
    offset: int
    n_words: int
    hold: NDArray[np.uint64]
    hashes: Hashes


def rank(
    adverts: Adverts, bids: Bids, applications: Ordinals, seed: int, pool: Executor | None
) -> Ranking:
    """Rank every counted bid. See the module for the steps.

    Raises:
        TableError: a key that says ``when_unknown: error`` is not known for a bid.
    """
    n_words = max((b.view.compiled.n_words for b in adverts.batches), default=1)
    out = Ranking(
        np.zeros(bids.n, np.int8),
        np.full(bids.n, NO_STAGE, np.int8),
        np.zeros(bids.n, np.int32),
        np.zeros(bids.n, bool),
        np.zeros((n_words, bids.n), np.uint64),
        np.zeros((n_words, bids.n), np.uint64),
        np.zeros(bids.n, np.int32),
        np.zeros(adverts.n_considered, np.int32),
        [],
    )
    offset = 0
    problems: list[Problem] = []
    for batch in adverts.batches:
        work = make_ready(batch, adverts, applications, offset, n_words, seed)
        out.works.append(work)

        def run(block: tuple[Plan, Block], work: Work = work) -> list[Problem]:
            return _rank_block(work, *block, out)

        blocks = _blocks(work, bids)
        found = pool.map(run, blocks) if pool is not None else map(run, blocks)
        problems += [p for ps in found for p in ps]
        offset += batch.adverts.n
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


def make_ready(
    batch: Batch, adverts: Adverts, applications: Ordinals, offset: int, n_words: int, seed: int
) -> Work:
    """Lay out the conditions the batch's programmes use, and its plans."""
    compiled = batch.view.compiled
    used: set[int] = set()
    for programme in batch.adverts.programmes:
        used.update(programme.common)
        for stage in programme.stages:
            used.update(stage.criteria)
            used.update(k.condition for k in stage.keys if k.condition is not None)
    layout = lay_out(
        batch.view, batch.adverts, [c for c in compiled.conditions if c.bit in used]
    )
    hashes = Hashes(batch, adverts, applications, seed)
    plans = tuple(
        _plan(batch, layout, programme, hashes, n_words)
        for programme in batch.adverts.programmes
    )
    hold = words_of(
        (c.bit for c in compiled.conditions if c.when_unknown == "hold"), n_words
    )
    return Work(batch, layout, plans, offset, n_words, hold, hashes)


class Hashes:
    """Stable hashes for lotteries, made when a profile has one."""

    def __init__(
        self, batch: Batch, adverts: Adverts, applications: Ordinals, seed: int
    ) -> None:
        self.seed = seed
        self._view = batch.view
        self._applications = applications
        self._adverts = adverts
        self._ordinals = batch.adverts.ordinals

    def applications(self) -> NDArray[np.uint64]:
        ids = self._applications.ids
        return self._view.keep("hashes", lambda: stable_hash(ids.to_list()))

    def adverts(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        ids = self._adverts.ordinals.ids
        mine = ids.gather(self._ordinals.astype(np.int64)).to_list()
        return stable_hash(mine), self._adverts.seeds[self._ordinals]


def _plan(
    batch: Batch, layout: Layout, programme: Programme, hashes: Hashes, n_words: int
) -> Plan:
    n = batch.adverts.n

    def masks(criteria: tuple[int, ...], keys: tuple[OrderKey, ...] = ()) -> StageMasks:
        shape = (len(layout.words), n)
        fail, unknown, key_unknown = (np.zeros(shape, np.uint64) for _ in range(3))
        for bit in criteria:
            field = layout.fields.get(bit)
            if field is None:
                continue
            failing = (FAILED, UNKNOWN) if field.condition.when_unknown == "fail" else (FAILED,)
            fail[field.word] |= field.advert_mask(*failing)
            unknown[field.word] |= field.advert_mask(UNKNOWN)
        for key in keys:
            field = layout.fields.get(key.condition) if key.condition is not None else None
            if field is not None:
                key_unknown[field.word] |= field.advert_mask(UNKNOWN)
        return StageMasks(tuple(fail), tuple(unknown), tuple(key_unknown))

    def words(stage: StagePlan, rule: str) -> NDArray[np.uint64]:
        bits = [k.condition for k in stage.keys
                if k.condition is not None and k.key.when_unknown == rule]
        return words_of(bits, n_words)

    return Plan(
        programme,
        masks(programme.common),
        tuple(masks(s.criteria, s.keys) for s in programme.stages),
        tuple(_key_parts(batch, stage, hashes) for stage in programme.stages),
        tuple(words(s, "hold") for s in programme.stages),
        tuple(words(s, "error") for s in programme.stages),
    )


def words_of(bits: Iterable[int], n_words: int) -> NDArray[np.uint64]:
    """Canonical words with these bits set."""
    words = np.zeros(n_words, np.uint64)
    for bit in bits:
        words[bit >> 6] |= np.uint64(1 << (bit & 63))
    return words


def _key_parts(batch: Batch, stage: StagePlan, hashes: Hashes) -> tuple[KeyPart, ...]:
    parts: list[KeyPart] = []
    run: list[OrderKey] = []

    def close_run() -> None:
        if run:
            packed = segment(batch.view, tuple(run))
            parts.append(_application_part(packed.codes, packed.width))
            run.clear()

    for key in stage.keys:
        if key.side == "application":
            run.append(key)
            continue
        close_run()
        if key.side == "pair":
            part = _pair_part(batch.view, batch.adverts, key)
            parts.append(part or KeyPart(1, _looked_up_preference(key)))
        elif isinstance(key.key, BidTimeKey):
            parts.append(KeyPart(0, _bid_times))
        elif isinstance(key.key, LotteryKey):
            parts.append(_lottery_part(key.key.lottery, hashes))
    close_run()
    return tuple(parts)


def _application_part(codes: NDArray[np.uint64], width: int) -> KeyPart:
    return KeyPart(width, lambda block, at: codes.take(block.applications[at]))


def _pair_part(view: RegisterAt, adverts: AdvertSide, key: OrderKey) -> KeyPart | None:
    pair = pair_key(view, adverts, key.key)
    if pair is None:
        return None
    flat = pair.codes.astype(np.uint64).ravel()
    n_columns = pair.codes.shape[1]

    def make(block: Block, at: NDArray[np.int64]) -> NDArray[np.uint64]:
        row = pair.row_of.take(block.applications[at]).astype(np.int64)
        return flat.take(row * n_columns + pair.column_of.take(block.advert[at]))

    return KeyPart(pair.width, make)


def _looked_up_preference(
    key: OrderKey,
) -> Callable[[Block, NDArray[np.int64]], NDArray[np.uint64]]:
    def make(block: Block, at: NDArray[np.int64]) -> NDArray[np.uint64]:
        return (_look_up(block.work, block, key.condition)[at] != MET).astype(np.uint64)

    return make


def _bid_times(block: Block, at: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Microseconds after the earliest bid on the advert."""
    times = block.bids.times(block.span, block.rule)
    filled = np.diff(block.starts) > 0
    earliest = np.zeros(len(filled), np.int64)
    earliest[filled] = np.minimum.reduceat(times, block.starts[:-1][filled])
    since = times - earliest[block.advert - block.first_advert]
    return since[at].astype(np.uint64)


def _lottery_part(kind: str, hashes: Hashes) -> KeyPart:
    advert_hashes, seeds = hashes.adverts()
    application_hashes = hashes.applications()

    def make(block: Block, at: NDArray[np.int64]) -> NDArray[np.uint64]:
        advert = block.advert[at]
        return lottery_draws(
            kind,
            seeds[advert],
            advert_hashes[advert],
            application_hashes[block.applications[at]],
            hashes.seed,
        )

    return KeyPart(0, make)


def _blocks(work: Work, bids: Bids) -> Iterator[tuple[Plan, Block]]:
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
                yield plan, _block(work, bids, plan, starts, first, last)
            first = last


def _block(
    work: Work, bids: Bids, plan: Plan, starts: NDArray[np.int64], first: int, last: int
) -> Block:
    span = slice(int(starts[first]), int(starts[last]))
    mine = starts[first : last + 1] - starts[first]
    advert = np.repeat(np.arange(first, last), np.diff(mine))
    return Block(
        span, bids.applications(span), advert, first, mine, bids, plan.programme.bid_time,
        work,
    )


def _rank_block(work: Work, plan: Plan, block: Block, out: Ranking) -> list[Problem]:
    raw = [word.take(block.applications) for word in work.layout.words]
    stage, fails = _stages(work, plan, block, raw)
    in_order = np.flatnonzero(~fails & (stage >= 0))
    span = block.span
    out.stage[span] = stage
    failed = _canonical(work, plan, block, raw, stage, "fail")
    unknown = _canonical(work, plan, block, raw, stage, "unknown")
    of_keys = _keys_unknown(work, plan, block, raw, stage, in_order)
    if failed is not None:
        out.failed[:, span] = failed
    held = np.zeros(len(in_order), bool)
    if unknown is not None:
        out.unknown[:, span] |= unknown
        held |= _any_of(unknown[:, in_order], work.hold[:, None])
    problems: list[Problem] = []
    if of_keys is not None:
        out.unknown[:, span] |= of_keys
        at_stage = stage[in_order]
        held |= _any_of(of_keys[:, in_order], np.stack(plan.hold, axis=1)[:, at_stage])
        problems = _refused(work, plan, block, of_keys, stage)
    eligible = np.zeros(len(stage), np.int8)
    eligible[in_order] = np.where(held, HELD, ELIGIBLE)
    out.eligible[span] = eligible
    if len(in_order):
        _positions(work, plan, block, stage, in_order, out)
    return problems


def _any_of(words: NDArray[np.uint64], mask: NDArray[np.uint64]) -> NDArray[np.bool_]:
    return ((words & mask) != 0).any(axis=0)


def _stages(
    work: Work, plan: Plan, block: Block, raw: list[NDArray[np.uint64]]
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """The stage each bid stands in, and whether it fails a common criterion."""
    fails = _any_fail(work, plan.programme.common, plan.common, block, raw)
    stage = np.full(len(block.applications), NO_STAGE, np.int8)
    for number in reversed(range(len(plan.stages))):
        own = plan.programme.stages[number].criteria
        if not own:
            stage[:] = number
            continue
        stage[~_any_fail(work, own, plan.stages[number], block, raw)] = number
    return stage, fails


def _any_fail(
    work: Work,
    criteria: tuple[int, ...],
    masks: StageMasks,
    block: Block,
    raw: list[NDArray[np.uint64]],
) -> NDArray[np.bool_]:
    fails = np.zeros(len(block.applications), bool)
    for word, mask in zip(raw, masks.fail, strict=True):
        if mask.any():
            fails |= (word & mask.take(block.advert)) != 0
    for bit in criteria:
        if bit in work.layout.looked_up:
            fails |= np.isin(_look_up(work, block, bit), _failing(work, bit))
    return fails


def _failing(work: Work, bit: int) -> tuple[int, ...]:
    rule = work.batch.view.compiled.conditions[bit].when_unknown
    return (FAILED, UNKNOWN) if rule == "fail" else (FAILED,)


def _look_up(work: Work, block: Block, bit: int) -> NDArray[np.int8]:
    """Outcome codes of a condition without raw bits, for each bid of the block."""
    table = work.layout.looked_up[bit]
    if table is None:
        condition = work.batch.view.compiled.conditions[bit]
        at = np.arange(block.span.start, block.span.stop)
        return Rows(work, at, block.bids).outcomes([condition])[bit]
    row = table.row_of.take(block.applications).astype(np.int64)
    return table.cells.ravel().take(
        row * table.cells.shape[1] + table.column_of.take(block.advert)
    )


def _canonical(
    work: Work,
    plan: Plan,
    block: Block,
    raw: list[NDArray[np.uint64]],
    stage: NDArray[np.int8],
    what: str,
) -> NDArray[np.uint64] | None:
    """Failed or unknown words of the common criteria and the bid's stage (all, if in none)."""
    groups: list[tuple[tuple[int, ...], StageMasks, NDArray[np.bool_] | None]] = [
        (plan.programme.common, plan.common, None)
    ]
    for number, own in enumerate(plan.programme.stages):
        if own.criteria:
            within = (stage == number) | (stage == NO_STAGE)
            groups.append((own.criteria, plan.stages[number], within))
    out: NDArray[np.uint64] | None = None
    for criteria, masks, within in groups:
        by_word = masks.fail if what == "fail" else masks.unknown
        for word, (own_raw, mask) in enumerate(zip(raw, by_word, strict=True)):
            if not mask.any():
                continue
            hit = own_raw & mask.take(block.advert)
            if within is not None:
                hit[~within] = 0
            at = np.flatnonzero(hit)
            if len(at):
                out = _words(work, block) if out is None else out
                _decode(work, criteria, word, hit[at], at, out)
        for bit in criteria:
            if bit in work.layout.looked_up:
                codes = _failing(work, bit) if what == "fail" else (UNKNOWN,)
                hit_bits = np.isin(_look_up(work, block, bit), codes)
                if within is not None:
                    hit_bits &= within
                if hit_bits.any():
                    out = _words(work, block) if out is None else out
                    out[bit >> 6, hit_bits] |= np.uint64(1 << (bit & 63))
    return out


def _words(work: Work, block: Block) -> NDArray[np.uint64]:
    return np.zeros((work.n_words, len(block.applications)), np.uint64)


def _decode(
    work: Work,
    conditions: tuple[int, ...],
    word: int,
    hit: NDArray[np.uint64],
    at: NDArray[np.int64],
    out: NDArray[np.uint64],
) -> None:
    """Set the canonical bit of every condition with a raw bit in ``hit``."""
    found = [np.zeros(len(at), np.uint64) for _ in range(work.n_words)]
    for bit in conditions:
        field = work.layout.fields.get(bit)
        if field is None or field.word != word:
            continue
        one = np.uint64(1 << (bit & 63))
        found[bit >> 6] |= ((hit & np.uint64(field.mask())) != 0) * one
    for number, bits in enumerate(found):
        out[number, at] |= bits


def _keys_unknown(
    work: Work,
    plan: Plan,
    block: Block,
    raw: list[NDArray[np.uint64]],
    stage: NDArray[np.int8],
    in_order: NDArray[np.int64],
) -> NDArray[np.uint64] | None:
    """Unknown words of the keys of each ordered bid's stage."""
    out: NDArray[np.uint64] | None = None
    ordered = np.zeros(len(stage), bool)
    ordered[in_order] = True
    for number, rules in enumerate(plan.programme.stages):
        bits = tuple(k.condition for k in rules.keys if k.condition is not None)
        within: NDArray[np.bool_] | None = None
        for word, (own_raw, mask) in enumerate(
            zip(raw, plan.stages[number].key_unknown, strict=True)
        ):
            if not mask.any():
                continue
            within = ordered & (stage == number) if within is None else within
            hit = own_raw & mask.take(block.advert)
            hit[~within] = 0
            at = np.flatnonzero(hit)
            if len(at):
                out = _words(work, block) if out is None else out
                _decode(work, bits, word, hit[at], at, out)
        for bit in bits:
            if bit in work.layout.looked_up:
                hit_bits = (_look_up(work, block, bit) == UNKNOWN) & ordered & (stage == number)
                if hit_bits.any():
                    out = _words(work, block) if out is None else out
                    out[bit >> 6, hit_bits] |= np.uint64(1 << (bit & 63))
    return out


def _refused(
    work: Work,
    plan: Plan,
    block: Block,
    of_keys: NDArray[np.uint64],
    stage: NDArray[np.int8],
) -> list[Problem]:
    problems = []
    conditions = work.batch.view.compiled.conditions
    for number, rules in enumerate(plan.programme.stages):
        for key in rules.keys:
            if key.condition is None or key.key.when_unknown != "error":
                continue
            bit = key.condition
            is_set = (of_keys[bit >> 6] >> np.uint64(bit & 63)) & np.uint64(1) != 0
            hit = np.flatnonzero(is_set & (stage == number))
            if len(hit):
                ids = work.batch.view.frame["id"].gather(block.applications[hit[:5]])
                problems.append(
                    Problem(
                        "key_not_known",
                        f"the key {conditions[bit].name} is not known for a bid, and profile "
                        f"{plan.programme.profile} says when_unknown: error",
                        where=f"profiles.{plan.programme.profile}",
                        count=len(hit),
                        rows=tuple(map(str, ids)),
                        remedy="Complete the applications, or say last or hold",
                    )
                )
    return problems


def _positions(
    work: Work,
    plan: Plan,
    block: Block,
    stage: NDArray[np.int8],
    in_order: NDArray[np.int64],
    out: Ranking,
) -> None:
    n_adverts = len(block.starts) - 1
    advert = block.advert[in_order] - block.first_advert
    within = in_order - block.starts[advert]
    within_bits = int(np.diff(block.starts).max()).bit_length()
    stage_bits = max(len(plan.stages) - 1, 0).bit_length()
    advert_bits = max(n_adverts - 1, 0).bit_length()
    room = 64 - advert_bits - stage_bits - within_bits
    body, body_bits = _bodies(plan, block, stage, in_order, room)
    key = advert.astype(np.uint64)
    if stage_bits:
        key = (key << np.uint64(stage_bits)) | stage[in_order].astype(np.uint64)
    if body_bits:
        key = (key << np.uint64(body_bits)) | body
    key = (key << np.uint64(within_bits)) | within.astype(np.uint64)
    key.sort()
    if (key[1:] < key[:-1]).any():
        raise PropertyError(4, "packed keys decrease with position")
    above = np.uint64(within_bits)
    advert = (key >> np.uint64(within_bits + body_bits + stage_bits)).astype(np.int64)
    at = block.starts[advert] + (key & np.uint64((1 << within_bits) - 1)).astype(np.int64)
    counts = np.bincount(advert, minlength=n_adverts)
    first = np.cumsum(counts) - counts
    rank_in_block = np.arange(len(key))
    position = np.empty(len(stage), np.int32)
    position[at] = rank_in_block - first[advert] + 1
    span = block.span
    ordered = np.zeros(len(stage), np.int32)
    ordered[at] = position[at]
    out.position[span] = ordered
    tied = np.zeros(len(stage), bool)
    tied[at[1:]] = (key[1:] >> above) == (key[:-1] >> above)
    out.tied[span] = tied
    begins = block.starts[:-1][advert] + rank_in_block - first[advert]
    out.order[span.start + begins] = at + span.start
    place = work.offset + block.first_advert
    out.ordered[place : place + n_adverts] = counts


def _bodies(
    plan: Plan,
    block: Block,
    stage: NDArray[np.int8],
    in_order: NDArray[np.int64],
    room: int,
) -> tuple[NDArray[np.uint64], int]:
    """The keys of each ordered bid in at most ``room`` bits, and the bits used."""
    if len(plan.stages) == 1:
        return _body(plan.keys[0], block, in_order, room)
    body = np.zeros(len(in_order), np.uint64)
    bits = 0
    mine_of = stage[in_order]
    for number, parts in enumerate(plan.keys):
        mine = mine_of == number
        if mine.any():
            body[mine], used = _body(parts, block, in_order[mine], room)
            bits = max(bits, used)
    return body, bits


def _body(
    parts: tuple[KeyPart, ...], block: Block, at: NDArray[np.int64], room: int
) -> tuple[NDArray[np.uint64], int]:
    """Fold the parts together; whatever would not fit is replaced by its rank in the block."""
    packed = np.zeros(len(at), np.uint64)
    width = 0
    for part in parts:
        codes = part.make(block, at)
        own = part.width or int(codes.max(initial=0)).bit_length()
        if width + own > room:
            if own > width:
                codes, own = dense(codes)
            if width + own > room:
                packed, width = dense(packed)
            if width + own > room:
                codes, own = dense(codes)
        packed = codes if width == 0 else (packed << np.uint64(own)) | codes
        width += own
    return packed, width


__all__ = ["ELIGIBLE", "HELD", "INELIGIBLE", "MET", "NO_STAGE", "Ranking", "rank"]
