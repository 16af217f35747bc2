"""What fails and what is not known for each bid of a block, and the stage it stands in.

Three ways to the same outcome codes, chosen by cost: raw words ANDed with the advert's masks;
a table looked up for each bid, for conditions with too many kinds of application for bits; and
the condition itself run over the bids, where there are few bids or too many combinations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.assess.outcomes import FAILED, MET, UNKNOWN
from cbl_engine.shortlist.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from cbl_engine.shortlist.bids import Bids
    from cbl_engine.shortlist.classes import Table
    from cbl_engine.shortlist.compiled import Condition
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
    _raw: dict[int, NDArray[np.uint64]] = field(default_factory=dict, repr=False)

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

    def raw(self, word: int) -> NDArray[np.uint64]:
        """A raw word of each bid's application."""
        if word not in self._raw:
            self._raw[word] = self.plan.words[word][self.applications]
        return self._raw[word]

    @cached_property
    def coded(self) -> dict[int, Coded]:
        """Outcomes of the conditions without raw bits that the programme uses, by bit."""
        layout, used = self.work.layout, self.plan.conditions
        out: dict[int, Coded] = {}
        for bit, table in layout.looked_up.items():
            if bit in used:
                out[bit] = self._looked_up(table)
        run = [c for c in layout.run if c.bit in used]
        if run:
            at = np.arange(self.span.start, self.span.stop)
            for bit, codes in Rows(self.work, at, self.bids).outcomes(run).items():
                rows = np.flatnonzero(codes != MET)
                out[bit] = Coded(rows, codes[rows])
        return out

    def _looked_up(self, table: Table) -> Coded:
        """Only bids on adverts for which something is not met have to be looked at."""
        mine = slice(self.first_advert, self.first_advert + len(self.starts) - 1)
        matters = (table.cells != MET).any(axis=0)[table.column_of[mine]]
        rows = np.flatnonzero(np.repeat(matters, np.diff(self.starts)))
        codes = table.of_bids(
            self.applications[rows], self.local[rows] + self.first_advert
        )
        other = np.flatnonzero(codes != MET)
        return Coded(rows[other], codes[other])


