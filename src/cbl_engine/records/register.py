"""A register from files, for commands that look at the register and not at a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.records.chain import data_source
from cbl_engine.records.reads import extra_columns
from cbl_engine.tables import read_tables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import polars as pl

    from cbl_engine.scheme import Scheme
    from cbl_engine.tables import ExtraColumn


def read_register(
    data: str | Path, schemes: Iterable[Scheme], mapping: str | Path | None = None
) -> dict[str, pl.DataFrame]:
    """Every table of a source of data, with the columns that any of the schemes declares.

    Args:
        data: folder of tables, ``.xlsx`` file, database URL, or the name of a shipped borough.
        schemes: of two that declare one column, the first says its type.
        mapping: how the data become our tables; None takes the folder's own, if any.

    Raises:
        TableError: every problem of every table.
    """
    extra: dict[str, dict[str, ExtraColumn]] = {}
    for scheme in schemes:
        for table, columns in extra_columns(scheme).items():
            for column in columns:
                extra.setdefault(table, {}).setdefault(column.name, column)
    declared = {table: list(columns.values()) for table, columns in extra.items()}
    read = read_tables(data_source(data), declared, needs=("applications",), mapping=mapping)
    return dict(read.frames)
