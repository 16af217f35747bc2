"""The schema of every table: the one place where columns are declared.

The declarations are plain :class:`Column` values, so that reading them costs nothing;
:func:`schema_of` turns them into a dataframely schema when rows are checked, and
:func:`data_dictionary` into the table from which the documentation is written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.tables.columns import DTYPES, Column
from cbl_engine.tables.letting_columns import GIVEN
from cbl_engine.tables.void_columns import VOIDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import dataframely as dy

    from cbl_engine.tables.columns import ExtraColumn

MOST_BEDROOMS = 20

_APPLICATION_STATUS = (
    "active",
    "suspended",
    "deferred",
    "unbanded",
    "awaiting_review",
    "under_offer",
    "housed",
    "closed",
)
_RELATIONSHIPS = (
    "applicant",
    "partner",
    "child",
    "parent",
    "sibling",
    "other_relative",
    "non_relative",
    "carer",
)
_NO = "not stated; rules treat it as not known"

APPLICATIONS = (
    Column("id", "id", "the application", required=True),
    Column("status", "code", "where it stands", required=True, codes=_APPLICATION_STATUS),
    Column("registered_on", "date", "day it joined the register"),
    Column("submitted_on", "date", "day the application was sent in"),
    Column("reviewed_on", "date", "day it was last reviewed", null_means="never, or not known"),
    Column("band", "text", "band now held", null_means="not assessed, or no bands are used"),
    Column(
        "points",
        "int",
        "points now held",
        unit="points",
        null_means="not assessed, or no points are used",
        personal=True,
    ),
    Column(
        "place_in_band",
        "int",
        "place among those of the band: 0 for most, more is better",
        null_means="not assessed",
        personal=True,
    ),
    Column("band_from", "date", "day the band now held was awarded"),
    Column(
        "priority_date",
        "date",
        "date that ranks, when the register already holds one",
        null_means="the scheme's date rule decides",
    ),
    Column(
        "bedroom_need",
        "int",
        "bedrooms needed",
        unit="bedrooms",
        personal=True,
        least=0,
        most=MOST_BEDROOMS,
    ),
    Column(
        "sizes",
        "int_list",
        "sizes that may be let",
        unit="bedrooms",
        personal=True,
        least=0,
        most=MOST_BEDROOMS,
    ),
    Column(
        "current_bedrooms",
        "int",
        "bedrooms of the present home that the household may use",
        unit="bedrooms",
        personal=True,
        least=0,
        most=MOST_BEDROOMS,
    ),
    Column("access_need", "text", "mobility or access category needed", personal=True),
    Column(
        "domestic_abuse_move",
        "bool",
        "must move because of domestic abuse",
        null_means=_NO,
        personal=True,
    ),
    Column(
        "right_to_move",
        "bool",
        "a social tenant who must move to take up or be nearer to work",
        null_means=_NO,
        personal=True,
    ),
    Column(
        "current_home",
        "id",
        "home now held by a social tenant",
        null_means="not a social tenant, or not known",
        personal=True,
    ),
    Column("valid_from", "date", "first day of this version", null_means="from the start"),
    Column("valid_to", "date", "day after its last (exclusive)", null_means="still in force"),
)

PEOPLE = tuple(
    replace(column, personal=column.name not in ("id", "application"))
    for column in (
        Column("id", "id", "the person", required=True),
        Column("application", "id", "application the person belongs to", required=True),
        Column(
            "identity",
            "text",
            "a key that is equal for the same person wherever recorded",
            null_means="nothing to compare by",
        ),
        Column("date_of_birth", "date", "day of birth", null_means="not known, or not yet born"),
        Column("expected_on", "date", "day a birth is expected", null_means="not an unborn child"),
        Column("sex", "code", "as recorded for room sharing", codes=("female", "male", "other")),
        Column("relationship", "code", "to the applicant", codes=_RELATIONSHIPS),
        Column("partner_of", "id", "person they are the partner of", null_means="no partner here"),
        Column("carer", "bool", "lives in or stays overnight as a carer", null_means=_NO),
        Column("cannot_share", "bool", "cannot share a bedroom", null_means=_NO),
        Column("temporarily_away", "bool", "away for now, to return", null_means=_NO),
        Column(
            "part_time", "bool", "child who stays part of the time, with a main home elsewhere",
            null_means=_NO,
        ),
        Column("foster_child", "bool", "child placed here by a council", null_means=_NO),
        Column(
            "joint_applicant",
            "bool",
            "applies together with the applicant",
            null_means="does not",
        ),
        Column(
            "immigration_status",
            "code",
            "under immigration control or not, and of a class that may be let to or not",
            codes=("not_subject", "eligible_class", "not_eligible"),
        ),
        Column(
            "habitually_resident",
            "bool",
            "habitually resident, or need not be",
            null_means=_NO,
        ),
        Column(
            "forces",
            "code",
            "tie to the armed forces",
            codes=(
                "none",
                "serving_regular",
                "former_regular",
                "injured_reservist",
                "bereaved_partner",
            ),
        ),
        Column("forces_left_on", "date", "day of leaving the regular forces"),
        Column("care_leaver", "bool", "was looked after as a child", null_means=_NO),
    )
)

CONNECTIONS = (
    Column("application", "id", "application with the connection", required=True),
    Column("person", "id", "person who has it", null_means="the household", personal=True),
    Column("area", "id", "area it is to", required=True),
    Column(
        "kind",
        "code",
        "what it rests on",
        required=True,
        codes=("residence", "work", "family", "duty"),
    ),
    Column("since", "date", "day it began to hold", personal=True),
    Column("until", "date", "day it ceased (exclusive)", null_means="still holds", personal=True),
)

AREAS = (
    Column("id", "id", "the area", required=True),
    Column("name", "text", "its name"),
    Column("parent", "id", "area it lies in", null_means="lies in no other"),
    Column("level", "text", "parish, ward, district, partner, ..."),
)

LANDLORDS = (
    Column("id", "id", "the landlord", required=True),
    Column("name", "text", "its name"),
)

HOMES = (
    Column("id", "id", "the home", required=True),
    Column("uprn", "text", "unique property reference number"),
    Column("landlord", "id", "who lets it"),
    Column("home_group", "id", "group of like units it is in", null_means="in no group"),
    Column("area", "id", "smallest area it lies in"),
    Column("property_type", "text", "house, flat, bungalow, ..."),
    Column("bedrooms", "int", "bedrooms", unit="bedrooms", least=0, most=MOST_BEDROOMS),
    Column("bed_spaces", "int", "people it sleeps", unit="people", least=0, most=60),
    Column("floor", "int", "floor of the entrance, ground = 0", least=-10, most=200),
    Column("lift", "bool", "a lift serves it"),
    Column("access_category", "text", "mobility or access category"),
    Column("adaptations", "text_list", "adaptations fitted"),
    Column("entrance_steps", "int", "steps up to the door", unit="steps", least=0, most=1000),
    Column("internal_steps", "int", "steps inside", unit="steps", least=0, most=1000),
    Column("needs_group", "text", "general, sheltered, extra care, supported, ..."),
    Column("rent_type", "text", "social, affordable, intermediate, ..."),
    Column("rent_weekly", "number", "rent without service charge", unit="GBP per week", least=0),
    Column("service_charge_weekly", "number", "service charge", unit="GBP per week", least=0),
    Column(
        "service_charge_eligible_weekly",
        "number",
        "of the service charge, what housing benefit or universal credit may cover",
        unit="GBP per week",
        least=0,
    ),
    Column("tenancy_type", "text", "introductory, secure, assured, ..."),
    Column(
        "minimum_age",
        "int",
        "lowest age let to",
        unit="years",
        null_means="none",
        least=0,
        most=120,
    ),
    Column("pets_allowed", "bool", "pets may be kept"),
    Column("garden", "bool", "has a garden"),
    Column("parking", "bool", "has parking"),
    Column("heating", "text", "gas, electric, district, ..."),
    Column("new_build", "bool", "never let before"),
    Column("void_reason", "text", "why it is empty", null_means="not empty, or not known"),
    Column(
        "nomination_right",
        "text",
        "agreement under which the council nominates",
        null_means="the council lets it itself, or no agreement is known",
    ),
    Column(
        "nomination_until",
        "date",
        "last day for a nomination",
        null_means="no deadline, or not known",
    ),
    Column(
        "cascade_second_on",
        "date",
        "day from which the second circle of its planning cascade may be let to",
        null_means="it has no cascade, or no such circle",
    ),
    Column(
        "cascade_third_on",
        "date",
        "day from which the third circle of its planning cascade may be let to",
        null_means="it has no cascade, or no such circle",
    ),
)

_ADVERTISED = tuple(
    replace(
        column,
        doc=f"{column.doc}; wins over the home's own",
        null_means="as the home has it",
    )
    for column in HOMES
    if column.name not in ("id", "home_group")
)

ADVERTS = (
    Column("id", "id", "the advert", required=True),
    Column("home", "id", "home advertised", null_means="a group, or described by the advert"),
    Column("home_group", "id", "group advertised", null_means="one home, or described here"),
    Column("profile", "text", "scheme profile that ranks it", null_means="the scheme's default"),
    Column("local_lettings_plan", "text", "plan that applies", null_means="none"),
    Column("labels", "text_list", "labels the scheme may read", null_means="none"),
    Column("opens_at", "datetime", "first moment for bids", null_means="no lower bound"),
    Column("closes_at", "datetime", "last moment for bids", required=True),
    Column(
        "status",
        "code",
        "where it stands",
        required=True,
        codes=("draft", "open", "closed", "withdrawn", "readvertised", "let"),
    ),
    Column("readvert_of", "id", "advert it repeats", null_means="a first advert"),
    Column(
        "corrected_at",
        "datetime",
        "moment it was put right after bids had come; bids placed before it are void",
        null_means="never put right",
    ),
    Column(
        "lottery_seed", "int", "seed of its lottery", null_means="the run's seed is used", least=0
    ),
    *_ADVERTISED,
)

BIDS = (
    Column("advert", "id", "advert bid for", required=True),
    Column("application", "id", "application that bids", required=True),
    Column("placed_at", "datetime", "moment it was placed", required=True),
    Column("withdrawn_at", "datetime", "moment it was withdrawn", null_means="stands"),
    Column(
        "placed_by",
        "code",
        "who placed it",
        null_means="applicant",
        codes=("applicant", "officer", "automatic"),
    ),
)

_OF_APPLICATION = Column("application", "id", "application it belongs to", required=True)
_SINCE = Column("since", "date", "first day it holds", null_means="from the start")
_UNTIL = Column("until", "date", "first day it no longer holds", null_means="still holds")
_OWNER = Column("owner", "text", "officer or team that is to see to it", null_means="nobody named")
_WHY = ("need", "policy", "reregistration", "joined", "split")

_BAND_HISTORY = (
    _OF_APPLICATION,
    Column("band", "text", "band held", null_means="in none"),
    _SINCE,
    _UNTIL,
    Column("why", "code", "why the spell began", null_means="need", codes=_WHY),
    Column(
        "submitted_on",
        "date",
        "day the change was sent in",
        null_means="not known; rules use the day the spell began",
    ),
    Column(
        "priority_date",
        "date",
        "date that ranks in this spell, set by an officer",
        null_means="the scheme's date rule decides",
    ),
    Column(
        "from_application",
        "id",
        "application joined with, or split from",
        null_means="neither joined nor split",
    ),
)

_STATUS_HISTORY = (
    _OF_APPLICATION,
    Column("status", "code", "status held", required=True, codes=_APPLICATION_STATUS),
    _SINCE,
    _UNTIL,
    Column("reason", "text", "why"),
)

_DUTIES = (
    _OF_APPLICATION,
    Column(
        "kind",
        "code",
        "homelessness duty owed",
        required=True,
        codes=("prevention", "relief", "main", "intentionally_homeless", "refused_final", "other"),
    ),
    _SINCE,
    _UNTIL,
    Column("ended_by", "text", "why it ended", null_means="not ended, or not known"),
    _OWNER,
)

_ROOMS = (
    _OF_APPLICATION,
    Column("room", "text", "its name or number, for people", null_means="not named"),
    Column(
        "use",
        "code",
        "what it serves as: a bedroom, a living room that may be slept in, or neither",
        required=True,
        codes=("bedroom", "living_room", "other"),
    ),
    Column(
        "floor_area_sq_ft",
        "number",
        "floor area, of what is high enough to count",
        unit="square feet",
        null_means="not measured, or not known; never guessed",
        least=0,
        most=5_000,
    ),
    _SINCE,
    _UNTIL,
)

_TA_PLACEMENTS = (
    _OF_APPLICATION,
    Column("kind", "text", "bed and breakfast, nightly paid, leased, ..."),
    Column(
        "bedrooms", "int", "bedrooms", unit="bedrooms", least=0, most=MOST_BEDROOMS
    ),
    Column("area", "id", "area it lies in"),
    _SINCE,
    _UNTIL,
    Column(
        "gross_nightly", "number", "what it costs", unit="GBP per night", least=0
    ),
    Column(
        "net_nightly",
        "number",
        "of this, what the council bears",
        unit="GBP per night",
    ),
)

_OFFICER_DECISIONS = (
    Column("id", "id", "the decision or recommendation", required=True),
    _OF_APPLICATION,
    Column("subject", "text", "medical, welfare, ...: what it is about", required=True),
    Column(
        "stage",
        "code",
        "an adviser's recommendation or an officer's decision",
        required=True,
        codes=("recommendation", "decision"),
    ),
    Column("value", "text", "what was recommended or decided"),
    Column("requested_on", "date", "day it was asked for"),
    Column("received_on", "date", "day it came in", null_means="not yet, or not known"),
    Column("due_on", "date", "day it is due", null_means="no deadline, or not known"),
    Column("decided_on", "date", "day it was made", null_means="not yet made, or not known"),
    _SINCE,
    _UNTIL,
    Column("by", "text", "who made it"),
    _OWNER,
    Column("evidence", "text", "reference to the evidence", null_means="none"),
)

_OVERRIDES = (
    Column("id", "id", "the override", required=True),
    _OF_APPLICATION,
    Column(
        "field",
        "code",
        "what it takes the place of",
        required=True,
        codes=(
            "bedroom_need",
            "sizes",
            "qualifies",
            "band",
            "points",
            "place_in_band",
            "status",
            "priority_date",
        ),
    ),
    Column(
        "value",
        "text",
        "the officer's value, as the field is written in CSV",
        null_means="none: no band, no points",
    ),
    Column(
        "instead_of",
        "text",
        "what the rules gave when it was decided",
        null_means="not recorded",
    ),
    Column("decided_on", "date", "day it was decided"),
    _SINCE,
    _UNTIL,
    Column("by", "text", "who decided"),
    Column("reason", "text", "why"),
    Column("evidence", "text", "reference to the evidence", null_means="none"),
)

DATED_TABLES: Mapping[str, tuple[Column, ...]] = {
    table: tuple(replace(c, personal=c.name not in ("id", "application")) for c in columns)
    for table, columns in {
        "band_history": _BAND_HISTORY,
        "status_history": _STATUS_HISTORY,
        "duties": _DUTIES,
        "rooms": _ROOMS,
        "ta_placements": _TA_PLACEMENTS,
        "officer_decisions": _OFFICER_DECISIONS,
        "overrides": _OVERRIDES,
    }.items()
}
"""Tables of an application's dated rows: each holds from ``since`` until ``until``."""

