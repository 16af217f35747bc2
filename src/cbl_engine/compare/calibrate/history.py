"""A council's history as it is fitted: good rows, a window of days, what is known to be biased."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import polars as pl

from cbl_engine.errors import Problem
from cbl_engine.tables.columns import LONDON
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from numpy.typing import NDArray

Made = TypeVar("Made")

FEWEST = 30
"""Fewest rows from which anything is fitted."""

_GONE = ("housed", "closed")
_SYSTEM = (("bids", "placed_at"), ("outcomes", "on"), ("status_history", "since"))
_WRITTEN = (
    ("adverts", "closes_at"), ("voids", "let_on"), ("voids", "tenancy_ended_on"),
    ("tenancies", "end"), ("applications", "registered_on"),
)
_BEGINS = (("adverts", "closes_at"), ("bids", "placed_at"), ("outcomes", "on"),
           ("tenancies", "end"), ("voids", "tenancy_ended_on"))
QUIET = timedelta(days=31)
"""So long before and after what the tables cover a window that is named may reach: whoever took the data
knows of which days they are, and offices have weeks in which nothing is written."""


class CannotFitError(Exception):
    """A parameter cannot be fitted; the message is the reason."""


@dataclass(frozen=True, eq=False)
class History:
    """What parameters are fitted from.

    Attributes:
        frames: good rows by table, in their declared types.
        since: first day of the window.
        until: first day that is no longer in it; nothing of that day or later is known.
        habits: kinds of what cannot be the whole truth, as the data-quality page names them.
    """

    frames: Mapping[str, pl.DataFrame] = field(repr=False)
    since: date
    until: date
    habits: frozenset[str]
    _made: dict[Any, Any] = field(default_factory=dict, repr=False)

    def once(self, make: Callable[[History], Made]) -> Made:
        """What a function makes of this history, made when first asked for."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]

    @property
    def years(self) -> float:
        """Length of the window [years]."""
        return (self.until - self.since).days / YEAR

    def table(self, name: str, *columns: str) -> pl.DataFrame:
        """A table with columns that are needed of it.

        Raises:
            CannotFitError: the table or a column is missing, or it is empty.
        """
        frame = self.frames.get(name)
        if frame is None:
            raise CannotFitError(f"no table {name}")
        if not frame.height:
            raise CannotFitError(f"no rows in {name}")
        for column in columns:
            if column not in frame.columns:
                raise CannotFitError(f"no column {name}.{column}")
            if frame[column].null_count() == frame.height:
                raise CannotFitError(f"{name}.{column} is empty")
        return frame

    def unbiased(self, **reasons: str) -> None:
        """Stop where the data have a habit that a fit does not survive.

        Raises:
            CannotFitError: with the reason that stands for the habit.
        """
        for habit, reason in reasons.items():
            if habit in self.habits:
                raise CannotFitError(f"biased: {reason}")

    def within(self, day: pl.Expr) -> pl.Expr:
        """Whether a day is in the window; an unknown one is not."""
        return day.is_between(pl.lit(self.since), pl.lit(self.until), closed="left").fill_null(
            value=False
        )

    @cached_property
    def spells(self) -> pl.DataFrame:
        """When each application was on the register, as known at the end of the window.

        Returns:
            application, registered_on, left_on (first day off the register; null: waits still, or
            not known), left_by (housed or closed), known (Bool: it is known whether and when it
            left) and back (Bool: it had left and came back, and is taken as waiting meanwhile), one
            row an application.
        """
        given = self.table("applications", "id", "registered_on")
        order = "valid_from" if "valid_from" in given.columns else "registered_on"
        applications = (
            given.sort(order, nulls_last=False, maintain_order=True)
            .group_by("id", maintain_order=True)
            .agg(pl.col("registered_on").min(), pl.col("status").last())
            .rename({"id": "application"})
        )
        statuses = self.frames.get("status_history")
        until = pl.lit(self.until)
        on_again = (pl.col("stood_from") > pl.col("left_on")) | (
            (pl.col("over_on") < until) & ~pl.col("status").is_in(_GONE))
        left = (
            pl.concat([_leavings(statuses), _signings(self.frames.get("outcomes"))])
            .join(applications.select("application", "status"), on="application")
            .join(_last_stood(statuses, self.until), on="application", how="left")
            .with_columns(on_again.fill_null(value=False).alias("back"))
            .sort("left_on", "left_by")
        )
        first = (
            left.filter(~pl.col("back")).group_by("application", maintain_order=True)
            .agg(pl.col("left_on", "left_by").first())
        )
        back = left.filter("back")["application"].unique()
        joined = applications.join(first, on="application", how="left")
        before = pl.col("left_on") < until
        return joined.select(
            "application",
            "registered_on",
            pl.when(before).then("left_on").alias("left_on"),
            pl.when(before).then("left_by").alias("left_by"),
            (pl.col("left_on").is_not_null() | ~pl.col("status").is_in(_GONE)).alias("known"),
            pl.col("application").is_in(back.implode()).alias("back"),
        ).sort("application")

    @cached_property
    def voids(self) -> pl.DataFrame:
        """The voids as known at the end of the window: what was done later is not done yet."""
        found = self.table("voids", "id")
        days = [name for name, dtype in found.schema.items() if dtype == pl.Date]
        return found.with_columns(
            pl.when(pl.col(name) < pl.lit(self.until)).then(name).alias(name) for name in days
        )


