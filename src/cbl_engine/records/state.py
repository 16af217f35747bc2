"""State folders: a record as it stood at the end of a day. Immutable once written.

::

    manifest.json            state id, engine, scheme, as-at, seed, the states before, hash of each file
    scheme/*.yaml            the scheme's text, as the last cycle used it
    trail.jsonl              every event, in a chain of hashes
    digests.parquet          the digest of every row ever taken in; stays when rows are erased
    facts/<table>.parquet    every row ever taken in, under the number of its event
    facts/events.parquet     what events say of persons
    facts/keys.parquet       the secret keys of the digests, one for each application
    tables/<table>.parquet   the tables as they stand: made from the trail and the facts

It holds facts about households and is for officers. The trail and the digests name applications by
their ids, and hold no fact about them. Erasing an application destroys its rows under ``facts`` and
its key in a new folder; **folders written before, and copies of them, hold them until they are
destroyed too**.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import Problem, RunError
from cbl_engine.offers.events import Erased, TakenIn
from cbl_engine.records.facts_apart import DIGESTS, Facts, complete, standing, take_in
from cbl_engine.records.places import (
    MANIFEST,
    STATE,
    check_outside,
    digests_of,
    folder_beside,
    kind_of,
)
from cbl_engine.records.trail import Trail, read_trail
from cbl_engine.scheme import scheme_from_text
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cbl_engine.offers.events import Event
    from cbl_engine.scheme import Scheme

    Recorded = Callable[
        [Iterable[tuple[int, Event, pl.DataFrame | None]]], Mapping[str, pl.DataFrame]
    ]

STATE_VERSION = 2
"""Of the files of a state folder; a change that breaks a reader raises it."""

TRAIL, DIGEST_FILE, KEYS = "trail.jsonl", "digests.parquet", "facts/keys.parquet"
NOTE = (
    "Holds facts about households: for officers. Facts erased in a later state are in this folder, "
    "and in every copy of it, until it is destroyed."
)


@dataclass(frozen=True, eq=False)
class State:
    """A record in memory.

    Attributes:
        trail: its events.
        facts: the rows they speak of.
        tables: as they stand, by name; rows and columns in one order.
    """

    trail: Trail
    facts: Facts
    tables: Mapping[str, pl.DataFrame] = field(repr=False)

    def after(
        self,
        events: Sequence[Event],
        rows: Iterable[tuple[str, pl.DataFrame]],
        recorded: Recorded,
    ) -> State:
        """The record with more events, and the rows of those that take rows in.

        Args:
            events: those that follow; digests of rows are filled here.
            rows: table and rows of each :class:`~cbl_engine.offers.events.TakenIn`, in order.
            recorded: makes the tables of events.
        """
        trail, facts = take_in(self.trail, self.facts, events, rows)
        return State(trail, facts, tables_of(trail, facts, recorded))

    def erased(self) -> dict[str, Erased]:
        """The applications whose facts were destroyed, as text, and the event of each."""
        return erased_in(self.trail)


def erased_in(trail: Trail) -> dict[str, Erased]:
    """The applications whose facts were destroyed, as text, and the event of each."""
    return {str(e.application): e for e in trail.events if isinstance(e, Erased)}


def tables_of(trail: Trail, facts: Facts, recorded: Recorded) -> dict[str, pl.DataFrame]:
    """The tables as they stand: what the events that count say, and nothing else.

    Args:
        trail: the events.
        facts: the rows they took in, and what they keep apart.
        recorded: makes the tables of events.
    """
    events = complete(trail.counting(), facts)
    tables = {**standing(trail.counting(), facts), **recorded(events)}
    return dict(sorted(tables.items()))


@dataclass(frozen=True, eq=False)
class StateFolder:
    """A state read back, every hash of which agrees.

    Attributes:
        path: the folder.
        manifest: as written.
        trail: its events.
        facts: the rows they speak of.
    """

    path: Path
    manifest: Mapping[str, Any]
    trail: Trail
    facts: Facts

    @property
    def as_at(self) -> date:
        """The day at whose end the record stood so."""
        return date.fromisoformat(self.manifest["as_at"])

    @property
    def since(self) -> date:
        """The first day on which anything was recorded."""
        return min(event.on for _, event in self.trail.counting())

    def known_on(self, name: str, day: date) -> pl.DataFrame:
        """A table that rows are taken in for as it was known at the end of a day, however late it is.

        Of a day before its first rows came it is as they came. What came later, corrections among
        it, changes nothing; who was erased since is not in it.
        """
        lots = [(n, event) for n, event in self.trail.counting()
                if isinstance(event, TakenIn) and event.table == name]
        if day >= self.as_at or not lots:
            return self.tables[name]
        known = max(day, min(event.on for _, event in lots))
        return standing([(n, event) for n, event in lots if event.on <= known], self.facts)[name]

    def table(self, name: str) -> pl.DataFrame:
        """A table as it stands."""
        return self.tables[name]

    @cached_property
    def tables(self) -> dict[str, pl.DataFrame]:
        """Every table as it stands, by name."""
        names = sorted(n for n in self.manifest["files"] if n.startswith("tables/"))
        return {Path(n).stem: pl.read_parquet(self.path / n, glob=False) for n in names}

    @cached_property
    def state(self) -> State:
        """The record in memory."""
        return State(self.trail, self.facts, self.tables)

    def scheme(self) -> Scheme:
        """The scheme that the last cycle used, from the text kept here."""
        return scheme_from_text([(n, text.decode()) for n, text in self.scheme_files()])

    def scheme_files(self) -> list[tuple[str, bytes]]:
        """Name and content of each file of that scheme."""
        names = [n for n in self.manifest["files"] if n.startswith("scheme/")]
        return [(Path(n).name, (self.path / n).read_bytes()) for n in names]


def write_state(
    state: State,
    scheme: Scheme,
    out: str | Path,
    *,
    as_at: date,
    seed: int,
    unattended: bool,
    before: StateFolder | None = None,
) -> StateFolder:
    """Write a state beside its place and rename it, once all of it is on the disk.

    Args:
        state: the record.
        scheme: as the last cycle used it.
        out: folder to write; there must be nothing.
        as_at: the day at whose end it stands so.
        seed: of the last cycle.
        unattended: the last cycle ran so.
        before: the state it follows.

    Raises:
        RunError: something is there, or the folder cannot be written.
    """
    out = Path(out)
    check_out(out)
    with folder_beside(out, kind=STATE, durable=True) as partial:
        for folder in ("scheme", "facts", "tables"):
            (partial / folder).mkdir()
        for document in scheme.documents:
            (partial / "scheme" / document.name).write_bytes(document.text.encode())
        (partial / TRAIL).write_bytes(state.trail.text().encode())
        for name, frame in _frames(state).items():
            (partial / name).write_bytes(parquet(frame))
        manifest = _manifest(state, scheme, partial, as_at, seed, before, unattended=unattended)
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return StateFolder(out, manifest, state.trail, state.facts)


def parquet(frame: pl.DataFrame) -> bytes:
    """A frame as the bytes of a file."""
    content = BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


def _frames(state: State) -> dict[str, pl.DataFrame]:
    facts = state.facts
    keys = [(None, facts.root), *sorted(facts.keys.items())]
    return {
        **{f"facts/{table}.parquet": frame for table, frame in sorted(facts.rows.items())},
        KEYS: pl.DataFrame(keys, {"subject": pl.String, "key": pl.Binary}, orient="row"),
        DIGEST_FILE: facts.digests,
        **{f"tables/{table}.parquet": frame for table, frame in state.tables.items()},
    }


def _manifest(
    state: State, scheme: Scheme, folder: Path, as_at: date, seed: int,
    before: StateFolder | None, *, unattended: bool,
) -> dict[str, Any]:
    earlier = [] if before is None else [*before.manifest["states_before"],
                                         before.manifest["state_id"]]
    content = {
        "kind": STATE,
        "audience": "officer",
        "note": NOTE,
        "engine_version": __version__,
        "schema_version": STATE_VERSION,
        "as_at": as_at.isoformat(),
        "scheme": scheme.name,
        "scheme_versions": versions_of(scheme),
        "seed": seed,
        "unattended": unattended,
        "states_before": earlier,
        **counts_of(state.trail),
        "files": digests_of(folder),
    }
    return {"state_id": _state_id(content), **content}


def versions_of(scheme: Scheme) -> list[str]:
    """The day from which each version of a scheme is in force."""
    return [str(v.in_force.from_) for v in scheme.versions]


def counts_of(trail: Trail) -> dict[str, Any]:
    """What a manifest says of a trail."""
    runs = trail.runs()
    return {
        "cycles": sum(run.counts for run in runs),
        "cycles_superseded": sum(not run.counts for run in runs),
        "events": len(trail.events),
        "last_hash": trail.last,
        "erased": len(erased_in(trail)),
    }


def _state_id(content: Mapping[str, Any]) -> str:
    """Hash of all that the manifest says, every file's hash in it."""
    said = {name: value for name, value in content.items() if name != "state_id"}
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def is_state(folder: str | Path) -> bool:
    """Whether a folder says that it is a state."""
    return kind_of(Path(folder)) == STATE


