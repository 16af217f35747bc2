"""Rows of a case as the polars frames the engine takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.tables.columns import DTYPES, ExtraColumn
from cbl_engine.tables.schemas import columns_of
from tests.reference.law import ELIGIBLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.reference.strategies import Case

_VERSION = ("valid_from", "valid_to")


def frame_of(
    table: str, rows: list[dict[str, Any]], declared: Mapping[str, Mapping[str, Any]] | None = None
) -> pl.DataFrame:
    """A frame with every standard and declared column of a table.

    Args:
        table: which table.
        rows: its rows; a column that a row leaves out is null. What the law asks of people is a
            column only where a row has it, and so are the dates of versions.
        declared: the scheme's columns of the table, name -> part.
    """
    extra = [ExtraColumn(name, part["type"]) for name, part in (declared or {}).items()]
    columns = columns_of(table, extra)
    if table == "applications" and not any(name in row for row in rows for name in _VERSION):
        columns = {n: c for n, c in columns.items() if n not in _VERSION}
    if table == "people":
        columns = {n: c for n, c in columns.items()
                   if n not in ELIGIBLE.values() or any(n in row for row in rows)}
    return pl.DataFrame(
        [pl.Series(n, [row.get(n) for row in rows], DTYPES[c.type]) for n, c in columns.items()]
    )


def frames_of(case: Case) -> tuple[dict[str, pl.DataFrame], pl.DataFrame, pl.DataFrame, Any]:
    """The register, adverts, bids and homes of a case."""
    declared = case.schemes[0].get("columns", {})
    register = {
        table: frame_of(table, rows, declared.get(table)) for table, rows in case.register.items()
    }
    adverts, bids, homes = (
        frame_of(table, rows, declared.get(table))
        for table, rows in (
            ("adverts", case.adverts),
            ("bids", case.bids),
            ("homes", case.homes),
        )
    )
    return register, adverts, bids, homes
