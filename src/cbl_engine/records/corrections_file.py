"""The file of facts put right that an officer writes for a complaint, checked against what was held.

::

    run: "3f0c1f6a2b1d9e77"        # optional: the run (or state:) this file is for
    corrections:
      - table: applications        # a value that was wrong
        row: P0000332              # its id, or the columns that name it: {id: ..., valid_from: ...}
        column: priority_date
        was: 2021-05-01
        should_be: 2019-02-03
        from: 2024-01-01           # optional, applications only: wrong from this day on
        reason: Reset on a change of band, against section 4.2.
        evidence: Letter of 3 February 2019
      - table: bids                # a row that should have been there
        add: {advert: ADV000003, application: P0000332, placed_at: 2026-02-20T10:00:00}
        reason: The system refused the bid.
      - table: connections         # a row that should not
        remove: {application: P0000332, area: riverton, kind: work}
        reason: Recorded for another household.

Everything wrong with the file comes in one report, each line with its place in the file. ``was``
must be what was held: a correction of something else corrects nothing.
"""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.documents import parse_document
from cbl_engine.errors import Problem, RunError
from cbl_engine.records.corrections import (
    Correction,
    Held,
    HeldTable,
    Place,
    absolute,
    same_value,
    tables_held,
)
from cbl_engine.tables import TABLES
from cbl_engine.tables.values import typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cbl_engine.documents import Document

_WRITTEN = {
    "change": ("row", "column", "was", "should_be", "from"),
    "add": ("add",),
    "remove": ("remove",),
}
_COMMON = ("table", "reason", "evidence")
_QUICK = frozenset({"id", "application", "advert"})


class _Wrong(Exception):
    """A correction that cannot be used; the argument is its Problem."""


def read_corrections(document: Document, held: Held) -> tuple[Correction, ...]:
    """Read a file of corrections and check it against what is held.

    Raises:
        RunError: everything wrong in the file.
    """
    return _Reader(document, held).corrections()


