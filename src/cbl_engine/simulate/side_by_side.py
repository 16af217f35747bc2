"""Work shared out to several processes, each of which tells how much of its own is done.

They tell by a small file that each writes its own number to, so that a long run shows where it is and
no process waits for another.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_J = TypeVar("_J")
_T = TypeVar("_T")
_EVERY = 0.2
"""Seconds between looks at how far processes are."""


def side_by_side(
    step: Callable[[_J, Callable[[int], None]], _T], jobs: Sequence[_J], workers: int,
    said: Callable[[int], None],
) -> Iterator[_T]:
    """What ``step`` makes of each job, in their order.

    Args:
        step: called in another process with a job and whom to tell how much of it is done.
        jobs: batches of worlds, or whole simulations.
        workers: processes.
        said: told how much of all jobs is done together, now and then, from a thread of its own.
    """
    from joblib import delayed

    with TemporaryDirectory() as folder:
        file = Path(folder) / "done"
        np.zeros(max(len(jobs), 1), np.int64).tofile(file)
        with _watched(file, said):
            yield from in_processes(
                (delayed(_told)(step, job, file, number) for number, job in enumerate(jobs)), workers)


def in_processes(calls: Iterable[Any], workers: int) -> Iterator[Any]:
    """What calls give that were made by ``joblib.delayed``, in their order, from other processes.

    An interrupt is for this process alone, which ends the others: they would each say so themselves.
    """
    from joblib import Parallel

    with _not_interrupted():
        return Parallel(n_jobs=workers, return_as="generator")(calls)


@contextmanager
def _not_interrupted() -> Iterator[None]:
    """Processes that are started meanwhile are not to be interrupted; where the system can say so."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # starting it later would let interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _told(
    step: Callable[[_J, Callable[[int], None]], _T], job: _J, file: Path, number: int
) -> _T:
    of_each = np.memmap(file, np.int64, mode="r+")

    def so_much(done: int) -> None:
        of_each[number] = done

    return step(job, so_much)


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
