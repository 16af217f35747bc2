"""A made-up borough: register, homes, adverts and bids that look like the published ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

import polars as pl

from cbl_engine.sample.adverts import make_adverts
from cbl_engine.sample.bids import make_bids, mean_bids_per_let
from cbl_engine.sample.decisions import make_decisions, make_duties
from cbl_engine.sample.for_scheme import fitted, options_for, with_landlords, without_bands
from cbl_engine.sample.homes import make_homes, make_stock
from cbl_engine.sample.households import make_households, reason_shares
from cbl_engine.sample.people import make_people
from cbl_engine.sample.places import (
    landlord_ids,
    make_areas,
    make_connections,
    make_landlords,
)
from cbl_engine.sample.plan import Plan, checked_plan
from cbl_engine.sample.shares import figure
from cbl_engine.tables import ExtraColumn, write_tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cbl_engine.scheme import Scheme

EXTRA_COLUMNS: Mapping[str, tuple[ExtraColumn, ...]] = {
    "applications": (
        ExtraColumn("preference_reason", "text", label="main reason for preference, or none"),
        *(
            ExtraColumn(name, "bool", label=label)
            for name, label in (
                ("reasonable_preference", "in a reasonable preference group"),
                ("owed_homelessness_duty", "owed a homelessness duty"),
                ("in_temporary_accommodation", "lives in temporary accommodation"),
                ("wheelchair_need", "needs a home to wheelchair standard"),
                ("accessible_need", "needs an accessible home"),
                ("housing_debt", "has a housing debt"),
                ("exempt_from_connection", "exempt by law from local connection tests"),
                ("exceptional_connection", "has an accepted exceptional reason to live here"),
            )
        ),
    )
}
"""The columns beyond the standard ones; give them to ``read_tables`` to read a borough back."""


class BoroughOptions(TypedDict, total=False):
    """The arguments of :func:`sample_borough` by name."""

    households: int
    adverts: int
    seed: int
    mean_bids: float | None
    bands: Sequence[str]
    close_on: date
    closing_days: int
    window_days: int
    authority_type: str
    profiles: Sequence[str] | None
    profile_weights: Sequence[float] | None
    district: str
    wards: int
    parishes: int


def sample_borough(
    households: int = 2000,
    adverts: int = 40,
    seed: int = 1,
    *,
    mean_bids: float | None = None,
    bands: Sequence[str] = ("A", "B", "C", "D", "E"),
    close_on: date = date(2026, 3, 3),
    closing_days: int = 7,
    window_days: int = 5,
    authority_type: str = "england",
    profiles: Sequence[str] | None = None,
    profile_weights: Sequence[float] | None = None,
    district: str = "riverton",
    wards: int = 8,
    parishes: int = 2,
) -> dict[str, pl.DataFrame]:
    """Make a borough. The same arguments give the same frames.

    A household's rows in applications, people and connections depend on the seed and its number,
    not on how many households or adverts there are.

    Args:
        households: households on the register [households].
        adverts: adverts, each of a home of its own [adverts].
        seed: any integer of 64 bits.
        mean_bids: mean bids wanted [bids per advert]; None takes the published mean of 25, or a
            tenth of the households when that is less. Homes that suit few get fewer.
        bands: the bands, highest first.
        close_on: day of the last closing; ages and waits are made for it.
        closing_days: adverts close on this many days in a row, in turn [days].
        window_days: an advert is open from 00:01 to 23:59 so many days on, the closing day
            included [days].
        authority_type: whose register to be like: england, london_borough,
            metropolitan_district, unitary or shire_district.
        profiles: profiles for the adverts; None leaves the column empty, so that a scheme's
            default applies.
        profile_weights: shares of the profiles, of any sum; None means equal ones.
        district: id of the district, which a scheme's connection facts name.
        wards: wards of the district.
        parishes: parishes of each ward.

    Returns:
        Frames by table: areas, landlords, homes, applications, people, connections, duties,
        officer_decisions, adverts, bids, in the types and by the rules of ``cbl_engine.tables``.

    Raises:
        BadInput: with every argument that cannot be used.
    """
    if mean_bids is None:
        mean_bids = _usual_bids(households)
    plan = checked_plan(
        households=households,
        adverts=adverts,
        seed=seed,
        mean_bids=mean_bids,
        bands=bands,
        close_on=close_on,
        closing_days=closing_days,
        window_days=window_days,
        authority_type=authority_type,
        profiles=profiles,
        profile_weights=profile_weights,
        district=district,
        wards=wards,
        parishes=parishes,
    )
    return _make(plan)


def _usual_bids(households: object) -> float:
    """Published mean bids, or a share of the households [bids per advert]."""
    if not isinstance(households, int):
        return 0.0
    most = figure("usual_bids", "most_of_households") / 100 * households
    return max(0.0, min(mean_bids_per_let(), most))


def _make(plan: Plan) -> dict[str, pl.DataFrame]:
    register, applications = make_households(plan)
    people, applicant_age = make_people(plan, register)
    owed = list(reason_shares(plan.authority_type)).index("owed_homelessness_duty")
    advertised, homes = make_homes(plan, register.ordinal[register.tenant])
    adverts = make_adverts(plan, advertised)
    return {
        "areas": make_areas(plan),
        "landlords": make_landlords(),
        "homes": homes,
        "applications": applications,
        "people": people,
        "connections": make_connections(plan, register, owed),
        "duties": make_duties(plan, register, applications),
        "officer_decisions": make_decisions(plan, register, applications),
        "adverts": adverts,
        "bids": make_bids(plan, adverts, advertised, register, applicant_age),
    }


def sample_borough_for(
    scheme: Scheme, **options: Unpack[BoroughOptions]
) -> dict[str, pl.DataFrame]:
    """Make a borough to try a scheme on, by its last version.

    Args:
        scheme: whose bands, profiles, district and landlords it has, and whose declared columns,
            empty where a borough has nothing to put there; without bands nobody is in one.
        **options: the arguments of :func:`sample_borough`; one that is given wins.

    Raises:
        BadInput: an argument that cannot be used.
    """
    version = scheme.versions[-1]
    chosen = options_for(version)
    chosen.update(options)
    frames = sample_borough(**chosen)
    return fitted(frames if "bands" in chosen else without_bands(frames), version)


def sample_stock(scheme: Scheme, homes: int, seed: int = 1) -> pl.DataFrame:
    """Make the homes of a borough to try a scheme on: all of them, let and not.

    Args:
        scheme: whose district and landlords they have.
        homes: how many [homes].
        seed: any integer of 64 bits.

    Returns:
        The homes table: ids H00000000 on, sizes as the published stock. The first landlord to which
        the scheme does not nominate is the council; to the homes of the others it has the right to
        nominate.

    Raises:
        BadInput: an argument that cannot be used.
    """
    version = scheme.versions[-1]
    usual = {name: option.default for name, option in signature(sample_borough).parameters.items()}
    options: dict[str, Any] = {**usual, **options_for(version), "mean_bids": 0.0, "seed": seed}
    frames = {
        "homes": make_stock(checked_plan(**options), homes),
        "landlords": make_landlords(),
    }
    landlords = [*(version.landlords or landlord_ids())]
    nominated = [] if version.nominations is None else version.nominations.to or landlords
    council = [name for name in landlords if name not in nominated][:1]
    another = ~pl.col("landlord").cast(pl.String).is_in(council)
    return with_landlords(frames, version)["homes"].with_columns(
        pl.when(another).then(pl.lit("nomination agreement")).alias("nomination_right"))


def write_borough(
    folder: str | Path,
    format: Literal["csv", "parquet"] = "csv",
    scheme: Scheme | None = None,
    **options: Unpack[BoroughOptions],
) -> dict[str, Path]:
    """Make a borough and write its tables into a folder.

    Args:
        folder: where to; made when it is not there.
        format: ``csv`` or ``parquet``.
        scheme: one to try on it, as :func:`sample_borough_for`; None makes it for any.
        **options: the arguments of :func:`sample_borough`.

    Returns:
        The file of each table.

    Raises:
        BadInput: an argument that cannot be used.
    """
    frames = (
        sample_borough(**options) if scheme is None else sample_borough_for(scheme, **options)
    )
    return write_tables(frames, folder, format)
