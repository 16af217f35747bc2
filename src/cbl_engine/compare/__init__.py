"""Scenarios compared, histories run again, and parameters fitted."""

from __future__ import annotations

from cbl_engine.compare.comparing import Comparison, compare, open_comparison
from cbl_engine.compare.findings import findings
from cbl_engine.compare.pairs import Difference, paired_difference
from cbl_engine.compare.rerun import Rerun, rerun

__all__ = ["Comparison", "Difference", "Rerun", "compare", "findings", "open_comparison",
           "paired_difference", "rerun"]
