"""The case note of one application: every step of its assessment, for an officer or the applicant.

Who sees what: an applicant sees their own facts, every test with its outcome and source, the
awards held and those that were near, the derivation of the date, what is missing and that an
officer has decided. Left to officers are the free text of overrides (reason, evidence, name), the
group that the law protects the household as (a letter may be opened by others at home), awards
that are neither held nor near, dates of birth, and what is contradictory about overrides.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess import age_on, explain_bedrooms, explain_date
from cbl_engine.assess.found import ASSUMED
from cbl_engine.assess.legal import law_columns
from cbl_engine.assess.missing import EFFECTS
from cbl_engine.errors import Problem, TableError
from cbl_engine.report.case_note import (
    CaseNote,
    Contradiction,
    FactRead,
    Finding,
    Member,
    MissingTold,
    OverrideTold,
)
from cbl_engine.report.present_home import home_told, rooms_told
from cbl_engine.report.weighing import (
    Told,
    awards_not_held,
    difference,
    how_band_came,
    how_points_came,
)
from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.words import column_called, day
from cbl_engine.shortlist.explain import AUDIENCES
from cbl_engine.tables import DTYPES, TABLES
from cbl_engine.tables.ordinals import as_id

if TYPE_CHECKING:
    from collections.abc import Collection

    from cbl_engine.assess import Assessed, BedroomsExplained
    from cbl_engine.scheme.parts import Labelled
    from cbl_engine.shortlist.explanation import Audience

FIELDS = ("bedroom_need", "sizes", "band", "points", "place_in_band", "priority_date", "status")
"""What a register records and an assessment finds anew. A note leaves the band out where the scheme
has none."""


def explain_assessment(
    assessed: Assessed, application: Any, audience: Audience = "applicant"
) -> CaseNote:
    """Why one application is assessed as it is: the note for its file.

    Args:
        assessed: from :func:`cbl_engine.assess`.
        application: its id.
        audience: ``applicant`` or ``officer``; this module's text says what each sees.

    Returns:
        A :class:`CaseNote`, with ``text()``, ``markdown()`` and ``as_dict()``.

    Raises:
        TableError: there is no such application, or none in force on the date; or no such audience.
    """
    if audience not in AUDIENCES:
        raise TableError([Problem("unknown_audience", "there is no such audience",
                                  given=str(audience)[:60], allowed=", ".join(AUDIENCES))])
    ids = assessed.ids.ids
    own_id = as_id(ids, application)
    at = int(assessed.ids.ordinals_of(pl.Series([own_id], dtype=ids.dtype))[0]) if (
        isinstance(own_id, str) == (ids.dtype == pl.String)) else -1
    if at < 0:
        raise TableError(
            [Problem("unknown_application", "there is no such application on this date",
                     where="applications.id", given=str(application)[:60])]
        )
    officer = audience == "officer"
    version, trace = assessed.version, assessed.trace
    row = assessed.assessed.row(at, named=True)
    reasons = assessed.reasons([own_id]).to_dicts()
    bedrooms = _bedrooms(assessed, own_id, at)
    waits = row["status_proposed"] == "awaiting_review"
    near, others = awards_not_held(trace, version, at, assessed.as_at, waits=waits)
    return CaseNote(
        application=str(own_id),
        audience=audience,
        scheme=version.title,
        authority=version.authority,
        version_from=version.in_force.from_,
        as_at=assessed.as_at,
        eligible=row["eligible_in_law"],
        qualifies=row["qualifies"],
        found=_found(assessed, row, at),
        facts=_facts(assessed, at, officer=officer),
        household=_household(assessed, own_id, officer=officer),
        bedrooms=bedrooms,
        rooms=rooms_told(assessed, own_id),
        home=home_told(assessed, at),
        law=_law(_told(reasons, "law"), trace.legal.tests, officer=officer),
        qualification=_tests(_told(reasons, "qualification"), assessed, waits=waits, officer=officer),
        held=tuple(t for t in _told(reasons, "award") if t.gives is not None
                   or (t.name in trace.awarded.awards and trace.awarded.awards[t.name].held[at])),
        near=near,
        others=others if officer else {},
        came=(*how_band_came(trace, version, row["overridden"] or (), at, row["band"]),
              *how_points_came(trace, row["overridden"] or (), at, row["points"])),
        band_since=None if row["band"] is None else trace.band_since[at],
        overrides=_overrides(assessed, own_id, at, officer=officer),
        dates=_dates(assessed, own_id, row["overridden"] or ()),
        date_rule=trace.plan.rules.priority_date.source if trace.plan.rules.priority_date else None,
        why_status=_why_status(_told(reasons, "status")[0], row["overridden"] or ()),
        next_review_on=row["next_review_on"],
        missing=_missing(assessed, own_id, at, bedrooms, waits=waits),
        contradictions=tuple(
            Contradiction(c["kind"], _rows(c), c["assumption"])
            for c in assessed.contradictions.filter(pl.col("application") == own_id).to_dicts()
            if officer or not c["kind"].startswith("override")
        ),
        sources={name: (s.title, s.url) for name, s in version.sources.items()},
    )


def note_page(note: CaseNote) -> str:
    """A case note as one offline HTML page.

    Args:
        note: from :func:`explain_assessment`; the page says for whom it is.
    """
    from cbl_engine.report.note_words import described
    from cbl_engine.report.page import render

    described_note = described(note)
    return render("note.html", title=described_note.title, audience=note.audience,
                  description=described_note)


def _told(reasons: list[dict[str, Any]], step: str) -> tuple[Told, ...]:
    names = [f.name for f in fields(Told) if f.name != "why"]
    return tuple(Told(**{n: r[n] for n in names}) for r in reasons if r["step"] == step)


def _law(told: tuple[Told, ...], tests: Any, *, officer: bool) -> tuple[Told, ...]:
    """Tests of eligibility; for officers also the groups that the law protects."""
    return tuple(t for t in told if officer or t.name in tests)


def _tests(
    told: tuple[Told, ...], assessed: Assessed, *, waits: bool, officer: bool
) -> tuple[Told, ...]:
    """Tests of qualification, and what one that is not known counts as.

    Where the law exempts from one, the regulation would name the group: that is for officers.
    """
    out = []
    for test in told:
        if test.outcome == "not known":
            rule = assessed.version.criteria[test.name].when_unknown
            out.append(replace(test, why=_effect(EFFECTS[rule], waits=waits)))
        else:
            hidden = test.gives is not None and not officer
            out.append(replace(test, source=None) if hidden else test)
    return tuple(out)


def _effect(effect: str, *, waits: bool) -> str:
    """What is done about what is not known; it holds nothing up where the status is another."""
    return "is to be settled" if effect == EFFECTS["hold"] and not waits else effect


def _bedrooms(assessed: Assessed, application: Any, at: int) -> BedroomsExplained | None:
    standard = assessed.trace.plan.standard
    if standard is None:
        return None
    own = assessed.trace.frame[at].with_columns(assessed.ids.ids[at : at + 1].alias("id"))
    return explain_bedrooms(assessed.tables["people"], standard, assessed.as_at, own, application)


def _found(assessed: Assessed, row: dict[str, Any], at: int) -> tuple[Finding, ...]:
    recorded = assessed.tables["applications"].row(at, named=True)
    overridden = row["overridden"] or ()
    return tuple(
        Finding(name, recorded.get(name),
                row["status_proposed" if name == "status" else name], name in overridden)
        for name in FIELDS if name != "band" or assessed.version.bands
    )


def _facts(assessed: Assessed, at: int, *, officer: bool) -> tuple[FactRead, ...]:
    """What the scheme's rules read of the application; for officers, also what the law reads."""
    trace, version = assessed.trace, assessed.version
    values = trace.frame.row(at, named=True)
    standard = {c.name: c for c in TABLES["applications"]}
    out = []
    for name in (*trace.plan.own, *trace.plan.facts):
        if name in values and name != "status":
            declared = version.declared("applications").get(name) or version.facts.get(name)
            unit = declared.unit if declared else standard[name].unit or None
            out.append(FactRead(name, column_called(name, version), values[name], unit))
    if officer:
        law = trace.legal.frame.row(at, named=True)
        have = {fact.name for fact in out}
        for name, fact in trace.legal.law.facts.items():
            if law.get(name) is not None and name not in have:
                out.append(FactRead(name, fact.label, law[name], None))
        for name in _sparing(assessed, at):
            if law[name] is not None and name not in have:
                out.append(FactRead(name, standard[name].doc, law[name], None))
    return tuple(out)


