"""What cannot be: an outcome that does not fit the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from cbl_engine.offers.entries import Offer, Proposal

Kind = Literal[
    "no_such_offer", "no_such_proposal", "no_such_reason", "wrong_step", "after_the_end",
    "home_let", "in_the_future", "before_the_state", "no_officer", "own_second", "contact_short",
    "not_next", "hard_stop",
]


class Clash(Exception):
    """An outcome clashes with the record; raised before anything of it is written.

    Attributes:
        kind: as ``docs/offers.md`` lists them.
        why: in words, with the event it clashes with; ids only.
    """

    def __init__(self, kind: Kind, why: str) -> None:
        super().__init__(f"{kind}: {why}")
        self.kind, self.why = kind, why


def about(row: dict[str, Any]) -> str:
    """What an outcome is about, in words."""
    parts = [f"{name} {row[name]}" for name in ("advert", "application", "home")
             if row.get(name) is not None]
    return ", ".join(parts) or "nothing"


def offer_in_words(offer: Offer) -> str:
    """An offer and what last happened to it."""
    if offer.step == "ended":
        return f"offer {offer.id} ended on {offer.ended_on}: {offer.ended_by}"
    days = [d for d in (offer.nominated_on, offer.invited_on, offer.viewed_on, offer.offered_on,
                        offer.answered_on) if d is not None]
    return f"offer {offer.id} is {offer.step} since {max(days, default=offer.proposed_on)}"


def proposal_in_words(proposal: Proposal) -> str:
    """A proposal and how it was decided."""
    return f"proposal {proposal.id} ({proposal.act}) was {proposal.status} on {proposal.decided_on}"
