"""Rows of a source as rows of one of our tables: renamed, recoded, typed, with their findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import Problem
from cbl_engine.tables.columns import DTYPES, type_name
from cbl_engine.tables.dtypes import MIXED, as_cells, has_text, mixed_parts, not_text, to_declared
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
from cbl_engine.tables.sheet_cells import EXACT, SHEET_MOMENT, of_serials, part_of_text
from cbl_engine.tables.stand_ins import null_words_told, without_empty_words, without_placeholders
from cbl_engine.tables.validation import within_calendar

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

    frame: pl.DataFrame | None = field(repr=False)
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

    1. words that stand for an empty cell; 2. rows the mapping takes; 3. columns composed and cut;
    4. our names and constants; 5. codes; 6. types; 7. placeholder dates. A loop over columns.

    Args:
        table: which of our tables.
        raw: the source.
        source: what messages call it.
        mapping: how it is read.
        columns: declared columns of the table.
        placeholder_dates: dates read as not known.
        base: added to the source's own row numbers.
    """
    worker = _Shaping(table, source, mapping, columns, base)
    frame = without_empty_words(table, source, raw.frame, raw.rows, mapping.empty_words,
                                mapping.read_of(raw.frame.columns), worker.notes)
    frame, rows = worker.rows_taken(frame, raw.rows + base)
    frame = worker.cut(frame, rows)
    frame = worker.composed(frame, spreadsheet=raw.spreadsheet)
    frame = worker.renamed(frame)
    if worker.findings:
        return Shaped(None, tuple(worker.findings), raw.notes)
    if mapping.distinct:
        frame, rows = worker.once(frame, rows)
    typed = [worker.typed(values, rows, raw) for values in frame]
    if any(finding.structural for finding in worker.findings):
        structural = tuple(finding for finding in worker.findings if finding.structural)
        return Shaped(None, structural, raw.notes)
    notes = [*raw.notes, *worker.notes]
    for values in typed:
        null_words_told(source, columns.get(values.name), values, rows, base, notes)
    if placeholder_dates:
        days = pl.Series(list(placeholder_dates), dtype=pl.Date)
        typed = [without_placeholders(source, values, rows, base, days, notes)
                 if values.name in columns else values for values in typed]
    rows = rows.alias(SOURCE_ROW)
    return Shaped(pl.DataFrame([*typed, rows]), tuple(worker.findings), tuple(notes))


