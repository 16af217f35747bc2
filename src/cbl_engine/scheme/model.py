"""The allocation scheme as frozen models: what a scheme file may say, and nothing else.

A file holds one dated version of a scheme. Numbers, dates, names and rules are data; every public
field says its unit and what leaving it out means. ``docs/scheme.md`` shows each part by example.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from cbl_engine.scheme.advertising import Advertising
from cbl_engine.scheme.assessment import Assessment
from cbl_engine.scheme.bedrooms import BedroomStandard
from cbl_engine.scheme.bidding import Bidding
from cbl_engine.scheme.offers import Check, Consequence, DirectLet, Nominations, Offers, Within
from cbl_engine.scheme.parts import (
    BandName,
    InForce,
    Labelled,
    Name,
    Part,
    Source,
    Sql,
    Text,
)
from cbl_engine.scheme.upkeep import Upkeep

WhenUnknown = Literal["fail", "pass", "hold"]
KeyWhenUnknown = Literal["last", "hold", "error"]
ColumnType = Literal[
    "text", "code", "bool", "int", "number", "date", "datetime", "int_list", "text_list"
]
Scalar = bool | int | float | date | str
LandlordId = Annotated[str, Field(min_length=1, max_length=200)]


def _one_of(kinds: dict[str, Any], what: str) -> Discriminator:
    """Tell the members of a union apart by the one field that names the kind."""

    def kind_given(value: Any) -> str | None:
        if isinstance(value, dict):
            found = [kind for kind in kinds if kind in value]
            return found[0] if len(found) == 1 else None
        return next((kind for kind, model in kinds.items() if isinstance(value, model)), None)

    return Discriminator(
        kind_given,
        custom_error_type=f"{what}_kind",
        custom_error_message=f"every {what} names exactly one of: {', '.join(kinds)}",
    )


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


class _Fact(Labelled):
    """What a household's rows say, under a name that criteria read."""

    unit: str | None = Field(None, description="unit of a number, such as years or months")


Rows = Literal[
    "people",
    "connections",
    "band_history",
    "status_history",
    "duties",
    "rooms",
    "ta_placements",
    "officer_decisions",
    "overrides",
]
"""Tables over whose rows a fact may look."""


class _Reducer(_Fact):
    """A fact over the rows of a table."""

    where: Sql | None = Field(None, description="only rows for which this is true")
    of: Rows = Field("people", description="the table whose rows it looks over")
    if_none: Literal["unknown"] | bool | int = Field(
        "unknown", description="the answer for a household with no rows at all"
    )


class AnyMember(_Reducer):
    """True when the expression is true of any row."""

    any_member: Sql


class AllMembers(_Reducer):
    """True when the expression is true of every row."""

    all_members: Sql


class Count(_Reducer):
    """How many rows there are."""

    count: Rows


class Min(_Reducer):
    """The least value over the rows."""

    min: Sql


class Max(_Reducer):
    """The greatest value over the rows."""

    max: Sql


ConnectionKind = Literal["residence", "work", "family", "duty"]
_ALL_KINDS: tuple[ConnectionKind, ...] = ("residence", "work", "family", "duty")


class _Connections(Part):
    """``area`` is an area's id, a list of them, or ``advert.area`` (then a pair fact)."""

    area: str | tuple[str, ...] = Field(
        description="an area's id, a list of them, or advert.area for that of the home"
    )
    held_by: Literal["anyone", "applicant"] = Field(
        "anyone", description="whose connections count: anyone's in the household, or only theirs"
    )
    where: Sql | None = Field(None, description="only connections for which this is true")


class _Kinds(_Connections):
    """Connections of these kinds."""

    kinds: tuple[ConnectionKind, ...] = Field(
        _ALL_KINDS, min_length=1, description="the kinds that count; left out: all"
    )


Level = Annotated[
    str | None,
    Field(description="with advert.area: the area of this level around the advert's, instead"),
]


class ResidentMonths(_Connections):
    """Months lived in the area: in the last ``window_months``, or without a break until now."""

    kinds: tuple[ConnectionKind, ...] = Field(
        ("residence",), min_length=1, description="the kinds that count; left out: residence"
    )
    level: Level = None
    window_months: int | None = Field(
        None, ge=1, le=1200, description="only the last so many months; left out: all time"
    )
    consecutive: bool = Field(False, description="only the stay without a break until now")


class ConnectedMonths(_Kinds):
    """Months that the longest connection still held has lasted."""

    level: Level = None


