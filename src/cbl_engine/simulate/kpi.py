"""What a figure of a simulation is: a query on its tables, a value for each world and group."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from inspect import cleandoc
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.simulate.changes import parameters_over_time
from cbl_engine.simulate.warm_up import without_warm_up
from cbl_engine.tables.days import MONTH, YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.run import Simulation

ALL = "all"
NOT_REACHED = float("inf")
"""A median that fewer than half have reached: no mean over worlds can be said with one of them."""


@dataclass(frozen=True, eq=False)
class Told:
    """The tables of a simulation, and the time that they tell of.

    Attributes:
        frames: tables by name, without what was over before the first day.
        worlds: their numbers.
        start: first day that figures are of, after the warm-up.
        end: the day after the last.
        parameters: what the worlds went by at first.
        begins: first day that is simulated; ``start``, where there is no warm-up.
        later: what they went by from a day on, in order of the days.
    """

    frames: Mapping[str, pl.DataFrame] = field(repr=False)
    worlds: list[int]
    start: date
    end: date
    parameters: Parameters
    begins: date
    later: tuple[tuple[date, Parameters], ...] = ()

    @property
    def years(self) -> float:
        """Length of the time that figures are of [years]."""
        return (self.end - self.start).days / YEAR

    def __getitem__(self, table: str) -> pl.DataFrame:
        """The rows of a table."""
        return self.frames[table]

    @property
    def stays(self) -> pl.Expr:
        """Whether a household is on the register at the end; who was let a home whose tenancy begins
        later is.
        """
        return (pl.col("left_on") >= self.end).fill_null(value=True)

    @property
    def lettings(self) -> pl.DataFrame:
        """Lettings whose tenancy began before the end."""
        return self["lettings"].filter(pl.col("let_on") < self.end)


def told_by(simulation: Simulation) -> Told:
    """What figures are made of."""
    scenario = simulation.scenario
    later = tuple((on - timedelta((on - scenario.start).days % 7), values) for on, values in
                  parameters_over_time(simulation.parameters, scenario.dated))
    return Told(without_warm_up(simulation.frames, scenario), list(range(scenario.replications)),
                scenario.figures_from, scenario.end, simulation.parameters, scenario.start, later)


@dataclass(frozen=True)
class Kpi:
    """One figure.

    Attributes:
        name: in the summary.
        label: in words.
        unit: of the value.
        query: from the tables to world, group and value; its docstring is the definition. Null is
            a world in which there is nothing to take a mean of; an infinite median was not reached.
        none: value of a group in a world that the query does not name; None leaves it out.
        order: groups in the order in which people read them, all that it may have; None: by name,
            after ``all``.
        brief: pattern of the groups that a short summary shows.
        of: of a ratio, the worlds in which there is something to divide by: world and of (a group and
            its parts, as ``council`` and ``council, no show``; ``all``: every group); the others are
            left out. None: every world counts.
        has: whether a simulation has the figure at all, as one of payments that nobody makes; None:
            each has it.
    """

    name: str
    label: str
    unit: str
    query: Callable[[Told], pl.DataFrame]
    none: float | None = None
    order: tuple[str, ...] | None = None
    brief: str = ALL
    of: Callable[[Told], pl.DataFrame] | None = None
    has: Callable[[Told], bool] | None = None

    @property
    def share(self) -> bool:
        """Whether it is a share, never above 1."""
        return self.unit.startswith("share ")

    def is_of(self, told: Told) -> bool:
        """Whether a simulation has the figure."""
        return self.has is None or self.has(told)

    def may_have(self, group: str) -> bool:
        """Whether a world may have such a group, as far as the figure itself says."""
        return self.order is None or group in self.order

    @property
    def definition(self) -> str:
        """How it is counted."""
        return definition_of(self.query)


def definition_of(query: Callable[..., pl.DataFrame]) -> str:
    """The docstring of a query as readers have it: one paragraph, without marks."""
    return " ".join(cleandoc(query.__doc__ or "").replace("``", "").split())


def grouped(rows: pl.DataFrame, value: pl.Expr, *by: pl.Expr) -> pl.DataFrame:
    """A value for each world as a whole, and for each of its groups, in each of several ways.

    Args:
        rows: with ``world``.
        value: an aggregate.
        by: texts that rows are grouped by.

    Returns:
        world, group, value.
    """
    parts = [
        rows.with_columns(group.cast(pl.String).alias("group"))
        .group_by("world", "group", maintain_order=True).agg(value.cast(pl.Float64).alias("value"))
        for group in (pl.lit(ALL), *by)
    ]
    return pl.concat(part.select("world", "group", "value") for part in parts)


def band(column: str = "band") -> pl.Expr:
    """``band A``; ``no band``."""
    return pl.format("band {}", pl.col(column)).fill_null("no band")


def bedrooms(column: str = "bedrooms") -> pl.Expr:
    """``2 bedrooms``; ``bedsit``; ``bedrooms not known``."""
    n = pl.col(column)
    words = pl.when(n == 0).then(pl.lit("bedsit")).when(n == 1).then(pl.lit("1 bedroom"))
    return words.otherwise(pl.format("{} bedrooms", n)).fill_null("bedrooms not known")


def months(since: str, until: str = "let_on") -> pl.Expr:
    """Months from a day to a day [months of 30.4 days]."""
    return (pl.col(until) - pl.col(since)).dt.total_days() / MONTH
