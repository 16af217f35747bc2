"""From which band to which households go under a variant, in the worlds of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.report.flows import flows_drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.compare.comparing import Comparison, Side

NO_BAND = "(no band)"
_KEY = ["world", "application"]


def band_flows(
    comparison: Comparison, response: str, fewest: int
) -> Iterator[tuple[Side, dict[str, Any] | None]]:
    """For each variant the picture and the table of its flows; None where no band differs.

    A flow is of households that both sides have, by the band each had last, in the mean world
    [households]; flows of fewer than ``fewest`` are left out.
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
    both = before.join(after, on=_KEY, suffix="_then")
    if (both["band"] == both["band_then"]).all():
        return None
    found = both.group_by("band", "band_then").agg(
        (pl.len() / base.scenario.replications).round().cast(pl.Int64).alias("n"))
    counts = {(old, new): n for old, new, n in found.iter_rows() if n >= fewest}
    old, new = (_in_order(one, {pair[at] for pair in counts})
                for at, one in enumerate((base, side)))
    places = _in_order(side, {*old, *new})
    kinds = {pair: _kind(places, *pair, comparable=set(new)) for pair in counts}
    return {
        "picture": flows_drawn(old, new, counts, kinds), "head": new,
        "rows": [(name, [f"{counts[name, then]:,}" if (name, then) in counts else "\u2013"
                         for then in new]) for name in old],
    }


def _in_order(side: Side, names: set[str]) -> list[str]:
    """Names of bands, the scheme's own from the highest, then others, last who has none."""
    known = [b for b in side.bands if b in names]
    return [*known, *sorted(names - {*known, NO_BAND}), *({NO_BAND} & names)]


def _kind(places: list[str], old: str, new: str, comparable: set[str]) -> str:
    if old == new:
        return "same"
    if old not in comparable:
        return "not_comparable"
    return "up" if places.index(new) < places.index(old) else "down"
