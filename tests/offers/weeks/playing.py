"""A random world played by the engine, week by week; what comes out is plain rows and dicts."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from cbl_engine.offers.cycle import run_cycle
from cbl_engine.offers.record import Record
from cbl_engine.scheme import scheme_from_text
from tests.offers.weeks.criteria import COLUMNS
from tests.offers.weeks.generator import FIRST, at, random_bids
from tests.offers.weeks.people import People
from tests.reference.frames import frame_of

if TYPE_CHECKING:
    import polars as pl

    from cbl_engine.offers.record import Cycle as EngineCycle
    from cbl_engine.scheme import Scheme
    from tests.offers.weeks.generator import Rows, World

Row = dict[str, Any]
IN_FORCE = "in_force: {from: 2020-01-01, assumed: true}"


@dataclass(frozen=True)
class Cycle:
    """One cycle as the checker sees it.

    Attributes:
        given: rows that came with it, by table.
        as_at: its last day.
        unattended: whether nobody looked.
        events: what happened, as plain dicts.
        lists: rows of ``shortlisted`` taken in, by place of the event.
        quarantined: ids of outcomes and checks that were left out.
        tables: every table as it stood after it.
    """

    given: Rows
    as_at: date
    unattended: bool
    events: list[Row]
    lists: dict[int, list[Row]]
    quarantined: dict[str, str]
    tables: Rows


@dataclass
class Played:
    """A world that was played.

    Attributes:
        scheme: as plain data.
        cycles: in order.
    """

    scheme: Row
    cycles: list[Cycle] = field(default_factory=list)

    @property
    def given(self) -> list[Rows]:
        """What was given with each cycle."""
        return [cycle.given for cycle in self.cycles]

    def events(self) -> list[Row]:
        """Of every cycle."""
        return [event for cycle in self.cycles for event in cycle.events]


def scheme_of(world: World) -> Scheme:
    """The engine's scheme of a world."""
    parts = [f"{key}: {json.dumps(part)}" for key, part in world.scheme.items()]
    return scheme_from_text("\n".join([IN_FORCE, *parts]))


def frames(rows: Rows) -> dict[str, pl.DataFrame]:
    """Rows as the frames the engine takes."""
    tables = {"applications": [], "adverts": [], "bids": [], **rows}
    return {
        table: frame_of(table, its, COLUMNS if table == "applications" else None)
        for table, its in tables.items()
    }


def as_plain(cycle: EngineCycle, given: Rows, as_at: date, *, unattended: bool) -> Cycle:
    """A cycle of the engine as plain rows and dicts."""
    frames_in = iter(cycle.rows)
    events, lists = [], {}
    for n, event in enumerate(cycle.events):
        events.append(event.model_dump())
        if event.kind == "taken_in":
            table, frame = next(frames_in)
            if table == "shortlisted":
                lists[n] = frame.to_dicts()
    return Cycle(
        given, as_at, unattended, events, lists,
        {str(q["outcome"]): q["clash"] for q in cycle.quarantined},
        {table: frame.to_dicts() for table, frame in cycle.record.tables.items()},
    )


