"""Criteria that the rules of bidding, adverts, plans and offers name, and what each may read.

One list serves the checks, the linter and the comparison: a rule that names a criterion stands here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.offers import Within

Place = tuple[Any, ...]


class Named(NamedTuple):
    """A criterion that a rule names.

    Attributes:
        place: where in the file.
        criterion: its name.
        may_read: ``application`` or ``advert`` when it is asked of that alone, ``pair`` when it is
            asked of both.
    """

    place: Place
    criterion: str
    may_read: Literal["application", "advert", "pair"]


def criteria_named(version: SchemeVersion) -> list[Named]:
    """Every criterion named under advertising, bidding, checks, offers and direct lets, and by the
    targets of local lettings plans.
    """
    found = [*_of_adverts(version), *_of_bids(version), *_of_plans(version), *_of_offers(version)]
    return [Named(place, name, may_read) for place, name, may_read in found if name is not None]


_Found = tuple[Place, str | None, Literal["application", "advert", "pair"]]


def _of_adverts(version: SchemeVersion) -> Iterator[_Found]:
    rules = version.advertising
    if rules is None:
        return
    for i, rung in enumerate(rules.ladder):
        yield ("advertising", "ladder", i, "when"), rung.when, "advert"
    for name, quota in rules.quotas.items():
        yield ("advertising", "quotas", name, "of"), quota.of, "advert"
        yield ("advertising", "quotas", name, "to"), quota.to, "application"


def _of_bids(version: SchemeVersion) -> Iterator[_Found]:
    rules = version.bidding
    if rules is None:
        return
    for kind, parts in (("caps", rules.caps), ("choice", rules.choice), ("duties", rules.duties)):
        for name, part in parts.items():
            yield ("bidding", kind, name, "when"), part.when, "application"
    for name, choice in rules.choice.items():
        yield ("bidding", "choice", name, "only"), choice.only, "pair"
    if rules.automatic is not None:
        yield ("bidding", "automatic", "suits"), rules.automatic.suits, "pair"


def _of_plans(version: SchemeVersion) -> Iterator[_Found]:
    for name, plan in version.local_lettings_plans.items():
        for i, target in enumerate(plan.targets):
            place = ("local_lettings_plans", name, "targets", i)
            yield (*place, "criterion"), target.criterion, "pair"
            yield (*place, "homes"), target.homes, "advert"


def _of_offers(version: SchemeVersion) -> Iterator[_Found]:
    for name, check in version.checks.items():
        yield ("checks", name, "when"), check.when, "pair"
    rules = version.offers
    if rules is not None:
        for name in rules.judged_at:
            yield ("offers", "judged_at", name), name, "pair"
        for name, refusals in rules.refusals.items():
            yield ("offers", "refusals", name, "when"), refusals.when, "application"
        if rules.final is not None:
            yield ("offers", "final", "when"), rules.final.when, "application"
    for name, let in version.direct_lets.items():
        yield ("direct_lets", name, "when"), let.when, "application"
        yield ("direct_lets", name, "homes"), let.homes, "advert"
        for i, criterion in enumerate(let.fit):
            yield ("direct_lets", name, "fit", i), criterion, "pair"


def consequences_named(version: SchemeVersion) -> Iterator[tuple[Place, str]]:
    """Every consequence that a rule proposes, with where it is named."""
    duties = version.bidding.duties if version.bidding is not None else {}
    refusals = version.offers.refusals if version.offers is not None else {}
    for name, duty in duties.items():
        yield ("bidding", "duties", name, "then"), duty.then
    for name, rule in refusals.items():
        yield ("offers", "refusals", name, "then"), rule.then


def times_allowed(version: SchemeVersion) -> list[tuple[Place, Within]]:
    """Every time allowed under checks, nominations, landlords and offers, and where it stands."""
    parts: list[tuple[Place, Any, Iterable[str]]] = [
        (("checks", name), check, ("hold",)) for name, check in version.checks.items()
    ]
    parts.append((("nominations",), version.nominations, ("send", "answer")))
    parts += [(("landlords", n), part, ("send", "answer")) for n, part in version.landlords.items()]
    if version.offers is not None:
        parts += [
            (("offers",), version.offers, ("answer",)),
            (("offers", "viewing"), version.offers.viewing, ("within",)),
            (("offers", "contact"), version.offers.contact, ("within",)),
        ]
    return [
        ((*place, field), within)
        for place, part, fields in parts
        for field in fields
        if (within := getattr(part, field, None)) is not None
    ]
