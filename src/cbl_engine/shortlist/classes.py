"""Distinct cases: rows that agree on the columns read are one class, evaluated once.

A class is found by turning each column into small whole numbers, combining them into one code a
row, and renumbering the codes that occur. No row is compared with another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.tables import sizes_to_mask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_SMALL_RANGE = 1 << 16
_DIRECT = 1 << 22
MET, FAILED, UNKNOWN = 0, 1, 2


@dataclass(frozen=True)
class Classes:
    """Rows sorted into classes.

    Attributes:
        ids: class of each row, int32, 0 to n-1.
        first: one row of each class.
    """

    ids: NDArray[np.int32]
    first: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Number of classes."""
        return len(self.first)


def classify(columns: Iterable[pl.Series], n_rows: int) -> Classes:
    """Sort rows into classes by the values of these columns, nulls being a value of their own."""
    code = np.zeros(n_rows, np.int64)
    size = 1
    for series in columns:
        part, n_values = column_codes(series)
        if size > 1 and size * n_values > _DIRECT:
            code, size = _renumber(code, size)
        code = part.astype(np.int64) if size == 1 else code * n_values + part
        size *= n_values
    ids, n = _renumber(code, size)
    first = np.zeros(n, np.int64)
    first[ids] = np.arange(n_rows)
    return Classes(ids.astype(np.int32), first)


def _renumber(code: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], int]:
    """Codes 0 to n-1 for the codes that occur, in ascending order of the old ones."""
    if size > _DIRECT:
        values, inverse = np.unique(code, return_inverse=True)
        return inverse, len(values)
    occurs = np.zeros(size, bool)
    occurs[code] = True
    numbers = np.cumsum(occurs) - 1
    return numbers[code], int(numbers[-1]) + 1 if size else 0


def column_codes(series: pl.Series) -> tuple[NDArray[np.integer], int]:
    """Each value as a code from 0, equal values alike, null as the last; and the codes' number."""
    nulls = series.is_null().to_numpy() if series.null_count() else None
    codes, size = _value_codes(series)
    if nulls is not None:
        codes = np.where(nulls, size, codes)
    return codes, size + 1


def _value_codes(series: pl.Series) -> tuple[NDArray[np.integer], int]:
    dtype = series.dtype
    if dtype == pl.Null or series.null_count() == len(series):
        return np.zeros(len(series), np.int64), 1
    if dtype == pl.Boolean:
        return series.fill_null(False).to_numpy().astype(np.int8), 2
    if dtype == pl.List(pl.Int64):
        in_range = series.list.max().max()
        lowest = series.list.min().min()
        if in_range is None or (0 <= (lowest or 0) and in_range <= 20):
            masks, _ = sizes_to_mask(series)
            return _whole_codes(pl.Series(masks.astype(np.int64)))
    if isinstance(dtype, pl.List):
        series = series.cast(pl.List(pl.String)).list.join("\x1f", ignore_nulls=False)
        dtype = series.dtype
    if dtype.is_float() or dtype == pl.String:
        distinct = series.drop_nulls().unique()
        if dtype == pl.String:
            categories = pl.Enum(distinct)
            return series.cast(categories).to_physical().fill_null(0).to_numpy(), len(distinct)
        values = np.sort(distinct.to_numpy())
        return np.searchsorted(values, series.fill_null(values[0]).to_numpy()), len(values)
    return _whole_codes(series.to_physical())


def _whole_codes(series: pl.Series) -> tuple[NDArray[np.integer], int]:
    low, high = series.min(), series.max()
    if high - low < _SMALL_RANGE:
        return (series.fill_null(low).to_numpy() - low).astype(np.int32), int(high - low) + 1
    values = np.sort(series.drop_nulls().unique().to_numpy())
    return np.searchsorted(values, series.fill_null(low).to_numpy()), len(values)


def outcomes(result: pl.Series) -> NDArray[np.int8]:
    """A boolean column as MET, FAILED or UNKNOWN codes."""
    if result.dtype == pl.Null:
        return np.full(len(result), UNKNOWN, np.int8)
    codes = (~result).cast(pl.Int8) if result.null_count() == 0 else (
        (~result).cast(pl.Int8).fill_null(UNKNOWN)
    )
    return codes.to_numpy()


def for_sql(frame: pl.DataFrame) -> pl.DataFrame:
    """Whole numbers as Int64, so that arithmetic in a criterion cannot wrap round early."""
    narrow = [
        name
        for name, dtype in frame.schema.items()
        if dtype.is_integer() and dtype != pl.Int64
    ]
    return frame.with_columns(pl.col(narrow).cast(pl.Int64)) if narrow else frame