class _Shaping:
    """One source on its way; findings and notes gather as it goes."""

    def __init__(
        self, table: str, source: Source, mapping: SourceMapping, columns: Mapping[str, Column],
        base: int,
    ) -> None:
        self.table, self.source, self.mapping, self.columns = table, source, mapping, columns
        self.base = base
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
            return self._written(frame[theirs].dtype, theirs)
        self.wrong(
            "unmapped_column",
            f"{self.mapping.name} {use} the column {quoted(theirs)}, which is not there",
            ", ".join(quoted(name) for name in frame.columns[:20]),
        )
        return False

    def _written(self, dtype: pl.DataType, name: str, column: Column | None = None) -> bool:
        """Whether a column is of a type that cells may have."""
        if has_text(dtype):
            return True
        self.findings.append(
            Finding(
                self.table, name, "wrong_dtype", "the column has the wrong type",
                allowed=str(DTYPES[column.type]) if column else "text, numbers, dates or moments",
                given=type_name(dtype), where=f"{self.source.name}: {name}",
            )
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

    def cut(self, frame: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
        """Columns cut into several; text beyond the last of them is told."""
        made: list[pl.Series] = []
        for theirs, cut in self.mapping.split.items():
            if self._has(frame, theirs, "splits"):
                parts = as_cells(frame[theirs]).str.split(cut.at)
                for at, name in enumerate(cut.into):
                    part = parts.list.get(at, null_on_oob=True).str.strip_chars()
                    made.append(part.replace({"": None}).alias(name))
                rest = parts.list.slice(len(cut.into)).list.join("").str.strip_chars()
                over = rows.filter((rest != "").fill_null(value=False))
                if len(over):
                    self.notes.append(
                        Problem(
                            "split_left_over",
                            f"cells of more parts than split has names for, for {self.table}: the others "
                            "are left out",
                            where=f"{self.source.name}: {theirs}",
                            allowed=f"{len(cut.into)} parts",
                            count=len(over),
                            rows=self.source.some(over - self.base),
                        )
                    )
        return self._with(frame, made)

    def composed(self, frame: pl.DataFrame, *, spreadsheet: bool) -> pl.DataFrame:
        """Columns made of several."""
        made: list[pl.Series] = []
        for ours, template in self.mapping.compose.items():
            parts = PART.findall(template)
            have = [self._has(frame, theirs, "composes with") for theirs in parts]
            if all(have):
                by_name = {
                    f"p{at}": part_of_text(frame[theirs], spreadsheet=spreadsheet)
                    for at, theirs in enumerate(parts)
                }
                value = pl.format(PART.sub("{}", template), *by_name)
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
            if theirs not in frame.columns:
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
        read = column is not None or name in self.mapping.codes or name in self.mapping.separators
        if read and not self._written(values.dtype, name, column):
            return values.alias(name)
        if read:
            values, found = within_calendar(table, values, name, rows)
            self.findings += found
            self.findings += self._not_text(name, values, rows)
        separator = self.mapping.separators.get(name)
        if name in self.mapping.codes:
            cells = as_cells(values, separator or "|")
            values, found, notes = recode(
                table, name, column, cells, rows, self.source, self.mapping
            )
            self.findings += found
            self.notes += notes
        if separator:
            values = as_cells(values, separator).str.replace_all(separator, "|", literal=True)
        if raw.spreadsheet and column is not None and column.type == "id":
            values = self._ids(name, column, values, rows)
        if values.dtype == MIXED:
            values = as_cells(values)
        if column is None and values.dtype != pl.String:
            return values.alias(name)
        if values.dtype != pl.String and column is not None:
            native = self._native(name, column, values, rows)
            if native is not None:
                return native.alias(name)
            values = as_cells(values)
        straight = None
        if raw.spreadsheet and column is not None and column.type in ("date", "datetime"):
            straight, values = self._straight(name, column, values, rows)
        parsed, found = parse_column(
            table, column, values.alias(name), rows, self.mapping
        )
        if raw.spreadsheet and column is not None and column.type in ("date", "datetime"):
            found = [of_serials(finding, values) for finding in found]
        if straight is not None:
            parsed = pl.select(pl.coalesce(straight, parsed.alias("cells"))).to_series().alias(name)
        # Only a text file hides a formula in a cell that a spreadsheet would then run.
        self.findings += [f for f in found if not (raw.as_typed and f.kind == "formula_cell")]
        return parsed

    def _straight(
        self, name: str, column: Column, cells: pl.Series, rows: pl.Series
    ) -> tuple[pl.Series | None, pl.Series]:
        """Cells that the sheet holds as a date or moment in their type, and the others, as text.

        A moment in a column of dates is left to be refused.
        """
        stamps = pl.select(pl.when(cells.str.contains(SHEET_MOMENT)).then(cells)).to_series()
        dated = stamps.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")
        taken = dated.is_not_null()
        if column.type == "date":
            taken &= dated == dated.dt.truncate("1d")
        taken = taken.fill_null(value=False)
        if not taken.any():
            return None, cells
        dated = pl.select(pl.when(taken).then(dated)).to_series()
        text = pl.select(pl.when(~taken).then(cells)).to_series()
        if column.type == "date":
            return dated.dt.date(), text
        return self._native(name, column, dated, rows), text

    def _ids(
        self, name: str, column: Column, values: pl.Series, rows: pl.Series
    ) -> pl.Series:
        """Ids of a sheet: those it holds as numbers are told, dates and true or false refused."""
        text = as_cells(values)
        dtype = values.dtype
        nowhere = pl.repeat(value=False, n=len(values), eager=True)
        number = nowhere
        other = text.str.contains(SHEET_MOMENT)
        if dtype == MIXED:
            held = mixed_parts(values)[1]
            truth = text.is_in(["true", "false"])
            number, other = held & ~truth & ~other, other | (held & truth)
        elif dtype.is_numeric():
            number = values.is_not_null()
        elif dtype == pl.Boolean or isinstance(dtype, pl.Date | pl.Datetime):
            other = values.is_not_null()
        long = number & (text.cast(pl.Float64, strict=False).abs() >= EXACT)
        for found, message in (
            (long, "not ids: numbers of so many digits that the sheet has lost the last of them"),
            (other, "not ids: the sheet holds a date, or true or false, in place of what was entered"),
        ):
            self.findings += rows_found(
                self.table, name, "wrong_type", message, found, rows,
                values=shown(self.table, column, text),
                remedy="Format the column as text and enter them again",
            )
        if number.any():
            self.notes.append(
                Problem(
                    "ids_as_numbers",
                    "ids that the sheet holds as numbers; zeros before them, if any, are lost",
                    where=f"{self.source.name}: {name}",
                    remedy="Format the column as text before the ids are entered",
                )
            )
        refused = other.fill_null(value=False) | long.fill_null(value=False)
        return pl.select(pl.when(~refused).then(text)).to_series()

    def _not_text(self, name: str, values: pl.Series, rows: pl.Series) -> list[Finding]:
        broken = not_text(values)
        if broken is None:
            return []
        return rows_found(self.table, name, "wrong_type", "bytes that are not UTF-8 text", broken, rows,
                          remedy="Export the column as text")

    def _native(
        self, name: str, column: Column, values: pl.Series, rows: pl.Series
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
        if isinstance(values.dtype, pl.Categorical | pl.Enum):
            return None  # text like any other, spaces around it too
        return values if to_declared(values, column.type) is not None else None
