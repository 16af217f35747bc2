"""Two schemes side by side on one register: who moves up, down, or off it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cbl_engine.cli.given import check_written, day

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from cbl_engine.assess import Movers

_MOST = 15


def movers(
    old: str,
    new: str,
    /,
    *,
    data: str,
    as_at: str,
    mapping: Path | None = None,
    audience: Literal["officer", "public"] = "public",
    by: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    format: Literal["table", "csv", "json", "parquet"] = "table",
    out: Path | None = None,
) -> int:
    """Say who moves up, down or off the register under a new scheme; to officers also why.

    Priority dates up to that day go by the old scheme; what follows is a change of policy.

    Parameters
    ----------
    old
        The scheme in force: a file, a folder of versions, or the name of a shipped one.
    new
        The scheme to come, likewise; it is taken as in force from the date.
    data
        Folder of tables with the columns that both schemes read, workbook, database URL, or a
        shipped borough.
    as_at
        The date, YYYY-MM-DD.
    mapping
        How the data become those tables; left out, the folder's own tables.yaml or mapping.yaml.
    audience
        public: one table of counts, from band to band or by one group, those that point at
        households withheld. officer: every count, the reasons, and households by id.
    by
        Columns of applications to group by, beside the kind of household. For the public one of
        them, need_new (bedrooms) or household (kind), in place of the flows from band to band.
    format
        table to read; csv, json or parquet have the table, or for officers a row for every
        household.
    out
        A page for that audience to write as well (HTML).
    """
    from cbl_engine.assess import movers as compare
    from cbl_engine.cli import show
    from cbl_engine.errors import Problem, TableError
    from cbl_engine.records import read_register
    from cbl_engine.report import movers_page, movers_public_page, write_page
    from cbl_engine.scheme import load_scheme

    check_written(out, "--out", ".html")
    on = day(as_at)
    public = audience == "public"
    if public and len(by) > 1:
        raise TableError([Problem(
            "one_table", "the public is shown one table", where="--by", given=", ".join(by),
            allowed="one column", remedy="Give one, or ask for --audience officer")])
    columns = tuple(name for name in by if not (public and name in ("need_new", "household")))
    with show.steps() as on_step:
        on_step("Assessing by both schemes")
        before, after = load_scheme(old), load_scheme(new)
        found = compare(before, after, read_register(data, [before, after], mapping), on, by=columns)
        group = by[0] if public and by else None
        shown = found.public(group) if public else found.frame()
    if out is not None:
        write_page(movers_public_page(found, group) if public else movers_page(found), out)
    if format != "table":
        show.show_frame(shown, format)
        return 0
    show.show_parts(_published(shown, group) if public else _told(found))
    if out is not None:
        sys.stdout.write(f"Wrote {out}\n")
    return 0


def _published(counts: pl.DataFrame, by: str | None) -> Iterator[Any]:
    from cbl_engine.report.movers import PUBLIC_NOTE

    title = "From band (rows) to band" if by is None else f"By {by.replace('_', ' ')}"
    yield _table(title, counts, unknown="*")
    yield PUBLIC_NOTE
    yield ("Publish one table for a comparison: readers can set two against each other. "
           "--audience officer has every count, and why.")


def _told(found: Movers) -> Iterator[Any]:
    frame = found.frame()
    yield _table("From band (rows) to band", found.flows())
    for name in ("need_new", "household", *found.by):
        yield _table(f"By {name.replace('_', ' ')}", found.counts(name))
    reasons = found.reasons()
    if reasons.height:
        yield _table("Why", reasons.head(_MOST))
    dates = frame.group_by("date").len().sort("date", nulls_last=True)
    told = ", ".join(f"{n:,} {date or 'off the register'}" for date, n in dates.iter_rows())
    yield f"{frame.height:,} households. Priority dates: {told or 'none'}."


def _table(title: str, frame: pl.DataFrame, unknown: str = "not known") -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for name, kind in frame.schema.items():
        table.add_column(name.replace("_", " "), justify="right" if kind.is_integer() else "left")
    for row in frame.iter_rows():
        table.add_row(*(
            Text(unknown if v is None else f"{v:,}" if isinstance(v, int) else str(v))
            for v in row))
    return table
