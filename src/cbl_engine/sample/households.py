"""Households on the register: needs, priority and dates, and the applications table.

A household's urgency is one even draw. Its reason for preference is read off the published
shares laid end to end in order of urgency, and so is its band, unless its band does not follow
its need: then a draw of its own is used. Both ways every band keeps its share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.sample.keyed import (
    at_share,
    chance,
    dates,
    empty,
    even,
    normal,
    not_known,
    numbered,
    pick,
    whole,
    words,
    yes,
)
from cbl_engine.sample.shares import figure, published_share
from cbl_engine.tables.sizes import mask_to_sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.sample.plan import Plan

ACCESS = ("general", "A1", "A2")


@dataclass(frozen=True, slots=True)
class Households:
    """Facts of the households, one array element each, before any cell is left empty.

    Attributes:
        ordinal: 0, 1, 2, ...
        ids: application ids.
        need: bedrooms needed [bedrooms].
        couple_only: need of one bedroom, for a couple.
        sizes: mask of the sizes that may be let, 0 where not known.
        active: the application may bid.
        reason: index into ``reasons()``.
        tenant: holds a social home now.
        registered: day of registration [days since 1970-01-01].
        band_from: day of the band [days since 1970-01-01].
        access: index into :data:`ACCESS`.
        appetite: weight in the choice of bidders, 0 for those who never bid.
    """

    ordinal: NDArray[np.int64]
    ids: pl.Series = field(repr=False)
    need: NDArray[np.int64]
    couple_only: NDArray[np.bool_]
    sizes: NDArray[np.uint32]
    active: NDArray[np.bool_]
    reason: NDArray[np.int64]
    tenant: NDArray[np.bool_]
    registered: NDArray[np.int64]
    band_from: NDArray[np.int64]
    access: NDArray[np.int64]
    appetite: NDArray[np.float64]


def need_shares(authority_type: str) -> dict[str, float]:
    """Share of each bedroom need, the published 4 or more split by the live applications."""
    shares = published_share("register_by_bedroom_need", authority_type)
    large = shares.pop("4+")
    return shares | {k: large * v for k, v in published_share("large_need").items()}


def reason_shares(authority_type: str) -> dict[str, float]:
    """Share of the register for each reason for preference, most urgent first, ``none`` last."""
    preferred = published_share("register_by_reasonable_preference", authority_type)
    reasons = published_share("reasonable_preference_reasons", authority_type)
    return {k: preferred["yes"] * v for k, v in reasons.items()} | {"none": preferred["no"]}


def band_shares(bands: tuple[str, ...]) -> dict[str, float]:
    """Share of each band: the published cumulative shares, stretched evenly over the bands."""
    known = np.cumsum([0.0, *published_share("band").values()])
    at = np.linspace(0, len(known) - 1, len(bands) + 1)
    edges = np.interp(at, np.arange(len(known)), known)
    return dict(zip(bands, np.diff(edges).tolist(), strict=True))


def wheelchair_share() -> float:
    """Share of households that need a home to wheelchair standard [fraction].

    Wheelchair users waiting over households on the register, as if one a household.
    """
    return figure("wheelchair_users_waiting", "people") / figure(
        "households_on_register", "households"
    )


def _tenant_share(reasons: dict[str, float]) -> float:
    """Share of social tenants among households not homeless, so that the whole has its share."""
    homeless = reasons["homeless"] + reasons["owed_homelessness_duty"]
    return published_share("lettings_to_existing_tenants")["yes"] / (1 - homeless)


def make_households(plan: Plan) -> tuple[Households, pl.DataFrame]:
    """The households and their applications table.

    1. need and sizes; 2. reason, band, status; 3. dates; 4. access, debt and other facts;
    5. cells left empty.
    """
    seed, n = plan.seed, plan.households
    at = np.arange(n)
    need_of = np.array([int(size) for size in need_shares(plan.authority_type)])
    need = need_of[at_share(need_shares(plan.authority_type), even(seed, "need", at))]
    couple_only = (need == 1) & (pick(seed, "one_bedroom_household", at) == 1)
    sizes_null = not_known(seed, "sizes", at)
    sizes = np.where(sizes_null, np.uint32(0), _sizes(seed, at, need, couple_only))

    reasons = reason_shares(plan.authority_type)
    urgency = even(seed, "urgency", at)
    reason = at_share(reasons, urgency)
    priority = np.where(yes(seed, "band_follows_need", at), urgency, even(seed, "band", at))
    band = at_share(band_shares(plan.bands), priority)
    status = _status(seed, at)
    unbanded = status.is_in(["unbanded", "awaiting_review"]).to_numpy()
    band_null = unbanded | not_known(seed, "band", at)

    registered = plan.first_day - 1 - _wait(seed, at)
    moved = pick(seed, "date_history", at)
    later = whole(seed, "band_from", registered, plan.first_day - 1, at)
    band_from = np.where(moved == 0, registered, later)
    priority_date = np.where(moved == 1, band_from, registered)

    wheelchair = chance(seed, "wheelchair_need", wheelchair_share(), at)
    accessible = wheelchair | yes(seed, "accessible_need", at)
    access = np.where(wheelchair, 2, np.where(accessible, 1, 0))
    homeless_at = [list(reasons).index(k) for k in ("homeless", "owed_homelessness_duty")]
    homeless = np.isin(reason, homeless_at)
    tenant = ~homeless & chance(seed, "tenant", _tenant_share(reasons), at)
    in_ta = homeless & (pick(seed, "lettings_to_homeless", at) == 0)
    owed = reason == list(reasons).index("owed_homelessness_duty")
    step = int(figure("points_step", "points"))
    points = (len(plan.bands) - 1 - band) * step + whole(seed, "points", 0, step - 1, at)

    made = Households(
        at,
        numbered("P", at, 7),
        need,
        couple_only,
        sizes,
        (status == "active").to_numpy(),
        reason,
        tenant,
        registered,
        band_from,
        access,
        _appetite(seed, at),
    )

    def flag(name: str, values: NDArray) -> pl.Series:
        return empty(pl.Series(values), not_known(seed, name, at))

    frame = pl.DataFrame(
        {
            "id": made.ids,
            "status": status,
            "registered_on": dates(registered),
            "submitted_on": dates(registered),
            "reviewed_on": _reviewed(plan, at, registered),
            "band": words(plan.bands, band, band_null),
            "points": empty(pl.Series(points), band_null | not_known(seed, "points", at)),
            "band_from": dates(band_from, band_null | not_known(seed, "band_from", at)),
            "priority_date": dates(priority_date, band_null | not_known(seed, "priority_date", at)),
            "bedroom_need": empty(pl.Series(need), not_known(seed, "bedroom_need", at)),
            "sizes": mask_to_sizes(sizes, ~sizes_null),
            "current_bedrooms": flag("current_bedrooms", _present(seed, at, need, reason, tenant)),
            "access_need": words(ACCESS, access, not_known(seed, "access_need", at)),
            "current_home": empty(numbered("T", at, 7), ~tenant),
            "preference_reason": words(list(reasons), reason),
            "reasonable_preference": pl.Series(reason < len(reasons) - 1),
            "owed_homelessness_duty": flag("owed_homelessness_duty", owed),
            "in_temporary_accommodation": pl.Series(in_ta),
            "wheelchair_need": flag("wheelchair_need", wheelchair),
            "accessible_need": flag("accessible_need", accessible),
            "housing_debt": flag("housing_debt", yes(seed, "housing_debt", at)),
            "exempt_from_connection": pl.Series(yes(seed, "exempt_from_connection", at)),
            "exceptional_connection": pl.Series(yes(seed, "exceptional_connection", at)),
        }
    )
    return made, frame


def _sizes(
    seed: int, at: NDArray, need: NDArray[np.int64], couple_only: NDArray[np.bool_]
) -> NDArray[np.uint32]:
    """Mask of the sizes that may be let: the need, and by the rule drawn one more or one fewer."""
    exact = np.left_shift(np.uint32(1), need.astype(np.uint32))
    studio = (need == 1) & ~couple_only & yes(seed, "studio_ok", at)
    rule = pick(seed, "sizes_rule", at)
    mask = exact | studio.astype(np.uint32)
    mask |= np.where(rule == 1, exact << np.uint32(1), np.uint32(0))
    return mask | np.where((rule == 2) & (need >= 3), exact >> np.uint32(1), np.uint32(0))


def _present(
    seed: int, at: NDArray, need: NDArray[np.int64], reason: NDArray[np.int64], tenant: NDArray
) -> NDArray[np.int64]:
    """Bedrooms of the present home [bedrooms]: too few, too many for some tenants, or enough."""
    crowded = reason == list(reason_shares("england")).index("insanitary_or_overcrowded")
    short = np.array([int(n) for n in published_share("bedrooms_short")])
    spare = np.array([int(n) for n in published_share("bedrooms_spare")])
    short_by = np.where(crowded, short[pick(seed, "bedrooms_short", at)], 0)
    spare_by = np.where(tenant & ~crowded, spare[pick(seed, "bedrooms_spare", at)], 0)
    return np.maximum(need - short_by + spare_by, 0)


def _status(seed: int, at: NDArray) -> pl.Series:
    """Status by the published counts, unless it is one of those they lack."""
    usual = words(list(published_share("status")), pick(seed, "status", at))
    others = list(published_share("other_status"))
    other = words(others, pick(seed, "other_status", at))
    return pl.select(pl.when(other == "none").then(usual).otherwise(other)).to_series()


def _wait(seed: int, at: NDArray) -> NDArray[np.int64]:
    """Days on the register: exponential, cut off at the longest."""
    mean, most = figure("wait", "mean"), figure("wait", "most")
    draws = even(seed, "wait", at) * -np.expm1(-most / mean)
    return np.floor(-mean * np.log1p(-draws)).astype(np.int64)


def _appetite(seed: int, at: NDArray) -> NDArray[np.float64]:
    """Weight in the choice of bidders: lognormal, and 0 for those who never bid."""
    never = chance(seed, "never_bids", figure("bidding_appetite", "never") / 100, at)
    weight = np.exp(figure("bidding_appetite", "sigma") * normal(seed, "bidding_appetite", at))
    return np.where(never, 0.0, weight)


def _reviewed(plan: Plan, at: NDArray[np.int64], registered: NDArray[np.int64]) -> pl.Series:
    """Day of the last yearly review; some did not answer the last. None in the first year."""
    late = chance(plan.seed, "review_late", figure("yearly_review", "missed_last") / 100, at)
    years = (plan.last_day - registered) // 365 - late
    return dates(registered + 365 * years, years < 1)
