"""What a scheme's lists, profiles and order keys must say of one another."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from cbl_engine.errors import Problem
from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.facts import kind_of_fact
from cbl_engine.scheme.keys import (
    BandKey,
    BidTimeKey,
    ConnectionKey,
    DateKey,
    DebtKey,
    LotteryKey,
    PointsKey,
    PreferKey,
    TieKey,
    kind_of_key,
)
from cbl_engine.scheme.tokens import ExpressionError
from cbl_engine.scheme.vocabulary import Vocabulary, is_pair_fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cbl_engine.documents import Document
    from cbl_engine.scheme.keys import Key
    from cbl_engine.scheme.model import SchemeVersion

Place = tuple[Any, ...]


def suggest(name: str, allowed: Iterable[str]) -> str:
    """The allowed names most like one, or the first dozen."""
    names = list(dict.fromkeys(allowed))
    close = get_close_matches(name, names, n=3)
    return ", ".join(close or sorted(names)[:12]) + ("" if close or len(names) <= 12 else ", ...")


def eligible_problems(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    """Lists that name a criterion the version has not."""
    lists: list[tuple[Place, tuple[str, ...]]] = [(("eligible",), version.eligible)]
    for name, profile in version.profiles.items():
        lists.append((("profiles", name, "eligible"), profile.eligible))
        lists += [
            (("profiles", name, "stages", i, "eligible"), stage.eligible)
            for i, stage in enumerate(profile.stages)
        ]
    lists += [((*part, "eligible"), added.eligible) for part, added in version.additions().items()]
    named: list[tuple[Place, str]]
    named = [((*place, index), name) for place, names in lists for index, name in enumerate(names)]
    for at, name in named:
        if name not in version.criteria:
            yield unknown_criterion(name, at, version, document)


def unknown_criterion(
    name: str, place: Place, version: SchemeVersion, document: Document, *, key: bool = False
) -> Problem:
    """A criterion that the version has not."""
    return Problem(
        "unknown_criterion",
        f"there is no criterion {name}",
        where=document.where(place, key=key),
        allowed=suggest(name, version.criteria),
    )


def order_problems(
    version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    """Profiles and plans whose orders are incomplete, or read what is not there."""
    yield from _check_bid_times(version, document)
    if version.default_profile is not None and version.default_profile not in version.profiles:
        yield Problem(
            "unknown_profile",
            f"there is no profile {version.default_profile}",
            where=document.where(("default_profile",)),
            allowed=", ".join(version.profiles),
        )
    for name, profile in version.profiles.items():
        place = ("profiles", name)
        if bool(profile.order) == bool(profile.stages):
            yield Problem(
                "order_or_stages",
                f"profile {name} needs either an order or stages",
                where=document.where(place),
            )
        yield from _check_keys(profile.order, (*place, "order"), version, document, words)
        for i, stage in enumerate(profile.stages):
            yield from _check_keys(
                stage.order, (*place, "stages", i, "order"), version, document, words
            )
    for name, plan in version.local_lettings_plans.items():
        place = ("local_lettings_plans", name, "order")
        yield from _check_keys(plan.order, place, version, document, words)
        yield from (
            Problem(
                "plan_key",
                f"a plan's keys go ahead of the profile's, so {kind_of_key(key)} cannot be one",
                where=document.where((*place, i)),
            )
            for i, key in enumerate(plan.order)
            if isinstance(key, (TieKey, LotteryKey))
        )


def _check_bid_times(version: SchemeVersion, document: Document) -> Iterator[Problem]:
    """A household has one bid time on an advert, so its keys cannot ask for two."""

    def asked(keys: tuple[Key, ...], place: Place) -> list[tuple[str, Place]]:
        return [(key.bid_time, (*place, i)) for i, key in enumerate(keys)
                if isinstance(key, BidTimeKey)]

    of_profile: dict[str, str] = {}
    for name, profile in version.profiles.items():
        place: Place = ("profiles", name)
        times = asked(profile.order, (*place, "order"))
        for i, stage in enumerate(profile.stages):
            times += asked(stage.order, (*place, "stages", i, "order"))
        if times:
            of_profile[name] = times[0][0]
        yield from _second_time(times, f"profile {name}", document)
    for name, plan in version.local_lettings_plans.items():
        times = asked(plan.order, ("local_lettings_plans", name, "order"))
        yield from _second_time(times, f"plan {name}", document)
        for profile_name, first in of_profile.items():
            if times and times[0][0] != first:
                yield Problem(
                    "two_bid_times",
                    f"plan {name} uses bid_time: {times[0][0]} and profile {profile_name}, "
                    f"whose keys follow the plan's, bid_time: {first}",
                    where=document.where((*times[0][1], "bid_time")),
                    remedy="Use one of the two throughout",
                )


def _second_time(
    times: list[tuple[str, Place]], what: str, document: Document
) -> Iterator[Problem]:
    for kind, place in times:
        if kind != times[0][0]:
            yield Problem(
                "two_bid_times",
                f"{what} uses both bid_time: first and bid_time: latest",
                where=document.where((*place, "bid_time")),
                remedy="Use one of the two throughout",
            )
            return


def _check_keys(
    keys: tuple[Key, ...],
    place: Place,
    version: SchemeVersion,
    document: Document,
    words: Vocabulary,
) -> Iterator[Problem]:
    for index, key in enumerate(keys):
        at = (*place, index)
        if isinstance(key, BandKey):
            yield from _check_bands(key, (*at, "band"), version, document)
        elif isinstance(key, DateKey):
            yield from _check_date_key(key, (*at, "date"), version, document, words)
        elif isinstance(key, PreferKey) and key.prefer not in version.criteria:
            yield unknown_criterion(key.prefer, (*at, "prefer"), version, document)
        elif isinstance(key, PointsKey):
            yield from _typed(key.points, ("int",), (*at, "points"), document, words)
        elif isinstance(key, DebtKey):
            amounts = ("int", "number")
            wanted = ("bool", *amounts) if key.compare == "any" else amounts
            yield from _typed(key.debt, wanted, (*at, "debt"), document, words)
        elif isinstance(key, ConnectionKey):
            fact = version.facts.get(key.connection)
            if fact is None or kind_of_fact(fact) != "connection_strength":
                strengths = [n for n, f in version.facts.items()
                             if kind_of_fact(f) == "connection_strength"]
                yield Problem(
                    "not_a_strength",
                    f"{key.connection} is not a connection_strength fact",
                    where=document.where((*at, "connection")),
                    allowed=", ".join(strengths) or "none is declared under facts",
                )
        elif isinstance(key, (TieKey, LotteryKey)) and index < len(keys) - 1:
            yield Problem(
                "key_after_end",
                f"{kind_of_key(key)} settles the order, so nothing may follow it",
                where=document.where((*place, index + 1)),
            )


def _check_bands(
    key: BandKey, place: Place, version: SchemeVersion, document: Document
) -> Iterator[Problem]:
    listed = [b for item in key.band for b in ([item] if isinstance(item, str) else item)]
    for band in dict.fromkeys(listed):
        if band not in version.bands:
            yield Problem(
                "unknown_band",
                f"there is no band {band}",
                where=document.where(place),
                allowed=", ".join(version.bands) or "none is listed under bands",
            )
        if listed.count(band) > 1:
            yield Problem(
                "band_twice", f"band {band} is listed twice", where=document.where(place)
            )
    missing = [band for band in version.bands if band not in listed]
    if missing:
        yield Problem(
            "band_missing",
            f"the order does not say where {', '.join(missing)} stands",
            where=document.where(place),
            allowed="every band once; bands that rank equal in a nested list",
        )


def _check_date_key(
    key: DateKey, place: Place, version: SchemeVersion, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    if isinstance(key.date, str):
        yield from _typed(key.date, ("date",), place, document, words)
        return
    if list(key.date)[-1:] != ["otherwise"]:
        yield Problem(
            "date_otherwise",
            "a date chosen by band or criterion ends with otherwise",
            where=document.where(place),
            remedy="Name the column for everyone else, last",
        )
    for chooser, column in key.date.items():
        yield from _typed(column, ("date",), (*place, chooser), document, words)
        if chooser == "otherwise":
            continue
        in_both = chooser in version.bands and chooser in version.criteria
        if in_both or (chooser not in version.bands and chooser not in version.criteria):
            yield Problem(
                "date_chooser",
                f"{chooser} is " + ("both a band and a criterion" if in_both
                                    else "neither a band nor a criterion"),
                where=document.where((*place, chooser), key=True),
                allowed=suggest(chooser, [*version.bands, *version.criteria]),
            )
        elif chooser in version.criteria:
            yield from _application_only(chooser, (*place, chooser), version, document)


def sides_read(name: str, version: SchemeVersion) -> tuple[list[str], list[str]]:
    """Names of the application, and names that need the advert, which a criterion reads.

    A fact about the two together is among both. Nothing where the expression cannot be read.
    """
    try:
        expression = parse_expression(version.criteria[name].when)
    except ExpressionError:
        return [], []
    own = list(expression.own_names)
    pair = [n for n in own if n in version.facts and is_pair_fact(version.facts[n])]
    return own, [*(f"advert.{n}" for n in expression.advert_names), *pair]


def advert_only(
    name: str, place: Place, version: SchemeVersion, document: Document
) -> Iterator[Problem]:
    """A criterion that is to be told by the advert alone, and reads the application."""
    own, _ = sides_read(name, version)
    if own:
        yield Problem(
            "homes_read_application",
            f"{name} reads {', '.join(own)}, and homes are told by the advert alone",
            where=document.where(place),
            allowed="a criterion that reads advert.* and no column or fact of the application",
        )


def _application_only(
    name: str, place: Place, version: SchemeVersion, document: Document
) -> Iterator[Problem]:
    _, of_advert = sides_read(name, version)
    if of_advert:
        yield Problem(
            "date_chooser_reads_advert",
            f"{name} reads the advert, and a date belongs to the application",
            where=document.where(place, key=True),
        )


def _typed(
    name: str, wanted: tuple[str, ...], place: Place, document: Document, words: Vocabulary
) -> Iterator[Problem]:
    given = words.own.get(name)
    if given in wanted:
        return
    fitting = [n for n, t in words.own.items() if t in wanted]
    yield Problem(
        "key_column",
        f"{name} is not a column or fact of the application of type {' or '.join(wanted)}",
        where=document.where(place),
        given="" if given is None else f"type {given}",
        allowed=suggest(name, fitting),
    )