TABLES: Mapping[str, tuple[Column, ...]] = {
    "applications": APPLICATIONS,
    "people": PEOPLE,
    "connections": CONNECTIONS,
    **DATED_TABLES,
    "areas": AREAS,
    "landlords": LANDLORDS,
    "homes": HOMES,
    "adverts": ADVERTS,
    "bids": BIDS,
    **{
        table: tuple(
            replace(c, personal=c.name not in ("id", "application", "advert")) for c in columns
        )
        for table, columns in GIVEN.items()
    },
    "voids": VOIDS,
}

REGISTER_TABLES = ("applications", "people", "connections", "areas", *DATED_TABLES)
"""What a register may hold; all but applications and areas have an ``application`` column."""

PERSONAL_TABLES = frozenset((*REGISTER_TABLES, *GIVEN)) - {"areas"}


def columns_of(table: str, extra: Sequence[ExtraColumn] = ()) -> dict[str, Column]:
    """Every column of a table by name, standard ones first; a standard one wins over an extra."""
    standard = {column.name: column for column in TABLES[table]}
    return {item.name: item.column() for item in extra} | standard if extra else standard


def column_types(table: str) -> dict[str, str]:
    """Standard columns of a table by name, with the type that rules see; an id is text."""
    return {c.name: "text" if c.type == "id" else c.type for c in TABLES[table]}


