"""Histories of bands laid out: each application's spells in the order they count.

Arrays, a place a spell: applications by ordinal, bands by code, days since 1970 as int32.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.tables import Ordinals

NO_DAY = np.iinfo(np.int32).min
"""A day that is not known, or a beginning before all others."""

REASONS = ("need", "policy", "reregistration", "joined", "split")
NEED, POLICY, REREGISTRATION, JOINED, SPLIT = range(len(REASONS))
NOT_HERE = -2
"""Ordinal of an application that is named but not among those given."""
TODAY = -1
"""Row of a spell that is not in the history but was found today."""

ASSUMED = {
    "spell_without_a_day": "left out: it ended no later than it began",
    "overlap": "each band was held until the next began",
    "open_twice": "each band was held until the next began",
    "same_day": "the one that lasted longest counts as the last, then the higher band",
    "gap": "in no band between them, the date kept",
    "history_ended": "the last band was held until today",
    "reason_not_known": "the band changed for a change of need",
    "submitted_after_award": "both days as recorded",
    "award_before_last_spell": "the band found today is the last, and dates from its award",
    "band_before_registration": "the first date stands",
    "band_not_in_scheme": "neither higher nor lower: the date was kept",
    "other_application_not_known": "its date is left out of account",
}
"""What is done about each kind of contradiction."""

_COLUMNS = {
    "application": None,
    "band": pl.String,
    "since": pl.Date,
    "until": pl.Date,
    "why": pl.String,
    "submitted_on": pl.Date,
    "priority_date": pl.Date,
    "from_application": None,
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
        recorded: the date that an officer gave it.
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


class Found:
    """Contradictions and missing values as they are found, in order."""

    def __init__(self, ids: pl.Series) -> None:
        self._ids = ids
        self._contradictions: list[pl.DataFrame] = []
        self._missing: list[pl.DataFrame] = []

    def contradiction(
        self, kind: str, applications: NDArray[np.integer], *rows: NDArray[np.integer]
    ) -> None:
        """One line an application, whose spells are these rows."""
        if not len(applications):
            return
        one = {"application": np.tile(applications, len(rows)), "rows": np.concatenate(rows)}
        self._contradictions.append(
            pl.DataFrame(one, schema={"application": pl.Int64, "rows": pl.Int64})
            .group_by("application")
            .agg(pl.col("rows").filter(pl.col("rows") >= 0).unique().sort())
            .with_columns(kind=pl.lit(kind), assumption=pl.lit(ASSUMED[kind]))
        )

    def missing(
        self, applications: NDArray[np.integer], column: str, needed_by: str, effect: str
    ) -> None:
        """One line an application."""
        if not len(applications):
            return
        self._missing.append(
            pl.DataFrame({"application": np.asarray(applications, np.int64)}).with_columns(
                column=pl.lit(column), needed_by=pl.lit(needed_by), effect=pl.lit(effect)
            )
        )

    def contradictions(self) -> pl.DataFrame:
        """application, kind, rows, assumption, in order of application and kind."""
        kinds = {"kind": pl.String, "rows": pl.List(pl.Int64), "assumption": pl.String}
        return self._all(self._contradictions, kinds)

    def all_missing(self) -> pl.DataFrame:
        """application, column, needed_by, effect, in order of application."""
        return self._all(
            self._missing, dict.fromkeys(("column", "needed_by", "effect"), pl.String)
        )

    def _all(self, parts: list[pl.DataFrame], columns: Mapping[str, Any]) -> pl.DataFrame:
        names = ["application", *columns]
        empty = pl.DataFrame(schema={"application": pl.Int64, **columns})
        first = names[1:3] if "kind" not in columns else ["kind"]
        frame = pl.concat([empty, *(p.select(names) for p in parts)])
        frame = frame.sort("application", *first, maintain_order=True)
        return frame.with_columns(self._ids.gather(frame["application"]).alias("application"))


def days_of(column: pl.Series) -> NDArray[np.int32]:
    """Days since 1970, :data:`NO_DAY` for null."""
    return column.cast(pl.Date).to_physical().fill_null(NO_DAY).to_numpy()


def day_of(on: date) -> int:
    """One date as days since 1970."""
    return on.toordinal() - _EPOCH


_EPOCH = 719_163


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
    history = History(
        application=ids.ordinals_of(frame["application"]),
        origin=ids.ordinals_of(frame["application"]),
        row=np.arange(len(frame)),
        band=codes_of(frame["band"], bands, -1),
        day=days_of(frame["since"]),
        since=days_of(frame["since"]),
        until=days_of(frame["until"]),
        why=np.maximum(why, NEED).astype(np.int8),
        submitted=days_of(frame["submitted_on"]),
        recorded=days_of(frame["priority_date"]),
        other=_ordinals_of(frame["from_application"], ids),
    )
    here = (history.application >= 0) & (history.since <= day_of(as_at))
    never = here & (history.until != NO_DAY) & (history.until <= history.since)
    _report(found, "spell_without_a_day", history, never)
    _report(found, "reason_not_known", history, here & ~never & (why < 0))
    late = (history.submitted > history.since) & (history.since != NO_DAY)
    _report(found, "submitted_after_award", history, here & ~never & late)
    kept = here & ~never
    history = _in_order(history if kept.all() else history.taken(kept))
    _neighbours(history, found)
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


def _neighbours(history: History, found: Found) -> None:
    """Report each pair of spells in a row that do not fit together."""
    before, after = slice(None, -1), slice(1, None)
    same = history.application[after] == history.application[before]
    until, since = history.until[before], history.since[after]
    equal = same & (history.day[after] == history.day[before])
    ended = until != NO_DAY
    # A register that keeps no ends leaves every spell open.
    keeps_ends = bool((history.until != NO_DAY).any())
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
