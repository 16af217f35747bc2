"""What a scheme names and the data it is to be used with do not have, and the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.scheme.check_orders import suggest
from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.facts import (
    ConnectedToFact,
    ConnectionStrengthFact,
    MonthsConnected,
    MonthsResidentIn,
    kind_of_fact,
)
from cbl_engine.scheme.findings import Finding
from cbl_engine.scheme.reach import asked_of_bids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbl_engine.documents import Document
    from cbl_engine.scheme.model import SchemeVersion

_OF_AREAS = (ConnectedToFact, ConnectionStrengthFact, MonthsConnected, MonthsResidentIn)
_AGE = "minimum_age"
_TOLD = 3
"""Names of one field that are told, at most."""


def data_findings(
    version: SchemeVersion, document: Document, tables: Mapping[str, pl.DataFrame]
) -> Iterator[Finding]:
    """Landlords, areas and levels of areas that only the scheme names, and landlords and ages that
    only data do.

    Args:
        version: the scheme version.
        document: its file.
        tables: adverts, homes and areas; what is not there is not looked at.
    """
    yield from _landlords(version, document, tables)
    yield from _ages(version, document, tables)
    if "areas" in tables:
        yield from _areas(version, document, tables["areas"])


def nominates_to_nobody(version: SchemeVersion, tables: Mapping[str, pl.DataFrame]) -> bool:
    """Whether a scheme nominates and no advert or home of the data says who lets it."""
    adverts = tables.get("adverts")
    return (version.nominations is not None and adverts is not None and adverts.height > 0
            and not any(column.count() for column in _landlord_columns(tables)))


def _landlord_columns(tables: Mapping[str, pl.DataFrame]) -> list[pl.Series]:
    return [tables[t]["landlord"].cast(pl.String) for t in ("adverts", "homes")
            if t in tables and "landlord" in tables[t].columns]


def _landlords(
    version: SchemeVersion, document: Document, tables: Mapping[str, pl.DataFrame]
) -> Iterator[Finding]:
    columns = _landlord_columns(tables)
    if nominates_to_nobody(version, tables):
        yield Finding("warning", "no_landlord_known", document.where(("nominations",), key=True),
                      "the scheme nominates, and no advert or home says who lets it, so every home is taken "
                      "as the council's own and nobody is named to a landlord")
    if not version.landlords or not columns:
        return
    named = set(pl.concat(columns).drop_nulls())
    others = sorted(named - set(version.landlords))
    if others:
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        yield Finding("note", "landlord_not_listed", document.where(("landlords",), key=True),
                      f"the scheme lists no criteria for {', '.join(others[:5])}{more}, so their "
                      "homes add none")
    for name in version.landlords:
        if name not in named:
            yield Finding("warning", "landlord_without_homes",
                          document.where(("landlords", name), key=True),
                          f"no home or advert names the landlord {name}")


def _ages(
    version: SchemeVersion, document: Document, tables: Mapping[str, pl.DataFrame]
) -> Iterator[Finding]:
    """Homes for people of an age, in a scheme that asks nobody's age for them."""
    asked, _ = asked_of_bids(version)
    read = {n for name in asked & set(version.criteria)
            for n in parse_expression(version.criteria[name].when).advert_names}
    ages = {t: n for t in ("homes", "adverts") if t in tables and _AGE in tables[t].columns
            and (n := tables[t][_AGE].count())}
    if ages and _AGE not in read:
        have = " and ".join(f"{n} of the {table}" for table, n in ages.items())
        part = "eligible" if version.eligible else "profiles"
        yield Finding("warning", "minimum_age_not_read", document.where((part,), key=True),
                      f"{have} in the data have a {_AGE}, and no criterion that bids meet reads advert.{_AGE}, "
                      "so people of any age are ranked for them; if the homes keep to it, add a criterion")


def _areas(
    version: SchemeVersion, document: Document, areas: pl.DataFrame
) -> Iterator[Finding]:
    """Areas, and levels of them, that facts name and the table has not: a finding for each field, a
    note where the data have some of several areas, for data may be of a part of the district.
    """
    have = {name: areas[name].cast(pl.String).drop_nulls().unique().sort().to_list()
            for name in ("id", "level") if name in areas.columns}
    for fact_name, fact in version.facts.items():
        if not isinstance(fact, _OF_AREAS):
            continue
        kind = kind_of_fact(fact)
        for field, column in (("area", "id"), ("level", "level"), ("levels", "level")):
            if column not in have:
                continue
            given = getattr(getattr(fact, kind), field, None)
            named = [given] if isinstance(given, str) else list(given or ())
            lost = [one for one in named if one not in (*have[column], "advert.area")]
            if not lost:
                continue
            at = () if isinstance(given, str) else (named.index(lost[0]),)
            more = f" and {len(lost) - _TOLD} more" if len(lost) > _TOLD else ""
            what = "called" if column == "id" else "of the level"
            some = column == "id" and len(lost) < len(named)
            near = ", ".join(dict.fromkeys(suggest(one, have[column]) for one in lost[:_TOLD]))
            yield Finding(
                "note" if some else "warning", "unknown_area" if column == "id" else "unknown_level",
                document.where(("facts", fact_name, kind, field, *at)),
                f"no area of the data is {what} {' or '.join(lost[:_TOLD])}{more}, so nobody is connected "
                f"by it for {fact_name}; the data have {near or 'none'}")
