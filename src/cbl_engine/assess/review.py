"""The next day on which anything an assessment found could change without an event.

Every part of the assessment that reads the date says its next day: a birthday, the edge of a dated
row, a whole month. The earliest is the household's. Where a day cannot be told closely, an earlier
one is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess.ages import age_on, days_left_over, months_on, whole_months
from cbl_engine.assess.awards import days
from cbl_engine.assess.connections import relevant_rows
from cbl_engine.assess.facts import standard_of
from cbl_engine.assess.marks import days_at, numbers_at
from cbl_engine.assess.spells import spells_of
from cbl_engine.scheme.expressions import Expression, parse_expression
from cbl_engine.scheme.facts import (
    AllMembers,
    AnyMember,
    BedroomsFact,
    BedroomsNow,
    Count,
    ExemptByLaw,
    Max,
    Min,
    StatutoryOvercrowding,
    WholeMonthsSince,
    WholeYearsSince,
    expressions_of,
    kind_of_fact,
    rows_of,
)
from cbl_engine.scheme.law import allocation_law
from cbl_engine.scheme.standards import overcrowding_changes, overcrowding_law
from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbl_engine.assess.plan import Plan
    from cbl_engine.scheme.bedrooms import BedroomStandard
    from cbl_engine.scheme.facts import Fact
    from cbl_engine.scheme.load import Scheme
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.tables import Ordinals

_NEVER = np.iinfo(np.int32).max
_WEEKS = 40
_DAY = pl.duration(days=1)
_LATER_DAYS = 4
"""Days within which a calendar interval counted forwards and backwards agree."""


class _Days:
    """The earliest day found so far, one an application, as days since 1970."""

    def __init__(self, ids: Ordinals, on: date) -> None:
        self.ids = ids
        self.on = on
        self.first = np.full(len(ids), _NEVER, np.int32)
        self.edges_of: set[str] = set()
        """Tables whose rows' first and last days are in it."""

    def everyone(self, found: Iterable[date]) -> None:
        """A day for all; those not after as-at are nothing."""
        later = [day for day in found if day > self.on]
        if later:
            self.first = np.minimum(self.first, day_number(min(later)))

    def rows(self, frame: pl.DataFrame, *found: pl.Expr) -> None:
        """Days of rows that have an ``application`` or ``_ordinal``; null is nothing."""
        if not frame.height or not found:
            return
        if "_ordinal" not in frame.columns:
            ordinal = self.ids.ordinals_of(frame["application"])
            frame = frame.with_columns(pl.Series("_ordinal", ordinal))
        later = [pl.when(day > self.on).then(day) for day in found]
        told = frame.select("_ordinal", pl.min_horizontal(later).alias("day")).drop_nulls()
        told = told.filter(pl.col("_ordinal") >= 0)
        day = told["day"].to_physical().to_numpy().astype(np.int32)
        np.minimum.at(self.first, told["_ordinal"].to_numpy(), day)

    def column(self, *found: pl.Series) -> None:
        """Days with a place an application; null and those not after as-at are nothing."""
        for series in found:
            if series.null_count() < len(series):
                day = series.cast(pl.Date).to_physical().fill_null(_NEVER).to_numpy()
                today = day_number(self.on)
                self.first = np.minimum(self.first, np.where(day > today, day, _NEVER))

    def tomorrow(self, where: Any = None) -> None:
        """As-at's next day, for all or where true."""
        day = np.int32(day_number(self.on) + 1)
        if where is None:
            self.first = np.minimum(self.first, day)
        else:
            self.first[where] = day

    def series(self) -> pl.Series:
        """The days as dates, null where there is none."""
        days_since = pl.Series(self.first).set(pl.Series(self.first == _NEVER), None)
        return days_since.cast(pl.Date)


@dataclass(frozen=True)
class Dated:
    """What was found beside facts and awards that ends by itself.

    Attributes:
        until: days with a place an application, on which something ends or begins.
        daily: ordinals for whom the answer is as-at's own day until an officer records it.
        overrides: _ordinal, day: those on which an officer's value begins, or ends and changes something.
    """

    until: tuple[pl.Series, ...] = field(repr=False)
    daily: Any
    overrides: pl.DataFrame = field(repr=False)


