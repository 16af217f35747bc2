"""The draft of a decision letter: what is proposed, why, and what the household may do about it.

A letter is a draft until an officer has signed it. Nothing in it is made up: what no source gives
is a blank that says what belongs there. It is written from the applicant's case note, so it holds
nothing that is beyond the applicant. :mod:`cbl_engine.report.notices` drafts letters on bids and
offers with the same head, rights and signature.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from cbl_engine.report.letter_asks import still_to_know
from cbl_engine.report.note import explain_assessment
from cbl_engine.report.note_words import (
    FIELD_WORDS,
    fact_line,
    value_in_words,
)
from cbl_engine.scheme.description import Description, Line, Section
from cbl_engine.scheme.words import (
    amount,
    answer_in_words,
    capital,
    day,
    deadline_in_words,
    listed,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cbl_engine.assess import Assessed
    from cbl_engine.report.case_note import CaseNote, Finding
    from cbl_engine.report.weighing import Told
    from cbl_engine.scheme.law import AllocationLaw
    from cbl_engine.scheme.model import SchemeVersion

BLANK = "[to fill in: {}]"
QUESTIONS = f"Questions: {BLANK.format('telephone, address and e-mail of the team')}"
_CONFIRM = BLANK.format("confirm or change this, which the scheme does not give")
_BLANKS = re.compile(r"\[to fill in: ([^\]]*)\]")
_STATUS = {
    "active": "Your application is active.",
    "suspended": "Your application is suspended.",
    "deferred": "Your application is deferred.",
    "unbanded": "Your application is on the register without a band.",
    "awaiting_review": "We cannot decide everything yet: an officer must look at your application "
    "again.",
    "closed": "Your application is closed.",
    "under_offer": "Your application is under offer.",
    "housed": "Your application has ended with a home.",
}
_AGAINST = frozenset({"suspended", "deferred", "unbanded", "awaiting_review", "closed"})
_TAKEN_AWAY = {"band": "You are in no band.", "points": "You have no points."}
_LESS = ("band", "points", "bedroom_need", "place_in_band")


@dataclass(frozen=True)
class Letter:
    """A decision letter that nobody has signed.

    Attributes:
        application, scheme, authority, as_at: whose, under what, judged or recorded on which date.
        decision: what is decided, in sentences.
        adverse: what in it goes against the household, in short; empty for nothing. A letter with
            any carries its grounds, and every letter the right to a review.
        document: the letter.
        blanks: what an officer must fill in before it is signed, in the order of the letter.
    """

    application: str
    scheme: str
    authority: str
    as_at: date
    decision: tuple[str, ...]
    adverse: tuple[str, ...]
    document: Description = field(repr=False)
    blanks: tuple[str, ...]

    def text(self) -> str:
        """The draft as plain text."""
        return self.document.text()

    def markdown(self) -> str:
        """The draft as Markdown."""
        return self.document.markdown()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``draft`` is always true."""
        return {**asdict(self), "as_at": self.as_at.isoformat(), "draft": True}


def draft_letter(assessed: Assessed, application: Any) -> Letter:
    """Draft the decision letter of one application.

    Args:
        assessed: from :func:`cbl_engine.assess`.
        application: its id.

    Returns:
        A :class:`Letter`, with ``text()``, ``markdown()`` and ``as_dict()``.

    Raises:
        TableError: there is no such application, or none in force on the date.

    References:
        Housing Act 1996 ss.160ZA(9)-(11) and 166A(9), as ``scenarios/law/allocation.yaml`` has
        them with their standing.
    """
    note = explain_assessment(assessed, application)
    refused = note.eligible is False or note.qualifies is False
    open_ = still_to_know(assessed, note)
    decision = tuple(_decision(note, refused=refused, asks=open_ is not None))
    sections = (
        Section("What we have decided", tuple(map(Line, decision))),
        _why(note, refused=refused),
        _facts(assessed, note),
        open_,
        Section("What happens next", tuple(map(Line, _next(note, refused=refused)))),
        review_rights(assessed.trace.legal.law, assessed.version, assessed.as_at, adverse=refused),
    )
    judged = Line(f"Application {note.application}, judged on the facts we held on "
                  f"{day(note.as_at)} under {note.scheme}.")
    return letter_of(
        "Our decision about your housing application", judged, sections, assessed.version,
        application=note.application, as_at=note.as_at, decision=decision,
        adverse=tuple(_adverse(assessed, note)),
    )


