"""The stages of voids: each from the day before it to its own, those still running censored.

Voids count in the window by the day a stage begins, so that long and short ones have the same
chance to be in it, and what was not over when it ended is open: never dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.compare.calibrate import estimates
from cbl_engine.compare.calibrate.fit import (
    Fit,
    enough,
    lasting,
    left_out,
    named,
    open_said,
    single,
)
from cbl_engine.compare.calibrate.history import FEWEST, CannotFitError
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.setup import FIRST_LETS
from cbl_engine.tables.void_columns import WORKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cbl_engine.compare.calibrate.estimates import Days
    from cbl_engine.compare.calibrate.history import History

_BACKWARDS = "ends before it begins"
_LATER = "day missing, a later stage has its own"
_MOVED = "tenants who moved, whose notice the acceptance cuts short"
_WAITING = "inspected, works not begun"
_NEARLY_ALWAYS = 0.95


def _whole_cohort(history: History) -> None:
    """Stop where voids that are still open are missing.

    Raises:
        CannotFitError: so they are.
    """
    voids = history.voids
    if voids.height >= FEWEST and "let_on" in voids.columns and not voids["let_on"].null_count():
        raise CannotFitError(
            "biased: only voids that were let in history; --until a year before the data were "
            "taken corrects it"
        )


def _let_before(history: History) -> pl.DataFrame:
    """Voids as known at the end of the window, new and bought homes left out: no tenancy went before."""
    if "cause" not in history.voids.columns:
        return history.voids
    return history.voids.filter((~pl.col("cause").is_in(FIRST_LETS)).fill_null(value=True))


def _stage(
    history: History, voids: pl.DataFrame, begins: str, ends: str, later: tuple[str, ...]
) -> tuple[pl.DataFrame, str]:
    """Days of one stage for the voids that came to it in the window.

    Args:
        history: the window.
        voids: as known at its end.
        begins: column of the day the stage begins.
        ends: column of the day it is over.
        later: columns of days that show it to be over, whether its own day is known or not.

    Returns:
        The rows with days [days] (so far where open) and open, and the remark on those left out.
    """
    shown = [pl.col(name).is_not_null() for name in later if name in voids.columns]
    last = pl.lit(history.until) - pl.duration(days=1)
    begun = voids.filter(history.within(pl.col(begins))).with_columns(
        (pl.coalesce(pl.col(ends), last) - pl.col(begins)).dt.total_days().alias("days"),
        pl.col(ends).is_null().alias("open"),
    )
    lost = pl.col("open") & pl.any_horizontal(pl.lit(value=False), *shown)
    backwards = pl.col("days") < 0
    remark = "; ".join(
        filter(None, (
            left_out(begun.filter(backwards & ~lost).height, _BACKWARDS),
            left_out(begun.filter(lost).height, _LATER),
        ))
    )
    return begun.filter(~lost & ~backwards), remark


def _fitted(rows: pl.DataFrame, what: str) -> Days:
    enough(rows.height, what)
    found = estimates.days(rows["days"].to_numpy(), rows["open"].to_numpy())
    if found is None:
        raise CannotFitError(f"more than half of {rows.height} {what} were still open")
    return found


def notice_days(history: History) -> Fit:
    """Days from notice to the end of the tenancy, 0 where none was given, of tenants who leave.

    Tenants who move within the register give it once they have accepted a home, and what is left of it
    by then is not how long it runs.
    """
    history.table("voids", "cause", "notice_given_on", "tenancy_ended_on")
    ended = history.voids.filter(history.within(pl.col("tenancy_ended_on")))
    given = (pl.col("tenancy_ended_on") - pl.col("notice_given_on")).dt.total_days().fill_null(0)
    rows = ended.filter(pl.col("cause") == "left").with_columns(
        given.alias("days"), pl.lit(value=False).alias("open"))
    good = rows.filter(pl.col("days") >= 0)
    return lasting(
        _fitted(good, "voids of tenants who left"),
        left_out(rows.height - good.height, _BACKWARDS),
        left_out(ended.filter(pl.col("cause") == "moved").height, _MOVED),
    )


def late_keys_days(history: History) -> Fit:
    """Days from the end of the tenancy to the keys, 0 where they came before."""
    voids = history.table("voids", "keys_in_on", "tenancy_ended_on")
    _whole_cohort(history)
    early = pl.max_horizontal("keys_in_on", "tenancy_ended_on")
    clipped = _let_before(history).with_columns(
        pl.when(pl.col("keys_in_on").is_not_null()).then(early).alias("keys_in_on")
    )
    later = tuple(n for n in ("inspected_on", "ready_on", "let_on") if n in voids.columns)
    rows, remark = _stage(history, clipped, "tenancy_ended_on", "keys_in_on", later)
    return lasting(_fitted(rows, "voids"), remark)


def inspection_days(history: History) -> Fit:
    """Days from keys to inspection."""
    history.table("voids", "keys_in_on", "inspected_on")
    _whole_cohort(history)
    later = ("ready_on", "let_on")
    rows, remark = _stage(history, _let_before(history), "keys_in_on", "inspected_on", later)
    return lasting(_fitted(rows, "voids"), remark)


def works(history: History) -> Fit:
    """Kinds of works ordered at inspections in the window."""
    history.table("voids", "works", "inspected_on")
    _whole_cohort(history)
    seen = _let_before(history).filter(history.within(pl.col("inspected_on")))
    known = seen["works"].drop_nulls()
    enough(len(known), "inspections")
    counts = {kind: int((known == kind).sum()) for kind in WORKS}
    return named(
        estimates.shares(counts), len(known), left_out(seen.height - len(known), "works not known")
    )


def works_days(history: History) -> Fit:
    """Days of works by kind, from their beginning where it is nearly always known, else from inspection.

    A kind with too few rows keeps the shipped days, and it is said: kinds are never pooled.
    """
    history.table("voids", "works", "inspected_on", "ready_on")
    _whole_cohort(history)
    voids, said = _works_begun(history, _let_before(history))
    rows, remark = _stage(history, voids, "began", "ready_on", ("let_on",))
    return by_name(rows, "works", WORKS, "voids.works_days", remark, said)


def _works_begun(history: History, voids: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Voids with ``began``, the day on which their works began, and what is to be known of it.

    Where it is filled for some of those that are over, what is open and has none may wait for a team
    or be under way: from the one day those would be missing, and the long ones with them.
    """
    from_order = voids.with_columns(pl.col("inspected_on").alias("began"))
    wait = "a wait for a team is in them"
    if "works_began_on" not in voids.columns:
        return from_order, wait
    over = pl.any_horizontal(pl.col(c).is_not_null() for c in ("ready_on", "let_on") if c in voids.columns)
    works = voids.filter(history.within(pl.col("inspected_on")), pl.col("works") != "none")
    done = works.filter(over)
    filled = done.height - done["works_began_on"].null_count()
    if filled < max(1, _NEARLY_ALWAYS * done.height):
        return from_order, f"{wait}: works_began_on is filled for {filled:,} of {done.height:,}" \
            if filled else wait
    # One inspected that still waits for a team has not come to this stage.
    ordered = pl.when(over | (pl.col("works") == "none")).then("inspected_on")
    waiting = works.filter(~over, pl.col("works_began_on").is_null()).height
    return voids.with_columns(pl.coalesce("works_began_on", ordered).alias("began")), (
        left_out(waiting, _WAITING))


