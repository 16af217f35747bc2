"""Adverts as the scheme has them: which profile each opens with, and what follows one that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.simulate.asking import judge_of, judge_of_stock, meets
from cbl_engine.simulate.columns import within
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.quotas import (
    begin_counts,
    choose_profiles,
    compile_quotas,
    count_adverts,
    count_lettings,
)
from cbl_engine.simulate.state import GONE, NOBODY, OVER, READY
from cbl_engine.simulate.voids import (
    DIRECT,
    KEPT_BY_LANDLORD,
    REDESIGNATED,
    happened,
    let_outside,
)
from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cbl_engine.scheme.advertising import Rung
    from cbl_engine.simulate.policy import Policy
    from cbl_engine.simulate.quotas import Counts, QuotaRules
    from cbl_engine.simulate.state import State

BECAUSE = ("no_bids", "no_eligible", "exhausted")
"""Why a home was not let; numbers stand for these."""


def open_adverts(state: State, rows: NDArray[np.int64], week: int) -> None:
    """Adverts open with the profile that they have, or that the scheme's quotas give them.

    Args:
        state: the worlds.
        rows: of the voids, by world and home.
        week: its number. The version in force at its close holds for the week; quotas count in the
            period in which its round opened.
    """
    day = state.setup.closes(week)
    policy = policy_on(state.setup, day)
    _under_version(state, policy)
    voids = state.voids
    own = voids["profile"][rows]
    counts, world = _counts(state, policy, day), voids["world"][rows]
    if counts is None:
        default = policy.profile_number(policy.version.profile_for(None))
        profile = np.where(own > 0, own, default)
    else:
        profile = choose_profiles(counts, world, state.static(voids["home"][rows]), own,
                                  state.setup.opens(week))
    voids["profile"][rows] = _dealt(state, policy, world, profile)


def count_before(
    state: State, home: NDArray[np.int64], profile: NDArray[np.integer], opened: NDArray[np.integer]
) -> None:
    """Adverts that closed before worlds begin are counted in the scheme's quotas.

    Args:
        state: the worlds.
        home: number of each one's home in the stock.
        profile: number of its profile in the version of the first day.
        opened: day.
    """
    day = state.setup.start
    counts = _counts(state, policy_on(state.setup, day), day)
    if counts is not None:
        since = [min(v.in_force.from_ for v in state.setup.scheme.versions
                     if v.advertising is not None and name in v.advertising.quotas)
                 for name in counts.rules.quotas]
        count_adverts(counts, home, profile, opened, day, np.array([day_number(d) for d in since]),
                      state.setup.luck, state.worlds)


def count_lettings_before(state: State, lettings: pl.DataFrame, meets: pl.DataFrame) -> None:
    """Lettings that were signed before worlds begin are counted in the quotas on lettings.

    Args:
        state: the worlds.
        lettings: as in :class:`cbl_engine.simulate.let_before.LetBefore`.
        meets: likewise.
    """
    policy = policy_on(state.setup, state.setup.start)
    counts = _counts(state, policy, state.setup.start)
    if counts is None:
        return
    default = policy.profile_number(policy.version.profile_for(None))
    numbers = {name: policy.profile_number(name) for name in policy.profiles}
    profile = lettings["profile"].replace_strict(
        numbers, default=default, return_dtype=pl.Int64).to_numpy()
    to = np.ones((lettings.height, len(counts.rules.quotas)), bool)
    for number, quota in enumerate(counts.rules.quotas.values()):
        if quota.to is not None and quota.on == "lettings":
            to[:, number] = meets[quota.to].to_numpy()
    home, on = lettings["home"].to_numpy(), lettings["on"].to_numpy()
    for day in np.unique(on).tolist():
        rows = np.flatnonzero(on == day)
        worlds = np.repeat(np.arange(len(state.worlds)), len(rows))
        rows = np.tile(rows, len(state.worlds))
        count_lettings(counts, worlds, home[rows], profile[rows], to[rows], day)


def _dealt(
    state: State, policy: Policy, world: NDArray[np.integer], profile: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where neither quota nor default says which, officers name the other profiles in turn."""
    none = np.flatnonzero(profile == 0)
    nth = state.dealt[world[none]] + within(world[none])
    np.add.at(state.dealt, world[none], 1)
    profile[none] = policy.unnamed[nth % len(policy.unnamed)]
    return profile


def _under_version(state: State, policy: Policy) -> None:
    """Profiles of voids go by the numbers of the version in force."""
    if state.version == policy.number:
        return
    before = state.setup.policies.get(state.version)
    state.version = policy.number
    if before is not None:
        names = [0, *(policy.profile_number(n) if n in policy.profiles else 0
                      for n in before.profiles)]
        rows = state.open_voids
        state.voids["profile"][rows] = np.array(names)[state.voids["profile"][rows]]


