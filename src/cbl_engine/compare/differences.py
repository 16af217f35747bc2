"""Every figure of every variant less the base's, world by world, in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.compare.pairs import FEWEST, paired_difference
from cbl_engine.compare.sides import BASE, outcomes_of
from cbl_engine.simulate.kpi import told_by
from cbl_engine.simulate.summary import KPIS, nothing, values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cbl_engine.compare.pairs import Difference
    from cbl_engine.compare.sides import Side
    from cbl_engine.simulate.kpi import Kpi, Told
    from cbl_engine.simulate.run import Simulation

_NUMBERS = ("base", "mean", "low", "high", "bca_low", "bca_high", "all_low", "all_high")
COLUMNS = {
    **dict.fromkeys(("response", "variant", "kpi", "group", "unit"), pl.String),
    **dict.fromkeys(_NUMBERS, pl.Float64), "told": pl.Boolean, "saved": pl.Float64,
    "worlds": pl.Int64, "not_reached": pl.Int64, "left_out": pl.Int64,
}
"""Columns of the table of differences; ``Comparison`` says what each is. ``left_out``: worlds in which a
side has no such figure, as where nobody of a group was let a home."""


def differences(
    sides: Sequence[Side], responses: Sequence[str], done: dict[tuple[str, str], Simulation]
) -> tuple[pl.DataFrame, int]:
    """The differences of all variants, and how many were looked at together.

    A figure that fewer than three worlds have on both sides has no row, nor one that no side has. A
    median that some world does not reach on one side or both has a row without numbers: worlds that
    reach it are picked by their outcome, so nothing can be said of it from them.

    Args:
        sides: the base, then the variants.
        responses: compared under.
        done: simulations by name of the side and response.
    """
    told = {key: told_by(simulation) for key, simulation in done.items()}
    found: list[tuple[tuple[str, str, Kpi, str], NDArray[np.float64], NDArray[np.float64]]] = []
    wanted = outcomes_of(sides[0].scenario)
    for response in responses:
        for kpi in (k for k in KPIS if k.name in wanted and any(
                k.is_of(told[side.name, response]) for side in sides)):
            tables = {s.name: _by_world(kpi, told[s.name, response]) for s in sides}
            for side in sides[1:]:
                groups = sorted({*tables[BASE], *tables[side.name]})
                for group in (g for g in groups if g in (wanted[kpi.name] or groups)):
                    one, other = (tables[n].get(group, _none(kpi, told[n, response], group))
                                  for n in (BASE, side.name))
                    found.append(((response, side.name, kpi, group), one, other))
    rows = []
    for (response, variant, kpi, group), one, other in found:
        numbers = _numbers(one, other, len(found), share=kpi.share)
        if numbers is not None:
            rows.append({"response": response, "variant": variant, "kpi": kpi.name, "group": group,
                         "unit": kpi.unit, **numbers})
    return pl.DataFrame(rows, COLUMNS), len(found)


def _numbers(
    one: NDArray[np.float64], other: NDArray[np.float64], together: int, *, share: bool = False
) -> dict[str, Any] | None:
    """The numbers of one row; None where too few worlds have the figure on both sides."""
    lost = np.isinf(one) | np.isinf(other)
    there = np.isfinite(one) & np.isfinite(other)
    if (there | lost).sum() < FEWEST:
        return None
    base = None if np.isinf(one).any() or np.isnan(one).all() else float(np.nanmean(one))
    level = {"base": base, "not_reached": int(lost.sum()), "left_out": int((~there & ~lost).sum())}
    if lost.any():
        return {**level, "told": False, "worlds": int(there.sum())}
    d = paired_difference(one, other, comparisons=together, most=1.0 if share else None)
    return None if d is None else {**level, **_told(d)}


def _told(d: Difference) -> dict[str, Any]:
    return {"mean": d.mean, "low": d.low, "high": d.high, "bca_low": d.bca_low,
            "bca_high": d.bca_high, "all_low": d.all_low, "all_high": d.all_high,
            "told": d.told, "saved": d.saved, "worlds": d.worlds}


def _by_world(kpi: Kpi, told: Told) -> dict[str, NDArray[np.float64]]:
    """By group, the figure of each world in order; NaN where a world has none, infinite where a
    median was not reached.
    """
    return {str(group): _column(rows, told) for (group,), rows in values(kpi, told).group_by(
        "group", maintain_order=True)}


def _none(kpi: Kpi, told: Told, group: str) -> NDArray[np.float64]:
    """A group that one side never has: what stands for none, world by world."""
    return _column(nothing(kpi, told, [group]), told)


def _column(rows: pl.DataFrame, told: Told) -> NDArray[np.float64]:
    column = np.full(len(told.worlds), np.nan)
    column[rows["world"].to_numpy()] = rows["value"].to_numpy().astype(float)
    return column
