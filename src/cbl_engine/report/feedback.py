"""The page of results that a scheme publishes, or keeps for its officers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.records.feedback_words import NOTES, bands_among, headings, lines
from cbl_engine.report.page import render

if TYPE_CHECKING:
    from cbl_engine.records import Feedback


def feedback_page(feedback: Feedback) -> str:
    """A page of results for the audience that they were made for."""
    rows = list(lines(feedback))
    totals = bool(feedback.by)
    return render(
        "feedback.html",
        title="Results of homes advertised",
        audience=feedback.audience,
        scheme=feedback.run.scheme.versions[-1].title,
        headings=headings(feedback),
        bands=bands_among(feedback),
        rows=rows[:-1] if totals else rows,
        total=rows[-1] if totals else None,
        note=NOTES[feedback.audience],
    )
