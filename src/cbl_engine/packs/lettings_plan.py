"""The annual lettings plan: targets by category, the out-turn quarter by quarter, and the variance."""

from __future__ import annotations

import csv
import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
from pydantic import Field, PrivateAttr, ValidationError, model_validator

from cbl_engine.documents import read_document
from cbl_engine.errors import BadInput, Problem
from cbl_engine.packs.parts import ALL, UNKNOWN, Part
from cbl_engine.scheme.parts import Part as _Part
from cbl_engine.scheme.parts import as_fraction, exact_share
from cbl_engine.scheme.words import share_in_words
from cbl_engine.scheme.wrong_fields import field_problems
from cbl_engine.tables import has_versions, spans_of
from cbl_engine.tables.parsing import looks_like_formula

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.packs.happened import Happened

Where = Callable[..., str]

_OTHERS = "not in the plan"
_APPLICATIONS = "applications."
_LANDLORD = "landlord"
QUARTERS = ("q1", "q2", "q3", "q4")
_IN_EVERY_ROW = ("year_from", "by", "value")
_CSV_COLUMNS = "year_from, by, value, share, number"
_SHEET = 31
_TO_THE_VALUE = 4  # categories, which, targets, value


class Target(_Part):
    """A category's target: a share of the lettings, or a number of them in the year."""

    share: Annotated[float, Field(ge=0, le=1), *as_fraction(minimum=0)] | None = Field(
        None, description="of all lettings of the year; 0.25 or 1/4 for one in four")
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
    source: str | None = None
    categories: tuple[Category, ...] = Field(min_length=1)
    _where: Where | None = PrivateAttr(None)

    def model_post_init(self, context: Where | None, /) -> None:
        """Keep what tells places, which validation is given."""
        self._where = context

    def where(self, *loc: Any) -> str:
        """``file:line:column`` of a part of the plan, or its path where it was read from no file."""
        return self._where(loc) if self._where else ".".join(map(str, loc))


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
        BadInput: the file cannot be used, with file and line, and of YAML the column; a row of CSV
            says no ``by`` or ``value``, a value of a column has two targets or is a formula.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        return _validated(*_from_csv(path))
    document = read_document(path)
    return _validated(document.data, document.where)


def _validated(given: Any, where: Where) -> LettingsPlan:
    try:
        plan = LettingsPlan.model_validate(given, strict=False, context=where)
    except ValidationError as error:
        raise BadInput(field_problems(
            error, given, where, LettingsPlan.model_json_schema(), "bad_plan", "plan")) from None
    values = [(n, pl.Series(list(category.targets))) for n, category in enumerate(plan.categories)]
    problems = [
        Problem("formula_cell", "a value that a spreadsheet would run as a formula",
                where=plan.where("categories", n, "targets", value), given=repr(value),
                remedy="Give the value, not the formula")
        for n, targets in values for value in targets.filter(looks_like_formula(targets))]
    if problems:
        raise BadInput(problems)
    return plan


def _from_csv(path: Path) -> tuple[dict[str, Any], Where]:
    """A plan as the YAML would have it, and where each part of it stands."""
    rows = _csv_rows(path)
    problems = [
        Problem("cell_empty", f"a target without {column}", where=f"{path}:{line}",
                remedy="Fill the cell in, or take the row out")
        for line, row in rows for column in _IN_EVERY_ROW if not row[column]]
    categories: dict[str, dict[str, Any]] = {}
    lines: dict[tuple[str, str], int] = {}
    for line, row in rows:
        by, value = row["by"], row["value"]
        if (by, value) in lines:
            problems.append(Problem(
                "value_twice", "the plan has two targets for one value", where=f"{path}:{line}",
                given=f"{value}, as on line {lines[by, value]}", remedy="Keep one of them"))
            continue
        lines[by, value] = line
        target = {k: row[k] for k in ("share", "number") if row.get(k)}
        categories.setdefault(by, {})[value] = target
    years = sorted({row["year_from"] for _, row in rows})
    if len(years) > 1:
        problems.append(Problem("several_years", "a plan is of one year",
                                where=f"{path}: year_from", given=", ".join(years)))
    if not rows:
        problems.append(Problem("plan_empty", "the plan has no targets", where=str(path)))
    if problems:
        raise BadInput(problems)
    titles = {by: f"By {by.removeprefix(_APPLICATIONS).replace('_', ' ')}" for by in categories}
    given = {"title": path.stem.replace("_", " "), "year_from": years[0], "categories": [
        {"title": titles[by], "by": by, "targets": targets} for by, targets in categories.items()]}
    order = list(categories)

    def where(loc: tuple[Any, ...], *, key: bool = False) -> str:
        del key  # the line is the place of both
        if len(loc) <= 1:
            return f"{path}:{rows[0][0]}"
        by = order[loc[1]]
        value = loc[3] if len(loc) >= _TO_THE_VALUE else next(iter(categories[by]))
        return f"{path}:{lines[by, value]}"

    return given, where


