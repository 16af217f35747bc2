"""The mapping: how somebody's files, sheets or database tables become ours.

``tables.yaml`` or ``mapping.yaml`` in the folder is found by itself; one that lives elsewhere is
named (``--mapping``). All of it is optional::

    placeholder_dates: [1900-01-01]  # dates that stand for "not known"; [] for none
    defaults:                        # for every source below
      encoding: cp1252               # default utf-8; a byte-order mark is accepted
      date_format: "%d/%m/%Y"        # default 2024-05-31
      empty_words: [NULL, N/K]       # what stands for an empty cell, in any capitals; default none
    applications:
      file: HR_EXPORT.csv            # default: applications.csv, .parquet or a sheet of that name
      columns: {AppRef: id, Stat: status, RegDate: [registered_on, band_from]}  # theirs: ours
      other_columns: ignore          # those not named above, if any are; default: keep
      codes: {status: {"01": active, S: suspended, X: ~, default: closed}}
    people:                          # a list: several sources of one table
      - file: HR_EXPORT.csv          # the main applicant's columns
        compose: {id: "{AppRef}-01"}
        columns: {AppRef: application, MainDOB: date_of_birth}
        constants: {relationship: applicant}
        other_columns: ignore
      - file: [HR_MEMBERS_1.csv, HR_MEMBERS_2.csv]   # files of one form, under each other
        columns: {MemRef: id, AppRef: application}
    bids:
      compose: {placed_at: "{BidDate} {BidTime}"}

``codes`` lists every code there is: another one is an error, unless ``default`` says what it is
read as. An empty value or ``~`` reads a code as not known. An empty cell is not known, whatever the
default, unless the code ``""`` says what it is. Nothing is constructed from the file:
every value in it is the text that is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from cbl_engine.documents import Document, read_document
from cbl_engine.errors import BadInput, Problem
from cbl_engine.tables.findings import quoted
from cbl_engine.tables.schemas import TABLES
from cbl_engine.tables.settings import DEFAULT_SETTINGS, PART, SETTINGS, RefusedError, read_days

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from cbl_engine.tables.settings import Split

MAPPING_NAMES = ("tables.yaml", "mapping.yaml")
PLACEHOLDER_DATES = (
    date(1753, 1, 1),
    date(1899, 12, 30),
    date(1899, 12, 31),
    date(1900, 1, 1),
    date(9999, 12, 31),
)
"""What databases and spreadsheets write for want of a date."""

@dataclass(frozen=True, slots=True)
class SourceMapping:
    """How one source of one table is to be read: a file, a sheet, a database table or a query.

    Attributes:
        file: name of a file of the folder.
        sheet: name of a sheet of the workbook.
        table: name of a database table or view, with its schema before a full stop if need be.
        query: SELECT statement.
        header_row: row of a sheet, or line of a text file, that has the names of the columns.
        columns: theirs -> ours, one or several.
        other_columns: whether columns not named there, where any are, are kept.
        constants: ours -> the value of every row.
        compose: ours -> a template of their columns; null where any of those is.
        split: theirs -> parts, under names that ``columns`` may map on.
        separators: list columns of ours -> what stands between items instead of ``|``.
        codes: ours -> theirs -> ours; empty text is not known; ``default`` for all others.
        only_rows: theirs -> values of the rows that are taken; () takes rows not empty there.
        distinct: rows that say the same are taken once.
        yes_words, no_words: besides true, yes, 1 and false, no, 0; in small letters.
        empty_words: what stands for an empty cell; in small letters.
        name: the mapping's own file, for messages.
    """

    file: str = ""
    sheet: str = ""
    table: str = ""
    query: str = ""
    header_row: int = 1
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    date_format: str = ""
    datetime_format: str = ""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    other_columns: str = "keep"
    constants: Mapping[str, str] = field(default_factory=dict)
    compose: Mapping[str, str] = field(default_factory=dict)
    split: Mapping[str, Split] = field(default_factory=dict)
    separators: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    only_rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    distinct: bool = False
    yes_words: tuple[str, ...] = ()
    no_words: tuple[str, ...] = ()
    empty_words: tuple[str, ...] = ()
    name: str = MAPPING_NAMES[0]

    def read_of(self, theirs: Iterable[str]) -> frozenset[str]:
        """Which columns of a source anything is read of."""
        if self.other_columns != "ignore" or not self.columns:
            return frozenset(theirs)
        parts = (name for text in self.compose.values() for name in PART.findall(text))
        return frozenset((*self.columns, *parts, *self.split, *self.only_rows))


@dataclass(frozen=True, slots=True)
class DataMapping:
    """A whole mapping.

    Attributes:
        sources: by table, in the order written.
        placeholder_dates: dates read as not known.
        defaults: for a table that has no mapping of its own.
        name: its file.
    """

    sources: Mapping[str, tuple[SourceMapping, ...]] = field(default_factory=dict)
    placeholder_dates: tuple[date, ...] = PLACEHOLDER_DATES
    defaults: SourceMapping = field(default_factory=SourceMapping)
    name: str = MAPPING_NAMES[0]

    def of(self, table: str) -> tuple[SourceMapping, ...]:
        """The sources of a table: those written, or one with the defaults."""
        return self.sources.get(table, (self.defaults,))


def read_mapping(path: Path) -> tuple[DataMapping, tuple[Problem, ...]]:
    """Read a mapping, and every problem found in it."""
    try:
        document = read_document(path, as_text=True)
    except BadInput as error:
        return DataMapping(name=path.name), error.problems
    return _Reader(document).mapping()


class _Reader:
    """Reads one document, collecting what is wrong with it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def mapping(self) -> tuple[DataMapping, tuple[Problem, ...]]:
        name, root = self.document.name, self.document.data
        if not isinstance(root, dict):
            self._note("wrong_value", "must be a mapping of tables", ())
            return DataMapping(name=name), tuple(self.problems)
        root = dict(root)
        dates = PLACEHOLDER_DATES
        if "placeholder_dates" in root:
            found = self._value(read_days, root.pop("placeholder_dates"), ("placeholder_dates",))
            dates = PLACEHOLDER_DATES if found is None else found
        plain = SourceMapping(name=name)
        defaults = self._source(root.pop("defaults", {}), ("defaults",), plain, DEFAULT_SETTINGS)
        sources = {}
        for table, node in root.items():
            if table not in TABLES:
                allowed = ", ".join(TABLES)
                self._note("unknown_key", f"no table is called {quoted(table)}", (table,), allowed)
                continue
            # An empty list names no source, and is no mapping either.
            several = node if isinstance(node, list) and node else [node]
            paths = [(table, at) if several is node else (table,) for at in range(len(several))]
            sources[table] = tuple(
                source
                for one, path in zip(several, paths, strict=True)
                for source in self._sources(one, path, defaults)
            )
        # A fault in a mapping of several files is one fault.
        return DataMapping(sources, dates, defaults, name), tuple(dict.fromkeys(self.problems))

    def _sources(
        self, node: Any, path: tuple, defaults: SourceMapping
    ) -> tuple[SourceMapping, ...]:
        """The source of a mapping; several when it names a list of files, sheets or tables."""
        for key in ("file", "sheet", "table"):
            if isinstance(node, dict) and isinstance(node.get(key), list) and node[key]:
                return tuple(
                    self._source({**node, key: name}, path, defaults, SETTINGS)
                    for name in node[key]
                )
        return (self._source(node, path, defaults, SETTINGS),)

    def _source(
        self, node: Any, path: tuple, start: SourceMapping, settings: Mapping[str, Callable]
    ) -> SourceMapping:
        if not isinstance(node, dict):
            self._note("wrong_value", f"{path[0]} must be a mapping", path)
            return start
        values = {}
        for key, value in node.items():
            where = (*path, key)
            if key not in settings:
                message = f"no setting is called {quoted(key)}"
                self._note("unknown_key", message, where, ", ".join(settings))
                continue
            found = self._value(settings[key], value, where)
            if found is not None:
                values[key] = found
        named = [key for key in ("file", "table", "query") if values.get(key)]
        if len(named) > 1:
            message = f"a source is one thing, not both {' and '.join(named)}"
            self._note("wrong_value", message, (*path, named[1]))
        return replace(start, **values)

    def _value(self, read: Callable[[Any, str], Any], value: Any, path: tuple) -> Any:
        try:
            return read(value, str(path[-1]))
        except RefusedError as refused:
            message, allowed, *below = refused.args
            given = quoted(value) if isinstance(value, str) else ""
            self._note("wrong_value", message, (*path, *below), allowed, given)
            return None

    def _note(
        self, kind: str, message: str, path: tuple, allowed: str = "", given: str = ""
    ) -> None:
        where = self.document.where(path)
        self.problems.append(Problem(kind, message, where=where, allowed=allowed, given=given))
