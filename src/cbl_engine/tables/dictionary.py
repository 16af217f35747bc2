"""The data dictionary as a page: ``python -m cbl_engine.tables.dictionary``."""

from __future__ import annotations

import sys

from cbl_engine.tables.schemas import data_dictionary

_HEAD = """# Data dictionary

Written by `python -m cbl_engine.tables.dictionary` from the tables' schemas.

A data folder holds `<table>.csv` or `<table>.parquet`. Columns marked * are required and never
empty; any other may be left out altogether. Columns that are not listed are kept, and a scheme may
declare and read them. Dates are ISO; times are ISO with an offset, or London time without one;
lists have `|` between items; yes and no may be true/false, yes/no or 1/0. `tables.yaml` maps other
encodings, delimiters, formats, names and codes. Spaces around a value are no part of it.
Ids are text, or whole numbers in frames.
"""


def page() -> str:
    """The page, as Markdown."""
    parts = [_HEAD]
    for (table,), rows in data_dictionary().group_by("table", maintain_order=True):
        parts.append(f"\n## {table}\n\n| column | type | what | empty means |\n|---|---|---|---|\n")
        for row in rows.iter_rows(named=True):
            name = row["column"] + ("*" if row["required"] else "")
            unit = f" [{row['unit']}]" if row["unit"] else ""
            what = row["doc"] + unit
            if row["codes"]:
                what += ": " + ", ".join(row["codes"])
            parts.append(f"| {name} | {row['type']} | {what} | {row['null_means']} |\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
