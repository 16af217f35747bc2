"""Assessment: from the rows of a household to facts that criteria read."""

from __future__ import annotations

from cbl_engine.assess.ages import age_on, whole_months
from cbl_engine.assess.connections import area_closure, connection_facts, pair_fact_values
from cbl_engine.assess.date_rules import DatePolicy
from cbl_engine.assess.date_words import explain_date
from cbl_engine.assess.facts import columns_read, household_facts
from cbl_engine.assess.priority import PriorityDates, priority_dates

__all__ = [
    "DatePolicy",
    "PriorityDates",
    "age_on",
    "area_closure",
    "columns_read",
    "connection_facts",
    "explain_date",
    "household_facts",
    "pair_fact_values",
    "priority_dates",
    "whole_months",
]
