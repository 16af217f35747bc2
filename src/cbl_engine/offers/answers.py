"""Outcomes: what people did, applied to the record, or found to clash with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers.advertising import homes_let
from cbl_engine.offers.adverts_day import correct, corrected_on, end_of_day, withdraw
from cbl_engine.offers.checks import told_reason
from cbl_engine.offers.clashes import Clash, about, offer_in_words, which_one
from cbl_engine.offers.deadlines import contact_shortfall, days_closed, last_day
from cbl_engine.offers.decisions import approve, by_officer, choose, decline, proposal_for
from cbl_engine.offers.lines import LANDLORD
from cbl_engine.offers.moves import approved, end, go_on, move, place_of
from cbl_engine.offers.refusals import refused
from cbl_engine.offers.signing import sign, undo_letting
from cbl_engine.offers.standing import asked_of, what_stops
from cbl_engine.offers.undone import UNDOING
from cbl_engine.offers.whole import whole
from cbl_engine.scheme.law import in_law, names_of_law
from cbl_engine.tables.letting_columns import TENANCIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.entries import Offer

Row = dict[str, Any]
_STEPS = {
    "landlord_accepted": ("nominated",),
    "landlord_rejected": ("nominated",),
    "viewed": ("invited",),
    "absent": ("invited",),
    "accepted": ("offered",),
    "refused": ("offered",),
    "no_contact": ("nominated", "invited", "attended", "offered"),
    "withdrew": ("proposed", "nominated", "invited", "attended", "offered", "accepted"),
    "offer_withdrawn": ("proposed", "nominated", "invited", "attended", "offered", "accepted"),
    "signed": ("accepted",),
    "undone": ("accepted", "let"),
}


def apply_outcome(desk: Desk, row: Row) -> None:
    """Write down what an outcome says.

    Args:
        desk: on the day of the outcome.
        row: of the table ``outcomes``.

    Raises:
        Clash: it does not fit the record; nothing is written.
    """
    what = row["what"]
    if what == "undone" and row.get("act") in UNDOING:
        UNDOING[row["act"]](desk, row)
    elif what in _STEPS:
        _ON_OFFERS[what](desk, offer_for(desk, row), row)
    else:
        _OTHERS[what](desk, row)


def offer_for(desk: Desk, row: Row) -> Offer:
    """The offer that an outcome is about, at a step where it can happen.

    Raises:
        Clash: there is none, or several of which it names no one.
    """
    advert, home = row.get("advert"), row.get("home")
    found = [
        o for o in desk.book.offers_of[str(row.get("application"))]
        if o.advert == (None if advert is None else str(advert))
        and (home is None or o.home in (None, str(home)))
    ]
    able = [o for o in found if _able(desk, o, row["what"])]
    if len({o.home for o in able}) > 1:
        raise which_one(row, [(o.id, o.advert, o.home, None) for o in able])
    if able:
        return able[-1]
    if not found:
        raise Clash("no_such_offer", f"no offer of {about(row)}")
    kind = "after_the_end" if not found[-1].open else "wrong_step"
    undecided = row["what"] == "offer_withdrawn" and found[-1].step == "proposed"
    raise Clash(kind, offer_in_words(found[-1]) + (
        ", and nobody approved it: decline it instead" if undecided else ""))


def _able(desk: Desk, offer: Offer, what: str) -> bool:
    """Whether something can happen at an offer's step: what nobody approved is declined, not withdrawn."""
    undecided = what == "offer_withdrawn" and offer.step == "proposed" and not approved(desk, offer)
    return offer.step in _STEPS[what] and not undecided


def _approved(desk: Desk, row: Row) -> None:
    by = by_officer(row)
    approve(desk, proposal_for(desk, row, row.get("act")), by)


def _declined(desk: Desk, row: Row) -> None:
    by = by_officer(row)
    decline(desk, proposal_for(desk, row, row.get("act")), by)


def _judged(desk: Desk, row: Row) -> None:
    by = by_officer(row)
    if row.get("reasonable") is None:
        raise Clash("wrong_step", f"nothing was judged of the refusal of {about(row)}")
    proposal = proposal_for(desk, row, "refusal_counts")
    (decline if row["reasonable"] else approve)(desk, proposal, by)


def _landlord_accepted(desk: Desk, offer: Offer, row: Row) -> None:
    go_on(desk, offer, outcome=str(row["id"]))


def _landlord_rejected(desk: Desk, offer: Offer, row: Row) -> None:
    end(desk, offer, "landlord_rejected", reason=_listed(desk, row), outcome=str(row["id"]))


def _listed(desk: Desk, row: Row) -> str | None:
    """The reason given, when it is a name of the scheme: words of people are no part of events."""
    rules = desk.offers
    names = {*rules.reasons, *rules.passing_over}
    return row.get("reason") if row.get("reason") in names else None


def _viewed(desk: Desk, offer: Offer, row: Row) -> None:
    move(desk, offer, "attended", outcome=str(row["id"]))


def _absent(desk: Desk, offer: Offer, row: Row) -> None:
    end(desk, offer, "absent", outcome=str(row["id"]))


def _accepted(desk: Desk, offer: Offer, row: Row) -> None:
    _not_taken(desk, offer)
    move(desk, offer, "accepted", under_review=bool(row.get("review_requested")),
         outcome=str(row["id"]))


def _not_taken(desk: Desk, offer: Offer) -> None:
    """Nobody else was let the home, or accepted it.

    A tenancy of its own, on record before its signing is, is no obstacle.
    """
    for other in desk.at_home(offer.advert, offer.home):
        taken = other.step == "accepted" and other is not offer
        if taken and (offer.home is not None or not desk.vacant(offer.advert or "")):
            raise Clash("home_let", offer_in_words(other))
    if offer.home in desk.let and offer.home in set(
        homes_let(desk.record, desk.on, but_to=offer.application)
    ):
        raise Clash("home_let", f"home {offer.home} is let{_by_what(desk, offer.home)}")


