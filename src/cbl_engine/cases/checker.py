"""Rows of one case against their tables, with every problem found and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.cases.rows import suggest, where_given
from cbl_engine.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cbl_engine.cases.model import Rows, WrittenCase, WrittenFile
    from cbl_engine.cases.rows import Table
    from cbl_engine.documents import Document

Place = tuple[Any, ...]


class Checker:
    """One case on its way from the file to frames, with the problems found along it.

    Attributes:
        file, case: as written.
        place: of the case in the document.
        document: the file.
        problems: found so far.
    """

    def __init__(
        self, file: WrittenFile, case: WrittenCase, place: Place, document: Document
    ) -> None:
        self.file = file
        self.case = case
        self.place = place
        self.document = document
        self.problems: list[Problem] = []

    def problem(
        self, kind: str, message: str, place: Place, allowed: str = "", *, key: bool = False
    ) -> None:
        """Something is wrong at a place of the case, or of the file where that stands in for it."""
        where = where_given(self.document, self.place, place, key=key)
        self.problems.append(Problem(kind, message, where=where, allowed=allowed))

    def row(self, row: Mapping[str, Any], place: Place, table: Table) -> dict[str, Any]:
        """A row in the table's types; ``place`` is from the top of the document."""
        checked, problems = table.row(row, place, self.document)
        self.problems += problems
        return checked

    def shared(self, name: str, table: Table) -> dict[str, Any]:
        """What the file, and over it the case, says for every row of a kind."""
        out: dict[str, Any] = {}
        for values, place in (
            (getattr(self.file, name), (name,)),
            (getattr(self.case, name), (*self.place, name)),
        ):
            out |= self.row(values, place, table)
        return out

    def rows(
        self, name: str, rows: Rows, table: Table, adverts: Iterable[str] | None = None,
        **left_out: Any,
    ) -> list[dict[str, Any]]:
        """Checked rows; those about an application or an advert must name one of the case.

        Args:
            name: of the part of the case.
            rows: as written.
            table: their columns.
            adverts: names of the case's adverts, where rows may be about one.
            **left_out: values of columns that a row does not give.
        """
        out = []
        for at, names_it, row in self._placed(name, rows):
            found = len(self.problems)
            checked = left_out | self.row(row, (*self.place, *at), table)
            needed = [c for c in table.needed if c not in checked]
            if found == len(self.problems) and needed:
                self.problem("column_missing", f"{', '.join(needed)} is missing here", at)
            elif (
                self._known("application", checked, self.case.applications, names_it)
                and adverts is not None
            ):
                self._known("advert", checked, adverts, (*at, "advert"))
            out.append(checked)
        return out

    def _known(
        self, column: str, row: Mapping[str, Any], known: Iterable[str], place: Place
    ) -> bool:
        given, known = row.get(column), list(known)
        if given is None or given in known:
            return True
        self.problem(
            f"unknown_{column}",
            f"there is no {column} {given} in this case",
            place,
            suggest(str(given), known),
            key=place[-1] != column,
        )
        return False

    def _placed(
        self, name: str, rows: Rows
    ) -> Iterator[tuple[Place, Place, Mapping[str, Any]]]:
        """Each row with its place in the case, and the place that names its application."""
        if not isinstance(rows, dict):
            for index, row in enumerate(rows):
                yield (name, index), (name, index, "application"), row
            return
        for application, given in rows.items():
            for index, row in enumerate(given):
                at: Place = (name, application, index)
                in_list = (*self.place, *at) in self.document.positions
                yield at if in_list else at[:-1], at[:-1], {"application": application, **row}
