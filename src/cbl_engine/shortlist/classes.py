"""Distinct cases: rows that agree on the columns read are one class, evaluated once.

A class is found by turning each column into small whole numbers, combining them into one code a
row, and renumbering the codes that occur. No row is compared with another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.tables import sizes_to_mask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_SMALL_RANGE = 1 << 16
_DIRECT = 1 << 20
_MOST_IN_MASK = 20
SHORT = 1 << 15
"""Values up to which numpy is sooner done with them than polars with its plan."""
_EXACT = 1 << 24
"""Whole numbers up to which even the shortest float is exact."""


@dataclass(frozen=True)
class Classes:
    """Rows sorted into classes.

    Attributes:
        ids: class of each row, int64 from 0; numbers may be missing among them.
        number: the classes that occur, ascending.
        first: one row of each of these.
        size: one more than the largest number that could occur.
    """

    ids: NDArray[np.int64]
    number: NDArray[np.int64]
    first: NDArray[np.int64]
    size: int

    @property
    def n(self) -> int:
        """Number of classes that occur."""
        return len(self.number)

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of the classes that occur, indexed by class number."""
        if self.size == len(values):
            return values
        out = np.zeros(self.size, values.dtype)
        out[self.number] = values
        return out


@dataclass(frozen=True)
class Table:
    """Outcomes of one condition by application row and advert column.

    Attributes:
        kind_of: kind of each application.
        row_of_kind: row of each kind.
        column_of: column of each advert.
        cells: int8 outcome codes, rows x columns.
    """

    kind_of: NDArray[np.integer]
    row_of_kind: NDArray[np.integer]
    column_of: NDArray[np.integer]
    cells: NDArray[np.int8]

    def of_bids(
        self, applications: NDArray[np.int64], adverts: NDArray[np.int64]
    ) -> NDArray[np.int8]:
        """The outcome for each (application, advert)."""
        row = self.row_of_kind[self.kind_of[applications]].astype(np.int64)
        return self.cells.ravel()[row * self.cells.shape[1] + self.column_of[adverts]]


def classify(columns: Iterable[pl.Series], n_rows: int) -> Classes:
    """Sort rows into classes by the values of these columns, nulls being a value of their own."""
    code: NDArray[np.int64] | None = None
    size = 1
    for series in columns:
        part, n_values = column_codes(series)
        if code is None:
            code, size = part, n_values
            continue
        if size * n_values > _DIRECT:
            code, size = _renumber(code, size)
        if size * n_values > _DIRECT:
            part, n_values = _renumber(part, n_values)
        code = code * n_values + part
        size *= n_values
    if code is None:
        code = np.zeros(n_rows, np.int64)
    if size > _DIRECT:
        code, size = _renumber(code, size)
    some_row = np.full(size, -1, np.int64)
    some_row[code] = np.arange(n_rows)
    number = np.flatnonzero(some_row >= 0)
    return Classes(code, number, some_row[number], size)


def _renumber(code: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], int]:
    """Codes 0 to n-1 for the codes that occur, in ascending order of the old ones."""
    if size > _DIRECT:
        values, inverse = np.unique(code, return_inverse=True)
        return inverse.reshape(-1), len(values)
    occurs = np.zeros(size, bool)
    occurs[code] = True
    numbers = np.cumsum(occurs) - 1
    return numbers[code], int(numbers[-1]) + 1


def column_codes(series: pl.Series) -> tuple[NDArray[np.int64], int]:
    """Each value as a code from 0, equal values alike, null as the last; and the codes' number."""
    codes, size, nulls_done = _value_codes(series)
    if not nulls_done and series.null_count():
        codes[series.is_null().to_numpy()] = size
    return codes, size + bool(series.null_count())


