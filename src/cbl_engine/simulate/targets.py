"""Targets of local lettings plans: who is asked first for a plan's homes while one is behind.

As :class:`cbl_engine.offers.quotas.Ledger` counts and reserves in one borough, in many worlds at
once. While a home of a plan is to be offered and a target is behind, whoever meets it, or any one of
several that are behind, goes ahead in each stage of the list; the others are asked when nobody who
meets one is left. Counts begin with the worlds,
or with the earlier lettings that a council's own tables tell of.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cbl_engine.scheme.parts import exact_share
from cbl_engine.simulate.asking import judge_of, judge_of_stock, meets
from cbl_engine.simulate.columns import spans
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.state import ADVERTISED
from cbl_engine.simulate.voids import BY_BIDDING

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from cbl_engine.scheme.model import Target
    from cbl_engine.simulate.offering import Going
    from cbl_engine.simulate.policy import Policy
    from cbl_engine.simulate.state import State


class Account(NamedTuple):
    """Whose count it is: what is aimed at by a plan, and for which of its homes."""

    plan: str
    criterion: str
    homes: str | None


@dataclass(frozen=True, eq=False)
class TargetRules:
    """The targets of one version's plans, on the homes of a world.

    Attributes:
        accounts: of each target.
        of: target, home: whether a letting of the home counts in it.
        share, whole: the share of each as so many of a whole that is the same for all; 0 without one.
        number: lettings that each is for; 0 without one.
    """

    accounts: tuple[Account, ...]
    of: NDArray[np.bool_]
    share: NDArray
    whole: int
    number: NDArray[np.int64]

    def behind(self, counted: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each target is behind, of counts (..., target, lettings and those to whom it is)."""
        whole, part = counted[..., 0], counted[..., 1]
        by_share = (self.share * (whole + 1) > part * self.whole).astype(bool)
        return by_share | (part < self.number)


@dataclass(eq=False)
class TargetCounts:
    """Lettings that targets have counted.

    Attributes:
        rules: the targets.
        counted: world, target: lettings of its homes, and of them those to households that meet it.
    """

    rules: TargetRules
    counted: NDArray[np.int64]


