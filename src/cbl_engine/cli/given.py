"""What commands are given and give: dates, and texts that are printed or written."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def day(text: str, option: str = "--as-at") -> date:
    """A date that an option gives.

    Raises:
        BadInput: it is not a date.
    """
    from cbl_engine.errors import BadInput, Problem

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(
            [Problem("as_at", "the date cannot be read", where=option, given=repr(text),
                     allowed="YYYY-MM-DD")]
        ) from None


def give(text: str, out: Path | None) -> None:
    """Print a text, or write it to a file and say so."""
    if out is None:
        sys.stdout.write(text)
        return
    from cbl_engine.report import write_page

    write_page(text, out)
    sys.stdout.write(f"Wrote {out}\n")