def read_state(folder: str | Path) -> StateFolder:
    """Read a state folder back.

    Raises:
        RunError: it is no state folder, is of another version, a file is missing or beside, a hash
            differs, or the chain of the trail is broken.
    """
    opened, problems = open_state(folder)
    if problems or opened is None:
        raise RunError(problems)
    return opened


def open_state(folder: str | Path) -> tuple[StateFolder | None, list[Problem]]:
    """A state folder as far as it can be read, and everything wrong with its files and chain."""
    path = Path(folder)
    manifest = _read_manifest(path)
    if isinstance(manifest, Problem):
        return None, [manifest]
    problems = []
    if manifest["state_id"] != _state_id(manifest):
        problems.append(Problem("manifest_changed", "the manifest has changed since it was written",
                                where=f"{path}/{MANIFEST}"))
    files = manifest["files"]
    there = {p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()}
    for name in sorted(there - {*files, MANIFEST}):
        problems.append(Problem("file_of_another", "the manifest knows no such file",
                                where=f"{path}/{name}"))
    for name, expected in files.items():
        if name not in there:
            problems.append(Problem("file_missing", "the file is missing", where=f"{path}/{name}"))
        elif sha256((path / name).read_bytes()).hexdigest() != expected:
            problems.append(Problem("file_changed", "the file has changed since it was written",
                                    where=f"{path}/{name}"))
    try:
        trail, broken = read_trail((path / TRAIL).read_text(encoding="utf-8"), f"{path}/{TRAIL}")
        facts = _read_facts(path, [n for n in files if n.startswith("facts/") and n != KEYS])
    except (OSError, ValueError, pl.exceptions.PolarsError):
        if not problems:
            problems.append(Problem("state_unreadable", "files of the state cannot be read",
                                    where=str(path)))
        return None, problems
    problems += broken
    if trail.last != manifest["last_hash"] and not broken:
        problems.append(Problem("trail_of_another", "the trail does not end as the manifest says",
                                where=f"{path}/{TRAIL}"))
    return StateFolder(path, manifest, trail, facts), problems


