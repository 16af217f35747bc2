"""What every block of a batch shares: the layout of its conditions, and a plan a programme."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.assess.outcomes import FAILED, UNKNOWN
from cbl_engine.draws import stable_hash
from cbl_engine.scheme.keys import BidTimeKey, LotteryKey, PreferKey
from cbl_engine.shortlist.fields import Layout, lay_out
from cbl_engine.shortlist.keys import lottery_draws, pair_key, preference_codes, segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from cbl_engine.shortlist.adverts import Adverts, AdvertSide, Batch
    from cbl_engine.shortlist.compiled import OrderKey, Programme, StagePlan
    from cbl_engine.shortlist.judge import Block
    from cbl_engine.shortlist.keys import PairCodes
    from cbl_engine.shortlist.register import RegisterAt
    from cbl_engine.tables import Ordinals


@dataclass(frozen=True, eq=False)
class StageMasks:
    """Masks over the adverts of a batch, one array a raw word."""

    fail: tuple[NDArray[np.uint64], ...]
    unknown: tuple[NDArray[np.uint64], ...]
    key_unknown: tuple[NDArray[np.uint64], ...]

    @cached_property
    def fail_words(self) -> tuple[int, ...]:
        """Raw words in which any advert's fail mask has a bit."""
        return _not_empty(self.fail)

    @cached_property
    def unknown_words(self) -> tuple[int, ...]:
        """The same of criteria not known."""
        return _not_empty(self.unknown)

    @cached_property
    def key_unknown_words(self) -> tuple[int, ...]:
        """The same of keys not known."""
        return _not_empty(self.key_unknown)


def _not_empty(masks: tuple[NDArray[np.uint64], ...]) -> tuple[int, ...]:
    return tuple(word for word, mask in enumerate(masks) if mask.any())


@dataclass(frozen=True, eq=False)
class KeyPart:
    """One field of the packed key: codes of some bids of a block; width 0 = found block by block.

    ``make`` is a function of this module with its first arguments, which a shortlist that is
    pickled takes along.
    ``codes`` are those of every application, where the application alone has them.
    """

    width: int
    make: Callable[[Block, NDArray[np.int64]], NDArray[np.uint64]]
    codes: NDArray[np.uint64] | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    """One programme of a batch made ready.

    Attributes:
        programme: what it is made from.
        conditions: bits it uses.
        common, stages: masks of the common criteria, and of each stage's.
        words: raw words of each application; in the last, above the bits of the conditions, the
            code of the first run of application keys, where there is one stage and room.
        keys: fields of the packed key, stage by stage.
        hold: for each stage, canonical words of the keys that hold when not known.
    """

    programme: Programme
    conditions: frozenset[int]
    common: StageMasks
    stages: tuple[StageMasks, ...]
    words: tuple[NDArray[np.uint64], ...]
    keys: tuple[tuple[KeyPart, ...], ...]
    hold: tuple[NDArray[np.uint64], ...]

    @cached_property
    def anything(self) -> tuple[NDArray[np.uint64], ...]:
        """For each advert, the raw bits with which anything fails or is not known."""
        every = (self.common, *self.stages)
        return tuple(
            np.bitwise_or.reduce([m for masks in every
                                  for m in (masks.fail[w], masks.unknown[w], masks.key_unknown[w])])
            for w in range(len(self.common.fail))
        )

    @cached_property
    def words_used(self) -> tuple[int, ...]:
        """Raw words in which any of these bits are."""
        return _not_empty(self.anything)


@dataclass(frozen=True, eq=False)
class Work:
    """Everything the blocks of one batch share.

    Attributes:
        batch: adverts and the view of the register.
        layout: where each condition has its bits.
        plans: one a programme.
        offset: place of the batch's first advert among all.
        n_words: canonical words.
        hold: canonical words of the criteria that hold when not known.
        hashes: for lotteries.
    """

    batch: Batch
    layout: Layout
    plans: tuple[Plan, ...]
    offset: int
    n_words: int
    hold: NDArray[np.uint64]
    hashes: Hashes


