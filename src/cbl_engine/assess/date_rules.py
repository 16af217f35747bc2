"""The rules of the date: what each spell does, and the date after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.histories import (
    JOINED,
    NEED,
    NO_DAY,
    NOT_HERE,
    REREGISTRATION,
    History,
    days_of,
    or_null,
    sort_key,
)
from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.assess.found import Found
    from cbl_engine.scheme.assessment import PriorityDate

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

# What a date came from: one whole number. A column is -1 less its place; a spell is four times its
# place plus which of its days.
AWARDED, ASKED, NOT_ASKED, GIVEN = range(4)


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


class Bands:
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
            now = [formerly.get(name, name) for name in policy.bands]
            # A name of today, where one band alone of that version has it.
            called = {name: i for i, name in enumerate(now) if now.count(name) == 1}
            for name, i in code.items():
                own = order.get(policy.rule.formerly.get(name, name))
                self.rank[at, i] = called.get(formerly.get(name, name), -1) if own is None else own

    def texts(self, codes: NDArray[np.integer]) -> pl.Series:
        """Names of codes, null for none."""
        return pl.Series(self.names, dtype=pl.String).gather(or_null(codes))


class FirstDates:
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
        self.column += np.array([[self.columns.index(names[0])] for names in distinct], np.int16)
        for at, names in enumerate(distinct):
            for name in names:
                days = days_of(applications[name])
                best = self.days[at]
                better = (days != NO_DAY) & ((best == NO_DAY) | (days < best))
                self.days[at] = np.where(better, days, best)
                self.column[at] = np.where(better, self.columns.index(name), self.column[at])

    def of(
        self, policy: NDArray[np.integer], application: NDArray[np.integer]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """First days and the events they came from."""
        at = self.which[policy], application
        return self.days[at], -1 - self.column[at].astype(np.int64)


def _names(first: str | tuple[str, ...]) -> tuple[str, ...]:
    return (first,) if isinstance(first, str) else first


@dataclass(frozen=True, eq=False)
class Plan:
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


def planned(
    history: History, policies: Sequence[DatePolicy], bands: Bands, found: Found
) -> Plan:
    """The rule and the action of each spell.

    A spell in a band is compared with the last one in a band before it: those in none change
    nothing, unless there was no other.
    """
    n = len(history)
    first = history.begins()
    starts = np.array([day_number(p.since) for p in policies[1:]], np.int64)
    policy = np.searchsorted(starts, history.since, side="right")
    does = _actions(policies)
    banded = history.band >= 0
    place = np.arange(n)
    start = np.maximum.accumulate(np.where(first, place, 0))
    upto = np.maximum.accumulate(np.where(banded, place, -1))
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
    entered = np.maximum.accumulate(np.where(banded & ~same, place, start))
    return Plan(
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
    bands: Bands,
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
class Settled:
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


def resolved(history: History, plan: Plan, firsts: FirstDates, found: Found) -> Settled:
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
        lacking = np.where(action == SUBMITTED, NOT_ASKED, AWARDED)
        cases = [restored, first_again, awarded, by_asking, given]
        now = np.select(cases, [day[held], base, since, asked, history.recorded[at]], was)
        now_event = np.select(
            cases,
            [event[held], base_event, at * 4 + lacking, at * 4 + ASKED, at * 4 + GIVEN],
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
    return Settled(day, event, rule, original, original_event)


def _of_other(
    history: History,
    plan: Plan,
    firsts: FirstDates,
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