def next_reviews(
    scheme: Scheme,
    plan: Plan,
    tables: Mapping[str, pl.DataFrame],
    frame: pl.DataFrame,
    law_frame: pl.DataFrame,
    ids: Ordinals,
    on: date,
    constants: Mapping[str, Any],
    dated: Dated,
) -> pl.Series:
    """The next day of every application, null where nothing changes by itself.

    Args:
        scheme: for the version that follows.
        plan: what the assessment reads.
        tables: the register.
        frame: columns and facts that criteria read, a row an application.
        law_frame: the same for the law.
        ids: applications.
        on: the as-at date.
        constants: parameters on the date.
        dated: what else ends by itself.
    """
    out = _Days(ids, on)
    law = allocation_law()
    tests = [t for t in (*law.eligible.values(), *law.exempt.values()) if t.holds_on(on)]
    facts_of_law = _named(law.facts, [parse_expression(t.when) for t in tests])
    standards = [plan.standard] if plan.standard is not None else []
    facts = [*plan.facts.values(), *facts_of_law]
    standards += [standard_of(f.bedrooms, plan.version) for f in facts
                  if isinstance(f, BedroomsFact)]
    out.everyone(_days_of_versions(scheme, plan, on))
    out.everyone([*law.changes(), *_days_of_standards(standards)])
    for expression in (*plan.early.values(), *plan.late.values()):
        _own_days(expression, frame, out)
    for test in tests:
        _own_days(parse_expression(test.when), law_frame, out)
    _people(facts, standards, tables, out, constants)
    for fact in facts:
        if isinstance(fact, (AnyMember, AllMembers, Count, Min, Max)):
            _dated_rows(fact, tables, out, constants)
        elif isinstance(fact, (WholeYearsSince, WholeMonthsSince)):
            _since(fact, frame, out)
        elif isinstance(fact, BedroomsNow):
            out.everyone(_days_of_standards([standard_of(fact.bedrooms_now, plan.version)]))
            _edges(tables["rooms"], out)
        elif isinstance(fact, StatutoryOvercrowding):
            out.everyone(overcrowding_changes())
            _edges(tables["rooms"], out)
        elif not isinstance(fact, (BedroomsFact, ExemptByLaw)):  # what the law reads is there already
            _connections(fact, tables, out, constants, plan.version)
    for award in plan.rules.awards.values():
        out.column(*days(award, frame))
    if (spells := tables.get("band_history")) is not None:
        _edges(spells, out)
    out.rows(dated.overrides, pl.col("day"))
    out.column(*dated.until)
    out.tomorrow(dated.daily)
    return out.series()


def _named(facts: Mapping[str, Fact], expressions: Iterable[Expression]) -> list[Fact]:
    names = {n for e in expressions for n in e.own_names}
    return [fact for name, fact in facts.items() if name in names]


def _days_of_versions(scheme: Scheme, plan: Plan, on: date) -> list[date]:
    found = [v.in_force.from_ for v in scheme.versions]
    if plan.version.in_force.until is not None:
        found.append(plan.version.in_force.until)
    for name, parameter in plan.version.parameters.items():
        if name in plan.parameters:
            found += list(parameter.values)
    return [day for day in found if day > on]


def _days_of_standards(standards: Iterable[BedroomStandard]) -> list[date]:
    forces = [s.in_force for s in standards if s.in_force is not None]
    return [day for f in forces for day in (f.from_, f.until) if day is not None]


def _marks_of(day: str, interval: str) -> list[pl.Expr]:
    """Days on which ``as_at - interval`` passes a day, given as SQL."""
    if not interval:
        return [pl.sql_expr(day), pl.sql_expr(day) + _DAY]
    moved = pl.sql_expr(f"{day} + INTERVAL '{interval}'").cast(pl.Date)
    return [moved + pl.duration(days=d) for d in range(-_LATER_DAYS, _LATER_DAYS + 1)]


