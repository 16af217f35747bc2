"""What cells of a sheet say that are not held as they are meant: days, times and numbers of days."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables.dtypes import as_cells

if TYPE_CHECKING:
    from cbl_engine.tables.findings import Finding

# How a cell that a sheet holds as a date or moment comes, in a column that has text too.
SHEET_MOMENT = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d+)?$"
_SERIAL = r"^\d{4,6}(?:\.\d+)?$"
EXACT = 2**53  # from here on not every whole number is one that a sheet can hold
# A time alone is held as a moment of the day before all days; a day alone as its midnight.
_TIME = r"^1899-12-3[01][T ](\d{2}:\d{2}:\d{2}(?:\.\d+)?)$"
_DAY = r"^(\d{4}-\d{2}-\d{2})[T ]00:00:00(?:\.0+)?$"


def of_serials(finding: Finding, cells: pl.Series) -> Finding:
    """A finding that some cells are no date, with what to do where they are numbers of days."""
    if finding.kind != "wrong_type" or finding.positions is None:
        return finding
    if not cells.gather(finding.positions).str.contains(_SERIAL).any():
        return finding
    return replace(finding, remedy="Format the column as a date in the sheet: it shows days as numbers")


def part_of_text(values: pl.Series, *, spreadsheet: bool) -> pl.Series:
    """A column as part of a text: a day held as its midnight is the day, a time of no day the time."""
    cells = as_cells(values).str.strip_chars().replace({"": None})
    if not spreadsheet and not isinstance(values.dtype, pl.Datetime):
        return cells
    return cells.str.replace(_TIME, "$1").str.replace(_DAY, "$1")