def key_of(table: str, present: Iterable[str]) -> tuple[str, ...]:
    """The columns that identify a row, given those the frame has; empty when none do.

    An application with ``valid_from`` is one of several versions, so the date is in its key.
    """
    if table == "applications" and "valid_from" in present:
        return ("id", "valid_from")
    if table == "bids":
        return ("advert", "application", "placed_at")
    if table == "preferences":
        return ("application", "advert")
    return ("id",) if any(column.name == "id" for column in TABLES[table]) else ()


def dataframely_column(
    column: Column, dtype: pl.DataType | None = None, check: dict[str, Any] | None = None
) -> dy.Column:
    """A column as dataframely has it, its documentation in the metadata.

    Args:
        column: what to declare.
        dtype: type in the frame at hand, for ids that are integers; None means the standard one.
        check: named boolean expressions that every value must meet.
    """
    import dataframely as dy

    words: dict[str, Any] = {
        "alias": column.name,
        "nullable": not column.required,
        "check": check,
        "metadata": {
            "doc": column.doc,
            "unit": column.unit,
            "null_means": "" if column.required else column.null_means,
            "personal": column.personal,
        },
    }
    if column.type == "id" and dtype is not None and dtype.is_integer():
        return getattr(dy, str(dtype))(**words)
    if column.type in ("id", "text", "code"):
        return dy.String(**words)
    if column.type == "bool":
        return dy.Bool(**words)
    if column.type == "int":
        return dy.Int64(**words)
    if column.type == "number":
        return dy.Float64(allow_inf=True, allow_nan=True, **words)
    if column.type == "date":
        return dy.Date(**words)
    if column.type == "datetime":
        return dy.Datetime(time_zone="Europe/London", time_unit="us", **words)
    inner = dy.Int64(nullable=False) if column.type == "int_list" else dy.String(nullable=False)
    return dy.List(inner, **words)