def by_name(
    rows: pl.DataFrame, column: str, names: Iterable[str], parameter: str, *remarks: str
) -> Fit:
    """Days by name; a name with too few rows keeps the shipped days, and it is said.

    Args:
        rows: with ``column``, days and open.
        column: holds the names.
        names: those of the parameter.
        parameter: its name in the catalogue.
        remarks: what else is to be said.

    Raises:
        CannotFitError: no name has enough rows.
    """
    shipped = shipped_parameters()[parameter]
    values: dict[str, dict[int, float]] = {}
    intervals: dict[str, tuple[float, float]] = {}
    said = list(remarks)
    used = 0
    kept = []
    for name in names:
        here = rows.filter(pl.col(column) == name)
        try:
            found = _fitted(here, "rows")
        except CannotFitError:
            values[name] = dict(shipped[name])
            kept.append(f"{name} ({here.height} rows)")
            continue
        values[name] = found.percentiles
        intervals |= {f"{name} {percent}": pair for percent, pair in found.intervals.items()}
        said += open_said(found, f"{name}: ")
        used += found.rows
    if not used:
        raise CannotFitError(f"fewer than {FEWEST} rows that are over: {', '.join(kept)}")
    if kept:
        said.append(f"shipped days kept for {', '.join(kept)}: too few to fit")
    return Fit(values, used, intervals, tuple(filter(None, said)))


def advertised_before_ready(history: History) -> Fit:
    """Of voids that came to be ready or advertised, those advertised first."""
    history.table("voids", "advertised_on")
    history.table("voids", "ready_on")
    came = pl.min_horizontal("advertised_on", "ready_on")
    rows = history.voids.filter(history.within(came))
    # One that is not ready yet and advertised already is among them.
    before = rows.filter(
        pl.col("advertised_on") < pl.col("ready_on").fill_null(pl.lit(history.until))
    ).height
    enough(rows.height, "voids ready or advertised")
    return single(estimates.share(before, rows.height), rows.height)
