"""The advert side of a shortlist: which adverts are considered, under what, with which columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.errors import Problem, SchemeError, TableError
from cbl_engine.shortlist.advert_columns import columns_read_of_adverts, home_problems
from cbl_engine.shortlist.classes import Classes, classify, nulls, nulls_as
from cbl_engine.tables import DTYPES, TABLES, Ordinals
from cbl_engine.tables.days import date_of
from cbl_engine.tables.needs import column_problems, given_twice, null_problems, with_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.shortlist.compiled import Compiled, Names, Programme
    from cbl_engine.shortlist.register import Prepared, RegisterAt

LONDON = "Europe/London"
NOT_CONSIDERED = {"draft": "advert_draft", "withdrawn": "advert_withdrawn"}
"""Advert statuses whose bids are set aside, and the reason given."""


@dataclass(frozen=True, eq=False)
class AdvertSide:
    """Adverts of one batch that share a view of the register.

    Attributes:
        frame: columns the scheme reads, a row an advert, the home's values filled in.
        ordinals: ordinal of each advert among all adverts given.
        programme_of: position in ``programmes`` of each advert; ascending.
        programmes: the programmes they are ranked by.
    """

    frame: pl.DataFrame = field(repr=False)
    ordinals: NDArray[np.int32]
    programme_of: NDArray[np.int32]
    programmes: tuple[Programme, ...]
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def n(self) -> int:
        """Number of adverts."""
        return len(self.ordinals)

    def _keep(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def column(self, name: str) -> pl.Series:
        """A column by its name without the prefix."""
        return self.frame[name]

    def classes(self, columns: tuple[str, ...]) -> Classes:
        """Adverts by the values of these columns."""
        columns = tuple(dict.fromkeys(columns))
        return self._keep(
            columns, lambda: classify((self.frame[c] for c in columns), self.n)
        )

    def areas(self) -> tuple[Any, ...]:
        """Distinct areas of the adverts, ascending, without null; none if no fact reads them."""
        if "area" not in self.frame.columns:
            return ()
        return self._keep(
            "areas", lambda: tuple(self.frame["area"].drop_nulls().unique().sort().to_list())
        )

    def area_index(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Position in :meth:`areas` of the area of each of these adverts; -1 where null."""
        index = {area: i for i, area in enumerate(self.areas())}
        return np.array([index.get(a, -1) for a in self.frame["area"][rows].to_list()], np.int64)


@dataclass(frozen=True, eq=False)
class Batch:
    """Adverts judged on one view of the register, by programme and then by id."""

    view: RegisterAt
    adverts: AdvertSide


@dataclass(frozen=True, eq=False)
class Adverts:
    """All adverts given.

    Attributes:
        ordinals: advert ids <-> 0 to n-1, ascending.
        batches: considered adverts, grouped.
        place: for each advert by ordinal, its place when batches are laid end to end; -1 when it
            is not considered.
        opens, closes: microseconds since 1970 UTC by ordinal; opens is the least integer when open.
        status: by ordinal.
        seeds: lottery seed of each advert by ordinal; the run's where it has none.
    """

    ordinals: Ordinals
    batches: tuple[Batch, ...]
    place: NDArray[np.int32]
    opens: NDArray[np.int64]
    closes: NDArray[np.int64]
    status: pl.Series = field(repr=False)
    seeds: NDArray[np.uint64]

    @property
    def n_considered(self) -> int:
        """Number of adverts considered."""
        return sum(batch.adverts.n for batch in self.batches)


def arrange_adverts(
    prepared: Prepared, adverts: pl.DataFrame, homes: pl.DataFrame | None, seed: int
) -> Adverts:
    """Sort adverts into batches, with the columns their scheme version reads.

    Raises:
        TableError: a column is missing or of the wrong type, an id is null or repeated, a status or
            home is unknown, units of a group differ in a column that is read.
        SchemeError: an advert names a profile or plan the scheme has not, or closes on a date on
            which no version is in force.
    """
    adverts = with_types(adverts, {"closes_at": DTYPES["datetime"], "opens_at": DTYPES["datetime"]})
    _check_shape(adverts, homes)
    ordinals = Ordinals(adverts["id"])
    if len(ordinals) < adverts.height:
        raise TableError([*given_twice(
            adverts["id"], "an advert is given more than once", "adverts.id")])
    order = ordinals.ordinals_of(adverts["id"])
    if not np.array_equal(order, np.arange(len(order))):
        adverts = adverts[np.argsort(order)]
    closes = adverts["closes_at"]
    status = adverts["status"].cast(pl.String)
    considered = np.ones(adverts.height, bool)
    for out_of_it in NOT_CONSIDERED:
        considered &= (status != out_of_it).to_numpy()
    versions = _version_of(prepared, closes, considered)
    place = np.full(adverts.height, -1, np.int32)
    batches = []
    problems: list[Problem] = []
    at = 0
    for view, rows in versions:
        side, found = _side(view, adverts, homes, rows)
        problems.extend(found)
        problems.extend(_plans_not_in_force(prepared, view.compiled, adverts[rows]))
        if side is None:
            continue
        place[side.ordinals] = at + np.arange(side.n)
        at += side.n
        batches.append(Batch(view, side))
    if problems:
        kind = SchemeError if all(p.kind.startswith("unknown_p") for p in problems) else TableError
        raise kind(_merged(problems))
    opens = adverts["opens_at"] if "opens_at" in adverts.columns else (
        pl.Series([None] * adverts.height, dtype=closes.dtype)
    )
    opening = microseconds(opens.cast(closes.dtype))
    return Adverts(
        ordinals,
        tuple(batches),
        place,
        nulls_as(opening, np.iinfo(np.int64).min),
        microseconds(closes).to_numpy(),
        status,
        _seeds(adverts, seed),
    )


