"""Frames checked against the schemas: good rows, and everything that is wrong with the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.errors import TableError
from cbl_engine.tables.columns import DTYPES, MOST_BEDROOMS, Column, type_name
from cbl_engine.tables.dtypes import beyond_calendar, to_declared
from cbl_engine.tables.findings import (
    Finding,
    problems_of,
    quoted,
    rejected_of,
    rows_found,
    shown,
)
from cbl_engine.tables.needs import frame_problems, mapping_problems
from cbl_engine.tables.parsing import WRONG_TYPE
from cbl_engine.tables.relations import Checked, broken_relations
from cbl_engine.tables.rules import FIRST_DAY, LAST_DAY, broken_rules
from cbl_engine.tables.schemas import TABLES, columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbl_engine.errors import Problem
    from cbl_engine.tables.columns import ExtraColumn

Extras = Mapping[str, "Sequence[ExtraColumn]"]
SHORTHAND = {
    name: Column(name, "int", "shorthand for sizes", personal=True, least=0, most=MOST_BEDROOMS)
    for name in ("bedrooms_min", "bedrooms_max")
}


def validate_frames(
    frames: Mapping[str, pl.DataFrame], extra_columns: Extras | None = None
) -> tuple[dict[str, pl.DataFrame], tuple[Problem, ...], pl.DataFrame]:
    """Check frames already in memory: columns and types, rows, and relations between tables.

    Ids may be text or whole numbers, the same in a table and in what refers to it. A frame may
    carry ``source_row`` (Int64); else rows are counted from 1. Extra columns are kept.

    Args:
        frames: frames by table name; which tables must be there is the caller's to say.
        extra_columns: columns declared beyond the standard ones, by table.

    Returns:
        Good rows by table, in their order and in the declared types (a table whose structure is
        wrong is left out); the problems, one per table, column and kind; and a frame of table,
        source_name (null), source_row, column, kind and message with every problem of every row.

    Raises:
        TableError: the frames are not given by table.
    """
    if wrong := list(mapping_problems(frames, "frames", "the set of frames")):
        raise TableError(wrong)
    good, findings = check(frames, extra_columns or {})
    return good, problems_of(findings, {}), rejected_of(findings, {})


def declared(table: str, extra_columns: Extras) -> dict[str, Column]:
    """Every declared column of a table, the shorthand for sizes among them."""
    columns = columns_of(table, extra_columns.get(table, ()))
    return {**columns, **SHORTHAND} if table == "applications" else columns


def check(
    frames: Mapping[str, pl.DataFrame],
    extra_columns: Extras,
    earlier: Sequence[Finding] = (),
    *,
    windows: bool = True,
) -> tuple[dict[str, pl.DataFrame], list[Finding]]:
    """Good rows and findings; ``earlier`` ones, with positions in these frames, count as well.

    Without ``windows`` bids outside the time their advert is open are good.
    """
    findings = [*earlier, *_clashes(extra_columns)]
    checked: dict[str, Checked] = {}
    for table, given in frames.items():
        if table not in TABLES:
            message = f"no table is called {quoted(table)}"
            findings.append(Finding(table, "", "unknown_table", message, allowed=", ".join(TABLES)))
            continue
        if wrong := list(frame_problems({table: given})):
            findings += [
                Finding(table, "", problem.kind, problem.message, allowed=problem.allowed,
                        given=problem.given, remedy=problem.remedy)
                for problem in wrong
            ]
            continue
        before = [finding for finding in earlier if finding.table == table]
        rows, found = _check_table(table, given, declared(table, extra_columns), before)
        findings += found
        checked[table] = rows
    findings += broken_relations(checked, windows=windows)
    broken = {finding.table for finding in findings if finding.structural}
    good = {
        table: frames_rows.frame.filter(pl.Series(~frames_rows.bad))
        if frames_rows.bad.any()
        else frames_rows.frame
        for table, frames_rows in checked.items()
        if table not in broken
    }
    return good, findings


def _clashes(extra_columns: Extras) -> list[Finding]:
    found = []
    for table, extras in extra_columns.items():
        if table not in TABLES:
            message = f"extra columns for {quoted(table)}, which is no table"
            found.append(Finding(table, "", "unknown_table", message, allowed=", ".join(TABLES)))
            continue
        standard = columns_of(table)
        found += [
            Finding(
                table,
                extra.name,
                "extra_column_clash",
                "declared as an extra column with another type than the standard one",
                allowed=standard[extra.name].type,
                given=extra.type,
            )
            for extra in extras
            if extra.name in standard and standard[extra.name].type != extra.type
        ]
    return found


def _check_table(
    table: str,
    given: pl.DataFrame,
    columns: Mapping[str, Column],
    earlier: Sequence[Finding],
) -> tuple[Checked, list[Finding]]:
    """One table by itself: structure, then rows; relations come when all tables are here."""
    source_row = _source_rows(given)
    findings = _missing_columns(table, given, columns)
    frame, found = _declared_types(table, given, columns, source_row)
    findings += found
    whole = not any(finding.structural for finding in (*earlier, *findings))
    reported = [*earlier, *findings]
    findings += broken_rules(table, frame, columns, source_row, reported)
    frame, found = _spelled_out_sizes(table, frame, source_row)
    findings += found
    bad = np.zeros(frame.height, bool)
    for finding in (*earlier, *findings):
        if finding.positions is not None:
            bad[finding.positions.to_numpy()] = True
    unread = any(not finding.structural and finding.positions is None for finding in earlier)
    return Checked(frame, source_row, bad, whole, unread), findings


def _source_rows(frame: pl.DataFrame) -> pl.Series:
    if "source_row" in frame.columns and frame["source_row"].dtype == pl.Int64:
        return frame["source_row"]
    return pl.int_range(1, frame.height + 1, eager=True, dtype=pl.Int64).alias("source_row")


def _missing_columns(
    table: str, frame: pl.DataFrame, columns: Mapping[str, Column]
) -> list[Finding]:
    present = set(frame.columns)
    alike = {name.strip().casefold(): name for name in frame.columns if name not in columns}
    return [
        Finding(
            table,
            column.name,
            "missing_column",
            f"the column is missing ({column.doc})",
            given=quoted(other) if (other := alike.get(column.name)) else "",
            remedy=f"Call it {column.name}, or map it under columns in the mapping" if other
            else "Add it, or map one to it under columns in the mapping",
        )
        for column in columns.values()
        if column.required and column.name not in present
    ]


def _declared_types(
    table: str, frame: pl.DataFrame, columns: Mapping[str, Column], source_row: pl.Series
) -> tuple[pl.DataFrame, list[Finding]]:
    """Columns in their declared types; those of a wrong type are left out and reported."""
    findings: list[Finding] = []
    changed: list[pl.Series] = []
    wrong: list[str] = []
    for name in frame.columns:
        column = columns.get(name)
        if column is None:
            continue
        given_values = frame[name]
        values, found = within_calendar(table, given_values, name, source_row)
        findings += found
        brought = to_declared(values, column.type)
        if brought is None:
            wrong.append(name)
            findings.append(
                Finding(
                    table,
                    name,
                    "wrong_dtype",
                    "the column has the wrong type",
                    allowed=str(DTYPES[column.type]),
                    given=type_name(values.dtype),
                )
            )
            continue
        typed, lost = brought
        if typed is not given_values:
            changed.append(typed.alias(name))
        if lost is not None:
            findings += rows_found(
                table,
                name,
                "wrong_type",
                WRONG_TYPE[column.type],
                lost,
                source_row,
                values=shown(table, column, values),
            )
    if changed or wrong:
        by_name = {values.name: values for values in changed}
        kept = [by_name.get(name, frame[name]) for name in frame.columns if name not in wrong]
        frame = pl.DataFrame(kept)
    return frame, findings


def within_calendar(
    table: str, values: pl.Series, name: str, source_row: pl.Series
) -> tuple[pl.Series, list[Finding]]:
    """A column without the dates and moments that no calendar has, and a finding of their rows."""
    beyond = beyond_calendar(values)
    if beyond is None:
        return values, []
    found = rows_found(
        table, name, "date_out_of_range", "dates outside the years 1 to 9999", beyond, source_row,
        allowed=f"{FIRST_DAY} to {LAST_DAY}",
    )
    kept = pl.DataFrame({"values": values, "beyond": beyond}).select(
        pl.when(~pl.col("beyond")).then(pl.col("values"))
    )
    return kept.to_series().alias(values.name), found


def _spelled_out_sizes(
    table: str, frame: pl.DataFrame, source_row: pl.Series
) -> tuple[pl.DataFrame, list[Finding]]:
    """``bedrooms_min`` and ``bedrooms_max`` of applications turned into ``sizes``."""
    given = [name for name in SHORTHAND if name in frame.columns]
    if table != "applications" or not given:
        return frame, []
    if "sizes" in frame.columns or len(given) == 1:
        message = (
            "sizes are given twice, as sizes and as bedrooms_min or bedrooms_max"
            if "sizes" in frame.columns
            else f"{given[0]} is given without the other end of the range"
        )
        remedy = "Give sizes, or both bedrooms_min and bedrooms_max"
        return frame, [Finding(table, given[0], "unclear_sizes", message, remedy=remedy)]
    least, most = frame["bedrooms_min"], frame["bedrooms_max"]
    findings = rows_found(
        table,
        "bedrooms_max",
        "ends_before_start",
        "bedrooms_max below bedrooms_min",
        most < least,
        source_row,
    )
    # Values out of range are reported already; the range built for them only has to be small.
    known = least.is_between(0, MOST_BEDROOMS) & most.is_between(0, MOST_BEDROOMS)
    sizes = pl.when(known & (most >= least)).then(
        pl.int_ranges(least.clip(0, MOST_BEDROOMS), most.clip(0, MOST_BEDROOMS) + 1)
    )
    frame = frame.with_columns(pl.select(sizes).to_series().alias("sizes")).drop(given)
    if "source_row" in frame.columns:
        frame = frame.select(pl.exclude("source_row"), "source_row")
    return frame, findings
