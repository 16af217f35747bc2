"""Draft letters on bids and offers: what was done, why and under which clause, what to do next.

A letter holds the household's own facts, the home by area and kind, and rules of the scheme: nothing
of anybody else. What officers hold is one reason in one wording, whatever it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import BadInput, Problem
from cbl_engine.report.letter import QUESTIONS, letter_of, review_rights
from cbl_engine.report.notice_case import Case
from cbl_engine.report.notice_letters import LETTERS, Said
from cbl_engine.report.notices_due import notices_due
from cbl_engine.report.status_letters import STATUS_LETTERS
from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.law import allocation_law
from cbl_engine.scheme.words import day

if TYPE_CHECKING:
    from cbl_engine.report.letter import Letter
    from cbl_engine.report.results_rows import Record
    from cbl_engine.scheme import Scheme


def draft_notice(record: Record, scheme: Scheme, notice: str) -> Letter:
    """Draft one of the letters that a record gives rise to.

    Args:
        record: a state folder, or a cycle's record.
        scheme: that its cycles used; the version of the day of what the letter is about is cited.
        notice: id, as :func:`notices_due` lists them.

    Returns:
        A :class:`~cbl_engine.report.letter.Letter`, for its household.

    Raises:
        BadInput: the record gives rise to no such letter.
        SchemeError: no version of the scheme was in force on the day.

    References:
        Housing Act 1996 ss.166A(9), 193(7), 193A and 202; ``scenarios/law/allocation.yaml`` and
        ``scenarios/law/final_offers.yaml`` have them with their standing.
    """
    found = notices_due(record, scheme).filter(pl.col("notice") == notice).to_dicts()
    if not found or record.as_at is None:
        raise BadInput([Problem("unknown_notice", "the record gives rise to no such letter",
                                given=repr(notice[:120]), remedy="cbl notice STATE lists them")])
    (due,) = found
    case = Case(record, scheme, due)
    said: Said = (LETTERS | STATUS_LETTERS)[due["kind"]](case)
    version = case.version
    sections = (
        Section("What we have decided", tuple(map(Line, said.decision))),
        *said.sections,
        Section("What happens next", (*said.next, Line(
            "Tell us at once when anything about your household or your home changes."),
            Line(QUESTIONS))),
        said.review or review_rights(allocation_law(), version, due["on"], adverse=False),
    )
    judged = Line(f"Application {due['application']}, as our records stood on "
                  f"{day(record.as_at)}, under {version.title}.")
    return letter_of(
        said.title, judged, sections, version, application=due["application"],
        as_at=record.as_at, decision=said.decision, adverse=said.adverse,
    )
