"""Results of a run as people read them: headings, cells and notes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from cbl_engine.disclosure import month
from cbl_engine.records.feedback import NO_BAND, WITHHELD
from cbl_engine.shortlist.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.records.feedback import Feedback

HIDDEN = "*"
NOTES = {
    "public": "* withheld: a count that fewer than five households make up, or one that would give "
    "such a count away. A household may have bid for several homes and is counted for each.",
    "officer": "For officers: it names homes and applications. The public's form withholds both.",
}
_HEADINGS = {"property_type": "type", "not_eligible": "not eligible, or held", "closes_on": "closed",
             "first_band": "band of first", "first_ranked_by": "ranks by"}
_NUMBERS = ("adverts", "bedrooms", "held")
_ELIGIBLE = "eligible: "


def _shown(feedback: Feedback) -> list[str]:
    """Columns that people are shown: not a band that nobody is in, nor what every row leaves out."""
    frame = feedback.frame
    skipped = {"row", *(() if feedback.by else ("month",))}
    if f"eligible: {NO_BAND}" in frame.columns and not frame[f"eligible: {NO_BAND}"].sum():
        skipped |= {n for n in (f"eligible: {NO_BAND}",) if not frame[n].null_count()}
    if "sensitive" in frame.columns and not frame["sensitive"].any():
        skipped.add("sensitive")
    return [n for n in frame.columns if n not in skipped]


def headings(feedback: Feedback) -> list[tuple[str, bool]]:
    """The heading of each column and whether it holds numbers."""
    return [
        (
            _HEADINGS.get(n, n.replace(_ELIGIBLE, "eligible in ").replace("in no band", "in none")),
            n in feedback.columns or n in _NUMBERS,
        )
        for n in _shown(feedback)
    ]


def bands_among(feedback: Feedback) -> tuple[int, int]:
    """Where the columns of bands begin and end among the headings; equal when there are none."""
    at = [i for i, n in enumerate(_shown(feedback)) if n.startswith(_ELIGIBLE)]
    return (at[0], at[-1] + 1) if at else (0, 0)


def lines(feedback: Feedback) -> Iterator[list[str]]:
    """The cells of each row, in the order of the headings; the total last.

    Homes that are put together by nothing are one row, which is the total.
    """
    names = _shown(feedback)
    for row in feedback.frame.iter_rows(named=True):
        cells = [_cell(feedback, n, row[n]) for n in names]
        if row.get("row") == "all":
            if not feedback.by:
                return
            at = names.index("adverts")
            cells[:at] = ["all homes", *[""] * (at - 1)]
        yield cells


def _cell(feedback: Feedback, name: str, value: Any) -> str:
    if name in feedback.columns:
        return HIDDEN if value is None else f"{value:,}"
    if name == "month" and value is not None:
        return month(date.fromisoformat(f"{value}-01"))
    if name == "first":
        said = [HIDDEN if v == WITHHELD else str(v) for v in value or ()]
        times = {v: said.count(v) for v in said}
        return "; ".join(v if n == 1 else f"{n} × {v}" for v, n in times.items())
    if value is None:
        return "–"
    if name == "bedrooms" and value == 0:
        return "bedsit"
    return say(value)
