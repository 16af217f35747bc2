"""The schema of every table, from the columns declared beside it.

The declarations (``register_columns``, ``advert_columns``, ``letting_columns``, ``void_columns``) are
plain :class:`Column` values, so that reading them costs nothing;
:func:`schema_of` turns them into a dataframely schema when rows are checked, and
:func:`data_dictionary` into the table from which the documentation is written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.tables.advert_columns import ADVERTS, BIDS, HOMES, LANDLORDS
from cbl_engine.tables.columns import DTYPES, Column
from cbl_engine.tables.letting_columns import GIVEN
from cbl_engine.tables.register_columns import (
    APPLICATIONS,
    AREAS,
    CONNECTIONS,
    DATED_TABLES,
    PEOPLE,
)
from cbl_engine.tables.void_columns import VOIDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import dataframely as dy

    from cbl_engine.tables.columns import ExtraColumn

TABLES: Mapping[str, tuple[Column, ...]] = {
    "applications": APPLICATIONS,
    "people": PEOPLE,
    "connections": CONNECTIONS,
    **DATED_TABLES,
    "areas": AREAS,
    "landlords": LANDLORDS,
    "homes": HOMES,
    "adverts": ADVERTS,
    "bids": BIDS,
    **{
        table: tuple(
            replace(c, personal=c.name not in ("id", "application", "advert")) for c in columns
        )
        for table, columns in GIVEN.items()
    },
    "voids": VOIDS,
}

REGISTER_TABLES = ("applications", "people", "connections", "areas", *DATED_TABLES)
"""What a register may hold; all but applications and areas have an ``application`` column."""

PERSONAL_TABLES = frozenset((*REGISTER_TABLES, *GIVEN)) - {"areas"}


def columns_of(table: str, extra: Sequence[ExtraColumn] = ()) -> dict[str, Column]:
    """Every column of a table by name, standard ones first; a standard one wins over an extra."""
    standard = {column.name: column for column in TABLES[table]}
    return {item.name: item.column() for item in extra} | standard if extra else standard


def column_types(table: str) -> dict[str, str]:
    """Standard columns of a table by name, with the type that rules see; an id is text."""
    return {c.name: "text" if c.type == "id" else c.type for c in TABLES[table]}


def key_of(table: str, present: Iterable[str]) -> tuple[str, ...]:
    """The columns that identify a row, given those the frame has; empty when none do.

    An application with ``valid_from`` is one of several versions, so the date is in its key.
    """
    if table == "applications" and "valid_from" in present:
        return ("id", "valid_from")
    if table == "bids":
        return ("advert", "application", "placed_at")
    if table == "preferences":
        return ("application", "advert")
    return ("id",) if any(column.name == "id" for column in TABLES[table]) else ()


def dataframely_column(
    column: Column, dtype: pl.DataType | None = None, check: dict[str, Any] | None = None
) -> dy.Column:
    """A column as dataframely has it, its documentation in the metadata.

    Args:
        column: what to declare.
        dtype: type in the frame at hand, for ids that are integers; None means the standard one.
        check: named boolean expressions that every value must meet.
    """
    import dataframely as dy

    words: dict[str, Any] = {
        "alias": column.name,
        "nullable": not column.required,
        "check": check,
        "metadata": {
            "doc": column.doc,
            "unit": column.unit,
            "null_means": "" if column.required else column.null_means,
            "personal": column.personal,
        },
    }
    if column.type == "id" and dtype is not None and dtype.is_integer():
        return getattr(dy, str(dtype))(**words)
    if column.type in ("id", "text", "code"):
        return dy.String(**words)
    if column.type == "bool":
        return dy.Bool(**words)
    if column.type == "int":
        return dy.Int64(**words)
    if column.type == "number":
        return dy.Float64(allow_inf=True, allow_nan=True, **words)
    if column.type == "date":
        return dy.Date(**words)
    if column.type == "datetime":
        return dy.Datetime(time_zone="Europe/London", time_unit="us", **words)
    inner = dy.Int64(nullable=False) if column.type == "int_list" else dy.String(nullable=False)
    return dy.List(inner, **words)


def schema_of(table: str, extra: Sequence[ExtraColumn] = ()) -> type[dy.Schema]:
    """The full dataframely schema of a table, for documentation and for sample rows."""
    import dataframely as dy

    # An extra column may be called like one of a schema's methods, so its attribute is numbered.
    standard = {column.name for column in TABLES[table]}
    members = {
        name if name in standard else f"extra_{at}": dataframely_column(column)
        for at, (name, column) in enumerate(columns_of(table, extra).items())
    }
    return type(table.capitalize(), (dy.Schema,), members)


def data_dictionary(
    extra_columns: Mapping[str, Sequence[ExtraColumn]] | None = None,
) -> pl.DataFrame:
    """Every column of every table, one row each.

    Returns:
        Frame of table, column, type, polars_type, unit, required, null_means (empty for a
        required column), doc, personal, key (part of the row's identity) and codes (list of
        text, empty when the column is not a code).
    """
    rows = []
    for table in TABLES:
        columns = columns_of(table, (extra_columns or {}).get(table, ()))
        key = key_of(table, columns)
        rows += [
            {
                "table": table,
                "column": column.name,
                "type": column.type,
                "polars_type": str(DTYPES[column.type]),
                "unit": column.unit,
                "required": column.required,
                "null_means": "" if column.required else column.null_means,
                "doc": column.doc,
                "personal": column.personal,
                "key": column.name in key,
                "codes": list(column.codes),
            }
            for column in columns.values()
        ]
    return pl.DataFrame(rows, schema_overrides={"codes": pl.List(pl.String)})
