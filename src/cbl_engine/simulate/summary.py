"""The figures of a simulation: the mean of each over worlds, and how sure it is."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.errors import Problem
from cbl_engine.simulate import kpis_accommodation, kpis_downsizing, kpis_homes, kpis_people
from cbl_engine.simulate.kpi import ALL, Kpi, Told, told_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cbl_engine.simulate.run import Simulation

KPIS = (*kpis_homes.KPIS, *kpis_people.KPIS, *kpis_downsizing.KPIS, *kpis_accommodation.KPIS)
"""Every figure, in the order of the summary."""
BY_NAME = {kpi.name: kpi for kpi in KPIS}
_CONFIDENCE = 0.95
_DIGITS = 6


def group_it_has_not(kpi: str, group: str, where: str) -> Problem:
    """A group was asked for that the figure has in no world: which it has, and which was meant."""
    groups = BY_NAME[kpi].order or ()
    near = get_close_matches(group, groups, 1)
    return Problem("unknown_group", "the figure has no such group", where=where, given=f"{kpi}:{group}",
                   allowed="; ".join(groups),
                   remedy=f"Did you mean {kpi}:{near[0]}?" if near else "")


def summary(simulation: Simulation) -> pl.DataFrame:
    """Every figure with the 95% interval of its mean over worlds.

    The interval says how far luck moves the mean of so many worlds (Student's t over worlds). It
    says nothing of parameters that are assumed, nor how far one year differs from another. What is
    never below 0 has no interval below it, and a share none above 1.

    Args:
        simulation: what was simulated.

    Returns:
        kpi, group (``all``, ``band A``, ``2 bedrooms``, a stage, ...), unit, mean, low and high
        (Float64; null with one world; all three null where a median is not reached in some world)
        and worlds (UInt32: those in which the figure has a value). ``KPIS`` has the label and
        the definition of each. A figure that the simulation has not (``Kpi.has``) has no row.
    """
    told = told_by(simulation)
    return pl.concat(over_worlds(kpi, told) for kpi in KPIS if kpi.is_of(told))


def over_worlds(kpi: Kpi, told: Told) -> pl.DataFrame:
    """One figure's rows of the summary."""
    import numpy as np
    from scipy.special import stdtrit

    mean, spread, n = pl.col("value").mean(), pl.col("value").std(), pl.len()
    found = values(kpi, told).group_by("group").agg(
        mean.alias("mean"), (spread / n.sqrt()).alias("error"), n.alias("worlds"),
        pl.col("value").min().alias("least"))
    freedom = np.maximum(found["worlds"].to_numpy().astype(np.int64) - 1, 1)
    reach = pl.col("error") * pl.lit(stdtrit(freedom, 0.5 + _CONFIDENCE / 2))
    shown = pl.col("mean").is_finite()
    low = pl.col("mean") - reach
    high = pl.col("mean") + reach
    named = found.with_columns(
        pl.when(pl.col("least") >= 0).then(low.clip(0)).otherwise(low).alias("low"),
        (high.clip(upper_bound=1) if kpi.share else high).alias("high"))
    return named.sort(_order(kpi, found["group"].to_list()), "group").select(
        pl.lit(kpi.name).alias("kpi"), "group", pl.lit(kpi.unit).alias("unit"),
        *(pl.when(shown).then(pl.col(c).round(_DIGITS)).alias(c) for c in ("mean", "low", "high")),
        pl.col("worlds").cast(pl.UInt32))


def values(kpi: Kpi, told: Told) -> pl.DataFrame:
    """A figure for each world and group.

    Returns:
        world, group, value; groups and worlds without one left out, or with what stands for none.
    """
    found = kpi.query(told).with_columns(pl.col("world").cast(pl.Int32), pl.col("group"))
    if kpi.none is None:
        return found.drop_nulls("value").sort("world", "group")
    named = kpi.order is not None and ALL not in kpi.order
    groups = {*(() if named else (ALL,)), *found["group"]}
    return nothing(kpi, told, groups).join(found, on=["world", "group"], how="left").select(
        "world", "group", pl.coalesce("value_right", "value").alias("value")).sort("world", "group")


def nothing(kpi: Kpi, told: Told, groups: Iterable[str]) -> pl.DataFrame:
    """What a figure is of groups that no row is of.

    Returns:
        world, group and what stands for none, in each world in which the figure can have a value; no
        row where nothing stands for it.
    """
    worlds = pl.DataFrame({"world": told.worlds}, {"world": pl.Int32})
    every = worlds.join(pl.DataFrame({"group": sorted(groups)}, {"group": pl.String}), how="cross")
    if kpi.none is None:
        every = every.clear()
    elif kpi.of is not None:
        some = kpi.of(told).select(pl.col("world").cast(pl.Int32), "of").unique()
        part = pl.col("group").str.starts_with(pl.col("of") + ", ")
        every = every.join(some, on="world").filter(
            (pl.col("of") == ALL) | (pl.col("of") == pl.col("group")) | part).drop("of")
    return every.with_columns(pl.lit(kpi.none, pl.Float64).alias("value"))


def _order(kpi: Kpi, groups: list[str]) -> pl.Expr:
    wanted = kpi.order if kpi.order is not None else (ALL, *sorted(set(groups) - {ALL}))
    places = {name: at for at, name in enumerate(wanted)}
    return pl.col("group").replace_strict(places, default=len(places), return_dtype=pl.Int64)