def _counts(state: State, policy: Policy, day: int) -> Counts | None:
    """What quotas have counted; None where the scheme has none."""
    if policy.version.advertising is None or not policy.version.advertising.quotas:
        return None
    if policy.quotas is None:
        policy.quotas = _compiled(state, policy, day)
    if state.counts is None or state.counts.rules is not policy.quotas:
        state.counts = begin_counts(policy.quotas, len(state.worlds), state.counts)
    return state.counts


def _compiled(state: State, policy: Policy, day: int) -> QuotaRules:
    """The quotas on the stock; whose advert each home would be is asked of the live criteria."""
    quotas = policy.version.advertising.quotas if policy.version.advertising is not None else {}
    judge, ids = judge_of_stock(state, day), np.arange(state.setup.stock.height)
    of = np.stack([meets(judge, q.of, day, advert=ids) for q in quotas.values()])
    return compile_quotas(quotas, of, state.setup.stock, policy.profiles,
                          policy.version.profile_for(None))


def count(state: State, rows: NDArray[np.int64], who: NDArray[np.int64], day: int) -> None:
    """Lettings of voids to households are counted in the scheme's quotas on lettings."""
    policy = policy_on(state.setup, day)
    counts = _counts(state, policy, day)
    if counts is None or not counts.rules.of_kind("lettings").any():
        return
    voids = state.voids
    mine = voids["route"][rows] == 0
    rows, who = rows[mine], who[mine]
    quotas = list(counts.rules.quotas.values())
    to = np.ones((len(rows), len(quotas)), bool)
    asked = [q.to for q in quotas if q.on == "lettings" and q.to is not None]
    if asked and len(rows):
        judge = judge_of(state, day, who)
        for number, quota in enumerate(quotas):
            if quota.to in asked:
                to[:, number] = meets(judge, quota.to, day,
                                      application=state.households["id"][who])
    count_lettings(counts, voids["world"][rows], state.static(voids["home"][rows]),
                   voids["profile"][rows], to, day)


def rungs_after(
    ladder: Sequence[Rung], taken: NDArray[np.integer], because: NDArray[np.integer],
    met: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """The next step for each home that was not let: the ladder is gone down, never up again.

    As :func:`cbl_engine.offers.advertising.next_rung`, for many homes.

    Args:
        ladder: of the scheme.
        taken: number of the last rung taken for each, from 1; 0 for none.
        because: why, a number in ``BECAUSE``.
        met: home, rung: whether the rung's ``when`` is met.

    Returns:
        Numbers of rungs, from 1; 0 where the ladder is at its end.
    """
    found = np.zeros(len(taken), np.int64)
    for number, rung in enumerate(ladder, 1):
        fits = np.isin(because, [BECAUSE.index(b) for b in rung.after if b in BECAUSE]) \
            if rung.after else np.ones(len(taken), bool)
        found = np.where((found == 0) & (number > taken) & fits & met[:, number - 1],
                         number, found)
    return found


def not_let(state: State, rows: NDArray[np.int64], week: int, day: int) -> None:
    """Homes that nobody on their list took go down the ladder; at its end they are advertised anew,
    and those let directly are offered to whoever may be let them by then.

    Args:
        state: the worlds.
        rows: of the voids.
        week: whose adverts they were last shown among.
        day: on which their lists ended.
    """
    if not len(rows):
        return
    voids, policy = state.voids, policy_on(state.setup, day)
    voids["step"][rows] = READY
    rows = rows[voids["route"][rows] == 0]
    rules = policy.version.advertising
    ladder = rules.ladder if rules is not None else ()
    because = np.where(voids["bids"][rows] == 0, 0, np.where(voids["eligible"][rows] == 0, 1, 2))
    found = rungs_after(ladder, voids["rung"][rows], because, _met(state, ladder, rows, week, day))
    voids["rung"][rows] = np.where(found > 0, found, voids["rung"][rows])
    voids["profile"][rows[found == 0]] = 0
    for number, rung in enumerate(ladder, 1):
        mine = rows[found == number]
        if rung.profile is not None:
            voids["profile"][mine] = policy.profile_number(rung.profile)
        elif rung.step == "direct_let":
            voids["route"][mine] = DIRECT
        elif rung.step == "landlord":
            voids["route"][mine] = KEPT_BY_LANDLORD
            let_outside(state, mine, np.full(len(mine), day))
        elif rung.step == "change_designation":
            voids["route"][mine] = REDESIGNATED
            voids["step"][mine] = OVER
            state.home_status[voids["home"][mine]] = GONE
            state.home_taker[voids["home"][mine]] = NOBODY
            happened(state, voids["home"][mine], day, "change_of_designation")


def _met(
    state: State, ladder: Sequence[Rung], rows: NDArray[np.int64], week: int, day: int
) -> NDArray[np.bool_]:
    met = np.ones((len(rows), len(ladder)), bool)
    if any(rung.when is not None for rung in ladder):
        judge = judge_of(state, day, np.zeros(0, np.int64), rows, week)
        ids = judge.given_adverts["id"].to_numpy()
        for number, rung in enumerate(ladder):
            met[:, number] = meets(judge, rung.when, day, advert=ids)
    return met
