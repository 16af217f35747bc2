"""Effects of a variant by group of people, stage by stage: the start of an equality impact assessment.

Groups come from a council's ``equality`` table, or from what made-up households have of themselves.
They are joined here, after everything was simulated: no scheme can read them.

References:
    Equality Act 2010, s.149 (public sector equality duty) and s.4 (protected characteristics).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess.movers_public import OTHERS
from cbl_engine.compare.equality import (
    NOT_STATED,
    check_join,
    checked_equality,
    missed_say,
    sources_say,
)
from cbl_engine.compare.pairs import mean_interval, paired_difference
from cbl_engine.compare.says import Says
from cbl_engine.compare.sides import BASE
from cbl_engine.disclosure import LIMIT, with_totals, withheld
from cbl_engine.errors import BadInput, Problem
from cbl_engine.simulate.kpi import ALL, told_by
from cbl_engine.tables.days import MONTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.compare.comparing import Comparison
    from cbl_engine.simulate.kpi import Told

MADE = ("age of the applicant", "sex of the applicant", "children", "baby expected", "access need")
"""Characteristics that every simulated household has, as far as the register records them."""
MADE_SAY = (
    "Groups are those that the simulated households have on record: the applicant's age and sex, "
    "children under 18, a baby expected (pregnancy), and the access need, which is the nearest thing "
    "to disability here. Race, religion or belief, sexual orientation, gender reassignment, marriage "
    "and civil partnership, and disabilities without an access need are not simulated, and nothing "
    "can be said of them. Households are as on the day they joined. A made-up register begins with as "
    "many households under any scheme, so who qualifies shows in its composition alone."
)
TABLE_SAY = (
    "Groups are those of the council's equality table, joined by application after everything was "
    "simulated. Only households of the opening register are counted: those who join later are made "
    "up, and nobody knows their characteristics. Whoever is not in the table is not stated, a group "
    "like the others."
)
_OPENING = "the opening register"
_AGES = (25, 35, 50, 65)


@dataclass(frozen=True)
class Figure:
    """One stage of a household's way to a home, counted by group.

    Attributes:
        name: in the table.
        stage: register, band, bid, nominate, let or wait.
        label: in words.
        unit: of the value.
        value: an aggregate over households of one group and world.
        of: how many households the value rests on, an aggregate.
        share: a share, said in points of a hundred.
        whole: a count, nought where there is nobody.
    """

    name: str
    stage: str
    label: str
    unit: str
    value: pl.Expr
    of: pl.Expr
    share: bool = False
    whole: bool = False

    @property
    def nothing(self) -> float:
        """What a world has where the group has no such figure."""
        return 0.0 if self.whole or self.stage == "band" else np.nan


_ALL, _LET = pl.len(), pl.col("let")
_SHARE = "share of households"
FIGURES = (
    Figure("on_register", "register", "On the register", "households", _ALL, _ALL, whole=True),
    Figure("never_bid", "bid", "Never bid for themselves", _SHARE, (~pl.col("bid")).mean(), _ALL,
           share=True),
    Figure("nominated", "nominate", "Nominated at least once", _SHARE,
           (pl.col("nominated") > 0).mean(), _ALL, share=True),
    Figure("automatic", "nominate", "Nominations not by their own bid", "share of nominations",
           pl.col("others").sum() / pl.col("nominated").sum(), (pl.col("nominated") > 0).sum(),
           share=True),
    Figure("let", "let", "Let a home", _SHARE, _LET.mean(), _ALL, share=True),
    Figure("wait", "wait", "Wait of those let a home", "months", pl.col("months").filter(_LET).mean(),
           _LET.sum()),
    Figure("so_far", "wait", "Wait so far of those on the register", "months",
           pl.col("months").filter("waits").mean(), pl.col("waits").sum()),
)
BY_FIGURE = {figure.name: figure for figure in FIGURES}
BAND = "band "
"""A figure ``band A`` is the share of a group's households in that band, at the end or when they left."""


def figure_of(name: str) -> Figure:
    """The figure with a name, bands among them."""
    return BY_FIGURE.get(name) or Figure(
        name, "band", f"In {name}" if name.startswith(BAND) else "In no band", _SHARE, pl.len(),
        pl.len(), share=True)


