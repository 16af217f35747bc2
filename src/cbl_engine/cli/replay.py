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
    """Run a run or a state again: as it was, or with facts put right for a complaint.

    Without corrections it says whether this engine gives the same, every position, reason and bid
    set aside, and of a state every event of every cycle; exit code 1 when it does not. With
    corrections it says which adverts come out otherwise, who would have stood where, and (for
    officers) who was displaced; of a state, whether they would have been offered a home, and which.

    Parameters
    ----------
    run
        Run folder written by cbl shortlist --out, or state folder written by cbl cycle.
    correct
        File of corrections: what was recorded, what it should have been, and why.
    application
        Whose form it is, when more than one household's facts are put right, or none's.
    audience
        applicant: one household's own facts, positions and counts. officer: everyone's positions.
    format
        table to read; json for programs; csv with a row for every bid, or offer, shown.
    out
        Page to write (HTML), to keep with a complaint file or to send.
    template
        Id of an application: print a file of corrections to start from, and stop.
    """
    from cbl_engine.cli import show
    from cbl_engine.cli.given import check_written
    from cbl_engine.records import read_run, read_state, replay_run, replay_state
    from cbl_engine.records.corrections import held_by_run
    from cbl_engine.records.replay_state import StateReplay
    from cbl_engine.records.replay_words import template as template_of
    from cbl_engine.records.state import is_state
    from cbl_engine.records.state_corrected import held_by_state

    of_state = is_state(run)
    if template is not None:
        held = held_by_state(read_state(run)) if of_state else held_by_run(read_run(run))
        sys.stdout.write(template_of(held, template))
        return 0
    check_written(out, "--out", ".html")
    with show.steps() as on_step:
        on_step("Running it again")
        again = replay_state(run, correct) if of_state else replay_run(run, correct)
    if out is not None:
        from cbl_engine.report import replay_page, replay_state_page, write_page

        page = (replay_state_page(again, audience, application)
                if isinstance(again, StateReplay) else replay_page(again, audience, application))
        write_page(page, out)
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
