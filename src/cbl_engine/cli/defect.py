"""What is said of an error that nobody foresaw: its kind and its place in the code, and no value."""

from __future__ import annotations

import os
import sys
import traceback

from cbl_engine.version import __version__

TRACEBACK = "CBL_TRACEBACK"
"""Environment variable: where it is set, the traceback is shown too; it may quote what was given."""
_OURS = "cbl_engine"


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
