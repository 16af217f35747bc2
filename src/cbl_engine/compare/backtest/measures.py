"""What is held against what happened: measures of a span, each by one definition on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.simulate.kpi import ALL, band, bedrooms, definition_of, grouped
from cbl_engine.simulate.void_measures import days_with_open
from cbl_engine.tables.days import MONTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from cbl_engine.compare.backtest.seen import Seen

QUARTER = 13
"""Weeks of what is called a quarter here: whole weeks from the day of the cut."""
_REFUSED = ("refused_at_viewing", "refused_late")
_FEWEST = 5


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        name, label, unit: in the results.
        table: of :class:`Seen` that it is made of.
        query: from what was seen to world, group and value; its docstring is the definition. A null
            or missing value is a world in which it cannot be told.
        count: whether a group that the query does not name in a world had none there.
        least: predicted and happened both below it, there is nothing to hold against anything.
    """

    name: str
    label: str
    unit: str
    table: str
    query: Callable[[Seen], pl.DataFrame]
    count: bool = False
    least: float = 0.0

    @property
    def definition(self) -> str:
        """How it is counted."""
        return definition_of(self.query)


def measured(measure: Measure, seen: Seen) -> pl.DataFrame:
    """world, group and value of a measure; nothing where its table is not there."""
    if measure.table not in seen.tables:
        return pl.DataFrame(schema={"world": pl.Int32, "group": pl.String, "value": pl.Float64})
    found = measure.query(seen).select(pl.col("world").cast(pl.Int32), "group", "value")
    return found.drop_nulls("value").filter(pl.col("value").is_finite()).sort("group", "world")


