"""Is it good enough? What data lack for a scheme, which habits they show, what to ask for."""

from __future__ import annotations

from cbl_engine.quality.habit import Habit
from cbl_engine.quality.habits import find_habits
from cbl_engine.quality.needed import columns_needed
from cbl_engine.quality.overview import DataQuality, data_quality, quality_of, quality_of_history
from cbl_engine.quality.request import extract_request, request_page

__all__ = [
    "DataQuality",
    "Habit",
    "columns_needed",
    "data_quality",
    "extract_request",
    "find_habits",
    "quality_of",
    "quality_of_history",
    "request_page",
]
