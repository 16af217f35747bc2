"""Habits of a history: voids, outcomes and spells that cannot be the whole truth of what happened."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.quality.habit import ENOUGH, Habit, has, ids_of, rows_where
from cbl_engine.simulate.void_measures import NO_RELET
from cbl_engine.tables.versions import last_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Frames = Mapping[str, pl.DataFrame]

_LONG_AGO = date(1930, 1, 1)
_DATED = {
    "applications": ("registered_on", "band_from", "priority_date"),
    "tenancies": ("start", "end"),
    "voids": (
        "tenancy_ended_on", "notice_given_on", "keys_in_on", "inspected_on", "ready_on",
        "advertised_on", "closed_on", "accepted_on", "let_on",
    ),
}
_IN_ORDER = (
    ("notice_given_on", "tenancy_ended_on"), ("keys_in_on", "inspected_on"),
    ("inspected_on", "ready_on"), ("ready_on", "let_on"), ("advertised_on", "closed_on"),
    ("closed_on", "accepted_on"), ("accepted_on", "let_on"),
)
_SUCCESSES = ("approved", "chosen", "landlord_accepted", "viewed", "accepted", "signed")
_ENDS = ("accepted", "signed", "refused", "no_contact", "withdrew", "absent", "landlord_rejected",
         "offer_withdrawn", "undone")


def _placeholders(frames: Frames, _today: date | None) -> Iterator[Habit]:
    for table, columns in _DATED.items():
        for column in columns:
            frame = has(frames, table, column)
            if frame is None:
                continue
            bad = rows_where(frame, pl.col(column) < _LONG_AGO)
            if bad.any():
                yield Habit(
                    "placeholder_date", table, column,
                    f"dates before {_LONG_AGO:%d/%m/%Y}, which stand for none",
                    int(bad.sum()), frame.height,
                    "Waits and voids come out as lifetimes, and drag every mean with them.",
                    "List the date under placeholder_dates in the mapping: it is then not known.",
                    {"replay": "care", "fitting": "care"}, ids_of(frame, bad),
                )


def _voids_backwards(frames: Frames, _today: date | None) -> Iterator[Habit]:
    voids = has(frames, "voids", "tenancy_ended_on", "let_on")
    if voids is not None:
        bad = rows_where(voids, pl.col("let_on") <= pl.col("tenancy_ended_on"))
        if bad.any():
            yield Habit(
                "void_ends_before_start", "voids", "let_on",
                "voids let again before the tenancy before had ended",
                int(bad.sum()), voids.height,
                "Days come out negative and shorten every mean.",
                "Stages that end before they begin are left out of a fit; ask for both dates.",
                {"fitting": "care"}, ids_of(voids, bad),
            )
    voids = has(frames, "voids")
    if voids is None:
        return
    there = [(a, b) for a, b in _IN_ORDER if {a, b} <= set(voids.columns)]
    if not there:
        return
    bad = rows_where(voids, pl.any_horizontal(pl.col(a) > pl.col(b) for a, b in there))
    if bad.any():
        yield Habit(
            "stages_out_of_order", "voids", "", "voids with a stage over before the one it follows",
            int(bad.sum()), voids.height,
            "One of two days is wrong, and so is how long the stage took.",
            "The stage is left out of a fit, not the void; ask which day is meant.",
            {"fitting": "care"}, ids_of(voids, bad),
        )


def _void_twice(frames: Frames, _today: date | None) -> Iterator[Habit]:
    voids = has(frames, "voids", "home", "tenancy_ended_on", "let_on")
    if voids is None:
        return
    over = pl.col("let_on")
    if "outcome" in voids.columns:  # A home taken out of letting may be back: on which day is not told.
        gone = pl.col("outcome").cast(pl.String).is_in(NO_RELET).fill_null(value=False)
        over = pl.when(gone).then(pl.coalesce("let_on", "tenancy_ended_on")).otherwise(over)
    # The order is by day and id, so that it is not that of the rows.
    ordered = voids.sort("home", "tenancy_ended_on", "id", nulls_last=True).with_columns(
        over.fill_null(date(9999, 12, 31)).shift(1).over("home").alias("before")
    )
    bad = rows_where(ordered, pl.col("tenancy_ended_on") < pl.col("before"))
    if bad.any():
        yield Habit(
            "void_twice", "voids", "home", "voids of a home that was empty already",
            int(bad.sum()), voids.height,
            "One void counts as two, or two homes go by one id (several UPRNs): voids a year come "
            "out too many.",
            "Ask which home is meant; one id for one home, one row for one void.",
            {"fitting": "care"}, ids_of(ordered, bad),
        )


def _only_let(frames: Frames, _today: date | None) -> Iterator[Habit]:
    voids = has(frames, "voids", "let_on")
    if voids is not None and voids.height >= ENOUGH and not voids["let_on"].null_count():
        yield Habit(
            "only_let_voids", "voids", "let_on", "every void was let again",
            0, voids.height,
            "Voids still open are missing, the long ones most: days come out too few.",
            "Ask for open voids too; or fit to a day a year before the data were taken, when many "
            "were open that are over now.",
            {"fitting": "care"},
        )


def _only_successes(frames: Frames, _today: date | None) -> Iterator[Habit]:
    outcomes = has(frames, "outcomes", "what")
    if outcomes is None:
        return
    ended = outcomes.filter(pl.col("what").is_in(_ENDS))
    if ended.height >= ENOUGH and ended["what"].is_in(_SUCCESSES).all():
        yield Habit(
            "only_successes", "outcomes", "what", "only nominations that came to a letting",
            0, outcomes.height,
            "Those that failed are missing: each home looks let to the first one asked.",
            "Ask for every nomination, whatever became of it; this cannot be corrected.",
            {"fitting": "no"},
        )


def _gone_without_day(frames: Frames, _today: date | None) -> Iterator[Habit]:
    applications = has(frames, "applications", "status")
    if applications is None or (has(frames, "voids") is None and has(frames, "outcomes") is None):
        return
    gone = pl.col("status").is_in(["housed", "closed"])
    known = [
        frame["application"]
        for frame in (
            _filtered(frames, "status_history", pl.col("status").is_in(["housed", "closed"])),
            _filtered(frames, "outcomes", pl.col("what") == "signed"),
        )
        if frame is not None
    ]
    nobody = applications["id"].clear()
    days = pl.concat([nobody, *known]).drop_nulls().unique()
    last = last_versions(applications)
    bad = rows_where(last, gone & ~pl.col("id").is_in(days.implode()))
    if bad.any():
        yield Habit(
            "gone_without_day", "applications", "status",
            "applications housed or closed on a day that is not known",
            int(bad.sum()), last.height,
            "How many waited, and for how long, cannot be counted for them.",
            "Ask for the history of statuses (status_history).",
            {"fitting": "care"}, ids_of(last, bad),
        )


def _filtered(frames: Frames, table: str, rows: pl.Expr) -> pl.DataFrame | None:
    frame = has(frames, table, "application")
    return None if frame is None else frame.filter(rows)


HISTORY_CHECKS: tuple[Callable[[Frames, date | None], Iterator[Habit]], ...] = (
    _placeholders,
    _voids_backwards,
    _void_twice,
    _only_let,
    _only_successes,
    _gone_without_day,
)
