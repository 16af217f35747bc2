"""Facts put right: what a correction is, and what is held that may be corrected."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

from cbl_engine.records.reads import columns_read, extra_columns
from cbl_engine.tables import columns_of, key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import polars as pl

    from cbl_engine.records.folder import RunFolder
    from cbl_engine.scheme import Scheme
    from cbl_engine.tables import Column

Place = tuple[Any, ...]


@dataclass(frozen=True)
class Correction:
    """One fact put right.

    Attributes:
        kind: ``change`` a value, ``add`` a row or ``remove`` one.
        table: the table.
        row: what names the row, by column; the whole row for ``add``.
        column: the column put right; None unless a value is.
        was, should_be: its values; None where the cell is empty.
        since: the day from which the value was wrong; None for always.
        reason, evidence: as written; evidence is None when none is named.
        at: numbers of the rows in the table held: one of a run, in a state each that held it;
            none for ``add``.
        households: applications that the row is or becomes a part of; none for adverts, homes and
            areas.
        place: where it stands in the file.
        where: the same as ``file:line:column``.
    """

    kind: str
    table: str
    row: Mapping[str, Any] = field(repr=False)
    column: str | None
    was: Any = field(repr=False)
    should_be: Any = field(repr=False)
    since: date | None
    reason: str
    evidence: str | None
    at: tuple[int, ...]
    households: frozenset[Any]
    place: Place = field(repr=False)
    where: str = field(repr=False)


@dataclass(frozen=True, eq=False)
class Held:
    """What is held of the past, and may be put right.

    Attributes:
        kind: ``run`` or ``state``, whose id a file of corrections may name.
        id: of the run or state.
        scheme: under which it was made.
        frames: rows by table. Of a state, every row that was ever taken in: the same row may have
            been taken in more than once, and a value is put right wherever it was held.
        read: the columns of each table that may be put right.
        beside: columns of frames that are no part of the tables.
    """

    kind: Literal["run", "state"]
    id: str
    scheme: Scheme
    frames: Mapping[str, pl.DataFrame] = field(repr=False)
    read: Mapping[str, Collection[str]]
    beside: Collection[str] = ()


def held_by_run(run: RunFolder) -> Held:
    """What a run folder holds: what the run read."""
    read = columns_read(run.scheme, run.frames)
    return Held("run", run.manifest["run_id"], run.scheme, run.frames, read)


@dataclass(frozen=True)
class HeldTable:
    """What may be corrected in one table."""

    name: str
    frame: pl.DataFrame = field(repr=False)
    columns: Mapping[str, Column]
    read: frozenset[str]
    several: bool

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that single out a row, as far as the table has any."""
        return key_of(self.name, self.frame.columns)


def tables_held(held: Held) -> Iterator[tuple[str, HeldTable]]:
    """The tables of a run or state in which something may be put right, by name."""
    extra = extra_columns(held.scheme)
    for name, read in held.read.items():
        if name in held.frames:
            columns = columns_of(name, extra.get(name, ()))
            yield name, HeldTable(name, held.frames[name], columns, frozenset(read) & set(columns),
                                  held.kind == "state")


def absolute(value: Any) -> Any:
    """A moment in UTC, anything else as it is.

    Python holds two moments of one zone equal that its clocks show alike, also in the hour that
    they show twice.
    """
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def same_value(one: Any, two: Any) -> bool:
    """Whether two values of a column are the same; times are compared as moments."""
    one = one.to_list() if hasattr(one, "to_list") else one
    if one is None or two is None:
        return one is two
    return bool(absolute(one) == absolute(two))
