"""Columns of the register: households, their people and connections, and what is dated of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cbl_engine.tables.columns import MOST_BEDROOMS, Column

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    Column("registered_on", "date", "day it joined the register", personal=True),
    Column("submitted_on", "date", "day the application was sent in", personal=True),
    Column("reviewed_on", "date", "day it was last reviewed", null_means="never, or not known",
           personal=True),
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
    Column("band_from", "date", "day the band now held was awarded", personal=True),
    Column(
        "priority_date",
        "date",
        "date that ranks, when the register already holds one",
        null_means="the scheme's date rule decides",
        personal=True,
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
    Column("valid_from", "date", "first day of this version", null_means="from the start", personal=True),
    Column("valid_to", "date", "day after its last (exclusive)", null_means="still in force",
           personal=True),
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
    Column("notified_on", "date", "day the household was told of it",
           null_means="not yet told, or not known"),
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