def rules_of(
    targets: list[tuple[Account, Target]], of: NDArray[np.bool_]
) -> TargetRules:
    """Targets made ready.

    Args:
        targets: with their accounts.
        of: target, home: whether a letting of the home counts in it.
    """
    shares = [exact_share(t.share or 0) for _, t in targets]
    whole = lcm(1, *(s.denominator for s in shares))
    return TargetRules(
        tuple(account for account, _ in targets), of,
        np.array([s.numerator * (whole // s.denominator) for s in shares], object), whole,
        np.array([t.number or 0 for _, t in targets], np.int64))


def _counts(state: State, day: int) -> TargetCounts | None:
    """What targets have counted; None where no home is under a plan that has any.

    Under a new version the counts of targets that were there before go on.
    """
    policy = policy_on(state.setup, day)
    if policy.targets is None:
        policy.targets = _compiled(state, policy, day)
    rules, before = policy.targets, state.targets
    if not rules.of.any():
        return None
    if before is None or before.rules is not rules:
        made = np.zeros((len(state.worlds), len(rules.accounts), 2), np.int64)
        for number, account in enumerate(rules.accounts):
            if before is not None and account in before.rules.accounts:
                made[:, number] = before.counted[:, before.rules.accounts.index(account)]
        state.targets = TargetCounts(rules, made)
    return state.targets


def _compiled(state: State, policy: Policy, day: int) -> TargetRules:
    """The targets on the stock; whose homes count is asked of the live criteria."""
    stock = state.setup.stock
    plans = policy.version.local_lettings_plans if "local_lettings_plan" in stock.columns else {}
    targets = [(Account(plan, target.criterion, target.homes), target)
               for plan, rules in plans.items() for target in rules.targets]
    of = np.zeros((len(targets), stock.height), bool)
    if targets:
        judge, under = judge_of_stock(state, day), stock["local_lettings_plan"]
        for number, (account, _) in enumerate(targets):
            mine = np.flatnonzero((under == account.plan).fill_null(value=False).to_numpy())
            of[number, mine] = meets(judge, account.homes, day, advert=mine)
    return rules_of(targets, of)


@dataclass(frozen=True, eq=False)
class Aims:
    """Who on the lists of a week meets the targets of the plans that the homes are under.

    Attributes:
        lists: numbers of the lists of such homes.
        which: for each of their entries, which of these it is on.
        entry: these entries, list after list.
        meets: entry, target.
    """

    lists: NDArray[np.int64]
    which: NDArray[np.int64]
    entry: NDArray[np.int64]
    meets: NDArray[np.bool_]


def aims_of(state: State, going: Going, day: int) -> Aims | None:
    """Who meets which targets is asked once a week, as at a day; None where there is no target."""
    counts = _counts(state, day)
    if counts is None:
        return None
    rules, voids = counts.rules, state.voids
    home = state.static(voids["home"][going.void])
    lists = np.flatnonzero(rules.of[:, home].any(axis=0) & (voids["route"][going.void] == BY_BIDDING))
    which, entry = spans(going.starts[lists], np.diff(going.starts)[lists])
    if not len(entry):
        return None
    who = going.household[entry]
    judge = judge_of(state, day, who, going.void[lists], (day - state.setup.start) // 7)
    advert, household = judge.given_adverts["id"].to_numpy(), state.households["id"][who]
    found = np.zeros((len(entry), len(rules.accounts)), bool)
    for number, account in enumerate(rules.accounts):
        mine = np.flatnonzero(rules.of[number, home[lists]][which])
        found[mine, number] = meets(judge, account.criterion, day, advert=advert[which[mine]],
                                    application=household[mine])
    return Aims(lists, which, entry, found)


class Asked(NamedTuple):
    """Lists in the order in which they are asked.

    Attributes:
        entry: of the lists as they stand.
        waits: whether it meets none of the targets that are behind.
    """

    entry: NDArray[np.int64]
    waits: NDArray[np.bool_]


def in_turn(state: State, going: Going, aims: Aims | None, day: int) -> Asked | None:
    """The order in which lists are asked now; None: as they stand.

    Args:
        state: the worlds.
        going: lists.
        aims: of them.
        day: the day.
    """
    counts = _counts(state, day) if aims is not None else None
    if aims is None or counts is None:
        return None
    void = going.void[aims.lists]
    reserved = counts.rules.behind(counts.counted[state.voids["world"][void]])
    reserved &= counts.rules.of[:, state.static(state.voids["home"][void])].T
    reserved[state.voids["step"][void] != ADVERTISED] = False
    if not reserved.any():
        return None
    mine = reserved[aims.which]
    last = mine.any(axis=1) & ~np.any(aims.meets & mine, axis=1)
    turn = np.lexsort((aims.entry, last, going.stage[aims.entry], aims.which))
    order, waits = np.arange(len(going.household)), np.zeros(len(going.household), bool)
    order[aims.entry], waits[aims.entry] = aims.entry[turn], last[turn]
    return Asked(order, waits)


def count_before(state: State, home: NDArray[np.int64], meets: pl.DataFrame) -> None:
    """Lettings that were signed before worlds begin are counted.

    Args:
        state: the worlds.
        home: number of each one's home.
        meets: for each, whether its household meets each criterion, a column each.
    """
    counts = _counts(state, state.setup.start)
    if counts is None:
        return
    for number, account in enumerate(counts.rules.accounts):
        let = counts.rules.of[number, home]
        counts.counted[:, number, 0] += np.count_nonzero(let)
        counts.counted[:, number, 1] += np.count_nonzero(let & meets[account.criterion].to_numpy())


def count(state: State, rows: NDArray[np.int64], who: NDArray[np.int64], day: int) -> None:
    """Lettings of voids to households are counted by the targets of their homes' plans.

    Args:
        state: the worlds.
        rows: of the voids. A direct let counts in none.
        who: rows of the households.
        day: of the lettings.
    """
    counts = _counts(state, day)
    if counts is None:
        return
    rules, voids = counts.rules, state.voids
    aimed_at = rules.of[:, state.static(voids["home"][rows])].any(axis=0)
    mine = np.flatnonzero(aimed_at & (voids["route"][rows] == BY_BIDDING))
    rows, who = rows[mine], who[mine]
    if not len(rows):
        return
    home, world = state.static(voids["home"][rows]), voids["world"][rows]
    judge = judge_of(state, day, who, rows, (day - state.setup.start) // 7)
    advert, household = judge.given_adverts["id"].to_numpy(), state.households["id"][who]
    for number, account in enumerate(rules.accounts):
        let = np.flatnonzero(rules.of[number, home])
        part = meets(judge, account.criterion, day, advert=advert[let], application=household[let])
        np.add.at(counts.counted[:, number, 0], world[let], 1)
        np.add.at(counts.counted[:, number, 1], world[let], part)
