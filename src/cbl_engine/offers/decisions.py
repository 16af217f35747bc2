"""Decisions on what was proposed: by a named officer, or without anyone in unattended mode."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers import events as e
from cbl_engine.offers.above import free_homes, homes_for, is_kept
from cbl_engine.offers.advertising import last_rung, next_rung
from cbl_engine.offers.checks import told_reason
from cbl_engine.offers.clashes import Clash, about, proposal_in_words, which_one
from cbl_engine.offers.give_way import leads
from cbl_engine.offers.line import offer_to
from cbl_engine.offers.lines import is_out
from cbl_engine.offers.moves import end, go_on, on_offer_elsewhere, passed_over, place_of
from cbl_engine.offers.quotas import Ledger
from cbl_engine.offers.refusals import begin_consequence, consequence_of, duties_may_end, judged
from cbl_engine.offers.standing import Place, due_before, what_stops
from cbl_engine.offers.stops import SILENCES, end_holds, hold_for
from cbl_engine.scheme.law import in_law, names_of_law

if TYPE_CHECKING:
    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.entries import Offer, Proposal
    from cbl_engine.offers.standing import Stop

DISCRETION = "discretion"
"""The reason of a passing over under the scheme's clause on exceptional circumstances."""


@dataclass(frozen=True)
class By:
    """Who decided.

    Attributes:
        officer, second: by name or post; None: nobody, in unattended mode.
        outcome: id of the outcome that says so.
        reason: given for it.
        home: another home of the group.
        reasonable: of a refusal.
    """

    officer: str | None = None
    second: str | None = None
    outcome: str | None = None
    reason: str | None = None
    home: str | None = None
    reasonable: bool | None = None

    @property
    def of_event(self) -> dict[str, Any]:
        """Fields of :class:`~cbl_engine.offers.events.Decided`."""
        return {
            "by": self.officer, "second_by": self.second, "outcome": self.outcome,
            "automated": self.officer is None,
        }


def by_officer(row: dict[str, Any]) -> By:
    """Who decided, of an outcome.

    Raises:
        Clash: nobody is named, or the second officer is the first.
    """
    officer, second = row.get("by"), row.get("second_by")
    if officer is None:
        raise Clash("no_officer", f"a decision about {about(row)} names no officer")
    if second is not None and second.strip().casefold() == officer.strip().casefold():
        raise Clash("own_second", f"a decision about {about(row)} is confirmed by who made it")
    home = None if row.get("home") is None else str(row["home"])
    return By(officer, second, str(row["id"]), row.get("reason"), home, row.get("reasonable"))


def proposal_for(desk: Desk, row: dict[str, Any], act: str | None) -> Proposal:
    """The open proposal that an outcome decides.

    Raises:
        Clash: there is none.
    """
    def fits(proposal: Proposal) -> bool:
        advert, application = row.get("advert"), row.get("application")
        home = row.get("home") if advert is None else None
        offer = desk.book.offers.get(proposal.offer or "")
        return (
            proposal.act == act
            and (advert is None or proposal.advert in (None, str(advert)))
            and proposal.application == (None if application is None else str(application))
            and (advert is not None or proposal.application is not None)
            and (home is None or offer is None or offer.home in (None, str(home)))
        )

    found = [p for p in desk.book.proposals.values() if fits(p)]
    still = [p for p in found if p.status == "open"]
    if still:
        return _meant(still, row, desk)
    if found:
        raise Clash("after_the_end", proposal_in_words(
            found[-1], desk.book.offers.get(found[-1].offer or "")))
    raise Clash("no_such_proposal", f"nothing of the kind {act} was proposed for {about(row)}")


