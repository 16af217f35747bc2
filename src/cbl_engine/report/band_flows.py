"""From which band to which households go under a variant, in the worlds of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.report.flows import flows_drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.compare.comparing import Comparison, Side

NO_BAND = "(no band)"
NOT_ON = "(not on the register)"
_LAST = (NO_BAND, NOT_ON)
_KEY = ["world", "application"]


def band_flows(
    comparison: Comparison, response: str, fewest: int
) -> Iterator[tuple[Side, dict[str, Any] | None]]:
    """For each variant the picture and the table of its flows; None where no band differs.

    A flow is of households by the band each had last under the base and under the variant, in the mean
    world [households]; those of whom one side never has any on its register, as where another scheme
    takes others onto it, are ``(not on the register)`` there. Flows of fewer than ``fewest`` are left
    out, before they are rounded; ``picture`` is None where none is left. ``only_base`` and
    ``only_variant`` count those that one side alone has.
    """
    base, *variants = comparison.sides
    for side in variants:
        yield side, _flows(comparison, base, side, response, fewest)


def _flows(
    comparison: Comparison, base: Side, side: Side, response: str, fewest: int
) -> dict[str, Any] | None:
    before, after = (
        comparison.simulations[one.name, response].frames["households"].select(
            *_KEY, pl.col("band").fill_null(NO_BAND)) for one in (base, side))
    every = before.join(after, on=_KEY, how="full", suffix="_then", coalesce=True).with_columns(
        pl.col("band", "band_then").fill_null(NOT_ON))
    if (every["band"] == every["band_then"]).all():
        return None
    mean = {(old, new): n / base.scenario.replications
            for old, new, n in every.group_by("band", "band_then").len().iter_rows()}
    counts = {pair: round(n) for pair, n in mean.items() if n >= fewest}
    old, new = (_in_order(one, {pair[at] for pair in counts})
                for at, one in enumerate((base, side)))
    places = _in_order(side, {*side.bands, *old, *new})
    kinds = {pair: _kind(places, *pair, known={*side.bands, NO_BAND}) for pair in counts}
    return {
        "picture": flows_drawn(old, new, counts, kinds) if counts else None, "head": new,
        "rows": [(name, [f"{counts[name, then]:,}" if (name, then) in counts else "\u2013"
                         for then in new]) for name in old],
        "only_base": round(sum(n for (_, then), n in mean.items() if then == NOT_ON)),
        "only_variant": round(sum(n for (was, _), n in mean.items() if was == NOT_ON)),
    }


def _in_order(side: Side, names: set[str]) -> list[str]:
    """Names of bands, the scheme's own from the highest, then others, last who has none or is not there."""
    known = [b for b in side.bands if b in names]
    return [*known, *sorted(names - {*known, *_LAST}), *(name for name in _LAST if name in names)]


def _kind(places: list[str], old: str, new: str, known: set[str]) -> str:
    """How a flow is drawn, by the places of the bands that the variant's scheme knows."""
    if old == new:
        return "same"
    if NOT_ON in (old, new):
        return "on" if old == NOT_ON else "off"
    if not {old, new} <= known:
        return "not_comparable"
    return "up" if places.index(new) < places.index(old) else "down"
