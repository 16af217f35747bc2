"""Run folders: everything a shortlist was made from and everything it decided, in one place.

Assessments of a register have a folder of their own; so has the record of bids and offers, a state
for each day at whose end it was written.
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
from cbl_engine.records.audit import Audit, audit_state
from cbl_engine.records.bidding import ask_to_bid
from cbl_engine.records.chain import Inputs, check_inputs, explain_run, run_shortlist
from cbl_engine.records.cycles import RecordedCycle, record_cycle
from cbl_engine.records.erasure import Erasure, due_for_erasure, erase
from cbl_engine.records.feedback import Feedback, feedback
from cbl_engine.records.folder import RunFolder, read_run, write_run
from cbl_engine.records.register import read_register
from cbl_engine.records.replay import Replay, replay_run
from cbl_engine.records.replay_state import StateReplay, replay_state
from cbl_engine.records.state import State, StateFolder, read_state

__all__ = [
    "AssessmentFolder",
    "Audit",
    "Erasure",
    "Feedback",
    "Inputs",
    "RecordedCycle",
    "Replay",
    "RunFolder",
    "State",
    "StateFolder",
    "StateReplay",
    "ask_to_bid",
    "audit_state",
    "changes_against_record",
    "check_inputs",
    "due_for_erasure",
    "erase",
    "explain_run",
    "feedback",
    "read_assessment",
    "read_register",
    "read_run",
    "read_state",
    "record_cycle",
    "replay_run",
    "replay_state",
    "run_assessment",
    "run_shortlist",
    "summary_by_band",
    "write_assessment",
    "write_run",
]