def _compared_days(
    expression: Expression, schema: Mapping[str, pl.DataType]
) -> list[pl.Expr] | None:
    """Days on which an expression that reads ``as_at`` can change; None for any day.

    A column that is not there is null, and nothing comes of it.
    """
    if "as_at" not in expression.names:
        return []
    compared = days_at(expression)
    if compared is None:
        return None
    found = []
    for other, interval in compared:
        if isinstance(other, date):
            found += _marks_of(f"DATE '{other}'", interval)
        elif schema.get(other) == pl.Date:
            found += _marks_of(f'"{other}"', interval)
        elif other in schema:
            return None
    return found


def _own_days(expression: Expression, frame: pl.DataFrame, out: _Days) -> None:
    """Days of a criterion that compares as_at with columns of the application."""
    found = _compared_days(expression, frame.schema)
    if found is None:
        out.tomorrow()
    elif found:
        numbered = frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("_ordinal"))
        out.rows(numbered, *found)


def _people(
    facts: Iterable[Fact],
    standards: Iterable[BedroomStandard],
    tables: Mapping[str, pl.DataFrame],
    out: _Days,
    constants: Mapping[str, Any],
) -> None:
    """Birthdays that matter, births, and weeks of pregnancy."""
    people = tables.get("people")
    if people is None or "date_of_birth" not in people.columns:
        return
    ages: set[int] | None = {0}
    for fact in facts:
        if isinstance(fact, StatutoryOvercrowding) and ages is not None:
            law = overcrowding_law(out.on)
            ages = ages | law.persons_by_age.keys() | {law.room_standard_from_age}
        if not isinstance(fact, (AnyMember, AllMembers, Count, Min, Max)):
            continue
        if rows_of(fact) != "people":
            continue
        for text in expressions_of(fact).values():
            mine = numbers_at(parse_expression(text), "age", constants)
            ages = None if ages is None or mine is None else ages | mine
    for standard in standards:
        mine = _ages_of(standard)
        ages = None if ages is None or mine is None else ages | mine
    born = people.select("application", "date_of_birth")
    age = pl.when(pl.col("date_of_birth") > out.on).then(-1).otherwise(age_on(out.on))
    if ages is None:
        following = age + 1
    else:
        marks = np.array([*sorted(ages), 10_000])
        now = born.select(age.fill_null(9_999)).to_series().to_numpy()
        at = np.minimum(np.searchsorted(marks, now, side="right"), len(marks) - 1)
        following = pl.lit(pl.Series("following", marks[at]))
        born = born.with_columns(following).filter(pl.col("following") < 1_000)
        following = pl.col("following")
    out.rows(born, months_on(pl.col("date_of_birth"), following * 12))
    for standard in standards:
        weeks = standard.unborn_from_weeks
        if isinstance(weeks, int) and weeks:
            before = pl.duration(days=(_WEEKS - weeks) * 7)
            due = [pl.col(c) - before for c in ("date_of_birth", "expected_on")
                   if c in people.columns]
            out.rows(people, *due)


def _ages_of(standard: BedroomStandard) -> set[int] | None:
    """Ages at which a standard makes a difference; None when its table looks at any."""
    if any("est_child" in row.when for row in standard.table):
        return None
    return {
        0, 1, standard.own_room_limit(), standard.same_sex_limit(), standard.any_sex_limit(),
        standard.same_sex_from, standard.children_until,
    }


def _edges(rows: pl.DataFrame, out: _Days) -> None:
    """The first day of a row, the first after it, and the day after that."""
    found = [pl.col(c) for c in ("since", "until") if c in rows.columns]
    out.rows(rows, *found, *(day + _DAY for day in found))


def _dated_rows(
    fact: AnyMember | AllMembers | Count | Min | Max,
    tables: Mapping[str, pl.DataFrame],
    out: _Days,
    constants: Mapping[str, Any],
) -> None:
    """Edges and whole months of the rows that a fact looks over, where it reads them."""
    table = rows_of(fact)
    if table not in tables:  # of the law's facts, whose table may be missing: not known of anyone
        return
    for text in expressions_of(fact).values():
        _row_days(parse_expression(text), table, tables[table], out, constants)


