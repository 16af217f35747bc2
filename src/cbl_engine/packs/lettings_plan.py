"""The annual lettings plan: targets by category, the out-turn quarter by quarter, and the variance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import Field, ValidationError, model_validator

from cbl_engine.documents import read_document
from cbl_engine.errors import BadInput, Problem
from cbl_engine.packs.parts import ALL, UNKNOWN, Part
from cbl_engine.scheme.parts import Part as _Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.packs.happened import Happened

_OTHERS = "not in the plan"
_APPLICATIONS = "applications."
QUARTERS = ("q1", "q2", "q3", "q4")


class Target(_Part):
    """A category's target: a share of the lettings, or a number of them in the year."""

    share: float | None = Field(None, ge=0, le=1, description="of all lettings of the year")
    number: int | None = Field(None, ge=0, description="[lettings] in the year")

    @model_validator(mode="after")
    def _one(self) -> Target:
        if (self.share is None) == (self.number is None):
            raise ValueError("say either share or number")
        return self


class Category(_Part):
    """Targets by the values of one column."""

    title: str
    by: str = Field(description="a column of lettings, or applications.COLUMN")
    targets: dict[str, Target] = Field(min_length=1)


class LettingsPlan(_Part):
    """What a council planned to let in a year, and to whom."""

    title: str
    year_from: date = Field(description="first day of the year")
    lettings: int | None = Field(None, ge=1, description="expected in the year [lettings]")
    source: str | None = None
    categories: tuple[Category, ...] = Field(min_length=1)


@dataclass(frozen=True, eq=False)
class OutTurn:
    """A plan against what was let.

    Attributes:
        plan: the plan.
        until: last day that is counted.
        parts: a table for each category.
    """

    plan: LettingsPlan
    until: date
    parts: list[Part]


