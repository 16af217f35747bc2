"""Text cells to typed columns, a whole column at a time; what does not parse is a finding."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables.columns import DTYPES, LONDON, TYPE_IN_WORDS, Column
from cbl_engine.tables.findings import Finding, rows_found, shown

if TYPE_CHECKING:
    from cbl_engine.tables.mapping import SourceMapping

_YES = ("true", "yes", "1")
_NO = ("false", "no", "0")
_OFFSET = r"(?:Z|z|[+-]\d{2}:?\d{2})$"
_ISO_DATE = r"^\d{4}-\d{2}-\d{2}(?:[T ]00:00(?::00(?:\.0+)?)?)?$"
_MIDNIGHT = r"[T ]+0?0:00(?::00(?:\.0+)?)?$"
_ISO_DATETIME = (
    r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|z|[+-]\d{2}:?\d{2})?$"
)
NULL_WORDS = ("NULL", "null", "(null)", "<null>", "\\N")
"""What exports write for a cell of a database that is empty."""
CLOCK_CHANGE = "local times that happen twice, or not at all, because the clocks change"

_ALLOWED = {
    "bool": "true, false, yes, no, 1, 0",
    "int": "whole numbers such as 3",
    "number": "numbers such as 104.50",
    "date": "dates such as 2024-05-31",
    "datetime": "times such as 2024-05-31T12:00:00+01:00",
    "int_list": "lists such as 2|3",
    "text_list": "lists such as ramp|stairlift",
}
WRONG_TYPE = {kind: f"not {words}" for kind, words in TYPE_IN_WORDS.items()}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A typed column, null where a cell did not parse, and which cells did not and why.

    Attributes:
        values: the column.
        wrong: cells that are not of the type.
        two_digit: dates with a year below 100, or None.
        clock_change: local times that are ambiguous or never were, or None.
    """

    values: pl.Series = field(repr=False)
    wrong: pl.Series = field(repr=False)
    two_digit: pl.Series | None = field(default=None, repr=False)
    clock_change: pl.Series | None = field(default=None, repr=False)


def parse_column(
    table: str,
    column: Column | None,
    cells: pl.Series,
    source_row: pl.Series,
    mapping: SourceMapping,
) -> tuple[pl.Series, list[Finding]]:
    """One column of text as its declared type.

    Args:
        table: the table.
        column: its declaration; None keeps the text as it is written.
        cells: String; of a declared column spaces around are trimmed, and a blank cell is null. Its
            name is kept.
        source_row: source row of each cell.
        mapping: formats and words of the file.

    Returns:
        The typed column, null where a cell did not parse; and findings of kind wrong_type,
        two_digit_year, clock_change or formula_cell.
    """
    name = cells.name
    # polars takes a series' name for a pattern, and a file's may be * or ^x$.
    cells = cells.alias("cells")
    kind = column.type if column else "text"
    if column is not None:
        trimmed = cells.str.strip_chars()
        cells = pl.select(pl.when(trimmed != "").then(trimmed)).to_series()
    given = shown(table, column, cells)
    findings: list[Finding] = []
    if kind in ("id", "text", "code", "text_list"):
        findings += rows_found(
            table,
            name,
            "formula_cell",
            "cells that a spreadsheet would run as a formula",
            looks_like_formula(cells),
            source_row,
            values=given,
            remedy="Export the value, not the formula",
        )
    if kind in ("id", "text", "code"):
        return cells.alias(name), findings
    parsed = parse_text(kind, cells, mapping)
    wrong, allowed = WRONG_TYPE[kind], _ALLOWED[kind]
    separator = mapping.separators.get(name, "|")
    if kind in ("int_list", "text_list") and separator != "|":
        # Their separator has been made ours by now; a report speaks of the file.
        wrong, allowed = wrong.replace("|", separator), allowed.replace("|", separator)
        if given is not None:
            given = given.str.replace_all("|", separator, literal=True)
    if kind == "date" and mapping.date_format:
        allowed = f"dates written {mapping.date_format}"
    elif kind == "datetime" and mapping.datetime_format:
        allowed = f"times written {mapping.datetime_format}"
    if kind in ("date", "datetime"):
        named = getattr(mapping, f"{kind}_format")
        remedy = f"Or {'correct' if named else 'name'} the {kind}_format in the mapping"
    elif kind == "bool":
        remedy = "Or name yes_words and no_words in the mapping"
    else:
        remedy = ""
    if parsed.wrong.any():
        nulls = cells.filter(parsed.wrong & cells.is_in(NULL_WORDS)).unique().sort()
        if len(nulls):
            said = ", ".join(f"'{word}'" for word in nulls)
            remedy = f"If {said} stands for an empty cell, say empty_words: [{said}] in the mapping"
    findings += rows_found(
        table,
        name,
        "wrong_type",
        wrong,
        parsed.wrong,
        source_row,
        values=given,
        allowed=allowed,
        remedy=remedy,
    )
    if parsed.two_digit is not None:
        findings += rows_found(
            table,
            name,
            "two_digit_year",
            "years of two digits",
            parsed.two_digit,
            source_row,
            values=given,
            remedy="Write the year in four digits",
        )
    if parsed.clock_change is not None:
        findings += rows_found(
            table,
            name,
            "clock_change",
            CLOCK_CHANGE,
            parsed.clock_change,
            source_row,
            values=given,
            remedy="Write the offset, +00:00 or +01:00",
        )
    return parsed.values.alias(name), findings


def looks_like_formula(cells: pl.Series) -> pl.Series:
    """Text that begins like a formula and is not a number, a phone number or a lone sign."""
    risky = cells.str.contains(r"^\s*[=+@-]")
    if not risky.any():
        return risky
    return risky & ~cells.str.contains(r"^\s*[+-]?[\d .,]*$")


