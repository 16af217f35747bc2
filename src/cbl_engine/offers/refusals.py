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
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.offers import Consequence, Refusals

BOTTOM = -1
"""Place in the band below everyone who was assessed (0 and more)."""

RESTS_ON = "consequences_resting_on_a_refusal"
"""Told of consequences in force that counted a refusal which counts no longer."""


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
    rules = desk.version.offers.refusals if desk.version.offers else {}
    met = [name for name, rule in rules.items() if _met(desk, rule, offer.application)]
    if met:
        rule = rules[met[-1]]
        led_to = counted(desk, offer.application, rule, desk.on)
        desk.propose("consequence", application=offer.application, offer=offer.id, what=rule.then,
                     rule=met[-1], because=tuple(o.id for o in led_to))


def judged_anew(
    desk: Desk, offer: Offer, *, reasonable: bool | None, by: str | None, outcome: str | None
) -> None:
    """A refusal that was found to count counts no longer.

    A consequence that waits for its decision lapses, if the refusals that are left do not add up to it.
    One that began stays an officer's to lift: each in force that counted the refusal is told.
    """
    desk.emit(e.RefusalJudged(on=desk.on, offer=offer.id, counts=False, reasonable=reasonable, by=by,
                              outcome=outcome))
    for proposal in desk.book.open_proposals():
        if (proposal.act, proposal.application) == ("consequence", offer.application) and (
            len(_rests_on(desk, proposal)) < len(proposal.because)
        ):
            desk.decide(proposal, "lapsed")
    counting = {o.id for o in desk.book.offers_of[offer.application] if o.counts}
    for held in desk.book.consequences:
        if held.application == offer.application and offer.id in held.because and held.holds_on(desk.on):
            desk.tell(RESTS_ON, application=held.application, consequence=held.consequence,
                      since=held.since, offer=offer.id, left=len(counting.intersection(held.because)))


def _rests_on(desk: Desk, proposal: Proposal) -> list[Offer]:
    """The refusals that a proposed consequence rests on: as many as proposed it, of those that count.

    Where one was judged anew, a later one is in its place, if there is one.
    """
    offers = _version_then(desk, proposal).offers
    rule = offers.refusals.get(proposal.rule or "") if offers else None
    application = proposal.application or ""
    counting = counted(desk, application, rule, proposal.on) if rule is not None else [
        o for o in desk.book.offers_of[application] if o.counts and o.id in proposal.because]
    return sorted(counting, key=lambda o: o.id not in proposal.because)[:len(proposal.because)]


def _met(desk: Desk, rule: Refusals, application: str) -> bool:
    if rule.when is not None:
        ids = pl.Series([application], dtype=pl.String)
        if desk.judge.counts(rule.when, desk.on, application=ids).item() is not True:
            return False
    n = len(counted(desk, application, rule, desk.on))
    return n == rule.after or (rule.every and n > rule.after and n % rule.after == 0)


def counted(desk: Desk, application: str, rule: Refusals, on: date) -> list[Offer]:
    """The refusals that a rule counts, in the months before a day and since."""
    def inside(refused_on: date | None) -> bool:
        if refused_on is None or rule.months is None:
            return True
        return months_after(refused_on, rule.months) > on  # type: ignore[operator]

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
    for version in (desk.version, _version_then(desk, proposal)):
        if name in version.consequences:
            return version.consequences[name]
    raise Clash("no_such_consequence", f"proposal {proposal.id} is of {name}, and the scheme has no such "
                f"consequence on {desk.on}, nor on {proposal.on}, when it was proposed: decline it, or run "
                "the cycle with the scheme that has it")


def _version_then(desk: Desk, proposal: Proposal) -> SchemeVersion:
    """The version of the day of a proposal; today's, where the scheme begins after it."""
    then = desk.scheme.index_in_force(proposal.on)
    return desk.version if then is None else desk.scheme.versions[then]


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
    desk.emit(e.ConsequenceBegun(
        on=desk.on, application=application, consequence=name,
        until=months_after(desk.on, rule.lasts_months), status=status, band=band,
        place_in_band=BOTTOM if rule.bottom_of_band_months else None,
        may_not_bid=rule.bar_months is not None, council_bids=rule.lose_choice_months is not None,
        review=rule.review, because=tuple(o.id for o in _rests_on(desk, proposal)), by=by,
    ))
