"""A simulation as one page: how lists and voids move, where days and money go, every figure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.report.charts import Bars, Fan, bars, fan
from cbl_engine.report.page import day, render
from cbl_engine.simulate.kpi import ALL, told_by
from cbl_engine.simulate.kpis_homes import STAGES, chain_lengths, stage_days_by_works
from cbl_engine.simulate.summary import BY_NAME
from cbl_engine.simulate.words import number, time_told, value, worlds_told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.simulate import Simulation
    from cbl_engine.simulate.kpi import Told

_LOW, _HIGH = 0.1, 0.9
_LONGEST = 5
_FACTS = (
    ("lettings", ALL, "homes let a year"),
    ("void_days", "tenancy, mean", "days from a tenancy to the next, mean"),
    ("rent_lost", ALL, "pounds of rent lost a year"),
    ("wait_from_registered", ALL, "months waited by those housed, mean"),
    ("waiting_at_end", ALL, "households on the register at the end"),
    ("ta_net", ALL, "pounds a year for temporary accommodation, net"),
)


def simulation_page(simulation: Simulation, figures: pl.DataFrame) -> str:
    """A simulation as one offline HTML page, for planners.

    Args:
        simulation: what was simulated.
        figures: its summary.
    """
    scenario = simulation.scenario
    told = told_by(simulation)
    found = simulation.parameters.found
    return render(
        "simulation.html",
        title=scenario.title,
        audience="planner",
        setting=f"Scheme {scenario.scheme}. {worlds_told(scenario)} of {time_told(scenario, day)}.",
        worlds=worlds_told(scenario),
        facts=[(_mean(figures, kpi, group), words) for kpi, group, words in _FACTS],
        waiting=_over_time(told, "waiting"),
        voids=_over_time(told, "voids"),
        placed=_over_time(told, "placed"),
        stages=_stages(stage_days_by_works(told)),
        waits=_waits(figures),
        chains=_chains(chain_lengths(told)),
        costs=_costs(figures),
        nominees=_with_intervals(figures.filter(
            pl.col("kpi") == "nominees_per_letting", ~pl.col("group").is_in([ALL, "accepted"])),
            "nominations"),
        figures=list(_every(figures)),
        parameters=[{"label": p.label, "value": value(p), "unit": p.unit,
                     "source": p.source or f"assumed: {p.assumed}"} for p in found.values()],
        assumed=sum(p.source is None for p in found.values()),
        limits=[*(f"{note.line()}." for note in simulation.notes),
                *(f"Not followed here: {rule}." for rule in simulation.not_followed)],
    )


def _over_time(told: Told, column: str) -> Fan:
    n = pl.col(column)
    by_week = told["weeks"].group_by("week").agg(
        n.quantile(_LOW, "linear").alias("low"), n.median().alias("middle"),
        n.quantile(_HIGH, "linear").alias("high")).sort("week")
    start, weeks = told.start, by_week.height
    every = max(1, round(weeks / 5 / 26)) * 26 if weeks > 52 else 13
    marks = [(at, f"{start + timedelta(weeks=at):%b %Y}") for at in range(0, weeks, every)]
    low, middle, high = (by_week[name].to_list() for name in ("low", "middle", "high"))
    return fan(low, middle, high, marks)


def _stages(by_works: pl.DataFrame) -> Bars:
    names = [name for name in STAGES if name != "notice"]
    rows = [(f"{row['kind']} ({row['voids']:,})", {name: row[name] for name in names})
            for row in by_works.iter_rows(named=True)]
    return bars(rows, number, unit="days", shown=lambda p: f"{number(sum(p.values()))} days")


def _waits(figures: pl.DataFrame) -> Bars:
    found = figures.filter(kpi="wait_from_registered").filter(
        (pl.col("group") == ALL) | pl.col("group").str.contains("band"))
    return _with_intervals(found, "months")


def _costs(figures: pl.DataFrame) -> Bars:
    gross = figures.filter(kpi="ta_gross")
    net = dict(figures.filter(kpi="ta_net").select("group", "mean").iter_rows())
    rows = [(row["group"], {"net": net[row["group"]], "comes back": row["mean"] - net[row["group"]]})
            for row in gross.iter_rows(named=True)]
    return bars(rows, number, [(r["low"], r["high"]) for r in gross.iter_rows(named=True)],
                "pounds", lambda p: f"{_short(p['net'])} of {_short(sum(p.values()))}")


def _with_intervals(found: pl.DataFrame, unit: str) -> Bars:
    rows = [(row["group"], {unit: row["mean"] or 0.0}) for row in found.iter_rows(named=True)]
    return bars(rows, number, [(r["low"], r["high"]) for r in found.iter_rows(named=True)])


def _chains(lengths: pl.DataFrame) -> Bars:
    n = pl.col("lettings").clip(upper_bound=_LONGEST)
    shares = lengths.group_by(n).agg(pl.col("share").sum()).sort("lettings")
    rows = [(f"{n} or more" if n == _LONGEST else str(n), {"share": share})
            for n, share in shares.iter_rows()]
    return bars(rows, lambda share: f"{share:.0%}" if share >= 0.005 else "under 1%")


def _short(pounds: float) -> str:
    """Pounds in three figures: £1.29m, £152k."""
    if abs(pounds) >= 999_500:
        return f"£{pounds / 1e6:.2f}m"
    return f"£{pounds / 1e3:,.0f}k" if abs(pounds) >= 1000 else f"£{pounds:,.0f}"


def _mean(figures: pl.DataFrame, kpi: str, group: str) -> str:
    found = figures.filter(kpi=kpi, group=group)["mean"]
    return number(found.item() if found.len() else None)


def _every(figures: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for (name,), rows in figures.group_by("kpi", maintain_order=True):
        kpi = BY_NAME[str(name)]
        yield {"label": kpi.label, "unit": kpi.unit, "definition": kpi.definition, "rows": [
            {"group": row["group"],
             "mean": "not reached" if row["mean"] is None else number(row["mean"]),
             "reach": "" if row["low"] is None else f"{number(row['low'])} to {number(row['high'])}"}
            for row in rows.iter_rows(named=True)]}
