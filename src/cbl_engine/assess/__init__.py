"""Assessment: from the rows of a household to facts that criteria read, and to bedroom need."""

from __future__ import annotations

from cbl_engine.assess.ages import age_on, whole_months
from cbl_engine.assess.bedroom_words import BedroomsExplained, Room, explain_bedrooms
from cbl_engine.assess.bedrooms import bedroom_need, sizes_let
from cbl_engine.assess.connections import area_closure, connection_facts, pair_fact_values
from cbl_engine.assess.facts import columns_read, household_facts
from cbl_engine.assess.overcrowding import rooms_counted, statutory_overcrowding

__all__ = [
    "BedroomsExplained",
    "Room",
    "age_on",
    "area_closure",
    "bedroom_need",
    "columns_read",
    "connection_facts",
    "explain_bedrooms",
    "household_facts",
    "pair_fact_values",
    "rooms_counted",
    "sizes_let",
    "statutory_overcrowding",
    "whole_months",
]
