"""The assessment as data: awards, the date that ranks, status and qualification.

``docs/assessment.md`` is the contract; every field left out means what is said there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cbl_engine.scheme.parts import BandName, Labelled, Name, Part

OnSpell = Literal["keep", "award", "submitted", "original", "restore"]
Status = Literal["active", "suspended", "deferred", "unbanded", "awaiting_review", "closed"]


class Award(Labelled):
    """A reason for a band, for points, or for another place in the order."""

    when: str | None = Field(None, description="a criterion; left out: only the awards under `of`")
    at_least: int | None = Field(None, ge=1, description="how many of `of` must be held")
    of: tuple[Name, ...] = Field((), description="awards that stand above this one")
    since: str | None = Field(
        None, description="a date column or fact: the day it begins; left out: held while met"
    )
    lasts_months: int | None = Field(None, ge=1, le=1200, description="[months] from `since`")
    one_of: Name | None = Field(
        None, description="of awards with the same name here only the best counts"
    )
    band: BandName | None = Field(
        None, description="a band; the household's is the best of those given"
    )
    points: int | None = Field(None, description="[points] added to those of the other awards")
    each: str | None = Field(
        None, description="a whole-number fact or column: so many times the points"
    )
    most: int | None = Field(
        None, description="the most points it gives or takes, with the sign of `points`"
    )
    up: int | None = Field(None, ge=1, le=20, description="bands higher than the rest gives")
    not_above: BandName | None = Field(None, description="for `up`: the highest band it reaches")
    at_most: BandName | None = Field(None, description="no higher than this band")
    place: int | None = Field(
        None, ge=-100, le=100, description="place inside the band: 0 for all others, more is better"
    )


class Instead(Labelled):
    """Another date for some: given by a column, by the spell, or so many months earlier.

    One of ``date``, ``take`` and ``months_earlier`` is given.
    """

    when: str | None = Field(None, description="a criterion; left out: always")
    bands: tuple[BandName, ...] = Field((), description="only in these bands; empty: in any")
    date: str | None = Field(None, description="a date column or fact of the application")
    take: Literal["award", "submitted", "original"] | None = Field(
        None, description="the day the band now held was awarded or asked for, or the first date"
    )
    months_earlier: int | None = Field(None, ge=1, le=1200, description="[months]")


class PriorityDate(Part):
    """The date that ranks, from the history of bands."""

    first: str | Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="date columns; of several, the earliest"
    )
    first_band: OnSpell = Field(
        "keep", description="the first band of a household recorded in none until then"
    )
    up: OnSpell = Field("award", description="in a higher band than the one before")
    down: OnSpell = Field("keep", description="in a lower band than the one before")
    policy: OnSpell = Field("keep", description="in a band by a new policy")
    reregistration: OnSpell = Field("keep", description="when registered again")
    joined: OnSpell | Literal["earliest"] = Field(
        "keep", description="when joined with another application; earliest: of the two dates"
    )
    split: OnSpell = Field("keep", description="when split from another application")
    instead: tuple[Instead, ...] = Field(
        (), description="another date for some; the first that applies"
    )
    formerly: dict[BandName, BandName] = Field(
        default_factory=dict, description="bands that the scheme no longer has: today's name"
    )
    source: str | None = Field(None, description="a name under sources, with a clause if wanted")
    illustrative: bool = Field(False, description="true when this is ours, not the council's")


class StatusRule(Labelled):
    """A status that is proposed when a criterion is met."""

    status: Status = Field(description="the status proposed")
    when: str = Field(description="a criterion")


class Assessment(Part):
    """What follows from a household's facts."""

    size: Name | None = Field(
        None, description="the bedroom standard that gives need and sizes; left out: as recorded"
    )
    qualifies: tuple[str, ...] = Field((), description="criteria; all must be met")
    awards: dict[Name, Award] = Field(
        default_factory=dict, description="reasons for bands and points, in the order they are read"
    )
    otherwise: BandName | None = Field(None, description="band of those without any")
    points_at_least: str | None = Field(None, description="a column of points once promised")
    priority_date: PriorityDate | None = Field(None, description="left out: as recorded")
    status: tuple[StatusRule, ...] = Field(
        (), description="the first whose criterion is met is proposed; left out: by the engine"
    )
