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
from cbl_engine.simulate.parameters import happens
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.register import take_out
from cbl_engine.simulate.setup import OUTCOMES, REFUSED
from cbl_engine.simulate.state import CANCELLED, NEVER, WAITING
from cbl_engine.tables.days import date_of, day_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cbl_engine.scheme.offers import Consequence, Offers, Refusals
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
    for name, whose in _added_up(state, offers, who, day, day):
        _begin(state, whose, name, day)


def _added_up(
    state: State, offers: Offers, who: NDArray[np.int64], day: int, as_on: int
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """One more refusal of each that counts, and the consequences that this comes to, with whom.

    Args:
        state: the worlds; counts in it go up.
        offers: the rules.
        who: rows of households, each once.
        day: of the refusals.
        as_on: the day as on which rules ask of households.
    """
    state.households["counted"][who] += 1
    then = np.zeros(len(who), np.int64)
    for number, rule in enumerate(offers.refusals.values(), 1):
        then[_met(state, rule, who, day, as_on)] = number
    for number, rule in enumerate(offers.refusals.values(), 1):
        yield rule.then, who[then == number]


def refused_before(state: State, refused: pl.DataFrame) -> None:
    """Refusals before the start count in every world, and what they came to runs on.

    One that no officer judged counts by the same chance as one in worlds; rules are those of the
    first day, and ask of households as on that day. Bars, loss of choice and the bottom of the band
    run on; bands and statuses are on the register as they stand.

    Args:
        state: the worlds, as at the start.
        refused: as in :class:`cbl_engine.simulate.lists_under_way.ListsUnderWay`.
    """
    setup = state.setup
    policy = policy_on(setup, setup.start)
    offers = policy.version.offers
    if offers is None or not offers.refusals:
        return
    if offers.silence != "refused":
        refused = refused.filter(~pl.col("silence"))
    worlds = np.arange(len(state.worlds))[:, None]
    who = (worlds * setup.lives.opening + refused["life"].to_numpy()).ravel()
    day, nth = (np.tile(refused[name].to_numpy(), len(worlds)) for name in ("on", "nth"))
    good = refused["reason"].is_in(list(offers.reasons)).fill_null(value=False) | refused[
        "reasonable"].fill_null(value=False)
    judged = pl.select(pl.coalesce(
        refused["judged"], pl.when(good).then(pl.lit(value=False)), ~refused["reasonable"])).to_series()
    drawn = happens(setup.parameters["nominations.refusal_counts"], setup.luck.draws(
        "refusal/before", state.households["id"][who], nth))
    told = np.tile(judged.is_not_null().to_numpy(), len(worlds))
    counts = np.where(told, np.tile(judged.fill_null(value=False).to_numpy(), len(worlds)), drawn)
    who, day, nth = who[counts], day[counts], nth[counts]
    before = state.refused_before
    for on, number in sorted(set(zip(day.tolist(), nth.tolist(), strict=True))):
        whose = who[(day == on) & (nth == number)]
        before.append(len(whose), household=whose, on=on)
        for name, theirs in _added_up(state, offers, whose, on, setup.start):
            _bars(state, theirs, policy.version.consequences[name], on)


def _unreasonable(state: State, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Refusals that count: without a reason that the scheme or an officer takes as good."""
    nominations, voids = state.nominations, state.voids
    void = nominations["void"][rows]
    draws = state.setup.luck.draws(
        "refusal", state.households["id"][nominations["household"][rows]],
        state.home_ids(voids["home"][void]), voids["nth"][void])
    return happens(state.setup.parameters["nominations.refusal_counts"], draws)


def _met(
    state: State, rule: Refusals, who: NDArray[np.int64], day: int, as_on: int
) -> NDArray[np.bool_]:
    """Whether so many refusals make the rule on a day, of households as on another."""
    n = state.households["counted"][who].astype(np.int64) if rule.months is None else _since(
        state, who, rule.months, day)
    met = n == rule.after
    if rule.every:
        met |= (n > rule.after) & (n % rule.after == 0)
    if rule.when is not None and met.any():
        judge = judge_of(state, as_on, who[met])
        met[met] = meets(judge, rule.when, as_on, application=state.households["id"][who[met]])
    return met


def _since(
    state: State, who: NDArray[np.int64], months: int, day: int
) -> NDArray[np.int64]:
    """Refusals that count within so many months before a day."""
    nominations, before = state.nominations, state.refused_before
    rows = np.flatnonzero(nominations["counts"] & (nominations["due"] > day - 32 * months))
    whose = np.concatenate([nominations["household"][rows], before["household"]])
    on = np.concatenate([nominations["due"][rows], before["on"]])
    theirs = np.isin(whose, who)
    whose, on = whose[theirs], on[theirs]
    ends = pl.DataFrame({"on": pl.Series(on).cast(pl.Date)}).select(
        months_on(pl.col("on"), months)).to_series()
    order = np.argsort(who)
    at = order[np.searchsorted(who, whose[(ends > date_of(day)).to_numpy()], sorter=order)]
    return np.bincount(at, minlength=len(who))


def _begin(state: State, who: NDArray[np.int64], name: str, day: int) -> None:
    """A consequence begins for some households."""
    if not len(who):
        return
    households = state.households
    policy = policy_on(state.setup, day)
    version, bands = policy.version, state.setup.lives.bands
    rule = version.consequences[name]
    until = _bars(state, who, rule, day)
    if rule.suspend_months:
        households["suspended_until"][who] = until
    if rule.band is not None or rule.down is not None:
        households["put_band"][who] = bands.index(rule.band) if rule.band is not None else \
            policy.lower(state.bands_on(who, day), rule.down or 0, bands)
        households["put_until"][who] = until
    state.consequences.append(
        len(who), household=who, name=state.setup.consequence_names.index(name), since=day,
        until=until)
    if rule.cancel:
        take_out(state, who[households["status"][who] == WAITING], CANCELLED, day)


def _bars(state: State, who: NDArray[np.int64], rule: Consequence, day: int) -> int:
    """What a consequence from a day on keeps households from; the day it is over."""
    households, over = state.households, months_after(date_of(day), rule.lasts_months)
    until = NEVER if over is None else day_number(over)
    for months, name in ((rule.bar_months, "barred_until"),
                         (rule.lose_choice_months, "council_until"),
                         (rule.bottom_of_band_months, "bottom_until")):
        if months:
            households[name][who] = until
    return until
