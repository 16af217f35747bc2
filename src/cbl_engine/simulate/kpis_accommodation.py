"""Figures of temporary accommodation and its money."""

from __future__ import annotations

import polars as pl

from cbl_engine.simulate.kpi import ALL, Kpi, Told, grouped
from cbl_engine.simulate.setup import DUTIES, EXITS, PLACEMENTS
from cbl_engine.simulate.state import STATUSES

_NIGHTS_LAWFUL = 42
"""Nights for which a family may be placed in bed and breakfast: six weeks."""
_PENCE = 100


def _in_last_night(told: Told) -> pl.DataFrame:
    return told["placements"].filter(pl.col("until").is_null() | (pl.col("until") >= told.end))


def placed_at_end(told: Told) -> pl.DataFrame:
    """Households in temporary accommodation in the last night."""
    return grouped(_in_last_night(told), pl.len(), _kind())


def out_of_area(told: Told) -> pl.DataFrame:
    """Households in temporary accommodation outside the district in the last night."""
    return grouped(_in_last_night(told).filter("out_of_area"), pl.len(), _kind())


def entries(told: Told) -> pl.DataFrame:
    """Households that enter temporary accommodation in the horizon, a year, by the duty under which
    they do: interim (s.188), relief (s.189B) or main (s.193). Those there when worlds begin are left out.
    """
    came = told["placements"].filter(
        "entered",
        ~(pl.col("application").str.starts_with("P0000-") & (pl.col("since") == told.begins)),
        pl.col("since").is_between(told.start, told.end, closed="left"))
    return grouped(came, pl.len() / told.years, pl.col("duty"))


def exits(told: Told) -> pl.DataFrame:
    """Households that leave temporary accommodation in the horizon, a year, by how; a move from one
    placement to another is none.
    """
    left = told["placements"].filter(
        pl.col("until").is_between(told.start, told.end, closed="left"),
        pl.col("left_by") != "moved")
    return grouped(left, pl.len() / told.years, pl.col("left_by").str.replace_all("_", " "))


def nights(told: Told) -> pl.DataFrame:
    """Nights in temporary accommodation, a year."""
    return grouped(told["placements"], pl.col("nights").sum() / told.years, _kind())


def empty_nights(told: Told) -> pl.DataFrame:
    """Nights paid for after the household had left, a year: until the place was handed back, or to the
    least term of its kind.
    """
    empty = pl.col("paid_nights") - pl.col("nights")
    return grouped(told["placements"], empty.sum() / told.years, _kind())


def gross_cost(told: Told) -> pl.DataFrame:
    """What the nights that are paid for cost, a year, before anything comes back."""
    pounds = pl.col("gross_pence").sum() / _PENCE
    return grouped(told["placements"], pounds / told.years, _kind())


def net_cost(told: Told) -> pl.DataFrame:
    """What those nights cost the council, a year, after benefit and capped subsidy."""
    pounds = pl.col("net_pence").sum() / _PENCE
    return grouped(told["placements"], pounds / told.years, _kind())


def saving(told: Told) -> pl.DataFrame:
    """What lettings to households in temporary accommodation saved, a year, net of subsidy: the nights
    from the last that was paid for to the day on which the household would have left by itself, or to
    the end of the horizon; nothing where another household took the place.
    """
    housed = told["placements"].filter(
        pl.col("left_by") == "housed",
        pl.col("until").is_between(told.start, told.end, closed="left"), ~pl.col("backfilled"))
    until = pl.min_horizontal(pl.coalesce("would_leave_on", pl.lit(told.end)), pl.lit(told.end))
    saved = (until - pl.col("paid_until")).dt.total_days().clip(0)
    pounds = (saved * pl.col("net_nightly_pence")).sum() / _PENCE
    return grouped(housed, pounds / told.years, _kind())


def long_in_bed_and_breakfast(told: Told) -> pl.DataFrame:
    """Families with children who spent more than six weeks in bed and breakfast, a year; those who had
    left it before the first day are left out.
    """
    stay = (pl.min_horizontal("until", pl.lit(told.end)) - pl.col("since")).dt.total_days()
    over = told["placements"].filter(
        pl.col("kind") == "bed_and_breakfast", pl.col("children"), stay > _NIGHTS_LAWFUL,
        pl.col("until").is_null() | (pl.col("until") >= told.start))
    return grouped(over, pl.len() / told.years)


def _kind() -> pl.Expr:
    return pl.col("kind").str.replace_all("_", " ")


_KINDS = (ALL, *(kind.replace("_", " ") for kind in PLACEMENTS))
_WAYS = (ALL, *(way.replace("_", " ") for way in ("housed", *EXITS, *(
    status for status in STATUSES if status not in ("waiting", "under_offer", "housed")))))
KPIS = (
    Kpi("ta_households", "In temporary accommodation at the end", "households", placed_at_end, 0.0,
        _KINDS),
    Kpi("ta_out_of_area", "In temporary accommodation out of the area", "households", out_of_area,
        0.0, _KINDS),
    Kpi("ta_entries", "Enter temporary accommodation", "households a year", entries, 0.0,
        (ALL, *DUTIES), ".*"),
    Kpi("ta_exits", "Leave temporary accommodation", "households a year", exits, 0.0, _WAYS, ".*"),
    Kpi("ta_nights", "Nights in temporary accommodation", "nights a year", nights, 0.0, _KINDS),
    Kpi("ta_empty_nights", "Nights paid for after a household left", "nights a year", empty_nights,
        0.0, _KINDS),
    Kpi("ta_gross", "Gross cost of temporary accommodation", "pounds a year", gross_cost, 0.0, _KINDS),
    Kpi("ta_net", "Net cost of temporary accommodation", "pounds a year", net_cost, 0.0, _KINDS),
    Kpi("ta_saving", "Net cost saved by lettings, after backfill", "pounds a year", saving, 0.0, _KINDS),
    Kpi("bnb_over_6_weeks", "Families in bed and breakfast over six weeks", "families a year",
        long_in_bed_and_breakfast, 0.0),
)