def letter_of(
    title: str,
    judged: Line,
    sections: Iterable[Section | None],
    version: SchemeVersion,
    *,
    application: str,
    as_at: date,
    decision: tuple[str, ...],
    adverse: tuple[str, ...],
) -> Letter:
    """A draft with its head and its signature, sources by their titles and blanks counted.

    Args:
        title: what it is about.
        judged: whose, on which facts.
        sections: in order; None is left out.
        version: of the scheme that it rests on.
        application: its id.
        as_at: the day.
        decision: what is decided, in sentences.
        adverse: what in it goes against the household.
    """
    head = (
        Line("DRAFT. This is not a decision until a named officer has signed it."),
        Line(f"From: {version.authority}"),
        Line(f"To: {BLANK.format('name and address, once it is clear that a letter there is safe')}"),
        Line(f"Date: {BLANK.format('day on which it is sent')}"),
        judged,
    )
    signed = Section("Signed", (
        Line(f"Decided by: {BLANK.format('name and post of the officer')}"),
        Line(f"Date of the decision: {BLANK.format('day of signing')}"),
    ))
    document = Description(
        title, head, tuple(_cited(s, version) for s in (*sections, signed) if s is not None)
    )
    said = document.text(width=10**6)
    return Letter(
        application, version.title, version.authority, as_at, decision, adverse, document,
        tuple(_BLANKS.findall(said)),
    )


def letter_page(letter: Letter) -> str:
    """A draft as one offline HTML page, its blanks marked.

    Args:
        letter: from :func:`draft_letter`.
    """
    from cbl_engine.report.page import render

    html = render("letter.html", title=letter.document.title, audience="applicant",
                  description=letter.document, blanks=letter.blanks)
    return _BLANKS.sub(r"<mark>\g<0></mark>", html)


def _decision(note: CaseNote, *, refused: bool, asks: bool) -> Iterator[str]:
    if note.eligible is False:
        yield "You are not eligible: the law does not let us let a home to you."
    elif note.qualifies is False:
        yield "You do not qualify to join the housing register."
    if refused:
        return
    if note.eligible is None:
        yield ("We do not know yet whether the law lets us let a home to you. We must know before "
               "we offer you one.")
    if note.qualifies is None:
        yield "We do not know yet whether you qualify to join the housing register."
    else:
        yield "You qualify to join the housing register."
    for found in note.found:
        said = _said(found)
        if said:
            yield said + _before(found)
    listed_below = " What we still need to know is listed below." if note.waits and asks else ""
    yield _STATUS[note.of("status")] + listed_below


def _said(found: Finding) -> str:
    value = found.found
    if found.field == "bedroom_need":
        return (f"You need {value} bedroom{'' if value == 1 else 's'}." if value is not None
                else "We do not know yet how many bedrooms you need.")
    if value is None:
        return _TAKEN_AWAY.get(found.field, "") if found.recorded is not None else ""
    match found.field:
        case "sizes":
            return f"Homes with this number of bedrooms may be let to you: {listed(map(str, value), 'or')}."
        case "band":
            return f"You are in band {value}."
        case "points":
            return f"You have {amount(value, 'points')}."
        case "priority_date":
            return f"Your priority date is {day(value)}."
    return ""


def _before(found: Finding) -> str:
    if not found.changed or found.recorded is None:
        return ""
    return f" (Before: {value_in_words(found.field, found.recorded)}.)"


def _why(note: CaseNote, *, refused: bool) -> Section:
    """The grounds: tests and awards with their clause, and officers' decisions."""
    parts = [_tests(note)]
    if not refused:
        parts += [
            _listed("Your band and points" if note.banded else "Your points", [Line(capital(s)) for s in note.came],
                    [_award(t) for t in note.held]),
            _listed("What we looked at and did not count", [],
                    [Line(f"{t.label}: {t.why}", source=t.source) for t in note.near]),
            _listed("The bedrooms you need", *_bedrooms(note)),
            _listed("Your priority date", [], [Line(s, source=note.date_rule) for s in note.dates[-1:]]
                    + [Line(s) for s in note.dates[:-1]]),
        ]
        if note.of("status") in _AGAINST:
            label = note.why_status.label
            parts.append(_listed("Your status", [], [Line(label, source=note.why_status.source)]))
    stand = [o for o in note.overrides if o.stands]
    parts.append(_listed("What an officer has decided", [], [
        Line(f"{FIELD_WORDS.get(o.field, o.field)}: {o.value or 'none'}. "
             + BLANK.format(f"the reasons for decision {o.id}, as far as they may be told"))
        for o in stand
    ]))
    return Section("Why", sections=tuple(p for p in parts if p is not None))


def _tests(note: CaseNote) -> Section | None:
    """Every test; those that fail first, so that the grounds stand at the head."""
    tests = sorted((*note.law, *note.qualification), key=lambda t: t.outcome != "failed")
    words = {"met": "yes", "failed": "no", "not known": "not known"}
    return _listed("Whether you may join", [], [
        Line(f"{t.label}: {words[t.outcome]}{f', which {t.why}' if t.why else ''}", source=t.source)
        for t in tests
    ])


def _award(told: Told) -> Line:
    until = f", until {day(told.until)}" if told.until is not None else ""
    return Line(f"{told.label}: {told.gives or 'counts towards another reason'}{until}",
                source=told.source)


def _bedrooms(note: CaseNote) -> tuple[list[Line], list[Line]]:
    told = note.bedrooms
    if told is None:
        return [], []
    return [Line(f"By {told.standard}.")], [
        Line(f"{' and '.join(room.people)}: {room.why}") for room in told.rooms
    ]


