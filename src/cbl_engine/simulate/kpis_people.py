"""Figures of households: waits, moves and who is left."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from cbl_engine.simulate.kpi import (
    NOT_REACHED,
    Kpi,
    Told,
    band,
    bedrooms,
    grouped,
    months,
)
from cbl_engine.simulate.void_measures import days_with_open
from cbl_engine.tables.days import MONTH, YEAR


def wait_from_registered(told: Told) -> pl.DataFrame:
    """Months from joining the register to the start of the tenancy, mean of those housed; those who
    wait still are not in it. Null where nobody of the group was housed.
    """
    return grouped(told.lettings, months("registered_on").mean(), band(),
                   bedrooms("bedroom_need"))


def wait_from_priority(told: Told) -> pl.DataFrame:
    """Months from the date that ranked to the start of the tenancy, mean of those housed whose date
    is known.
    """
    dated = told.lettings.filter(pl.col("priority_date").is_not_null())
    return grouped(dated, months("priority_date").mean(), band(), bedrooms("bedroom_need"))


def wait_quarter(told: Told) -> pl.DataFrame:
    """Months by which a quarter of a cohort are housed, those still waiting and those who left for
    another reason counted as longer than so far (Kaplan-Meier). Of the register on the first day of
    the figures from that day; of those who joined later from the day they joined. By the band
    they have at the end or left with. Null where a quarter are not housed by any month in some
    world.
    """
    return _housed_by(told, 0.25)


def wait_median(told: Told) -> pl.DataFrame:
    """Months by which half of a cohort are housed, counted as for a quarter."""
    return _housed_by(told, 0.5)


def _housed_by(told: Told, share: float) -> pl.DataFrame:
    rows = _cohorts(told)
    found = pl.concat(
        days_with_open(rows.rename({cohort: "group"}), ["world", "group"], share)
        for cohort in ("cohort", "cohort_band"))
    return found.select("world", "group", (pl.col("value") / MONTH).fill_null(NOT_REACHED))


def _cohorts(told: Told) -> pl.DataFrame:
    opening = _opening(told)
    year = ((pl.col("registered_on") - told.start).dt.total_days() / YEAR).floor().cast(pl.Int32)
    since = pl.when(opening).then(pl.lit(told.start)).otherwise("registered_on")
    left = pl.coalesce("left_on", pl.lit(told.end))
    housed = (pl.col("status") == "housed") & (left < told.end)
    who = pl.when(opening).then(pl.lit("opening")).otherwise(pl.lit("joined"))
    return told["households"].select(
        "world",
        pl.when(opening).then(pl.lit("opening")).otherwise(
            pl.format("joined in year {}", year + 1)).alias("cohort"),
        pl.format("{}, {}", who, band()).alias("cohort_band"),
        (pl.min_horizontal(left, pl.lit(told.end)) - since).dt.total_days().clip(0).alias("days"),
        (~housed).alias("open"),
    )


def _opening(told: Told) -> pl.Expr:
    """Whether a household was on the register on the first day of the figures."""
    return pl.col("application").str.starts_with("P0000-") | (pl.col("registered_on") < told.start)


def housed_within_year(told: Told) -> pl.DataFrame:
    """Of households that joined in the time of the figures and at least a year before the end,
    those housed within a year of joining; who left for another reason is one not housed. By band at
    the end or when they left.
    """
    joined = told["households"].filter(
        ~_opening(told),
        pl.col("registered_on") <= told.end - timedelta(days=366))
    soon = (pl.col("status") == "housed") & (months("registered_on", "left_on") <= 12)
    return grouped(joined, soon.fill_null(value=False).mean(), band())


def transfer_share(told: Told) -> pl.DataFrame:
    """Lettings to households that held another of the borough's homes."""
    return grouped(told.lettings, pl.col("transfer").mean(), band(), bedrooms())


def homeless_share(told: Told) -> pl.DataFrame:
    """Lettings to households that joined, or stood on the register at the start, owed a homelessness
    duty, whether or not it was still owed when they were housed.
    """
    return grouped(told.lettings, pl.col("homeless").mean(), band(), bedrooms())


