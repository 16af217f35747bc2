"""The allocation scheme as frozen models: what a scheme file may say, and nothing else.

A file holds one dated version of a scheme. Numbers, dates, names and rules are data; every public
field says its unit and what leaving it out means. ``docs/scheme.md`` shows each part by example.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from cbl_engine.scheme.advertising import Advertising
from cbl_engine.scheme.assessment import Assessment
from cbl_engine.scheme.bedrooms import BedroomStandard
from cbl_engine.scheme.bidding import Bidding
from cbl_engine.scheme.facts import Fact, Rows
from cbl_engine.scheme.keys import DateKey, Key
from cbl_engine.scheme.offers import Check, Consequence, DirectLet, Nominations, Offers, Within
from cbl_engine.scheme.parts import (
    BandName,
    InForce,
    Labelled,
    Name,
    Part,
    Share,
    Source,
    Sql,
    Text,
)
from cbl_engine.scheme.upkeep import Upkeep

WhenUnknown = Literal["fail", "pass", "hold"]

ColumnType = Literal[
    "text", "code", "bool", "int", "number", "date", "datetime", "int_list", "text_list"
]
Scalar = bool | int | float | date | str
LandlordId = Annotated[str, Field(min_length=1, max_length=200)]


class Band(Labelled):
    """One band; bands are listed from the greatest need down."""


class Column(Part):
    """A column the scheme reads that is not among the standard ones."""

    type: ColumnType = Field(description="what its cells hold")
    label: Text = Field(description="what it says; for yes or no it begins with whether")
    unit: str | None = Field(None, description="unit of a number, such as months or GBP")
    codes: tuple[str, ...] = Field((), description="for type code: every value allowed")
    if_null: Literal["unknown"] | Scalar = Field(
        "unknown", description="unknown, or the value that stands in for a missing one"
    )


class Parameter(Labelled):
    """A dated number: the value in force is the one with the latest date not after as_at."""

    unit: Text = Field(description="unit of the values, such as months or GBP")
    values: dict[date, Scalar] = Field(
        min_length=1, description="day from which a value holds, and the value"
    )


Tests = Literal[
    "local_connection", "residence", "income", "savings", "home_ownership", "behaviour", "other"
]


class Criterion(Labelled):
    """A name, one boolean expression, and the words that are its reason."""

    when: Sql = Field(description="SQL that is true when the criterion is met")
    when_unknown: WhenUnknown = Field(
        "fail",
        description="when a fact is missing. fail: as if not met. pass: as if met. hold: the bid "
        "keeps its place, and nothing is offered until it is known",
    )
    tests: Tests | None = Field(
        None, description="what it asks for, where the law has a say in it: whom the law exempts meets it, "
        "to qualify and to bid"
    )


_ORDER = "keys, the most important first; the first that tells two bids apart decides"


class Stage(Part):
    """Who stands in this stage, and how they are ordered within it."""

    label: Text | None = Field(None, description="who stands in it")
    source: str | None = Field(None, description="a name under sources, with a clause if wanted")
    illustrative: bool = Field(False, description="true when this is ours, not the council's")
    eligible: tuple[str, ...] = Field((), description="criteria of this stage")
    order: tuple[Key, ...] = Field(min_length=1, description=_ORDER)
    next_stage_when: Literal["no_eligible", "no_letting"] = Field(
        "no_letting",
        description="when offers go on to the next stage: nobody here is eligible, or nobody here "
        "took the home",
    )


class Profile(Labelled):
    """A lettings profile: the order belongs to the advert. ``order`` is short for one stage."""

    eligible: tuple[str, ...] = Field((), description="criteria that this profile adds")
    order: tuple[Key, ...] = Field((), description=_ORDER)
    stages: tuple[Stage, ...] = Field(
        (), description="instead of one order: everyone in a stage comes before the next"
    )

    def all_stages(self) -> tuple[Stage, ...]:
        """The stages, however the profile was written."""
        return self.stages or (Stage(order=self.order),)


class Target(Labelled):
    """A numeric aim of a plan; used when offers are made, never in the order."""

    criterion: str = Field(description="who the homes are meant for")
    homes: str | None = Field(
        None, description="a criterion over the advert alone: which homes; left out: all"
    )
    share: Share | None = Field(None, description="part of the lettings, 0.5 or 1/2 for half")
    number: int | None = Field(None, ge=1, description="lettings")


class Addition(Labelled):
    """What some adverts add to the scheme: criteria that join the common ones."""

    eligible: tuple[str, ...] = Field((), description="criteria that join the common ones")


class Landlord(Addition):
    """A landlord's own criteria, added by every advert of one of its homes."""

    checks: tuple[Name, ...] = Field(
        (), description="names under `checks` that only its homes ask for"
    )
    nominations_share: Share | None = Field(
        None, description="part of its lettings for which the council nominates"
    )
    send: Within | None = Field(None, description="instead of `nominations: send`")
    answer: Within | None = Field(None, description="instead of `nominations: answer`")
    closed: tuple[date, ...] | None = Field(
        None, description="days on which its offices are closed, no working days of its answer beside bank "
        "holidays; left out: those of `upkeep: closed`"
    )


class LocalLettingsPlan(Addition):
    """Criteria and keys that some adverts add: keys go ahead of the profile's own."""

    order: tuple[Key, ...] = Field((), description=_ORDER)
    targets: tuple[Target, ...] = ()
    in_force: InForce | None = Field(
        None, description="the dates on which adverts may name the plan; left out: always"
    )