def parse_text(kind: str, cells: pl.Series, mapping: SourceMapping) -> Parsed:
    """Trimmed text cells as one of the types that are not text."""
    if kind == "bool":
        return _bools(cells, mapping)
    if kind == "int":
        return _parsed(cells, cells.cast(pl.Int64, strict=False))
    if kind == "number":
        numbers = cells.cast(pl.Float64, strict=False)
        finite = pl.select(pl.when(numbers.is_finite()).then(numbers)).to_series()
        return _parsed(cells, finite)
    if kind == "date":
        return _dates(cells, mapping.date_format)
    if kind == "datetime":
        return _datetimes(cells, mapping.datetime_format)
    return _lists(cells, kind)


def can_read(kind: str, text: str) -> bool:
    """Whether cells can be read by a date or datetime format at all, whatever they hold."""
    cell = pl.Series([""])
    try:
        if kind == "date":
            _dates(cell, text)
        else:
            _datetimes(cell, text)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return False
    return True


def _parsed(cells: pl.Series, values: pl.Series) -> Parsed:
    return Parsed(values, cells.is_not_null() & values.is_null())


def _bools(cells: pl.Series, mapping: SourceMapping) -> Parsed:
    words = dict.fromkeys((*_YES, *mapping.yes_words), True)
    words |= dict.fromkeys((*_NO, *mapping.no_words), False)
    values = cells.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean)
    return _parsed(cells, values)


def _dates(cells: pl.Series, date_format: str) -> Parsed:
    if date_format:
        values = cells.str.to_date(date_format, strict=False)
        if values.null_count() > cells.null_count():
            # What a database or spreadsheet puts behind a date.
            days = cells.str.replace(_MIDNIGHT, "").str.to_date(date_format, strict=False)
            values = pl.select(pl.coalesce(values, days)).to_series()
    else:
        iso = pl.when(cells.str.contains(_ISO_DATE)).then(cells.str.slice(0, 10))
        values = pl.select(iso).to_series().str.to_date("%Y-%m-%d", strict=False)
    return _without_short_years(cells, values)


def _without_short_years(cells: pl.Series, values: pl.Series) -> Parsed:
    short = values.dt.year() < 100
    wrong = cells.is_not_null() & values.is_null()
    kept = pl.select(pl.when(~short).then(values)).to_series() if short.any() else values
    return Parsed(kept, wrong, short)


def _datetimes(cells: pl.Series, datetime_format: str) -> Parsed:
    if datetime_format:
        # Python's %f is microseconds; polars' is nanoseconds unless written %.f.
        chrono = datetime_format.replace(".%f", "%.f").replace("%f", "%6f")
        if "%z" in chrono or "%:z" in chrono:
            values = cells.str.to_datetime(
                chrono, strict=False, time_unit="us", time_zone="UTC"
            ).dt.convert_time_zone(LONDON)
            return _without_short_years(cells, values)
        naive = cells.str.to_datetime(chrono, strict=False, time_unit="us")
        return _in_london(cells, naive)
    iso = cells.str.contains(_ISO_DATETIME)
    text = pl.select(pl.when(iso).then(cells.str.replace(" ", "T", literal=True))).to_series()
    # A minute without seconds is a whole minute.
    text = text.str.replace(r"^(.{10}T\d{2}:\d{2})($|[Zz+-])", "${1}:00${2}").str.to_uppercase()
    with_offset = text.str.contains(_OFFSET)
    if not with_offset.any():
        return _in_london(cells, text.str.to_datetime(_LOCAL, strict=False, time_unit="us"))
    absolute = text.str.to_datetime(
        f"{_LOCAL}%#z", strict=False, time_unit="us", time_zone="UTC"
    ).dt.convert_time_zone(LONDON)
    if with_offset.all() and not cells.null_count():
        return _parsed(cells, absolute)
    local = pl.select(pl.when(~with_offset).then(text)).to_series()
    naive = _in_london(local, local.str.to_datetime(_LOCAL, strict=False, time_unit="us"))
    values = pl.select(pl.coalesce(absolute, naive.values)).to_series()
    clock_change = naive.clock_change
    wrong = cells.is_not_null() & values.is_null()
    if clock_change is not None:
        wrong &= ~clock_change.fill_null(value=False)
    return Parsed(values, wrong, naive.two_digit, clock_change)


_LOCAL = "%Y-%m-%dT%H:%M:%S%.f"


def _in_london(cells: pl.Series, naive: pl.Series) -> Parsed:
    """Local times as London times; those the clock change makes unclear are null."""
    without = _without_short_years(cells, naive)
    values = to_london(without.values)
    return replace(
        without, values=values, clock_change=without.values.is_not_null() & values.is_null()
    )


def to_london(naive: pl.Series) -> pl.Series:
    """Naive datetimes taken as London local time; null where that is ambiguous or never was."""
    return naive.dt.cast_time_unit("us").dt.replace_time_zone(
        LONDON, ambiguous="null", non_existent="null"
    )


def _lists(cells: pl.Series, kind: str) -> Parsed:
    lone = cells == "|"
    parts = cells.str.split("|").list.eval(pl.element().str.strip_chars())
    blank = parts.list.contains("")
    values = parts
    if kind == "int_list":
        values = parts.cast(pl.List(pl.Int64), strict=False)
        blank |= values.list.eval(pl.element().is_null()).list.any()
    frame = pl.DataFrame({"values": values, "lone": lone, "blank": blank})
    values = frame.select(
        pl.when(pl.col("lone"))
        .then(pl.col("values").list.head(0))
        .when(~pl.col("blank"))
        .then(pl.col("values"))
    ).to_series()
    return _parsed(cells, values.cast(DTYPES[kind]))
