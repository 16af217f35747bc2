"""What comes to a cycle: files read and checked, and what of them says something new."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from cbl_engine.errors import MAX_EXAMPLES, Problem
from cbl_engine.offers.book import Book
from cbl_engine.offers.events import TakenIn
from cbl_engine.records.chain import data_source
from cbl_engine.records.facts_apart import subjects_of
from cbl_engine.records.waiting import FORM_COLUMN
from cbl_engine.tables import LINEAGE_COLUMNS, TABLES, read_tables
from cbl_engine.tables.dtypes import with_text_ids
from cbl_engine.tables.mapping import read_mapping
from cbl_engine.tables.taking_in import completed, news, place_of, taken_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cbl_engine.offers.events import Event
    from cbl_engine.records.state import State
    from cbl_engine.tables import ExtraColumn, Tables


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


def taking_in(
    rows: Mapping[str, pl.DataFrame], on: date, why: Literal["given", "rectified"]
) -> list[TakenIn]:
    """The events of tables that come to a record."""
    return [TakenIn(on=on, table=t, rows=f.height, digest="", why=why) for t, f in rows.items()]


@dataclass(eq=False)
class Reading:
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
        not_read: files, sheets and database tables of folders, workbooks and databases that are no
            table.
    """

    extras: Mapping[str, Sequence[ExtraColumn]]
    mapping: str | Path | None
    as_at: date
    problems: list[Problem]
    keep_going: bool
    left_out: tuple[Problem, ...] = ()
    rejected: list[pl.DataFrame] = field(default_factory=list, repr=False)
    places: dict[str, str] = field(default_factory=dict)
    not_read: tuple[str, ...] = ()

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
        """The good rows of a source, by table, without where they came from.

        With ``keep_going`` bids outside the time their advert is open come too: the record sets them
        aside as ``closed``, so that what became of them can be shown.
        """
        mapping = self.mapping if only is None or self._maps(only) else None
        found: Tables = read_tables(source, self.extras, needs, mapping=mapping, strict=False,
                                    standing=standing, only=only, windows=not self.keep_going)
        if only is None:
            self._unread(source, found)
        rows = tuple(p for p in found.problems if p.rows)
        self.problems += [p for p in found.problems if not p.rows and p not in self.problems]
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

    def _maps(self, table: str) -> bool:
        """Whether the mapping says how this table is written; else it is as the engine's form has it."""
        if self.mapping is None:
            return False
        mapping, problems = read_mapping(Path(self.mapping))
        return bool(problems) or table in mapping.sources

    def _unread(self, source: str | Path, found: Tables) -> None:
        """What is no table is told; a source without any table is refused."""
        self.not_read += tuple(n for n in found.ignored_files if n not in self.not_read)
        if not found.sources and not found.problems:
            self.problems.append(Problem(
                "no_table", "there is no table in it", where=str(source),
                given=", ".join(found.ignored_files[:MAX_EXAMPLES]),
                allowed=f"files, sheets or database tables called {', '.join(TABLES)}",
                remedy="Name them so, or say in a mapping which is which"))

    def rectified(self, now: State, source: str | Path | None, *, again: bool = False) -> State:
        """The record with what was wrong put right.

        Args:
            now: the record.
            source: the rows as they should have been; None: nothing was wrong.
            again: weeks are run again, so that what was put right then may be given again: it was no
                part of them, and stands.
        """
        if source is None:
            return now
        before = len(self.problems), len(self.left_out)
        rows = self._news(now, self.read(data_source(source), now.tables))
        self._only_put_right(now, rows)
        if not rows and not again and before == (len(self.problems), len(self.left_out)):
            self.problems.append(Problem(
                "nothing_rectified", "nothing here differs from what is recorded",
                where=str(source), remedy="Give the rows as they should have been"))
        if not rows:
            return now
        return now.after(taking_in(rows, self.as_at, "rectified"), rows.items(), recorded)

    def _only_put_right(self, now: State, rows: dict[str, pl.DataFrame]) -> None:
        """What people did is put right by no row: what followed from it stays as it is."""
        if "outcomes" in rows:
            ids = rows["outcomes"]["id"].sort()
            self.problems.append(Problem(
                "outcome_rectified", "outcomes are what people did, and nothing follows from one "
                "that is put right", where="outcomes.id", count=len(ids),
                rows=self._with_places("outcomes", ids),
                remedy="Give what was done since with --outcomes; run the week of one that was "
                "recorded wrongly again with --supersede and the outcome as it was"))
        for table in ("bids", "direct_lets"):
            if table not in rows:
                continue
            key = list(place_of(table, rows[table].columns))
            stood = now.tables.get(table)
            new = rows[table] if stood is None else rows[table].join(stood, on=key, how="anti")
            if new.height:
                names = new.select(pl.concat_str(key[:2], separator="/").sort()).to_series()
                self.problems.append(Problem(
                    "new_and_rectified", "rows that are new to the record put nothing right",
                    where=table, count=new.height, rows=tuple(names.head(MAX_EXAMPLES)),
                    remedy="Give them with --data: what comes late is dealt with on the first day"))

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
        rows: dict[str, pl.DataFrame] = {}
        for lot in lots:
            for table, frame in lot.items():
                stood = rows.get(table)
                rows[table] = frame if stood is None else taken_in(
                    stood, completed(stood, frame, table), table)
        if several:
            rows["outcomes"] = pl.concat(several, how="diagonal_relaxed")
            self._twice(rows["outcomes"])
        new = self._news(now, rows)
        self._used(now, new)
        return new

    def _twice(self, outcomes: pl.DataFrame) -> None:
        twice = outcomes.filter(pl.col("id").is_duplicated())["id"].unique().sort()
        if len(twice):
            self.problems.append(Problem(
                "duplicate_key", "two outcomes have one id", where="outcomes.id",
                count=len(twice), rows=tuple(map(str, twice.head(MAX_EXAMPLES)))))

    def _used(self, now: State, new: Mapping[str, pl.DataFrame]) -> None:
        """An outcome has an id of its own: the one that was applied stays on record."""
        if "outcomes" not in new or "outcomes" not in now.tables:
            return
        used = new["outcomes"].join(now.tables["outcomes"], on="id", how="semi")["id"].sort()
        if len(used):
            self.problems.append(Problem(
                "outcome_id_used", "an outcome of this id is on record, and says something else",
                where="outcomes.id", count=len(used),
                rows=self._with_places("outcomes", used),
                remedy="Give each outcome an id that none had; what was recorded stays as it was"))

    def _with_places(self, table: str, ids: pl.Series) -> tuple[str, ...]:
        """A few ids, each with the file and row that it came from."""
        return tuple(f"{key} ({self.places[f'{table}.{key}']})" for key in ids.head(MAX_EXAMPLES))

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
                    where=table, count=len(back), rows=tuple(back[:MAX_EXAMPLES]),
                    remedy="Leave them out of the data; one who applies again has a new application"))
        return {table: frame for table, frame in new.items() if frame.height}
