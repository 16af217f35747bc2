"""Run folders: everything a shortlist was made from and everything it decided, in one place."""

from __future__ import annotations

from cbl_engine.records.chain import Inputs, check_inputs, explain_run, run_shortlist
from cbl_engine.records.folder import RunFolder, read_run, write_run
from cbl_engine.records.register import read_register

__all__ = [
    "Inputs",
    "RunFolder",
    "check_inputs",
    "explain_run",
    "read_register",
    "read_run",
    "run_shortlist",
    "write_run",
]
