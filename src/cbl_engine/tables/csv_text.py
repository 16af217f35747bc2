"""CSV as text: bytes to a frame of strings with the line each record starts on.

polars parses the cells. Where records begin and how many cells they have is counted here first,
on the bytes, because polars neither numbers lines nor says which rows are ragged.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.tables.findings import Finding, quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.tables.mapping import SourceMapping

_BOM = b"\xef\xbb\xbf"
_LF, _CR, _QUOTE = 10, 13, 34
_OTHER_FILES = (
    (b"\x1f\x8b", "compressed with gzip", "Unpack it"),
    (b"PK\x03\x04", "a zip or an Excel workbook", "Unpack it, or call it .xlsx if it is a workbook"),
    (b"PAR1", "a Parquet file", "Call it .parquet"),
)
_OTHER_DELIMITERS = (";", "\t", "|", ",")


@dataclass(frozen=True, slots=True)
class CsvText:
    """Cells of a CSV file as strings, empty ones null, and the line each record starts on.

    Attributes:
        cells: one String column per header cell, named as in the file.
        lines: Int64, the first of the file being line 1.
        findings: what is wrong with the file (structural: cells are empty) or its rows.
    """

    cells: pl.DataFrame = field(repr=False)
    lines: pl.Series = field(repr=False)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Records:
    """Byte range [starts, ends), first line and number of cells of each record."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    cells: NDArray[np.int64]


class _UnusableError(Exception):
    """The file as a whole cannot be used."""

    def __init__(self, kind: str, message: str, allowed: str = "", remedy: str = "") -> None:
        self.words = (kind, message, allowed, remedy)
        super().__init__(message)


def read_csv_text(table: str, raw: bytes, mapping: SourceMapping) -> CsvText:
    """Cells of a CSV file as strings.

    1. decode; 2. leave out what stands above the headings; 3. find records and count their cells;
    4. set blank lines and ragged records aside; 5. let polars split the rest into cells.

    Args:
        table: the table, for findings.
        raw: the file.
        mapping: encoding, delimiter, quoting and the line of the headings.
    """
    try:
        return _read(table, raw, mapping)
    except _UnusableError as error:
        kind, message, allowed, remedy = error.words
        finding = Finding(table, "", kind, message, allowed=allowed, remedy=remedy)
        return CsvText(pl.DataFrame(), pl.Series([], dtype=pl.Int64), (finding,))


def _read(table: str, raw: bytes, mapping: SourceMapping) -> CsvText:
    for begins, what, remedy in _OTHER_FILES:
        if raw.startswith(begins):
            raise _UnusableError("not_csv", f"is {what}, not text", remedy=remedy)
    text = _as_utf8(raw, mapping.encoding)
    if not text.strip():
        raise _UnusableError("empty_file", "is empty", "a header line and rows")
    if b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    quoting = mapping.quote != "none"
    above = mapping.header_row - 1
    text = _below(text, above)
    records = _records(text, ord(mapping.delimiter), above, quoting=quoting)
    names = _header(text[records.starts[0] : records.ends[0]], mapping, quoting=quoting)
    n = len(names)
    _check_delimiter(names, mapping)
    ragged = records.cells[1:] != n
    findings = _ragged(table, records.lines[1:][ragged], n)
    body = _without(text, records, np.concatenate(([True], ragged)))
    lines = pl.Series("source_row", records.lines[1:][~ragged], pl.Int64)
    cells = _split(body, names, mapping.delimiter, quoting=quoting)
    if cells.height != len(lines):
        raise _UnusableError(
            "unreadable_file",
            f"has {len(lines):,} records by its line ends but {cells.height:,} by its cells",
            remedy="Save it again as CSV with quotation marks doubled inside cells",
        )
    return CsvText(cells, lines, findings)


def _as_utf8(raw: bytes, encoding: str) -> bytes:
    utf8 = encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")
    if raw.startswith(_BOM) and not utf8:
        raise _UnusableError(
            "wrong_encoding", f"begins with the mark of UTF-8, and the mapping has {encoding} for it",
            remedy="Say encoding: utf-8 in the mapping",
        )
    try:
        if utf8:
            text = raw.removeprefix(_BOM)
            text.decode("utf-8")
        else:
            text = raw.decode(encoding).removeprefix("\ufeff").encode("utf-8")
    except UnicodeError as error:
        at = f" (byte {error.start})" if isinstance(error, UnicodeDecodeError) else ""
        raise _UnusableError(
            "wrong_encoding",
            f"is not {encoding} text{at}",
            remedy="Name its encoding, for example cp1252, in the mapping" if utf8
            else "Correct its encoding in the mapping",
        ) from None
    nul = text.find(b"\0")
    if nul >= 0:
        raise _UnusableError(
            "nul_byte",
            f"has a NUL character (byte {nul})",
            remedy="If it is UTF-16, say encoding: utf-16 in the mapping; else export it again",
        )
    return text


def _below(text: bytes, above: int) -> bytes:
    """The text without so many of its first lines."""
    rest = text.split(b"\n", above)[above:] if above else [text]
    if not rest or not rest[0].strip():
        raise _UnusableError(
            "empty_file", f"has nothing from line {above + 1} on, where header_row has its headings",
            remedy="Correct header_row in the mapping",
        )
    return rest[0]


