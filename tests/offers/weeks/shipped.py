"""Several weeks under a shipped scheme with sampled data, through the files of a record."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from cbl_engine.records import audit_state, record_cycle
from cbl_engine.sample import sample_borough_for
from cbl_engine.scheme import load_scheme
from cbl_engine.tables import write_tables
from tests.offers.weeks.checker import faults
from tests.offers.weeks.people import People
from tests.offers.weeks.playing import Played, as_plain
from tests.reference.frames import frame_of

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]
CLOSES = date(2026, 3, 3)
KEY = bytes(range(32))
WHATEVER_THE_SCHEME = (
    "steps follow each other", "how an offer ends", "what has ended stays so", "one live offer",
    "one offer at a time", "a home is let once", "a home is on offer to one alone",
    "an offer that goes on was approved", "passed over by a decision", "a named officer decided",
    "what nobody may decide", "a decision is", "a letting ends", "nobody is asked again",
    "nobody is offered what", "nobody is asked before those above", "a deadline is over",
    "a hold is over", "an outcome is", "what is left out", "as the list has it",
    "tables are what the events say", "days follow each other", "consequences as the scheme says",
)
"""Rules of the checker that need no criterion of the scheme to be understood."""


def wrong(scheme: str, folder: Path, *, weeks: int = 3, seed: int = 1) -> list[str]:
    """What is wrong with weeks under a shipped scheme, by the checker and by the audit."""
    draw, rules = random.Random(seed), load_scheme(scheme)
    plain = rules.versions[-1].model_dump(by_alias=True, exclude_none=True)
    people = People(draw, {"checks": {}, **plain})
    borough = sample_borough_for(rules, households=50, adverts=4, seed=seed, close_on=CLOSES,
                                 closing_days=7 * weeks - 7)
    write_tables(borough, folder / "data")
    given = {table: frame.to_dicts() for table, frame in borough.items()}
    played, state, options = Played(plain), folder / "data", {"key": KEY}
    found, end = [], CLOSES - timedelta(7 * weeks - 7)
    for week in range(weeks):
        end += timedelta(7)
        out = folder / f"week {week}"
        recorded = record_cycle(scheme, state, end, out, keep_going=True, **options)
        cycle = as_plain(recorded.cycle, given, end, unattended=False)
        played.cycles.append(cycle)
        audit = audit_state(out, state if week else None)
        found += [f"audit: {fault}" for fault in audit.faults]
        state, came = out, folder / f"came {week}"
        given = _what_people_do(people, cycle.tables, end)
        write_tables({"checks": frame_of("checks", given["checks"])}, came)
        frame_of("outcomes", given["outcomes"]).write_parquet(folder / f"{week}.parquet")
        options = {"data": came, "outcomes": folder / f"{week}.parquet"}
    return found + [line for line in faults(played) if line.startswith(WHATEVER_THE_SCHEME)]


def _what_people_do(people: People, tables: dict[str, list[Row]], end: date) -> dict[str, list[Row]]:
    """A week of answers, and a result for whatever is waited for."""
    found = defaultdict(list)
    first, last = end + timedelta(1), end + timedelta(7)
    found["outcomes"] = people.act(tables, first, last)
    found["checks"] = people.results(tables, first, last)
    return found
