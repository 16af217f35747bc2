"""The trail: every event of a record, one a line, each holding the hash of the one before.

A line is canonical JSON (keys sorted, nothing between tokens, UTF-8)::

    {"before": HASH, "hash": HASH, "kind": "offer_moved", "n": 812, "on": "2026-03-02", ...}

``n`` counts from 1 without a gap. ``hash`` is the SHA-256 of the line without it; ``before`` is the
hash of the line before, and 64 noughts in the first. What an event says of a person is not in its
line: ``apart`` is the digest of where it is (:mod:`cbl_engine.records.facts_apart`), and those
fields are null here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cbl_engine.errors import Problem
from cbl_engine.offers.events import (
    EVENT,
    EVENTS_VERSION,
    Begun,
    CycleBegun,
    CycleSuperseded,
    Erased,
    TakenIn,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from cbl_engine.offers.events import Event

START = "0" * 64
_OF_THE_LINE = ("n", "before", "hash", "apart")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a cycle in the trail.

    Attributes:
        cycle: its number among the cycles that counted when it ran.
        first: number of the event that begins it.
        last: number of its last event.
        as_at: the day it ran up to.
        counts: it has not been superseded.
    """

    cycle: int
    first: int
    last: int
    as_at: date
    counts: bool


@dataclass(frozen=True, eq=False)
class Trail:
    """Events in a chain.

    Attributes:
        lines: as written, without the ends of lines.
        events: one a line; fields that are kept apart are null.
        apart: number of an event -> digest of what it keeps apart.
        last: hash of the last line.
    """

    lines: tuple[str, ...] = field(default=(), repr=False)
    events: tuple[Event, ...] = field(default=(), repr=False)
    apart: Mapping[int, str] = field(default_factory=dict, repr=False)
    last: str = START

    def after(self, events: Sequence[Event], apart: Mapping[int, str]) -> Trail:
        """The trail with more events.

        Args:
            events: those that follow, without what they keep apart.
            apart: number -> digest of what is apart.
        """
        lines, last = list(self.lines), self.last
        for n, event in enumerate(events, len(lines) + 1):
            said = {"n": n, "before": last, **event.model_dump(mode="json")}
            if n in apart:
                said["apart"] = apart[n]
            last = _hash(said)
            lines.append(_canonical({**said, "hash": last}))
        return Trail(tuple(lines), (*self.events, *events), {**self.apart, **apart}, last)

    def until(self, n: int) -> Trail:
        """The trail as it was when it had so many events."""
        last = json.loads(self.lines[n - 1])["hash"] if n else START
        apart = {at: digest for at, digest in self.apart.items() if at <= n}
        return Trail(self.lines[:n], self.events[:n], apart, last)

    def text(self) -> str:
        """The file."""
        return "".join(f"{line}\n" for line in self.lines)

    def counting(self) -> Iterator[tuple[int, Event]]:
        """Number and event of those that count: all but those of superseded cycles."""
        spans = [(e.first, e.last) for e in self.events if isinstance(e, CycleSuperseded)]
        gone = {n for first, last in spans for n in range(first, last + 1)}
        return ((n, event) for n, event in enumerate(self.events, 1) if n not in gone)

    def runs(self) -> list[Run]:
        """Every run of a cycle, in order; a run ends where something else is recorded after it."""
        counting = {n for n, _ in self.counting()}
        found: list[Run] = []
        begun: tuple[int, CycleBegun] | None = None
        for n, event in [*enumerate(self.events, 1), (len(self.events) + 1, None)]:
            if begun is not None and (event is None or _outside(event)):
                first, cycle = begun
                found.append(Run(cycle.cycle, first, n - 1, cycle.as_at, first in counting))
                begun = None
            if isinstance(event, CycleBegun):
                begun = n, event
        return found


def _outside(event: Event) -> bool:
    """Whether it is no part of a cycle's run."""
    put_right = isinstance(event, TakenIn) and event.why == "rectified"
    return put_right or isinstance(event, (CycleBegun, CycleSuperseded, Erased))


def read_trail(text: str, where: str) -> tuple[Trail, list[Problem]]:
    """A trail from its file, and whatever is wrong with the chain.

    Args:
        text: of the file.
        where: its name, for the problems.

    Returns:
        The trail up to the first line that cannot be read; the problems name the line.
    """
    lines, events, problems = [], [], []
    apart: dict[int, str] = {}
    last = START
    *whole, rest = text.split("\n")
    if rest:
        problems.append(Problem("line_cut_off", "the last line has no end", where=where,
                                rows=(f"line {len(whole) + 1}",)))
    for n, line in enumerate(whole, 1):
        at = (f"event {n}",)
        try:
            said = json.loads(line)
            event = EVENT.validate_python({k: v for k, v in said.items() if k not in _OF_THE_LINE})
        except (ValueError, AttributeError, ValidationError):
            problems.append(Problem("no_event", "the line is no event that this engine knows",
                                    where=where, rows=at))
            break
        hashed = {k: v for k, v in said.items() if k != "hash"}
        if said.get("n") != n:
            problems.append(Problem("event_out_of_order", "the number of an event is not the next",
                                    where=where, rows=at, given=str(said.get("n"))))
        if said.get("before") != last:
            problems.append(Problem("chain_broken", "an event does not follow the one before it",
                                    where=where, rows=at))
        if said.get("hash") != _hash(hashed) or _canonical(said) != line:
            problems.append(Problem("event_changed", "an event has changed since it was written",
                                    where=where, rows=at))
        if isinstance(event, Begun) and event.version != EVENTS_VERSION:
            problems.append(Problem(
                "events_of_other_version", "the events are of another version", where=where,
                rows=at, given=str(event.version), allowed=str(EVENTS_VERSION),
                remedy="Use the engine version that wrote them",
            ))
        lines.append(line)
        events.append(event)
        if "apart" in said:
            apart[n] = said["apart"]
        last = str(said.get("hash"))
    if not events and not problems:
        problems.append(Problem("no_events", "the trail is empty", where=where))
    return Trail(tuple(lines), tuple(events), apart, last), problems


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _hash(value: Mapping[str, Any]) -> str:
    return sha256(_canonical(value).encode()).hexdigest()
