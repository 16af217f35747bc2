"""The command line's page of documentation, written from the commands themselves.

Run ``python -m cbl_engine.cli.reference > docs/command-line.md``.
"""

from __future__ import annotations

import sys

from cbl_engine.cli.app import app

_HEAD = """# Command line

Written from the commands' own help by `python -m cbl_engine.cli.reference`. Exit codes: 0 all well,
1 a case failed, a rule differs or a run does not come out again, 2 bad input (one line a problem,
nothing written), 3 a defect of the engine.
"""


def page() -> str:
    """The whole page: each command with its arguments, in the order in which they are registered."""
    given, sys.argv = sys.argv, [app.name[0]]  # usage lines name the program that runs
    try:
        written = app.generate_docs()
    finally:
        sys.argv = given
    commands = written[written.index(f"## {app.name[0]} ") :]
    return f"{_HEAD}\n{commands.strip()}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
