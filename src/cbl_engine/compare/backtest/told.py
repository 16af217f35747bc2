"""A backtest in words and in lines for people: the headline first, then each measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cbl_engine.compare.backtest.measures import BY_NAME
from cbl_engine.simulate.kpi import ALL
from cbl_engine.simulate.words import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.compare.backtest.run import Backtest

SIDES = {"below": "missed: fewer than predicted", "above": "missed: more than predicted"}
NOT_INDEPENDENT = (
    "Measures are not independent: what makes homes stand empty longer also makes lettings fewer and "
    "lists longer, so a world that misses one misses others.")


class Line(NamedTuple):
    """One measure and group, as text; ``held`` is yes, or on which side it was missed."""

    measure: str
    group: str
    unit: str
    predicted: str
    interval: str
    happened: str
    held: str
    below: str


def headline(found: Backtest) -> tuple[str, ...]:
    """How many intervals held beside how many would be expected to: a few sentences."""
    if not found.of:
        return ("Nothing could be measured on both sides.",)
    mean, low, high = found.expected
    least, most = found.usual
    level = f"{found.interval:.0%}"
    verdict = (
        "So the prediction is off by more than luck, and what the fit leaves open, would make it."
        if found.held < least else
        "So what happened is what a world of the fitted kind might have brought.")
    expected = (f"Were measures independent, {number(mean)} would be expected ({low} to {high} in 95 "
                "of 100 cases).")
    usual = (f"Simulated worlds, each held against intervals of the others, keep {least} to {most} "
             f"of them in 95 of 100. {verdict}")
    return (f"{found.held} of {found.of} intervals of {level} held.", expected, NOT_INDEPENDENT, usual)


def lines_of(found: Backtest) -> Iterator[Line]:
    """A line for each row of the results."""
    for row in found.compared.iter_rows(named=True):
        measure = BY_NAME[row["measure"]]
        yield Line(
            measure.label, "" if row["group"] == ALL else row["group"], row["unit"],
            said(row["predicted"]), f"{said(row['low'])} to {said(row['high'])}",
            said(row["happened"]), SIDES.get(row["side"] or "", "held"), f"{row['below']:.0%}")


def said(value: float) -> str:
    """A figure as people read it; a whole number without places."""
    return f"{value:,.0f}" if value.is_integer() else number(value)


def setting(found: Backtest) -> str:
    """What was fitted and what was predicted, in a line."""
    from datetime import timedelta

    last = found.end - timedelta(days=1)
    worlds = found.scenario.replications
    return (f"{found.history}: fitted {found.calibration.since} to "
            f"{found.until - timedelta(days=1)}, predicted {found.until} to {last} "
            f"({found.scenario.weeks} weeks) in {worlds:,} worlds under {found.scenario.scheme}")
