"""Tables written so that :func:`cbl_engine.tables.read_tables` reads the same again."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Literal

import polars as pl

from cbl_engine.errors import Problem, TableError, why_not_written
from cbl_engine.tables.dtypes import as_written
from cbl_engine.tables.findings import LINEAGE_COLUMNS
from cbl_engine.tables.needs import frame_problems, mapping_problems

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_tables(
    frames: Mapping[str, pl.DataFrame],
    folder: str | Path,
    format: Literal["csv", "parquet"] = "csv",
) -> dict[str, Path]:
    """Write each frame as ``<table>.csv`` or ``<table>.parquet``.

    Each file is written beside its place and then renamed, so a reader never sees half of one.
    ``source_name`` and ``source_row`` are left out. In CSV a list is ``a|b``, an empty list ``|``,
    a null and an empty text both an empty cell; datetimes carry their offset; text that begins like
    a formula is written as it is. Spaces around a text are written, and no part of it once it is
    read.

    Args:
        frames: frames by table name.
        folder: made when it is not there.
        format: ``csv`` or ``parquet``.

    Returns:
        The files by table.

    Raises:
        TableError: the frames are not given by table, or a table is no frame; a value that CSV
            cannot hold, such as a list with ``|`` in an item; or the folder cannot be written.
        ValueError: another format.
    """
    if format not in ("csv", "parquet"):
        raise ValueError(f"format must be csv or parquet, not {format!r}")
    if wrong := list(mapping_problems(frames, "frames", "the set of frames")) or list(frame_problems(frames)):
        raise TableError(wrong)
    folder = Path(folder)
    ready = {table: frame.drop(LINEAGE_COLUMNS, strict=False) for table, frame in frames.items()}
    if format == "csv":
        problems = [p for table, frame in ready.items() for p in _unwritable(table, frame)]
        if problems:
            raise TableError(problems)
        ready = {table: _as_text(frame) for table, frame in ready.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return {table: _write(frame, folder, table, format) for table, frame in ready.items()}
    except (OSError, pl.exceptions.ComputeError) as error:
        if (why := why_not_written(error)) is None:
            raise
        raise TableError([Problem("tables_not_written", f"the tables cannot be written: {why}",
                                  where=str(folder))]) from None


def _write(frame: pl.DataFrame, folder: Path, table: str, format: str) -> Path:
    path = folder / f"{table}.{format}"
    beside = folder / f".{table}.{format}.{os.getpid()}-{token_hex(4)}.part"
    try:
        if format == "csv":
            frame.write_csv(beside)
        else:
            frame.write_parquet(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def _unwritable(table: str, frame: pl.DataFrame) -> list[Problem]:
    problems = []
    for values in frame:
        n = _n_unwritable(values.alias("values"))
        if n:
            problems.append(
                Problem(
                    "cannot_write",
                    "values that CSV cannot hold: list items that are empty, have | in them or "
                    "spaces around them, or values inside values",
                    where=f"{table}.{values.name}",
                    count=n,
                    remedy="Write Parquet",
                )
            )
    return problems


def _n_unwritable(values: pl.Series) -> int:
    """How many list items, or values of another nested type, a CSV cell cannot hold."""
    dtype = values.dtype
    if not isinstance(dtype, pl.List):
        return values.len() if dtype.is_nested() or dtype in (pl.Binary, pl.Object) else 0
    if dtype.inner.is_nested():
        return values.len()
    items = values.filter(values.list.len().fill_null(0) > 0).explode()
    text = items.drop_nulls().cast(pl.String)
    wrong = (text == "") | (text != text.str.strip_chars()) | text.str.contains("|", literal=True)
    return int(wrong.sum()) + items.null_count()


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame([as_written(values.alias("values")).alias(values.name) for values in frame])
