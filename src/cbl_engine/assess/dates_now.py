"""The date of each application today: after its last spell, and what stands instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.date_rules import (
    ASKED,
    AWARDED,
    FIRST,
    INSTEAD,
    NOT_ASKED,
    RECORDED,
    Bands,
    FirstDates,
    Plan,
    Settled,
)
from cbl_engine.assess.histories import NO_DAY, History, days_of, last_of, value_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cbl_engine.assess.found import Found
    from cbl_engine.scheme.assessment import Instead, PriorityDate

_MET, _UNKNOWN = 0, 2  # outcome codes of criteria


@dataclass(frozen=True, eq=False)
class Now:
    """The date of each application today.

    Attributes:
        last: its last spell, -1 for none.
        entered: the spell with which the band now held was entered, -1 for none.
        day, event, rule: as of a spell.
        item: the place of the ``instead`` that applied, -1 for none.
    """

    last: NDArray[np.int64]
    entered: NDArray[np.int64]
    day: NDArray[np.int32]
    event: NDArray[np.int64]
    rule: NDArray[np.int8]
    original: NDArray[np.int32]
    original_event: NDArray[np.int64]
    item: NDArray[np.int8]


def dates_now(history: History, settled: Settled, plan: Plan, firsts: FirstDates) -> Now:
    """The date after the last spell; the first date of an application that has none."""
    n = firsts.days.shape[1]
    last = last_of(history, n)
    day, event = firsts.of(np.full(n, len(firsts.which) - 1), np.arange(n))
    some = last >= 0
    at = last[some]
    columns: dict[str, NDArray] = {
        "day": day,
        "event": event,
        "rule": np.full(n, FIRST, np.int8),
        "original": day.copy(),
        "original_event": event.copy(),
    }
    for name, column in columns.items():
        column[some] = getattr(settled, name)[at]
    entered = np.full(n, -1, np.int64)
    entered[some] = plan.entered[at]
    return Now(last=last, entered=entered, item=np.full(n, -1, np.int8), **columns)


def with_instead(
    now: Now,
    history: History,
    rule: PriorityDate,
    bands: Bands,
    firsts: FirstDates,
    applications: pl.DataFrame,
    outcomes: Mapping[str, NDArray[np.int8]],
    found: Found,
) -> Now:
    """The dates with those of ``instead`` in place of them, for the first item that applies.

    A date that an officer gave stands. A criterion that is not known does not apply, and the
    next item is read; a date that is missing leaves the date as it was.
    """
    day, event, by, item = now.day.copy(), now.event.copy(), now.rule.copy(), now.item.copy()
    band = bands.same[value_at(history.band, now.last, -1)]
    free = by != RECORDED
    for number, one in enumerate(rule.instead):
        named = f"priority_date.instead.{number + 1}"
        here = free.copy()
        if one.bands:
            codes = [i for i, name in enumerate(bands.names) if name in one.bands]
            here &= np.isin(band, codes)
        if one.when is not None:
            code = outcomes[one.when]
            found.missing(np.flatnonzero(here & (code == _UNKNOWN)), one.when, named,
                          "taken as not met")
            here &= code == _MET
        free &= ~here
        at = np.flatnonzero(here)
        new, came = _other_date(one, at, now, history, firsts, applications)
        lost = new == NO_DAY
        found.missing(at[lost], one.date or "band_history", named, "the date stays as it was")
        at, new, came = at[~lost], new[~lost], came[~lost]
        day[at], event[at], by[at], item[at] = new, came, INSTEAD, number
    return replace(now, day=day, event=event, rule=by, item=item)


def _other_date(
    one: Instead,
    at: NDArray[np.int64],
    now: Now,
    history: History,
    firsts: FirstDates,
    applications: pl.DataFrame,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The days that an item of ``instead`` gives these applications, and what they came from."""
    if one.date is not None:
        came = np.full(len(at), -1 - firsts.columns.index(one.date))
        return days_of(applications[one.date][at]), came
    if one.months_earlier is not None:
        days = pl.Series(now.day[at])
        earlier = pl.select(
            pl.when(days != NO_DAY).then(days).cast(pl.Date).dt.offset_by(f"-{one.months_earlier}mo")
        ).to_series()
        return days_of(earlier), now.event[at]
    if one.take == "original":
        return now.original[at], now.original_event[at]
    entered = now.entered[at]
    since = value_at(history.since, entered, NO_DAY)
    asked = value_at(history.submitted, entered, NO_DAY)
    if one.take == "award":
        return since, entered * 4 + AWARDED
    known = asked != NO_DAY
    return np.where(known, asked, since), entered * 4 + np.where(known, ASKED, NOT_ASKED)