def as_said(figure: str) -> Says:
    """How numbers of a figure are written."""
    return Says("", share=figure_of(figure).share)


def group_effects(
    comparison: Comparison, equality: pl.DataFrame | None = None, response: str | None = None
) -> pl.DataFrame:
    """How each variant moves each stage for each group of people.

    1. Households are put into groups; of an equality table those of the opening register alone.
    2. Each figure is worked out for each group and world. 3. A group's figures, and the differences
    world by world, have Student's intervals over worlds. 4. Groups of under five households are put
    together as ``others``; what rests on one to four households in the mean world on any side is
    withheld, and of an equality table what that could be worked out from.

    Args:
        comparison: from :func:`cbl_engine.compare.compare`.
        equality: application, characteristic, value, as ``read_equality`` gives it; None: the
            groups that simulated households have of themselves (:data:`MADE`).
        response: under which; None: central, or the first that was compared.

    Returns:
        variant, characteristic, group (``not stated`` and ``all`` last), stage, figure, label,
        unit, base (mean over worlds), gap (the group less all, in the base), gap_low, gap_high,
        mean (of the differences), low, high (95%), all_low, all_high (of every figure of every
        group and variant together), told, worlds, withheld. Numbers are null where withheld or
        where too few worlds have the figure.

    Raises:
        BadInput: an equality table, and the opening register is made up; or none of its
            applications is on it; or it is no such table; a response that was not compared under.
    """
    response = response or comparison.response
    if response not in comparison.responses:
        raise BadInput([Problem("bad_response", "it was not compared under this response", where="response",
                                given=str(response), allowed=", ".join(comparison.responses))])
    if equality is not None:
        equality = checked_equality(equality)
    told = {side.name: told_by(comparison.simulations[side.name, response])
            for side in comparison.sides}
    if equality is not None:
        made_up = comparison.sides[0].scenario.world.register_ is None
        check_equality(equality, None if made_up else _read_as(comparison, response))
    names = list(MADE) if equality is None else equality["characteristic"].unique().sort().to_list()
    households = {name: _households(each, equality) for name, each in told.items()}
    worlds = told[BASE].worlds
    parts = []
    for characteristic in names:
        sides = {name: _by_world(rows, len(worlds)) for name, rows in _grouped(
            households, characteristic, equality, len(worlds)).items()}
        parts.append((characteristic, sides, _withheld(sides, real=equality is not None)))
    variants = [side.name for side in comparison.sides[1:]]
    at = [(variant, part, group, name) for variant in variants for part in parts
          for group in _in_order({g for side in part[1].values() for g, _ in side})
          for name in _figures(part[1])]
    rows = []
    for variant, (characteristic, sides, hidden), group, name in at:
        figure = figure_of(name)
        row: dict[str, Any] = {
            "variant": variant, "characteristic": characteristic, "group": group,
            "stage": figure.stage, "figure": name, "label": figure.label, "unit": figure.unit,
            "withheld": (group, name) in hidden}
        if not row["withheld"]:
            nothing = np.full(len(worlds), figure.nothing)
            one, other, whole = (sides[side].get((g, name), (nothing, nothing))[0] for side, g in (
                (BASE, group), (variant, group), (BASE, ALL)))
            row |= _numbers(figure, group, one, other, whole, len(at))
        rows.append(row)
    return pl.DataFrame(rows, _SCHEMA)


_NUMBERS = ("base", "gap", "gap_low", "gap_high", "mean", "low", "high", "all_low", "all_high")
_SCHEMA = {
    **dict.fromkeys(("variant", "characteristic", "group", "stage", "figure", "label", "unit"), pl.String),
    **dict.fromkeys(_NUMBERS, pl.Float64), "told": pl.Boolean, "worlds": pl.Int64,
    "withheld": pl.Boolean,
}