class Review(Part):
    """The right to a review of a decision, as this scheme gives it; what no source says is left out."""

    within_days: int | None = Field(None, ge=1, le=365, description="[days] to ask for one")
    counted: Literal["calendar", "working"] | None = Field(
        None, description="which days `within_days` counts"
    )
    starts: Literal["sent", "received"] | None = Field(
        None, description="what `within_days` counts from: the letter was sent, or received"
    )
    ask: Text | None = Field(None, description="how to ask, in words for an applicant")
    answer_days: int | None = Field(None, ge=1, le=365, description="[days] to answer")
    answer_counted: Literal["calendar", "working"] | None = Field(
        None, description="which days `answer_days` counts"
    )
    source: str | None = Field(None, description="a name under sources, with a clause if wanted")
    illustrative: bool = Field(False, description="true when this is ours, not the council's")


class SchemeVersion(Part):
    """One dated version of a scheme: the content of one file."""

    scheme: Name = Field(description="short name: small letters, digits and _")
    title: Text = Field(description="what the scheme calls itself")
    authority: Text = Field(description="the council, with its partners if any")
    in_force: InForce
    notes: tuple[Text, ...] = Field(
        (), description="for readers: what is unusual, and how unclear words were read"
    )
    unknown: tuple[Text, ...] = Field((), description="what no source says")
    sources: dict[str, Source] = Field(default_factory=dict)
    bands: dict[BandName, Band] = Field(default_factory=dict)
    columns: dict[Literal["applications", Rows, "homes", "adverts"], dict[Name, Column]] = Field(
        default_factory=dict, description="columns beyond the standard ones, by table"
    )
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    facts: dict[Name, Fact] = Field(
        default_factory=dict, description="what looks over many rows; criteria read it by its name"
    )
    bedroom_standards: dict[Name, BedroomStandard] = Field(
        default_factory=dict, description="how many bedrooms a household needs, by name"
    )
    criteria: dict[Name, Criterion] = Field(default_factory=dict)
    eligible: tuple[str, ...] = Field((), description="criteria common to every advert")
    profiles: dict[Name, Profile] = Field(min_length=1)
    assessment: Assessment | None = Field(
        None, description="what follows from a household's facts; left out: as recorded"
    )
    review: Review | None = Field(
        None, description="the right to a review, for decision letters; left out: not known"
    )
    upkeep: Upkeep | None = Field(
        None, description="reviews, evidence, clocks: what is due on the register and when"
    )
    advertising: Advertising | None = Field(
        None, description="shares of homes, and what follows for a home that was not let"
    )
    bidding: Bidding | None = Field(
        None, description="who may bid, how often and when; left out: whoever is on the register"
    )
    checks: dict[Name, Check] = Field(
        default_factory=dict, description="what officers must know before an offer goes on"
    )
    nominations: Nominations | None = Field(
        None, description="homes of other landlords; left out: the council lets every home"
    )
    offers: Offers | None = Field(
        None, description="how homes are offered, and what follows from the answer"
    )
    consequences: dict[Name, Consequence] = Field(
        default_factory=dict, description="what may be proposed for a household, by name"
    )
    direct_lets: dict[Name, DirectLet] = Field(
        default_factory=dict, description="lettings outside bidding, each with what permits it"
    )
    default_profile: str | None = Field(
        None, description="for adverts that name none; a lone profile is the default"
    )
    landlords: dict[LandlordId, Landlord] = Field(
        default_factory=dict, description="by the landlord's id in the data"
    )
    local_lettings_plans: dict[Name, LocalLettingsPlan] = Field(default_factory=dict)

    def declared(self, table: str) -> dict[str, Column]:
        """Columns declared for a table, by name; none for a table that has none."""
        return next((c for t, c in self.columns.items() if t == table), {})

    def profile_for(self, name: str | None) -> str | None:
        """The profile an advert gets; None when it names none and there is no default."""
        if name is not None:
            return name
        if self.default_profile is not None:
            return self.default_profile
        return next(iter(self.profiles)) if len(self.profiles) == 1 else None

    def ranks_from(self, profile: str | None, band: str | None) -> str | None:
        """The column of the date by which a profile ranks households of a band, its first date key's.

        None: it ranks by no date, or there is no such profile. Where a criterion says which column, it is
        the one for those who do not meet it.
        """
        rules = self.profiles.get(self.profile_for(profile) or "")
        dates = [key.date for stage in (rules.all_stages() if rules is not None else ())
                 for key in stage.order if isinstance(key, DateKey)]
        by = dates[0] if dates else None
        return by.get(band or "otherwise", by.get("otherwise")) if isinstance(by, dict) else by

    def additions(self) -> dict[tuple[str, str], Addition]:
        """Everything an advert may add, by part of the file and name: landlords, then plans."""
        parts = {"landlords": self.landlords, "local_lettings_plans": self.local_lettings_plans}
        return {(part, name): added for part, of in parts.items() for name, added in of.items()}

    def added(self, landlord: str | None, plan: str | None) -> tuple[Addition, ...]:
        """What an advert of this landlord under this plan adds, in the order it is asked.

        A landlord that the scheme does not list adds nothing.
        """
        found = (
            self.landlords.get(landlord) if landlord is not None else None,
            self.local_lettings_plans[plan] if plan is not None else None,
        )
        return tuple(a for a in found if a is not None)
