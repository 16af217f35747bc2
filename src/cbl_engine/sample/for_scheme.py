"""Boroughs to try a scheme on: with its bands, profiles, district, landlords and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.scheme.facts import kind_of_fact
from cbl_engine.tables import DTYPES, column_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.sample.borough import BoroughOptions
    from cbl_engine.scheme.model import SchemeVersion

_EVERY = 5  # of so many adverts one names a plan


def options_for(version: SchemeVersion) -> BoroughOptions:
    """Arguments of ``sample_borough`` that a scheme version settles.

    Bands where it has some, its profiles where it has several, and the district where its facts
    over connections begin with one area rather than the advert's.
    """
    options: BoroughOptions = {}
    if version.bands:
        options["bands"] = tuple(version.bands)
    if len(version.profiles) > 1:
        options["profiles"] = tuple(version.profiles)
    rules = [getattr(fact, kind_of_fact(fact)) for fact in version.facts.values()]
    named = [rule.area for rule in rules if hasattr(rule, "area") and rule.area != "advert.area"]
    first = {area if isinstance(area, str) else area[0] for area in named}
    if len(first) == 1:
        options["district"] = first.pop()
    return options


def fitted(
    frames: Mapping[str, pl.DataFrame], version: SchemeVersion
) -> dict[str, pl.DataFrame]:
    """The tables with a scheme's landlords and local lettings plans, and the columns it declares.

    Args:
        frames: a borough, from ``sample_borough``.
        version: the scheme version.

    Returns:
        The same tables. Where the scheme lists landlords, the borough's become the listed ones, in
        turn. Every fifth advert names a plan, in turn, if it closes while the plan is in force.
        Declared columns that the borough has not are there with every cell empty, which is
        not known; so are columns that the scheme's assessment reads, and tables without rows.
    """
    out = with_landlords(frames, version)
    if version.local_lettings_plans:
        out["adverts"] = frames["adverts"].with_columns(_plans(frames["adverts"], version))
    return with_columns_of(out, version)


def without_bands(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables of a borough for a scheme that has no bands: nobody is in one, and no officer has
    decided on one. The priority date that each has stays.
    """
    nothing = (pl.lit(None, frames["applications"].schema[name]).alias(name)
               for name in ("band", "band_from"))
    return {
        **frames,
        "applications": frames["applications"].with_columns(nothing),
        "officer_decisions": frames["officer_decisions"].filter(pl.col("subject") != "need"),
    }


def with_columns_of(
    frames: Mapping[str, pl.DataFrame], version: SchemeVersion
) -> dict[str, pl.DataFrame]:
    """The tables with the columns that a scheme declares and those its assessment reads, empty where
    the borough has not got them.
    """
    out = dict(frames)
    for table, columns in version.columns.items():
        empty = [pl.lit(None, DTYPES[column.type]).alias(name)
                 for name, column in columns.items() if name not in out[table].columns]
        out[table] = out[table].with_columns(empty)
    return out | _assessable(out, version)


def with_landlords(
    frames: Mapping[str, pl.DataFrame], version: SchemeVersion
) -> dict[str, pl.DataFrame]:
    """The tables with the landlords a scheme lists, in turn, in place of the borough's."""
    out = dict(frames)
    if version.landlords:
        ids = frames["landlords"]["id"]
        listed = list(version.landlords)
        of_scheme = dict(zip(ids, (listed * len(ids))[: len(ids)], strict=True))
        out["homes"] = frames["homes"].with_columns(pl.col("landlord").replace_strict(of_scheme))
        labels = [version.landlords[name].label for name in listed]
        out["landlords"] = pl.DataFrame({"id": listed, "name": labels}).sort("id")
    return out


def _assessable(
    frames: Mapping[str, pl.DataFrame], version: SchemeVersion
) -> dict[str, pl.DataFrame]:
    """The tables that an assessment by the scheme reads, with every column it reads."""
    from cbl_engine.assess.plan import plan_of

    if version.assessment is None:
        return {}
    out = {}
    for table, columns in plan_of(version).tables().items():
        types = {**{n: c.type for n, c in version.declared(table).items()}, **column_types(table)}
        frame = frames.get(table, pl.DataFrame({"application": []}, {"application": pl.String}))
        missing = sorted(columns - set(frame.columns))
        empty = [pl.lit(None, DTYPES[types[name]]).alias(name) for name in missing]
        out[table] = frame.with_columns(empty)
    return out


def _plans(adverts: pl.DataFrame, version: SchemeVersion) -> pl.Series:
    named: list[str | None] = [None] * adverts.height
    plans = list(version.local_lettings_plans)
    for turn, at in enumerate(range(_EVERY - 1, adverts.height, _EVERY)):
        name = plans[turn % len(plans)]
        force = version.local_lettings_plans[name].in_force
        day = adverts["closes_at"][at].date()
        if force is None or (force.from_ <= day and (force.until is None or day < force.until)):
            named[at] = name
    return pl.Series("local_lettings_plan", named, dtype=pl.String)
