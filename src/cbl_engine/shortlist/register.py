"""The register made ready: an immutable compiled register, and its view on one date.

:func:`prepare` compiles the scheme and takes the register's frames. What depends on the as-at
date is worked out in :meth:`Prepared.at`, once for a fixed date, and with ``close`` once for each
distinct closing date; where nothing depends on the date, all dates share one view.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from cbl_engine.assess import household_facts, pair_fact_values
from cbl_engine.errors import Problem, SchemeError, TableError
from cbl_engine.scheme.vocabulary import is_pair_fact
from cbl_engine.shortlist.classes import UNKNOWN, Classes, classify, for_sql
from cbl_engine.shortlist.compiled import Compiled, Condition, compile_version
from cbl_engine.tables import DTYPES, Ordinals, column_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from cbl_engine.scheme.expressions import Expression
    from cbl_engine.scheme.load import Scheme

AsAt = date | Literal["close"]
REGISTER_TABLES = ("applications", "people", "connections", "areas")


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
    tables: Mapping[str, pl.DataFrame]
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

        Facts over people and connections are worked out again only for households that a row
        touches, unless the date moves.

        Args:
            changed: table -> rows to put in, replacing those with the same id (applications: all
                versions of the id; connections, which have none: all rows of the application).
            removed: table -> ids gone (connections: application ids).
            as_at: another date, or None to keep it.

        Raises:
            TableError: a table or column that does not fit.
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
    """

    key: Any
    compiled: Compiled
    on: date
    frame: pl.DataFrame
    in_force: NDArray[np.bool_]
    constants: Mapping[str, Any]
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
            lambda: pair_fact_values(fact, areas, self._tables, self._ordinals, self.on),
        )


