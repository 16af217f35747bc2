"""Names that rows give and a scheme has in none of its versions: of checks, and of kinds of direct lets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import MAX_EXAMPLES, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbl_engine.scheme.load import Scheme


def check_names(scheme: Scheme) -> list[str]:
    """Every check of every version, in the order they are listed; rows of old versions stay good."""
    return list(dict.fromkeys(name for v in scheme.versions for name in v.checks))


def unknown_checks(scheme: Scheme, checks: pl.DataFrame) -> pl.DataFrame:
    """Results of checks that no version of the scheme has; none where it has no checks at all."""
    return _unknown(checks, "check", check_names(scheme))


def unknown_names(scheme: Scheme, tables: Mapping[str, pl.DataFrame]) -> Iterator[Problem]:
    """Names in ``checks`` and ``direct_lets`` that no version of the scheme has, where it has any."""
    kinds = list(dict.fromkeys(name for v in scheme.versions for name in v.direct_lets))
    for table, column, known, called in (
        ("checks", "check", check_names(scheme), "check"),
        ("direct_lets", "kind", kinds, "kind of direct let"),
    ):
        lost = _unknown(tables[table], column, known) if table in tables else pl.DataFrame()
        if lost.is_empty():
            continue
        names = lost[column].unique().sort().head(MAX_EXAMPLES)
        yield Problem(
            f"unknown_{column}", f"the scheme has no such {called}", where=f"{table}.{column}",
            allowed=", ".join(known), given=", ".join(repr(name)[:40] for name in names),
            count=lost.height, rows=tuple(map(str, lost["id"].sort().head(MAX_EXAMPLES))),
            remedy="Correct the name, or add it to the scheme",
        )


def _unknown(rows: pl.DataFrame, column: str, known: list[str]) -> pl.DataFrame:
    if not known or not {"id", column} <= set(rows.columns):
        return rows.clear()
    return rows.filter(~pl.col(column).cast(pl.String).is_in(known))
