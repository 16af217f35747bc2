"""A cycle from files: what came is read and checked, the days are run, a new state is written.

Nothing is changed in place. Whatever is wrong is told in one report, and then nothing is written.
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from cbl_engine.errors import BadInput, Problem, PropertyError, RunError, SchemeError
from cbl_engine.offers.book import Book
from cbl_engine.offers.cycle import run_cycle
from cbl_engine.offers.events import (
    Begun,
    CycleSuperseded,
    Decided,
    OfferEnded,
    OfferMoved,
    TakenIn,
)
from cbl_engine.offers.record import Record
from cbl_engine.records.chain import data_source
from cbl_engine.records.facts_apart import Facts, subjects_of
from cbl_engine.records.places import kind_of
from cbl_engine.records.reads import extra_columns
from cbl_engine.records.state import (
    State,
    StateFolder,
    check_out,
    is_state,
    read_state,
    write_state,
)
from cbl_engine.records.trail import Trail
from cbl_engine.records.waiting import FORM_COLUMN
from cbl_engine.scheme import load_scheme
from cbl_engine.shortlist.register_check import register_problems
from cbl_engine.tables import LINEAGE_COLUMNS, Tables, read_tables
from cbl_engine.tables.dtypes import with_text_ids
from cbl_engine.tables.taking_in import in_order, news, taken_in
from cbl_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cbl_engine.offers.events import Event
    from cbl_engine.offers.record import Cycle
    from cbl_engine.records.trail import Run
    from cbl_engine.scheme import Scheme
    from cbl_engine.tables import ExtraColumn

_KEY_BYTES = 32

HAPPENED = (
    "adverts opened", "adverts held back", "adverts closed", "bids set aside",
    "bids placed by the engine", "offers proposed", "decisions taken", "decisions without a person",
    "nominations", "invitations to view", "offers made", "acceptances", "refusals",
    "offers ended otherwise", "passed over", "lettings", "lettings undone", "adverts not let",
    "outcomes quarantined",
)
"""What a summary of a cycle counts, in its order."""

_HAPPENED = {
    "advert_opened": "adverts opened", "advert_held_back": "adverts held back",
    "advert_closed": "adverts closed", "bid_set_aside": "bids set aside",
    "bid_placed": "bids placed by the engine", "offer_proposed": "offers proposed",
    "passed_over": "passed over", "let_to": "lettings", "letting_undone": "lettings undone",
    "advert_unlet": "adverts not let", "quarantined": "outcomes quarantined",
}
_MOVED = {
    "nominated": "nominations", "invited": "invitations to view", "offered": "offers made",
    "accepted": "acceptances",
}


def _happened(event: Event) -> str:
    if isinstance(event, OfferMoved):
        return _MOVED.get(event.step, "")
    if isinstance(event, OfferEnded):
        return "refusals" if event.by == "refused" else "offers ended otherwise"
    if isinstance(event, Decided):
        return "decisions without a person" if event.automated else "decisions taken"
    return _HAPPENED.get(event.kind, "")


@dataclass(frozen=True, eq=False)
class RecordedCycle:
    """A cycle that was run and is on record.

    Attributes:
        folder: the new state.
        cycle: what :func:`cbl_engine.offers.cycle.run_cycle` gave.
        superseded: runs that no longer count.
    """

    folder: StateFolder
    cycle: Cycle
    superseded: tuple[Run, ...]

    def counts(self) -> dict[str, int]:
        """What happened, in the words of :data:`HAPPENED`, and how often."""
        found = Counter(_happened(event) for event in self.cycle.events)
        return {words: found[words] for words in HAPPENED}


def recorded(
    events: Iterable[tuple[int, Event, pl.DataFrame | None]],
) -> Mapping[str, pl.DataFrame]:
    """The tables that the record makes of its events.

    Args:
        events: number, event, and the rows it takes in for a table of the record.
    """
    book = Book()
    for n, event, rows in events:
        book.apply(event, rows, n)
    return book.tables()


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
        rectify: rows that put right what was recorded wrongly, taken in before the cycle, as such.
        mapping: how data become our tables; None takes their own, if any.
        unattended: approve what needs no judgement.
        keep_going: leave out bad rows (they are in ``<out>.problems.parquet`` beside the state),
            and quarantine outcomes that clash, instead of refusing.
        supersede: run again what the state covers from that day on; both stay in the trail.
        seed: for lotteries; None: the state's, or 0.
        key: secret of a record that begins, 32 bytes; None draws it.
        on_step: told the name of each step as it begins.
        on_problems: told what was left out, when it keeps going.

    Raises:
        BadInput: everything wrong with what was given, in one report; nothing was written.
        PropertyError: the cycle broke a numbered property; nothing was written.
    """
    check_out(out)
    on_step("Reading the scheme and the state")
    rules, problems = _scheme(scheme)
    extras = extra_columns(rules) if rules is not None else {}
    reading = _Reading(extras, mapping, as_at, problems, keep_going=keep_going)
    folder = read_state(state) if is_state(state) else None
    superseded: tuple[Run, ...] = ()
    given: dict[str, pl.DataFrame] = {}
    if folder is not None:
        now, superseded = _reopened(folder, as_at, supersede=supersede)
    elif supersede:
        raise _nothing_to_supersede(state, as_at)
    else:
        now, given = _begun(state, reading, key)
    on_step("Reading what came")
    now = reading.rectified(now, rectify)
    given = reading.came(now, given, data, outcomes)
    if rules is not None and "applications" in now.tables and not reading.problems:
        coming = {t: taken_in(now.tables.get(t), rows, t) for t, rows in given.items()}
        reading.problems += register_problems(rules, {**now.tables, **coming}, as_at)
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
    return RecordedCycle(written, cycle, superseded)


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


