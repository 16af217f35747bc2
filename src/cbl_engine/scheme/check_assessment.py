"""What a scheme's assessment must say of the rest of the scheme: names, types, what stands above."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.errors import Problem
from cbl_engine.scheme.check_orders import Place, sides_read, suggest, unknown_criterion
from cbl_engine.scheme.standards import shipped_standards
from cbl_engine.scheme.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.documents import Document
    from cbl_engine.scheme.assessment import Award, PriorityDate
    from cbl_engine.scheme.model import SchemeVersion

_LATER = {
    "qualification and awards": ("band", "points", "place_in_band", "priority_date"),
    "status and dates": ("priority_date",),
}
"""What is found only after a kind of criterion was read."""

NEEDS = {"lasts_months": "since", "each": "points", "most": "points", "not_above": "up"}
"""Field of an award -> the field without which it means nothing."""

ONE_OF_INSTEAD = ("date", "take", "months_earlier")
"""Of these an item of ``instead`` gives one."""


def assessment_problems(
    version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    """Everything in ``assessment:`` that names what is not there, or cannot be so."""
    rules = version.assessment
    if rules is None:
        return
    at: Place = ("assessment",)
    if rules.size is not None:
        yield from standard_problems(rules.size, (*at, "size"), version, document)
    if rules.otherwise is not None:
        yield from band_problems(rules.otherwise, (*at, "otherwise"), version, document)
    if rules.points_at_least is not None:
        yield from _typed(rules.points_at_least, "int", (*at, "points_at_least"), document, words)
    for i, name in enumerate(rules.qualifies):
        yield from _criterion(name, "qualification and awards", (*at, "qualifies", i), version,
                              document)
    above: list[str] = []
    for name, award in rules.awards.items():
        yield from _award(award, (*at, "awards", name), above, version, document, words)
        above.append(name)
    for i, status in enumerate(rules.status):
        yield from _criterion(status.when, "status and dates", (*at, "status", i, "when"), version,
                              document)
    if rules.priority_date is not None:
        yield from _date(rules.priority_date, version, document, words)


def standard_problems(
    name: str, place: Place, version: SchemeVersion, document: Document
) -> Iterator[Problem]:
    """A bedroom standard that is neither the version's own nor shipped."""
    known = [*version.bedroom_standards, *shipped_standards()]
    if name not in known:
        yield Problem(
            "unknown_standard",
            f"there is no bedroom standard {name}",
            where=document.where(place),
            allowed=suggest(name, known),
        )


def _criterion(
    name: str, step: str, place: Place, version: SchemeVersion, document: Document
) -> Iterator[Problem]:
    """A criterion that is there, belongs to the application, and reads nothing found later."""
    if name not in version.criteria:
        yield unknown_criterion(name, place, version, document)
        return
    own, of_advert = sides_read(name, version)
    if of_advert:
        yield Problem(
            "assessment_reads_advert",
            f"{name} reads the advert, and an assessment is of the application alone",
            where=document.where(place),
        )
    later = [n for n in _LATER[step] if n in own]
    if later:
        yield Problem(
            "reads_what_is_found_later",
            f"{name} reads {' and '.join(later)}, which is found after {step}",
            where=document.where(place),
            remedy="Read the facts behind it",
        )


def band_problems(
    name: str, place: Place, version: SchemeVersion, document: Document
) -> Iterator[Problem]:
    """A band that the version has not."""
    if name not in version.bands:
        yield Problem(
            "unknown_band",
            f"there is no band {name}",
            where=document.where(place),
            allowed=", ".join(version.bands) or "none is listed under bands",
        )


