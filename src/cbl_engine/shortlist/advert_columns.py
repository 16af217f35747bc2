"""The columns of adverts that a scheme reads: the advert's own, else its home's or its group's."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.errors import Problem
from cbl_engine.shortlist.compiled import compile_version
from cbl_engine.shortlist.register import filled
from cbl_engine.shortlist.register_check import register_problems
from cbl_engine.tables import DTYPES, Ordinals
from cbl_engine.tables.needs import (
    column_problems,
    given_twice,
    id_kind_problems,
    ids_differ,
    null_problems,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.scheme.load import Scheme
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.shortlist.compiled import Compiled

NOT_THERE = ("missing_column", "missing_table")
"""Kinds of problems of what a scheme reads and nobody gave."""
_IDS = frozenset({"id", "home", "home_group", "landlord", "area", "readvert_of"})


def home_problems(homes: pl.DataFrame) -> Iterator[Problem]:
    """Homes without an id or given more than once: which of them an advert means is not known."""
    wrong = list(column_problems(homes, "homes", {"id": "id"}))
    yield from wrong
    if not wrong:
        yield from null_problems(homes, "homes", "a home", ("id",))
        yield from given_twice(
            homes["id"].drop_nulls(), "a home is given more than once", "homes.id", "Keep one row each"
        )


def columns_read_of_adverts(
    compiled: Compiled, adverts: pl.DataFrame, homes: pl.DataFrame | None
) -> tuple[pl.DataFrame, list[Problem]]:
    """The columns read, in their declared types, the advert's own value winning over its home's.

    Homes are such as :func:`home_problems` finds nothing in.
    """
    names = [name for name in compiled.advert_columns() if name != "id"]
    given, problems = _as_declared(compiled, adverts, "adverts", names)
    at_homes: dict[str, pl.Series] = {}
    units = None
    if homes is not None:
        units, found = _units(adverts, homes)
        problems += found
        at_homes, found = _as_declared(compiled, homes, "homes", (n for n in names if n != "home"))
        problems += found
    out = [adverts["id"]]
    for name in names:
        own, theirs = given.get(name), at_homes.get(name)
        if theirs is not None and units is not None:
            theirs = filled(theirs.to_frame(), compiled, "homes")[name]
            merged, found = _own_first(own, theirs, units)
            problems += found
            out.append(merged)
        elif own is not None:
            out.append(own)
        elif not any(p.where.endswith(f".{name}") for p in problems):
            problems.append(_no_column(name, compiled.words.advert[name]))
    if problems:
        return pl.DataFrame(), problems
    return filled(pl.DataFrame(out), compiled, "adverts"), []


def _as_declared(
    compiled: Compiled, frame: pl.DataFrame, table: str, names: Iterable[str]
) -> tuple[dict[str, pl.Series], list[Problem]]:
    """The columns that a frame has of these, by name, in the types that the scheme reads them as.

    Ids stay text or whole numbers, as given.
    """
    there = set(frame.columns)
    kinds = {n: "id" if n in _IDS else compiled.words.advert[n] for n in names if n in there}
    problems = list(column_problems(frame, table, kinds))
    wrong = {problem.where for problem in problems}
    given = {name: frame[name] for name in kinds if f"{table}.{name}" not in wrong}
    return {n: s.cast(_dtype(kinds[n], s.dtype)) for n, s in given.items()}, problems


def _dtype(kind: str, given: pl.DataType) -> pl.DataType:
    """The declared type; ids stay whole numbers, wide enough for all but the unsigned."""
    if kind != "id" or not given.is_integer():
        return DTYPES[kind]
    return given if given == pl.UInt64 else pl.Int64()


def _own_first(
    own: pl.Series | None, theirs: pl.Series, units: _Units
) -> tuple[pl.Series, list[Problem]]:
    """A column of adverts; where one has no value of its own, that of its home or of its group."""
    name = theirs.name
    without = np.ones(len(units.row), bool) if own is None else own.is_null().to_numpy()
    differ = units.that_differ(theirs, without)
    if len(differ):
        return theirs.clear(), [_group_clash(name, differ)]
    at_home = theirs.gather(units.rows)
    if own is None or without.all():
        return at_home, []
    if at_home.null_count() == len(at_home):
        return own, []
    if ids_differ(own.dtype, theirs.dtype):
        words = f"ids in the column {name} of adverts"
        return own, list(id_kind_problems(own.dtype, theirs.dtype, f"adverts.{name}", words, "homes"))
    return pl.select(pl.coalesce(own, at_home.cast(own.dtype))).to_series().alias(name), []


def record_problems(scheme: Scheme, tables: Mapping[str, pl.DataFrame], on: date) -> list[Problem]:
    """What :func:`register_problems` has of a day and, beside missing columns, those of adverts.

    A record whose adverts alone lack a column can be begun: the column is asked for when one closes.

    Args:
        scheme: whose version of the day is used.
        tables: the register, ``adverts`` and ``homes``, as far as they are there.
        on: the day.
    """
    problems = register_problems(scheme, tables, on)
    if any(p.kind in NOT_THERE for p in problems):
        problems += columns_not_there((scheme.in_force(on),), tables)
    return problems


def columns_not_there(
    versions: Iterable[SchemeVersion], tables: Mapping[str, pl.DataFrame]
) -> list[Problem]:
    """Columns of adverts that versions of a scheme read and neither adverts nor homes have."""
    if "adverts" not in tables:
        return []
    homes = tables.get("homes")
    have = {"id", *tables["adverts"].columns, *(() if homes is None else set(homes.columns) - {"home"})}
    kinds: dict[str, str] = {}
    for version in versions:
        compiled = compile_version(version)
        kinds |= {name: compiled.words.advert[name] for name in compiled.advert_columns()}
    return [_no_column(name, kind) for name, kind in kinds.items() if name not in have]


def _no_column(name: str, kind: str) -> Problem:
    return Problem(
        "missing_column",
        f"the scheme reads advert.{name}, and neither adverts nor homes has the column",
        where=f"adverts.{name}",
        allowed=f"a column of type {kind} in adverts or homes",
        remedy="Add it, with empty cells where it is not known",
    )


@dataclass(frozen=True, eq=False)
class _Units:
    """What adverts advertise.

    Attributes:
        row: of each advert, the row of its home or of the first home of its group; -1 without.
        group: of each advert, the number of its group; -1 without.
        group_of_home: of each home, the number of its group; -1 without.
        groups: ids of groups by number.
    """

    row: NDArray[np.int64]
    group: NDArray[np.int32]
    group_of_home: NDArray[np.int32]
    groups: pl.Series = field(repr=False)

    @cached_property
    def rows(self) -> pl.Series:
        """Row of each advert; null without."""
        rows = pl.Series(self.row)
        return rows if (self.row >= 0).all() else rows.set(pl.Series(self.row < 0), None)

    def that_differ(self, values: pl.Series, asking: NDArray[np.bool_]) -> pl.Series:
        """Ids of the groups that some of these adverts are of and whose homes differ in a column."""
        asked = np.zeros(len(self.groups) + 1, bool)
        asked[self.group[asking]] = True
        asked[-1] = False
        if not asked.any():
            return self.groups.clear()
        theirs = asked[self.group_of_home]
        held = pl.DataFrame({"group": self.group_of_home[theirs], "value": values.filter(theirs)})
        kinds = held.group_by("group").agg(pl.col("value").n_unique())
        return self.groups.gather(kinds.filter(pl.col("value") > 1)["group"].sort())


def _units(adverts: pl.DataFrame, homes: pl.DataFrame) -> tuple[_Units, list[Problem]]:
    """What adverts advertise, and those that name a home or group that is not there."""
    row = np.full(adverts.height, -1, np.int64)
    group, group_of_home = np.full(adverts.height, -1, np.int32), np.full(homes.height, -1, np.int32)
    groups = pl.Series("home_group", [], pl.String)
    home, problems = _naming(adverts, "home", homes["id"])
    if home is not None:
        ordinals = Ordinals(homes["id"])
        named = ordinals.ordinals_of(home)
        problems += _unknown("home", adverts, named)
        row_of = np.empty(len(ordinals), np.int64)
        row_of[ordinals.ordinals_of(homes["id"])] = np.arange(homes.height)
        row[named >= 0] = row_of[named[named >= 0]]
    have = pl.Series([None] * homes.height, dtype=pl.Null)
    if "home_group" in homes.columns:
        have = homes["home_group"]
    of_group, found = _naming(adverts, "home_group", have)
    problems += found
    if of_group is not None:
        ordinals = Ordinals(have)
        groups, group, group_of_home = (
            ordinals.ids, ordinals.ordinals_of(of_group), ordinals.ordinals_of(have),
        )
        problems += _unknown("home_group", adverts, group)
        in_one = np.flatnonzero(group_of_home >= 0)
        _, first = np.unique(group_of_home[in_one], return_index=True)
        row[group >= 0] = in_one[first][group[group >= 0]]
    return _Units(row, group, group_of_home, groups), problems


def _naming(
    adverts: pl.DataFrame, column: str, known: pl.Series
) -> tuple[pl.Series | None, list[Problem]]:
    """The column that names homes or groups; None where nothing does, or not by ids of their kind."""
    if column not in adverts.columns or adverts[column].null_count() == adverts.height:
        return None, []
    given = adverts[column]
    problems = list(column_problems(adverts, "adverts", {column: "id"}))
    if column == "home_group" and known.dtype != pl.Null:
        problems += column_problems(known.to_frame(), "homes", {column: "id"})
    if not problems:
        words = f"{column.replace('_', ' ')}s of adverts"
        problems += id_kind_problems(given.dtype, known.dtype, f"adverts.{column}", words, "homes")
    return (None if problems else given), problems


def _unknown(column: str, adverts: pl.DataFrame, named: NDArray[np.int32]) -> Iterator[Problem]:
    ids = adverts["id"].filter(pl.Series(named < 0) & adverts[column].is_not_null())
    if len(ids):
        yield Problem(
            f"unknown_{column}",
            f"an advert names a {column.replace('_', ' ')} that is not in homes",
            where=f"adverts.{column}",
            count=len(ids),
            rows=tuple(map(str, ids.head(5))),
        )


def _group_clash(name: str, groups: pl.Series) -> Problem:
    return Problem(
        "group_differs",
        f"the scheme reads advert.{name}, and the homes of a group differ in it",
        where=f"homes.{name}",
        count=len(groups),
        rows=tuple(map(str, groups.head(5))),
        remedy="Advertise unlike homes apart, or give the value on the advert",
    )
