"""Columns of frames in memory brought to the declared polars types, where nothing is lost."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables.columns import DTYPES, LONDON, ColumnType, type_name
from cbl_engine.tables.days import day_number
from cbl_engine.tables.schemas import TABLES

if TYPE_CHECKING:
    from polars.datatypes import DataTypeClass

MIXED = pl.Struct({"text of the cell": pl.String, "a number or truth": pl.Boolean})
"""A column of a sheet whose cells are of several kinds: what each says, and whether it is held so."""

_FIRST_DAY, _LAST_DAY = day_number(date(1, 1, 2)), day_number(date(9999, 12, 31))
_A_DAY = {"ms": 86_400_000, "us": 86_400_000_000}


def to_declared(values: pl.Series, kind: ColumnType) -> tuple[pl.Series, pl.Series | None] | None:
    """A column as the polars type of its declared type.

    Any width of integer serves as ``int`` and as ``id`` (ids keep theirs up to 64 bits), integers
    and decimals as ``number``, whole floats and decimals as ``int`` and in ``int_list`` (pandas
    writes floats for lack of null integers), categoricals as text, midnights as ``date``, any time
    zone as ``datetime``.

    Returns:
        The column and a mask of values that do not fit (None when all do); or None when the
        type as a whole is wrong.
    """
    want = DTYPES[kind]
    have = values.dtype
    if have == want:
        return values, None
    if have == pl.Null:
        return values.cast(want), None
    if kind in ("id", "text", "code"):
        if isinstance(have, pl.Categorical | pl.Enum):
            return values.cast(pl.String), None
        if kind == "id" and have in (pl.Int128, pl.UInt128):
            narrow, lost = _cast(values, pl.Int64())
            return (values.cast(pl.String) if lost is not None else narrow), None
        return (values, None) if kind == "id" and have.is_integer() else None
    if kind == "int":
        if have.is_integer():
            return _cast(values, want)
        return _whole(values) if _fractional(have) else None
    if kind == "number":
        return _cast(values, want) if have.is_numeric() else None
    if kind == "date":
        return _midnights(values) if isinstance(have, pl.Datetime) else None
    if kind == "datetime":
        if isinstance(have, pl.Datetime) and have.time_zone:
            return values.dt.cast_time_unit("us").dt.convert_time_zone(LONDON), None
        return None
    if kind in ("int_list", "text_list") and isinstance(have, pl.List | pl.Array):
        inner = have.inner
        text = inner == pl.String or isinstance(inner, pl.Categorical | pl.Enum)
        if kind == "int_list" and _fractional(inner):
            return _whole_lists(values.cast(pl.List(inner)))
        right = inner.is_integer() if kind == "int_list" else text
        if right or inner == pl.Null:
            return values.cast(want), None
    return None


def as_written(values: pl.Series, separator: str = "|") -> pl.Series:
    """Lists, dates and moments as the text that a CSV file has for them; other values as they are.

    Args:
        values: a column.
        separator: between the items of a list, and alone where it is empty: that is known, and null
            is not.
    """
    dtype = values.dtype
    if isinstance(dtype, pl.List | pl.Array):
        lists = values.cast(pl.List(dtype.inner)).cast(pl.List(pl.String))
        frame = pl.DataFrame({"cells": lists})
        return frame.select(
            pl.when(pl.col("cells").list.len() == 0)
            .then(pl.lit(separator))
            .otherwise(pl.col("cells").list.join(separator))
            .alias("cells")
        ).to_series().alias(values.name)
    if isinstance(dtype, pl.Datetime):
        offset = "%:z" if dtype.time_zone else ""
        text = values.dt.cast_time_unit("us").dt.to_string(f"%Y-%m-%dT%H:%M:%S%.6f{offset}")
        return text.str.replace(".000000", "", literal=True)
    if isinstance(dtype, pl.Date):
        return values.dt.to_string("%Y-%m-%d")
    return values


def as_cells(values: pl.Series, separator: str = "|") -> pl.Series:
    """Values as text, as a CSV file would have them: whole numbers without a point, ISO dates.

    Lists are joined by the separator (:func:`as_written`). Bytes are read as UTF-8, with U+FFFD for
    what is not. A type that has no text (:func:`has_text`) gives its name in brackets, so that a
    cell that is filled stays so.
    """
    dtype = values.dtype
    if dtype == MIXED:
        return mixed_parts(values)[0].alias(values.name)
    if dtype == pl.String:
        return values
    if dtype == pl.Binary:
        return _decoded(values)
    if not has_text(dtype):
        named = pl.when(values.is_not_null()).then(pl.lit(f"({type_name(dtype)})"))
        return pl.select(named.alias("cells")).to_series().alias(values.name)
    if _fractional(dtype):
        whole = (values == values.floor()) & (values.abs() < 2**53)
        frame = pl.DataFrame({"v": values, "w": whole})
        return frame.select(
            pl.when("w")
            .then(pl.col("v").cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(pl.col("v").cast(pl.String))
        ).to_series()
    return as_written(values, separator).cast(pl.String, strict=False)


def has_text(dtype: pl.DataType | DataTypeClass) -> bool:
    """Whether values of a type can be written in a cell: no spans of time, no values in values."""
    if isinstance(dtype, pl.List | pl.Array):
        return not dtype.inner.is_nested() and dtype.inner != pl.Binary and has_text(dtype.inner)
    return dtype == MIXED or not (dtype.is_nested() or dtype in (pl.Duration, pl.Object))


def mixed_parts(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """A :data:`MIXED` column as its text and the mask of cells held as a number or truth."""
    text, held = (field.name for field in MIXED.fields)
    cells = values.alias("cells")  # polars takes a name for a pattern, and a heading may be one
    return cells.struct.field(text), cells.struct.field(held)


def not_text(values: pl.Series) -> pl.Series | None:
    """Which values of a column of bytes are not UTF-8; None when all are, or it is no such column."""
    if values.dtype != pl.Binary:
        return None
    broken = _decoded(values).str.encode("hex") != values.bin.encode("hex")
    return broken if broken.any() else None


def beyond_calendar(values: pl.Series) -> pl.Series | None:
    """Which dates or moments lie outside the years 1 to 9999; None when none do.

    Nothing can write such a value, so it must not get further than here.
    """
    dtype = values.dtype
    if dtype != pl.Date and not isinstance(dtype, pl.Datetime):
        return None
    a_day = 1 if dtype == pl.Date else _A_DAY.get(getattr(dtype, "time_unit", ""))
    if a_day is None:  # nanoseconds reach from 1677 to 2262
        return None
    counted = values.to_physical()
    within = (counted >= _FIRST_DAY * a_day) & (counted < (_LAST_DAY + 1) * a_day)
    return None if within.all() else ~within


def _fractional(dtype: pl.DataType | DataTypeClass) -> bool:
    return dtype.is_float() or dtype.is_decimal()


def _decoded(values: pl.Series) -> pl.Series:
    try:
        return values.cast(pl.String)
    except pl.exceptions.ComputeError:
        cells = [None if v is None else v.decode("utf-8", "replace") for v in values]
        return pl.Series(values.name, cells, pl.String)


def _whole_lists(values: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    frame = pl.DataFrame({"given": values})
    cast = pl.col("given").cast(DTYPES["int_list"], strict=False)
    same = cast.cast(values.dtype, strict=False).eq_missing(pl.col("given"))
    kept = frame.select(pl.when(same).then(cast).alias("kept")).to_series().alias(values.name)
    lost = values.is_not_null() & kept.is_null()
    return kept, lost if lost.any() else None


def _cast(values: pl.Series, want: pl.DataType) -> tuple[pl.Series, pl.Series | None]:
    cast = values.cast(want, strict=False)
    if cast.null_count() == values.null_count():
        return cast, None
    return cast, values.is_not_null() & cast.is_null()


def _whole(values: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    whole = values == values.floor()
    kept = pl.select(pl.when(whole).then(values)).to_series().alias(values.name)
    cast = kept.cast(pl.Int64, strict=False)
    lost = values.is_not_null() & cast.is_null()
    return cast, lost if lost.any() else None


def _midnights(values: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    naive = values.dt.replace_time_zone(None)
    midnight = naive.dt.truncate("1d") == naive
    kept = pl.select(pl.when(midnight).then(naive.dt.date())).to_series().alias(values.name)
    lost = values.is_not_null() & kept.is_null()
    return kept, lost if lost.any() else None


def with_text_ids(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A table with ids as text, whichever of its columns are there: a record holds no other."""
    ids = [c.name for c in TABLES.get(table, ()) if c.type == "id" and c.name in frame.columns]
    return frame.with_columns(pl.col(ids).cast(pl.String))
