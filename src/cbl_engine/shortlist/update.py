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

from cbl_engine.assess.legal import judged_in_law
from cbl_engine.errors import Problem, TableError
from cbl_engine.scheme.vocabulary import is_pair_fact
from cbl_engine.shortlist.register import Prepared, build_view, tables_of
from cbl_engine.shortlist.register_check import refuse_unusable
from cbl_engine.tables import (
    DATED_TABLES,
    LINEAGE_COLUMNS,
    REGISTER_TABLES,
    Ordinals,
    frame_problems,
    list_problems,
    mapping_problems,
)
from cbl_engine.tables.columns import type_name

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
    if wrong := [
        *mapping_problems(changed, "changed", "what is changed"),
        *mapping_problems(removed, "removed", "what is removed"),
    ]:
        raise TableError(wrong)
    gone = _listed(removed)
    _check_rows(old, changed, gone)
    tables = {
        name: _with_rows(name, old.tables.get(name), changed.get(name), gone.get(name, []))
        for name in REGISTER_TABLES
        if name in old.tables or name in changed
    }
    refuse_unusable(old.scheme, tables, as_at)
    tables = tables_of(old.scheme, tables)
    ids = tables["applications"]["id"]
    ordinals = Ordinals(ids)
    new = Prepared(old.scheme, as_at, tables, ordinals, ordinals.ordinals_of(ids))
    same_law = judged_in_law(old.tables) == judged_in_law(tables)
    if same_law and "areas" not in changed and "areas" not in gone:
        touched = _touched(old, new, changed, gone)
        for key, view in old.views.items():
            dates_agree = key[1] is None or as_at == "close" or key[1] == as_at
            if dates_agree:
                new.views[key] = _carried(new, view, old, touched)
    if as_at != "close":
        new.at(as_at)
    return new


def _listed(removed: Mapping[str, Iterable[Any]]) -> dict[str, list[Any]]:
    """The ids gone as lists: they are looked at more than once."""
    problems = [
        problem for name, gone in removed.items()
        for problem in list_problems(gone, name, f"the ids removed from {name}")
    ]
    if problems:
        raise TableError(problems)
    return {name: list(gone) for name, gone in removed.items()}


def _check_rows(
    old: Prepared, changed: Mapping[str, pl.DataFrame], removed: Mapping[str, list[Any]]
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
    problems += frame_problems(changed)
    if problems:
        raise TableError(problems)
    problems += [
        Problem(
            "missing_column",
            f"changed rows of {name} have no {', '.join(lost)}",
            where=name,
            remedy="Give whole rows: they take the place of those that stand",
        )
        for name, rows in changed.items()
        if (lost := [c for c in _whole(name, old.tables.get(name)) if c not in rows.columns])
    ]
    problems += [
        Problem(
            "wrong_type",
            f"the column {column} of changed rows of {name} is of another type",
            where=f"{name}.{column}",
            allowed=type_name(before.schema[column]),
            given=type_name(rows.schema[column]),
        )
        for name, rows in changed.items()
        if (before := old.tables.get(name)) is not None
        for column in before.columns
        if column in rows.columns
        and not (_alike if column in _NEEDED[name] else _beside)(
            rows.schema[column], before.schema[column]
        )
    ]
    for name, gone in removed.items():
        before = old.tables.get(name)
        if before is None or not len(ids := pl.Series(gone, strict=False)):
            continue
        if not _alike(ids.dtype, before.schema[_ID[name]]):
            problems.append(
                Problem(
                    "wrong_type",
                    f"the ids removed from {name} are of another type",
                    where=f"{name}.{_ID[name]}",
                    allowed=type_name(before.schema[_ID[name]]),
                )
            )
    if problems:
        raise TableError(problems)
    problems = [
        Problem(
            "wrong_type",
            f"the {column} of changed rows of {name} and those that stand fit into no one type",
            where=f"{name}.{column}",
            allowed="whole numbers from -2^63 to 2^63-1, or from 0 to 2^64-1",
            remedy="Give ids that are all of one of the two",
        )
        for name, rows in changed.items()
        if (before := old.tables.get(name)) is not None
        for column in _NEEDED[name]
        if column in before.columns and _id_type(before[column], rows[column]) is None
    ]
    if problems:
        raise TableError(problems)


def _whole(name: str, before: pl.DataFrame | None) -> list[str]:
    """The columns of a whole row; where it was read from is none of them."""
    stands = before.columns if before is not None else ()
    return [c for c in dict.fromkeys([*_NEEDED[name], *stands]) if c not in LINEAGE_COLUMNS]


def _alike(dtype: pl.DataType, other: pl.DataType) -> bool:
    """Whether ids of the two types can be the same."""
    if pl.Null in (dtype, other):
        return True
    return dtype == other or (dtype.is_integer() and other.is_integer())


def _id_type(stands: pl.Series, come: pl.Series) -> pl.DataType | None:
    """The type that both the ids that stand and those that come go into; None where none is."""
    if come.dtype in (stands.dtype, pl.Null):
        return stands.dtype
    if stands.dtype == pl.Null:
        return come.dtype
    for dtype in (stands.dtype, pl.Int64(), pl.UInt64()):
        if all(ids.cast(dtype, strict=False).null_count() == ids.null_count() for ids in (come, stands)):
            return dtype
    return None


def _beside(dtype: pl.DataType, other: pl.DataType) -> bool:
    """Whether values of the two types can stand in one column."""
    if dtype == other or pl.Null in (dtype, other):
        return True
    if isinstance(dtype, pl.List) and isinstance(other, pl.List):
        return _text(dtype.inner) == _text(other.inner) or pl.Null in (dtype.inner, other.inner)
    if isinstance(dtype, pl.Datetime) and isinstance(other, pl.Datetime):
        return (dtype.time_zone is None) == (other.time_zone is None)
    return (dtype.is_numeric() and other.is_numeric()) or (_text(dtype) and _text(other))


def _text(dtype: object) -> bool:
    return dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum)