def _nothing_to_supersede(where: str | Path, as_at: date) -> RunError:
    return RunError(
        [Problem("nothing_to_supersede", "no cycle covers this day", where=str(where),
                 given=str(as_at), remedy="Leave --supersede out")]
    )


def _begun(
    source: str | Path, reading: _Reading, key: bytes | None
) -> tuple[State, dict[str, pl.DataFrame]]:
    """A record that begins with the tables of a source of data.

    What may clash with the record, outcomes and checks, comes with the first cycle.
    """
    kind = kind_of(Path(source))
    if kind is not None:
        raise RunError(
            [Problem("not_a_state", f"this is the folder of a {kind}, and no state",
                     where=str(source), allowed="a state folder, or data to begin a record with")]
        )
    rows = reading.read(data_source(source), {}, needs=("applications",))
    may_clash = {t: rows.pop(t) for t in ("outcomes", "checks") if t in rows}
    on = reading.as_at
    state = State(Trail(), Facts.none(key or secrets.token_bytes(_KEY_BYTES)), {})
    events = [Begun(on=on, engine=__version__), *_taking_in(rows, on, "given")]
    return state.after(events, rows.items(), recorded), may_clash


def _taking_in(rows: Mapping[str, pl.DataFrame], on: date, why: Literal["given", "rectified"]) -> list[TakenIn]:
    return [TakenIn(on=on, table=t, rows=f.height, digest="", why=why) for t, f in rows.items()]


