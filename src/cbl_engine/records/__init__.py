"""Run folders: everything a shortlist was made from and everything it decided, in one place.

Assessments of a register have a folder of their own.
"""

from __future__ import annotations

from cbl_engine.records.assessment import (
    AssessmentFolder,
    changes_against_record,
    read_assessment,
    run_assessment,
    summary_by_band,
    write_assessment,
)
from cbl_engine.records.bidding import ask_to_bid
from cbl_engine.records.chain import Inputs, check_inputs, explain_run, run_shortlist
from cbl_engine.records.feedback import Feedback, feedback
from cbl_engine.records.folder import RunFolder, read_run, write_run
from cbl_engine.records.register import read_register
from cbl_engine.records.replay import Replay, replay_run

__all__ = [
    "AssessmentFolder",
    "Feedback",
    "Inputs",
    "Replay",
    "RunFolder",
    "ask_to_bid",
    "changes_against_record",
    "check_inputs",
    "explain_run",
    "feedback",
    "read_assessment",
    "read_register",
    "read_run",
    "replay_run",
    "run_assessment",
    "run_shortlist",
    "summary_by_band",
    "write_assessment",
    "write_run",
]
