"""Refusals: whether they count, what they add up to, and what a final offer's may lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess.ages import months_on
from cbl_engine.offers import events as e
from cbl_engine.offers.clashes import Clash

if TYPE_CHECKING:
    from datetime import date

    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.entries import Offer, Proposal
    from cbl_engine.scheme.offers import Consequence, Refusals

BOTTOM = -1
"""Place in the band below everyone who was assessed (0 and more)."""


def months_after(on: date, months: int | None) -> date | None:
    """The day so many months later; None for no months."""
    if months is None:
        return None
    return pl.select(months_on(pl.lit(on), months)).item()


def refused(desk: Desk, offer: Offer, reason: str | None, reasonable: bool | None) -> None:
    """What follows from a refusal: whether it counts, and which duties may end."""
    if reason in desk.offers.reasons or reasonable:
        _judged(desk, offer, counts=False, reasonable=True)
    elif reasonable is False:
        judged(desk, offer, counts=True, reasonable=False)
    else:
        desk.propose("refusal_counts", advert=offer.advert, application=offer.application,
                     offer=offer.id)
    duties_may_end(desk, offer)


def _judged(desk: Desk, offer: Offer, *, counts: bool, reasonable: bool | None) -> None:
    desk.emit(e.RefusalJudged(on=desk.on, offer=offer.id, counts=counts, reasonable=reasonable))


def judged(desk: Desk, offer: Offer, *, counts: bool, reasonable: bool | None) -> None:
    """Whether a refusal counts is settled; when it does, what refusals add up to is proposed."""
    _judged(desk, offer, counts=counts, reasonable=reasonable)
    if not counts:
        return
    rules = (desk.version.offers.refusals if desk.version.offers else {}).values()
    met = [rule for rule in rules if _met(desk, rule, offer.application)]
    if met:
        desk.propose("consequence", application=offer.application, offer=offer.id,
                     what=met[-1].then)


def _met(desk: Desk, rule: Refusals, application: str) -> bool:
    if rule.when is not None:
        ids = pl.Series([application], dtype=pl.String)
        if desk.judge.counts(rule.when, desk.on, application=ids).item() is not True:
            return False
    n = len(counted(desk, application, rule))
    return n == rule.after or (rule.every and n > rule.after and n % rule.after == 0)


def counted(desk: Desk, application: str, rule: Refusals) -> list[Offer]:
    """The refusals that a rule counts, that day."""
    def inside(refused_on: date | None) -> bool:
        if refused_on is None or rule.months is None:
            return True
        return months_after(refused_on, rule.months) > desk.on  # type: ignore[operator]

    return [o for o in desk.book.offers_of[application] if o.counts and inside(o.ended_on)]


def duties_may_end(desk: Desk, offer: Offer) -> None:
    """For a final offer, each duty that runs and may end: proposed, never ended here."""
    rule = desk.offers.final
    if not offer.final or rule is None or "duties" not in desk.given:
        return
    running = desk.given["duties"].filter(
        pl.col("application") == offer.application, pl.col("kind").is_in(list(rule.duties)),
        pl.col("since").is_null() | (pl.col("since") <= desk.on),
        pl.col("until").is_null() | (pl.col("until") > desk.on),
    )
    for kind in sorted(set(running["kind"])):
        desk.propose("duty_may_end", advert=offer.advert, application=offer.application,
                     offer=offer.id, what=kind)


def consequence_of(desk: Desk, proposal: Proposal) -> Consequence:
    """What a proposed consequence does: by the version of the day, or of the day it was proposed.

    Raises:
        Clash: neither has it.
    """
    name = proposal.what or ""
    for version in (desk.version, desk.scheme.in_force(proposal.on)):
        if name in version.consequences:
            return version.consequences[name]
    raise Clash("no_such_consequence", f"proposal {proposal.id} is of {name}, and the scheme has no such "
                f"consequence on {desk.on}, nor on {proposal.on}, when it was proposed: decline it, or run "
                "the cycle with the scheme that has it")


def begin_consequence(desk: Desk, proposal: Proposal, by: str | None) -> None:
    """A consequence that was approved begins that day."""
    version = desk.version
    name, application = proposal.what or "", proposal.application or ""
    rule = consequence_of(desk, proposal)
    status = "suspended" if rule.suspend_months else "closed" if rule.cancel else None
    band = rule.band
    if rule.down is not None:
        bands, now = list(version.bands), desk.application(application).get("band")
        band = bands[min(bands.index(now) + rule.down, len(bands) - 1)] if now in bands else None
    because: tuple[str, ...] = ()
    if proposal.offer is not None:
        because = tuple(
            o.id for o in desk.book.offers_of[application]
            if o.counts and (o.ended_on is None or o.ended_on <= proposal.on)
        )
    desk.emit(e.ConsequenceBegun(
        on=desk.on, application=application, consequence=name,
        until=months_after(desk.on, rule.lasts_months), status=status, band=band,
        place_in_band=BOTTOM if rule.bottom_of_band_months else None,
        may_not_bid=rule.bar_months is not None, council_bids=rule.lose_choice_months is not None,
        review=rule.review, because=because, by=by,
    ))
