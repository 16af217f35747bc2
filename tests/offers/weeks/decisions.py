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
UNDONE_BY = {"refusal_counts": "refusal_judged", "consequence": "consequence_lifted",
             "bypass": "passing_over_ended"}


class Decisions:
    """What was decided, by whom.

    Args:
        facts: what was known.
        book: what the events say so far.
        wrong: told of every rule that is broken.

    Attributes:
        too_few: proposals of consequences for which too few refusals are left.
        back: advert and household of passing over that was undone.
    """

    def __init__(self, facts: Facts, book: Folded, wrong: Callable[[str, Any], None]) -> None:
        self.facts, self.book, self.wrong, self.unattended = facts, book, wrong, False
        self.too_few: set[str] = set()
        self.back: set[tuple[str, str]] = set()

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
        if event["status"] == "lapsed" and proposal is not None and proposal["act"] == "consequence":
            self.must(proposal["id"] in self.too_few, "a consequence lapses with the refusals it needs",
                      proposal)
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
            rule = self._refusals(offer, on)
            self.must(counts and counts[-1]["counts"] and rule == event["rule"]
                      and what == self.facts.offers["refusals"][rule]["then"],
                      "what refusals add up to", (*about, rule))
            because = self._count_by(event["rule"], offer["application"], on)
            self.must(sorted(event["because"]) == sorted(because), "what refusals add up to",
                      (*about, event["because"], because))
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
        """The last rule that a household's refusals meet."""
        last = None
        for name, rule in self.facts.offers["refusals"].items():
            met = self.facts.met(rule.get("when"), offer["application"], None, on)
            count = len(self._count_by(name, offer["application"], on))
            often = rule.get("every") and count and count % rule["after"] == 0
            if met and (count == rule["after"] or often):
                last = name
        return last

    def _count_by(self, name: str, household: str, on: date) -> list[str]:
        """Offers whose refusals a rule counts: in the months before a day, and since."""
        months = self.facts.offers["refusals"][name].get("months")
        return [o["id"] for o in self.book.offers.values()
                if o["counts"] and o["application"] == household
                and (months is None or months_after(o["ended_on"], months) > on)]

    def undone(self, event: Row, act: str, on: date) -> Row:
        """What was undone by a named officer of that day, as the outcome says."""
        row = self.facts.outcomes.get(event["outcome"], {})
        self.must((row.get("what"), row.get("act"), row.get("on")) == ("undone", act, on)
                  and event["by"] is not None and event["by"] == row["by"], "undone by a named officer",
                  (event, row))
        return row

    def judged_anew(self, event: Row, on: date) -> None:
        """A refusal that counted counts no longer; proposals lapse for which too few are left."""
        offer = self.book.offers[event["offer"]]
        row = self.undone(event, "refusal_counts", on)
        self.must(offer["counts"] and (offer["advert"], offer["application"]) == (
            row.get("advert"), row.get("application")), "a refusal that counted is judged anew", event)
        for proposal in self.book.open_proposals(act="consequence", application=offer["application"]):
            if not proposal["because"]:
                continue
            left = set(self._count_by(proposal["rule"], offer["application"], proposal["on"])) - {offer["id"]}
            if len(left) < len(proposal["because"]):
                self.too_few.add(proposal["id"])

    def lifted(self, event: Row, on: date) -> None:
        """What is lifted was in force that day."""
        self.undone(event, "consequence", on)
        held = [c for c in self.book.consequences
                if (c["application"], c["consequence"], c["since"]) == (
                    event["application"], event["consequence"], event["since"])
                and (c["until"] is None or c["until"] > on)]
        self.must(held, "what is lifted was in force", event)

    def back_on_the_list(self, event: Row, on: date) -> None:
        """A passing over that somebody decided is undone, for a home that is left."""
        if event.get("outcome") is None:
            return
        row = self.undone(event, "bypass", on)
        stood = [p for p in self.book.standing(event["advert"], event["application"])
                 if p["reason"] == event["reason"] and p["kind"] in ("check", "officer")]
        self.must(stood and (row["advert"], row["application"]) == (event["advert"], event["application"]),
                  "what was decided is undone", event)
        self.must(self.facts.vacant(event["advert"]), "a home is left", event)
        self.back.add((event["advert"], event["application"]))

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
        asked = [p for p in self.book.proposals.values()
                 if (p["act"], p["status"], p["decided_on"]) == ("consequence", "approved", event["on"])
                 and (p["application"], p["what"]) == (event["application"], event["consequence"])]
        self.must(any(self._led_to(p) == sorted(event["because"]) for p in asked),
                  "a consequence rests on the refusals that count", (event, [p["because"] for p in asked]))
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

    def _led_to(self, proposal: Row) -> list[str]:
        """As many refusals as proposed it: those of then that count, and later ones in place of others."""
        if not proposal["because"]:
            return []
        now = self._count_by(proposal["rule"], proposal["application"], proposal["on"])
        later = [offer for offer in now if offer not in proposal["because"]]
        still = [offer for offer in now if offer in proposal["because"]]
        return sorted((still + later)[:len(proposal["because"])])

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
        open_still = [p["id"] for p in self.book.open_proposals() if p["id"] in self.too_few]
        self.must(not open_still, "a consequence lapses with the refusals it needs", open_still)
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
            other = any(e["kind"] in ("consequence_begun", "consequence_lifted") or (
                e["kind"] == "refusal_judged" and not e["counts"]) for e in today)
            rule = self._refusals(offer, day)
            if len(same) == 1 and not other and rule is not None:
                asked = [e for e in today if e["kind"] == "proposed" and e["act"] == "consequence"
                         and (e["offer"], e["rule"]) == (offer["id"], rule)]
                self.must(asked, "what refusals add up to", (offer["id"], rule))

    def outcome_done(self, row: Row, named: list[Row], cycle: Cycle) -> None:
        """An outcome was applied once, on its day, or left out for a good cause."""
        kinds = {e["kind"] for e in named}
        about = (row["id"], row["what"], row["on"], row["advert"], row["application"])
        if row["id"] in cycle.quarantined:
            self.must(not named, "what is left out does nothing", about)
            self._left_out(row, cycle.quarantined[row["id"]], cycle)
        elif row["what"] in DONE_BY:
            done_by = [UNDONE_BY[row["act"]]] if row.get("act") in UNDONE_BY and (
                row["what"] == "undone") else DONE_BY[row["what"]]
            self.must(kinds & set(done_by), "an outcome is applied", about)
            self.must(all(e["on"] == row["on"] for e in named), "an outcome is of its day", about)

    def _left_out(self, row: Row, clash: str, cycle: Cycle) -> None:
        about = (row["id"], row["what"], row["on"], row["advert"], row["application"], clash)
        if row["on"] > cycle.as_at:
            self.must(clash == "in_the_future", "why it is left out", about)
        elif row.get("by") is None and (
            row["what"] in ("approved", "declined", "chosen", "judged") or row.get("act") in UNDONE_BY
        ):
            self.must(clash in ("no_officer", "before_the_state"), "why it is left out", about)
