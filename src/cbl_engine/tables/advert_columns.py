"""Columns of what is let and bid for: landlords, homes, adverts and bids."""

from __future__ import annotations

from dataclasses import replace

from cbl_engine.tables.columns import MOST_BEDROOMS, Column

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
    Column(
        "labels",
        "text_list",
        "labels the scheme may read; a let labelled sensitive, in capitals or not, is left out of what is "
        "published",
        null_means="none",
    ),
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
