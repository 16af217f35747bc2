"""The derivation of a priority date in words."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

ON_REGISTER = "the date on the register"
"""What a date came from that stands on the application's row, whoever put it there."""

_RULES = {
    "first_band": "placed in a band for the first time",
    "up": "moved up",
    "down": "moved down",
    "policy": "placed under a new policy",
    "reregistration": "registered again",
    "joined": "joined with another application",
    "split": "split from another application",
    "instead": "",
}


def explain_date(steps: pl.DataFrame, labels: Mapping[str, str] | None = None) -> list[str]:
    """How the date of one application came about, a sentence a step and one to sum up.

    Args:
        steps: rows of one application from :meth:`PriorityDates.steps`.
        labels: words for the columns that dates come from.

    Returns:
        Sentences, in the order of the steps; none without steps.
    """
    words = labels or {}
    rows = steps.sort("step").to_dicts()
    if not rows:
        return []
    last = rows[-1]
    if last["date_after"] is None:
        summed = f"The priority date is not known: {_came_from(last, words)} is missing."
    else:
        summed = f"The priority date is {_day(last['date_after'])}: {_came_from(last, words)}."
    return [*(_sentence(row, words) for row in rows), summed]


def _sentence(row: Mapping[str, Any], words: Mapping[str, str]) -> str:
    if row["rule"] == "instead":
        return f"{row['label']}: {_did(row, words)}."
    band = "No band" if row["band"] is None else f"Band {row['band']}"
    if row["since"] is None and row["row"] is None:
        opening = "On the register"
    else:
        opening = f"{band} from {'the start' if row['since'] is None else _day(row['since'])}"
    if row["inherited"]:
        opening += " (before the applications were split)"
    changed = _RULES.get(row["rule"] or "", "")
    did = _did(row, words)
    return f"{opening}: {changed}, {did}." if changed else f"{opening}: {did}."


def _did(row: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """What a step did to the date."""
    after = "not known" if row["date_after"] is None else _day(row["date_after"])
    came = _came_from(row, words)
    match row["rule"], row["action"]:
        case "recorded", _ if came == ON_REGISTER:
            return f"{came}, {after}"
        case "recorded", _:
            return f"an officer dated it {after}"
        case "first", None:
            return f"the first date, {after} ({came})"
        case None, _:
            return f"no change, the date stays {after}"
        case _, "keep":
            return f"the date stays {after}"
        case _, "award":
            return f"dated from the day it was awarded, {after}"
        case _, "submitted":
            return f"dated from the day it was submitted, {after}"
        case _, "original":
            return f"the first date, {after} ({came})"
        case _, "restore":
            return f"the date that applied when last in this band, {after} ({came})"
        case _, "earliest":
            return f"the earlier of the two dates, {after} ({came})"
        case _, "months_earlier":
            return f"moved back to {after} ({came})"
        case _:
            return f"dated {after} ({came})"


def _came_from(row: Mapping[str, Any], words: Mapping[str, str]) -> str:
    event = words.get(row["event"], row["event"])
    return re.sub(r"\d{4}-\d\d-\d\d", lambda day: _day(date.fromisoformat(day[0])), event)


def _day(on: date) -> str:
    return f"{on.day} {on:%B %Y}"
