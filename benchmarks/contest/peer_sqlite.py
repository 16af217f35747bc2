"""SQLite's turn: one SQL statement with a window function, on tables in memory.

Loaded and analysed before the clock starts: ids are the tables' own row ids, dates are whole days.
Rows come out one by one, as they do from SQLite, straight into an array. Measured against the
alternatives at S and M: ranking the applications once (25% slower at M, eleven times at S); a
window over all bids instead of over the eligible, with the refused put beside them by UNION ALL
(30% slower).
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from benchmarks.contest.data import AS_AT
from benchmarks.contest.sql import by_bid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DAY = AS_AT.toordinal() - 719_163
ANSWER = [("bid", np.int32), ("position", np.int32), ("failed", np.uint64)]


class SQLite:
    """Tables in SQLite's memory, before the clock starts."""

    tuning = "one SQL statement on its own tables in memory, a window over the eligible"

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self.connection = sqlite3.connect(":memory:")
        for name, table in tables.items():
            key, *others = table.column_names
            self.connection.execute(
                f"CREATE TABLE {name} ({key} INTEGER PRIMARY KEY, {', '.join(others)})"
            )
            places = ", ".join("?" * table.num_columns)
            self.connection.executemany(
                f"INSERT INTO {name} VALUES ({places})",
                zip(*(plain(column).to_pylist() for column in table.columns), strict=True),
            )
        self.connection.execute("ANALYZE")
        self.query = by_bid(str(DAY))

    def cold(self) -> tuple[NDArray, NDArray, NDArray]:
        """Bid rows, positions and failure words."""
        found = np.fromiter(self.connection.execute(self.query), dtype=ANSWER)
        return found["bid"], found["position"], found["failed"]


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as SQLite knows it: whole numbers and text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.cast(pa.string())
    if pa.types.is_date32(kind):
        return column.cast(pa.int32())
    if pa.types.is_timestamp(kind):
        return column.cast(pa.int64())
    return column.cast(pa.int8()) if pa.types.is_boolean(kind) else column
