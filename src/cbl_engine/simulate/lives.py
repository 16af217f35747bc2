"""Lives: households with everything that will happen to them, assessed ahead by the scheme.

A life is a household's rows and the days on which they change, all dated as if it joined on its own
day. A simulated household is a life that begins on some day: its dates are the life's, moved by as
many days. So the scheme's own assessment is called once for each change of a life, whatever the
number of worlds in which households live it, and what was found is looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess import assess
from cbl_engine.draws import stable_hash
from cbl_engine.errors import BadInput, Problem
from cbl_engine.simulate.columns import silent
from cbl_engine.simulate.parameters import days_until, happens
from cbl_engine.tables.sizes import sizes_to_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from cbl_engine.scheme import Scheme
    from cbl_engine.simulate.luck import Luck
    from cbl_engine.simulate.parameters import Parameters

DAY_0 = date(1970, 1, 1)
_FOUND = ("band", "points", "priority_date", "bedroom_need", "sizes")


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - DAY_0).days


def day_of(number: int) -> date:
    """The day with a number."""
    return DAY_0 + timedelta(days=int(number))


@dataclass(frozen=True, eq=False)
class Lives:
    """Lives of one scheme. Numbers of days are since 1970-01-01.

    The first ``opening`` are those of the register at the start; the others are what households
    that join are drawn from, and joined on the day of the start.

    Attributes:
        tables: the register's frames with ``life`` in place of an application's id, sorted by it.
        rows: for each table, where a life's rows begin, and at the end their number.
        opening: lives of the opening register.
        number: place of each among those that were read or made, by id: of the opening register,
            or of those who may join; the scheme may have taken only some of them.
        made: how many were made that may join.
        registered: day of registration of each.
        born: birthday of the applicant; 0 where not known.
        tenant: holds a social home.
        bedrooms_now: bedrooms of the present home, -1 not known.
        area: number of the area where it would rather live.
        access: 0 general, 1 accessible, 2 for wheelchairs.
        homeless: owed a homelessness duty at the start.
        children: has a child or an expected one.
        starts: where a life's stretches begin, and at the end their number.
        since: day from which a stretch holds, ascending in a life.
        band: number of the band in the scheme's order, -1 none.
        points: -1 none.
        need: bedrooms needed, -1 not known.
        sizes: mask of the sizes that may be let.
        priority: day that ranks, 0 not known.
        waiting: whether the scheme lets it wait on the register.
        bands: names of bands, highest first; those of earlier versions alone come last.
        accepted: of those made, the share the scheme takes onto its register.
        read_as: ids of the opening register, as they were read or made, in order.
    """

    tables: Mapping[str, pl.DataFrame]
    rows: Mapping[str, NDArray[np.int64]]
    opening: int
    number: NDArray[np.int64]
    made: int
    registered: NDArray[np.int32]
    born: NDArray[np.int32]
    tenant: NDArray[np.bool_]
    bedrooms_now: NDArray[np.int8]
    area: NDArray[np.int16]
    access: NDArray[np.int8]
    homeless: NDArray[np.bool_]
    children: NDArray[np.bool_]
    starts: NDArray[np.int64]
    since: NDArray[np.int32]
    band: NDArray[np.int8]
    points: NDArray[np.int32]
    need: NDArray[np.int8]
    sizes: NDArray[np.uint32]
    priority: NDArray[np.int32]
    waiting: NDArray[np.bool_]
    bands: tuple[str, ...]
    accepted: float
    read_as: pl.Series

    def __len__(self) -> int:
        """Number of lives."""
        return len(self.registered)

    @cached_property
    def of_made(self) -> NDArray[np.int64]:
        """The life of each household made that may join; -1 where the scheme does not take it."""
        life = np.full(self.made, -1, np.int64)
        life[self.number[self.opening :]] = np.arange(self.opening, len(self))
        return life


def make_lives(
    scheme: Scheme,
    opening: Mapping[str, pl.DataFrame],
    joining: Mapping[str, pl.DataFrame],
    start: date,
    weeks: int,
    every: int,
    parameters: Parameters,
    luck: Luck,
    areas: list[str],
    most: int | None = None,
    said: Callable[[int, int], None] = silent,
) -> Lives:
    """Assess lives from the start to the end of a horizon.

    1. Those who join are dated as if they joined on the day of the start. 2. Everyone is assessed
    on that day; who is not to wait on the register is left out. 3. Births, partners and graver
    needs are drawn for each life. 4. Every so many weeks those whose next review has come, or to
    whom something happened, are assessed again, with what was found before on record.

    Args:
        scheme: the scheme; without an ``assessment:`` what the register has stands for ever.
        opening: the register's frames at the start.
        joining: frames of households that may join; the same columns.
        start: first day.
        weeks: of the horizon.
        every: weeks from one round of assessments to the next.
        parameters: rates of births, partners and graver needs.
        luck: draws.
        areas: ids of the areas that homes are in.
        most: households of the opening register that are wanted, the first by id; None: all.
        said: told rounds done and of how many.

    Raises:
        BadInput: the scheme takes nobody onto its register.
    """
    tables = _together(opening, _joined_on(joining, start))
    rounds = range(0, weeks, every)
    assessed_by = scheme.in_force(start).assessment is not None
    found = _found(scheme, tables, start, assessed_by)
    accepted = found.filter("waiting").height / max(found.height, 1)
    found = _wanted(found, opening["applications"]["id"].cast(pl.String), most)
    ids = found["application"]
    if ids.is_empty():
        raise BadInput([Problem(
            "nobody_waits", "the scheme takes none of the households onto its register",
            where=f"scheme {scheme.versions[0].scheme}",
            remedy="cbl assess shows why; columns and officers' decisions that the scheme reads "
            "may be missing",
        )])
    read = tables["applications"]["id"]
    tables = {name: _only(name, frame, ids) for name, frame in tables.items()}
    place = np.flatnonzero(read.is_in(ids.implode()).to_numpy())
    n_read = opening["applications"].height
    n_opening = int((place < n_read).sum())
    place[n_opening:] -= n_read
    happenings = _happenings(tables, start, weeks, parameters, luck)
    tables = _recorded(tables, found, start, first=True)
    stretches = [found.with_columns(pl.lit(day_number(start)).alias("since"))]
    for number, week in enumerate(rounds):
        said(number, len(rounds))
        if not week or not assessed_by:
            continue
        on = start + timedelta(weeks=week)
        tables, touched = _with_happenings(tables, happenings, on - timedelta(weeks=every), on)
        another = scheme.index_in_force(on) != scheme.index_in_force(on - timedelta(weeks=every))
        due = found.filter((pl.col("next_review_on") <= on) | pl.lit(another)
                           | pl.col("application").is_in(touched.implode()))["application"]
        if due.is_empty():
            continue
        anew = _found(scheme, tables, on, assessed_by, due)
        old = found.filter(pl.col("application").is_in(anew["application"].implode()))
        differs = pl.any_horizontal(
            old[c].ne_missing(anew[c]).alias(c) for c in _CHANGES)
        changed = anew.filter(pl.select(differs).to_series())
        stretches.append(changed.with_columns(pl.lit(day_number(on)).alias("since")))
        found = pl.concat([
            found.filter(~pl.col("application").is_in(anew["application"].implode())), anew,
        ]).sort("application")
        tables = _recorded(tables, changed, on, first=False)
    said(len(rounds), len(rounds))
    return _arranged(scheme, tables, happenings, stretches, ids, n_opening, place,
                     joining["applications"].height, areas, luck, accepted, start)


def _wanted(found: pl.DataFrame, opening: pl.Series, most: int | None) -> pl.DataFrame:
    """Those who wait, of the opening register no more than are wanted."""
    waits = found.filter("waiting")
    own = waits.filter(pl.col("application").is_in(opening.implode()))
    others = waits.filter(~pl.col("application").is_in(opening.implode()))
    return pl.concat([own if most is None else own.head(most), others]).sort("application")


_CHANGES = ("band", "points", "priority_date", "bedroom_need", "sizes_mask", "waiting")


def _together(
    opening: Mapping[str, pl.DataFrame], joining: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """Both registers in one; ids of those who join begin with ``~``, so that they come last."""
    out = {}
    for name in opening:
        if name not in joining or name == "areas":
            out[name] = opening[name]
            continue
        key = "id" if name == "applications" else "application"
        more = joining[name].with_columns((pl.lit("~") + pl.col(key).cast(pl.String)).alias(key))
        own = opening[name].with_columns(pl.col(key).cast(pl.String))
        if name == "people":
            more = _marked(more, ("id", "partner_of"))
        if name == "connections":
            more = _marked(more, ("person",))
        out[name] = pl.concat([own, more], how="diagonal_relaxed")
    applications = out["applications"].with_columns(pl.lit("active").alias("status"))
    return out | {"applications": applications.sort("id")}


def _marked(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    return frame.with_columns(
        (pl.lit("~") + pl.col(c).cast(pl.String)).alias(c) for c in columns if c in frame.columns)


def _joined_on(joining: Mapping[str, pl.DataFrame], start: date) -> dict[str, pl.DataFrame]:
    """Registers whose households all join on one day: waits, awards and duties begin then."""
    out = dict(joining)
    day = pl.lit(start)
    dated = ("registered_on", "submitted_on", "band_from", "priority_date")
    applications = out["applications"]
    out["applications"] = applications.with_columns(
        pl.when(pl.col(c).is_not_null()).then(day).alias(c)
        for c in dated if c in applications.columns
    ).with_columns(day.alias("registered_on"))
    for table, columns in (("duties", ("since",)), ("officer_decisions", ("since", "decided_on"))):
        if table in out:
            out[table] = out[table].with_columns(
                pl.when(pl.col(c).is_not_null()).then(day).alias(c)
                for c in columns if c in out[table].columns)
    return out


def _only(name: str, frame: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    if name == "areas":
        return frame
    key = "id" if name == "applications" else "application"
    return frame.filter(pl.col(key).is_in(ids.implode()))


def _found(
    scheme: Scheme,
    tables: Mapping[str, pl.DataFrame],
    on: date,
    by_scheme: bool,
    only: pl.Series | None = None,
) -> pl.DataFrame:
    """What is found of each household, and whether it waits on the register."""
    if by_scheme:
        found = assess(scheme, tables, on, only=only).assessed
        waits = pl.col("status_proposed").is_in(["active", "under_offer"])
        if scheme.in_force(on).bands:
            waits &= pl.col("band").is_not_null()
    else:
        found = tables["applications"].rename({"id": "application"}).with_columns(
            pl.lit(None, pl.Date).alias("next_review_on"))
        waits = pl.lit(True)
        for name in ("band", "points", "priority_date", "bedroom_need", "sizes"):
            if name not in found.columns:
                types: dict[str, Any] = {"band": pl.String, "points": pl.Int64,
                                         "priority_date": pl.Date, "bedroom_need": pl.Int64,
                                         "sizes": pl.List(pl.Int64)}
                found = found.with_columns(pl.lit(None, types[name]).alias(name))
    mask, known = sizes_to_mask(found["sizes"])
    mask = np.where(known, mask, np.uint32(0))
    need = found["bedroom_need"].fill_null(0).to_numpy().astype(np.uint32)
    mask = np.where(mask == 0, np.left_shift(np.uint32(1), need), mask).astype(np.uint32)
    return found.select(
        pl.col("application").cast(pl.String), pl.col("band").cast(pl.String),
        pl.col("points").cast(pl.Int64), "priority_date",
        pl.col("bedroom_need").cast(pl.Int64), pl.Series("sizes_mask", mask),
        waits.fill_null(value=False).alias("waiting"), "next_review_on", "sizes",
    ).sort("application")


def _recorded(
    tables: Mapping[str, pl.DataFrame], found: pl.DataFrame, on: date, *, first: bool
) -> dict[str, pl.DataFrame]:
    """The register with what was found put on record, as an officer would."""
    from cbl_engine.tables import DTYPES

    out = dict(tables)
    before = tables["applications"]
    fresh = found.select(
        pl.col("application").alias("id"),
        *(pl.col(c).alias(f"new_{c}") for c in _FOUND),
    )
    joined = before.join(fresh, on="id", how="left").with_columns(
        pl.col("id").is_in(found["application"].implode()).alias("done"))
    moved = joined.filter(
        "done",
        pl.col("band").cast(pl.String).ne_missing(pl.col("new_band"))
        if "band" in before.columns else pl.lit(not first),
    )["id"] if not first else found["application"]
    puts = []
    for c in _FOUND:
        if c in before.columns:
            puts.append(pl.when("done").then(pl.col(f"new_{c}").cast(before.schema[c]))
                        .otherwise(pl.col(c)).alias(c))
    if not first and "band_from" in before.columns:
        puts.append(pl.when(pl.col("id").is_in(moved.implode())).then(pl.lit(on))
                    .otherwise("band_from").alias("band_from"))
    out["applications"] = joined.with_columns(puts).select(before.columns)
    begun = on
    spells = out["applications"].filter(pl.col("id").is_in(moved.implode())).select(
        pl.col("id").alias("application"), pl.col("band").cast(pl.String) if "band" in
        before.columns else pl.lit(None, pl.String).alias("band"),
        (pl.coalesce("band_from", "registered_on") if first and "band_from" in before.columns
         else pl.lit(begun)).alias("since"),
        pl.lit(None, DTYPES["date"]).alias("until"),
    )
    history = out.get("band_history")
    if history is None or history.is_empty():
        out["band_history"] = spells
    elif not first:
        out["band_history"] = pl.concat([history, spells], how="diagonal_relaxed")
    return out


@dataclass(frozen=True, eq=False)
class _Happenings:
    """What will happen: rows of people and of officers' decisions, each with its ``day``."""

    people: pl.DataFrame
    decisions: pl.DataFrame


