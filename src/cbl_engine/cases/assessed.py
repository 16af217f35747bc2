"""What a case expects of an assessment: its names checked, and in words how it came out other."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.cases.rows import Table, suggest
from cbl_engine.errors import Problem
from cbl_engine.tables.columns import Column
from cbl_engine.tables.schemas import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cbl_engine.assess import Assessed
    from cbl_engine.documents import Document
    from cbl_engine.scheme.model import SchemeVersion

Place = tuple[Any, ...]
Found = dict[str, Any]

_OF_APPLICATIONS = columns_of("applications")
_VALUES = {
    **{
        name: _OF_APPLICATIONS[name]
        for name in ("bedroom_need", "sizes", "band", "points", "place_in_band", "priority_date")
    },
    **{
        column.name: column
        for column in (
            Column("eligible_in_law", "bool", "whether it may be let to at all"),
            Column("qualifies", "bool", "whether it may be on the register"),
            Column("date_rule", "text", "the rule that set the date"),
            Column("date_event", "text", "the column or spell the date came from"),
            Column("status_proposed", "code", "status", codes=_OF_APPLICATIONS["status"].codes),
            Column("next_review_on", "date", "first day on which anything could change by itself"),
        )
    },
}
_LISTS = {
    name: Column(name, "text_list", doc)
    for name, doc in (
        ("awards", "the awards held"),
        ("failed", "tests of the law and of qualification that it fails"),
        ("missing", "columns and facts that the scheme's rules needed and were not known"),
        ("overridden", "fields that an officer's value stands in"),
        ("contradictions", "kinds of what does not fit together"),
    )
}
FIELDS = {**_VALUES, **_LISTS}
"""What ``expect: assessed:`` may name of an application, by name.

A list says exactly what it holds, in any order. ``contradictions`` left out means none.
"""


def assessed_expectation(
    expected: Mapping[str, Mapping[str, Any]],
    place: Place,
    version: SchemeVersion,
    document: Document,
) -> tuple[dict[str, Found], list[Problem]]:
    """The expectation in the types of the fields, and every name that nothing has.

    Args:
        expected: application -> field -> value, as written.
        place: of ``assessed`` in the document.
        version: the scheme version in force.
        document: the file.
    """
    problems: list[Problem] = []
    if expected and version.assessment is None:
        where = document.where(place, key=True)
        message = f"the scheme {version.scheme} does not say how households are assessed"
        return {}, [Problem("no_assessment", message, where=where)]
    table = Table("assessed", FIELDS)
    out = {}
    for application, fields in expected.items():
        at = (*place, application)
        known = {name: value for name, value in fields.items() if name in FIELDS}
        problems += [
            Problem(
                "unknown_in_expect",
                f"an assessment finds no {name}",
                where=document.where((*at, name), key=True),
                allowed=suggest(name, FIELDS),
            )
            for name in fields
            if name not in FIELDS
        ]
        out[application], found = table.row(known, at, document)
        problems += found
        problems += _names(out[application], at, version, document)
    return out, problems


def _names(
    found: Found, place: Place, version: SchemeVersion, document: Document
) -> Iterator[Problem]:
    """Bands, awards and qualifying criteria that the scheme does not have."""
    rules = version.assessment
    if rules is None:
        return
    for field, what, known in (
        ("band", "band", list(version.bands)),
        ("awards", "award", list(rules.awards)),
        ("failed", "test of the law or qualifying criterion", _tests(version)),
    ):
        given = found.get(field)
        for index, name in enumerate([given] if isinstance(given, str) else given or ()):
            if name not in known:
                in_list = (*place, field, index)
                where = in_list if in_list in document.positions else (*place, field)
                yield Problem(
                    "unknown_in_expect",
                    f"there is no {what} {name}",
                    where=document.where(where),
                    allowed=suggest(name, known),
                )


def _tests(version: SchemeVersion) -> list[str]:
    from cbl_engine.scheme.law import allocation_law

    rules = version.assessment
    return [*allocation_law().eligible, *(rules.qualifies if rules else ())]


def assessment_differences(
    expected: Mapping[str, Mapping[str, Any]], result: Assessed
) -> Iterator[str]:
    """What was assessed other than expected, a sentence each.

    Args:
        expected: application -> field -> value, from :func:`assessed_expectation`.
        result: the assessment of the case's register.
    """
    for application, fields in expected.items():
        found = assessed_fields(result, application)
        if found is None:
            yield f"{application}: no version of it is in force, so it was not assessed"
            continue
        for name, hoped in {"contradictions": [], **fields}.items():
            if name in _LISTS:
                hoped, got = _listed(hoped or ()), _listed(found[name])
            else:
                hoped, got = _said(hoped), _said(found[name])
            if hoped != got:
                because = _because(name, found)
                yield f"{application}: expected {_words(name)} {hoped}, got {got}{because}"


def assessed_fields(result: Assessed, application: str) -> Found | None:
    """Everything in :data:`FIELDS` that an assessment found of one application."""
    at = int(result.ids.ordinals_of(pl.Series([application]))[0])
    if at < 0:
        return None
    row = result.assessed.row(at, named=True)
    reasons = result.reasons([application])
    tests = reasons.filter(reasons["step"].is_in(["law", "qualification"]))
    row["awards"] = [n for n, a in result.trace.awarded.awards.items() if a.held[at]]
    row["failed"] = _names_where(tests, "failed")
    row["missing"] = _missing(result, application)
    mine = result.contradictions["application"] == application
    row["contradictions"] = result.contradictions.filter(mine)["kind"].unique().to_list()
    row["overridden"] = row["overridden"] or []
    return row


def _names_where(reasons: pl.DataFrame, outcome: str) -> list[str]:
    return reasons.filter(reasons["outcome"] == outcome)["name"].to_list()


def _missing(result: Assessed, application: str) -> list[str]:
    """Columns that the scheme's rules needed; what only the law asks for is left out."""
    law = result.trace.legal.law
    rows = result.missing([application])
    own = ~rows["needed_by"].is_in([*law.eligible, *law.exempt])
    return rows.filter(own)["column"].unique().to_list()


def _because(name: str, found: Found) -> str:
    """What is behind the value that came out, where that helps to see why."""
    if name in ("band", "points", "place_in_band"):
        return f" (awards held: {_listed(found['awards'])})"
    if name == "priority_date" and found["date_rule"]:
        event = f" of {found['date_event']}" if found["date_event"] else ""
        return f" (by the rule {found['date_rule']}{event})"
    if name == "qualifies":
        return f" (fails {_listed(found['failed'])}; not known: {_listed(found['missing'])})"
    if name == "status_proposed":
        contradictions = _listed(found["contradictions"])
        return f" (not known: {_listed(found['missing'])}; contradictions: {contradictions})"
    return ""


def _words(name: str) -> str:
    return name.replace("_", " ")


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in sorted(value)) or "nothing"
    return value.isoformat() if isinstance(value, date) else str(value)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
