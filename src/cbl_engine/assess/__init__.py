"""Assessment: from the rows of a household to its need, band, points, date and status."""

from __future__ import annotations

from cbl_engine.assess.ages import age_on, whole_months
from cbl_engine.assess.assessed import Assessed
from cbl_engine.assess.assessing import assess
from cbl_engine.assess.bedroom_words import BedroomsExplained, Room, explain_bedrooms
from cbl_engine.assess.bedrooms import bedroom_need, sizes_let
from cbl_engine.assess.connections import area_closure, connection_facts, pair_fact_values
from cbl_engine.assess.date_rules import DatePolicy
from cbl_engine.assess.date_words import explain_date
from cbl_engine.assess.facts import (
    columns_read,
    columns_welcome,
    household_facts,
    own_columns_read,
    with_if_null,
)
from cbl_engine.assess.movers import Movers, movers
from cbl_engine.assess.overcrowding import statutory_overcrowding
from cbl_engine.assess.priority import PriorityDates, priority_dates
from cbl_engine.assess.reassess import Reassessed, reassess
from cbl_engine.assess.register_check import assessment_problems, assessment_tables
from cbl_engine.assess.upkeep import LISTS, upkeep

__all__ = [
    "LISTS",
    "Assessed",
    "BedroomsExplained",
    "DatePolicy",
    "Movers",
    "PriorityDates",
    "Reassessed",
    "Room",
    "age_on",
    "area_closure",
    "assess",
    "assessment_problems",
    "assessment_tables",
    "bedroom_need",
    "columns_read",
    "columns_welcome",
    "connection_facts",
    "explain_bedrooms",
    "explain_date",
    "household_facts",
    "movers",
    "own_columns_read",
    "pair_fact_values",
    "priority_dates",
    "reassess",
    "sizes_let",
    "statutory_overcrowding",
    "upkeep",
    "whole_months",
    "with_if_null",
]