def _happenings(
    tables: Mapping[str, pl.DataFrame], start: date, weeks: int, parameters: Parameters, luck: Luck
) -> _Happenings:
    """Births, partners and graver needs of every life, within the horizon."""
    ids = tables["applications"]["id"].sort()
    first, last = day_number(start), day_number(start) + 7 * weeks
    people = tables.get("people")
    drawn: dict[str, pl.DataFrame] = {}
    at = stable_hash(ids)

    def when(stream: str, rate: float) -> NDArray[np.int32]:
        return np.int32(first + 1) + days_until(rate, luck.draws(stream, at))

    rows = []
    if people is not None and not people.is_empty():
        born = _applicants_born(people, ids)
        age = (first - born) / 365.25
        birth = when("birth", parameters["households.birth_per_year"])
        mothers = (birth < last) & (age >= 16) & (age < 45)
        girl = happens(0.5, luck.draws("sex", at))
        rows.append(_person(ids, birth, mothers, "birth", "child", girl, birth))
        partner = when("partner", parameters["households.partner_per_year"])
        couples = people.filter(pl.col("relationship") == "partner")["application"].unique()
        single = ~ids.is_in(couples.implode()).to_numpy()
        joins = (partner < last) & single & (age >= 18) & (age < 65)
        theirs = born + 365
        rows.append(_person(ids, partner, joins, "partner", "partner", ~girl, theirs))
    drawn["people"] = pl.concat(rows) if rows else pl.DataFrame()
    rises = when("need", parameters["households.need_rises_per_year"])
    graver = rises < last
    kind = happens(0.5, luck.draws("need/kind", at))
    decided = pl.Series(rises[graver]).cast(pl.Date)
    drawn["decisions"] = pl.DataFrame({
        "id": ("!need-" + ids.filter(pl.Series(graver))),
        "application": ids.filter(pl.Series(graver)),
        "subject": np.where(kind[graver], "medical", "need"),
        "stage": ["decision"] * int(graver.sum()),
        "value": np.where(kind[graver], "urgent", _second_band(tables)),
        "decided_on": decided, "since": decided, "day": decided,
    }) if "officer_decisions" in tables else pl.DataFrame()
    return _Happenings(drawn["people"], drawn["decisions"])


