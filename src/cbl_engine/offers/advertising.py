"""Adverts before they open, and after a home was not let."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers.whole import whole
from cbl_engine.tables import TABLES
from cbl_engine.tables.letting_columns import ADVERT_STATES, LETTINGS, TENANCIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.offers.criteria import Judge
    from cbl_engine.scheme.advertising import Rung
    from cbl_engine.scheme.model import SchemeVersion

MUST_AGREE = (
    "bedrooms", "rent_weekly", "service_charge_weekly", "service_charge_eligible_weekly",
    "access_category", "adaptations", "minimum_age", "area", "landlord",
)
"""Columns in which an advert agrees with its home, wherever both are known."""

_PENCE = 100
_FINDINGS = ("advert", "finding", "advert_value", "home_value")


def publication_findings(
    judge: Judge, adverts: pl.DataFrame, on: date, record: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Why adverts may not open: each thing in which one is not right.

    Args:
        judge: with the scheme, every advert and the homes.
        adverts: those to open that day: columns of the table ``adverts``.
        on: the day.
        record: as it stands: ``advert_states``, ``lettings`` and ``tenancies`` are looked at;
            those that are not there are empty.

    Returns:
        advert; finding: the column that differs, or plan_unknown, plan_not_in_force,
        profile_unknown, home_let, home_advertised; advert_value and home_value in words, null
        where the finding has none. By advert, then finding. An advert that is not named may open.
        Money agrees to the penny, adaptations in any order. A group is in the way when every home
        of it is let or any is in another open advert; values are those of the homes not let. Of
        adverts of one home that open on one day, the first by id may.
    """
    adverts = whole(adverts, TABLES["adverts"]).sort("id")
    units = homes_of(adverts, judge.homes)
    let = homes_let(record, on)
    free = units.filter(~pl.col("home").is_in(let.implode()))
    found = [
        *_differing(adverts, free, judge.homes),
        _of_names(adverts, judge.version(on), on),
        _found_of(units.join(free, on="advert", how="anti"), "home_let"),
        _found_of(_taken(free, _advertised(judge, record)), "home_advertised"),
    ]
    findings = pl.concat(found)
    first = free.join(findings, on="advert", how="anti").group_by("home").agg(
        pl.col("advert").min().alias("first")
    )
    later = free.join(first, on="home").filter(pl.col("advert") > pl.col("first"))
    return (
        pl.concat([findings, _found_of(later, "home_advertised")])
        .unique()
        .sort("advert", "finding")
    )


def homes_of(adverts: pl.DataFrame, homes: pl.DataFrame | None) -> pl.DataFrame:
    """The homes that adverts let, a row each.

    Args:
        adverts: id, and home or home_group.
        homes: id, and home_group where there are groups; None where adverts name no groups.

    Returns:
        advert, home; by both. An advert that describes its home itself has no row.
    """
    adverts = whole(adverts, TABLES["adverts"])
    single = adverts.filter(pl.col("home").is_not_null()).select(
        pl.col("id").alias("advert"), "home"
    )
    if homes is None or "home_group" not in homes.columns:
        return single.sort("advert", "home")
    kind = homes["id"].dtype
    members = homes.select(pl.col("id").alias("home"), pl.col("home_group"))
    grouped = adverts.select(pl.col("id").alias("advert"), "home_group").with_columns(
        pl.col("home_group").cast(homes["home_group"].dtype)
    )
    of_groups = grouped.drop_nulls().join(members.drop_nulls(), on="home_group")
    return pl.concat(
        [single.with_columns(pl.col("home").cast(kind)), of_groups.select("advert", "home")]
    ).unique().sort("advert", "home")


