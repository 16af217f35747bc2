"""The command line's page of documentation, written from the commands themselves.

Run ``python -m cbl_engine.cli.reference > docs/command-line.md``.
"""

from __future__ import annotations

import sys

from cbl_engine.cli.app import app

_HEAD = """# Command line

Written from the commands' own help by `python -m cbl_engine.cli.reference`. Exit codes: 0 all well,
1 a case failed, a rule differs or a run does not come out again, 2 bad input (one line a problem,
nothing written), 3 a defect of the engine, 130 stopped by Ctrl-C (nothing left half written).

A reader that has had enough of a pipe, as `head` has, alters no exit code. Output that cannot be
written, as on a full disk, is exit code 2: what the command writes to `--out` may then be there all the
same. In files and pipes output is UTF-8, unless `PYTHONIOENCODING` asks for another encoding. The
words of `cbl COMMAND --help` are docstrings, which `python -OO` and `PYTHONOPTIMIZE=2` leave out.
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
