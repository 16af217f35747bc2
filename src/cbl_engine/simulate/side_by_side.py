"""Batches of worlds stepped by several processes, each week told as it is done.

Processes tell by a small file that each writes its own number of weeks to, so that a long run shows
where it is and no process waits for another.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_T = TypeVar("_T")
_EVERY = 0.2
"""Seconds between looks at how far processes are."""


def side_by_side(
    step: Callable[[np.ndarray, Callable[[int], None]], _T], batches: Sequence[np.ndarray],
    workers: int, said: Callable[[int], None],
) -> Iterator[_T]:
    """What ``step`` makes of each batch, in their order.

    Args:
        step: called in another process with a batch and whom to tell of each week done.
        batches: worlds.
        workers: processes.
        said: told how many weeks all batches have done together, now and then, from a thread of its
            own.
    """
    from joblib import Parallel, delayed

    with TemporaryDirectory() as folder:
        file = Path(folder) / "weeks"
        np.zeros(max(len(batches), 1), np.int64).tofile(file)
        with _watched(file, said):
            yield from Parallel(n_jobs=workers, return_as="generator")(
                delayed(_told)(step, batch, file, number) for number, batch in enumerate(batches))


def _told(
    step: Callable[[np.ndarray, Callable[[int], None]], _T], batch: np.ndarray, file: Path,
    number: int,
) -> _T:
    weeks = np.memmap(file, np.int64, mode="r+")

    def one_more(week: int) -> None:
        weeks[number] = week + 1

    return step(batch, one_more)


@contextmanager
def _watched(file: Path, said: Callable[[int], None]) -> Iterator[None]:
    over = threading.Event()

    def look() -> None:
        told = 0
        while not over.wait(_EVERY):
            done = int(np.fromfile(file, np.int64).sum())
            if done > told:
                said(done)
                told = done

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
