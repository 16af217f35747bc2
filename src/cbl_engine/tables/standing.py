"""Rows that come to a record, checked as they will stand there, beside those that stand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables.columns import type_name
from cbl_engine.tables.findings import SOURCE_ROW, Finding
from cbl_engine.tables.schemas import columns_of, key_of
from cbl_engine.tables.taking_in import beside, completed, place_not_given, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_SIZES_SPELLED_OUT = ("bedrooms_min", "bedrooms_max")


def checked_with_standing(
    frames: Mapping[str, pl.DataFrame],
    standing: Mapping[str, pl.DataFrame],
    findings: Iterable[Finding],
    check: Callable[
        [dict[str, pl.DataFrame], list[Finding]], tuple[dict[str, pl.DataFrame], list[Finding]]
    ],
) -> tuple[dict[str, pl.DataFrame], list[Finding]]:
    """Rows that come, as they will stand; the good ones, and what is wrong with the others.

    1. Each column in the type of the record. 2. Columns that did not come filled in from the row of
    the same key. 3. All checked beside the rows that go on standing. What stands was checked when
    it came: a finding about it alone is none.

    Args:
        frames: the rows that come, by table, with their source row.
        standing: the tables of the record, those that may be given.
        findings: about the rows that come, with places in ``frames``.
        check: good rows and findings of whole tables, given what was found before.
    """
    findings = list(findings)
    together = {table: _as_stood(stood) for table, stood in standing.items()}
    for table, frame in frames.items():
        stood = standing.get(table)
        if stood is None:
            together[table] = _with_text_ids(table, frame)
            continue
        rows, clashes = as_standing(table, frame, stood)
        findings += clashes
        if clashes:
            del together[table]
            continue
        if _spelled_out(table, rows):
            stood = stood.drop("sizes", strict=False)
        rows = completed(stood, rows, table)
        together[table] = pl.concat([rows, beside(stood, rows, table)], how="diagonal_relaxed")
    good, found = check(together, findings)
    kept = list(_about_what_comes(found))
    broken = {finding.table for finding in kept if finding.structural}
    return {
        table: frame.filter(pl.col(SOURCE_ROW).is_not_null())
        for table, frame in good.items() if table in frames and table not in broken
    }, kept


def _as_stood(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that stand have no source row."""
    return rows.with_columns(pl.lit(None, pl.Int64).alias(SOURCE_ROW))


def as_standing(
    table: str, rows: pl.DataFrame, standing: pl.DataFrame
) -> tuple[pl.DataFrame, list[Finding]]:
    """Rows with each column in the type that it has in a record.

    Ids are text there; undeclared columns have the type in which they came first.

    Returns:
        The rows; and a finding for each column whose values cannot be of that type, and for each
        that has to come with them and did not.
    """
    declared, rows = columns_of(table), _with_text_ids(table, rows)
    findings = _columns_wanted(table, rows, standing)
    changed = []
    for values in rows:
        want = standing.schema.get(values.name)
        known = values.name in declared or values.name == SOURCE_ROW
        if known or want is None or want in (values.dtype, pl.Null):
            continue
        try:
            changed.append(values.cast(want))
        except pl.exceptions.PolarsError:
            findings.append(Finding(
                table, values.name, "other_type", "the column has another type in the record",
                allowed=type_name(want), given=type_name(values.dtype),
                remedy="Give it values of the type in which it came first",
            ))
    return rows.with_columns(changed), findings


def _with_text_ids(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    declared = columns_of(table)
    ids = [n for n in rows.columns if n in declared and declared[n].type == "id"]
    return rows.with_columns(pl.col(ids).cast(pl.String))


def _spelled_out(table: str, rows: pl.DataFrame) -> bool:
    return table == "applications" and not set(_SIZES_SPELLED_OUT).isdisjoint(rows.columns)


def _columns_wanted(table: str, rows: pl.DataFrame, standing: pl.DataFrame) -> list[Finding]:
    """Columns without which it cannot be said what rows take the place of, or that would be lost."""
    missing = [
        Finding(
            table, name, "missing_column",
            "the column is missing, and it says which row of the record each row is"
            + (": the record has versions of applications" if name == "valid_from" else ""),
            remedy="Give it: empty for the version that begins with no date"
            if name == "valid_from" else "Add it, or map one to it under columns in the mapping",
        )
        for name in place_not_given(standing, rows, table)
    ]
    if missing or key_of(table, standing.columns) or rows.is_empty():
        return missing
    place = list(place_of(table, standing.columns))
    taken = standing.join(rows.select(place).unique(), on=place, how="semi") if place else standing
    return [
        Finding(
            table, name, "column_lost",
            "the column is missing, and the record has values in it for rows that these take the "
            "place of",
            remedy="Give it with the rows: this table has no key, so that all rows of an application "
            "come together",
        )
        for name in taken.columns
        if name not in rows.columns and taken[name].null_count() < taken.height
    ]


def _about_what_comes(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings of tables that rows come to, without the rows that stand."""
    for finding in findings:
        if finding.structural:
            yield finding
            continue
        coming = finding.rows.is_not_null()
        if coming.any():
            places = finding.positions
            yield replace(finding, rows=finding.rows.filter(coming),
                          positions=None if places is None else places.filter(coming))
