"""A comparison in plain English: what differs, what could not be told, what changes sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.simulate.kpi import ALL
from cbl_engine.simulate.summary import BY_NAME

if TYPE_CHECKING:
    from cbl_engine.compare.comparing import Comparison

_HEADLINES = (
    "lettings", "void_days", "wait_from_registered", "wait_median", "housed_within_year",
    "waiting_at_end", "transfer_share", "bedrooms_freed", "overcrowding_relieved",
    "spare_relieved", "chain_length", "nominees_per_letting", "bids_per_advert", "adverts_unlet",
    "adapted_to_need", "rent_lost", "ta_households", "ta_net",
)


def findings(comparison: Comparison, response: str = "central") -> dict[str, list[str]]:
    """Sentences by variant: what differs, most certain first within each figure.

    Args:
        comparison: from :func:`cbl_engine.compare.compare`.
        response: under which.

    Returns:
        name of a variant -> sentences.
    """
    out = {}
    for side in comparison.sides[1:]:
        rows = comparison.differences.filter(
            pl.col("variant") == side.name, pl.col("response") == response)
        out[side.name] = [
            *_told(rows), *_sign_changes(comparison, side.name), *_not_told(rows)]
    return out


def _told(rows: pl.DataFrame) -> list[str]:
    ordered = rows.filter("told").with_columns(
        pl.col("kpi").replace_strict({k: i for i, k in enumerate(_HEADLINES)}, default=99,
                                     return_dtype=pl.Int64).alias("place"),
        (pl.col("group") != ALL).alias("part"))
    return [sentence(row) for row in ordered.sort("place", "kpi", "part", "group").iter_rows(
        named=True)]


def sentence(row: dict[str, Any]) -> str:
    """One difference: figure, group, by how much at least and at most, and from what."""
    kpi = BY_NAME[row["kpi"]]
    more = row["mean"] > 0
    least, most = sorted((abs(row["low"]), abs(row["high"])))
    of = "" if row["group"] == ALL else f", {row['group']}"
    return (f"{kpi.label}{of}: {_number(least)} to {_number(most)} {kpi.unit} "
            f"{'more' if more else 'less'} than {_number(row['base'])}.")


def _number(value: float) -> str:
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.1 else f"{value:.3g}"


def _not_told(rows: pl.DataFrame) -> list[str]:
    untold = rows.filter(~pl.col("told"), pl.col("group") == ALL)["kpi"].to_list()
    names = [BY_NAME[k].label.lower() for k in _HEADLINES if k in untold]
    return [f"Not told from luck: {', '.join(names)}."] if names else []


def _sign_changes(comparison: Comparison, variant: str) -> list[str]:
    """Figures that go one way under one response and the other under another."""
    if len(comparison.responses) < 2:
        return []
    rows = comparison.differences.filter(pl.col("variant") == variant, "told")
    both = rows.group_by("kpi", "group").agg(
        pl.col("response").filter(pl.col("mean") > 0).alias("up"),
        pl.col("response").filter(pl.col("mean") < 0).alias("down"),
    ).filter(pl.col("up").list.len() > 0, pl.col("down").list.len() > 0).sort("kpi", "group")
    return [
        f"{BY_NAME[row['kpi']].label}{'' if row['group'] == ALL else ', ' + row['group']} changes "
        f"sign: more under {' and '.join(row['up'])} response, less under "
        f"{' and '.join(row['down'])}."
        for row in both.iter_rows(named=True)
    ]
