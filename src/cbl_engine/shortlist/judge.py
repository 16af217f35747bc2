"""What fails and what is not known for each bid of a block, and the stage it stands in.

Three ways to the same outcome codes, chosen by cost: raw words ANDed with the advert's masks;
a table looked up for each bid, for conditions with too many kinds of application for bits; and
the condition itself run over the bids, where there are few bids or too many combinations.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.shortlist.classes import FAILED, UNKNOWN
from cbl_engine.shortlist.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from cbl_engine.shortlist.bids import Bids
    from cbl_engine.shortlist.compiled import Condition
    from cbl_engine.shortlist.fields import Layout
    from cbl_engine.shortlist.plans import Plan, StageMasks, Work

NO_STAGE = -1


@dataclass(eq=False)
class Block:
    """Bids of consecutive adverts of one programme.

    Attributes:
        work, plan: what they are ranked with.
        bids: all counted bids.
        span: positions of these among them.
        first_advert: place within the batch of the first advert.
        starts: where each advert's bids begin, relative to the block, and the end.
    """

    work: Work
    plan: Plan
    bids: Bids
    span: slice
    first_advert: int
    starts: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Number of bids."""
        return self.span.stop - self.span.start

    @cached_property
    def applications(self) -> NDArray[np.int64]:
        """Ordinal of each bid's application."""
        return self.bids.applications(self.span)

    @cached_property
    def local(self) -> NDArray[np.int64]:
        """Number of each bid's advert within the block."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    @cached_property
    def advert(self) -> NDArray[np.int64]:
        """Place of each bid's advert within the batch."""
        return self.local + self.first_advert

    @cached_property
    def raw(self) -> tuple[NDArray[np.uint64], ...]:
        """Raw words of each bid's application."""
        return tuple(word.take(self.applications) for word in self.work.layout.words)

    def masked(self, masks: tuple[NDArray[np.uint64], ...], word: int) -> NDArray[np.uint64]:
        """The bits of a raw word that an advert's mask has too."""
        mine = masks[word][self.first_advert : self.first_advert + len(self.starts) - 1]
        return self.raw[word] & mine.take(self.local)

    @cached_property
    def codes(self) -> dict[int, NDArray[np.int8]]:
        """Outcome codes of the conditions without raw bits that the programme uses, by bit."""
        layout, used = self.work.layout, self.plan.conditions
        out: dict[int, NDArray[np.int8]] = {}
        for bit, table in layout.looked_up.items():
            if bit in used:
                out[bit] = table.of_bids(self.applications, self.advert)
        run = [c for c in layout.run if c.bit in used]
        if run:
            at = np.arange(self.span.start, self.span.stop)
            out |= Rows(self.work, at, self.bids).outcomes(run)
        return out


@dataclass(eq=False)
class Judgement:
    """What was found about a block's bids.

    Attributes:
        stage: from 0; NO_STAGE where no stage's criteria are met.
        ordered: bids not ineligible, as positions in the block, ascending.
        failed, unknown: canonical words of criteria, shape (words, bids); None when there are none.
        key_unknown: canonical words of keys not known, for the ordered bids' stage; or None.
    """

    stage: NDArray[np.int8]
    ordered: NDArray[np.int64]
    failed: NDArray[np.uint64] | None
    unknown: NDArray[np.uint64] | None
    key_unknown: NDArray[np.uint64] | None


def judge(block: Block) -> Judgement:
    """Judge every bid of a block."""
    plan = block.plan
    gather = _Gather(block)
    fails = gather.failing(plan.programme.common, plan.common, None)
    stage = np.full(block.n, NO_STAGE, np.int8)
    stages: list[tuple[tuple[int, ...], StageMasks, NDArray[np.bool_]]] = []
    if len(plan.stages) == 1 and not plan.programme.stages[0].criteria:
        stage[:] = 0
    else:
        met = [
            ~gather.any_fail(own.criteria, masks)
            for own, masks in zip(plan.programme.stages, plan.stages, strict=True)
        ]
        for number in reversed(range(len(met))):
            stage[met[number]] = number
        none = stage == NO_STAGE
        for number, own in enumerate(plan.programme.stages):
            if own.criteria:
                concerned = none | (stage == number)
                stages.append((own.criteria, plan.stages[number], concerned))
                gather.failing(own.criteria, plan.stages[number], concerned)
    gather.unknown(plan.programme.common, plan.common, None)
    for criteria, masks, concerned in stages:
        gather.unknown(criteria, masks, concerned)
    standing = ~fails
    if stages:
        standing &= stage != NO_STAGE
    ordered = np.flatnonzero(standing)
    for number, own in enumerate(plan.programme.stages):
        bits = tuple(k.condition for k in own.keys if k.condition is not None)
        concerned = standing & (stage == number) if len(plan.stages) > 1 else standing
        gather.key_unknown(bits, plan.stages[number], concerned)
    return Judgement(stage, ordered, gather.words[0], gather.words[1], gather.words[2])


