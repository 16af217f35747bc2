"""What people do: outcomes drawn from what is open on a record, and a few that cannot be."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from tests.offers.weeks.schemes import PASSING_OVER, REASONS

Row = dict[str, Any]
Tables = dict[str, list[Row]]
FOLLOWING = {
    "nominated": ["landlord_accepted"] * 3 + ["landlord_rejected", "no_contact"],
    "invited": ["viewed"] * 3 + ["absent", "withdrew"],
    "attended": ["withdrew"],
    "offered": ["accepted"] * 6 + ["refused", "refused", "withdrew", "offer_withdrawn", "no_contact"],
    "accepted": ["signed"] * 8 + ["undone", "withdrew"],
    "let": ["undone"],
}
CHANCE = {"attended": 0.05, "let": 0.02, "proposed": 0.0}


class People:
    """They see a record as it stands one evening, and act on the next days.

    Args:
        draw: what they do.
        scheme: as plain data.
        refusals: they refuse most offers, and what follows from it waits long.
    """

    def __init__(self, draw: random.Random, scheme: Row, *, refusals: bool = False) -> None:
        self.draw, self.scheme, self.n, self.refusals = draw, scheme, 0, refusals
        self.reviews = random.Random(draw.getstate()[1][0])  # their own: what else is drawn stays

    def act(self, tables: Tables, first: date, last: date) -> list[Row]:
        """Outcomes on the days from the first to the last."""
        found: list[Row] = []
        for proposal in tables["proposals"]:
            if proposal["status"] == "open":
                found += self._decide(proposal, tables, first, last)
        for offer in tables["offers"]:
            if self.draw.random() < CHANCE.get(offer["step"], 0.8) and offer["step"] in FOLLOWING:
                found += self._answer(offer, first, last)
        for state in tables["advert_states"]:
            if self.draw.random() < 0.01:
                what = "advert_withdrawn" if state["status"] != "open" else self.draw.choice(
                    ["advert_withdrawn", "advert_corrected"])
                found.append(self._row(self._day(first, last), what, state["advert"]))
        if self.draw.random() < 0.25:
            found.append(self._impossible(tables, first, last))
        return found + self._undo(tables, first, last)

    def _undo(self, tables: Tables, first: date, last: date) -> list[Row]:
        """What officers decided and a review finds wrong; now and then what nobody decided."""
        draw = self.reviews
        waiting = {o for p in tables["proposals"] if (p["act"], p["status"]) == ("consequence", "open")
                   for o in p["because"]}
        counted = [(0.6 if o["id"] in waiting else 0.15, {
            "act": "refusal_counts", "advert": o["advert"], "application": o["application"],
            "home": o["home"] if o["advert"] is None else None, "reasonable": draw.choice([None, True]),
        }) for o in tables["offers"] if o["counts"]]
        begun = [(0.15, {"act": "consequence", "advert": None, "application": c["application"],
                         "reason": c["consequence"]})
                 for c in tables["consequences"] if c["until"] is None or c["until"] > first]
        passed = [(0.15, {"act": "bypass", "advert": p["advert"], "application": p["application"]})
                  for p in tables["passed_over"] if p["until"] is None]
        found = []
        for chance, row in (*counted, *begun, *passed):
            if draw.random() < chance:
                on = first + timedelta(draw.randint(0, (last - first).days))
                found.append(self._row(on, "undone", by=draw.choice(["Ada", "Ada", "Ben", None]), **row))
        return found

    def results(self, tables: Tables, first: date, last: date) -> list[Row]:
        """Results of checks that homes wait for."""
        found = []
        for hold in tables["holds"]:
            if hold["ended_on"] is None and hold["reason"] in self.scheme["checks"] and (
                self.draw.random() < 0.6
            ):
                self.n += 1
                outcome = self.draw.choices(["cleared", "refused"], [8, 1])[0]
                found.append({
                    "id": f"c9{self.n:03}", "application": hold["application"],
                    "check": hold["reason"], "outcome": outcome, "since": self._day(first, last),
                    "advert": self.draw.choice([None, hold["advert"]]), "until": None, "by": "Ada",
                    "confirmed_by": "Ben"})
        return found

    def _day(self, first: date, last: date) -> date:
        return first + timedelta(self.draw.randint(0, (last - first).days))

    def _row(self, on: date, what: str, advert: str | None, application: str | None = None,
             **more: Any) -> Row:
        self.n += 1
        return {"id": f"o{self.n:03}", "on": on, "what": what, "advert": advert,
                "application": application, **more}

    def _decide(self, proposal: Row, tables: Tables, first: date, last: date) -> list[Row]:
        draw, act, on = self.draw, proposal["act"], self._day(first, last)
        about = proposal["advert"], proposal["application"]
        if draw.random() < (0.8 if self.refusals and act == "consequence" else 0.1):
            return []
        if act == "tie":
            return [self._row(on, "chosen", about[0], draw.choice(proposal["what"].split(", ")),
                              by="Ada")]
        if act == "refusal_counts" and draw.random() < 0.6:
            return [self._row(on, "judged", *about, reasonable=draw.random() < 0.3, by="Ada")]
        home = next((o["home"] for o in tables["offers"] if o["id"] == proposal["offer"]), None)
        more: Row = {"act": act, "by": draw.choice(["Ada", "Ben"]), "reason": proposal["what"]}
        if about[0] is None:
            more["home"] = home
        if draw.random() < 0.15:
            if act == "offer":
                more["reason"] = draw.choice([*PASSING_OVER, "discretion"])
            return [self._row(on, "declined", *about, **more)]
        if act == "offer" and home is not None and home[-1] in "ab" and draw.random() < 0.2:
            more["home"] = home[:-1] + draw.choice("ab")
        rows = [self._row(on, "approved", *about, **more)]
        if act in ("offer", "direct_let") and not self.refusals and draw.random() < 0.6:
            rows += self._onwards(about, home if about[0] is None else None, on, last)
        return rows

    def _onwards(self, about: tuple[Any, Any], home: str | None, on: date, last: date) -> list[Row]:
        """Accepted and signed on the days after, as it mostly goes."""
        rows = []
        for what in ("accepted", "signed"):
            on += timedelta(self.draw.randint(0, 1))
            if on <= last:
                rows.append(self._row(on, what, *about, home=home))
        return rows

    def _answer(self, offer: Row, first: date, last: date) -> list[Row]:
        draw, on = self.draw, self._day(first, last)
        what = draw.choice(FOLLOWING[offer["step"]])
        if self.refusals and offer["step"] == "offered" and draw.random() < 0.8:
            what = "refused"
        about = offer["advert"], offer["application"]
        more: Row = {"home": offer["home"] if offer["advert"] is None else None}
        if what == "refused":
            more["reason"] = draw.choice([None, *REASONS, "other words"])
            more["reasonable"] = draw.choice([None, None, False, True])
            if self.refusals:
                more |= {"reason": None, "reasonable": False}
            more["by"] = "Ada"
        elif what == "no_contact":
            more |= {"attempts": draw.randint(1, 3), "channels": 1, "adjustments_checked": True}
        elif what == "accepted":
            more["review_requested"] = draw.random() < 0.2
        elif what == "signed":
            more["tenancy_ends"] = draw.random() < 0.5
        elif what == "undone":
            more["reason"] = draw.choice([None, "landlord", "unsafe"])
        rows = [self._row(on, what, *about, **more)]
        if what == "accepted" and draw.random() < 0.5:
            rows += self._onwards(about, more["home"], on, last)[1:]
        return rows

    def _impossible(self, tables: Tables, first: date, last: date) -> Row:
        draw, on = self.draw, self._day(first, last)
        offer = draw.choice(tables["offers"]) if tables["offers"] else {
            "advert": "a01", "application": "h01"}
        about = offer["advert"], offer["application"]
        return draw.choice([
            lambda: self._row(on, draw.choice(["accepted", "signed", "viewed", "refused"]), *about),
            lambda: self._row(last + timedelta(90), "accepted", *about),
            lambda: self._row(first - timedelta(30), "accepted", *about),
            lambda: self._row(on, "approved", *about, act="offer", by=None),
            lambda: self._row(on, "approved", *about, act="offer", by="Ada", second_by=" ada"),
            lambda: self._row(on, "approved", "a99", "h99", act="offer", by="Ada"),
            lambda: self._row(on, "declined", *about, act="offer", by="Ada", reason="no reason"),
            lambda: self._row(on, "advert_withdrawn", "a99"),
        ])()