def _quarter(seen: Seen, day: str) -> pl.Expr:
    """``weeks 1 to 13``; what is left at the end, if less than half of one, is of the last."""
    weeks = (seen.until - seen.since).days // 7
    quarters = max(1, (weeks + QUARTER // 2) // QUARTER)
    week = (pl.col(day) - pl.lit(seen.since)).dt.total_days() // 7
    nth = (week // QUARTER).clip(upper_bound=quarters - 1)
    last = pl.when(nth == quarters - 1).then(weeks).otherwise((nth + 1) * QUARTER)
    return pl.format("weeks {} to {}", nth * QUARTER + 1, last)


def _let(seen: Seen) -> pl.DataFrame:
    return seen.tables["voids"].filter(seen.within("let_on"))


def _lettings(seen: Seen) -> pl.DataFrame:
    """Homes whose next tenancy begins in the span, by quarter of its weeks and by bedrooms."""
    return grouped(_let(seen), pl.len(), _quarter(seen, "let_on"), bedrooms())


def _ended(seen: Seen) -> pl.DataFrame:
    """Homes whose tenancy ends in the span, for whatever reason."""
    return grouped(seen.tables["voids"].filter(seen.within("tenancy_ended_on")), pl.len())


def _void_days(seen: Seen) -> pl.DataFrame:
    """Days from the end of a tenancy to the next, of homes whose tenancy ended in the span: half
    are let by then; those still empty count as longer.
    """
    return _median(seen, "tenancy_ended_on", "let_on", pl.lit(ALL), bedrooms())


def _works_days(seen: Seen) -> pl.DataFrame:
    """Days from keys in to ready, of homes whose keys came in in the span: half are ready by then;
    those that are not count as longer.
    """
    return _median(seen, "keys_in_on", "ready_on", pl.lit(ALL))


def _letting_days(seen: Seen) -> pl.DataFrame:
    """Days from ready to the next tenancy, of homes that were ready in the span: half are let by
    then; those still empty count as longer.
    """
    return _median(seen, "ready_on", "let_on", pl.lit(ALL))


def _median(seen: Seen, begins: str, ends: str, *by: pl.Expr) -> pl.DataFrame:
    """The day by which half are over (Kaplan-Meier); a world and group in which fewer than half
    ever are has none, and so has one with fewer than five.
    """
    rows = seen.tables["voids"].filter(seen.within(begins)).with_columns(
        (pl.coalesce(ends, pl.lit(seen.until)) - pl.col(begins)).dt.total_days()
        .clip(lower_bound=0).alias("days"),
        pl.col(ends).is_null().alias("open"),
    )
    return pl.concat(
        days_with_open(rows.with_columns(group.alias("group")), ["world", "group"], 0.5)
        .filter(pl.col("value").is_not_null(), pl.col("rows") >= _FEWEST)
        .select("world", "group", "value")
        for group in by)


def _adverts(seen: Seen) -> pl.DataFrame:
    """Adverts that close in the span; withdrawn ones do not count."""
    return grouped(_closed(seen), pl.len(), bedrooms())


def _closed(seen: Seen) -> pl.DataFrame:
    return seen.tables["adverts"].filter(seen.within("closed_on"))


def _bids(seen: Seen) -> pl.DataFrame:
    """Households that bid, bids withdrawn before the close left out, on each advert that closes in
    the span: mean, by bedrooms.
    """
    return grouped(_closed(seen), pl.col("bids").mean(), bedrooms())


def _without_bids(seen: Seen) -> pl.DataFrame:
    """Of adverts that close in the span, those for which nobody bid."""
    return grouped(_closed(seen), (pl.col("bids") == 0).mean())


def _begun(seen: Seen) -> pl.DataFrame:
    return seen.tables["nominations"].filter(seen.within("began"))


def _nominees(seen: Seen) -> pl.DataFrame:
    """Nominations made in the span, for each of them that was accepted by its end."""
    return grouped(_begun(seen), pl.len() / (pl.col("became") == "accepted").sum())


def _refused(seen: Seen) -> pl.DataFrame:
    """Of nominations made in the span and over by its end, those that the household refused, at
    the viewing or later.
    """
    over = _begun(seen).drop_nulls("became")
    return grouped(over, pl.col("became").is_in(_REFUSED).mean())


def _arrivals(seen: Seen) -> pl.DataFrame:
    """Applications registered in the span, by quarter of its weeks."""
    rows = seen.tables["households"].filter(seen.within("registered_on"))
    return grouped(rows, pl.len(), _quarter(seen, "registered_on"))


def _closed_applications(seen: Seen) -> pl.DataFrame:
    """Applications that leave the register in the span otherwise than by a letting from it."""
    rows = seen.tables["households"].filter(seen.within("left_on"), pl.col("left_by") == "closed")
    return grouped(rows, pl.len())


def _registered_at_end(seen: Seen) -> pl.DataFrame:
    """Applications on the register at the end of the span, whatever their status."""
    rows = seen.tables["households"].filter(
        pl.col("left_on").is_null(), pl.col("registered_on") < pl.lit(seen.until))
    return grouped(rows, pl.len())


def _wait(seen: Seen) -> pl.DataFrame:
    """Months from registering to being housed, of those housed in the span: the median."""
    rows = seen.tables["households"].filter(
        seen.within("left_on"), pl.col("left_by") == "housed",
        pl.col("registered_on").is_not_null())
    days = (pl.col("left_on") - pl.col("registered_on")).dt.total_days()
    return grouped(rows, days.median() / MONTH)


def _shares_of_bands(seen: Seen) -> pl.DataFrame:
    """Of households housed in the span, those of each band; bands not known count among all."""
    rows = seen.tables["housed"].filter(seen.within("on")).with_columns(band().alias("group"))
    return rows.group_by("world", "group").len().with_columns(
        (pl.col("len") / pl.col("len").sum().over("world")).alias("value"))


MEASURES = (
    Measure("lettings", "Homes let", "homes", "voids", _lettings, count=True, least=5),
    Measure("tenancies_ended", "Tenancies that ended", "homes", "voids", _ended, count=True, least=5),
    Measure("void_days", "Days empty", "days", "voids", _void_days),
    Measure("days_to_ready", "Days from keys to ready", "days", "voids", _works_days),
    Measure("days_to_let", "Days from ready to let", "days", "voids", _letting_days),
    Measure("adverts", "Adverts", "adverts", "adverts", _adverts, count=True, least=5),
    Measure("bids_per_advert", "Bids on each advert", "bids", "adverts", _bids),
    Measure("adverts_without_bids", "Adverts without a bid", "share of adverts", "adverts",
            _without_bids),
    Measure("nominees_per_letting", "Nominees for each acceptance", "nominations", "nominations",
            _nominees),
    Measure("refused", "Nominations refused", "share of nominations", "nominations", _refused),
    Measure("arrivals", "Households that joined", "households", "households", _arrivals, count=True, least=5),
    Measure("closed", "Left without a letting", "households", "households", _closed_applications,
            count=True, least=5),
    Measure("registered_at_end", "On the register at the end", "households", "households",
            _registered_at_end, count=True, least=5),
    Measure("wait", "Wait of those housed", "months", "households", _wait),
    Measure("lettings_by_band", "Housed by band", "share of those housed", "housed",
            _shares_of_bands, count=True, least=0.05),
)
"""In the order in which they are told."""
BY_NAME = {measure.name: measure for measure in MEASURES}
