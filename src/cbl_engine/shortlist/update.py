"""A prepared register with rows added, changed or gone, without working everything out again.

1. Put the rows into the tables.
2. Check them as :func:`prepare` does, and number the applications anew.
3. For each view that still holds, work out the facts of the households a row touches, and carry
   the others' over. Conditions and keys are evaluated when next asked for, on the new columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.errors import Problem, TableError
from cbl_engine.scheme.vocabulary import is_pair_fact
from cbl_engine.shortlist.register import Prepared, build_view
from cbl_engine.shortlist.register_check import register_problems
from cbl_engine.tables import DATED_TABLES, REGISTER_TABLES, Ordinals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from cbl_engine.shortlist.register import RegisterAt
    from cbl_engine.shortlist.register_check import AsAt

_BY_APPLICATION = ("connections", *DATED_TABLES)
_ID = {"applications": "id", "people": "id", "areas": "id"} | dict.fromkeys(
    _BY_APPLICATION, "application"
)
_NEEDED = {
    "applications": ("id",),
    "people": ("id", "application"),
    "areas": ("id",),
} | dict.fromkeys(_BY_APPLICATION, ("application",))


def updated(
    old: Prepared,
    changed: Mapping[str, pl.DataFrame],
    removed: Mapping[str, Iterable[Any]],
    as_at: AsAt,
) -> Prepared:
    """See :meth:`cbl_engine.shortlist.Prepared.update`."""
    _check_rows(old, changed, removed)
    tables = {
        name: _with_rows(name, old.tables.get(name), changed.get(name), removed.get(name, ()))
        for name in REGISTER_TABLES
        if name in old.tables or name in changed
    }
    problems = list(register_problems(old.scheme, tables, as_at))
    if problems:
        raise TableError(problems)
    ids = tables["applications"]["id"]
    ordinals = Ordinals(ids)
    new = Prepared(old.scheme, as_at, tables, ordinals, ordinals.ordinals_of(ids))
    if "areas" not in changed and "areas" not in removed:
        touched = _touched(old, changed, removed)
        for key, view in old.views.items():
            dates_agree = key[1] is None or as_at == "close" or key[1] == as_at
            if dates_agree:
                new.views[key] = _carried(new, view, old, touched)
    if as_at != "close":
        new.at(as_at)
    return new


def _check_rows(
    old: Prepared, changed: Mapping[str, pl.DataFrame], removed: Mapping[str, Iterable[Any]]
) -> None:
    problems = [
        Problem(
            "unknown_table",
            f"{name} is not a table of the register",
            where=name,
            allowed=", ".join(REGISTER_TABLES),
        )
        for name in dict.fromkeys([*changed, *removed])
        if name not in REGISTER_TABLES
    ]
    problems += [
        Problem("missing_column", f"changed rows of {name} have no {column}", where=name)
        for name, frame in changed.items()
        for column in _NEEDED.get(name, ())
        if column not in frame.columns
    ]
    if problems:
        raise TableError(problems)
    for name, rows in changed.items():
        before = old.tables.get(name)
        for column in _NEEDED[name]:
            if before is None or _alike(rows.schema[column], before.schema[column]):
                continue
            problems.append(
                Problem(
                    "wrong_type",
                    f"changed rows of {name} have an {column} of another type",
                    where=f"{name}.{column}",
                    allowed=str(before.schema[column]),
                    given=str(rows.schema[column]),
                )
            )
    for name, gone in removed.items():
        before = old.tables.get(name)
        if before is None or not len(ids := pl.Series(list(gone), strict=False)):
            continue
        if not _alike(ids.dtype, before.schema[_ID[name]]):
            problems.append(
                Problem(
                    "wrong_type",
                    f"the ids removed from {name} are of another type",
                    where=f"{name}.{_ID[name]}",
                    allowed=str(before.schema[_ID[name]]),
                )
            )
    if problems:
        raise TableError(problems)


def _alike(dtype: pl.DataType, other: pl.DataType) -> bool:
    """Whether ids of the two types can be the same."""
    if pl.Null in (dtype, other):
        return True
    return dtype == other or (dtype.is_integer() and other.is_integer())


def _with_rows(
    name: str, frame: pl.DataFrame | None, rows: pl.DataFrame | None, gone: Iterable[Any]
) -> pl.DataFrame:
    id_ = _ID[name]
    if frame is None:
        return rows if rows is not None else pl.DataFrame()
    dtype = frame.schema[id_]
    leaving = pl.Series(list(gone), dtype=dtype, strict=False)
    if rows is not None:
        leaving = pl.concat([leaving, rows[id_].cast(dtype)])
    kept = frame.filter(~pl.col(id_).is_in(leaving.implode()))
    if rows is None:
        return kept
    return pl.concat([kept, rows.cast({id_: dtype})], how="diagonal_relaxed")


def _touched(
    old: Prepared, changed: Mapping[str, pl.DataFrame], removed: Mapping[str, Iterable[Any]]
) -> pl.Series:
    """Ids of applications whose facts may differ."""
    dtype = old.ordinals.ids.dtype
    found = [pl.Series([], dtype=dtype)]
    if "applications" in changed:  # some facts count from the application's own dates
        found.append(changed["applications"]["id"].cast(dtype))
    for name in ("people", *_BY_APPLICATION):
        rows = changed.get(name)
        if rows is not None:
            found.append(rows["application"].cast(dtype))
        if name not in old.tables:
            continue
        before = old.tables[name]
        gone = pl.Series(list(removed.get(name, ())), dtype=before.schema[_ID[name]], strict=False)
        if rows is not None:
            gone = pl.concat([gone, rows[_ID[name]].cast(gone.dtype)])
        left = before.filter(pl.col(_ID[name]).is_in(gone.implode()))
        found.append(left["application"].cast(dtype))
    if "people" in changed or "people" in removed:
        # A person's relationship decides whose connections count as the applicant's.
        persons = [pl.Series(list(removed.get("people", ())))]
        persons += [changed["people"]["id"]] if "people" in changed else []
        if "connections" in old.tables:
            theirs = old.tables["connections"]
            if "person" in theirs.columns:
                ids = pl.concat([p.cast(theirs.schema["person"]) for p in persons])
                found.append(
                    theirs.filter(pl.col("person").is_in(ids.implode()))["application"].cast(dtype)
                )
    return pl.concat(found).unique()


def _carried(new: Prepared, view: RegisterAt, old: Prepared, touched: pl.Series) -> RegisterAt:
    before = old.ordinals.ordinals_of(new.ordinals.ids)
    afresh: NDArray[np.bool_] = before < 0
    at = new.ordinals.ordinals_of(touched)
    afresh[at[at >= 0]] = True
    facts = [
        n for n, f in view.compiled.facts_read().items() if not is_pair_fact(f)
    ]
    kept = None
    if facts and len(old.ordinals):
        kept = view.frame.select(facts)[np.maximum(before, 0).astype(np.int64)]
    return build_view(new, view.compiled, view.on, view.key, carried=(kept, afresh))
