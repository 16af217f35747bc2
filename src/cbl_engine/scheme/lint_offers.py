"""What looks odd in the rules of bidding, adverts and offers: rules that can never bind or apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.scheme.findings import Finding
from cbl_engine.scheme.keys import BandKey, PointsKey
from cbl_engine.scheme.named import Place, consequences_named, times_allowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cbl_engine.documents import Document
    from cbl_engine.scheme.advertising import Advertising
    from cbl_engine.scheme.bidding import Bidding, Cap
    from cbl_engine.scheme.keys import Key
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.offers import Offers, Refusals

_LEAVES_BIDDING = frozenset({"direct_let", "change_designation", "landlord"})
_AFTER_A_VIEWING = (("offers", "answer"), ("offers", "contact", "within"))
_PLACE = "place_in_band"
_Odd = tuple[str, Place, str]


def offer_findings(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """Rules of bidding, adverts and offers that can never bind, and what they leave open."""
    found = [
        *(_bidding(version.bidding, version.offers) if version.bidding is not None else ()),
        *(_advertising(version.advertising) if version.advertising is not None else ()),
        *(_offers(version.offers) if version.offers is not None else ()),
        *_viewing(version),
        *_nominations(version),
        *_checks(version),
        *_consequences(version),
        *_direct_lets(version),
        *_plans(version),
    ]
    for rule, place, message in found:
        yield Finding("warning", rule, document.where(place, key=True), message)
    if version.offers is not None and version.offers.passing_over and not version.offers.discretion:
        yield Finding("note", "no_discretion", document.where(("offers", "passing_over"), key=True),
                      "no clause on exceptional circumstances is named (discretion), so nothing "
                      "beside these permits an officer to pass over a household")


def _covers(wider: str | None, narrower: str | None) -> bool:
    """Whether whoever meets the one criterion meets the other, as far as names tell."""
    return wider is None or wider == narrower


def _shadowed(
    rules: Mapping[str, Any], by: Callable[[Any, Any, bool], bool]
) -> Iterator[tuple[str, str]]:
    """Rules that another one leaves without effect: ``by(rule, other, other stands above)``."""
    names = list(rules)
    for at, name in enumerate(names):
        for other_at, other in enumerate(names):
            if other != name and by(rules[name], rules[other], other_at < at):
                yield name, other
                break


def _cap_never_binds(cap: Cap, other: Cap, above: bool) -> bool:
    counts_as_much = other.withdrawn == "spent" or cap.withdrawn == "free"
    return (cap.per == other.per and _covers(other.when, cap.when) and counts_as_much
            and (other.bids < cap.bids or (other.bids == cap.bids and above)))


def _bidding(rules: Bidding, offers: Offers | None) -> Iterator[_Odd]:
    for name, other in _shadowed(rules.caps, _cap_never_binds):
        yield ("cap_never_binds", ("bidding", "caps", name),
               f"the cap {name} can never bind: {other} always binds first")
    for name, other in _shadowed(
        rules.choice, lambda choice, other, above: above and _covers(other.when, choice.when)
    ):
        yield ("choice_never_applies", ("bidding", "choice", name),
               f"{name} applies to nobody: {other}, above it, applies first")
    for name, choice in rules.choice.items():
        if choice.only is not None and choice.bids == "none":
            yield ("only_of_no_bids", ("bidding", "choice", name, "only"),
                   f"only of {name} means nothing: who may not bid bids for no home")
    if rules.automatic is not None and not any(
        choice.bids in ("automatic", "council") for choice in rules.choice.values()
    ):
        yield ("automatic_for_nobody", ("bidding", "automatic"),
               "nobody's choice is automatic or council, so the engine bids for nobody")
    window = rules.window
    if window is not None and window.opens == window.closes:
        yield ("window_of_a_minute", ("bidding", "window"),
               "the window opens and closes in the same minute of the week")
    for name, frozen in rules.frozen.items():
        if frozen.while_ == "invited" and (offers is None or offers.viewing is None):
            yield ("frozen_never", ("bidding", "frozen", name),
                   f"{name} never applies: the scheme has no viewing to be invited to")


def _advertising(rules: Advertising) -> Iterator[_Odd]:
    end = None
    for i, rung in enumerate(rules.ladder):
        if end is not None:
            yield ("rung_never_taken", ("advertising", "ladder", i),
                   f"this step is never taken: step {end + 1} takes every home out of bidding")
        elif rung.step in _LEAVES_BIDDING and rung.when is None and not rung.after:
            end = i
    shares: dict[Any, list[str]] = {}
    for name, quota in rules.quotas.items():
        if quota.on == "adverts":
            shares.setdefault((quota.of, quota.within), []).append(name)
    for names in shares.values():
        total = sum(rules.quotas[name].share for name in names)
        if total > 1 + 1e-9:
            yield ("shares_above_the_whole", ("advertising", "quotas", names[-1]),
                   f"{' and '.join(names)} are shares of the same homes and add up to {total:.10g}")


def _refusals_shadowed(rule: Refusals, other: Refusals, above: bool) -> bool:
    as_often = rule.after == other.after or (other.every and rule.after % other.after == 0)
    return (not above and _covers(other.when, rule.when) and rule.months == other.months
            and as_often and (other.every or not rule.every))


def _offers(rules: Offers) -> Iterator[_Odd]:
    for name, other in _shadowed(rules.refusals, _refusals_shadowed):
        yield ("refusals_never_apply", ("offers", "refusals", name),
               f"{name} never applies: {other}, further down, applies whenever it does")
    said = "silence" in rules.model_fields_set
    if rules.answer is not None and not said:
        yield ("silence_not_said", ("offers", "answer"),
               "a time to answer is given, and not what silence means; it counts as bypass")
    if rules.answer is None and said:
        yield ("silence_never", ("offers", "silence"),
               "silence means nothing without a time to answer")
    if rules.choosing.by_whom == "council" and not rules.choosing.by:
        yield ("council_by_nothing", ("offers", "choosing"),
               "the council chooses by nothing that is said, so it takes advert by advert")


def _viewing(version: SchemeVersion) -> Iterator[_Odd]:
    """What is asked before, or counted from, a viewing that the scheme does not have."""
    for place, within in times_allowed(version):
        if within.starts == "viewed" and place not in _AFTER_A_VIEWING:
            yield ("never_viewed", (*place, "starts"),
                   "nobody has viewed the home when this begins, so it starts as if sent")
    if version.offers is None or version.offers.viewing is not None:
        return
    lacks = "the scheme has no viewing to be invited to, so this is due before the offer"
    for name, check in version.checks.items():
        if check.before == "invited":
            yield ("no_viewing", ("checks", name, "before"), lacks)
    for name, step in version.offers.judged_at.items():
        if step == "invited":
            yield ("no_viewing", ("offers", "judged_at", name), lacks)


def _nominations(version: SchemeVersion) -> Iterator[_Odd]:
    rules = version.nominations
    reached = version.landlords if rules is None or not rules.to else rules.to
    for name, landlord in version.landlords.items():
        for field in ("send", "answer", "nominations_share", "closed"):
            if getattr(landlord, field) is not None and (rules is None or name not in reached):
                yield ("no_nominations", ("landlords", name, field),
                       f"the council does not nominate to {name}, so {field} means nothing")
        if rules is None or name not in reached:
            continue
        within = landlord.answer or rules.answer
        counts = within is not None and (within.working_days is not None or within.starts == "received")
        if landlord.closed and not counts:
            yield ("no_working_days", ("landlords", name, "closed"),
                   f"the time that {name} has to answer counts no working days, so closed means nothing")


def _checks(version: SchemeVersion) -> Iterator[_Odd]:
    for name, check in version.checks.items():
        if check.hold is not None and check.missing == "bypass":
            yield ("hold_never", ("checks", name, "hold"),
                   f"the home never waits for {name}: passing over is proposed at once")

    held = {name: check.before for name, check in version.checks.items() if check.officer_held}
    first = next(iter(held), None)
    for name, before in held.items():
        if first is not None and before != held[first]:
            message = (f"{first} and {name} are held by officers and due before different steps, "
                       "so the day of passing over says which it may have been")
            yield "officer_held_apart", ("checks", name, "before"), message


def _consequences(version: SchemeVersion) -> Iterator[_Odd]:
    proposed = {name for _, name in consequences_named(version)}
    for name in version.consequences:
        if name not in proposed:
            yield ("unused", ("consequences", name), f"nothing proposes the consequence {name}")
    unread = [name for name, profile in version.profiles.items()
              if any(_ignores_place_in_band(stage.order) for stage in profile.all_stages())]
    for name, consequence in version.consequences.items():
        if consequence.bottom_of_band_months is not None and unread:
            message = (f"{name} puts a household at the bottom of its band, which the order of "
                       f"{', '.join(unread)} does not show: add points: {_PLACE} after band")
            yield "place_not_read", ("consequences", name, "bottom_of_band_months"), message


def _ignores_place_in_band(order: Sequence[Key]) -> bool:
    """Whether an order ranks by band and never by the place in it."""
    ranks = any(isinstance(key, BandKey) for key in order)
    return ranks and not any(isinstance(key, PointsKey) and key.points == _PLACE for key in order)


def _direct_lets(version: SchemeVersion) -> Iterator[_Odd]:
    for name, let in version.direct_lets.items():
        if let.part_6 and let.source is None and not let.illustrative:
            yield ("no_clause", ("direct_lets", name),
                   f"{name} is an allocation under Part 6, and no source of its clause is named")
        if not let.part_6 and not any(sign.isdigit() for sign in let.permitted_by):
            yield ("no_exemption", ("direct_lets", name, "permitted_by"),
                   f"{name} is outside Part 6, and permitted_by names no section or regulation")
        if not let.part_6 and not let.fit and version.eligible:
            asked = ", ".join(version.eligible)
            yield ("fit_of_the_register", ("direct_lets", name), (
                f"{name} is outside Part 6 and has no fit, so what every bid must meet is asked of it ({asked}), "
                "what is about a place on the register too: name under fit what household and home must meet"))


def _plans(version: SchemeVersion) -> Iterator[_Odd]:
    ours = version.in_force
    for name, plan in version.local_lettings_plans.items():
        theirs = plan.in_force
        if theirs is None:
            continue
        before = theirs.until is not None and theirs.until <= ours.from_
        if before or (ours.until is not None and theirs.from_ >= ours.until):
            said = f"ended {theirs.until}" if before else f"begins {theirs.from_}"
            bound = f"begins {ours.from_}" if before else f"ends {ours.until}"
            yield ("plan_not_in_force", ("local_lettings_plans", name, "in_force"),
                   f"the plan {name} {said} and this version {bound}, so no advert may name it")
