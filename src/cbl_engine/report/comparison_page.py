"""A comparison as one page for a committee, and the same figures as the sheets of a workbook."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.compare.downsizing import further_bedrooms, in_words
from cbl_engine.compare.findings import findings, headlines, saved_by_pairing
from cbl_engine.compare.says import change, group_of, level
from cbl_engine.compare.sides import OWN, responds_from
from cbl_engine.report.band_flows import band_flows
from cbl_engine.report.charts import Bars, bars, grouped
from cbl_engine.report.equality_part import equality_part, equality_sheet
from cbl_engine.report.movers import MOVED
from cbl_engine.report.page import day, render
from cbl_engine.simulate.describe import changes_in_words, described
from cbl_engine.simulate.kpi import ALL
from cbl_engine.simulate.kpis_homes import STAGES
from cbl_engine.simulate.parameters import shipped_parameters, shipped_sources
from cbl_engine.simulate.summary import BY_NAME, summary
from cbl_engine.simulate.words import as_written, number, time_told, value
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cbl_engine.compare.comparing import Comparison, Side
    from cbl_engine.scheme.description import Line
    from cbl_engine.simulate.parameters import Parameter

FEWEST = 5
"""Households below which nothing is said of a group."""
_ACROSS = 4
_ROOM = 146
_DIFFERENCE = ("difference", "95% interval", "told")
_BANDS, _SIZES = "band ", "bedroom"
_CHARTS = (
    ("wait_from_registered", _BANDS, "Wait of those housed, by band",
     "Months from registering to the tenancy, mean. Those who still wait are in the next chart."),
    ("waited_so_far", _BANDS, "Wait so far of those still waiting, by band",
     "Months since registering of those on the register at the end, mean."),
    ("wait_from_registered", _SIZES, "Wait of those housed, by bedrooms needed",
     "Months from registering to the tenancy, mean."),
    ("waited_so_far", _SIZES, "Wait so far of those still waiting, by bedrooms needed",
     "Months since registering of those on the register at the end, mean."),
    ("wait_quarter", "opening, ", "A quarter of the first register are housed by",
     "Months from the start, those who still wait counted as longer, by band."),
    ("lettings", _BANDS, "Who is let homes: lettings by band", "Homes a year."),
    ("transfer_share", _BANDS, "Homes that go to the borough's own tenants",
     "Share of the lettings of each band: moves that leave a home for somebody else."),
    ("chain_length", "leakage", "Chains",
     "Lettings for each void that begins a chain: as homes leak, and if none did."),
    ("bedrooms_freed", ALL, "Bedrooms freed", "By moves of tenants to smaller homes, a year."),
    ("ta_households", "", "Households in temporary accommodation", "In the last night, by kind."),
    ("ta_net", "", "Net cost of temporary accommodation",
     "Pounds a year after benefit and capped subsidy, by kind."),
)
_ACCOUNTS = {
    "Housing Revenue Account": ("rent_lost", "downsizing_paid"),
    "General Fund": ("ta_gross", "ta_net", "ta_saving", "ta_nights"),
}
_ACCOUNTS_SAY = {
    "Housing Revenue Account": "Rent of the days on which homes stand empty; and what is paid to tenants "
    "who move to a smaller home, where a scenario says so. Both are the landlord's: of other landlords' homes "
    "they fall on those. What works, repairs and empty-property council tax cost is not in the model.",
    "General Fund": "Temporary accommodation: what nights cost, what is left after benefit and capped "
    "subsidy, and what lettings save of it when some of the places are taken by others.",
}
_BY_GROUP = ("lettings", "wait_from_registered", "housed_within_year", "waiting_at_end",
             "waited_so_far")
LIMITS = tuple(" ".join(line.split()) for line in """
    Worlds are simulated: households bid, accept and leave by chances that are published, fitted or
    assumed, not by minds of their own. Where a value is assumed, so is what follows from it.

    The intervals say how far luck moves a figure over the worlds simulated. They say nothing of
    values that are assumed, of years that differ from these, nor of the law or rents changing.

    The scheme's own code decides eligibility, order and offers. What officers decide case by case
    is drawn by lot: the order of equals, and what becomes of a nomination.

    A bid that waits for a fact to be confirmed is offered nothing, where an officer would wait for
    the fact. Nobody withdraws a bid; duties to bid, final offers and discretion have no effect.

    Households that leave or change do so once a week.

    The first weeks begin with nobody under offer, so their figures are those of a borough whose
    officers took a week off.

    Households that were overcrowded outside the council's own homes are not seen in the figures of
    overcrowding relieved.

    Costs are rent lost, temporary accommodation, and payments to tenants who move to a smaller home where
    a scenario has them. Works, officers' time, arrears and other costs of moving are not counted.
