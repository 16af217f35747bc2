"""A fitted parameter beside the shipped one, in lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cbl_engine.compare.calibrate.run import bounds_of, shipped_at
from cbl_engine.simulate.parameters import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.simulate.parameters import Parameter

_DECILES = frozenset({"10", "50", "90"})


class Line(NamedTuple):
    """One line: what part (empty for a single value), the two values and the interval, as text."""

    part: str
    shipped: str
    fitted: str
    interval: str


def lines_of(shipped: Parameter, fitted: Parameter) -> Iterator[Line]:
    """A parameter's lines: one, one a name, or of days the 10th, 50th and 90th percentile.

    A part that was not fitted, and keeps its shipped days, has no line.
    """
    values, bounds = at_told(fitted), bounds_of(fitted)
    of_shipped = at_told(shipped) if fitted.kind in {"days", "days_by"} else shipped_at(shipped, fitted)
    days = fitted.kind in {"days", "days_by"}
    for part, value in values.items():
        if days and part not in bounds:
            continue
        low, high = bounds.get(part, (None, None))
        told = _days if days else _number
        interval = "" if low is None or high is None else f"{told(low)} to {told(high)}"
        yield Line(_part(part, days=days), told(of_shipped[part]), told(value), interval)


def at_told(parameter: Parameter) -> dict[str, float]:
    """The parts of a value that are told; days at three percentiles, on their straight lines."""
    if parameter.kind not in {"days", "days_by"}:
        return parts_of(parameter)
    from numpy import interp

    tables = {"": parameter.value} if parameter.kind == "days" else parameter.value
    return {
        f"{name} {percent}".strip(): float(interp(int(percent), sorted(table), sorted(table.values())))
        for name, table in tables.items() for percent in sorted(_DECILES)
    }


def _part(part: str, *, days: bool) -> str:
    if not days:
        return part
    name, _, percent = part.rpartition(" ")
    return f"{name} {percent} of 100 within".strip()


def _days(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.1f}"


def _number(value: float) -> str:
    if value.is_integer():
        return f"{value:,.0f}"
    return f"{value:,.4f}" if abs(value) < 0.01 else f"{value:,.3f}"