def read_plan(path: str | Path) -> LettingsPlan:
    """A plan from a YAML file, or from a CSV file with by, value, share, number.

    A CSV file has no title and no year: its name stands for the one, and ``year_from`` is a column
    with one value.

    Raises:
        BadInput: the file cannot be used, with file, line and column.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        return _validated(_from_csv(path), str(path), None)
    document = read_document(path)
    return _validated(document.data, str(path), document)


def _validated(given: Any, where: str, document: Any) -> LettingsPlan:
    try:
        return LettingsPlan.model_validate(given, strict=False)
    except ValidationError as error:
        raise BadInput([
            Problem("bad_plan", f"{'.'.join(map(str, e['loc']))}: {e['msg']}",
                    where=where if document is None else document.where(tuple(e["loc"])))
            for e in error.errors(include_url=False)]) from None


def _from_csv(path: Path) -> dict[str, Any]:
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError):
        raise BadInput([Problem("plan_not_read", "the plan cannot be read", where=str(path),
                                allowed="YAML, or CSV with year_from, by, value, share, number")]) from None
    wanted = ("year_from", "by", "value")
    if missing := [c for c in wanted if c not in frame.columns]:
        raise BadInput([Problem("column_missing", f"the column {c} is missing", where=str(path),
                                allowed="year_from, by, value, share, number") for c in missing])
    categories: dict[str, dict[str, Any]] = {}
    for row in frame.iter_rows(named=True):
        target = {k: row[k] for k in ("share", "number") if row.get(k)}
        categories.setdefault(row["by"], {})[row["value"]] = target
    years = frame["year_from"].unique().to_list()
    if len(years) != 1:
        raise BadInput([Problem("several_years", "a plan is of one year", where=f"{path}: year_from",
                                given=", ".join(map(str, years)))])
    return {"title": path.stem.replace("_", " "), "year_from": years[0], "categories": [
        {"title": f"By {by.removeprefix(_APPLICATIONS).replace('_', ' ')}", "by": by, "targets": targets}
        for by, targets in categories.items()]}


def out_turn(record: Happened, plan: LettingsPlan) -> OutTurn:
    """The lettings of the plan's year so far, quarter by quarter, against its targets.

    A share is held against the lettings so far; a number against as much of it as the year has gone
    (days of the year that are over, or the record's share of them). Quarters that have not begun
    have no out-turn.

    Args:
        record: what happened.
        plan: targets.

    Raises:
        BadInput: a column that the plan names is not there, or the year has not begun.
    """
    first = plan.year_from
    last = _months_on(first, 12) - timedelta(days=1)
    until = min(last, record.as_at)
    problems = []
    if record.as_at < first:
        problems.append(Problem("year_not_begun", "the record ends before the plan's year begins",
                                where="year_from", given=str(first), allowed=f"{record.as_at} or before"))
    values: dict[str, pl.Series] = {}
    let = record.lettings.filter(pl.col("signed_on").is_between(first, until))
    for category in plan.categories:
        found = _values(record, let, category.by)
        if found is None:
            names = [c for c, t in let.schema.items() if t in (pl.String, pl.Int64, pl.Int8, pl.Boolean)]
            problems.append(Problem("unknown_column", "the record has no such column to plan by",
                                    where=f"categories: {category.title}", given=category.by,
                                    allowed=", ".join(names) + ", applications.COLUMN"))
        else:
            values[category.by] = found
    if problems:
        raise BadInput(problems)
    gone = ((until - first).days + 1) / ((last - first).days + 1)
    parts = []
    for number, category in enumerate(plan.categories):
        frame = let.with_columns(values[category.by].alias("value"))
        parts.append(Part(
            f"plan_{number + 1}", category.title,
            "Lettings signed in each quarter. Planned so far: the share of lettings so far, or the "
            f"number for the {gone:.0%} of the year that is over. Variance: let less planned.",
            _table(frame, category, first, until, gone), drawn="let",
            heads=(("planned_so_far", "planned so far"), ("share_let", "share let, %"),
                   ("plan", "plan for the year"))))
    return OutTurn(plan, until, parts)


def _months_on(day: date, months: int) -> date:
    at = day.month - 1 + months
    return day.replace(year=day.year + at // 12, month=at % 12 + 1)


def _values(record: Happened, let: pl.DataFrame, by: str) -> pl.Series | None:
    """The value that each letting is planned by, as text."""
    if not by.startswith(_APPLICATIONS):
        return None if by not in let.columns else let[by].cast(pl.String).fill_null(UNKNOWN)
    table = record.record[0].tables.get("applications") if record.record is not None else None
    column = by.removeprefix(_APPLICATIONS)
    if table is None or column not in table.columns:
        return None
    held = table.select(pl.col("id").cast(pl.String).alias("application"),
                        pl.col(column).cast(pl.String).alias("value")).unique(
        "application", keep="last", maintain_order=True)
    return let.select(pl.col("application").cast(pl.String)).join(
        held, on="application", how="left", maintain_order="left")["value"].fill_null(UNKNOWN)


def _table(
    let: pl.DataFrame, category: Category, first: date, until: date, gone: float
) -> pl.DataFrame:
    rows = list(_rows(let, category, first, until, gone))
    return pl.DataFrame(rows, {
        "category": pl.String, "plan": pl.String, **dict.fromkeys(QUARTERS, pl.Int64),
        "let": pl.Int64, "share_let": pl.Float64, "planned_so_far": pl.Float64,
        "variance": pl.Float64}, orient="row")


def _rows(
    let: pl.DataFrame, category: Category, first: date, until: date, gone: float
) -> Iterator[tuple[Any, ...]]:
    total = let.height
    inside = let.filter(pl.col("value").is_in(list(category.targets)))
    others = let.filter(~pl.col("value").is_in(list(category.targets)))
    for value, target in category.targets.items():
        mine = inside.filter(pl.col("value") == value)
        if target.share is not None:
            planned, said = target.share * total, f"{target.share:.0%}"
        else:
            planned, said = (target.number or 0) * gone, f"{target.number:,}"
        yield (value, said, *_quarters(mine, first, until), mine.height,
               _share(mine.height, total), round(planned, 1), round(mine.height - planned, 1))
    if others.height:
        yield (_OTHERS, "", *_quarters(others, first, until), others.height,
               _share(others.height, total), None, None)
    yield (ALL, "", *_quarters(let, first, until), total, 100.0 if total else None, None, None)


def _share(n: int, of: int) -> float | None:
    return round(100 * n / of, 1) if of else None


def _quarters(rows: pl.DataFrame, first: date, until: date) -> Iterator[int | None]:
    """Lettings by quarter; None for one that has not begun."""
    for number in range(len(QUARTERS)):
        begins, ends = _months_on(first, 3 * number), _months_on(first, 3 * number + 3)
        if begins > until:
            yield None
        else:
            yield rows.filter(pl.col("signed_on").is_between(begins, ends, closed="left")).height