def homes_let(
    record: Mapping[str, pl.DataFrame], on: date, *, but_to: str | None = None
) -> pl.Series:
    """Homes that are let on a day.

    A home is let by a letting that stands and by a tenancy that has begun; not once the tenancy's
    end is on record, though it lie ahead (a home may be advertised before its tenant has gone), nor
    when a letting since then has freed it, nor by a tenancy whose letting was undone.

    Args:
        record: ``lettings`` and ``tenancies``; a table that is not there is empty.
        on: the day.
        but_to: an application; homes that are let to nobody else are left out.

    Returns:
        Ids of homes.
    """
    tenancies = whole(record.get("tenancies"), TENANCIES)
    lettings = whole(record.get("lettings"), LETTINGS)
    over, begun = pl.col("end").is_not_null(), pl.col("start").fill_null(on) <= on
    standing = lettings.filter(pl.col("undone_on").is_null() & (pl.col("signed_on") <= on))
    held = standing.select("home", "application", pl.col("signed_on").alias("since"))
    if tenancies.height:
        def alike(frame: pl.DataFrame) -> pl.DataFrame:
            return frame.cast({c: tenancies[c].dtype for c in ("home", "application")})

        held = alike(held)
        ended = tenancies.filter(over).select("home", "application")
        undone = lettings.filter(pl.col("undone_on") <= on).select("home", "application")
        running = tenancies.filter(~over & begun).select(
            "home", "application", pl.col("start").alias("since")
        ).join(alike(undone), on=undone.columns, how="anti")
        held = pl.concat([held.join(ended, on=ended.columns, how="anti"), running])
    if "freed_home" in standing.columns:
        freed = standing.select(
            pl.col("freed_home").cast(held["home"].dtype).alias("home"),
            pl.col("signed_on").alias("freed_on"),
        ).drop_nulls().group_by("home").agg(pl.col("freed_on").max())
        left = pl.col("freed_on") >= pl.col("since").fill_null(pl.col("freed_on"))
        held = held.join(freed, on="home", how="left").filter(~left.fill_null(value=False))
    if but_to is not None:
        held = held.filter(pl.col("application").cast(pl.String).ne_missing(but_to))
    return held["home"].drop_nulls().unique().sort()


def homes_advertised(judge: Judge, record: Mapping[str, pl.DataFrame]) -> pl.Series:
    """Homes in an advert that is open, or closed and not settled.

    Args:
        judge: with every advert and the homes.
        record: ``advert_states``; empty where it is not there.

    Returns:
        Ids of homes.
    """
    return _advertised(judge, record)["home"].unique().sort()


def next_rung(
    version: SchemeVersion, judge: Judge, advert_id: Any, taken: int, because: str, on: date
) -> tuple[int, Rung] | None:
    """The next step for a home that was not let: the ladder is gone down, never up again.

    Args:
        version: in force that day.
        judge: with the advert.
        advert_id: the advert that did not let it.
        taken: number of the last rung taken for the chain of its adverts (:func:`last_rung`).
        because: no_bids, no_eligible, exhausted or withdrawn.
        on: the day.

    Returns:
        The rung and its number, from 1; None when the ladder is at its end. A rung whose ``when``
        is not known is passed, unless the criterion counts that as met.
    """
    ladder = version.advertising.ladder if version.advertising is not None else ()
    for number, rung in enumerate(ladder, 1):
        if number <= taken or (rung.after and because not in rung.after):
            continue
        if rung.when is None or _is_met(judge, rung.when, advert_id, on):
            return number, rung
    return None


def last_rung(adverts: pl.DataFrame, states: pl.DataFrame, advert_id: Any) -> int:
    """Number of the last rung taken for an advert and those it repeats; 0 for none.

    Args:
        adverts: id, and readvert_of where any repeats another.
        states: ``advert_states``: advert, rung.
        advert_id: the last of the chain.
    """
    before = dict(whole(adverts, TABLES["adverts"]).select("id", "readvert_of").iter_rows())
    rungs = dict(states.select("advert", "rung").iter_rows())
    chain: list[Any] = []
    while advert_id is not None and advert_id not in chain:
        chain.append(advert_id)
        advert_id = before.get(advert_id)
    return max((rungs.get(advert, 0) for advert in chain), default=0)


