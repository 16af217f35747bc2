"""Run folders: everything a shortlist was made from and everything it decided, in one place."""

from __future__ import annotations

from cbl_engine.records.chain import Inputs, check_inputs, explain_run, run_shortlist
from cbl_engine.records.feedback import Feedback, feedback
from cbl_engine.records.folder import RunFolder, read_run, write_run
from cbl_engine.records.replay import Replay, replay_run

__all__ = [
    "Feedback",
    "Inputs",
    "Replay",
    "RunFolder",
    "check_inputs",
    "explain_run",
    "feedback",
    "read_run",
    "replay_run",
    "run_shortlist",
    "write_run",
]
