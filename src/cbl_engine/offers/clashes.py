"""What cannot be: an outcome that does not fit the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cbl_engine.errors import MAX_EXAMPLES, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbl_engine.offers.entries import Held, Offer, Proposal

Kind = Literal[
    "no_such_offer", "no_such_proposal", "no_such_reason", "no_such_check",
    "no_such_consequence", "which_one", "wrong_step",
    "after_the_end", "home_let", "in_the_future", "before_the_state", "no_officer", "own_second",
    "contact_short", "not_next", "hard_stop",
]
_ABOUT = ("application", "advert", "home")
REMEDY = "Put the row right, or leave it out with keep-going"


class Clash(Exception):
    """An outcome clashes with the record; raised before anything of it is written.

    Attributes:
        kind: as ``docs/offers.md`` lists them.
        why: in words, with the event it clashes with; ids only.
    """

    def __init__(self, kind: Kind, why: str) -> None:
        super().__init__(f"{kind}: {why}")
        self.kind, self.why = kind, why


def clash_problems(clashes: Sequence[tuple[dict[str, Any], Clash]]) -> list[Problem]:
    """Rows that clash, as problems in their order.

    Each was left out when those after it were looked at, so that a later one may clash for that
    reason alone: it names the earlier ones of its household, advert or home.

    Args:
        clashes: rows of ``outcomes`` or ``checks``, each with what it clashed with.
    """
    problems, seen = [], {}
    for row, clash in clashes:
        name = f"{_table(row)}.{row['id']}"
        touched = [(c, str(row[c])) for c in _ABOUT if row.get(c) is not None]
        earlier = list(dict.fromkeys(other for key in touched for other in seen.get(key, ())))
        message = in_words(row, clash)
        if earlier:
            more = ", ..." if len(earlier) > MAX_EXAMPLES else ""
            message += f"; may follow from {', '.join(earlier[:MAX_EXAMPLES])}{more}"
        problems.append(Problem(clash.kind, message, where=name, remedy=REMEDY))
        for key in touched:
            seen.setdefault(key, []).append(name)
    return problems


def _table(row: dict[str, Any]) -> str:
    return "outcomes" if "what" in row else "checks"


def in_words(row: dict[str, Any], clash: Clash) -> str:
    """A row that clashes, and with what."""
    if "what" not in row:
        return f"a check of application {row['application']}: {clash.why}"
    return f"{row['what']} on {row['on']} ({about(row)}): {clash.why}"


def about(row: dict[str, Any]) -> str:
    """What an outcome is about, in words."""
    parts = [f"{name} {row[name]}" for name in ("advert", "application", "home")
             if row.get(name) is not None]
    return ", ".join(parts) or "nothing"


def which_one(
    row: dict[str, Any], found: Sequence[tuple[str, str | None, str | None, str | None]], *,
    are: str = "are open", named_by: str = "advert, home and reason",
) -> Clash:
    """An outcome that may be about several.

    Args:
        row: the outcome.
        found: id, advert, home and name of each offer or proposal that it may be about.
        are: what makes it about several.
        named_by: the columns that say which one.
    """
    def called(id_: str, advert: str | None, home: str | None, name: str | None) -> str:
        its = [f"{word} {value}" for word, value in (("advert", advert), ("home", home))
               if value is not None]
        return f"{id_} ({', '.join([*its, *([name] if name else [])])})"

    several = ", ".join(called(*one) for one in sorted(found, key=lambda one: one[0]))
    return Clash("which_one", f"{len(found)} {are} for {about(row)}, and its {named_by} have to name one: "
                 f"{several}")


def which_consequence(row: dict[str, Any], theirs: Sequence[Held], in_force: Sequence[Held]) -> Clash:
    """A consequence that is to be lifted, where none is in force or several are.

    Args:
        row: the outcome.
        theirs: those of the household that it may be about, also those that are over.
        in_force: those among them that hold on its day.
    """
    if in_force:
        names = ", ".join(sorted({held.consequence for held in in_force}))
        return Clash("which_one", f"several consequences are in force for {about(row)}, and its reason has to "
                     f"name one: {names}")
    if theirs:
        last = theirs[-1]
        return Clash("after_the_end", f"{last.consequence} of {about(row)} held from {last.since} until "
                     f"{last.until}, which is the first day it no longer held")
    return Clash("no_such_proposal", f"no such consequence began for {about(row)}")


def offer_in_words(offer: Offer) -> str:
    """An offer and what last happened to it."""
    if offer.step == "ended":
        return f"offer {offer.id} ended on {offer.ended_on}: {offer.ended_by}"
    days = [d for d in (offer.nominated_on, offer.landlord_result_on, offer.invited_on, offer.viewed_on,
                        offer.offered_on, offer.answered_on) if d is not None]
    return f"offer {offer.id} is {offer.step} since {max(days, default=offer.proposed_on)}"


def proposal_in_words(proposal: Proposal, offer: Offer | None = None) -> str:
    """A proposal and how it was decided; of one that gave way, with its offer, why it lapsed."""
    gave_way = offer is not None and offer.ended_by == "outranked"
    why = ": another household that may be asked stood above by then" if gave_way else ""
    how = "lapsed" if proposal.status == "lapsed" else f"was {proposal.status}"
    return f"proposal {proposal.id} ({proposal.act}) {how} on {proposal.decided_on}{why}"
