"""A case note in words: the same sections as text, Markdown or a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.scheme.description import Description, Line, Section, Table
from cbl_engine.scheme.words import amount, capital, day, listed, say

if TYPE_CHECKING:
    from cbl_engine.report.case_note import CaseNote, FactRead, OverrideTold
    from cbl_engine.report.weighing import Told

FIELD_WORDS = {
    "bedroom_need": "Bedrooms needed",
    "sizes": "Sizes that may be let",
    "qualifies": "Qualifies",
    "band": "Band",
    "points": "Points",
    "place_in_band": "Place in the band",
    "priority_date": "Priority date",
    "status": "Status",
}
CONTRADICTIONS = {
    "born_after_as_at": "Born after the date of this assessment",
    "two_partners": "More than one partner, or their own partner",
    "band_before_registration": "A band from before registration",
    "rooms_differ": "Rooms and a number of bedrooms of the present home that do not agree",
    "statuses_overlap": "Two statuses at one time in the history",
    "override_conflict": "Officers' decisions on one field that say different things",
    "override_basis_changed": "The rules no longer give what they gave when the officer decided",
    "override_unreadable": "An officer's value that cannot be one of its field",
    "overlap": "Two bands at one time in the history",
    "open_twice": "More than one band in the history that has not ended",
    "same_day": "Two bands in the history that began on one day",
    "gap": "A time without a band in the history",
    "history_ended": "The history of bands ends before today",
    "spell_without_a_day": "A band in the history that ended no later than it began",
    "band_not_in_scheme": "A change in the history to or from a band that the scheme has not",
    "award_before_last_spell": "An award from before the last band in the history",
    "submitted_after_award": "A change sent in after it was awarded",
    "reason_not_known": "A band in the history that began for a reason the engine does not know",
    "other_application_not_known": "Joined with or split from an application that is not there",
}
"""Words for every kind of contradiction."""


def described(note: CaseNote) -> Description:
    """A case note as a document."""
    sections = (
        _outcome(note), _facts(note), _household(note), _bedrooms(note), _home(note), _law(note),
        _awards(note), _overrides(note), _dates(note), _missing(note), _contradictions(note),
        _sources(note),
    )
    head = (
        Line(f"Assessed as at {day(note.as_at)} under {note.scheme} ({note.authority}), the "
             f"version in force from {day(note.version_from)}."),
        Line("This is a proposal. It takes effect when an officer decides."),
    )
    return Description(f"Assessment of application {note.application}", head,
                       tuple(s for s in sections if s is not None))


def value_in_words(field: str, value: Any) -> str:
    """A field's value as people write it."""
    if value is None:
        return "none" if field in ("band", "points", "place_in_band") else "not known"
    if field == "status":
        return value.replace("_", " ")
    if field == "sizes":
        return listed(map(str, value), "or") if value else "none"
    return say(value)


def _outcome(note: CaseNote) -> Section:
    rows = []
    for found in note.found:
        if found.found is None and found.recorded is None:
            continue
        now = value_in_words(found.field, found.found)
        before = value_in_words(found.field, found.recorded)
        if found.field == "priority_date" and found.recorded is None:
            before = "left to the rules"
        mark = "set by an officer" if found.overridden else ""
        if found.changed:
            mark = f"{mark}, changed" if mark else "changed"
        rows.append((FIELD_WORDS[found.field], now, before, mark))
    review = ("Nothing changes by itself." if note.next_review_on is None else
              f"To be assessed anew by {day(note.next_review_on)}, the first day on which "
              "something could change by itself.")
    return Section(
        "Outcome",
        (
            Line(f"Eligible in law: {_truth(note.eligible)}. Qualifies: {_truth(note.qualifies)}."),
            Line(f"Status proposed: {note.of('status').replace('_', ' ')}. "
                 f"{note.why_status.label}.", source=note.why_status.source),
            Line(review),
        ),
        table=Table(("", "Proposed", "On the register", "Note"), tuple(rows)),
    )


def _truth(value: bool | None) -> str:
    return "not known" if value is None else say(value)


def _facts(note: CaseNote) -> Section | None:
    lines = tuple(map(fact_line, note.facts))
    return Section("Facts that were read", items=lines) if lines else None


def fact_line(fact: FactRead) -> Line:
    """A fact with its value."""
    value = fact.value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    said = "not known" if value is None else amount(value, fact.unit)
    return Line(f"{capital(fact.label)}: {said}")


def _household(note: CaseNote) -> Section | None:
    if not note.household:
        return None
    officer = note.audience == "officer"
    head = ("Person", "Relationship", "Age", *(("Born", "Sex") if officer else ()))
    rows = []
    for p in note.household:
        cells = [p.person, (p.relationship or "not known").replace("_", " "),
                 str(p.age) if p.age is not None else "not yet born" if p.born is not None
                 else "not known" if officer else "not known or not yet born"]
        if officer:
            cells += ["not known" if p.born is None else day(p.born), p.sex or "not known"]
        rows.append(tuple(cells))
    return Section("Household", table=Table(head, tuple(rows)))


