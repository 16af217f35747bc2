"""Rules every row of a table must meet, one at a time; dataframely runs them.

A rule is a name, the column it blames, one boolean expression (null counts as met) and a
sentence. The name is the ``kind`` of the problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from cbl_engine.tables.columns import LONDON, Column
from cbl_engine.tables.findings import Finding, rows_found, shown
from cbl_engine.tables.register_columns import DATED_TABLES
from cbl_engine.tables.schemas import dataframely_column, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FIRST_DAY = date(1850, 1, 1)
LAST_DAY = date(2200, 12, 31)
_FIRST_MOMENT = datetime(1850, 1, 1, tzinfo=ZoneInfo(LONDON))
_LAST_MOMENT = datetime(2201, 1, 1, tzinfo=ZoneInfo(LONDON))


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule over several columns of a row, checked when the table has them all.

    Attributes:
        table: the table.
        kind: its name.
        column: the column blamed.
        needs: columns it reads.
        met: boolean expression; null counts as met.
        message: what is wrong when it is not met.
        remedy: what to do.
    """

    table: str
    kind: str
    column: str
    needs: tuple[str, ...]
    met: pl.Expr
    message: str
    remedy: str = ""


def _not_overlapping() -> pl.Expr:
    """Versions of one application, by first day: each must end before the next begins."""
    start = pl.col("valid_from").fill_null(date(1, 1, 1))
    end = pl.col("valid_to").fill_null(date(9999, 12, 31))
    before = end.cum_max().shift(1).over("id", order_by=start)
    after = start.shift(-1).over("id", order_by=start)
    return ~((before > start).fill_null(value=False) | (after < end).fill_null(value=False))


ROW_RULES = (
    RowRule(
        "applications",
        "ends_before_start",
        "valid_to",
        ("valid_from", "valid_to"),
        pl.col("valid_to") > pl.col("valid_from"),
        "versions that end on or before the day they begin",
        "valid_to is the day after the last day",
    ),
    RowRule(
        "applications",
        "overlapping_versions",
        "valid_from",
        ("id", "valid_from", "valid_to"),
        _not_overlapping(),
        "versions of one application that overlap",
        "End one before the next begins; valid_to is the day after the last day",
    ),
    *(
        RowRule(
            table,
            "ends_before_start",
            "until",
            ("since", "until"),
            pl.col("until") > pl.col("since"),
            f"{what} that end on or before the day they begin",
            "until is the day after the last day",
        )
        for table, what in {"connections": "connections", **dict.fromkeys(DATED_TABLES, "rows")}.items()
    ),
    RowRule(
        "adverts",
        "home_and_group",
        "home_group",
        ("home", "home_group"),
        pl.col("home").is_null() | pl.col("home_group").is_null(),
        "adverts of both a home and a group",
        "Leave one of the two empty",
    ),
    RowRule(
        "adverts",
        "closes_before_opens",
        "closes_at",
        ("opens_at", "closes_at"),
        pl.col("closes_at") > pl.col("opens_at"),
        "adverts that close at or before their opening",
    ),
    RowRule(
        "bids",
        "withdrawn_before_placed",
        "withdrawn_at",
        ("placed_at", "withdrawn_at"),
        pl.col("withdrawn_at") >= pl.col("placed_at"),
        "bids withdrawn before they were placed",
    ),
)


def _checks(column: Column, dtype: pl.DataType) -> dict[str, Callable[[pl.Expr], pl.Expr]]:
    """What every value of one column must meet, by kind of problem."""
    checks: dict[str, Callable[[pl.Expr], pl.Expr]] = {}
    if column.codes and column.type in ("text", "code"):
        checks["unknown_code"] = lambda c: c.is_in(list(column.codes))
    if column.type == "id" and dtype == pl.String:
        checks["spaces_in_id"] = lambda c: (c == c.str.strip_chars()) & (c != "")
    if column.type == "date":
        checks["date_out_of_range"] = lambda c: c.is_between(FIRST_DAY, LAST_DAY)
    elif column.type == "datetime":
        checks["date_out_of_range"] = lambda c: c.is_between(
            _FIRST_MOMENT, _LAST_MOMENT, closed="left"
        )
    elif column.type == "number":
        least, most = _bounds(column)
        checks["out_of_range"] = lambda c: c.is_finite() & c.is_between(least, most)
    elif column.least is not None or column.most is not None:
        least, most = _bounds(column)
        if column.type == "int":
            checks["out_of_range"] = lambda c: c.is_between(least, most)
        else:
            checks["out_of_range"] = lambda c: (
                (c.list.len() == 0) | ((c.list.min() >= least) & (c.list.max() <= most))
            )
    return checks


def _bounds(column: Column) -> tuple[float, float]:
    least = float("-inf") if column.least is None else column.least
    return least, float("inf") if column.most is None else column.most


