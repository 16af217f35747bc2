"""What refusals add up to, and what it does to those who refused; officers approve it that day.

The live rules are ``cbl_engine.offers.refusals``: of several that are met the last written holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.ages import months_on
from cbl_engine.offers.refusals import months_after
from cbl_engine.simulate.asking import judge_of, meets
from cbl_engine.simulate.lives import day_number, day_of
from cbl_engine.simulate.parameters import happens
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.register import take_out
from cbl_engine.simulate.setup import OUTCOMES, REFUSED
from cbl_engine.simulate.state import CANCELLED, NEVER, WAITING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.scheme.offers import Consequence, Refusals
    from cbl_engine.simulate.state import State

_NOT_REACHED = OUTCOMES.index("no_contact")


def after_refusals(state: State, rows: NDArray[np.int64], day: int) -> None:
    """Refusals among nominations that were settled are counted, and what follows begins.

    Args:
        state: the worlds.
        rows: nominations that did not come to a letting, each household once at most.
        day: on which they were settled.
    """
    offers = policy_on(state.setup, day).version.offers
    nominations, households = state.nominations, state.households
    outcome = nominations["outcome"][rows]
    refused = np.isin(outcome, REFUSED)
    if offers is not None and offers.silence == "refused":
        refused |= outcome == _NOT_REACHED
    rows = rows[refused]
    who = nominations["household"][rows]
    households["refusals"][who] += 1
    if offers is None or not offers.refusals or not len(rows):
        return
    counts = _unreasonable(state, rows) & (households["downsizes"][who] == 0) & ~(
        households["decants"][who])
    rows, who = rows[counts], who[counts]
    nominations["counts"][rows] = True
    households["counted"][who] += 1
    then = np.zeros(len(who), np.int64)
    names = list(offers.refusals)
    for number, name in enumerate(names, 1):
        then[_met(state, offers.refusals[name], who, day)] = number
    for number, name in enumerate(names, 1):
        _begin(state, who[then == number], offers.refusals[name].then, day)


def _unreasonable(state: State, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Refusals that count: without a reason that the scheme or an officer takes as good."""
    nominations, voids = state.nominations, state.voids
    void = nominations["void"][rows]
    draws = state.setup.luck.draws(
        "refusal", state.households["id"][nominations["household"][rows]],
        state.home_ids(voids["home"][void]), voids["nth"][void])
    return happens(state.setup.parameters["nominations.refusal_counts"], draws)


def _met(state: State, rule: Refusals, who: NDArray[np.int64], day: int) -> NDArray[np.bool_]:
    """Whether so many refusals make the rule, that day."""
    n = state.households["counted"][who].astype(np.int64) if rule.months is None else _since(
        state, who, rule.months, day)
    met = n == rule.after
    if rule.every:
        met |= (n > rule.after) & (n % rule.after == 0)
    if rule.when is not None and met.any():
        judge = judge_of(state, day, who[met])
        met[met] = meets(judge, rule.when, day, application=state.households["id"][who[met]])
    return met


def _since(
    state: State, who: NDArray[np.int64], months: int, day: int
) -> NDArray[np.int64]:
    """Refusals that count within so many months before a day."""
    nominations = state.nominations
    rows = np.flatnonzero(nominations["counts"] & (nominations["due"] > day - 32 * months))
    rows = rows[np.isin(nominations["household"][rows], who)]
    ends = pl.DataFrame({"on": pl.Series(nominations["due"][rows]).cast(pl.Date)}).select(
        months_on(pl.col("on"), months)).to_series()
    rows = rows[(ends > day_of(day)).to_numpy()]
    order = np.argsort(who)
    at = order[np.searchsorted(who, nominations["household"][rows], sorter=order)]
    return np.bincount(at, minlength=len(who))


def _begin(state: State, who: NDArray[np.int64], name: str, day: int) -> None:
    """A consequence begins for some households."""
    if not len(who):
        return
    households = state.households
    policy = policy_on(state.setup, day)
    version, bands = policy.version, state.setup.lives.bands
    rule = version.consequences[name]
    months = _months(rule)
    over = months_after(day_of(day), months)
    until = NEVER if over is None else day_number(over)
    if rule.bar_months:
        households["barred_until"][who] = until
    if rule.suspend_months:
        households["suspended_until"][who] = until
    if rule.lose_choice_months:
        households["council_until"][who] = until
    if rule.bottom_of_band_months:
        households["bottom_until"][who] = until
    if rule.band is not None or rule.down is not None:
        households["put_band"][who] = bands.index(rule.band) if rule.band is not None else \
            policy.lower(state.bands_on(who, day), rule.down or 0, bands)
        households["put_until"][who] = until
    state.consequences.append(
        len(who), household=who, name=state.setup.consequence_names.index(name), since=day,
        until=until)
    if rule.cancel:
        take_out(state, who[households["status"][who] == WAITING], CANCELLED, day)


def _months(rule: Consequence) -> int | None:
    return next((m for m in (rule.suspend_months, rule.bar_months, rule.bottom_of_band_months,
                             rule.lose_choice_months, rule.months) if m is not None), None)
