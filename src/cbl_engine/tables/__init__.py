"""Tables: the schema of each, and reading, checking and writing them."""

from __future__ import annotations

from cbl_engine.tables.columns import DTYPES, LONDON, Column, ExtraColumn
from cbl_engine.tables.findings import LINEAGE_COLUMNS
from cbl_engine.tables.ordinals import Ordinals
from cbl_engine.tables.reading import Tables, read_tables
from cbl_engine.tables.schemas import (
    TABLES,
    column_types,
    columns_of,
    data_dictionary,
    key_of,
    schema_of,
)
from cbl_engine.tables.sizes import mask_to_sizes, sizes_to_mask
from cbl_engine.tables.validation import validate_frames
from cbl_engine.tables.writing import write_tables

__all__ = [
    "DTYPES",
    "LINEAGE_COLUMNS",
    "LONDON",
    "TABLES",
    "Column",
    "ExtraColumn",
    "Ordinals",
    "Tables",
    "column_types",
    "columns_of",
    "data_dictionary",
    "key_of",
    "mask_to_sizes",
    "read_tables",
    "schema_of",
    "sizes_to_mask",
    "validate_frames",
    "write_tables",
]
