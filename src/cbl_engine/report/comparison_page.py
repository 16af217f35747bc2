"""A comparison as one page for a committee."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from cbl_engine.compare.downsizing import further_bedrooms, in_words
from cbl_engine.compare.findings import findings, headlines, saved_by_pairing
from cbl_engine.compare.says import change, group_of
from cbl_engine.report.band_flows import band_flows
from cbl_engine.report.comparison_figures import FEWEST, Figures, charts, effects
from cbl_engine.report.comparison_limits import LIMITS, of_these
from cbl_engine.report.equality_part import equality_part
from cbl_engine.report.movers import MOVED
from cbl_engine.report.page import day, render
from cbl_engine.simulate.describe import changes_in_words, described
from cbl_engine.simulate.kpi import ALL
from cbl_engine.simulate.parameters import shipped_parameters, shipped_sources
from cbl_engine.simulate.summary import BY_NAME
from cbl_engine.simulate.words import as_written, time_told, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from cbl_engine.compare.comparing import Comparison, Side
    from cbl_engine.scheme.description import Line
    from cbl_engine.simulate.parameters import Parameter

_ACROSS = 4
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
    at = Figures(comparison)
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
        drawn=charts(at),
        flows_by_variant=list(band_flows(comparison, at.response, FEWEST)), moved=MOVED,
        groups=[(v, effects(at, v)) for v in variants], fewest=FEWEST,
        equality=equality_part(comparison, equality, at.response),
        accounts=[(title, _ACCOUNTS_SAY[title], list(_rows(at, kpis)), paid if "downsizing_paid" in kpis else [])
                  for title, kpis in _ACCOUNTS.items()],
        changed=list(_changed(comparison.sides)),
        dated=list(_dated(comparison.sides)), as_written=as_written,
        parameters=[_parameter(p) for p in base.parameters.found.values()],
        assumed=sum(p.source is None for p in base.parameters.found.values()),
        limits=[*LIMITS, *of_these(comparison)],
        command=_command(comparison),
        seed=scenario.seed,
        saved=[(name, f"{share:.0%}") for name, share in saved_by_pairing(comparison).items()
               if share is not None],
    )


def _headlines(comparison: Comparison, at: Figures) -> Iterator[dict[str, Any]]:
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


def _rows(at: Figures, kpis: Sequence[str]) -> Iterator[dict[str, Any]]:
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


def _command(comparison: Comparison) -> str:
    scenario = comparison.sides[0].scenario
    asked = f" --responses {','.join(comparison.asked)}" if comparison.asked else ""
    return (f"cbl compare {shlex.join(comparison.named)} --replications {scenario.replications} "
            f"--weeks {scenario.weeks}{asked}")
