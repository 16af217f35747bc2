"""Scenarios compared, histories run again, and parameters fitted."""

from __future__ import annotations

from cbl_engine.compare.pairs import Difference, paired_difference
from cbl_engine.compare.rerun import Rerun, rerun

__all__ = ["Difference", "Rerun", "paired_difference", "rerun"]
