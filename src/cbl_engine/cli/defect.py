"""What is said of an error that nobody foresaw: its kind and its place in the code, and no value."""

from __future__ import annotations

import errno
import os
import sys
import traceback

from cbl_engine.errors import Problem
from cbl_engine.version import __version__

TRACEBACK = "CBL_TRACEBACK"
"""Environment variable: where it is set, the traceback is shown too; it may quote what was given."""
_OURS = "cbl_engine"
_REFUSALS = frozenset({
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR,
    errno.ENOSPC, errno.EDQUOT})
"""What a system says of a place that is not to be used, or not so."""
_LONGEST_PATH = 100


def refused_by_the_system(error: BaseException) -> Problem | None:
    """What the system does not let one do with a place, as a problem like any other; else None."""
    if not isinstance(error, OSError) or error.strerror is None:
        return None
    place = str(error.filename or "")
    if error.errno == errno.ENOENT and not place:
        return Problem("no_working_folder", "the working folder is there no more", where=".",
                       remedy="Change into a folder that is there")
    if error.errno not in _REFUSALS:
        return None
    shown = place if len(place) <= _LONGEST_PATH else f"{place[:_LONGEST_PATH]}..."
    return Problem("refused_by_the_system", f"the system does not allow it: {error.strerror}",
                   where=shown, remedy="See who may read and write there, and how the place is named")


def show_defect(error: BaseException) -> None:
    """One line on the error stream, for whoever mends the engine."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    said = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    sys.stderr.write(
        f"cbl: a defect of the engine: {type(error).__name__}{said} at {_place(error)}, version "
        f"{__version__}. Please report this line with the name of the command, and no data of households; "
        f"{TRACEBACK}=1 shows more, which may quote data\n")


def _place(error: BaseException) -> str:
    """The last line of the engine's own code on the way to the error, as ``module:line``."""
    place = "an unknown place"
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__", ""))
        if module.split(".", maxsplit=1)[0] == _OURS:
            place = f"{module}:{line}"
    return place
