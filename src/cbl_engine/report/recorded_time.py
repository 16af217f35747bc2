"""Of which days a record can tell: those from when it begins to when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.errors import Problem

if TYPE_CHECKING:
    from datetime import date


def not_on_record(
    begins: date | None, ends: date, first: date | None, last: date,
    at: tuple[str, str] | None = None,
) -> list[Problem]:
    """What is wrong with a time of which a record is to tell: it may begin within the first month.

    Args:
        begins: first day on record; None: not known.
        ends: last day on record.
        first: first day of the time; None: from the start of the record.
        last: its last day.
        at: where its first and last day were given; None: the days themselves are named.
    """
    at_first, at_last = at or (str(first), str(last))
    if first is not None and first > last:
        return [Problem("no_time", "the last day is before the first", where="--until",
                        given=str(last), allowed=f"{first} or later")]
    problems = []
    if last > ends:
        problems.append(Problem(
            "time_not_over", "the record ends before the time does", where=at_last,
            given=str(last), allowed=f"{ends} or earlier", remedy="Ask for a time that is over"))
    if begins is not None and first is not None and first < begins.replace(day=1):
        problems.append(Problem(
            "time_before", f"the record begins after the time does, on {begins}: what came before "
            "is not recorded", where=at_first, given=str(first),
            allowed=f"{begins.replace(day=1)} or later", remedy="Ask for a later time"))
    elif begins is not None and last < begins:
        problems.append(Problem(
            "time_before", f"the record begins when the time is over, on {begins}: what came "
            "before is not recorded", where=at_last, given=str(last), allowed=f"{begins} or later",
            remedy="Ask for a later time"))
    return problems
