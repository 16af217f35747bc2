"""The rules of bidding and of adverts in plain English."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.words import amount, day, listed, quoted, sentence, share_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.scheme.advertising import Advertising, Quota, Rung
    from cbl_engine.scheme.bidding import (
        AutomaticBids,
        Cap,
        Choice,
        Cycle,
        Duty,
        Frozen,
        Moment,
        Window,
    )
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.parts import Labelled

WHOSE = {
    "own": "the household bids for itself",
    "none": "it may not bid",
    "council": "only the council bids for it",
    "automatic": "it bids for itself, and the engine bids for it in a cycle in which it has not",
}
PER = {
    "cycle": "on adverts that close in the same cycle",
    "live": "at any one moment, on adverts that have not closed",
}
WITHDRAWN = {
    "free": "A bid that is withdrawn may be placed elsewhere.",
    "spent": "A bid that is withdrawn still counts.",
}
WHILE = {
    "first": "from standing first when a list closes until that is settled",
    "invited": "from the invitation to view until the offer has ended",
    "offered": "from the offer of a home until the offer has ended",
    "accepted": "from accepting an offer until it has ended",
}
MAY_NOT = {
    "bid": "new bids do not count",
    "be_listed": "new bids do not count, and no other home is offered to it",
}
STEPS_OF_LADDER = {
    "readvertise": "it is advertised again as it was",
    "widen": "it is advertised for more households, as {profile}",
    "first_come": "it is advertised first come, first served, as {profile}",
    "direct_let": "it leaves bidding, for a direct let",
    "change_designation": "it leaves bidding, to be let for another purpose",
    "landlord": "it leaves bidding, and goes back to its landlord",
}
UNLET = {
    "no_bids": "nobody bid",
    "no_eligible": "nobody who bid was eligible",
    "exhausted": "everyone on the list was passed over or refused",
    "withdrawn": "the advert was withdrawn",
}


def bidding_section(version: SchemeVersion) -> Section | None:
    """Who may bid, how often and when, or None when the scheme says nothing of it."""
    rules = version.bidding
    if rules is None:
        return None
    lines = [_cycle(rules.cycle)]
    lines += [_window(rules.window)] if rules.window is not None else []
    lines += [_cap(cap, version) for cap in rules.caps.values()]
    if rules.choice:
        under = tuple(_choice(choice, version) for choice in rules.choice.values())
        lines.append(Line("How a household bids is said by the first of these that applies to it. "
                          "Whoever none applies to bids for itself.", under=under))
    lines += [_automatic(rules.automatic, version)] if rules.automatic is not None else []
    lines += [_frozen(frozen) for frozen in rules.frozen.values()]
    lines += [_duty(duty, version) for duty in rules.duties.values()]
    return Section(
        "How bids are placed",
        (Line("A bid that breaks one of these rules is set aside under the rule's name; each is "
              "judged as things stood when it was placed."),),
        tuple(lines),
    )


def advertising_section(version: SchemeVersion) -> Section | None:
    """What a home that was not let is tried with, and shares of homes; None without either."""
    rules = version.advertising
    if rules is None:
        return None
    sections = []
    if rules.ladder:
        sections.append(Section(
            "A home that was not let",
            (Line("The first of these that is left and applies is proposed to an officer."),),
            tuple(_rung(rung, version) for rung in rules.ladder), numbered=True,
        ))
    if rules.quotas:
        sections.append(Section(
            "Shares of homes",
            (Line("Each share is kept in a ledger. Of those that may choose how a home is "
                  "advertised, the one that is furthest behind does."),),
            tuple(_quota(quota, rules, version) for quota in rules.quotas.values()),
        ))
    return Section("How homes are advertised", sections=tuple(sections)) if sections else None


def said(part: Labelled, what: str, under: Iterator[str] | tuple[str, ...] = ()) -> Line:
    """A labelled rule: its label, then what the engine does, unless the label says just that."""
    both = part.label if part.label.casefold() == what.casefold() else f"{part.label}: {what}"
    return Line(sentence(both), source=part.source, ours=part.illustrative,
                under=tuple(map(Line, under)))


def for_whom(criterion: str | None, version: SchemeVersion) -> tuple[str, ...]:
    """A sentence on whom a rule is for; none when it is for everyone."""
    return () if criterion is None else (f"For those who meet {label_of(criterion, version)}.",)


def label_of(criterion: str, version: SchemeVersion) -> str:
    """A criterion by its label, in quotation marks."""
    return quoted(version.criteria[criterion].label)


def consequence_called(name: str, version: SchemeVersion) -> str:
    """A consequence by its label, in quotation marks."""
    return quoted(version.consequences[name].label)


def _cycle(cycle: Cycle | None) -> Line:
    if cycle is None:
        return Line("Adverts go in weeks from Monday.")
    return Line(f"Adverts go in cycles of {amount(cycle.days, 'days')}, one of which starts on "
                f"{cycle.starts:%A} {day(cycle.starts)}.",
                source=cycle.source, ours=cycle.illustrative)


def _moment(moment: Moment) -> str:
    return f"{moment.day.capitalize()} {moment.time}"


def _window(window: Window) -> Line:
    return said(window, f"bids are taken from {_moment(window.opens)} to "
                        f"{_moment(window.closes)}, by the clock in London")


def _cap(cap: Cap, version: SchemeVersion) -> Line:
    return said(cap, f"at most {amount(cap.bids, 'bids')} {PER[cap.per]}",
                (*for_whom(cap.when, version), WITHDRAWN[cap.withdrawn]))


def _choice(choice: Choice, version: SchemeVersion) -> Line:
    only = () if choice.only is None else (
        f"Only for homes that meet {label_of(choice.only, version)}.",)
    return said(choice, WHOSE[choice.bids], (*for_whom(choice.when, version), *only))


def _automatic(rule: AutomaticBids, version: SchemeVersion) -> Line:
    suits = "that it wishes for" if rule.suits is None else (
        f"that meet {label_of(rule.suits, version)} and one of its wishes, where it has any")
    return said(rule, f"at most {amount(rule.most, 'bids')} in a cycle, at the close, for homes "
                      f"{suits}")


def _frozen(rule: Frozen) -> Line:
    return said(rule, f"{WHILE[rule.while_]}, {MAY_NOT[rule.may_not]}")


def _duty(rule: Duty, version: SchemeVersion) -> Line:
    then = f"With fewer, {consequence_called(rule.then, version)} is proposed to an officer."
    return said(rule, f"at least {amount(rule.bids, 'bids')} in {amount(rule.months, 'months')}",
                (*for_whom(rule.when, version), then))


def _rung(rung: Rung, version: SchemeVersion) -> Line:
    profile = quoted(version.profiles[rung.profile].label) if rung.profile is not None else ""
    under = () if rung.when is None else (
        f"For homes that meet {label_of(rung.when, version)}.",)
    if rung.after:
        under += (f"Only where {listed((UNLET[reason] for reason in rung.after), 'or')}.",)
    return said(rung, STEPS_OF_LADDER[rung.step].format(profile=profile), under)


def _quota(quota: Quota, rules: Advertising, version: SchemeVersion) -> Line:
    whole = f"{share_in_words(quota.share)} of {quota.on}"
    if quota.of is not None:
        whole += f" of homes that meet {label_of(quota.of, version)}"
    if quota.within is not None:
        whole += f", of those that {quoted(rules.quotas[quota.within].label)} leaves"
    return said(quota, whole, _counted(quota, version))


def _counted(quota: Quota, version: SchemeVersion) -> Iterator[str]:
    if quota.on == "adverts":
        yield "An advert counts whether or not the home is let."
    if quota.to is not None:
        yield f"A letting counts when it is to those who meet {label_of(quota.to, version)}."
    elif quota.on == "lettings":
        yield "A letting counts when the home was advertised so."
    if quota.profile is not None:
        yield ("An advert that is chosen for it, and names no order of its own, goes by "
               f"{quoted(version.profiles[quota.profile].label)}.")
    if quota.by:
        yield f"Counted apart by {listed(name.replace('_', ' ') for name in quota.by)}."
    if quota.starts is not None:
        start = date.fromisoformat(f"2025-{quota.starts}")
        yield f"Counted anew each year from {start.day} {start:%B}."
