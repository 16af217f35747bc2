"""One household's record as a page to send it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.report.page import render
from cbl_engine.report.subject_access import SECTIONS
from cbl_engine.report.subject_redaction import GROUNDS, STATEMENT, WITHHELD
from cbl_engine.shortlist.words import say
from cbl_engine.tables.letting_columns import RECORDED
from cbl_engine.tables.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbl_engine.report.subject_access import SubjectAccess
    from cbl_engine.report.subject_redaction import Row

_MOST_ACROSS = 7
_DOCS = {
    "recorded_on": "day it was recorded", "stands": "no: it was left out, or later rows have taken its place",
    "ranked_on": "day the list was made", "of": "how many are on the list", "above": "how many stand above",
    "equal": "how many others stand equal", "not_met": "criteria not met",
    "not_known": "criteria that could not be judged yet", "act": "what was decided",
}


def subject_page(found: SubjectAccess) -> str:
    """The page of :func:`~cbl_engine.report.subject_access.subject_access`."""
    return render(
        "subject.html",
        title=f"The record of application {found.application}",
        audience="applicant",
        scheme=found.scheme,
        as_at=found.as_at,
        erased=found.erased,
        sections=[_section(name, rows) for name, rows in found.sections.items()],
        chronology=found.chronology,
        withheld=[
            {"title": _title(row["table"]), "cells": row["cells"], "ground": GROUNDS[row["ground"]]}
            for row in found.withheld
        ],
        statement=STATEMENT,
        mark=WITHHELD,
    )


def _title(table: str) -> str:
    return SECTIONS.get(table, table.replace("_", " ").capitalize())


def _section(table: str, rows: Sequence[Row]) -> dict[str, Any]:
    """A table of the rows: lying on its side where there are many columns and few rows."""
    docs = {c.name: c.doc for c in (*TABLES.get(table, ()), *RECORDED.get(table, ()))} | _DOCS
    said = [n for n in rows[0] if n != "application" and any(_is_said(r.get(n)) for r in rows)]
    if all(row.get("stands", True) for row in rows):
        said = [n for n in said if n != "stands"]
    heads = [{"name": n.replace("_", " ").capitalize(), "doc": docs.get(n, "")} for n in said]
    cells = [[_cell(row.get(n)) for n in said] for row in rows]
    return {
        "title": _title(table),
        "heads": heads,
        "rows": cells,
        "aside": len(said) > _MOST_ACROSS and len(rows) <= 3,
    }


def _is_said(value: Any) -> bool:
    return value is not None and value != []


def _cell(value: Any) -> str:
    if not _is_said(value):
        return "–"
    if isinstance(value, list):
        return ", ".join(str(v) for v in value)
    return say(value)
