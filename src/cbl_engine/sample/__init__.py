"""Synthetic boroughs, made from published shares; nobody in them exists."""

from __future__ import annotations

from cbl_engine.sample.borough import (
    EXTRA_COLUMNS,
    sample_borough,
    sample_borough_for,
    sample_stock,
    write_borough,
)
from cbl_engine.sample.shares import figure, published_share, share_table

__all__ = [
    "EXTRA_COLUMNS",
    "figure",
    "published_share",
    "sample_borough",
    "sample_borough_for",
    "sample_stock",
    "share_table",
    "write_borough",
]
