"""Effects by equality group, for the page of a comparison and its workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.compare.effects import as_said, group_effects, groups_say
from cbl_engine.compare.says import change, level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.compare.comparing import Comparison

_NUMBERS = ("base", "gap", "gap_low", "gap_high", "mean", "low", "high", "all_low", "all_high")


def equality_part(
    comparison: Comparison, equality: pl.DataFrame | None, response: str
) -> dict[str, Any]:
    """What the page's template draws: words, and for each variant two tables.

    Args:
        comparison: as of ``comparison_page``.
        equality: likewise.
        response: of which the effects are.
    """
    effects = group_effects(comparison, equality, response)
    return {"real": equality is not None,
            "words": groups_say(comparison, equality, response),
            "variants": [(side, list(_tables(effects.filter(variant=side.name))))
                         for side in comparison.sides[1:]]}


def equality_sheet(comparison: Comparison, equality: pl.DataFrame | None) -> pl.DataFrame:
    """Every effect under every response.

    Returns:
        response, variant, characteristic, group, stage, figure, unit, base, gap, ..., difference,
        low, high, told (``told``), worlds and withheld (``withheld``).
    """
    parts = [group_effects(comparison, equality, r).select(
        pl.lit(r).alias("response"), "variant", "characteristic", "group", "stage",
        pl.col("label").alias("figure"), "unit", *(pl.col(n).round(6) for n in _NUMBERS),
        pl.when("told").then(pl.lit("told")).alias("told"), "worlds",
        pl.when("withheld").then(pl.lit("withheld")).alias("withheld"),
    ).rename({"mean": "difference"}) for r in comparison.responses]
    return pl.concat(parts)


def _tables(effects: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for title, rows in (
        ("Stages: on the register, bidding, nominated, let, and the wait",
         effects.filter(pl.col("stage") != "band")),
        ("Share of each group in each band, at the end or when they left",
         effects.filter(pl.col("stage") == "band")),
    ):
        if rows.is_empty():
            continue
        figures = rows.unique("figure", maintain_order=True)
        yield {"title": title,
               "head": [f"{label} ({unit})" if title.startswith("Stages") else label
                        for label, unit in figures.select("label", "unit").iter_rows()],
               "parts": list(_parts(rows))}


def _parts(rows: pl.DataFrame) -> Iterator[tuple[str, list[tuple[str, list[dict[str, Any]]]]]]:
    for (characteristic,), mine in rows.group_by("characteristic", maintain_order=True):
        yield str(characteristic), [
            (str(group), [_cell(row) for row in of.iter_rows(named=True)])
            for (group,), of in mine.group_by("group", maintain_order=True)]


def _cell(row: dict[str, Any]) -> dict[str, Any]:
    if row["withheld"]:
        return {"base": "withheld", "gap": "", "differs": ("", "", False)}
    says = as_said(row["figure"])
    gap = ""
    if row["gap"] is not None and (row["gap_low"] > 0 or row["gap_high"] < 0):
        gap = change({"mean": row["gap"], "low": row["gap_low"], "high": row["gap_high"]}, says)[0]
    differs = ("", "", False) if row["mean"] is None else (*change(row, says), row["told"])
    return {"base": level(says, row["base"]), "gap": gap, "differs": differs}
