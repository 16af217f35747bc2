"""Figures and parameters as people read them."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from cbl_engine.simulate.parameters import Parameter
    from cbl_engine.simulate.scenario import Scenario


def number(value: float | None) -> str:
    """A figure with as many digits as it deserves: ``1,234``, ``63.1``, ``0.29``; a dash for none."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    if 0 < abs(value) < 0.1:
        places = min(1 - floor(log10(abs(value))), 6)
    said = f"{value:,.{places}f}"
    return said.removeprefix("-") if float(said.replace(",", "")) == 0 else said


def worlds_told(scenario: Scenario) -> str:
    """``100 worlds``; ``1 world``."""
    n = scenario.replications
    return f"{n:,} world{'' if n == 1 else 's'}"


def time_told(scenario: Scenario, day: Callable[[date], str] = str) -> str:
    """The time that figures are of: ``52 weeks from 2027-04-05, after 52 weeks that are left out``.

    Args:
        scenario: what is simulated.
        day: says a day in words.
    """
    said = f"{_weeks(scenario.weeks)} from {day(scenario.figures_from)}"
    if not scenario.warm_up:
        return said
    are = "is" if scenario.warm_up == 1 else "are"
    return f"{said}, after {_weeks(scenario.warm_up)} that {are} left out"


def _weeks(n: int) -> str:
    return f"{n:,} week{'' if n == 1 else 's'}"


def as_written(given: Any) -> str:
    """A value of a scheme on one line, as its file has it: ``{label: Two bids a week, bids: 2}``."""
    if isinstance(given, dict):
        return "{" + ", ".join(f"{key}: {as_written(of)}" for key, of in given.items()) + "}"
    if isinstance(given, list | tuple):
        return "[" + ", ".join(map(as_written, given)) + "]"
    return str(given).lower() if isinstance(given, bool) else str(given)


def value(parameter: Parameter) -> str:
    """A parameter's value on one line; days by percentile."""
    given = parameter.value
    if parameter.kind == "days":
        return _days(given)
    if parameter.kind == "days_by":
        return "; ".join(f"{name} {_days(points)}" for name, points in given.items())
    if parameter.kind == "weights_by":
        return "; ".join(f"{name} {_named(inner)}" for name, inner in given.items())
    if parameter.kind in ("shares", "weights"):
        return _named(given)
    return f"{given:g}"


def _named(parts: dict[str, float]) -> str:
    """In the order given; months and sizes, which are whole numbers, in theirs."""
    names = sorted(parts, key=int) if all(str(n).isdecimal() for n in parts) else parts
    return ", ".join(f"{name} {parts[name]:g}" for name in names)


def _days(points: dict[int, Any]) -> str:
    return ", ".join(f"{at}%: {points[at]:g}" for at in sorted(points))