def _records(text: bytes, delimiter: int, above: int, *, quoting: bool) -> _Records:
    """Records of the text without blank lines: a line end inside quotation marks ends nothing.

    ``above`` lines of the file stand before the text.
    """
    buffer = np.frombuffer(text, np.uint8)
    line_ends = np.flatnonzero(buffer == _LF)
    breaks = line_ends
    delimiters = np.flatnonzero(buffer == delimiter)
    quotes = np.flatnonzero(buffer == _QUOTE) if quoting else np.empty(0, np.int64)
    if quotes.size:
        _check_quotes(buffer, quotes, delimiter, line_ends, above)
        breaks = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
        delimiters = delimiters[np.searchsorted(quotes, delimiters) % 2 == 0]
    starts = np.concatenate(([0], breaks + 1))
    ends = np.concatenate((breaks, [len(buffer)]))
    first = buffer[np.minimum(starts, len(buffer) - 1)]
    blank = (ends == starts) | ((ends == starts + 1) & (first == _CR))
    starts, ends = starts[~blank], ends[~blank]
    cells = np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts) + 1
    return _Records(starts, ends, np.searchsorted(line_ends, starts) + 1 + above, cells)


def _check_quotes(
    buffer: NDArray[np.uint8],
    quotes: NDArray[np.int64],
    delimiter: int,
    line_ends: NDArray[np.int64],
    above: int,
) -> None:
    """Every quotation mark must open a cell, close one, or be doubled inside one."""
    framing = np.zeros(256, bool)
    framing[[delimiter, _LF, _CR, _QUOTE]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    before = buffer[np.maximum(opening - 1, 0)]
    after = buffer[np.minimum(closing + 1, len(buffer) - 1)]
    bad_open = opening[~(framing[before] | (opening == 0))]
    # A wrong close is blamed on its opening: that is where a mark was left unclosed.
    bad_close = opening[: len(closing)][~(framing[after] | (closing == len(buffer) - 1))]
    unclosed = opening[len(closing) :]
    bad = np.concatenate((bad_open, bad_close, unclosed))
    if bad.size:
        line = int(np.searchsorted(line_ends, bad.min())) + 1 + above
        raise _UnusableError(
            "stray_quote",
            f"has a quotation mark on line {line} that neither opens nor closes a cell",
            remedy="Double it and quote the cell, or say quote: none in the mapping",
        )


def _header(line: bytes, mapping: SourceMapping, *, quoting: bool) -> list[str]:
    text = line.decode("utf-8").rstrip("\r")
    style = csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE
    # A header cell may itself hold a line end, which the csv module wants with its lines.
    lines = io.StringIO(text, newline="")
    try:
        names = next(csv.reader(lines, delimiter=mapping.delimiter, quoting=style))
    except csv.Error:
        raise _UnusableError("unreadable_file", "has a header that cannot be read") from None
    names = [name.strip() for name in names]
    if "" in names:
        at = names.index("") + 1
        raise _UnusableError(
            "unnamed_column", f"has no name for column {at} in its header",
            remedy="Give it one, or delete a delimiter that ends the line; where a title stands above "
            "the headings, say header_row in the mapping",
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        said = ", ".join(quoted(name) for name in twice[:5])
        raise _UnusableError("duplicate_column", f"names a column twice: {said}")
    return names


def _check_delimiter(names: list[str], mapping: SourceMapping) -> None:
    """A header of one cell with a delimiter in it was written with that one."""
    if len(names) != 1 or names[0] in mapping.columns:
        return
    for other in _OTHER_DELIMITERS:
        if other in names[0] and other != mapping.delimiter:
            raise _UnusableError(
                "wrong_delimiter",
                f"has one column by its delimiter {quoted(mapping.delimiter)}, called {quoted(names[0])}",
                remedy=f"Say delimiter: {json.dumps(other)} in the mapping",
            )


def _ragged(table: str, lines: NDArray[np.int64], n: int) -> tuple[Finding, ...]:
    if not lines.size:
        return ()
    return (
        Finding(
            table,
            "",
            "ragged_row",
            "rows with more or fewer cells than the header",
            pl.Series("source_row", lines, pl.Int64),
            allowed=f"{n} cells",
            remedy="Quote cells that hold the delimiter or a line end; delete a footer; where a title "
            "stands above the headings, say header_row in the mapping",
        ),
    )


def _without(text: bytes, records: _Records, dropped: NDArray[np.bool_]) -> bytes:
    """The text of the records kept. A loop over the runs of records dropped: few, as a rule."""
    kept = np.flatnonzero(~dropped)
    if not kept.size:
        return b""
    # Records lie apart where one is dropped or a blank line stands between them.
    apart = (np.diff(kept) > 1) | (records.starts[kept[1:]] != records.ends[kept[:-1]] + 1)
    firsts = np.concatenate(([kept[0]], kept[1:][apart]))
    lasts = np.concatenate((kept[:-1][apart], [kept[-1]]))
    starts, ends = records.starts[firsts], records.ends[lasts]
    return b"\n".join(text[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True))


def _split(body: bytes, names: list[str], delimiter: str, *, quoting: bool) -> pl.DataFrame:
    if not body:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    try:
        cells = pl.read_csv(
            body,
            has_header=False,
            schema=dict.fromkeys(names, pl.String),
            separator=delimiter,
            quote_char='"' if quoting else None,
        )
    except pl.exceptions.PolarsError:
        # Its message may quote cells, and cells may be personal.
        raise _UnusableError("unreadable_file", "cannot be split into cells") from None
    return cells.with_columns(pl.when(pl.all() != "").then(pl.all()))
