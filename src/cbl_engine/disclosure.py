"""Counts of households that may be published: what has to be withheld so that none points at one.

A count under :data:`LIMIT` is withheld, nought among them: that nobody in a band was eligible says
something of everyone in it. Then as few further counts as needed are withheld with it (secondary
suppression), until no withheld count can be worked out from the totals and the other counts.

**Why it holds.** A table with totals is a circulation: from the grand total through a row's total
and a cell to a column's total and back. Whatever else the withheld counts might be differs from
what they are by cycles through withheld counts, so a withheld count can be worked out exactly when
no such cycle goes through it. Every primary count is treated as if it were nought, which it may be
for all a reader knows: cycles may raise it and never lower it. So each line whose total is shown
hides its primary counts among at least :data:`LIMIT`, and what is withheld does not depend on the
values of the primary counts, only on which they are.

The further counts are chosen by their place, the nearest first, never by their size: a choice by
size would tell of it.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

LIMIT = 5
"""Counts under this are withheld from the public [households]."""


class _Arc(NamedTuple):
    """A count as an arc: the nodes it leaves and enters, its place, what withholding it costs."""

    tail: int
    head: int
    place: int
    price: int


def with_totals(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Counts with a total at the end of each dimension (one or two)."""
    import numpy as np

    out = np.asarray(counts, np.int64)
    for axis in range(out.ndim):
        out = np.concatenate([out, out.sum(axis=axis, keepdims=True)], axis=axis)
    return out


def withheld(households: NDArray[np.integer], limit: int = LIMIT) -> NDArray[np.bool_]:
    """Which counts of a table with totals may not be published.

    1. Withhold every count under the limit.
    2. For each withheld count that no cycle goes through, withhold the fewest more that close one.

    Args:
        households: the households that each count is made of [households]; one or two dimensions,
            the last place of each being totals (:func:`with_totals`). Where a household may be
            counted several times the table published is another one, with the same places.
        limit: counts of fewer households are withheld, and what they could be worked out from.

    Returns:
        True where a count is withheld, totals among them. The same for the same pattern of counts
        under the limit, whatever they are.
    """
    import numpy as np

    given = np.asarray(households)
    primary = (given < limit).ravel()
    hidden = primary.copy()
    arcs = _arcs(given.shape)
    for arc in arcs:
        if hidden[arc.place]:
            hidden[_closing(arc, arcs, primary, hidden)] = True
    return hidden.reshape(given.shape)


def _arcs(shape: tuple[int, ...]) -> list[_Arc]:
    """Every count of a table as an arc; a total costs more than all that it is the total of."""
    source, sink, size = 0, 1, 1
    for n in shape:
        size *= n
    grand = _Arc(sink, source, size - 1, size * size)
    if len(shape) == 1:
        return [*(_Arc(source, sink, j, 1) for j in range(size - 1)), grand]
    rows, columns = (n - 1 for n in shape)
    row, column = range(2, 2 + rows), range(2 + rows, 2 + rows + columns)
    across = columns + 1
    return [
        *(_Arc(row[i], column[j], i * across + j, 1) for i in range(rows) for j in range(columns)),
        *(_Arc(source, row[i], i * across + columns, size) for i in range(rows)),
        *(_Arc(column[j], sink, rows * across + j, size) for j in range(columns)),
        grand,
    ]


def _closing(
    arc: _Arc, arcs: list[_Arc], primary: NDArray[np.bool_], hidden: NDArray[np.bool_]
) -> list[int]:
    """Places of the cheapest counts that, withheld, close a cycle through one; the nearest first.

    A primary count is passed from tail to head only, any other both ways. The table has a single
    count when there is no cycle at all, and nothing to work it out from.
    """
    ways = [(arc.head, arc.tail)]
    if not primary[arc.place]:
        ways.append((arc.tail, arc.head))
    steps: dict[int, list[tuple[int, int, int, int]]] = {}
    for other in arcs:
        if other.place == arc.place:
            continue
        price = 0 if hidden[other.place] else other.price
        step = price, abs(other.place - arc.place), other.place
        steps.setdefault(other.tail, []).append((*step, other.head))
        if not primary[other.place]:
            steps.setdefault(other.head, []).append((*step, other.tail))
    found = [path for start, goal in ways if (path := _cheapest(start, goal, steps)) is not None]
    return list(min(found)[2]) if found else []


def _cheapest(
    start: int, goal: int, steps: dict[int, list[tuple[int, int, int, int]]]
) -> tuple[int, int, tuple[int, ...]] | None:
    """The path of least cost, then least distance: both, and the places it passes."""
    queue: list[tuple[int, int, tuple[int, ...], int]] = [(0, 0, (), start)]
    done: set[int] = set()
    while queue:
        cost, far, places, node = heappop(queue)
        if node == goal:
            return cost, far, places
        if node in done:
            continue
        done.add(node)
        for price, distance, place, other in steps.get(node, ()):
            if other not in done:
                heappush(queue, (cost + price, far + distance, (*places, place), other))
    return None


def month(value: date) -> str:
    """A date as the public sees it: ``March 2026``."""
    return f"{value:%B %Y}"
