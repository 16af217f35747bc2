"""Facts: what many rows of a household say, under a name that criteria read as a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, Tag

from cbl_engine.scheme.parts import Labelled, Name, Part, Sql, kind_among, one_of


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
    """Months that the longest connection still held has lasted, through moves within the area."""

    level: Level = None


class ConnectedTo(_Kinds):
    """Whether any connection still held is with the area, for at least ``min_months``."""

    level: Level = None
    min_months: int = Field(
        0, ge=0, le=1200,
        description="months that a connection must have lasted, through moves within the area",
    )


class ConnectionStrength(_Kinds):
    """1 when connected within the advert's area at the first level, 2 at the second, and so on."""

    levels: tuple[str, ...] = Field(
        min_length=1, description="levels of areas, the closest first: parish, ward, district"
    )
    min_months: int = Field(
        0, ge=0, le=1200,
        description="months that a connection must have lasted, through moves within the area",
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


class ExemptByLaw(_Fact):
    """Whether the law exempts the household from tests of a kind: SI 2012/1869, 2015/967, 2025/706."""

    exempt_by_law: Literal["local_connection", "residence"] = Field(
        description="the kind of test that may not shut the household out"
    )


@dataclass(frozen=True)
class EligibleInLaw:
    """Whether a household meets a test of eligibility in law.

    The law's own fact: no scheme declares it, and every version by which bids are judged has it.

    Attributes:
        label: what it tells.
        test: name of the test.
    """

    label: str
    test: str
    unit: None = None
    source: None = None
    illustrative: bool = False


ByLaw = ExemptByLaw | EligibleInLaw
"""Facts that the law's own tests answer."""


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
    "exempt_by_law": ExemptByLaw,
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
    | Annotated[StatutoryOvercrowding, Tag("statutory_overcrowding")]
    | Annotated[ExemptByLaw, Tag("exempt_by_law")],
    one_of(REDUCERS, "fact"),
]
"""A fact over many rows; criteria read its name as a column."""


def kind_of_fact(fact: _Fact) -> str:
    """The kind of a fact: the one field that names it."""
    return kind_among(REDUCERS, fact)


def expressions_of(fact: Fact) -> dict[tuple[str, ...], str]:
    """Every expression of a fact, by where it stands within it."""
    if isinstance(fact, EligibleInLaw):
        return {}
    kind = kind_of_fact(fact)
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
