"""Criteria of the scheme asked of households and homes of worlds, by the functions that run live.

Whoever is asked about goes into frames, so a criterion is asked of many households of many worlds in
one call of :class:`cbl_engine.offers.criteria.Judge`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.offers.criteria import Judge
from cbl_engine.simulate import week_frames
from cbl_engine.simulate.setup import OWN_COLUMNS
from cbl_engine.tables.days import date_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.state import State


def judge_of(
    state: State, day: int, who: NDArray[np.int64], voids: NDArray[np.int64] | None = None,
    week: int = 0,
) -> Judge:
    """A judge of some households, and of the homes of some voids as adverts of a week.

    Args:
        state: the worlds.
        day: households are as on this day.
        who: rows of households, in any order.
        voids: rows of voids.
        week: whose adverts they are; ids as :func:`cbl_engine.simulate.week_frames.adverts_of` has
            them.
    """
    who = np.unique(who)
    who = who[np.argsort(state.households["id"][who])]
    register = week_frames.register_of(state, who, day)
    if voids is None:
        return Judge(state.setup.scheme, register)
    shown = week_frames.adverts_of(state, week, voids)
    return Judge(state.setup.scheme, register, shown.adverts, shown.homes)


def judge_of_stock(state: State, day: int) -> Judge:
    """A judge of every home of a world as an advert, by its number; of no household."""
    stock = state.setup.stock.drop(*OWN_COLUMNS, strict=False)
    ids = np.arange(stock.height)
    adverts = pl.DataFrame({"id": ids, "home": ids})
    if "local_lettings_plan" in stock.columns:
        adverts = adverts.with_columns(stock["local_lettings_plan"])
        stock = stock.drop("local_lettings_plan")
    nobody = week_frames.register_of(state, np.zeros(0, np.int64), day)
    return Judge(state.setup.scheme, nobody, adverts, stock.with_columns(pl.Series("id", ids)))


def meets(
    judge: Judge, criterion: str | None, day: int, *, advert: NDArray[np.int64] | None = None,
    application: NDArray[np.int64] | None = None,
) -> NDArray[np.bool_]:
    """Whether a criterion counts as met, row by row; on hold and not known, it is not.

    Args:
        judge: of everyone and everything asked about.
        criterion: its name; None is met by all.
        day: asked as on this day.
        advert: ids of adverts.
        application: ids of households.
    """
    rows = advert if advert is not None else application
    n = 0 if rows is None else len(rows)
    if criterion is None or not n:
        return np.ones(n, bool)
    found = judge.counts(
        criterion, date_of(day), advert=None if advert is None else pl.Series(advert),
        application=None if application is None else pl.Series(application))
    return found.fill_null(value=False).to_numpy()