def _value_codes(series: pl.Series) -> tuple[NDArray[np.int64], int, bool]:
    """Codes of the values that are there, their number, and whether nulls have that number.

    If they have not, they have any code. The array is the caller's own.
    """
    dtype = series.dtype
    if dtype == pl.Null or series.null_count() == len(series):
        return np.zeros(len(series), np.int64), 1, False
    if dtype == pl.Boolean:
        return nulls_as(series.cast(pl.Int8), 2), 2, True
    if dtype == pl.List(pl.Int64):
        members = series.list.explode()
        if members.is_between(0, _MOST_IN_MASK).all():
            masks, _ = sizes_to_mask(series)
            return *_whole_codes(pl.Series(masks.astype(np.int64)))[:2], False
    if isinstance(dtype, pl.List):
        series = series.cast(pl.List(pl.String)).list.join("\x1f", ignore_nulls=False)
        dtype = series.dtype
    if isinstance(dtype, (pl.Enum, pl.Categorical)):
        return _whole_codes(series.to_physical())
    if dtype == pl.String:
        # Categories of its own: they number values from 0 on, and are gone with the series.
        return _whole_codes(series.cast(pl.Categorical(pl.Categories.random())).to_physical())
    if dtype.is_float():
        values = np.sort(series.drop_nulls().unique().to_numpy())
        found = np.searchsorted(values, series.fill_null(values[0]).to_numpy())
        return found, len(values), False
    return _whole_codes(whole_numbers(series))


def _whole_codes(series: pl.Series) -> tuple[NDArray[np.int64], int, bool]:
    low, high = extent(series)
    if high - low < _SMALL_RANGE:
        codes = nulls_as(series, high + 1)
        codes -= low
        return codes, high - low + 1, True
    values = np.sort(series.drop_nulls().unique().to_numpy())
    return np.searchsorted(values, series.fill_null(low).to_numpy()), len(values), False


# A method of a series that goes by way of an expression costs as much as sorting thousands of
# numbers, and small runs are made of such calls; these go the short way where they can.


def rows_of(
    frame: pl.DataFrame, names: Iterable[str], at: NDArray[np.int64] | pl.Series
) -> list[pl.Series]:
    """Columns of a frame at some rows, all in one call."""
    wanted = list(names)
    return frame[at, wanted].get_columns() if wanted else []


def nulls(series: pl.Series) -> NDArray[np.bool_]:
    """Which values are missing."""
    return series.is_null().to_numpy() if series.null_count() else np.zeros(len(series), bool)


def nulls_as(series: pl.Series, value: int) -> NDArray[np.int64]:
    """Whole numbers with a value for those that are missing; an array of the caller's own."""
    if not series.null_count():
        return series.to_numpy().astype(np.int64)
    if series.null_count() == len(series):
        return np.full(len(series), value)
    if len(series) > SHORT or max(map(abs, extent(series))) > _EXACT:
        return series.cast(pl.Int64).fill_null(value).to_numpy(writable=True)
    found = series.to_numpy()  # floats, which hold whole numbers as small as these exactly
    missing = np.isnan(found)
    found[missing] = 0
    out = found.astype(np.int64)
    out[missing] = value
    return out


def whole_numbers(series: pl.Series) -> pl.Series:
    """Values as Int64: whole numbers, truth values, days of dates, microseconds of moments.

    Of other numbers the bits, turned so that they stand in the order of the numbers: what is equal
    stays equal and what is less stays less, however small the difference.
    """
    if series.dtype.is_float():
        known = series.cast(pl.Float64).fill_null(0.0).to_numpy() + 0.0  # -0.0 becomes 0.0
        bits = known.view(np.int64)
        turned = pl.Series(series.name, np.where(bits < 0, bits ^ np.iinfo(np.int64).max, bits))
        return turned.set(series.is_null(), None) if series.null_count() else turned
    if series.dtype.is_integer() or series.dtype in (pl.Boolean, pl.Date, pl.Datetime):
        return series.cast(pl.Int64)
    return series.to_physical().cast(pl.Int64)


def extent(series: pl.Series) -> tuple[int, int]:
    """Least and greatest value of a series of whole numbers that has one."""
    low, high = series.min(), series.max()
    if not isinstance(low, int) or not isinstance(high, int):
        raise TypeError(f"{series.name} holds no whole numbers, but {series.dtype}")
    return low, high
