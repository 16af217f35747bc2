"""The next day on which anything could change without an event."""
from __future__ import annotations

import polars as pl


def next_reviews(scheme, plan, tables, frame, recorded, ids, as_at):
    return pl.Series([None], dtype=pl.Date).new_from_index(0, len(ids))