def _merged(problems: list[Problem]) -> list[Problem]:
    """One problem a kind: each closing date was looked at on its own."""
    kinds: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        kinds.setdefault((problem.kind, problem.where, problem.message), []).append(problem)
    out = []
    for same in kinds.values():
        rows = tuple(dict.fromkeys(r for p in same for r in p.rows))
        count = same[0].count
        if rows:
            own = same[0].where.startswith("adverts.")
            count = sum(p.count for p in same) if own else max(len(rows), count)
        out.append(replace(same[0], count=count, rows=rows[:5]))
    return out


def microseconds(times: pl.Series) -> pl.Series:
    """Moments as whole microseconds since 1970 UTC."""
    if times.dtype.time_unit != "us":  # type: ignore[attr-defined]
        times = times.dt.cast_time_unit("us")
    return times.cast(pl.Int64)


def _seeds(adverts: pl.DataFrame, seed: int) -> NDArray[np.uint64]:
    run = np.uint64(seed & 0xFFFFFFFFFFFFFFFF)
    if "lottery_seed" not in adverts.columns:
        return np.full(adverts.height, run)
    own = adverts["lottery_seed"].cast(pl.Int64)
    return np.where(
        nulls(own), run, nulls_as(own, 0).astype(np.uint64)
    )


def _check_shape(adverts: pl.DataFrame, homes: pl.DataFrame | None) -> None:
    wanted = {"id": "id", "closes_at": "datetime", "status": "code"}
    problems = list(column_problems(adverts, "adverts", wanted))
    problems += [
        p
        for name, kind in {"opens_at": "datetime", "lottery_seed": "int", "profile": "text",
                           "local_lettings_plan": "text"}.items()
        if name in adverts.columns
        for p in column_problems(adverts, "adverts", {name: kind})
    ]
    if homes is not None:
        problems += home_problems(homes)
    problems += null_problems(adverts, "adverts", "an advert", tuple(wanted))
    problems = problems or list(_unknown_statuses(adverts))
    if problems:
        raise TableError(problems)


def _unknown_statuses(adverts: pl.DataFrame) -> Iterator[Problem]:
    """Adverts with a status that is none: it would be ranked, whatever was meant."""
    (known,) = (column.codes for column in TABLES["adverts"] if column.name == "status")
    status = adverts["status"].cast(pl.String)
    lost = sorted(set(status.unique()) - set(known or ()))
    if lost:
        ids = adverts["id"].filter(status.is_in(lost))
        yield Problem(
            "unknown_status",
            "an advert has a status that there is not",
            where="adverts.status",
            allowed=", ".join(known or ()),
            given=", ".join(repr(value)[:40] for value in lost[:3]),
            count=len(ids),
            rows=tuple(map(str, ids.head(5))),
        )


def _version_of(
    prepared: Prepared, closes: pl.Series, considered: NDArray[np.bool_]
) -> list[tuple[RegisterAt, NDArray[np.int64]]]:
    """Views with the rows of the adverts they serve; adverts that share a view stand together."""
    if prepared.as_at != "close":
        return [(prepared.at(prepared.as_at), np.flatnonzero(considered))]
    groups: dict[Any, tuple[RegisterAt, list[NDArray[np.int64]]]] = {}
    days = closes.dt.convert_time_zone(LONDON).dt.date().to_physical().to_numpy()
    for day in np.unique(days[considered]):
        on = date_of(day)
        view = prepared.at(on)
        rows = np.flatnonzero(considered & (days == day))
        groups.setdefault(view.key, (view, []))[1].append(rows)
    return [(view, np.sort(np.concatenate(rows))) for view, rows in groups.values()]


