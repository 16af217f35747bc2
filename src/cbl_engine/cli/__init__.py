"""The ``cbl`` command: thin faces that parse, call and print."""

from __future__ import annotations

import sys
from contextlib import suppress

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process: errors are lines, and an exit code.

    Args:
        arguments: what was typed after ``cbl``; None takes it from the process.
    """
    try:  # round the imports too: a command is stopped while it is read as well
        from cbl_engine.cli.streams import standard_streams

        with standard_streams():
            from cbl_engine.cli.app import run

            code = run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        code = 130
        if sys.stderr is not None:
            with suppress(OSError):
                sys.stderr.write("cbl: stopped; nothing is left half written\n")
    sys.exit(code)
