"""The register made ready: an immutable compiled register, and its view on one date.

:func:`prepare` compiles the scheme and takes the register's frames. What depends on the as-at
date is worked out in :meth:`Prepared.at`, once for a fixed date, and with ``close`` once for each
distinct closing date; where nothing depends on the date, all dates share one view.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess import household_facts, pair_fact_values, with_if_null
from cbl_engine.assess.legal import judged_in_law
from cbl_engine.assess.outcomes import UNKNOWN, for_sql
from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.facts import EligibleInLaw, expressions_of
from cbl_engine.scheme.law import names_of_law
from cbl_engine.scheme.parameters import constants_on
from cbl_engine.scheme.vocabulary import is_pair_fact
from cbl_engine.shortlist.classes import SHORT, Classes, classify
from cbl_engine.shortlist.compiled import Compiled, Condition, compile_version
from cbl_engine.shortlist.register_check import (
    AsAt,
    refuse_unusable,
)
from cbl_engine.tables import (
    REGISTER_TABLES,
    Ordinals,
    has_versions,
    spans_of,
    with_register_types,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from cbl_engine.scheme.expressions import Expression
    from cbl_engine.scheme.load import Scheme


@dataclass(frozen=True, eq=False)
class Prepared:
    """A scheme and a register, ready to shortlist any number of times.

    Attributes:
        scheme: the scheme with its versions.
        as_at: a date, or ``close``.
        tables: the register's frames by name, as given.
        ordinals: application ids <-> 0 to n-1, ascending.
        row_of: ordinal of each row of applications.
        views: the register by (scheme version, date), made when first asked for.
    """

    scheme: Scheme
    as_at: AsAt
    tables: Mapping[str, pl.DataFrame] = field(repr=False)
    ordinals: Ordinals
    row_of: NDArray[np.int32] = field(repr=False)
    views: dict[Any, RegisterAt] = field(default_factory=dict, repr=False)

    def date_for(self, closes_on: date) -> date:
        """The as-at date of an advert that closes on this London date."""
        return closes_on if self.as_at == "close" else self.as_at

    def at(self, on: date) -> RegisterAt:
        """The register as one date sees it.

        Raises:
            SchemeError: the scheme is not in force, or a parameter has no value yet.
        """
        version = self.scheme.in_force(on)
        compiled = compile_version(version)
        versioned = has_versions(self.tables["applications"])
        key = (version.in_force.from_, on if compiled.dated or versioned else None)
        if key not in self.views:
            self.views[key] = build_view(self, compiled, on, key)
        return self.views[key]

    def update(
        self,
        changed: Mapping[str, pl.DataFrame] | None = None,
        removed: Mapping[str, Iterable[Any]] | None = None,
        as_at: AsAt | None = None,
    ) -> Prepared:
        """The same register with rows added, changed or gone; equal to a fresh ``prepare``.

        Facts are worked out again only for households that a row touches, unless the date moves.

        Args:
            changed: table -> whole rows to put in, with every column that the table has (but for
                where it was read from), replacing those with the same id (applications: all
                versions of the id; connections and dated rows: all rows of the application).
            removed: table -> list of ids gone (connections and dated rows: application ids), of
                any kind; those that are not there change nothing.
            as_at: another date, or None to keep it.

        Raises:
            TableError: a table or column that does not fit or is missing; ids that are no list.
            SchemeError: the scheme is not in force on the date.
        """
        from cbl_engine.shortlist.update import updated

        return updated(self, changed or {}, removed or {}, self.as_at if as_at is None else as_at)


@dataclass(frozen=True, eq=False)
class RegisterAt:
    """The register on one date under one scheme version: a row an application, by ordinal.

    Attributes:
        key: names the view; equal for views that are the same.
        compiled: the scheme version.
        on: the as-at date.
        frame: id, and the columns and facts the scheme reads with ``if_null`` filled in.
        in_force: whether the application has a version in force.
        constants: value of ``as_at`` and of each parameter.
        in_law: the law's criteria that bids are judged by, for the register has facts of them.
    """

    key: Any
    compiled: Compiled
    on: date
    frame: pl.DataFrame = field(repr=False)
    in_force: NDArray[np.bool_]
    constants: Mapping[str, Any]
    in_law: frozenset[str]
    _tables: Mapping[str, pl.DataFrame] = field(repr=False)
    _ordinals: Ordinals = field(repr=False)
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def keep(self, key: Any, make: Callable[[], Any]) -> Any:
        """The value kept under a key, made when first asked for."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def classes(self, columns: tuple[str, ...]) -> Classes:
        """Applications by the values of these columns."""
        return self.keep(
            ("classes", columns),
            lambda: classify((self.frame[c] for c in columns), self.frame.height),
        )

    def application_outcomes(self) -> dict[int, NDArray[np.int8]]:
        """Outcome codes of every criterion that the application alone settles, by bit."""
        return self.keep("outcomes", self._evaluate)

    def _evaluate(self) -> dict[int, NDArray[np.int8]]:
        mine = [
            c
            for c in self.compiled.conditions
            if c.expression is not None and c.reads.side == "application"
        ]
        if not mine:
            return {}
        names = dict.fromkeys(["id", *(n for c in mine for n in c.reads.own)])
        frame = for_sql(self.frame[n] for n in names)
        return evaluate(frame, mine, self.constants)

    def pair_fact(self, name: str, areas: tuple[Any, ...]) -> pl.DataFrame:
        """Values of a pair fact: a column for each area (``0``, ``1``, ...), a row a household."""
        fact = self.compiled.version.facts[name]
        return self.keep(
            ("pair", name, areas),
            lambda: pair_fact_values(
                fact, areas, self._tables, self._ordinals, self.on, self.constants,
                self.compiled.version,
            ),
        )


