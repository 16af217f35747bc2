"""The allocation scheme: policy as dated data, checked when it is loaded."""

from __future__ import annotations

from cbl_engine.scheme.changes import changes_described, scheme_changes
from cbl_engine.scheme.describe import describe
from cbl_engine.scheme.description import Description
from cbl_engine.scheme.differences import Change
from cbl_engine.scheme.findings import Finding
from cbl_engine.scheme.json_schema import json_schema, json_schema_text
from cbl_engine.scheme.lint import lint
from cbl_engine.scheme.load import (
    Scheme,
    hash_of_files,
    load_scheme,
    scheme_from_text,
    shipped_schemes,
)

__all__ = [
    "Change",
    "Description",
    "Finding",
    "Scheme",
    "changes_described",
    "describe",
    "hash_of_files",
    "json_schema",
    "json_schema_text",
    "lint",
    "load_scheme",
    "scheme_changes",
    "scheme_from_text",
    "shipped_schemes",
]
