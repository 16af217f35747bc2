"""``cbl notice``: the letters that a record of bids and offers gives rise to, and their drafts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cbl_engine.cli.given import day, give

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from cbl_engine.records import StateFolder

_MOST = 40
_COUNTED_ALONE = "automatic_bid"
_ROWS = ("table", "csv", "json", "parquet")


def notice(
    state: Path,
    notice: str | None = None,
    /,
    *,
    application: str | None = None,
    since: str | None = None,
    out: Path | None = None,
    format: Literal["text", "html", "markdown", "table", "csv", "json", "parquet"] | None = None,
) -> int:
    """List the letters that a record of bids and offers gives rise to, or draft one of them.

    Offers, final ones with their warning; an offer is withdrawn; passed over; a refusal counts, or
    counts no longer; a consequence begins or is lifted; a duty may end; a bid is void; a bid was placed
    for the household. Each is a draft until an officer signs it; what no source gives is a blank, marked
    [to fill in: ...].

    Parameters
    ----------
    state
        State folder written by cbl cycle.
    notice
        Id of the letter to draft, as the list has it; left out, the list.
    application
        Of the list: this household's alone.
    since
        Of the list: from this day on, YYYY-MM-DD.
    out
        File to write the draft to; left out, it is printed.
    format
        Of a draft: text, html or markdown; left out, html for a file whose name ends in .html, else
        text. Of the list: table to read; csv, json or parquet for programs.
    """
    from cbl_engine.cli import show
    from cbl_engine.records import read_state
    from cbl_engine.report import notices_due

    _check_asked(notice, application, since, out, format)
    begins = None if since is None else day(since, "--since")
    folder = read_state(state)
    if notice is not None:
        _draft(folder, notice, out, format)
        return 0
    import polars as pl

    found = notices_due(folder, folder.scheme())
    if application is not None:
        found = found.filter(pl.col("application") == application)
    if begins is not None:
        found = found.filter(pl.col("on") >= begins)
    if format in (None, "table"):
        show.show_parts(_listed(found))
    else:
        show.show_frame(found, str(format))
    return 0


def _check_asked(
    notice: str | None, application: str | None, since: str | None, out: Path | None,
    format: str | None,
) -> None:
    """Refuse what belongs to the list of a draft, and what belongs to a draft of the list.

    Raises:
        BadInput: one of the two is asked for what only the other has.
    """
    from cbl_engine.errors import BadInput, Problem

    problems = []
    if notice is None and (out is not None or format not in (None, *_ROWS)):
        problems.append(Problem("draft_of_what", "a draft is of one letter",
                                where="--out" if out is not None else "--format",
                                remedy="Name it: cbl notice STATE lists them"))
    if notice is not None and (application is not None or since is not None):
        problems.append(Problem("list_or_draft", "a letter is named, so nothing is listed",
                                where="--since" if application is None else "--application",
                                remedy="Leave out one of the two"))
    if notice is not None and format in _ROWS:
        problems.append(Problem("format", "a draft cannot be given as rows", where="--format",
                                given=str(format), allowed="text, html, markdown"))
    if problems:
        raise BadInput(problems)


def _draft(folder: StateFolder, notice: str, out: Path | None, format: str | None) -> None:
    from cbl_engine.report import draft_notice, letter_page

    drafted = draft_notice(folder, folder.scheme(), notice)
    page = out is not None and out.suffix.lower() in (".html", ".htm")
    if format == "html" or (format is None and page):
        text = letter_page(drafted)
    else:
        text = drafted.markdown() if format == "markdown" else drafted.text()
    give(text, out)
    if out is not None:
        sys.stdout.write(f"To fill in before it is signed: {len(drafted.blanks)}\n")


def _listed(found: pl.DataFrame) -> Iterator[Any]:
    import polars as pl
    from rich.table import Table

    from cbl_engine.report.notices_due import KINDS, WEIGHTIEST_FIRST

    if not found.height:
        yield "No letter is due."
        return
    order = pl.col("kind").cast(pl.Enum(WEIGHTIEST_FIRST))
    kinds = found.group_by("kind").len().sort(order)
    counts = ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in kinds.iter_rows())
    listed = found.filter(pl.col("kind") != _COUNTED_ALONE).sort(
        order, "on", "notice", descending=[False, True, False])
    table = Table(title=f"Letters: {found.height:,} ({counts})", title_justify="left")
    for column in ("on", "notice", "application", "about"):
        table.add_column(column, overflow="fold")
    for row in listed.head(_MOST).iter_rows(named=True):
        what = f" ({row['what'].replace('_', ' ')})" if row["what"] is not None else ""
        table.add_row(str(row["on"]), row["notice"], row["application"],
                      KINDS[row["kind"]] + what)
    if listed.height:
        yield table
    else:
        yield table.title
    if found.height > min(listed.height, _MOST):
        yield (f"and {found.height - min(listed.height, _MOST):,} more: --since, --application or "
               "--format csv")
    yield "Whether a letter was sent is not on record. To draft one: cbl notice STATE NOTICE"
