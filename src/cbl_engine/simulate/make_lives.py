"""Lives are made: registers put together, assessed from day to day, and laid out for worlds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.errors import BadInput, Problem
from cbl_engine.simulate.columns import silent
from cbl_engine.simulate.duties import Duties, duties_of
from cbl_engine.simulate.first_dates import dated, not_assessed
from cbl_engine.simulate.happenings import (
    FLAGS,
    Happenings,
    applicants_born,
    happenings_of,
    with_days,
)
from cbl_engine.simulate.histories import Told, found_on, history, only_of
from cbl_engine.simulate.lives import DATES, Lives
from cbl_engine.simulate.luck import JOINS, keys_of
from cbl_engine.simulate.tracks import tracks_of, tracks_on
from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from cbl_engine.scheme import Scheme
    from cbl_engine.simulate.luck import Luck
    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.tracks import Track


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
    linked: Mapping[str, pl.DataFrame] | None = None,
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
        linked: rows of those who are not on the opening register and whom some on it were joined with or
            split from; their histories are read.

    Raises:
        BadInput: the scheme takes nobody onto its register, at the start or later.
    """
    tracks = tracks_of(scheme, start, weeks, transitions or {})
    tables = _together(opening, _joined_on(joining, start))
    found = found_on(tracks[0], _with_linked(tables, linked), start, tables["applications"]["id"])
    accepted = found.filter("waiting").height / max(found.height, 1)
    read, n_read = tables["applications"]["id"], opening["applications"].height
    pool = tables_of(tables, read[n_read:])
    days = [(track.from_ - start).days for track in tracks]
    whose = JOINS + not_assessed(joining["applications"])
    # What each later track finds of those who join on its first day.
    firsts = [found_on(track, dated(track.version, _moved(pool, later), whose), track.from_)
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
    keys = keys_of(ids)

    def goes_by(on: date) -> NDArray[np.int64]:
        now = tracks_on(tracks, np.zeros(len(ids), np.int64), keys, luck, on, every)
        return np.where(opens, now, 0)

    rounds = [range(0, weeks - later // 7, every) for later in days]
    told = Told(said, sum(len(r) for r in rounds))
    tables, spells = history(tracks, goes_by, _with_linked(_as_decided(tables), linked),
                             only_of(found, ids), happenings, start, rounds[0], told)
    stretches = [spells]
    own = ids[n_opening:]
    pool = tables_of(pool, own)
    taken = [only_of(found, own)["waiting"], *(only_of(f, own)["waiting"] for f in firsts)]
    for number, (track, later) in enumerate(zip(tracks[1:], days[1:], strict=True), 1):
        stays = np.full(len(own), number)
        _, spells = history(
            tracks, lambda _, stays=stays: stays, dated(track.version, _moved(pool, later), whose),
            only_of(firsts[number - 1], own), happenings.moved(later), track.from_, rounds[number],
            told)
        back = timedelta(days=later)
        stretches.append(spells.with_columns(pl.col("since") - later,
                                             pl.col("priority_date", "band_from") - back))
    return _arranged(scheme, tables, happenings, duties, stretches, ids, n_opening, place,
                     joining["applications"].height, areas, luck, accepted, start, tracks,
                     np.stack([t.to_numpy() for t in taken]), every)


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


def _with_linked(
    tables: Mapping[str, pl.DataFrame], linked: Mapping[str, pl.DataFrame] | None
) -> dict[str, pl.DataFrame]:
    """Registers with rows of others, last."""
    out = dict(tables)
    for name, frame in (linked or {}).items():
        key = "id" if name == "applications" else "application"
        out[name] = pl.concat([tables[name], frame.with_columns(pl.col(key).cast(pl.String))],
                              how="diagonal_relaxed").unique(maintain_order=True)
    return out


def _as_decided(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Registers whose officers' values stand for as long as they say, whatever the rules come to give:
    live an officer decides anew then.
    """
    if "overrides" not in tables:
        return dict(tables)
    return {**tables, "overrides": tables["overrides"].drop("instead_of", strict=False)}


def _wanted(found: pl.DataFrame, opening: pl.Series, most: int | None) -> pl.DataFrame:
    """Those who wait, of the opening register no more than are wanted."""
    waits = found.filter("waiting")
    own = waits.filter(pl.col("application").is_in(opening.implode()))
    others = waits.filter(~pl.col("application").is_in(opening.implode()))
    return pl.concat([own if most is None else own.head(most), others]).sort("application")


_MAY_BE_LET_TO = {"immigration_status": "not_subject", "habitually_resident": True}
"""What the law asks of people; those who are drawn to join are such as may be let to."""


def _together(
    opening: Mapping[str, pl.DataFrame], joining: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """Both registers in one; ids of those who join begin with :data:`JOINS`, so that they come last.

    Of columns that one of them has not the rows of that one say what an absent column means.
    """
    out = {}
    for name in opening:
        if name == "areas":
            out[name] = opening[name]
            continue
        key = "id" if name == "applications" else "application"
        own = opening[name].with_columns(pl.col(key).cast(pl.String))
        if name not in joining:
            out[name] = own
            continue
        more = _marked(joining[name], (key,))
        if name == "people":
            more = _marked(more, ("id", "partner_of")).with_columns(
                pl.lit(value).cast(own.schema[c], strict=False).alias(c)
                for c, value in _MAY_BE_LET_TO.items() if c in own.columns and c not in more.columns)
            own, more = _with_flags(own, more.columns), _with_flags(more, own.columns)
        if name == "connections":
            more = _marked(more, ("person",))
        out[name] = pl.concat([own, more], how="diagonal_relaxed")
    applications = out["applications"].with_columns(pl.lit("active").alias("status"))
    return out | {"applications": applications.sort("id")}


def _with_flags(people: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """People with those of :data:`FLAGS` among some columns that they have not."""
    return people.with_columns(pl.lit(value=False).alias(c) for c in FLAGS
                               if c in columns and c not in people.columns)


def _marked(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    return frame.with_columns(
        (pl.lit(JOINS) + pl.col(c).cast(pl.String)).alias(c) for c in columns if c in frame.columns)


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
    area = luck.draws("area", keys_of(ids)) % np.uint64(max(1, len(areas)))
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
        _days(steps["priority_date"]), _days(steps["band_from"]),
        steps["waiting"].to_numpy(), bands, accepted, ids.head(n_opening), tracks, taken, every,
    )


def _days(dates: pl.Series) -> NDArray[np.int32]:
    """Days since 1970-01-01; 0 where not known."""
    return dates.cast(pl.Int32).fill_null(0).to_numpy().astype(np.int32)


def _column(frame: pl.DataFrame, name: str, dtype: Any) -> pl.Series:
    if name in frame.columns:
        return frame[name]
    return pl.Series(name, [None], dtype=dtype).new_from_index(0, frame.height)