""".strip().split("\n\n"))
"""What the model does not know, for whoever reads its figures."""


@dataclass(frozen=True)
class Chart:
    """A chart with the table behind it."""

    title: str
    words: str
    bars: Bars
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def comparison_page(comparison: Comparison, equality: pl.DataFrame | None = None) -> str:
    """A comparison as one offline HTML page, for a committee.

    Args:
        comparison: from :func:`cbl_engine.compare.compare` or ``open_comparison``.
        equality: application, characteristic, value, as ``read_equality`` gives it; None: groups
            that simulated households have of themselves.

    Raises:
        BadInput: the equality table and the opening register have nobody in common.
    """
    base, *variants = comparison.sides
    scenario = base.scenario
    at = _Figures(comparison)
    paid = [(row["variant"], in_words(row)) for row in further_bedrooms(comparison).filter(
        response=at.response).iter_rows(named=True)]
    return render(
        "comparison.html",
        title=f"What if? {scenario.title}",
        audience="planner",
        setting=f"{len(variants)} {'change' if len(variants) == 1 else 'changes'} compared on the "
        f"same {scenario.replications:,} worlds of {time_told(scenario, day)}.",
        base=base, variants=variants, response=at.response,
        world=described(scenario, base.parameters).sections[0],
        findings=findings(comparison, at.response),
        headlines=list(_headlines(comparison, at)),
        responses=_under_responses(comparison),
        drawn=[_stages(at), *(c for chart in _CHARTS if (c := _chart(at, *chart)) is not None)],
        flows_by_variant=list(band_flows(comparison, at.response, FEWEST)), moved=MOVED,
        groups=[(v, _effects(at, v)) for v in variants], fewest=FEWEST,
        equality=equality_part(comparison, equality, at.response),
        accounts=[(title, _ACCOUNTS_SAY[title], list(_rows(at, kpis)), paid if "downsizing_paid" in kpis else [])
                  for title, kpis in _ACCOUNTS.items()],
        changed=list(_changed(comparison.sides)),
        dated=list(_dated(comparison.sides)), as_written=as_written,
        parameters=[_parameter(p) for p in base.parameters.found.values()],
        assumed=sum(p.source is None for p in base.parameters.found.values()),
        limits=[*LIMITS, *_of_these(comparison)],
        command=_command(comparison),
        seed=scenario.seed,
        saved=[(name, f"{share:.0%}") for name, share in saved_by_pairing(comparison).items()
               if share is not None],
    )


def comparison_sheets(
    comparison: Comparison, equality: pl.DataFrame | None = None
) -> dict[str, pl.DataFrame]:
    """The figures of the page, and every other, as the sheets of a workbook.

    Returns:
        about (what was compared), findings (response, variant, finding), headlines and differences (figure, group, unit, base,
        difference, low, high, told, ..., not_reached: worlds that do not reach a median,
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
        "limits": pl.DataFrame({"what_the_model_does_not_know": [*LIMITS, *_of_these(comparison)]}),
    }


def _label() -> pl.Expr:
    return pl.col("kpi").replace_strict({n: k.label for n, k in BY_NAME.items()}).alias("figure")


def _sheet(rows: pl.DataFrame) -> pl.DataFrame:
    numbers = ("base", "mean", "low", "high", "bca_low", "bca_high", "all_low", "all_high", "saved")
    return rows.select(
        "response", "variant", _label(), "group", "unit", *(pl.col(n).round(6) for n in numbers),
        pl.when("told").then(pl.lit("told")).alias("told"), "worlds", "not_reached", "left_out").rename({"mean": "difference"})


class _Figures:
    """Means of every side and differences of every variant, under one response."""

    def __init__(self, comparison: Comparison) -> None:
        self.sides = comparison.sides
        self.response = comparison.response
        self.means: dict[tuple[str, str, str], float | None] = {}
        self.groups: dict[str, list[str]] = {}
        for side in self.sides:
            figures = summary(comparison.simulations[side.name, self.response])
            for kpi, group, mean in figures.select("kpi", "group", "mean").iter_rows():
                self.means[side.name, kpi, group] = mean
                if group not in self.groups.setdefault(kpi, []):
                    self.groups[kpi].append(group)
        rows = comparison.differences.filter(response=self.response)
        self.differences = {(r["variant"], r["kpi"], r["group"]): r
                            for r in rows.iter_rows(named=True)}

    def mean(self, side: Side, kpi: str, group: str) -> float | None:
        """Of a side over its worlds; None where there is none or a median is not reached."""
        return self.means.get((side.name, kpi, group))

    def said(self, side: Side, kpi: str, group: str) -> str:
        """The mean in words."""
        mean = self.mean(side, kpi, group)
        known = (side.name, kpi, group) in self.means
        if not known and BY_NAME[kpi].none is not None and BY_NAME[kpi].of is None:
            return level(kpi, BY_NAME[kpi].none)
        return level(kpi, mean) if mean is not None or not known else "not reached"

    def difference(self, side: Side, kpi: str, group: str) -> tuple[str, str, bool]:
        """``-3.6``, ``-4.2 to -3.0`` and whether it is told from luck; nothing for the base."""
        row = self.differences.get((side.name, kpi, group))
        if row is None:
            return "" if side is self.sides[0] else "–", "", False
        return *change(row), row["told"]