def _numbers(
    figure: Figure, group: str, one: NDArray[np.float64], other: NDArray[np.float64],
    whole: NDArray[np.float64], comparisons: int,
) -> dict[str, Any]:
    """The level, the gap and the difference of one figure of one group."""
    out: dict[str, Any] = {"told": False}
    if np.isfinite(one).any():
        out["base"] = float(np.nanmean(one))
    if group != ALL and not figure.whole and (gap := mean_interval(one - whole)) is not None:
        out |= dict(zip(("gap", "gap_low", "gap_high"), gap, strict=True))
    most = 1.0 if figure.share else None
    d = paired_difference(one, other, comparisons=comparisons, seed=None, most=most)
    if d is not None:
        out |= {"mean": d.mean, "low": d.low, "high": d.high, "all_low": d.all_low,
                "all_high": d.all_high, "told": d.told, "worlds": d.worlds}
    return out


def check_equality(equality: pl.DataFrame, ids: pl.Series | None) -> None:
    """Refuse an equality table that no household of the opening register is in.

    Args:
        equality: as ``read_equality`` gives it.
        ids: applications of the opening register (:func:`cbl_engine.simulate.world.own_applications`);
            None: it is made up.

    Raises:
        BadInput: the register is made up, or none of the table's applications is on it.
    """
    if ids is None:
        raise BadInput([Problem(
            "nobody_to_join", "the opening register is made up, and the table is about real households",
            where="equality", remedy="Give the scenario the council's register (world: register), or "
            "leave the table out: made-up households have groups of their own")])
    check_join(checked_equality(equality), ids, _OPENING)


def groups_say(comparison: Comparison, equality: pl.DataFrame | None, response: str) -> str:
    """Whose groups the effects are of, and what of an equality table is in none of them."""
    if equality is None:
        return MADE_SAY
    equality = checked_equality(equality)
    missed = missed_say(equality, _read_as(comparison, response), _OPENING)
    return " ".join(filter(None, (TABLE_SAY, missed, sources_say(equality))))


def _read_as(comparison: Comparison, response: str) -> pl.Series:
    """Applications of the opening register, of every side."""
    return pl.concat([comparison.simulations[side.name, response].frames["households"]["read_as"]
                      for side in comparison.sides]).drop_nulls().unique()


def _grouped(
    households: dict[str, pl.DataFrame], characteristic: str, equality: pl.DataFrame | None,
    worlds: int,
) -> dict[str, pl.DataFrame]:
    """The households of each side with their ``group``; small groups of any side put together."""
    found = {name: rows.with_columns(_group(rows, characteristic, equality).alias("group"))
             for name, rows in households.items()}
    counts = pl.concat(rows.group_by("group").len().with_columns(pl.lit(name).alias("side"))
                       for name, rows in found.items())
    small = counts.filter((pl.col("len") / worlds).ceil() < LIMIT)["group"].unique().sort()
    return {name: rows.with_columns(pl.when(pl.col("group").is_in(small.implode())).then(
        pl.lit(OTHERS)).otherwise("group").alias("group")) for name, rows in found.items()}


