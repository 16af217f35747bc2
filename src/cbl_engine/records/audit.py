"""The audit of a state: whether it is what was written, and says only what its events say."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import Problem, PropertyError
from cbl_engine.offers.events import CycleBegun, Erased, TakenIn
from cbl_engine.offers.properties import verify
from cbl_engine.records.cycles import record_of, recorded
from cbl_engine.records.facts_apart import (
    ERASED,
    EVENT_NUMBER,
    NOBODY,
    OF_EVENTS,
    ORDINAL,
    OURS,
    complete,
    lot_digest,
    subjects_named,
    subjects_of,
)
from cbl_engine.records.places import MANIFEST
from cbl_engine.records.state import (
    KEYS,
    State,
    counts_of,
    erased_in,
    open_state,
    parquet,
    tables_of,
    versions_of,
)
from cbl_engine.scheme import hash_of_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cbl_engine.offers.events import Event
    from cbl_engine.records.state import StateFolder

OF_FILES = {"file_changed", "file_missing", "file_of_another", "manifest_changed", "manifest_differs",
            "scheme_differs"}
"""Faults of files, which say nothing yet of what is in them."""


@dataclass(eq=False)
class Audit:
    """What was looked at and what was found.

    Attributes:
        state: the state's id; empty when it has none that can be read.
        checked: what was checked, in words, with counts.
        faults: everything wrong: event, table and row.
        notes: what is lawful or harmless, and to be known.
    """

    state: str = ""
    checked: list[str] = field(default_factory=list)
    faults: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Nothing is wrong."""
        return not self.faults


def audit_state(path: str | Path, after: str | Path | None = None) -> Audit:
    """Look for everything wrong with a state folder.

    1. every file has the hash in the manifest, and none is missing or beside; 2. the trail's
    numbers run without a gap, and each event holds the hash of the one before; 3. the manifest and
    the scheme's text are what the trail says; 4. every row recorded apart is there once and agrees
    with the digest in the trail, and what is gone was erased; 5. the tables are what trail and rows
    say, to the byte; 6. the numbered properties of ``docs/offers.md`` hold of the last cycle.

    Args:
        path: a state folder.
        after: an earlier state that it should follow: its events must be the first of this one.
    """
    audit = Audit()
    folder, audit.faults = open_state(path)
    if folder is None:
        return audit
    audit.state = folder.manifest["state_id"]
    audit.checked.append(f"{len(folder.manifest['files']):,} files against the manifest")
    audit.checked.append(f"{len(folder.trail.events):,} events in the chain")
    _follows(audit, folder, after)
    _said(audit, folder)
    _rows(audit, folder)
    _tables(audit, folder)
    _properties(audit, folder)
    return audit


def _follows(audit: Audit, folder: StateFolder, after: str | Path | None) -> None:
    if after is None:
        return
    earlier, problems = open_state(after)
    audit.faults += problems
    if earlier is None:
        return
    lines = earlier.trail.lines
    if folder.trail.lines[: len(lines)] != lines:
        n = next(
            (i for i, pair in enumerate(zip(lines, folder.trail.lines, strict=False), 1)
             if pair[0] != pair[1]), len(folder.trail.lines) + 1)
        audit.faults.append(Problem(
            "other_past", "the earlier state has other events", where=str(folder.path),
            rows=(f"event {n}",)))
    past = [*earlier.manifest["states_before"], earlier.manifest["state_id"]]
    if folder.manifest["states_before"][: len(past)] != past:
        audit.faults.append(Problem(
            "not_before", "the earlier state is not among those before this one",
            where=str(folder.path), given=earlier.manifest["state_id"]))
    audit.checked.append(f"{len(lines):,} events of the earlier state are the first of this one")


def _said(audit: Audit, folder: StateFolder) -> None:
    """The manifest and the scheme's text against the trail."""
    trail, manifest = folder.trail, folder.manifest
    where = f"{folder.path}/{MANIFEST}"
    expected: dict[str, Any] = {n: said for n, said in counts_of(trail).items() if n != "last_hash"}
    begun = [e for e in trail.events if isinstance(e, CycleBegun)]
    if begun:
        last = begun[-1]
        expected |= {"as_at": str(last.as_at), "scheme": last.scheme, "seed": last.seed,
                     "unattended": last.unattended}
    for name, said in expected.items():
        if manifest.get(name) != said:
            audit.faults.append(Problem(
                "manifest_differs", f"{name} is not what the trail says", where=where,
                given=str(manifest.get(name)), allowed=str(said)))
    fewest, most = _states_before(trail.events)
    if not fewest <= len(manifest["states_before"]) <= most:
        audit.faults.append(Problem(
            "manifest_differs", "the trail has another number of states before this one", where=where,
            given=f"{len(manifest['states_before'])} in states_before",
            allowed=str(fewest) if fewest == most else f"{fewest} to {most}"))
    audit.checked.append("the manifest against the trail")
    if begun:
        _scheme(audit, folder, begun[-1].scheme_hash)


