"""The quality of data for a scheme: rows, columns, habits, what cannot be judged, what it will do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from cbl_engine.errors import BadInput, TableError
from cbl_engine.quality.habits import find_habits, last_close
from cbl_engine.quality.needed import columns_needed
from cbl_engine.quality.unknowns import NotKnown, not_known
from cbl_engine.records import Inputs, check_inputs
from cbl_engine.records.chain import extra_columns
from cbl_engine.shortlist import prepare, shortlist
from cbl_engine.tables import LINEAGE_COLUMNS, TABLES, as_at_problems, columns_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    import polars as pl

    from cbl_engine.errors import Problem
    from cbl_engine.quality.habit import Habit, Harm, Purpose
    from cbl_engine.scheme import Scheme
    from cbl_engine.shortlist import Shortlist
    from cbl_engine.tables import Column, Tables

PURPOSES: Mapping[Purpose, str] = {
    "shortlist": "A shortlist of today",
    "replay": "A past shortlist, replayed",
    "fitting": "Fitting a simulator",
}
_FEW_BIDS = 1000
_MANY_NOT_KNOWN = 0.1
_FEW_ROWS = 0.01


@dataclass(frozen=True, slots=True)
class ColumnQuality:
    """One column: its declared type (empty: not declared), whether rules read it, how full it is.

    Attributes:
        name: the column.
        type: as in the data dictionary.
        read: the scheme needs it.
        filled: share of good rows that have a value; None when the column is not there.
    """

    name: str
    type: str
    read: bool
    filled: float | None


@dataclass(frozen=True, slots=True)
class TableQuality:
    """One table: where it came from, how many rows are good and how many are not."""

    name: str
    sources: tuple[str, ...]
    rows: int
    rejected: int
    columns: tuple[ColumnQuality, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the data will do for one purpose, and why not more.

    Attributes:
        purpose: shortlist, replay or fitting.
        label: in words.
        answer: yes, with care, or no.
        reasons: what stands in the way.
    """

    purpose: Purpose
    label: str
    answer: Literal["yes", "with care", "no"]
    reasons: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class DataQuality:
    """Everything that is to be said about some data for a scheme.

    Attributes:
        scheme: None when it cannot be loaded.
        today: day the data are looked at from; None without adverts or an as-at date.
        tables: those that were found.
        problems: what is wrong, in scheme and data.
        notes: what was read otherwise than it is written, placeholder dates among them.
        habits: what is in order cell by cell and yet cannot be the whole truth.
        not_known: criteria and keys that cannot be judged for some; None when no shortlist could
            be made.
        verdicts: what the data will do.
    """

    scheme: Scheme | None
    today: date | None
    tables: tuple[TableQuality, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    habits: tuple[Habit, ...]
    not_known: tuple[NotKnown, ...] | None
    verdicts: tuple[Verdict, ...]


def data_quality(
    scheme: str | Path | Scheme,
    data: str | Path,
    as_at: date | Literal["close"] = "close",
    mapping: str | Path | None = None,
) -> DataQuality:
    """Look at the quality of data for a scheme.

    Args:
        scheme: a loaded scheme, a path, or the name of a shipped one.
        data: folder, ``.xlsx`` file, database URL, or the name of a shipped borough.
        as_at: day the data are judged at; ``close`` looks from the day the last advert closes.
        mapping: how the data become our tables; None takes the folder's own, if any.

    Raises:
        TableError: the as-at date is neither a date nor ``close``.
    """
    if as_at != "close" and (wrong := list(as_at_problems(as_at))):
        raise TableError(wrong)
    return quality_of(check_inputs(scheme, data, as_at, mapping), as_at)


def quality_of(inputs: Inputs, as_at: date | Literal["close"] = "close") -> DataQuality:
    """The quality of inputs that have been read."""
    frames = inputs.tables.frames if inputs.tables is not None else {}
    today = last_close(frames) if as_at == "close" else as_at
    habits = find_habits(frames, today)
    result = _shortlist(inputs, frames, as_at)
    unknown = None
    if result is not None:
        # A register without a day is judged on the first day of its scheme.
        on = today or result.prepared.scheme.versions[-1].in_force.from_
        unknown = not_known(result, on)
    notes = inputs.tables.notes if inputs.tables is not None else ()
    return DataQuality(
        inputs.scheme,
        today,
        tuple(_tables(inputs, frames)),
        inputs.problems,
        notes,
        habits,
        unknown,
        tuple(_verdicts(inputs, frames, habits, unknown)),
    )


def quality_of_history(tables: Tables, today: date | None = None) -> DataQuality:
    """The quality of a history for fitting a simulator, without a scheme.

    Args:
        tables: what was read.
        today: day from which a date is in the future; None takes the day the last advert closes.
    """
    habits = find_habits(tables.frames, today)
    found: list[tuple[Harm, str]] = []
    if tables.problems:
        found.append(("care", "rows are left out: see the problems"))
    found += _of_habits(habits, "fitting")
    inputs = Inputs(None, tables, tables.problems)
    return DataQuality(
        None, today, tuple(_tables(inputs, tables.frames)), tables.problems, tables.notes, habits,
        None, (_verdict("fitting", found),),
    )


def _shortlist(
    inputs: Inputs, frames: Mapping[str, pl.DataFrame], as_at: date | Literal["close"]
) -> Shortlist | None:
    if inputs.scheme is None or not {"applications", "adverts", "bids"} <= set(frames):
        return None
    try:
        prepared = prepare(inputs.scheme, frames, as_at)
        return shortlist(prepared, frames["adverts"], frames["bids"], frames.get("homes"))
    except BadInput:
        # Said among the problems already.
        return None


def _tables(inputs: Inputs, frames: Mapping[str, pl.DataFrame]) -> Iterator[TableQuality]:
    if inputs.tables is None:
        return
    needed = columns_needed(inputs.scheme) if inputs.scheme is not None else {}
    extras = extra_columns(inputs.scheme) if inputs.scheme is not None else {}
    rejected = inputs.tables.rejected
    for table in TABLES:
        if table not in inputs.tables.sources:
            continue
        frame = frames.get(table)
        bad = rejected.filter(table=table)
        yield TableQuality(
            table,
            inputs.tables.sources[table],
            frame.height if frame is not None else 0,
            bad.drop_nulls("source_row").select("source_name", "source_row").n_unique(),
            tuple(_columns(columns_of(table, extras.get(table, ())), frame, needed.get(table, ()))),
        )


def _columns(
    declared: Mapping[str, Column], frame: pl.DataFrame | None, needed: Collection[str]
) -> Iterator[ColumnQuality]:
    have = [] if frame is None else [c for c in frame.columns if c not in LINEAGE_COLUMNS]
    for name in (*have, *(n for n in needed if n not in have)):
        filled = None
        if frame is not None and name in have:
            filled = 1 - frame[name].null_count() / frame.height if frame.height else 0.0
        kind = declared[name].type if name in declared else ""
        yield ColumnQuality(name, kind, name in needed, filled)


def _verdicts(
    inputs: Inputs,
    frames: Mapping[str, pl.DataFrame],
    habits: tuple[Habit, ...],
    unknown: tuple[NotKnown, ...] | None,
) -> Iterator[Verdict]:
    for purpose in PURPOSES:
        found: list[tuple[Harm, str]] = []
        missing = [t for t in ("applications", "adverts", "bids") if t not in frames]
        if missing:
            found.append(("no", f"no usable table of {', '.join(missing)}"))
        elif unknown is None:
            found.append(("no", "no shortlist can be made: see the problems"))
        elif inputs.problems:
            found.append(("care", "rows are left out: see the problems"))
        for one in unknown or ():
            if one.bids > _MANY_NOT_KNOWN * max(1, one.bids_out_of):
                share = f"{one.bids / one.bids_out_of:.0%}"
                found.append(("care", f"“{one.label}” is not known for {share} of the bids"))
        bids = frames.get("bids")
        if purpose == "fitting" and bids is not None and bids.height < _FEW_BIDS:
            found.append(("care", f"only {bids.height:,} bids; {_FEW_BIDS:,} are a beginning"))
        found += _of_habits(habits, purpose)
        yield _verdict(purpose, found)


def _of_habits(habits: tuple[Habit, ...], purpose: Purpose) -> Iterator[tuple[Harm, str]]:
    for habit in habits:
        harm = _harm(habit, purpose)
        if harm:
            yield harm, f"{habit.what} ({habit.table})"


def _verdict(purpose: Purpose, found: list[tuple[Harm, str]]) -> Verdict:
    harms = {harm for harm, _ in found}
    answer = "no" if "no" in harms else "with care" if harms else "yes"
    ordered = sorted(found, key=lambda one: one[0] != "no")
    reasons = tuple(dict.fromkeys(text for _, text in ordered))
    return Verdict(purpose, PURPOSES[purpose], answer, reasons)


def _harm(habit: Habit, purpose: Purpose) -> Harm | None:
    """What a habit does to a purpose; one of few rows less than one of many."""
    harm = habit.harms.get(purpose)
    few = 0 < habit.count < _FEW_ROWS * habit.out_of
    if not few:
        return harm
    return "care" if harm == "no" else None
