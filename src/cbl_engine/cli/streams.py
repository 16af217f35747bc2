"""The output and error streams of a command: what cannot be written to them is no defect of the engine."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cbl_engine.errors import BadInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def standard_streams() -> Iterator[None]:
    """Output and error stream that hold up, whatever they lead to, until the command ends.

    A stream that is closed, or that nobody reads any more, takes what is written and loses it: the
    command goes on to its own exit code. Where the output cannot be written, as on a full disk,
    writing or flushing it raises BadInput; the error stream never raises. A letter that a stream's
    encoding does not have is escaped. Output that is not shown on a terminal is UTF-8, as files are,
    unless ``PYTHONIOENCODING`` asks for another encoding.

    Streams that a caller put in the place of the process's own are left as they are.
    """
    before = sys.stdout, sys.stderr
    sys.stdout = _held_up(sys.stdout, sys.__stdout__, told=True)
    sys.stderr = _held_up(sys.stderr, sys.__stderr__, told=False)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(BadInput):
                stream.flush()
        sys.stdout, sys.stderr = before


class _Held(io.FileIO):
    """A stream of the process; after an error of the system it takes everything and writes nothing."""

    def __init__(self, number: int, *, told: bool) -> None:
        super().__init__(number, "w", closefd=False)
        self._told = told
        self._lost = False

    def write(self, data: Any, /) -> int | None:
        if not self._lost:
            try:
                return super().write(data)
            except OSError as error:
                self._lost = True
                if self._told and not isinstance(error, BrokenPipeError):
                    raise BadInput([Problem(
                        "output_not_written", f"the output cannot be written: {error.strerror}",
                        remedy="Files and folders that the command names may be written all the same")
                    ]) from None
        return memoryview(data).nbytes


def _held_up(stream: TextIO | None, own: TextIO | None, *, told: bool) -> TextIO:
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if stream is not own or (os.name == "nt" and stream.isatty()):
        return stream
    stream.flush()
    asked = os.environ.get("PYTHONIOENCODING", "").partition(":")[0]
    return io.TextIOWrapper(
        io.BufferedWriter(_Held(stream.fileno(), told=told)),
        encoding=stream.encoding if asked or stream.isatty() or not told else "utf-8",
        errors="backslashreplace",
        line_buffering=bool(stream.line_buffering or getattr(stream, "write_through", False)),
    )