def evaluate(
    frame: pl.DataFrame | pl.LazyFrame,
    conditions: Sequence[Condition],
    constants: Mapping[str, Any],
) -> dict[int, NDArray[np.int8]]:
    """Outcome codes of criteria over a frame that has every column they read, by bit."""
    expressions = [
        _in_polars(
            c.expression,
            tuple((n, constants[n]) for n in c.expression.names if n in constants),
        ).alias(str(c.bit))
        for c in conditions
        if c.expression is not None
    ]
    # with_columns, unlike select, stretches a criterion that reads only constants to every row.
    if isinstance(frame, pl.LazyFrame):
        names = [str(c.bit) for c in conditions if c.expression is not None]
        codes = frame.with_columns(expressions).select(names).collect()
    elif frame.height <= SHORT:  # sooner done than shared out to threads
        codes = frame.with_columns_seq(expressions)
    else:
        codes = frame.with_columns(expressions)
    return {c.bit: codes[str(c.bit)].to_numpy() for c in conditions if c.expression is not None}


@lru_cache(maxsize=4096)
def _in_polars(expression: Expression, constants: tuple[tuple[str, Any], ...]) -> pl.Expr:
    met = expression.polars(dict(constants)).cast(pl.Boolean)
    return (~met).cast(pl.Int8).fill_null(UNKNOWN)


def prepare(scheme: Scheme, register: Mapping[str, pl.DataFrame], as_at: AsAt) -> Prepared:
    """Compile a scheme and a register.

    Args:
        scheme: from :func:`cbl_engine.load_scheme`.
        register: frames by table name: ``applications`` (with ids), and ``people``,
            ``connections``, ``areas`` and the tables of dated rows where facts read them. Columns
            and types as in the data dictionary; ids may be text or whole numbers.
        as_at: the date everything is judged at, or ``close``.

    Returns:
        An immutable :class:`Prepared`.

    Raises:
        TableError: a table or column that the scheme reads is missing or of another type, a number
            is none (NaN), an id is null or given twice; all problems at once.
        SchemeError: the scheme is not in force on the date.
    """
    refuse_unusable(scheme, register, as_at)
    # Clones share their memory, and what the caller does to its frames later is not in them.
    tables = tables_of(
        scheme, {name: register[name].clone() for name in REGISTER_TABLES if name in register})
    ids = tables["applications"]["id"]
    ordinals = Ordinals(ids)
    prepared = Prepared(scheme, as_at, tables, ordinals, ordinals.ordinals_of(ids))
    if as_at != "close":
        prepared.at(as_at)
    return prepared


