"""A run's tables with facts put right: the rows, whether they fit, and the adverts they touch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.errors import BadInput, Problem, RunError
from cbl_engine.records.corrections import absolute
from cbl_engine.records.reads import extra_columns
from cbl_engine.tables import DTYPES, columns_of, key_of
from cbl_engine.tables.relations import RELATIONS, Checked, broken_relations
from cbl_engine.tables.rules import broken_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cbl_engine.records.corrections import Correction
    from cbl_engine.records.folder import RunFolder
    from cbl_engine.scheme import Scheme
    from cbl_engine.tables import Column
    from cbl_engine.tables.findings import Finding

    Row = dict[str, Any]
    Frames = Mapping[str, pl.DataFrame]



@dataclass(frozen=True)
class Corrected:
    """One table put right.

    Attributes:
        before: as the run has it.
        frame: put right; the rows that a correction wrote stand last.
        origin: the correction that wrote each of those.
        gone: rows that are no longer there, or there with other values.
    """

    before: pl.DataFrame = field(repr=False)
    frame: pl.DataFrame = field(repr=False)
    origin: Sequence[Correction]
    gone: pl.DataFrame = field(repr=False)

    @property
    def written(self) -> pl.DataFrame:
        """The rows that a correction wrote."""
        return self.frame.tail(len(self.origin))

    def touched(self, column: str) -> pl.Series:
        """Values of a column in the rows that were or are now there, each once."""
        if column not in self.frame.columns:
            return pl.Series([], dtype=pl.String)
        parts = [f[column] for f in (self.gone, self.written) if column in f.columns]
        return pl.concat([p.cast(self.frame.schema[column]) for p in parts]).drop_nulls().unique()


def corrected_tables(
    run: RunFolder, corrections: Sequence[Correction]
) -> tuple[dict[str, pl.DataFrame], pl.Series]:
    """The run's tables with facts put right, and the adverts whose shortlist that may change.

    An advert's shortlist hangs on its own columns and its home's, the bids on it, and the facts of
    the households that bid; on nothing else. A correction of an area is taken to touch them all.

    Raises:
        RunError: the corrected rows do not fit their table or one another.
    """
    tables = {
        name: corrected(run.scheme, name, run.frames[name], [c for c in corrections if c.table == name])
        for name in dict.fromkeys(c.table for c in corrections)
    }
    frames = {**run.frames, **{name: table.frame for name, table in tables.items()}}
    problems = [p for name, table in tables.items() for p in _misfits(run, name, table, frames)]
    if problems:
        raise RunError(dict.fromkeys(problems))
    return frames, _adverts_touched(run.frames, frames, tables, corrections)


def corrected(
    scheme: Scheme, name: str, frame: pl.DataFrame, corrections: Sequence[Correction]
) -> Corrected:
    """A table with facts put right.

    Args:
        scheme: whose columns the table has.
        name: of the table.
        frame: the rows that the corrections were checked against.
        corrections: those of this table.
    """
    changed = [c for c in corrections if c.kind == "change"]
    rows: list[Row] = []
    origin: list[Correction] = []
    for at in dict.fromkeys(n for c in changed for n in c.at):
        mine = [c for c in changed if at in c.at]
        # What holds from a later day is written over what holds from an earlier one.
        mine.sort(key=lambda c: (c.since is not None, c.since))
        pieces = [frame.row(at, named=True)]
        for one in mine:
            pieces = [new for piece in pieces for new in _put_right(piece, one)]
        rows += pieces
        origin += [mine[-1]] * len(pieces)
    for one in corrections:
        if one.kind == "add":
            rows.append(dict(one.row))
            origin.append(one)
    left = [n for c in corrections for n in c.at]
    staying = np.ones(frame.height, bool)
    staying[left] = False
    columns = columns_of(name, extra_columns(scheme).get(name, ()))
    written = _frame_of(rows, columns, frame)
    kept = frame.filter(pl.Series(staying))
    return Corrected(
        frame, pl.concat([kept, written], how="diagonal_relaxed"), origin,
        frame.filter(pl.Series(~staying)),
    )


def _put_right(row: Row, correction: Correction) -> Iterator[Row]:
    """The row put right; in two versions when it was wrong only from a day on."""
    right = {**row, correction.column or "": correction.should_be}
    since = correction.since
    start, end = row.get("valid_from"), row.get("valid_to")
    if since is None or (start is not None and start >= since):
        yield right
    elif end is not None and end <= since:
        yield row
    else:
        yield {**row, "valid_from": start, "valid_to": since}
        yield {**right, "valid_from": since, "valid_to": end}


def _frame_of(
    rows: list[Row], columns: Mapping[str, Column], like: pl.DataFrame
) -> pl.DataFrame:
    """Rows as a frame of the table's types; columns it had not are added."""
    names = dict.fromkeys([*like.columns, *(n for row in rows for n in row)])
    dtypes = {
        n: like.schema[n] if n in like.columns and like.schema[n] != pl.Null
        else DTYPES[columns[n].type]
        for n in names
    }
    return pl.DataFrame(
        [pl.Series(n, [absolute(row.get(n)) for row in rows], d) for n, d in dtypes.items()]
    )


