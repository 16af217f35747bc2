"""What the rules of bidding, adverts and offers must say of the rest of the scheme, and of themselves."""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

from cbl_engine.errors import Problem
from cbl_engine.scheme.check_assessment import band_problems
from cbl_engine.scheme.check_orders import (
    Place,
    advert_only,
    sides_read,
    suggest,
    unknown_criterion,
)
from cbl_engine.scheme.law import bid_criteria
from cbl_engine.scheme.named import consequences_named, criteria_named, times_allowed
from cbl_engine.scheme.offers import KINDS, UNITS
from cbl_engine.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cbl_engine.documents import Document
    from cbl_engine.scheme.advertising import Quota
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.vocabulary import Vocabulary

UNDER_A_PROFILE = ("widen", "first_come")
"""Steps of the ladder that advertise a home under another profile."""

ASIDE = ("void", "window", "closed", "withdrawn", "superseded")
"""Names under which the engine itself sets bids aside."""

OVER = ("not_active", "bid_withdrawn", "under_offer")
"""Names under which the engine itself passes households over."""

_A_COMMON_YEAR = 2025


def offer_problems(
    version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    """Everything under advertising, bidding, checks, nominations, offers, consequences and direct
    lets that names what is not there, or cannot be so.
    """
    yield from _criteria(version, document)
    yield from _times(version, document)
    yield from _advertising(version, document, words)
    yield from _bidding(version, document)
    yield from _checks_and_landlords(version, document)
    yield from _offers(version, document)
    yield from _consequences(version, document)
    yield from _names(version, document)


def _there_is_no(
    what: str, name: str, known: Iterable[str], place: Place, document: Document
) -> Iterator[Problem]:
    """A name that is not among those of its kind."""
    known = list(known)
    if name not in known:
        yield Problem(
            f"unknown_{what.rsplit(maxsplit=1)[-1]}",
            f"there is no {what} {name}",
            where=document.where(place),
            allowed=suggest(name, known) or "none is declared",
        )


def _criteria(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    """Criteria that are there, and read what they may."""
    for place, name, may_read in criteria_named(version):
        if name not in version.criteria:
            is_key = place[:2] == ("offers", "judged_at")
            yield unknown_criterion(name, place, version, document, key=is_key)
        elif may_read == "advert":
            yield from advert_only(name, place, version, document)
        elif may_read == "application":
            _, of_advert = sides_read(name, version)
            if of_advert:
                yield Problem(
                    "rule_reads_advert",
                    f"{name} reads {', '.join(of_advert)}, and this rule is about the household "
                    "alone",
                    where=document.where(place),
                    allowed="a criterion that reads no advert.* and no fact about its area",
                )


def _times(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    for place, within in times_allowed(version):
        if len(within.given()) != 1:
            yield Problem(
                "within_of_what",
                f"the time allowed by {place[-1]} is given once",
                where=document.where(place, key=True),
                given=" and ".join(within.given()) or "none",
                allowed=f"one of {', '.join(UNITS)}",
            )


def _advertising(
    version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    rules = version.advertising
    if rules is None:
        return
    for i, rung in enumerate(rules.ladder):
        place: Place = ("advertising", "ladder", i)
        if (rung.step in UNDER_A_PROFILE) != (rung.profile is not None):
            lacks = rung.profile is None
            yield Problem(
                "rung_profile",
                f"{rung.step} " + ("advertises the home under another profile, and names none"
                                   if lacks else "has no use for a profile"),
                where=document.where(place if lacks else (*place, "profile")),
                allowed=f"profile with {' and '.join(UNDER_A_PROFILE)}, and with nothing else",
            )
        if rung.profile is not None:
            yield from _there_is_no("profile", rung.profile, version.profiles,
                                    (*place, "profile"), document)
    for name, quota in rules.quotas.items():
        yield from _quota(name, quota, rules.quotas, version, document, words)


def _quota(
    name: str,
    quota: Quota,
    quotas: dict[str, Quota],
    version: SchemeVersion,
    document: Document,
    words: Vocabulary,
) -> Iterator[Problem]:
    place: Place = ("advertising", "quotas", name)
    given = [field for field in ("profile", "to") if getattr(quota, field) is not None]
    if given != ["profile"] if quota.on == "adverts" else not given:
        yield Problem(
            "quota_counts_what",
            f"the quota {name} does not say which {quota.on} it counts",
            where=document.where(place, key=True),
            given=f"on: {quota.on}, with {' and '.join(given) or 'neither profile nor to'}",
            allowed="on: adverts with profile and without to; on: lettings with either or both",
        )
    if quota.profile is not None:
        yield from _there_is_no("profile", quota.profile, version.profiles, (*place, "profile"),
                                document)
    for i, column in enumerate(quota.by):
        if column not in words.advert:
            yield Problem(
                "unknown_name",
                f"{column} is not a column of adverts or homes",
                where=document.where((*place, "by", i)),
                allowed=suggest(column, words.advert),
            )
    if quota.starts is not None:
        month, day = map(int, quota.starts.split("-"))
        if day > calendar.monthrange(_A_COMMON_YEAR, month)[1]:
            yield Problem("quota_starts", "this is not a day of every year",
                          where=document.where((*place, "starts")), given=quota.starts)
    if quota.within is not None:
        yield from _within(name, quota.within, quotas, (*place, "within"), document)


def _within(
    name: str, outer: str, quotas: dict[str, Quota], place: Place, document: Document
) -> Iterator[Problem]:
    """The quota that another one is nested in: there, of its kind, and not nested in it."""
    yield from _there_is_no("quota", outer, quotas, place, document)
    if outer not in quotas:
        return
    if quotas[outer].on != quotas[name].on:
        yield Problem(
            "quota_within",
            f"{name} counts {quotas[name].on} and {outer} counts {quotas[outer].on}",
            where=document.where(place),
            allowed="a quota within another counts what that one counts",
        )
    seen, at = [name], outer
    while at in quotas and at not in seen:
        seen.append(at)
        at = quotas[at].within or ""
    if at == name:
        yield Problem("quota_circle", f"the quota {name} is within itself",
                      where=document.where(place), given=" within ".join([*seen, name]))


def _bidding(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    rules = version.bidding
    if rules is None or rules.automatic is not None:
        return
    for name, choice in rules.choice.items():
        if choice.bids == "automatic":
            yield Problem(
                "automatic_how",
                f"the engine is to bid under {name}, and bidding does not say how",
                where=document.where(("bidding", "choice", name, "bids")),
                remedy="Say it under bidding: automatic",
            )


def _checks_and_landlords(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    for name, landlord in version.landlords.items():
        for i, check in enumerate(landlord.checks):
            yield from _there_is_no("check", check, version.checks,
                                    ("landlords", name, "checks", i), document)
    if version.nominations is not None:
        for i, landlord_id in enumerate(version.nominations.to):
            yield from _there_is_no("landlord", landlord_id, version.landlords,
                                    ("nominations", "to", i), document)


def _offers(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    rules = version.offers
    for place, name in consequences_named(version):
        yield from _there_is_no("consequence", name, version.consequences, place, document)
    if rules is None:
        return
    if rules.choosing.by and rules.choosing.by_whom != "council":
        yield Problem(
            "choosing_by",
            "by says in which order the council takes homes, and it is not the council that chooses",
            where=document.where(("offers", "choosing", "by")),
            given=f"by_whom: {rules.choosing.by_whom}",
            allowed="by with by_whom: council",
        )
    contact = rules.contact
    if contact is not None and contact.channels > contact.attempts:
        yield Problem(
            "contact_channels",
            "so many channels cannot be used in so few attempts",
            where=document.where(("offers", "contact")),
            given=f"{contact.channels} channels, {contact.attempts} attempts",
        )
    if rules.final is not None:
        place: Place = ("offers", "final")
        for part, name in zip(("suitability", "warning"), rules.final.records(), strict=True):
            yield from _there_is_no("check", name, version.checks, (*place, part), document)
        kinds = next(c.codes for c in TABLES["duties"] if c.name == "kind")
        for i, duty in enumerate(rules.final.duties):
            yield from _there_is_no("kind of duty", duty, kinds, (*place, "duties", i), document)


def _consequences(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    for name, consequence in version.consequences.items():
        place: Place = ("consequences", name)
        given = consequence.kinds()
        if len(given) != 1:
            yield Problem(
                "consequence_of_what",
                f"the consequence {name} is of exactly one kind",
                where=document.where(place, key=True),
                given=" and ".join(given) or "none",
                allowed=f"one of {', '.join(KINDS)}",
            )
        if consequence.months is not None and not {"band", "down"} & set(given):
            yield Problem(
                "consequence_months",
                "months says how long a band lasts, and this gives none",
                where=document.where((*place, "months")),
                allowed="months with band or down",
            )
        if consequence.band is not None:
            yield from band_problems(consequence.band, (*place, "band"), version, document)
        if consequence.down is not None and consequence.down >= len(version.bands):
            yield Problem(
                "unknown_band",
                "no band is so many bands lower than another",
                where=document.where((*place, "down")),
                given=str(consequence.down),
                allowed=f"fewer than the {len(version.bands)} bands",
            )


def _names(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    """Names that stand as reasons in one column, and so must tell rules apart."""
    bidding, offers = version.bidding, version.offers
    of_bids: list[tuple[Place, Iterable[str]]] = [
        (("consequences",), version.consequences),
        *((("bidding", kind), getattr(bidding, kind)) for kind in ("caps", "choice", "frozen")
          if bidding is not None),
    ]
    of_households: list[tuple[Place, Iterable[str]]] = [
        (("checks",), version.checks),
        *([(("offers", "passing_over"), offers.passing_over)] if offers is not None else []),
    ]
    for lists, engine, others in (
        (of_bids, ASIDE, ()), (of_households, OVER, tuple(bid_criteria(version))),
    ):
        taken = {**dict.fromkeys(engine, "a name the engine gives"),
                 **dict.fromkeys(others, "the name of a criterion")}
        for place, names in lists:
            for name in names:
                if name in taken:
                    yield Problem(
                        "name_taken",
                        f"{name} is already {taken[name]}, and reasons are told by their names",
                        where=document.where((*place, name), key=True),
                        remedy="Choose another name",
                    )
                taken.setdefault(name, f"a name under {'.'.join(place)}")
