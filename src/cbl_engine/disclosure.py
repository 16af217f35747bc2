"""Counts of households that may be published: what has to be withheld so that none points at one.

A count of 1 to 4 is withheld. Nought is shown: it points at nobody, and a table without it could
not say that a home went past a band. Then as few further counts as needed are withheld too
(secondary suppression), until no withheld count can be worked out from totals and other counts.

**Why it holds.** A table with totals is a circulation: from the grand total through a row's total
and a cell to a column's total and back. Whatever else the withheld counts might be differs from
what they are by cycles through withheld counts, so a withheld count can be worked out exactly when
no such cycle goes through it. Every small count is treated as if it were 1, which it may be for all
a reader knows: cycles may raise it and never lower it. So a line whose total is shown hides its
small counts among more than :data:`LIMIT`, and what is withheld does not depend on what the small
counts are, only on which they are.

The further counts are chosen by their place, the nearest first, never by their size: a choice by
size would tell of it.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

LIMIT = 5
"""Counts above nought and under this are withheld from the public [households]."""


class _Arc(NamedTuple):
    """A count as an arc: the nodes it leaves and enters, its place in a table so many columns
    across, and what withholding it costs.
    """

    tail: int
    head: int
    place: int
    price: int
    across: int

    def away(self, other: _Arc) -> int:
        """Rows and columns between two counts."""
        rows, columns = (
            a - b for a, b in zip(divmod(self.place, self.across), divmod(other.place, self.across),
                                  strict=True)
        )
        return abs(rows) + abs(columns)


def with_totals(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Counts with a total at the end of each dimension (one or two)."""
    import numpy as np

    out = np.asarray(counts, np.int64)
    for axis in range(out.ndim):
        out = np.concatenate([out, out.sum(axis=axis, keepdims=True)], axis=axis)
    return out


def withheld(households: NDArray[np.integer], limit: int = LIMIT) -> NDArray[np.bool_]:
    """Which counts of a table with totals may not be published.

    1. Withhold every count above nought and under the limit.
    2. For each withheld count that no cycle goes through, withhold the fewest more that close one.

    Args:
        households: the households that each count is made of [households]; one or two dimensions,
            the last place of each being totals (:func:`with_totals`). Where a household may be
            counted several times the table published is another one, with the same places.
        limit: counts of fewer households are withheld, and what they could be worked out from.

    Returns:
        True where a count is withheld, totals among them; never where it is nought. The same for
        the same places of small counts, whatever they are.
    """
    import numpy as np

    given = np.asarray(households)
    primary = ((given > 0) & (given < limit)).ravel()
    hidden = primary.copy()
    arcs = [arc for arc in _arcs(given.shape) if given.flat[arc.place]]
    steps: dict[int, list[tuple[_Arc, int]]] = {}
    for arc in arcs:
        steps.setdefault(arc.tail, []).append((arc, arc.head))
        if not primary[arc.place]:
            steps.setdefault(arc.head, []).append((arc, arc.tail))
    for arc in arcs:
        if hidden[arc.place]:
            ways = [(arc.head, arc.tail)]
            if not primary[arc.place]:
                ways.append((arc.tail, arc.head))
            hidden[_closing(arc, ways, steps, hidden)] = True
    return hidden.reshape(given.shape)


def shown_counts(counts: Sequence[int], *, public: bool) -> list[int | None] | None:
    """Counts and their total, null where withheld.

    Args:
        counts: households, without the total.
        public: withhold small counts; else everything is shown.

    Returns:
        The counts with the total at the end. None: they can be protected only by withholding the
        total, of which other tables tell what they can (:func:`shown_total`). Not even noughts are
        shown then: of one letting they would tell where it was not, and so where it was.
    """
    import numpy as np

    whole = [*counts, sum(counts)]
    if not public:
        return [*whole]
    hidden = withheld(np.array(whole))
    if hidden[-1]:
        return None
    return [None if h else int(n) for n, h in zip(whole, hidden, strict=True)]


def shown_total(count: int, *, public: bool) -> int | None:
    """A total that stands alone, null where it is withheld from the public."""
    return None if public and 0 < count < LIMIT else count


def _arcs(shape: tuple[int, ...]) -> list[_Arc]:
    """Every count of a table as an arc; a total costs more than all that it is the total of."""
    source, sink, size = 0, 1, 1
    for n in shape:
        size *= n
    across = shape[-1]
    grand = _Arc(sink, source, size - 1, size * size, across)
    if len(shape) == 1:
        return [*(_Arc(source, sink, j, 1, across) for j in range(size - 1)), grand]
    rows, columns = (n - 1 for n in shape)
    row, column = range(2, 2 + rows), range(2 + rows, 2 + rows + columns)
    return [
        *(
            _Arc(row[i], column[j], i * across + j, 1, across)
            for i in range(rows) for j in range(columns)
        ),
        *(_Arc(source, row[i], i * across + columns, size, across) for i in range(rows)),
        *(_Arc(column[j], sink, rows * across + j, size, across) for j in range(columns)),
        grand,
    ]


def _closing(
    arc: _Arc,
    ways: list[tuple[int, int]],
    steps: dict[int, list[tuple[_Arc, int]]],
    hidden: NDArray[np.bool_],
) -> list[int]:
    """Places of the cheapest counts that, withheld, close a cycle through one; the nearest first.

    A small count is passed from tail to head only, any other both ways. There is always a cycle,
    through totals if need be.
    """
    found = []
    for start, goal in ways:
        queue: list[tuple[int, int, tuple[int, ...], int]] = [(0, 0, (), start)]
        done: set[int] = set()
        while queue:
            cost, far, places, node = heappop(queue)
            if node == goal:
                found.append((cost, far, places))
                break
            if node in done:
                continue
            done.add(node)
            for step, other in steps.get(node, ()):
                if other not in done and step is not arc:
                    price = 0 if hidden[step.place] else step.price
                    heappush(queue, (cost + price, far + step.away(arc), (*places, step.place), other))
    return list(min(found)[2])


def month(value: date) -> str:
    """A date as the public sees it: ``March 2026``."""
    return f"{value:%B %Y}"
