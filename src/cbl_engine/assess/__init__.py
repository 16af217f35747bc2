"""Assessment: from the rows of a household to facts that criteria read."""

from __future__ import annotations

from cbl_engine.assess.ages import age_on, whole_months
from cbl_engine.assess.connections import area_closure, connection_facts, pair_fact_values
from cbl_engine.assess.facts import (
    columns_read,
    columns_welcome,
    household_facts,
    own_columns_read,
    with_if_null,
)

__all__ = [
    "age_on",
    "area_closure",
    "columns_read",
    "columns_welcome",
    "connection_facts",
    "household_facts",
    "own_columns_read",
    "pair_fact_values",
    "whole_months",
    "with_if_null",
]
