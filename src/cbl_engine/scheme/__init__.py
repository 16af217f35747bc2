"""The allocation scheme: policy as dated data, checked when it is loaded."""

from __future__ import annotations

from cbl_engine.scheme.findings import Finding
from cbl_engine.scheme.lint import lint
from cbl_engine.scheme.load import (
    Scheme,
    json_schema,
    load_scheme,
    scheme_from_text,
    shipped_schemes,
)

__all__ = [
    "Finding",
    "Scheme",
    "json_schema",
    "lint",
    "load_scheme",
    "scheme_from_text",
    "shipped_schemes",
]
