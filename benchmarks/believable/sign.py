"""A published finding, the figures that speak for or against it, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.believable.interval import Interval


@dataclass(frozen=True)
class Sign:
    """What was claimed, what came out, and whether the two agree.

    Attributes:
        claim: the finding, in words.
        source: who found it.
        found: the figures it rests on, each with its interval.
        holds: whether they agree with it; not known where so many seeds cannot tell.
        why: what it turns on.
    """

    claim: str
    source: str
    found: dict[str, Interval]
    holds: bool | None
    why: str

    def text(self) -> str:
        """Some lines to print."""
        figures = "".join(f"\n    {name}: {found}" for name, found in self.found.items())
        verdict = {True: "holds", False: "does not hold", None: "not told by so many seeds"}
        return f"{self.claim} ({self.source}): {verdict[self.holds]}{figures}\n    {self.why}"


def below(found: Interval, bound: float) -> bool | None:
    """Whether the true mean is below the bound; None where the interval holds the bound."""
    return None if found.holds(bound) else found.mean < bound


def above(found: Interval, bound: float) -> bool | None:
    """Whether the true mean is above the bound; None where the interval holds the bound."""
    return None if found.holds(bound) else found.mean > bound


def all_of(*answers: bool | None) -> bool | None:
    """Whether all are true; not known where none is false and some are not known."""
    if False in answers:
        return False
    return None if None in answers else True
