"""Awards: which are held, and the band, points and place that follow.

``docs/assessment.md`` is the contract. Everything is arrays with a row an application; the loops
are over awards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.ages import months_on
from cbl_engine.assess.outcomes import FAILED, MET, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.scheme.assessment import Award
    from cbl_engine.scheme.model import SchemeVersion

NO_BAND = np.int16(1000)
_MOST_POINTS = 1 << 38


@dataclass(frozen=True)
class AwardHeld:
    """One award for every application.

    Attributes:
        outcome: met, failed or not known.
        held: whether it counts as held.
        expired: whether it would be, had it not expired.
        counts: whether what it gives counts: held, and the best of its ``one_of``.
        points: given where it counts, 0 where their number is not known; None without points.
        unsure: held, but the number that its points are multiplied by is not known.
        since: the day it began, or the latest of the awards it counts did; null where none is
            named, or the date is missing.
        until: the first day it is no longer held; null where it does not expire.
    """

    outcome: NDArray[np.int8]
    held: NDArray[np.bool_]
    expired: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    points: NDArray[np.int64] | None
    unsure: NDArray[np.bool_]
    since: pl.Series = field(repr=False)
    until: pl.Series = field(repr=False)


@dataclass(frozen=True)
class Awarded:
    """What the awards give, a row an application.

    Attributes:
        awards: by name, in the order of the scheme.
        band: number of the band, 0 the highest; NO_BAND for none.
        band_since: the latest day on which an award that gives the band began; null where none
            has a day.
        better_until: the latest day from which an award that gave a higher band is no longer held;
            null for none.
        points: their sum, at least those promised.
        promised: where the promised points are more than the sum.
        place: place inside the band.
        holds: an award that is not known, or whose points are not, waits for an officer.
        unsettled: the band could be another once what waits is decided.
    """

    awards: dict[str, AwardHeld]
    band: NDArray[np.int16]
    band_since: pl.Series = field(repr=False)
    better_until: pl.Series = field(repr=False)
    points: NDArray[np.int64]
    promised: NDArray[np.bool_]
    place: NDArray[np.int64]
    holds: NDArray[np.bool_]
    unsettled: NDArray[np.bool_]


def award_all(
    version: SchemeVersion,
    frame: pl.DataFrame,
    codes: Mapping[str, NDArray[np.int8]],
    on: date,
) -> Awarded:
    """Every award of a scheme version, and what follows.

    1. Each award in the order written: its criterion, the awards under ``of``, its days. 2. The
    best of each ``one_of``. 3. Band: the best given, raised by ``up``, lowered by ``at_most``.
    4. Points and place.

    Args:
        version: a scheme version with an assessment.
        frame: columns and facts that awards name, a row an application.
        codes: outcome of each criterion.
        on: the as-at date.
    """
    rules = version.assessment
    if rules is None:
        raise ValueError("the scheme version has no assessment")
    n = frame.height
    bands = {band: number for number, band in enumerate(version.bands)}
    made: dict[str, AwardHeld] = {}
    holds = np.zeros(n, bool)
    for name, award in rules.awards.items():
        made[name] = _held(award, version, frame, codes, made, on)
        if award.when is not None and version.criteria[award.when].when_unknown == "hold":
            holds |= _waits(made[name], codes[award.when])
    _best_of_each(rules.awards, made, bands)
    for one in made.values():
        holds |= one.unsure & one.counts
    band, since = _band(version, made, bands, n)
    points, promised = _points(rules.points_at_least, made, frame)
    place = np.full(n, np.iinfo(np.int64).max)
    for name, award in rules.awards.items():
        if award.place is not None:
            place = np.where(made[name].counts, np.minimum(place, award.place), place)
    place = np.where(place == np.iinfo(np.int64).max, 0, place)
    return Awarded(made, band, since, _better_until(version, made, bands, band), points, promised,
                   place, holds, _unsettled(version, made, codes, bands, holds))


def _held(
    award: Award,
    version: SchemeVersion,
    frame: pl.DataFrame,
    codes: Mapping[str, NDArray[np.int8]],
    above: Mapping[str, AwardHeld],
    on: date,
) -> AwardHeld:
    n = frame.height
    failed, known = np.zeros(n, bool), np.ones(n, bool)
    held = np.ones(n, bool)
    if award.when is not None:
        code = codes[award.when]
        passes = version.criteria[award.when].when_unknown == "pass"
        held &= (code == MET) | ((code == UNKNOWN) & passes)
        failed |= code == FAILED
        known &= code != UNKNOWN
    if award.at_least is not None:
        parts = [above[name] for name in award.of]
        sure = np.sum([p.outcome == MET for p in parts], axis=0)
        maybe = np.sum([p.outcome != FAILED for p in parts], axis=0)
        held &= np.sum([p.held for p in parts], axis=0) >= award.at_least
        failed |= maybe < award.at_least
        known &= (sure >= award.at_least) | (maybe < award.at_least)
    since, until = days(award, frame)
    expired = np.zeros(n, bool)
    if award.since is not None:
        expired = held & ~failed & (until <= on).fill_null(value=False).to_numpy()
        outside = ((since > on) | (until <= on).fill_null(value=False)).fill_null(value=False)
        failed |= outside.to_numpy()
        held &= ~outside.to_numpy()
    elif award.of:
        parts = [above[name] for name in award.of]
        since = _latest({str(i): p.held for i, p in enumerate(parts)},
                        {str(i): p for i, p in enumerate(parts)}, n)
    outcome = np.where(failed, FAILED, np.where(known, MET, UNKNOWN)).astype(np.int8)
    points, unsure = None, np.zeros(n, bool)
    if award.points is not None:
        points, unsure = _given(award.points, award, frame, held)
    return AwardHeld(
        outcome, held & ~failed, expired, held & ~failed, points, unsure, since, until
    )


def _waits(held: AwardHeld, code: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Where a criterion that is not known leaves the award open."""
    return (code == UNKNOWN) & (held.outcome == UNKNOWN)


