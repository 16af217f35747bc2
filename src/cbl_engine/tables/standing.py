"""Rows that come to a record, checked together with those that stand there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables.findings import SOURCE_ROW, Finding
from cbl_engine.tables.schemas import columns_of
from cbl_engine.tables.taking_in import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def as_standing(
    table: str, rows: pl.DataFrame, standing: pl.DataFrame | None
) -> tuple[pl.DataFrame, list[Finding]]:
    """Rows with each column in the type that it has in a record.

    Ids are text there; undeclared columns have the type in which they came first.

    Returns:
        The rows, and a finding for each column whose values cannot be of that type.
    """
    declared = columns_of(table)
    ids = [n for n in rows.columns if n in declared and declared[n].type == "id"]
    rows = rows.with_columns(pl.col(ids).cast(pl.String))
    findings = []
    changed = []
    for values in rows:
        want = standing.schema.get(values.name) if standing is not None else None
        known = values.name in declared or values.name == SOURCE_ROW
        if known or want is None or want in (values.dtype, pl.Null):
            continue
        try:
            changed.append(values.cast(want))
        except pl.exceptions.PolarsError:
            findings.append(Finding(
                table, values.name, "other_type", "the column has another type in the record",
                allowed=str(want), given=str(values.dtype),
                remedy="Give it values of the type in which it came first",
            ))
    return rows.with_columns(changed), findings


def with_standing(
    frames: Mapping[str, pl.DataFrame], standing: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """Tables of rows that come, each followed by the rows that stand beside them.

    The rows that stand have no source row. Those whose place is taken are left out.
    """
    out = dict(frames)
    for table, stood in standing.items():
        rows = frames.get(table)
        if rows is None:
            out[table] = stood.with_columns(pl.lit(None, pl.Int64).alias(SOURCE_ROW))
            continue
        place = list(place_of(table, {*stood.columns, *rows.columns} - {SOURCE_ROW}))
        if place and set(place) <= set(rows.columns) & set(stood.columns):
            stood = stood.join(rows.select(place).unique(), on=place, how="anti", nulls_equal=True)
        out[table] = pl.concat([rows, stood], how="diagonal_relaxed")
    return out


def of_what_comes(
    frames: Mapping[str, pl.DataFrame], findings: Iterable[Finding]
) -> tuple[dict[str, pl.DataFrame], list[Finding]]:
    """The rows that come and are good, and what is wrong with the others.

    What stands was checked when it came: a finding about it alone is none.

    Args:
        frames: the rows that come, by table.
        findings: of the tables that :func:`with_standing` made.
    """
    kept = []
    bad: dict[str, set[int]] = {}
    for finding in findings:
        if finding.structural:
            kept.append(finding)
            continue
        coming = finding.rows.is_not_null()
        if not coming.any():
            continue
        places = finding.positions
        one = replace(finding, rows=finding.rows.filter(coming),
                      positions=None if places is None else places.filter(coming))
        kept.append(one)
        if one.positions is not None:
            bad.setdefault(one.table, set()).update(one.positions.to_list())
    broken = {finding.table for finding in kept if finding.structural}
    good = {
        table: frame.with_row_index("_at").filter(~pl.col("_at").is_in(sorted(bad.get(table, ()))))
        .drop("_at")
        for table, frame in frames.items()
        if table not in broken
    }
    return good, kept