def _headlines(comparison: Comparison, at: _Figures) -> Iterator[dict[str, Any]]:
    """A table for every few variants: the figure, the base, and each difference."""
    found = dict.fromkeys(headlines(comparison).select("kpi", "group").iter_rows())
    every = comparison.sides[1:]
    for variants in (every[n:n + _ACROSS] for n in range(0, len(every), _ACROSS)):
        yield {"variants": variants, "rows": [
            {"label": BY_NAME[kpi].label, "unit": BY_NAME[kpi].unit,
             "group": "" if group == ALL else group,
             "base": at.said(comparison.sides[0], kpi, group),
             "differences": [at.difference(v, kpi, group) for v in variants]}
            for kpi, group in found]}


def _under_responses(comparison: Comparison) -> list[dict[str, Any]]:
    """Headline differences that are told under some response, under each."""
    responses = comparison.responses
    if len(responses) < 2:
        return []
    out: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in headlines(comparison).iter_rows(named=True):
        kpi = row["kpi"]
        key = row["variant"], kpi, row["group"]
        line = out.setdefault(key, {"variant": row["variant"], "label": group_of(kpi, row["group"]),
                                    "cells": dict.fromkeys(responses, ("–", "", False))})
        line["cells"][row["response"]] = *change(row), row["told"]
    return [line for line in out.values() if any(told for *_, told in line["cells"].values())]


def _chart(at: _Figures, kpi: str, part: str, title: str, words: str) -> Chart | None:
    groups = [g for g in at.groups.get(kpi, ())
              if part in g and (part or g != ALL) and _enough(at, kpi, g, at.sides[1:])]
    if not groups:
        return None
    drawn = [(_short(group), {
        side.name: (at.mean(side, kpi, group), at.said(side, kpi, group)
                    + (" *" if at.difference(side, kpi, group)[-1] else "")) for side in at.sides})
        for group in groups]
    return Chart(title, words, grouped(drawn, _ROOM),
                 ("group", "scenario", BY_NAME[kpi].unit, *_DIFFERENCE), _behind(at, kpi, groups))