def tables_of(scheme: Scheme, register: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Tables of a register, every column in which nothing is in its type under any version."""
    declared = {
        name: {n: c for version in scheme.versions for n, c in version.declared(name).items()}
        for name in register
    }
    return with_register_types(register, declared)


def build_view(
    prepared: Prepared,
    compiled: Compiled,
    on: date,
    key: Any,
    carried: tuple[pl.DataFrame | None, NDArray[np.bool_]] | None = None,
) -> RegisterAt:
    """The register on one date.

    Args:
        prepared: the register.
        compiled: the scheme version.
        on: the as-at date.
        key: names the view.
        carried: facts known already, a row an application, and which applications need theirs
            worked out all the same.
    """
    constants = constants_at(compiled, on)
    applications = prepared.tables["applications"]
    rows, in_force = _rows_in_force(applications, prepared.row_of, len(prepared.ordinals), on)
    welcome = (c for c in compiled.welcome_columns() if c in applications.columns)
    columns = [*compiled.own_columns(), *welcome]
    frame = _gathered(applications[["id", *columns]], rows, in_force)
    frame = filled(frame, compiled, "applications")
    every = {
        name: fact for name, fact in compiled.facts_read().items() if not is_pair_fact(fact)
    }
    judged = judged_in_law(prepared.tables)
    facts = {
        name: fact for name, fact in every.items()
        if not isinstance(fact, EligibleInLaw) or fact.test in judged
    }
    if len(facts) < len(every):
        frame = frame.with_columns(pl.lit(value=True).alias(n) for n in every if n not in facts)
    if facts:
        tables = prepared.tables
        if carried is not None:
            ids = prepared.ordinals.ids.filter(pl.Series(carried[1]))
            tables = {
                name: table.filter(pl.col("application").is_in(ids.implode()))
                if "application" in table.columns
                else table
                for name, table in tables.items()
            }
        values = household_facts(
            facts, tables, prepared.ordinals, on, constants, compiled.version, frame
        )
        if carried is not None and carried[0] is not None:
            afresh = pl.Series(carried[1])
            values = pl.DataFrame(
                [values[n].zip_with(afresh, carried[0][n].cast(values.schema[n])) for n in facts]
            )
        frame = pl.concat([frame, values], how="horizontal")
    return RegisterAt(
        key, compiled, on, frame, in_force, constants,
        frozenset(names_of_law()[test] for test in judged), prepared.tables, prepared.ordinals,
    )


def _rows_in_force(
    applications: pl.DataFrame, ordinal: NDArray[np.int32], n: int, on: date
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Row of the version of each application in force on a date, and whether there is one."""
    if not has_versions(applications) and _in_turn(ordinal):
        return np.arange(n), np.ones(n, bool)
    rows = np.full(n, -1, np.int64)
    if has_versions(applications):
        spans = spans_of(applications)
        now = ((spans["from"] <= on) & (spans["to"] > on)).to_numpy()
        rows[ordinal[now]] = np.flatnonzero(now)
    else:
        rows[ordinal] = np.arange(n)
    return rows, rows >= 0


def _in_turn(ordinal: NDArray[np.integer]) -> bool:
    """Whether rows are in the order of their ordinals."""
    return bool((ordinal[1:] > ordinal[:-1]).all())


def _gathered(
    frame: pl.DataFrame, rows: NDArray[np.int64], in_force: NDArray[np.bool_]
) -> pl.DataFrame:
    if len(rows) == frame.height and _in_turn(rows) and in_force.all():
        return frame
    if in_force.all():
        return frame[rows]
    index = pl.Series("row", np.where(in_force, rows, 0))
    absent = pl.Series("absent", ~in_force)
    return frame[index.to_numpy()].select(
        pl.when(~absent).then(pl.col(c)).alias(c) for c in frame.columns
    ) if frame.height else pl.DataFrame(
        {c: [None] * len(rows) for c in frame.columns}, schema=frame.schema
    )


def filled(frame: pl.DataFrame, compiled: Compiled, table: str) -> pl.DataFrame:
    """The frame with each declared column's ``if_null`` put in."""
    return with_if_null(frame, table, compiled.version)


def constants_at(compiled: Compiled, on: date) -> dict[str, Any]:
    """``as_at`` and the value of every parameter that has one on the date."""
    texts = [t for fact in compiled.facts_read().values() for t in expressions_of(fact).values()]
    expressions = [c.expression for c in compiled.conditions if c.expression]
    expressions += [parse_expression(text) for text in texts]
    used = {name for expression in expressions for name in expression.param_names}
    return constants_on(compiled.version, on, used)
