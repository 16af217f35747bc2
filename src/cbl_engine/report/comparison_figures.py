"""Figures of the page of a comparison: means and differences, charts with their tables, effects by
group; what rests on a few households is held back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cbl_engine.compare.says import change, level
from cbl_engine.report.charts import Bars, bars, grouped
from cbl_engine.simulate.kpi import ALL
from cbl_engine.simulate.kpis_homes import STAGES
from cbl_engine.simulate.summary import BY_NAME, summary
from cbl_engine.simulate.words import number
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbl_engine.compare.comparing import Comparison, Side

FEWEST = 5
"""Households below which nothing is said of a group."""
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
_BY_GROUP = ("lettings", "wait_from_registered", "housed_within_year", "waiting_at_end",
             "waited_so_far")


@dataclass(frozen=True)
class Chart:
    """A chart with the table behind it."""

    title: str
    words: str
    bars: Bars
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Figures:
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


def charts(at: Figures) -> list[Chart]:
    """Every chart of which there is something to show, where the days of voids go first."""
    return [_stages(at), *(c for chart in _CHARTS if (c := _chart(at, *chart)) is not None)]


def _chart(at: Figures, kpi: str, part: str, title: str, words: str) -> Chart | None:
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


def _behind(at: Figures, kpi: str, groups: Sequence[str]) -> tuple[tuple[str, ...], ...]:
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


def _stages(at: Figures) -> Chart:
    names = [name for name in STAGES if name != "notice"]
    kpi = "void_stage_days"
    days = [(side.name, {n: at.mean(side, kpi, n) or 0.0 for n in names}) for side in at.sides]
    return Chart(
        "Where void days go", "Mean days empty of homes let after a nomination, by stage, from the day "
        "after one tenancy ended to the start of the next.",
        bars(days, number, unit="days", shown=lambda p: f"{number(sum(p.values()))} days"),
        ("stage", "scenario", "days", *_DIFFERENCE), _behind(at, kpi, names))


def _enough(at: Figures, kpi: str, group: str, variants: Sequence[Side]) -> bool:
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


def _households(at: Figures, side: Side, kpi: str, group: str) -> float:
    """Households of a group that a figure of a side rests on, in the mean world."""
    group = group.removeprefix("opening, ")
    if kpi in ("waiting_at_end", "waited_so_far"):
        return at.mean(side, "waiting_at_end", group) or 0.0
    return (at.mean(side, "lettings", group) or 0.0) * side.scenario.days / YEAR


def effects(at: Figures, variant: Side) -> dict[str, Any]:
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
