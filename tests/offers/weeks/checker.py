"""The contract of ``docs/offers.md``, asserted of weeks that were played, from plain data alone.

Nothing of the engine is used here: the scheme as written, the rows that were given and the events
are gone through once more, and every rule that is broken is named.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.offers.weeks.above import LIVE, Above
from tests.offers.weeks.bids import barred_wrong, bids_wrong
from tests.offers.weeks.counts import Counts
from tests.offers.weeks.decisions import Decisions
from tests.offers.weeks.facts import Facts, london_day
from tests.offers.weeks.fold import OVER, Folded, differences
from tests.offers.weeks.generator import at
from tests.offers.weeks.times import last_day

if TYPE_CHECKING:
    from datetime import date

    from tests.offers.weeks.playing import Cycle, Played

Row = dict[str, Any]
BEFORE = {
    "nominated": ("proposed",), "invited": ("proposed", "nominated"),
    "attended": ("invited", "nominated"), "offered": ("proposed", "nominated", "attended"),
    "accepted": ("offered",),
}
ENDS_FROM = {
    "declined": ("proposed",), "landlord_rejected": ("nominated",), "landlord_silent": ("nominated",),
    "absent": ("invited",), "refused": ("offered",), "no_reply": ("offered",),
    "undone": ("accepted",), "offer_withdrawn": ("proposed", "nominated", "invited", "attended", *LIVE),
    "no_contact": ("nominated", "invited", "attended", "offered"),
    "outranked": ("proposed",),
}
BY_OUTCOME = {
    "landlord_rejected": "landlord_rejected", "refused": "refused", "withdrew": "withdrew",
    "offer_withdrawn": "offer_withdrawn", "undone": "undone",
}
DUE = {"nominated": "landlord_silent", "invited": "absent", "offered": "no_reply"}


def faults(played: Played) -> list[str]:
    """Every rule that is broken, with the day and what it was about; none in what is right."""
    checker = _Checker(played)
    for cycle in played.cycles:
        checker.cycle(cycle)
    checker.found += bids_wrong(checker.facts, checker.book)
    return checker.found


class _Checker:
    def __init__(self, played: Played) -> None:
        self.book = Folded()
        self.facts = Facts(played.scheme, self.book)
        self.counts = Counts(self.facts, self.book)
        self.above = Above(self.facts, self.book, self.counts)
        self.decisions = Decisions(self.facts, self.book, self.wrong)
        self.found: list[str] = []
        self.on: date | None = None
        self.today: list[Row] = []
        self.beside: dict[str, dict[str, Row]] = {}

    def wrong(self, rule: str, about: Any) -> None:
        """A rule is broken."""
        self.found.append(f"{rule} ({self.on}): {about}")

    def must(self, right: Any, rule: str, about: Any) -> None:
        """A rule holds, or is broken."""
        if not right:
            self.wrong(rule, about)

    # Through a cycle.

    def cycle(self, cycle: Cycle) -> None:
        """Go through a cycle, day by day."""
        self.facts.came(cycle.given, cycle.quarantined)
        self.decisions.unattended = cycle.unattended
        self.on = None
        for place, event in enumerate(cycle.events):
            headless = event["kind"] in ("begun", "cycle_begun", "quarantined") or (
                event["kind"] == "taken_in" and event["why"] == "given")
            if not headless:
                self._until(event["on"])
                self.today.append(event)
                getattr(self, f"_{event['kind']}", lambda _: None)(event)
            self.book.apply(event)
            if place in cycle.lists:
                self.book.listed(cycle.lists[place])
            if event["kind"] in ("advert_opened", "let_to", "letting_undone"):
                self.counts.counted(event)
        self._until(cycle.as_at + timedelta(1))
        self._outcomes_done(cycle)
        for line in differences(self.book, cycle.tables):
            self.wrong("tables are what the events say", line)
        for line in self.counts.wrong():
            self.wrong("the ledger adds up", line)

    def _until(self, day: date) -> None:
        """The days before this one are over."""
        if self.on is None:
            self.on = day
        self.must(day >= self.on, "days follow each other", day)
        while self.on < day:
            self._end_of_day(self.on)
            self.today = []
            self.on += timedelta(1)

    # Offers begin.

    def _offer_proposed(self, event: Row) -> None:
        if event["route"] == "direct":
            self._direct(event)
            return
        self._may_be_offered(event)
        self._those_above(event)
        self._among_equals(event)

    def _direct(self, event: Row) -> None:
        asked = [d for d in self.facts.direct_lets.values()
                 if (d["application"], d["home"]) == (event["application"], event["home"])]
        self.must(asked, "a direct let was asked for", event["offer"])
        for row in asked[-1:]:
            rule = self.facts.scheme["direct_lets"][row["kind"]]
            for name in (rule.get("when"), rule.get("homes"), *rule.get("fit", [])):
                known = self.facts.met(name, event["application"], None, self.on, event["home"])
                self.must(known is True, "a direct let fits", (event["offer"], name))
        self.must(not self.facts.is_let(event["home"]), "a home is let once", event["offer"])
        advertised = [a for a, state in self.book.adverts.items()
                      if state["status"] in ("open", "closed")
                      and event["home"] in self.facts.homes_of(a)]
        self.must(not advertised, "a direct let is of no advertised home", event["offer"])

    def _may_be_offered(self, event: Row) -> None:
        book, facts, on = self.book, self.facts, self.on
        advert, application = event["advert"], event["application"]
        offer, name = {**event, "id": event["offer"]}, event["offer"]
        state = book.adverts[advert]
        self.must(state["status"] in ("closed", "unlet") and not state["rung"],
                  "homes of closed adverts are offered", name)
        listed = [r for r in book.lists[advert] if r["application"] == application]
        place = [(r["position"], r["stage"]) for r in listed]
        self.must(place == [(event["position"], event["stage"])], "as the list has it", (name, place))
        self.must(event["home"] in facts.vacant(advert), "a home is let once", name)
        self.must(event["home"] in self.above.free(advert, on), "so many for each home",
                  (name, [o["step"] for o in book.open_offers(home=event["home"])]))
        best = self.above.best_who_came(advert, event["home"], on)
        self.must(best is None or application in self.above.of(best, on),
                  "once somebody came, only those above are asked", name)
        out = [o["id"] for o in book.offers.values()
               if (o["advert"], o["application"]) == (advert, application) and self._is_out(o)]
        self.must(not out, "nobody is asked again who is out", (name, out))
        over = [p["reason"] for p in book.standing(advert, application)]
        self.must(not over, "nobody is offered what it is passed over for", (name, over))
        active = facts.application(application, on)["status"] == "active"
        self.must(active, "only active households are asked", name)
        if facts.offers["one_at_a_time"]:
            others = [o["id"] for o in book.open_offers(application=application)
                      if o["advert"] != advert]
            self.must(not others, "one offer at a time", (name, others))
        self.must(event["final"] == facts.is_final(advert, application, on), "final offers", name)
        if not self._was_chosen(event):
            self._able(offer, facts.first_step())
        want = self.counts.reserved(advert, on)
        meets = any(facts.met(c, application, advert, on) for c in want)
        self.must(list(event["reserved"]) == (want if meets else []), "a target's homes are reserved",
                  (name, event["reserved"], want))

    def _able(self, offer: Row, before: str) -> None:
        """Criteria asked again hold, and checks due are cleared."""
        steps = ("invited", "offered", "let")
        listed = offer["route"] == "bid"
        for name, last in self.facts.offers["judged_at"].items():
            if listed and steps.index(last) >= steps.index(before):
                known = self.facts.met(name, offer["application"], offer["advert"], self.on)
                self.must(known is True, "criteria asked again are met", (offer["id"], name))
        row = next((r for r in self.book.lists.get(offer["advert"], [])
                    if r["application"] == offer["application"]), {"unknown": ()})
        for name in row["unknown"]:
            if name in self.facts.scheme["criteria"]:  # not a key of the order
                known = self.facts.met(name, offer["application"], offer["advert"], self.on)
                self.must(known is True or (known is False and self._in_a_later_stage(row, name)),
                          "held until it is known", (offer["id"], name))
        for name in self.facts.not_cleared(offer, before, self.on):
            self.wrong("checks due are cleared", (offer["id"], before, name))

    def _in_a_later_stage(self, row: Row, name: str) -> bool:
        """Whether it stood in a stage that asks for this, and its others are too few for the homes."""
        profile = self.facts.scheme["profiles"][self.book.adverts[row["advert"]]["profile"]]
        stages = profile.get("stages", [])
        asks = row["stage"] <= len(stages) and name in stages[row["stage"] - 1].get("eligible", [])
        known = [r for r in self.book.lists[row["advert"]]
                 if r["position"] is not None and r["stage"] == row["stage"] and r["eligible"]]
        stays = stages[row["stage"] - 1].get("next_stage_when") == "no_eligible"
        left = [r for r in known if self.book.open_offers(
            advert=row["advert"], application=r["application"])
            or not self._has_been_asked(row["advert"], r["application"])]
        return asks and not (known and stays) and len(left) < len(self.facts.vacant(row["advert"]))

    def _those_above(self, event: Row) -> None:
        """Whoever stands above was offered, passed over, waits, or is reserved out."""
        book, advert = self.book, event["advert"]
        own = next((r for r in book.lists[advert] if r["application"] == event["application"]), None)
        if own is None:
            return
        chosen = own["tie_group"] if self._was_chosen(event) else None
        waits = 0
        for row in book.lists[advert]:
            above = row["application"]
            if row["position"] is None or row["position"] >= event["position"] or (
                chosen is not None and row["tie_group"] == chosen
            ):
                continue
            if self._is_reserved_out(event, above) or self._has_been_asked(advert, above):
                continue
            if book.waiting(advert, above) or book.open_proposals(
                act="bypass", advert=advert, application=above
            ):
                waits += 1
                continue
            self.wrong("nobody is asked before those above", (event["offer"], above))
        self.must(waits < self._places(advert), "a home waits for who is held",
                  (event["offer"], waits, self._places(advert)))
        if event["stage"] and event["stage"] > 1:
            self._stages(event)

    def _was_chosen(self, event: Row) -> bool:
        return any(
            e["kind"] == "decided" and e["status"] == "approved"
            and (p := self.book.proposals[e["proposal"]])["act"] == "tie"
            and p["advert"] == event["advert"] and event["application"] in p["what"].split(", ")
            for e in self.today
        )

    def _is_reserved_out(self, event: Row, above: str) -> bool:
        return bool(event["reserved"]) and not any(
            self.facts.met(c, above, event["advert"], self.on) for c in event["reserved"])

    def _has_been_asked(self, advert: str, application: str) -> bool:
        offers = [o for o in self.book.offers.values()
                  if (o["advert"], o["application"]) == (advert, application)]
        return bool(self.book.standing(advert, application)) or any(
            self._is_out(o) for o in offers)

    def _is_out(self, offer: Row) -> bool:
        """Whether its household is asked for that advert no more; an offer that is open is one, too."""
        if offer["step"] != "ended":
            return True
        over, stands = ("bypassed", "declined"), self.book.standing(offer["advert"], offer["application"])
        undone_since = (offer["advert"], offer["application"]) in self.decisions.back and not stands
        by_landlord = (offer["ended_by"], offer["reason"]) == ("undone", "landlord")
        return not (offer["ended_by"] in ("not_chosen", "outranked") or by_landlord
                    or (offer["ended_by"] in over and undone_since))

    def _places(self, advert: str) -> int:
        """Places that are free: of homes not let and not on offer, so many for each."""
        return sum(self.above.free(advert, self.on).values())

    def _stages(self, event: Row) -> None:
        profile = self.facts.scheme["profiles"][self.book.adverts[event["advert"]]["profile"]]
        anew = self.facts.offers["order"] == "offer"
        rows = (self.book.lists if anew else self.book.first_lists)[event["advert"]]
        for n, stage in enumerate(profile["stages"][: event["stage"] - 1], 1):
            able = [r for r in rows
                    if r["position"] is not None and r["stage"] == n]
            if stage.get("next_stage_when") == "no_eligible":
                self.must(not able, "the next stage only where nobody was eligible", event["offer"])

    def _among_equals(self, event: Row) -> None:
        """Of equals who are more than the homes left, the one who was named."""
        rows = self.book.lists[event["advert"]]
        own = next((r for r in rows if r["application"] == event["application"]), None)
        if own is None or own["tie_group"] is None or self._was_chosen(event):
            return
        equal = [r["application"] for r in rows if r["tie_group"] == own["tie_group"]
                 and not self._has_been_asked(event["advert"], r["application"])
                 and self._is_free(event["advert"], r["application"])
                 and bool(event["reserved"]) == any(
                     self.facts.met(c, r["application"], event["advert"], self.on)
                     for c in event["reserved"])]
        self.must(len(equal) <= self._places(event["advert"]), "nobody is taken from equals by id",
                  (event["offer"], equal))

    def _is_free(self, advert: str, application: str) -> bool:
        """Active, not under offer elsewhere, and nothing asked again stands against it."""
        facts, on = self.facts, self.on
        elsewhere = facts.offers["one_at_a_time"] and any(
            o["advert"] != advert for o in self.book.open_offers(application=application))
        row = next(r for r in self.book.lists[advert] if r["application"] == application)
        place = {"advert": advert, "application": application, "final": False,
                 "home": None, "landlord": facts.adverts[advert].get("landlord")}
        return (
            facts.application(application, on)["status"] == "active" and not elsewhere
            and row["eligible"] is True and not self._took_back(advert, application)
            and all(facts.met(n, application, advert, on) for n in facts.offers["judged_at"])
            and not facts.not_cleared(place, facts.first_step(), on)
            and not facts.is_final(advert, application, on)
            and not any(f.get("may_not") == "be_listed" for f in
                        facts.scheme.get("bidding", {}).get("frozen", {}).values())
        )

    def _took_back(self, advert: str, application: str) -> bool:
        """Whether a household withdrew its bids, by that day."""
        gone = [row["withdrawn_at"] for (of, who, _), row in self.facts.bids.items()
                if (of, who) == (advert, application)]
        return bool(gone) and all(at is not None and london_day(at) <= self.on for at in gone)

    # Offers go on and end.

    def _offer_moved(self, event: Row) -> None:
        facts, offer, step = self.facts, self.book.offers[event["offer"]], event["step"]
        name, was = offer["id"], offer["step"]
        self.must(was in BEFORE[step], "steps follow each other", (name, was, step))
        if was == "proposed":
            self.decisions.was_approved(offer)
            self._able(offer, facts.first_step() if offer["route"] == "bid" else "offered")
        named = offer["route"] == "bid" and facts.nominated(offer["landlord"])
        viewed = offer["route"] == "bid" and facts.offers.get("viewing") is not None
        self.must((step == "nominated") == (named and was == "proposed"), "landlords are asked first",
                  (name, was, step))
        if step == "offered" and viewed:
            self.must(offer["viewed_on"] is not None, "a home is viewed before it is offered", name)
        if step == "invited":
            self.must(viewed, "viewing only where the scheme has it", name)
        if step == "offered" and was == "attended":
            self._able(offer, "offered")
            self._highest_who_came(offer)
        if step == "offered" and offer["route"] == "bid":
            self._nobody_above_waits(offer)
        if step in LIVE:
            beside = [o["id"] for o in self.book.open_offers(home=offer["home"])
                      if o["step"] in LIVE and o["id"] != name]
            self.must(not beside, "a home is on offer to one alone", (name, beside))
            others = [o["id"] for o in self.book.open_offers(application=offer["application"])
                      if o["step"] in LIVE and o["id"] != name]
            self.must(not others or not facts.offers["one_at_a_time"], "one live offer", (name, others))
        if step == "accepted":
            self._by_outcome(event, "accepted")
            self.must(not facts.is_let(offer["home"]), "a home is let once", name)
            review = bool(facts.outcomes[event["outcome"]].get("review_requested"))
            self.must(event["under_review"] == review, "a review is asked for", name)
        self.must(event["due_on"] == self._due(offer, step), "days to answer", (name, event["due_on"]))

    def _due(self, offer: Row, step: str) -> date | None:
        facts = self.facts
        if step == "nominated":
            own = facts.scheme["landlords"].get(offer["landlord"], {}).get("answer")
            return last_day(own or facts.scheme["nominations"].get("answer"), self.on)
        if step == "invited":
            return last_day(facts.offers["viewing"].get("within"), self.on)
        if step == "offered":
            return last_day(facts.offers.get("answer"), self.on, offer["viewed_on"])
        return None

    def _nobody_above_waits(self, offer: Row) -> None:
        """A home is left for each who is held above, and nobody above is on the way to this one."""
        above = self.above.of(offer, self.on)
        held = above & self.above.undecided(offer["advert"])
        self.must(len(held) <= self.above.homes_left(offer), "a home is kept for who is held",
                  (offer["id"], sorted(held)))
        on_the_way = ("proposed", "nominated" if offer["step"] == "attended" else "attended")
        ahead = [o["id"] for o in self.book.open_offers(advert=offer["advert"], home=offer["home"])
                 if o["application"] in above and o["step"] in on_the_way
                 and (o["step"] == "attended" or self.above.is_awaited(o, self.on))]
        self.must(not ahead, "those above come first", (offer["id"], ahead))

    def _highest_who_came(self, offer: Row) -> None:
        book = self.book
        beside = [o for o in book.open_offers(home=offer["home"]) if o["id"] != offer["id"]]
        going = [o["id"] for o in beside if o["step"] == "proposed" or (
            o["step"] == "invited" and (o["due_on"] is None or o["due_on"] >= self.on))]
        chosen = self._was_chosen(offer)
        self.must(not going or chosen, "all have come, or the time is over", (offer["id"], going))
        rows = {r["application"]: r for r in book.lists[offer["advert"]]}
        own = rows.get(offer["application"], {}).get("tie_group")
        above = self.above.of(offer, self.on)
        for other in beside:
            if other["step"] != "attended" or other["advert"] != offer["advert"]:
                continue
            equal = own is not None and rows.get(other["application"], {}).get("tie_group") == own
            equal = equal and offer["application"] not in self.above.of(other, self.on)
            self.must(other["application"] not in above and (chosen or not equal),
                      "the highest of those who came", (offer["id"], other["id"]))

    def _by_outcome(self, event: Row, what: str) -> None:
        row = self.facts.outcomes.get(event["outcome"], {})
        self.must((row.get("what"), row.get("on")) == (what, self.on), "as somebody said",
                  (event.get("offer"), what, event["outcome"]))

    def _offer_ended(self, event: Row) -> None:
        offer = self.book.offers[event["offer"]]
        self.must(offer["step"] not in OVER, "what has ended stays so", event["offer"])
        allowed = ENDS_FROM.get(event["by"])
        self.must(allowed is None or offer["step"] in allowed, "how an offer ends",
                  (event["offer"], offer["step"], event["by"]))
        if event["by"] in BY_OUTCOME:
            self._by_outcome(event, BY_OUTCOME[event["by"]])
        if event["by"] == "outranked":
            back = any(e["kind"] == "passing_over_ended" and e["outcome"] is not None
                       and e["advert"] == offer["advert"] for e in self.today)
            stopped = any(e["kind"] == "passed_over" and e["why"] in ("rule", "criterion")
                          and (e["advert"], e["application"]) == (offer["advert"], offer["application"])
                          for e in self.today)
            self.must((back or stopped or self.facts.offers["order"] == "offer")
                      and self._waits_for_approval(offer),
                      "what is approved does not give way", event["offer"])

    def _let_to(self, event: Row) -> None:
        offer = self.book.offers[event["offer"]]
        name = offer["id"]
        self.beside[name] = self._open_beside(event)
        self._by_outcome(event, "signed")
        self.decisions.was_approved(offer)
        self.must(offer["step"] == "accepted", "steps follow each other", (name, offer["step"], "let"))
        self.must(not self.facts.is_let(offer["home"]), "a home is let once", name)
        for check, (state, _) in self.facts.not_cleared(offer, "let", self.on).items():
            stands = not self.facts.scheme["checks"][check].get("must_pass") and any(
                p["status"] == "declined" and p["what"] == check and p["offer"] == name
                for p in self.book.proposals.values())
            self.must(stands, "nothing is let past a check", (name, check, state))
        held = self.facts.application(offer["application"], self.on)
        for column in ("band", "priority_date", "registered_on", "bedroom_need"):
            self.must(event[column] == held.get(column), "a letting says how it stood", (name, column))

    def _open_beside(self, event: Row) -> dict[str, Row]:
        """What hangs on a letting: other offers of its tenants or of its home, what is waited for."""
        offer = self.book.offers[event["offer"]]
        tenants = {offer["application"], *event["shares_tenant"]}
        found = {o["id"]: o for t in tenants for o in self.book.open_offers(application=t)}
        found |= {o["id"]: o for o in self.book.open_offers(home=offer["home"])}
        found.pop(offer["id"], None)
        found |= {p["id"]: p for t in tenants for act in ("bypass", "offer", "direct_let")
                  for p in self.book.open_proposals(act=act, application=t)}
        return found | {
            f"{h['advert'] or h['offer']}: {h['reason']}": h for h in self.book.holds
            if h["ended_on"] is None and h["application"] in tenants}

    # Passing over, holds, proposals.

    def _passed_over(self, event: Row) -> None:
        self.decisions.passed_over(event)
        if event["why"] == "criterion":
            known = self.facts.met(event["reason"], event["application"], event["advert"], self.on)
            self.must(known is False or (known is None and event["reason"] in self.facts.offers[
                "judged_at"]), "passed over by what is not met", (event["advert"], event["application"],
                                                                  event["reason"]))
        if event["reason"] == "not_active":
            status = self.facts.application(event["application"], self.on)["status"]
            self.must(status != "active", "passed over by what is so", (event["application"], status))

    def _held_for(self, event: Row) -> None:
        if event["reason"] in self.facts.scheme["checks"]:
            until = self.facts.hold_until(event["reason"], self.on)
            declined = any(
                (p["status"], p["what"], p["advert"], p["application"]) == (
                    "declined", event["reason"], event["advert"], event["application"])
                for p in self.book.proposals.values())
            self.must(event["until"] == until or (declined and event["until"] is None),
                      "how long a home waits", (event["advert"], event["application"],
                                                event["reason"], event["until"], until))
        else:
            known = self.facts.met(event["reason"], event["application"], event["advert"], self.on)
            self.must(known is None, "held for what is not known",
                      (event["advert"], event["application"], event["reason"]))

    def _proposed(self, event: Row) -> None:
        self.decisions.proposed(event, self.today, self.on)

    def _decided(self, event: Row) -> None:
        self.decisions.decided(event)

    def _refusal_judged(self, event: Row) -> None:
        if event["outcome"] is not None:
            self.decisions.judged_anew(event, self.on)

    def _consequence_lifted(self, event: Row) -> None:
        self.decisions.lifted(event, self.on)

    def _passing_over_ended(self, event: Row) -> None:
        self.decisions.back_on_the_list(event, self.on)

    def _consequence_begun(self, event: Row) -> None:
        self.decisions.consequence(event)

    def _duty_may_end(self, event: Row) -> None:
        self.decisions.acted("duty_may_end", event, offer=event["offer"])

    def _rung_taken(self, event: Row) -> None:
        self.decisions.acted("rung", event, advert=event["advert"])

    def _advert_opened(self, event: Row) -> None:
        facts, advert = self.facts, event["advert"]
        row = facts.adverts[advert]
        self.must(london_day(row["opens_at"]) <= self.on, "opens on its day", advert)
        self.must(event["homes"] == len(facts.vacant(advert)) > 0, "homes not let", advert)
        for other, state in self.book.adverts.items():
            if other != advert and state["status"] in ("open", "closed"):
                self.must(not set(facts.vacant(advert)) & set(facts.homes_of(other)),
                          "a home is in one open advert", (advert, other))
        for home in facts.vacant(advert):
            its = facts.homes[home]
            for column in ("bedrooms", "landlord"):
                both = row.get(column), its.get(column)
                self.must(None in both or both[0] == both[1], "an advert agrees with its home",
                          (advert, column))
        self.must(event["profile"] == self.counts.profile(advert, self.on, event["homes"]), "quotas choose the profile",
                  (advert, event["profile"], self.counts.profile(advert, self.on, event["homes"])))

    def _advert_closed(self, event: Row) -> None:
        closes = london_day(self.facts.adverts[event["advert"]]["closes_at"])
        self.must(closes <= self.on, "closes on its day", event["advert"])
        self.must(self.book.adverts[event["advert"]]["status"] == "open", "closes once", event["advert"])
        for line in barred_wrong(self.facts, self.book, event["advert"]):
            self.wrong("bids that may not count", (event["advert"], line))

    def _advert_corrected(self, event: Row) -> None:
        advert = self.facts.adverts[event["advert"]]
        said = advert.get("corrected_at")
        if said is None or london_day(said) != self.on:
            advert["corrected_at"] = at(self.on, 24)  # as somebody said: every bid of the day

    # When a day is over.

    def _end_of_day(self, day: date) -> None:
        self._deadlines(day)
        self._let_that_day(day)
        self._under_offer(day)
        for advert in sorted(self.book.lists):
            self._somebody_is_next(advert, day)
            self._visitors_are_offered(advert, day)
            self._proposals_lead(advert, day)
        self.decisions.end_of_day(self.today, day)

    def _visitors_are_offered(self, advert: str, day: date) -> None:
        """Nobody who came waits for a home that is kept for nobody."""
        book, above = self.book, self.above
        undecided = above.undecided(advert)
        for home in self.facts.vacant(advert):
            best, here = above.best_who_came(advert, home, day), book.open_offers(home=home)
            if best is None or any(o["step"] in LIVE or above.is_awaited(o, day) for o in here):
                continue
            own = [*book.waiting(advert, best["application"]),
                   *book.open_proposals(act="bypass", offer=best["id"])]
            elsewhere = self.facts.offers["one_at_a_time"] and any(
                o["step"] in LIVE for o in book.open_offers(application=best["application"]))
            waits = own or elsewhere or book.open_proposals(act="tie", advert=advert)
            self.must(waits or undecided & above.of(best, day), "who came is offered the home",
                      best["id"])

    def _proposals_lead(self, advert: str, day: date) -> None:
        """Ranked on the day: nobody free stands above a proposal that nobody approved yet."""
        if self.facts.offers["order"] != "offer" or not self.facts.vacant(advert):
            return
        for offer in self.book.open_offers(advert=advert, step="proposed"):
            # One of the day itself leads as it was made.
            if offer["proposed_on"] == day or not self._waits_for_approval(offer):
                continue
            above = self.above.of(offer, day)
            best = self.above.best_who_came(advert, offer["home"], day)
            if best is not None:
                above &= self.above.of(best, day)
            could = [a for a in above if not self._has_been_asked(advert, a) and self._is_free(advert, a)]
            self.must(len(could) <= self._places(advert), "a proposal leads its list",
                      (offer["id"], could))

    def _waits_for_approval(self, offer: Row) -> bool:
        return bool(self.book.open_proposals(act="offer", offer=offer["id"]))

    def _deadlines(self, day: date) -> None:
        for offer in self.book.open_offers():
            if offer["due_on"] is None or offer["due_on"] >= day or offer["step"] not in DUE:
                continue
            asked = [p for p in self.book.proposals.values()
                     if (p["offer"], p["what"]) == (offer["id"], DUE[offer["step"]])
                     and p["on"] > offer["due_on"]]
            self.must(asked and asked[0]["status"] != "lapsed", "a deadline is over",
                      (offer["id"], offer["step"], offer["due_on"]))
        for hold in self.book.holds:
            if hold["ended_on"] is None and hold["until"] is not None:
                self.must(hold["until"] >= day, "a hold is over", hold)

    def _let_that_day(self, day: date) -> None:
        for event in self.today:
            if event["kind"] != "let_to" or self.book.lettings[event["offer"]]["undone_on"] is not None:
                continue
            offer = self.book.offers[event["offer"]]
            tenants = {offer["application"], *event["shares_tenant"]}
            identity = {p["identity"] for p in self.facts.people
                        if p["application"] == offer["application"]}
            sharing = {p["application"] for p in self.facts.people if p["identity"] in identity}
            self.must(tenants == sharing | {offer["application"]}, "whoever shares a tenant",
                      (offer["id"], tenants))
            left = [name for name, its in self.beside[event["offer"]].items()
                    if its.get("status") == "open" or its.get("step", "ended") not in OVER
                    or ("until" in its and its["ended_on"] is None)]
            self.must(not left, "a letting ends the other offers", (offer["id"], left))

    def _under_offer(self, day: date) -> None:
        for event in self.today:
            if event["kind"] != "passed_over" or event["reason"] != "under_offer":
                continue
            rules = self.facts.scheme.get("bidding", {}).get("frozen", {}).values()
            if any(rule["may_not"] == "be_listed" for rule in rules):
                continue
            began = [e for e in self.today if e["kind"] == "offer_proposed"
                     and e["application"] == event["application"]]
            was = [o for o in self.book.offers.values()
                   if o["application"] == event["application"] and o["advert"] != event["advert"]
                   and (o["step"] not in OVER or o["ended_on"] == day or
                        self.book.lettings.get(o["id"], {}).get("signed_on") == day)]
            self.must(self.facts.offers["one_at_a_time"] and (began or was),
                      "passed over by what is so", (event["advert"], event["application"]))

    def _somebody_is_next(self, advert: str, day: date) -> None:
        """No home is left waiting for nobody while a household on its list could have it."""
        state = self.book.adverts[advert]
        if state["status"] not in ("closed", "unlet") or state["rung"]:
            return
        anew = [a for a, s in self.book.adverts.items()
                if a != advert and set(self.facts.homes_of(a)) & set(self.facts.homes_of(advert))
                and (s["status"] in ("open", "closed") or (s["status"] in ("let", "unlet")
                     and self.book.opened_on[a] >= state["closed_on"]))]
        if state["status"] == "unlet" and anew:
            return
        wanted = self.above.wanted(advert, day)
        waiting = {a for a in self.above.undecided(advert) if wanted is None or a in wanted}
        ties = self.book.open_proposals(act="tie", advert=advert)
        if ties or len(waiting) >= self._places(advert):
            return
        going = waiting | {o["application"] for o in self.book.open_offers(advert=advert)}
        blocked = self._blocked_stages(advert) if not going else range(2, 10)
        behind = self.counts.reserved(advert, day)

        def meets(household: str) -> bool:
            return any(self.facts.met(c, household, advert, day) for c in behind)

        could = [r["application"] for r in self.book.lists[advert]
                 if r["position"] is not None and r["stage"] not in blocked
                 and r["application"] not in waiting and (wanted is None or r["application"] in wanted)
                 and not (behind and going and not meets(r["application"]))
                 and not self._has_been_asked(advert, r["application"])
                 and self._is_free(advert, r["application"])]
        self.must(not could, "whoever is next is asked", (advert, could))

    def _blocked_stages(self, advert: str) -> set[int]:
        """Stages that nobody asks."""
        profile = self.facts.scheme["profiles"].get(self.book.adverts[advert]["profile"], {})
        blocked: set[int] = set()
        stages = profile.get("stages", [])
        for n, stage in enumerate(stages, 1):
            able = any(r["position"] is not None and r["stage"] == n for r in self.book.lists[advert])
            if stage.get("next_stage_when") == "no_eligible" and able:
                blocked |= set(range(n + 1, len(stages) + 1))
        return blocked

    # When a cycle is over.

    def _outcomes_done(self, cycle: Cycle) -> None:
        named: dict[str, list[Row]] = defaultdict(list)
        for event in cycle.events:
            if event["kind"] != "quarantined" and event.get("outcome") is not None:
                named[event["outcome"]].append(event)
        for row in cycle.given.get("outcomes", []):
            self.decisions.outcome_done(row, named[row["id"]], cycle)