@dataclass(eq=False)
class _Reading:
    """Reads what is given, and keeps what is wrong with it.

    Attributes:
        extras: columns that the scheme declares.
        mapping: how data become our tables.
        as_at: the last day of the cycle.
        problems: what keeps the cycle from being run.
        keep_going: leave out bad rows.
        left_out: problems of rows that are left out; without ``keep_going`` the days are run
            without them all the same, so that one report has what clashes as well.
        rejected: those rows, as :class:`~cbl_engine.tables.Tables` has them.
        places: of each outcome and check, ``table.id``: the file and row it came from.
    """

    extras: Mapping[str, Sequence[ExtraColumn]]
    mapping: str | Path | None
    as_at: date
    problems: list[Problem]
    keep_going: bool
    left_out: tuple[Problem, ...] = ()
    rejected: list[pl.DataFrame] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    def refused(self) -> tuple[Problem, ...]:
        """Problems of rows for which nothing is written."""
        return () if self.keep_going else self.left_out

    def placed(self, problems: Iterable[Problem]) -> Iterator[Problem]:
        """Problems of rows with the file and row that each came from."""
        follows = "; may follow from rows that could not be read" if self.refused() else ""
        for problem in problems:
            if problem.where not in self.places:
                yield problem
                continue
            where = f"{self.places[problem.where]} ({problem.where})"
            yield replace(problem, where=where, message=problem.message + follows)

    def read(
        self, source: str | Path, standing: Mapping[str, pl.DataFrame],
        needs: tuple[str, ...] = (), only: str | None = None,
    ) -> dict[str, pl.DataFrame]:
        """The good rows of a source, by table, without where they came from."""
        mapping = self.mapping if only is None else None
        found: Tables = read_tables(source, self.extras, needs, mapping=mapping, strict=False,
                                    standing=standing, only=only)
        rows = tuple(p for p in found.problems if p.rows)
        self.problems += [p for p in found.problems if not p.rows]
        if rows:
            self.left_out += rows
            self.rejected.append(found.rejected)
        for table in set(found.frames) & {"outcomes", "checks"}:
            self.places |= {
                f"{table}.{key}": f"{name}:{row}" for key, name, row in
                found.frames[table].select("id", *LINEAGE_COLUMNS).iter_rows()
            }
        return {t: with_text_ids(t, f.drop(*LINEAGE_COLUMNS, strict=False))
                for t, f in sorted(found.frames.items())}

    def rectified(self, now: State, source: str | Path | None) -> State:
        """The record with what was wrong put right."""
        if source is None:
            return now
        rows = self._news(now, self.read(data_source(source), now.tables))
        if not rows:
            self.problems.append(Problem(
                "nothing_rectified", "nothing here differs from what is recorded",
                where=str(source), remedy="Give the rows as they should have been"))
            return now
        return now.after(_taking_in(rows, self.as_at, "rectified"), rows.items(), recorded)

    def came(
        self, now: State, given: Mapping[str, pl.DataFrame], data: str | Path | None,
        outcomes: str | Path | None,
    ) -> dict[str, pl.DataFrame]:
        """What came since: the rows that say something new."""
        lots = [given]
        if data is not None:
            lots.append(self.read(data_source(data), now.tables))
        if outcomes is not None:
            lots.append(self.read(outcomes, now.tables, needs=("outcomes",), only="outcomes"))
        several = [lot["outcomes"].drop(FORM_COLUMN, strict=False)
                   for lot in lots if "outcomes" in lot]
        rows = {table: frame for lot in lots for table, frame in lot.items()}
        if several:
            rows["outcomes"] = pl.concat(several, how="diagonal_relaxed")
            self._twice(rows["outcomes"])
        return self._news(now, rows)

    def _twice(self, outcomes: pl.DataFrame) -> None:
        twice = outcomes.filter(pl.col("id").is_duplicated())["id"].unique().sort()
        if len(twice):
            self.problems.append(Problem(
                "duplicate_key", "two outcomes have one id", where="outcomes.id",
                count=len(twice), rows=tuple(map(str, twice.head(5)))))

    def _news(
        self, now: State, rows: Mapping[str, pl.DataFrame]
    ) -> dict[str, pl.DataFrame]:
        new = {table: news(now.tables.get(table), frame, table)
               for table, frame in sorted(rows.items())}
        erased = set(now.erased())
        for table, frame in new.items():
            if not erased:
                break
            back = sorted(set(subjects_of(table, frame).drop_nulls()) & erased)
            if back:
                self.problems.append(Problem(
                    "application_erased", "rows of an application whose facts were erased",
                    where=table, count=len(back), rows=tuple(back[:5]),
                    remedy="Leave them out of the data; one who applies again has a new application"))
        return {table: frame for table, frame in new.items() if frame.height}


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
