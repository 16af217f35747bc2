"""Rows of a source as rows of one of our tables: renamed, recoded, typed, with their findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import MAX_EXAMPLES, Problem
from cbl_engine.tables.dtypes import as_cells, to_declared
from cbl_engine.tables.findings import (
    LINEAGE_COLUMNS,
    SOURCE_ROW,
    Finding,
    Source,
    quoted,
    rows_found,
    shown,
)
from cbl_engine.tables.parsing import CLOCK_CHANGE, parse_column, to_london
from cbl_engine.tables.recoding import recode
from cbl_engine.tables.settings import PART

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from cbl_engine.tables.columns import Column
    from cbl_engine.tables.mapping import SourceMapping
    from cbl_engine.tables.raw import Raw


@dataclass(frozen=True, slots=True)
class Shaped:
    """One source as one of our tables.

    Attributes:
        frame: columns under our names, the last ``source_row`` (row of the source plus ``base``);
            None when the source cannot be used.
        findings: what is wrong, with places in the frame.
        notes: what was read otherwise than it is written.
    """

    frame: pl.DataFrame | None
    findings: tuple[Finding, ...]
    notes: tuple[Problem, ...]


def shape(
    table: str,
    raw: Raw,
    source: Source,
    mapping: SourceMapping,
    columns: Mapping[str, Column],
    placeholder_dates: Sequence[date],
    base: int = 0,
) -> Shaped:
    """Bring a source into our form.

    1. rows the mapping takes; 2. columns composed and cut; 3. our names and constants; 4. codes;
    5. types; 6. placeholder dates. A loop over columns.

    Args:
        table: which of our tables.
        raw: the source.
        source: what messages call it.
        mapping: how it is read.
        columns: declared columns of the table.
        placeholder_dates: dates read as not known.
        base: added to the source's own row numbers.
    """
    worker = _Shaping(table, source, mapping, columns)
    frame, rows = worker.rows_taken(raw.frame, raw.rows + base)
    frame = worker.cut_and_composed(frame)
    frame = worker.renamed(frame)
    if worker.findings:
        return Shaped(None, tuple(worker.findings), raw.notes)
    if mapping.distinct:
        frame, rows = worker.once(frame, rows)
    typed = [worker.typed(values, rows, raw) for values in frame]
    notes = [*raw.notes, *worker.notes]
    if placeholder_dates:
        days = pl.Series(list(placeholder_dates), dtype=pl.Date)
        typed = [_without_placeholders(source, values, rows, base, days, notes) for values in typed]
    rows = rows.alias(SOURCE_ROW)
    return Shaped(pl.DataFrame([*typed, rows]), tuple(worker.findings), tuple(notes))


class _Shaping:
    """One source on its way; findings and notes gather as it goes."""

    def __init__(
        self, table: str, source: Source, mapping: SourceMapping, columns: Mapping[str, Column]
    ) -> None:
        self.table, self.source, self.mapping, self.columns = table, source, mapping, columns
        self.findings: list[Finding] = []
        self.notes: list[Problem] = []

    def wrong(self, kind: str, message: str, allowed: str = "", remedy: str = "") -> None:
        """Note that the source as a whole does not fit its mapping."""
        self.findings.append(
            Finding(self.table, "", kind, message, allowed=allowed, remedy=remedy,
                    where=self.source.name)
        )

    def _has(self, frame: pl.DataFrame, theirs: str, use: str) -> bool:
        if theirs in frame.columns:
            return True
        self.wrong(
            "unmapped_column",
            f"{self.mapping.name} {use} the column {quoted(theirs)}, which is not there",
            ", ".join(quoted(name) for name in frame.columns[:20]),
        )
        return False

    def rows_taken(
        self, frame: pl.DataFrame, rows: pl.Series
    ) -> tuple[pl.DataFrame, pl.Series]:
        """The rows the mapping takes; how many it leaves is told."""
        for theirs, values in self.mapping.only_rows.items():
            if not self._has(frame, theirs, "takes rows by"):
                continue
            cells = as_cells(frame[theirs]).str.strip_chars().fill_null("")
            taken = cells.is_in(list(values)) if values else (cells != "")
            left = len(taken) - int(taken.sum())
            if left:
                what = "its values there are not listed" if values else "it is empty there"
                self.notes.append(
                    Problem(
                        "rows_left_out",
                        f"rows left out by only_rows for {self.table}: {what}",
                        where=f"{self.source.name}: {theirs}",
                        count=left,
                    )
                )
            frame, rows = frame.filter(taken), rows.filter(taken)
        return frame, rows

    def cut_and_composed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Columns cut into several, and those made of several."""
        made: list[pl.Series] = []
        for theirs, cut in self.mapping.split.items():
            if self._has(frame, theirs, "splits"):
                parts = as_cells(frame[theirs]).str.split(cut.at)
                for at, name in enumerate(cut.into):
                    part = parts.list.get(at, null_on_oob=True).str.strip_chars()
                    made.append(part.replace({"": None}).alias(name))
        frame = self._with(frame, made)
        made = []
        for ours, template in self.mapping.compose.items():
            parts = PART.findall(template)
            have = [self._has(frame, theirs, "composes with") for theirs in parts]
            if all(have):
                by_name = {
                    f"p{at}": as_cells(frame[theirs]).str.strip_chars().replace({"": None})
                    for at, theirs in enumerate(parts)
                }
                text = PART.sub("{}", template.replace("{}", ""))
                value = pl.format(text, *by_name) if parts else pl.lit(text)
                made.append(pl.DataFrame(by_name).select(value).to_series().alias(ours))
        return self._with(frame, made)

    def _with(self, frame: pl.DataFrame, made: Sequence[pl.Series]) -> pl.DataFrame:
        names = [series.name for series in made]
        self._twice([*(n for n in frame.columns), *names])
        if self.findings:
            return frame
        return pl.DataFrame([*frame, *made])

    def _twice(self, names: Sequence[str]) -> None:
        for name in sorted(set(names)):
            if names.count(name) > 1:
                remedy = "Map one to another name, or ignore other_columns"
                self.wrong("duplicate_column", f"two columns would be called {quoted(name)}",
                           remedy=remedy)

    def renamed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Columns under our names, with the constants."""
        mapping = self.mapping
        # A source that names no columns has ours already.
        ignore = mapping.other_columns == "ignore" and bool(mapping.columns)
        for theirs in mapping.columns:
            self._has(frame, theirs, "maps")
        made = set(mapping.compose)
        out: list[pl.Series] = []
        for values in frame:
            ours = mapping.columns.get(values.name)
            if ours is not None:
                out += [values.alias(name) for name in ours]
            elif not ignore or values.name in made:
                out.append(values)
        out += [
            pl.repeat(value, frame.height, dtype=pl.String, eager=True).alias(name)
            for name, value in mapping.constants.items()
        ]
        names = [values.name for values in out]
        self._twice(names)
        self._names(names)
        return frame if self.findings else pl.DataFrame(out)

    def _names(self, names: Sequence[str]) -> None:
        for reserved in LINEAGE_COLUMNS:
            if reserved in names:
                message = f"has a column called {reserved}, which is kept for where rows came from"
                self.wrong("reserved_column", message)
        for setting, ours in (
            *(("codes", name) for name in self.mapping.codes),
            *(("separators", name) for name in self.mapping.separators),
        ):
            if ours not in names:
                self.wrong(
                    "unmapped_column",
                    f"{self.mapping.name} gives {setting} for the column {quoted(ours)}, "
                    "which is not there",
                    ", ".join(quoted(name) for name in names[:20]),
                )

    def once(self, frame: pl.DataFrame, rows: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
        """Rows that say the same taken once, where they first stand."""
        first = frame.select(pl.struct(pl.all()).is_first_distinct()).to_series()
        left = frame.height - int(first.sum())
        if left:
            self.notes.append(
                Problem("rows_repeated", f"rows that repeat an earlier one, for {self.table}",
                        where=self.source.name, count=left)
            )
        return frame.filter(first), rows.filter(first)

    def typed(self, values: pl.Series, rows: pl.Series, raw: Raw) -> pl.Series:
        """One column in its declared type, where its cells allow."""
        name, table = values.name, self.table
        column = self.columns.get(name)
        values = values.alias("cells")
        separator = self.mapping.separators.get(name)
        if name in self.mapping.codes:
            values, found, notes = recode(
                table, name, column, as_cells(values), rows, self.source, self.mapping
            )
            self.findings += found
            self.notes += notes
        if separator:
            values = as_cells(values).str.replace_all(separator, "|", literal=True)
        if column is None and values.dtype != pl.String:
            return values.alias(name)
        if values.dtype != pl.String and column is not None:
            native = self._native(name, column, values, rows, raw)
            if native is not None:
                return native.alias(name)
            values = as_cells(values)
        formatted = values
        if raw.spreadsheet and column is not None and column.type in ("date", "datetime"):
            formatted = _dates_as_written(values, column.type, self.mapping)
        parsed, found = parse_column(
            table, column, formatted.alias(name), rows, self.mapping
        )
        # Only a text file hides a formula in a cell that a spreadsheet would then run.
        self.findings += [f for f in found if not (raw.as_typed and f.kind == "formula_cell")]
        return parsed

    def _native(
        self, name: str, column: Column, values: pl.Series, rows: pl.Series, raw: Raw
    ) -> pl.Series | None:
        """Cells that carry a type which serves as ours; None sends them the way of text."""
        naive = isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is None
        if column.type == "datetime" and naive:
            london = to_london(values)
            self.findings += rows_found(
                self.table,
                name,
                "clock_change",
                CLOCK_CHANGE,
                london.is_null() & values.is_not_null(),
                rows,
                values=shown(self.table, column, values),
                remedy="Write the times with their offset",
            )
            return london
        if raw.spreadsheet and column.type == "id" and values.dtype.is_numeric():
            self.notes.append(
                Problem(
                    "ids_as_numbers",
                    "ids that the sheet holds as numbers; zeros before them, if any, are lost",
                    where=f"{self.source.name}: {name}",
                    remedy="Format the column as text before the ids are entered",
                )
            )
            return None
        return values if to_declared(values, column.type) is not None else None


def _dates_as_written(values: pl.Series, kind: str, mapping: SourceMapping) -> pl.Series:
    """Dates of a column of mixed cells in the mapping's own format.

    Where a column has both dates and text, the sheet's dates come as ``2024-05-31 00:00:00``.
    """
    form = mapping.date_format if kind == "date" else mapping.datetime_format
    if not form:
        return values
    dated = values.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    written = dated.dt.to_string(form)
    return pl.select(pl.coalesce(written, values)).to_series()


def _without_placeholders(
    source: Source,
    values: pl.Series,
    rows: pl.Series,
    base: int,
    days: pl.Series,
    notes: list[Problem],
) -> pl.Series:
    """A column of dates with those that only stand for one null, which is told."""
    if not isinstance(values.dtype, pl.Date | pl.Datetime):
        return values
    stand_in = values.dt.date().is_in(days.implode()).fill_null(value=False)
    count = int(stand_in.sum())
    if not count:
        return values
    first = rows.filter(stand_in).head(MAX_EXAMPLES)
    written = values.dt.date().filter(stand_in).unique().sort().cast(pl.String)
    notes.append(
        Problem(
            "placeholder_dates",
            "dates that stand for none, read as not known",
            where=f"{source.name}: {values.name}",
            given=", ".join(written),
            count=count,
            rows=tuple(f"{source.row_word}{row - base}" for row in first),
            remedy="Ask for the real dates; placeholder_dates in the mapping says which these are",
        )
    )
    kept = pl.when(~stand_in).then(values.alias("values"))
    return pl.select(kept.alias("values")).to_series().alias(values.name)
