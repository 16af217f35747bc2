"""What a decision letter asks a household for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.report.note_words import CONTRADICTIONS
from cbl_engine.report.weighing import NO_CHANGE
from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.words import capital

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.assess import Assessed
    from cbl_engine.report.case_note import CaseNote, MissingTold

_COUNCILS = ("band_history", "status_history", "overrides", "officer_decisions")
_THEIRS = ("born_after_as_at", "two_partners", "rooms_differ")
"""Contradictions that a household can settle; the others are between the council's own records."""


def still_to_know(assessed: Assessed, note: CaseNote) -> Section | None:
    """What the household is asked for; None for nothing."""
    lines = [
        Line(". It could change: ".join(filter(None, [_needed(m), m.difference])))
        for m in _to_ask(assessed, note)
    ]
    lines += [
        Line(f"{CONTRADICTIONS[c.kind]}{' (' + ', '.join(c.rows) + ')' if c.rows else ''}. "
             f"Until this is settled: {c.assumption}")
        for c in note.contradictions if c.kind in _THEIRS
    ]
    lead = Line("Please tell us, and send what shows it, if you can:")
    return Section("What we still need to know", (lead,), tuple(lines)) if lines else None


def _to_ask(assessed: Assessed, note: CaseNote) -> Iterator[MissingTold]:
    """What is missing that the household may tell and that could change something.

    What the council records and what the assessment itself finds are for the officer's note, and what
    contradicts itself is told as that, once.
    """
    found = assessed.trace.plan.found
    settled = {c.kind for c in note.contradictions}
    for missing in note.missing:
        column, _, why = missing.column.partition(": ")
        if (column.partition(".")[0] in _COUNCILS or column in found
                or why.replace(" ", "_") in settled or missing.difference.startswith(NO_CHANGE)):
            continue
        yield missing


def _needed(missing: MissingTold) -> str:
    """A fact that is not known, and what needs it where that has other words."""
    what = capital(missing.label)
    return what if what == capital(missing.needed_for) else f"{what}, needed for “{missing.needed_for}”"
