"""A tenancy is signed, or falls through: one event, and all that hangs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers import events as e
from cbl_engine.offers.moves import end, proposal_of
from cbl_engine.offers.quotas import Ledger
from cbl_engine.offers.stops import end_hold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.entries import Offer

_TENANTS = ("applicant", "partner")


def sign(desk: Desk, offer: Offer, row: dict[str, Any]) -> None:
    """A home is let: the household is off every list, and its other offers end."""
    application = desk.application(offer.application)
    proposal = proposal_of(desk, offer)
    shares = sharing_a_tenant(desk, offer.application)
    freed = _home_left(desk, offer, application) if row.get("tenancy_ends") else None
    counted: list[e.AdvertCounted] = []
    if offer.advert is not None:
        ledger = Ledger(desk.judge, desk.record["ledger"])
        counted = ledger.letting(offer.advert, offer.application, desk.on, offer=offer.id)
    desk.emit(e.LetTo(
        on=desk.on, offer=offer.id, started_on=row.get("tenancy_start") or desk.on,
        band=application.get("band"), points=application.get("points"),
        priority_date=application.get("priority_date"),
        registered_on=application.get("registered_on"),
        bedroom_need=application.get("bedroom_need"),
        direct_kind=proposal.what if offer.route == "direct" and proposal is not None else None,
        shares_tenant=shares, freed_home=freed, outcome=str(row["id"]),
    ))
    for event in counted:
        desk.emit(event)
    for household in (offer.application, *shares):
        for other in [o for o in desk.book.offers_of[household] if o.open]:
            end(desk, other, "housed_elsewhere" if household == offer.application
                else "members_unsettled")
        _off_lists(desk, household)
    for other in desk.at_home(offer.advert, offer.home):
        if offer.home is not None or offer.advert not in desk.book.adverts or not desk.vacant(
            offer.advert or ""
        ):
            end(desk, other, "not_chosen")


def _home_left(desk: Desk, offer: Offer, application: Mapping[str, Any]) -> str | None:
    """The home that a household moves from: as the cycle found it, where the register has the move already."""
    home, known = application.get("current_home"), desk.found.get("applications")
    if home is None or home != offer.home:
        return home
    if known is None or "current_home" not in known.columns:
        return None
    left = known.filter(pl.col("id") == offer.application, pl.col("current_home") != home)
    return next(reversed(left["current_home"].to_list()), None)


def _off_lists(desk: Desk, household: str) -> None:
    """What was waited for, or proposed, of a household that was housed."""
    for hold in [h for h in desk.book.waits if h.application == household]:
        end_hold(desk, hold)
    for proposal in desk.book.open_proposals():
        if proposal.application == household and proposal.act in ("bypass", "offer", "direct_let"):
            desk.decide(proposal, "lapsed")


def sharing_a_tenant(desk: Desk, application: str) -> tuple[str, ...]:
    """Other applications whose applicant, partner or joint applicant is one of this one's.

    The same person is known by an equal ``identity``. An application that joins the register after that day is
    a later move of its tenants.
    """
    tenants = _tenants(desk).drop_nulls("identity")
    own = tenants.filter(application=application)["identity"].implode()
    others = tenants.filter(pl.col("identity").is_in(own) & (pl.col("application") != application))
    later = _joining_later(desk) if others.height else set()
    return tuple(sorted(set(others["application"]) - later))


def _joining_later(desk: Desk) -> set[str]:
    applications = desk.judge.applications(desk.on)
    if "registered_on" not in applications.columns:
        return set()
    return set(applications.filter(pl.col("registered_on") > desk.on)["id"])


def members_settled(desk: Desk) -> None:
    """Applications that share a tenant with no letting any longer are on their lists again.

    That is so once who is on them is recorded otherwise: somebody left, or was taken for another. While
    the identity of a tenant is not known it is not settled, nor where nothing is kept of those housed to
    compare by.
    """
    desk.keep("members", (desk.came, desk.book.households), lambda: _settle_members(desk))


def _settle_members(desk: Desk) -> None:
    standing = [le for le in desk.book.lettings.values() if le.shares_tenant and le.undone_on is None]
    if not standing:
        return
    tenants = _tenants(desk)
    known, unknown = (set(tenants.filter(its)["application"]) for its in (
        pl.col("identity").is_not_null(), pl.col("identity").is_null()))
    sharing = {a for le in standing for a in (
        sharing_a_tenant(desk, le.application) if le.application in known else le.shares_tenant)}
    for application in sorted({a for le in standing for a in le.shares_tenant}):
        if application in known - unknown - sharing:
            desk.emit(e.MembersSettled(on=desk.on, application=application))


def _tenants(desk: Desk) -> pl.DataFrame:
    """The application and identity of everybody who would hold a tenancy."""
    people = desk.table("people")
    joint = pl.col("joint_applicant") if "joint_applicant" in people.columns else pl.lit(None)
    relation = pl.col("relationship") if "relationship" in people.columns else pl.lit(None)
    identity = pl.col("identity") if "identity" in people.columns else pl.lit(None, pl.String)
    return people.filter(
        (relation.is_in(_TENANTS) | joint.fill_null(value=False)).fill_null(value=False)
    ).select(pl.col("application").cast(pl.String), identity.alias("identity"))


def undo_letting(desk: Desk, offer: Offer, reason: str | None, outcome: str) -> None:
    """A letting falls through: the home goes on down its list; its count is taken back."""
    signed_on = desk.book.lettings[offer.id].signed_on
    ledger = Ledger(desk.judge, desk.record["ledger"])
    desk.emit(e.LettingUndone(on=desk.on, offer=offer.id, reason=reason, outcome=outcome))
    if offer.advert is not None:
        for counted in ledger.undone(offer.advert, offer.application, signed_on, desk.on, offer=offer.id):
            desk.emit(counted)