def _in_types_of(rows: pl.DataFrame, frame: pl.DataFrame) -> list[pl.DataFrame]:
    """Rows that stand and rows that come with columns that polars can put under each other.

    Numbers and lists it finds a common type for itself.
    """
    to_text, to_zone = [], []
    for name, dtype in rows.schema.items():
        stands = frame.schema.get(name, dtype)
        if stands == dtype:
            continue
        if _text(dtype) and _text(stands):
            to_text.append(pl.col(name).cast(pl.String))
        elif isinstance(stands, pl.Datetime) and stands.time_zone and dtype != pl.Null:
            to_zone.append(pl.col(name).dt.convert_time_zone(stands.time_zone))
    return [frame.with_columns(to_text), rows.with_columns(*to_text, *to_zone)]


def _with_rows(
    name: str, frame: pl.DataFrame | None, rows: pl.DataFrame | None, gone: list[Any]
) -> pl.DataFrame:
    id_ = _ID[name]
    if frame is None:
        return rows if rows is not None else pl.DataFrame()
    if rows is not None:
        to_type = [
            pl.col(column).cast(dtype)
            for column in _NEEDED[name]
            if column in frame.columns
            and (dtype := _id_type(frame[column], rows[column])) is not None
        ]
        frame, rows = frame.with_columns(to_type), rows.with_columns(to_type)
    leaving = pl.Series(gone, dtype=frame.schema[id_], strict=False)
    if rows is not None:
        leaving = pl.concat([leaving, rows[id_]])
    kept = frame.filter(~pl.col(id_).is_in(leaving.implode()))
    if rows is None:
        return kept
    return pl.concat(_in_types_of(rows, kept), how="diagonal_relaxed")


def _touched(
    old: Prepared, new: Prepared, changed: Mapping[str, pl.DataFrame], removed: Mapping[str, list[Any]]
) -> pl.Series:
    """Ids of applications whose facts may differ.

    An id that the type of those it is looked up among cannot have is none of them: it becomes null.
    """
    dtype = new.ordinals.ids.dtype
    found = [pl.Series([], dtype=dtype)]
    if "applications" in changed:  # some facts count from the application's own dates
        found.append(changed["applications"]["id"].cast(dtype, strict=False))
    for name in ("people", *_BY_APPLICATION):
        rows = changed.get(name)
        if rows is not None:
            found.append(rows["application"].cast(dtype, strict=False))
        if name not in old.tables:
            continue
        before = old.tables[name]
        gone = pl.Series(removed.get(name, []), dtype=before.schema[_ID[name]], strict=False)
        if rows is not None:
            gone = pl.concat([gone, rows[_ID[name]].cast(gone.dtype, strict=False)])
        left = before.filter(pl.col(_ID[name]).is_in(gone.implode()))
        found.append(left["application"].cast(dtype, strict=False))
    if "people" in changed or "people" in removed:
        # A person's relationship decides whose connections count as the applicant's.
        persons = [pl.Series(removed.get("people", []), strict=False)]
        persons += [changed["people"]["id"]] if "people" in changed else []
        if "connections" in old.tables:
            theirs = old.tables["connections"]
            if "person" in theirs.columns:
                ids = pl.concat([p.cast(theirs.schema["person"], strict=False) for p in persons])
                named = theirs.filter(pl.col("person").is_in(ids.implode()))
                found.append(named["application"].cast(dtype, strict=False))
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
