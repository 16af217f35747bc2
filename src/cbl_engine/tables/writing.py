"""Tables written so that :func:`cbl_engine.tables.read_tables` reads the same again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from cbl_engine.errors import Problem, TableError

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_tables(
    frames: Mapping[str, pl.DataFrame],
    folder: str | Path,
    format: Literal["csv", "parquet"] = "csv",
) -> dict[str, Path]:
    """Write each frame as ``<table>.csv`` or ``<table>.parquet``.

    Each file is written beside its place and then renamed, so a reader never sees half of one.
    ``source_row`` is left out. In CSV a list is ``a|b``, an empty list ``|``, a null and an empty
    text both an empty cell; datetimes carry their offset; text that begins like a formula is
    written as it is.

    Args:
        frames: frames by table name.
        folder: made when it is not there.
        format: ``csv`` or ``parquet``.

    Returns:
        The files by table.

    Raises:
        TableError: a list that CSV cannot hold: an item that is empty or has ``|`` in it.
        ValueError: another format.
    """
    if format not in ("csv", "parquet"):
        raise ValueError(f"format must be csv or parquet, not {format!r}")
    folder = Path(folder)
    ready = {table: frame.drop("source_row", strict=False) for table, frame in frames.items()}
    if format == "csv":
        problems = [p for table, frame in ready.items() for p in _unwritable(table, frame)]
        if problems:
            raise TableError(problems)
        ready = {table: _as_text(frame) for table, frame in ready.items()}
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for table, frame in ready.items():
        path = folder / f"{table}.{format}"
        beside = folder / f".{table}.{format}.{os.getpid()}.part"
        try:
            if format == "csv":
                frame.write_csv(beside)
            else:
                frame.write_parquet(beside)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        written[table] = path
    return written


def _unwritable(table: str, frame: pl.DataFrame) -> list[Problem]:
    problems = []
    for name, dtype in frame.schema.items():
        if not isinstance(dtype, pl.List):
            continue
        items = frame.select(pl.col(name).list.explode(empty_as_null=False)).to_series()
        text = items.drop_nulls().cast(pl.String)
        wrong = (text == "") | text.str.contains("|", literal=True)
        nulls = frame.select(pl.col(name).list.eval(pl.element().is_null()).list.any()).to_series()
        n = int(wrong.sum()) + int(nulls.sum())
        if n:
            problems.append(
                Problem(
                    "cannot_write",
                    "lists with items that CSV cannot hold: empty, or with | in them",
                    where=f"{table}.{name}",
                    count=n,
                    remedy="Write Parquet",
                )
            )
    return problems


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    columns = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.List):
            joined = column.cast(pl.List(pl.String)).list.join("|")
            column = pl.when(column.list.len() == 0).then(pl.lit("|")).otherwise(joined)
        elif isinstance(dtype, pl.Datetime):
            column = column.dt.to_string("%Y-%m-%dT%H:%M:%S%.6f%:z" if dtype.time_zone else "iso")
            column = column.str.replace(".000000", "", literal=True)
        elif isinstance(dtype, pl.Date):
            column = column.dt.to_string("%Y-%m-%d")
        columns.append(column.alias(name))
    return frame.select(columns)