def _sparing(assessed: Assessed, at: int) -> list[str]:
    """Columns of the application by which a test of the law spares it."""
    legal = assessed.trace.legal
    mine = np.array([at])
    spared = [legal.law.eligible[n] for n in legal.tests if legal.spared(n, mine, assessed.as_at)[0]]
    names = {n for test in spared for n in parse_expression(test.unless or "").own_names}
    return sorted(names - set(legal.law.facts))


def _household(assessed: Assessed, application: Any, *, officer: bool) -> tuple[Member, ...]:
    people = assessed.tables.get("people")
    if people is None:
        return ()
    mine = people.filter(pl.col("application") == application).sort("id")
    blank = [pl.lit(None, DTYPES[kind]).alias(name)
             for name, kind in (("date_of_birth", "date"), ("relationship", "text"),
                                ("sex", "text")) if name not in mine.columns]
    mine = mine.with_columns(blank).with_columns(age_on(assessed.as_at).alias("age"))
    return tuple(
        Member(str(p["id"]), p["relationship"],
               p["age"] if p["age"] is None or p["age"] >= 0 else None,
               p["date_of_birth"] if officer else None, p["sex"] if officer else None)
        for p in mine.to_dicts()
    )


def _why_status(by_the_rules: Told, overridden: Collection[str]) -> Told:
    """The reason for the status proposed: an officer's, where one has set it, is in its decision."""
    if "status" not in overridden:
        return by_the_rules
    return replace(by_the_rules, name="override", label="An officer has decided", source=None)


