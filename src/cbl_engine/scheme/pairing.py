"""Two lists side by side: which items are the same thing, which came or went, which moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date


@dataclass(frozen=True)
class Paired:
    """Items of two lists that are the same thing, and those without a partner.

    Attributes:
        both: places in the old list and the new, in the order of the new.
        added: places in the new list.
        removed: places in the old list.
    """

    both: list[tuple[int, int]]
    added: list[int]
    removed: list[int]


def paired(
    old: Sequence[Any], new: Sequence[Any], *names: Callable[[Any], Any]
) -> Paired:
    """Pair items off by each way of naming them, in turn, among what the ones before left over."""
    partner: dict[int, int] = {}
    left = list(range(len(old)))
    for name in names:
        for after, item in enumerate(new):
            match = next((b for b in left if name(old[b]) == name(item)), None)
            if after not in partner and match is not None:
                partner[after] = match
                left.remove(match)
    both = [(partner[after], after) for after in sorted(partner)]
    return Paired(both, [a for a in range(len(new)) if a not in partner], left)


def moved(places: list[int]) -> list[int]:
    """Indices that break the order: all but a longest increasing run of places."""
    best = [1] * len(places)
    before: list[int | None] = [None] * len(places)
    for i, place in enumerate(places):
        for j in range(i):
            if places[j] < place and best[j] + 1 > best[i]:
                best[i], before[i] = best[j] + 1, j
    at = max(range(len(places)), key=best.__getitem__, default=None)
    kept = set()
    while at is not None:
        kept.add(at)
        at = before[at]
    return [i for i in range(len(places)) if i not in kept]


def moved_days(old: Mapping[date, Any], new: Mapping[date, Any]) -> dict[date, date]:
    """Values that begin on another day: the day of the new list -> that of the old.

    A value has moved when nothing else begins between the two days in either list.
    """
    found: dict[date, date] = {}
    gone = [day for day in old if day not in new]
    for day in (day for day in new if day not in old):
        for was in gone:
            between = (min(day, was), max(day, was))
            alone = not any(between[0] < other < between[1] for other in (*old, *new))
            same = type(old[was]) is type(new[day]) and old[was] == new[day]
            if alone and same and was not in found.values():
                found[day] = was
                break
    return found
