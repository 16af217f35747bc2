"""Shares among homes, counted in every world at once by the rules of the live ledger.

:class:`cbl_engine.offers.quotas.Ledger` counts one borough advert by advert and says why in words;
this counts many by arrays, and a test holds the two against each other on random boroughs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import lcm
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.offers.quotas import NOT_KNOWN, period_of
from cbl_engine.scheme.parts import exact_share
from cbl_engine.simulate.columns import within
from cbl_engine.tables.days import date_of, day_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl
    from numpy.typing import NDArray

    from cbl_engine.scheme.advertising import Quota
    from cbl_engine.simulate.luck import Luck

_MOST = 1 << 20
"""Shares whose common denominator is larger are counted in Python's own whole numbers."""
_LONG_AGO = 400.0
"""Adverts before those known beyond which it does not matter how many there were."""


@dataclass(frozen=True, eq=False)
class QuotaRules:
    """The quotas of one version, on the homes of a world.

    Attributes:
        quotas: by name, in the order written.
        of: quota, home: whether the home's advert is one the quota asks about.
        stratum: quota, home: number of its stratum.
        profile: number of the profile of each quota, 0 for none.
        default: number of the profile of an advert that no quota chooses, 0 for none.
        share, whole: the share of each as so many of a whole that is the same for all.
        around: for each, the numbers of the quotas that it lies within.
    """

    quotas: Mapping[str, Quota]
    of: NDArray[np.bool_]
    stratum: NDArray[np.int64]
    profile: NDArray[np.int64]
    default: int
    share: NDArray
    whole: int
    around: tuple[tuple[int, ...], ...]

    @property
    def n_strata(self) -> int:
        """Strata of the quota that has most."""
        return int(self.stratum.max(initial=0)) + 1

    def of_kind(self, on: str) -> NDArray[np.bool_]:
        """Quotas that count adverts, or lettings."""
        return np.array([q.on == on for q in self.quotas.values()], bool)


