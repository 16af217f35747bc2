"""A history as it was known on a day: what came later is not there, what was open then is open.

A row is left out where any day on which it came to be lies on or after the day. Of the rows that
stay, what was done later is empty again, and so is what goes with it: the works of a void not yet
inspected, the band of an application awarded later. A void taken out of letting has no day for it; its
outcome is known once a later void of its home has begun. Statuses are those of the day. Plans are kept
as they were known (the close of an advert that is open, the start of a tenancy that was signed).
What has no day (bedrooms needed, where a household lives) stands as in the data; that a household lives in
the home that it is let later was not so yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.compare.calibrate.history import History
from cbl_engine.simulate.void_measures import NO_RELET
from cbl_engine.tables.columns import LONDON

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class _Dated:
    """What days a table has.

    Attributes:
        begins: days on which a row came to be; on or after the day in any of them, it is left out.
        later: days of what happened after that -> columns that were not known before it.
    """

    begins: tuple[str, ...]
    later: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_SPELL = _Dated(("since",), {"until": ()})
_DECIDED = _Dated(("since", "decided_on"), {"until": ()})
_DATED: Mapping[str, _Dated] = {
    "applications": _Dated(("registered_on", "valid_from"), {
        "band_from": ("band", "points", "place_in_band", "priority_date"), "priority_date": (),
        "reviewed_on": (), "submitted_on": (), "valid_to": (),
    }),
    "people": _Dated(("date_of_birth",)),
    "connections": _SPELL, "band_history": _SPELL, "status_history": _SPELL, "rooms": _SPELL,
    "ta_placements": _SPELL, "checks": _SPELL, "litigation_holds": _SPELL,
    "duties": _Dated(("since",), {"until": ("ended_by",)}),
    "overrides": _DECIDED,
    "officer_decisions": _Dated(("since", "decided_on", "requested_on"),
                                {"until": (), "received_on": (), "notified_on": ()}),
    "adverts": _Dated(("opens_at",), {"corrected_at": ()}),
    "bids": _Dated(("placed_at",), {"withdrawn_at": ()}),
    "outcomes": _Dated(("on",)),
    "direct_lets": _Dated(("on",)),
    "tenancies": _Dated(("start",), {"end": ("reason",)}),
    "voids": _Dated((), {
        "notice_given_on": (), "tenancy_ended_on": (), "keys_in_on": (),
        "inspected_on": ("works",), "works_began_on": (), "ready_on": (), "advertised_on": (),
        "closed_on": ("advert",), "accepted_on": (), "let_on": ("outcome",),
    }),
}
_GONE = ("housed", "closed")


def known_on(frames: Frames, day: date) -> dict[str, pl.DataFrame]:
    """The tables as they would have been taken at the beginning of a day.

    Args:
        frames: good rows by table, ids as text.
        day: nothing of this day or later is known.

    Returns:
        The same tables and columns. A home whose first void, as a new home, begins later is not
        there yet.
    """
    known = {name: _cut(name, frame, day) for name, frame in frames.items()}
    if "adverts" in known:
        known["adverts"] = _open_then(known["adverts"], day)
    if "applications" in known:
        known["applications"] = _as_they_stood(known["applications"], frames, known, day)
        known = _of_those_there(known, "application", "applications", frames)
    if "people" in known:
        known = _of_those_there(known, "person", "people", frames)
    if {"homes", "voids"} <= set(frames):
        known["homes"] = _built(frames["homes"], frames["voids"], day)
    return known


def _of_those_there(
    known: dict[str, pl.DataFrame], column: str, table: str, all_: Frames
) -> dict[str, pl.DataFrame]:
    """The tables without rows of those who are not there yet."""
    later = all_[table].join(known[table], on="id", how="anti")["id"]
    return {name: frame.filter(~pl.col(column).is_in(later.implode()).fill_null(value=False))
            if column in frame.columns else frame for name, frame in known.items()}


def _cut(name: str, frame: pl.DataFrame, day: date) -> pl.DataFrame:
    dated = _DATED.get(name)
    if dated is None:
        return frame
    have = set(frame.columns)
    begins = [_is_before(frame, c, day) for c in dated.begins if c in have]
    later = {c: also for c, also in dated.later.items() if c in have}
    if name == "voids":
        # A void is there from the first day that anything is known of it.
        any_ = [pl.col(c).is_not_null() & _is_before(frame, c, day) for c in later]
        begins = [pl.any_horizontal(any_)] if any_ else []
    if begins:
        frame = frame.filter(pl.all_horizontal(b.fill_null(value=True) for b in begins))
    puts: dict[str, pl.Expr] = {}
    for column, also in later.items():
        happened = _is_before(frame, column, day)
        for name_ in (column, *(c for c in also if c in have)):
            # What goes with a day that is not given is known only where it could not come later.
            keep = happened if name_ == column or name != "voids" else happened.fill_null(value=False)
            kept = pl.when(keep.fill_null(value=True)).then(puts.get(name_, pl.col(name_)))
            puts[name_] = kept.otherwise(None)
    if name == "voids" and "outcome" in puts:
        puts["outcome"] = pl.when(_back_in_letting(frame, day)).then("outcome").otherwise(puts["outcome"])
    return frame.with_columns(e.alias(c) for c, e in puts.items())


def _back_in_letting(voids: pl.DataFrame, day: date) -> pl.Expr:
    """Whether a void took its home out of letting and a later one of the home has begun by the day."""
    if not {"home", "tenancy_ended_on"} <= set(voids.columns):
        return pl.lit(value=False)
    ended = pl.col("tenancy_ended_on")
    begun = pl.when(_is_before(voids, "tenancy_ended_on", day)).then(ended)
    gone = pl.col("outcome").cast(pl.String).is_in(NO_RELET)
    return (gone & (begun < begun.max().over("home"))).fill_null(value=False)


def _is_before(frame: pl.DataFrame, column: str, day: date) -> pl.Expr:
    """Whether a day or moment is before the day; null where there is none."""
    value = pl.col(column)
    dtype = frame.schema[column]
    if isinstance(dtype, pl.Datetime):
        in_london = value.dt.convert_time_zone(LONDON) if dtype.time_zone else value
        value = in_london.dt.date()
    return value < pl.lit(day)


def _open_then(adverts: pl.DataFrame, day: date) -> pl.DataFrame:
    """Adverts without an opening day that close later are not there; others that do are open."""
    if "closes_at" not in adverts.columns:
        return adverts
    closed = _is_before(adverts, "closes_at", day)
    if "opens_at" not in adverts.columns:
        adverts = adverts.filter(closed.fill_null(value=True))
    else:
        adverts = adverts.filter(pl.col("opens_at").is_not_null() | closed.fill_null(value=True))
    if "status" not in adverts.columns:
        return adverts
    dtype = adverts.schema["status"]
    return adverts.with_columns(
        pl.when(closed.fill_null(value=True)).then("status").otherwise(pl.lit("open").cast(dtype))
        .alias("status"))


def _as_they_stood(
    applications: pl.DataFrame, all_: Frames, known: Frames, day: date
) -> pl.DataFrame:
    """Applications with the status and the band of the day, none in a home that it is let later."""
    out = applications
    if {"id", "status", "registered_on"} <= set(out.columns):
        dtype = out.schema["status"]
        gone_later = _left(all_, day).filter("later").get_column("application")
        gone = _left(known, day)
        named = pl.col("id").cast(pl.String)
        joined = out.join(gone.select("application", "left_by"),
                          left_on=named, right_on="application", how="left", maintain_order="left")
        status = (
            pl.when(pl.col("left_by").is_not_null()).then("left_by")
            .when(named.is_in(gone_later.implode()) & pl.col("status").cast(pl.String).is_in(_GONE))
            .then(pl.lit("active")).otherwise(pl.col("status").cast(pl.String))
        )
        out = joined.with_columns(status.cast(dtype).alias("status")).select(out.columns)
    if {"id", "current_home"} <= set(out.columns):
        moved = _moved_later(all_, day).select(
            pl.col("application").alias("id"), pl.col("home").alias("current_home"), pl.lit(value=True).alias("moved"))
        key = [pl.col("id", "current_home").cast(pl.String)]
        out = out.join(moved, left_on=key, right_on=["id", "current_home"], how="left", maintain_order="left")
        out = out.with_columns(pl.when(pl.col("moved").is_null()).then("current_home")).select(applications.columns)
    spells = known.get("band_history")
    if spells is not None and "band" in out.columns and "since" in spells.columns:
        held = (
            spells.sort("since", nulls_last=False, maintain_order=True)
            .group_by(pl.col("application").cast(pl.String)).agg(pl.col("band").last().alias("held"))
        )
        out = out.join(held, left_on=pl.col("id").cast(pl.String), right_on="application",
                       how="left", maintain_order="left").with_columns(
            pl.coalesce("held", "band").alias("band")).select(out.columns)
    return out


def _moved_later(frames: Frames, day: date) -> pl.DataFrame:
    """Homes that households are let on the day or later: application, home.

    A register as it is today has them as the homes where those households live.
    """
    none = pl.DataFrame(schema={"application": pl.String, "home": pl.String})
    tenancies, outcomes, adverts = (frames.get(t) for t in ("tenancies", "outcomes", "adverts"))
    found = [none]
    if tenancies is not None and {"application", "home", "start"} <= set(tenancies.columns):
        found.append(tenancies.filter(pl.col("start") >= pl.lit(day)).select("application", "home"))
    if outcomes is not None and {"application", "what", "on"} <= set(outcomes.columns):
        signed = outcomes.filter(pl.col("what").cast(pl.String) == "signed", pl.col("on") >= pl.lit(day))
        if "home" in signed.columns:
            found.append(signed.select("application", "home"))
        if "advert" in signed.columns and adverts is not None and "home" in adverts.columns:
            found.append(signed.with_columns(pl.col("advert").cast(pl.String)).join(
                adverts.select(pl.col("id").cast(pl.String).alias("advert"), pl.col("home").alias("its")),
                on="advert").select("application", home="its"))
    return pl.concat([f.cast(pl.String) for f in found]).drop_nulls().unique()


def _left(frames: Frames, day: date) -> pl.DataFrame:
    """Who left the register on a day that is known: application, left_by, later (Bool)."""
    given = {name: frames[name] for name in ("applications", "status_history", "outcomes")
             if name in frames}
    spells = History(given, day, day.max, frozenset()).spells
    return spells.filter(pl.col("left_on").is_not_null()).select(
        "application", "left_by", (pl.col("left_on") >= pl.lit(day)).alias("later"))


def _built(homes: pl.DataFrame, voids: pl.DataFrame, day: date) -> pl.DataFrame:
    """Homes but those that come as new ones later."""
    days = [c for c in _DATED["voids"].later if c in voids.columns]
    if "cause" not in voids.columns or not days:
        return homes
    new = voids.filter(pl.col("cause").cast(pl.String) == "new_home",
                       pl.min_horizontal(days) >= pl.lit(day))["home"]
    return homes.filter(~pl.col("id").is_in(new.implode()))
