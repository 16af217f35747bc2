"""Whether everything adverse or binding was proposed and decided, and follows from what was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.offers.weeks.times import months_after

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from tests.offers.weeks.facts import Facts
    from tests.offers.weeks.fold import Folded
    from tests.offers.weeks.playing import Cycle

Row = dict[str, Any]
SILENCE = {"landlord_silent": "nominated", "absent": "invited", "no_reply": "offered"}
DONE_BY = {
    "approved": ("decided",), "declined": ("decided",), "chosen": ("decided",), "judged": ("decided",),
    "landlord_accepted": ("offer_moved",), "viewed": ("offer_moved",), "accepted": ("offer_moved",),
    "landlord_rejected": ("offer_ended",), "absent": ("offer_ended",), "refused": ("offer_ended",),
    "withdrew": ("offer_ended",), "offer_withdrawn": ("offer_ended",), "signed": ("let_to",),
    "undone": ("letting_undone", "offer_ended"),
}
ABLE = {
    "landlord_accepted": ("nominated",), "landlord_rejected": ("nominated",), "viewed": ("invited",),
    "absent": ("invited",), "refused": ("offered",), "undone": ("accepted", "let"),
}


class Decisions:
    """What was decided, by whom.

    Args:
        facts: what was known.
        book: what the events say so far.
        wrong: told of every rule that is broken.
    """

    def __init__(self, facts: Facts, book: Folded, wrong: Callable[[str, Any], None]) -> None:
        self.facts, self.book, self.wrong, self.unattended = facts, book, wrong, False

    def must(self, right: Any, rule: str, about: Any) -> None:
        """A rule holds, or is broken."""
        if not right:
            self.wrong(rule, about)

    def was_approved(self, offer: Row) -> None:
        """An offer that goes on was approved."""
        act = "direct_let" if offer["route"] == "direct" else "offer"
        asked = [p["status"] for p in self.book.proposals.values()
                 if (p["act"], p["offer"]) == (act, offer["id"])]
        chosen = offer["step"] == "attended"
        self.must(asked == ["approved"] or chosen, "an offer that goes on was approved",
                  (offer["id"], asked))

    def acted(self, act: str, event: Row, **about: Any) -> None:
        """An act was approved that day, by somebody or, where nobody looks, by nobody."""
        asked = [p for p in self.book.proposals.values()
                 if p["act"] == act and p["status"] == "approved" and p["decided_on"] == event["on"]
                 and all(p[k] == v for k, v in about.items())]
        self.must(asked, "an act was decided", (act, about))

    def passed_over(self, event: Row) -> None:
        """By a check or an officer: a decision of that day says so."""
        if event["why"] in ("rule", "criterion"):
            return
        about = {"advert": event["advert"], "application": event["application"]}
        asked = [p for p in self.book.proposals.values()
                 if p["decided_on"] == event["on"] and all(p[k] == v for k, v in about.items())]
        bypass = [p for p in asked if (p["act"], p["status"], p["what"]) == (
            "bypass", "approved", event["reason"])]
        listed = [*self.facts.offers["passing_over"],
                  *(["discretion"] if "discretion" in self.facts.offers else [])]
        declined = [p for p in asked if (p["act"], p["status"]) == ("offer", "declined")
                    and event["reason"] in listed]
        self.must(bypass or declined, "passed over by a decision", event)
        if event["why"] == "check":
            held = self.facts.scheme["checks"][event["reason"]].get("officer_held", False)
            self.must(event["officer_held"] == held, "what officers hold back is marked", event)

    def decided(self, event: Row) -> None:
        """A decision is of something open, and by a named officer unless nobody looks."""
        proposal = self.book.proposals.get(event["proposal"])
        self.must(proposal is not None and proposal["status"] == "open", "what has ended stays so",
                  event)
        if event["status"] == "lapsed" or proposal is None:
            return
        by_check = proposal["act"] == "bypass" and proposal["what"] in self.facts.scheme["checks"]
        if event["automated"]:
            self.must(self.unattended and event["status"] == "approved"
                      and (proposal["act"] in ("offer", "rung") or by_check),
                      "what nobody may decide waits for somebody", (proposal, event))
            return
        row = self.facts.outcomes.get(event["outcome"], {})
        self.must(event["by"] is not None and row.get("by") == event["by"]
                  and row.get("on") == event["on"], "a named officer decided", (proposal["id"], event))
        what = row.get("what")
        if what == "judged":
            right = (event["status"] == "declined") == row["reasonable"]
        elif what == "chosen":
            right = (proposal["act"] == "tie" and row["application"] in proposal["what"].split(", "))
        else:
            right = (what, row.get("act")) == (event["status"], proposal["act"])
        self.must(right, "a decision is what the officer said", (proposal, row))
        about = {k: row.get(k) for k in ("advert", "application")
                 if what != "chosen" and row.get(k) is not None and proposal[k] is not None}
        self.must(all(proposal[k] == v for k, v in about.items()), "a decision is about its proposal",
                  (proposal, row))
        second = row.get("second_by")
        self.must(second is None or second.strip().casefold() != event["by"].strip().casefold(),
                  "the second officer is another", row)

    def proposed(self, event: Row, today: list[Row], on: date) -> None:
        """What is proposed follows from what happened."""
        act, what, offer = event["act"], event["what"], self.book.offers.get(event["offer"] or "")
        about = (event["advert"], event["application"], what)
        if act == "bypass" and what in SILENCE:
            late = offer is not None and offer["due_on"] is not None and offer["due_on"] < on
            self.must(late and offer["step"] == SILENCE[what], "nobody is late before the day", about)
        elif act == "bypass" and what == "no_contact":
            said = [o for o in self.facts.outcomes.values() if o["what"] == what and o["on"] == on
                    and (o["advert"], o["application"]) == about[:2]]
            self.must(said, "as somebody said", about)
        elif act == "bypass" and what in self.facts.scheme["checks"]:
            self._check_failed(event, offer, on)
        elif act == "refusal_counts":
            self.must(offer["ended_by"] == "refused" and offer["ended_on"] == on
                      and offer["reason"] not in self.facts.offers["reasons"],
                      "whether a refusal counts is asked of one", about)
        elif act == "duty_may_end":
            rule = self.facts.offers.get("final")
            runs = [d for d in self.facts.duties if (d["application"], d["kind"]) == (about[1], what)]
            self.must(rule and offer["final"] and what in rule["duties"] and runs
                      and offer["ended_by"] in ("refused", "no_reply"), "a duty may end", about)
        elif act == "consequence" and offer is not None:
            counts = [e for e in today if e["kind"] == "refusal_judged" and e["offer"] == offer["id"]]
            self.must(counts and counts[-1]["counts"] and what == self._refusals(offer, on),
                      "what refusals add up to", (*about, self._refusals(offer, on)))
        elif act == "rung":
            self.must(what == self._rung(event["advert"], on), "the next step of the ladder",
                      (*about, self._rung(event["advert"], on)))

    def _check_failed(self, event: Row, offer: Row | None, on: date) -> None:
        """Passing over by a check: it failed, or is missing and nothing is waited for any more."""
        facts, (advert, application) = self.facts, (event["advert"], event["application"])
        place = offer or self._place(advert, application, on)
        waited = [h for h in self.book.holds if h["until"] is not None and h["until"] < on
                  and (h["advert"], h["application"], h["reason"]) == (advert, application, event["what"])]
        states = facts.not_cleared(place, "let", on)
        does = states.get(event["what"], ("cleared", None))[1]
        self.must(does == "bypass" or waited, "passing over by a check",
                  (advert, application, event["what"], states))

    def _still_called_for(self, day: date) -> None:
        """Passing over by a check is proposed only for as long as it stops the household."""
        for proposal in self.book.open_proposals(act="bypass"):
            offer = self.book.offers.get(proposal["offer"] or "")
            if proposal["what"] not in self.facts.scheme["checks"]:
                continue
            place = offer or self._place(proposal["advert"], proposal["application"], day)
            self.must(proposal["what"] in self.facts.not_cleared(place, "let", day),
                      "what stops nobody any more lapses", proposal)

    def _place(self, advert: str, application: str, on: date) -> Row:
        return {
            "advert": advert, "application": application, "home": None,
            "landlord": self.facts.adverts[advert].get("landlord"),
            "final": self.facts.is_final(advert, application, on)}

    def _refusals(self, offer: Row, on: date) -> str | None:
        """What a household's refusals lead to by the last rule that is met."""
        then = None
        for rule in self.facts.offers["refusals"].values():
            met = self.facts.met(rule.get("when"), offer["application"], None, on)
            count = sum(
                o["counts"] and o["application"] == offer["application"] and (
                    rule.get("months") is None or months_after(o["ended_on"], rule["months"]) > on)
                for o in self.book.offers.values())
            often = rule.get("every") and count and count % rule["after"] == 0
            if met and (count == rule["after"] or often):
                then = rule["then"]
        return then

    def _rung(self, advert: str, on: date) -> str | None:
        chain, taken = advert, 0
        while chain is not None:
            taken = max(taken, self.book.adverts.get(chain, {}).get("rung", 0))
            chain = self.facts.adverts[chain].get("readvert_of")
        because = self.book.adverts[advert]["unlet_because"]
        for rung in self.facts.scheme.get("advertising", {}).get("ladder", [])[taken:]:
            if because in (rung.get("after") or [because]) and self.facts.met(
                rung.get("when"), None, advert, on
            ):
                return rung["step"]
        return None

    def consequence(self, event: Row) -> None:
        """A consequence is what the scheme says, and was approved that day."""
        self.acted("consequence", event, application=event["application"], what=event["consequence"])
        rule = self.facts.scheme["consequences"][event["consequence"]]
        months = next((v for k, v in rule.items() if k.endswith("months")), None)
        band = rule.get("band")
        if "down" in rule:
            now = self.facts.application(event["application"], event["on"])["band"]
            band = "ABC"[min("ABC".index(now) + rule["down"], 2)]
        status = "suspended" if "suspend_months" in rule else "closed" if "cancel" in rule else None
        want = {
            "until": months_after(event["on"], months) if months else None, "status": status,
            "band": band, "place_in_band": -1 if "bottom_of_band_months" in rule else None,
            "may_not_bid": "bar_months" in rule, "council_bids": "lose_choice_months" in rule,
            "review": rule.get("review", False),
        }
        got = {k: event[k] for k in want}
        self.must(got == want, "consequences as the scheme says", (event["consequence"], got, want))

    def end_of_day(self, today: list[Row], day: date) -> None:
        """What a day's refusals call for was proposed."""
        for event in today:
            if event["kind"] == "offer_ended" and event["by"] == "refused":
                judged = [e for e in today if e["kind"] == "refusal_judged"
                          and e["offer"] == event["offer"]]
                asked = [e for e in today if e["kind"] == "proposed" and e["offer"] == event["offer"]
                         and e["act"] == "refusal_counts"]
                self.must(bool(judged) or asked, "a refusal counts or is asked about", event["offer"])
                self._listed_reason(event, judged)
        self._counted(today, day)
        self._still_called_for(day)
        for name, duty in self.facts.scheme.get("bidding", {}).get("duties", {}).items():
            if day.weekday() == 6:
                self._duty(name, duty, day)

    def _duty(self, name: str, duty: Row, day: date) -> None:
        """On a cycle's last day: whoever has to bid and never did."""
        bidders = {key[1] for key in self.facts.bids}
        for household, row in self.facts.applications.items():
            bound = self.facts.met(duty.get("when"), household, None, day)
            since = months_after(row["registered_on"], duty["months"])
            if not bound or household in bidders or since > day or (
                self.facts.application(household, day)["status"] != "active"
            ):
                continue
            asked = [p for p in self.book.proposals.values() if p["act"] == "consequence"
                     and (p["application"], p["what"]) == (household, duty["then"])]
            self.must(asked, "whoever has to bid is asked", (name, household))

    def _listed_reason(self, event: Row, judged: list[Row]) -> None:
        row = self.facts.outcomes[event["outcome"]]
        good = row.get("reason") in self.facts.offers["reasons"] or row.get("reasonable")
        if good:
            self.must(judged and not judged[0]["counts"], "a good reason does not count", event["offer"])
        elif row.get("reasonable") is False:
            self.must(judged and judged[0]["counts"], "a refusal without one counts", event["offer"])

    def _counted(self, today: list[Row], day: date) -> None:
        """Each refusal that came to count that day, where it was the only one of its household."""
        counting = [e for e in today if e["kind"] == "refusal_judged" and e["counts"]]
        for event in counting:
            offer = self.book.offers[event["offer"]]
            same = [e for e in counting
                    if self.book.offers[e["offer"]]["application"] == offer["application"]]
            began = any(e["kind"] == "consequence_begun" for e in today)
            then = self._refusals(offer, day)
            if len(same) == 1 and not began and then is not None:
                asked = [e for e in today if e["kind"] == "proposed" and e["act"] == "consequence"
                         and (e["offer"], e["what"]) == (offer["id"], then)]
                self.must(asked, "what refusals add up to", (offer["id"], then))

    def outcome_done(self, row: Row, named: list[Row], cycle: Cycle) -> None:
        """An outcome was applied once, on its day, or left out for a good cause."""
        kinds = {e["kind"] for e in named}
        about = (row["id"], row["what"], row["on"], row["advert"], row["application"])
        if row["id"] in cycle.quarantined:
            self.must(not named, "what is left out does nothing", about)
            self._left_out(row, cycle.quarantined[row["id"]], cycle)
        elif row["what"] in DONE_BY:
            self.must(kinds & set(DONE_BY[row["what"]]), "an outcome is applied", about)
            self.must(all(e["on"] == row["on"] for e in named), "an outcome is of its day", about)

    def _left_out(self, row: Row, clash: str, cycle: Cycle) -> None:
        about = (row["id"], row["what"], row["on"], row["advert"], row["application"], clash)
        if row["on"] > cycle.as_at:
            self.must(clash == "in_the_future", "why it is left out", about)
        elif row["what"] in ("approved", "declined", "chosen", "judged") and row.get("by") is None:
            self.must(clash in ("no_officer", "before_the_state"), "why it is left out", about)