def _csv_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Line and cells of each row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="", strict=True)
            names = list(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeError, csv.Error):
        raise BadInput([Problem("plan_not_read", "the plan cannot be read", where=str(path),
                                allowed=f"YAML, or CSV with {_CSV_COLUMNS}")]) from None
    problems = [Problem("column_missing", f"the column {c} is missing", where=f"{path}:1",
                        allowed=_CSV_COLUMNS) for c in _IN_EVERY_ROW if c not in names]
    problems += [Problem("ragged_row", "a row with more cells than the header", where=f"{path}:{line}",
                         allowed=f"{len(names)} cells") for line, row in rows if None in row]
    if problems:
        raise BadInput(problems)
    return [(line, {name: cell.strip() for name, cell in row.items()}) for line, row in rows]


def out_turn(record: Happened, plan: LettingsPlan) -> OutTurn:
    """The lettings of the plan's year so far, quarter by quarter, against its targets.

    A share is held against the lettings so far; a number against as much of it as there are days of
    the year that are over and on record. Quarters that have not begun, or were over before the
    record begins, have no out-turn. A landlord is named by its name or its id; bands and landlords
    that nothing on record is called are told in ``items`` of their table.

    Args:
        record: what happened.
        plan: targets.

    Raises:
        BadInput: a column that the plan names is not there, a landlord has a target by its name and
            one by its id, the record ends before the year begins, or begins when it is over.
    """
    problems = []
    values: list[pl.Series] = []
    categories = [_by_name(plan, number, record, problems) for number in range(len(plan.categories))]
    for number, category in enumerate(categories):
        found = _values(record, record.lettings, category.by)
        if found is None:
            names = [c for c, t in record.lettings.schema.items()
                     if t in (pl.String, pl.Int64, pl.Int8, pl.Boolean)]
            problems.append(Problem("unknown_column", "the record has no such column to plan by",
                                    where=plan.where("categories", number, "by"), given=category.by,
                                    allowed=", ".join(names) + ", applications.COLUMN"))
        else:
            values.append(found)
    first = plan.year_from
    if record.as_at < first:
        problems.append(Problem("year_not_begun", "the record ends before the plan's year begins",
                                where=plan.where("year_from"), given=str(first), allowed=f"{record.as_at} or before"))
        raise BadInput(problems)
    following = _same_day_or_last(first, 12)
    until = min(following - timedelta(days=1), record.as_at)
    known = first if record.since is None else max(first, record.since)
    if known > until:
        problems.append(Problem("year_before", "the record begins when the plan's year is over",
                                where=plan.where("year_from"), given=str(first),
                                allowed=f"a year that ends on {known} or later"))
    if problems:
        raise BadInput(problems)
    gone = ((until - known).days + 1) / (following - first).days
    on_record = "" if known == first else (
        f" and on record: the record begins on {known.day} {known:%B %Y}, and what was let before "
        "is not recorded")
    inside = pl.col("signed_on").is_between(known, until)
    parts = []
    for number, (category, value) in enumerate(zip(categories, values, strict=True)):
        frame = record.lettings.with_columns(value.alias("value")).filter(inside)
        parts.append(Part(
            _sheet(number + 1, category.title), category.title,
            "Lettings signed in each quarter. Planned so far: the share of lettings so far, or the "
            f"number for the {gone:.0%} of the year that is over{on_record}. Variance: let less "
            "planned.", _table(frame, category, _Year(first, known, until), gone), drawn="let",
            heads=(("planned_so_far", "planned so far"), ("share_let", "share let, %"),
                   ("plan", "plan for the year")), of_sheet=("plan_share", "plan_number"),
            items=tuple(_unknown(record, category))))
    return OutTurn(plan, until, parts)


def _sheet(number: int, title: str) -> str:
    """``plan_2_by_bedrooms``: what Excel takes for the name of a sheet, and any disk for a file's."""
    return f"plan_{number}_{re.sub(r'[^a-z0-9]+', '_', title.lower())}"[:_SHEET].rstrip("_")


def _by_name(plan: LettingsPlan, number: int, record: Happened, problems: list[Problem]) -> Category:
    """A category with landlords by their names, as lettings have them, where the plan has their ids."""
    category = plan.categories[number]
    if category.by != _LANDLORD:
        return category
    targets: dict[str, Target] = {}
    for value, target in category.targets.items():
        name = record.landlords.get(value, value)
        if name in targets:
            problems.append(Problem(
                "value_twice", "the plan has two targets for one landlord",
                where=plan.where("categories", number, "targets", value), given=value,
                allowed="its name or its id",
                remedy="Keep one of them"))
        targets[name] = target
    return category.model_copy(update={"targets": targets})


