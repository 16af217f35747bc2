"""What commands are given and give: dates and months, and texts that are printed or written."""

from __future__ import annotations

import os
import sys
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


_FIRST, _LAST = date(1900, 1, 1), date(2200, 12, 31)


def day(text: str, option: str = "--as-at", *, allowed: str = "YYYY-MM-DD") -> date:
    """The date that an option gives: ``--as-at`` becomes *the as-at date*.

    Args:
        text: as it was typed.
        option: that gives it.
        allowed: what may be given, in words.

    Raises:
        BadInput: it is not a date, or not one of the years 1900 to 2200.
    """
    from cbl_engine.errors import BadInput, Problem

    name = f"the {option.lstrip('-')} date"
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise BadInput([Problem("as_at", f"{name} cannot be read", where=option, given=repr(text),
                                allowed=allowed)]) from None
    _check_meant(found, name, option, text)
    return found


def month_of(text: str, option: str = "--month") -> tuple[date, date]:
    """First and last day of a month, ``2026-05``.

    Raises:
        BadInput: it is no month, or not one of the years 1900 to 2200.
    """
    from cbl_engine.errors import BadInput, Problem

    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise BadInput([Problem("no_month", "this is not a month", where=option, given=repr(text),
                                allowed="YYYY-MM")]) from None
    _check_meant(first, "the month", option, text)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return first, following - timedelta(days=1)


def _check_meant(found: date, name: str, option: str, text: str) -> None:
    """Refuse a mistyped year: a cycle would step through every day up to it."""
    from cbl_engine.errors import BadInput, Problem

    if not _FIRST <= found <= _LAST:
        raise BadInput([Problem("date_too_far_off", f"{name} is too far off to be meant", where=option,
                                given=repr(text), allowed=f"the years {_FIRST.year} to {_LAST.year}")])


def moment(text: str) -> datetime:
    """A moment; without an offset, by the clock in London.

    Raises:
        BadInput: it is not a moment, not one of the years 1900 to 2200, or without an offset one that
            London's clock never shows, or shows twice.
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
    _check_meant(given.date(), "the moment", "--at", text)
    if given.tzinfo is not None:
        return given
    shown = times_shown(given)
    if not shown:
        raise refused("London's clock never shows that moment: it goes forward over it")
    if shown > 1:
        raise refused("London's clock goes back and shows that moment twice: write the offset, +01:00 for "
                      "the first or +00:00")
    return given.replace(tzinfo=ZoneInfo(LONDON))


def check_written(file: Path | None, option: str, ending: str = "") -> None:
    """Make sure that a file can be written, before work is done that fills it.

    Args:
        file: to be written; None: none.
        option: that names it.
        ending: of its name, where only one kind of file is written.

    Raises:
        BadInput: its folder is not there or may not be written to, the place is a folder, its name is
            that of another kind of file, or the package that writes such files is not installed.
    """
    from cbl_engine.errors import BadInput, Problem

    if file is None:
        return
    if not file.parent.is_dir():
        raise BadInput([Problem("folder_missing", "there is no such folder to write to",
                                where=option, given=str(file.parent))])
    if not os.access(file.parent, os.W_OK):
        raise BadInput([Problem("folder_not_writable", "this folder may not be written to", where=option,
                                given=str(file.parent), remedy="Make it writable, or name another")])
    if file.is_dir():
        raise BadInput([Problem("folder_in_the_way", "this is a folder, where a file is written",
                                where=option, given=str(file))])
    if not file.name.lower().endswith(ending):
        raise BadInput([Problem("wrong_ending", "the file is called as one of another kind",
                                where=option, given=file.name, allowed=f"a name that ends in {ending}")])
    if ending == ".xlsx":
        from cbl_engine.export.workbook import check_package

        check_package()


def give(text: str, out: Path | None) -> None:
    """Print a text, or write it to a file and say so."""
    if out is None:
        sys.stdout.write(text)
        return
    from cbl_engine.report import write_page

    write_page(text, out)
    sys.stdout.write(f"Wrote {out}\n")