def _read_facts(path: Path, names: Iterable[str]) -> Facts:
    secret = pl.read_parquet(path / KEYS, glob=False)
    keys: dict[str, bytes] = dict(secret.drop_nulls().iter_rows())
    root: bytes = secret.filter(pl.col("subject").is_null())["key"].item()
    digests = pl.read_parquet(path / DIGEST_FILE, glob=False)
    if dict(digests.schema) != DIGESTS:
        raise ValueError(DIGEST_FILE)
    rows = {Path(name).stem: pl.read_parquet(path / name, glob=False) for name in names}
    return Facts(rows, digests, keys, root)


_SAID = {
    "state_id", "kind", "schema_version", "as_at", "scheme", "seed", "states_before", "last_hash",
    "files",
}


def _read_manifest(path: Path) -> dict[str, Any] | Problem:
    manifest: dict[str, Any] = {}
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        known = manifest["kind"] == STATE and set(manifest) >= _SAID and isinstance(
            manifest["files"], dict) and isinstance(manifest["states_before"], list)
    except (OSError, ValueError, TypeError, KeyError):
        known = False
    if not known:
        return Problem("not_a_state", "this is not a state folder (it has no manifest that can be read)",
                       where=str(path), remedy="cbl cycle --out writes one")
    if manifest["schema_version"] != STATE_VERSION:
        return Problem("state_of_other_version", "the state is of another version",
                       where=f"{path}/{MANIFEST}", given=str(manifest["schema_version"]),
                       allowed=str(STATE_VERSION), remedy="Use the engine version that wrote it")
    return manifest


def check_out(out: str | Path) -> None:
    """Make sure that a state may be written there: a state is never replaced, nor added to.

    Raises:
        RunError: something is there, or the place is inside a state.
    """
    check_outside(out)
    if Path(out).exists():
        raise RunError(
            [Problem("state_in_the_way", "there is something already, and a state is never written "
                     "in place of another", where=str(out), remedy="Choose another folder")]
        )
