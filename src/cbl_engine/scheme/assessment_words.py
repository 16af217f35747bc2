"""The assessment in sentences: who qualifies, what awards give, the date that ranks, the status.

``docs/assessment.md`` is the contract; what is said here is what stands there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.scheme.law import allocation_law
from cbl_engine.scheme.words import (
    amount,
    capital,
    column_called,
    dates_in_words,
    listed,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from cbl_engine.scheme.assessment import Assessment, Award, Instead, PriorityDate
    from cbl_engine.scheme.law import LegalTest
    from cbl_engine.scheme.model import SchemeVersion, Tests

TESTS = {
    "local_connection": "of local connection",
    "residence": "of residence",
    "income": "of income",
    "savings": "of savings",
    "home_ownership": "of home ownership",
    "behaviour": "of behaviour",
    "other": "of another kind",
}
"""What a criterion tests."""

QUALIFYING_UNKNOWN = {
    "fail": "Where it is not known: counts as not met.",
    "pass": "Where it is not known: counts as met.",
    "hold": "Where it is not known: whether the household qualifies is not known either, and the "
            "application awaits review.",
}
AWARD_UNKNOWN = {
    "fail": "Where that is not known: not held.",
    "pass": "Where that is not known: held.",
    "hold": "Where that is not known: not held, and the application awaits review.",
}
STATUS_UNKNOWN = {
    "fail": "Where that is not known: not proposed by this.",
    "pass": "Where that is not known: proposed.",
    "hold": "Where that is not known: not proposed by this, and the application awaits review.",
}
INSTEAD_UNKNOWN = dict.fromkeys(
    ("fail", "pass", "hold"), "Where that is not known: this does not apply, and that is listed."
)
"""What ``when_unknown`` means for a criterion of each part of an assessment."""

STATUSES = {
    "active": "active",
    "suspended": "suspended",
    "deferred": "deferred",
    "unbanded": "without a band",
    "awaiting_review": "awaiting review",
    "closed": "closed",
}

STATUS_OTHERWISE = (
    "closed for one that is not eligible in law or does not qualify, awaiting review where "
    "something that must be known is not or the record contradicts itself, without a band where "
    "the scheme has bands and none is held, and otherwise active. The status itself changes by an "
    "officer's act alone."
)

_EVENTS = {
    "first_band": "in the first band after waiting in none",
    "up": "in a higher band than before",
    "down": "in a lower band than before",
    "policy": "placed by a new policy",
    "reregistration": "registered again",
    "joined": "joined with another application",
    "split": "split from another application",
}
"""What a spell in a band is dated by, in the order it is told."""

_TAKES = {
    "keep": "the date stays as it was",
    "award": "the day the band was entered",
    "submitted": "the day the change was submitted (the day the band was entered, where no day is "
    "recorded)",
    "original": "the first date",
    "restore": "the date that applied when last in that band (the first date, where there was "
    "none)",
    "earliest": "the earlier of the two applications' dates",
}
_INSTEAD = {
    "award": "the day the band now held was entered",
    "submitted": "the day on which the band now held was submitted (the day it was entered, where "
    "no day is recorded)",
    "original": "the first date",
}


def status_in_words(rules: Assessment) -> str:
    """What is proposed of whom."""
    first = ("the first of these that applies is proposed. If none does" if rules.status
             else "this is proposed")
    return ("An application that is under offer, housed or closed keeps its status. For any other "
            f"{first}: {STATUS_OTHERWISE}")


def law_of(
    tests: Mapping[str, LegalTest], version: SchemeVersion, as_at: date | None
) -> list[str]:
    """The law's tests or groups in force with a version, with when and by which regulation.

    Args:
        tests: of the allocation law.
        version: the scheme version.
        as_at: only those in force on this date; None gives all in force with the version.
    """
    law, mine = allocation_law(), version.in_force
    said = []
    for test in tests.values():
        force = test.in_force
        holds = test.holds_on(as_at) if as_at is not None else (
            (mine.until is None or force.from_ < mine.until)
            and (force.until is None or force.until > mine.from_)
        )
        if holds:
            when = "" if as_at is not None or (
                force.from_ <= mine.from_ and force.until is None
            ) else f", {dates_in_words(force.model_copy(update={'assumed': False}))}"
            doubt = "" if test.confirmed else "; not checked in the text of the law"
            said.append(f"{test.label}{when} ({law.citation(test)}{doubt})")
    return said


def exempt_from(tests: Tests | None, version: SchemeVersion, as_at: date | None) -> list[str]:
    """Groups that a qualifying criterion of this kind may not shut out."""
    groups = allocation_law().exempt
    return law_of({n: g for n, g in groups.items() if tests in g.tests}, version, as_at)


def award_gives(award: Award, version: SchemeVersion) -> list[str]:
    """What an award gives, a phrase each; none when it only counts for others."""
    gives = []
    if award.band is not None:
        gives.append(f"band {award.band}")
    if award.points is not None:
        gives.append(_points(award, version))
    if award.up is not None:
        top = f", to band {award.not_above} at the highest" if award.not_above else ""
        gives.append(f"{_bands(award.up)} higher than the rest gives{top}")
    if award.at_most is not None:
        gives.append(f"no higher a band than {award.at_most}")
    if award.place is not None:
        gives.append(f"the place {award.place} among those of the band (0 for all others; more is "
                     "better, and of several the least counts)")
    return gives


def _bands(number: int) -> str:
    return f"{number} band{'s' * (number > 1)}"


def _points(award: Award, version: SchemeVersion) -> str:
    points = amount(award.points, "points")
    if award.each is not None:
        points += f" for each of {quoted(column_called(award.each, version))}"
    if award.most is not None:
        points += f", {award.most:,} at the {'lowest' if (award.points or 0) < 0 else 'most'}"
    return points


def award_held(name: str, version: SchemeVersion) -> Iterator[str]:
    """When an award is held beside its criterion, and what limits it."""
    awards = version.assessment.awards if version.assessment else {}
    award = awards[name]
    if award.at_least is not None:
        parts = listed([quoted(awards[part].label) for part in award.of])
        how_many = "all" if award.at_least == len(award.of) else f"at least {award.at_least}"
        yield f"Held only where {how_many} of these are held too: {parts}."
    if award.since is not None:
        since = quoted(column_called(award.since, version))
        if award.lasts_months is None:
            yield (f"Held from this day on: {since}. Where no day is recorded it is held, and the "
                   "day is listed as missing.")
        else:
            yield (f"Held for {amount(award.lasts_months, 'months')} from this day on: {since}, "
                   "and not again. Where no day is recorded it is held and does not end, and the "
                   "day is listed as missing.")
    if award.one_of is not None:
        others = [quoted(a.label) for n, a in awards.items() if a.one_of == award.one_of and
                  n != name]
        if others:
            yield f"Of this and {listed(others)}, only what the best gives counts."
    if award.each is not None:
        yield (f"Where {quoted(column_called(award.each, version))} is not known: no points, and "
               "the application awaits review.")


def awards_together(version: SchemeVersion) -> Iterator[str]:
    """How the awards come to a band, points and a place."""
    rules = version.assessment
    if rules is None:
        return
    awards = rules.awards.values()
    banded = any(a.band is not None for a in awards)
    if banded or rules.otherwise is not None:
        none = f"band {rules.otherwise}" if rules.otherwise is not None else "none"
        yield f"The band is the best of those given; without any: {none}."
    elif version.bands:
        yield "No award gives a band, so it stays as recorded."
    if any(a.up is not None for a in awards):
        yield ("Awards that raise the band come after, in the order written; they need a band to "
               "start from and never lower it.")
    if any(a.at_most is not None for a in awards):
        yield "Limits on the band come last."
    if any(a.points is not None for a in awards):
        yield "Points are added up."
    if rules.points_at_least is not None:
        yield ("The points are never fewer than those once promised: "
               f"{quoted(column_called(rules.points_at_least, version))}.")


def date_in_words(rule: PriorityDate, version: SchemeVersion) -> Iterator[str]:
    """Where the date that ranks begins, and what it becomes with each spell in a band."""
    columns = [rule.first] if isinstance(rule.first, str) else rule.first
    first = listed([quoted(column_called(column, version)) for column in columns])
    yield (f"It begins as the {'earliest known of these' if len(columns) > 1 else 'date'}: "
           f"{first}.")
    events: dict[str, list[str]] = {}
    for event, called in _EVENTS.items():
        events.setdefault(getattr(rule, event), []).append(called)
    for take, called in events.items():
        yield capital(f"{', or '.join(called)}: {_TAKES[take]}.")
    if rule.reregistration in ("award", "submitted"):
        yield "Registered again, the history begins anew: no earlier date is gone back to."
    if rule.formerly:
        named = listed([f"{old} as {new}" for old, new in rule.formerly.items()])
        yield f"Bands that the scheme no longer has are taken by their names of today: {named}."
    yield ("A date that an officer set for a spell stands until a later spell changes it. In no "
           "band, the date stays as it was.")


def instead_gives(item: Instead, version: SchemeVersion) -> str:
    """For which bands another date counts, and which."""
    bands = f"In band {listed(item.bands, 'or')}" if item.bands else "The date"
    if item.date is not None:
        date_ = quoted(column_called(item.date, version))
    elif item.take is not None:
        date_ = _INSTEAD[item.take]
    else:
        date_ = f"the date found so far, {amount(item.months_earlier, 'months')} earlier"
    return f"{bands}: {date_}."