def _behind(at: _Figures, kpi: str, groups: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The table of a chart."""
    rows = []
    for group in groups:
        for side in at.sides:
            said, interval, told = at.difference(side, kpi, group)
            rows.append((_short(group), side.name, at.said(side, kpi, group), said, interval,
                         "told" if told else ""))
    return tuple(rows)


def _short(group: str) -> str:
    return "" if group == ALL else group.removeprefix("opening, ")


def _stages(at: _Figures) -> Chart:
    names = [name for name in STAGES if name != "notice"]
    kpi = "void_stage_days"
    days = [(side.name, {n: at.mean(side, kpi, n) or 0.0 for n in names}) for side in at.sides]
    return Chart(
        "Where void days go", "Mean days empty of homes let after a nomination, by stage, from the day "
        "after one tenancy ended to the start of the next.",
        bars(days, number, unit="days", shown=lambda p: f"{number(sum(p.values()))} days"),
        ("stage", "scenario", "days", *_DIFFERENCE), _behind(at, kpi, names))


def _enough(at: _Figures, kpi: str, group: str, variants: Sequence[Side]) -> bool:
    """Whether so many households of the group are let or wait, on the mean, that it may be shown.

    The base has so many, or it has none of the group (a band of a new scheme) and a variant does.
    """
    if not _of_households(group):
        return True
    in_base = _households(at, at.sides[0], kpi, group)
    return in_base >= FEWEST or (
        in_base == 0 and any(_households(at, v, kpi, group) >= FEWEST for v in variants))


def _of_households(group: str) -> bool:
    """Whether a group is one of households: of a band or of none, of a size, of the opening register."""
    return (group.startswith((_BANDS, "opening, ")) or group in ("no band", "bedsit") or _SIZES in group)


def _households(at: _Figures, side: Side, kpi: str, group: str) -> float:
    """Households of a group that a figure of a side rests on, in the mean world."""
    group = group.removeprefix("opening, ")
    if kpi in ("waiting_at_end", "waited_so_far"):
        return at.mean(side, "waiting_at_end", group) or 0.0
    return (at.mean(side, "lettings", group) or 0.0) * side.scenario.days / YEAR


def _effects(at: _Figures, variant: Side) -> dict[str, Any]:
    """How a variant moves each stage for each group, and the groups too small for any of them."""
    base = at.sides[0]
    groups = list(dict.fromkeys(
        g for kpi in _BY_GROUP for g in at.groups.get(kpi, ())
        if _of_households(g) and any((side.name, kpi, g) in at.means for side in (base, variant))))
    kpis = [k for k in _BY_GROUP if any(g in at.groups.get(k, ()) for g in groups)]
    rows, small = [], []
    for group in sorted(groups, key=lambda g: (not g.startswith(_BANDS), g)):
        if not any(group in at.groups.get(k, ()) and _enough(at, k, group, [variant]) for k in kpis):
            small.append(group)
            continue
        cells = []
        for kpi in kpis:
            if group not in at.groups.get(kpi, ()):
                cells.append(("–", ("", "", False)))
            elif not _enough(at, kpi, group, [variant]):
                cells.append((f"under {FEWEST} households", ("", "", False)))
            else:
                cells.append((at.said(base, kpi, group), at.difference(variant, kpi, group)))
        rows.append((group, cells))
    return {"head": [f"{BY_NAME[k].label} ({BY_NAME[k].unit})" for k in kpis], "rows": rows,
            "small": small}


def _rows(at: _Figures, kpis: Sequence[str]) -> Iterator[dict[str, Any]]:
    for kpi in kpis:
        for group in at.groups.get(kpi, ()):
            yield {"label": group_of(kpi, group), "unit": BY_NAME[kpi].unit,
                   "whole": group == ALL,
                   "base": at.said(at.sides[0], kpi, group),
                   "differences": [at.difference(v, kpi, group) for v in at.sides[1:]]}


def _changed(sides: Sequence[Side]) -> Iterator[dict[str, Any]]:
    """Values that are not those shipped, or not the same on all sides."""
    shipped = shipped_parameters().found
    for name, plain in shipped.items():
        mine = [side.parameters.found[name] for side in sides]
        if all(p.value == plain.value for p in mine):
            continue
        yield {"label": plain.label, "unit": plain.unit, "sides": [
            {"side": side.name, "value": value(p), "from": _from(p)}
            for side, p in zip(sides, mine, strict=True)
            if side is sides[0] or p.value != mine[0].value]}


def _dated(sides: Sequence[Side]) -> Iterator[tuple[str, list[Line]]]:
    """Dated changes of the base, and of each variant those that it has besides."""
    base = sides[0].scenario.dated
    for side in sides:
        theirs, others = (base, []) if side is sides[0] else (
            [d for d in side.scenario.dated if d not in base], base)
        if theirs:
            yield side.name, list(changes_in_words(theirs, side.parameters, others))


def _parameter(p: Parameter) -> dict[str, Any]:
    return {"label": p.label, "value": value(p), "unit": p.unit, "source": _from(p),
            "assumed": p.source is None}


def _from(p: Parameter) -> str:
    """The source in full, where the file of values names it."""
    if p.source is None:
        return f"assumed: {p.assumed}"
    found = shipped_sources().get(p.source)
    return p.source if found is None else found.title


def _of_these(comparison: Comparison) -> Iterator[str]:
    scenario = comparison.sides[0].scenario
    if comparison.response == OWN:
        each = "; ".join(f"{side.name}: {side.scenario.response}" for side in comparison.sides)
        yield (f"Each scenario goes by a response of households of its own ({each}): whether a "
               "difference would change sign under another is not known.")
    elif len(comparison.responses) == 1:
        yield (f"Compared under the {comparison.response} response of households alone: whether a "
               "difference would change sign under another is not known.")
    for side in comparison.sides[1:]:
        if (on := responds_from(side, comparison.sides[0])) is not None:
            yield f"{side.name}: households respond to a change of policy from {on}."
    if scenario.replications < 30:
        yield (f"Only {scenario.replications:,} worlds were simulated; 30 and more make intervals to "
               "lean on.")
    if scenario.weeks < 52:
        yield (f"Only {scenario.weeks:,} weeks were simulated; figures a year are scaled up from them, "
               "and whatever takes a year is not seen.")
    if scenario.world.register_ is None:
        yield "The register is made up by published shares; nobody in it is a household of the council."


def _command(comparison: Comparison) -> str:
    scenario = comparison.sides[0].scenario
    asked = f" --responses {','.join(comparison.asked)}" if comparison.asked else ""
    return (f"cbl compare {shlex.join(comparison.named)} --replications {scenario.replications} "
            f"--weeks {scenario.weeks}{asked}")
