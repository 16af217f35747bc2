"""Bids one by one, at the edge: the original columns of each, and the value of each key.

Nothing here goes through classes, raw words or packed keys, so it serves both to explain a bid
and to check the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess.outcomes import FAILED, MET, UNKNOWN, for_sql
from cbl_engine.scheme.keys import (
    BandKey,
    BedroomFitKey,
    BidTimeKey,
    ConnectionKey,
    DateKey,
    DebtKey,
    LotteryKey,
    PointsKey,
    PreferKey,
)
from cbl_engine.shortlist.classes import column_codes, nulls, nulls_as, rows_of, whole_numbers
from cbl_engine.shortlist.keys import lottery_draws
from cbl_engine.shortlist.register import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cbl_engine.scheme.keys import Key
    from cbl_engine.shortlist.bids import Bids
    from cbl_engine.shortlist.compiled import Condition, OrderKey
    from cbl_engine.shortlist.plans import Work


@dataclass(eq=False)
class Rows:
    """Some bids of one batch.

    Attributes:
        work: what the batch was ranked with.
        at: positions among all counted bids, ascending order not needed.
        bids: all counted bids.
        instead: columns and facts of the application with one value for every bid, in place of
            what the register has: what would be if.
    """

    work: Work
    at: NDArray[np.int64]
    bids: Bids
    instead: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _values: dict[str, pl.Series] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def applications(self) -> NDArray[np.int64]:
        """Ordinal of each bid's application."""
        return self.bids.applications(self.at)

    @cached_property
    def _rows(self) -> pl.Series:
        """The same as polars takes rows, told once for all columns."""
        return pl.Series(self.applications.astype(np.uint32))

    @cached_property
    def adverts(self) -> NDArray[np.int64]:
        """Place of each bid's advert within the batch."""
        return self.bids.places(self.at) - self.work.offset

    def column(self, name: str) -> pl.Series:
        """A column or fact of the application, ``advert.x``, or a pair fact, bid by bid."""
        view, side = self.work.batch.view, self.work.batch.adverts
        if name.startswith("advert."):
            return side.column(name.removeprefix("advert."))[self.adverts].alias(name)
        if name in view.frame.columns:
            return self._given(view.frame[name][self._rows].alias(name))
        return self._pair_fact(name)

    def _given(self, values: pl.Series) -> pl.Series:
        if values.name not in self.instead:
            return values
        value = [self.instead[values.name]] * len(values)
        return pl.Series(values.name, value, dtype=values.dtype)

    def _pair_fact(self, name: str) -> pl.Series:
        view, side = self.work.batch.view, self.work.batch.adverts
        areas = side.areas()
        values = view.pair_fact(name, areas)
        index = side.area_index(np.arange(side.n))[self.adverts]
        out = pl.Series(name, [None] * len(self.at), dtype=values.dtypes[0])
        for area in np.unique(index[index >= 0]):
            mine = np.flatnonzero(index == area)
            found = values.to_series(int(area))[self.applications[mine]]
            out = out.scatter(mine, found)
        return self._given(out)

    def frame(self, conditions: list[Condition]) -> pl.DataFrame:
        """Every column that these conditions read, bid by bid."""
        view, side = self.work.batch.view, self.work.batch.adverts
        own = dict.fromkeys(n for c in conditions for n in c.reads.own)
        theirs = dict.fromkeys(n for c in conditions for n in c.reads.advert)
        facts = dict.fromkeys(n for c in conditions for n in c.reads.pair_facts)
        columns = [
            *map(self._given, rows_of(view.frame, own, self._rows)),
            *(c.alias(f"advert.{c.name}") for c in rows_of(side.frame, theirs, self.adverts)),
            *(self._pair_fact(name) for name in facts),
        ]
        if not columns:
            return pl.DataFrame({"": np.zeros(len(self.at), np.int8)})
        return for_sql(columns)

    def outcomes(self, conditions: list[Condition]) -> dict[int, NDArray[np.int8]]:
        """Outcome codes of criteria and of keys (MET or UNKNOWN), by bit."""
        criteria = [c for c in conditions if c.expression is not None]
        out: dict[int, NDArray[np.int8]] = {}
        if criteria:
            frame = self.frame(criteria)
            out = evaluate(frame, criteria, self.work.batch.view.constants)
        for condition in conditions:
            if condition.key is not None:
                unknown = nulls(self.value(condition.key))
                out[condition.bit] = np.where(unknown, UNKNOWN, MET).astype(np.int8)
        return out

    def value(self, key: Key) -> pl.Series:
        """The value of a key for each bid, as people know it; null where not known.

        A band's name; a date; points; whether a preference is met; strength of connection;
        bedroom need less bedrooms (or the need, for largest_need); debt; the bid time
        [microseconds since 1970 UTC]; the draw.
        """
        name = repr(key)
        if name not in self._values:
            self._values[name] = self._value(key)
        return self._values[name]

    def _value(self, key: Key) -> pl.Series:
        if isinstance(key, BandKey):  # one that only another version has is none of its
            held = self.column("band")
            elsewhere = _bands(key, held) == len(_listed(key))
            return held.set(pl.Series(elsewhere), None) if elsewhere.any() else held
        if isinstance(key, DateKey):
            return self._date(key)
        if isinstance(key, PointsKey):
            return self.column(key.points)
        if isinstance(key, ConnectionKey):
            return self.column(key.connection)
        if isinstance(key, DebtKey):
            return self.column(key.debt)
        if isinstance(key, PreferKey):
            condition = self._criterion(key.prefer)
            codes = self.outcomes([condition])[condition.bit]
            met = pl.Series(key.prefer, codes == MET)
            return met.set(pl.Series(codes == UNKNOWN), None)
        if isinstance(key, BedroomFitKey):
            need = self.column("bedroom_need").cast(pl.Int64)
            if key.bedroom_fit == "largest_need":
                return need
            return need - self.column("advert.bedrooms").cast(pl.Int64)
        if isinstance(key, BidTimeKey):
            return pl.Series("bid_time", self._times(key.bid_time))
        if isinstance(key, LotteryKey):
            return pl.Series("draw", self._draws(key.lottery))
        return pl.Series("tie", np.zeros(len(self.at), np.int8))

    def _criterion(self, name: str) -> Condition:
        conditions = self.work.batch.view.compiled.conditions
        return next(c for c in conditions if c.kind == "criterion" and c.name == name)

    def _date(self, key: DateKey) -> pl.Series:
        if isinstance(key.date, str):
            return self.column(key.date)
        version = self.work.batch.view.compiled.version
        undecided = np.ones(len(self.at), bool)
        out = pl.Series("date", [None] * len(self.at), dtype=pl.Date)
        for chooser, column in key.date.items():
            outcome = np.full(len(self.at), MET, np.int8)
            if chooser in version.bands:
                holds = (self.column("band") == chooser).fill_null(False).to_numpy()
                outcome[~holds] = FAILED
            elif chooser != "otherwise":
                (outcome,) = self.outcomes([self._criterion(chooser)]).values()
            applies = outcome == MET
            mine = undecided & applies
            out = out.set(pl.Series(mine), None).zip_with(
                pl.Series(~mine), self.column(column).cast(pl.Date)
            )
            undecided &= outcome == FAILED
        return out

    def _times(self, rule: str) -> NDArray[np.int64]:
        times = self.bids.placed_at[self.bids.rows(self.at)]
        positions, earlier = self.bids.first_time
        if rule == "first" and len(positions):
            found = np.searchsorted(positions, self.at)
            found[found == len(positions)] = 0
            hit = positions[found] == self.at
            times[hit] = earlier[found[hit]]
        return times

    def _draws(self, kind: str) -> NDArray[np.uint64]:
        advert_hashes, seeds = self.work.hashes.adverts()
        return lottery_draws(
            kind,
            seeds[self.adverts],
            advert_hashes[self.adverts],
            self.work.hashes.applications()[self.applications],
            self.work.hashes.seed,
        )


