"""What decided one application: awards beside each other, and what a missing fact could change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.assess.awards import NO_BAND, award_all
from cbl_engine.assess.outcomes import FAILED, MET, UNKNOWN
from cbl_engine.assess.reasons import OUTCOMES, beside_points
from cbl_engine.scheme.words import amount

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date

    from cbl_engine.assess import Assessed, BedroomsExplained
    from cbl_engine.assess.assessed import Trace
    from cbl_engine.assess.awards import AwardHeld
    from cbl_engine.scheme.assessment import Award
    from cbl_engine.scheme.model import SchemeVersion


NO_CHANGE = "none to band or points"
"""How a difference begins that changes neither."""


@dataclass(frozen=True)
class Told:
    """A test or award with what came of it.

    Attributes:
        name, label: of the criterion, award or rule.
        outcome: ``met``, ``failed`` or ``not known``.
        gives: what follows; None for nothing.
        since, until: the days it holds; None where there are none.
        source: where it was read; None where the scheme does not say.
        why: for an award that is not held, what stands in the way.
    """

    name: str
    label: str
    outcome: str
    gives: str | None = None
    since: date | None = None
    until: date | None = None
    source: str | None = None
    why: str | None = None


def awards_not_held(
    trace: Trace, version: SchemeVersion, at: int, on: date, *, waits: bool
) -> tuple[tuple[Told, ...], dict[str, str]]:
    """Awards not held: those that were near, and of the others the names with their labels.

    One is near when it is not known, or when its test is met and only its days, or one more of the
    awards it counts, stand in the way. ``waits``: the status proposed is to await review.
    """
    near, others = [], {}
    for name, award in trace.plan.rules.awards.items():
        one = trace.awarded.awards[name]
        if one.held[at]:
            continue
        code = MET if award.when is None else int(trace.codes[award.when][at])
        counted = sum(bool(trace.awarded.awards[n].held[at]) for n in award.of)
        short = award.at_least is not None and award.at_least - counted
        outside = _outside(one, at, on)
        unknown = int(one.outcome[at]) == UNKNOWN
        if not unknown and not (code == MET and (outside or (short == 1 and counted))):
            others[name] = award.label
            continue
        why = []
        if code == UNKNOWN and award.when is not None:
            rule = version.criteria[award.when].when_unknown
            why.append("not known, " + ("and no record counts as no" if rule != "hold" else
                                        "so it awaits review" if waits else "and is to be settled"))
        if outside:
            why.append(outside)
        if short and short > 0:
            why.append(f"{award.at_least} of its awards are needed, and {counted} held")
        near.append(Told(name, award.label, OUTCOMES[int(one.outcome[at])], would_give(award),
                         one.since[at], one.until[at], award.source, "; ".join(why)))
    return tuple(near), others


def _outside(one: AwardHeld, at: int, on: date) -> str:
    since, until = one.since[at], one.until[at]
    if since is not None and since > on:
        return f"it begins on {_day(since)}"
    if until is not None and until <= on:
        return f"it ended on {_day(until)}"
    return ""


def would_give(award: Award) -> str:
    """What an award gives to whoever holds it."""
    parts = beside_points(award)
    if award.points is not None:
        each = f" for each of {award.each.replace('_', ' ')}" if award.each else ""
        limit = "no lower than" if award.points < 0 else "at most"
        most = f", {limit} {award.most}" if award.most is not None else ""
        parts.append(f"{amount(award.points, 'points')}{each}{most}")
    return ", ".join(parts) or "counts towards other awards"


def how_band_came(
    trace: Trace, version: SchemeVersion, overridden: Collection[str], at: int, stands: str | None
) -> Iterator[str]:
    """Each step by which the awards gave the band, in sentences."""
    if "band" not in trace.plan.found:
        if version.bands:
            yield f"The scheme does not give a band: {_band(stands)}, as recorded."
    else:
        yield from _band_steps(trace, version, at)
    if "band" in overridden:
        yield f"An officer has decided: {_band(stands)}."


def _band_steps(trace: Trace, version: SchemeVersion, at: int) -> Iterator[str]:
    bands, rules = list(version.bands), trace.plan.rules
    counts = {n: a for n, a in rules.awards.items() if trace.awarded.awards[n].counts[at]}
    giving = {n: bands.index(a.band) for n, a in counts.items() if a.band is not None}
    best = min(giving.values(), default=None)
    if best is not None:
        named = "; ".join(counts[n].label for n, b in giving.items() if b == best)
        yield f"{_band(bands[best])} by: {named}."
        lower = [n for n, b in giving.items() if b != best]
        if lower:
            told = "; ".join(f"{counts[n].label} ({_band(bands[giving[n]])})" for n in lower)
            yield f"Held besides, and lower: {told}."
    elif rules.otherwise is not None:
        best = bands.index(rules.otherwise)
        yield f"No award gives a band: {_band(rules.otherwise)}, as for everyone without one."
    else:
        yield "No award gives a band."
    for award in counts.values():
        if award.up is None or best is None:
            continue
        top = bands.index(award.not_above) if award.not_above is not None else 0
        raised = min(max(best - award.up, top), best)
        if raised != best:
            yield f"Raised from {_band(bands[best])} to {_band(bands[raised])}: {award.label}."
            best = raised
    for award in counts.values():
        if award.at_most is not None and best is not None and best < bands.index(award.at_most):
            yield (f"No higher than {_band(award.at_most)}, and so not "
                   f"{_band(bands[best])}: {award.label}.")
            best = bands.index(award.at_most)


def how_points_came(
    trace: Trace, overridden: Collection[str], at: int, stands: int | None
) -> Iterator[str]:
    """The sum of the points, in sentences."""
    awards, rules = trace.awarded.awards, trace.plan.rules.awards
    if "points" in trace.plan.found:
        parts = [(rules[n].label, int(a.points[at])) for n, a in awards.items()
                 if a.points is not None and a.counts[at]]
        summed = sum(points for _, points in parts)
        told = "; ".join(f"{label} {points}" for label, points in parts)
        yield amount(summed, "points") + (f" in all: {told}." if parts else ": no award gives any.")
        if trace.awarded.promised[at]:
            yield f"Promised before: {amount(int(trace.awarded.points[at]), 'points')}, which stand."
    if "points" in overridden:
        yield f"An officer has decided: {'none' if stands is None else amount(stands, 'points')}."


def difference(
    assessed: Assessed,
    at: int,
    missing: Mapping[str, str],
    bedrooms: BedroomsExplained | None,
) -> str:
    """What knowing a fact could change, for what needed it; empty where nothing is to be said.

    Args:
        assessed: the assessment.
        at: whose, an ordinal.
        missing: column, needed_by, kind and effect, a row of :meth:`Assessed.missing`.
        bedrooms: the need as a standard has it, where one does.
    """
    trace, name = assessed.trace, missing["needed_by"]
    match missing["kind"]:
        case "criterion":
            return "; ".join(_of_criterion(assessed, at, name, missing["effect"]))
        case "award":
            award, parts = trace.plan.rules.awards[name], []
            if award.each == missing["column"]:
                parts.append("how many points it gives")
            if award.since == missing["column"]:
                parts.append("when it begins and ends, and with it the band or points")
            return "; ".join(parts)
        case "law" if name in trace.legal.tests:
            return "if this test is failed, nothing may be let to the household"
        case "law" if name in trace.legal.exempt:
            return "if it is so, no test of local connection or residence may shut it out"
        case "date":
            return "the priority date may be another"
        case "standard" if bedrooms is not None:
            return _of_bedrooms(bedrooms)
    return ""


def _of_criterion(assessed: Assessed, at: int, name: str, effect: str) -> Iterator[str]:
    """What a criterion decides, in each place that the rules name it."""
    rules = assessed.trace.plan.rules
    if name in rules.qualifies:
        yield (
            "if this test is met and no other fails, the household qualifies"
            if effect == "counts as failed" else
            "if this test is failed, the household does not qualify"
        )
    if any(award.when == name for award in rules.awards.values()):
        yield _of_awards(assessed, at, name)
    for rule in rules.status:
        if rule.when == name:
            yield f"if it is met, the status proposed is {rule.status.replace('_', ' ')}"
    instead = rules.priority_date.instead if rules.priority_date else ()
    if any(one.when == name for one in instead):
        yield "the priority date may be another"


def _of_awards(assessed: Assessed, at: int, criterion: str) -> str:
    """Band, points and place were the criterion met, and were it not, all else as it is."""
    trace = assessed.trace
    told = []
    for code in (MET, FAILED):
        codes = {n: c[at : at + 1] for n, c in trace.codes.items()}
        codes[criterion] = np.array([code], np.int8)
        awarded = award_all(assessed.version, trace.frame[at], codes, assessed.as_at)
        words = []
        if "band" in trace.plan.found:
            number = int(awarded.band[0])
            words.append("no band" if number == NO_BAND
                         else _band(list(assessed.version.bands)[number]))
        if "points" in trace.plan.found:
            words.append(amount(int(awarded.points[0]), "points"))
        if "place_in_band" in trace.plan.found:
            words.append(f"place {int(awarded.place[0])} in the band")
        told.append(" and ".join(words))
    overridden = assessed.assessed.row(at, named=True)["overridden"] or ()
    stands = {"band", "points", "place_in_band"} & set(overridden)
    but = ", by the rules; an officer's decision stands" if stands else ""
    if told[0] == told[1]:
        return f"{NO_CHANGE}: {told[0]} either way{but}"
    return f"{told[0]} if it is met, {told[1]} if not{but}"


def _of_bedrooms(bedrooms: BedroomsExplained) -> str:
    if bedrooms.need is not None and not bedrooms.sizes:
        return "the sizes that may be let"
    if bedrooms.need is not None:
        return "the bedroom need is taken as the standard says"
    if bedrooms.least is None:
        return "the bedroom need, which cannot be known now"
    return f"the bedroom need, between {bedrooms.least} and {bedrooms.most}"


def _band(name: str | None) -> str:
    return "no band" if name is None else f"band {name}"


def _day(on: date) -> str:
    return f"{on.day} {on:%B %Y}"
