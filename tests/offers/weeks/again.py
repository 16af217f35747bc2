"""The same weeks given in another way: shuffled, renamed, or in other cycles."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cbl_engine.offers.cycle import run_cycle
from cbl_engine.offers.record import Record
from tests.offers.weeks.generator import FIRST, random_world
from tests.offers.weeks.playing import as_plain, frames, play, scheme_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from tests.offers.weeks.generator import Rows, World
    from tests.offers.weeks.playing import Cycle, Played

Row = dict[str, Any]
ID = re.compile(r"\b([hamocdpg])(\d+[ab]?)\b")
OF_CYCLES = ("in_the_future", "before_the_state")
NUMBERED = re.compile(r"\bP\d+\b")


def run(
    world: World, given: list[Rows], ends: list[date], unattended: list[bool],
    change: Callable[[Rows], Rows] = lambda rows: rows,
) -> list[Cycle]:
    """The engine on what was given, cycle by cycle."""
    record, scheme, cycles = Record(), scheme_of(world), []
    for rows, end, nobody in zip(given, ends, unattended, strict=True):
        rows = change(rows)
        cycle = run_cycle(record, scheme, frames(rows), end, unattended=nobody, keep_going=True)
        cycles.append(as_plain(cycle, rows, end, unattended=nobody))
        record = cycle.record
    return cycles


def shuffled(seed: int) -> Callable[[Rows], Rows]:
    """Rows of every table in another order."""
    draw = random.Random(seed)

    def change(rows: Rows) -> Rows:
        return {table: draw.sample(its, len(its)) for table, its in rows.items()}

    return change


def renamed(value: Any) -> Any:
    """Every id with a letter more before its number, which keeps their order."""
    if isinstance(value, dict):
        return {key: renamed(its) for key, its in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(renamed(its) for its in value)
    return ID.sub(r"\1x\2", value) if isinstance(value, str) else value


def merged(played: Played, at: int) -> list[Rows]:
    """What was given, cycles ``at`` and the next as one; a later row takes an earlier one's place."""
    first, second = played.cycles[at].given, played.cycles[at + 1].given
    one: Rows = {}
    for table in {**first, **second}:
        one[table] = [*first.get(table, []), *second.get(table, [])]
    # A record begins with the earliest day on which anything is dated: what the second cycle says of
    # days before the first is of no cycle.
    one["outcomes"] = [*first.get("outcomes", []),
                       *(r for r in second.get("outcomes", []) if at or r["on"] >= FIRST)]
    given = [cycle.given for cycle in played.cycles]
    return [*given[:at], one, *given[at + 2:]]


def happened(cycles: list[Cycle]) -> list[str]:
    """What happened, without where cycles begin, which rows came, and the numbers of proposals."""
    numbers: dict[str, str] = {}
    found = []
    for cycle in cycles:
        for event in cycle.events:
            if event["kind"] in ("begun", "cycle_begun") or event.get("why") == "given" or (
                event.get("clash") in OF_CYCLES
            ):
                continue
            text = json.dumps(event, default=str)
            found.append(NUMBERED.sub(
                lambda m: numbers.setdefault(m[0], f"proposal {len(numbers) + 1}"), text))
    return found


def differences(seed: int, weeks: int) -> list[str]:
    """What comes out otherwise when a world is given in another way, and should not."""
    world = random_world(seed, weeks, plain=True)
    world.unattended = [world.unattended[0]] * weeks
    played = play(world, extracts=False)  # what a week's end says is otherwise in one cycle of two
    given, ends, nobody = played.given, world.ends, world.unattended
    found = []
    if run(world, given, ends, nobody, shuffled(seed)) != _as_given(played, shuffled(seed)):
        found.append("rows in another order")
    again = run(world, renamed(given), ends, nobody)
    if any((a.events, a.tables) != (renamed(c.events), renamed(c.tables))
           for a, c in zip(again, played.cycles, strict=True)):
        found.append("ids under other names")
    at = seed % (weeks - 1)
    one = run(world, merged(played, at), [*ends[:at], *ends[at + 1:]], nobody[1:])
    if happened(one) != happened(played.cycles):
        found.append(f"weeks {at + 1} and {at + 2} in one cycle")
    return found


def _as_given(played: Played, change: Callable[[Rows], Rows]) -> list[Cycle]:
    """The cycles as they were, beside the rows as changed."""
    return [replace(cycle, given=change(cycle.given)) for cycle in played.cycles]