def spare_relieved(told: Told) -> pl.DataFrame:
    """Moves of tenants with bedrooms to spare to a home with fewer, a year."""
    spare = pl.col("left_bedrooms") > pl.col("bedroom_need")
    return grouped(told.lettings.filter(spare, pl.col("bedrooms") < pl.col("left_bedrooms")),
                   pl.len() / told.years)


def overcrowding_relieved(told: Told) -> pl.DataFrame:
    """Moves of tenants short of bedrooms to a home with more, a year. Households that were
    overcrowded elsewhere are not seen.
    """
    short = pl.col("left_bedrooms") < pl.col("bedroom_need")
    return grouped(told.lettings.filter(short, pl.col("bedrooms") > pl.col("left_bedrooms")),
                   pl.len() / told.years)


def bedrooms_freed(told: Told) -> pl.DataFrame:
    """Bedrooms of the homes that tenants gave back less those of the smaller homes they moved to,
    a year; moves after which no home came back are left out.
    """
    return grouped(moves_down(told), pl.col("freed").sum() / told.years)


def moves_down(told: Told) -> pl.DataFrame:
    """Lettings to tenants who gave back a larger home, with the bedrooms ``freed`` by each."""
    freed = pl.col("left_bedrooms").cast(pl.Int64) - pl.col("bedrooms").cast(pl.Int64)
    return told.lettings.filter(pl.col("leaked").is_null(), freed > 0).with_columns(freed.alias("freed"))


def left_register(told: Told) -> pl.DataFrame:
    """Households that left the register in the horizon, a year, by how."""
    gone = told["households"].filter(pl.col("left_on") < told.end)
    return grouped(gone, pl.len() / told.years, pl.col("status").str.replace_all("_", " "))


def waiting_at_end(told: Told) -> pl.DataFrame:
    """Households on the register at the end, under offer included, and those let a home whose tenancy
    begins later.
    """
    return grouped(told["households"].filter(told.stays), pl.len(), band(), bedrooms("bedroom_need"))


def waited_so_far(told: Told) -> pl.DataFrame:
    """Months from joining to the end of the last day of those on the register then, mean. That day
    counts: who waits still has waited longer than who was housed on it.
    """
    staying = told["households"].filter(told.stays).with_columns(pl.lit(told.end).alias("end"))
    return grouped(staying, months("registered_on", "end").mean(), band(),
                   bedrooms("bedroom_need"))


_BANDS = "all|.*band.*"
KPIS = (
    Kpi("wait_from_registered", "Wait from registering", "months", wait_from_registered,
        brief=_BANDS),
    Kpi("wait_from_priority", "Wait from the date that ranks", "months", wait_from_priority,
        brief=_BANDS),
    Kpi("wait_quarter", "A quarter are housed by, those who wait counted", "months",
        wait_quarter, brief=".*, .*"),
    Kpi("wait_median", "Half are housed by, those who wait counted", "months", wait_median,
        brief="opening"),
    Kpi("housed_within_year", "Housed within a year of joining", "share of those who joined",
        housed_within_year, brief=_BANDS),
    Kpi("transfer_share", "Lettings to the borough's own tenants", "share of lettings",
        transfer_share),
    Kpi("homeless_share", "Lettings to homeless households", "share of lettings", homeless_share),
    Kpi("spare_relieved", "Under-occupation relieved", "moves a year", spare_relieved, 0.0),
    Kpi("overcrowding_relieved", "Overcrowding relieved", "moves a year", overcrowding_relieved,
        0.0),
    Kpi("bedrooms_freed", "Bedrooms freed by moves to smaller homes", "bedrooms a year",
        bedrooms_freed, 0.0),
    Kpi("left_register", "Left the register", "households a year", left_register, 0.0,
        brief=".*"),
    Kpi("waiting_at_end", "On the register at the end", "households", waiting_at_end, 0.0,
        brief=_BANDS),
    Kpi("waited_so_far", "Wait so far of those on the register", "months", waited_so_far),
)