def _is_met(judge: Judge, criterion: str, advert_id: Any, on: date) -> bool:
    ids = pl.Series([advert_id])
    return judge.counts(criterion, on, advert=ids).item() is True


def _found_of(rows: pl.DataFrame, finding: str) -> pl.DataFrame:
    """A finding without values about each advert of some rows."""
    nothing = pl.lit(None, pl.String)
    return rows.select(
        "advert", pl.lit(finding).alias("finding"), nothing.alias("advert_value"),
        nothing.alias("home_value"),
    )


def _differing(
    adverts: pl.DataFrame, units: pl.DataFrame, homes: pl.DataFrame | None
) -> list[pl.DataFrame]:
    """The columns in which an advert says something else than a home of it."""
    nothing = pl.DataFrame(schema={**dict.fromkeys(_FINDINGS, pl.String), "advert": adverts["id"].dtype})
    if homes is None:
        return [nothing]
    both = units.join(adverts, left_on="advert", right_on="id").join(
        homes.select("id", *(pl.col(c).alias(f"home's {c}") for c in MUST_AGREE if c in homes.columns)),
        left_on="home", right_on="id",
    )
    out = [nothing]
    for column in MUST_AGREE:
        theirs = f"home's {column}"
        if theirs not in both.columns or both[theirs].dtype == pl.Null:
            continue
        mine, its = _as_compared(pl.col(column), column), _as_compared(pl.col(theirs), column)
        out.append(
            both.filter(mine != its)
            .select(
                "advert", pl.lit(column).alias("finding"),
                mine.alias("advert_value"), its.alias("home_value"),
            )
            .group_by("advert", "finding", "advert_value")
            .agg(pl.col("home_value").unique().sort().str.join(" or "))
        )
    return out


def _as_compared(value: pl.Expr, column: str) -> pl.Expr:
    """What is compared, as text: money to the penny, lists in one order."""
    if column == "adaptations":
        return value.cast(pl.List(pl.String)).list.unique().list.sort().list.join("|")
    if column.endswith("_weekly"):
        pence = (value * _PENCE).round().cast(pl.Int64)
        return pl.format("{}.{}", pence // _PENCE, (pence % _PENCE).cast(pl.String).str.zfill(2))
    return value.cast(pl.String)


def _of_names(adverts: pl.DataFrame, version: SchemeVersion, on: date) -> pl.DataFrame:
    """Plans and profiles that the scheme has not, or not that day."""
    plans = version.local_lettings_plans
    idle = [n for n, p in plans.items() if p.in_force is not None and not p.in_force.holds_on(on)]
    plan, profile = pl.col("local_lettings_plan"), pl.col("profile")
    named = (
        ("plan_unknown", plan, ~plan.is_in(list(plans))),
        ("plan_not_in_force", plan, plan.is_in(idle)),
        ("profile_unknown", profile, ~profile.is_in(list(version.profiles))),
    )
    return pl.concat(
        adverts.filter(wrong).select(
            pl.col("id").alias("advert"), pl.lit(finding).alias("finding"),
            value.cast(pl.String).alias("advert_value"),
            pl.lit(None, pl.String).alias("home_value"),
        )
        for finding, value, wrong in named
    )


def _advertised(judge: Judge, record: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The homes of adverts that are open, or closed and not settled: advert, home."""
    states = whole(record.get("advert_states"), ADVERT_STATES)
    adverts = whole(judge.given_adverts, TABLES["adverts"])
    running = states.filter(pl.col("status").is_in(["open", "closed"]))["advert"]
    ids = running.cast(adverts["id"].dtype).implode()
    return homes_of(adverts.filter(pl.col("id").is_in(ids)), judge.homes)


def _taken(units: pl.DataFrame, advertised: pl.DataFrame) -> pl.DataFrame:
    """The adverts of homes that another advert is letting."""
    elsewhere = advertised.select("home", pl.col("advert").alias("other"))
    return units.join(elsewhere, on="home").filter(pl.col("advert") != pl.col("other"))