class ConnectedTo(_Kinds):
    """Whether any connection still held is with the area, for at least ``min_months``."""

    level: Level = None
    min_months: int = Field(
        0, ge=0, le=1200, description="months that a connection must have lasted"
    )


class ConnectionStrength(_Kinds):
    """1 when connected within the advert's area at the first level, 2 at the second, and so on."""

    levels: tuple[str, ...] = Field(
        min_length=1, description="levels of areas, the closest first: parish, ward, district"
    )
    min_months: int = Field(
        0, ge=0, le=1200, description="months that a connection must have lasted"
    )


class MonthsResidentIn(_Fact):
    """Months [months] lived in an area."""

    months_resident_in: ResidentMonths


class MonthsConnected(_Fact):
    """Months [months] that the longest connection still held has lasted."""

    months_connected: ConnectedMonths


class ConnectedToFact(_Fact):
    """Whether any connection with an area is held."""

    connected_to: ConnectedTo


class ConnectionStrengthFact(_Fact):
    """How close the closest connection is to the advert's area: 1 is the closest."""

    connection_strength: ConnectionStrength


class WholeYearsSince(_Fact):
    """Whole years [years] since a date of the application; 0 before it."""

    whole_years_since: Name


class WholeMonthsSince(_Fact):
    """Whole months [months] since a date of the application; 0 before it."""

    whole_months_since: Name


class BedroomsFact(_Fact):
    """Bedrooms [bedrooms] needed by a bedroom standard of the scheme, or a shipped one."""

    bedrooms: Name


class BedroomsNow(_Fact):
    """Bedrooms [bedrooms] of the present home, those that a standard finds too small left out."""

    bedrooms_now: Name


class StatutoryOvercrowding(_Fact):
    """Whether the present home is overcrowded in law: Housing Act 1985, Part X."""

    statutory_overcrowding: Literal["either", "room_standard", "space_standard"] = Field(
        description="the room standard, the space standard, or either of them"
    )


REDUCERS: dict[str, type[_Fact]] = {
    "any_member": AnyMember,
    "all_members": AllMembers,
    "count": Count,
    "min": Min,
    "max": Max,
    "months_resident_in": MonthsResidentIn,
    "months_connected": MonthsConnected,
    "connected_to": ConnectedToFact,
    "connection_strength": ConnectionStrengthFact,
    "whole_years_since": WholeYearsSince,
    "whole_months_since": WholeMonthsSince,
    "bedrooms": BedroomsFact,
    "bedrooms_now": BedroomsNow,
    "statutory_overcrowding": StatutoryOvercrowding,
}

Fact = Annotated[
    Annotated[AnyMember, Tag("any_member")]
    | Annotated[AllMembers, Tag("all_members")]
    | Annotated[Count, Tag("count")]
    | Annotated[Min, Tag("min")]
    | Annotated[Max, Tag("max")]
    | Annotated[MonthsResidentIn, Tag("months_resident_in")]
    | Annotated[MonthsConnected, Tag("months_connected")]
    | Annotated[ConnectedToFact, Tag("connected_to")]
    | Annotated[ConnectionStrengthFact, Tag("connection_strength")]
    | Annotated[WholeYearsSince, Tag("whole_years_since")]
    | Annotated[WholeMonthsSince, Tag("whole_months_since")]
    | Annotated[BedroomsFact, Tag("bedrooms")]
    | Annotated[BedroomsNow, Tag("bedrooms_now")]
    | Annotated[StatutoryOvercrowding, Tag("statutory_overcrowding")],
    _one_of(REDUCERS, "fact"),
]
"""A fact over many rows; criteria read its name as a column."""


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
        None, description="what a qualifying criterion asks for, where the law has a say in it"
    )


class _Key(Part):
    """One key of an order; ``when_unknown`` says what follows from a value not known."""

    when_unknown: KeyWhenUnknown = Field(
        "last",
        description="when the value is missing. last: below every known one. hold: the same, and "
        "nothing is offered until it is known. error: the run is refused",
    )
    label: Text | None = Field(None, description="what comes first, in words")
    source: str | None = Field(None, description="a name under sources, with a clause if wanted")
    illustrative: bool = Field(False, description="true when this is ours, not the council's")


class BandKey(_Key):
    """Bands in this order, best first; a nested list holds bands that rank equal."""

    band: tuple[str | tuple[str, ...], ...] = Field(min_length=1)


class DateKey(_Key):
    """Earliest first. A column, or band or criterion -> column, with ``otherwise``."""

    date: str | dict[str, str]


class PointsKey(_Key):
    """Highest first: a whole-number column of the application, or a fact."""

    points: str


