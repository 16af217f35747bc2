"""What looks odd in profiles: orders that may tie, stages nobody can stand in, dates unread, no default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.facts import WholeMonthsSince, WholeYearsSince, kind_of_fact
from cbl_engine.scheme.findings import Finding
from cbl_engine.scheme.keys import LotteryKey, TieKey, key_name
from cbl_engine.scheme.reach import asked_of_bids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.documents import Document
    from cbl_engine.scheme.model import SchemeVersion


def order_findings(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """What looks odd in the profiles of a version."""
    yield from _endings(version, document)
    yield from _stages(version, document)
    yield from _date_not_read(version, document)
    if len(version.profiles) > 1 and version.default_profile is None:
        yield Finding("note", "no_default_profile", document.where(("profiles",), key=True),
                      "no default_profile is named among several profiles, so every advert must name its own")


def _endings(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    for name, profile in version.profiles.items():
        for number, stage in enumerate(profile.all_stages()):
            last = stage.order[-1]
            if isinstance(last, (TieKey, LotteryKey)):
                continue
            place = ("profiles", name, *(("stages", number) if profile.stages else ()), "order")
            yield Finding(
                "warning", "order_may_tie", document.where(place),
                f"profile {name} ends with {key_name(last)}, which can tie; end with a lottery "
                "or tie: human",
            )


def _date_not_read(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """A priority date that is worked out, and told in letters, while the lists rank by another."""
    if version.assessment is None or version.assessment.priority_date is None:
        return
    named, read = asked_of_bids(version)  # bands too, of dates chosen by band
    criteria = [version.criteria[name] for name in named if name in version.criteria]
    read |= {name for criterion in criteria for name in parse_expression(criterion.when).names}
    read |= {getattr(fact, kind_of_fact(fact)) for name, fact in version.facts.items()
             if name in read and isinstance(fact, (WholeMonthsSince, WholeYearsSince))}
    if "priority_date" not in read:
        yield Finding(
            "warning", "priority_date_not_read",
            document.where(("assessment", "priority_date"), key=True),
            "the assessment works out a priority_date and no order reads it, so letters tell a date by which "
            "nobody is ranked; let a key say date: priority_date, or leave this out",
        )


def _stages(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """Stages that no eligible bid can stand in: whoever meets what they ask stands in one before."""
    for name, profile in version.profiles.items():
        common = {*version.eligible, *profile.eligible}
        asked = [set(stage.eligible) - common for stage in profile.stages]
        for number, mine in enumerate(asked):
            before = next((i for i in range(number) if asked[i] <= mine), None)
            if before is not None:
                yield Finding(
                    "warning", "stage_never_reached",
                    document.where(("profiles", name, "stages", number)),
                    f"nobody can stand in stage {number + 1} of profile {name}: every eligible bid that meets "
                    f"its criteria stands in stage {before + 1} already")
