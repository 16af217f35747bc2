"""What one fit gives: a value of the catalogue's kind, its interval, its rows, what to know of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cbl_engine.compare.calibrate.history import FEWEST, CannotFitError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from cbl_engine.compare.calibrate.estimates import Days, Estimate

_REACHED = 0.99


@dataclass(frozen=True, slots=True)
class Fit:
    """One fitted value.

    Attributes:
        value: as the catalogue has it: a number, name -> number, or percentile -> days.
        rows: rows it was fitted from.
        intervals: 95% bounds: under the empty name of a single value, else under a name, a
            percentile, or a name and a percentile with a space between them.
        remarks: what to know about it.
    """

    value: Any
    rows: int
    intervals: Mapping[str, tuple[float, float]]
    remarks: tuple[str, ...] = field(default=())


def enough(rows: int, what: str) -> None:
    """Stop where there are too few rows.

    Raises:
        CannotFitError: fewer than :data:`FEWEST`.
    """
    if rows < FEWEST:
        raise CannotFitError(f"fewer than {FEWEST} rows: {rows} {what}")


def single(estimate: Estimate, rows: int, *remarks: str) -> Fit:
    """A rate, share or number."""
    return Fit(estimate.value, rows, {"": (estimate.low, estimate.high)}, _said(remarks))


def named(estimates: Mapping[str, Estimate], rows: int, *remarks: str) -> Fit:
    """Shares or weights by name."""
    return Fit(
        {name: one.value for name, one in estimates.items()}, rows,
        {name: (one.low, one.high) for name, one in estimates.items()}, _said(remarks),
    )


def lasting(found: Days, *remarks: str) -> Fit:
    """Days by percentile."""
    bounds = {str(percent): pair for percent, pair in found.intervals.items()}
    return Fit(found.percentiles, found.rows, bounds, _said((*remarks, *open_said(found))))


def open_said(found: Days, what: str = "") -> tuple[str, ...]:
    """What is to be said of those still open."""
    said = ()
    if found.open:
        said = (f"{what}{found.open} still open, counted as longer",)
    if found.reached < _REACHED:
        said += (f"{what}the longest {1 - found.reached:.0%} were not seen to end: 100 is too short",)
    return said


def left_out(count: int, why: str) -> str:
    """The remark on rows left out; empty where there are none."""
    return f"{count:,} left out: {why}" if count else ""


def came_back(spells: pl.DataFrame) -> str:
    """The remark on applications that left the register and are on it again."""
    back = int(spells["back"].sum())
    return f"{back:,} housed or closed and on the register again: taken as waiting all along" if back else ""


def _said(remarks: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(remark for remark in remarks if remark)
