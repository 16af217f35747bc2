"""Who takes part. Each is made from Arrow tables and has ``cold``; ours has ``warm`` as well.

One whose work is done in another process says of it ``in_server``, what the last turn took by the
clock there [s], and ``server_peak``, the memory held there [MiB].
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.contest.server import why_not

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

OURS = "cbl_engine"
WHERE = {
    OURS: ("benchmarks.contest.ours", "Engine"),
    "polars": ("benchmarks.contest.peer_polars", "Joined"),
    "polars, rows taken": ("benchmarks.contest.peer_polars", "Gathered"),
    "polars, plain": ("benchmarks.contest.peer_polars", "Plain"),
    "duckdb": ("benchmarks.contest.peer_duckdb", "DuckDB"),
    "pandas": ("benchmarks.contest.peer_pandas", "Pandas"),
    "sqlite": ("benchmarks.contest.peer_sqlite", "SQLite"),
    "postgresql, rows out": ("benchmarks.contest.peer_postgresql", "PostgreSQL"),
}
IN_SERVER = {"postgresql, rows out": "postgresql, in server"}
"""What the time in the server is called, for those who have one."""
NOT_AT_L = ("pandas", "sqlite", *IN_SERVER)


def absent(name: str, size: str) -> str | None:
    """Why a contestant does not take part; None when it does."""
    if size == "L" and name in NOT_AT_L:
        return "S and M only"
    return why_not() if name in IN_SERVER else None


def enter(name: str, tables: Mapping[str, pa.Table]) -> Any:
    """A contestant with its data in memory, imported only now."""
    module, kind = WHERE[name]
    return getattr(importlib.import_module(module), kind)(tables)


def in_row_order(
    answer: tuple[NDArray, NDArray, NDArray],
) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
    """Positions and failure words by row of the bids.

    Raises:
        ValueError: a row is missing or given twice.
    """
    rows, positions, words = answer
    if len(rows) == 0 or (np.bincount(rows, minlength=len(rows)) != 1).any():
        raise ValueError("an answer does not have every bid once")
    position = np.empty(len(rows), np.int32)
    failed = np.empty(len(rows), np.uint64)
    position[rows], failed[rows] = positions, words
    return position, failed


def disagreements(
    one: tuple[NDArray, NDArray], other: tuple[NDArray, NDArray]
) -> int:
    """Number of bids whose position or failure word differs."""
    return int(((one[0] != other[0]) | (one[1] != other[1])).sum())