def play(world: World, *, peeks: int = 3, extracts: bool = True) -> Played:
    """Play a world: people look a few times a week at how things stand, and act on the next days.

    A rehearsal of each week shows them the record; then the week is run as one cycle, with a register
    as it is at its end, unless ``extracts`` says otherwise.
    """
    draw, scheme = random.Random(world.seed + 1), scheme_of(world)
    people = People(draw, world.scheme, refusals=world.refusals)
    record, played = Record(), Played(world.scheme)
    told = random.Random(world.seed + 2)  # its own: what else is drawn stays
    extra: list[Rows] = [defaultdict(list) for _ in world.given]
    start = FIRST - timedelta(1)
    for week, end in enumerate(world.ends):
        given: Rows = defaultdict(list, {t: list(its) for t, its in world.given[week].items()})
        for table, its in extra[week].items():
            given[table] += its
        options = {"unattended": world.unattended[week], "keep_going": True}
        stops = sorted(draw.sample(range(1, 6), peeks)) if week else sorted(draw.sample([2, 3, 4, 5], peeks))
        stops = [start + timedelta(s) for s in stops]
        if week:
            _act(people, record, given, start + timedelta(1), stops[0])
        seen, came = record, {"outcomes": 0, "checks": 0}
        for stop, following in zip(stops, [*stops[1:], end], strict=True):
            so_far = {
                t: [r for r in given[t][n:] if t != "checks" or r["since"] <= stop]
                for t, n in came.items()
            }
            ahead = [r for r in given["checks"][came["checks"]:] if r["since"] > stop]
            given["checks"] = [r for r in given["checks"] if r not in ahead] + ahead
            came = {"outcomes": len(given["outcomes"]), "checks": len(given["checks"]) - len(ahead)}
            if seen is record:
                so_far = {**given, **so_far}
            seen = run_cycle(seen, scheme, frames(so_far), stop, **options).record
            _act(people, seen, given, stop + timedelta(1), following)
        if extracts:
            given["applications"] = _as_at_its_end(told, given, seen)
        given = {table: its for table, its in given.items() if its}
        cycle = run_cycle(record, scheme, frames(given), end, **options)
        played.cycles.append(as_plain(cycle, given, end, unattended=world.unattended[week]))
        record, start = cycle.record, end
        if week + 1 < len(world.ends):
            _advertised_anew(draw, world, played.cycles[-1].tables, extra[week + 1], end)
    return played


def _act(people: People, record: Record, given: Rows, first: date, last: date) -> None:
    tables = {table: record.tables[table].to_dicts()
              for table in ("proposals", "offers", "advert_states", "holds", "consequences", "passed_over")}
    given["outcomes"] += people.act(tables, first, last)
    given["checks"] += people.results(tables, first, last)


def _as_at_its_end(draw: random.Random, given: Rows, seen: Record) -> list[Row]:
    """Applications as a register of the week's end gives them: some that signed are housed by then, and
    of some of these the band is empty; some whose offer was approved are under offer.
    """
    rows = {row["id"]: row for row in given["applications"]}
    known = {row["id"]: row for row in seen.tables["applications"].to_dicts()}
    for outcome in given["outcomes"]:
        row = rows.get(outcome["application"]) or known.get(outcome["application"])
        if outcome["what"] == "signed" and row is not None and draw.random() < 0.5:
            emptied = {"band": None} if draw.random() < 0.5 else {}
            rows[row["id"]] = {**row, "status": "housed", **emptied}
        elif (outcome["what"], outcome.get("act")) == ("approved", "offer") and row is not None and (
            draw.random() < 0.1
        ):
            rows[row["id"]] = {**row, "status": "under_offer"}
    return list(rows.values())


def _advertised_anew(
    draw: random.Random, world: World, tables: Rows, rows: Rows, end: date
) -> None:
    """Homes that were not let are advertised again next week, mostly once their rung was taken."""
    households = sorted({r["id"] for r in tables["applications"]})
    adverts = {r["id"]: r for r in tables["adverts"]}
    for state in tables["advert_states"]:
        chance = 0.6 if state["rung"] else 0.15 if state["status"] in ("unlet", "let") else 0
        if draw.random() >= chance:
            continue
        old, opens = adverts[state["advert"]], end + timedelta(draw.randint(1, 3))
        row = {
            **{k: v for k, v in old.items() if k != "corrected_at"}, "id": world.advert_id(),
            "readvert_of": old["id"], "opens_at": at(opens, 9),
            "closes_at": at(end + timedelta(draw.randint(4, 6)), 12),
            "profile": "waiting" if draw.random() < 0.3 else old.get("profile"),
        }
        rows["adverts"].append(row)
        rows["bids"] += random_bids(draw, row, households)
