"""Tables: the schema of each, and reading, checking and writing them."""

from __future__ import annotations

from cbl_engine.tables.columns import DTYPES, LONDON, Column, ExtraColumn
from cbl_engine.tables.findings import LINEAGE_COLUMNS
from cbl_engine.tables.needs import (
    as_at_problems,
    column_problems,
    day_problems,
    frame_problems,
    given_twice,
    id_type_problems,
    ids_asked,
    list_problems,
    mapping_problems,
    repeated_ids,
    with_register_types,
)
from cbl_engine.tables.of_homes import as_of_homes
from cbl_engine.tables.ordinals import Ordinals
from cbl_engine.tables.reading import Tables, read_tables
from cbl_engine.tables.register_columns import DATED_TABLES
from cbl_engine.tables.schemas import (
    REGISTER_TABLES,
    TABLES,
    column_types,
    columns_of,
    data_dictionary,
    key_of,
    schema_of,
)
from cbl_engine.tables.sizes import mask_to_sizes, sizes_in_order, sizes_to_mask
from cbl_engine.tables.validation import validate_frames
from cbl_engine.tables.versions import has_versions, spans_of, versions_in_force
from cbl_engine.tables.writing import write_tables

__all__ = [
    "DATED_TABLES",
    "DTYPES",
    "LINEAGE_COLUMNS",
    "LONDON",
    "REGISTER_TABLES",
    "TABLES",
    "Column",
    "ExtraColumn",
    "Ordinals",
    "Tables",
    "as_at_problems",
    "as_of_homes",
    "column_problems",
    "column_types",
    "columns_of",
    "data_dictionary",
    "day_problems",
    "frame_problems",
    "given_twice",
    "has_versions",
    "id_type_problems",
    "ids_asked",
    "key_of",
    "list_problems",
    "mapping_problems",
    "mask_to_sizes",
    "read_tables",
    "repeated_ids",
    "schema_of",
    "sizes_in_order",
    "sizes_to_mask",
    "spans_of",
    "validate_frames",
    "versions_in_force",
    "with_register_types",
    "write_tables",
]
