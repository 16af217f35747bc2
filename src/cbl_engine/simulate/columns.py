"""Rows of numbers that grow: named columns of one length, with room kept ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Columns:
    """Columns by name; ``rows["status"]`` is a view of as many as there are rows."""

    def __init__(self, dtypes: Mapping[str, Any], room: int = 1024) -> None:
        self.n = 0
        self._room = max(room, 16)
        self._kept = {name: np.zeros(self._room, dtype) for name, dtype in dtypes.items()}

    def __len__(self) -> int:
        """Number of rows."""
        return self.n

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A column; writing into it writes into the rows."""
        return self._kept[name][: self.n]

    def append(self, n: int, **values: Any) -> NDArray[np.int64]:
        """Add rows; a column that is not given is 0.

        Args:
            n: how many.
            **values: by column, one value or one for each row.

        Returns:
            The numbers of the new rows.
        """
        last = self.n + n
        if last > self._room:
            self._room = max(last, 2 * self._room)
            for name, old in self._kept.items():
                wider = np.zeros(self._room, old.dtype)
                wider[: self.n] = old[: self.n]
                self._kept[name] = wider
        for name, value in values.items():
            self._kept[name][self.n : last] = value
        first, self.n = self.n, last
        return np.arange(first, last)

    def taken(self) -> dict[str, NDArray[Any]]:
        """A copy of every column."""
        return {name: self[name].copy() for name in self._kept}


def silent(*_done: object) -> None:
    """Nobody is told."""


def within(groups: NDArray[np.integer]) -> NDArray[np.int64]:
    """Number of each, from 0, among those of its group; groups come one after the other."""
    first = np.ones(len(groups), bool)
    first[1:] = groups[1:] != groups[:-1]
    at = np.arange(len(groups))
    return at - np.maximum.accumulate(np.where(first, at, 0)) if len(groups) else at


def spans(
    first: NDArray[np.int64], width: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Whole numbers from ``first`` on, ``width`` of them, span after span.

    Returns:
        The number of the span of each, and the numbers.
    """
    which = np.repeat(np.arange(len(width)), width)
    before = np.cumsum(width) - width
    return which, np.arange(len(which)) + (first - before)[which]


def first_fit(
    asks: NDArray[np.int64], given: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All take the first of what they would take; of several who want one thing the first has it, and
    the others take the first that is left.

    Args:
        asks: who asks, ascending, once for each thing that it would take.
        given: those things, of each who asks in its order.

    Returns:
        Who took something, ascending, and what.
    """
    took, things = [], []
    while len(asks):
        first = np.ones(len(asks), bool)
        first[1:] = asks[1:] != asks[:-1]
        who, wanted = asks[first], given[first]
        _, at = np.unique(wanted, return_index=True)
        took.append(who[at])
        things.append(wanted[at])
        keep = ~np.isin(asks, who[at]) & ~np.isin(given, wanted[at])
        asks, given = asks[keep], given[keep]
    if not took:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    who, what = np.concatenate(took), np.concatenate(things)
    order = np.argsort(who)
    return who[order], what[order]