class _Reader:
    """One file on one run or state; ``problems`` holds everything wrong so far."""

    def __init__(self, document: Document, held: Held) -> None:
        self.document = document
        self.held = held
        self.problems: list[Problem] = []
        self.tables = dict(tables_held(held))

    def corrections(self) -> tuple[Correction, ...]:
        entries = self._entries()
        found: list[Correction] = []
        for index, entry in entries:
            try:
                found.append(self._correction(("corrections", index), entry))
            except _Wrong as wrong:
                self.problems.append(wrong.args[0])
        self.problems += _repeated(found)
        if self.problems:
            raise RunError(self.problems)
        return tuple(found)

    def problem(
        self, kind: str, message: str, place: Place, *, key: bool = False, allowed: str = "",
        given: str = "", remedy: str = "",
    ) -> Problem:
        """A problem at a place in the file."""
        where = self.document.where(place, key=key)
        return Problem(kind, message, where, allowed=allowed, given=given, remedy=remedy)

    def refuse(self, *args: Any, **more: Any) -> _Wrong:
        """The same, to be raised: nothing else about this correction can be said."""
        return _Wrong(self.problem(*args, **more))

    def _entries(self) -> list[tuple[int, dict[str, Any]]]:
        data, kind = self.document.data, self.held.kind
        if not isinstance(data, dict) or not isinstance(data.get("corrections"), list):
            raise RunError(
                [self.problem("not_corrections", "a file of corrections has a list, corrections:",
                              (), remedy=f"cbl replay {kind.upper()} --template APPLICATION writes one")]
            )
        for name in data:
            if name not in (kind, "corrections"):
                self.problems.append(self._unknown_name(name, (), (kind, "corrections")))
        wanted = data.get(kind)
        if wanted is not None and str(wanted) != self.held.id:
            self.problems.append(
                self.problem(f"other_{kind}", f"the corrections are for another {kind}", (kind,),
                             given=str(wanted), allowed=self.held.id)
            )
        if not data["corrections"]:
            self.problems.append(
                self.problem("no_corrections", "nothing is corrected", ("corrections",))
            )
        entries = []
        for index, entry in enumerate(data["corrections"]):
            if isinstance(entry, dict):
                entries.append((index, entry))
            else:
                self.problems.append(
                    self.problem("not_a_correction", "a correction names a table",
                                 ("corrections", index))
                )
        return entries

    def _unknown_name(self, name: Any, place: Place, allowed: tuple[str, ...]) -> Problem:
        return self.problem("unknown_name", f"{str(name)[:40]} is not a part of a correction",
                            (*place, name), key=True, allowed=", ".join(allowed))

    def _correction(self, place: Place, entry: dict[str, Any]) -> Correction:
        table = self._table(place, entry)
        kind = self._kind(place, entry)
        allowed = (*_COMMON, *_WRITTEN[kind])
        self.problems += [self._unknown_name(n, place, allowed) for n in entry if n not in allowed]
        reason, evidence = (self._words(place, entry, n) for n in ("reason", "evidence"))
        if not reason:
            self.problems.append(
                self.problem("no_reason", "a correction needs a reason", place,
                             remedy="Say in a sentence why the record was wrong")
            )
        since = None
        at: tuple[int, ...] = ()
        column = was = should_be = None
        if kind == "add":
            row = self._row(table, (*place, "add"), entry["add"])
            self._whole(table, (*place, "add"), row)
            values = [row]
        else:
            name = "row" if kind == "change" else "remove"
            row = self._row(table, (*place, name), entry[name])
            at = self._find(table, (*place, name), row)
            values = [table.frame.row(n, named=True) for n in at]
        if kind == "change":
            column, was, should_be, at = self._change(table, place, entry, at)
            values = [table.frame.row(n, named=True) for n in at]
            since = self._since(table, place, entry, values[0])
            values += [{**row, column: should_be} for row in values]
        return Correction(
            kind, table.name, row, column, was, should_be, since, reason or "", evidence, at,
            self._households(table, values), place, self.document.where(place),
        )

    def _table(self, place: Place, entry: dict[str, Any]) -> HeldTable:
        name = entry.get("table")
        if name in self.tables:
            return self.tables[name]
        if name in TABLES:
            said = f"this {self.held.kind} has no table {name}"
            if self.held.kind == "run":
                said = f"this run did not read the table {name}, so nothing in it mattered"
            raise self.refuse("not_read", said, (*place, "table"), allowed=", ".join(self.tables))
        raise self.refuse(
            "unknown_table", "a correction names the table it is about", (*place, "table"),
            given=str(name)[:40] if name is not None else "", allowed=", ".join(self.tables),
        )

    def _kind(self, place: Place, entry: dict[str, Any]) -> str:
        named = [k for k in ("add", "remove") if k in entry]
        named += ["change"] if {"row", "column", "was", "should_be"} & set(entry) else []
        if len(named) != 1:
            raise self.refuse(
                "unclear_correction", "a correction does one of three things", place,
                allowed="row with column, was and should_be; or add; or remove",
            )
        missing = [n for n in ("row", "column", "was", "should_be") if n not in entry]
        if named == ["change"] and missing:
            raise self.refuse(
                "unclear_correction", f"the correction has no {' and no '.join(missing)}", place,
                remedy="An empty cell is written null" if "row" not in missing else "",
            )
        return named[0]

    def _words(self, place: Place, entry: dict[str, Any], name: str) -> str | None:
        value = entry.get(name)
        if value is None or isinstance(value, (str, int, float, date)):
            return str(value) if value is not None else None
        self.problems.append(self.problem("not_text", f"{name} must be text", (*place, name)))
        return "-"

    def _row(self, table: HeldTable, place: Place, given: Any) -> dict[str, Any]:
        """Columns and values that name a row, in the columns' types."""
        if not isinstance(given, dict):
            if table.key[:1] != ("id",) or given is None or isinstance(given, list):
                names = ", ".join(c.name for c in table.columns.values() if c.required)
                raise self.refuse(
                    "unclear_row", f"a row of {table.name} is named by its columns", place,
                    allowed=f"{{{names}}}: with their values",
                )
            return {"id": self._value(table, place, "id", given)}
        if not given:
            raise self.refuse("unclear_row", "the row has no columns", place)
        return {
            name: self._value(table, (*place, name), self._column(table, (*place, name), name),
                              value)
            for name, value in given.items()
        }

    def _column(self, table: HeldTable, place: Place, name: Any, *, key: bool = True) -> str:
        if name in table.read:
            return name
        if name in table.columns:
            raise self.refuse(
                "not_read",
                f"this {self.held.kind} did not read {table.name}.{name}, so it decided nothing",
                place, key=key, remedy="Leave it out: the run would be the same",
            )
        close = get_close_matches(str(name), sorted(table.read), n=3)
        raise self.refuse(
            "unknown_column", f"there is no column {str(name)[:40]} in {table.name}", place, key=key,
            allowed=", ".join(close or sorted(table.read)),
        )

    def _value(self, table: HeldTable, place: Place, name: str, value: Any) -> Any:
        column = table.columns[name]
        if column.type == "id" and isinstance(value, (bool, int, float, date)):
            value = self._written(place)
        value, wrong = typed(column, value)
        if wrong:
            raise self.refuse("wrong_value", f"{name} {wrong}", place)
        dtype = table.frame.schema.get(name)
        if column.type == "id" and value is not None and dtype is not None and dtype.is_integer():
            if not value.lstrip("-").isdigit():
                raise self.refuse("wrong_value", f"{name} must be a whole number", place)
            return int(value)
        return value

    def _written(self, place: Place) -> str:
        """A scalar as the file has it: ids keep the zeros they begin with."""
        found = self._texts
        for part in place:
            found = found[part]
        return found

    @cached_property
    def _texts(self) -> Any:
        return parse_document(self.document.text, self.document.name, as_text=True).data

    def _find(self, table: HeldTable, place: Place, row: Mapping[str, Any]) -> tuple[int, ...]:
        """The number of the row that has these values; in a state, of each time it was taken in."""
        frame = table.frame
        places = pl.int_range(frame.height, eager=True)
        for name, value in sorted(row.items(), key=lambda item: item[0] not in _QUICK):
            if name not in frame.columns:
                column = pl.Series([None] * len(places))
            else:
                column = frame[name].gather(places)
            if column.dtype.is_nested() or column.dtype.is_temporal():
                same = pl.Series([same_value(v, value) for v in column.to_list()], dtype=pl.Boolean)
            else:
                same = column.is_null() if value is None else column == value
            places = places.filter(same.fill_null(value=False))
        if len(places) == 1:
            return (int(places[0]),)
        named = ", ".join(str(row[n]) for n in ("id", "advert", "application") if row.get(n))
        if not len(places):
            run = self.held.kind == "run"
            raise self.refuse(
                f"row_not_in_{self.held.kind}",
                f"the {self.held.kind} {'read' if run else 'has'} no such row of {table.name}",
                place, given=named,
                remedy=("It holds the households that bid, with what is theirs; add the row if it "
                        "should have been there" if run else
                        "Add the row if it should have been there"),
            )
        among = frame[places.to_list()].drop(self.held.beside, strict=False)
        key = [c for c in table.key if c in among.columns]
        differ = [c for c in (key if table.several and key else among.columns)
                  if among[c].n_unique() > 1]
        if not differ:  # in a run, rows that are the same in everything: either will do
            return tuple(places) if table.several else (int(places[0]),)
        raise self.refuse(
            "several_rows", f"{len(places)} rows of {table.name} answer to this", place,
            given=named, remedy=f"Say which: name {' or '.join(differ[:4])} too",
        )

    def _whole(self, table: HeldTable, place: Place, row: dict[str, Any]) -> None:
        """A row to add has what every row has, and is not there already."""
        needed = [c for c in table.columns.values() if c.required and c.name in table.read]
        missing = [c.name for c in needed if row.get(c.name) is None]
        if missing:
            raise self.refuse(
                "row_not_whole", f"a row of {table.name} needs {' and '.join(missing)} too", place
            )
        key = [n for n in table.key if n in table.frame.columns]
        if not key:
            return
        same = pl.Series([True]).new_from_index(0, table.frame.height)
        for name in key:
            value = pl.Series([absolute(row.get(name))], dtype=table.frame.schema[name])
            same &= table.frame[name].eq_missing(value)
        if same.any():
            raise self.refuse(
                f"row_in_{self.held.kind}",
                f"the {self.held.kind} has that row of {table.name} already", place,
                remedy="Correct its columns instead",
            )

    def _change(
        self, table: HeldTable, place: Place, entry: dict[str, Any], at: Sequence[int]
    ) -> tuple[str, Any, Any, tuple[int, ...]]:
        column = self._column(table, (*place, "column"), entry["column"], key=False)
        if column in table.key and column not in {"placed_at", "valid_from"}:
            raise self.refuse(
                "names_the_row", f"{column} says which row it is", (*place, "column"),
                remedy="Remove the row and add another",
            )
        was = self._value(table, (*place, "was"), column, entry["was"])
        should_be = self._value(table, (*place, "should_be"), column, entry["should_be"])
        held = tuple(n for n in at if same_value(table.frame.row(n, named=True).get(column), was))
        if not held:
            kind = self.held.kind
            raise self.refuse(
                "was_differs", f"{table.name}.{column} of this row was not that in the {kind}",
                (*place, "was"),
                remedy=f"See what was recorded with cbl replay {kind.upper()} --template APPLICATION",
            )
        if same_value(was, should_be):
            raise self.refuse(
                "nothing_corrected", "should_be is what it was", (*place, "should_be")
            )
        return column, was, should_be, held

    def _since(
        self, table: HeldTable, place: Place, entry: dict[str, Any], recorded: Mapping[str, Any]
    ) -> date | None:
        value = entry.get("from")
        if value is None:
            return None
        where = (*place, "from")
        if table.name != "applications":
            raise self.refuse(
                "from_elsewhere", "only facts of applications can be put right from a day on", where
            )
        if table.several and "valid_from" not in table.frame.columns:
            raise self.refuse(
                "from_elsewhere", "applications have no versions here: a value is put right for as "
                "long as it was held", where, remedy="Leave from out",
            )
        if not isinstance(value, date) or hasattr(value, "hour"):
            raise self.refuse("wrong_value", "from must be a date such as 2024-10-01", where)
        start, end = (recorded.get(n) for n in ("valid_from", "valid_to"))
        if (start is not None and value <= start) or (end is not None and value >= end):
            raise self.refuse(
                "outside_version", "from must lie after the first day of the version and before "
                "its end", where, remedy="Name the version by valid_from, or leave from out",
            )
        return value

    def _households(self, table: HeldTable, rows: Sequence[Mapping[str, Any]]) -> frozenset[Any]:
        column = "id" if table.name == "applications" else "application"
        if column not in table.columns:
            return frozenset()
        theirs = {row.get(column) for row in rows} - {None}
        if table.name == "people" and "connections" in self.tables:
            # Whose connection it is can hang on who the person is.
            held = self.tables["connections"].frame
            if "person" in held.columns:
                theirs |= set(held.filter(pl.col("person") == rows[0]["id"])["application"])
        return frozenset(theirs)


def _repeated(corrections: list[Correction]) -> Iterator[Problem]:
    """Corrections of what another correction has put right already."""
    seen: dict[Any, Correction] = {}
    removed = {(c.table, n): c for c in corrections if c.kind == "remove" for n in c.at}
    for one in corrections:
        if one.kind == "add":
            what: Any = (one.table, str(sorted(one.row.items(), key=lambda item: item[0])))
        else:
            what = (one.table, one.at, one.column, one.since)
        first = seen.setdefault(what, one)
        gone = next((removed[one.table, n] for n in one.at if (one.table, n) in removed), None)
        if first is not one or (one.kind == "change" and gone is not None):
            other = first if first is not one else gone
            yield Problem(
                "corrected_twice", "this is corrected twice", one.where,
                given=f"first at {other.where}" if other else "", remedy="Keep one of the two",
            )
