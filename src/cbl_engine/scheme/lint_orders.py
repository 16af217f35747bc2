"""What looks odd in profiles: orders that may tie, stages nobody can stand in, no default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.scheme.findings import Finding
from cbl_engine.scheme.keys import LotteryKey, TieKey, key_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.documents import Document
    from cbl_engine.scheme.model import SchemeVersion


def order_findings(version: SchemeVersion, document: Document) -> Iterator[Finding]:
    """What looks odd in the profiles of a version."""
    yield from _endings(version, document)
    yield from _stages(version, document)
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
