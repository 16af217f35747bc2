"""Checks, nominations, offers, what follows from them, and direct lets in plain English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.scheme.bidding_words import consequence_called, for_whom, label_of, said
from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.words import (
    amount,
    as_written,
    capital,
    day,
    listed,
    quoted,
    sentence,
    share_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbl_engine.scheme.model import Landlord, SchemeVersion
    from cbl_engine.scheme.offers import (
        Check,
        Choosing,
        Consequence,
        Contact,
        DirectLet,
        FinalOffers,
        Offers,
        Refusals,
        Viewing,
        Within,
    )

BEFORE = {"invited": "it is invited to view", "offered": "a home is offered", "let": "a home is let"}
OF = {
    "application": "A result holds wherever the household bids.",
    "home": "A result holds for the home it is about, or everywhere when it names none.",
    "area": "A result holds for the area it is about, or everywhere when it names none.",
}
STARTS = {
    "sent": "",
    "received": ", counted from its receipt on the second working day",
    "viewed": ", counted from the viewing where there was one",
}
BY_WHOM = {
    "household": "the household's own order of homes decides, as far as the places of others allow",
    "homes": "each home goes to the first on its list, as far as other homes' lists allow",
    "council": "the council decides",
    "advert": "the homes are offered one after the other, in the order their adverts closed",
}
BY = {
    "best_position": "the home for which a household stands highest",
    "fewest_bids": "the home with the fewest bids",
    "largest": "the largest home",
    "closes_first": "the home whose advert closed first",
}
ORDER = {
    "close": "Places are those at the close of the advert.",
    "offer": "Places are found anew on the day of the offer, among those to whom nothing has been "
             "offered yet.",
}
SILENCE = {
    "refused": "No answer in time counts as a refusal.",
    "bypass": "With no answer in time, passing over is proposed to an officer.",
}


def checks_section(version: SchemeVersion) -> Section | None:
    """What officers must know before an offer goes on, or None."""
    if not version.checks:
        return None
    return Section(
        "What is checked before an offer goes on", (),
        tuple(_check(name, check, version) for name, check in version.checks.items()),
    )


def nominations_section(version: SchemeVersion) -> Section | None:
    """Homes of landlords to which the council nominates, or None."""
    rules = version.nominations
    if rules is None:
        return None
    names = [quoted(version.landlords[name].label) for name in rules.to or version.landlords]
    to = listed(names) if names else "whichever landlord lets them"
    return Section(
        "Homes of other landlords",
        (said(rules, f"for the homes of {to} the council names households, and the landlord says "
                     "whether it takes them"),),
        (
            *_timed("The council names a household within {} of the close.", rules.send),
            *_timed("The landlord answers within {}.", rules.answer),
            Line(f"{capital(amount(rules.at_once, 'households'))} named for each home at a time."),
        ),
    )


def landlord_lines(landlord: Landlord, version: SchemeVersion) -> Iterator[Line]:
    """What a landlord does otherwise than others when the council nominates to it."""
    if landlord.nominations_share is not None:
        yield Line(f"The council nominates for {share_in_words(landlord.nominations_share)} of its "
                   "lettings.")
    if landlord.checks:
        names = listed(quoted(version.checks[name].label) for name in landlord.checks)
        yield Line(f"Only its homes ask for {names}.")
    yield from _timed("The council names a household to it within {} of the close.", landlord.send)
    yield from _timed("It answers within {}.", landlord.answer)
    if landlord.closed is not None:
        yield Line("For its answers, no working days beside bank holidays: "
                   f"{listed(day(on) for on in sorted(set(landlord.closed))) or 'none'}.")


def offers_section(version: SchemeVersion) -> Section | None:
    """How a home is offered and what follows from the answer, or None."""
    rules = version.offers
    if rules is None:
        return None
    return Section(
        "How a home is offered",
        (Line("What is adverse or binding is proposed to an officer, who decides. The rest is as the "
              "scheme has it.", source=rules.source, ours=rules.illustrative),),
        tuple(_offers(rules, version)),
    )


def consequences_section(version: SchemeVersion) -> Section | None:
    """What may be proposed for a household, or None."""
    if not version.consequences:
        return None
    return Section(
        "What may follow for a household",
        (Line("An officer decides, and the household is told why."),),
        tuple(_consequence(part) for part in version.consequences.values()),
    )


def direct_lets_section(version: SchemeVersion) -> Section | None:
    """Lettings outside bidding and what permits them, or None."""
    if not version.direct_lets:
        return None
    return Section("Lettings outside bidding", (),
                   tuple(_direct_let(let, version) for let in version.direct_lets.values()))


def within_in_words(within: Within) -> str:
    """A time allowed: ``2 working days, counted from the viewing``."""
    (unit,) = within.given()
    return amount(getattr(within, unit), unit.replace("_", " ")) + STARTS[within.starts]


def _timed(text: str, within: Within | None, *under: str) -> Iterator[Line]:
    """A sentence on a time allowed, when there is one."""
    if within is not None:
        yield Line(text.format(within_in_words(within)), source=within.source,
                   ours=within.illustrative, under=tuple(map(Line, under)))


def _check(name: str, check: Check, version: SchemeVersion) -> Line:
    asking = [quoted(part.label) for part in version.landlords.values() if name in part.checks]
    under = [OF[check.of]]
    if check.when is not None:
        under.append(f"Asked of those who meet {label_of(check.when, version)}.")
    if asking:
        under.append(f"Asked only for homes of {listed(asking, 'or')}.")
    if check.valid_months is not None:
        under.append(f"A result lasts {amount(check.valid_months, 'months')} unless it says "
                     "otherwise.")
    if check.second_officer:
        under.append("A result counts once a second officer has confirmed it.")
    if check.must_pass:
        under.append("No home is let without it, whatever an officer decides.")
    if check.officer_held:
        under.append("Its result is for officers alone; everyone else is told one neutral reason.")
    if check.missing == "bypass":
        under.append("Without a result, passing over is proposed to an officer.")
    lines = [Line(text) for text in under]
    if check.missing == "hold" and check.hold is None:
        lines.append(Line("Without a result, the home waits."))
    lines += _timed("Without a result, the home waits for {}; then passing over is proposed to an "
                    "officer.", check.hold if check.missing == "hold" else None)
    head = said(check, f"known before {BEFORE[check.before]}")
    return Line(head.text, source=head.source, ours=head.ours, under=tuple(lines))


def _offers(rules: Offers, version: SchemeVersion) -> Iterator[Line]:
    yield Line(ORDER[rules.order] + _unsaid("order", rules))
    if rules.judged_at:
        yield Line("Asked again when an offer goes on:", under=tuple(
            Line(f"{label_of(name, version)}, before {BEFORE[step]}.")
            for name, step in rules.judged_at.items()
        ))
    yield _choosing(rules.choosing, _unsaid("choosing", rules))
    at_a_time = ("A household under offer is offered nothing else meanwhile." if rules.one_at_a_time
                 else "A household may be under several offers at a time.")
    yield Line(at_a_time + _unsaid("one_at_a_time", rules))
    if rules.viewing is not None:
        yield from _viewing(rules.viewing)
    yield from _timed("The household answers within {}.", rules.answer, SILENCE[rules.silence])
    if rules.contact is not None:
        yield from _contact(rules.contact)
    if rules.reasons:
        yield Line("A refusal for one of these reasons does not count:", under=_texts(rules.reasons))
    if rules.passing_over:
        yield Line("An officer may also pass over a household for one of these:",
                   under=_texts(rules.passing_over))
    yield from (refusals_in_words(rule, version) for rule in rules.refusals.values())
    if rules.final is not None:
        yield _final(rules.final, version)
    if rules.discretion is not None:
        yield Line(f"Exceptional circumstances: {sentence(rules.discretion)} Each use is listed.")


def _texts(named: dict[str, str]) -> tuple[Line, ...]:
    return tuple(Line(sentence(text)) for text in named.values())


def _unsaid(field: str, rules: Offers) -> str:
    """What is added where the scheme leaves a rule to the engine."""
    said_so = field in rules.model_fields_set
    return "" if said_so else " The scheme does not say; it is what the engine does."


def _choosing(rule: Choosing, unsaid: str) -> Line:
    how = BY_WHOM[rule.by_whom]
    if rule.by:
        how += f", beginning with {', then '.join(BY[by] for by in rule.by)}"
    lead = "Where a household stands first for several homes"
    label = f"{rule.label}: " if rule.label else ""
    return Line(sentence(f"{label}{lead if not label else lead[:1].lower() + lead[1:]}, {how}") + unsaid,
                source=rule.source, ours=rule.illustrative)


def _viewing(rule: Viewing) -> Iterator[Line]:
    head = said(rule, f"{amount(rule.together, 'households')} for each home may view together; "
                      "the highest of those who come is offered it"
                if rule.together > 1 else "a household views the home before it is offered")
    yield Line(head.text, source=head.source, ours=head.ours,
               under=tuple(_timed("The viewing is within {} of the invitation.", rule.within)))


def _contact(rule: Contact) -> Iterator[Line]:
    under = [Line("Reasonable adjustments must have been checked.")] * rule.adjustments_checked
    under += _timed("The household has {} to come back.", rule.within)
    head = said(rule, f"not reached after {amount(rule.attempts, 'attempts')} by "
                      f"{amount(rule.channels, 'channels')} on record")
    yield Line(head.text, source=head.source, ours=head.ours, under=tuple(under))


def refusals_in_words(rule: Refusals, version: SchemeVersion) -> Line:
    """After how many refusals what is proposed."""
    often = f", and again after every further {rule.after}" if rule.every else ""
    since = f"in {amount(rule.months, 'months')}" if rule.months else "since it registered"
    return said(
        rule,
        f"after {amount(rule.after, 'refusals')} that {'counts' if rule.after == 1 else 'count'} "
        f"{since}{often}, {consequence_called(rule.then, version)} is proposed to an officer",
        for_whom(rule.when, version),
    )


def _final(rule: FinalOffers, version: SchemeVersion) -> Line:
    needed = listed((quoted(version.checks[name].label) for name in rule.records()), "and")
    return said(
        rule,
        f"an offer to those who meet {label_of(rule.when, version)} is a final one; when it is "
        f"refused, an officer decides whether the duty ({listed(rule.duties, 'or')}) ends",
        (f"It needs {needed}, dated and by a named officer.",),
    )


def consequence_does(part: Consequence) -> str:
    """What a consequence is, without its label."""
    lasts = f" for {amount(part.months, 'months')}" if part.months else ""
    months = {name: amount(value, "months") for name in type(part).model_fields
              if name.endswith("_months") and (value := getattr(part, name)) is not None}
    words: dict[str, Any] = {
        "suspend_months": "the application is suspended for {suspend_months}",
        "bar_months": "its bids do not count for {bar_months}",
        "band": f"it is put in band {part.band}{lasts}",
        "down": f"it goes down {amount(part.down, 'bands')}{lasts}",
        "bottom_of_band_months": "it ranks below everyone else in its band for "
                                 "{bottom_of_band_months}, and its date counts again afterwards",
        "cancel": "the application is closed",
        "review": "an officer looks at the application",
        "lose_choice_months": "only the council bids for it for {lose_choice_months}",
    }
    return listed(words[kind].format(**months) for kind in part.kinds())


def _consequence(part: Consequence) -> Line:
    return said(part, consequence_does(part))


def _direct_let(let: DirectLet, version: SchemeVersion) -> Line:
    part_6 = ("It is an allocation under Part 6 of the Housing Act 1996." if let.part_6 else
              "It is not an allocation under Part 6 of the Housing Act 1996.")
    homes = () if let.homes is None else (
        f"For homes that meet {label_of(let.homes, version)}.",)
    fit = listed(label_of(name, version) for name in let.fit) if let.fit else (
        "what every bid must meet")
    sensitive = ("Its lettings are left out of what is published.",) if let.sensitive else ()
    return said(let, f"permitted by {let.permitted_by}",
                (part_6, *for_whom(let.when, version), *homes,
                 f"Household and home must fit by {fit}.", *sensitive))


def _named(version: SchemeVersion) -> dict[str, list[tuple[str, Any]]]:
    """Every rule of bidding, adverts and offers that has a name, by the title it stands under."""
    bidding, offers, adverts = version.bidding, version.offers, version.advertising
    parts: dict[str, tuple[Mapping[str, Any], ...]] = {
        "Bidding": () if bidding is None else (
            bidding.caps, bidding.choice, bidding.frozen, bidding.duties),
        "Shares of homes": () if adverts is None else (adverts.quotas,),
        "Checks": (version.checks,),
        "Refusals": () if offers is None else (offers.refusals,),
        "Consequences": (version.consequences,),
        "Direct lets": (version.direct_lets,),
    }
    return {title: [item for named in of for item in named.items()] for title, of in parts.items()}


def offers_as_written(version: SchemeVersion) -> dict[str, tuple[Line, ...]]:
    """The same with their fields as the file has them."""
    return {
        title: tuple(Line(part.label, name=name, rule=as_written(part))
                     for name, part in parts)
        for title, parts in _named(version).items()
    }


def offers_ours(version: SchemeVersion) -> Iterator[str]:
    """What under these headings is not the council's."""
    for title, parts in _named(version).items():
        yield from (f"{title}: {part.label}" for _, part in parts if part.illustrative)
    bidding, offers, adverts = version.bidding, version.offers, version.advertising
    if bidding is not None:
        yield from _ours("The cycle of adverts", bidding.cycle)
        yield from _ours("When bids are taken", bidding.window)
        yield from _ours("Automatic bids", bidding.automatic)
    for rung in adverts.ladder if adverts is not None else ():
        yield from _ours(f"A home that was not let: {rung.label}", rung)
    rules = version.nominations
    if rules is not None:
        yield from _ours("Homes of other landlords", rules)
        yield from _ours("The time to name a household", rules.send)
        yield from _ours("The landlord's time to answer", rules.answer)
    if offers is not None:
        yield from _ours("How a home is offered", offers)
        yield from _ours("Who decides among several homes", offers.choosing)
        yield from _ours("Viewing", offers.viewing)
        yield from _ours("The household's time to answer", offers.answer)
        yield from _ours("When a household counts as not reached", offers.contact)
        yield from _ours("Final offers", offers.final)


def _ours(what: str, part: Any) -> Iterator[str]:
    if part is not None and part.illustrative:
        yield what