def evaluate(
    frame: pl.DataFrame, conditions: Sequence[Condition], constants: Mapping[str, Any]
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
            ``connections`` and ``areas`` where facts read them. Columns and types as in the data
            dictionary; ids may be text or whole numbers.
        as_at: the date everything is judged at, or ``close``.

    Returns:
        An immutable :class:`Prepared`.

    Raises:
        TableError: a table or column that the scheme reads is missing or of another type, an id
            is null or given twice; all problems at once.
        SchemeError: the scheme is not in force on the date.
    """
    problems = list(register_problems(scheme, register, as_at))
    if problems:
        raise TableError(problems)
    tables = {name: register[name] for name in REGISTER_TABLES if name in register}
    ids = tables["applications"]["id"]
    ordinals = Ordinals(ids)
    prepared = Prepared(scheme, as_at, tables, ordinals, ordinals.ordinals_of(ids))
    if as_at != "close":
        prepared.at(as_at)
    return prepared


def register_problems(
    scheme: Scheme, register: Mapping[str, pl.DataFrame], as_at: AsAt
) -> list[Problem]:
    """Everything that keeps a register from being used under a scheme.

    Tables and columns that the scheme reads and that are missing or of another type, ids that are
    null or given twice, bands the scheme has not.
    """
    try:
        problems = list(_structure(scheme, register, as_at))
    except SchemeError as error:
        return list(error.problems)
    if problems:
        return problems
    applications = register["applications"]
    return [*_repeated(applications, Ordinals(applications["id"])),
            *_unknown_bands(scheme, applications)]


def _unknown_bands(scheme: Scheme, applications: pl.DataFrame) -> Iterable[Problem]:
    bands = {band for version in scheme.versions for band in version.bands}
    read = any("band" in compile_version(v).own_columns() for v in scheme.versions)
    if not read or applications["band"].null_count() == applications.height:
        return
    distinct = applications["band"].unique().drop_nulls().cast(pl.String).sort()
    lost = [b for b in distinct if b not in bands]
    if lost:
        held = applications["band"].cast(pl.String)
        theirs = applications["id"].filter(held.is_in(lost))
        yield Problem(
            "unknown_band",
            "an application is in a band that the scheme has not",
            where="applications.band",
            allowed=", ".join(bands_in_order(scheme)),
            given=", ".join(repr(b)[:40] for b in lost[:3]),
            count=len(theirs),
            rows=tuple(map(str, theirs.head(5))),
            remedy="Correct the band, or add it to the scheme",
        )


def bands_in_order(scheme: Scheme) -> list[str]:
    """Every band of every version, in the order they are listed."""
    return list(dict.fromkeys(b for v in scheme.versions for b in v.bands))


def has_versions(applications: pl.DataFrame) -> bool:
    """Whether rows are versions with dates, not applications as they stand."""
    return "valid_from" in applications.columns or "valid_to" in applications.columns


def _structure(
    scheme: Scheme, register: Mapping[str, pl.DataFrame], as_at: AsAt
) -> Iterable[Problem]:
    """What is wrong with the register's shape, for the versions that may be used."""
    if "applications" not in register:
        yield Problem("missing_table", "the register has no applications table")
        return
    wanted: dict[str, dict[str, str]] = {"applications": {"id": "id"}}
    versions = scheme.versions if as_at == "close" else (scheme.in_force(as_at),)
    for version in versions:
        compiled = compile_version(version)
        for column in compiled.own_columns():
            wanted["applications"][column] = compiled.words.own[column]
        for table, columns in tables_read(compiled).items():
            wanted.setdefault(table, {}).update(columns)
    for table, columns in wanted.items():
        if table not in register:
            yield Problem(
                "missing_table",
                f"the scheme reads the table {table}, and it is not there",
                where=table,
                remedy=f"Add {table}.csv or {table}.parquet (it may have no rows)",
            )
            continue
        yield from column_problems(register[table], table, columns)
    ids = register["applications"]
    if "id" in ids.columns and ids["id"].null_count():
        yield Problem(
            "null_id", "an application has no id", where="applications.id",
            count=ids["id"].null_count(),
        )


def column_problems(
    frame: pl.DataFrame, table: str, columns: Mapping[str, str]
) -> Iterable[Problem]:
    """Columns that are missing from a frame, or of a type that cannot be read as the one named."""
    for column, kind in columns.items():
        if column not in frame.columns:
            yield Problem(
                "missing_column",
                f"the column {column} is missing from {table}",
                where=f"{table}.{column}",
                allowed=f"a column of type {kind}",
                remedy="The scheme reads it; add it, with empty cells where it is not known",
            )
            continue
        dtype = frame.schema[column]
        if dtype == pl.Null or fits(dtype, kind):
            continue
        yield Problem(
            "wrong_type",
            f"the column {column} of {table} has the wrong type",
            where=f"{table}.{column}",
            allowed=f"{kind} ({DTYPES[kind]})",
            given=str(dtype),
        )


def fits(dtype: pl.DataType, kind: str) -> bool:
    """Whether a frame's type can be read as a column type."""
    if kind == "id":
        return dtype == pl.String or dtype.is_integer()
    if kind == "int":
        return dtype.is_integer()
    if kind == "number":
        return dtype.is_numeric()
    if kind in {"text", "code"}:
        return dtype == pl.String or isinstance(dtype, (pl.Enum, pl.Categorical)) or (
            dtype.is_integer()
        )
    if kind == "datetime":
        return isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
    if kind == "int_list":
        return isinstance(dtype, pl.List) and dtype.inner.is_integer()
    return dtype == DTYPES[kind]


def tables_read(compiled: Compiled) -> dict[str, dict[str, str]]:
    """Tables beside applications that the facts read, with the columns they need."""
    from cbl_engine.assess import columns_read

    out: dict[str, dict[str, str]] = {}
    for fact in compiled.facts_read().values():
        for table, columns in columns_read(fact).items():
            types = {**column_types(table), **{
                n: c.type for n, c in compiled.version.declared(table).items()
            }}
            have = out.setdefault(table, {})
            for column in columns:
                have[column] = "id" if column in _IDS.get(table, ()) else types[column]
    return out


_IDS = {
    "people": ("id", "application", "partner_of"),
    "connections": ("application", "person", "area"),
    "areas": ("id", "parent"),
}


def _repeated(applications: pl.DataFrame, ordinals: Ordinals) -> Iterable[Problem]:
    """Ids given twice: of applications, or of versions in force at once."""
    if not has_versions(applications):
        if len(ordinals) < applications.height:
            twice = applications["id"].filter(applications["id"].is_duplicated()).unique().sort()
            yield Problem(
                "duplicate_id",
                "an application is given more than once",
                where="applications.id",
                count=len(twice),
                rows=tuple(map(str, twice.head(5))),
                remedy="Keep one row each, or give valid_from and valid_to",
            )
        return
    spans = _spans(applications).sort("id", "from")
    clash = spans.filter(
        (pl.col("id") == pl.col("id").shift(-1)) & (pl.col("to") > pl.col("from").shift(-1))
    )["id"].unique().sort()
    if len(clash):
        yield Problem(
            "versions_overlap",
            "two versions of an application are in force at once",
            where="applications.valid_to",
            count=len(clash),
            rows=tuple(map(str, clash.head(5))),
        )


def _spans(applications: pl.DataFrame) -> pl.DataFrame:
    """id, from, to of each version, open ends filled in; without valid_to, until the next one."""
    have = applications.columns
    start = pl.col("valid_from") if "valid_from" in have else pl.lit(None, pl.Date)
    spans = applications.select("id", start.fill_null(date.min).alias("from"))
    if "valid_to" in have:
        return spans.with_columns(applications["valid_to"].fill_null(date.max).alias("to"))
    following = pl.col("from").sort().shift(-1, fill_value=date.max).over("id")
    order = pl.col("from").rank("ordinal").over("id") - 1
    return spans.with_columns(following.gather(order).over("id").alias("to"))


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
    columns = list(compiled.own_columns())
    frame = _gathered(applications.select("id", *columns), rows, in_force)
    frame = filled(frame, compiled, "applications")
    facts = {
        name: fact for name, fact in compiled.facts_read().items() if not is_pair_fact(fact)
    }
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
            facts, tables, prepared.ordinals, on, constants, compiled.version
        )
        if carried is not None and carried[0] is not None:
            afresh = pl.Series(carried[1])
            values = pl.DataFrame(
                [values[n].zip_with(afresh, carried[0][n].cast(values.schema[n])) for n in facts]
            )
        frame = pl.concat([frame, values], how="horizontal")
    return RegisterAt(
        key, compiled, on, frame, in_force, constants, prepared.tables, prepared.ordinals
    )


