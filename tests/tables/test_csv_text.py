"""Splitting CSV: the same cells as the csv module, whatever is quoted."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from cbl_engine.tables.csv_text import read_csv_text
from cbl_engine.tables.mapping import SourceMapping

cells = st.text(st.sampled_from('ab",;\n\r\u00e9 '), max_size=6)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(cells, min_size=1, max_size=4), max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_same_cells_and_lines_as_the_csv_module(rows, delimiter, line_end, quoting):
    text = io.StringIO(newline="")
    if quoting == csv.QUOTE_MINIMAL:
        # The csv module leaves a lone carriage return unquoted and then reads it as a line end.
        rows = [[cell.replace("\r", "") for cell in row] for row in rows]
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerows([["one", "two"], *rows])
    raw = text.getvalue()
    reader = csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter)
    good, ragged, line = [], [], 0
    for at, row in enumerate(reader):
        if at and row:
            (good if len(row) == 2 else ragged).append((line + 1, row))
        # Lines are counted by their line feeds; a lone carriage return in a cell ends none.
        line = raw[: _end_of(raw, at)].count("\n")
    read = read_csv_text("bids", raw.encode(), SourceMapping(delimiter=delimiter))
    assert read.lines.to_list() == [number for number, _ in good]
    assert [list(row) for row in read.cells.rows()] == [
        [cell or None for cell in row] for _, row in good
    ]
    found = [row for finding in read.findings for row in finding.rows]
    assert found == [number for number, _ in ragged]


def _end_of(raw, record):
    """Where a record ends: after its line feed that is outside quotation marks."""
    inside, seen = False, -1
    for at, character in enumerate(raw):
        inside ^= character == '"'
        if character == "\n" and not inside:
            seen += 1
            if seen == record:
                return at + 1
    return len(raw)
