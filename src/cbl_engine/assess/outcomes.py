"""Criteria over a frame: met, failed or not known, as codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from cbl_engine.scheme.expressions import Expression

MET, FAILED, UNKNOWN = 0, 1, 2

_NARROW = frozenset({pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64})


def for_sql(columns: Iterable[pl.Series]) -> pl.DataFrame:
    """Columns as expressions are to see them.

    Whole numbers are Int64, so that arithmetic cannot wrap round early.
    """
    return pl.DataFrame(
        [c.cast(pl.Int64) if c.dtype in _NARROW else c for c in columns]
    )


def judge(
    frame: pl.DataFrame, criteria: Mapping[str, Expression], constants: Mapping[str, Any]
) -> dict[str, NDArray[np.int8]]:
    """Outcome codes of each criterion, a code a row of the frame."""
    made = [_code(e, constants).alias(f"criterion {name}") for name, e in criteria.items()]
    # with_columns, unlike select, stretches a criterion that reads only constants to every row.
    codes = frame.with_columns(made)
    return {name: codes[f"criterion {name}"].to_numpy() for name in criteria}


def _code(expression: Expression, constants: Mapping[str, Any]) -> pl.Expr:
    met = expression.polars(constants).cast(pl.Boolean)
    return (~met).cast(pl.Int8).fill_null(UNKNOWN)