_LEAVINGS = {"application": pl.String, "left_on": pl.Date, "left_by": pl.String, "over_on": pl.Date}


def _leavings(status_history: pl.DataFrame | None) -> pl.DataFrame:
    """Each time that an application left, and the day on which that was over (null: not told)."""
    if status_history is None or "since" not in status_history.columns:
        return pl.DataFrame(schema=_LEAVINGS)
    over = pl.col("until") if "until" in status_history.columns else pl.lit(None, pl.Date)
    return status_history.filter(pl.col("status").is_in(_GONE) & pl.col("since").is_not_null()).select(
        "application", pl.col("since").alias("left_on"), pl.col("status").cast(pl.String).alias("left_by"),
        over.alias("over_on"))


def _signings(outcomes: pl.DataFrame | None) -> pl.DataFrame:
    if outcomes is None or "application" not in outcomes.columns:
        return pl.DataFrame(schema=_LEAVINGS)
    return outcomes.filter(
        (pl.col("what") == "signed") & pl.col("application").is_not_null()
    ).select("application", pl.col("on").alias("left_on"), pl.lit("housed").alias("left_by"),
             pl.lit(None, pl.Date).alias("over_on"))


def _last_stood(status_history: pl.DataFrame | None, until: date) -> pl.DataFrame:
    """Application and stood_from: when its last spell on the register began that began before a day."""
    if status_history is None or "since" not in status_history.columns:
        return pl.DataFrame(schema={"application": pl.String, "stood_from": pl.Date})
    return status_history.filter(
        ~pl.col("status").is_in(_GONE), pl.col("since") < pl.lit(until)
    ).group_by("application").agg(pl.col("since").max().alias("stood_from"))


def days_between(spans: pl.DataFrame, begins: str, ends: str, history: History) -> NDArray:
    """Days of each span that lie in the window; an empty begin or end is open.

    Args:
        spans: a row a span.
        begins: column of the first day.
        ends: column of the first day after it.
        history: the window.

    Returns:
        [days], 0 for a span outside it.
    """
    first = pl.max_horizontal(pl.col(begins), pl.lit(history.since))
    last = pl.min_horizontal(pl.col(ends), pl.lit(history.until))
    return spans.select((last - first).dt.total_days().clip(lower_bound=0)).to_series().to_numpy()


def window_of(frames: Mapping[str, pl.DataFrame]) -> tuple[date | None, date | None]:
    """The window where none is named: what all tables cover, up to the last day anything was written.

    It begins with the latest of the first days of adverts, bids, outcomes, ended tenancies and
    voids, and ends after the last bid, outcome or change of status (which a system writes), or
    where there is none after the last day of another table.

    Returns:
        First day, and the first day after it; None where no table has a day.
    """
    first = [day for at in _BEGINS if (day := _extreme(frames, *at, last=False)) is not None]
    last = [day for at in _SYSTEM if (day := _extreme(frames, *at, last=True)) is not None]
    last = last or [day for at in _WRITTEN if (day := _extreme(frames, *at, last=True)) is not None]
    return max(first, default=None), max(last) + timedelta(days=1) if last else None


def not_covered(
    frames: Mapping[str, pl.DataFrame], since: date | None, until: date | None
) -> Iterator[Problem]:
    """Days of a named window that the tables do not cover, in which nothing would seem to happen.

    Args:
        frames: tables of the history.
        since: first day that was named, None: none was.
        until: first day no longer in the window that was named, None: none was.
    """
    first, end = window_of(frames)
    if since is not None and first is not None and first - since > QUIET:
        yield _outside("--since", since, f"{first - QUIET} or later; the tables begin to cover "
                       f"{first} together, and {QUIET.days} days before may have been quiet")
    if until is not None and end is not None and until - end > QUIET:
        yield _outside("--until", until, f"{end + QUIET} or earlier; the last was written before "
                       f"{end}, and {QUIET.days} days from then on may have been quiet")


def _outside(where: str, given: date, allowed: str) -> Problem:
    return Problem("outside_history", "the history does not cover the day", where=where,
                   given=str(given), allowed=allowed,
                   remedy=f"Leave out {where} for the day that the tables say")


def _extreme(
    frames: Mapping[str, pl.DataFrame], table: str, column: str, *, last: bool
) -> date | None:
    frame = frames.get(table)
    if frame is None or column not in frame.columns:
        return None
    days = frame[column]
    if isinstance(days.dtype, pl.Datetime):
        days = (days if days.dtype.time_zone else days.dt.replace_time_zone(LONDON)).dt.date()
    return cast("date | None", days.max() if last else days.min())