_MESSAGES = {
    "missing_value": "empty where a value is required",
    "unknown_code": "not a known code",
    "spaces_in_id": "ids that are blank or have spaces around them",
    "date_out_of_range": "dates that cannot be right",
    "out_of_range": "numbers out of range",
    "empty_item": "lists with an empty item",
}
_KINDS = {"nullability": "missing_value", "inner_nullability": "empty_item"}
_WITHOUT_VALUES = frozenset({"missing_value", "duplicate_key", "empty_item"})
_POSITION = "position_of_row"
_REMEDIES = {"unknown_code": "Or map it under codes in the mapping"}
_ON_RECORD = "Fill it in; a row that is on record without it is put right with cbl cycle --rectify"


def broken_rules(
    table: str,
    frame: pl.DataFrame,
    columns: Mapping[str, Column],
    source_row: pl.Series,
    earlier: Iterable[Finding] = (),
) -> list[Finding]:
    """Rows that break a rule of their table.

    Args:
        table: the table.
        frame: columns in their declared types; those that are absent are not checked.
        columns: declaration of every standard and declared extra column.
        source_row: source row of each row.
        earlier: findings already made: a cell that did not parse is not also reported missing.
    """
    present = {name: column for name, column in columns.items() if name in frame.columns}
    if not present or not frame.height:
        return []
    rows = pl.DataFrame([frame[name] for name in present]).with_row_index(_POSITION)
    schema, blamed = _schema_of_present(table, rows, present)
    _, failure = schema.filter(rows)
    counts = failure.counts()
    details = failure.details() if counts else pl.DataFrame()
    findings: list[Finding] = []
    for rule_name in counts:
        failed = details.filter(pl.col(rule_name) == "invalid")[_POSITION]
        name, _, check = rule_name.rpartition("|")
        if name:
            kind = _KINDS.get(check, check.removeprefix("check__"))
            message, remedy = _MESSAGES[kind], _REMEDIES.get(kind, "")
        else:
            kind, (name, message, remedy) = check, blamed[check]
        if kind == "missing_value":
            failed = _without_reported(failed, name, earlier)
            remedy = _ON_RECORD if columns[name].recorded_without else remedy
        findings += rows_found(
            table,
            name,
            kind,
            message,
            _mask(failed, frame.height),
            source_row,
            values=None if kind in _WITHOUT_VALUES else shown(table, columns[name], frame[name]),
            allowed=_allowed(kind, columns[name]),
            remedy=remedy,
        )
    return findings


def _schema_of_present(
    table: str, rows: pl.DataFrame, present: Mapping[str, Column]
) -> tuple[Any, dict[str, tuple[str, str, str]]]:
    """A dataframely schema of the columns at hand, which a full one would call incomplete.

    Returns:
        The schema; and for each rule over several columns the column blamed, message and remedy.
    """
    import dataframely as dy

    # Declared columns may be called like a schema's methods, so attributes are numbered.
    members: dict[str, Any] = {
        f"column_{at}": dataframely_column(
            column, rows.schema[name], _checks(column, rows.schema[name]) or None
        )
        for at, (name, column) in enumerate(present.items())
    }
    members[_POSITION] = dy.UInt32(nullable=False)
    blamed: dict[str, tuple[str, str, str]] = {}
    for rule in ROW_RULES:
        if rule.table == table and set(rule.needs) <= set(present):
            members[rule.kind] = _dataframely_rule(dy, rule.met)
            blamed[rule.kind] = (rule.column, rule.message, rule.remedy)
    key = key_of(table, present)
    if key and set(key) <= set(present):
        # An empty cell in a key is a missing value, not a repeat of other empty cells.
        empty = pl.any_horizontal(pl.col(k).is_null() for k in key if present[k].required)
        repeated = pl.struct(key) if len(key) > 1 else pl.col(key[0])
        members["duplicate_key"] = _dataframely_rule(dy, empty | ~repeated.is_duplicated())
        blamed["duplicate_key"] = (key[0], f"rows that repeat the same {', '.join(key)}", "")
    return type("Rows", (dy.Schema,), members), blamed


def _dataframely_rule(dy: Any, met: pl.Expr) -> Any:
    return dy.rule()(lambda _cls: met.fill_null(value=True))


def _mask(positions: pl.Series, height: int) -> pl.Series:
    mask = np.zeros(height, bool)
    mask[positions.to_numpy()] = True
    return pl.Series(mask)


def _without_reported(failed: pl.Series, column: str, earlier: Iterable[Finding]) -> pl.Series:
    for finding in earlier:
        if finding.column == column and finding.positions is not None:
            failed = failed.filter(~failed.is_in(finding.positions.implode()))
    return failed


def _allowed(kind: str, column: Column) -> str:
    if kind == "unknown_code":
        return ", ".join(column.codes)
    if kind == "date_out_of_range":
        return f"{FIRST_DAY} to {LAST_DAY}"
    if kind == "out_of_range":
        unit = f" [{column.unit}]" if column.unit else ""
        if column.least is None and column.most is None:
            return "finite numbers"
        if column.most is None:
            return f"{column.least} or more{unit}"
        return f"{column.least} to {column.most}{unit}"
    return ""