def compile_quotas(
    quotas: Mapping[str, Quota], of: NDArray[np.bool_], stock: pl.DataFrame,
    profiles: tuple[str, ...], default: str | None,
) -> QuotaRules:
    """Quotas made ready.

    Args:
        quotas: by name.
        of: quota, home: whether the home's advert meets the quota's ``of``.
        stock: homes, with the columns that strata go by.
        profiles: names; the number of one is its place here from 1.
        default: the profile of an advert that no quota chooses.
    """
    names = list(quotas)
    shares = [exact_share(q.share) for q in quotas.values()]
    whole = lcm(1, *(s.denominator for s in shares))
    around = []
    for name in names:
        out: list[int] = []
        outer = quotas[name].within
        while outer in quotas and names.index(outer) not in out:
            out.append(names.index(outer))
            outer = quotas[outer].within
        around.append(tuple(out))
    numbers = {name: i for i, name in enumerate(profiles, 1)}
    return QuotaRules(
        quotas, of, np.stack([_strata(stock, q.by) for q in quotas.values()]),
        np.array([numbers.get(q.profile or "", 0) for q in quotas.values()], np.int64),
        numbers.get(default or "", 0),
        np.array([s.numerator * (whole // s.denominator) for s in shares],
                 np.int64 if whole < _MOST else object),
        whole, tuple(around),
    )


def _strata(stock: pl.DataFrame, by: tuple[str, ...]) -> NDArray[np.int64]:
    """Number of each home's stratum, in order of what it is."""
    import polars as pl

    labels = [stock[c].cast(pl.String).fill_null(NOT_KNOWN) for c in by if c in stock.columns]
    if not labels:
        return np.zeros(stock.height, np.int64)
    return pl.DataFrame(labels).select(pl.struct(pl.all()).rank("dense")).to_series().to_numpy(
    ).astype(np.int64) - 1


@dataclass(eq=False)
class Counts:
    """What the quotas of every world have counted.

    Attributes:
        rules: the quotas.
        counted: world, quota, stratum: the whole, and the part of it that is the quota's.
        periods: first day of the period that each quota counts in.
    """

    rules: QuotaRules
    counted: NDArray
    periods: list[date | None] = field(default_factory=list)


def begin_counts(rules: QuotaRules, n_worlds: int, before: Counts | None = None) -> Counts:
    """Counts of nothing; under a new version, those of quotas that were there before go on."""
    made = Counts(rules, np.zeros((n_worlds, len(rules.quotas), rules.n_strata, 2),
                                  rules.share.dtype), [None] * len(rules.quotas))
    if before is not None:
        old = list(before.rules.quotas)
        for number, (name, quota) in enumerate(rules.quotas.items()):
            if name in old and before.rules.quotas[name].by == quota.by:
                its = before.counted[:, old.index(name)]
                made.counted[:, number, : its.shape[1]] = its[:, : rules.n_strata]
                made.periods[number] = before.periods[old.index(name)]
    return made


def _begin_periods(counts: Counts, day: int) -> None:
    """Counts begin anew on the day that a quota says; what opened before it and is counted later, as
    an advert of a round of weeks is, counts in the new period.
    """
    for number, quota in enumerate(counts.rules.quotas.values()):
        period = period_of(quota.starts, date_of(day))
        before = counts.periods[number]
        if period != before and (period is None or before is None or period > before):
            counts.counted[:, number] = 0
            counts.periods[number] = period


def choose_profiles(
    counts: Counts, world: NDArray[np.integer], home: NDArray[np.int64],
    own: NDArray[np.integer], day: int,
) -> NDArray[np.int64]:
    """The profiles that adverts open with, one after the other in each world; they are counted.

    Of the quotas that name a profile and whose whole an advert would be in, the one furthest behind
    chooses, if it is behind by at least one home; one within another only when that is not.

    Args:
        counts: of the worlds; added to.
        world: of each advert, ascending; in a world in the order they open.
        home: of each advert.
        own: number of the profile that each has already, 0 for none.
        day: on which they open.

    Returns:
        Numbers of profiles, 0 for none.
    """
    _begin_periods(counts, day)
    rules = counts.rules
    out = np.zeros(len(world), np.int64)
    nth = within(world)
    quota = np.arange(len(rules.quotas))
    on_adverts = rules.of_kind("adverts")
    for turn in range(int(nth.max(initial=-1)) + 1):
        at = np.flatnonzero(nth == turn)
        w, stratum, mine = world[at][:, None], rules.stratum[:, home[at]].T, own[at][:, None]
        count = counts.counted[w, quota, stratum]
        inside = _in_whole(rules, home[at], (mine > 0) & (rules.profile == mine))
        names = inside & (rules.profile > 0)
        behind = np.where(names, rules.share * (count[..., 0] + 1) - count[..., 1] * rules.whole, 0)
        far = behind >= rules.whole
        for number, outers in enumerate(rules.around):
            for outer in outers:
                far[:, number] &= behind[:, outer] < rules.whole
        best = np.where(far, behind, -1).argmax(axis=1)
        free = (mine[:, 0] == 0) & far.any(axis=1)
        profile = np.where(mine[:, 0] > 0, mine[:, 0],
                           np.where(free, rules.profile[best], rules.default))
        part = (rules.profile > 0) & (rules.profile == profile[:, None])
        counted = on_adverts & _in_whole(rules, home[at], part)
        counts.counted[w, quota, stratum, 0] += counted
        counts.counted[w, quota, stratum, 1] += counted & part
        out[at] = profile
    return out


def _in_whole(
    rules: QuotaRules, home: NDArray[np.int64], part: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Advert, quota: whether it is in the quota's whole, and is what every outer one leaves."""
    meets = rules.of[:, home].T
    inside = meets.copy()
    for number, outers in enumerate(rules.around):
        for outer in outers:
            inside[:, number] &= meets[:, outer] & ~part[:, outer]
    return inside


def count_adverts(
    counts: Counts, home: NDArray[np.int64], profile: NDArray[np.integer],
    opened: NDArray[np.integer], day: int, in_force_from: NDArray[np.integer],
    luck: Luck, worlds: NDArray[np.integer],
) -> None:
    """Adverts from before worlds begin are counted in every world by the quotas on adverts.

    Where the first advert known opened after the counts had begun, those before it are not known.
    Without them a quota would seem ahead in every stratum, and would wait. In each as many are taken to
    have been there as it takes that no advert has the quota's profile before its turn; where none has
    it, each world draws how many: at the rate of those known, and so that none was to have it.

    Args:
        counts: of the worlds; added to.
        home: number in its world.
        profile: that each had.
        opened: day on which each opened; one of an earlier period does not count.
        day: first day of the worlds.
        in_force_from: of each quota, the first day that the scheme has had it.
        luck: draws.
        worlds: their numbers.
    """
    if not len(home):
        return
    _begin_periods(counts, day)
    rules = counts.rules
    days, at = np.unique(opened, return_inverse=True)
    current = np.array([[period_of(quota.starts, date_of(int(on))) == period for quota, period in zip(
        rules.quotas.values(), counts.periods, strict=True)] for on in days], bool)
    part = (rules.profile > 0) & (rules.profile == profile[:, None])
    counted = rules.of_kind("adverts") & _in_whole(rules, home, part)
    advert, quota = np.nonzero(counted & current.reshape(-1, len(rules.quotas))[at])
    order = np.lexsort((home[advert], opened[advert], rules.stratum[quota, home[advert]], quota))
    advert, quota = advert[order], quota[order]
    stratum, part = rules.stratum[quota, home[advert]], part[advert, quota]
    known = np.zeros_like(counts.counted[0])
    np.add.at(known[..., 0], (quota, stratum), 1)
    np.add.at(known[..., 1], (quota, stratum), part)
    counts.counted += known
    began = np.array([first if period is None else max(first, day_number(period))
                      for first, period in zip(in_force_from.tolist(), counts.periods, strict=True)])
    late = rules.of_kind("adverts") & (days[0] > began) & (rules.profile > 0)
    fewest = _before_the_first(rules, quota, stratum, part)
    counts.counted[..., 0] += np.where(late[:, None], fewest, 0)
    for number in np.flatnonzero(late).tolist():
        untold = np.flatnonzero(known[number, :, 1] == 0)
        if not len(untold):
            continue
        usual = (known[number, untold, 0] + 0.5) * (days[0] - began[number]) / max(day - days[0], 1)
        draws = luck.draws("quotas/before", worlds[:, None], number, untold)
        counts.counted[:, number, untold] += _without_a_turn(
            rules.share[number], rules.whole, known[number, untold, 0], usual.astype(float), draws)


def _before_the_first(
    rules: QuotaRules, quota: NDArray[np.int64], stratum: NDArray[np.int64], part: NDArray[np.bool_]
) -> NDArray:
    """quota, stratum: the fewest adverts before those known with which none has its profile too soon.

    Args:
        rules: the quotas.
        quota: of each advert that counts, in order of quota, stratum and time.
        stratum: likewise.
        part: whether it has the quota's profile.
    """
    found = np.zeros((len(rules.quotas), rules.n_strata), rules.share.dtype)
    if not len(quota):
        return found
    lead = part.astype(rules.share.dtype) * rules.whole - rules.share[quota]
    first = np.flatnonzero(np.r_[True, (np.diff(quota) != 0) | (np.diff(stratum) != 0)])
    ahead = np.cumsum(lead)
    before = np.repeat(ahead[first] - lead[first], np.diff(np.r_[first, len(lead)]))
    most = np.maximum.reduceat(ahead - before, first)
    found[quota[first], stratum[first]] = -(np.minimum(-most, 0) // rules.share[quota[first]])
    return found


def _without_a_turn(
    share: int, whole: int, known: NDArray, usual: NDArray[np.float64], draws: NDArray[np.uint64]
) -> NDArray:
    """world, stratum: adverts before those known, and the quota's part of them: Poisson counts, of those
    after which none of the known was to be the quota's.

    Args:
        share: the quota's, of the whole.
        whole: likewise.
        known: adverts of each stratum, none with the quota's profile.
        usual: as many as are expected before them.
        draws: world, stratum.
    """
    usual = np.clip(usual, 1e-9, _LONG_AGO)
    number = np.arange(int(usual.max() + 8 * usual.max() ** 0.5) + 8)
    exact = number.astype(known.dtype)
    chance = np.exp(number * np.log(usual)[:, None] - usual[:, None]
                    - np.cumsum(np.log(np.maximum(number, 1))))
    chance[exact * share % whole + (known * share)[:, None] >= whole] = 0.0
    upto = np.cumsum(chance, axis=1)
    at = (draws >> np.uint64(11)) * 2.0**-53 * upto[:, -1]
    picked = np.stack([np.searchsorted(upto[s], at[:, s], side="right") for s in range(len(known))], axis=1)
    picked[:, upto[:, -1] == 0] = 0
    return np.stack([exact[picked], exact[picked] * share // whole], axis=-1)


def count_lettings(
    counts: Counts, world: NDArray[np.integer], home: NDArray[np.int64],
    profile: NDArray[np.integer], to: NDArray[np.bool_], day: int,
) -> None:
    """Lettings are counted by the quotas on lettings.

    Args:
        counts: of the worlds; added to.
        world: of each letting.
        home: number in its world.
        profile: that of the advert.
        to: letting, quota: whether the household meets the quota's ``to``.
        day: on which they are signed.
    """
    _begin_periods(counts, day)
    rules = counts.rules
    own = (rules.profile > 0) & (rules.profile == profile[:, None])
    asks = np.array([q.on == "lettings" and q.to is not None for q in rules.quotas.values()], bool)
    part = np.where(asks, to, own)
    counted = rules.of_kind("lettings") & _in_whole(rules, home, part)
    let, quota = np.nonzero(counted)
    at = world[let], quota, rules.stratum[quota, home[let]]
    np.add.at(counts.counted[..., 0], at, 1)
    np.add.at(counts.counted[..., 1], at, part[let, quota])