def _by_what(desk: Desk, home: str | None) -> str:
    """The tenancy on record by which a home is let, in words; nothing where it is by a letting."""
    running = whole(desk.table("tenancies"), TENANCIES).filter(
        pl.col("home") == home, pl.col("end").is_null()).sort("id").to_dicts()
    if not running:
        return ""
    whose = running[0]["application"]
    named = "names no application" if whose is None else f"is application {whose}'s"
    return f": tenancy {running[0]['id']} {named} and has no end"


def _refused(desk: Desk, offer: Offer, row: Row) -> None:
    if row.get("reasonable") is not None and row.get("by") is None:
        raise Clash("no_officer", f"the refusal of {about(row)} is judged by nobody")
    reason, reasonable = _listed(desk, row), row.get("reasonable")
    end(desk, offer, "refused", reason=reason, outcome=str(row["id"]))
    refused(desk, offer, reason, reasonable)


def _no_contact(desk: Desk, offer: Offer, row: Row) -> None:
    contact = desk.offers.contact
    short = contact_shortfall(
        contact, row.get("attempts"), row.get("channels"), row.get("adjustments_checked")
    )
    since = offer.offered_on or offer.invited_on or offer.nominated_on or offer.proposed_on
    within = contact.within if contact is not None else None
    last = last_day(within, since, offer.viewed_on, days_closed(desk.version))
    if last is not None and desk.on <= last:
        short = (*short, f"there is time to answer until {last}")
    if short:
        raise Clash("contact_short", f"offer {offer.id}: {'; '.join(short)}")
    waiting = any(p.offer == offer.id and p.what == "no_contact" for p in
                  desk.book.open_proposals())
    if not waiting:
        desk.propose("bypass", advert=offer.advert, application=offer.application,
                     offer=offer.id, what="no_contact")


def _withdrew(desk: Desk, offer: Offer, row: Row) -> None:
    end(desk, offer, "withdrew", reason=_listed(desk, row), outcome=str(row["id"]))


def _offer_withdrawn(desk: Desk, offer: Offer, row: Row) -> None:
    end(desk, offer, "offer_withdrawn", reason=_listed(desk, row), outcome=str(row["id"]))


def _signed(desk: Desk, offer: Offer, row: Row) -> None:
    _not_taken(desk, offer)
    place = place_of(desk, offer)
    asked = asked_of(desk, [place], "let")
    held = [c for c, check in desk.version.checks.items() if check.officer_held]
    stopped = asked.filter(pl.col("must_pass") & (pl.col("state") != "cleared"))
    if stopped.height:
        names = sorted({told_reason(c, held, "applicant") for c in stopped["check"]})
        raise Clash("hard_stop", f"{offer_in_words(offer)}; not cleared: {', '.join(names)}")
    stop = what_stops(desk, [place], "let").get(place.key)
    if stop is not None and stop.reason in names_of_law().values():
        raise Clash("hard_stop", f"{offer_in_words(offer)}; {in_law(stop.reason)}")
    if stop is not None:
        reason = told_reason(stop.reason, held, "applicant")
        raise Clash("wrong_step", f"{offer_in_words(offer)}; it waits for: {reason}")
    sign(desk, offer, row)


def _undone(desk: Desk, offer: Offer, row: Row) -> None:
    reason = LANDLORD if row.get("reason") == LANDLORD else _listed(desk, row)
    if offer.step == "let":
        undo_letting(desk, offer, reason, str(row["id"]))
    else:
        end(desk, offer, "undone", reason=reason, outcome=str(row["id"]))


def _advert_withdrawn(desk: Desk, row: Row) -> None:
    advert = _going(desk, row, ("held_back", "open", "closed", "unlet"))
    withdraw(desk, advert, str(row["id"]))


def _advert_corrected(desk: Desk, row: Row) -> None:
    advert = _going(desk, row, ("open",))
    at = desk.row("adverts", advert).get("corrected_at")
    if at is not None and corrected_on(at) == desk.on:
        return
    moment = end_of_day(desk)
    frame = desk.table("adverts").filter(pl.col("id") == advert)
    desk.take_in("adverts", frame.with_columns(
        pl.lit(moment).dt.convert_time_zone("Europe/London").dt.cast_time_unit("us")
        .alias("corrected_at")
    ))
    correct(desk, advert, moment)


def _going(desk: Desk, row: Row, statuses: tuple[str, ...]) -> str:
    """The advert of an outcome, where it stands so that this can happen."""
    advert = str(row.get("advert"))
    state = desk.book.adverts.get(advert)
    if state is None:
        raise Clash("no_such_offer", f"advert {advert} was not opened")
    if state.status not in statuses:
        raise Clash("wrong_step", f"advert {advert} is {state.status}")
    return advert


_ON_OFFERS: dict[str, Callable[[Desk, Offer, Row], None]] = {
    "landlord_accepted": _landlord_accepted, "landlord_rejected": _landlord_rejected,
    "viewed": _viewed, "absent": _absent, "accepted": _accepted, "refused": _refused,
    "no_contact": _no_contact, "withdrew": _withdrew, "offer_withdrawn": _offer_withdrawn,
    "signed": _signed, "undone": _undone,
}
_OTHERS: dict[str, Callable[[Desk, Row], None]] = {
    "approved": _approved, "declined": _declined, "chosen": choose, "judged": _judged,
    "advert_withdrawn": _advert_withdrawn, "advert_corrected": _advert_corrected,
}