def _scheme(audit: Audit, folder: StateFolder, said: str | None) -> None:
    """The scheme's text against the hash that the last cycle recorded of it."""
    if said is None:
        audit.notes.append("Whether the scheme's text is the one that the last cycle used cannot be "
                           "told: the cycle is from before its hash was recorded.")
        return
    if any(p.kind == "file_missing" for p in audit.faults):
        return
    if hash_of_files(folder.scheme_files()) != said:
        audit.faults.append(Problem("scheme_differs", "the scheme's text is not the one that the last "
                                    "cycle used", where=f"{folder.path}/scheme"))
    elif folder.manifest.get("scheme_versions") != (versions := versions_of(folder.scheme())):
        audit.faults.append(Problem(
            "manifest_differs", "scheme_versions is not what the scheme says",
            where=f"{folder.path}/{MANIFEST}", given=str(folder.manifest.get("scheme_versions")),
            allowed=str(versions)))
    audit.checked.append("the scheme's text against the trail")


def _states_before(events: Sequence[Event]) -> tuple[int, int]:
    """The fewest and the most states that were written before all of a trail was.

    One is written for each run of a cycle, and one for each erasure, of one application or several.
    """
    cycles = sum(isinstance(e, CycleBegun) for e in events)
    erased = [isinstance(e, Erased) for e in events]
    lots = sum(now and not before for before, now in pairwise([False, *erased]))
    return max(cycles + lots - 1, 0), max(cycles + sum(erased) - 1, 0)


def _rows(audit: Audit, folder: StateFolder) -> None:
    """Rows apart against the digests, and the digests against the trail."""
    facts, trail = folder.facts, folder.trail
    where = str(folder.path)
    erased = erased_in(folder.trail)
    lots = {
        n: (event.table, event.digest, event.rows)
        for n, event in enumerate(trail.events, 1) if isinstance(event, TakenIn)
    } | {n: (OF_EVENTS, digest, 1) for n, digest in trail.apart.items()}

    def fault(kind: str, message: str, n: int, table: str, row: int | None = None) -> None:
        at = f"event {n}" + (f", row {row}" if row is not None else "")
        audit.faults.append(Problem(kind, message, where=f"{where}/facts/{table}.parquet",
                                    rows=(at,)))

    of_events = facts.digests.partition_by(EVENT_NUMBER, as_dict=True)
    none = facts.digests.clear()
    for n, (table, digest, rows) in lots.items():
        found = of_events.get((n,), none)
        if found.height != rows or lot_digest(found) != digest:
            fault("digest_differs", "the digests of an event's rows are not those in the trail",
                  n, table)
    for (n,) in sorted(set(of_events) - {(n,) for n in lots}):
        fault("no_such_event", "digests of an event that takes in no rows", int(n), "")
    checked = gone = 0
    tables = {table for table, _, _ in lots.values()}
    for table in sorted(tables | set(facts.rows)):
        expected = facts.digests.filter(
            pl.col(EVENT_NUMBER).is_in([n for n, lot in lots.items() if lot[0] == table])
        )
        frame = facts.rows.get(table)
        if frame is None:
            if expected.height:
                fault("rows_missing", "the rows are missing", int(expected[EVENT_NUMBER][0]), table)
            continue
        place = [EVENT_NUMBER, ORDINAL]
        twice = frame.filter(pl.struct(place).is_duplicated())[place].unique(maintain_order=True)
        for n, row in twice.iter_rows():
            fault("row_twice", "a row is there more than once", n, table, row)
        both = frame.select(EVENT_NUMBER, ORDINAL, ERASED).with_row_index("_at").join(
            expected, on=[EVENT_NUMBER, ORDINAL], how="full", coalesce=True, maintain_order="right_left",
        )
        for n, row in both.filter(pl.col("_at").is_null())[EVENT_NUMBER, ORDINAL].iter_rows():
            fault("row_missing", "a row is missing, and nobody erased it", n, table, row)
        for n, row in both.filter(pl.col("digest").is_null())[EVENT_NUMBER, ORDINAL].iter_rows():
            fault("row_added", "a row that the trail does not know", n, table, row)
        both = both.drop_nulls(["_at", "digest"])
        at = both["_at"]
        rows_there = frame[at] if both.height else frame.clear()
        again = facts.digests_of(rows_there, both["subject"])
        about = both["subject"].fill_null(NOBODY)
        told = subjects_of(table, rows_there) if table != OF_EVENTS else both["subject"]
        for n, row, subject, own, left, came, want in zip(
            both[EVENT_NUMBER], both[ORDINAL], about, told.fill_null(NOBODY), both[ERASED], again,
            both["digest"], strict=True,
        ):
            if left:
                gone += 1
                if subject not in erased or own != subject:
                    fault("row_gone", "a row is gone that nobody erased", n, table, row)
            elif subject in erased:
                fault("row_not_erased", "a row that was to be erased is still there", n, table, row)
            elif came != want or own != subject:
                fault("row_changed", "a row is not the one that was taken in", n, table, row)
            else:
                checked += 1
    keys = pl.read_parquet(folder.path / KEYS, glob=False)["subject"]
    for subject in keys.filter(keys.is_duplicated()).unique().sort():
        audit.faults.append(Problem("key_twice", "an application has more than one key",
                                    where=f"{where}/{KEYS}", rows=(subject or "nobody",)))
    for subject in sorted(set(erased) & set(facts.keys)):
        audit.faults.append(Problem("key_not_destroyed", "the key of an erased application is still there",
                                    where=f"{where}/{KEYS}", rows=(subject,)))
    audit.checked.append(f"{checked:,} rows against their digests")
    if erased:
        audit.notes.append(
            f"{gone:,} rows of {len(erased):,} applications were lawfully erased: "
            + "; ".join(f"{s} on {e.on} ({e.because})" for s, e in sorted(erased.items())))


