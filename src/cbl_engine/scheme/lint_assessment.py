"""What looks odd in a scheme's assessment, and where it goes against the law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.facts import (
    BedroomsFact,
    BedroomsNow,
    ConnectedToFact,
    ConnectionStrengthFact,
    MonthsConnected,
    MonthsResidentIn,
    kind_of_fact,
)
from cbl_engine.scheme.findings import Finding
from cbl_engine.scheme.law import allocation_law
from cbl_engine.scheme.standards import resolve_standard
from cbl_engine.scheme.vocabulary import is_pair_fact

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cbl_engine.documents import Document
    from cbl_engine.scheme.assessment import Assessment
    from cbl_engine.scheme.model import SchemeVersion

_OF_PLACE = (ConnectedToFact, ConnectionStrengthFact, MonthsConnected, MonthsResidentIn)


def assessment_findings(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """Awards that give nothing, bands out of reach, tests that the law does not allow."""
    yield from _tests(version, document)
    yield from _small_rooms(version, document)
    yield from _unborn(version, document)
    yield from _standards_in_time(version, document)
    rules = version.assessment
    if rules is None:
        return
    yield from _awards(rules, document)
    yield from _days(rules, document)
    yield from _bands(rules, version, document)


def _small_rooms(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """A least size of rooms that no fact counts by."""
    asked = {f.bedrooms_now for f in version.facts.values() if isinstance(f, BedroomsNow)}
    for name, standard in version.bedroom_standards.items():
        if standard.smallest_room_sq_ft and name not in asked:
            place = ("bedroom_standards", name, "smallest_room_sq_ft")
            yield Finding(
                "warning", "unused", document.where(place, key=True),
                f"no fact counts the bedrooms a household has by {name}, so this has no effect; "
                f"add one with bedrooms_now: {name}",
            )


def _unborn(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """A week from which the unborn count, as aged 0, where those of age 0 do not."""
    for name, standard in version.bedroom_standards.items():
        whole = resolve_standard(standard)
        one_room = "one_room" in (whole.part_time_children, whole.foster_children)
        if whole.unborn_from_weeks != "never" and whole.under_ones == "not_counted" and not one_room:
            place = ("bedroom_standards", name, "unborn_from_weeks")
            yield Finding(
                "warning", "unused", document.where(place, key=True),
                "a child not yet born is taken as one of age 0, and under_ones does not count those, so "
                "this has no effect; leave it out, or let under_ones be counted or twins_counted",
            )


def _standards_in_time(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """Bedroom standards asked for that begin after the version does, or end before it."""
    rules = version.assessment
    asked: list[tuple[str, tuple[str, ...]]] = [
        (f.bedrooms if isinstance(f, BedroomsFact) else f.bedrooms_now, ("facts", name, kind_of_fact(f)))
        for name, f in version.facts.items() if isinstance(f, (BedroomsFact, BedroomsNow))
    ]
    if rules is not None and rules.size is not None:
        asked.append((rules.size, ("assessment", "size")))
    ours = version.in_force
    for name, place in asked:
        force = resolve_standard(version.bedroom_standards.get(name, name)).in_force
        if force is None:
            continue
        ends_early = force.until is not None and (ours.until is None or force.until < ours.until)
        if force.from_ > ours.from_ or ends_early:
            until = f" until {force.until}" if force.until else ""
            yield Finding(
                "warning", "standard_not_in_force", document.where(place),
                f"the bedroom standard {name} is in force from {force.from_}{until} and this "
                f"version from {ours.from_}{f' until {ours.until}' if ours.until else ''}: on the "
                "other days nobody can be assessed",
            )


def never_held(rules: Assessment, never_met: Collection[str]) -> list[str]:
    """Awards that nobody can hold, given the criteria that nobody can meet."""
    lost: list[str] = []
    for name, award in rules.awards.items():
        left = [part for part in award.of if part not in lost]
        if award.when in never_met or len(left) < (award.at_least or 0):
            lost.append(name)
    return lost


def _of_place(name: str, version: SchemeVersion) -> Literal["fixed", "home"] | None:
    """Whether a criterion asks for a connection with a place: a fixed one, or that of the home alone."""
    facts = [version.facts.get(n) for n in parse_expression(version.criteria[name].when).own_names]
    asked = [is_pair_fact(f) for f in facts if isinstance(f, _OF_PLACE)]
    return None if not asked else "home" if all(asked) else "fixed"


def _regulations(tests: str, version: SchemeVersion) -> str:
    """The regulations that exempt groups from a kind of test while the version is in force."""
    law, until = allocation_law(), version.in_force.until
    cited = [
        law.citation(group)
        for group in law.exempt.values()
        if tests in group.tests
        and (until is None or group.in_force.from_ < until)
        and (group.in_force.until is None or group.in_force.until > version.in_force.from_)
    ]
    return "; ".join(dict.fromkeys(title.split(" regulation ")[0] for title in cited))


def _tests(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """Tests of connection that do not say so: nobody is exempt from them, to qualify or to bid.

    One with the place of the home alone may be asked of everybody, as under a planning agreement. The
    criteria of stages only put some before others.
    """
    qualifies = version.assessment.qualifies if version.assessment is not None else ()
    asked = dict.fromkeys(qualifies, "")
    for name in version.eligible:
        asked.setdefault(name, " on every bid")
    for profile, rules in version.profiles.items():
        for name in rules.eligible:
            asked.setdefault(name, f" on every bid under the profile {profile}")
    for name, asks in asked.items():
        place = _of_place(name, version) if version.criteria[name].tests is None else None
        if place == "home":
            yield Finding(
                "note", "test_of_the_home_not_named", document.where(("criteria", name), key=True),
                f"{name} asks for a connection with the place of the home{asks} and does not say tests: "
                "local_connection or residence, so it is asked of those whom the law exempts too: right where "
                "a planning agreement asks for it, and not where the council does",
            )
        elif place == "fixed":
            yield Finding(
                "warning", "qualifying_test_not_named",
                document.where(("criteria", name), key=True),
                f"{name} asks for a connection with a place{asks} and does not say tests: "
                "local_connection or residence, so those whom the law exempts are shut out "
                f"({_regulations('local_connection', version)})",
            )


def _awards(rules: Assessment, document: Document) -> Iterator[Finding]:
    counted = {part for award in rules.awards.values() for part in award.of}
    for name, award in rules.awards.items():
        where = document.where(("assessment", "awards", name), key=True)
        gives = (award.band, award.points, award.up, award.at_most, award.place)
        if all(given is None for given in gives) and name not in counted:
            yield Finding("warning", "award_gives_nothing", where,
                          f"the award {name} gives nothing and no award counts it")
        if award.source is None and not award.illustrative:
            yield Finding("note", "no_source", where,
                          f"the award {name} has no source and is not marked illustrative")


def _days(rules: Assessment, document: Document) -> Iterator[Finding]:
    """Awards that count some with a day and some without, which theirs leaves out of account."""
    if rules.priority_date is None:
        return
    dated: set[str] = set()
    for name, award in rules.awards.items():
        without = [part for part in award.of if part not in dated]
        enough = award.at_least is not None and len(award.of) - len(without) >= award.at_least
        if award.since is not None or enough:
            dated.add(name)
        decides = award.band is not None or award.up is not None or award.at_most is not None
        mixed = 0 < len(without) < len(award.of) and (award.at_least or 0) > 1
        if decides and mixed and award.since is None:
            yield Finding(
                "note", "award_day_in_part",
                document.where(("assessment", "awards", name, "of")),
                f"the award {name} counts {', '.join(without)} without a since, so it begins on the "
                "latest day of the others it counts, which may be before all it needs were held",
            )


def _bands(rules: Assessment, version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """Bands that no award, rise or limit leads to."""
    places = {band: i for i, band in enumerate(version.bands)}
    awards = rules.awards.values()
    reached = {places[a.band] for a in awards if a.band is not None}
    reached |= {places[rules.otherwise]} if rules.otherwise is not None else set()
    if not reached:
        return
    for award in awards:
        if award.up is not None:
            top = 0 if award.not_above is None else places[award.not_above]
            reached |= {min(max(i - award.up, top), i) for i in reached}
    for award in awards:
        if award.at_most is not None:
            reached |= {max(i, places[award.at_most]) for i in reached}
    for band, place in places.items():
        if place not in reached:
            yield Finding("warning", "band_unreachable", document.where(("bands", band), key=True),
                          f"no award leads to band {band}, and it is not the one otherwise")