def schema_of(table: str, extra: Sequence[ExtraColumn] = ()) -> type[dy.Schema]:
    """The full dataframely schema of a table, for documentation and for sample rows."""
    import dataframely as dy

    # An extra column may be called like one of a schema's methods, so its attribute is numbered.
    standard = {column.name for column in TABLES[table]}
    members = {
        name if name in standard else f"extra_{at}": dataframely_column(column)
        for at, (name, column) in enumerate(columns_of(table, extra).items())
    }
    return type(table.capitalize(), (dy.Schema,), members)


def data_dictionary(
    extra_columns: Mapping[str, Sequence[ExtraColumn]] | None = None,
) -> pl.DataFrame:
    """Every column of every table, one row each.

    Returns:
        Frame of table, column, type, polars_type, unit, required, null_means (empty for a
        required column), doc, personal, key (part of the row's identity) and codes (list of
        text, empty when the column is not a code).
    """
    rows = []
    for table in TABLES:
        columns = columns_of(table, (extra_columns or {}).get(table, ()))
        key = key_of(table, columns)
        rows += [
            {
                "table": table,
                "column": column.name,
                "type": column.type,
                "polars_type": str(DTYPES[column.type]),
                "unit": column.unit,
                "required": column.required,
                "null_means": "" if column.required else column.null_means,
                "doc": column.doc,
                "personal": column.personal,
                "key": column.name in key,
                "codes": list(column.codes),
            }
            for column in columns.values()
        ]
    return pl.DataFrame(rows, schema_overrides={"codes": pl.List(pl.String)})
