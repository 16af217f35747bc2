"""What came to a cycle: tables and columns that can be taken in, before anything is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.errors import Problem
from cbl_engine.tables import TABLES, columns_of, frame_problems, list_problems
from cbl_engine.tables.columns import DTYPES, type_name
from cbl_engine.tables.dtypes import to_declared, with_text_ids
from cbl_engine.tables.taking_in import completed, place_not_given

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import polars as pl


def came_problems(
    now: Mapping[str, pl.DataFrame], given: Mapping[str, pl.DataFrame], whole: Collection[str]
) -> Iterator[Problem]:
    """Everything that keeps tables from being taken in; what their rows say is not looked at.

    Args:
        now: the tables that stand.
        given: those that come.
        whole: names of those that come with every row.
    """
    unlisted = list(list_problems(whole, "whole", "the names of tables that come whole"))
    yield from unlisted
    names = [(name, name) for name in given]
    names += [] if unlisted else [(name, "whole") for name in whole]
    for name, where in names:
        if name not in TABLES:
            yield Problem(
                "unknown_table", "there is no such table", where=where, given=repr(name),
                allowed=", ".join(TABLES),
            )
    tables = {name: rows for name, rows in given.items() if name in TABLES}
    if wrong := list(frame_problems(tables)):
        yield from wrong
        return
    for name, rows in sorted(tables.items()):
        yield from _column_problems(now.get(name), rows, name)


def _column_problems(
    now: pl.DataFrame | None, rows: pl.DataFrame, table: str
) -> Iterator[Problem]:
    """Columns of another type; those that say which row a row is, or that every row has, missing."""
    columns = columns_of(table)
    wrong = [name for name in columns
             if name in rows.columns and to_declared(rows[name].clear(), columns[name].type) is None]
    for name in wrong:
        kind = columns[name].type
        yield Problem(
            "wrong_type", f"the column {name} of {table} has the wrong type", where=f"{table}.{name}",
            allowed=f"{kind} ({DTYPES[kind]})", given=type_name(rows.schema[name]),
        )
    unplaced = place_not_given(now, rows, table) if now is not None else []
    for name in unplaced:
        yield Problem("missing_column", "the column is missing, and it says which row each row is",
                      where=f"{table}.{name}")
    if wrong or unplaced or rows.is_empty():
        return
    if now is not None:
        rows = completed(now, with_text_ids(table, rows), table)
    for name, column in columns.items():
        if column.recorded_without:
            continue
        if column.required and name not in rows.columns:
            yield Problem("missing_column", f"the column is missing ({column.doc})",
                          where=f"{table}.{name}")
        elif column.required and (empty := rows[name].null_count()):
            yield Problem("missing_value", "empty where a value is required",
                          where=f"{table}.{name}", count=empty)
