"""The upkeep of a register: what is due, and what the scheme says should follow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cbl_engine.cli.given import day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from cbl_engine.scheme.model import SchemeVersion

List = Literal["reviews", "evidence", "non_bidders", "changes", "duplicates", "birthdays", "awards",
               "clocks", "breaches", "overrides"]
_MOST = 40
_TITLES = {
    "reviews": "Reviews due",
    "evidence": "Evidence out of date",
    "non_bidders": "No bid for long",
    "changes": "Changes not yet assessed or recorded",
    "duplicates": "One person on two applications",
    "birthdays": "Birthdays that change the need",
    "awards": "Awards about to end",
    "clocks": "Clocks about to run out",
    "breaches": "Clocks that have run out",
    "overrides": "Officers' values about to end, or in conflict",
}


def register(
    scheme: str,
    /,
    *,
    data: str,
    as_at: str,
    mapping: Path | None = None,
    list: List | None = None,
    within: int = 28,
    format: Literal["table", "csv", "json", "parquet"] = "table",
) -> int:
    """List what keeps a register right: reviews, evidence, non-bidders, duplicates, clocks.

    Each line says what the scheme says should follow. These are proposals: nothing is done to the
    register. An officer's tool.

    Parameters
    ----------
    scheme
        A scheme file, a folder of its versions, or the name of a shipped one; what is due when and
        what follows stands under upkeep.
    data
        Folder of tables (applications, people, bids, ...), workbook, database URL, or a shipped
        borough (riverton).
    as_at
        The date, YYYY-MM-DD.
    mapping
        How the data become those tables; left out, the folder's own tables.yaml or mapping.yaml.
    list
        One list alone; left out, all of them.
    within
        Days after that date for what is about to fall due.
    format
        table to read; csv, json or parquet have a row for every line of every list.
    """
    from cbl_engine.assess import upkeep
    from cbl_engine.cli import show
    from cbl_engine.records import read_register
    from cbl_engine.scheme import load_scheme

    on = day(as_at)
    with show.steps() as on_step:
        on_step("Looking through the register")
        rules = load_scheme(scheme)
        tables = read_register(data, [rules], mapping)
        found = upkeep(rules, tables, on, bids=tables.get("bids"),
                       adverts=tables.get("adverts"), within=within)
    shown = found if list is None else {list: found[list]}
    if format != "table":
        import polars as pl

        rows = [frame.select(pl.lit(name).alias("list"), pl.all()) for name, frame in shown.items()]
        show.show_frame(pl.concat(rows), format)
        return 0
    show.show_parts(_told(shown, rules.in_force(on)))
    return 0


def _told(found: Mapping[str, pl.DataFrame], version: SchemeVersion) -> Iterator[Any]:
    """A table for each list that has lines, the first due first; then what is not listed and why."""
    from rich.table import Table
    from rich.text import Text

    for name, frame in found.items():
        if not frame.height:
            continue
        table = Table(title=f"{_TITLES[name]}: {frame.height:,}", title_justify="left")
        for column in ("application", "about", "since", "due", "what follows"):
            table.add_column(column, overflow="fold", no_wrap=column in ("since", "due"))
        for row in frame.head(_MOST).iter_rows(named=True):
            about = " ".join([row["about"], *row["rows"]])
            proposed = f"proposed: {row['proposes']}" if row["proposes"] is not None else None
            owner = f"for {row['owner']}" if row["owner"] is not None else None
            follows = "; ".join(filter(None, [row["follows"], proposed, owner, row["note"]]))
            days = ["" if row[c] is None else str(row[c]) for c in ("began_on", "due_on")]
            table.add_row(*(Text(str(v)) for v in (row["application"], about, *days, follows)))
        yield table
        if frame.height > _MOST:
            yield f"and {frame.height - _MOST:,} more: --list {name} --format csv has all of them"
    none = [name for name, frame in found.items() if not frame.height]
    if none:
        yield Text(f"Nothing on: {', '.join(none)}.")
    if version.upkeep is None:
        yield "The scheme says nothing under upkeep: reviews, evidence and non-bidders need it."
    if version.assessment is None:
        yield ("The scheme does not say how households are assessed: birthdays, awards and "
               "conflicts need it.")
    yield "These are proposals: nothing was done to the register."