def _overrides(
    assessed: Assessed, application: Any, at: int, *, officer: bool
) -> tuple[OverrideTold, ...]:
    """Every override that is current, the one that stands and those it took the place of."""
    rows = assessed.tables.get("overrides")
    if rows is None:
        return ()
    on, found = assessed.as_at, assessed.trace.overrides
    for column in TABLES["overrides"]:
        if column.name not in rows.columns:
            rows = rows.with_columns(pl.lit(None, DTYPES[column.type]).alias(column.name))
    mine = rows.filter(
        pl.col("application") == application,
        pl.col("since").is_null() | (pl.col("since") <= on),
        pl.col("until").is_null() | (pl.col("until") > on),
    ).sort("field", "decided_on", "since", "id", nulls_last=False)
    stand = set(found.standing.filter(pl.col("ordinal") == at)["id"])
    private = ("by", "reason", "evidence", "instead_of")
    return tuple(
        OverrideTold(str(o["id"]), o["field"], o["value"], o["since"], o["until"],
                     str(o["id"]) in stand, o["decided_on"],
                     **({n: o[n] for n in private} if officer else {}))
        for o in mine.to_dicts()
    )


def _dates(assessed: Assessed, application: Any, overridden: Any) -> tuple[str, ...]:
    dates = assessed.trace.dates
    if dates is None:
        return ()
    steps = dates.steps([application])
    labels = {c.name: c.doc for c in TABLES["applications"]}
    labels |= {name: column_called(name, assessed.version)
               for name in (*assessed.version.declared("applications"), *assessed.version.facts)}
    told = explain_date(steps, labels)
    if "priority_date" in overridden:
        told.append("An officer's date stands in its place.")
    return tuple(told)


def _rows(contradiction: dict[str, Any]) -> tuple[str, ...]:
    """Ids of people and overrides as they are; spells with their days in words."""
    rows = contradiction["rows"]
    if contradiction["kind"] not in ASSUMED:
        return tuple(rows)
    return tuple(re.sub(r"\d{4}-\d\d-\d\d$", lambda on: day(date.fromisoformat(on[0])), r) for r in rows)


def _missing(
    assessed: Assessed, application: Any, at: int, bedrooms: BedroomsExplained | None, *, waits: bool
) -> tuple[MissingTold, ...]:
    out = []
    for row in assessed.missing([application]).to_dicts():
        needed = row["needed_by"]
        labelled = _needing(assessed, row["kind"], needed)
        out.append(MissingTold(
            row["column"], missing_called(row["column"], assessed), needed,
            labelled.label if labelled else needed.replace("_", " ").replace(".", ", "),
            _effect(row["effect"], waits=waits), difference(assessed, at, row, bedrooms),
        ))
    return tuple(out)


def _needing(assessed: Assessed, kind: str, name: str) -> Labelled | None:
    """What needed a fact, as the scheme or the law has it."""
    version, plan, law = assessed.version, assessed.trace.plan, assessed.trace.legal.law
    return {
        "criterion": version.criteria.get(name),
        "award": plan.rules.awards.get(name),
        "law": law.eligible.get(name) or law.exempt.get(name),
        "fact": version.facts.get(name),
        "standard": plan.standard,
    }.get(kind)


def missing_called(column: str, assessed: Assessed) -> str:
    """A missing column in words: ``sex of P1-02``, or the label of a fact or column."""
    column, _, why = column.partition(": ")
    owner, _, name = column.rpartition(".")
    words = name.removesuffix("_of").replace("_", " ")
    if owner in TABLES:
        return f"{words} in {owner.replace('_', ' ')}"
    if owner:
        return f"{words} of {owner}" + (f" ({why})" if why else "")
    law = assessed.trace.legal.law
    if name in law.facts:
        return law.facts[name].label
    if name in law_columns(law):
        return next(c.doc for c in TABLES["applications"] if c.name == name)
    return column_called(name, assessed.version)