def days(award: Award, frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """The first day of an award and the first day after it; null where there is none."""
    nothing = pl.Series([None], dtype=pl.Date).new_from_index(0, frame.height)
    if award.since is None:
        return nothing, nothing
    since = frame[award.since]
    if award.lasts_months is None:
        return since, nothing
    return since, frame.select(months_on(pl.col(award.since), award.lasts_months)).to_series()


def _given(
    each: int, award: Award, frame: pl.DataFrame, held: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Points of a held award, and where their number is not known."""
    n = frame.height
    points = np.full(n, each, np.int64)
    unsure = np.zeros(n, bool)
    if award.each is not None:
        times = frame[award.each]
        unsure = held & times.is_null().to_numpy()
        points *= times.fill_null(0).to_numpy()
    if award.most is not None:
        nearer_nought = np.minimum if each >= 0 else np.maximum
        points = nearer_nought(points, award.most)
    return np.where(held & ~unsure, points, 0), unsure


def _best_of_each(
    awards: Mapping[str, Award], made: dict[str, AwardHeld], bands: Mapping[str, int]
) -> None:
    """Within each ``one_of``, only the best held award counts: band, then points, then order."""
    groups = dict.fromkeys(a.one_of for a in awards.values() if a.one_of is not None)
    for group in groups:
        mine = [name for name, a in awards.items() if a.one_of == group]
        worst = np.iinfo(np.int64).max
        scores = []
        for name in mine:
            award = awards[name]
            band = int(NO_BAND) if award.band is None else bands[award.band]
            points = made[name].points
            worth = 0 if points is None else np.clip(points, -_MOST_POINTS, _MOST_POINTS)
            scores.append(np.where(made[name].held, band * 4 * _MOST_POINTS - worth, worst))
        best = np.argmin(scores, axis=0)  # the first of those that are equal
        for number, name in enumerate(mine):
            one = made[name]
            counts = one.held & (best == number)
            points = None if one.points is None else np.where(counts, one.points, 0)
            made[name] = AwardHeld(
                one.outcome, one.held, one.expired, counts, points, one.unsure, one.since, one.until
            )


def _band(
    version: SchemeVersion, made: Mapping[str, AwardHeld], bands: Mapping[str, int], n: int
) -> tuple[NDArray[np.int16], pl.Series]:
    counts = {name: one.counts for name, one in made.items()}
    best = _best_given(version, counts, bands, n)
    start = best if (otherwise := _otherwise(version, bands)) is None else (
        np.where(best == NO_BAND, otherwise, best))
    band, decided = _moved(version, start, counts, counts, bands)
    for name, award in _awards(version).items():
        if award.band is not None:
            gave = counts[name] & (best == bands[award.band])
            decided[name] = decided.get(name, np.zeros(n, bool)) | gave
    return band, _latest(decided, made, n)


def _awards(version: SchemeVersion) -> Mapping[str, Award]:
    if version.assessment is None:
        raise ValueError("the scheme version has no assessment")
    return version.assessment.awards


def _otherwise(version: SchemeVersion, bands: Mapping[str, int]) -> np.int16 | None:
    rules = version.assessment
    return None if rules is None or rules.otherwise is None else np.int16(bands[rules.otherwise])


def _best_given(
    version: SchemeVersion, giving: Mapping[str, NDArray[np.bool_]], bands: Mapping[str, int], n: int
) -> NDArray[np.int16]:
    """The best band that these awards give; NO_BAND for none."""
    best = np.full(n, NO_BAND)
    for name, award in _awards(version).items():
        if award.band is not None:
            best = np.where(giving[name], np.minimum(best, np.int16(bands[award.band])), best)
    return best


def _moved(
    version: SchemeVersion,
    start: NDArray[np.int16],
    raising: Mapping[str, NDArray[np.bool_]],
    lowering: Mapping[str, NDArray[np.bool_]],
    bands: Mapping[str, int],
) -> tuple[NDArray[np.int16], dict[str, NDArray[np.bool_]]]:
    """The band from where it starts, raised by ``up`` and lowered by ``at_most`` of these awards.

    Beside it, by award: whether it moved it.
    """
    decided: dict[str, NDArray[np.bool_]] = {}
    band = start.astype(np.int16)
    for name, award in _awards(version).items():
        if award.up is None:
            continue
        top = 0 if award.not_above is None else bands[award.not_above]
        raised = np.minimum(np.maximum(band - award.up, top), band)
        change = raising[name] & (band != NO_BAND) & (raised != band)
        decided[name] = change
        band = np.where(change, raised, band).astype(np.int16)
    for name, award in _awards(version).items():
        if award.at_most is None:
            continue
        lowest = bands[award.at_most]
        change = lowering[name] & (band < lowest)
        decided[name] = decided.get(name, np.zeros(len(band), bool)) | change
        band = np.where(change, lowest, band).astype(np.int16)
    return band, decided


def _unsettled(
    version: SchemeVersion,
    made: Mapping[str, AwardHeld],
    codes: Mapping[str, NDArray[np.int8]],
    bands: Mapping[str, int],
    holds: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Where the best and the worst band that what waits leaves open are not one.

    Each criterion that waits may come out either way, whatever the others do. Of awards with one
    ``one_of`` of which any waits, each that could be held may be the one that counts, or not.
    """
    out = np.zeros(len(holds), bool)
    at = np.flatnonzero(holds)
    if version.assessment is None or not len(at):
        return out
    awards = version.assessment.awards
    held = {name: one.held[at] for name, one in made.items()}
    could: dict[str, NDArray[np.bool_]] = {}
    for name, award in awards.items():
        possible = made[name].outcome[at] != FAILED
        if award.when is not None and version.criteria[award.when].when_unknown == "fail":
            possible &= codes[award.when][at] == MET
        if award.at_least is not None:
            possible &= np.sum([could[part] for part in award.of], axis=0) >= award.at_least
        could[name] = possible
    most, least = dict(could), dict(held)
    for group in dict.fromkeys(a.one_of for a in awards.values() if a.one_of is not None):
        mine = [name for name, a in awards.items() if a.one_of == group]
        unsure = [made[name].unsure[at] & made[name].counts[at] for name in mine]
        waits = np.any([*unsure, *(could[name] & ~held[name] for name in mine)], axis=0)
        for name in mine:
            counts = made[name].counts[at]
            most[name] = np.where(waits, could[name], counts)
            least[name] = counts & ~waits
    high, low = _starts(version, held, could, bands, len(at))
    best, _ = _moved(version, high, most, least, bands)
    worst, _ = _moved(version, low, least, most, bands)
    out[at] = best != worst
    return out


def _starts(
    version: SchemeVersion,
    held: Mapping[str, NDArray[np.bool_]],
    could: Mapping[str, NDArray[np.bool_]],
    bands: Mapping[str, int],
    n: int,
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """The best and the worst band that awards may come to give, before any raises or lowers it.

    Who holds none that gives a band has that of ``otherwise`` if none comes to be held, which may be
    better or worse than what one would give.
    """
    high, low = _best_given(version, could, bands, n), _best_given(version, held, bands, n)
    otherwise = _otherwise(version, bands)
    if otherwise is None:
        return high, low
    none = low == NO_BAND
    low = np.where(none, otherwise, low)
    for name, award in _awards(version).items():
        if award.band is not None:
            low = np.where(none & could[name], np.maximum(low, np.int16(bands[award.band])), low)
    return np.where(none, np.minimum(high, otherwise), high), low


def _better_until(
    version: SchemeVersion, made: Mapping[str, AwardHeld], bands: Mapping[str, int],
    band: NDArray[np.int16],
) -> pl.Series:
    """The latest day from which an expired award that gave a higher band is no longer held."""
    latest = pl.Series([None], dtype=pl.Date).new_from_index(0, len(band))
    for name, award in (version.assessment.awards if version.assessment else {}).items():
        one = made[name]
        if not one.expired.any() or (award.band is None and award.up is None):
            continue
        top = 0 if award.not_above is None else bands[award.not_above]
        higher = band > (top if award.band is None else bands[award.band])
        theirs = one.until.set(pl.Series(~(one.expired & higher & (band != NO_BAND))), None)
        latest = pl.select(pl.max_horizontal(latest, theirs)).to_series()
    return latest


def _latest(
    decided: Mapping[str, NDArray[np.bool_]], made: Mapping[str, AwardHeld], n: int
) -> pl.Series:
    """The latest first day of the awards that decided."""
    latest = pl.Series([None], dtype=pl.Date).new_from_index(0, n)
    for name, where in decided.items():
        since = made[name].since
        if since.null_count() == n:
            continue
        theirs = since.set(pl.Series(~where), None)
        latest = pl.select(pl.max_horizontal(latest, theirs)).to_series()
    return latest


def _points(
    at_least: str | None, made: Mapping[str, AwardHeld], frame: pl.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    total = np.zeros(frame.height, np.int64)
    for one in made.values():
        if one.points is not None:
            total += one.points
    promised = np.zeros(frame.height, bool)
    if at_least is not None:
        floor = frame[at_least].fill_null(np.iinfo(np.int64).min).to_numpy()
        promised = floor > total
        total = np.maximum(total, floor)
    return total, promised