class PreferKey(_Key):
    """Those who meet the criterion first; not known ranks as not met."""

    prefer: str


class ConnectionKey(_Key):
    """Lowest first: a connection_strength fact (1 is the strongest)."""

    connection: str


class BedroomFitKey(_Key):
    """How the bedroom need fits the home's bedrooms.

    exact_first: need = bedrooms before the rest. fewest_spare: fewest bedrooms left over first (a
    need at least as large as the home leaves none). largest_need: largest need first.
    """

    bedroom_fit: Literal["exact_first", "fewest_spare", "largest_need"]


class DebtKey(_Key):
    """``any``: those without debt first. ``amount``: the least debt first."""

    debt: str = Field(description="a bool column, or a whole number of pounds")
    compare: Literal["any", "amount"] = Field(
        "any", description="any: none before some. amount: the least first"
    )


class BidTimeKey(_Key):
    """Earliest bid first: the household's first unwithdrawn bid on the advert, or its latest."""

    bid_time: Literal["first", "latest"]


class LotteryKey(_Key):
    """A seeded draw: one for each advert, or one number per household for all adverts."""

    lottery: Literal["advert", "register"]


class TieKey(_Key):
    """Those still equal are a tie group that people decide."""

    tie: Literal["human"]


KEYS: dict[str, type[_Key]] = {
    "band": BandKey,
    "date": DateKey,
    "points": PointsKey,
    "prefer": PreferKey,
    "connection": ConnectionKey,
    "bedroom_fit": BedroomFitKey,
    "debt": DebtKey,
    "bid_time": BidTimeKey,
    "lottery": LotteryKey,
    "tie": TieKey,
}

Key = Annotated[
    Annotated[BandKey, Tag("band")]
    | Annotated[DateKey, Tag("date")]
    | Annotated[PointsKey, Tag("points")]
    | Annotated[PreferKey, Tag("prefer")]
    | Annotated[ConnectionKey, Tag("connection")]
    | Annotated[BedroomFitKey, Tag("bedroom_fit")]
    | Annotated[DebtKey, Tag("debt")]
    | Annotated[BidTimeKey, Tag("bid_time")]
    | Annotated[LotteryKey, Tag("lottery")]
    | Annotated[TieKey, Tag("tie")],
    _one_of(KEYS, "order key"),
]
"""One key of an order; the first of them that tells two bids apart decides."""


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
    share: float | None = Field(None, gt=0, le=1, description="part of the lettings, 0.5 for half")
    number: int | None = Field(None, ge=1, description="lettings")


class Addition(Labelled):
    """What some adverts add to the scheme: criteria that join the common ones."""

    eligible: tuple[str, ...] = Field((), description="criteria that join the common ones")


class Landlord(Addition):
    """A landlord's own criteria, added by every advert of one of its homes."""

    checks: tuple[Name, ...] = Field(
        (), description="names under `checks` that only its homes ask for"
    )
    nominations_share: float | None = Field(
        None, gt=0, le=1, description="part of its lettings for which the council nominates"
    )
    send: Within | None = Field(None, description="instead of `nominations: send`")
    answer: Within | None = Field(None, description="instead of `nominations: answer`")


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


def kind_of(key: Any) -> str:
    """The kind of an order key or fact rule: the one field that names it."""
    for kind, model in (KEYS | REDUCERS).items():
        if isinstance(key, model):
            return kind
    raise TypeError(type(key).__name__)


def key_name(key: Key) -> str:
    """The name an order key goes by in ``decided_by``, ``unknown`` and explanations."""
    kind = kind_of(key)
    value = getattr(key, kind)
    if isinstance(key, (PointsKey, ConnectionKey, DebtKey, PreferKey)):
        return f"{kind}: {value}"
    if isinstance(key, DateKey):
        return f"date: {value}" if isinstance(value, str) else "date"
    return kind


def expressions_of(fact: Fact) -> dict[tuple[str, ...], str]:
    """Every expression of a fact, by where it stands within it."""
    kind = kind_of(fact)
    rule = getattr(fact, kind)
    found: dict[tuple[str, ...], str | None] = {}
    if isinstance(rule, _Connections):
        found[kind, "where"] = rule.where
    elif isinstance(fact, _Reducer):
        found[kind,] = None if isinstance(fact, Count) else rule
        found["where",] = fact.where
    return {place: text for place, text in found.items() if text is not None}


def rows_of(fact: Fact) -> str:
    """The table whose rows a fact looks over: people or connections."""
    if isinstance(fact, _Reducer):
        return fact.count if isinstance(fact, Count) else fact.of
    return "connections"