def _second_band(tables: Mapping[str, pl.DataFrame]) -> str:
    """The value of a graver need: the highest that officers' decisions on need have named."""
    decisions = tables["officer_decisions"].filter(pl.col("subject") == "need")
    values = decisions["value"].drop_nulls().unique().sort()
    return str(values[0]) if len(values) else "high"


def _applicants_born(people: pl.DataFrame, ids: pl.Series) -> NDArray[np.int64]:
    """Birthday of each applicant [days since 1970-01-01]; 0 where not known."""
    born = people.filter(pl.col("relationship") == "applicant").group_by("application").agg(
        pl.col("date_of_birth").min().cast(pl.Int32).alias("born"))
    joined = pl.DataFrame({"application": ids}).join(born, on="application", how="left",
                                                     maintain_order="left")
    return joined["born"].fill_null(0).to_numpy().astype(np.int64)


def _person(
    ids: pl.Series, day: NDArray, which: NDArray[np.bool_], prefix: str, relationship: str,
    female: NDArray[np.bool_], born: NDArray,
) -> pl.DataFrame:
    mine = pl.Series(which)
    whose = ids.filter(mine)
    return pl.DataFrame({
        "id": (f"!{prefix}-" + whose),
        "application": whose,
        "date_of_birth": pl.Series(born[which].astype(np.int32)).cast(pl.Date),
        "sex": np.where(female[which], "female", "male"),
        "relationship": [relationship] * len(whose),
        "day": pl.Series(day[which].astype(np.int32)).cast(pl.Date),
    })


