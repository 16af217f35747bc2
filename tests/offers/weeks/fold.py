"""The tables of a record, made from plain events by other code than the engine's."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

Row = dict[str, Any]
STAMP = {"nominated": "nominated_on", "invited": "invited_on", "offered": "offered_on",
         "accepted": "answered_on"}
OVER = ("let", "ended")


class Folded:
    """What the events so far say; each table as rows with the columns that the docs name.

    Attributes:
        lists: rows of each advert's list, those with a position first.
        first_lists: the same, as made when the advert closed.
        opened_on: the day on which each advert opened.
    """

    def __init__(self) -> None:
        self.adverts: dict[str, Row] = {}
        self.offers: dict[str, Row] = {}
        self.proposals: dict[str, Row] = {}
        self.lettings: dict[str, Row] = {}
        self.holds: list[Row] = []
        self.passed: list[Row] = []
        self.consequences: list[Row] = []
        self.aside: list[Row] = []
        self.placed: list[Row] = []
        self.ledger: list[Row] = []
        self.lists: dict[str, list[Row]] = {}
        self.first_lists: dict[str, list[Row]] = {}
        self.opened_on: dict[str, date] = {}

    def listed(self, rows: list[Row]) -> None:
        """Lists were made, or made anew."""
        found = defaultdict(list)
        for row in rows:
            found[row["advert"]].append(row)
        for advert, its in found.items():
            placed = sorted((r for r in its if r["position"] is not None),
                            key=lambda r: (r["position"], r["application"]))
            self.lists[advert] = placed + [r for r in its if r["position"] is None]
            self.first_lists.setdefault(advert, self.lists[advert])

    def apply(self, event: Row) -> None:
        """Write an event down."""
        getattr(self, f"_{event['kind']}", lambda _: None)(event)

    # What is asked of it.

    def open_offers(self, **about: Any) -> list[Row]:
        """Offers that are open and agree in these columns."""
        return [o for o in self.offers.values() if o["step"] not in OVER
                and all(o[k] == v for k, v in about.items())]

    def open_proposals(self, **about: Any) -> list[Row]:
        """Proposals that wait and agree in these columns."""
        return [p for p in self.proposals.values() if p["status"] == "open"
                and all(p[k] == v for k, v in about.items())]

    def waiting(self, advert: str, application: str) -> list[Row]:
        """Holds that stand on a list."""
        return self.held(advert=advert, application=application)

    def held(self, **about: Any) -> list[Row]:
        """Holds that stand and agree in these columns; of direct lets, ``offer`` says which."""
        return [h for h in self.holds if h["ended_on"] is None
                and all(h[k] == v for k, v in about.items())]

    def standing(self, advert: str, application: str) -> list[Row]:
        """Passing over that stands."""
        return [p for p in self.passed if p["until"] is None
                and (p["advert"], p["application"]) == (advert, application)]

    def signed(self) -> list[Row]:
        """Lettings that stand."""
        return [x for x in self.lettings.values() if x["undone_on"] is None]

    def housed(self) -> set[str]:
        """Applications that were let a home, and those that share a tenant."""
        return {a for x in self.signed() for a in (x["application"], *x["shares_tenant"])}

    # One for each kind of event.

    def _advert_held_back(self, e: Row) -> None:
        self.adverts[e["advert"]] = _state(e["advert"], "held_back")

    def _advert_opened(self, e: Row) -> None:
        self.opened_on[e["advert"]] = e["on"]
        state = _state(e["advert"], "open")
        self.adverts[e["advert"]] = state | {k: e[k] for k in ("homes", "profile", "quota")}

    def _advert_closed(self, e: Row) -> None:
        self.adverts[e["advert"]] |= {"status": "closed", "closed_on": e["on"], "bids": e["bids"],
                                      "eligible": e["eligible"]}

    def _advert_unlet(self, e: Row) -> None:
        state = self.adverts.setdefault(e["advert"], _state(e["advert"], "open"))
        state["unlet_because"] = e["because"]
        state["status"] = "withdrawn" if e["because"] == "withdrawn" else "unlet"

    def _rung_taken(self, e: Row) -> None:
        self.adverts[e["advert"]]["rung"] = e["number"]

    def _advert_counted(self, e: Row) -> None:
        self.ledger.append({**e, "stratum": list(e["stratum"])})

    def _bid_set_aside(self, e: Row) -> None:
        self.aside.append(e)

    def _bid_placed(self, e: Row) -> None:
        self.placed.append(e)

    def _proposed(self, e: Row) -> None:
        self.proposals[e["proposal"]] = {
            "id": e["proposal"], **{k: e[k] for k in ("act", "advert", "application", "offer", "what", "rule", "on")},
            "because": list(e["because"]),
            "status": "open", "decided_on": None, "by": None, "automated": False, "reason": None,
        }

    def _decided(self, e: Row) -> None:
        proposal = self.proposals[e["proposal"]]
        proposal |= {k: e[k] for k in ("status", "by", "automated", "reason")} | {"decided_on": e["on"]}
        if e["home"] is not None:
            offer = self.offers[proposal["offer"]]
            for other in self.open_offers(advert=offer["advert"], home=e["home"], step="proposed"):
                other["home"] = offer["home"]
            offer["home"] = e["home"]

    def _held_for(self, e: Row) -> None:
        own = ("advert", "application", "reason", "until", "offer")
        self.holds.append({**{k: e[k] for k in own},
                           "since": e["on"], "ended_on": None})

    def _hold_ended(self, e: Row) -> None:
        for hold in self.held(**{k: e[k] for k in ("advert", "application", "reason", "offer")}):
            hold["ended_on"] = e["on"]

    def _passed_over(self, e: Row) -> None:
        self.passed.append({
            **{k: e[k] for k in ("advert", "application", "position", "on", "reason", "officer_held",
                                 "until", "by")},
            "kind": e["why"], "evidence": e["check"] if e["check"] is not None else e["outcome"],
        })

    def _passing_over_ended(self, e: Row) -> None:
        for passed in self.standing(e["advert"], e["application"]):
            if passed["reason"] == e["reason"]:
                passed["until"] = e["on"]

    def _offer_proposed(self, e: Row) -> None:
        own = ("advert", "home", "application", "route", "final", "landlord", "stage", "position")
        self.offers[e["offer"]] = {
            "id": e["offer"], **{k: e[k] for k in own}, "step": "proposed", "proposed_on": e["on"],
            **dict.fromkeys(("nominated_on", "landlord_result_on", "invited_on", "viewed_on", "offered_on",
                             "due_on", "answered_on", "ended_on", "ended_by", "reason", "reasonable")),
            "counts": False, "under_review": False,
        }
        self._to_let_again(e["advert"])

    def _offer_moved(self, e: Row) -> None:
        offer = self.offers[e["offer"]]
        if e["step"] == "attended" and offer["step"] == "invited":
            offer["viewed_on"] = e["on"]
        if e["step"] in STAMP:
            offer[STAMP[e["step"]]] = e["on"]
        if offer["step"] == "nominated":  # the landlord took the household, whatever waits for what
            offer["landlord_result_on"] = e["on"]
        offer |= {k: e[k] for k in ("step", "due_on", "under_review")}

    def _offer_ended(self, e: Row) -> None:
        offer = self.offers[e["offer"]]
        offer |= {"step": "ended", "due_on": None, "ended_on": e["on"], "ended_by": e["by"],
                  "reason": e["reason"], "reasonable": e["reasonable"]}
        if e["by"] in ("refused", "withdrew"):
            offer["answered_on"] = e["on"]
        if e["by"] == "landlord_rejected":
            offer["landlord_result_on"] = e["on"]

    def _refusal_judged(self, e: Row) -> None:
        self.offers[e["offer"]] |= {"counts": e["counts"], "reasonable": e["reasonable"]}

    def _consequence_begun(self, e: Row) -> None:
        kept = {k: v for k, v in e.items() if k not in ("kind", "on")}
        self.consequences.append({**kept, "since": e["on"], "because": list(e["because"])})

    def _consequence_lifted(self, e: Row) -> None:
        for held in self.consequences:
            if [held[k] for k in ("application", "consequence", "since")] == [
                e[k] for k in ("application", "consequence", "since")
            ]:
                held |= {"until": e["on"]}

    def _let_to(self, e: Row) -> None:
        offer = self.offers[e["offer"]]
        offer |= {"step": "let", "due_on": None}
        state = self.adverts.get(offer["advert"])
        if state is not None:
            state["let"] += 1
            if state["let"] >= state["homes"]:
                state |= {"status": "let", "unlet_because": None}
        self.lettings[e["offer"]] = {
            "id": e["offer"],
            **{k: offer[k] for k in ("advert", "home", "application", "route", "final", "position")},
            **{k: e[k] for k in ("started_on", "band", "points", "priority_date", "registered_on",
                                 "bedroom_need", "freed_home")},
            "kind": e["direct_kind"], "signed_on": e["on"], "undone_on": None,
            "bids": state["bids"] if state is not None else None,
            "shares_tenant": list(e["shares_tenant"]),
        }

    def _letting_undone(self, e: Row) -> None:
        offer = self.offers[e["offer"]]
        offer |= {"step": "ended", "ended_on": e["on"], "ended_by": "undone", "reason": e["reason"]}
        self.lettings[e["offer"]]["undone_on"] = e["on"]
        if offer["advert"] is not None:
            self.adverts[offer["advert"]]["let"] -= 1
            self._to_let_again(offer["advert"])

    def _to_let_again(self, advert: str | None) -> None:
        state = self.adverts.get(advert or "")
        if state is not None and state["status"] in ("let", "unlet"):
            state |= {"status": "closed", "unlet_because": None}


def _state(advert: str, status: str) -> Row:
    return {"advert": advert, "status": status, "profile": None, "quota": None, "closed_on": None,
            "bids": None, "eligible": None, "homes": 0, "let": 0, "unlet_because": None, "rung": 0}


TABLES = {
    "advert_states": lambda f: list(f.adverts.values()), "offers": lambda f: list(f.offers.values()),
    "proposals": lambda f: list(f.proposals.values()), "holds": lambda f: f.holds,
    "lettings": lambda f: list(f.lettings.values()), "passed_over": lambda f: f.passed,
    "consequences": lambda f: f.consequences, "bids_set_aside": lambda f: f.aside,
    "ledger": lambda f: f.ledger,
}
"""Each recorded table, of what was folded."""


def differences(folded: Folded, tables: dict[str, list[Row]]) -> list[str]:
    """The tables of a record that are not what the events say."""
    found = []
    for table, rows_of in TABLES.items():
        theirs, own = tables[table], rows_of(folded)
        mine = [{k: row.get(k) for k in theirs[0]} for row in own] if theirs else own
        if table == "ledger":  # numbers of events go on from those before the first cycle
            mine, theirs = ([{**row, "event": None} for row in rows] for rows in (mine, theirs))
        if mine != theirs:
            wrong = next((pair for pair in zip(mine, theirs, strict=False) if pair[0] != pair[1]),
                         (len(mine), len(theirs)))
            found.append(f"{table}: {wrong[0]} is {wrong[1]}")
    return found
