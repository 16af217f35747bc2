"""The core: who is eligible for each home advertised, in what order, and why."""

from __future__ import annotations

from cbl_engine.shortlist.explain import explain
from cbl_engine.shortlist.explanation import Explanation
from cbl_engine.shortlist.register import Prepared, prepare
from cbl_engine.shortlist.result import SCHEMA_VERSION, Shortlist
from cbl_engine.shortlist.run import shortlist

__all__ = [
    "SCHEMA_VERSION",
    "Explanation",
    "Prepared",
    "Shortlist",
    "explain",
    "prepare",
    "shortlist",
]
