"""The assessment of a scheme as a section: standards, qualification, awards, date, status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.scheme.assessment_words import (
    AWARD_UNKNOWN,
    INSTEAD_UNKNOWN,
    QUALIFYING_UNKNOWN,
    STATUS_UNKNOWN,
    STATUSES,
    TESTS,
    award_gives,
    award_held,
    awards_together,
    date_in_words,
    exempt_from,
    instead_gives,
    law_of,
    status_in_words,
)
from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.law import allocation_law
from cbl_engine.scheme.standard_words import standard_in_words, standards_used
from cbl_engine.scheme.words import as_written, capital, listed, standard_called

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from cbl_engine.scheme.assessment import Assessment, Award, Instead, PriorityDate, StatusRule
    from cbl_engine.scheme.model import SchemeVersion

    SaysCriterion = Callable[[str, Mapping[str, str]], Line]
    """(criterion, what ``when_unknown`` means here) -> its words."""


def standards_section(version: SchemeVersion) -> Section | None:
    """The bedroom standards that a scheme declares or uses."""
    names = standards_used(version)
    if not names:
        return None
    return Section(
        "How many bedrooms a household needs",
        items=tuple(standard_in_words(name, version) for name in names),
    )


def assessment_section(
    version: SchemeVersion, as_at: date | None, criterion: SaysCriterion
) -> Section | None:
    """What follows from a household's facts, step by step.

    Args:
        version: the scheme version.
        as_at: the date for which the law is told; None tells what is in force with the version.
        criterion: says a criterion.
    """
    rules = version.assessment
    if rules is None:
        return None
    size = ("The bedroom need and the sizes that may be let stay as recorded."
            if rules.size is None else "The bedroom need and the sizes that may be let are those "
            f"of the standard {standard_called(rules.size, version)}.")
    sections = (
        _qualification(rules, version, as_at, criterion),
        _awards(rules, version, criterion),
        _date(rules.priority_date, version, criterion),
        Section("The status", (Line(status_in_words(rules)),),
                tuple(_status(rule, criterion) for rule in rules.status), numbered=True),
    )
    return Section(
        "How a household is assessed",
        (Line("What follows from a household's facts is proposed: what an officer has decided "
              "stands above it until it ends."), Line(size)),
        sections=sections,
    )


def _qualification(
    rules: Assessment, version: SchemeVersion, as_at: date | None, criterion: SaysCriterion
) -> Section:
    law = allocation_law()
    paragraphs = [
        Line("The law stands above the scheme. Nobody may be let to unless all of these hold, but for "
             "social tenants who move; what is not known must be settled before an offer:",
             under=tuple(map(Line, law_of(law.eligible, version, as_at)))),
    ]
    kinds: dict[tuple[str, ...], list[str]] = {}
    for name in rules.qualifies:
        tests = version.criteria[name].tests
        groups = tuple(exempt_from(tests, version, as_at))
        if tests is not None and groups and TESTS[tests] not in kinds.setdefault(groups, []):
            kinds[groups].append(TESTS[tests])
    paragraphs += [
        Line(f"By law, what is a test {listed(tests)} below is met by these groups, whatever it "
             "says; whoever is not known to be of one is not taken to be:",
             under=tuple(map(Line, groups)))
        for groups, tests in kinds.items()
    ]
    asks = ("Besides, a household must meet all of these to qualify." if rules.qualifies
            else "The scheme itself asks nothing of a household to qualify.")
    return Section(
        "Who qualifies", (*paragraphs, Line(asks)),
        tuple(criterion(name, QUALIFYING_UNKNOWN) for name in rules.qualifies),
    )


def _awards(rules: Assessment, version: SchemeVersion, criterion: SaysCriterion) -> Section:
    return Section(
        "What gives a band or points" if version.bands else "What gives points",
        tuple(map(Line, awards_together(version))),
        tuple(_award(name, award, version, criterion) for name, award in rules.awards.items()),
        numbered=True,
    )


def _award(name: str, award: Award, version: SchemeVersion, criterion: SaysCriterion) -> Line:
    gives = award_gives(award, version)
    said = f"Gives {listed(gives)}." if gives else "Gives nothing by itself."
    return Line(
        award.label, source=award.source, ours=award.illustrative,
        under=(Line(said), *_condition(award.when, AWARD_UNKNOWN, criterion),
               *map(Line, award_held(name, version))),
    )


def _date(
    rule: PriorityDate | None, version: SchemeVersion, criterion: SaysCriterion
) -> Section:
    title = "The date that ranks"
    if rule is None:
        return Section(title, (Line("It stays as recorded."),))
    instead = (Line("For some another date counts. The first of these that applies does, unless "
                    "an officer set the date:"),) if rule.instead else ()
    said = list(date_in_words(rule, version))
    return Section(
        title,
        (Line(said[0], source=rule.source, ours=rule.illustrative), *map(Line, said[1:]), *instead),
        tuple(_instead(item, version, criterion) for item in rule.instead),
        numbered=True,
    )


def _instead(item: Instead, version: SchemeVersion, criterion: SaysCriterion) -> Line:
    return Line(
        item.label, source=item.source, ours=item.illustrative,
        under=(Line(instead_gives(item, version)),
               *_condition(item.when, INSTEAD_UNKNOWN, criterion)),
    )


def _status(rule: StatusRule, criterion: SaysCriterion) -> Line:
    return Line(
        rule.label, source=rule.source, ours=rule.illustrative,
        under=(Line(f"Proposed: {STATUSES[rule.status]}."),
               *_condition(rule.when, STATUS_UNKNOWN, criterion)),
    )


def _condition(
    name: str | None, unknown: Mapping[str, str], criterion: SaysCriterion
) -> Iterator[Line]:
    if name is not None:
        said = criterion(name, unknown)
        yield Line(f"Condition: {capital(said.text)}", source=said.source, ours=said.ours,
                   under=said.under)


def assessment_ours(version: SchemeVersion) -> list[str]:
    """What of an assessment is illustrative, by kind and label."""
    rules = version.assessment
    if rules is None:
        return []
    rule = rules.priority_date
    kinds = (
        ("Award", rules.awards.values()),
        ("Another date", rule.instead if rule else ()),
        ("Status", rules.status),
    )
    found = [f"{kind}: {part.label}" for kind, parts in kinds for part in parts if part.illustrative]
    return [*found, *(["The rule of the date that ranks"] if rule and rule.illustrative else [])]


def assessment_as_written(version: SchemeVersion) -> dict[str, tuple[Line, ...]]:
    """Standards, awards and the rest as the file has them, by the heading they stand under."""
    found = {"Bedroom standards": tuple(
        Line(standard.label, name=name, rule=as_written(standard))
        for name, standard in version.bedroom_standards.items()
    )}
    rules = version.assessment
    if rules is None:
        return found
    found["Awards"] = tuple(
        Line(award.label, name=name, rule=as_written(award))
        for name, award in rules.awards.items()
    )
    rest = {
        ("assessment", "What stands beside awards and the date"):
            as_written(rules, "awards", "priority_date"),
        ("priority_date", "The date that ranks"):
            as_written(rules.priority_date) if rules.priority_date else "",
    }
    found["The rest of the assessment"] = tuple(
        Line(called, name=name, rule=rule) for (name, called), rule in rest.items() if rule
    )
    return found
