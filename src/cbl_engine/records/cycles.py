"""A cycle from files: what came is read and checked, the days are run, a new state is written.

Nothing is changed in place. Whatever is wrong is told in one report, and then nothing is written.
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import BadInput, Problem, PropertyError, RunError, SchemeError
from cbl_engine.offers.cycle import run_cycle
from cbl_engine.offers.events import (
    Begun,
    CycleSuperseded,
    Decided,
    OfferEnded,
    OfferMoved,
    Proposed,
    TakenIn,
)
from cbl_engine.offers.record import Record
from cbl_engine.offers.unknown_names import unknown_names
from cbl_engine.records.chain import data_source
from cbl_engine.records.coming import Reading, recorded, taking_in
from cbl_engine.records.facts_apart import Facts
from cbl_engine.records.places import folder_called, kind_of
from cbl_engine.records.reads import extra_columns
from cbl_engine.records.rested_on import rested_on
from cbl_engine.records.state import (
    State,
    StateFolder,
    check_out,
    is_state,
    read_state,
    write_state,
)
from cbl_engine.records.trail import Trail
from cbl_engine.scheme import load_scheme
from cbl_engine.shortlist.advert_columns import record_problems
from cbl_engine.tables.needs import as_at_problems, whole_number_problems
from cbl_engine.tables.taking_in import in_order, news, taken_in
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from cbl_engine.offers.events import Event
    from cbl_engine.offers.record import Cycle
    from cbl_engine.records.trail import Run
    from cbl_engine.scheme import Scheme

_KEY_BYTES = 32

HAPPENED = (
    "adverts opened", "adverts held back", "adverts put right", "adverts closed", "bids set aside",
    "bids placed by the engine", "offers proposed", "other decisions proposed", "decisions taken",
    "decisions without a person", "proposals lapsed",
    "holds begun", "holds ended",
    "nominations", "invitations to view", "viewings", "offers that wait their turn", "offers made",
    "acceptances", "refusals",
    "refusals judged", "consequences begun", "consequences lifted", "duties that may end",
    "offers ended otherwise", "passed over", "passing over ended", "lettings", "lettings undone",
    "applications whose members are settled",
    "adverts not let", "steps after adverts not let", "outcomes quarantined",
)
"""What a summary of a cycle counts, in its order."""

_HAPPENED = {
    "advert_opened": "adverts opened", "advert_held_back": "adverts held back",
    "advert_corrected": "adverts put right", "advert_closed": "adverts closed",
    "bid_set_aside": "bids set aside", "bid_placed": "bids placed by the engine",
    "offer_proposed": "offers proposed", "held_for": "holds begun", "hold_ended": "holds ended",
    "refusal_judged": "refusals judged", "consequence_begun": "consequences begun",
    "consequence_lifted": "consequences lifted",
    "duty_may_end": "duties that may end", "passed_over": "passed over",
    "passing_over_ended": "passing over ended", "let_to": "lettings",
    "letting_undone": "lettings undone", "members_settled": "applications whose members are settled",
    "advert_unlet": "adverts not let",
    "rung_taken": "steps after adverts not let", "quarantined": "outcomes quarantined",
}
_MOVED = {
    "nominated": "nominations", "invited": "invitations to view", "attended": "offers that wait their turn",
    "offered": "offers made", "accepted": "acceptances",
}
_OF_OFFERS = ("offer", "direct_let")
"""Acts that are counted as offers proposed."""


def _happened(event: Event, viewed: Collection[str]) -> str:
    if isinstance(event, OfferMoved):
        return "viewings" if event.step == "attended" and event.offer in viewed else _MOVED[event.step]
    if isinstance(event, OfferEnded):
        return "refusals" if event.by == "refused" else "offers ended otherwise"
    if isinstance(event, Proposed):
        return "" if event.act in _OF_OFFERS else "other decisions proposed"
    if isinstance(event, Decided):
        if event.status == "lapsed":
            return "proposals lapsed"
        return "decisions without a person" if event.automated else "decisions taken"
    return _HAPPENED.get(event.kind, "")


@dataclass(frozen=True, eq=False)
class RecordedCycle:
    """A cycle that was run and is on record.

    Attributes:
        folder: the new state.
        cycle: what :func:`cbl_engine.offers.cycle.run_cycle` gave.
        superseded: runs that no longer count.
        not_read: files, sheets and database tables that are no table, among what was given.
        came: rows taken in: data, outcomes, and what was put right.
        rested_on: passing over that rests on a result put right, as
            :func:`~cbl_engine.records.rested_on.rested_on` has it; None: nothing was put right.
    """

    folder: StateFolder
    cycle: Cycle
    superseded: tuple[Run, ...]
    not_read: tuple[str, ...] = ()
    came: int = 0
    rested_on: pl.DataFrame | None = field(default=None, repr=False)

    def counts(self) -> dict[str, int]:
        """What happened, in the words of :data:`HAPPENED`, and how often."""
        offers = self.folder.tables["offers"]
        viewed = set(offers.filter(pl.col("viewed_on").is_not_null())["id"])
        found = Counter(_happened(event, viewed) for event in self.cycle.events)
        return {words: found[words] for words in HAPPENED}


def record_cycle(
    scheme: str | Path | Scheme,
    state: str | Path,
    as_at: date,
    out: str | Path,
    *,
    outcomes: str | Path | None = None,
    data: str | Path | None = None,
    rectify: str | Path | None = None,
    mapping: str | Path | None = None,
    unattended: bool = False,
    keep_going: bool = False,
    supersede: bool = False,
    seed: int | None = None,
    key: bytes | None = None,
    on_step: Callable[[str], None] = lambda _: None,
    on_problems: Callable[[Sequence[Problem]], None] = lambda _: None,
) -> RecordedCycle:
    """Run a cycle up to a day and write the state it leads to.

    Args:
        scheme: a loaded scheme, a path, or the name of a shipped one.
        state: a state folder; or, the first time, data to begin a record with: a folder of
            tables, ``.xlsx`` file, database URL or the name of a shipped borough.
        as_at: the last day.
        out: folder to write; there must be nothing.
        outcomes: what people did: a ``.csv``, ``.parquet`` or ``.xlsx`` file of outcomes.
        data: rows of any table that came since; those with the key of one that stands take its
            place, those that change nothing are left out.
        rectify: rows that put right what was recorded wrongly, taken in before the cycle, as such;
            no outcomes, and of bids and direct lets only those on record.
        mapping: how data become our tables; None takes their own, if any.
        unattended: approve what needs no judgement.
        keep_going: leave out bad rows (they are in ``<out>.problems.parquet`` beside the state),
            and quarantine outcomes that clash, instead of refusing.
        supersede: run again what the state covers from that day on; both stay in the trail. What was
            put right stands, and may be given again.
        seed: for lotteries; None: the state's, or 0.
        key: secret of a record that begins, 32 bytes; None draws it.
        on_step: told the name of each step as it begins.
        on_problems: told what was left out, when it keeps going.

    Raises:
        BadInput: everything wrong with what was given, in one report; nothing was written.
        PropertyError: the cycle broke a numbered property; nothing was written.
    """
    if wrong := list(_asked_wrongly(as_at, seed, key)):
        raise RunError(wrong)
    check_out(out)
    on_step("Reading the scheme and the state")
    rules, problems = _scheme(scheme)
    extras = extra_columns(rules) if rules is not None else {}
    reading = Reading(extras, mapping, as_at, problems, keep_going=keep_going)
    folder = read_state(state) if is_state(state) else None
    superseded: tuple[Run, ...] = ()
    given: dict[str, pl.DataFrame] = {}
    if folder is not None:
        now, superseded = _reopened(folder, as_at, supersede=supersede)
        if rules is not None:
            problems += _days_without_rules(rules, now.trail)
    elif supersede:
        raise _nothing_to_supersede(state, as_at)
    else:
        now, given = _begun(state, reading, key)
    on_step("Reading what came")
    as_recorded = now.tables
    now = reading.rectified(now, rectify, again=supersede)
    put_right = now.tables
    if rules is not None and "checks" in put_right and rectify is not None:
        right = news(as_recorded.get("checks"), put_right["checks"], "checks")
        reading.problems += unknown_names(rules, {"checks": right})
    given = reading.came(now, given, data, outcomes)
    if rules is not None and "applications" in now.tables and not reading.problems:
        coming = {t: taken_in(now.tables.get(t), rows, t) for t, rows in given.items()}
        reading.problems += record_problems(rules, {**now.tables, **coming}, as_at)
    if reading.problems or rules is None:
        raise BadInput(dict.fromkeys([*reading.problems, *reading.refused()]))
    if reading.left_out and keep_going:
        on_problems(reading.left_out)
    if seed is None:
        seed = folder.manifest["seed"] if folder is not None else 0
    on_step("Running the days")
    try:
        cycle = run_cycle(record_of(now), rules, given, as_at, unattended=unattended,
                          keep_going=keep_going, seed=seed)
    except BadInput as error:
        raise BadInput([*reading.refused(), *reading.placed(error.problems)]) from None
    if reading.refused():
        raise BadInput(reading.refused())
    on_step("Writing the state")
    after = now.after(cycle.events, cycle.rows, recorded)
    _check_tables(cycle.record.tables, after.tables)
    written = write_state(after, rules, out, as_at=as_at, seed=seed, unattended=unattended,
                          before=folder)
    if reading.left_out:
        pl.concat(reading.rejected).write_parquet(Path(f"{out}.problems.parquet"))
    came = sum(event.rows for event in after.trail.events[len(folder.trail.events) if folder else 0:]
               if isinstance(event, TakenIn) and event.why != "made")
    rests = rested_on(as_recorded, put_right, after.tables) if rectify is not None else None
    return RecordedCycle(written, cycle, superseded, reading.not_read, came, rests)


def _asked_wrongly(as_at: object, seed: object, key: object) -> Iterator[Problem]:
    """A last day that is none, a seed that is no whole number, a secret that could be guessed."""
    yield from as_at_problems(as_at)
    if seed is not None:
        yield from whole_number_problems(seed, "seed", "the seed", "an int, or None")
    if key is not None and not (isinstance(key, bytes) and len(key) == _KEY_BYTES):
        yield Problem("key", "the secret of a record is not as long as it has to be", where="key",
                      allowed=f"{_KEY_BYTES} bytes, or None to have them drawn")


def _scheme(scheme: str | Path | Scheme) -> tuple[Scheme | None, list[Problem]]:
    if not isinstance(scheme, (str, Path)):
        return scheme, []
    try:
        return load_scheme(scheme), []
    except SchemeError as error:
        return None, list(error.problems)


def _reopened(
    folder: StateFolder, as_at: date, *, supersede: bool
) -> tuple[State, tuple[Run, ...]]:
    """The record that a cycle up to a day starts from, and what it takes the place of."""
    covered = tuple(r for r in folder.trail.runs() if r.counts and r.as_at >= as_at)
    if covered and not supersede:
        raise RunError(
            [Problem("day_covered", "the state covers this day already", where=str(folder.path),
                     given=str(as_at), allowed=f"a day after {folder.as_at}",
                     remedy="Run that cycle again with --supersede: both stay in the trail")]
        )
    if not covered and supersede:
        raise _nothing_to_supersede(folder.path, as_at)
    events = [CycleSuperseded(on=as_at, cycle=r.cycle, first=r.first, last=r.last) for r in covered]
    return (folder.state.after(events, [], recorded) if events else folder.state), covered


def _days_without_rules(scheme: Scheme, trail: Trail) -> Iterator[Problem]:
    """A record's days on which the scheme that goes on with it is not in force.

    Letters, replays and bundles of those days are by the rules in force then.
    """
    days = sorted({event.on for _, event in trail.counting()})
    lost = [day for day in days if scheme.index_in_force(day) is None]
    if lost:
        yield Problem(
            "record_not_covered", "the record has days on which this scheme is not in force, and letters and "
            "replays of them go by the rules of then", where=scheme.documents[0].where(("in_force",)),
            given=f"{lost[0]} and {len(lost) - 1:,} more" if lost[1:] else str(lost[0]),
            allowed=f"a scheme with a version in force from {days[0]} on",
            remedy="Give a folder with the file of then beside this one, its in_force.until the day this begins",
        )


def _nothing_to_supersede(where: str | Path, as_at: date) -> RunError:
    return RunError(
        [Problem("nothing_to_supersede", "no cycle covers this day", where=str(where),
                 given=str(as_at), remedy="Leave --supersede out")]
    )


def _begun(
    source: str | Path, reading: Reading, key: bytes | None
) -> tuple[State, dict[str, pl.DataFrame]]:
    """A record that begins with the tables of a source of data.

    What may clash with the record, outcomes and checks, comes with the first cycle.
    """
    kind = kind_of(Path(source))
    if kind is not None:
        raise RunError(
            [Problem("not_a_state", f"this is {folder_called(kind)}, and no state",
                     where=str(source), allowed="a state folder, or data to begin a record with")]
        )
    rows = reading.read(data_source(source), {}, needs=("applications",))
    may_clash = {t: rows.pop(t) for t in ("outcomes", "checks") if t in rows}
    on = reading.as_at
    state = State(Trail(), Facts.none(secrets.token_bytes(_KEY_BYTES) if key is None else key), {})
    events = [Begun(on=on, engine=__version__), *taking_in(rows, on, "given")]
    return state.after(events, rows.items(), recorded), may_clash


def record_of(now: State) -> Record:
    """The record as the room of offers has it."""
    counting = [run for run in now.trail.runs() if run.counts]
    return Record(now.tables, counting[-1].as_at if counting else None, len(now.trail.events),
                  len(counting))


def _check_tables(said: Mapping[str, pl.DataFrame], made: Mapping[str, pl.DataFrame]) -> None:
    """Property 8: tables are what the events say."""
    for table, frame in said.items():
        one = in_order(table, made[table]) if table in made else None
        two = in_order(table, frame)
        if one is None and not two.height:
            continue
        if one is None or not same_rows(one, two):
            raise PropertyError(8, f"the table {table} is not what the events say")


def same_rows(one: pl.DataFrame, two: pl.DataFrame) -> bool:
    """Whether two frames hold the same; a column that is null everywhere may be missing."""
    def full(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(c.name for c in frame if c.null_count() < frame.height)

    return full(one).equals(full(two))