def preference(key: OrderKey, values: pl.Series) -> NDArray[np.float64 | np.int64 | np.uint64]:
    """Values as numbers that sort best first; not known above all known.

    Draws are returned as they are; everything else as Int64.
    """
    rule = key.key
    if isinstance(rule, LotteryKey):
        return values.to_numpy()
    worst = np.iinfo(np.int64).max
    if isinstance(rule, BandKey):
        return _bands(rule, values)
    if isinstance(rule, PreferKey):
        return 1 - nulls_as(values.cast(pl.Int8), 0)
    if isinstance(rule, PointsKey):
        numbers = -values.cast(pl.Int64)
    elif isinstance(rule, BedroomFitKey):
        numbers = _fit(rule, values)
    elif isinstance(rule, DebtKey) and rule.compare == "any":
        numbers = (values if values.dtype == pl.Boolean else values > 0).cast(pl.Int64)
    else:
        numbers = whole_numbers(values)
    return nulls_as(numbers, worst) if numbers.null_count() else numbers.to_numpy()


def _bands(rule: BandKey, values: pl.Series) -> NDArray[np.int64]:
    rank = _listed(rule)
    codes, size = column_codes(values)
    some_row = np.zeros(size, np.int64)
    some_row[codes] = np.arange(len(values))
    names = values[some_row].cast(pl.String).to_list() if len(values) else []
    return np.array([rank.get(n, len(rank)) for n in names], np.int64)[codes]


def _listed(rule: BandKey) -> dict[str, int]:
    """Place of every band that the order lists."""
    return {b: i for i, item in enumerate(rule.band)
            for b in ((item,) if isinstance(item, str) else item)}


def _fit(rule: BedroomFitKey, values: pl.Series) -> pl.Series:
    if rule.bedroom_fit == "largest_need":
        return -values
    if rule.bedroom_fit == "exact_first":
        return (values != 0).cast(pl.Int64)
    spare = -values
    return spare.clip(lower_bound=0)

