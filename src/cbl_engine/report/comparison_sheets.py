"""The figures of a comparison's page, and every other, as the sheets of a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.compare.downsizing import further_bedrooms
from cbl_engine.compare.findings import findings, headlines
from cbl_engine.report.comparison_limits import LIMITS, of_these
from cbl_engine.report.equality_part import equality_sheet
from cbl_engine.report.page import day
from cbl_engine.simulate.summary import BY_NAME, summary
from cbl_engine.simulate.words import time_told, value

if TYPE_CHECKING:
    from cbl_engine.compare.comparing import Comparison


def comparison_sheets(
    comparison: Comparison, equality: pl.DataFrame | None = None
) -> dict[str, pl.DataFrame]:
    """The figures of the page, and every other, as the sheets of a workbook.

    Returns:
        about (what was compared), findings (response, variant, finding), headlines and differences
        (figure, group, unit, base, difference, low, high, told, ..., not_reached: worlds that do
        not reach a median,
        left_out: worlds without the figure), equality (the same by group of people),
        further_bedrooms (where tenants are paid to move to a smaller home), levels (response,
        scenario, figure, group, mean, low, high), values (what each scenario goes by, in words and
        where it is one number as that, with its source) and limits.
    """
    said = [(r, v, line) for r in comparison.responses
            for v, lines in findings(comparison, r, "the sheet differences").items() for line in lines]
    levels = [
        summary(done).select(
            pl.lit(response).alias("response"), pl.lit(name).alias("scenario"), _label(), "group",
            "unit", "mean", "low", "high", "worlds")
        for (name, response), done in comparison.simulations.items()]
    values = [
        (side.name, name, p.label, value(p), p.value if isinstance(p.value, int | float) else None, p.unit,
         p.source, p.assumed)
        for side in comparison.sides for name, p in side.parameters.found.items()]
    base, *variants = comparison.sides
    paid = further_bedrooms(comparison)
    about = {
        "For": "Planners. Simulated: what might happen, not what did.",
        "What if": base.scenario.title, "Base": base.name,
        "Variants": "; ".join(side.name for side in variants),
        "Worlds": f"{base.scenario.replications:,}, the same for each, of {time_told(base.scenario, day)}",
        "Seed": str(base.scenario.seed),
    }
    return {
        "about": pl.DataFrame({"what": list(about), "value": list(about.values())}),
        "findings": pl.DataFrame(said, ["response", "variant", "finding"], orient="row"),
        "headlines": _sheet(headlines(comparison)),
        "differences": _sheet(comparison.differences),
        "equality": equality_sheet(comparison, equality),
        **({} if paid.is_empty() else {"further_bedrooms": paid.with_columns(pl.col(pl.Float64).round(2))}),
        "levels": pl.concat(levels),
        "values": pl.DataFrame(values, {**dict.fromkeys((
            "scenario", "parameter", "label", "value", "number", "unit", "source", "assumed"), pl.String),
            "number": pl.Float64}, orient="row"),
        "limits": pl.DataFrame({"what_the_model_does_not_know": [*LIMITS, *of_these(comparison)]}),
    }


def _label() -> pl.Expr:
    return pl.col("kpi").replace_strict({n: k.label for n, k in BY_NAME.items()}).alias("figure")


def _sheet(rows: pl.DataFrame) -> pl.DataFrame:
    numbers = ("base", "mean", "low", "high", "bca_low", "bca_high", "all_low", "all_high", "saved")
    return rows.select(
        "response", "variant", _label(), "group", "unit", *(pl.col(n).round(6) for n in numbers),
        pl.when("told").then(pl.lit("told")).alias("told"), "worlds", "not_reached",
        "left_out").rename({"mean": "difference"})
