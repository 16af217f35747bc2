"""Histories of bands laid out: each application's spells in the order they count.

Arrays, a place a spell: applications by ordinal, bands by code, days since 1970 as int32.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.assess.date_rules import Bands
    from cbl_engine.assess.found import Found
    from cbl_engine.tables import Ordinals

NO_DAY = np.iinfo(np.int32).min
"""A day that is not known, or a beginning before all others."""

REASONS = ("need", "policy", "reregistration", "joined", "split")
NEED, POLICY, REREGISTRATION, JOINED, SPLIT = range(len(REASONS))
NOT_HERE = -2
"""Ordinal of an application that is named but not among those given."""
TODAY = -1
"""Row of a spell that is not in the history but was found today."""

_COLUMNS = {
    "application": None,
    "band": pl.String,
    "since": pl.Date,
    "until": pl.Date,
    "why": pl.String,
    "submitted_on": pl.Date,
    "priority_date": pl.Date,
    "from_application": None,
    "on_register": pl.Boolean,
}


@dataclass(frozen=True, eq=False)
class History:
    """Spells in the order they count: by application, then by the day they began.

    Attributes:
        application: ordinal of whose it is.
        origin: ordinal of the application that it was first recorded for.
        row: its row as given, -1 for the band found today.
        band: its code, -1 for none.
        day: the day it takes its place in the history.
        since: the day it began.
        until: the first day it no longer held.
        why: a code of :data:`REASONS`.
        submitted: the day the change was asked for.
        recorded: the date that an officer gave it, or that the register has.
        on_register: it is the band on the application's row, of one that has no history.
        other: ordinal of the application joined with or split from, -1 for none.
    """

    application: NDArray[np.int32]
    origin: NDArray[np.int32]
    row: NDArray[np.int64]
    band: NDArray[np.int16]
    day: NDArray[np.int32]
    since: NDArray[np.int32]
    until: NDArray[np.int32]
    why: NDArray[np.int8]
    submitted: NDArray[np.int32]
    recorded: NDArray[np.int32]
    other: NDArray[np.int32]
    on_register: NDArray[np.bool_]

    def __len__(self) -> int:
        """Number of spells."""
        return len(self.application)

    def taken(self, at: NDArray[np.integer] | NDArray[np.bool_]) -> History:
        """The spells at these places."""
        return History(*(column[at] for column in self._columns()))

    def followed_by(self, more: History) -> History:
        """These spells and more, each application's in the order they are given here."""
        both = [np.concatenate(pair) for pair in zip(self._columns(), more._columns(), strict=True)]
        return History(*both).taken(np.argsort(both[0], kind="stable"))

    def begins(self) -> NDArray[np.bool_]:
        """Whether each spell is the first of its application."""
        changed = self.application[1:] != self.application[:-1]
        return np.concatenate((np.ones(min(1, len(self)), bool), changed))

    def _columns(self) -> Iterator[NDArray]:
        return (getattr(self, f.name) for f in fields(self))


def days_of(column: pl.Series) -> NDArray[np.int32]:
    """Days since 1970, :data:`NO_DAY` for null."""
    return column.cast(pl.Date).to_physical().fill_null(NO_DAY).to_numpy()


def codes_of(column: pl.Series, names: Sequence[str], none: int) -> NDArray[np.int16]:
    """The place of each text among names; ``none`` for null, -2 for a text not among them."""
    codes = {None: none, **{name: i for i, name in enumerate(names)}}
    texts = column.cast(pl.String)
    if texts.null_count() == len(texts):
        return np.full(len(texts), none, np.int16)
    return texts.replace_strict(codes, default=-2, return_dtype=pl.Int16).to_numpy()


