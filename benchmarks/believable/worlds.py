"""Worlds of the simulator made for a question: a few kinds of household, homes that come at a rate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.scheme import load_scheme
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.make_lives import make_lives
from cbl_engine.simulate.outputs import frames_of_run
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.setup import STANDING, TO_COME, Setup, Theory
from cbl_engine.simulate.weeks import run_batch
from cbl_engine.tables.days import day_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbl_engine.simulate.parameters import Parameters

START = date(2026, 1, 5)
SCHEME = Path(__file__).parent / "bands.yaml"
BANDS = tuple("ABCDE")
NOTHING_ENDS = (
    "tenancies.end_per_year", "households.lapse_per_year", "households.on_other_registers",
    "stock.right_to_buy_per_year", "stock.demolished_per_year", "stock.new_per_year",
    "stock.disposed_per_year", "stock.decants_per_year",
    "stock.exchanges_per_year", "stock.long_term_void", "chains.leakage", "chains.elsewhere",
    "downsizing.registers_per_year",
)
"""Parameters that are nought where a formula knows of no such thing."""
STRICT = Theory(bids=True, accepts="always", unlet_lost=True, no_void_days=True)


@dataclass(frozen=True)
class Kind:
    """Households alike, as many as ``weight`` says among all who join.

    Attributes:
        band: the band.
        weight: of all who join, as whole numbers.
        need: bedrooms needed, the one size it may be let.
        lives_in: bedrooms of the social home it holds; None: none.
    """

    band: str
    weight: int
    need: int = 1
    lives_in: int | None = None


def changed(values: Mapping[str, object], parameters: Parameters | None = None) -> Parameters:
    """Parameters with other values for some names; a number stands for every share of a table."""
    base = parameters or shipped_parameters()
    new = {}
    for name, value in values.items():
        old = base.found[name]
        if isinstance(old.value, dict) and not isinstance(value, dict):
            value = dict.fromkeys(old.value, value)
        new[name] = old.model_copy(update={old.kind: value})
    return base.with_changes(new)


def register_of(kinds: Sequence[Kind], on: date = START) -> pl.DataFrame:
    """A household for each unit of weight, which join on a day."""
    each = [kind for kind in kinds for _ in range(kind.weight)]
    n = len(each)
    lives_in = pl.Series([k.lives_in for k in each], dtype=pl.Int64)
    return pl.DataFrame({
        "id": [f"L{i:06d}" for i in range(n)], "status": ["active"] * n,
        "registered_on": [on] * n, "priority_date": [on] * n, "band": [k.band for k in each],
        "bedroom_need": [k.need for k in each], "sizes": [[k.need] for k in each],
        "current_home": lives_in.cast(pl.String), "current_bedrooms": lives_in,
    })


def homes_of(standing: Sequence[int], to_come: Sequence[int]) -> pl.DataFrame:
    """A stock by its bedrooms: homes that are let from the beginning, and homes to come, in turn."""
    bedrooms = [*standing, *to_come]
    return pl.DataFrame({
        "id": [f"H{i:06d}" for i in range(len(bedrooms))],
        "bedrooms": pl.Series(bedrooms, dtype=pl.Int64), "area": ["area"] * len(bedrooms),
        "built_week": pl.Series([STANDING] * len(standing) + [TO_COME] * len(to_come),
                                dtype=pl.Int32),
    })


def enough(per_week: float, weeks: int) -> int:
    """Homes that hardly ever run out: ten standard deviations above the mean."""
    mean = per_week * weeks
    return int(mean + 10 * mean**0.5 + 10)


def queue(
    kinds: Sequence[Kind], arrivals: float, homes: float, weeks: int, seed: int, *,
    theory: Theory = STRICT, also: Mapping[str, object] | None = None,
    standing: Sequence[int] = (), sizes: Sequence[int] = (1,),
) -> Setup:
    """A world in which households join and homes come at steady rates, and nothing else happens.

    Args:
        kinds: of the households that join, by weight.
        arrivals: households a week.
        homes: homes a week.
        weeks: of the horizon.
        seed: of all luck.
        theory: simple models.
        also: other values of parameters.
        standing: bedrooms of homes that are let from the beginning.
        sizes: bedrooms of homes to come, in turn.
    """
    parameters = changed(dict.fromkeys(NOTHING_ENDS, 0.0) | dict(also or {}))
    applications = register_of(kinds)
    scheme, luck = load_scheme(str(SCHEME)), Luck(seed)
    lives = make_lives(
        scheme, {"applications": applications.clear()}, {"applications": applications}, START,
        weeks, weeks, parameters, luck, ["area"])
    to_come = np.resize(np.asarray(sizes), enough(homes, weeks)).tolist()
    areas = pl.DataFrame({"id": ["area"], "name": ["Area"], "kind": ["ward"],
                          "parent": pl.Series([None], dtype=pl.String)})
    return Setup(scheme, lives, homes_of(standing, to_come), day_number(START), weeks, parameters,
                 luck, areas, theory, arrivals_per_week=arrivals, homes_per_week=homes)


def run(setup: Setup, worlds: int, batch: int = 100) -> dict[str, pl.DataFrame]:
    """The tables of so many worlds."""
    parts = []
    for first in range(0, worlds, batch):
        numbers = np.arange(first, min(first + batch, worlds), dtype=np.int64)
        parts.append(frames_of_run(*run_batch(setup, numbers)))
    return {name: pl.concat([part[name] for part in parts]) for name in parts[0]}