def _meant(proposals: list[Proposal], row: dict[str, Any], desk: Desk) -> Proposal:
    """The one that is meant of open proposals of one act: its name is the reason, or it is alone.

    Of those that no outcome could tell apart, the first.
    """
    reason = row.get("reason")
    named = [p for p in proposals if p.what == reason] or proposals
    if reason in desk.version.consequences and proposals[0].act == "consequence" and (
        named[0].what != reason
    ):
        raise Clash("no_such_proposal", f"{reason} was not proposed for {about(row)}; open: "
                    + ", ".join(sorted({p.what or "" for p in proposals})))
    told_apart = {(p.advert, _home_of(p, desk), p.what): p.id for p in reversed(named)}
    if len(told_apart) > 1:
        raise which_one(row, [(id_, *of) for of, id_ in told_apart.items()])
    return named[0]


def _home_of(proposal: Proposal, desk: Desk) -> str | None:
    """The home of a direct let, which has no advert to be named by."""
    offer = desk.book.offers.get(proposal.offer or "")
    return offer.home if offer is not None and offer.route == "direct" else None


def approve(desk: Desk, proposal: Proposal, by: By) -> None:
    """What was proposed is done.

    Raises:
        Clash: it cannot be.
    """
    if proposal.act == "tie":
        raise Clash("wrong_step", f"proposal {proposal.id} is a tie: `chosen` names one of them")
    offer = desk.book.offers.get(proposal.offer or "")
    home = _home_chosen(desk, proposal, by)
    # What nobody decides is decided in the round in which it came to lead.
    if proposal.act == "offer" and offer is not None and by.officer is not None and not leads(desk, offer):
        raise Clash("after_the_end", proposal_in_words(proposal, offer))
    if proposal.act == "consequence":
        consequence_of(desk, proposal)
    desk.decide(proposal, "approved", home=home, **by.of_event)
    if proposal.act == "bypass":
        _bypass(desk, proposal, by)
    elif proposal.act == "refusal_counts" and offer is not None:
        judged(desk, offer, counts=True, reasonable=by.reasonable)
    elif proposal.act == "consequence":
        begin_consequence(desk, proposal, by.officer)
    elif proposal.act == "duty_may_end":
        desk.emit(e.DutyMayEnd(
            on=desk.on, application=proposal.application or "", offer=proposal.offer or "",
            duty=proposal.what or "", by=by.officer,
        ))
    elif proposal.act == "rung":
        found = rung_for(desk, proposal.advert or "")
        number = found[0] if found is not None else 1
        desk.emit(e.RungTaken(on=desk.on, advert=proposal.advert or "", step=proposal.what or "",
                              number=number))


def _home_chosen(desk: Desk, proposal: Proposal, by: By) -> str | None:
    """Another home of the group, where the officer names one."""
    offer = desk.book.offers.get(proposal.offer or "")
    if proposal.act != "offer" or by.home is None or offer is None or by.home == offer.home:
        return None
    if by.home not in desk.vacant(offer.advert or ""):
        raise Clash("home_let", f"home {by.home} is let, or none of advert {offer.advert}")
    for other in desk.at_home(offer.advert, by.home):
        if other.step != "proposed":
            raise Clash("home_let", f"home {by.home} is on offer by {other.id}")
    return by.home


def _bypass(desk: Desk, proposal: Proposal, by: By) -> None:
    reason, offer = proposal.what or "", desk.book.offers.get(proposal.offer or "")
    if offer is not None and reason in SILENCES:
        end(desk, offer, reason, outcome=by.outcome)
        if reason == "no_reply" and desk.offers.silence == "refused":
            judged(desk, offer, counts=True, reasonable=None)
            duties_may_end(desk, offer)
        return
    advert, application = proposal.advert, proposal.application or ""
    held = desk.version.checks.get(reason)
    more = {
        "officer_held": held is not None and held.officer_held, "by": by.officer,
        "outcome": by.outcome, "check": result_of(desk, proposal),
    }
    why = "check" if held is not None else "officer"
    if offer is not None:
        passed_over(desk, offer, reason, why, **more)
        end(desk, offer, "bypassed", outcome=by.outcome)
    elif advert is not None:
        desk.emit(e.PassedOver(
            on=desk.on, advert=advert, application=application,
            position=desk.book.position(advert, application), reason=reason, why=why, **more,
        ))
    end_holds(desk, advert, application, proposal.offer)


