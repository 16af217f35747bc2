"""Who stands above whom on a list: for whom homes are free, and for whom they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.offers.book import LIVE
from cbl_engine.offers.quotas import Ledger

if TYPE_CHECKING:
    from collections.abc import Collection

    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.entries import Offer


def free_homes(desk: Desk, advert: str) -> list[str | None]:
    """A home for each place that is free: the first of every home, then the second, ...

    Where somebody came to every home that is left: as many as may still be asked to come to one of
    them, the one whose best placed visitor stands lowest; for those above that visitor alone
    (:func:`first_who_came`).
    """
    free, seen = [], {}
    width = _together(desk, advert)
    for home in desk.vacant(advert):
        taken = desk.at_home(advert, home)
        if any(o.step in LIVE for o in taken):
            continue
        if (first := first_who_came(desk, advert, home)) is None:
            free += [(len(taken) + k, home or "", home) for k in range(width - len(taken))]
        elif (left := width - sum(is_awaited(desk, o) for o in taken)) > 0:
            seen[first.position or 0, home or ""] = [home] * left
    if not free and seen:
        return seen[max(seen)]
    return [home for _, _, home in sorted(free, key=lambda f: f[:2])]


def _together(desk: Desk, advert: str) -> int:
    """How many are named for a home, or come to see it, at once."""
    if desk.nominated(desk.row("adverts", advert).get("landlord")):
        return desk.version.nominations.at_once  # type: ignore[union-attr]
    return desk.offers.viewing.together if desk.offers.viewing is not None else 1


def homes_for(desk: Desk, advert: str, application: str) -> list[str | None]:
    """A home for each place that is free for one household."""
    homes = free_homes(desk, advert)
    first = first_who_came(desk, advert, homes[0]) if homes else None
    return homes if first is None or stand_above(desk, first, [application]) else []


def first_who_came(desk: Desk, advert: str | None, home: str | None) -> Offer | None:
    """Of those who came to see a home, or were accepted by its landlord, the best placed."""
    came = [o for o in desk.at_home(advert, home) if o.step == "attended" and o.advert == advert]
    came.sort(key=lambda o: (o.position or 0, o.id))
    everyone = [o.application for o in came]
    return next((o for o in came if not stand_above(desk, o, everyone)), None)


def is_awaited(desk: Desk, offer: Offer) -> bool:
    """Whether a household may still come to see its home, and has the time to."""
    in_time = offer.due_on is None or offer.due_on >= desk.on
    return offer.step == "proposed" or (offer.step in ("nominated", "invited") and in_time)


def stand_above(desk: Desk, offer: Offer, applications: Collection[str]) -> set[str]:
    """Of these, who is asked before an offer's household by the list that it came from.

    By stage, those first who meet a target that is behind, then by position; equals who both meet
    one, or both do not, stand beside each other.
    """
    rows = desk.book.lists.get(offer.advert or "")
    if rows is None or not applications:
        return set()
    rows = rows.filter(
        pl.col("position").is_not_null(),
        pl.col("application").is_in([*applications, offer.application]),
    )
    listed = {row["application"]: row for row in rows.iter_rows(named=True)}
    waits = waiting_for_targets(desk, offer.advert or "", list(listed))

    own = listed.setdefault(offer.application, {
        "stage": offer.stage, "position": offer.position, "tie_group": None,
    })

    def part(application: str) -> tuple[int, bool]:
        return listed[application]["stage"] or 1, application in waits

    def is_above(application: str) -> bool:
        its, mine = part(application), part(offer.application)
        if its != mine:
            return its < mine
        row = listed[application]
        beside = own["tie_group"] is not None and row["tie_group"] == own["tie_group"]
        return not beside and (row["position"] or 0) < (own["position"] or 0)

    return {a for a in applications if a in listed and is_above(a)}


def waiting_for_targets(desk: Desk, advert: str, applications: list[str]) -> set[str]:
    """Those who meet none of the targets of a plan that are behind; nobody when none is."""
    if not applications or desk.row("adverts", advert).get("local_lettings_plan") is None:
        return set()
    ledger = Ledger(desk.judge, desk.record["ledger"])
    return out_of_targets(desk, advert, applications, ledger.reserved(advert, desk.on))


def out_of_targets(
    desk: Desk, advert: str, applications: list[str], reserved: tuple[str, ...]
) -> set[str]:
    """Those who meet none of some targets."""
    if not reserved:
        return set()
    known = [a for a in applications if a in desk.statuses]
    application = pl.Series(known, dtype=pl.String)
    adverts = pl.Series([advert] * len(known), dtype=pl.String)
    meets: set[str] = set()
    for name in reserved:
        met = desk.judge.counts(name, desk.on, advert=adverts, application=application)
        meets |= set(application.filter(met.fill_null(value=False)))
    return set(applications) - meets


def is_kept(desk: Desk, offer: Offer) -> bool:
    """Whether an offer's home is kept for somebody above.

    Who is held, or to be passed over by a decision that was not taken yet, has a home kept for it;
    homes of the advert that nobody above the offer has a claim on are as good as this one.
    """
    book, advert = desk.book, offer.advert
    if advert is None:
        return False
    undecided = {h.application for h in book.waits if h.advert == advert} | {
        p.application or "" for p in book.open_proposals()
        if p.act == "bypass" and p.offer is None and p.advert == advert
    }
    undecided -= {o.application for o in book.offers_on[advert] if o.open}
    above = stand_above(desk, offer, undecided)
    if not above:
        return False
    others = [home for home in desk.vacant(advert) if home != offer.home]
    return len(above) > sum(not _is_claimed(desk, offer, home) for home in others)


def _is_claimed(desk: Desk, offer: Offer, home: str | None) -> bool:
    """Whether a home is on offer to somebody, or meant for somebody above."""
    taken = desk.at_home(offer.advert, home)
    return any(o.step in LIVE or o.advert != offer.advert for o in taken) or bool(
        stand_above(desk, offer, [o.application for o in taken])
    )
