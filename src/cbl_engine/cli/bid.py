"""``cbl bid``: may a household bid now, and where would it stand."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal


def bid(
    scheme: str,
    advert: str,
    application: str,
    /,
    *,
    data: str,
    at: str,
    mapping: Path | None = None,
    by: Literal["applicant", "officer"] = "applicant",
    audience: Literal["officer", "applicant"] = "applicant",
    format: Literal["table", "json"] = "table",
    seed: int = 0,
) -> int:
    """Say whether a household may bid on an advert at a moment, why not, and where it would stand.

    Nothing is placed or written. Every rule that stands against the bid is named, with its source;
    then how many bids are used, and the place the bid would have among those placed so far.

    Parameters
    ----------
    scheme
        A scheme file, a folder of its versions, or the name of a shipped one.
    advert
        Id of the advert.
    application
        Id of the application.
    data
        Folder of tables, an Excel workbook, a database or a shipped borough, as for shortlist; or
        a state folder of `cbl cycle`, whose offers and consequences then count.
    at
        The moment, YYYY-MM-DDTHH:MM, by London's clock unless it has an offset. What was placed or
        withdrawn later is not looked at.
    mapping
        How the data become our tables; left out, the folder's own tables.yaml or mapping.yaml.
    by
        Who would place it: some rules let only the council bid.
    audience
        applicant: own facts and counts only, nothing about a rival. officer: the bids above too.
    format
        table to read, json for programs.
    seed
        For lotteries.
    """
    from cbl_engine.cli import show
    from cbl_engine.cli.given import moment
    from cbl_engine.records import ask_to_bid

    with show.steps() as on_step:
        on_step("Looking at the rules and the bids so far")
        found = ask_to_bid(
            scheme, data, advert, application, moment(at), mapping=mapping, placed_by=by,
            audience=audience, seed=seed,
        )
    if format == "json":
        sys.stdout.write(json.dumps(found.as_dict(), indent=1, default=str) + "\n")
    else:
        sys.stdout.write(found.text())
    return 0