def laid_out(
    spells: pl.DataFrame, ids: Ordinals, bands: Sequence[str], as_at: date, found: Found
) -> History:
    """The spells of a register in the order they count.

    1. Those that begin after as-at and those of no application here are left out; a spell that
       ended no later than it began was never held. 2. Order by application and day begun, no day
    before all days. 3. Those of one day by the day they ended, then the lower band first.
    4. Report what does not fit together.

    Args:
        spells: band_history; columns that it lacks are null.
        ids: the applications.
        bands: names of the codes, highest band first.
        as_at: today.
        found: takes what is reported.
    """
    names = dict(_COLUMNS)
    frame = spells.select(
        pl.col(n) if n in spells.columns else pl.lit(None, t).alias(n) for n, t in names.items()
    )
    why = codes_of(frame["why"], REASONS, NEED)
    whose = ids.ordinals_of(frame["application"])
    history = History(
        application=whose,
        origin=whose,
        row=np.arange(len(frame)),
        band=codes_of(frame["band"], bands, -1),
        day=days_of(frame["since"]),
        since=days_of(frame["since"]),
        until=days_of(frame["until"]),
        why=np.maximum(why, NEED).astype(np.int8),
        submitted=days_of(frame["submitted_on"]),
        recorded=days_of(frame["priority_date"]),
        other=_ordinals_of(frame["from_application"], ids),
        on_register=frame["on_register"].fill_null(value=False).to_numpy(),
    )
    here = (history.application >= 0) & (history.since <= day_number(as_at))
    never = here & (history.until != NO_DAY) & (history.until <= history.since)
    _report(found, "spell_without_a_day", history, never)
    _report(found, "reason_not_known", history, here & ~never & (why < 0))
    late = (history.submitted > history.since) & (history.since != NO_DAY)
    _report(found, "submitted_after_award", history, here & ~never & late)
    kept = here & ~never
    history = _in_order(history if kept.all() else history.taken(kept))
    # A register that keeps no ends leaves every spell open.
    _neighbours(history, found, keeps_ends=frame["until"].null_count() < len(frame))
    return _with_inherited(history, found)


def _ordinals_of(column: pl.Series, ids: Ordinals) -> NDArray[np.int32]:
    """Ordinals; -1 for null, :data:`NOT_HERE` for an id that is not among those given."""
    if column.null_count() == len(column):
        return np.full(len(column), -1, np.int32)
    out = ids.ordinals_of(column)
    return np.where((out < 0) & column.is_not_null().to_numpy(), np.int32(NOT_HERE), out)


def _report(found: Found, kind: str, history: History, which: NDArray[np.bool_]) -> None:
    found.contradiction(kind, history.application[which], history.row[which])


