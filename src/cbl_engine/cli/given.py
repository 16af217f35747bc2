"""What commands are given and give: dates, and texts that are printed or written."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def day(text: str, option: str = "--as-at") -> date:
    """The date that an option gives: ``--as-at`` becomes *the as-at date*.

    Raises:
        BadInput: it is not a date.
    """
    from cbl_engine.errors import BadInput, Problem

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(
            [Problem("as_at", f"the {option.lstrip('-')} date cannot be read", where=option,
                     given=repr(text), allowed="YYYY-MM-DD")]
        ) from None


def moment(text: str) -> datetime:
    """A moment; without an offset, by the clock in London.

    Of an hour that comes twice, when clocks go back, the first is meant.

    Raises:
        BadInput: it is not a moment, or one that London's clock never shows.
    """
    from zoneinfo import ZoneInfo

    from cbl_engine.errors import BadInput, Problem
    from cbl_engine.tables.columns import LONDON
    from cbl_engine.tables.values import times_shown

    def refused(message: str) -> BadInput:
        return BadInput([Problem("at", message, where="--at", given=repr(text),
                                 allowed="YYYY-MM-DDTHH:MM, by London's clock")])

    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise refused("the moment cannot be read") from None
    if given.tzinfo is not None:
        return given
    if not times_shown(given):
        raise refused("London's clock never shows that moment: it goes forward over it")
    return given.replace(tzinfo=ZoneInfo(LONDON))


def check_written(file: Path | None, option: str, ending: str = "") -> None:
    """Make sure that a file can be written, before work is done that fills it.

    Args:
        file: to be written; None: none.
        option: that names it.
        ending: of its name, where only one kind of file is written.

    Raises:
        BadInput: its folder is not there, the place is a folder, or its name is that of another
            kind of file.
    """
    from cbl_engine.errors import BadInput, Problem

    if file is None:
        return
    if not file.parent.is_dir():
        raise BadInput([Problem("folder_missing", "there is no such folder to write to",
                                where=option, given=str(file.parent))])
    if file.is_dir():
        raise BadInput([Problem("folder_in_the_way", "this is a folder, where a file is written",
                                where=option, given=str(file))])
    if not file.name.lower().endswith(ending):
        raise BadInput([Problem("wrong_ending", "the file is called as one of another kind",
                                where=option, given=file.name, allowed=f"a name that ends in {ending}")])


def give(text: str, out: Path | None) -> None:
    """Print a text, or write it to a file and say so."""
    if out is None:
        sys.stdout.write(text)
        return
    from cbl_engine.report import write_page

    write_page(text, out)
    sys.stdout.write(f"Wrote {out}\n")