class Hashes:
    """Stable hashes for lotteries, made when a profile has one."""

    def __init__(self, batch: Batch, adverts: Adverts, applications: Ordinals, seed: int) -> None:
        self.seed = seed
        self._view = batch.view
        self._applications = applications
        self._adverts = adverts
        self._ordinals = batch.adverts.ordinals

    def applications(self) -> NDArray[np.uint64]:
        """Hash of every application, by ordinal."""
        ids = self._applications.ids
        return self._view.keep("hashes", lambda: stable_hash(ids.to_list()))

    def adverts(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Hash and seed of every advert of the batch."""
        ids = self._adverts.ordinals.ids
        mine = ids.gather(self._ordinals.astype(np.int64)).to_list()
        return stable_hash(mine), self._adverts.seeds[self._ordinals]


def make_all_ready(
    adverts: Adverts, applications: Ordinals, n_bids: int, seed: int, pool: Executor | None
) -> list[Work]:
    """Lay out the conditions that each batch's programmes use, and plan each programme.

    Args:
        adverts: all adverts, in batches.
        applications: ids <-> ordinals.
        n_bids: bids in all; how criteria are evaluated depends on about how many a batch has.
        seed: of the run.
        pool: shares the work out, if there is one.
    """
    n_words = max((b.view.compiled.n_words for b in adverts.batches), default=1)
    works: list[Work] = []
    offset = 0
    for batch in adverts.batches:
        share = n_bids * batch.adverts.n // max(adverts.n_considered, 1)
        works.append(
            _make_ready(batch, adverts, applications, offset, share, n_words, seed, pool)
        )
        offset += batch.adverts.n
    return works


def _make_ready(
    batch: Batch,
    adverts: Adverts,
    applications: Ordinals,
    offset: int,
    n_bids: int,
    n_words: int,
    seed: int,
    pool: Executor | None,
) -> Work:
    compiled = batch.view.compiled
    programmes = batch.adverts.programmes
    used = [_conditions(programme) for programme in programmes]
    wanted = set().union(*used)
    layout = lay_out(
        batch.view, batch.adverts, [c for c in compiled.conditions if c.bit in wanted],
        n_bids, pool,
    )
    hashes = Hashes(batch, adverts, applications, seed)
    plans = tuple(
        _plan(batch, layout, programme, conditions, hashes, n_words)
        for programme, conditions in zip(programmes, used, strict=True)
    )
    hold = words_of((c.bit for c in compiled.conditions if c.when_unknown == "hold"), n_words)
    return Work(batch, layout, plans, offset, n_words, hold, hashes)


def _conditions(programme: Programme) -> frozenset[int]:
    used = set(programme.common)
    for stage in programme.stages:
        used.update(stage.criteria)
        used.update(k.condition for k in stage.keys if k.condition is not None)
    return frozenset(used)


def words_of(bits: Iterable[int], n_words: int) -> NDArray[np.uint64]:
    """Canonical words with these bits set."""
    words = np.zeros(n_words, np.uint64)
    for bit in bits:
        words[bit >> 6] |= np.uint64(1 << (bit & 63))
    return words


def _plan(
    batch: Batch,
    layout: Layout,
    programme: Programme,
    conditions: frozenset[int],
    hashes: Hashes,
    n_words: int,
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

    def holding(stage: StagePlan) -> NDArray[np.uint64]:
        bits = [k.condition for k in stage.keys
                if k.condition is not None and k.key.when_unknown == "hold"]
        return words_of(bits, n_words)

    words, keys = layout.words, [
        _key_parts(batch, layout, stage, hashes) for stage in programme.stages
    ]
    if len(keys) == 1:
        words, keys[0] = _share_a_word(layout, keys[0])
    return Plan(
        programme,
        conditions,
        masks(programme.common),
        tuple(masks(s.criteria, s.keys) for s in programme.stages),
        words,
        tuple(keys),
        tuple(holding(s) for s in programme.stages),
    )


def _key_parts(
    batch: Batch, layout: Layout, stage: StagePlan, hashes: Hashes
) -> tuple[KeyPart, ...]:
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
            parts.append(_pair_part(batch.view, batch.adverts, layout, key))
        elif isinstance(key.key, BidTimeKey):
            parts.append(_time_part(key.key.bid_time))
        elif isinstance(key.key, LotteryKey):
            parts.append(_lottery_part(key.key.lottery, hashes))
    close_run()
    return tuple(parts)


def _application_part(codes: NDArray[np.uint64], width: int) -> KeyPart:
    return KeyPart(width, partial(_of_applications, codes), codes)


def _of_applications(
    codes: NDArray[np.uint64], block: Block, at: NDArray[np.int64]
) -> NDArray[np.uint64]:
    return codes[block.applications[at]]


def _share_a_word(
    layout: Layout, parts: tuple[KeyPart, ...]
) -> tuple[tuple[NDArray[np.uint64], ...], tuple[KeyPart, ...]]:
    """Put the first part's codes above the last raw word's bits, so that one look finds both."""
    if not parts or parts[0].codes is None or layout.last_bits + parts[0].width > 64:
        return layout.words, parts
    shift = np.uint64(layout.last_bits)
    if layout.last_bits == 64:
        return layout.words, parts
    last = layout.words[-1] | (parts[0].codes << shift)
    first = KeyPart(parts[0].width, partial(_above_bits, len(layout.words) - 1, shift))
    return (*layout.words[:-1], last), (first, *parts[1:])


def _above_bits(
    word: int, shift: np.uint64, block: Block, at: NDArray[np.int64]
) -> NDArray[np.uint64]:
    return block.raw(word)[at] >> shift


def _pair_part(
    view: RegisterAt, adverts: AdvertSide, layout: Layout, key: OrderKey
) -> KeyPart:
    bit = key.condition
    if isinstance(key.key, PreferKey) and bit is not None:
        table = layout.table(bit)
        if table is None:
            return KeyPart(1, partial(_not_met, bit))
        pair = preference_codes(table)
    else:
        pair = pair_key(view, adverts, key.key)
    flat = pair.codes.astype(np.uint64).ravel()
    rows = pair.row_of_kind.astype(np.int64)
    return KeyPart(pair.width, partial(_of_pairs, pair, flat, rows))


def _of_pairs(
    pair: PairCodes, flat: NDArray[np.uint64], rows: NDArray[np.int64],
    block: Block, at: NDArray[np.int64],
) -> NDArray[np.uint64]:
    row = rows[pair.kind_of[block.applications[at]]]
    return flat[row * pair.codes.shape[1] + pair.column_of[block.advert[at]]]


def _not_met(bit: int, block: Block, at: NDArray[np.int64]) -> NDArray[np.uint64]:
    out = np.zeros(block.n, np.uint64)
    out[block.coded[bit].rows] = 1
    return out[at]


def _time_part(rule: str) -> KeyPart:
    return KeyPart(0, partial(_after_the_earliest, rule))


def _after_the_earliest(
    rule: str, block: Block, at: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Microseconds after the earliest bid on the advert."""
    times = block.bids.times(block.span, rule)
    filled = np.diff(block.starts) > 0
    earliest = np.zeros(len(filled), np.int64)
    earliest[filled] = np.minimum.reduceat(times, block.starts[:-1][filled])
    return (times - earliest[block.local])[at].astype(np.uint64)


def _lottery_part(kind: str, hashes: Hashes) -> KeyPart:
    return KeyPart(0, partial(_drawn, kind, hashes.seed, hashes.adverts(), hashes.applications()))


def _drawn(
    kind: str,
    seed: int,
    adverts: tuple[NDArray[np.uint64], NDArray[np.uint64]],
    applications: NDArray[np.uint64],
    block: Block,
    at: NDArray[np.int64],
) -> NDArray[np.uint64]:
    advert_hashes, seeds = adverts
    advert = block.advert[at]
    return lottery_draws(
        kind, seeds[advert], advert_hashes[advert], applications[block.applications[at]], seed
    )
