"""The columns of adverts that a scheme reads: the advert's own, else its home's or its group's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.errors import Problem
from cbl_engine.shortlist.compiled import compile_version
from cbl_engine.shortlist.register import filled
from cbl_engine.shortlist.register_check import register_problems
from cbl_engine.tables import DTYPES, Ordinals
from cbl_engine.tables.needs import column_problems, fits

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.scheme.load import Scheme
    from cbl_engine.shortlist.compiled import Compiled


def columns_read_of_adverts(
    compiled: Compiled, adverts: pl.DataFrame, homes: pl.DataFrame | None
) -> tuple[pl.DataFrame, list[Problem]]:
    """The columns read, the advert's own value winning over its home's."""
    types = compiled.words.advert
    problems: list[Problem] = []
    out = [adverts["id"]]
    unit_rows: NDArray[np.int64] | None = None
    clashes: Mapping[str, Any] = {}
    if homes is not None:
        unit_rows, clashes, found = _units(adverts, homes, compiled.advert_columns())
        problems.extend(found)
    for name in compiled.advert_columns():
        if name == "id":
            continue
        if name in clashes:
            problems.append(_group_clash(name, clashes[name]))
            continue
        kind = types[name]
        own = _fitting(adverts, "adverts", name, kind, problems)
        theirs = None
        if homes is not None and unit_rows is not None and name != "home":
            theirs = _fitting(homes, "homes", name, kind, problems)
        if own is None and theirs is None:
            if not any(p.where.endswith(f".{name}") for p in problems):
                problems.append(_no_column(name, kind))
            continue
        merged = own if own is not None else pl.Series(
            [None] * adverts.height, dtype=DTYPES[kind]
        )
        if theirs is not None and unit_rows is not None and len(theirs):
            theirs = filled(theirs.to_frame(), compiled, "homes")[name]
            safe = pl.Series(np.where(unit_rows < 0, 0, unit_rows))
            at_home = pl.select(
                pl.when(pl.Series(unit_rows >= 0)).then(theirs.gather(safe))
            ).to_series()
            merged = at_home if own is None else (
                pl.select(pl.coalesce(own, at_home.cast(own.dtype))).to_series()
            )
        out.append(merged.alias(name))
    if problems:
        return pl.DataFrame(), problems
    return filled(pl.DataFrame(out), compiled, "adverts"), []


def record_problems(scheme: Scheme, tables: Mapping[str, pl.DataFrame], on: date) -> list[Problem]:
    """What :func:`register_problems` has of a day and, beside missing columns, those of adverts.

    A record whose adverts alone lack a column can be begun: the column is asked for when one closes.

    Args:
        scheme: whose version of the day is used.
        tables: the register, ``adverts`` and ``homes``, as far as they are there.
        on: the day.
    """
    problems = register_problems(scheme, tables, on)
    if "adverts" in tables and any(p.kind in ("missing_column", "missing_table") for p in problems):
        compiled = compile_version(scheme.in_force(on))
        homes = tables.get("homes")
        have = {"id", *tables["adverts"].columns, *(() if homes is None else set(homes.columns) - {"home"})}
        problems += [_no_column(name, compiled.words.advert[name])
                     for name in compiled.advert_columns() if name not in have]
    return problems


def _no_column(name: str, kind: str) -> Problem:
    return Problem(
        "missing_column",
        f"the scheme reads advert.{name}, and neither adverts nor homes has the column",
        where=f"adverts.{name}",
        allowed=f"a column of type {kind} in adverts or homes",
        remedy="Add it, with empty cells where it is not known",
    )


def _fitting(
    frame: pl.DataFrame, table: str, name: str, kind: str, problems: list[Problem]
) -> pl.Series | None:
    if name not in frame.columns:
        return None
    found = frame[name]
    identifies = name in {"id", "home", "home_group", "landlord", "area", "readvert_of"}
    wanted = "id" if identifies else kind
    if found.dtype != pl.Null and not fits(found.dtype, wanted):
        problems.extend(column_problems(frame, table, {name: wanted}))
        return None
    return found


def _units(
    adverts: pl.DataFrame, homes: pl.DataFrame, columns: tuple[str, ...]
) -> tuple[NDArray[np.int64], Mapping[str, list[Any]], list[Problem]]:
    """Row of the home (or of the first unit of the group) of each advert; -1 where it has none.

    Also, column -> groups whose units do not share one value of it.
    """
    rows = np.full(adverts.height, -1, np.int64)
    problems: list[Problem] = []
    clashes: dict[str, list[Any]] = {}
    if "home" in adverts.columns and adverts["home"].null_count() < adverts.height:
        ordinals = Ordinals(homes["id"])
        row_of = np.empty(len(ordinals), np.int64)
        row_of[ordinals.ordinals_of(homes["id"])] = np.arange(homes.height)
        named = ordinals.ordinals_of(adverts["home"])
        lost = (named < 0) & adverts["home"].is_not_null().to_numpy()
        if lost.any():
            problems.append(_unknown("home", adverts, lost))
        rows = np.where(named >= 0, row_of[np.maximum(named, 0)] if len(row_of) else -1, -1)
    if "home_group" in adverts.columns and adverts["home_group"].null_count() < adverts.height:
        have = homes["home_group"] if "home_group" in homes.columns else (
            pl.Series([None] * homes.height, dtype=pl.String)
        )
        grouped = homes.with_columns(have.alias("home_group"), pl.Series("row", range(homes.height)))
        grouped = grouped.filter(pl.col("home_group").is_not_null())
        shared = [c for c in columns if c in homes.columns and c != "home_group"]
        agreed = grouped.group_by("home_group").agg(
            pl.col("row").min(), *(pl.col(c).n_unique().alias(f"n {c}") for c in shared)
        )
        first = dict(zip(agreed["home_group"], agreed["row"], strict=True))
        wanted = adverts["home_group"].to_list()
        group_rows = np.array([first.get(g, -1) for g in wanted], np.int64)
        has = adverts["home_group"].is_not_null().to_numpy()
        if (lost := has & (group_rows < 0)).any():
            problems.append(_unknown("home_group", adverts, lost))
        rows = np.where(has, group_rows, rows)
        advertised = agreed.filter(pl.col("home_group").is_in(set(wanted) - {None}))
        for column in shared:
            differ = advertised.filter(pl.col(f"n {column}") > 1)["home_group"].sort().to_list()
            if differ:
                clashes[column] = differ
    return rows, clashes, problems


def _unknown(column: str, adverts: pl.DataFrame, lost: NDArray[np.bool_]) -> Problem:
    ids = adverts["id"].filter(pl.Series(lost))
    return Problem(
        f"unknown_{column}",
        f"an advert names a {column.replace('_', ' ')} that is not in homes",
        where=f"adverts.{column}",
        count=len(ids),
        rows=tuple(map(str, ids.head(5))),
    )


def _group_clash(name: str, groups: list[Any]) -> Problem:
    return Problem(
        "group_differs",
        f"the scheme reads advert.{name}, and the homes of a group differ in it",
        where=f"homes.{name}",
        count=len(groups),
        rows=tuple(map(str, groups[:5])),
        remedy="Advertise unlike homes apart, or give the value on the advert",
    )