def _row_days(
    expression: Expression,
    table: str,
    rows: pl.DataFrame,
    out: _Days,
    constants: Mapping[str, Any],
) -> None:
    """Days on which an expression over rows can change: what it compares, edges, whole months."""
    found = _compared_days(expression, rows.schema)
    if found is None:
        out.rows(rows, pl.lit(out.on + timedelta(1)))
    elif found:
        out.rows(rows, *found)
    if table == "people":
        return
    if "current" in expression.own_names and table not in out.edges_of:
        out.edges_of.add(table)
        _edges(rows, out)
    if "months" in expression.own_names:
        marks = numbers_at(expression, "months", constants)
        since = pl.col("since")
        if marks is None:
            out.rows(rows, months_on(since, whole_months(since, pl.lit(out.on)) + 1))
        else:
            out.rows(rows, *(months_on(since, mark) for mark in sorted(marks)))


def _since(fact: WholeYearsSince | WholeMonthsSince, frame: pl.DataFrame, out: _Days) -> None:
    column = pl.col(getattr(fact, kind_of_fact(fact)))
    unit = 12 if isinstance(fact, WholeYearsSince) else 1
    counted = pl.max_horizontal(whole_months(column, pl.lit(out.on)) // unit, 0)
    out.column(frame.select(months_on(column, (counted + 1) * unit)).to_series())


def _connections(
    fact: Fact,
    tables: Mapping[str, pl.DataFrame],
    out: _Days,
    constants: Mapping[str, Any],
    version: SchemeVersion,
) -> None:
    """Edges and whole months of the connections that a fact looks at, and what its ``where`` reads."""
    for text in expressions_of(fact).values():
        _row_days(parse_expression(text), "connections", tables["connections"], out, constants)
    rows = relevant_rows(fact, tables, out.ids, out.on, constants, version)
    _connected(fact, rows, out)
    if rows["counts"].null_count():
        _connected(fact, rows.filter(pl.col("counts")), out)


def _connected(fact: Fact, rows: pl.DataFrame, out: _Days) -> None:
    rule: Any = getattr(fact, kind_of_fact(fact))
    _edges(rows, out)
    since = pl.col("since")
    kind = kind_of_fact(fact)
    if kind == "connected_to":
        if rule.min_months:
            out.rows(rows, months_on(since, rule.min_months))
    elif kind == "months_connected":
        out.rows(rows, months_on(since, whole_months(since, pl.lit(out.on)) + 1))
    else:
        _residence(rows, rule, out)


def _residence(rows: pl.DataFrame, rule: Any, out: _Days) -> None:
    """Months resident: whole months of the spell that still runs, and what the window cuts off.

    Of several spells of one person the days beyond whole months count too, so that another month
    may come a day at a time: after as many days as are missing to the next thirty. Where the
    window cuts a spell, the next day is taken, but for one spell that fills the window.
    """
    on, window = pl.lit(out.on), rule.window_months
    spells = spells_of(rows, out.on, window)
    if not spells.height:
        return
    holder = ["_ordinal", "_target", "person"]
    left = days_left_over(pl.col("start"), pl.col("months"), pl.col("end"))
    spells = spells.with_columns(
        pl.len().over(holder).alias("n"),
        (pl.lit(30) - left.sum().over(holder) % 30).alias("days"),
        (pl.col("end") == on).alias("runs"),
    )
    month = months_on(pl.col("start"), pl.col("months") + 1)
    thirty = on + pl.duration(days=pl.col("days"))
    several = pl.lit(value=False) if rule.consecutive else pl.col("n") > 1
    growing = pl.when(several).then(pl.min_horizontal(month, thirty)).otherwise(month)
    if window is None:
        out.rows(spells.filter("runs"), growing)
        return
    opens = on.dt.offset_by(f"-{window}mo")
    cut = pl.col("start") <= opens
    full = cut & pl.col("runs") & (pl.col("n") == 1)
    reached = pl.col("start").dt.offset_by(f"{window}mo") - pl.duration(days=_LATER_DAYS)
    after = pl.max_horizontal(reached, on + _DAY)
    out.rows(spells.filter(cut & ~full), on + _DAY)
    out.rows(spells.filter(~cut), after)
    out.rows(spells.filter(~cut & pl.col("runs")), growing)
