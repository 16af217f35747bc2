"""The date that ranks, from the history of bands.

``docs/assessment.md`` ("The priority date") is the contract.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess.histories import (
    JOINED,
    NEED,
    NO_DAY,
    NOT_HERE,
    REASONS,
    REREGISTRATION,
    TODAY,
    Found,
    History,
    codes_of,
    day_of,
    days_of,
    laid_out,
    sort_key,
)
from cbl_engine.tables import Ordinals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.scheme.assessment import Instead, PriorityDate

RULES = (
    "first",
    "first_band",
    "up",
    "down",
    "policy",
    "reregistration",
    "joined",
    "split",
    "recorded",
    "instead",
)
FIRST, FIRST_BAND, UP, DOWN = range(4)
RECORDED, INSTEAD = 8, 9
NO_RULE = -1
_FIRST_REASON = 3  # a reason's code and its rule's differ by this

ACTIONS = ("keep", "award", "submitted", "original", "restore", "earliest")
KEEP, AWARD, SUBMITTED, ORIGINAL, RESTORE, EARLIEST = range(len(ACTIONS))

_MET, _UNKNOWN = 0, 2  # outcome codes of criteria

# What a date came from: one whole number. A column is -1 less its place; a spell is four times its
# place plus which of its days.
_AWARDED, _ASKED, _NOT_ASKED, _GIVEN = range(4)


@dataclass(frozen=True)
class DatePolicy:
    """What one version of a scheme says about the date.

    Attributes:
        since: the first day it was in force.
        rule: its date rule.
        bands: its bands, highest first.
    """

    since: date
    rule: PriorityDate
    bands: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class PriorityDates:
    """The date that ranks for every application, and what it rests on.

    Attributes:
        dates: a row an application, in the order given: application, priority_date (null: not
            known), date_rule (the rule that set it: first, first_band, up, down, policy,
            reregistration, joined, split, recorded, instead), date_event (the column or spell it
            came from).
        missing: application, column, needed_by, effect: what was not there and what was done.
        contradictions: application, kind, rows (of the spells as given, from 0), assumption.
    """

    dates: pl.DataFrame
    missing: pl.DataFrame
    contradictions: pl.DataFrame
    _derived: Derived = field(repr=False)

    def steps(self, applications: Sequence[Any] | pl.Series) -> pl.DataFrame:
        """How the dates of some applications came about, a row a step in the order they count.

        Args:
            applications: ids; those that are not here have no steps.

        Returns:
            Frame of application, step (from 1), band (null: none), since (null: from the start),
            why, row (of the spells as given; null: found today or not a spell), inherited (from
            the application it was split from), rule (null: no change), action (null: no change,
            or a date given), date_before (null at the first), date_after (null: not known),
            event (the column or spell the date came from).
        """
        return self._derived.steps(pl.Series(applications, dtype=self._derived.ids.ids.dtype))


def priority_dates(
    applications: pl.DataFrame,
    spells: pl.DataFrame,
    policies: Sequence[DatePolicy],
    as_at: date,
    today: pl.DataFrame | None = None,
    outcomes: Mapping[str, NDArray[np.int8]] | None = None,
) -> PriorityDates:
    """The date that ranks for each application.

    1. Lay out the spells. 2. Add the band found today where it is another. 3. Name the rule and
    the action of each spell. 4. Resolve: a loop over rounds, as many as the longest chain of
    spells (expect three to ten), each settling every spell whose predecessors are settled.
    5. ``instead``: a loop over its items. 6. List what is missing.

    Args:
        applications: a row an application: id, and every date column or fact that the rules name.
        spells: band_history: application, band (null: in none), since (null: from the start),
            and, where the register has them, until (the first day it no longer held; null:
            still), why (need, policy, reregistration, joined, split; null: need), submitted_on,
            priority_date (set by an officer for this spell; null: the rule decides),
            from_application (the one joined with, or split from). May be empty.
        policies: versions of the scheme in force up to as-at, earliest first. A spell is dated by
            the version in force when it began, one before them all by the first; ``instead`` is
            the last one's.
        as_at: spells that begin later are left out.
        today: the band found today, a row for each of ``applications`` in the same order: band
            (null: in none), since (the latest day its awards began; null: as-at), and optionally
            why, submitted_on and known (false: the band is not known, so the history stands).
            Left out: the history stands for all.
        outcomes: of each criterion that ``instead`` names, a code for each of ``applications``:
            0 met, 1 failed, 2 not known.

    Returns:
        A :class:`PriorityDates`.

    Raises:
        ValueError: no policy is given, or an application twice.
    """
    if not policies:
        raise ValueError("no policy is given")
    ids = Ordinals(applications["id"])
    place = ids.ordinals_of(applications["id"])
    if len(ids) != applications.height:
        raise ValueError("an application is given twice, or without an id")
    ordered = applications.height == 0 or bool((np.diff(place) > 0).all())
    if not ordered:
        turn = np.argsort(place)
        applications = applications[turn]
        today = None if today is None else today[turn]
        outcomes = {name: codes[turn] for name, codes in (outcomes or {}).items()}
    found = Found(ids.ids)
    bands = _Bands(policies, spells, today)
    history = laid_out(spells, ids, bands.names, as_at, found)
    history = _with_today(history, today, bands, len(ids), day_of(as_at), found)
    plan = _planned(history, policies, bands, found)
    firsts = _Firsts(policies, applications)
    settled = _resolved(history, plan, firsts, found)
    before = _now(history, settled, plan, firsts)
    now = _instead(before, history, policies[-1].rule, bands, firsts, applications, outcomes or {}, found)
    derived = Derived(ids, history, plan, settled, bands, firsts, policies[-1].rule, before, now)
    _report(derived, found)
    dates = derived.dates()
    return PriorityDates(
        dates if ordered else dates[place], found.all_missing(), found.contradictions(), derived
    )


class _Bands:
    """Names of bands as codes, and how the versions of the scheme rank them.

    Attributes:
        names: name of each code, those of the versions first, highest first, the latest first.
        same: for each code that of today's name for the band.
        rank: by version and code, 0 for the highest; -1 for a band that the version has not.
    """

    def __init__(
        self,
        policies: Sequence[DatePolicy],
        spells: pl.DataFrame,
        today: pl.DataFrame | None,
    ) -> None:
        known = [b for p in reversed(policies) for b in (*p.bands, *p.rule.formerly)]
        met = spells["band"].cast(pl.String).unique().drop_nulls().sort().to_list()
        if today is not None:
            met += today["band"].cast(pl.String).unique().drop_nulls().sort().to_list()
        self.names = list(dict.fromkeys([*known, *met]))
        code = {name: i for i, name in enumerate(self.names)}
        formerly = policies[-1].rule.formerly
        self.same = np.array(
            [code.get(formerly.get(n, n), i) for i, n in enumerate(self.names)] + [-1], np.int16
        )
        self.rank = np.full((len(policies), len(self.names) + 1), -1, np.int16)
        for at, policy in enumerate(policies):
            order = {name: i for i, name in enumerate(policy.bands)}
            for name, i in code.items():
                self.rank[at, i] = order.get(policy.rule.formerly.get(name, name), -1)

    def texts(self, codes: NDArray[np.integer]) -> pl.Series:
        """Names of codes, null for none."""
        return pl.Series(self.names, dtype=pl.String).gather(_or_null(codes))


class _Firsts:
    """The first date of each application under each version.

    Attributes:
        columns: every column that a version reads, or the last one's ``instead``.
        which: of each version, its place among the distinct rules.
        days: by distinct rule and application.
        column: the place of the column it came from.
    """

    def __init__(self, policies: Sequence[DatePolicy], applications: pl.DataFrame) -> None:
        named = [_names(p.rule.first) for p in policies]
        distinct = list(dict.fromkeys(named))
        others = [i.date for i in policies[-1].rule.instead if i.date is not None]
        self.columns = list(dict.fromkeys([*(c for names in distinct for c in names), *others]))
        self.which = np.array([distinct.index(names) for names in named])
        self.days = np.full((len(distinct), applications.height), NO_DAY, np.int32)
        self.column = np.zeros((len(distinct), applications.height), np.int16)
        for at, names in enumerate(distinct):
            for name in names:
                days = days_of(applications[name])
                best = self.days[at]
                better = (days != NO_DAY) & ((best == NO_DAY) | (days < best))
                self.days[at] = np.where(better, days, best)
                self.column[at] = np.where(better, self.columns.index(name), self.column[at])
            if len(names) == 1:
                self.column[at] = self.columns.index(names[0])

    def of(
        self, policy: NDArray[np.integer], application: NDArray[np.integer]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """First days and the events they came from."""
        at = self.which[policy], application
        return self.days[at], -1 - self.column[at].astype(np.int64)


def _names(first: str | tuple[str, ...]) -> tuple[str, ...]:
    return (first,) if isinstance(first, str) else first


def _or_null(at: NDArray[np.integer]) -> pl.Series:
    places = pl.Series(at, dtype=pl.Int64)
    return pl.select(pl.when(places >= 0).then(places)).to_series()


def _with_today(
    history: History,
    today: pl.DataFrame | None,
    bands: _Bands,
    n: int,
    as_at: int,
    found: Found,
) -> History:
    """The history with the band found today where it is not the last one's.

    The last of a history that ended before today was held until today, and this is reported.
    """
    last = _last_of(history, n)
    has = last >= 0
    ended = has & (history.until[last] != NO_DAY) & (history.until[last] < as_at)
    found.contradiction("history_ended", np.flatnonzero(ended), history.row[last[ended]])
    if today is None or not n:
        return history
    band = codes_of(today["band"], bands.names, -1)
    before = np.where(has, bands.same[history.band[last]], np.int16(-1))
    changed = (bands.same[band] != before) | (~has & (band >= 0))
    if "known" in today.columns:
        changed &= today["known"].fill_null(value=True).to_numpy()
    of = np.flatnonzero(changed).astype(np.int32)
    said = today[of]
    since = days_of(said["since"])
    since = np.where(since == NO_DAY, np.int32(as_at), since)
    old = has[of] & (since < history.since[last[of]])
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
        )
    )


def _last_of(history: History, n: int) -> NDArray[np.int64]:
    """Place of the last spell of each application, -1 for one without."""
    last = np.full(n, -1, np.int64)
    last[history.application] = np.arange(len(history))
    return last


@dataclass(frozen=True, eq=False)
class _Plan:
    """What each spell does, and which spells it looks back to (-1: none).

    Attributes:
        policy: the version that dates it.
        rule: the rule that applies, -1 for no change.
        action: what the rule does.
        first: whether its history begins here.
        resets: whether its history begins again here.
        joins: whether the earlier of two applications' dates is taken.
        held: the spell that last held its band.
        other: the last spell of the application joined with.
        entered: the spell with which the band now held was entered.
    """

    policy: NDArray[np.int64]
    rule: NDArray[np.int8]
    action: NDArray[np.int8]
    first: NDArray[np.bool_]
    resets: NDArray[np.bool_]
    joins: NDArray[np.bool_]
    held: NDArray[np.int64]
    other: NDArray[np.int64]
    entered: NDArray[np.int64]


def _planned(
    history: History, policies: Sequence[DatePolicy], bands: _Bands, found: Found
) -> _Plan:
    n = len(history)
    first = history.begins()
    starts = np.array([day_of(p.since) for p in policies[1:]], np.int64)
    policy = np.searchsorted(starts, history.since, side="right")
    does = _actions(policies)
    banded = history.band >= 0
    place = np.arange(n)
    start = np.maximum.accumulate(np.where(first, place, 0)) if n else place
    upto = np.maximum.accumulate(np.where(banded, place, -1)) if n else place
    before = np.concatenate(([-1], upto[:-1]))[:n]
    before = np.where(before >= start, before, -1)

    same = banded & (before >= 0) & (bands.same[history.band] == bands.same[history.band[before]])
    mine = bands.rank[policy, history.band]
    theirs = bands.rank[policy, history.band[before]]
    compared = banded & (before >= 0) & ~same & (mine >= 0) & (theirs >= 0)
    rule = np.full(n, NO_RULE, np.int8)
    rule[compared & (mine < theirs)] = UP
    rule[compared & (mine > theirs)] = DOWN
    rule[banded & (before < 0)] = FIRST_BAND
    for_reason = history.why > NEED
    rule[for_reason] = history.why[for_reason] + _FIRST_REASON
    rule[first] = FIRST
    action = np.where(rule >= 0, does[policy, rule], KEEP).astype(np.int8)
    earliest = does[policy, JOINED + _FIRST_REASON] == EARLIEST
    given = history.recorded != NO_DAY
    joins = (history.why == JOINED) & earliest & ~given
    rule[given] = RECORDED
    action[given] = KEEP

    lost = banded & (before >= 0) & ~same & ~compared & (rule == NO_RULE)
    found.contradiction("band_not_in_scheme", history.application[lost], history.row[lost])
    resets = (rule == REREGISTRATION + _FIRST_REASON) & np.isin(action, (AWARD, SUBMITTED))
    entered = np.maximum.accumulate(np.where(banded & ~same, place, start)) if n else place
    return _Plan(
        policy=policy,
        rule=rule,
        action=action,
        first=first,
        resets=resets,
        joins=joins,
        held=_held_before(history, bands, first | resets, action == RESTORE),
        other=_last_of_other(history, joins),
        entered=entered,
    )


def _actions(policies: Sequence[DatePolicy]) -> NDArray[np.int8]:
    """The action of each version's rules; ``first`` and what is recorded keep what they set."""
    out = np.full((len(policies), len(RULES)), KEEP, np.int8)
    for at, policy in enumerate(policies):
        for number, rule in enumerate(RULES):
            if rule not in ("first", "recorded", "instead"):
                out[at, number] = ACTIONS.index(getattr(policy.rule, rule))
    return out


