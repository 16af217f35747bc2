"""What the linter finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that looks odd.

    Attributes:
        level: warning or note.
        rule: short stable name.
        where: file:line:column.
        message: what was seen, in a sentence without a full stop.
    """

    level: Literal["warning", "note"]
    rule: str
    where: str
    message: str

    def line(self) -> str:
        """The finding as one line of a report."""
        return f"{self.where}: {self.level}: {self.message}"