class _Gather:
    """Collects canonical words group of criteria by group."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.layout: Layout = block.work.layout
        self.words: list[NDArray[np.uint64] | None] = [None, None, None]

    def any_fail(self, criteria: Iterable[int], masks: StageMasks) -> NDArray[np.bool_]:
        """Whether a bid fails any of these criteria."""
        fails = np.zeros(self.block.n, bool)
        for word in masks.fail_words:
            fails |= self.block.masked(masks.fail, word) != 0
        for bit, codes in self._coded(criteria):
            fails |= self._fails(bit, codes)
        return fails

    def failing(
        self, criteria: tuple[int, ...], masks: StageMasks, concerned: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_]:
        """The same, and note which fail, for the bids concerned."""
        fails = np.zeros(self.block.n, bool)
        for word in masks.fail_words:
            hit = self.block.masked(masks.fail, word)
            fails |= self._note(0, criteria, word, hit, concerned)
        for bit, codes in self._coded(criteria):
            fails |= self._note_bit(0, bit, self._fails(bit, codes), concerned)
        return fails

    def unknown(
        self, criteria: tuple[int, ...], masks: StageMasks, concerned: NDArray[np.bool_] | None
    ) -> None:
        """Note which are not known."""
        for word in masks.unknown_words:
            hit = self.block.masked(masks.unknown, word)
            self._note(1, criteria, word, hit, concerned)
        for bit, codes in self._coded(criteria):
            self._note_bit(1, bit, codes == UNKNOWN, concerned)

    def key_unknown(
        self, bits: tuple[int, ...], masks: StageMasks, concerned: NDArray[np.bool_]
    ) -> None:
        """Note which keys are not known."""
        for word in masks.key_unknown_words:
            self._note(2, bits, word, self.block.masked(masks.key_unknown, word), concerned)
        for bit, codes in self._coded(bits):
            self._note_bit(2, bit, codes == UNKNOWN, concerned)

    def _coded(self, bits: Iterable[int]) -> list[tuple[int, NDArray[np.int8]]]:
        if not self.layout.looked_up and not self.layout.run:
            return []
        return [(b, self.block.codes[b]) for b in dict.fromkeys(bits) if b in self.block.codes]

    def _fails(self, bit: int, codes: NDArray[np.int8]) -> NDArray[np.bool_]:
        condition: Condition = self.block.work.batch.view.compiled.conditions[bit]
        if condition.when_unknown == "fail":
            return codes != 0
        return codes == FAILED

    def _out(self, what: int) -> NDArray[np.uint64]:
        words = self.words[what]
        if words is None:
            words = np.zeros((self.block.work.n_words, self.block.n), np.uint64)
            self.words[what] = words
        return words

    def _note_bit(
        self, what: int, bit: int, hit: NDArray[np.bool_], concerned: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_]:
        noted = hit if concerned is None else hit & concerned
        if noted.any():
            self._out(what)[bit >> 6] |= noted * np.uint64(1 << (bit & 63))
        return hit

    def _note(
        self,
        what: int,
        bits: tuple[int, ...],
        word: int,
        hit: NDArray[np.uint64],
        concerned: NDArray[np.bool_] | None,
    ) -> NDArray[np.bool_]:
        is_hit = hit != 0
        at = np.flatnonzero(is_hit if concerned is None else is_hit & concerned)
        if len(at):
            found = hit.take(at)
            out = self._out(what)
            for number in range(self.block.work.n_words):
                canonical = self.layout.canonical(found, word, number, bits)
                if canonical is not None:
                    out[number, at] |= canonical
        return is_hit
