"""What stops a household, written down: holds begin and end, passing over is proposed and lapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.offers import events as e

if TYPE_CHECKING:
    from datetime import date

    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.entries import Hold, Proposal
    from cbl_engine.offers.standing import Stop


SILENCES = ("no_reply", "no_contact", "landlord_silent", "absent")
"""What passing over with an offer may be proposed for, beside what stops a household."""


def stop_at(
    desk: Desk, stop: Stop, advert: str | None, application: str, offer: str | None = None
) -> None:
    """A hold begins, or passing over is proposed; once. After an officer declined it, a hold."""
    declined = _asked(desk, stop, advert, application, offer, ("declined",))
    if stop.does == "hold" or (declined and stop.kind == "check"):
        held = any(h.reason == stop.reason for h in desk.book.holding(advert, application, offer))
        if not held and not _asked(desk, stop, advert, application, offer, ("open",)):
            hold_for(desk, advert, application, stop.reason, stop.until, offer)
    elif not declined and not _asked(desk, stop, advert, application, offer, ("open",)):
        desk.propose("bypass", advert=advert, application=application, offer=offer,
                     what=stop.reason)


def no_longer_stops(
    desk: Desk, advert: str | None, application: str, stop: Stop | None, offer: str | None = None
) -> None:
    """Holds of a household for a home end, and proposals lapse, when it is something else now."""
    for hold in desk.book.holding(advert, application, offer):
        if not _still_held(desk, hold, stop, offer):
            end_hold(desk, hold)
    for proposal in desk.book.about[advert, application]:
        about = (proposal.act, proposal.offer, proposal.status)
        if about == ("bypass", offer, "open") and not _still_asked(proposal, stop):
            desk.decide(proposal, "lapsed")


def hold_for(
    desk: Desk, advert: str | None, application: str, reason: str, until: date | None,
    offer: str | None,
) -> None:
    """A home waits for a household; a direct let is known by its offer."""
    desk.emit(e.HeldFor(on=desk.on, advert=advert, application=application, reason=reason,
                        until=until, offer=offer if advert is None else None))


def end_hold(desk: Desk, hold: Hold) -> None:
    """What was waited for came, or need not any more."""
    desk.emit(e.HoldEnded(on=desk.on, advert=hold.advert, application=hold.application,
                          reason=hold.reason, offer=hold.offer))


def end_holds(
    desk: Desk, advert: str | None, application: str, offer: str | None = None
) -> None:
    """Nothing is waited for any more."""
    for hold in desk.book.holding(advert, application, offer):
        end_hold(desk, hold)


def _asked(
    desk: Desk, stop: Stop, advert: str | None, application: str, offer: str | None,
    statuses: tuple[str, ...],
) -> bool:
    return any(
        (p.act, p.offer, p.what) == ("bypass", offer, stop.reason) and p.status in statuses
        for p in desk.book.about[advert, application]
    )


def _still_held(desk: Desk, hold: Hold, stop: Stop | None, offer: str | None) -> bool:
    if stop is None or stop.reason != hold.reason:
        return False
    return stop.does == "hold" or (
        stop.does == "bypass"
        and _asked(desk, stop, hold.advert, hold.application, offer, ("declined",))
    )


def _still_asked(proposal: Proposal, stop: Stop | None) -> bool:
    """Whether a passing over is still called for; a silence is, whatever the day's checks say."""
    if proposal.what in SILENCES:
        return True
    return stop is not None and stop.reason == proposal.what