def _misfits(
    run: RunFolder, name: str, table: Corrected, frames: Frames
) -> Iterator[Problem]:
    """Corrected rows that break a rule of their table or refer to what is not there."""
    frame, first = table.frame, table.frame.height - len(table.origin)
    columns = columns_of(name, extra_columns(run.scheme).get(name, ()))
    number = pl.int_range(frame.height, eager=True, dtype=pl.Int64).alias("row_number")
    key = key_of(name, frame.columns)[:1]
    alike = pl.Series(np.arange(frame.height) >= first)
    if key:
        alike |= frame[key[0]].is_in(table.written[key[0]].implode())
    some, rows = frame.filter(alike), number.filter(alike)
    found = broken_rules(name, some, columns, rows)
    found += [f for f in broken_relations(_checked(name, frames)) if f.table == name]
    yield from _told(found, table, first)
    if name == "adverts" and {"opens_at", "closes_at"} & {c.column for c in table.origin}:
        yield from _windows(table, frames)


def _checked(name: str, frames: Frames) -> dict[str, Checked]:
    """The table and those it refers to, with the number of each row as its source row."""
    wanted = {name, *(r.target for r in RELATIONS if r.table == name)}
    return {
        n: Checked(f, pl.int_range(f.height, eager=True, dtype=pl.Int64), np.zeros(f.height, bool))
        for n, f in frames.items()
        if n in wanted
    }


def _told(found: Iterable[Finding], table: Corrected, first: int) -> Iterator[Problem]:
    for finding in found:
        for row in finding.rows.to_list():
            if row >= first:
                origin = table.origin[row - first]
                yield Problem(
                    finding.kind, f"{origin.table}.{finding.column}: {finding.message}",
                    origin.where, allowed=finding.allowed,
                )


def _windows(table: Corrected, frames: Frames) -> Iterator[Problem]:
    """Adverts whose corrected window leaves out a bid that was placed."""
    adverts = table.written
    bids = frames["bids"].filter(pl.col("advert").is_in(adverts["id"].implode()))
    checked = {
        n: Checked(f, pl.int_range(f.height, eager=True, dtype=pl.Int64), np.zeros(f.height, bool))
        for n, f in (("adverts", adverts), ("bids", bids))
    }
    for finding in broken_relations(checked):
        if finding.kind != "bid_outside_window":
            continue
        outside = set(bids["advert"].gather(finding.rows))
        for advert, origin in zip(adverts["id"], table.origin, strict=True):
            if advert in outside:
                yield Problem(
                    finding.kind, f"{finding.message}: {advert}", origin.where,
                    remedy="Correct or remove those bids too",
                )


def _adverts_touched(
    before: Frames, after: Frames, tables: Mapping[str, Corrected],
    corrections: Sequence[Correction],
) -> pl.Series:
    adverts = pl.concat([f["adverts"].select("id") for f in (before, after)])["id"].unique()
    if "areas" in tables:
        return adverts.sort()
    ids = adverts.dtype
    households = sorted({h for c in corrections for h in c.households}, key=str)
    both = [f["bids"].select("advert", "application") for f in (before, after)]
    own = pl.Series(households, dtype=both[0].schema["application"]).implode()
    found = [b.filter(pl.col("application").is_in(own))["advert"].cast(ids) for b in both]
    if "bids" in tables:
        found.append(tables["bids"].touched("advert").cast(ids))
    if "adverts" in tables:
        found.append(tables["adverts"].touched("id").cast(ids))
    if "homes" in tables:
        for frame in (before["adverts"], after["adverts"]):
            for column, of_home in (("home", "id"), ("home_group", "home_group")):
                if column in frame.columns:
                    names = tables["homes"].touched(of_home)
                    theirs = frame[column].cast(pl.String).is_in(names.cast(pl.String).implode())
                    found.append(frame.filter(theirs)["id"].cast(ids))
    return pl.concat(found).unique().sort()


def refusal(error: BadInput, file: str) -> RunError:
    """What the engine says of corrected tables, as problems of the file that corrects them."""
    return RunError(
        Problem(p.kind, f"as corrected, {p.message}", f"{file}: {p.where}" if p.where else file,
                allowed=p.allowed, given=p.given, remedy=p.remedy, count=p.count, rows=p.rows)
        for p in error.problems
    )
