"""Documents for people: case notes, letters, and pages that open offline and print on paper.

A page is a template of its own that extends ``page.html``; :func:`render` fills it and
:func:`write_page` puts it beside and renames it, so that no half page is ever seen.
"""

from cbl_engine.report.backtest_page import backtest_page
from cbl_engine.report.calibration_page import calibration_page
from cbl_engine.report.case_note import CaseNote
from cbl_engine.report.comparison_page import comparison_page
from cbl_engine.report.comparison_sheets import comparison_sheets
from cbl_engine.report.feedback import feedback_page
from cbl_engine.report.letter import Letter, draft_letter, letter_page
from cbl_engine.report.movers import movers_page, movers_public_page
from cbl_engine.report.note import explain_assessment, note_page
from cbl_engine.report.notices import draft_notice
from cbl_engine.report.notices_due import notices_due
from cbl_engine.report.page import render, write_page
from cbl_engine.report.quality_page import quality_page
from cbl_engine.report.replay import replay_page
from cbl_engine.report.replay_state import replay_state_page
from cbl_engine.report.results import Results, letting_results
from cbl_engine.report.results_page import results_page
from cbl_engine.report.scheme import scheme_page
from cbl_engine.report.simulation_page import simulation_page
from cbl_engine.report.subject_access import SubjectAccess, subject_access
from cbl_engine.report.subject_page import subject_page

__all__ = [
    "CaseNote",
    "Letter",
    "Results",
    "SubjectAccess",
    "backtest_page",
    "calibration_page",
    "comparison_page",
    "comparison_sheets",
    "draft_letter",
    "draft_notice",
    "explain_assessment",
    "feedback_page",
    "letter_page",
    "letting_results",
    "movers_page",
    "movers_public_page",
    "note_page",
    "notices_due",
    "quality_page",
    "render",
    "replay_page",
    "replay_state_page",
    "results_page",
    "scheme_page",
    "simulation_page",
    "subject_access",
    "subject_page",
    "write_page",
]
