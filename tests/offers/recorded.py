"""Tables of the record, written by hand."""

from __future__ import annotations

from typing import Any

import polars as pl

from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.letting_columns import RECORDED

_DEFAULTS = {
    "consequences": {"may_not_bid": False, "council_bids": False, "review": False, "because": []},
    "advert_states": {"status": "closed", "homes": 1, "let": 0, "rung": 0},
    "shortlisted": {"eligible": True, "failed": [], "unknown": []},
    "passed_over": {"position": 1, "reason": "x", "kind": "check", "officer_held": False},
    "offers": {"route": "bid", "final": False, "step": "offered", "counts": False,
               "under_review": False},
    "proposals": {"act": "consequence", "status": "open", "automated": False},
    "lettings": {"route": "bid", "final": False},
}


def rows_of(table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with every column of the table."""
    columns = [column.name for column in RECORDED[table]]
    own = _DEFAULTS.get(table, {})
    return [dict.fromkeys(columns) | own | row for row in rows]


def record_of(**tables: list[dict[str, Any]]) -> dict[str, pl.DataFrame]:
    """Tables of the record; what a row leaves out is ordinary or null."""
    return {
        table: pl.DataFrame(
            [
                pl.Series(c.name, [r[c.name] for r in rows_of(table, rows)], DTYPES[c.type])
                for c in RECORDED[table]
            ]
        )
        for table, rows in tables.items()
    }
