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
from cbl_engine.assess.plan import plan_of
from cbl_engine.draws import stable_hash
from cbl_engine.errors import BadInput, Problem
from cbl_engine.simulate.columns import silent
from cbl_engine.simulate.duties import Duties, duties_of, duty_changes
from cbl_engine.simulate.happenings import (
    Happenings,
    applicants_born,
    happenings_of,
    with_days,
    with_duties,
    with_happenings,
)
from cbl_engine.simulate.tracks import tracks_of, tracks_on
from cbl_engine.tables.sizes import sizes_to_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cbl_engine.scheme import Scheme
    from cbl_engine.simulate.luck import Luck
    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.tracks import Track

DAY_0 = date(1970, 1, 1)
_FOUND = ("band", "points", "priority_date", "bedroom_need", "sizes")
DATES = {
    "people": ("date_of_birth", "expected_on"), "connections": ("since", "until"),
    "duties": ("since", "until"), "officer_decisions": ("decided_on", "since", "until"),
}
"""Dates of a life's tables, beside those of applications, that move with the day it joins."""


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
    that join are drawn from, and joined on the day of the start. Of these there are stretches for each
    track of the scheme (:mod:`cbl_engine.simulate.tracks`), as if its rules had held since they joined;
    ``thread`` says where.

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
        duties: what becomes of homelessness duties.
        children: has a child or an expected one.
        starts: where the stretches of a thread begin, and at the end their number.
        since: day from which a stretch holds, ascending in a life.
        band: number of the band in the scheme's order, -1 none.
        points: -1 none.
        need: bedrooms needed, -1 not known.
        sizes: mask of the sizes that may be let.
        priority: day that ranks, 0 not known.
        waiting: whether the scheme lets it wait on the register.
        bands: names of bands, highest first; those of earlier versions alone come last.
        accepted: of those made, the share the scheme takes onto its register at the start.
        read_as: ids of the opening register, as they were read or made, in order.
        tracks: of the scheme.
        taken: track, life that may join: whether it is taken onto the register by those rules.
        every: weeks from one round of assessments to the next.
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
    duties: Duties
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
    tracks: tuple[Track, ...]
    taken: NDArray[np.bool_]
    every: int

    def __len__(self) -> int:
        """Number of lives."""
        return len(self.registered)

    @property
    def homeless(self) -> NDArray[np.bool_]:
        """Whether each is owed a homelessness duty on its first day."""
        return self.duties.owed

    def track_on(self, day: int) -> int:
        """The track by which those who join on a day are assessed."""
        return sum(day_number(track.from_) <= day for track in self.tracks[1:])

    def pool(self, track: int) -> NDArray[np.int64]:
        """Lives that may join while the rules of a track hold."""
        return self.opening + np.flatnonzero(self.taken[track])

    def thread(self, life: NDArray[np.integer], track: NDArray[np.integer] | int
               ) -> NDArray[np.int64]:
        """Place in ``starts`` of what is found of lives by a track; one of the opening register has
        one thread, which goes over from track to track.
        """
        number = np.asarray(track, np.int64)
        later = (number > 0) & (life >= self.opening)
        there = len(self) + (number - 1) * (len(self) - self.opening)
        return np.where(later, there + life - self.opening, life).astype(np.int64)

    def of_made(self, track: int) -> NDArray[np.int64]:
        """The life of each household made that may join; -1 where the track does not take it."""
        return self._of_made[track]

    @cached_property
    def _of_made(self) -> list[NDArray[np.int64]]:
        out = []
        for track in range(len(self.tracks)):
            life, pool = np.full(self.made, -1, np.int64), self.pool(track)
            life[self.number[pool]] = pool
            out.append(life)
        return out


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
    transitions: Mapping[date, tuple[str, int]] | None = None,
) -> Lives:
    """Assess lives from the start to the end of a horizon.

    1. Those who join are dated as if they joined on the day of the start. 2. Everyone is assessed
    on that day; who is not to wait on the register is left out. 3. Births, partners, graver needs and
    the course of homelessness duties are drawn for each life. 4. Every so many weeks those whose next
    review has come, or to whom something happened, are assessed again, with what was found before on
    record; whose duty begins or ends, on the last day of that week. 5. For each later track of the
    scheme the same of those who join, dated as if they joined on its first day.

    Args:
        scheme: the scheme; without an ``assessment:`` what the register has stands for ever.
        opening: the register's frames at the start.
        joining: frames of households that may join; the same columns.
        start: first day.
        weeks: that are simulated.
        every: weeks from one round of assessments to the next.
        parameters: rates of births, partners and graver needs, and what becomes of duties.
        luck: draws.
        areas: ids of the areas that homes are in.
        most: households of the opening register that are wanted, the first by id; None: all.
        said: told rounds done and of how many.
        transitions: as of :func:`cbl_engine.simulate.tracks.tracks_of`.

    Raises:
        BadInput: the scheme takes nobody onto its register, at the start or later.
    """
    tracks = tracks_of(scheme, start, weeks, transitions or {})
    tables = _together(opening, _joined_on(joining, start))
    found = _found(tracks[0], tables, start)
    accepted = found.filter("waiting").height / max(found.height, 1)
    read, n_read = tables["applications"]["id"], opening["applications"].height
    pool = tables_of(tables, read[n_read:])
    days = [(track.from_ - start).days for track in tracks]
    # What each later track finds of those who join on its first day.
    firsts = [_found(track, _moved(pool, later), track.from_)
              for track, later in zip(tracks[1:], days[1:], strict=True)]
    waits = _wanted(found, opening["applications"]["id"].cast(pl.String), most)["application"]
    ids = pl.concat([waits, *(f.filter("waiting")["application"] for f in firsts)]).unique().sort()
    if ids.is_empty():
        raise BadInput([Problem(
            "nobody_waits", "the scheme takes none of the households onto its register",
            where=f"scheme {scheme.versions[0].scheme}",
            remedy="cbl assess shows why; columns and officers' decisions that the scheme reads "
            "may be missing",
        )])
    nobody = [track for track, f in zip(tracks[1:], firsts, strict=True)
              if f.height and not f["waiting"].any()]
    if nobody:
        raise BadInput(Problem(
            "nobody_joins", "the scheme then takes none of the households that may join",
            where=f"scheme {scheme.name} from {track.from_}",
            remedy="Another council's scheme may ask for a connection with an area of its own",
        ) for track in nobody)
    tables = tables_of(tables, ids)
    place = np.flatnonzero(read.is_in(ids.implode()).to_numpy())
    n_opening = int((place < n_read).sum())
    place[n_opening:] -= n_read
    duties = duties_of(tables, start, parameters, luck)
    happenings = happenings_of(tables, duties.rows, start, weeks, parameters, luck)
    opens = np.arange(len(ids)) < n_opening
    keys = stable_hash(ids)

    def goes_by(on: date) -> NDArray[np.int64]:
        now = tracks_on(tracks, np.zeros(len(ids), np.int64), keys, luck, on, every)
        return np.where(opens, now, 0)

    rounds = [range(0, weeks - later // 7, every) for later in days]
    told = _Told(said, sum(len(r) for r in rounds))
    tables, spells = _history(tracks, goes_by, tables, _only(found, ids), happenings, start,
                              rounds[0], told)
    stretches = [spells]
    own = ids[n_opening:]
    pool = tables_of(pool, own)
    taken = [_only(found, own)["waiting"], *(_only(f, own)["waiting"] for f in firsts)]
    for number, (track, later) in enumerate(zip(tracks[1:], days[1:], strict=True), 1):
        stays = np.full(len(own), number)
        _, spells = _history(
            tracks, lambda _, stays=stays: stays, _moved(pool, later),
            _only(firsts[number - 1], own), happenings.moved(later), track.from_, rounds[number],
            told)
        back = timedelta(days=later)
        stretches.append(spells.with_columns(pl.col("since") - later,
                                             pl.col("priority_date") - back))
    return _arranged(scheme, tables, happenings, duties, stretches, ids, n_opening, place,
                     joining["applications"].height, areas, luck, accepted, start, tracks,
                     np.stack([t.to_numpy() for t in taken]), every)


@dataclass
class _Told:
    """Rounds done are told."""

    said: Callable[[int, int], None]
    of: int
    done: int = 0

    def one_more(self) -> None:
        self.done += 1
        self.said(self.done, self.of)


def _history(
    tracks: Sequence[Track], goes_by: Callable[[date], NDArray[np.int64]],
    tables: dict[str, pl.DataFrame], found: pl.DataFrame, happenings: Happenings, first: date,
    rounds: range, told: _Told,
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Households assessed from a day on, round after round, and when their duties change.

    Args:
        tracks: of the scheme.
        goes_by: number of the track of each, after the round of a day.
        tables: the register as it is given.
        found: what is found of each on the first day, by application.
        happenings: what will happen.
        first: the day.
        rounds: weeks of the rounds, from 0.
        told: each of them.

    Returns:
        The register at the end; and what is found, a row for each stretch with the day it begins.
    """
    tables = _recorded(tables, found, first, first=True)
    stretches = [found.with_columns(pl.lit(day_number(first)).alias("since"))]
    now, before, looked = goes_by(first), first, first
    reads = np.array([_reads_duties(track) for track in tracks])
    told.one_more()
    for on, whole in _days(first, rounds, happenings.duties if reads.any() else None):
        tables, whose = with_duties(tables, happenings.duties, looked, on)
        looked, others = on, pl.lit(value=False)
        if whole:
            told.one_more()
            tables, touched = with_happenings(tables, happenings, before, on)
            before, was, now = on, now, goes_by(on)
            others = (pl.col("next_review_on") <= on).fill_null(value=False) | pl.lit(
                pl.Series(now != was)) | pl.col("application").is_in(touched.implode())
        due = others | (pl.col("application").is_in(whose.implode()) & pl.lit(pl.Series(reads[now])))
        due = found.select(due).to_series().to_numpy()
        anew = [_found(tracks[number], tables, on, found["application"].filter(
                    pl.Series(due & (now == number))))
                for number in np.unique(now[due]) if tracks[number].assesses]
        if not anew:
            continue
        anew = pl.concat(anew).sort("application")
        old = _only(found, anew["application"])
        differs = pl.any_horizontal(
            old[c].ne_missing(anew[c]).alias(c) for c in _CHANGES)
        changed = anew.filter(pl.select(differs).to_series())
        stretches.append(changed.with_columns(pl.lit(day_number(on)).alias("since")))
        found = pl.concat([
            found.filter(~pl.col("application").is_in(anew["application"].implode())), anew,
        ]).sort("application")
        tables = _recorded(tables, changed, on, first=False)
    return tables, pl.concat(stretches)


def _days(first: date, rounds: range, duties: pl.DataFrame | None) -> list[tuple[date, bool]]:
    """Days of assessment after the first, in order: of rounds, true; and the last days of the weeks in
    which a duty begins or ends, of those whose duty it is, false.
    """
    found = {first + timedelta(weeks=week): True for week in rounds if week}
    if duties is not None and not duties.is_empty():
        last = first + timedelta(weeks=rounds.stop, days=-1)
        days = duty_changes(duties, first, last)["day"]
        weeks = ((days - first).dt.total_days() // 7).unique()
        found |= {first + timedelta(weeks=week, days=6): False for week in weeks}
    return sorted(found.items())


def _reads_duties(track: Track) -> bool:
    """Whether what a track finds of a household depends on its duties."""
    return track.assesses and "duties" in plan_of(track.version).tables()


def _only(found: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    return found.filter(pl.col("application").is_in(ids.implode()))


def tables_of(tables: Mapping[str, pl.DataFrame], ids: pl.Series) -> dict[str, pl.DataFrame]:
    """The rows of some applications, and all areas."""
    return {name: frame if name == "areas" else frame.filter(
        pl.col("id" if name == "applications" else "application").is_in(ids.implode()))
        for name, frame in tables.items()}


def _moved(tables: Mapping[str, pl.DataFrame], days: int) -> dict[str, pl.DataFrame]:
    """Registers with every date of a household so many days later."""
    out = dict(tables)
    for name, frame in tables.items():
        dates = [c for c, t in frame.schema.items() if t == pl.Date] if name == "applications" \
            else [c for c in DATES.get(name, ()) if c in frame.columns]
        out[name] = frame.with_columns(pl.col(dates) + timedelta(days=days)) if dates else frame
    return out


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


def _found(
    track: Track,
    tables: Mapping[str, pl.DataFrame],
    on: date,
    only: pl.Series | None = None,
) -> pl.DataFrame:
    """What is found of each household, and whether it waits on the register."""
    if track.assesses:
        found = assess(track.scheme, tables, on, only=only).assessed
        waits = pl.col("status_proposed").is_in(["active", "under_offer"])
        if track.scheme.in_force(on).bands:
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


def _arranged(
    scheme: Scheme,
    tables: Mapping[str, pl.DataFrame],
    happenings: Happenings,
    duties: Duties,
    stretches: list[pl.DataFrame],
    ids: pl.Series,
    n_opening: int,
    place: NDArray[np.int64],
    made: int,
    areas: list[str],
    luck: Luck,
    accepted: float,
    start: date,
    tracks: tuple[Track, ...],
    taken: NDArray[np.bool_],
    every: int,
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
            frame = with_days(frame, happenings.people)
        if name == "officer_decisions" and not frame.is_empty():
            frame = with_days(frame, happenings.decisions)
        if name == "duties":
            frame = duties.rows
        frame = frame.rename({key: "application"}) if key == "id" else frame
        frame = frame.join(number, on="application", how="inner").sort("life", maintain_order=True)
        counts = np.bincount(frame["life"].to_numpy(), minlength=len(ids))
        rows[name] = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        out[name] = frame.drop("application")
    out["areas"] = tables.get("areas", pl.DataFrame())
    bands = tuple(dict.fromkeys(b for v in reversed(scheme.versions) for b in v.bands))
    own = len(ids) - n_opening
    steps = pl.concat(
        spells.join(number, on="application").with_columns(
            pl.col("life") + (0 if at == 0 else len(ids) + (at - 1) * own - n_opening))
        for at, spells in enumerate(stretches)).sort("life", "since")
    counts = np.bincount(steps["life"].to_numpy(), minlength=len(ids) + (len(tracks) - 1) * own)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    band = steps["band"].replace_strict({b: i for i, b in enumerate(bands)}, default=-1,
                                        return_dtype=pl.Int8)
    applications = out["applications"]
    people = tables.get("people", pl.DataFrame())
    born = applicants_born(people, ids) if not people.is_empty() else np.zeros(len(ids), np.int64)
    children = ids.is_in(
        people.filter(pl.col("relationship") == "child")["application"].implode()
    ).to_numpy() if not people.is_empty() else np.zeros(len(ids), bool)
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
        area.astype(np.int16), access.to_numpy(), duties, children, starts,
        steps["since"].to_numpy().astype(np.int32), band.to_numpy(),
        steps["points"].fill_null(-1).to_numpy().astype(np.int32),
        steps["bedroom_need"].fill_null(-1).to_numpy().astype(np.int8),
        steps["sizes_mask"].to_numpy(),
        steps["priority_date"].cast(pl.Int32).fill_null(0).to_numpy().astype(np.int32),
        steps["waiting"].to_numpy(), bands, accepted, ids.head(n_opening), tracks, taken, every,
    )


def _column(frame: pl.DataFrame, name: str, dtype: Any) -> pl.Series:
    if name in frame.columns:
        return frame[name]
    return pl.Series(name, [None], dtype=dtype).new_from_index(0, frame.height)