def _side(
    view: RegisterAt,
    adverts: pl.DataFrame,
    homes: pl.DataFrame | None,
    rows: NDArray[np.int64],
) -> tuple[AdvertSide | None, list[Problem]]:
    compiled = view.compiled
    mine = adverts[rows] if len(rows) < adverts.height else adverts
    frame, found = columns_read_of_adverts(compiled, mine, homes)
    names, name_of = _names_given(mine, frame)
    problems = [*_unknown_names(compiled.version, names, name_of, mine["id"]), *found]
    if problems:
        return None, problems
    used, programme_of = _programmes_of(compiled.version, names, name_of)
    order = np.argsort(programme_of, kind="stable")
    if not np.array_equal(order, np.arange(len(order))):
        frame, programme_of, rows = frame[order], programme_of[order], rows[order]
    return (
        AdvertSide(
            frame,
            rows.astype(np.int32),
            programme_of,
            tuple(compiled.programme(names, view.in_law) for names in used),
        ),
        [],
    )


def _names_given(
    adverts: pl.DataFrame, frame: pl.DataFrame
) -> tuple[list[Names], NDArray[np.int64]]:
    """What adverts name as profile, landlord and plan, None for nothing, and which each names."""
    columns = [
        source[name].cast(pl.String) if name in source.columns else None
        for source, name in (
            (adverts, "profile"), (frame, "landlord"), (adverts, "local_lettings_plan"),
        )
    ]
    found = classify([c for c in columns if c is not None], adverts.height)
    values = [[None] * found.n if c is None else c[found.first].to_list() for c in columns]
    return list(zip(*values, strict=True)), found.spread(np.arange(found.n))[found.ids]


def _unknown_names(
    version: SchemeVersion, names: list[Names], name_of: NDArray[np.int64], ids: pl.Series
) -> Iterator[Problem]:
    """Profiles and plans that adverts name and the scheme has not."""
    plans = {*version.local_lettings_plans, None}
    for column, at, known, unknown in (
        ("profile", 0, version.profiles,
         {p for p, _, _ in names if version.profile_for(p) not in version.profiles}),
        ("local_lettings_plan", 2, version.local_lettings_plans,
         {plan for _, _, plan in names if plan not in plans}),
    ):
        for value in sorted(unknown, key=lambda name: name or ""):
            same = np.array([given[at] == value for given in names])[name_of]
            yield _unknown_name(column, value, known, ids.filter(pl.Series(same)))


def _programmes_of(
    version: SchemeVersion, names: list[Names], name_of: NDArray[np.int64]
) -> tuple[list[Names], NDArray[np.int32]]:
    """Names of the programmes used, in order, and which of them each advert has.

    A landlord that the scheme does not list adds nothing, like none.
    """
    chosen: list[Names] = [
        (version.profile_for(profile) or "", landlord if landlord in version.landlords else None,
         plan)
        for profile, landlord, plan in names
    ]
    used = sorted(set(chosen), key=lambda n: tuple(name or "" for name in n))
    number = np.array([used.index(n) for n in chosen], np.int32)
    return used, number[name_of]


def _plans_not_in_force(
    prepared: Prepared, compiled: Compiled, adverts: pl.DataFrame
) -> Iterator[Problem]:
    """Adverts that name a plan outside the dates it is in force."""
    plans = {n: p.in_force for n, p in compiled.version.local_lettings_plans.items() if p.in_force}
    if not plans or "local_lettings_plan" not in adverts.columns:
        return
    on = (
        adverts["closes_at"].dt.convert_time_zone(LONDON).dt.date()
        if prepared.as_at == "close"
        else pl.Series([prepared.as_at]).new_from_index(0, adverts.height)
    )
    for name, force in plans.items():
        outside = on < force.from_
        if force.until is not None:
            outside |= on >= force.until
        ids = adverts["id"].filter(outside & (adverts["local_lettings_plan"] == name))
        if len(ids):
            until = f" until {force.until}" if force.until else ""
            yield Problem(
                "plan_not_in_force",
                f"an advert names the local lettings plan {name} on a date it is not in force",
                where="adverts.local_lettings_plan",
                allowed=f"from {force.from_}{until}",
                count=len(ids),
                rows=tuple(map(str, ids.head(5))),
            )


def _unknown_name(column: str, value: str | None, known: Any, ids: pl.Series) -> Problem:
    message = (
        f"the scheme has no {column.replace('_', ' ')} {value}"
        if value is not None
        else "an advert names no profile and the scheme has no default"
    )
    return Problem(
        f"unknown_p{'rofile' if column == 'profile' else 'lan'}",
        message,
        where=f"adverts.{column}",
        allowed=", ".join(known),
        count=len(ids),
        rows=tuple(map(str, ids.head(5))),
    )