def result_of(desk: Desk, proposal: Proposal) -> str | None:
    """Id of the result for which passing over is proposed; None where it is missing."""
    offer = desk.book.offers.get(proposal.offer or "")
    if proposal.what not in desk.version.checks:
        return None
    if offer is not None:
        place = place_of(desk, offer)
    else:
        advert = proposal.advert or ""
        home = next(iter(free_homes(desk, advert) or desk.homes_of(advert)), None)
        landlord = desk.row("adverts", advert).get("landlord")
        place = Place(advert, proposal.application or "", home, landlord)
    stop = what_stops(desk, [place], due_before(desk, "invited")).get(place.key)
    return stop.check if stop is not None and stop.reason == proposal.what else None


def decline(desk: Desk, proposal: Proposal, by: By) -> None:
    """What was proposed is not done, and what follows from that.

    Raises:
        Clash: it cannot be declined, or not for the reason given.
    """
    version, rules = desk.version, desk.offers
    listed = {*rules.passing_over, *((DISCRETION,) if rules.discretion else ())}
    reason = by.reason if by.reason in listed else None
    if proposal.act == "tie":
        raise Clash("wrong_step", f"proposal {proposal.id} is a tie: `chosen` names one of them")
    if proposal.act == "offer" and reason is None:
        raise Clash(
            "no_such_reason",
            f"an offer is declined for a reason that the scheme lists under passing_over "
            f"({', '.join(sorted(listed)) or 'it lists none'})",
        )
    check = version.checks.get(proposal.what or "") if proposal.act == "bypass" else None
    if check is not None and check.must_pass:
        raise Clash("hard_stop", f"proposal {proposal.id}: the check must be passed")
    if proposal.act == "bypass" and (what := proposal.what) and what in names_of_law().values():
        raise Clash("hard_stop", f"proposal {proposal.id}: {in_law(what)}")
    desk.decide(proposal, "declined", reason=reason, **by.of_event)
    offer = desk.book.offers.get(proposal.offer or "")
    if proposal.act == "offer" and offer is not None:
        passed_over(desk, offer, reason or "", "officer", by=by.officer, outcome=by.outcome)
        end(desk, offer, "declined", reason=reason, outcome=by.outcome)
    elif proposal.act == "direct_let" and offer is not None:
        end(desk, offer, "declined", outcome=by.outcome)
    elif proposal.act == "refusal_counts" and offer is not None:
        judged(desk, offer, counts=False, reasonable=by.reasonable)
    elif proposal.act == "bypass" and check is not None and (
        offer is None or offer.step != "accepted"
    ):
        _let_stand(desk, proposal)


def _let_stand(desk: Desk, proposal: Proposal) -> None:
    """The officer waits for another result: held, without a deadline."""
    advert, application, offer = proposal.advert, proposal.application or "", proposal.offer
    if not any(h.reason == proposal.what for h in desk.book.holding(advert, application, offer)):
        hold_for(desk, advert, application, proposal.what or "", None, offer)


def choose(desk: Desk, row: dict[str, Any]) -> None:
    """One of the equals is named.

    Raises:
        Clash: there is no tie, or it is none of them.
    """
    by, application = by_officer(row), str(row["application"])
    proposal = proposal_for(desk, {**row, "application": None, "reason": None}, "tie")
    advert = proposal.advert or ""
    if application not in (proposal.what or "").split(", "):
        raise Clash("not_next", f"application {application} is not among the equals: {proposal.what}")
    attended = [o for o in desk.book.offers_on[advert]
                if o.application == application and o.step == "attended"]
    homes = homes_for(desk, advert, application)
    if not attended and not homes:
        raise Clash("home_let", f"no home of advert {advert} is left to offer")
    if (why := _not_free(desk, advert, application, attended)) is not None:
        raise Clash("not_next", f"application {application} is {why} now")
    behind = Ledger(desk.judge, desk.record["ledger"]).reserved(advert, desk.on)
    reserved = behind if _meets_any(desk, behind, advert, application) else ()
    if not attended and (first := _come_first(desk, advert, application, reserved)):
        raise Clash("not_next", f"application {application} is below {', '.join(first)} by now")
    desk.decide(proposal, "approved", **by.of_event)
    if attended:
        go_on(desk, attended[0])
    else:
        offer_to(desk, advert, application, homes[0], reserved=reserved)


