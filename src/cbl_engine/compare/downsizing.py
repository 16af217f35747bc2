"""What a variant pays tenants who move to a smaller home, and what each further bedroom freed costs so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.simulate.kpi import ALL, told_by
from cbl_engine.simulate.kpis_downsizing import ANYWAY
from cbl_engine.simulate.summary import BY_NAME, over_worlds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.compare.comparing import Comparison
    from cbl_engine.simulate.run import Simulation

_NUMBERS = ("for_a_bedroom", "anyway", "paid", "freed")
_COLUMNS = {"response": pl.String, "variant": pl.String, **dict.fromkeys(_NUMBERS, pl.Float64),
            "told": pl.Boolean, "each": pl.Float64, "why_not": pl.String}


def further_bedrooms(comparison: Comparison) -> pl.DataFrame:
    """The payments of each variant to tenants who move to a smaller home, against the bedrooms it frees.

    Returns:
        response, variant, for_a_bedroom (pounds for each bedroom freed by moves that are paid for: the
        mean over worlds of ``downsizing_per_bedroom``, so of each world's own average),
        anyway (share of the money that goes to those who would have asked anyway; both null where
        nothing is paid), paid and freed (differences to the base: pounds and bedrooms a year), told
        (whether that of bedrooms is told from luck), each (pounds for each further bedroom; null where
        no more are freed) and why_not (why it is null). No row for a variant of which payments are
        not compared, as where neither side pays.
    """
    return pl.DataFrame(list(_rows(comparison)), _COLUMNS)


def _rows(comparison: Comparison) -> Iterator[dict[str, Any]]:
    rows = comparison.differences.filter(group=ALL)
    freed_by = {(r["response"], r["variant"]): r
                for r in rows.filter(kpi="bedrooms_freed").iter_rows(named=True)}
    for row in rows.filter(kpi="downsizing_paid").iter_rows(named=True):
        response, variant = row["response"], row["variant"]
        freed = freed_by.get((response, variant), {"mean": None, "told": None})
        more = freed["mean"] is not None and freed["mean"] > 0
        yield {
            "response": response, "variant": variant, **_paid(comparison.simulations[variant, response]),
            "paid": row["mean"], "freed": freed["mean"], "told": freed["told"],
            "each": row["mean"] / freed["mean"] if more else None,
            "why_not": None if more else "bedrooms freed are not among the outcomes compared"
            if freed["mean"] is None else "no more bedrooms are freed than in the base"}


def _paid(simulation: Simulation) -> dict[str, float | None]:
    """For a bedroom, and the share of the money that is deadweight."""
    told = told_by(simulation)
    means: dict[tuple[str, str], float] = {}
    for kpi in (BY_NAME["downsizing_paid"], BY_NAME["downsizing_per_bedroom"]):
        if not kpi.is_of(told):
            return {}
        means |= {(kpi.name, group): mean for group, mean in over_worlds(kpi, told).select(
            "group", "mean").iter_rows()}
    whole = means["downsizing_paid", ALL]
    return {"for_a_bedroom": means.get(("downsizing_per_bedroom", ALL)),
            "anyway": means.get(("downsizing_paid", ANYWAY), 0.0) / whole if whole else None}


def in_words(row: dict[str, Any]) -> str:
    """One row of :func:`further_bedrooms` in sentences."""
    said = []
    if row["for_a_bedroom"] is not None:
        said.append(f"{_pounds(row['for_a_bedroom'])} is paid for each bedroom freed (mean of the worlds' own "
                    f"averages), {row['anyway']:.0%} of the money to tenants who would have asked anyway.")
    if row["each"] is None:
        said.append(f"What a bedroom freed beyond the base's costs in payments is not known: {row['why_not']}.")
    else:
        luck = "" if row["told"] else "; the further bedrooms are not told from luck, so nor is this"
        said.append(f"Each bedroom freed beyond the base's costs {_pounds(row['each'])} in payments (the mean "
                    f"money over the mean bedrooms{luck}).")
    return " ".join(said)


def _pounds(value: float) -> str:
    return f"{'-' if value < 0 else ''}£{abs(value):,.0f}"