def _with_happenings(
    tables: Mapping[str, pl.DataFrame], happenings: _Happenings, after: date, on: date
) -> tuple[dict[str, pl.DataFrame], pl.Series]:
    """The register with the rows that came after a day, up to another; and whose they are."""
    out = dict(tables)
    touched = [pl.Series([], dtype=pl.String)]
    for name, rows in (("people", happenings.people), ("officer_decisions", happenings.decisions)):
        if rows.is_empty():
            continue
        new = rows.filter(pl.col("day") > after, pl.col("day") <= on)
        if new.is_empty():
            continue
        touched.append(new["application"])
        have = out[name]
        new = new.drop("day").select(
            pl.col(c).cast(have.schema[c]) for c in new.drop("day").columns if c in have.columns)
        out[name] = pl.concat([have, new], how="diagonal")
    return out, pl.concat(touched).unique()


def _arranged(
    scheme: Scheme,
    tables: Mapping[str, pl.DataFrame],
    happenings: _Happenings,
    stretches: list[pl.DataFrame],
    ids: pl.Series,
    n_opening: int,
    place: NDArray[np.int64],
    made: int,
    areas: list[str],
    luck: Luck,
    accepted: float,
    start: date,
) -> Lives:
    """Everything in arrays by life; rows that come later with the day they come."""
    ids = ids.sort()
    number = pl.DataFrame({"application": ids, "life": np.arange(len(ids), dtype=np.int64)})
    out, rows = {}, {}
    for name, frame in tables.items():
        if name in ("areas", "band_history"):
            continue
        key = "id" if name == "applications" else "application"
        if name == "people" and not frame.is_empty():
            frame = _with_days(frame, happenings.people)
        if name == "officer_decisions" and not frame.is_empty():
            frame = _with_days(frame, happenings.decisions)
        frame = frame.rename({key: "application"}) if key == "id" else frame
        frame = frame.join(number, on="application", how="inner").sort("life", maintain_order=True)
        counts = np.bincount(frame["life"].to_numpy(), minlength=len(ids))
        rows[name] = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        out[name] = frame.drop("application")
    out["areas"] = tables.get("areas", pl.DataFrame())
    bands = tuple(dict.fromkeys(b for v in reversed(scheme.versions) for b in v.bands))
    steps = pl.concat(stretches).join(number, on="application").sort("life", "since")
    counts = np.bincount(steps["life"].to_numpy(), minlength=len(ids))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    band = steps["band"].replace_strict({b: i for i, b in enumerate(bands)}, default=-1,
                                        return_dtype=pl.Int8)
    applications = out["applications"]
    people = tables.get("people", pl.DataFrame())
    born = _applicants_born(people, ids) if not people.is_empty() else np.zeros(len(ids), np.int64)
    children = ids.is_in(
        people.filter(pl.col("relationship") == "child")["application"].implode()
    ).to_numpy() if not people.is_empty() else np.zeros(len(ids), bool)
    duties = tables.get("duties", pl.DataFrame())
    homeless = ids.is_in(duties["application"].implode()).to_numpy() if not duties.is_empty() \
        else np.zeros(len(ids), bool)
    access = _column(applications, "access_need", pl.String).replace_strict(
        {"A1": 1, "A2": 2}, default=0, return_dtype=pl.Int8)
    area = luck.draws("area", stable_hash(ids)) % np.uint64(max(1, len(areas)))
    return Lives(
        out, rows, n_opening, place, made,
        _column(applications, "registered_on", pl.Date).cast(pl.Int32)
        .fill_null(day_number(start)).to_numpy().copy(),
        born.astype(np.int32),
        _column(applications, "current_home", pl.String).is_not_null().to_numpy(),
        _column(applications, "current_bedrooms", pl.Int64).fill_null(-1).to_numpy()
        .astype(np.int8),
        area.astype(np.int16), access.to_numpy(), homeless, children, starts,
        steps["since"].to_numpy().astype(np.int32), band.to_numpy(),
        steps["points"].fill_null(-1).to_numpy().astype(np.int32),
        steps["bedroom_need"].fill_null(-1).to_numpy().astype(np.int8),
        steps["sizes_mask"].to_numpy(),
        steps["priority_date"].cast(pl.Int32).fill_null(0).to_numpy().astype(np.int32),
        steps["waiting"].to_numpy(), bands, accepted, ids.head(n_opening),
    )


def _column(frame: pl.DataFrame, name: str, dtype: Any) -> pl.Series:
    if name in frame.columns:
        return frame[name]
    return pl.Series(name, [None], dtype=dtype).new_from_index(0, frame.height)


def _with_days(frame: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """All rows, with ``day`` on which each comes; null: there from the beginning."""
    if later.is_empty():
        return frame.with_columns(pl.lit(None, pl.Date).alias("day"))
    have = frame.filter(~pl.col("id").is_in(later["id"].implode()))
    new = later.select(
        *(pl.col(c).cast(frame.schema[c]) for c in later.columns if c in frame.columns), "day")
    return pl.concat([have, new], how="diagonal")