def _meets_any(desk: Desk, targets: tuple[str, ...], advert: str, application: str) -> bool:
    """Whether a household meets one of these targets' criteria."""
    ids = pl.Series([advert], dtype=pl.String), pl.Series([application], dtype=pl.String)
    return any(desk.judge.counts(n, desk.on, advert=ids[0], application=ids[1]).item() for n in targets)


def _come_first(desk: Desk, advert: str, application: str, reserved: tuple[str, ...]) -> list[str]:
    """Who stands above one of the equals, may have what the home is reserved for, and was not asked yet.

    Nobody did when the choice was proposed: the list was ranked anew since, or a target was met.
    """
    book, listed = desk.book, desk.listed(advert)
    place = listed.place(application)
    told = {o.application for o in book.offers_on[advert]} | {p.application for p in book.stands[advert]}
    told |= {h.application for h in book.waits if h.advert == advert}
    told |= {p.application or "" for p in book.open_proposals() if p.advert == advert}
    ahead = [listed[n] for n in range(place)] if application in listed else []
    own = listed[place].tie_group if application in listed else None
    return [c.application for c in ahead
            if c.application not in told and (own is None or c.tie_group != own)
            and (not reserved or _meets_any(desk, reserved, advert, c.application))]


def _not_free(
    desk: Desk, advert: str, application: str, attended: list[Offer]
) -> str | None:
    """Why one of the equals cannot be given the home at this moment; None where it can."""
    book = desk.book
    if attended and is_kept(desk, attended[0]):
        return "waiting for somebody above"
    if attended:
        if on_offer_elsewhere(desk, attended[0]):
            return "on offer elsewhere"
        place = place_of(desk, attended[0])
        stop = what_stops(desk, [place], "offered").get(place.key)
        return None if stop is None else f"stopped ({_told(stop)})"
    if any(is_out(desk, o) for o in book.offers_on[advert] if o.application == application) or any(
        p.for_good for p in book.passing_over(advert, application)
    ):
        return "on that list no more"
    home = next(iter(desk.homes_of(advert)), None)
    landlord = desk.row("adverts", advert).get("landlord")
    place = Place(advert, application, home, landlord, listed=True)
    stop = what_stops(desk, [place], due_before(desk, "invited")).get(place.key)
    if stop is None or stop.does != "pass_over":
        return None
    return f"passed over ({stop.reason})"


def _told(stop: Stop) -> str:
    """What stops a household, as whoever reads of a clash may know it."""
    return told_reason(stop.reason, (), "applicant", officer_held=stop.officer_held)


def rung_for(desk: Desk, advert: str) -> Any:
    """The next rung for an advert that did not let its home, and its number; None: no more."""
    state = desk.book.adverts[advert]
    taken = last_rung(desk.table("adverts"), desk.record["advert_states"], advert)
    return next_rung(desk.version, desk.judge, advert, taken, state.unlet_because or "", desk.on)


def decide_unattended(desk: Desk) -> bool:
    """Approve what needs no judgement, by nobody: offers, bypasses by a check, rungs.

    Returns:
        Whether anything happened.
    """
    before = desk.book.events
    for proposal in desk.book.open_proposals():
        by_check = proposal.act == "bypass" and proposal.what in desk.version.checks
        if proposal.status == "open" and (proposal.act in ("offer", "rung") or by_check):
            with suppress(Clash):
                approve(desk, proposal, By())
    return desk.book.events > before