@dataclass(frozen=True, eq=False)
class Coded:
    """Bids of a block for which a condition is not met, ascending, and its codes for them."""

    rows: NDArray[np.int64]
    codes: NDArray[np.int8]

    def among(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        """Codes for these bids, which include all those not met."""
        out = np.zeros(len(rows), np.int8)
        out[np.searchsorted(rows, self.rows)] = self.codes
        return out


@dataclass(eq=False)
class Judgement:
    """What was found about a block's bids.

    Only bids about which something fails or is not known are listed; the others are eligible in
    the first stage.

    Attributes:
        rows: the bids listed, as positions in the block, ascending.
        stage: of those, from 0; NO_STAGE where no stage's criteria are met.
        standing: which of those are not ineligible.
        failed, unknown: canonical words of criteria, shape (words, rows).
        key_unknown: canonical words of keys not known, for the stage of those standing.
        ordered: every bid of the block that is not ineligible, ascending.
    """

    rows: NDArray[np.int64]
    stage: NDArray[np.int8]
    standing: NDArray[np.bool_]
    failed: NDArray[np.uint64]
    unknown: NDArray[np.uint64]
    key_unknown: NDArray[np.uint64]
    ordered: NDArray[np.int64]


def judge(block: Block) -> Judgement:
    """Judge every bid of a block."""
    plan, programme = block.plan, block.plan.programme
    gather = _Gather(block)
    m = len(gather.rows)
    fails = gather.criteria(programme.common, plan.common, None)
    stage = np.full(m, NO_STAGE, np.int8)
    met = [
        ~gather.any_fail(own.criteria, masks)
        for own, masks in zip(programme.stages, plan.stages, strict=True)
    ]
    for number in reversed(range(len(met))):
        stage[met[number]] = number
    none = stage == NO_STAGE
    for number, own in enumerate(programme.stages):
        if own.criteria:
            gather.criteria(own.criteria, plan.stages[number], none | (stage == number))
    standing = ~(fails | none)
    for number, own in enumerate(programme.stages):
        bits = tuple(k.condition for k in own.keys if k.condition is not None)
        gather.keys(bits, plan.stages[number], standing & (stage == number))
    stands = np.ones(block.n, bool)
    stands[gather.rows[~standing]] = False
    return Judgement(
        gather.rows, stage, standing, gather.failed, gather.unknown, gather.key_unknown,
        np.flatnonzero(stands),
    )


class _Gather:
    """The bids of a block about which anything fails or is not known, and their words."""

    def __init__(self, block: Block) -> None:
        self.block = block
        plan = block.plan
        mine = slice(block.first_advert, block.first_advert + len(block.starts) - 1)
        touched = np.zeros(block.n, bool)
        hits: dict[int, NDArray[np.uint64]] = {}
        for word in plan.words_used:
            hits[word] = block.raw(word) & plan.anything[word][mine][block.local]
            touched |= hits[word] != 0
        for coded in block.coded.values():
            touched[coded.rows] = True
        self.rows = np.flatnonzero(touched)
        self.advert = block.local[self.rows] + block.first_advert
        self.hits = {word: hit[self.rows] for word, hit in hits.items()}
        self.codes = {bit: coded.among(self.rows) for bit, coded in block.coded.items()}
        shape = (block.work.n_words, len(self.rows))
        self.failed, self.unknown, self.key_unknown = (np.zeros(shape, np.uint64) for _ in "fuk")

    def any_fail(self, criteria: Iterable[int], masks: StageMasks) -> NDArray[np.bool_]:
        """Whether a bid fails any of these criteria."""
        fails = np.zeros(len(self.rows), bool)
        for word in masks.fail_words:
            fails |= (self.hits[word] & masks.fail[word][self.advert]) != 0
        for bit in criteria:
            if bit in self.codes:
                fails |= self._fails(bit)
        return fails

    def criteria(
        self, criteria: tuple[int, ...], masks: StageMasks, concerned: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_]:
        """Note which criteria fail and are not known, for the bids concerned; whether any fails."""
        fails = np.zeros(len(self.rows), bool)
        for word in masks.fail_words:
            hit = self.hits[word] & masks.fail[word][self.advert]
            fails |= hit != 0
            self._note(self.failed, criteria, word, hit, concerned)
        for word in masks.unknown_words:
            hit = self.hits[word] & masks.unknown[word][self.advert]
            self._note(self.unknown, criteria, word, hit, concerned, few=True)
        for bit in dict.fromkeys(criteria):
            if bit in self.codes:
                failing = self._fails(bit)
                fails |= failing
                self._note_bit(self.failed, bit, failing, concerned)
                self._note_bit(self.unknown, bit, self.codes[bit] == UNKNOWN, concerned)
        return fails

    def keys(
        self, bits: tuple[int, ...], masks: StageMasks, concerned: NDArray[np.bool_]
    ) -> None:
        """Note which keys are not known, for the bids concerned."""
        for word in masks.key_unknown_words:
            hit = self.hits[word] & masks.key_unknown[word][self.advert]
            self._note(self.key_unknown, bits, word, hit, concerned, few=True)
        for bit in bits:
            if bit in self.codes:
                self._note_bit(self.key_unknown, bit, self.codes[bit] == UNKNOWN, concerned)

    def _fails(self, bit: int) -> NDArray[np.bool_]:
        condition: Condition = self.block.work.batch.view.compiled.conditions[bit]
        codes = self.codes[bit]
        return codes != MET if condition.when_unknown == "fail" else codes == FAILED

    def _note_bit(
        self,
        out: NDArray[np.uint64],
        bit: int,
        hit: NDArray[np.bool_],
        concerned: NDArray[np.bool_] | None,
    ) -> None:
        noted = hit if concerned is None else hit & concerned
        out[bit >> 6] |= noted * np.uint64(1 << (bit & 63))

    def _note(
        self,
        out: NDArray[np.uint64],
        bits: tuple[int, ...],
        word: int,
        hit: NDArray[np.uint64],
        concerned: NDArray[np.bool_] | None,
        *,
        few: bool = False,
    ) -> None:
        """Put the canonical bits of hits into ``out``; ``few`` looks only at the bids hit."""
        at: slice | NDArray[np.int64] = slice(None)
        if few:
            at = np.flatnonzero(hit != 0 if concerned is None else (hit != 0) & concerned)
            hit = hit[at]
        elif concerned is not None:
            hit = hit * concerned
        for number in range(len(out)):
            canonical = self.block.work.layout.canonical(hit, word, number, bits)
            if canonical is not None:
                out[number][at] |= canonical
