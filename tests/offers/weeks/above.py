"""Who stands above whom on a list, which places are free, and for whom homes are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    from tests.offers.weeks.counts import Counts
    from tests.offers.weeks.facts import Facts
    from tests.offers.weeks.fold import Folded

Row = dict[str, Any]
LIVE = ("offered", "accepted")


class Above:
    """Places on the lists of adverts and in their homes.

    Args:
        facts: what was known.
        book: what the events say so far.
        counts: of the targets that are behind.
    """

    def __init__(self, facts: Facts, book: Folded, counts: Counts) -> None:
        self.facts, self.book, self.counts = facts, book, counts

    def of(self, offer: Row, on: date) -> set[str]:
        """Who stands above an offer's household: by stage, those of a target that is behind first,
        then by position. Equals, in both else, stand beside it."""
        behind = self.counts.reserved(offer["advert"], on)

        def place(row: Row) -> tuple[int, bool, int]:
            meets = any(self.facts.met(c, row["application"], offer["advert"], on) for c in behind)
            return row["stage"] or 1, bool(behind) and not meets, row["position"]

        rows = [r for r in self.book.lists[offer["advert"]] if r["position"] is not None]
        own = next((r for r in rows if r["application"] == offer["application"]),
                   {**offer, "tie_group": None})
        return {r["application"] for r in rows if place(r) < place(own) and (
            own["tie_group"] is None or r["tie_group"] != own["tie_group"]
            or place(r)[:2] != place(own)[:2])}

    def best_who_came(self, advert: str, home: str | None, on: date) -> Row | None:
        """Of those who came to see a home, or whom its landlord accepted, one with none of them above."""
        came = [o for o in self.book.open_offers(advert=advert, home=home) if o["step"] == "attended"]
        names = {o["application"] for o in came}
        came.sort(key=lambda o: (o["position"], o["id"]))
        return next((o for o in came if not names & self.of(o, on)), None)

    def free(self, advert: str, on: date) -> dict[str | None, int]:
        """Homes with places that are free, and how many: those first to which nobody has come.

        Of homes to which somebody has come, the one whose best visitor is placed lowest.
        """
        free: dict[str | None, int] = {}
        seen: list[tuple[int, str, str | None, int]] = []
        for home in self.facts.vacant(advert):
            taken = self.book.open_offers(home=home)
            if any(o["step"] in LIVE for o in taken):
                continue
            best = self.best_who_came(advert, home, on)
            awaited = [o for o in taken if best is None or self.is_awaited(o, on)]
            left = self.facts.width(advert) - len(awaited)
            if left > 0 and best is None:
                free[home] = left
            elif left > 0 and best is not None:
                seen.append((best["position"], home or "", home, left))
        return free or {home: left for *_, home, left in sorted(seen)[-1:]}

    def is_awaited(self, offer: Row, on: date) -> bool:
        """Whether a household may still come to see its home, and has the time to."""
        late = offer["due_on"] is not None and offer["due_on"] < on
        return offer["step"] == "proposed" or (offer["step"] in ("nominated", "invited") and not late)

    def wanted(self, advert: str, on: date) -> set[str] | None:
        """Who alone is asked where somebody came to every home that is free; None: anyone."""
        best = [self.best_who_came(advert, home, on) for home in self.free(advert, on)]
        return None if not best or best[0] is None else self.of(best[0], on)

    def undecided(self, advert: str) -> set[str]:
        """Those without an offer who are held, or whose passing over is proposed and not decided."""
        held = {h["application"] for h in self.book.holds
                if h["ended_on"] is None and h["advert"] == advert}
        held |= {p["application"] for p in self.book.open_proposals(act="bypass", advert=advert)
                 if p["offer"] is None}
        return held - {o["application"] for o in self.book.open_offers(advert=advert)}

    def homes_left(self, offer: Row) -> int:
        """Homes of an offer's advert, but its own, that are neither let nor on offer."""
        return sum(
            home != offer["home"]
            and not any(o["step"] in LIVE for o in self.book.open_offers(home=home))
            for home in self.facts.vacant(offer["advert"])
        )
