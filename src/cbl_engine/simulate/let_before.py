"""Lettings from before worlds begin: what quotas on lettings and targets of plans have counted.

Live, a letting is counted on the day it is signed, by the household as it was. Here households and
adverts are as on the first day, by the version of the scheme in force then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.offers.criteria import Judge
from cbl_engine.simulate import advertising, targets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.scheme import Scheme
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.simulate.state import State


@dataclass(frozen=True, eq=False)
class LetBefore:
    """Lettings by bidding that were signed before the start and stand.

    Attributes:
        lettings: home (number in the stock), profile (of the advert; null: as the scheme says) and
            on (day since 1970); by day, then home.
        meets: for each, whether its household meets each criterion that is asked, a column each; one
            who is not on record any more meets none.
    """

    lettings: pl.DataFrame = field(repr=False)
    meets: pl.DataFrame = field(repr=False)


def let_before(
    scheme: Scheme, tables: Mapping[str, pl.DataFrame], homes: pl.DataFrame, start: date
) -> LetBefore | None:
    """The lettings of a council's own tables that the scheme's quotas and targets ask about.

    Args:
        scheme: the first version in force asks.
        tables: adverts, outcomes, applications and the other tables that facts read.
        homes: the council's, in the order in which worlds number them.
        start: first day; outcomes from it on are not read.

    Returns:
        None where nothing counts lettings, or the tables have none.
    """
    asked = _asked(scheme.in_force(start))
    adverts, outcomes = tables.get("adverts"), tables.get("outcomes")
    if asked is None or adverts is None or outcomes is None or "home" not in adverts.columns:
        return None
    of = ["advert", "application", "home"]
    text = [pl.col(name).cast(pl.String) if name in outcomes.columns else
            pl.lit(None, pl.String).alias(name) for name in (*of, "what")]
    known = outcomes.select("on", *text).filter(
        pl.col("on") < pl.lit(start), pl.col("what").is_in(["signed", "undone"]),
        pl.col("advert").is_not_null())
    last = known.sort("on", pl.col("what") == "undone").unique(of, keep="last", maintain_order=True)
    numbers = homes.select(pl.col("id").cast(pl.String).alias("home"),
                           pl.int_range(pl.len(), dtype=pl.Int64).alias("number"))
    profile = "profile" if "profile" in adverts.columns else pl.lit(None, pl.String).alias("profile")
    shown = adverts.select(pl.col("id").cast(pl.String).alias("advert"),
                           pl.col("home").cast(pl.String).alias("shown"), profile)
    signed = last.filter(what="signed").join(shown, on="advert").with_columns(
        pl.coalesce("home", "shown").alias("home")).join(numbers, on="home").sort("on", "number")
    meets = _meets(scheme, tables, homes, start, signed, asked)
    return LetBefore(
        signed.select(pl.col("number").alias("home"), pl.col("profile").cast(pl.String),
                      pl.col("on").cast(pl.Int32)), meets)


def _asked(version: SchemeVersion) -> list[str] | None:
    """Criteria that are asked of households that are let homes; None where no letting is counted."""
    quotas = version.advertising.quotas.values() if version.advertising is not None else ()
    on_lettings = [q for q in quotas if q.on == "lettings"]
    aims = [t for plan in version.local_lettings_plans.values() for t in plan.targets]
    if not on_lettings and not aims:
        return None
    return sorted({q.to for q in on_lettings if q.to is not None} | {t.criterion for t in aims})


def _meets(
    scheme: Scheme, tables: Mapping[str, pl.DataFrame], homes: pl.DataFrame, start: date,
    signed: pl.DataFrame, asked: list[str],
) -> pl.DataFrame:
    on_record = tables["applications"]["id"].cast(pl.String)
    known = signed["application"].is_in(on_record.implode()).to_numpy()
    mine = signed.filter(pl.Series(known))
    judge = Judge(scheme, tables, tables["adverts"], homes)
    found = {}
    for name in asked:
        answer = np.zeros(signed.height, bool)
        if mine.height:
            answer[known] = judge.counts(
                name, start, advert=mine["advert"], application=mine["application"]
            ).fill_null(value=False).to_numpy()
        found[name] = answer
    return pl.DataFrame(found)


def count(state: State, before: LetBefore | None) -> None:
    """Every world's quotas on lettings and targets begin with what earlier lettings have counted.

    Args:
        state: the worlds, as at the start.
        before: from :func:`let_before`; None: nothing.
    """
    if before is None or not before.lettings.height:
        return
    advertising.count_lettings_before(state, before.lettings, before.meets)
    targets.count_before(state, before.lettings["home"].to_numpy(), before.meets)
