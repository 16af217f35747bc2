"""Columns of frames in memory brought to the declared polars types, where nothing is lost."""

from __future__ import annotations

import polars as pl

from cbl_engine.tables.columns import DTYPES, LONDON, ColumnType
from cbl_engine.tables.schemas import TABLES


def to_declared(values: pl.Series, kind: ColumnType) -> tuple[pl.Series, pl.Series | None] | None:
    """A column as the polars type of its declared type.

    Any width of integer serves as ``int`` and as ``id`` (ids keep theirs), integers and decimals
    as ``number``, whole floats as ``int`` (pandas writes them for lack of null integers),
    categoricals as text, midnights as ``date``, any time zone as ``datetime``.

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
        return (values, None) if kind == "id" and have.is_integer() else None
    if kind == "int":
        if have.is_integer():
            return _cast(values, want)
        return _whole(values) if have.is_float() else None
    if kind == "number":
        return _cast(values, want) if have.is_numeric() else None
    if kind == "date":
        return _midnights(values) if isinstance(have, pl.Datetime) else None
    if kind == "datetime":
        if isinstance(have, pl.Datetime) and have.time_zone:
            return values.dt.cast_time_unit("us").dt.convert_time_zone(LONDON), None
        return None
    if isinstance(have, pl.List | pl.Array):
        inner = have.inner
        text = inner == pl.String or isinstance(inner, pl.Categorical | pl.Enum)
        right = inner.is_integer() if kind == "int_list" else text
        if right or inner == pl.Null:
            return values.cast(want), None
    return None


def as_cells(values: pl.Series) -> pl.Series:
    """Values as text, as a CSV file would have them: whole numbers without a point, ISO dates."""
    dtype = values.dtype
    if dtype == pl.String:
        return values
    if dtype.is_float():
        whole = values.is_finite() & (values == values.floor()) & (values.abs() < 2**53)
        frame = pl.DataFrame({"v": values, "w": whole})
        return frame.select(
            pl.when("w")
            .then(pl.col("v").cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(pl.col("v").cast(pl.String))
        ).to_series()
    if isinstance(dtype, pl.Datetime):
        offset = "%:z" if dtype.time_zone else ""
        text = values.dt.cast_time_unit("us").dt.to_string(f"%Y-%m-%dT%H:%M:%S%.6f{offset}")
        return text.str.replace(".000000", "", literal=True)
    if isinstance(dtype, pl.List):
        return values.cast(pl.List(pl.String)).list.join("|")
    return values.cast(pl.String, strict=False)


def _cast(values: pl.Series, want: pl.DataType) -> tuple[pl.Series, pl.Series | None]:
    cast = values.cast(want, strict=False)
    if cast.null_count() == values.null_count():
        return cast, None
    return cast, values.is_not_null() & cast.is_null()


def _whole(values: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    whole = values.is_finite() & (values == values.floor())
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
