"""What an applicant may be told of its prospects."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal

from cbl_engine.cli.given import check_written, day


def prospects(
    state: Path,
    application: str,
    /,
    *,
    since: str | None = None,
    until: str | None = None,
    format: Literal["text", "json"] = "text",
    out: Path | None = None,
) -> int:
    """Tell an applicant how likely a home is and how soon, from its own facts and published lettings.

    The general information that the Housing Act 1996, s.166A(9)(a), entitles an applicant to. For
    the applicant: nothing of another household is in it, and where past lettings say that it may
    never be offered a home, that is said.

    Parameters
    ----------
    state
        State folder written by cbl cycle.
    application
        Whose.
    since
        First day of a month, none before that in which the record begins; left out, that of the
        last twelve months that are on record.
    until
        Last day of a month that is over; left out, the last.
    format
        text to read, or json.
    out
        A page to write, .html.
    """
    from cbl_engine.packs.prospects import prospects as found_of
    from cbl_engine.records import read_state
    from cbl_engine.report import write_page

    check_written(out, "--out", ".html")
    folder = read_state(state)
    found = found_of(folder, folder.scheme(), application,
                     since=None if since is None else day(since, "--since"),
                     until=None if until is None else day(until, "--until"))
    if out is not None:
        write_page(found.page(), out)
    if format == "json":
        sys.stdout.write(json.dumps(found.as_dict(), indent=1, default=str, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(found.text())
        if out is not None:
            sys.stdout.write(f"Wrote {out}\n")
    return 0