def sort_key(
    application: NDArray[np.integer], day: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Application and day in one whole number, ascending with both."""
    return (application.astype(np.int64) << 32) + (day.astype(np.int64) - NO_DAY)


def _in_order(history: History) -> History:
    key = sort_key(history.application, history.day)
    if not (key[1:] > key[:-1]).all():
        order = np.argsort(key, kind="stable")
        key = key[order]
        same = np.concatenate(([False], key[1:] == key[:-1]))
        tied = np.flatnonzero(same | np.concatenate((same[1:], [False])))
        rows = history.taken(order[tied])
        # Every column takes part, so that the order of rows as given decides nothing.
        lasting = np.where(rows.until == NO_DAY, np.iinfo(np.int32).max, rows.until)
        lower = np.where(rows.band < 0, np.iinfo(np.int16).max, rows.band)
        keys = (rows.other, rows.recorded, rows.submitted, rows.why, -lower, lasting, key[tied])
        order[tied] = order[tied][np.lexsort(keys)]
        history = history.taken(order)
    return history


def _neighbours(history: History, found: Found, *, keeps_ends: bool) -> None:
    """Report each pair of spells in a row that do not fit together."""
    before, after = slice(None, -1), slice(1, None)
    same = history.application[after] == history.application[before]
    until, since = history.until[before], history.since[after]
    equal = same & (history.day[after] == history.day[before])
    ended = until != NO_DAY
    for kind, which in (
        ("same_day", equal),
        ("open_twice", same & ~equal & ~ended & keeps_ends),
        ("overlap", same & ~equal & ended & (until > since)),
        ("gap", same & ended & (until < since)),
    ):
        pair = history.application[after][which]
        found.contradiction(kind, pair, history.row[before][which], history.row[after][which])


def _with_inherited(history: History, found: Found) -> History:
    """Histories of applications split from others, begun with what the others had until then.

    A loop over generations of splits: expect one. A parent counts only when its history began
    before the split, so that no application can come from itself.
    """
    unknown = (history.other == NOT_HERE) & np.isin(history.why, (JOINED, SPLIT))
    begins = history.begins()
    split = begins & (history.why == SPLIT)
    orphans = unknown | (split & (history.other == -1))
    if split.any():
        n = int(max(history.application.max(), history.other.max())) + 1
        began = np.full(n, np.iinfo(np.int32).max, np.int64)
        began[history.application[begins]] = history.day[begins]
        parented = split & (history.other >= 0)
        parented[parented] = began[history.other[parented]] < history.day[parented]
        orphans |= split & ~parented
        at = np.flatnonzero(parented)
        children, parents = history.application[at], history.other[at]
        days = history.day[at]
        _report(found, "other_application_not_known", history, orphans)
        while len(children):
            ready = ~np.isin(parents, children)
            history = _inherit(history, children[ready], parents[ready], days[ready])
            children, parents, days = children[~ready], parents[~ready], days[~ready]
        return history
    _report(found, "other_application_not_known", history, orphans)
    return history


def _inherit(
    history: History, child: NDArray[np.int32], parent: NDArray[np.int32], day: NDArray[np.int32]
) -> History:
    """Each child's history with its parent's spells from before the day put in front."""
    first = np.searchsorted(history.application, parent)
    last = np.searchsorted(sort_key(history.application, history.day), sort_key(parent, day))
    count = last - first
    starts = np.repeat(first - np.concatenate(([0], np.cumsum(count)[:-1])), count)
    copies = history.taken(starts + np.arange(count.sum()))
    columns = {f.name: getattr(copies, f.name) for f in fields(copies)}
    return History(**columns | {"application": np.repeat(child, count)}).followed_by(history)


def or_null(at: NDArray[np.integer]) -> pl.Series:
    """Places as whole numbers, null for a negative one."""
    places = pl.Series(at, dtype=pl.Int64)
    return pl.select(pl.when(places >= 0).then(places)).to_series()


def value_at(column: NDArray, at: NDArray[np.integer], otherwise: int) -> NDArray:
    """The value at each place, ``otherwise`` where the place is negative."""
    out = np.full(len(at), otherwise, column.dtype)
    some = at >= 0
    out[some] = column[at[some]]
    return out


def last_of(history: History, n: int) -> NDArray[np.int64]:
    """Place of the last spell of each application, -1 for one without."""
    last = np.full(n, -1, np.int64)
    last[history.application] = np.arange(len(history))
    return last


def with_today(
    history: History,
    today: pl.DataFrame | None,
    bands: Bands,
    n: int,
    as_at: int,
    found: Found,
) -> History:
    """The history with the band found today where it is not the last one's.

    Where it is, the last of a history that ended before today was held until today, and this is
    reported.
    """
    last = last_of(history, n)
    band = np.full(n, -1, np.int16)
    changed = np.zeros(n, bool)
    if today is not None:
        band = codes_of(today["band"], bands.names, -1)
        changed = bands.same[band] != bands.same[value_at(history.band, last, -1)]
    until = value_at(history.until, last, NO_DAY)
    ended = ~changed & (until != NO_DAY) & (until < as_at)
    found.contradiction("history_ended", np.flatnonzero(ended), history.row[last[ended]])
    if today is None or not changed.any():
        return history
    of = np.flatnonzero(changed).astype(np.int32)
    said = today[of]
    since = days_of(said["since"])
    since = np.where(since == NO_DAY, np.int32(as_at), since)
    before = value_at(history.since, last[of], NO_DAY)
    now, then = bands.rank[-1][band[of]], bands.rank[-1][value_at(history.band, last[of], -1)]
    fell = (then >= 0) & (now > then)
    if "better_until" in said.columns:
        since = np.where(fell, np.maximum(since, days_of(said["better_until"])), since)
    since = np.where(fell & (since <= before), np.int32(as_at), since)
    old = since < before
    found.contradiction("award_before_last_spell", of[old], history.row[last[of[old]]])
    nothing = np.full(len(of), NO_DAY, np.int32)
    why = codes_of(said["why"], REASONS, NEED) if "why" in said.columns else np.zeros(len(of))
    asked = days_of(said["submitted_on"]) if "submitted_on" in said.columns else nothing
    return history.followed_by(
        History(
            application=of,
            origin=of,
            row=np.full(len(of), TODAY, np.int64),
            band=band[of],
            day=np.full(len(of), as_at, np.int32),
            since=since,
            until=nothing,
            why=np.maximum(why, NEED).astype(np.int8),
            submitted=asked,
            recorded=nothing,
            other=np.full(len(of), -1, np.int32),
            on_register=np.zeros(len(of), bool),
        )
    )
