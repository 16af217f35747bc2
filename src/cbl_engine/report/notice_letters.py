"""What letters on bids and offers say, by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.offers.checks import NEUTRAL
from cbl_engine.offers.decisions import DISCRETION, SILENCES
from cbl_engine.offers.desk import london_day
from cbl_engine.offers.lines import LANDLORD
from cbl_engine.offers.standing import NOT_ACTIVE, UNDER_OFFER, WITHDRAWN
from cbl_engine.report.letter import BLANK
from cbl_engine.report.notice_case import Case, Row, home_called, the_home, what_refusals_lead_to
from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.law import bid_criteria, clocks_of_law, final_offer_law
from cbl_engine.scheme.offers_words import within_in_words
from cbl_engine.scheme.words import capital, day, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.scheme import Scheme

_RULES = {
    NOT_ACTIVE: "Your application was not active on that day.",
    WITHDRAWN: "You had withdrawn your bid.",
    UNDER_OFFER: "You were under consideration for another home on that day.",
}
_ENDS = {
    "landlord_rejected": "The landlord did not accept your nomination. "
    + BLANK.format("the landlord's reasons"),
    "landlord_silent": "The landlord gave no answer in the time allowed.",
    "absent": "We have no record that you came to view the home in the time allowed.",
    "no_reply": "We had no answer from you in the time allowed.",
    "no_contact": "We tried to reach you and could not.",
}


@dataclass(frozen=True)
class Said:
    """What a letter says of its own: the head, the rights and the signature are every letter's.

    ``review`` stands in place of the rights of a decision on an allocation, where it is none.
    """

    title: str
    decision: tuple[str, ...]
    adverse: tuple[str, ...]
    sections: tuple[Section | None, ...]
    next: tuple[Line, ...]
    review: Section | None = None


def _offer(case: Case) -> Said:
    offer = case.offer()
    home, final = case.home(offer), bool(offer["final"])
    decision = f"We offer you {home_called(home)}."
    return Said(
        "A final offer of a home" if final else "An offer of a home",
        (decision, *(("This is a final offer.",) if final else ())), (),
        (
            the_home(home, whole=True),
            Section("What to do, and by when", items=tuple(_answer(case, offer))),
            Section("If you refuse", items=tuple(_if_refused(case))),
            _final(case) if final else None,
        ),
        (*case.automated("offer", "direct_let", offer=offer["id"]),
         Line("If you accept, we ask you to sign the tenancy. "
              + BLANK.format("day, place and what to bring"))),
    )


def _viewing(case: Case) -> Said:
    offer = case.offer()
    home = case.home(offer)
    rule = case.offers.viewing if case.offers is not None else None
    by = (f"by {day(offer['due_on'])}" if offer["due_on"] is not None
          else BLANK.format("by which day, if one is set"))
    return Said(
        "You are invited to view a home", (f"We invite you to view {home_called(home)}.",), (),
        (
            the_home(home, whole=True),
            Section("What to do, and by when", items=(
                Line(sentence(f"Come to view it {by}"),
                     source=rule.source if rule is not None else None,
                     ours=rule.illustrative if rule is not None else False),
                Line(f"Appointment: {BLANK.format('day, time and meeting place')}"),
                Line("If you cannot come, or need something so that you can, tell us before."),
                Line("If you do not come in time, an officer decides whether you are passed over for "
                     "this home."),
            )),
        ),
        (*case.automated("offer", offer=offer["id"]),
         Line("This is no offer yet. Who else is invited and stands higher on the list is offered "
              "the home first.")),
    )


def _warning(case: Case) -> Said:
    home = case.home()
    return Said(
        "What a final offer of a home means",
        (f"We may offer you {home_called(home)}. If we do, it is a final offer.",), (),
        (the_home(home, whole=True),
         Section("If you refuse", items=tuple(_if_refused(case))), _final(case)),
        (Line("This is no offer yet. If we make it, we write to you again and say by when to "
              "answer."),),
    )


def _answer(case: Case, offer: Row) -> Iterator[Line]:
    rules = case.offers
    within = rules.answer if rules is not None else None
    source, ours = (within.source, within.illustrative) if within is not None else (None, False)
    if offer["step"] == "offered" and offer["due_on"] is not None:
        by = f"by {day(offer['due_on'])}"
    elif within is not None:
        by = f"within {within_in_words(within)}: {BLANK.format('last day to answer')}"
    else:
        by = BLANK.format("by which day, if one is set")
    yield Line(sentence(f"Tell us whether you accept or refuse this home, {by}"), source=source, ours=ours)
    yield Line(f"How to answer: {BLANK.format('how to answer')}")
    yield Line("If you refuse, tell us why.")
    if rules is None or within is None:
        return
    yield Line("No answer by then counts as a refusal." if rules.silence == "refused" else
               "With no answer by then, an officer decides whether the home is offered to "
               "somebody else.", source=rules.source)


def _if_refused(case: Case) -> Iterator[Line]:
    rules = case.offers
    reasons = rules.reasons if rules is not None else {}
    if reasons:
        yield Line("A refusal for one of these reasons does not count:",
                   source=rules.source if rules is not None else None,
                   under=tuple(Line(sentence(text)) for text in reasons.values()))
    yield Line(f"Of a refusal {'for any other reason' if reasons else ''}".rstrip()
               + " an officer decides whether it counts.")
    yield from what_refusals_lead_to(case)


def _final(case: Case) -> Section:
    """The warning in writing without which no refusal of a final offer ends a duty."""
    law, rule = final_offer_law(), case.offers.final if case.offers is not None else None
    kinds = rule.duties if rule is not None else ()
    running = {
        str(d["kind"]) for d in case.rows("duties")
        if d["kind"] in kinds and ((since := d.get("since")) is None or since <= case.on)
        and ((until := d.get("until")) is None or until > case.on)
    }
    lines = []
    for kind in sorted(running) or kinds:
        told = law.notices_on(case.on, kind)
        lines += [Line(n.label, source=law.citation(n)) for n in told] or [Line(BLANK.format(
            f"under which section this is a final offer, and what a refusal does to the {kind} duty"))]
    lines += [Line(n.label, source=law.citation(n)) for n in law.notices_on(case.on, None)]
    lines += _by_when(case, "are told of this offer.")
    lines.append(Line("We are satisfied that the home is suitable for you: "
                      + BLANK.format("day of the record of suitability, and the officer who made it")))
    lines.append(Line("An officer decides whether a refusal ends a duty, and writes to you again."))
    lines += [
        Line(BLANK.format(
            f"whether this final offer may be made: that the refusal of offer {found['offer']} may end the "
            f"{found['what']} duty was proposed on {day(found['on'])} and is {found['status']}"))
        for found in case.rows("proposals", act="duty_may_end")
        if found["status"] in ("open", "approved") and found["what"] in (running or kinds)
    ]
    return Section("What a final offer means", items=tuple(lines))


def _by_when(case: Case, told: str) -> list[Line]:
    """By when a review of the suitability of a home that was a final offer must be asked for."""
    clock = clocks_of_law().decisions_on(case.on).get("homelessness_decision")
    return [] if clock is None else [Line(
        f"Ask for that review before the end of {clock.days} days, beginning with the day on which you "
        + told, source=clocks_of_law().citations()["homelessness_decision"])]


def _withdrawn(case: Case) -> Said:
    offer, rules = case.offer(), case.offers
    undone = offer["ended_by"] == "undone"
    if undone:
        title, what = "The letting of a home fell through", "letting"
        decision = "the letting of the home below fell through: it is not let to you."
    elif offer["offered_on"] is not None:
        title, what = "Our offer of a home is withdrawn", "offer"
        accepted = ", which you had accepted," if offer["answered_on"] is not None else ""
        decision = f"our offer of the home below{accepted} was withdrawn."
    else:
        title, what = "Our invitation to view a home is withdrawn", "invitation"
        decision = "our invitation to view the home below was withdrawn."
    again = ("You stay on the list for this home." if undone and offer["reason"] == LANDLORD else
             "This is about this home. Whether you are offered another is asked for each home anew.")
    return Said(
        title, (f"On {day(case.on)} {decision}",), (f"{what} {'fell through' if undone else 'withdrawn'}",),
        (the_home(case.home(offer)), Section("Why", items=(
            Line("It has to be settled with you first who is on your application."
                 if offer["ended_by"] == "members_unsettled" else
                 BLANK.format(f"why the {what} {'fell through' if undone else 'is withdrawn'}, "
                              "and who decided it"), source=rules.source if rules is not None else None),))),
        (Line("It does not count as a refusal of yours."), Line(again)),
    )


def _passed_over(case: Case) -> Said:
    due = case.due
    offer = case.offer() if due["offer"] is not None else None
    reason, standing = _why_passed_over(case)
    told = (f"On {day(case.on)} you were passed over for the home below: it is not offered to you."
            if offer is None else
            f"Since {day(case.on)} the home below is no longer meant for you.")
    acts = {"advert": due["advert"]} if due["advert"] is not None else {"offer": due["offer"]}
    back = "While this lasts you are passed over for this home." if standing else (
        "This is about this home.")
    return Said(
        "Why you were passed over for a home", (told,), ("passed over",),
        (the_home(case.home(offer)), Section("Why", items=(reason,))),
        (*case.automated("bypass", **acts),
         Line(f"{back} Whether you are offered another is asked for each home anew.")),
    )


def _why_passed_over(case: Case) -> tuple[Line, bool]:
    """The reason with its clause, and whether it ends when what it rests on ends."""
    due, version = case.due, case.version
    name, kind = str(due["what"]), "officer"
    if due["offer"] is None:
        kind = [str(p["kind"]) for p in case.rows("passed_over", advert=due["advert"])
                if p["until"] is None][-1]
    elif name == "bypassed":
        asked = [p["what"] for p in case.rows("proposals", act="bypass", offer=due["offer"])
                 if p["status"] == "approved"]
        name, kind = (str(asked[-1]), "check") if asked else (name, kind)
    lasting = kind in ("rule", "criterion") and not case.rows(
        "offers", advert=due["advert"], ended_by="bypassed")
    if name == NEUTRAL or (kind == "check" and name not in _told_checks(case.scheme)):
        return Line(f"{capital(NEUTRAL)}. Some reasons are held by officers alone; this wording is "
                    "the same for all of them."), False
    rules = case.offers
    if name in version.checks:
        check = version.checks[name]
        return Line(f"{check.label}: not passed, or not there in time.", source=check.source,
                    ours=check.illustrative), lasting
    criterion = bid_criteria(version).get(name)
    if criterion is not None:
        return Line(f"{criterion.label}: not met, or not known in time.", source=criterion.source,
                    ours=criterion.illustrative), lasting
    source = rules.source if rules is not None else None
    if name == NOT_ACTIVE and (let_on := case.let_on()) is not None:
        return Line(f"Another home had been let to you, on {day(let_on)}.", source=source), lasting
    if name == NOT_ACTIVE and case.shares_a_tenant():
        return Line("It has to be settled with you first who is on your application.",
                    source=source), lasting
    if name in _RULES or name in _ENDS:
        return Line((_RULES | _ENDS)[name], source=source), lasting
    if rules is not None and name in rules.passing_over:
        return Line(f"An officer decided: {rules.passing_over[name]}.", source=source), lasting
    if rules is not None and name == DISCRETION and rules.discretion is not None:
        return Line(f"An officer decided in exceptional circumstances: {sentence(rules.discretion)} "
                    + BLANK.format("the circumstances, as far as they may be told"),
                    source=source), lasting
    return Line(BLANK.format("the reason and the clause of the scheme")), lasting


def _told_checks(scheme: Scheme) -> frozenset[str]:
    """Checks that are not for officers alone in any version; one that no version knows is none."""
    kinds = [(n, c.officer_held) for v in scheme.versions for n, c in v.checks.items()]
    held = {name for name, officers in kinds if officers}
    return frozenset(name for name, _ in kinds if name not in held)


def _refusal(case: Case) -> Said:
    offer = case.offer()
    silent = offer["ended_by"] in SILENCES
    refused_on = offer["ended_on"] or case.on
    how = (f"You did not answer our offer in time; it ended on {day(refused_on)}." if silent else
           f"You refused the home on {day(refused_on)}. "
           + BLANK.format("the reason given, and why it is not a good one"))
    counts = ("That you gave no answer to our offer counts as a refusal under our scheme." if silent
              else "Your refusal of the home below counts under our scheme.")
    rules = case.offers
    why = [Line(how, source=rules.source if rules is not None else None)]
    if rules is not None and rules.reasons and not silent:
        why.append(Line("Good reasons for a refusal under our scheme are these:",
                        under=tuple(Line(sentence(t)) for t in rules.reasons.values())))
    return Said(
        "Your refusal of a home counts",
        (counts,),
        ("refusal counts",),
        (the_home(case.home(offer)), Section("Why", items=tuple(why)),
         Section("What refusals lead to", items=tuple(what_refusals_lead_to(case)))),
        (Line("Nothing follows from this by itself: whatever is proposed because of refusals is "
              "decided by an officer, and we write to you again."),),
    )


def _duty_may_end(case: Case) -> Said:
    kind = case.due["what"]
    offer, law = case.offer(), final_offer_law()
    return Said(
        "A duty to you may end",
        (f"An officer has found that your refusal of a final offer may end our {kind} duty to you.",
         "The duty has not ended by this letter."),
        ("duty may end",),
        (the_home(case.home(offer)), Section("Why", items=(
            Line(f"The home was a final offer ({offer['id']}) and was "
                 + ("not answered" if offer["ended_by"] in SILENCES else "refused")
                 + (f" on {day(offer['ended_on'])}." if offer["ended_on"] else ".")),
            Line(BLANK.format("the officer's grounds"))))),
        (Line("If we decide that the duty ends, a notice of its own in writing will say so, with the "
              "reasons and your right to a review of that decision.",
              source="Housing Act 1996, sections 193 to 193C and 202"),
         Line("Until then the duty goes on, and so does any temporary accommodation under it.")),
        Section("If you think the home was not suitable", items=(
            *(Line(n.label, source=law.citation(n)) for n in law.notices_on(case.on, None)),
            *_by_when(case, "were told of the offer; this letter does not begin that time anew. "
                      + BLANK.format("the last day of it, and whether a review has been asked for")),
        )),
    )


def _void_bid(case: Case) -> Said:
    home = case.home()
    closes = [a["closes_at"] for a in case.record.tables["adverts"].filter(
        pl.col("id").cast(pl.String) == case.due["advert"]).to_dicts()]
    until = london_day(closes[0]) if closes and closes[0] is not None else None
    is_open = until is not None and case.record.as_at is not None and until > case.record.as_at
    again = (f"The advert closes on {day(until)}. If you still want the home, bid again before then."
             if is_open and until is not None else "The advert has closed.")
    return Said(
        "Your bid no longer counts",
        ("Your bid for the home below no longer counts: the advert was put right after you had bid.",),
        ("bid void",),
        (the_home(home), Section("Why", items=(
            Line("Bids placed before an advert is put right are void, whoever placed them. "
                 + BLANK.format("what was wrong and what is right")),))),
        (Line(again), Line("A bid that is void takes none of the bids you may have standing.")),
    )


def _automatic_bid(case: Case) -> Said:
    rule = case.version.bidding.automatic if case.version.bidding is not None else None
    return Said(
        "We placed a bid for you",
        (f"On {day(case.on)} a bid for the home below was placed for you, by our system.",), (),
        (the_home(case.home()), Section("Why", items=(
            Line(rule.label if rule is not None else BLANK.format("the rule on automatic bids"),
                 source=rule.source if rule is not None else None,
                 ours=rule.illustrative if rule is not None else False),
            Line("No bid of your own counted in this round of adverts, and the home suits what we "
                 "know of your needs and wishes.")))),
        (Line("It counts as a bid of your own would. If you are offered the home, we tell you by "
              "when to answer and what follows if you refuse."),
         Line("If the home is not for you, or your wishes have changed, tell us.")),
    )


LETTERS = {
    "warning": _warning, "viewing": _viewing, "offer": _offer, "withdrawn": _withdrawn,
    "passed_over": _passed_over, "refusal": _refusal, "duty_may_end": _duty_may_end,
    "void_bid": _void_bid, "automatic_bid": _automatic_bid,
}
