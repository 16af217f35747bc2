"""What changes from one scheme to another, told apart by what it can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.scheme.comparison import compare
from cbl_engine.scheme.describe import version_of
from cbl_engine.scheme.description import Description, Line, Section
from cbl_engine.scheme.differences import Change, Concern

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from cbl_engine.scheme.load import Scheme
    from cbl_engine.scheme.model import SchemeVersion

_TITLES: dict[Concern, str] = {
    "shortlist": "Changes that can alter a shortlist",
    "assessment": "Changes to the assessment, and through it to later shortlists",
    "offers": "Changes to bidding, adverts and offers, to upkeep or to reviews of decisions",
    "words": "Words and sources only",
}


def scheme_changes(
    old: Scheme | SchemeVersion, new: Scheme | SchemeVersion, as_at: date | None = None
) -> list[Change]:
    """Every difference between two schemes, those that can alter a shortlist first.

    What only the assessment reads comes next: it leaves a shortlist of the register as it stands
    alone, and alters those made once households are assessed anew.

    Args:
        old: the scheme before.
        new: the scheme after.
        as_at: compare the versions in force on this date; None compares the latest versions.

    Returns:
        Changes in the order of the scheme file within each concern; empty for equal schemes.

    Raises:
        SchemeError: a scheme has no version in force on the date, or is not a loaded one.
        TableError: the date is none.
    """
    found = compare(version_of(old, as_at), version_of(new, as_at))
    return [change for concern in _TITLES for change in found if change.concerns == concern]


def changes_described(changes: Sequence[Change], old: str, new: str) -> Description:
    """Changes as a document, in sections by what they concern.

    Args:
        changes: as :func:`scheme_changes` gives them.
        old: what the scheme before is called.
        new: what the scheme after is called.
    """
    sections = tuple(
        Section(title, items=tuple(map(_line, mine)))
        for concern, title in _TITLES.items()
        if (mine := [c for c in changes if c.concerns == concern])
    )
    assessed = sum(c.concerns == "assessment" for c in changes)
    head = "Nothing changes." if not changes else (
        f"{len(changes)} change{'s' if len(changes) > 1 else ''}, of which "
        f"{sum(c.alters_shortlist for c in changes)} can alter a shortlist"
        + (f" and {assessed} how households are assessed." if assessed else ".")
    )
    return Description(f"From {old} to {new}", (Line(head),), sections)


def _line(change: Change) -> Line:
    """A change, with the rules themselves beneath when it is a rule that changed."""
    if not change.of_rule:
        return Line(f"{change.words}.")
    return Line(
        f"{change.words}.",
        under=tuple(
            Line(f"{said}:", rule=str(sql)) if sql is not None else Line(f"{said}: none")
            for said, sql in (("Before", change.old), ("Now", change.new))
        ),
    )