def _rows_in_force(
    applications: pl.DataFrame, ordinal: NDArray[np.int32], n: int, on: date
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Row of the version of each application in force on a date, and whether there is one."""
    if not has_versions(applications) and _in_turn(ordinal):
        return np.arange(n), np.ones(n, bool)
    rows = np.full(n, -1, np.int64)
    if has_versions(applications):
        spans = _spans(applications)
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
    declared = compiled.version.declared(table)
    fills = [
        pl.col(n).fill_null(pl.lit(c.if_null, DTYPES[c.type]))
        for n, c in declared.items()
        if n in frame.columns and c.if_null != "unknown"
    ]
    return frame.with_columns(fills) if fills else frame


def constants_at(compiled: Compiled, on: date) -> dict[str, Any]:
    """``as_at`` and the value of every parameter that has one on the date."""
    out: dict[str, Any] = {"as_at": on}
    used = {p for c in compiled.conditions if c.expression for p in c.expression.param_names}
    problems = []
    for name, parameter in compiled.version.parameters.items():
        begun = [d for d in parameter.values if d <= on]
        if begun:
            out[f"param.{name}"] = parameter.values[max(begun)]
        elif name in used:
            problems.append(
                Problem(
                    "parameter_not_in_force",
                    f"parameter {name} has no value on {on}",
                    where=f"parameters.{name}",
                    allowed=f"from {min(parameter.values)}",
                )
            )
    if problems:
        raise SchemeError(problems)
    return out
