"""The district with its wards and parishes, the landlords, and households' connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.sample.keyed import chance, dates, even, not_known, pick, whole, words, yes
from cbl_engine.sample.people import YEAR
from cbl_engine.sample.shares import figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.sample.households import Households
    from cbl_engine.sample.plan import Plan

_KINDS = ("residence", "work", "family", "duty")


def outside(plan: Plan) -> str:
    """Id of the district where those without residence live."""
    return f"outside_{plan.district}"


def wards(plan: Plan) -> list[str]:
    """Ids of the wards."""
    return [f"{plan.district}_w{ward:02d}" for ward in range(1, plan.wards + 1)]


def parishes(plan: Plan) -> list[str]:
    """Ids of the parishes, ward by ward; the wards themselves when there are none."""
    within = [f"{ward}_p{n:02d}" for ward in wards(plan) for n in range(1, plan.parishes + 1)]
    return within or wards(plan)


def make_areas(plan: Plan) -> pl.DataFrame:
    """The areas: the district and another, wards, parishes."""
    title = plan.district.replace("_", " ").title()
    rows: list[tuple[str, str, str | None, str]] = [
        (plan.district, title, None, "district"),
        (outside(plan), f"Outside {title}", None, "district"),
    ]
    for w, ward in enumerate(wards(plan), start=1):
        rows.append((ward, f"Ward {w}", plan.district, "ward"))
        rows += [
            (f"{ward}_p{n:02d}", f"Parish {n} of ward {w}", ward, "parish")
            for n in range(1, plan.parishes + 1)
        ]
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("id", "name", "parent", "level"), pl.String), orient="row"
    ).sort("id")


def landlord_ids() -> list[str]:
    """Ids of the landlords, the council first."""
    return [f"L{n:02d}" for n in range(1, 2 + int(figure("providers", "count")))]


def make_landlords() -> pl.DataFrame:
    """The council and the registered providers."""
    ids = landlord_ids()
    names = ["Council", *(f"Made-up Housing Association {n}" for n in range(1, len(ids)))]
    return pl.DataFrame({"id": ids, "name": names})


def make_connections(plan: Plan, households: Households, owed_reason: int) -> pl.DataFrame:
    """Connections of the households, by application and kind.

    Everyone lives somewhere: those without a connection by residence live outside. Loops over the
    four kinds.

    Args:
        plan: the borough.
        households: its households.
        owed_reason: index of the reason of those owed a homelessness duty.
    """
    seed, at = plan.seed, households.ordinal
    within = {"district": [plan.district], "ward": wards(plan), "parish": parishes(plan)}
    names = [*within["district"], *within["ward"], *within["parish"], outside(plan)]
    n_wards, n_parishes = len(within["ward"]), len(within["parish"])
    parts = []
    for k, kind in enumerate(_KINDS):
        level = pick(seed, "connection_level", at, k)
        area = np.select(
            [level == 0, level == 1],
            [0, 1 + whole(seed, "connection_ward", 0, n_wards - 1, at, k)],
            1 + n_wards + whole(seed, "connection_parish", 0, n_parishes - 1, at, k),
        )
        if kind == "duty":
            present = households.reason == owed_reason
            area, since = np.zeros_like(area), households.band_from
        else:
            present = chance(seed, f"connection/{kind}", figure("connection", kind) / 100, at)
            years = figure("connection_years", kind) * even(seed, f"connection_years/{kind}", at)
            since = plan.last_day - 1 - np.floor(years * YEAR).astype(np.int64)
        if kind == "residence":
            area = np.where(present, area, len(names) - 1)
            present = np.ones(len(at), bool)
        parts.append((np.flatnonzero(present), area, since))
    return _table(plan, households, names, parts)


def _table(
    plan: Plan,
    households: Households,
    names: list[str],
    parts: list[tuple[NDArray, NDArray, NDArray]],
) -> pl.DataFrame:
    held = np.concatenate([rows for rows, *_ in parts])
    kind = np.repeat(np.arange(len(parts)), [len(rows) for rows, *_ in parts])
    order = np.argsort(held * len(_KINDS) + kind, kind="stable")
    area = np.concatenate([area[rows] for rows, area, _ in parts])[order]
    since = np.concatenate([since[rows] for rows, _, since in parts])[order]
    held, kind = held[order], kind[order]
    seed = plan.seed
    ended = yes(seed, "connection_ended", held, kind) & (kind != _KINDS.index("duty"))
    until = whole(seed, "connection_until", since + 1, plan.last_day + 1, held, kind)
    application = households.ids.gather(pl.Series(held))
    works = kind == _KINDS.index("work")
    person = pl.select(pl.when(pl.Series(works)).then(application + "-01")).to_series()
    return pl.DataFrame(
        {
            "application": application,
            "person": person,
            "area": words(names, area),
            "kind": words(_KINDS, kind),
            "since": dates(since, not_known(seed, "since", held, kind)),
            "until": dates(until, ~ended),
        }
    )


def home_areas(plan: Plan, place: NDArray[np.int64], name: str) -> pl.Series:
    """The smallest area of each home."""
    every = parishes(plan)
    return words(every, whole(plan.seed, name, 0, len(every) - 1, place))