def _held_before(
    history: History,
    bands: _Bands,
    begins: NDArray[np.bool_],
    wanted: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """The spell before in the same band of the same history, where wanted; -1 for none."""
    out = np.full(len(history), -1, np.int64)
    if not wanted.any():
        return out
    era = np.cumsum(begins)
    concerned = np.zeros(int(era[-1]) + 1, bool)
    concerned[era[wanted]] = True
    at = np.flatnonzero(concerned[era] & (history.band >= 0))
    key = era[at] * len(bands.same) + bands.same[history.band[at]]
    order = np.argsort(key, kind="stable")
    again = key[order][1:] == key[order][:-1]
    out[at[order[1:][again]]] = at[order[:-1][again]]
    return np.where(wanted, out, -1)


def _last_of_other(history: History, joins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where two applications join, the other's last spell that began on an earlier day."""
    out = np.full(len(history), -1, np.int64)
    at = np.flatnonzero(joins & (history.other >= 0))
    if len(at):
        keys = sort_key(history.application, history.day)
        last = np.searchsorted(keys, sort_key(history.other[at], history.day[at])) - 1
        theirs = (last >= 0) & (history.application[last] == history.other[at])
        out[at] = np.where(theirs, last, -1)
    return out


@dataclass(frozen=True, eq=False)
class _Settled:
    """The date after each spell, and where it came from.

    Attributes:
        day: the date that ranks.
        event: what it came from.
        rule: the rule that set it.
        original: the first date of its history.
        original_event: what that came from.
    """

    day: NDArray[np.int32]
    event: NDArray[np.int64]
    rule: NDArray[np.int8]
    original: NDArray[np.int32]
    original_event: NDArray[np.int64]


def _resolved(history: History, plan: _Plan, firsts: _Firsts, found: Found) -> _Settled:
    """The date after each spell.

    A round settles every spell whose own spell before, and whose other application's, are
    settled. Days never increase along either and decrease along the other application's, so
    nothing waits for itself.
    """
    n = len(history)
    day = np.full(n, NO_DAY, np.int32)
    original = np.full(n, NO_DAY, np.int32)
    event = np.zeros(n, np.int64)
    original_event = np.zeros(n, np.int64)
    rule = np.zeros(n, np.int8)
    done = np.zeros(n + 1, bool)
    done[-1] = True  # place -1: no spell to wait for
    waiting = np.flatnonzero(plan.first)
    while len(waiting):
        ready = done[plan.other[waiting]]
        at, later = waiting[ready], waiting[~ready]
        first = plan.first[at]
        start, start_event = firsts.of(plan.policy[at], history.origin[at])
        before = at - 1
        was = np.where(first, start, day[before])
        was_event = np.where(first, start_event, event[before])
        base = np.where(first, start, original[before])
        base_event = np.where(first, start_event, original_event[before])
        by = np.where(first, np.int8(FIRST), rule[before])

        action, mine = plan.action[at], plan.rule[at]
        held, since, asked = plan.held[at], history.since[at], history.submitted[at]
        restored = (action == RESTORE) & (held >= 0)
        first_again = (action == ORIGINAL) | ((action == RESTORE) & (held < 0))
        awarded = (action == AWARD) | ((action == SUBMITTED) & (asked == NO_DAY))
        by_asking = (action == SUBMITTED) & (asked != NO_DAY)
        given = mine == RECORDED
        lacking = np.where(action == SUBMITTED, _NOT_ASKED, _AWARDED)
        cases = [restored, first_again, awarded, by_asking, given]
        now = np.select(cases, [day[held], base, since, asked, history.recorded[at]], was)
        now_event = np.select(
            cases,
            [event[held], base_event, at * 4 + lacking, at * 4 + _ASKED, at * 4 + _GIVEN],
            was_event,
        )
        by = np.where(np.logical_or.reduce(cases), mine, by)

        joins = plan.joins[at]
        if joins.any():
            theirs, their_event, their_base, their_base_event = _of_other(
                history, plan, firsts, at, (day, event, original, original_event)
            )
            earlier = joins & (theirs != NO_DAY) & ((now == NO_DAY) | (theirs < now))
            now, now_event = np.where(earlier, theirs, now), np.where(earlier, their_event, now_event)
            by = np.where(earlier, np.int8(JOINED + _FIRST_REASON), by)
            older = joins & (their_base != NO_DAY) & ((base == NO_DAY) | (their_base < base))
            base = np.where(older, their_base, base)
            base_event = np.where(older, their_base_event, base_event)
            lost = joins & (history.other[at] != NOT_HERE) & (theirs == NO_DAY)
            found.missing(
                history.application[at[lost]],
                "from_application",
                "priority_date.joined",
                "the other application's date is not known and is left out of account",
            )
        anew = plan.resets[at] | (first & given)
        day[at], event[at], rule[at] = now, now_event, by
        original[at] = np.where(anew, now, base)
        original_event[at] = np.where(anew, now_event, base_event)
        done[at] = True
        following = at + 1
        following = following[following < n]
        following = following[~plan.first[following]]
        waiting = np.concatenate((later, following)) if len(later) else following
    return _Settled(day, event, rule, original, original_event)


def _of_other(
    history: History,
    plan: _Plan,
    firsts: _Firsts,
    at: NDArray[np.int64],
    so_far: tuple[NDArray, NDArray, NDArray, NDArray],
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Date and first date, with their events, of the application that each spell joins.

    Its first date serves when its history had not begun.
    """
    other, whose = plan.other[at], history.other[at]
    day, event = firsts.of(plan.policy[at], np.maximum(whose, 0))
    day = np.where(whose >= 0, day, NO_DAY)
    begun = other >= 0
    return (
        np.where(begun, so_far[0][other], day),
        np.where(begun, so_far[1][other], event),
        np.where(begun, so_far[2][other], day),
        np.where(begun, so_far[3][other], event),
    )


@dataclass(frozen=True, eq=False)
class _Now:
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


def _now(history: History, settled: _Settled, plan: _Plan, firsts: _Firsts) -> _Now:
    """The date after the last spell; the first date of an application that has none."""
    n = firsts.days.shape[1]
    last = _last_of(history, n)
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
    return _Now(last=last, entered=entered, item=np.full(n, -1, np.int8), **columns)


def _instead(
    now: _Now,
    history: History,
    rule: PriorityDate,
    bands: _Bands,
    firsts: _Firsts,
    applications: pl.DataFrame,
    outcomes: Mapping[str, NDArray[np.int8]],
    found: Found,
) -> _Now:
    """The dates with those of ``instead`` in place of them, for the first item that applies.

    A date that an officer gave stands. A criterion that is not known does not apply, and the
    next item is read; a date that is missing leaves the date as it was.
    """
    day, event, by, item = now.day.copy(), now.event.copy(), now.rule.copy(), now.item.copy()
    band = np.where(now.last >= 0, bands.same[history.band[now.last]], np.int16(-1)) if len(
        history
    ) else np.full(len(day), -1, np.int16)
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
    now: _Now,
    history: History,
    firsts: _Firsts,
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
    some = entered >= 0
    if not len(history):
        return np.full(len(at), NO_DAY, np.int32), entered
    since = np.where(some, history.since[entered], NO_DAY)
    asked = np.where(some, history.submitted[entered], NO_DAY)
    if one.take == "award":
        return since, entered * 4 + _AWARDED
    known = asked != NO_DAY
    return np.where(known, asked, since), entered * 4 + np.where(known, _ASKED, _NOT_ASKED)


def _report(derived: Derived, found: Found) -> None:
    """What is missing behind today's dates, and bands held from before registration."""
    now, history = derived.now, derived.history
    unknown = now.day == NO_DAY
    for number, column in enumerate(derived.firsts.columns):
        lost = np.flatnonzero(unknown & (now.event == -1 - number))
        found.missing(lost, column, "priority_date.first", "the date is not known")
    lost = np.flatnonzero(unknown & (now.event >= 0))
    found.missing(lost, "band_history.since", "priority_date", "the date is not known")
    guessed = np.flatnonzero(~unknown & (now.event >= 0) & (now.event % 4 == _NOT_ASKED))
    found.missing(
        guessed, "band_history.submitted_on", "priority_date", "the day the band began is taken"
    )
    first, _ = derived.firsts.of(np.full(len(history), -1), history.application)
    own = (history.row != TODAY) & (history.application == history.origin) & (history.band >= 0)
    early = own & (history.since != NO_DAY) & (history.since < first)
    found.contradiction("band_before_registration", history.application[early], history.row[early])


@dataclass(frozen=True, eq=False)
class Derived:
    """Every spell with the date after it: what steps are told from."""

    ids: Ordinals
    history: History
    plan: _Plan
    settled: _Settled
    bands: _Bands
    firsts: _Firsts
    rule: PriorityDate
    before: _Now
    now: _Now

    def dates(self) -> pl.DataFrame:
        """application, priority_date, date_rule, date_event, by ordinal."""
        return pl.DataFrame(
            {
                "application": self.ids.ids,
                "priority_date": _dates(self.now.day),
                "date_rule": _rules(self.now.rule),
                "date_event": self._events(self.now.event, self.now.item),
            }
        )

    def steps(self, applications: pl.Series) -> pl.DataFrame:
        """Steps of some applications; see :meth:`PriorityDates.steps`."""
        wanted = np.unique(self.ids.ordinals_of(applications))
        wanted = wanted[wanted >= 0]
        chosen = np.zeros(len(self.ids), bool)
        chosen[wanted] = True
        parts = [self._spell_steps(np.flatnonzero(chosen[self.history.application]))]
        bare = wanted[self.now.last[wanted] < 0]
        parts.append(self._last_steps(bare, self.before, "first", None))
        for number, one in enumerate(self.rule.instead):
            at = wanted[self.now.item[wanted] == number]
            does = one.take or ("months_earlier" if one.months_earlier else "date")
            parts.append(self._last_steps(at, self.now, "instead", does))
        frame = pl.concat(parts).sort("application", maintain_order=True)
        step = pl.int_range(1, pl.len() + 1).over("application").alias("step")
        return frame.select("application", step, pl.exclude("application"))

    def _spell_steps(self, at: NDArray[np.int64]) -> pl.DataFrame:
        history, plan, settled = self.history, self.plan, self.settled
        first, given = plan.first[at], plan.rule[at] == RECORDED
        action = plan.action[at].astype(np.int64)
        action = np.where((action == RESTORE) & (plan.held[at] < 0), ORIGINAL, action)
        action = np.where((action == SUBMITTED) & (history.submitted[at] == NO_DAY), AWARD, action)
        action = np.where(plan.joins[at], EARLIEST, action)
        silent = (first & ~plan.joins[at]) | given | (plan.rule[at] == NO_RULE)
        return pl.DataFrame(
            {
                "application": self.ids.take(history.application[at]),
                "band": self.bands.texts(history.band[at]),
                "since": _dates(history.since[at]),
                "why": pl.Series(REASONS, dtype=pl.String).gather(history.why[at]),
                "row": _or_null(history.row[at]),
                "inherited": history.application[at] != history.origin[at],
                "rule": _rules(plan.rule[at]),
                "action": pl.Series(ACTIONS, dtype=pl.String).gather(
                    _or_null(np.where(silent, -1, action))
                ),
                "date_before": _dates(np.where(first, NO_DAY, settled.day[at - 1])),
                "date_after": _dates(settled.day[at]),
                "event": self._events(settled.event[at], None),
            },
            schema_overrides={"inherited": pl.Boolean},
        )

    def _last_steps(
        self, at: NDArray[np.integer], now: _Now, rule: str, action: str | None
    ) -> pl.DataFrame:
        """A step each that is no spell: the first date of one without any, or ``instead``."""
        day = self.before.day[at] if rule == "instead" else np.full(len(at), NO_DAY, np.int32)
        shape = self._spell_steps(np.zeros(0, np.int64)).schema
        return pl.DataFrame(
            {
                "application": self.ids.take(at),
                "date_before": _dates(day),
                "date_after": _dates(now.day[at]),
                "event": self._events(now.event[at], now.item[at]),
            }
        ).select(
            *(
                pl.col(n) if n in ("application", "date_before", "date_after", "event")
                else pl.lit({"rule": rule, "action": action, "inherited": False}.get(n), t).alias(n)
                for n, t in shape.items()
            )
        )

    def _events(self, event: NDArray[np.int64], item: NDArray[np.int8] | None) -> pl.Series:
        """What dates came from, in few words."""
        columns = pl.Series(self.firsts.columns, dtype=pl.String)
        out = pl.Series("event", columns).gather(_or_null(-1 - event))
        of_spell = np.flatnonzero(event >= 0)
        if len(of_spell):
            at, kind = event[of_spell] // 4, event[of_spell] % 4
            words = pl.DataFrame(
                {
                    "band": self.bands.texts(self.history.band[at]).fill_null("no band"),
                    "since": _dates(self.history.since[at]),
                    "asked": _dates(self.history.submitted[at]),
                    "kind": kind,
                }
            ).select(
                pl.when(pl.col("kind") == _GIVEN)
                .then(pl.format("{} as an officer dated it", "band"))
                .when(pl.col("kind") == _ASKED)
                .then(pl.format("{} submitted {}", "band", pl.col("asked").cast(pl.String)))
                .when(pl.col("since").is_null())
                .then(pl.format("{} from the start", "band"))
                .otherwise(pl.format("{} from {}", "band", pl.col("since").cast(pl.String)))
            )
            out = out.scatter(of_spell, words.to_series())
        if item is not None:
            for number, one in enumerate(self.rule.instead):
                if one.months_earlier is not None and (item == number).any():
                    text = f", {one.months_earlier} months earlier"
                    moved = pl.Series(item == number)
                    out = pl.select(pl.when(moved).then(out + text).otherwise(out)).to_series()
        return out


def _dates(days: NDArray[np.integer]) -> pl.Series:
    series = pl.Series(np.asarray(days, np.int32))
    return pl.select(pl.when(series != NO_DAY).then(series).cast(pl.Date)).to_series()


def _rules(codes: NDArray[np.int8]) -> pl.Series:
    return pl.Series(RULES, dtype=pl.String).gather(_or_null(codes))
