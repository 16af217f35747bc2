"""What the record has of a household that lasts while it bids: an offer, a consequence, a letting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from cbl_engine.scheme.words import day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.shortlist.explanation import Audience

UNSETTLED = (
    "The application cannot be considered for a home at present: who is on it has to be settled first. "
    "Ask the council."
)
"""What a household is told that shares a tenant with a letting: nothing of anybody else's application."""

_APPROVED = ("nominated_on", "invited_on", "viewed_on", "offered_on", "answered_on")


@dataclass(frozen=True)
class Meanwhile:
    """Something that lasts, and keeps a household from a home though a bid may count.

    Attributes:
        kind: ``under_offer``: of another home, passed over while it lasts. ``consequence``: of its
            refusals or missing bids. ``housed``: another home was let to it. ``members``: it shares a
            tenant with a letting to another application.
        label: in words, for the audience.
        source: where it is written; None when the scheme does not say, or it is no rule.
        until: first day on which it no longer holds; None: no end is set.
    """

    kind: Literal["under_offer", "consequence", "housed", "members"]
    label: str
    source: str | None = None
    until: date | None = None


def meanwhile(
    record: Mapping[str, pl.DataFrame], version: SchemeVersion, advert: Any, application: Any,
    on: date, audience: Audience,
) -> Iterator[Meanwhile]:
    """What lasts that day of a household that asks about an advert.

    Args:
        record: tables of the record, those there are.
        version: of the scheme, that day.
        advert: that is bid for.
        application: that bids.
        on: the day.
        audience: an applicant is told of no offer that nobody approved, and of nobody else's letting.
    """
    yield from _lettings(record, str(application), on, audience)
    if version.offers is None or version.offers.one_at_a_time:
        yield from _offers(record, str(advert), str(application), on, audience)
    for row in _rows(record, "consequences", pl.col("application") == str(application)):
        if row["since"] <= on and (row["until"] is None or on < row["until"]):
            rule = version.consequences.get(row["consequence"])
            end = "with no end set" if row["until"] is None else (
                f"until {day(row['until'])}, the first day it no longer holds")
            yield Meanwhile(
                "consequence",
                f"{rule.label if rule else row['consequence']}: from {day(row['since'])} {end}.",
                rule.source if rule else None, row["until"])


def _lettings(
    record: Mapping[str, pl.DataFrame], application: str, on: date, audience: Audience
) -> Iterator[Meanwhile]:
    stood = (pl.col("signed_on") <= on) & (pl.col("undone_on") > on).fill_null(value=True)
    shares = pl.col("shares_tenant").list.contains(application).fill_null(value=False)
    for row in _rows(record, "lettings", stood, (pl.col("application") == application) | shares):
        if row["application"] == application:
            yield Meanwhile("housed", f"Another home was let to it, on {day(row['signed_on'])}.")
        elif audience == "applicant":
            yield Meanwhile("members", UNSETTLED)
        else:
            yield Meanwhile(
                "members", f"It shares a tenant with application {row['application']}, which was let a "
                f"home on {day(row['signed_on'])} ({row['id']}): it is on no list while that stands. "
                "The applicant is not told whose letting it is.")


def _offers(
    record: Mapping[str, pl.DataFrame], advert: str, application: str, on: date, audience: Audience
) -> Iterator[Meanwhile]:
    signed = {row["id"]: row["signed_on"] for row in _rows(
        record, "lettings", pl.col("application") == application)}
    for row in _rows(record, "offers", pl.col("application") == application):
        ends = [d for d in (row["ended_on"], signed.get(row["id"])) if d is not None]
        if row["advert"] == advert or not _since(row["proposed_on"], on) or (
                ends and min(ends) <= on):
            continue
        approved = any(row[name] is not None and row[name] <= on for name in _APPROVED)
        if not approved and audience == "applicant":
            continue
        where = "a direct let" if row["advert"] is None else f"advert {row['advert']}"
        how = ("It is under an offer of another home" if approved
               else "An offer of another home is proposed for it and not on its way yet")
        yield Meanwhile("under_offer", f"{how} ({where}), and it is passed over for this home while that lasts.")


def _since(began: date | None, on: date) -> bool:
    return began is None or began <= on


def _rows(
    record: Mapping[str, pl.DataFrame], table: str, *where: pl.Expr
) -> list[dict[str, Any]]:
    return record[table].filter(*where).to_dicts() if table in record else []
