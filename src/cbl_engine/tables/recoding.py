"""Their codes as ours; one that the mapping does not list is a finding, never a guess."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import Problem
from cbl_engine.tables.findings import (
    MOST_GIVEN,
    Finding,
    Source,
    is_personal,
    quoted,
    rows_found,
)

if TYPE_CHECKING:
    from cbl_engine.tables.columns import Column
    from cbl_engine.tables.mapping import SourceMapping

_DEFAULT = "default"


def recode(
    table: str,
    name: str,
    column: Column | None,
    cells: pl.Series,
    rows: pl.Series,
    source: Source,
    mapping: SourceMapping,
) -> tuple[pl.Series, list[Finding], list[Problem]]:
    """The cells of one column in our codes; of a list, item by item.

    Args:
        table: the table.
        name: our name of the column.
        column: its declaration, if it has one.
        cells: String, as written.
        rows: source row of each cell.
        source: what messages call it.
        mapping: has the codes of the column.

    Returns:
        The cells, null where a code says nothing or is not listed, and where they are empty, unless
        the empty text is a code; a finding of the codes that are not listed, or a note when there
        is a default for them, and a note of empty cells that were read by their code.
    """
    codes = dict(mapping.codes[name])
    other = codes.pop(_DEFAULT, None)
    of_empty = codes.pop("", "")
    ours = {theirs: text or None for theirs, text in codes.items()}
    cells = cells.alias("cells").str.strip_chars().replace({"": None})
    filled, n_empty = cells.is_not_null(), cells.null_count()
    if column is not None and column.type == "text_list":
        separator = mapping.separators.get(name, "|")
        items = pl.element().str.strip_chars()
        lists = cells.str.split(separator)
        listed = items.is_in(list(codes)) | (items == "")
        lost = lists.list.eval(~listed).list.any()
        known = items.replace_strict(ours, default=other or None, return_dtype=pl.String)
        recoded = lists.list.eval(pl.when(items != "").then(known).drop_nulls())
        # A list of which nothing is left is empty, not missing.
        joined = recoded.list.join(separator)
        empty = pl.when(recoded.list.len() == 0).then(pl.lit(separator)).otherwise(joined)
        values = pl.select(empty).to_series()
    else:
        lost = ~cells.is_in(list(codes))
        values = cells.replace_strict(ours, default=other or None, return_dtype=pl.String)
    # No default speaks of a cell that says nothing.
    said = pl.when(filled).then(values.alias("cells")).otherwise(pl.lit(of_empty or None, pl.String))
    values = pl.select(said).to_series()
    lost = lost.fill_null(value=False)
    notes = [_of_empty(source, name, of_empty, n_empty)] if of_empty and n_empty else []
    if not lost.any():
        return values, [], notes
    given = "" if is_personal(table, column) else _counted(cells.filter(lost))
    if other is not None:
        read_as = quoted(other) if other else "not known"
        note = Problem(
            "codes_by_default",
            f"codes not listed, read as {read_as} by default",
            where=f"{source.name}: {name}",
            given=given,
            count=int(lost.sum()),
        )
        return values, [], [note, *notes]
    found = rows_found(
        table,
        name,
        "unmapped_code",
        f"codes that {mapping.name} does not list",
        lost,
        rows,
        allowed=", ".join(quoted(theirs) for theirs in list(codes)[:12]),
        remedy="Add each under codes, with ~ for one that says nothing, or a default",
    )
    return values, [replace(finding, given=given) for finding in found], notes


def _of_empty(source: Source, name: str, read_as: str, count: int) -> Problem:
    return Problem(
        "empty_by_code",
        f"empty cells, read as {quoted(read_as)} by the code ''",
        where=f"{source.name}: {name}",
        count=count,
    )


def _counted(cells: pl.Series) -> str:
    """The commonest values with their counts."""
    counts = cells.rename("cells").value_counts().sort(
        ["count", "cells"], descending=[True, False]
    )
    said = [f"{quoted(value)} ({n})" for value, n in counts.head(MOST_GIVEN).iter_rows()]
    return ", ".join(said) + (", ..." if counts.height > MOST_GIVEN else "")