def _bedrooms(note: CaseNote) -> Section | None:
    told = note.bedrooms
    if told is None:
        return None
    first, _, *rest = told.text().splitlines()
    answer = capital(first.partition(": ")[2])
    rooms = [line.strip() for line in rest if not line.startswith("  Not known")]
    left_out = [f"{person} is not counted: {why}" for person, why in told.not_counted]
    rooms = [line for line in rooms if line not in left_out]  # ids stay as they are
    numbered = [r.partition(". ")[2] for r in rooms if r[:1].isdigit()]
    others = [*map(Line, left_out), *(Line(capital(r)) for r in rooms if not r[:1].isdigit())]
    if any(f.field == "bedroom_need" and f.overridden for f in note.found):
        others.append(Line(f"An officer has decided: {say(note.of('bedroom_need'))}."))
    return Section("Bedrooms", (Line(f"{answer}. Standard: {told.standard}."), *others),
                   tuple(Line(r) for r in numbered), numbered=True)


def _home(note: CaseNote) -> Section | None:
    if not (note.rooms or note.home):
        return None
    rows = tuple(
        (r.room or "not named", r.use.replace("_", " "),
         "not known" if r.square_feet is None else f"{r.square_feet:.10g}",
         "; ".join(dict.fromkeys(r.counted)))
        for r in note.rooms
    )
    head = ("Room", "Use", "Square feet", "As a bedroom")
    return Section("The present home", tuple(map(Line, note.home)),
                   table=Table(head, rows) if rows else None)


def _law(note: CaseNote) -> Section:
    parts = [Section("Eligibility in law", items=tuple(map(_test, note.law)))]
    if note.qualification:
        parts.append(Section("Qualification", items=tuple(map(_test, note.qualification))))
    return Section("Whether the household may join", sections=tuple(parts))


def _test(told: Told) -> Line:
    by = told.gives or told.why
    return Line(f"{told.label}: {told.outcome}{f' ({by})' if by else ''}", source=told.source)


def _awards(note: CaseNote) -> Section | None:
    if not (note.held or note.near or note.came):
        return None
    parts = [
        Section(title, items=tuple(map(_award, told)))
        for title, told in (("Held", note.held), ("Not held, but near", note.near)) if told
    ]
    if note.others:
        parts.append(Section("Not held", (Line(f"{'; '.join(note.others.values())}."),)))
    since = () if note.band_since is None else (Line(f"Held since {day(note.band_since)}."),)
    came = tuple(Line(capital(sentence)) for sentence in note.came)
    title = "Band, points and awards" if note.banded else "Points and awards"
    return Section(title, (*came, *since), sections=tuple(parts))


def _award(told: Told) -> Line:
    days = ""
    if told.since is not None:
        days = f", from {day(told.since)}"
    if told.until is not None:
        days += f" until {day(told.until)}"
    if told.why is not None:
        return Line(f"{told.label} ({told.gives}{days}): {told.why}", source=told.source)
    return Line(f"{told.label}: {told.gives or 'counts towards other awards'}{days}",
                source=told.source)


def _overrides(note: CaseNote) -> Section | None:
    if not note.overrides:
        return None
    stand = {o.field for o in note.overrides if o.stands}
    return Section("Officers' decisions", items=tuple(
        _override(o, other=o.field in stand) for o in note.overrides))


def _override(o: OverrideTold, *, other: bool) -> Line:
    parts = [f"{FIELD_WORDS.get(o.field, o.field)}: {o.value or 'none'}"]
    parts.append("it stands" if o.stands else "not in use: another stands" if other
                 else "not in use: it cannot be read")
    if o.since is not None:
        parts.append(f"from {day(o.since)}")
    parts.append("without an end" if o.until is None else f"until {day(o.until)}")
    if o.decided_on is not None:
        parts.append(f"decided on {day(o.decided_on)}")
    under = tuple(
        Line(f"{word}: {value}")
        for word, value in (("By", o.by), ("Why", o.reason), ("Evidence", o.evidence),
                            ("The rules gave then", o.instead_of)) if value
    )
    return Line(", ".join(parts), name=o.id, under=under)


def _dates(note: CaseNote) -> Section | None:
    if not note.dates:
        return None
    *steps, summed = note.dates
    return Section("Priority date", (Line(summed, source=note.date_rule),),
                   tuple(map(Line, steps)), numbered=True)


def _missing(note: CaseNote) -> Section | None:
    if not note.missing:
        return None
    lines = tuple(
        Line(f"{capital(m.label)}: needed for “{m.needed_for}”, {m.effect}",
             under=(Line(f"What it could change: {m.difference}"),) if m.difference else ())
        for m in note.missing
    )
    return Section("What is not known", items=lines)


def _contradictions(note: CaseNote) -> Section | None:
    if not note.contradictions:
        return None
    lines = tuple(
        Line(f"{CONTRADICTIONS[c.kind]}{' (' + ', '.join(c.rows) + ')' if c.rows else ''}. "
             f"Assumed: {c.assumption}")
        for c in note.contradictions
    )
    lead = Line("An officer is to settle these; until then the application awaits review."
                if note.waits else "An officer is to settle these before the decision is signed.")
    return Section("What cannot all be true", (lead,), lines)


def _sources(note: CaseNote) -> Section | None:
    """What the short names in square brackets stand for, of those that are used."""
    told = (*note.qualification, *note.held, *note.near, note.why_status)
    used = " ; ".join([*(t.source for t in told if t.source), note.date_rule or ""])
    names = {part.split()[0].rstrip(",:") for part in used.split(";") if part.strip()}
    lines = tuple(Line(title, name=name, url=url)
                  for name, (title, url) in note.sources.items() if name in names)
    return Section("Sources", items=lines) if lines else None