def _by_world(
    households: pl.DataFrame, worlds: int
) -> dict[tuple[str, str], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """By group and figure: the value in each world (NaN: none) and what it rests on."""
    rows = pl.concat([households, households.with_columns(pl.lit(ALL).alias("group"))])
    found = rows.group_by("group", "world", maintain_order=True).agg(
        *(f.value.cast(pl.Float64).alias(f.name) for f in FIGURES),
        *(f.of.cast(pl.Float64).alias(f"{f.name} of") for f in FIGURES))
    out = {}
    for (group,), mine in found.group_by("group", maintain_order=True):
        for f in FIGURES:
            out[str(group), f.name] = (_spread(mine, f.name, worlds, f.nothing),
                                       _spread(mine, f"{f.name} of", worlds, 0.0))
    bands = rows.group_by("group", "band", "world", maintain_order=True).len()
    for (group, band), mine in bands.group_by("group", "band", maintain_order=True):
        n, of = _spread(mine, "len", worlds, 0.0), out[str(group), "on_register"][0]
        out[str(group), str(band)] = np.divide(n, of, out=np.full(worlds, np.nan), where=of > 0), n
    return out


def _spread(rows: pl.DataFrame, column: str, worlds: int, nothing: float) -> NDArray[np.float64]:
    out = np.full(worlds, nothing)
    value = rows[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
    out[rows["world"].to_numpy()] = np.where(np.isfinite(value), value, nothing)
    return out


def _households(told: Told, equality: pl.DataFrame | None) -> pl.DataFrame:
    """Households with what became of each in the time of the figures; of an equality table those whom
    it may name.
    """
    routes = told["nominations"].filter(pl.col("nominated_on") < told.end).group_by("world", "application").agg(
        pl.len().alias("nominated"), (pl.col("route") != "own").sum().alias("others"))
    until = pl.when(told.stays).then(pl.lit(told.end)).otherwise("left_on")
    who = told["households"]
    if equality is not None:
        who = who.filter(pl.col("read_as").is_not_null())
    return who.join(
        routes, on=["world", "application"], how="left", maintain_order="left").with_columns(
        pl.col("nominated", "others").fill_null(0), told.stays.alias("waits"),
        (pl.col("last_own_bid_on") >= told.start).fill_null(value=False).alias("bid"),
        ((pl.col("status") == "housed") & ~told.stays).alias("let"),
        ((until - pl.col("registered_on")).dt.total_days() / MONTH).alias("months"),
        pl.format("band {}", pl.col("band")).fill_null("no band").alias("band"))


def _group(
    households: pl.DataFrame, characteristic: str, equality: pl.DataFrame | None
) -> pl.Expr:
    """The group of each household by a characteristic."""
    if equality is None:
        return _made()[characteristic].fill_null(NOT_STATED)
    held = equality.filter(pl.col("characteristic") == characteristic).drop_nulls("value")
    values = households.select("read_as").join(
        held, left_on="read_as", right_on="application", how="left", maintain_order="left")
    return pl.lit(values["value"].fill_null(NOT_STATED))


def _made() -> dict[str, pl.Expr]:
    def yes(column: str, there: str, not_there: str) -> pl.Expr:
        true = pl.col(column)
        return pl.when(true).then(pl.lit(there)).when(~true).then(pl.lit(not_there))

    age = pl.col("applicant_age")
    years = pl.when(age < _AGES[0]).then(pl.lit(f"under {_AGES[0]}"))
    for low, high in pairwise(_AGES):
        years = years.when(age < high).then(pl.lit(f"{low} to {high - 1}"))
    need = pl.col("access_need").replace(
        {"general": "no access need", "A1": "accessible home (A1)", "A2": "wheelchair home (A2)"})
    return dict(zip(MADE, (
        years.when(age >= _AGES[-1]).then(pl.lit(f"{_AGES[-1]} and over")), pl.col("applicant_sex"),
        yes("with_children", "with children", "without children"),
        yes("expecting", "expecting a baby", "not expecting"), need), strict=True))


def _in_order(groups: set[str]) -> list[str]:
    last = {OTHERS: 2, NOT_STATED: 3, ALL: 4}
    return sorted(groups, key=lambda g: (last.get(g, int(not g.startswith("under "))), g))


def _figures(sides: dict[str, Any]) -> list[str]:
    """Names of figures in order, bands after the register."""
    bands = {f for side in sides.values() for _, f in side if f not in BY_FIGURE}
    first, *others = BY_FIGURE
    return [first, *sorted(bands, key=lambda f: (not f.startswith(BAND), f)), *others]


def _withheld(sides: dict[str, Any], *, real: bool) -> set[tuple[str, str]]:
    """Figures that rest on one to four households in the mean world of any side; of real
    households also what those could be worked out from.
    """
    out = set()
    for side in sides.values():
        groups = _in_order({g for g, _ in side})
        for columns in _alike(_figures({"": side})):
            counts = np.array([[_rests(side.get((g, f))) for f in columns] for g in groups], np.int64)
            hidden = withheld(with_totals(counts[:-1])) if real else (counts > 0) & (counts < LIMIT)
            out |= {(g, f) for i, g in enumerate(groups) for j, f in enumerate(columns) if hidden[i, j]}
    return out


def _alike(figures: list[str]) -> list[list[str]]:
    """Figures that add up to one another stand in one table: the bands; each other by itself."""
    return [[f for f in figures if f not in BY_FIGURE], *([f] for f in figures if f in BY_FIGURE)]


def _rests(found: tuple[Any, NDArray[np.float64]] | None) -> int:
    """Households in the mean world, as a whole number; above nought where there is one in any."""
    return 0 if found is None else int(np.ceil(found[1].mean()))
