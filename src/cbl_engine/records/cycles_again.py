"""Cycles of a state run again, from what each of them took in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import TableError
from cbl_engine.offers.cycle import run_cycle
from cbl_engine.offers.events import CycleBegun, Quarantined, TakenIn
from cbl_engine.records.coming import recorded
from cbl_engine.records.cycles import record_of, same_rows
from cbl_engine.records.facts_apart import (
    ERASED,
    EVENT_NUMBER,
    OURS,
    complete,
    subjects_named,
)
from cbl_engine.records.state import State, erased_in, tables_of
from cbl_engine.tables.letting_columns import RECORDED
from cbl_engine.tables.taking_in import in_order, taken_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbl_engine.offers.events import Event
    from cbl_engine.offers.record import Cycle, Record
    from cbl_engine.records.facts_apart import Facts
    from cbl_engine.records.followed import Following
    from cbl_engine.records.state import StateFolder
    from cbl_engine.records.trail import Run, Trail
    from cbl_engine.scheme import Scheme


@dataclass(frozen=True, eq=False)
class Past:
    """A record of which every cycle can be run again.

    Attributes:
        trail: its events.
        facts: the rows they took in.
        scheme: the rules, as the state keeps them.
    """

    trail: Trail
    facts: Facts
    scheme: Scheme

    @classmethod
    def of(cls, folder: StateFolder) -> Past:
        """The past of a state."""
        return cls(folder.trail, folder.facts, folder.scheme())

    def begun(self, run: Run) -> CycleBegun:
        """The event that began a run."""
        event = self.trail.events[run.first - 1]
        if not isinstance(event, CycleBegun):
            raise TypeError(event.kind)
        return event

    def before(self, run: Run) -> Record:
        """The record that a run began with."""
        return record_of(self.at(run.first - 1))

    def at(self, n: int) -> State:
        """The record when it had so many events."""
        trail = self.trail.until(n)
        return State(trail, self.facts, tables_of(trail, self.facts, recorded))

    def rows(self, n: int, table: str) -> pl.DataFrame:
        """The rows that an event took in, those erased left out."""
        frame = self.facts.rows[table]
        return frame.filter(pl.col(EVENT_NUMBER) == n, ~pl.col(ERASED)).drop(OURS)

    def given(self, run: Run) -> tuple[dict[str, pl.DataFrame], set[str]]:
        """What came in a run: rows by table, and the tables that came whole.

        Of a check that was left out nothing was kept but its id and why: here it lies ahead, or is of a
        check without a name, so that it is left out again.
        """
        rows, whole, left_out = {}, set(), {}
        for n in range(run.first, run.last + 1):
            event = self.trail.events[n - 1]
            if isinstance(event, TakenIn) and event.why == "given":
                rows[event.table] = taken_in(rows.get(event.table), self.rows(n, event.table), event.table)
                whole |= {event.table} if event.whole else set()
            elif isinstance(event, Quarantined):
                left_out[str(event.outcome)] = event.clash
        known = set(rows["outcomes"]["id"]) if "outcomes" in rows else set()
        lost = {key: clash for key, clash in left_out.items() if key not in known}
        if lost:
            ahead = run.as_at + timedelta(days=1)
            checks = pl.DataFrame({
                "id": list(lost),
                "since": [run.as_at if clash == "no_such_check" else ahead for clash in lost.values()],
            }).with_columns(pl.lit("").alias(name) for name in ("application", "check", "outcome"))
            rows["checks"] = pl.concat(
                [rows["checks"], checks] if "checks" in rows else [checks], how="diagonal_relaxed"
            )
        return rows, whole

    def events(self, run: Run) -> list[Event]:
        """What a run did, complete, without digests."""
        numbered = ((n, self.trail.events[n - 1]) for n in range(run.first, run.last + 1))
        return [without_digest(event) for _, event, _ in complete(numbered, self.facts)]

    def run(
        self, run: Run, before: Record, given: Mapping[str, pl.DataFrame], whole: set[str] | None = None,
        following: Following | None = None, followed: Sequence[dict[str, Any]] = (),
    ) -> Cycle:
        """Run a cycle.

        Args:
            run: which: its day, its seed and how it was decided.
            before: what it begins with.
            given: what comes in it.
            whole: tables that come whole.
            following: does what people did, in place of outcomes that came.
            followed: those outcomes.
        """
        begun = self.begun(run)
        keep_going = any(isinstance(e, Quarantined)
                         for e in self.trail.events[run.first - 1:run.last])
        options: dict[str, Any] = {} if following is None else {"answers": following, "followed": followed}
        return run_cycle(
            before, self.scheme, given, run.as_at, unattended=begun.unattended, seed=begun.seed,
            keep_going=keep_going or following is not None, whole=whole or (), **options,
        )

    def concerned(self, run: Run) -> list[str]:
        """Applications erased since that a run speaks of, in order of id."""
        numbers = range(run.first, run.last + 1)
        told = self.facts.digests.filter(pl.col(EVENT_NUMBER).is_between(run.first, run.last))
        named = {*told["subject"], *subjects_named(self.trail, numbers)}
        return sorted(named & set(erased_in(self.trail)))


def without_digest(event: Event) -> Event:
    """An event without the digest of its rows, which hangs on a secret, and without the hash of the
    scheme's text: a cycle is run again by the text that the last one used.
    """
    if isinstance(event, CycleBegun):
        return event.model_copy(update={"scheme_hash": None})
    return event.model_copy(update={"digest": ""}) if isinstance(event, TakenIn) else event


@dataclass(frozen=True)
class RunAgain:
    """A cycle run again as it was.

    Attributes:
        run: which.
        events: how many it had.
        gone: applications it speaks of whose facts have lawfully gone: it was not run again.
        adverts: those of the cycle that speak of them.
        event: number of the first event that came out otherwise, or the first of a cycle whose
            outcomes clash now; None: none did.
        tables: names of the tables that came out otherwise.
    """

    run: Run
    events: int
    gone: tuple[str, ...] = ()
    adverts: tuple[str, ...] = ()
    event: int | None = None
    tables: tuple[str, ...] = field(default=())

    @property
    def same(self) -> bool | None:
        """Whether it came out the same in everything; None: it cannot be run again."""
        return None if self.gone else self.event is None and not self.tables


def run_again(past: Past, run: Run) -> RunAgain:
    """Run a cycle again as it was and compare: event by event, table by table."""
    events = past.events(run)
    found = RunAgain(run, len(events))
    gone = past.concerned(run)
    if gone:
        return replace(found, gone=tuple(gone), adverts=_adverts_of(past, run, gone))
    try:
        cycle = past.run(run, past.before(run), *past.given(run))
    except TableError:  # what was done then cannot be under the rules the state holds now
        return replace(found, event=run.first)
    differs = next(
        (n for n, (one, two) in enumerate(zip(events, map(without_digest, cycle.events),
                                              strict=False), run.first) if one != two), None,
    )
    if differs is None and len(events) != len(cycle.events):
        differs = run.first + min(len(events), len(cycle.events))
    after = past.at(run.last).tables
    tables = tuple(
        table for table in sorted({*RECORDED, *after} & {*cycle.record.tables, *after})
        if not _same(table, cycle.record.tables.get(table), after.get(table))
    )
    return replace(found, event=differs, tables=tables)


def _same(table: str, one: pl.DataFrame | None, two: pl.DataFrame | None) -> bool:
    if one is None or two is None:
        return not (one if one is not None else two).height  # type: ignore[union-attr]
    return same_rows(in_order(table, one), in_order(table, two))


def _adverts_of(past: Past, run: Run, gone: list[str]) -> tuple[str, ...]:
    """Adverts whose lists, offers or bids speak of these applications, in this cycle."""
    found = set()
    for _, event in past.trail.counting():
        advert = getattr(event, "advert", None)
        if advert is not None and str(getattr(event, "application", None)) in gone:
            found.add(str(advert))
    ours = range(run.first, run.last + 1)
    for table in ("shortlisted", "bids"):
        frame = past.facts.rows.get(table)
        if frame is not None and "advert" in frame.columns:
            mine = frame.filter(pl.col("application").is_in(gone), pl.col("advert").is_not_null())
            found |= set(mine["advert"].cast(pl.String))
    told = {str(a) for n in ours if (a := getattr(past.trail.events[n - 1], "advert", None))}
    return tuple(sorted(found & told))