def _tables(audit: Audit, folder: StateFolder) -> None:
    """The tables made again, against those in the folder."""
    if any(p.kind not in OF_FILES for p in audit.faults):
        audit.notes.append("The tables were not made again: trail or rows are not what they were.")
        return
    made = tables_of(folder.trail, folder.facts, recorded)
    other_bytes = []
    rows = 0
    names = {Path(n).stem for n in folder.manifest["files"] if n.startswith("tables/")}
    for table in sorted({*made, *names}):
        where = f"{folder.path}/tables/{table}.parquet"
        two = _read(Path(where))
        if table not in made or two is None:
            message = "the events make no such table" if two is not None else (
                "the table is missing, or cannot be read")
            audit.faults.append(Problem("table_differs", message, where=where))
            continue
        one = made[table]
        rows += one.height
        if not one.equals(two):
            at = next(_differing(one, two), None)
            audit.faults.append(Problem(
                "table_differs", "the table is not what the events say", where=where,
                rows=() if at is None else (f"row {at}",)))
        elif parquet(one) != Path(where).read_bytes():
            other_bytes.append(table)
    audit.checked.append(f"{len(made)} tables of {rows:,} rows, made again from the events"
                         + ("" if other_bytes else ", the same to the byte"))
    if other_bytes:
        audit.notes.append("Same rows, written as other bytes (another version of the library "
                           f"that writes them): {', '.join(other_bytes)}.")


def _properties(audit: Audit, folder: StateFolder) -> None:
    """The last cycle gone through again by the numbered properties; earlier states have theirs."""
    runs = [run for run in folder.trail.runs() if run.counts]
    if audit.faults or not runs:
        return
    run = runs[-1]
    before, after = (
        State(trail, folder.facts, tables_of(trail, folder.facts, recorded))
        for trail in (folder.trail.until(run.first - 1), folder.trail.until(run.last))
    )
    numbers = range(run.first, run.last + 1)
    gone = set(erased_in(folder.trail))
    told = folder.facts.digests.filter(pl.col(EVENT_NUMBER).is_between(run.first, run.last))
    if gone & {*told["subject"], *subjects_named(folder.trail, numbers)}:
        audit.notes.append("The properties of the last cycle were not checked again: facts it "
                           "rested on were erased. The state before the erasure has them.")
        return
    events = [event for n, event, _ in complete(after.trail.counting(), folder.facts)
              if n in numbers]
    rows = [
        (event.table, folder.facts.rows[event.table].filter(pl.col(EVENT_NUMBER) == n).drop(OURS))
        for n, event in zip(numbers, events, strict=True) if isinstance(event, TakenIn)
    ]
    try:
        verify(folder.scheme(), record_of(before), record_of(after), events, rows, numbers)
    except PropertyError as error:
        audit.faults.append(Problem("property", str(error).partition(". The output")[0],
                                    where=str(folder.path)))
    audit.checked.append(f"the numbered properties, over the {len(events):,} events of the last cycle")


def _read(path: Path) -> pl.DataFrame | None:
    try:
        return pl.read_parquet(path, glob=False)
    except (OSError, pl.exceptions.PolarsError):
        return None


def _differing(one: pl.DataFrame, two: pl.DataFrame) -> Iterator[int]:
    """The first row, from 1, in which two frames differ."""
    if one.schema != two.schema:
        return
    for n, (left, right) in enumerate(zip(one.iter_rows(), two.iter_rows(), strict=False), 1):
        if left != right:
            yield n
            return
    yield min(one.height, two.height) + 1
