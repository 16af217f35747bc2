"""Everything that can go wrong, in one small tree.

::

    CblError
    ├── BadInput          what a person gave is wrong; carries every Problem found   exit code 2
    │   ├── SchemeError       a scheme file
    │   ├── TableError        rows, columns or files of the tables
    │   ├── CaseError         a file of golden cases
    │   └── RunError          a run folder that is missing, incomplete or changed
    └── PropertyError     the engine's own output broke a numbered property          exit code 3

Messages name ids, tables, rows, columns, criteria and codes. Personal facts (a date of birth, a
need, an income) never appear in one: a value of a column that holds them is described, not quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of thing wrong with what was given, and where.

    Attributes:
        kind: short stable name for programs, e.g. ``unknown_band``.
        message: what is wrong, in a sentence without a full stop.
        where: ``file:line:column`` or ``table.column``; empty when the whole input is meant.
        allowed: what would have been right; empty when the message says it.
        given: what came; empty for personal facts.
        remedy: what to do about it.
        count: [rows] or places with this kind of problem.
        rows: the first five places: file line numbers, or ids.
    """

    kind: str
    message: str
    where: str = ""
    allowed: str = ""
    given: str = ""
    remedy: str = ""
    count: int = 1
    rows: tuple[str, ...] = field(default=())

    def line(self) -> str:
        """The problem as one line of a report."""
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.given:
            text += f"; given {self.given}"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.rows:
            shown = self.rows[:MAX_EXAMPLES]
            more = ", ..." if max(self.count, len(self.rows)) > len(shown) else ""
            text += f"; {self.count} in all: {', '.join(shown)}{more}"
        elif self.count > 1:
            text += f"; {self.count} in all"
        if self.remedy:
            text += f". {self.remedy}"
        return text


class CblError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code = 1


class BadInput(CblError):
    """What was given cannot be used. ``problems`` holds every one found, not just the first.

    Attributes:
        problems: tuple of :class:`Problem`, in the order a reader would meet them.
    """

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.line() for problem in self.problems))

    def __reduce__(self) -> tuple[type[BadInput], tuple[tuple[Problem, ...]]]:
        """Pickle the problems, so that the error comes back whole from another process."""
        return type(self), (self.problems,)


class SchemeError(BadInput):
    """A scheme file that cannot be used, or a scheme not in force on the date asked for."""


class TableError(BadInput):
    """Tables that cannot be used: files, columns or rows."""


class CaseError(BadInput):
    """A file of golden cases that cannot be read."""


class RunError(BadInput):
    """A run folder that is missing, incomplete, changed since it was written, or in the way."""


class PropertyError(CblError):
    """The engine's own output broke one of its numbered properties: a defect here, not bad input.

    Attributes:
        number: the property, as listed in ``docs/mechanics.md``.
    """

    exit_code = 3

    def __init__(self, number: int, message: str) -> None:
        self.number = number
        self._message = message
        super().__init__(
            f"property {number} does not hold: {message}. The output was not written. This is a defect "
            "of the engine: please report this line with the version and the seed, and no data of "
            "households."
        )

    def __reduce__(self) -> tuple[type[PropertyError], tuple[int, str]]:
        """Pickle the arguments, so that the error comes back whole from another process."""
        return type(self), (self.number, self._message)


def why_not_written(error: Exception) -> str | None:
    """What the system said of a file that could not be written; None where it is another error.

    Polars tells some of what the system said in errors of its own, and in its words alone.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    found = re.search(r"(?:.*: )?(.+?) \(os error \d+\)", str(error))
    return found[1] if found else str(error) if isinstance(error, OSError) else None