def _typed(
    name: str, wanted: str, place: Place, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    given = words.own.get(name)
    if given == wanted:
        return
    what = {"date": "a date", "int": "a whole number"}[wanted]
    yield Problem(
        "assessment_column",
        f"{name} is not {what}, as a column or fact of the application",
        where=document.where(place),
        given="" if given is None else f"type {given}",
        allowed=suggest(name, [n for n, t in words.own.items() if t == wanted]),
    )


def _award(
    award: Award,
    place: Place,
    above: list[str],
    version: SchemeVersion,
    document: Document,
    words: Vocabulary,
) -> Iterator[Problem]:
    name = place[-1]
    if award.when is not None:
        yield from _criterion(award.when, "qualification and awards", (*place, "when"), version,
                              document)
    if award.when is None and award.at_least is None:
        yield Problem(
            "award_without_condition",
            f"the award {name} does not say when it is held",
            where=document.where(place, key=True),
            allowed="when, at_least with of, or both",
        )
    if (award.at_least is None) != (not award.of) or len(award.of) < (award.at_least or 0):
        pair = award.at_least is not None and bool(award.of)
        yield Problem(
            "award_of_too_few" if pair else "award_of",
            f"the award {name} cannot count so many of the awards it lists",
            where=document.where((*place, "at_least" if award.at_least else "of")),
            given=f"at_least {award.at_least or 'left out'}, of {len(award.of)} awards",
            allowed="at_least, and at least so many awards under of",
        )
    for i, part in enumerate(award.of):
        if part not in above or part in award.of[:i]:
            twice = part in award.of[:i]
            yield Problem(
                "award_not_above",
                f"{part} is listed twice" if twice else f"there is no award {part} above {name}",
                where=document.where((*place, "of", i)),
                allowed="" if twice else ", ".join(above) or "none; it is the first award",
            )
    if award.since is not None:
        yield from _typed(award.since, "date", (*place, "since"), document, words)
    if award.each is not None:
        yield from _typed(award.each, "int", (*place, "each"), document, words)
    for field in ("band", "not_above", "at_most"):
        band = getattr(award, field)
        if band is not None:
            yield from band_problems(band, (*place, field), version, document)
    if award.up is not None and not version.bands:
        yield Problem(
            "up_needs_bands",
            f"the award {name} raises the band, and the scheme lists none",
            where=document.where((*place, "up")),
            remedy="List the bands under bands",
        )
    for field, needs in NEEDS.items():
        if getattr(award, field) is not None and getattr(award, needs) is None:
            yield Problem(
                "award_field_needs",
                f"{field} of the award {name} means nothing without {needs}",
                where=document.where((*place, field)),
                remedy=f"Give {needs}, or leave {field} out",
            )
    yield from _limit(award, place, document)


def _limit(award: Award, place: Place, document: Document) -> Iterator[Problem]:
    """A limit that the points never reach, since they go the other way."""
    points, most = award.points, award.most
    if points is not None and most is not None and points * most < 0:
        yield Problem(
            "most_of_other_sign",
            f"the award {place[-1]} {'takes' if points < 0 else 'gives'} points, and its most has "
            "the other sign",
            where=document.where((*place, "most")),
            given=f"points {points}, most {most}",
            allowed="0 or less" if points < 0 else "0 or more",
            remedy=f"Write most: {-most}" + (
                f", so that it takes {most} points at most" if points < 0 else ""),
        )


def _date(
    rule: PriorityDate, version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    at: Place = ("assessment", "priority_date")
    first = [rule.first] if isinstance(rule.first, str) else list(rule.first)
    for i, name in enumerate(first):
        place = (*at, "first") if isinstance(rule.first, str) else (*at, "first", i)
        yield from _typed(name, "date", place, document, words)
    for i, item in enumerate(rule.instead):
        place = (*at, "instead", i)
        if item.when is not None:
            yield from _criterion(item.when, "status and dates", (*place, "when"), version,
                                  document)
        if item.date is not None:
            yield from _typed(item.date, "date", (*place, "date"), document, words)
        for j, band in enumerate(item.bands):
            yield from band_problems(band, (*place, "bands", j), version, document)
        given = [f for f in ONE_OF_INSTEAD if getattr(item, f) is not None]
        if len(given) != 1:
            yield Problem(
                "instead_of_what",
                "an item of instead gives one of date, take and months_earlier",
                where=document.where(place),
                given=" and ".join(given) or "none",
            )
    for old, new in rule.formerly.items():
        if old in version.bands:
            yield Problem(
                "formerly_of_today",
                f"{old} is a band of this version, so it cannot be a former name of another",
                where=document.where((*at, "formerly", old), key=True),
                given=f"{old}: {new}",
                allowed="names of bands that this version does not list",
                remedy=f"Leave the line out, or take {old} out of bands",
            )
        yield from band_problems(new, (*at, "formerly", old), version, document)