def _listed(title: str, lead: list[Line], items: list[Line]) -> Section | None:
    return Section(title, tuple(lead), tuple(items)) if lead or items else None


def _cited(section: Section, version: SchemeVersion) -> Section:
    """A section whose sources go by their titles, since a reader has not the scheme's short names.

    What is not the council's is a blank for an officer to settle: a letter speaks for the council.
    """
    def cited(line: Line) -> Line:
        text = f"{line.text} {_CONFIRM}" if line.ours else line.text
        return replace(line, text=text, ours=False, source=source_in_words(line.source, version),
                       under=tuple(map(cited, line.under)))

    return replace(
        section,
        paragraphs=tuple(map(cited, section.paragraphs)),
        items=tuple(map(cited, section.items)),
        sections=tuple(_cited(inner, version) for inner in section.sections),
    )


def source_in_words(source: str | None, version: SchemeVersion) -> str | None:
    """A source of the scheme by its title: ``P1 section 4`` is ``Allocations policy, section 4``."""
    if source is None:
        return None
    parts = []
    for part in source.split(";"):
        name, _, clause = part.strip().partition(" ")
        known = version.sources.get(name.rstrip(",:"))
        parts.append(part.strip() if known is None
                     else ", ".join(filter(None, [known.title, clause])))
    return "; ".join(parts)


def _facts(assessed: Assessed, note: CaseNote) -> Section | None:
    """The facts behind the tests that were told and the awards that are held."""
    plan = assessed.trace.plan
    tests = [t.name for t in note.qualification] + [note.why_status.name]
    awards = [plan.rules.awards[t.name] for t in note.held if t.name in plan.rules.awards]
    tests += [a.when for a in awards if a.when is not None]
    read = {n for t in tests if (e := plan.early.get(t) or plan.late.get(t)) for n in e.own_names}
    read |= {a.since for a in awards if a.since} | {a.each for a in awards if a.each}
    people = len(note.household)
    lines = [fact_line(f) for f in note.facts if f.name in read]
    if people:
        lines.append(Line(f"People in your household: {people}"))
    return _listed("The facts this rests on", [], [*lines]) if lines else None


def _next(note: CaseNote, *, refused: bool) -> Iterator[str]:
    if not refused and note.of("status") == "active":
        yield "You may bid for homes that are advertised and that you are eligible for."
    if note.next_review_on is not None:
        yield (f"We will look at your application again by {day(note.next_review_on)}, when "
               "something in it could change by itself.")
    yield "Tell us at once when anything about your household or your home changes."
    yield QUESTIONS


def review_rights(
    law: AllocationLaw, version: SchemeVersion, on: date, *, adverse: bool
) -> Section:
    """What the law wants told of a decision of a day, and how the scheme lets it be reviewed.

    Args:
        law: its notices are told.
        version: its ``review:`` is told; what it leaves out is a blank.
        on: the day.
        adverse: the household may not join the register.
    """
    review = version.review
    notices = [Line(n.label, source=law.citation(n))
               for n in law.notices_on(on, adverse=adverse)]
    deadline = ask = answer = None
    source, ours = None, False
    if review is not None:
        deadline, answer = deadline_in_words(review, BLANK), answer_in_words(review, BLANK)
        ask, source, ours = review.ask, review.source, review.illustrative
    told = [
        deadline or BLANK.format("by when a review must be asked for, and what starts the time"),
        ask or BLANK.format("how a review is asked for"),
        answer or BLANK.format("by when a review is answered"),
    ]
    lines = [Line(t, source=None if t.startswith("[") else source, ours=ours and not t.startswith("["))
             for t in told]
    return Section("If you think this is wrong", items=(*notices, *lines))


def _adverse(assessed: Assessed, note: CaseNote) -> Iterator[str]:
    """What goes against the household, in short."""
    if note.eligible is False:
        yield "not eligible"
    if note.qualifies is False:
        yield "does not qualify"
    rules = assessed.trace.plan.rules.awards
    if any(t.name in rules and rules[t.name].at_most for t in note.held):
        yield "reduced preference"
    bands = list(assessed.version.bands)
    for found in note.found:
        old, new = found.recorded, found.found
        if old is None or not found.changed or note.eligible is False or note.qualifies is False:
            continue
        if found.field == "bedroom_need" and new is None:
            yield "bedrooms needed no longer known"
            continue
        if found.field == "band":
            lower = new is None or (old in bands and bands.index(new) > bands.index(old))
        elif found.field == "priority_date":
            lower = new is None or new > old
        else:
            lower = found.field in _LESS and (new is None or new < old)
        if lower:
            later = "later" if found.field == "priority_date" else "lower"
            yield f"{FIELD_WORDS[found.field].lower()} {later} than on the register"
    if note.of("status") in _AGAINST:
        yield f"status {note.of('status').replace('_', ' ')}"
