"""Commands of ``cbl``. Exit codes: 0 all well, 1 cases that fail, 2 bad input, 3 engine defect.

Nothing heavy is imported until a command runs, and no command until it is named, so ``cbl --help``
stays quick.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cyclopts import App, CycloptsError, Group

from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbl_engine.errors import Problem

COMMANDS = {
    "Shortlists": {
        "shortlist:shortlist": "Shortlist every advert: who is eligible, in what order, and why.",
        "shortlist:validate": "Look for everything wrong in a scheme and its data.",
        "shortlist:explain": "Explain one bid of a run: eligible or not and why, what decided.",
        "bid:bid": "Say whether a household may bid on an advert, and where it would stand.",
        "feedback:feedback": "Publish results: bids, who was eligible by band, who came first.",
        "doors:export": "Carry the results of a run out: a workbook, or tables of a database.",
        "doors:extract_request": "List the tables and columns a scheme needs.",
    },
    "Schemes": {
        "sample:init": "Write a commented scheme to start from.",
        "schemes:describe": "Read a scheme back in plain English.",
        "schemes:diff": "Compare two schemes in words, what can alter a shortlist first.",
        "schemes:schema": "Print the JSON Schema of scheme files, for editors.",
        "shortlist:check": "Run golden cases: files or folders of YAML.",
        "movers:movers": "Say who moves up, down or off the register under a new scheme.",
        "scheme_change:scheme_change": "Write the pack for a change of scheme.",
    },
    "The register": {
        "assess:assess": "Assess a register: need, band or points, priority date and status.",
        "assess:letter": "Draft the decision letter of one application.",
        "register:register": "List what keeps a register right: reviews, evidence, duplicates.",
        "prospects:prospects": "Tell an applicant how likely a home is, and how soon.",
    },
    "Offers and lettings": {
        "cycle:cycle": "Close a week: bids, lists, checks, offers and lettings up to a day.",
        "cycle:waiting": "List what a state waits for, of whom, since when.",
        "notice:notice": "List the letters a record gives rise to, or draft one of them.",
        "results:results": "Publish what was let: lettings, waits and bids by band, size, area.",
        "packs:monthly": "Write a month's pack: relets by stage, money, nominations, reviews.",
        "packs:landlords": "Write the landlord scorecard.",
        "packs:lettings_plan": "Write the annual lettings plan against what was let.",
    },
    "The record": {
        "replay:replay": "Run a run or a state again: as it was, or with facts put right.",
        "rerun:rerun": "Shortlist past bids under another scheme.",
        "state:audit": "Verify a state folder: its files, its chain of events, its tables.",
        "case_bundle:case_bundle": "Write a complaint's bundle: chronology, lists, replay.",
        "results:sar": "Answer a subject access request.",
        "state:retention": "List the applications whose facts have been kept long enough.",
        "state:erase": "Destroy what is known of applications, in a new state.",
    },
    "The simulator": {
        "simulate:simulate": "Simulate a borough week by week: voids, waits, chains and costs.",
        "compare:compare": "Compare schemes and levers on the same worlds.",
        "compare:report": "Write a comparison as one page for a committee, and a workbook.",
        "trace:trace": "Follow a household, a home, or a chain of moves, day by day.",
        "sample:sample": "Make a synthetic borough: register, homes, adverts and bids.",
        "calibrate:calibrate": "Fit what a simulated world goes by from a council's history.",
        "backtest:backtest": "Fit a history up to a day, predict the rest, see what held.",
        "bench_policy:bench_policy": "Run the policy benchmark.",
    },
}
"""Heading, then ``module:function`` of each command and its line in the list of ``cbl --help``. A
command's own help is its docstring."""


def commands(*, listed: bool = False) -> App:
    """The commands, none of them imported yet.

    Args:
        listed: for the list of all commands, whose lines then say what each is for without
            importing it; left out, each command says what its docstring says.
    """
    groups = {heading: Group.create_ordered(heading) for heading in COMMANDS}
    made = App(
        name="cbl",
        help="The open engine for choice-based lettings.\n\n"
        "cbl COMMAND --help says all that a command takes.",
        version=__version__,
        help_format="plaintext",
        group_commands=Group.create_ordered("Of this list"),
        suppress_keyboard_interrupt=False,
    )
    for heading, group in groups.items():
        for order, (path, line) in enumerate(COMMANDS[heading].items()):
            made.command(f"cbl_engine.cli.{path}", group=group, sort_key=order,
                         help=line if listed else None)
    return made


app = commands()


def run(typed: list[str]) -> int:
    """Run a command, turn every error into lines, and say the exit code.

    Of an error that nobody foresaw the line says kind and place in the code, and no value; with the
    environment variable ``CBL_TRACEBACK`` its traceback is shown.

    Args:
        typed: what was typed after ``cbl``.

    Raises:
        KeyboardInterrupt: the command was stopped.
    """
    from cbl_engine.errors import BadInput, CblError

    if unusable := _unusable(typed):
        return _told(unusable)
    called = app if typed and typed[0] not in app.help_flags else commands(listed=True)
    try:
        code = called(typed, print_error=False, exit_on_error=False, result_action="return_value")
        sys.stdout.flush()
        return int(code or 0)
    except CycloptsError as error:
        return _told([_wrong_usage(error)])
    except BadInput as error:
        return _told(error.problems)
    except CblError as error:
        sys.stderr.write(f"cbl: {error}\n")
        return error.exit_code
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # a panic of polars is no Exception
        from cbl_engine.cli.defect import refused_by_the_system, show_defect

        if (refused := refused_by_the_system(error)) is not None:
            return _told([refused])
        show_defect(error)
        return 3


def _unusable(typed: list[str]) -> list[Problem]:
    """Words without anything in them, which as a place would be the folder one stands in; and words with
    bytes that are no text, as names of files from an old system may have, where no table can be written.
    """
    from cbl_engine.errors import Problem

    def where(n: int) -> str:
        word, before = typed[n].strip(), typed[n - 1] if n else ""
        if word:
            return word.removesuffix("=")
        if before.startswith("--") and before != "--" and "=" not in before:
            return before
        return f"word {n} after cbl {typed[0]}" if typed[0].strip() else f"word {n + 1} after cbl"

    empty = [
        Problem("empty_argument", "nothing is given", where=where(n),
                remedy="A variable of the shell may not be set: give it a value, or leave it out")
        for n, word in enumerate(typed)
        if not word.strip() or (word.startswith("--") and word.endswith("=") and "=" not in word[:-1])]
    return empty + [
        Problem("not_utf8_argument", "this is not UTF-8 text", where=shown,
                remedy="Rename the file or folder, or change into it and name it from there")
        for word in typed if (shown := word.encode(errors="backslashreplace").decode()) != word]


def _told(problems: Sequence[Problem]) -> int:
    from cbl_engine.cli.show import show_problems
    from cbl_engine.errors import BadInput

    show_problems(problems)
    return BadInput.exit_code


def _wrong_usage(error: CycloptsError) -> Problem:
    """What was typed cannot be read, as a problem like any other."""
    from cbl_engine.errors import Problem

    said = " ".join(str(error).split()).removesuffix(".")
    command = " ".join((app.name[0], *(error.command_chain or ())))
    return Problem("wrong_usage", said, remedy=f"What it takes: {command} --help")
