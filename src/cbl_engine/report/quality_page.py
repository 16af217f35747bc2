"""The data-quality page: what a folder of data lacks for a scheme, for officers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.report.page import render

if TYPE_CHECKING:
    from cbl_engine.quality import DataQuality

_EFFECTS = {
    "fail": "counts as failed",
    "pass": "counts as met",
    "hold": "held: nothing may be offered until it is known",
    "last": "ranks below all that are known",
    "not_met": "ranks as not met",
    "error": "the run is refused",
}


def quality_page(quality: DataQuality, data: str) -> str:
    """The page, as HTML.

    Args:
        quality: what was found.
        data: what the data are called on the page: the folder, workbook or database, without
            anything secret.
    """
    return render("quality.html", **quality_values(quality, data))


def quality_values(quality: DataQuality, data: str) -> dict[str, Any]:
    """What the template of the page names."""
    return {
        "title": "Quality of the data",
        "audience": "rows",
        "quality": quality,
        "scheme": quality.scheme.versions[-1].title if quality.scheme is not None else None,
        "judged": any(verdict.purpose == "shortlist" for verdict in quality.verdicts),
        "data": data,
        "effects": _EFFECTS,
        "rows_good": sum(table.rows for table in quality.tables),
        "rows_rejected": sum(table.rejected for table in quality.tables),
    }