def _unknown(record: Happened, category: Category) -> Iterator[str]:
    """Of each band or landlord of the plan that the record has none of, that this is so."""
    known = {"band": record.bands, _LANDLORD: _landlords(record)}.get(category.by, ())
    for value in category.targets if known else ():
        if value not in known:
            yield (f"Nothing on record has the {category.by} {value!r}, so no letting is held against "
                   f"its target; there are: {', '.join(known)}.")


def _landlords(record: Happened) -> list[str]:
    """Every landlord on record, as lettings call them."""
    tables = record.record[0].tables if record.record is not None else {}
    columns = [tables[t][c].cast(pl.String) for t, c in (
        ("landlords", "id"), ("homes", _LANDLORD), ("adverts", _LANDLORD))
        if t in tables and c in tables[t].columns]
    found = pl.concat([pl.Series(dtype=pl.String), *columns, record.lettings[_LANDLORD].cast(pl.String)])
    return found.drop_nulls().replace(dict(record.landlords)).unique().sort().to_list()


@dataclass(frozen=True)
class _Year:
    """A plan's year: its first day, the first that is on record, and the last that is counted."""

    first: date
    known: date
    until: date


def _same_day_or_last(day: date, months: int) -> date:
    """The same day so many months on, or the last of a month that has no such day."""
    at = day.month - 1 + months
    year, month = day.year + at // 12, at % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _values(record: Happened, let: pl.DataFrame, by: str) -> pl.Series | None:
    """The value that each letting is planned by, as text."""
    if not by.startswith(_APPLICATIONS):
        if by not in let.columns or let.schema[by].is_nested():
            return None
        return let[by].cast(pl.String).fill_null(UNKNOWN)
    table = record.record[0].tables.get("applications") if record.record is not None else None
    column = by.removeprefix(_APPLICATIONS)
    if table is None or column not in table.columns or table.schema[column].is_nested():
        return None
    return _when_signed(let, table, column).fill_null(UNKNOWN)


def _when_signed(let: pl.DataFrame, applications: pl.DataFrame, column: str) -> pl.Series:
    """A column of each letting's application, of the version in force on signing or the last before."""
    held = applications.select(pl.col("id").cast(pl.String).alias("application"),
                               pl.col(column).cast(pl.String).alias("value"))
    rows = let.select(pl.col("application").cast(pl.String), "signed_on").with_row_index("_letting")
    if not has_versions(applications):
        return rows.join(held, on="application", how="left", maintain_order="left")["value"]
    begun = rows.join(held.with_columns(spans_of(applications).drop("id")), on="application").filter(
        pl.col("from") <= pl.col("signed_on"))
    last = begun.group_by("_letting").agg(pl.col("value").sort_by("from", "to").last())
    return rows.join(last, on="_letting", how="left", maintain_order="left")["value"]


def _table(
    let: pl.DataFrame, category: Category, year: _Year, gone: float
) -> pl.DataFrame:
    rows = list(_rows(let, category, year, gone))
    return pl.DataFrame(rows, {
        "category": pl.String, "plan": pl.String, "plan_share": pl.Float64, "plan_number": pl.Int64,
        **dict.fromkeys(QUARTERS, pl.Int64),
        "let": pl.Int64, "share_let": pl.Float64, "planned_so_far": pl.Float64,
        "variance": pl.Float64}, orient="row")


def _rows(
    let: pl.DataFrame, category: Category, year: _Year, gone: float
) -> Iterator[tuple[Any, ...]]:
    total = let.height
    inside = let.filter(pl.col("value").is_in(list(category.targets)))
    others = let.filter(~pl.col("value").is_in(list(category.targets)))
    for value, target in category.targets.items():
        mine = inside.filter(pl.col("value") == value)
        if target.share is not None:
            planned, said = float(exact_share(target.share) * total), share_in_words(target.share)
            set_so: tuple[float | None, int | None] = round(100 * target.share, 10), None
        else:
            planned, said = (target.number or 0) * gone, f"{target.number:,}"
            set_so = None, target.number
        yield (value, said, *set_so, *_quarters(mine, year), mine.height,
               _share(mine.height, total), round(planned, 1), round(mine.height - planned, 1))
    if others.height:
        yield (_OTHERS, "", None, None, *_quarters(others, year), others.height,
               _share(others.height, total), None, None)
    yield (ALL, "", None, None, *_quarters(let, year), total, 100.0 if total else None, None, None)


def _share(n: int, of: int) -> float | None:
    return round(100 * n / of, 1) if of else None


def _quarters(rows: pl.DataFrame, year: _Year) -> Iterator[int | None]:
    """Lettings by quarter; None for one that has not begun, or of which no day is on record."""
    for number in range(len(QUARTERS)):
        begins, ends = (_same_day_or_last(year.first, 3 * n) for n in (number, number + 1))
        if begins > year.until or ends <= year.known:
            yield None
        else:
            yield rows.filter(pl.col("signed_on").is_between(begins, ends, closed="left")).height
