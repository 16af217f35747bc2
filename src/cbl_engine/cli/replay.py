"""``cbl replay``: a run again, as it was or with facts put right."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal


def replay(
    run: Path,
    /,
    *,
    correct: Path | None = None,
    application: str | None = None,
    audience: Literal["officer", "applicant"] = "applicant",
    format: Literal["table", "json", "csv"] = "table",
    out: Path | None = None,
    template: str | None = None,
) -> int:
    """Run a run folder again: as it was, or with facts put right for a complaint.

    Without corrections it says whether this engine gives the same, every position, reason and bid
    set aside; exit code 1 when it does not. With corrections it says which adverts come out
    otherwise, who would have stood where, and (for officers) who was displaced.

    Parameters
    ----------
    run
        Run folder written by cbl shortlist --out.
    correct
        File of corrections: what was recorded, what it should have been, and why.
    application
        Whose form it is, when more than one household's facts are put right, or none's.
    audience
        applicant: one household's own facts, positions and counts. officer: everyone's positions.
    format
        table to read; json for programs; csv with a row for every bid shown.
    out
        Page to write, to keep with a complaint file or to send.
    template
        Id of an application: print a file of corrections to start from, and stop.
    """
    from cbl_engine.cli import show
    from cbl_engine.records import read_run, replay_run
    from cbl_engine.records.replay_words import template as template_of

    if template is not None:
        sys.stdout.write(template_of(read_run(run), template))
        return 0
    with show.steps() as on_step:
        on_step("Running it again")
        again = replay_run(run, correct)
    if out is not None:
        from cbl_engine.report import replay_page, write_page

        write_page(replay_page(again, audience, application), out)
    if format == "json":
        sys.stdout.write(json.dumps(again.as_dict(audience, application), indent=1, default=str))
        sys.stdout.write("\n")
    elif format == "csv":
        show.show_frame(again.frame(audience, application), format)
    else:
        sys.stdout.write(again.text(audience, application) + "\n")
        if out is not None:
            sys.stdout.write(f"Page: {out}\n")
    return 0 if again.corrections or again.reproduced else 1
