"""Rows of a case -> frames of the tables' types."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.cases.short import WHAT
from cbl_engine.errors import Problem
from cbl_engine.tables.columns import DTYPES, ExtraColumn
from cbl_engine.tables.schemas import columns_of
from cbl_engine.tables.values import typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbl_engine.documents import Document
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.tables.columns import Column

_GIVEN_BY_CASE = frozenset({"id"})


@dataclass(frozen=True)
class Table:
    """A table's columns: the standard ones and those the scheme declares."""

    name: str
    columns: Mapping[str, Column]

    @property
    def needed(self) -> list[str]:
        """Columns that every row must give; ids may be left to the case, but not an area's."""
        needed = [name for name, column in self.columns.items() if column.required]
        return [n for n in needed if n not in _GIVEN_BY_CASE or self.name == "areas"]

    def row(
        self, row: Mapping[str, Any], place: tuple[Any, ...], document: Document
    ) -> tuple[dict[str, Any], list[Problem]]:
        """A row in the columns' types, and what is wrong with it."""
        out: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, value in row.items():
            column = self.columns.get(name)
            if column is None:
                short = WHAT if self.name == "outcomes" else ()
                close = get_close_matches(str(name), [*self.columns, *short], n=3)
                problems.append(
                    Problem(
                        "unknown_column",
                        f"{name} is not a column of {self.name}, and the scheme declares none",
                        where=document.where((*place, name), key=True),
                        allowed=", ".join(close),
                        remedy="" if close else "Declare it under columns in the scheme",
                    )
                )
                continue
            out[name], wrong = typed(column, value)
            if wrong:
                problems.append(
                    Problem("case_value", f"{name} {wrong}", where=document.where((*place, name)))
                )
        return out, problems

    def frame(self, rows: list[dict[str, Any]]) -> pl.DataFrame:
        """Rows as a frame with every column; what a row does not give is null."""
        schema = {name: DTYPES[column.type] for name, column in self.columns.items()}
        return pl.DataFrame(
            {
                name: pl.Series(name, [row.get(name) for row in rows], dtype, strict=True)
                for name, dtype in schema.items()
            }
        )


def table_of(name: str, version: SchemeVersion) -> Table:
    """A table with the columns that a scheme version declares for it."""
    declared = version.declared(name)
    extra = [
        ExtraColumn(column_name, column.type, codes=column.codes, label=column.label)
        for column_name, column in declared.items()
    ]
    return Table(name, columns_of(name, extra))


def suggest(name: str, allowed: Iterable[str]) -> str:
    """The names most like a mistaken one, or the first few when none is."""
    names = list(dict.fromkeys(allowed))
    close = get_close_matches(name, names, n=3)
    return ", ".join(close or names[:12]) + ("" if close or len(names) <= 12 else ", ...")


def where_given(
    document: Document, case: tuple[Any, ...], place: tuple[Any, ...], *, key: bool = False
) -> str:
    """``file:line:column`` of a part of a case, or of the file's own part that stands in for it."""
    in_case = (*case, *place)
    at_top = in_case not in document.positions and place in document.positions
    return document.where(place if at_top else in_case, key=key)
