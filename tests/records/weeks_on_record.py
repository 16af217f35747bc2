"""A week of tests/offers/week.py as a state folder, so that it can be run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.documents import parse_document
from cbl_engine.offers.events import CycleBegun
from cbl_engine.records.coming import recorded
from cbl_engine.records.facts_apart import Facts
from cbl_engine.records.replay_state import StateReplay, replay_state
from cbl_engine.records.state import State, StateFolder, write_state
from cbl_engine.records.trail import Trail
from tests.offers.week import Week, day

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))


def on_record(week: Week, folder: Path) -> StateFolder:
    """Every run of a week so far, as a state folder; the states before it are only named."""
    folder.mkdir(parents=True, exist_ok=True)
    state = State(Trail(), Facts.none(KEY), {}).after(week.events, week.rows, recorded)
    assert week.record.as_at is not None
    *earlier, last = (e for e in state.trail.events if isinstance(e, CycleBegun))
    ids = [f"{n:016d}" for n in range(len(earlier))]
    before = StateFolder(folder, {"states_before": ids[:-1], "state_id": ids[-1]}, state.trail,
                         state.facts) if ids else None
    return write_state(state, week.scheme, folder / "state", as_at=week.record.as_at, seed=last.seed,
                       unattended=last.unattended, before=before)


def put_right(week: Week, folder: Path, text: str) -> StateReplay:
    """The week with facts put right: entries of a file of corrections, as YAML."""
    document = parse_document("corrections:\n" + text, "facts.yaml")
    return replay_state(on_record(week, folder), document)


def fact(application: str, column: str, was: object, should_be: object) -> str:
    """One entry: a fact of an application."""
    return (f"  - {{table: applications, row: {application}, column: {column}, was: {was}, "
            f"should_be: {should_be}, reason: Typed wrongly.}}\n")


__all__ = ["day", "fact", "on_record", "put_right"]
